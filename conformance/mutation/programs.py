# SPDX-License-Identifier: MIT
"""Whether a mutant is another program at all: its LLVM IR against the original's, over a grid of
build options that stands for those the library uses."""
import itertools
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple, Optional

class Stem(NamedTuple):
    """Who runs a kernel file, and the sizes of its tiles, as in host/algos: first what compiles in
    the shortest time, because most mutants differ in every program."""
    algo: str
    sizes: dict
    pads: bool = False  # pads with more than zeros: programs of their own
    more: tuple = ()  # element types besides float32, and what they are stored as: alike


HALVES = (("-DTYPE_FLOAT16",), ("-DTYPE_BFLOAT16",))
FLOATS = (("-DTYPE_FLOAT64",), *HALVES)
ALL = FLOATS + (("-DTYPE_INT8",), ("-DTYPE_UINT8",), ("-DTYPE_INT8", "-DW_UINT8"),
                ("-DTYPE_UINT8", "-DW_INT8"))
# Every activation and every residual.
ENDINGS = tuple((f"-DACTIVATION={activation}", f"-DRESIDUAL={residual}")
                for activation, residual in ((0, 1), (1, 0), (2, 2), (3, 1), (4, 2)))
QUANTIZED = tuple((*bytes_, "-DQUANTIZED") for bytes_ in (
    ("-DTYPE_INT8",), ("-DTYPE_UINT8", "-DY_INT8"), ("-DTYPE_INT8", "-DY_UINT8")))

# The kernel files that programs are made of, in the order in which they are tried: quick ones first.
STEMS = {
    "naive": Stem("naive", {}, True, ALL + ENDINGS + QUANTIZED),
    "naive_backward": Stem("naive", {}, True, FLOATS),
    "gemm": Stem("gemm", {}),
    "pointwise": Stem("pointwise", {"V": (4, 8, 16), "KB": (4, 8), "XB": (2, 3)}, False,
                      FLOATS + ENDINGS),
    "depthwise": Stem("depthwise", {"XB": (4, 1, 8, 16), "YB": (2, 1, 4)}, True, ALL + ENDINGS),
    "depthwise_rows": Stem("depthwise", {"V": (4, 8, 16), "XB": (1, 2)}, False, FLOATS + ENDINGS),
    "depthwise_lanes": Stem("depthwise", {"V": (4, 8, 16), "XB": (4, 7)}, False, FLOATS + ENDINGS),
    "depthwise_last": Stem("depthwise", {"V": (4, 8, 16), "M": (1, 4), "XB": (4, 7)}, False,
                           ALL + ENDINGS),
    "depthwise_columns": Stem("depthwise", {"YB": (2, 4)}, False, ALL + ENDINGS),
    "direct": Stem("direct", {"KB": (4, 1, 8), "XB": (4, 1, 8, 16), "YB": (2, 1, 4)}, True,
                   ALL + ENDINGS),
    "direct_rows": Stem("direct", {"V": (4, 8, 16), "KB": (4, 8), "XB": (2, 3)}, False,
                        FLOATS + ENDINGS),
    "direct_lanes": Stem("direct", {"V": (4, 8, 16), "KB": (1, 2), "XB": (4, 7, 14)}, False,
                         FLOATS + ENDINGS),
    "direct_last": Stem("direct", {"V": (4, 8, 16), "KB": (1,), "GB": (1, 2, 4), "XB": (7, 14)},
                        False, ALL + ENDINGS),
    "turned": Stem("depthwise", {}, False, FLOATS),
    "depthwise_weights": Stem("depthwise", {"V": (4, 8, 16), "XB": (1, 2, 7), "RB": (1, 2)}, False,
                              FLOATS),
    "direct_data": Stem("direct", {"V": (4, 8, 16), "CB": (2, 4), "YB": (1, 2)}, False, FLOATS),
    "direct_weights": Stem("direct", {"V": (4, 8, 16), "KB": (2, 4), "CB": (1, 2), "RB": (1, 2)},
                           False, FLOATS),
    "direct_filters": Stem("direct", {"V": (4, 8, 16), "KB": (1, 2), "CB": (1, 2)}, False,
                           FLOATS[:1]),
    "direct_pixels": Stem("direct", {"KB": (4, 1, 2), "GROUP": (64,)}, True, FLOATS),
    "direct_local": Stem("direct", {"KB": (16, 64), "XB": (32,), "SPLIT": (2, 1)}, False,
                         HALVES + ENDINGS),
}
INCLUDE = re.compile(r'^#include "(.+)"\n', re.MULTILINE)
SHARED_DEFINES = "FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W".split()
OLDEST, NEWEST = 14, 22
UNPACKED = Path(__file__).resolve().parents[2] / "build/offline/root/usr"


class Difference(NamedTuple):
    """How a mutant's programs of one stem compare: "equal", "differs", "invalid" or, where not all
    of them were looked at, "unknown"."""
    state: str
    options: Optional[tuple] = None


def find_clang():
    """The newest clang that compiles OpenCL C, or None: of this machine, or of `ci/offline --fetch`."""
    for name in [f"clang-{n}" for n in range(NEWEST, OLDEST - 1, -1)] + ["clang"]:
        path = shutil.which(name) or shutil.which(name, path=str(UNPACKED / "bin"))
        if path and Compiler(path).run("kernel void f(global float *x) { *x = sqrt(*x); }\n", ()):
            return path
    return None


