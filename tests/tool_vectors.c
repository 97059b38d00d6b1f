/* SPDX-License-Identifier: MIT */
/* `clconv run` against published outputs and against a plain loop in double.
 *
 * usage: tool_vectors CLCONV VECTORS
 *
 * The vectors are PyTorch's outputs as the ONNX project publishes them (1-D ones as 2-D of height
 * 1) and the worked examples the project began with. The bound per element is derived: a sum of L
 * float products in any order is within gamma(L + 1) * sum |terms| of the exact one (Higham,
 * Accuracy and Stability of Numerical Algorithms, 3.1); twice that where the other side is rounded
 * too. */
#include "npy.h"
#include "run_tool.h"
#include "vectors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { X, W, B, GOT, WANTED, ARRAYS };
static const char *const stem[ARRAYS] = {"x", "w", "b", "got", NULL};

/* ---- The plain loop ----------------------------------------------------------------------- */

typedef struct sums {
    double value, magnitude; /* of the terms, and of their absolute values */
    int64_t terms;
} sums;

static int64_t or_one(int64_t value)
{
    return value ? value : 1;
}

/* What stands at a position of an axis: of the image where padding is made of it. */
static int64_t looked_up(const vector *v, int64_t at, int64_t size)
{
    const char *const mode = v->mode ? v->mode : "";
    if (!strcmp(mode, "circular"))
        return (at + size) % size;
    if (!strcmp(mode, "replicate"))
        return at < 0 ? 0 : at < size ? at : size - 1;
    if (!strcmp(mode, "reflect"))
        return at < 0 ? -at : at < size ? at : 2 * (size - 1) - at;
    return at;
}

/* Adds the window of input channels [first, first + count) under the weights from `w` on. */
static void add_window(const vector *v, const npy_array *x, const float *w, const int64_t kernel[2],
                       const int64_t at[3], int64_t first, int64_t count, sums *s)
{
    const int64_t *size = x->shape.dim;
    const float *data = x->data;
    for (int64_t c = first; c < first + count; c++)
        for (int64_t r = 0; r < kernel[0]; r++)
            for (int64_t q = 0; q < kernel[1]; q++, w++) {
                const int64_t row = looked_up(
                    v, at[1] * or_one(v->stride[0]) - v->pad[0] + r * or_one(v->dilation[0]),
                    size[2]);
                const int64_t col = looked_up(
                    v, at[2] * or_one(v->stride[1]) - v->pad[2] + q * or_one(v->dilation[1]),
                    size[3]);
                if (row < 0 || row >= size[2] || col < 0 || col >= size[3])
                    continue;
                const double term =
                    (double)*w *
                    (double)data[((at[0] * size[1] + c) * size[2] + row) * size[3] + col];
                s->value += term;
                s->magnitude += fabs(term);
                s->terms++;
            }
}

static void add_bias(const npy_array *b, int64_t k, sums *s)
{
    if (!b->data)
        return;
    const double bias = (double)((const float *)b->data)[k];
    s->value += bias;
    s->magnitude += fabs(bias);
    s->terms++;
}

/* Output channel k of a shared kernel at (image, row, column). */
static sums shared_output(const vector *v, const npy_array *a, int64_t k, const int64_t at[3])
{
    const int64_t *size = a[W].shape.dim, filters = size[0];
    const bool reduces = v->sum || v->mean;
    const int64_t from = reduces ? 0 : k / filters, to = reduces ? a[X].shape.dim[1] : from + 1;
    const float *w = (const float *)a[W].data + k % filters * size[2] * size[3];
    sums s = {0, 0, 0};
    for (int64_t c = from; c < to; c++) {
        add_window(v, &a[X], w, size + 2, at, c, 1, &s);
        add_bias(&a[B], k % filters, &s);
    }
    const double divisor = v->mean ? (double)(to - from) : 1;
    return (sums){s.value / divisor, s.magnitude / divisor, s.terms + 1};
}

