/* SPDX-License-Identifier: MIT */
/* The network of train_depthwise: layers of convolutions with bias, forward and backward. */
#ifndef EXAMPLES_NETWORK_H
#define EXAMPLES_NETWORK_H

#include "opencl.h"

#include <stdbool.h>

enum { MIX, LOOK, ADD, LAYERS };
enum { COLOURS = 3 };

/* One convolution, y = conv(x, w) + b, and its gradients. On the host w and b are one array. */
typedef struct layer {
    size_t weights, count; /* of w; of w and b */
    float *parameter, *gradient;
    cl_mem w, b, dw, db;
    clconv_plan *forward, *by_data, *by_weights; /* nobody asks for by_data of MIX */
} layer;

typedef struct network {
    const opencl *cl;
    clconv_context *ctx;
    layer layer[LAYERS];
    cl_mem value[LAYERS + 1], gradient[LAYERS + 1]; /* x of layer i is at i, its y at i + 1 */
    size_t length[LAYERS + 1];
    float *looked; /* y of LOOK on the host, for the ReLU behind it */
    bool *open;    /* where that lets through */
} network;

/* For batches of one size. Weights and biases are the same each time. */
void network_open(network *net, const opencl *cl, clconv_context *ctx, int images, int height,
                  int width);
void network_close(network *net);

/* y from x. `frozen` leaves the ReLU as open as it was in the call before. */
void network_forward(network *net, const float *x, bool frozen, float *y);

/* All gradients of weights and biases, from that of the y of the last network_forward. */
void network_backward(network *net, const float *dy);

/* Memory, or an end with a sentence. */
void *need(void *memory);

/* The next number of a sequence, from 0 to below 1, the same on every machine. */
float next_number(unsigned *state);

#endif
