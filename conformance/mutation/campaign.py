# SPDX-License-Identifier: MIT
"""A whole run: which mutants are judged, several at a time, and what is written and printed."""
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from . import faults, results
from .judge import KILLED, Judge, JudgeError, Killer
from .programs import Programs, filters_of, find_clang


FIRST_LOOK = 2  # programs of a mutant that are compared with the original's before it is judged


class NothingToRunOn(Exception):
    """No OpenCL device, no suite, or no clang."""


class Progress:
    """One line with the time that is left, on a terminal only."""

    def __init__(self, what, total):
        self.what, self.total, self.done = what, total, 0
        self.started, self.shown = time.monotonic(), sys.stderr.isatty()

    def tick(self):
        self.done += 1
        left = (time.monotonic() - self.started) / self.done * (self.total - self.done)
        if self.shown:
            print(f"\r{self.what} {self.done}/{self.total}, {left / 60:.0f} min left \033[K",
                  end="", file=sys.stderr, flush=True)

    def clear(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def in_parallel(jobs, function, items, what, done):
    """done(item, function(item)) for every item; what is finished stays when it is stopped."""
    progress = Progress(what, len(items))
    pool = ThreadPoolExecutor(jobs)
    futures = {pool.submit(function, item): item for item in items}
    try:
        for future in as_completed(futures):
            done(futures[future], future.result())
            progress.tick()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        progress.clear()


def open_judge(options, kernels, root):
    if not options.conform.exists():
        raise NothingToRunOn(f"{options.conform} is not built (cmake --build --preset release)")
    return Judge(options.conform, root / "ci" / "on", options.work.resolve(), kernels,
                 options.jobs, options.timeout)


def check_originals(judge, stems, tiers):
    """The kernels as they are pass."""
    try:
        judge.check_originals(stems, tiers)
    except JudgeError as why:
        if "exit status 77" in str(why):
            raise NothingToRunOn("no OpenCL device") from why
        raise


# ---- Mutants ------------------------------------------------------------------------------


class Campaign:
    """The records of a run, on disk after every one of them."""

    def __init__(self, options, path, proofs):
        self.options, self.path, self.proofs = options, path, proofs
        self.lock, self.records, self.kernel_hash = threading.Lock(), {}, ""

    def take_over(self, mutants):
        """--resume, --replay: what an earlier run found out about these mutants."""
        if not (self.options.resume or self.options.replay) or not self.path.exists():
            return
        known = {m.id for m in mutants}
        earlier = results.load(self.path)
        self.kernel_hash = earlier["kernel_hash"]
        results.apply_proofs(self.proofs, earlier["mutants"])
        for r in earlier["mutants"]:
            again = (self.options.again and r["state"] == "survived" or
                     self.options.replay and r["state"] in results.LIVE)
            if r["id"] in known and not again:
                self.records[r["id"]] = r

    def add(self, mutant, state, killer=None):
        with self.lock:
            self.records[mutant.id] = results.record(mutant, state, killer)
            self.save()

    def forget(self, mutant):
        with self.lock:
            del self.records[mutant.id]
            self.save()

    def save(self):
        results.apply_proofs(self.proofs, self.records.values())
        o = self.options
        whole = o.all or bool(o.id)
        settings = {"kernel_hash": self.kernel_hash, "seed": None if whole else o.seed,
                    "tiers": o.tiers}
        content = results.document(settings, list(self.records.values()))
        results.write(self.path, content)
        return content


def replay(judge, campaign, mutants):
    """--replay: every killing case once more on today's kernels. What it kills no longer is forgotten
    here, so that it is judged anew; also what the checker killed, where there is none."""
    killers = {m.id: Killer(**campaign.records[m.id]["killer"]) for m in mutants
               if "killer" in campaign.records.get(m.id, {})}
    todo = [m for m in mutants if m.id in killers]
    stems = {stem for m in todo for stem in Programs.stems_of(judge.kernels, m.file)}
    check_originals(judge, stems, campaign.options.tiers)
    campaign.kernel_hash = judge.kernel_hash or campaign.kernel_hash

    def keep(mutant, killer):
        if killer:
            campaign.add(mutant, KILLED[killer.tier], killer)
        else:
            campaign.forget(mutant)
    in_parallel(campaign.options.jobs, lambda m: judge.replay({m.file: m.text}, killers[m.id]),
                todo, "replayed", keep)
    again = sum(m.id in campaign.records for m in todo)
    print(f"{len(todo)} replayed: {again} killed again, {len(todo) - again} to be judged anew")


def choose(campaign, programs, mutants, count, jobs):
    """The first `count` mutants that are other programs, or may be, with the stems in which."""
    chosen, at = {}, 0
    while len(chosen) < count and at < len(mutants):
        block = mutants[at:at + count - len(chosen)]
        at += len(block)
        todo = [m for m in block if m.id not in campaign.records]
        found = {}

        def keep(mutant, outcome, found=found):
            found[mutant.id] = outcome
            if outcome[0] in results.DROPPED:
                campaign.add(mutant, outcome[0])
        in_parallel(jobs, lambda mutant: programs.differing(mutant, FIRST_LOOK), todo, "compiled",
                    keep)
        for m in block:
            state, stems = found.get(m.id, ("recorded", ()))
            recorded = campaign.records.get(m.id, {}).get("state")
            if state in ("differs", "unknown") or (
                    state == "recorded" and recorded not in results.DROPPED):
                chosen[m.id] = m, stems
    return [(m, stems) for m, stems in chosen.values() if m.id not in campaign.records]


def print_survivors(campaign, mutants, kernels):
    for m in mutants:
        if campaign.records.get(m.id, {}).get("state") == "survived":
            print(f"SURVIVED {m.id} ({m.operator})\n{results.difference(m, kernels[m.file])}")


def verdict(judge, programs, one, tiers):
    """A mutant's state, and its killer. Who lives may be no other program after all: all of them
    are compared only then, because that takes longer than most deaths."""
    mutant, stems = one
    killer = judge.judge({mutant.file: mutant.text}, stems, tiers)
    if killer:
        return KILLED[killer.tier], killer
    return "equal" if programs.differing(mutant)[0] == "equal" else "survived", None


def run_mutants(options, kernels, mutants, root):
    """The whole run; the exit status."""
    proofs = results.read_proofs(root / "conformance/mutation/proofs.txt")
    campaign = Campaign(options, options.json or options.work / "results.json", proofs)
    campaign.take_over(mutants)
    clang = find_clang()
    if not clang:
        raise NothingToRunOn("there is no clang that compiles OpenCL C")
    judge = open_judge(options, kernels, root)
    programs = Programs(clang, kernels, filters_of(judge.cases("ci")))
    count = len(mutants) if options.all or options.id else options.count
    try:
        if options.replay:
            replay(judge, campaign, mutants)
        while todo := choose(campaign, programs, mutants, count, options.jobs):
            check_originals(judge, {stem for _, stems in todo for stem in stems}, options.tiers)
            campaign.kernel_hash = judge.kernel_hash or campaign.kernel_hash
            in_parallel(options.jobs, lambda one: verdict(judge, programs, one, options.tiers),
                        todo, "judged", lambda one, found: campaign.add(one[0], *found))
    finally:
        judge.stop()
    content = campaign.save()
    print_survivors(campaign, mutants, kernels)
    print(results.summary(content))
    defects = results.refuted(proofs, content["mutants"])
    for line in defects:
        print(line, file=sys.stderr)
    return 1 if defects or content["totals"]["survived"] else 0


# ---- Faults -------------------------------------------------------------------------------


def examine(judge, fault, options):
    """A fault's record."""
    changed = {fault.file: fault.text}
    entry = {"id": fault.id, "file": fault.file, "about": fault.about}
    killer = judge.judge(changed, Programs.stems_of(judge.kernels, fault.file), options.tiers)
    if killer:
        entry["killer"] = killer._asdict()
    if killer and options.minimise:
        smallest = judge.minimal(changed, killer)
        if smallest:
            entry.update(minimal=smallest, largest=faults.largest_dimension(smallest))
    return entry


def run_faults(options, kernels, root):
    """All faults, or those named by --id or --file; the exit status."""
    chosen = [f for f in faults.read(root / "conformance/mutation/faults.txt", kernels)
              if (not options.id or f.id in options.id) and
              (not options.file or f.file in options.file)]
    path = options.json or options.work / "faults.json"
    records = {}
    if options.resume and path.exists():
        records = {r["id"]: r for r in faults.load(path)["records"] if "killer" in r}
    judge = open_judge(options, kernels, root)

    def save():
        ordered = [records[f.id] for f in chosen if f.id in records]
        content = faults.document(judge.kernel_hash, ordered)
        faults.write(path, content)
        return content

    def keep(fault, entry):
        records[fault.id] = entry
        save()
    todo = [f for f in chosen if f.id not in records]
    try:
        check_originals(judge, {s for f in chosen for s in Programs.stems_of(judge.kernels, f.file)},
                        options.tiers)
        in_parallel(options.jobs, lambda f: examine(judge, f, options), todo, "faults", keep)
    finally:
        judge.stop()
    content = save()
    print(faults.summary(content))
    return 0 if content["killed"] == content["faults"] == len(chosen) else 1
