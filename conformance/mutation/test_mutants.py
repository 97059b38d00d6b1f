# SPDX-License-Identifier: MIT
"""Tokens, operators and names of mutants. Needs no device: python3 -m unittest, in conformance/."""
import re
import unittest
from pathlib import Path

from mutation.mutants import mutants_of, population, shuffled
from mutation.operators import OPERATORS
from mutation.source import Source

KERNELS = {p.name: p.read_text(encoding="utf-8")
           for p in (Path(__file__).resolve().parents[2] / "kernels/cl").glob("*.cl")}


def changed(operator, line, file="k.cl"):
    """The line's mutants by one operator."""
    text = line + "\n"
    return [text[:e.start].strip("\n") + e.text + text[e.end:].strip("\n")
            for e in OPERATORS[operator](Source(file, text))]


class Tokens(unittest.TestCase):
    def words(self, text):
        return [t.text for t in Source("k.cl", text).tokens]

    def test_comments_and_strings(self):
        text = 'a /* b < c\n */ + // d\n"e < \\" f" _Pragma("g") 1.5e-3f 0x1fu <<= -> ++'
        self.assertEqual(self.words(text), ["a", "+", '"e < \\" f"', "_Pragma", "(", '"g"', ")",
                                            "1.5e-3f", "0x1fu", "<<=", "->", "++"])

    def test_directives(self):
        source = Source("k.cl", "#define F(a, b) \\\n    ((a) + b)\n"
                                "#if X > 1 && Y\nint c;\n#endif\n")
        heads = [t.text for t in source.tokens if t.head]
        self.assertEqual(heads, ["#", "define", "F", "(", "a", ",", "b", ")", "#", "if", "#",
                                 "endif"])
        self.assertEqual([t.text for t in source.tokens if not t.directive], ["int", "c", ";"])

    def test_every_kernel_is_read_whole(self):
        for name, text in KERNELS.items():
            source = Source(name, text)
            self.assertGreater(len(source.tokens), 50, name)
            code = re.sub(r"/\*.*?\*/|//[^\n]*|\\\n|\s", "", text, flags=re.S)
            self.assertEqual("".join(t.text for t in source.tokens).replace(" ", ""), code, name)
            for i, token in enumerate(source.tokens):
                self.assertEqual(text[token.start:token.end], token.text)
                if token.text in "()[]{}":
                    self.assertIn(i, source.partner, f"{name}:{source.line_of(token.start)}")