/* Output channel k of a grouped convolution: its group is found by walking over them. */
static sums grouped_output(const vector *v, const npy_array *a, int64_t k, int64_t channels,
                           const int64_t at[3])
{
    const int64_t *kernel = a[W].shape.dim + a[W].shape.rank - 2;
    const float *w = a[W].data;
    int64_t first = 0, last = 0;
    for (int64_t g = 0;; g++) {
        const int64_t in = v->in[0] ? v->in[g] : a[X].shape.dim[1] / or_one(v->groups);
        const int64_t out = v->out[0] ? v->out[g] : channels / or_one(v->groups);
        if (k < last + out) {
            sums s = {0, 0, 0};
            w += (k - last) * in * kernel[0] * kernel[1];
            add_window(v, &a[X], w, kernel, at, first, in, &s);
            add_bias(&a[B], k, &s);
            return s;
        }
        w += out * in * kernel[0] * kernel[1];
        first += in;
        last += out;
    }
}

/* ---- The judge ---------------------------------------------------------------------------- */

/* gamma(n) for float: n roundings of relative size 2^-24. */
static double gamma_float(int64_t n)
{
    const double u = (double)n * ldexp(1, -24);
    return u / (1 - u);
}

/* Counts the elements of `got` outside their bound. */
static size_t judge(const vector *v, const npy_array *a)
{
    const int64_t *y = a[GOT].shape.dim;
    const float *got = a[GOT].data, *wanted = a[WANTED].data;
    size_t bad = 0, i = 0;
    for (int64_t n = 0; n < y[0]; n++)
        for (int64_t k = 0; k < y[1]; k++)
            for (int64_t p = 0; p < y[2]; p++)
                for (int64_t q = 0; q < y[3]; q++, i++) {
                    const int64_t at[3] = {n, p, q};
                    const sums s =
                        v->shared ? shared_output(v, a, k, at) : grouped_output(v, a, k, y[1], at);
                    const double bound = gamma_float(s.terms + 1) * s.magnitude;
                    const bool right = fabs((double)got[i] - s.value) <= bound;
                    const bool same =
                        !wanted || fabs((double)got[i] - (double)wanted[i]) <= 2 * bound;
                    if ((!right || !same) && bad++ == 0)
                        fprintf(stderr,
                                "%s: [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                                "] is %.9g, should be %.9g within %.3g (published: %.9g)\n",
                                v->name, n, k, p, q, (double)got[i], s.value, bound,
                                wanted ? (double)wanted[i] : NAN);
                }
    return bad;
}

/* PyTorch's formula; the number of channels by counting. */
static void expected_shape(const vector *v, const npy_array *a, int64_t y[4])
{
    const int64_t *x = a[X].shape.dim, *w = a[W].shape.dim, *kernel = w + a[W].shape.rank - 2;
    y[0] = x[0];
    y[1] = v->shared && !v->sum && !v->mean ? w[0] * x[1] : w[0];
    if (v->out[0])
        y[1] = v->out[0] + v->out[1] + v->out[2] + v->out[3];
    for (int i = 0; i < 2; i++)
        y[2 + i] = (x[2 + i] + v->pad[2 * i] + v->pad[2 * i + 1] -
                    or_one(v->dilation[i]) * (kernel[i] - 1) - 1) /
                       or_one(v->stride[i]) +
                   1;
}

/* ---- Files and command lines -------------------------------------------------------------- */

static void path_of(char *path, size_t room, const char *folder, const char *name)
{
    snprintf(path, room, "%s/%s.npy", folder, name);
}

/* Writes an array of made-up values in [-1, 1) with full mantissas. */
static void make_array(const char *folder, const char *name, clconv_shape shape, uint32_t seed)
{
    char path[600], why[900];
    size_t count = 1;
    for (int32_t i = 0; i < shape.rank; i++)
        count *= (size_t)shape.dim[i];
    float *data = malloc((count + 1) * sizeof *data);
    for (size_t i = 0; data && i < count; i++) {
        seed = seed * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        data[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
    }
    const npy_array array = {CLCONV_F32, shape, count * sizeof *data, data};
    path_of(path, sizeof path, folder, name);
    if (!data || !npy_write(path, &array, why, sizeof why)) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(1);
    }
    free(data);
}

