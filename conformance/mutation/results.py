# SPDX-License-Identifier: MIT
"""What became of the mutants: the result file, its totals, the proofs, and the tables."""
import difflib
import json
import os
import re
from pathlib import Path

SCHEMA = "clconv-mutate/1"
KILLS = ("killed-smoke", "killed-ci", "killed-oclgrind")
LIVE = ("survived", "equivalent")
DROPPED = ("equal", "invalid")
STATES = (*KILLS, *LIVE, *DROPPED)
PROOF = re.compile(r"([0-9a-f]{12}) +(\S.*)")
MARKS = ("<!-- mutation -->", "<!-- /mutation -->")


class ResultError(Exception):
    """A file of results or proofs that cannot be used, with its name."""


def record(mutant, state, killer=None):
    """A mutant's entry in the result file."""
    entry = {"id": mutant.id, "file": mutant.file, "line": mutant.line, "operator": mutant.operator,
             "before": mutant.before, "after": mutant.after, "state": state}
    if killer:
        entry["killer"] = killer._asdict()
    return entry


def count_states(records):
    counts = {state: sum(r["state"] == state for r in records) for state in STATES}
    counts["judged"] = sum(counts[state] for state in KILLS + LIVE)
    return counts


def share(part, whole):
    return round(100.0 * part / whole, 1) if whole else 100.0


def scores(counts):
    """Percent killed: by smoke alone and by all tiers, of those not proved equivalent; and `raw`,
    of all that are other programs, whether or not anybody looked at the survivors."""
    killable = counts["judged"] - counts["equivalent"]
    killed = sum(counts[state] for state in KILLS)
    return {"smoke": share(counts["killed-smoke"], killable), "all": share(killed, killable),
            "raw": share(killed, counts["judged"])}


def document(settings, records):
    """The result file's content; `settings`: seed, count, tiers, kernel_hash."""
    ordered = sorted(records, key=lambda r: (r["file"], r["line"], r["id"]))
    files = {}
    for name in sorted({r["file"] for r in ordered}):
        counts = count_states([r for r in ordered if r["file"] == name])
        files[name] = {**counts, "score": scores(counts)}
    totals = count_states(ordered)
    return {"schema": SCHEMA, **settings, "totals": {**totals, "score": scores(totals)},
            "files": files, "mutants": ordered}


def write(path, content):
    """Whole or not at all; one line a mutant, so that two runs can be compared with diff."""
    head = {k: v for k, v in content.items() if k != "mutants"}
    lines = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    mutants = ",\n".join("  " + json.dumps(m, ensure_ascii=False) for m in content["mutants"])
    scratch = Path(f"{path}.part")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_text(f'{lines},\n "mutants": [\n{mutants}\n ]\n}}\n', encoding="utf-8")
    os.replace(scratch, path)


def load(path):
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        raise ResultError(f"{path}: cannot be read as results ({why})") from why
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ResultError(f"{path}: is not a document of schema {SCHEMA}")
    return content


# ---- Proofs -------------------------------------------------------------------------------


def read_proofs(path):
    """id -> the sentence that says why nothing can kill this mutant."""
    proofs = {}
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = PROOF.fullmatch(line)
        if not match or match.group(1) in proofs:
            raise ResultError(f"{path}:{number}: a new id and a sentence are wanted, got '{line}'")
        proofs[match.group(1)] = match.group(2)
    return proofs


def check_proofs(proofs, mutants):
    """A sentence about each proof whose mutant is no longer made."""
    known = {m.id for m in mutants}
    return [f"proofs.txt: {i}: no such mutant any more; delete the line" for i in proofs
            if i not in known]


def refuted(proofs, records):
    """A sentence about each mutant that was proved equivalent and then killed."""
    return [f"proofs.txt: {r['id']}: proved equivalent, but killed by {r['killer']['case']}"
            for r in records if r["id"] in proofs and r["state"] in KILLS]


def apply_proofs(proofs, records):
    """Survivors with a proof are equivalent, those without are not."""
    for r in records:
        if r["state"] in LIVE:
            r["state"] = "equivalent" if r["id"] in proofs else "survived"


# ---- Text ---------------------------------------------------------------------------------

COLUMNS = ("judged", "killed-smoke", "killed-ci", "killed-oclgrind", "equivalent", "survived")


def rows(content):
    for name, entry in [*content["files"].items(), ("all", content["totals"])]:
        yield (name, *(str(entry[c]) for c in COLUMNS),
               f"{entry['score']['smoke']:.1f} %", f"{entry['score']['all']:.1f} %")


def summary(content):
    """The table a person reads at the end of a run."""
    heads = ("kernel", "judged", "smoke", "ci", "oclgrind", "equivalent", "survived", "by smoke",
             "in all")
    table = [heads, *rows(content)]
    width = [max(len(row[i]) for row in table) for i in range(len(heads))]
    text = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                      for i, (cell, w) in enumerate(zip(row, width))) for row in table]
    totals = content["totals"]
    text.append(f"dropped: {totals['equal']} equal, {totals['invalid']} invalid; raw score "
                f"{totals['score']['raw']:.1f} %")
    return "\n".join(text)


def sentence(number, content):
    """What became of a set, in words."""
    totals = content["totals"]
    then = "".join(f", {totals[state]} more by {who}" for state, who in (
        ("killed-ci", "ci"), ("killed-oclgrind", "Oclgrind")) if totals[state])
    return (f"Set {number} (seed {content['seed']}, kernels {content['kernel_hash'][:8]}): "
            f"{totals['judged']} mutants, {totals['killed-smoke']} killed by smoke{then}; "
            f"{totals['equivalent']} proved equivalent, {totals['survived']} survived.")


def markdown(contents):
    """The table of the README, of one or more sets of mutants, and a sentence on each."""
    sets = range(1, len(contents) + 1)
    heads = ["kernel file", *(f"set {n}: {what}" for n in sets
                              for what in ("mutants", "killed by smoke", "in all"))]
    out = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in [*sorted({name for c in contents for name in c["files"]}), None]:
        cells = [f"`{name}`" if name else "**all**"]
        for content in contents:
            entry = content["files"].get(name) if name else content["totals"]
            cells += [str(entry["judged"]), f"{entry['score']['smoke']:.1f} %",
                      f"{entry['score']['all']:.1f} %"] if entry and entry["judged"] else ["-"] * 3
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out + ["", *(sentence(n, c) for n, c in zip(sets, contents))])


def between_marks(text, path):
    """(before, table, after) of a document with marks."""
    head, first, rest = text.partition(MARKS[0])
    table, last, tail = rest.partition(MARKS[1])
    if not first or not last:
        raise ResultError(f"{path}: has no {MARKS[0]} ... {MARKS[1]}")
    return head + first, table.strip("\n"), last + tail


def difference(mutant, original):
    """The mutant as a unified diff."""
    return "".join(difflib.unified_diff(
        original.splitlines(True), mutant.text.splitlines(True),
        f"a/kernels/cl/{mutant.file}", f"b/kernels/cl/{mutant.file}", n=1))
