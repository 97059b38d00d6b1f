# SPDX-License-Identifier: MIT
"""Whether the committed proofs, faults, results and the README's table fit the kernels and each
other; and the table itself."""
import json
import re
import sys

from . import faults, results
from .judge import CHECKER, cases_of
from .mutants import population

FOLDER = "conformance/mutation"


def committed(root):
    """The committed result files, the first set first."""
    return [results.load(p) for p in sorted((root / FOLDER).glob("results*.json"))]


def table(root):
    """The README's table, and the sentence about the faults."""
    contents, made_by_hand = committed(root), root / FOLDER / "faults.json"
    if not contents:
        raise results.ResultError(f"{FOLDER}: there are no committed results")
    text = results.markdown(contents)
    if made_by_hand.exists():
        text += "\n\n" + faults.sentence(faults.load(made_by_hand))
    return text


def write_docs(root):
    path = root / "README.md"
    before, _, after = results.between_marks(path.read_text(encoding="utf-8"), "README.md")
    path.write_text(f"{before}\n{table(root)}\n{after}", encoding="utf-8")
    return 0


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
         "null": type(None)}


def violations(value, schema, whole=None, where="$"):
    """Where a value does not follow a JSON schema, of the keywords that ours uses."""
    whole = whole or schema
    if "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    allowed = schema.get("type", [])
    allowed = [allowed] if isinstance(allowed, str) else allowed
    if allowed and not any(isinstance(value, TYPES[t]) for t in allowed):
        return [f"{where}: is no {' or '.join(allowed)}"]
    out = []
    if "enum" in schema and value not in schema["enum"]:
        out.append(f"{where}: {value!r} is none of {schema['enum']}")
    if isinstance(value, int) and value < schema.get("minimum", value):
        out.append(f"{where}: {value} is less than {schema['minimum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        out.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        out += [f"{where}: {key} is missing" for key in schema.get("required", ())
                if key not in value]
        for key, entry in value.items():
            below = known.get(key, schema.get("additionalProperties", True))
            if below is False:
                out.append(f"{where}: {key} is unknown")
            elif below is not True:
                out += violations(entry, below, whole, f"{where}.{key}")
    if isinstance(value, list):
        for i, entry in enumerate(value):
            out += violations(entry, schema.get("items", {}), whole, f"{where}[{i}]")
    return out


def readme_defects(root):
    """The README has the table of the committed results, or neither is there."""
    text = (root / "README.md").read_text(encoding="utf-8")
    if not committed(root):
        return ["README.md: a table without committed results"] if results.MARKS[0] in text else []
    _, shown, _ = results.between_marks(text, "README.md")
    return [] if shown == table(root) else ["README.md: not the table of the results; run "
                                            "ci/mutate --write-docs"]


def lost_killers(content, conform):
    """A sentence about each mutant that was killed by a case which its tier has no more."""
    return [f"set of seed {content['seed']}: {m['id']}: {m['killer']['case']} is not in "
            f"{m['killer']['tier']} any more; run ci/mutate --replay"
            for m in content["mutants"] if "killer" in m and m["killer"]["tier"] != CHECKER
            and m["killer"]["case"] not in cases_of(str(conform), m["killer"]["tier"])]


def run(root, kernels, conform):
    """All checks, that of the killers if the suite is built; one line per defect, the exit status."""
    folder = root / FOLDER
    proofs = results.read_proofs(folder / "proofs.txt")
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    defects = results.check_proofs(proofs, population(kernels)) + readme_defects(root)
    for content in committed(root):
        defects += violations(content, schema) + results.refuted(proofs, content["mutants"])
        defects += lost_killers(content, conform) if conform.exists() else []
    made = faults.read(folder / "faults.txt", kernels)
    for defect in defects:
        print(defect, file=sys.stderr)
    print(f"{len(proofs)} proofs, {len(made)} faults: {len(defects)} defects")
    return 1 if defects else 0
