# SPDX-License-Identifier: MIT
"""All first-order mutants of the kernel files, each with a name that stays, and samples of them."""
import hashlib
import re
from typing import NamedTuple

from .operators import OPERATORS
from .source import Source

# A preprocessor condition that decides only this is about speed, not about results.
SPEED_ONLY = re.compile(r"#define (UNROLL|CALLED)")


class Mutant(NamedTuple):
    """One change of one file. `id` depends on the file, the operator, the changed line's text and
    the change, so that it outlives changes elsewhere."""
    id: str
    file: str
    line: int
    operator: str
    before: str
    after: str
    text: str  # of the whole changed file

    @property
    def stratum(self):
        return self.file, self.operator


def digest(*parts):
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:12]


def line_at(text, offset):
    """The line around an offset: its text and where it begins."""
    first = text.rfind("\n", 0, offset) + 1
    return text[first:text.find("\n", offset)], first


def decides_speed_only(source, edit):
    """Whether the edit is within an #if whose branches define nothing but speed."""
    line, first = line_at(source.text, edit.start)
    following = source.text[first + len(line) + 1:]
    return line.startswith(("#if ", "#elif ")) and SPEED_ONLY.match(following) is not None


def whole_words(source, edit):
    """What stands there before and after, widened to the lines' text where one of them is empty."""
    before = source.text[edit.start:edit.end]
    if before.strip() and edit.text.strip():
        return before, edit.text
    line, first = line_at(source.text, edit.start)
    stop = max(edit.end, first + len(line))
    return (source.text[first:stop].strip(),
            (source.text[first:edit.start] + edit.text + source.text[edit.end:stop]).strip())


def mutants_of(name, text):
    """Every mutant of one file, by place; no two of them are the same text."""
    source, seen, out = Source(name, text), {text}, []
    for operator, change in OPERATORS.items():
        for edit in change(source):
            mutated = text[:edit.start] + edit.text + text[edit.end:]
            if mutated in seen or decides_speed_only(source, edit):
                continue
            seen.add(mutated)
            line, first = line_at(text, edit.start)
            nth = text[:first].split("\n").count(line)
            before, after = whole_words(source, edit)
            out.append(Mutant(
                digest(name, operator, line.strip(), nth, edit.start - first, edit.end - edit.start,
                       edit.text), name, source.line_of(edit.start), operator,
                " ".join(before.split()), " ".join(after.split()), mutated))
    return sorted(out, key=lambda m: m.line)


def population(kernels):
    """`kernels`: file name -> text."""
    return [m for name in sorted(kernels) for m in mutants_of(name, kernels[name])]


def shuffled(mutants, seed):
    """An order in which every beginning is spread evenly over files and operators."""
    def rank(mutant):
        return digest(seed, mutant.id)
    strata = {}
    for mutant in sorted(mutants, key=rank):
        strata.setdefault(mutant.stratum, []).append(mutant)
    rounds = [(turn, rank(m), m) for line in strata.values() for turn, m in enumerate(line)]
    return [m for _, _, m in sorted(rounds, key=lambda entry: entry[:2])]
