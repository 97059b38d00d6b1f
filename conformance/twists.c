/* SPDX-License-Identifier: MIT */
/* The table of mistakes that a convolution may make. */
#include "twist.h"

/* ---- Parameters ----------------------------------------------------------------------------- */

static void exchange(int64_t *a, int64_t *b)
{
    const int64_t kept = *a;
    *a = *b;
    *b = kept;
}

static void swap_strides(clconv_problem *p)
{
    exchange(&p->stride[0], &p->stride[1]);
}

static void swap_dilations(clconv_problem *p)
{
    exchange(&p->dilation[0], &p->dilation[1]);
}

static void swap_paddings(clconv_problem *p)
{
    exchange(&p->pad_before[0], &p->pad_before[1]);
}

static void pad_top_as_bottom(clconv_problem *p)
{
    p->pad_before[0] = p->pad_after[0];
}

static void pad_left_as_right(clconv_problem *p)
{
    p->pad_before[1] = p->pad_after[1];
}

static void stride_h_for_both(clconv_problem *p)
{
    p->stride[1] = p->stride[0];
}

static void stride_w_for_both(clconv_problem *p)
{
    p->stride[0] = p->stride[1];
}

static void dilation_h_for_both(clconv_problem *p)
{
    p->dilation[1] = p->dilation[0];
}

static void dilation_w_for_both(clconv_problem *p)
{
    p->dilation[0] = p->dilation[1];
}

static void pad_top_for_both(clconv_problem *p)
{
    p->pad_before[1] = p->pad_before[0];
}

static void pad_left_for_both(clconv_problem *p)
{
    p->pad_before[0] = p->pad_before[1];
}

static void pad_zeros(clconv_problem *p)
{
    p->pad_mode = CLCONV_PAD_ZEROS;
}

static void pad_reflect(clconv_problem *p)
{
    p->pad_mode = CLCONV_PAD_REFLECT;
}

static void pad_replicate(clconv_problem *p)
{
    p->pad_mode = CLCONV_PAD_REPLICATE;
}

static void pad_circular(clconv_problem *p)
{
    p->pad_mode = CLCONV_PAD_CIRCULAR;
}

static void no_padding(clconv_problem *p)
{
    p->pad_before[0] = p->pad_before[1] = 0;
}

static void no_stride_h(clconv_problem *p)
{
    p->stride[0] = 1;
}

static void no_stride_w(clconv_problem *p)
{
    p->stride[1] = 1;
}

static void no_dilation_h(clconv_problem *p)
{
    p->dilation[0] = 1;
}

static void no_dilation_w(clconv_problem *p)
{
    p->dilation[1] = 1;
}

/* ---- The output ----------------------------------------------------------------------------- */

static void transpose_output(const twist_view *v, aim *out, int64_t by)
{
    const oracle_shape *const shape = &v->ref->shape;
    const int64_t flat = out->p * shape->q + out->q;
    (void)by;
    out->p = flat % shape->p;
    out->q = flat / shape->p;
}

static void move_bias(const twist_view *v, aim *out, int64_t by)
{
    (void)v;
    out->bias += by;
}

static void bias_within_group(const twist_view *v, aim *out, int64_t by)
{
    out->bias -= v->blocks[twist_block_of(v, out->k)].first_out + by;
}

static void drop_bias(const twist_view *v, aim *out, int64_t by)
{
    (void)v;
    (void)by;
    out->bias = -1;
}

/* ---- Products ------------------------------------------------------------------------------- */

static void move_row(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->row += by;
}

static void move_column(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->column += by;
}

static void move_channel(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->c += by;
}

static void move_group(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->block += by;
}

static void first_group(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->block = by;
}

static void interleave_groups(const clconv_problem *p, product *at, int64_t by)
{
    (void)by;
    at->block = at->k % (p->shared ? p->c : p->groups);
}

static void move_image(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->n += by;
}

static void first_image(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->n = by;
}

static void move_filter(const clconv_problem *p, product *at, int64_t by)
{
    (void)p;
    at->k += by;
}

static void transpose_filter(const clconv_problem *p, product *at, int64_t by)
{
    const int64_t flat = at->s * p->kernel[0] + at->r;
    (void)by;
    at->r = flat / p->kernel[1];
    at->s = flat % p->kernel[1];
}

static void mirror_filter(const clconv_problem *p, product *at, int64_t by)
{
    (void)by;
    at->r = p->kernel[0] - 1 - at->r;
    at->s = p->kernel[1] - 1 - at->s;
}

