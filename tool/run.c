/* SPDX-License-Identifier: MIT */
/* `clconv run`: one convolution from .npy files to a .npy file. */
#include "run.h"

#include <string.h>

static const tool_command command = {
    "--x x.npy --w w.npy [--b b.npy] --y y.npy [OPTION...]",
    "\nConvolves x with w as PyTorch's nn.Conv2d does (cross-correlation), adds b and writes y.\n"
    "Files are NumPy arrays in C order; y has x's type. Nothing is printed on success, and y is\n"
    "written only then. x without N is one image, and y has none either. x (N, C, L) or (C, L)\n"
    "with w (K, C/G, S) is nn.Conv1d. With --layout nhwc, x and y are (N, H, W, C), and w is\n"
    "(K, R, S, C/G). This version computes float32, nchw, forward; all else is checked and\n"
    "then refused.\n"
    "\n"
    "Examples\n"
    "  a 3x3 layer that keeps the image size\n"
    "    clconv run --x x.npy --w w.npy --b b.npy --y y.npy --padding same\n"
    "  depthwise, stride 2: x (N, 32, H, W), w (32, 1, 3, 3)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --groups 32 --stride 2 --padding 1\n"
    "  one blur for R, G and B: x (1, 3, H, W), w (1, 1, 5, 5), y (1, 3, P, Q)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --shared --padding 2\n"
    "  8 filters over 3 channels as groups of 3, 3 and 2: w (8, 1, R, S)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --group-in 1,1,1 --group-out 3,3,2\n"
    "  padding per side: top, bottom, left, right\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --padding 0,1,0,1\n"
    "  a causal filter over time: x (N, C, L), w (K, C, 5), y (N, K, L)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --padding 4,0\n",
    run_options};

/* Reads one input; uint16 is bfloat16 with --dtype bf16 and no type of ours without. */
static int read_input(const char *path, bool bf16, npy_array *out)
{
    char why[4608];
    if (!npy_read(path, out, why, sizeof why))
        return tool_fail(EXIT_USAGE, "%s", why);
    if (out->dtype == CLCONV_BF16 && !bf16)
        return tool_fail(EXIT_USAGE,
                         "%s: type uint16 cannot be convolved; if it holds bfloat16, "
                         "say --dtype bf16",
                         path);
    if (out->dtype != CLCONV_BF16 && bf16)
        return tool_fail(EXIT_USAGE, "%s: not uint16, which --dtype bf16 needs", path);
    return EXIT_GOOD;
}

static int read_inputs(char *const *value, bool bf16, npy_array array[3])
{
    static const run_option file[] = {X, W, B};
    for (size_t i = 0; i < 3; i++)
        if (value[file[i]] && read_input(value[file[i]], bf16, &array[i]))
            return EXIT_USAGE;
    return EXIT_GOOD;
}

static bool even_inputs(const clconv_problem *p)
{
    for (int64_t g = 1; p->group_in && g < p->groups; g++)
        if (p->group_in[g] != p->group_in[0])
            return false;
    return true;
}

/* nn.Conv1d's shapes. Beside an uneven table a w of rank 3 may be (blocks, R, S). */
static bool is_one_dimension(const clconv_problem *p, const clconv_shape *x, const clconv_shape *w)
{
    return (x->rank == 2 || x->rank == 3) && w->rank == (even_inputs(p) ? 3 : 2);
}

/* 'same' padding depends on the kernel size. A w of another rank is clconv_describe's to refuse. */
static int pad_same(clconv_problem *p, const clconv_shape *w)
{
    const bool whole = w->rank == p->spatial + 2;
    const int first = whole && p->w.layout == CLCONV_LAYOUT_PLAIN ? 2 : 1;
    if (!whole && w->rank != p->spatial + 1)
        return EXIT_GOOD;
    for (int axis = 0; axis < p->spatial; axis++)
        p->kernel[axis] = w->dim[first + axis];
    const clconv_status status = clconv_pad_same(p);
    return status ? tool_library_error(status) : EXIT_GOOD;
}

/* Options and files together: the problem and y's shape, every check that needs no device. */
static int describe(run_request *request, const npy_array array[3], npy_array *y)
{
    const npy_array *x = &array[0], *w = &array[1], *b = &array[2];
    clconv_problem *p = &request->problem;
    p->x.dtype = x->dtype;
    p->w.dtype = w->dtype;
    p->b.dtype = b->data ? b->dtype : CLCONV_DTYPE_ABSENT;
    if (is_one_dimension(p, &x->shape, &w->shape) && run_one_dimension(request))
        return EXIT_USAGE;
    if (request->same && pad_same(p, &w->shape))
        return EXIT_USAGE;
    clconv_status status = clconv_describe(p, &x->shape, &w->shape, b->data ? &b->shape : NULL);
    if (!status)
        status = clconv_output_shape(p, &y->shape);
    if (!status && x->shape.rank == p->spatial + 1) /* no N in y either, as in PyTorch */
        memmove(y->shape.dim, y->shape.dim + 1, (size_t)--y->shape.rank * sizeof y->shape.dim[0]);
    y->dtype = x->dtype;
    return status ? tool_library_error(status) : EXIT_GOOD;
}

static int compute(char *const *value, const clconv_problem *p, const npy_array array[3],
                   npy_array *y)
{
    tool_device device;
    int status = tool_device_open(value[DEVICE], &device);
    if (status == EXIT_GOOD)
        status = run_convolve(&device, p, value[ALGO], &array[0], &array[1], &array[2], y);
    tool_device_close(&device);
    return status;
}

static int run(char *const *value)
{
    char why[4608];
    run_request request;
    npy_array array[3] = {{.data = NULL}}, y = {.data = NULL}; /* x, w, b */
    int status = run_read_options(value, &request);
    if (status == EXIT_GOOD)
        status = read_inputs(value, request.bf16, array);
    if (status == EXIT_GOOD)
        status = describe(&request, array, &y);
    if (status == EXIT_GOOD)
        status = compute(value, &request.problem, array, &y);
    if (status == EXIT_GOOD && !npy_write(value[Y], &y, why, sizeof why))
        status = tool_fail(EXIT_DEVICE, "%s", why);
    for (size_t i = 0; i < 3; i++)
        npy_free(&array[i]);
    npy_free(&y);
    run_request_free(&request);
    return status;
}

int tool_run(int argc, const char **argv)
{
    tool_line line;
    int status = tool_parse(&command, NULL, argc, argv, &line);
    if (status == EXIT_GOOD && !line.helped)
        status = run(line.value);
    tool_line_free(&line);
    return status;
}
