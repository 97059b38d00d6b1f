# SPDX-License-Identifier: MIT
"""The command line of ci/mutate."""
import argparse
import os
import signal
import sys
from pathlib import Path

from . import campaign, checks, faults, results
from .judge import TIERS, JudgeError
from .mutants import population, shuffled
from .operators import OPERATORS

ROOT = Path(__file__).resolve().parents[2]
USAGE, NO_DEVICE, INTERRUPTED = 2, 77, 130
EPILOG = """
A mutant is the kernels with one small change. It is dropped when its programs are those of the
original (equal) or do not compile (invalid); else smoke, ci and Oclgrind run until a case fails.

  ci/mutate --count 300 --seed 1          a sample, spread evenly over files and operators
  ci/mutate --resume                      go on with a run that was stopped
  ci/mutate --resume --again              judge the survivors once more, e.g. by a better suite
  ci/mutate --replay --json results-1.json --seed 1
                                          run the killing cases of a finished run again, and judge
                                          anew what they kill no more, and the survivors: minutes
  ci/mutate --id 0123456789ab             one mutant, with its difference if it survives
  ci/mutate --faults --minimise           the faults made by hand, and their smallest cases

Exit status: 0 all killed or proved equivalent; 1 a survivor, or a check failed; 2 wrong usage;
77 no OpenCL device, or no clang that compiles OpenCL C.
"""


def parse(arguments):
    p = argparse.ArgumentParser(prog="ci/mutate", description="How much the suite catches.",
                                epilog=EPILOG,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    what = p.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    what.add_argument("--faults", action="store_true", help="the faults made by hand instead")
    what.add_argument("--check", action="store_true",
                      help="proofs, faults and the README's table still fit the kernels")
    what.add_argument("--table", action="store_true", help="print the README's table")
    what.add_argument("--write-docs", action="store_true", help="write it into the README")
    p.add_argument("--seed", type=int, default=1, help="which sample (1)")
    p.add_argument("--count", type=int, default=300, help="mutants to judge (300)")
    p.add_argument("--all", action="store_true", help="every mutant")
    p.add_argument("--id", action="append", default=[], help="this mutant or fault")
    p.add_argument("--file", action="append", default=[], help="only of this kernel file")
    p.add_argument("--operator", action="append", default=[], choices=OPERATORS, metavar="NAME",
                   help="only of this operator: " + " ".join(OPERATORS))
    p.add_argument("--tiers", default=",".join(TIERS), help="what judges (smoke,ci,oclgrind)")
    p.add_argument("-j", "--jobs", type=int, default=2, help="processes at a time (2)")
    p.add_argument("--timeout", type=float, default=60, help="seconds one case may take (60)")
    p.add_argument("--minimise", action="store_true", help="--faults: shrink the failing cases")
    p.add_argument("--resume", action="store_true", help="take over the results that are there")
    p.add_argument("--again", action="store_true", help="--resume: but not those of survivors")
    p.add_argument("--replay", action="store_true",
                   help="take over results whose killing cases kill today's mutants, too")
    p.add_argument("--json", type=Path, help="the results (WORK/results.json or faults.json)")
    p.add_argument("--conform", type=Path, default=ROOT / "build/release/clconv-conform")
    p.add_argument("--kernels", type=Path, default=ROOT / "kernels/cl", help="the originals")
    p.add_argument("--work", type=Path, default=ROOT / "build/mutate", help="for scratch files")
    options = p.parse_args(arguments)
    options.tiers = options.tiers.split(",")
    if not set(options.tiers) <= set(TIERS):
        p.error(f"--tiers: of {', '.join(TIERS)}, not {','.join(options.tiers)}")
    if options.jobs < 1 or options.count < 1 or options.timeout <= 0:
        p.error("--jobs, --count and --timeout are 1 at least")
    return options


def selected(options, kernels):
    """The mutants that the options name, in the order in which they are taken."""
    mutants = [m for m in population(kernels)
               if (not options.file or m.file in options.file) and
               (not options.operator or m.operator in options.operator) and
               (not options.id or m.id in options.id)]
    missing = set(options.id) - {m.id for m in mutants}
    if missing:
        raise results.ResultError(f"--id: there is no mutant {' '.join(sorted(missing))}")
    return mutants if options.all or options.id else shuffled(mutants, options.seed)


def print_mutants(options, kernels):
    mutants = selected(options, kernels)
    for m in mutants if options.all or options.id else mutants[:options.count]:
        print(f"{m.id}  {m.file}:{m.line}  {m.operator}: {m.before}  ->  {m.after}")
    return 0


def dispatch(options):
    kernels = {p.name: p.read_text(encoding="utf-8") for p in options.kernels.glob("*.cl")}
    if options.list:
        return print_mutants(options, kernels)
    if options.check:
        return checks.run(ROOT, kernels, options.conform)
    if options.table:
        print(checks.table(ROOT))
        return 0
    if options.write_docs:
        return checks.write_docs(ROOT)
    if options.faults:
        return campaign.run_faults(options, kernels, ROOT)
    return campaign.run_mutants(options, kernels, selected(options, kernels), ROOT)


def on_terminate(*_):
    raise KeyboardInterrupt


def main(arguments):
    signal.signal(signal.SIGTERM, on_terminate)
    try:
        return dispatch(parse(arguments))
    except campaign.NothingToRunOn as why:
        print(f"SKIP: {why}", file=sys.stderr)
        return NO_DEVICE
    except (results.ResultError, faults.FaultError, OSError) as why:
        print(f"ci/mutate: {why}", file=sys.stderr)
        return USAGE
    except JudgeError as why:
        print(f"ci/mutate: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ci/mutate: stopped; --resume goes on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.close(sys.stdout.fileno())
        return 1
