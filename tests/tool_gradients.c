/* SPDX-License-Identifier: MIT */
/* `clconv run --direction ...` against published transposed convolutions and a plain loop in
 * double.
 *
 * usage: tool_gradients CLCONV VECTORS
 *
 * The bound per element is that of tool_vectors.c: gamma(L + 1) * sum |terms| for L terms, twice
 * that beside a published output, which is rounded too. */
#include "npy.h"
#include "run_tool.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { X, W, B, Y, TENSORS };

/* A convolution of x with w under `options`, which say what the numbers say. */
typedef struct row {
    const char *folder; /* published: x.npy is y here, w.npy, b.npy, and y.npy what x must be */
    const char *options;
    int64_t x[4], w[4];
    int64_t stride[2], pad[4], dilation[2], groups, bias; /* elements of b, 0 = none */
    bool reflect;
} row;

static const row rows[] = {
    {.folder = "onnx_ConvTranspose2d",
     .options = "--stride 3,2 --padding 1 --output-padding 1",
     .x = {1, 4, 20, 12},
     .w = {3, 4, 3, 3},
     .stride = {3, 2},
     .pad = {1, 1, 1, 1},
     .dilation = {1, 1},
     .groups = 1,
     .bias = 4},
    {.folder = "onnx_ConvTranspose2d_no_bias",
     .options = "--stride 2,3 --padding 1 --output-padding 1,1",
     .x = {1, 4, 12, 20},
     .w = {3, 4, 3, 3},
     .stride = {2, 3},
     .pad = {1, 1, 1, 1},
     .dilation = {1, 1},
     .groups = 1},
    {.folder = "onnx_operator_convtranspose",
     .options = "--stride 3 --padding 1 --output-padding 2",
     .x = {2, 3, 12, 15},
     .w = {3, 3, 3, 3},
     .stride = {3, 3},
     .pad = {1, 1, 1, 1},
     .dilation = {1, 1},
     .groups = 1},
    {.options = "--stride 2,1 --padding 1,0,2,3 --dilation 1,2 --groups 2",
     .x = {2, 4, 7, 6},
     .w = {6, 2, 3, 2},
     .stride = {2, 1},
     .pad = {1, 0, 2, 3},
     .dilation = {1, 2},
     .groups = 2,
     .bias = 6},
    {.options = "--padding 2,1 --groups 3 --padding-mode reflect",
     .x = {2, 3, 5, 4},
     .w = {6, 1, 3, 3},
     .stride = {1, 1},
     .pad = {2, 2, 1, 1},
     .dilation = {1, 1},
     .groups = 3,
     .bias = 6,
     .reflect = true},
};

/* ---- The plain loop ----------------------------------------------------------------------- */

/* Per element: the sum, that of the magnitudes, and how many were added. */
typedef struct sums {
    double *value, *magnitude, *terms;
} sums;

static sums make_sums(size_t count)
{
    double *const all = calloc(3 * count, sizeof *all);
    if (!all)
        exit(1);
    return (sums){all, all + count, all + 2 * count};
}

static void add(const sums *to, size_t at, double term)
{
    to->value[at] += term;
    to->magnitude[at] += fabs(term);
    to->terms[at]++;
}

static size_t elements(const int64_t dim[4])
{
    return (size_t)(dim[0] * dim[1] * dim[2] * dim[3]);
}

static void output_shape(const row *v, int64_t y[4])
{
    y[0] = v->x[0];
    y[1] = v->w[0];
    for (int i = 0; i < 2; i++)
        y[2 + i] = (v->x[2 + i] + v->pad[2 * i] + v->pad[2 * i + 1] -
                    v->dilation[i] * (v->w[2 + i] - 1) - 1) /
                       v->stride[i] +
                   1;
}

/* The row or column of the image under a tap, or -1. */
static int64_t under(const row *v, int axis, int64_t output, int64_t tap)
{
    const int64_t size = v->x[2 + axis];
    const int64_t at = output * v->stride[axis] - v->pad[2 * axis] + tap * v->dilation[axis];
    if (v->reflect)
        return at < 0 ? -at : at < size ? at : 2 * (size - 1) - at;
    return at < size ? at : -1;
}

/* Of output (n, k, p, q): what its gradient adds to those of the inputs and weights it was made of.
 */