class Compiler:
    def __init__(self, path):
        self.environment = dict(os.environ)
        if Path(path).is_relative_to(UNPACKED):
            self.environment["LD_LIBRARY_PATH"] = str(UNPACKED / "lib/x86_64-linux-gnu")
        self.command = [path, "-x", "cl", "-cl-std=CL1.2", "-target", "spir64", "-w", "-o", "-"]

    def run(self, source, options, more=("-O2", "-emit-llvm", "-S")):
        """The program's IR; None where it does not compile."""
        done = subprocess.run([*self.command, *more, *options, "-"], input=source, text=True,
                              capture_output=True, check=False, env=self.environment)
        return done.stdout if done.returncode == 0 else None

    def preprocess(self, source, options):
        """What is left for the compiler: programs that are equal here need no compilation."""
        return self.run(source, options, ("-E", "-P", "-cl-no-stdinc"))


def filters_of(cases):
    """The distinct (r, s, strides, dilations) of some cases, in a fixed order, height and width
    differing first: there most mutants show."""
    found = set()
    for case in cases:
        value = {k: int(v) for k, v in re.findall(r"([a-z]+)([0-9]+)", case.split(":")[0])}
        found.add(tuple(value.get(key, value.get(both, 1)) for key, both in (
            ("r", "rs"), ("s", "rs"), ("sh", "st"), ("sw", "st"), ("dh", "d"), ("dw", "d"))))
    return sorted(found, key=lambda f: (sum(f[i] == f[i + 1] for i in (0, 2, 4)), f))


def expand(kernels, file):
    """A kernel file with its includes, as the library gives it to a compiler."""
    return INCLUDE.sub(lambda match: expand(kernels, match.group(1)), kernels[file])


def grid(stem, filters):
    """Options of the programs of a stem: every tile with filters taken in turn, every filter with
    the first tile; what has no tile is one program. Then some tiles in the other padding modes, and
    one program in each other type and with each ending."""
    sizes, more = STEMS[stem].sizes, STEMS[stem].more
    modes = [f"-DPAD_MODE={mode}" for mode in (1, 2, 3) if STEMS[stem].pads]
    if not sizes:
        return [(), *((mode,) for mode in modes), *more]
    tiles = list(itertools.product(*sizes.values()))
    wanted = [(filters[i % len(filters)], tile) for i, tile in enumerate(tiles)]
    wanted += [(f, tiles[0]) for f in filters]
    names = [*SHARED_DEFINES, *sizes]
    zeros = [tuple(f"-D{name}={v}" for name, v in zip(names, (*filter_, *tile)))
             for filter_, tile in dict.fromkeys(wanted)]
    return zeros + [(*options, mode) for mode in modes for options in zeros[:len(tiles):5]] + \
        [(*zeros[0], *options) for options in more]


class Programs:
    """Compares mutants with the original kernels (file name -> text)."""

    def __init__(self, clang, kernels, filters):
        self.compiler, self.kernels = Compiler(clang), kernels
        self.grids = {stem: grid(stem, filters) for stem in STEMS}
        self.known, self.lock = {}, threading.Lock()

    @staticmethod
    def stems_of(kernels, file):
        """The stems that a kernel file is part of."""
        def holds(outer):
            return outer == file or any(map(holds, INCLUDE.findall(kernels[outer])))
        return [stem for stem in STEMS if holds(f"{stem}.cl")]

    def _original(self, kind, stem, options):
        """The original's text after a compiler pass, computed once."""
        key = kind, stem, options
        with self.lock:
            entry = self.known.setdefault(key, [threading.Lock(), None])
        with entry[0]:
            if entry[1] is None:
                source = expand(self.kernels, f"{stem}.cl")
                entry[1] = getattr(self.compiler, kind)(source, options)
            return entry[1]

    def compare(self, stem, file, text, most=0):
        """The first program of `stem` in which the changed file makes a difference decides, among
        the first `most` whose text differs (0: all)."""
        kernels = {**self.kernels, file: text}
        source, looked = expand(kernels, f"{stem}.cl"), 0
        for options in self.grids[stem]:
            plain = self.compiler.preprocess(source, options)
            if plain is not None and plain == self._original("preprocess", stem, options):
                continue
            original = self._original("run", stem, options)
            if original is None:
                continue  # there is no such tile
            code = self.compiler.run(source, options)
            if code is None:
                return Difference("invalid", options)
            if code != original:
                return Difference("differs", options)
            looked += 1
            if looked == most:
                return Difference("unknown", options)
        return Difference("equal")

    def differing(self, mutant, most=0):
        """("equal" | "invalid" | "differs" | "unknown", the stems in which it may differ)."""
        stems, state = [], "equal"
        for stem in self.stems_of(self.kernels, mutant.file):
            found = self.compare(stem, mutant.file, mutant.text, most).state
            if found == "invalid":
                return "invalid", ()
            if found != "equal":
                stems.append(stem)
                state = "differs" if "differs" in (found, state) else found
        return state, tuple(stems)