static void make_arrays(const vector *v, const char *folder)
{
    const int64_t *w = v->w;
    const clconv_shape x = {4, {v->x[0], v->x[1], v->x[2], v->x[3]}};
    const clconv_shape blocks = {3, {w[0], w[2], w[3]}}, usual = {4, {w[0], w[1], w[2], w[3]}};
    int64_t outputs = v->out[0] + v->out[1] + v->out[2] + v->out[3];
    make_array(folder, "x", x, 1);
    make_array(folder, "w", w[1] ? usual : blocks, 2);
    if (v->bias)
        make_array(folder, "b", (clconv_shape){1, {outputs ? outputs : w[0]}}, 3);
}

/* "3,3,2" of a table ended by 0, with its option in front; "" for none. */
static size_t table_option(char *text, size_t room, const char *option, const int64_t *table)
{
    size_t used = 0;
    for (int i = 0; i < 4 && table[i] && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s%" PRId64, i ? "," : option,
                                 i ? "" : " ", table[i]);
    return used;
}

/* Takes dimension `at` out of the shape, or puts a 1 there: the data stay. */
static void drop(clconv_shape *shape, int32_t at)
{
    memmove(shape->dim + at, shape->dim + at + 1,
            (size_t)(--shape->rank - at) * sizeof *shape->dim);
}

static void restore(clconv_shape *shape, int32_t at)
{
    memmove(shape->dim + at + 1, shape->dim + at, (size_t)(shape->rank - at) * sizeof *shape->dim);
    shape->dim[at] = 1;
    shape->rank++;
}

/* x and w as the tool is to see them: <folder>/seen-x.npy, seen-w.npy. */
static void make_seen(const vector *v, const char *inputs, const char *folder)
{
    static const char *const names[] = {"x", "w"}, *const seen[] = {"seen-x", "seen-w"};
    for (int i = 0; i < 2; i++) {
        char path[600], why[900];
        npy_array array = {.data = NULL};
        path_of(path, sizeof path, inputs, names[i]);
        bool good = npy_read(path, &array, why, sizeof why);
        if (good && v->line)
            drop(&array.shape, array.shape.rank - 2);
        if (good && v->alone && i == 0)
            drop(&array.shape, 0);
        path_of(path, sizeof path, folder, seen[i]);
        good = good && npy_write(path, &array, why, sizeof why);
        npy_free(&array);
        if (!good) {
            fprintf(stderr, "%s\n", why);
            exit(1);
        }
    }
}

/* What y lacks beside a plane of several images; its rank must show it. */
static bool restore_output(const vector *v, npy_array *y)
{
    if (y->shape.rank != 4 - v->line - v->alone)
        return false;
    if (v->alone)
        restore(&y->shape, 0);
    if (v->line)
        restore(&y->shape, 2);
    return true;
}

