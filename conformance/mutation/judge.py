# SPDX-License-Identifier: MIT
"""Runs clconv-conform on changed kernels until a case fails: who is killed, and by what."""
import contextlib
import functools
import hashlib
import json
import os
import queue
import re
import resource
import select
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple, Optional

from .programs import STEMS

COLOUR = re.compile(r"\033\[[0-9;]*m")
# `-v` prints a case's replay line before its launch; FAIL comes after it.
LAUNCH = re.compile(r"clconv-conform .*--case '([^']+)'$")
FAIL = re.compile(r"FAIL (\S+): (\w+): (.*)")
MINIMAL = re.compile(r"MINIMAL: (\S+)$")
KERNELS = re.compile(r"kernels +([0-9a-f]+)")
KILLED = {"smoke": "killed-smoke", "ci": "killed-ci", "oclgrind": "killed-oclgrind"}
TIERS = ("smoke", "ci", "oclgrind")
# What survives is shown to Oclgrind, which sees what a CPU hides: races, reads past a buffer's end
# whose value nobody uses, and, in programs that nothing has optimised, indices past a private array.
# Beside smoke: vectors of all lengths, which it would not choose itself, up to the last element of
# x. (CLBlast takes minutes there, and is left out.)
CHECKER = "oclgrind"
UNOPTIMISED = {"OCLGRIND_BUILD_OPTIONS": "-cl-opt-disable"}
# Optimised even so: an inlined function that returns a struct leaves a "noalias scope" behind, which
# Oclgrind 21.10 does not know.
OPTIMISED = re.compile(":tile=(data|weights),")
CHECKED = {
    "naive": [],
    "naive_backward": [],
    # In the last ones lanes of no output stand where no padding is.
    "depthwise": [f"c2h6w{w}k2r2s{s}sw{t}p{p}g2:tile=xb={x},yb={y}" for x, y, w, s, t, p in (
        (16, 4, 17, 2, 1, 0), (16, 1, 32, 2, 2, 0), (8, 2, 24, 3, 3, 0), (4, 2, 9, 2, 2, 1),
        (1, 4, 5, 2, 1, 1))] + [f"c2h3w3k2r3s3p1g2:pad={mode}:tile=xb=16,yb=4" for mode in (
            "reflect", "replicate", "circular")],
    "direct": [f"c4h6w{w}k10r2s{s}sw{t}p{p}g2:tile=kb={k},xb={x},yb={y}"
               for k, x, y, w, s, t, p in (
        (8, 16, 2, 17, 2, 1, 0), (4, 16, 4, 32, 2, 2, 0), (4, 8, 1, 24, 3, 3, 0),
        (1, 4, 2, 9, 2, 2, 1), (4, 1, 4, 5, 2, 1, 1))],
    # Vectors of pixels: the first and the last of x, whole and overlapping, one channel and several.
    "direct_rows": [f"c{c}h3w{w}k6r2s3sw{t}p{p}:tile=rows,v={v},kb=4,xb={x}"
                    for c, w, t, p, v, x in (
        (1, 16, 1, 1, 8, 2), (2, 21, 1, 1, 8, 2), (3, 12, 1, 0, 4, 3), (2, 25, 2, 1, 4, 2))],
    "direct_lanes": [f"c3h4w{w}k{k}r2s3sw{t}p{p}:tile=lanes,v={v},kb={b},xb={x}"
                     for w, k, t, p, v, b, x in (
        (9, 10, 1, 1, 4, 2, 4), (8, 9, 1, 1, 8, 1, 7), (17, 5, 2, 0, 4, 1, 4),
        (15, 5, 1, 1, 4, 1, 7), (5, 6, 1, 1, 4, 1, 7))],
    "pointwise": [f"c3h3w{w}k{k}g{g}:tile=v={v},kb={b},xb=2" for w, k, g, v, b in (
        (9, 9, 1, 4, 4), (7, 10, 1, 8, 8), (3, 9, 1, 4, 4))],
    "depthwise_rows": [f"c{c}h5w{w}k{c}r3s3sw{t}p{p}g{c}:tile=rows,v={v},xb={x}"
                       for c, w, t, p, v, x in (
        (2, 9, 1, 1, 4, 1), (3, 17, 1, 1, 8, 2), (2, 18, 2, 1, 4, 1), (3, 5, 1, 1, 4, 1))],
    # The last one fills the arrays of design lanes.
    "depthwise_lanes": [f"c{c}h{h}w{w}k{c}r3s3sw{t}p{p}g{c}:tile=lanes,v={v},xb={x}"
                        for c, h, w, t, p, v, x in (
        (5, 5, 7, 1, 1, 4, 4), (9, 5, 7, 1, 1, 8, 7), (4, 5, 9, 2, 1, 4, 4),
        (4, 16, 16, 1, 1, 4, 4))],
    "depthwise_columns": [f"c{c}h5w{w}k{k}r3s3sw{t}p1g{c}:tile=columns,yb={y}" for c, w, k, t, y in (
        (2, 9, 4, 1, 2), (3, 7, 3, 2, 4))],
    # Channels last: channels that end within a vector, or are fewer; held rows and others; groups
    # that share vectors or fill several.
    "depthwise_last": [
        f"c{c}h5w{w}k{m * c}r{r}s3sh{sh}dh{d}sw{t}p1g{c}:nhwc:tile=last,v={v},m={m},xb={x}"
        for c, w, r, sh, d, t, v, m, x in (
            (6, 9, 3, 1, 1, 1, 4, 1, 4), (9, 6, 3, 2, 1, 2, 8, 1, 4), (3, 5, 3, 1, 2, 1, 4, 1, 4),
            (4, 17, 5, 1, 1, 1, 4, 1, 7), (5, 9, 2, 2, 2, 1, 4, 1, 7), (5, 9, 2, 1, 1, 1, 8, 2, 4),
            (3, 8, 3, 1, 1, 1, 4, 4, 4))],
    "direct_last": [
        f"c{c}h4w{w}k{k}r{r}s3sw{t}p{p}g{g}:nhwc:tile=last,v={v},kb={b},gb={m},xb={x}"
        for c, w, k, g, r, t, p, v, b, m, x in (
            (10, 9, 10, 2, 2, 1, 1, 4, 1, 1, 7), (8, 9, 18, 1, 2, 1, 1, 4, 2, 1, 4),
            (8, 17, 8, 4, 2, 2, 1, 4, 1, 2, 4), (16, 5, 16, 4, 2, 1, 1, 16, 1, 4, 7),
            (5, 8, 3, 1, 1, 4, 0, 8, 1, 1, 4))],
    # Gradients: rows that end with x or y, before vectors do.
    "direct_data": [f"c{c}h{h}w{w}k{k}r{r}s3sw{t}p{p}:dir=backward-data:tile=data,v={v},cb={b},yb={x}"
                    for c, h, w, k, r, t, p, v, b, x in (
        (3, 3, 9, 2, 2, 1, 1, 4, 2, 2), (1, 4, 5, 1, 3, 1, 2, 8, 1, 1),
        (2, 5, 17, 3, 3, 2, 0, 4, 2, 1), (5, 4, 8, 1, 3, 2, 1, 4, 4, 1))],
    "direct_weights": [
        f"c{c}h{h}w{w}k{k}r{r}s3sw{t}p{p}:dir=backward-weights:tile=weights,{tile}"
        for c, h, w, k, r, t, p, tile in (
            (3, 3, 9, 5, 2, 1, 1, "v=4,kb=2,cb=2,rb=1"), (1, 4, 5, 1, 3, 1, 1, "v=8,kb=1,cb=1,rb=3"),
            (2, 5, 17, 3, 3, 2, 0, "v=4,kb=4,cb=1,rb=2"), (1, 4, 8, 2, 3, 2, 1, "v=4,kb=1,cb=1,rb=1"))],
    "direct_pixels": [f"n{n}c{c}h{h}w{w}k{k}r{r}s3sw{t}p1b1:dir=backward-weights:tile=pixels,{tile}"
                      for n, c, h, w, k, r, t, tile in (
        (2, 3, 3, 9, 5, 2, 1, "kb=2,group=64"), (2, 1, 7, 13, 3, 3, 1, "kb=4,group=64"),
        (1, 2, 4, 8, 2, 3, 2, "kb=1,group=128"))],
    "direct_filters": [
        f"n2c{c}h{h}w{w}k{k}r{r}s3sw{t}p{p}:dir=backward-weights:tile=filters,v={v},kb={b},cb=2"
        for c, h, w, k, r, t, p, v, b in (
            (3, 3, 9, 5, 2, 1, 1, 4, 1), (1, 4, 5, 11, 3, 1, 1, 4, 2), (2, 16, 32, 9, 3, 2, 1, 8, 1))],
    "depthwise_weights": [
        f"n2c{c}h{h}w{w}k{c}r3s3sw{t}p{p}g{c}:dir=backward-weights:tile=weights,v={v},xb={x},rb=2"
        for c, h, w, t, p, v, x in (
            (5, 5, 7, 1, 1, 4, 7), (9, 5, 6, 1, 1, 8, 2), (4, 16, 16, 1, 1, 4, 4))],
    "turned": [f"c{c}h5w4k{c}r{r}s3p1g{c}:dir=backward-data:tile=xb=4,yb=2" for c, r in (
        (3, 2), (2, 3))],
    # Parts of a work-group that add up, with one slice for each and with several.
    "direct_local": [f"c{c}h3w9k{k}r2s3p1:tile=local,kb={b},xb=32,split={s}" for c, k, b, s in (
        (17, 5, 16, 2), (9, 33, 32, 4), (8, 3, 16, 1))],
}
MINIMISE_SECONDS = 400  # more than --minimise takes, which is silent


