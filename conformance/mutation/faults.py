# SPDX-License-Identifier: MIT
"""Faults made by hand (faults.txt), each a few lines of a kernel, and the smallest failing case of
each."""
import json
import os
import re
import statistics
from pathlib import Path
from typing import NamedTuple

SCHEMA = "clconv-faults/1"
HEAD = re.compile(r"== (\S+) (\S+\.cl): (\S.*)")


class FaultError(Exception):
    """faults.txt does not fit the kernels, or cannot be read."""


class Fault(NamedTuple):
    id: str
    file: str
    about: str
    text: str  # of the whole faulty file


def replace_once(fault, text, before, after):
    """Lines are compared without their indentation, which the new ones take over."""
    lines = text.splitlines(True)
    found = [i for i in range(len(lines) - len(before) + 1)
             if [line.strip() for line in lines[i:i + len(before)]] == before]
    if len(found) != 1:
        raise FaultError(f"faults.txt: {fault}: its lines stand {len(found)} times in the file")
    indent = lines[found[0]][:len(lines[found[0]]) - len(lines[found[0]].lstrip())]
    new = [f"{indent}{line}\n" for line in after]
    return "".join(lines[:found[0]] + new + lines[found[0] + len(before):])


def read(path, kernels):
    """The faults of a file: `== id file: sentence`, then lines that go (-) and come (+)."""
    out, head, before, after = [], None, [], []
    for line in [*Path(path).read_text(encoding="utf-8").splitlines(), "== end none.cl: end"]:
        match = HEAD.fullmatch(line)
        if match and head:
            name, file, about = head
            if file not in kernels or any(f.id == name for f in out):
                raise FaultError(f"faults.txt: {name}: a new name and a kernel file are wanted")
            text = replace_once(name, kernels[file], before, after)
            out.append(Fault(name, file, about, text))
        if match:
            head, before, after = match.groups(), [], []
        elif line.startswith("-"):
            before.append(line[1:].strip())
        elif line.startswith("+"):
            after.append(line[1:].strip())
        elif line and not line.startswith("#"):
            raise FaultError(f"faults.txt: '{line}': no line of a fault")
    return out


def largest_dimension(case):
    """The largest number of a case's problem: c3h4w1k1 -> 4."""
    return max(map(int, re.findall(r"\d+", case.split(":")[0])))


def document(kernel_hash, records):
    """The result file; `median` is that of the minimal cases' largest dimensions."""
    sizes = [r["largest"] for r in records if r.get("minimal")]
    return {"schema": SCHEMA, "kernel_hash": kernel_hash, "faults": len(records),
            "killed": sum("killer" in r for r in records),
            "minimised": len(sizes), "median": statistics.median(sizes) if sizes else None,
            "records": records}


def write(path, content):
    scratch = Path(f"{path}.part")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(scratch, path)


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def summary(content):
    """One line a fault, and the median."""
    lines = []
    for r in content["records"]:
        killer = r.get("killer")
        told = f"{killer['tier']:<6} {killer['kind']:<13}" if killer else "SURVIVED            "
        small = r.get("minimal") or (killer["case"] if killer else "")
        lines.append(f"{r['id']:<28} {r['file']:<13} {told} {small}")
    lines.append(f"{content['killed']} of {content['faults']} killed" + (
        "" if content["median"] is None else
        f"; largest dimension of the minimal cases: median {content['median']:g}, all "
        + " ".join(str(r["largest"]) for r in content["records"] if r.get("minimal"))))
    return "\n".join(lines)


def sentence(content):
    """What the README says of them."""
    text = f"Of {content['faults']} faults put in by hand, {content['killed']} are found"
    if content["median"] is not None:
        text += (f"; the minimiser's smallest failing case has a largest dimension of "
                 f"{content['median']:g} in the median")
    return text + "."