/* Row `by` of the filter; from the end where it is negative. */
static void drop_row(const clconv_problem *p, product *at, int64_t by)
{
    at->missing = at->r == (by < 0 ? p->kernel[0] + by : by);
}

static void drop_column(const clconv_problem *p, product *at, int64_t by)
{
    at->missing = at->s == (by < 0 ? p->kernel[1] + by : by);
}

static void drop_channel(const clconv_problem *p, product *at, int64_t by)
{
    const int64_t channels = p->shared     ? p->c
                             : p->group_in ? p->group_in[at->block]
                                           : p->c / p->groups;
    at->missing = at->c == channels + by;
}

static void drop_image_row(const clconv_problem *p, product *at, int64_t by)
{
    at->missing = at->row == (by < 0 ? p->in[0] + by : by);
}

static void drop_image_column(const clconv_problem *p, product *at, int64_t by)
{
    at->missing = at->column == (by < 0 ? p->in[1] + by : by);
}

const twist twists[] = {
    {"rows are off by one, the next is read", .product = move_row, .by = 1},
    {"rows are off by one, the previous is read", .product = move_row, .by = -1},
    {"columns are off by one, the next is read", .product = move_column, .by = 1},
    {"columns are off by one, the previous is read", .product = move_column, .by = -1},
    {"input channels are off by one, the next is read", .product = move_channel, .by = 1},
    {"input channels are off by one, the previous is read", .product = move_channel, .by = -1},
    {"groups are off by one, the next one's channels are read", .product = move_group, .by = 1},
    {"groups are off by one, the previous one's channels are read", .product = move_group,
     .by = -1},
    {"every group reads the channels of group 0", .product = first_group},
    {"output channel k reads group k % groups", .product = interleave_groups},
    {"images are off by one, the next is read", .product = move_image, .by = 1},
    {"images are off by one, the previous is read", .product = move_image, .by = -1},
    {"every image is read from image 0", .product = first_image},
    {"filters are off by one, the next is used", .product = move_filter, .by = 1},
    {"filters are off by one, the previous is used", .product = move_filter, .by = -1},
    {"r and s look swapped in the filter", .product = transpose_filter},
    {"the filter is read backwards", .product = mirror_filter},
    {"the last row of the filter is left out", .product = drop_row, .by = -1},
    {"the last column of the filter is left out", .product = drop_column, .by = -1},
    {"the first row of the filter is left out", .product = drop_row},
    {"the first column of the filter is left out", .product = drop_column},
    {"the last input channel is left out", .product = drop_channel, .by = -1},
    {"the last row of the image is left out", .product = drop_image_row, .by = -1},
    {"the last column of the image is left out", .product = drop_image_column, .by = -1},
    {"the first row of the image is left out", .product = drop_image_row},
    {"the first column of the image is left out", .product = drop_image_column},
    {"stride_h and stride_w look swapped", .problem = swap_strides},
    {"stride_h is taken for stride_w", .problem = stride_h_for_both},
    {"stride_w is taken for stride_h", .problem = stride_w_for_both},
    {"stride_h is taken as 1", .problem = no_stride_h},
    {"stride_w is taken as 1", .problem = no_stride_w},
    {"dilation_h and dilation_w look swapped", .problem = swap_dilations},
    {"dilation_h is taken for dilation_w", .problem = dilation_h_for_both},
    {"dilation_w is taken for dilation_h", .problem = dilation_w_for_both},
    {"dilation_h is taken as 1", .problem = no_dilation_h},
    {"dilation_w is taken as 1", .problem = no_dilation_w},
    {"the padding of h and w looks swapped", .problem = swap_paddings},
    {"the padding at the top is taken for the left", .problem = pad_top_for_both},
    {"the padding at the left is taken for the top", .problem = pad_left_for_both},
    {"the padding of top and bottom looks swapped", .problem = pad_top_as_bottom},
    {"the padding of left and right looks swapped", .problem = pad_left_as_right},
    {"the padding is taken as 0", .problem = no_padding},
    {"the padding is taken for zeros", .problem = pad_zeros},
    {"the padding is reflected", .problem = pad_reflect},
    {"the padding repeats the edge", .problem = pad_replicate},
    {"the padding is circular", .problem = pad_circular},
    {"the output is transposed", .output = transpose_output},
    {"the bias is left out", .output = drop_bias},
    {"the bias is counted within the group", .output = bias_within_group},
    {"the bias is that of the next output channel", .output = move_bias, .by = 1},
    {"the bias is that of the previous output channel", .output = move_bias, .by = -1},
    {.phrase = NULL},
};
