/* SPDX-License-Identifier: MIT */
/* Both oracles against published outputs: PyTorch's as the ONNX project has them, and the worked
 * examples the project began with (vectors.c). Run in this folder. */
#include "vectors.h"

#include "npy.h"
#include "suite.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool read_array(const vector *v, const char *name, npy_array *out)
{
    char path[600], why[900];
    snprintf(path, sizeof path, "vectors/%s/%s.npy", v->name, name);
    return npy_read(path, out, why, sizeof why);
}

static int64_t or_one(int64_t value)
{
    return value ? value : 1;
}

static clconv_problem problem_of(const vector *v, const npy_array *x, const npy_array *w, bool bias)
{
    const int64_t *const in = x->shape.dim, *const filter = w->shape.dim;
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.n = in[0], p.c = in[1], p.k = filter[0];
    p.groups = or_one(v->groups);
    if (v->shared) {
        p.shared = 1;
        p.k = filter[0] * p.c;
        p.reduce = v->mean ? CLCONV_REDUCE_MEAN : CLCONV_REDUCE_NONE;
    }
    for (int axis = 0; axis < 2; axis++) {
        p.in[axis] = in[2 + axis];
        p.kernel[axis] = filter[2 + axis];
        p.stride[axis] = or_one(v->stride[axis]);
        p.dilation[axis] = or_one(v->dilation[axis]);
        p.pad_before[axis] = v->pad[2 * axis];
        p.pad_after[axis] = v->pad[2 * axis + 1];
    }
    static const char *const modes[] = {"", "reflect", "replicate", "circular"};
    for (int mode = CLCONV_PAD_REFLECT; v->mode && mode <= CLCONV_PAD_CIRCULAR; mode++)
        if (!strcmp(v->mode, modes[mode]))
            p.pad_mode = mode;
    p.b.dtype = bias ? CLCONV_F32 : 0;
    return p;
}

/* The float32 elements as doubles; NULL for no array. */
static double *numbers(const npy_array *from)
{
    const size_t count = from->bytes / sizeof(float);
    const float *const element = from->data;
    double *const out = element ? malloc(count * sizeof *out) : NULL;
    for (size_t i = 0; out && i < count; i++)
        out[i] = element[i];
    return out;
}

/* The published float is within gamma(terms + 2) * mag of the exact sum, as any output is. */
static void check_vector(const vector *v)
{
    npy_array x, w, b = {.data = NULL}, wanted;
    assert_true(read_array(v, "x", &x) && read_array(v, "w", &w));
    assert_true(read_array(v, v->wanted, &wanted));
    const bool bias = read_array(v, "b", &b);
    const clconv_problem p = problem_of(v, &x, &w, bias);
    oracle_shape shape;
    assert_true(oracle_output(&p, &shape));
    const int64_t counted[] = {shape.n, shape.k, shape.p, shape.q};
    assert_memory_equal(counted, wanted.shape.dim, sizeof counted);
    double *const y = calloc(2 * shape.y, sizeof *y), *const mag = y + shape.y;
    int64_t *const terms = calloc(shape.y, sizeof *terms);
    npy_array *const arrays[] = {&x, &w, &b, &wanted};
    double *number[4];
    for (size_t i = 0; i < 4; i++) {
        assert_true(!arrays[i]->data || arrays[i]->dtype == CLCONV_F32);
        number[i] = numbers(arrays[i]);
        npy_free(arrays[i]);
    }
    const judge_rule rule = {.dtype = CLCONV_F32, .mean = v->mean};
    const oracle_inputs in = {.x = number[0], .w = number[1], .b = number[2]};
    oracle_scatter(&p, &in, y, mag, terms);
    assert_int_equal(compare_outputs(number[3], y, mag, terms, shape.y, &rule).bad, 0);
    oracle_gather(&p, &in, y, mag, terms);
    assert_int_equal(compare_outputs(number[3], y, mag, terms, shape.y, &rule).bad, 0);
    free(y);
    free(terms);
    for (size_t i = 0; i < 4; i++)
        free(number[i]);
}

static void test_published(void **state)
{
    (void)state;
    size_t checked = 0;
    for (const vector *v = vectors; v->name; v++)
        if (v->wanted && !v->line) {
            check_vector(v);
            checked++;
        }
    assert_int_equal(checked, 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_published)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
