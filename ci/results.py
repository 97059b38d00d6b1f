#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What ci/publish and ci/benchmark share: results in JSON that are checked against a schema, name
no path, host or person, and have pages made from them."""
import functools
import json
import pathlib
import re
import socket
import sys


class Wrong(Exception):
    """What a person must know, in one sentence."""


def read(path):
    try:
        return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Wrong(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Wrong(f"{path}: is no JSON document: {error}") from None


def load_results(folder):
    """File name -> result, in the order of the page."""
    results = {path.name: read(path) for path in sorted(folder.glob("*.json"))}
    if not results:
        raise Wrong(f"{folder.parent.name}/{folder.name}: holds no result")
    return results


# ---- Schema: the part of JSON Schema that ours use ----------------------------------------------

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
         "number": (int, float), "null": type(None)}


def is_of(value, kind):
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


@functools.lru_cache(maxsize=None)
def load_schema(path):
    return read(path)


def follow(reference, root, folder):
    """What "file.json#/a/b" points at, and the schema it lies in."""
    name, _, path = reference.partition("#")
    root = load_schema(folder / name) if name else root
    found = root
    for key in path.strip("/").split("/"):
        found = found[key]
    return found, root


def defects(value, schema, root, folder, where="the document"):
    """Yields a sentence for everything in `value` that the schema does not allow."""
    if "$ref" in schema:
        schema, root = follow(schema["$ref"], root, folder)
    kinds = schema.get("type", list(TYPES))
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not any(is_of(value, kind) for kind in kinds):
        yield f"{where} is not of type {' or '.join(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r}, not one of {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{where} is {value!r}, which does not match {schema['pattern']}"
    for key in schema.get("required", []):
        if key not in value:
            yield f"{where} has no {key}"
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from defects(one, schema.get("items", {}), root, folder, f"{where}[{index}]")
    if isinstance(value, dict):
        rest = schema.get("additionalProperties", {})
        for key, one in value.items():
            part = schema.get("properties", {}).get(key, rest)
            if part is False:
                yield f"{where} has {key}, which the schema does not know"
            else:
                yield from defects(one, part, root, folder, f"{where}.{key}")


def validate(document, schema_file, source):
    schema = load_schema(schema_file)
    for sentence in defects(document, schema, schema, schema_file.parent):
        raise Wrong(f"{source}: {sentence}")


# ---- Privacy ------------------------------------------------------------------------------------

PRIVATE = [
    ("<path>", r"(?<![\w./:<-])(?:~|\.{0,2})/(?:[\w.+@-]+/)+[\w.+@-]*"),
    ("<path>", r"\b[A-Za-z]:\\\S+"),
    ("<address>", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("<host>", r"\b[\w-]+\.(?:local|localdomain|lan|home|internal|intranet|corp)\b"),
    ("<host>", r"\b[\w-]+(?:\.[\w-]+)+\.(?:com|net|org|io|edu|gov|de|uk|fr|eu|jp|cn)\b"),
    ("<address>", r"(?<![\d.])(?:10|127|172|192)(?:\.\d{1,3}){3}(?![\d.])"),
]


def private_patterns():
    host = socket.gethostname()
    own = [("<host>", rf"\b{re.escape(host)}\b")] if len(host) > 3 and host != "localhost" else []
    return PRIVATE + own


def scrub(text):
    for word, pattern in private_patterns():
        text = re.sub(pattern, word, text)
    return text


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def check_privacy(document, source):
    for text in texts(document):
        if scrub(text) != text:
            raise Wrong(f"{source}: '{text[:120]}' names a path, a host or a person")


# ---- Names, numbers, pages ----------------------------------------------------------------------

def slug(text):
    text = re.sub(r"\([^)]*\)", " ", text)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def device_name(device):
    """<device>-<implementation>, for the name of a file"""
    words = {"Portable Computing Language": "pocl"}
    implementation = words.get(device["platform"], slug(device["platform"]))
    name = slug(device["name"]) or "device"
    return name if implementation in name else f"{name}-{implementation}"


def significant(number, digits):
    return float(f"{number:.{digits}g}")


def cell(text):
    """Text for a table of Markdown."""
    return str(text).replace("|", "\\|").replace("<", "&lt;")


def check_page(page, text, maker):
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        raise Wrong(f"docs/{page.name}: is not what {maker} --page makes of the results")


def run_main(main):
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(print(wrong, file=sys.stderr) or 1)
