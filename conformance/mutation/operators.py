# SPDX-License-Identifier: MIT
"""What can be wrong with a convolution kernel, as small changes of its text: a row an operator."""
from typing import NamedTuple

from .source import PRODUCT


class Edit(NamedTuple):
    """text[start:end] becomes `text`; the place belongs to the token at `start`."""
    start: int
    end: int
    text: str


def both_ways(pairs):
    names = [pair.split("/") for pair in pairs.split()]
    return {a: b for a, b in names} | {b: a for a, b in names}


AXES = both_ways("""in_h/in_w out_h/out_w pad_top/pad_left FILTER_H/FILTER_W STRIDE_H/STRIDE_W
    DILATION_H/DILATION_W filter_h/filter_w stride_h/stride_w dilation_h/dilation_w r/s p/q ih/iw
    top/left ROWS/COLS""")
INDICES = both_ways("""in_per_group/out_per_group x_image/y_image w_group/w_out n/k g/z
    groups/in_per_group x_offset/w_offset b_offset/y_offset""")
COMPARISONS = both_ways("</<= >/>= ==/!=")
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "+=": "-=", "&": "|"}
STEPS = frozenset("""STRIDE_H STRIDE_W DILATION_H DILATION_W stride_h stride_w dilation_h
    dilation_w""".split())
FIXED = {"has_bias": ("0", "1"), "bias_factor": ("0.0f", "1.0f"), "divisor": ("1.0f",),
         "groups": ("1",), "out_per_group": ("1",), "in_per_group": ("1",), "z_first": ("0",),
         "z_count": ("1",), "edge": ("0", "1"), "interior": ("0", "1"), "w_in": ("0",),
         "w_group": ("0",), "w_out": ("0",), "b_group": ("0",), "x_image": ("0",),
         "y_image": ("0",), "pad_top": ("0",), "pad_left": ("0",)}
COMMUTATIVE = ("fma", "min", "max")  # in their first two arguments
NARROWER = {"long": "int", "ulong": "uint"}


def over(s, first, last, text):
    """An edit of tokens first..last."""
    return Edit(s.tokens[first].start, s.tokens[last].end, text)


def uses(s):
    """Names that are read or written: no declaration, no macro head, no member, no call."""
    for i, token in enumerate(s.tokens):
        if (token.kind == "name" and not token.head and not s.is_declared(i) and
                s.word(i - 1) != "." and s.word(i + 1) != "("):
            yield i, token.text


def renamed(table):
    def change(s):
        for i, name in uses(s):
            if name in table:
                yield over(s, i, i, table[name])
    return change


def replaced_operators(table):
    def change(s):
        for i, token in enumerate(s.tokens):
            if token.text in table and s.is_binary(i):
                yield over(s, i, i, table[token.text])
    return change


def unit_step(s):
    for i, name in uses(s):
        if name in STEPS:
            yield over(s, i, i, "1")


def fix_value(s):
    for i, name in uses(s):
        for value in FIXED.get(name, ()):
            yield over(s, i, i, value)


def constant(s):
    for i, token in enumerate(s.tokens):
        if token.kind != "number" or token.head:
            continue
        if token.text.endswith("f") and not token.text.startswith("0x"):
            value = float(token.text[:-1])
            choices = [f"{value + d:.1f}f" for d in (1, -1) if value + d >= 0]
        else:
            value = int(token.text, 0)
            choices = [str(value + d) for d in (1, -1) if value + d >= 0]
        for text in choices:
            yield over(s, i, i, text)


def drop_term(s):
    """One operand of a sum or a product goes, with its operator."""
    for i, token in enumerate(s.tokens):
        if token.text not in ("+", "-", *PRODUCT) or not s.is_binary(i):
            continue
        product = token.text in PRODUCT
        last = s.operand_end(i + 1) if product else s.term_end(i + 1)
        first = s.operand_start(i - 1) if product else s.term_start(i - 1)
        yield over(s, i, last, "")
        if token.text in ("+", "*"):
            yield Edit(s.tokens[first].start, s.tokens[i + 1].start, "")


def swap_arguments(s):
    for i in range(len(s.tokens)):
        if not s.is_call(i):
            continue
        spans = s.arguments(i)
        pairs = list(zip(spans, spans[1:]))
        for (a, b), (c, d) in pairs[1 if s.word(i) in COMMUTATIVE else 0:]:
            if s.slice(a, b) != s.slice(c, d):
                between = s.text[s.tokens[b].end:s.tokens[c].start]
                yield over(s, a, d, s.slice(c, d) + between + s.slice(a, b))


def negate(s):
    """The condition of an `if`, of `? :` and of #if."""
    for i, token in enumerate(s.tokens):
        if token.text == "if" and s.word(i + 1) == "(" and not token.directive:
            yield over(s, i + 2, s.partner[i + 1] - 1, f"!({s.slice(i + 2, s.partner[i + 1] - 1)})")
        elif token.text == "?":
            first = s.reach(i - 1, -1, ("=", "return", ",", ";", "?", ":"))
            yield over(s, first, i - 1, f"!({s.slice(first, i - 1)})")


