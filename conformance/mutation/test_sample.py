# SPDX-License-Identifier: MIT
"""ci/mutate as it is used: a few mutants and faults that smoke must kill, one that nothing can, and
a missing barrier. Environment: CLCONV_CONFORM, the program. Exits with 77 without a device."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from mutation import checks
from mutation.judge import cases_of
from mutation.mutants import mutants_of, population

ROOT = Path(__file__).resolve().parents[2]
# (file, operator, what goes, what comes); the first such mutant is taken.
KILLED = [
    ("naive.cl", "swap-axis", "pad_top", "pad_left"),
    ("naive.cl", "skip-last", "in_per_group", "in_per_group - 1"),
    ("naive.cl", "stale", "real sum = 0;", "real sum ;"),
    ("naive.cl", "fix-value", "has_bias", "0"),
    ("depthwise.cl", "shift-index", "x_offset", "x_offset - 1"),
    ("direct.cl", "comparison", "<", "<="),
    ("strips.cl", "constant", "15", "14"),
]
FAULTS = ["stride-h", "reads-before-x", "eleven-bits", "multiplier-order"]
NO_DEVICE = 77


class Sample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.work = Path(cls.folder.name)
        cls.kernels = {p.name: p.read_text(encoding="utf-8")
                       for p in (ROOT / "kernels/cl").glob("*.cl")}

    def mutate(self, *arguments, status=0, result="results.json"):
        """Runs ci/mutate on smoke; its output and its results."""
        path = self.work / result
        done = subprocess.run(
            [str(ROOT / "ci/mutate"), "--tiers", "smoke", "--conform",
             os.environ["CLCONV_CONFORM"], "--work", str(self.work / "scratch"), "--json",
             str(path), *arguments], text=True, capture_output=True, check=False)
        if done.returncode == NO_DEVICE:
            print(done.stderr, file=sys.stderr)
            sys.exit(NO_DEVICE)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")  # quiet in a pipe
        return done.stdout, json.loads(path.read_text(encoding="utf-8"))

    def changed_kernels(self, *edits):
        """A folder of kernels with another naive.cl, and that file."""
        folder, text = self.work / "kernels", self.kernels["naive.cl"]
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "kernels/cl", folder)
        for before, after in edits:
            self.assertEqual(text.count(before), 1, before)
            text = text.replace(before, after)
        (folder / "naive.cl").write_text(text, encoding="utf-8")
        return folder, text

    def test_smoke_kills(self):
        every, chosen = population(self.kernels), []
        for row in KILLED:
            found = [m for m in every if (m.file, m.operator, m.before, m.after) == row]
            self.assertTrue(found, f"{row}: there is no such mutant any more")
            chosen += ["--id", found[0].id]
        text, content = self.mutate(*chosen)
        self.assertEqual({m["state"] for m in content["mutants"]}, {"killed-smoke"}, text)
        self.assertEqual(len(content["mutants"]), len(KILLED))
        schema = json.loads((ROOT / "conformance/mutation/schema.json").read_text())
        self.assertEqual(checks.violations(content, schema), [])
        again, same = self.mutate("--resume", *chosen)  # nothing is left to do
        self.assertEqual((again, same), (text, content))
        self.check_replay(chosen, content)

    def check_replay(self, chosen, content):
        """Every killing case kills again. One that is in no tier and one that kills nothing (it has
        no bias) are noticed, and their mutants judged anew: by the same cases as before."""
        count = len(content["mutants"])
        text, same = self.mutate("--replay", *chosen)
        self.assertEqual(same, content)
        self.assertIn(f"{count} replayed: {count} killed again, 0 to be judged anew", text)
        harmless = min(case for case in cases_of(os.environ["CLCONV_CONFORM"], "smoke")
                       if case.endswith(":algo=naive:data=exact") and "b1" not in case)
        for case, operator in (("n9c9hw9k9:algo=naive:data=exact", "swap-axis"),
                               (harmless, "fix-value")):
            mutant = next(m for m in content["mutants"] if m["operator"] == operator)
            kept, mutant["killer"]["case"] = mutant["killer"]["case"], case
            (self.work / "results.json").write_text(json.dumps(content), encoding="utf-8")
            mutant["killer"]["case"] = kept
            text, same = self.mutate("--replay", *chosen)
            self.assertIn(f"{count - 1} killed again, 1 to be judged anew", text)
            self.assertEqual(same, content)

    def test_smoke_finds_faults(self):
        _, content = self.mutate("--faults", "--minimise",
                                 *[a for f in FAULTS for a in ("--id", f)], result="faults.json")
        self.assertEqual((content["faults"], content["killed"]), (len(FAULTS), len(FAULTS)))
        self.assertLessEqual(content["median"], 5)

    def test_what_makes_no_difference_survives_or_is_dropped(self):
        folder, text = self.changed_kernels(
            ("real sum = 0;",
             "const int unused = 7;\n    real sum = in_h == 12345 ? 1 : 0;"))
        ids = {m.before + "->" + m.after: m.id for m in mutants_of("naive.cl", text)
               if m.before in ("12345", "7")}
        text, content = self.mutate("--kernels", str(folder), "--id", ids["12345->12346"], "--id",
                                    ids["7->8"], status=1)
        self.assertEqual([m["state"] for m in content["mutants"]], ["equal", "survived"])
        self.assertIn("+    real sum = in_h == 12346 ?", text)
        self.assertEqual(content["totals"]["score"]["all"], 0.0)

    def test_broken_originals_prove_nothing(self):
        folder, text = self.changed_kernels(("ih < in_h", "ih <= in_h"))
        mutant = mutants_of("naive.cl", text)[0]
        done = subprocess.run(
            [str(ROOT / "ci/mutate"), "--tiers", "smoke", "--conform",
             os.environ["CLCONV_CONFORM"], "--work", str(self.work / "scratch"), "--kernels",
             str(folder), "--file", mutant.file, "--count", "1"], text=True, capture_output=True,
            check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the kernels as they are fail in smoke", done.stderr)

    @unittest.skipUnless(shutil.which("oclgrind"), "no Oclgrind here")
    def test_a_missing_barrier_is_found_by_oclgrind(self):
        folder, _ = self.changed_kernels(
            ("    const long pixel = ",
             "    local float shared[64];\n    const int me = (int)get_local_id(0);\n"
             "    shared[me] = 0.0f;\n    barrier(CLK_LOCAL_MEM_FENCE);\n"
             "    const float other = shared[me ? me - 1 : 0];\n    const long pixel = "),
            ("real sum = 0;", "real sum = (real)other;"))
        _, content = self.mutate("--kernels", str(folder), "--file", "naive.cl", "--operator",
                                 "barrier", "--all", "--tiers", "smoke,oclgrind")
        (mutant,) = content["mutants"]
        self.assertEqual((mutant["state"], mutant["killer"]["kind"]), ("killed-oclgrind", "race"))


if __name__ == "__main__":
    unittest.main()
