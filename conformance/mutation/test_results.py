# SPDX-License-Identifier: MIT
"""Scores, proofs, the result file, its schema, the README's table, and the faults made by hand."""
import json
import re
import tempfile
import unittest
from pathlib import Path

from mutation import checks, faults, results
from mutation.judge import Killer
from mutation.mutants import mutants_of
from mutation import programs
from mutation.programs import STEMS, expand, filters_of, grid

FOLDER = Path(__file__).resolve().parent
MUTANTS = mutants_of("naive.cl", "if (a < b) c = d + 1;\n")
KILLER = Killer("smoke", "naive", "c1hw1k1:algo=naive:data=exact", "value")
SETTINGS = {"kernel_hash": "0123456789abcdef", "seed": 1, "tiers": ["smoke", "ci"]}


def sample():
    """One mutant of each state that matters for the score."""
    states = ["killed-smoke", "killed-smoke", "killed-ci", "survived", "equal", "invalid"]
    records = [results.record(m, s, KILLER if s.startswith("killed") else None)
               for m, s in zip(MUTANTS, states)]
    assert len(records) == len(states)
    return records


class Scores(unittest.TestCase):
    def test_what_was_dropped_does_not_count(self):
        totals = results.document(SETTINGS, sample())["totals"]
        self.assertEqual(totals["judged"], 4)
        self.assertEqual(totals["score"], {"smoke": 50.0, "all": 75.0, "raw": 75.0})

    def test_a_proof_takes_a_survivor_out_but_not_of_the_raw_score(self):
        records = sample()
        results.apply_proofs({records[3]["id"]: "why"}, records)
        totals = results.document(SETTINGS, records)["totals"]
        self.assertEqual(totals["score"], {"smoke": 66.7, "all": 100.0, "raw": 75.0})
        results.apply_proofs({}, records)
        self.assertEqual(records[3]["state"], "survived")

    def test_a_proof_about_a_killed_mutant_is_refuted(self):
        records = sample()
        self.assertEqual(len(results.refuted({records[0]["id"]: "why"}, records)), 1)
        self.assertEqual(results.refuted({records[3]["id"]: "why"}, records), [])

    def test_files_have_their_own_scores(self):
        records = sample()
        records[3] = {**records[3], "file": "other.cl"}
        files = results.document(SETTINGS, records)["files"]
        self.assertEqual(files["naive.cl"]["score"]["all"], 100.0)
        self.assertEqual(files["other.cl"]["score"]["all"], 0.0)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_round_trip(self):
        content = results.document(SETTINGS, sample())
        results.write(self.folder / "r.json", content)
        self.assertEqual(results.load(self.folder / "r.json"), content)
        (self.folder / "r.json").write_text("{}")
        with self.assertRaises(results.ResultError):
            results.load(self.folder / "r.json")

    def test_schema(self):
        schema = json.loads((FOLDER / "schema.json").read_text())
        self.assertEqual(checks.violations(results.document(SETTINGS, sample()), schema), [])
        for spoil in ({"kernel_hash": "x"}, {"seed": "1"}, {"seed": -1}, {"host": "me"},
                      {"tiers": ["all"]}, {"mutants": [{}]}):
            content = {**results.document(SETTINGS, sample()), **spoil}
            self.assertNotEqual(checks.violations(content, schema), [], spoil)
        content = results.document(SETTINGS, sample())
        del content["totals"]["score"]["raw"]
        self.assertEqual(len(checks.violations(content, schema)), 1)

    def test_proofs(self):
        path = self.folder / "proofs.txt"
        path.write_text(f"# head\n\n{MUTANTS[0].id} since a is b\n")
        proofs = results.read_proofs(path)
        self.assertEqual(proofs, {MUTANTS[0].id: "since a is b"})
        self.assertEqual(results.check_proofs(proofs, MUTANTS), [])
        self.assertEqual(len(results.check_proofs(proofs, MUTANTS[1:])), 1)
        for wrong in ("0123 short", f"{MUTANTS[0].id}", f"{MUTANTS[0].id} a\n{MUTANTS[0].id} b"):
            path.write_text(wrong + "\n")
            with self.assertRaises(results.ResultError):
                results.read_proofs(path)

    def repository(self, readme):
        (self.folder / checks.FOLDER).mkdir(parents=True, exist_ok=True)
        (self.folder / "README.md").write_text(readme)

    def test_readme_table(self):
        self.repository("text")
        self.assertEqual(checks.readme_defects(self.folder), [])
        self.repository("a <!-- mutation --> b <!-- /mutation --> c")
        self.assertEqual(len(checks.readme_defects(self.folder)), 1)
        content = results.document(SETTINGS, sample())
        results.write(self.folder / checks.FOLDER / "results.json", content)
        self.assertEqual(len(checks.readme_defects(self.folder)), 1)
        checks.write_docs(self.folder)
        self.assertEqual(checks.readme_defects(self.folder), [])
        text = (self.folder / "README.md").read_text()
        self.assertTrue(text.startswith("a <!--") and text.endswith("--> c"))
        self.assertIn("| **all** | 4 | 50.0 % | 75.0 % |", text)
        (self.folder / "README.md").write_text(text.replace("75.0", "100.0"))
        self.assertEqual(len(checks.readme_defects(self.folder)), 1)
        self.repository("no marks")
        with self.assertRaises(results.ResultError):
            checks.readme_defects(self.folder)

    def test_faults(self):
        path, kernels = self.folder / "faults.txt", {"k.cl": "{\n    a;\n    b;\n}\n"}
        path.write_text("# head\n== one k.cl: two lines for one\n-a;\n+c;\n+  d;\n")
        (fault,) = faults.read(path, kernels)
        self.assertEqual(fault.text, "{\n    c;\n    d;\n    b;\n}\n")
        for wrong in ("-e;", "-a;\n-a;", "what", "-a;\n+b;\n== one k.cl: again\n-b;"):
            path.write_text(f"== one k.cl: it\n{wrong}\n")
            with self.assertRaises(faults.FaultError):
                faults.read(path, kernels)

    def test_median(self):
        self.assertEqual(faults.largest_dimension("c2h11w3k1:algo=naive:seed=77"), 11)
        killed = {"id": "a", "file": "k.cl", "killer": KILLER._asdict()}
        small = [{**killed, "minimal": "c1", "largest": n} for n in (1, 9, 3)]
        content = faults.document("x", [*small, {"id": "b", "file": "k.cl"}])
        self.assertEqual((content["median"], content["killed"], content["faults"]), (3, 3, 4))
        self.assertIn("SURVIVED", faults.summary(content))