static void add_output(const row *v, const float *const data[TENSORS], const int64_t at[4],
                       double dy, const sums out[TENSORS])
{
    const int64_t first = at[1] / (v->w[0] / v->groups) * v->w[1]; /* channel of x */
    for (int64_t c = 0; c < v->w[1]; c++)
        for (int64_t r = 0; r < v->w[2]; r++)
            for (int64_t s = 0; s < v->w[3]; s++) {
                const int64_t row_at = under(v, 0, at[2], r), column = under(v, 1, at[3], s);
                const size_t w = (size_t)(((at[1] * v->w[1] + c) * v->w[2] + r) * v->w[3] + s);
                if (row_at < 0 || column < 0)
                    continue;
                const int64_t plane = at[0] * v->x[1] + first + c;
                const size_t x = (size_t)((plane * v->x[2] + row_at) * v->x[3] + column);
                add(&out[X], x, dy * (double)data[W][w]);
                add(&out[W], w, dy * (double)data[X][x]);
            }
    if (v->bias)
        add(&out[B], (size_t)(v->folder ? 0 : at[1]), dy);
}

static void add_outputs(const row *v, const float *const data[TENSORS], const sums out[TENSORS])
{
    int64_t y[4];
    size_t i = 0;
    output_shape(v, y);
    for (int64_t n = 0; n < y[0]; n++)
        for (int64_t k = 0; k < y[1]; k++)
            for (int64_t p = 0; p < y[2]; p++)
                for (int64_t q = 0; q < y[3]; q++)
                    add_output(v, data, (const int64_t[]){n, k, p, q}, (double)data[Y][i++], out);
    for (size_t j = 0; v->folder && v->bias && j < elements(v->x); j++)
        add(&out[X], j, (double)data[B][j / (size_t)(v->x[2] * v->x[3]) % (size_t)v->bias]);
}

/* ---- Files -------------------------------------------------------------------------------- */