def checker_environment(algo, case):
    return {} if algo == "direct" and OPTIMISED.search(case) else UNOPTIMISED


def algorithms(stems):
    """Who runs some kernel files, each once, in the order of the stems."""
    return list(dict.fromkeys(stem.algo for name, stem in STEMS.items() if name in stems))


class JudgeError(Exception):
    """The suite itself could not run: nothing is known about any mutant."""


class Killer(NamedTuple):
    tier: str
    algo: str
    case: str
    kind: str  # a kind of the suite, or crash, timeout, race


@functools.lru_cache(maxsize=None)
def cases_of(conform, tier):
    """The tier's cases; needs no device."""
    done = subprocess.run([conform, "--tier", tier, "--list"], text=True, capture_output=True,
                          check=False)
    if done.returncode:
        raise JudgeError(f"{conform} --list: {done.stderr.strip()}")
    return frozenset(done.stdout.split())


class Run(NamedTuple):
    """One process: its first failing case, if any, and its lines."""
    killer: Optional[Killer]
    lines: list


def no_core_files():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def stop(process):
    """Ends a process and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def lines_of(process, patience):
    """A process's lines as they come; None when it is silent for `patience` seconds."""
    rest, fd = b"", process.stdout.fileno()
    while True:
        if not select.select([fd], [], [], patience)[0]:
            yield None
            return
        block = os.read(fd, 65536)
        if not block:
            return
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield COLOUR.sub("", line.decode(errors="replace"))