def logical_spans(s, i):
    """The operands of the && or || at i as (first, last) tokens."""
    stops = ("=", "return", ",", ";", "?", ":", "||") + (("&&",) if s.word(i) == "&&" else ())
    return (s.reach(i, -1, stops), i - 1), (i + 1, s.reach(i, 1, stops))


def drop_guard(s):
    """An `if` that leaves goes with what it does, any other `if` alone, and of a && b one goes."""
    for i, token in enumerate(s.tokens):
        if token.text in ("&&", "||") and not token.head:
            (first, _), (_, last) = logical_spans(s, i)
            yield Edit(s.tokens[first].start, s.tokens[i + 1].start, "")
            yield over(s, i, last, "")
        elif token.text == "if" and s.word(i + 1) == "(" and not token.directive:
            close = s.partner[i + 1]
            if s.word(close + 1) in ("return", "continue"):
                yield over(s, i, close + 2, ";")
            else:
                end = s.reach(close, 1, (";",)) + 1
                if s.word(end + 1) != "else" and s.word(close + 1) != "{":
                    yield over(s, i, close, "")


def drop_barrier(s):
    for i in range(len(s.tokens)):
        if s.is_call(i) and s.word(i).endswith(("barrier", "mem_fence")):
            yield over(s, i, s.partner[i + 1] + 1, ";")


def narrow(s):
    """A sum, or the result, rounded to a grid of 2^-13: of exact data the lower bits are lost."""
    for i, token in enumerate(s.tokens):
        if s.is_call(i) and token.text in ("fma", "epilogue", "divide_exactly"):
            close = s.partner[i + 1]
            yield over(s, i, close, f"(({s.slice(i, close)} + 1024.0f) - 1024.0f)")


def skip_last(s):
    """A loop ends one step early."""
    for i, token in enumerate(s.tokens):
        if token.text == "for" and s.word(i + 1) == "(":
            less = next((j for j in range(i, s.partner[i + 1]) if s.word(j) == "<"), None)
            if less is not None:
                last = s.reach(less, 1, (";",))
                yield over(s, less + 1, last, f"{s.slice(less + 1, last)} - 1")


def shift_index(s):
    """One element before or behind: every index, and where a buffer begins."""
    for i, token in enumerate(s.tokens):
        if token.text == "[" and s.ends_operand(i - 1) and (
                not s.is_declared(s.operand_start(i - 1))):
            inside = s.slice(i + 1, s.partner[i] - 1)
            for step in ("- 1", "+ 1"):
                yield over(s, i + 1, s.partner[i] - 1, f"{inside} {step}")
    for i, name in uses(s):
        if name.endswith("_offset") and s.is_binary(i + 1):
            for step in ("- 1", "+ 1"):
                yield over(s, i, i, f"{name} {step}")


def stale(s):
    """A sum that does not begin at zero, an element that is added to instead of written."""
    for i, token in enumerate(s.tokens):
        if token.text == "WRITE" and s.is_call(i):
            to, at, value = s.arguments(i)
            start = s.tokens[value[0]].start
            yield Edit(start, start, f"READ({s.slice(*to)}, {s.slice(*at)}) + ")
        if token.text != "=" or token.head:
            continue
        zero = s.word(i + 1) == "0.0f" or (s.word(i - 2) == "real" and s.word(i + 1) == "0")
        if zero and s.word(i + 2) == ";":
            yield over(s, i, i + 1, "") if s.is_declared(i - 1) else over(
                s, s.operand_start(i - 1), i + 1, "")
        first = s.operand_start(i - 1)
        written = s.word(first) == "*" or s.word(i - 1) == "]"
        if written and not s.is_declared(i - 1) and not s.is_declared(first):
            yield over(s, i, i, "+=")


def narrow_argument(s):
    """An argument of half the width, of those that all kernels share: macros of common.cl. (Indices
    are not narrowed: only a tensor of more than 2^31 elements would show it.)"""
    for i, token in enumerate(s.tokens if s.name == "common.cl" else ()):
        if token.directive == "define" and not token.head and token.text in NARROWER and (
                s.word(i - 1) == "const"):
            yield over(s, i, i, NARROWER[token.text])


OPERATORS = {
    "swap-axis": renamed(AXES),
    "swap-index": renamed(INDICES),
    "comparison": replaced_operators(COMPARISONS),
    "negate": negate,
    "constant": constant,
    "arithmetic": replaced_operators(ARITHMETIC),
    "drop-term": drop_term,
    "swap-arguments": swap_arguments,
    "barrier": drop_barrier,
    "drop-guard": drop_guard,
    "unit-step": unit_step,
    "narrow-sum": narrow,
    "narrow-argument": narrow_argument,
    "skip-last": skip_last,
    "shift-index": shift_index,
    "stale": stale,
    "fix-value": fix_value,
}