class Programs(unittest.TestCase):
    def test_filters(self):
        self.assertEqual(filters_of(["c1hw3k1", "c1hw3k1r2s3sh2d3:algo=naive:data=exact",
                                     "n2c1hw3k1:x"]), [(2, 3, 2, 1, 3, 3), (1, 1, 1, 1, 1, 1)])

    def test_grid_holds_every_filter_tile_type_and_ending(self):
        filters = [(r, 3, 1, 2, 1, 1) for r in range(1, 30)]
        further = re.compile("PAD_MODE|TYPE_|ACTIVATION")
        for stem, sizes, modes, more in (("naive", 1, 3, 15), ("depthwise", 12, 9, 12),
                                         ("direct", 36, 24, 12), ("pointwise", 12, 0, 8)):
            every = grid(stem, filters)
            options = [o for o in every if not further.search(" ".join(o))]
            self.assertEqual(len(every), len(set(every)))
            self.assertEqual(len(every) - len(options), modes + more)
            self.assertEqual(len({o[6:] for o in options}), sizes)
            if sizes > 1:
                self.assertEqual(len({o[:6] for o in options}), len(filters))

    def test_includes(self):
        kernels = {"a.cl": '#include "b.cl"\nA\n', "b.cl": '#include "c.cl"\nB\n', "c.cl": "C\n"}
        self.assertEqual(expand(kernels, "a.cl"), "C\nB\nA\n")
        kernels = {f"{stem}.cl": "" for stem in STEMS} | {"part.cl": "", "x.cl": ""}
        kernels["direct.cl"] = kernels["gemm.cl"] = '#include "part.cl"\n'
        self.assertEqual(programs.Programs.stems_of(kernels, "part.cl"), ["gemm", "direct"])
        self.assertEqual(programs.Programs.stems_of(kernels, "x.cl"), [])


if __name__ == "__main__":
    unittest.main()
