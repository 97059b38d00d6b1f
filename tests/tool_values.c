/* SPDX-License-Identifier: MIT */
/* `clconv run` in every type and layout, with epilogues and with zero points, against published
 * outputs.
 *
 * usage: tool_values CLCONV VECTORS
 *
 * ConvInteger and QLinearConv are the node tests of ONNX 1.12 (onnx/backend/test/case/node), which
 * are whole numbers: the files must be the same to the byte. The others are outputs of PyTorch in
 * float32 and the double example that the project began with. */
#include "npy.h"
#include "run_tool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *vector, *options;
    bool doubles, nhwc; /* the vector's float32 NCHW arrays go in so */
    bool relu;          /* y = relu(conv + 2 * y of the vector) */
    double bound;       /* of the difference; 0 = none */
} row;

static const row rows[] = {
    {"onnx_ConvInteger", "--x-zero 1", .bound = 0},
    {"onnx_ConvInteger_padded", "--x-zero 1 --padding 1", .bound = 0},
    {"onnx_QLinearConv",
     "--y-dtype uint8 --x-zero 132 --w-zero 255 --y-zero 123 --x-scale 0.00369204697 "
     "--w-scale 0.00172794575 --y-scale 0.00162681262",
     .bound = 0},
    {"seed_double_two_groups", "--groups 2", .bound = 1e-12},
    {"onnx_Conv2d_groups", "--groups 2", .doubles = true, .bound = 1e-5},
    {"onnx_Conv2d_groups", "--groups 2 --layout nhwc", .nhwc = true, .bound = 1e-5},
    {"onnx_Conv2d_depthwise_with_multiplier", "--groups 4 --layout nhwc", .nhwc = true,
     .bound = 1e-5},
    {"onnx_Conv2d_padding", "--stride 2 --padding 1 --layout nhwc", .nhwc = true, .doubles = true,
     .bound = 1e-5},
    {"onnx_Conv2d_groups", "--groups 2 --activation relu --beta 2", .relu = true, .bound = 1e-5},
    {"onnx_Conv2d_groups", "--groups 2 --layout nhwc --activation clip:0,1000 --beta 2",
     .nhwc = true, .relu = true, .bound = 1e-5},
};

/* ---- Arrays ------------------------------------------------------------------------------- */

