/* SPDX-License-Identifier: MIT */
/* The network of train_depthwise: a 1x1 convolution mixes the colours, a depthwise 5x5 with four
 * filters a channel looks at the mixtures, ReLU, and a 1x1 convolution adds up. A layer is
 * described once; its three plans differ by `op`. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

float next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u; /* Numerical Recipes, 7.1 */
    return (float)(*state >> 8) * 0x1p-24f;
}

/* ---- Making ------------------------------------------------------------------------------- */

static clconv_problem problem_of(int i, int images, int height, int width)
{
    static const int channels[LAYERS + 1] = {COLOURS, 4, 16, 1};
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.n = images, p.c = channels[i], p.k = channels[i + 1];
    p.in[0] = height, p.in[1] = width;
    p.b.dtype = CLCONV_F32; /* with bias */
    if (i == LOOK) {
        p.groups = p.c; /* depthwise */
        p.kernel[0] = p.kernel[1] = 5;
        p.pad_mode = CLCONV_PAD_REFLECT; /* zeros would draw a frame */
        check_conv(clconv_pad_same(&p));
    }
    return p;
}

static clconv_plan *plan_of(clconv_context *ctx, clconv_problem p, clconv_op op)
{
    clconv_plan *plan = NULL;
    p.op = op;
    if (op == CLCONV_BACKWARD_DATA)
        p.b.dtype = CLCONV_DTYPE_ABSENT; /* one of C elements would be added to the gradient */
    check_conv(clconv_plan_create(ctx, &p, NULL, &plan));
    return plan;
}

/* Weights of variance 1 / products in a sum, as many as w has for each of `outputs`; biases 0. */
static void fill(layer *l, size_t outputs, unsigned *state)
{
    const float width = sqrtf(12.0f * (float)outputs / (float)l->weights);
    for (size_t i = 0; i < l->weights; i++)
        l->parameter[i] = width * (next_number(state) - 0.5f);
}

static void make_layer(network *net, int i, const clconv_problem *p, unsigned *state)
{
    layer *l = &net->layer[i];
    const size_t biases = (size_t)p->k;
    clconv_work_size work = {.size = sizeof work};
    check_conv(clconv_problem_work(p, &work));
    l->weights = work.w_bytes / sizeof(float);
    l->count = l->weights + biases;
    l->parameter = need(calloc(l->count, sizeof *l->parameter));
    l->gradient = need(calloc(l->count, sizeof *l->gradient));
    fill(l, biases, state);
    l->w = opencl_buffer(net->cl, NULL, l->weights);
    l->b = opencl_buffer(net->cl, NULL, biases);
    l->dw = opencl_buffer(net->cl, NULL, l->weights);
    l->db = opencl_buffer(net->cl, NULL, biases);
    l->forward = plan_of(net->ctx, *p, CLCONV_FORWARD);
    l->by_weights = plan_of(net->ctx, *p, CLCONV_BACKWARD_WEIGHTS);
    l->by_data = i == MIX ? NULL : plan_of(net->ctx, *p, CLCONV_BACKWARD_DATA);
    net->length[i] = work.x_bytes / sizeof(float);
    net->length[i + 1] = work.y_bytes / sizeof(float);
}

void network_open(network *net, const opencl *cl, clconv_context *ctx, int images, int height,
                  int width)
{
    unsigned state = 1;
    *net = (network){.cl = cl, .ctx = ctx};
    for (int i = 0; i < LAYERS; i++) {
        const clconv_problem p = problem_of(i, images, height, width);
        make_layer(net, i, &p, &state);
    }
    for (int i = 0; i <= LAYERS; i++) {
        net->value[i] = opencl_buffer(cl, NULL, net->length[i]);
        net->gradient[i] = opencl_buffer(cl, NULL, net->length[i]);
    }
    net->looked = need(malloc(net->length[ADD] * sizeof *net->looked));
    net->open = need(calloc(net->length[ADD], sizeof *net->open));
}