class Slot:
    """A place where one process at a time runs: driver caches, and the changed kernels."""

    def __init__(self, folder):
        self.folder, self.kernels = Path(folder), Path(folder) / "cl"
        self.cache = self.folder / "cache" / "pocl"  # where ci/on puts it
        self.cache.mkdir(parents=True, exist_ok=True)

    def put(self, kernels):
        shutil.rmtree(self.kernels, ignore_errors=True)
        self.kernels.mkdir()
        for name, text in kernels.items():
            (self.kernels / name).write_text(text)

    def programs(self):
        return {*self.cache.glob("*/*"), *self.cache.glob("tempfile*")}

    def forget(self, keep):
        """Drops what came into the cache since `keep`: a changed kernel's programs, of which a
        killed process may have left a half."""
        for path in self.programs() - keep:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


class Judge:
    """Runs the suite in `jobs` slots below `work`."""

    def __init__(self, conform, on, work, kernels, jobs, patience):
        self.conform, self.on, self.kernels = str(conform), str(on), kernels
        self.patience, self.free, self.work = patience, queue.Queue(), Path(work)
        self.originals = Slot(self.work / "originals")
        self.slots = [Slot(self.work / f"slot-{i}") for i in range(jobs)]
        self.kernel_hash, self.running, self.stopped = "", set(), False
        self.checked, self.checking = set(), threading.Lock()
        for slot in self.slots:
            self.free.put(slot)

    def cases(self, tier):
        return cases_of(self.conform, tier)

    def _lines(self, command, slot, patience, more):
        """The lines of one process, then its exit status; None for a line when it is silent too
        long. It is gone when the generator is closed."""
        environment = {**os.environ, "CLCONV_CI_STATE": str(slot.folder),
                       "CLCONV_KERNEL_DIR": str(slot.kernels), "NO_COLOR": "1", **more}
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=environment, start_new_session=True,
                              preexec_fn=no_core_files) as process:
            self.running.add(process)
            try:
                yield from lines_of(process, patience)
                yield process.wait()
            finally:
                stop(process)
                self.running.discard(process)

    def run(self, slot, tier, algo, arguments, implementation="pocl", whole=0, environment=None):
        """One process of the suite on what is in the slot, to its first failing case; or to its end
        if `whole`, the seconds of silence that are then allowed, is given."""
        command = [self.on, implementation, self.conform, "-v", "--algo", algo, *arguments]
        case, killer, lines, status = "", None, [], 0
        output = self._lines(command, slot, whole or self.patience, environment or {})
        for line in output:
            if line is None:
                killer = killer or Killer(tier, algo, case, "timeout")
            elif isinstance(line, int):
                status = line
            else:
                lines.append(line)
                launch, failure = LAUNCH.search(line), FAIL.match(line)
                case = launch.group(1) if launch else case
                if failure and not killer:
                    killer = Killer(tier, algo, failure.group(1), failure.group(2))
            if killer and (line is None or not whole):
                break
        output.close()
        if self.stopped:
            raise JudgeError("stopped")
        if killer or not status:
            return Run(killer, lines)
        if status < 0 or status > 128:
            return Run(Killer(tier, algo, case, "crash"), lines)
        if any(line.startswith("Oclgrind reports") for line in lines):
            kind = "race" if any("data race" in line for line in lines) else "memory"
            return Run(Killer(tier, algo, case, kind), lines)
        raise JudgeError("\n".join([f"{' '.join(command)}: exit status {status}", *lines[-3:]]))

    def stop(self):
        """Ends all processes; who waits for one gets a JudgeError."""
        self.stopped = True
        for process in list(self.running):
            stop(process)

    def check_originals(self, stems, tiers):
        """The kernels as they are must pass, or every mutant would seem to be killed. Warms a cache
        on the way (CLBlast's programs take long), which the slots begin with. What a suite has
        passed is not repeated."""
        stamp = self.work / "originals.json"
        suite = hashlib.sha256(Path(self.conform).read_bytes())
        suite.update(json.dumps(self.kernels, sort_keys=True).encode())
        known = json.loads(stamp.read_text()) if stamp.exists() else {}
        if known.get("suite") != suite.hexdigest():
            known = {"suite": suite.hexdigest(), "kernels": "", "passed": []}
        self.originals.put(self.kernels)
        for tier in tiers:
            for algo in algorithms(stems) if tier != CHECKER else ():
                if [tier, algo] not in known["passed"]:
                    known["kernels"] = self._run_original(tier, algo)
                    known["passed"].append([tier, algo])
                    stamp.write_text(json.dumps(known))
        self.kernel_hash = known["kernels"]
        for slot in self.slots:
            shutil.rmtree(slot.cache, ignore_errors=True)
            shutil.copytree(self.originals.cache, slot.cache)

    def _run_original(self, tier, algo):
        """Runs one algorithm; the hash by which the suite knows the kernels."""
        killer, lines = self.run(self.originals, tier, algo, ["--tier", tier])
        self._must_pass(killer)
        return next(m.group(1) for m in map(KERNELS.match, lines) if m)

    @staticmethod
    def _must_pass(killer):
        if killer:
            raise JudgeError(f"the kernels as they are fail in {killer.tier}: {killer.case} "
                             f"({killer.kind}); mutants would prove nothing")

    @contextlib.contextmanager
    def _changed(self, changed):
        """A slot with some files (name -> text) changed."""
        slot = self.free.get()
        keep = slot.programs()
        try:
            slot.put({**self.kernels, **changed})
            yield slot
        finally:
            slot.forget(keep)
            self.free.put(slot)

    def judge(self, changed, stems, tiers):
        """The first killer of the changed files, smoke first; None = they live."""
        with self._changed(changed) as slot:
            for tier in tiers:
                for one in stems if tier == CHECKER else algorithms(stems):
                    killer = self._check(slot, one) if tier == CHECKER else self.run(
                        slot, tier, one, ["--tier", tier]).killer
                    if killer:
                        return killer
        return None

    def _check(self, slot, stem):
        """What the checker sees that the tiers did not. The originals must have passed it."""
        if not shutil.which(CHECKER):
            return None
        with self.checking:
            if stem not in self.checked:
                self._must_pass(self._run_checker(self.originals, stem))
                self.checked.add(stem)
        return self._run_checker(slot, stem)

    def _run_checker(self, slot, stem):
        algo = STEMS[stem].algo
        for case in CHECKED.get(stem, ()):
            killer = self.run(slot, CHECKER, algo, ["--case", case], CHECKER,
                              environment=checker_environment(algo, case)).killer
            if killer:
                return killer
        if stem not in CHECKED:
            return None
        return self.run(slot, CHECKER, algo, ["--tier", "smoke"], CHECKER).killer

    def replay(self, changed, killer):
        """What the case that killed the changed files once finds today; None = nothing, or it is not
        in its tier any more. The originals must pass it in the checker; in tiers they have."""
        if killer.tier != CHECKER and killer.case not in self.cases(killer.tier):
            return None
        if killer.tier == CHECKER:
            if not shutil.which(CHECKER):
                return None
            with self.checking:
                self._must_pass(self._run_case(self.originals, killer))
        with self._changed(changed) as slot:
            return self._run_case(slot, killer)

    def _run_case(self, slot, killer):
        """What a killer's case finds in a slot."""
        how = (CHECKER, 0, checker_environment(killer.algo, killer.case)) \
            if killer.tier == CHECKER else ("pocl",)
        return self.run(slot, killer.tier, killer.algo, ["--case", killer.case], *how).killer

    def minimal(self, changed, killer):
        """The smallest case that fails like the killer's, or None."""
        arguments = ["--case", killer.case, "--minimise"]
        if killer.kind in ("crash", "timeout"):
            arguments += ["--isolate", "--timeout", "5"]
        with self._changed(changed) as slot:
            lines = self.run(slot, killer.tier, killer.algo, arguments,
                             whole=MINIMISE_SECONDS).lines
        return next((m.group(1) for m in map(MINIMAL.match, lines) if m), None)