static npy_array read_array(const char *path)
{
    npy_array array;
    char why[5000];
    if (npy_read(path, &array, why, sizeof why))
        return array;
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static double value_at(const npy_array *a, size_t i)
{
    return a->dtype == CLCONV_F64   ? ((const double *)a->data)[i]
           : a->dtype == CLCONV_F32 ? (double)((const float *)a->data)[i]
           : a->dtype == CLCONV_I32 ? ((const int32_t *)a->data)[i]
           : a->dtype == CLCONV_I8  ? ((const int8_t *)a->data)[i]
                                    : ((const uint8_t *)a->data)[i];
}

static size_t elements(const npy_array *a)
{
    size_t count = 1;
    for (int32_t i = 0; i < a->shape.rank; i++)
        count *= (size_t)a->shape.dim[i];
    return count;
}

/* Where element i of an array (A, B, C, D) lies in one (A, C, D, B), or there where it lay. */
static size_t moved(const clconv_shape *shape, size_t i, bool nhwc)
{
    if (!nhwc || shape->rank != 4)
        return i;
    const size_t b = (size_t)shape->dim[1], plane = (size_t)(shape->dim[2] * shape->dim[3]);
    return (i / plane / b * plane + i % plane) * b + i / plane % b;
}

static void write_converted(const npy_array *from, const row *v, const char *path)
{
    char why[5000];
    const size_t count = elements(from);
    npy_array to = {.dtype = v->doubles ? CLCONV_F64 : CLCONV_F32, .shape = from->shape};
    to.bytes = count * (v->doubles ? sizeof(double) : sizeof(float));
    to.data = malloc(to.bytes);
    for (size_t i = 0; i < count; i++) {
        const size_t at = moved(&from->shape, i, v->nhwc);
        if (v->doubles)
            ((double *)to.data)[at] = value_at(from, i);
        else
            ((float *)to.data)[at] = (float)value_at(from, i);
    }
    if (v->nhwc && from->shape.rank == 4) {
        const int64_t *const d = from->shape.dim;
        to.shape = (clconv_shape){4, {d[0], d[2], d[3], d[1]}};
    }
    if (!npy_write(path, &to, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    npy_free(&to);
}

/* ---- A run -------------------------------------------------------------------------------- */

static bool compare(const row *v, const npy_array *wanted, const npy_array *got)
{
    if (elements(wanted) != elements(got) || (!v->bound && wanted->dtype != got->dtype)) {
        fprintf(stderr, "%s %s: another shape or type\n", v->vector, v->options);
        return false;
    }
    for (size_t i = 0; i < elements(wanted); i++) {
        const double y = value_at(wanted, i), sum = v->relu ? fmax(3 * y, 0) : y;
        const double real = value_at(got, moved(&wanted->shape, i, v->nhwc));
        if (!(fabs(real - sum) <= v->bound)) {
            fprintf(stderr, "%s %s: element %zu is %.9g, not %.9g\n", v->vector, v->options, i,
                    real, sum);
            return false;
        }
    }
    return true;
}

/* Puts --NAME FILE into the line, of the vector's array, if there is one. */
static void add_file(const row *v, const char *folder, const char *vectors, const char *name,
                     const char *option, char *line, size_t room)
{
    char from[2048], to[2048];
    snprintf(from, sizeof from, "%s/%s/%s.npy", vectors, v->vector, name);
    FILE *const file = fopen(from, "r");
    if (!file)
        return;
    fclose(file);
    npy_array array = read_array(from);
    snprintf(to, sizeof to, "%s/%s.npy", folder, option);
    if (array.dtype == CLCONV_F32)
        write_converted(&array, v, to);
    else
        snprintf(to, sizeof to, "%s", from);
    npy_free(&array);
    snprintf(line + strlen(line), room - strlen(line), " --%s %s", option, to);
}

static int check(const row *v, char *tool, const char *vectors, const char *folder)
{
    char line[16384], got_path[2048], wanted_path[2048], *argv[TOOL_ARGUMENTS + 1] = {tool};
    snprintf(line, sizeof line, "run %s", v->options);
    add_file(v, folder, vectors, "x", "x", line, sizeof line);
    add_file(v, folder, vectors, "w", "w", line, sizeof line);
    add_file(v, folder, vectors, "b", "b", line, sizeof line);
    if (v->relu)
        add_file(v, folder, vectors, "y", "residual", line, sizeof line);
    snprintf(got_path, sizeof got_path, "%s/y.npy", folder);
    snprintf(wanted_path, sizeof wanted_path, "%s/%s/y.npy", vectors, v->vector);
    snprintf(line + strlen(line), sizeof line - strlen(line), " --y %s", got_path);
    argv[split_words(line, argv, 1)] = NULL;
    const tool_result result = run_tool(argv);
    if (v->doubles && result.status == 1 && strstr(result.errors, "cl_khr_fp64"))
        return 0; /* a device without doubles says so */
    if (result.status) {
        fprintf(stderr, "%s %s: %s\n", v->vector, v->options, result.errors);
        return result.status;
    }
    npy_array wanted = read_array(wanted_path), got = read_array(got_path);
    const bool good = compare(v, &wanted, &got);
    npy_free(&wanted);
    npy_free(&got);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    char folder[1024];
    int status = 0;
    if (argc != 3 || !make_folder(folder, sizeof folder)) {
        fprintf(stderr, "usage: tool_values CLCONV VECTORS\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status != 77; i++) {
        const int one = check(&rows[i], argv[1], argv[2], folder);
        status = one ? one : status;
    }
    remove_folder(folder);
    return status;
}
