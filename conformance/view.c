/* SPDX-License-Identifier: MIT */
/* Views: x and y with gaps between their elements, which nobody may write (suite.h, suite_problem).
 */
#include "suite.h"

#include <string.h>

/* The axes from the fastest one on, and what each step leaves out besides what is faster: elements
 * where the axis is the fastest, else elements behind all that is faster. */
typedef struct arrangement {
    int axes[4];
    int64_t gap[4];
} arrangement;

enum { N, C, H = 3, W }; /* as clconv_tensor has them */

static const arrangement arrangements[][2] = {
    [CLCONV_LAYOUT_PLAIN] = {{{W, H, C, N}, {0, 3, 7, 2}}, {{W, H, C, N}, {1, 0, 1, 5}}},
    [CLCONV_LAYOUT_CHANNELS_LAST] = {{{C, W, H, N}, {0, 2, 5, 3}}, {{C, W, H, N}, {2, 1, 0, 7}}},
};
/* Neither layout: columns of the image, images side by side. */
static const arrangement turned = {{H, N, W, C}, {0, 1, 0, 3}};

static void arrange(const arrangement *how, const int64_t size[5], int64_t stride[5])
{
    int64_t next = 1;
    for (int i = 0; i < 4; i++) {
        const int axis = how->axes[i];
        stride[axis] = next + how->gap[i];
        next = stride[axis] * (size[axis] > 0 ? size[axis] : 1);
    }
}

clconv_problem suite_problem(const case_spec *c)
{
    clconv_problem p = case_problem(c);
    oracle_shape y;
    if (!c->view || !oracle_output(&p, &y))
        return p;
    const arrangement *const x_how =
        c->view == 3 ? &turned : &arrangements[p.x.layout][c->view - 1];
    const arrangement *const y_how =
        c->view == 3 ? &turned : &arrangements[p.y.layout][c->view - 1];
    arrange(x_how, (int64_t[]){p.n, p.c, 1, p.in[0], p.in[1]}, p.x.stride);
    arrange(y_how, (int64_t[]){y.n, y.k, 1, y.p, y.q}, p.y.stride);
    if (p.residual.dtype)
        memcpy(p.residual.stride, p.y.stride, sizeof p.y.stride);
    return p;
}