void network_close(network *net)
{
    for (int i = 0; i < LAYERS; i++) {
        layer *l = &net->layer[i];
        cl_mem buffers[] = {l->w, l->b, l->dw, l->db};
        clconv_plan *plans[] = {l->forward, l->by_data, l->by_weights};
        for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++)
            clReleaseMemObject(buffers[k]);
        for (size_t k = 0; k < sizeof plans / sizeof *plans; k++)
            clconv_plan_destroy(plans[k]);
        free(l->parameter);
        free(l->gradient);
    }
    for (int i = 0; i <= LAYERS; i++) {
        clReleaseMemObject(net->value[i]);
        clReleaseMemObject(net->gradient[i]);
    }
    free(net->looked);
    free(net->open);
}

/* ---- Commands ----------------------------------------------------------------------------- */

static void write_floats(const network *net, cl_mem to, const float *from, size_t count)
{
    check_cl(clEnqueueWriteBuffer(net->cl->queue, to, CL_TRUE, 0, count * sizeof *from, from, 0,
                                  NULL, NULL),
             "clEnqueueWriteBuffer");
}

static void read_floats(const network *net, cl_mem from, float *to, size_t count)
{
    check_cl(clEnqueueReadBuffer(net->cl->queue, from, CL_TRUE, 0, count * sizeof *to, to, 0, NULL,
                                 NULL),
             "clEnqueueReadBuffer");
}

/* The barrier keeps commands in order also where the queue does not. */
static void enqueue(const network *net, const clconv_plan *plan, const clconv_args *args)
{
    check_conv(clconv_enqueue(plan, net->cl->queue, args, 0, NULL, NULL));
    check_cl(clEnqueueBarrierWithWaitList(net->cl->queue, 0, NULL, NULL),
             "clEnqueueBarrierWithWaitList");
}

/* ---- Forward and backward ----------------------------------------------------------------- */

/* Puts 0 wherever the ReLU is shut. Its gradient is the same: what was shut passes nothing back. */
static void shut(network *net, cl_mem values)
{
    for (size_t i = 0; i < net->length[ADD]; i++)
        if (!net->open[i])
            net->looked[i] = 0.0f;
    write_floats(net, values, net->looked, net->length[ADD]);
}

static void apply_relu(network *net, bool frozen)
{
    read_floats(net, net->value[ADD], net->looked, net->length[ADD]);
    for (size_t i = 0; !frozen && i < net->length[ADD]; i++)
        net->open[i] = net->looked[i] > 0.0f;
    shut(net, net->value[ADD]);
}

void network_forward(network *net, const float *x, bool frozen, float *y)
{
    write_floats(net, net->value[MIX], x, net->length[MIX]);
    for (int i = 0; i < LAYERS; i++) {
        const layer *l = &net->layer[i];
        const clconv_args args = {sizeof args, .x.mem = net->value[i], .w.mem = l->w, .b.mem = l->b,
                                  .y.mem = net->value[i + 1]};
        write_floats(net, l->w, l->parameter, l->weights);
        write_floats(net, l->b, l->parameter + l->weights, l->count - l->weights);
        enqueue(net, l->forward, &args);
        if (i == LOOK)
            apply_relu(net, frozen);
    }
    read_floats(net, net->value[LAYERS], y, net->length[LAYERS]);
}

/* From the gradient of a layer's y to those of its w and b and, unless it is the first, its x. */
static void layer_backward(const network *net, int i)
{
    const layer *l = &net->layer[i];
    const clconv_args by_weights = {sizeof by_weights, .x.mem = net->value[i], .w.mem = l->dw,
                                    .b.mem = l->db, .y.mem = net->gradient[i + 1]};
    enqueue(net, l->by_weights, &by_weights);
    if (l->by_data) {
        const clconv_args by_data = {sizeof by_data, .x.mem = net->gradient[i], .w.mem = l->w,
                                     .y.mem = net->gradient[i + 1]};
        enqueue(net, l->by_data, &by_data);
    }
    read_floats(net, l->dw, l->gradient, l->weights);
    read_floats(net, l->db, l->gradient + l->weights, l->count - l->weights);
}

void network_backward(network *net, const float *dy)
{
    write_floats(net, net->gradient[LAYERS], dy, net->length[LAYERS]);
    for (int i = LAYERS - 1; i >= 0; i--) {
        if (i == LOOK) {
            read_floats(net, net->gradient[ADD], net->looked, net->length[ADD]);
            shut(net, net->gradient[ADD]);
        }
        layer_backward(net, i);
    }
}