static tool_result run_vector(const vector *v, const char *tool, const char *inputs,
                              const char *folder, bool bias)
{
    char line[4000], padding[200] = "same", steps[200];
    char *argv[TOOL_ARGUMENTS];
    if (v->line) {
        if (!v->same)
            snprintf(padding, sizeof padding, "%" PRId64 ",%" PRId64, v->pad[2], v->pad[3]);
        snprintf(steps, sizeof steps, "--stride %" PRId64 " --dilation %" PRId64,
                 or_one(v->stride[1]), or_one(v->dilation[1]));
    } else
        snprintf(steps, sizeof steps,
                 "--stride %" PRId64 ",%" PRId64 " --dilation %" PRId64 ",%" PRId64,
                 or_one(v->stride[0]), or_one(v->stride[1]), or_one(v->dilation[0]),
                 or_one(v->dilation[1]));
    if (!v->same && !v->line)
        snprintf(padding, sizeof padding, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, v->pad[0],
                 v->pad[1], v->pad[2], v->pad[3]);
    size_t used = (size_t)snprintf(
        line, sizeof line,
        "%s run --x %s/seen-x.npy --w %s/seen-w.npy --y %s/got.npy --padding %s %s%s%s%s ", tool,
        folder, folder, folder, padding, steps, v->shared ? " --shared" : "",
        v->sum ? " --reduce sum" : "", v->mean ? " --reduce mean" : "");
    if (bias)
        used += (size_t)snprintf(line + used, sizeof line - used, " --b %s/b.npy ", inputs);
    if (v->mode)
        used += (size_t)snprintf(line + used, sizeof line - used, " --padding-mode %s ", v->mode);
    if (v->groups && !v->out[0])
        used +=
            (size_t)snprintf(line + used, sizeof line - used, " --groups %" PRId64 " ", v->groups);
    used += table_option(line + used, sizeof line - used, " --group-in", v->in);
    table_option(line + used, sizeof line - used, " --group-out", v->out);
    split_words(line, argv, 0);
    return run_tool(argv);
}

static bool read_arrays(const vector *v, const char *inputs, const char *folder, npy_array *a)
{
    char path[600], why[900] = "";
    bool good = true;
    for (size_t i = 0; i < ARRAYS; i++) {
        const char *name = i == WANTED ? v->wanted : stem[i];
        if (!name)
            continue;
        path_of(path, sizeof path, i == GOT ? folder : inputs, name);
        if (!npy_read(path, &a[i], why, sizeof why) && i != B) {
            fprintf(stderr, "%s\n", why);
            good = false;
        }
    }
    return good;
}

/* 0 right, 1 wrong, 77 no device. */
static int check_vector(const vector *v, const char *tool, const char *source, const char *folder)
{
    char inputs[500], bias_path[600], why[900];
    npy_array a[ARRAYS] = {{.data = NULL}}, bias = {.data = NULL};
    snprintf(inputs, sizeof inputs, "%s/%s", source, v->name);
    if (!v->wanted) {
        snprintf(inputs, sizeof inputs, "%s", folder);
        make_arrays(v, folder);
    }
    path_of(bias_path, sizeof bias_path, inputs, "b");
    make_seen(v, inputs, folder);
    const bool has_bias = npy_read(bias_path, &bias, why, sizeof why);
    npy_free(&bias);
    const tool_result result = run_vector(v, tool, inputs, folder, has_bias);
    int verdict = result.status == 77 ? 77 : 1;
    if (result.status || result.lines || result.printed)
        fprintf(stderr, "%s: exit %d, %zu bytes on stdout, and\n%s", v->name, result.status,
                result.printed, result.errors);
    else if (read_arrays(v, inputs, folder, a)) {
        int64_t y[4];
        expected_shape(v, a, y);
        const bool shaped =
            restore_output(v, &a[GOT]) && memcmp(a[GOT].shape.dim, y, sizeof y) == 0;
        if (!shaped)
            fprintf(stderr, "%s: y has the wrong shape\n", v->name);
        verdict = shaped && a[GOT].dtype == CLCONV_F32 && judge(v, a) == 0 ? 0 : 1;
    }
    for (size_t i = 0; i < ARRAYS; i++)
        npy_free(&a[i]);
    return verdict;
}

int main(int argc, char **argv)
{
    char folder[300];
    size_t count = 0, wrong = 0;
    int verdict = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: tool_vectors CLCONV VECTORS\n");
        return 2;
    }
    for (; vectors[count].name && verdict != 77; count++) {
        if (!make_folder(folder, sizeof folder)) {
            perror(folder);
            return 1;
        }
        verdict = check_vector(&vectors[count], argv[1], argv[2], folder);
        wrong += verdict == 1;
        remove_folder(folder);
    }
    printf("%zu vectors, %zu wrong\n", count, wrong);
    return verdict == 77 ? 77 : wrong != 0;
}
