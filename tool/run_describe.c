/* SPDX-License-Identifier: MIT */
/* `clconv run`: options and files together make the problem, and the shapes of what is written. */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool even_inputs(const clconv_problem *p)
{
    for (int64_t g = 1; p->group_in && g < p->groups; g++)
        if (p->group_in[g] != p->group_in[0])
            return false;
    return true;
}

/* nn.Conv1d's shapes. Beside an uneven table a w of rank 3 may be (blocks, R, S). */
static bool is_one_dimension(const clconv_problem *p, int32_t rank, const clconv_shape *w)
{
    return (rank == 2 || rank == 3) && w->rank == (even_inputs(p) ? 3 : 2);
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

/* Turns a shape said as ...,C,H,W into that of an array of a layout. */
static clconv_shape in_layout(clconv_shape shape, int32_t layout, int spatial)
{
    const int channels = shape.rank - spatial - 1;
    if (layout != CLCONV_LAYOUT_CHANNELS_LAST || channels < 0)
        return shape;
    const int64_t count = shape.dim[channels];
    memmove(&shape.dim[channels], &shape.dim[channels + 1], (size_t)spatial * sizeof shape.dim[0]);
    shape.dim[shape.rank - 1] = count;
    return shape;
}

static const char *shape_text(const clconv_shape *shape, char *text, size_t room)
{
    size_t used = 0;
    for (int32_t i = 0; i < shape->rank && used < room; i++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s%" PRId64, i ? ", " : "", shape->dim[i]);
    return text;
}

/* What y has for the problem: an array without N where that of x has none. */
static clconv_status shape_of_y(const clconv_problem *p, int32_t rank, clconv_shape *out)
{
    const clconv_status status = clconv_output_shape(p, out);
    if (!status && rank == p->spatial + 1)
        memmove(out->dim, out->dim + 1, (size_t)--out->rank * sizeof out->dim[0]);
    return status;
}

/* dy and a residual must be of the size that the convolution gives. */
static int check_shape(const char *name, const clconv_shape *y, const clconv_shape *array)
{
    char wanted[160] = "", got[160] = "";
    if (y->rank == array->rank && !memcmp(y->dim, array->dim, (size_t)y->rank * sizeof y->dim[0]))
        return EXIT_GOOD;
    return tool_fail(EXIT_USAGE, "Expected %s of size [%s], as the convolution gives, but got [%s]",
                     name, shape_text(y, wanted, sizeof wanted),
                     shape_text(array, got, sizeof got));
}

static int check_dy(const clconv_problem *p, const clconv_shape *x, const clconv_shape *dy)
{
    clconv_shape y;
    const clconv_status status = shape_of_y(p, x->rank, &y);
    if (status)
        return tool_library_error(status);
    return check_shape("dy", &y, dy);
}

static clconv_shape shape_of_x(const clconv_problem *p, int32_t rank)
{
    clconv_shape x = {.rank = rank, .dim = {p->n}};
    const int first = rank - p->spatial - 1;
    x.dim[first] = p->c;
    for (int axis = 0; axis < p->spatial; axis++)
        x.dim[first + 1 + axis] = p->in[axis];
    return in_layout(x, p->x.layout, p->spatial);
}

static int describe_forward(run_request *request, npy_array array[TENSORS])
{
    const npy_array *const b = &array[TENSOR_B];
    npy_array *const y = &array[TENSOR_Y];
    const npy_array *const residual = &array[TENSOR_RESIDUAL];
    const clconv_shape *const x = &array[TENSOR_X].shape;
    clconv_problem *p = &request->problem;
    p->b.dtype = b->data ? b->dtype : CLCONV_DTYPE_ABSENT;
    p->residual.dtype = residual->data ? residual->dtype : CLCONV_DTYPE_ABSENT;
    p->residual.layout = p->y.layout;
    clconv_status status =
        clconv_describe(p, x, &array[TENSOR_W].shape, b->data ? &b->shape : NULL);
    if (!status)
        status = shape_of_y(p, x->rank, &y->shape);
    y->dtype = clconv_output_dtype(p);
    if (status)
        return tool_library_error(status);
    return residual->data ? check_shape("residual", &y->shape, &residual->shape) : EXIT_GOOD;
}

static int describe_data(run_request *request, npy_array array[TENSORS])
{
    const npy_array *const b = &array[TENSOR_B];
    clconv_problem *p = &request->problem;
    const clconv_shape *const dy = &array[TENSOR_Y].shape, *const w = &array[TENSOR_W].shape;
    const clconv_shape x = in_layout(request->x_shape, p->x.layout, p->spatial);
    p->b.dtype = b->data ? b->dtype : CLCONV_DTYPE_ABSENT;
    const clconv_status status =
        x.rank ? clconv_describe(p, &x, w, b->data ? &b->shape : NULL)
               : clconv_describe_transposed(p, dy, w, b->data ? &b->shape : NULL,
                                            request->output_padding);
    if (status)
        return tool_library_error(status);
    array[TENSOR_X].shape = shape_of_x(p, x.rank ? x.rank : dy->rank);
    return check_dy(p, &array[TENSOR_X].shape, dy);
}

static int describe_weights(run_request *request, bool bias, npy_array array[TENSORS])
{
    clconv_problem *p = &request->problem;
    const clconv_shape *const x = &array[TENSOR_X].shape;
    const clconv_shape w = in_layout(request->w_shape, p->w.layout, p->spatial);
    clconv_status status = clconv_describe(p, x, &w, NULL);
    p->b.dtype = bias ? p->x.dtype : CLCONV_DTYPE_ABSENT;
    if (!status)
        status = clconv_validate(p);
    if (status)
        return tool_library_error(status);
    array[TENSOR_W].shape = w;
    if (bias)
        array[TENSOR_B].shape = (clconv_shape){1, {p->shared ? w.dim[0] : p->k}};
    return check_dy(p, x, &array[TENSOR_Y].shape);
}

int run_describe(run_request *request, char *const *value, npy_array array[TENSORS])
{
    clconv_problem *p = &request->problem;
    const bool weights = p->op == CLCONV_BACKWARD_WEIGHTS, data = p->op == CLCONV_BACKWARD_DATA;
    const clconv_shape *const w = weights ? &request->w_shape : &array[TENSOR_W].shape;
    const clconv_shape *const image = &array[data ? TENSOR_Y : TENSOR_X].shape;
    const int32_t dtype = array[data ? TENSOR_Y : TENSOR_X].dtype;
    p->x.dtype = dtype;
    p->w.dtype = weights ? dtype : array[TENSOR_W].dtype;
    if (p->op != CLCONV_FORWARD)
        p->y.dtype = weights ? array[TENSOR_Y].dtype : CLCONV_DTYPE_ABSENT;
    for (run_tensor t = 0; t < TENSORS; t++)
        if (run_writes(request, t))
            array[t].dtype = dtype;
    if (is_one_dimension(p, image->rank, w) && run_one_dimension(request))
        return EXIT_USAGE;
    if (request->same && pad_same(p, w))
        return EXIT_USAGE;
    if (weights)
        return describe_weights(request, value[DB] != NULL, array);
    return data ? describe_data(request, array) : describe_forward(request, array);
}