static float *read_floats(const char *folder, const char *name, size_t count)
{
    char path[600], why[900] = "another size";
    npy_array array = {.data = NULL};
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    if (npy_read(path, &array, why, sizeof why) && array.bytes == count * sizeof(float))
        return array.data;
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static void write_floats(const char *folder, const char *name, const int64_t dim[4], int32_t rank,
                         float *data)
{
    char path[600], why[900];
    const npy_array array = {
        CLCONV_F32, {rank, {dim[0], dim[1], dim[2], dim[3]}}, elements(dim) * sizeof *data, data};
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    if (!data || !npy_write(path, &array, why, sizeof why))
        exit(1);
    free(data);
}

/* Made-up values in [-1, 1) with full mantissas. */
static void make_floats(const char *folder, const char *name, const int64_t dim[4], uint32_t seed)
{
    float *const data = malloc(elements(dim) * sizeof *data);
    for (size_t i = 0; data && i < elements(dim); i++) {
        seed = seed * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        data[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
    }
    write_floats(folder, name, dim, 4, data);
}

static void copy_floats(const char *from, const char *its_name, const char *to, const char *name,
                        const int64_t dim[4], int32_t rank)
{
    write_floats(to, name, dim, rank, read_floats(from, its_name, elements(dim)));
}

/* ---- The judge ---------------------------------------------------------------------------- */

static size_t judge(const char *name, const float *got, const float *published, const sums *want,
                    size_t count)
{
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        const double u = (want->terms[i] + 1) * 0x1p-24;
        const double bound = u / (1 - u) * want->magnitude[i];
        const bool right = fabs((double)got[i] - want->value[i]) <= bound;
        const bool same = !published || fabs((double)got[i] - (double)published[i]) <= 2 * bound;
        if ((!right || !same) && bad++ == 0)
            fprintf(stderr, "%s: element %zu is %.9g, should be %.9g within %.3g\n", name, i,
                    (double)got[i], want->value[i], bound);
    }
    return bad;
}

/* Runs a gradient with files of `folder` ("dy", "w", NULL). 0 good, 77 no device, else 1. */
static int run(const row *v, const char *tool, const char *folder, const char *direction,
               const char *const *files, const char *more)
{
    char line[4000];
    char *argv[TOOL_ARGUMENTS];
    int used = snprintf(line, sizeof line, "%s run --direction %s %s %s", tool, direction,
                        v->options, more);
    for (; *files; files++)
        used += snprintf(line + used, sizeof line - (size_t)used, " --%s %s/%s.npy", *files, folder,
                         *files);
    split_words(line, argv, 0);
    const tool_result result = run_tool(argv);
    const bool good = result.status == 0 && result.lines == 0 && result.printed == 0;
    if (!good && result.status != 77)
        fprintf(stderr, "%s: exit %d and\n%s", direction, result.status, result.errors);
    return good ? 0 : result.status == 77 ? 77 : 1;
}

static const char *shape_option(char text[200], const char *option, const int64_t dim[4])
{
    snprintf(text, 200, "--%s %" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, option, dim[0], dim[1],
             dim[2], dim[3]);
    return text;
}

static size_t judge_file(const char *folder, const char *name, const float *published,
                         const sums *want, size_t count)
{
    float *const got = read_floats(folder, name, count);
    const size_t bad = judge(name, got, published, want, count);
    free(got);
    return bad;
}

/* The input of a published transposed convolution is dy here, its output dx. */
static int check_published(const row *v, const char *tool, const char *folder, float *data[TENSORS],
                           const sums out[TENSORS])
{
    static const char *const plain[] = {"dy", "w", "dx", NULL};
    static const char *const biased[] = {"dy", "w", "b", "dx", NULL};
    const int code = run(v, tool, folder, "backward-data", v->bias ? biased : plain, "");
    return code ? code : judge_file(folder, "dx", data[X], &out[X], elements(v->x)) != 0;
}

static int check_made(const row *v, const char *tool, const char *folder, const sums out[TENSORS])
{
    static const char *const data[] = {"dy", "w", "dx", NULL};
    static const char *const weights[] = {"dy", "x", "dw", "db", NULL};
    char text[200];
    int code = run(v, tool, folder, "backward-data", data, shape_option(text, "x-shape", v->x));
    if (!code)
        code =
            run(v, tool, folder, "backward-weights", weights, shape_option(text, "w-shape", v->w));
    if (code)
        return code;
    return judge_file(folder, "dx", NULL, &out[X], elements(v->x)) +
               judge_file(folder, "dw", NULL, &out[W], elements(v->w)) +
               judge_file(folder, "db", NULL, &out[B], (size_t)v->bias) !=
           0;
}

/* Published files come into the folder under the names that they have here. */
static void fill_folder(const row *v, const char *source, const char *folder)
{
    int64_t y[4];
    output_shape(v, y);
    if (!v->folder) {
        make_floats(folder, "x", v->x, 1);
        make_floats(folder, "w", v->w, 2);
        make_floats(folder, "dy", y, 3);
        return;
    }
    char published[500];
    snprintf(published, sizeof published, "%s/%s", source, v->folder);
    copy_floats(published, "y", folder, "x", v->x, 4);
    copy_floats(published, "w", folder, "w", v->w, 4);
    copy_floats(published, "x", folder, "dy", y, 4);
    if (v->bias)
        copy_floats(published, "b", folder, "b", (const int64_t[]){v->bias, 1, 1, 1}, 1);
}

static int check(const row *v, const char *tool, const char *source, const char *folder)
{
    int64_t y[4];
    output_shape(v, y);
    fill_folder(v, source, folder);
    const size_t count[TENSORS] = {elements(v->x), elements(v->w), (size_t)v->bias, elements(y)};
    sums out[TENSORS];
    float *data[TENSORS] = {read_floats(folder, "x", count[X]), read_floats(folder, "w", count[W]),
                            v->folder && v->bias ? read_floats(folder, "b", count[B]) : NULL,
                            read_floats(folder, "dy", count[Y])};
    for (int t = 0; t < TENSORS; t++)
        out[t] = make_sums(count[t] + 1);
    add_outputs(v, (const float *const *)data, out);
    const int code =
        v->folder ? check_published(v, tool, folder, data, out) : check_made(v, tool, folder, out);
    for (int t = 0; t < TENSORS; t++) {
        free(out[t].value);
        free(data[t]);
    }
    return code;
}

int main(int argc, char **argv)
{
    char folder[300];
    size_t wrong = 0;
    int code = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: tool_gradients CLCONV VECTORS\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows && code != 77; i++) {
        if (!make_folder(folder, sizeof folder)) {
            perror(folder);
            return 1;
        }
        code = check(&rows[i], argv[1], argv[2], folder);
        wrong += code == 1;
        remove_folder(folder);
    }
    printf("%zu convolutions, %zu wrong\n", sizeof rows / sizeof *rows, wrong);
    return code == 77 ? 77 : wrong != 0;
}
