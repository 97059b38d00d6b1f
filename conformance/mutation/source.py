# SPDX-License-Identifier: MIT
"""OpenCL C as tokens, with as much structure as operators need: brackets, operands, statements."""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""
    (?P<blank>(?:\s|\\\n)+ | /\*.*?\*/ | //[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<number>\.?[0-9](?:[eEpP][+-]|[\w.])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<punct><<=|>>=|->|\+\+|--|[-+*/%&|^<>=!]=|&&|\|\||<<|>>|\#\#|.)
""", re.S | re.X)

TYPES = frozenset("""void char short int long uchar ushort uint ulong float double half size_t strip
    strip_index loose_strip real x_element w_element y_element const restrict volatile global local
    private constant""".split())
KEYWORDS = frozenset("if else for while do return continue break kernel static inline".split())
HEADED = frozenset("if for while".split())  # a bracket behind one is no operand
PAIR = {"(": ")", "[": "]", "{": "}"}
PRODUCT = ("*", "/", "%")


class Token(NamedTuple):
    """A token and where it stands. `directive` is the word behind #, or ""; `head` is what of a
    directive is no expression: its word, and the name and parameters of a macro."""
    kind: str
    text: str
    start: int
    end: int
    directive: str = ""
    head: bool = False


def scan(text):
    """The tokens of a text without its comments, line ends kept (kind "blank") for directives."""
    for match in TOKEN.finditer(text):
        kind, word = match.lastgroup, match.group()
        if kind != "blank" or ("\n" in word.replace("\\\n", "") and not word.startswith("/")):
            yield Token(kind, word, match.start(), match.end())


def mark_line(line):
    """The tokens of one directive, # included, with `directive` and `head` set."""
    word = line[1].text if len(line) > 1 else ""
    heads = 2 if word in ("if", "elif") else len(line)
    if word == "define":
        heads = 3
        if len(line) > 3 and line[3].text == "(" and line[3].start == line[2].end:
            heads = next(i for i, t in enumerate(line) if t.text == ")") + 1
    return [t._replace(directive=word, head=i < heads) for i, t in enumerate(line)]


def tokenize(text):
    """All tokens of a text; those of preprocessor lines are marked."""
    tokens, line = [], []
    for token in [*scan(text), Token("blank", "\n", len(text), len(text))]:
        if token.kind != "blank":
            line.append(token)
            continue
        tokens += mark_line(line) if line and line[0].text == "#" else line
        line = []
    return tokens


class Source:
    """A file's text, its tokens, and questions about them. Positions are token indices."""

    def __init__(self, name, text):
        self.name, self.text = name, text
        self.tokens = tokenize(text)
        self.partner = self._match()

    def _match(self):
        partner, open_at = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in PAIR:
                open_at.append(i)
            elif token.text in PAIR.values() and open_at:
                if PAIR[self.tokens[open_at[-1]].text] == token.text:
                    j = open_at.pop()
                    partner[i], partner[j] = j, i
        return partner

    def word(self, i):
        """The token's text; "" outside the file."""
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def slice(self, first, last):
        """The text from token `first` to token `last`, both included."""
        return self.text[self.tokens[first].start:self.tokens[last].end]

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    # ---- Types and operands ---------------------------------------------------------------

    def is_type(self, i):
        return self.word(i) in TYPES

    def is_cast(self, i):
        """Whether the bracket at i (either one) belongs to a cast."""
        if self.word(i) not in ("(", ")") or i not in self.partner:
            return False
        first, last = sorted((i, self.partner[i]))
        inside = range(first + 1, last)
        return len(inside) > 0 and all(self.is_type(j) or self.word(j) == "*" for j in inside)

    def is_call(self, i):
        """Whether the name at i is called: no keyword, no cast, no declaration."""
        return (self.tokens[i].kind == "name" and self.word(i + 1) == "(" and
                i + 1 in self.partner and self.word(i) not in KEYWORDS | TYPES and
                not self.tokens[i].head and not self.is_type(i - 1))

    def ends_operand(self, i):
        """Whether an operator behind token i has two operands."""
        if i < 0 or self.tokens[i].head:
            return False
        if self.word(i) == ")":
            return not self.is_cast(i) and self.word(self.partner.get(i, 0) - 1) not in HEADED
        return self.word(i) == "]" or self.tokens[i].kind == "number" or (
            self.tokens[i].kind == "name" and self.word(i) not in KEYWORDS | TYPES)

    def is_binary(self, i):
        return self.ends_operand(i - 1) and not self.tokens[i].head

    def is_declared(self, i):
        """Whether the name at i stands behind a type: it is declared here, not used."""
        j = i - 1
        while self.word(j) == "*" and not self.ends_operand(j - 1):
            j -= 1
        return self.is_type(j)

    def is_unary(self, i):
        return self.word(i) in ("-", "+", "!", "~", "*", "&") and not self.is_binary(i)

    def operand_end(self, i):
        """The last token of the operand that begins at i: casts, calls and indices included."""
        while self.is_unary(i) or self.is_cast(i):
            i = self.partner[i] + 1 if self.is_cast(i) else i + 1
        i = self.partner.get(i, i)
        while True:
            if self.word(i + 1) in ("(", "[") and i + 1 in self.partner:
                i = self.partner[i + 1]
            elif self.word(i + 1) == ".":
                i += 2
            else:
                return i

    def operand_start(self, i):
        """The first token of the operand that ends at i."""
        while True:
            if self.word(i) in (")", "]") and not self.is_cast(i):
                i = self.partner[i]
                if not self.ends_operand(i - 1):
                    break
                i -= 1
            elif self.word(i - 1) == ".":
                i -= 2
            else:
                break
        while self.is_cast(i - 1) or (self.is_unary(i - 1) and not self.tokens[i - 1].head):
            i = self.partner[i - 1] if self.is_cast(i - 1) else i - 1
        return i

    def term_end(self, i):
        """The last token of the product that begins at i."""
        i = self.operand_end(i)
        while self.word(i + 1) in PRODUCT and self.is_binary(i + 1):
            i = self.operand_end(i + 2)
        return i

    def term_start(self, i):
        """The first token of the product that ends at i."""
        i = self.operand_start(i)
        while self.word(i - 1) in PRODUCT and self.is_binary(i - 1):
            i = self.operand_start(i - 2)
        return i

    # ---- Extents --------------------------------------------------------------------------

    def reach(self, i, step, stops):
        """From i in steps of +-1 over whole brackets, to the last token before one of `stops`, a
        bracket that is not ours, or the end of the preprocessor line."""
        line, edge = self.tokens[i].directive, ")]}" if step > 0 else "([{"
        if self.word(i) in ("([{" if step > 0 else ")]}"):
            i = self.partner.get(i, i)
        while 0 <= i + step < len(self.tokens):
            following = self.tokens[i + step]
            if (following.text in stops or following.text in edge or following.head or
                    following.directive != line):
                return i
            i += step
            if self.word(i) in "([{)]}" and i in self.partner:
                i = self.partner[i]
        return i

    def arguments(self, i):
        """(first, last) token of each argument of the call at i."""
        out, first, close = [], i + 2, self.partner[i + 1]
        for j in range(i + 2, close + 1):
            if j == close or (self.word(j) == "," and self._depth(j, i + 1)):
                if first < j:
                    out.append((first, j - 1))
                first = j + 1
        return out

    def _depth(self, i, bracket):
        """Whether token i stands in `bracket` itself, not in a bracket within."""
        j = i - 1
        while j > bracket and self.word(j) not in ("(", "["):
            j = self.partner[j] - 1 if self.word(j) in (")", "]") else j - 1
        return j == bracket