class Operators(unittest.TestCase):
    def test_swap_axis(self):
        self.assertEqual(changed("swap-axis", "const int top = p * STRIDE_H - pad_top;"),
                         ["const int top = q * STRIDE_H - pad_top;",
                          "const int top = p * STRIDE_W - pad_top;",
                          "const int top = p * STRIDE_H - pad_left;"])

    def test_swap_index(self):
        self.assertEqual(changed("swap-index", "x = n * x_image;"),
                         ["x = k * x_image;", "x = n * y_image;"])

    def test_comparison(self):
        self.assertEqual(changed("comparison", "for (i = 0; i < n; i++)"),
                         ["for (i = 0; i <= n; i++)"])
        self.assertEqual(changed("comparison", "#if A == 1"), ["#if A != 1"])

    def test_negate(self):
        self.assertEqual(changed("negate", "if (a && b) c = f(d) ? e : g;"),
                         ["if (!(a && b)) c = f(d) ? e : g;", "if (a && b) c = !(f(d)) ? e : g;"])

    def test_constant(self):
        self.assertEqual(changed("constant", "a = 0;"), ["a = 1;"])
        self.assertEqual(changed("constant", "a = b + 2;"), ["a = b + 3;", "a = b + 1;"])
        self.assertEqual(changed("constant", "a = 1.0f;"), ["a = 2.0f;", "a = 0.0f;"])

    def test_arithmetic_leaves_signs_casts_and_pointers(self):
        self.assertEqual(changed("arithmetic", "float *p = (long)-a * b; *p = -c; f(&d, *e);"),
                         ["float *p = (long)-a + b; *p = -c; f(&d, *e);"])

    def test_arithmetic_behind_a_bracket(self):
        self.assertEqual(changed("arithmetic", "return (a) & (b); if (c) *p = 1;"),
                         ["return (a) | (b); if (c) *p = 1;"])

    def test_drop_term(self):
        found = changed("drop-term", "i = (long)g * h + f(k) - 1;")
        self.assertEqual([" ".join(c.split()) for c in found],
                         ["i = (long)g + f(k) - 1;", "i = h + f(k) - 1;",
                          "i = (long)g * h - 1;", "i = f(k) - 1;", "i = (long)g * h + f(k) ;"])

    def test_swap_arguments(self):
        self.assertEqual(changed("swap-arguments", "y = f(a[b, c], g(d), a[b, c]);"),
                         ["y = f(g(d), a[b, c], a[b, c]);", "y = f(a[b, c], a[b, c], g(d));"])
        self.assertEqual(changed("swap-arguments", "y = fma(a, b, c);"), ["y = fma(a, c, b);"])
        self.assertEqual(changed("swap-arguments", "static float f(const int a, const int b)"), [])

    def test_barrier(self):
        self.assertEqual(changed("barrier", "a; barrier(CLK_LOCAL_MEM_FENCE); b; mem_fence(f(1));"),
                         ["a; ; b; mem_fence(f(1));", "a; barrier(CLK_LOCAL_MEM_FENCE); b; ;"])

    def test_drop_guard(self):
        self.assertEqual(changed("drop-guard", "if (a >= n || b) return; c;"),
                         ["; c;", "if (b) return; c;", "if (a >= n ) return; c;"])
        self.assertEqual(changed("drop-guard", "if (i < n) y[i] = a;"), [" y[i] = a;"])
        self.assertEqual(changed("drop-guard", "if (i) a; else b;"), [])

    def test_unit_step(self):
        self.assertEqual(changed("unit-step", "a = p * STRIDE_H + r * dilation_w;"),
                         ["a = p * 1 + r * dilation_w;", "a = p * STRIDE_H + r * 1;"])

    def test_narrow(self):
        self.assertEqual(changed("narrow-sum", "s = fma(a, b[c], s);"),
                         ["s = ((fma(a, b[c], s) + 1024.0f) - 1024.0f);"])
        arguments = "#define ARGS const long a, const int b"
        self.assertEqual(changed("narrow-argument", arguments, "common.cl"),
                         ["#define ARGS const int a, const int b"])
        self.assertEqual(changed("narrow-argument", arguments), [])

    def test_skip_last(self):
        self.assertEqual(changed("skip-last", "for (int i = 0; i < min(a, b); i++)"),
                         ["for (int i = 0; i < min(a, b) - 1; i++)"])

    def test_shift_index(self):
        self.assertEqual(changed("shift-index", "float v[3]; a = w[i];"),
                         ["float v[3]; a = w[i - 1];", "float v[3]; a = w[i + 1];"])
        self.assertEqual(changed("shift-index", "a = x + x_offset + b;"),
                         ["a = x + x_offset - 1 + b;", "a = x + x_offset + 1 + b;"])

    def test_stale(self):
        self.assertEqual([c.strip() for c in changed("stale", "float s = 0.0f;")], ["float s ;"])
        self.assertEqual([c.strip() for c in changed("stale", "real s = 0; int i = 0;")],
                         ["real s ; int i = 0;"])
        self.assertEqual(changed("stale", "WRITE(y, at + 1, sum);"),
                         ["WRITE(y, at + 1, READ(y, at + 1) + sum);"])
        self.assertEqual(changed("stale", "sum[i][j] = 0.0f;"), [";", "sum[i][j] += 0.0f;"])
        self.assertEqual(changed("stale", "*out = a;"), ["*out += a;"])
        self.assertEqual(changed("stale", "global float *p = a; float v[2] = b;"), [])

    def test_fix_value(self):
        self.assertEqual(changed("fix-value", "f(has_bias, divisor);"),
                         ["f(0, divisor);", "f(1, divisor);", "f(has_bias, 1.0f);"])


class Names(unittest.TestCase):
    def test_every_file_and_operator_has_mutants(self):
        mutants = population(KERNELS)
        self.assertEqual({m.file for m in mutants}, set(KERNELS))
        self.assertEqual({m.operator for m in mutants} | {"barrier"}, set(OPERATORS))
        self.assertEqual(len({m.id for m in mutants}), len(mutants))
        self.assertEqual(len({(m.file, m.text) for m in mutants}), len(mutants))

    def test_ids_outlive_other_lines(self):
        text = KERNELS["naive.cl"]
        before = {m.id for m in mutants_of("naive.cl", text)}
        after = {m.id for m in mutants_of("naive.cl", "/* one\n more */\n" + text)}
        self.assertEqual(before, after)
        edited = text.replace("real sum = 0;", "real sum = 3;")
        self.assertLess(len(before - {m.id for m in mutants_of("naive.cl", edited)}), 10)
        self.assertNotEqual(before, {m.id for m in mutants_of("naive.cl", edited)})

    def test_equal_lines_differ_in_id(self):
        ids = [m.id for m in mutants_of("k.cl", "a < b;\na < b;\n")]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(len(ids), 2)

    def test_speed_alone_is_left_out(self):
        self.assertEqual(mutants_of("k.cl", "#if A <= 7\n#define UNROLL_ROW UNROLL\n#endif\n"), [])
        self.assertEqual(len(mutants_of("k.cl", "#if A <= 7\n#define STEPS a\n#endif\n")), 3)

    def test_samples_are_spread_and_depend_on_the_seed(self):
        mutants = population(KERNELS)
        one, two = ([m.id for m in shuffled(mutants, seed)[:300]] for seed in (1, 2))
        self.assertEqual(one, [m.id for m in shuffled(list(reversed(mutants)), 1)[:300]])
        self.assertLess(len(set(one) & set(two)), 200)
        strata = {m.stratum for m in mutants}
        self.assertEqual({m.stratum for m in shuffled(mutants, 1)[:len(strata)]}, strata)


if __name__ == "__main__":
    unittest.main()
