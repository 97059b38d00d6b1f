/* SPDX-License-Identifier: MIT */
/* Element types and layouts beside the other axes: rows of the cover of pairs and draws once more,
 * in every type, layout and direction, and with gaps between their elements. */
#include "axes.h"
#include "cases.h"
#include "padding.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

const named_case typed_smoke_cases[] = {
    {"n2c4h6w7k6r3s2sh2pt1pl2dw2g2b1:f64:data=real", "float64, grouped"},
    {"n1c3h7w5k4r2s3pb1pl2b1:f64:nhwc:dir=backward-weights:data=special", "float64, by w"},
    {"n2c3h7w9k6r3s2pt1pr2b1:nhwc:data=real", "channels last, dense"},
    {"n2c4h5w7k8r2s3sw2pb1pl1g4b1:nhwc:dir=backward-data:data=real", "channels last, by x"},
    {"n2c4h5w8k8r2s3sw2pb1pl1g4b1:f16:data=real", "float16, depthwise x 2"},
    {"n1c5h6w7k4r3s2ph1b1:f16:nhwc:dir=backward-data:data=special", "float16, by x"},
    {"n1c3h5w9k6r2s3pt1pl2pr1g3b1:f16:pad=circular", "float16, depthwise, circular"},
    {"n2c6h5w4k8r2s3pt1pl1g3b1:bf16:nhwc:gi=1+3+2:go=3+1+4:data=real", "bfloat16, uneven groups"},
    {"n2c3h8w6k5r2s3pt1pl2b1:bf16:dir=backward-weights:data=real", "bfloat16, by w"},
    {"n2c5h4w6k5r3s2ph1b1:bf16:nhwc:shared:reduce=mean", "bfloat16, mean"},
    {"n2c4h5w7k6r3s2pt2pl1pr1g2b1:i8", "int8, grouped"},
    {"n1c3h5w6k5r2s3p1b1:i8:nhwc:pad=reflect", "int8, dense, reflected"},
    {"n2c5h4w7k10r3s2ph1b1:u8:shared:reduce=sum", "uint8, sum"},
    {"n2c3h6w5k6r2s3p1b1:u8:nhwc:shared", "uint8, shared kernel"},
    {"n2c4h6w7k6r3s2sw2pt1pl2g2b1:view=1", "rows, planes and images apart"},
    {"n2c3h5w7k4r2s3pt1pr2b1:f16:nhwc:view=2", "pixels and channels apart"},
    {"n2c4h5w6k6r3s2ph1g2b1:dir=backward-data:view=3", "columns of all images side by side"},
    {"n2c3h6w5k4r2s3pl2b1:bf16:dir=backward-weights:view=2", "elements apart, by w"},
    {"n2c3h5w9k5r2s3pt1pl1b1:f16:dir=backward-weights:algo=direct:tile=weights,v=4,kb=2,cb=2,rb=1",
     "float16, by w, in vectors"},
    {"n2c3h7w9k4r3s3st2p1:bf16:dir=backward-data:algo=direct:tile=data,v=4,cb=2,yb=1",
     "bfloat16, by x, in vectors"},
    {"n2c16h4w8k16r2s3pt1pl1g2b1:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=7",
     "channels last, two groups of 8"},
    {NULL, NULL},
};

const named_case typed_boundary_cases[] = {
    {"c1hw1k1b1:i8", "one of everything in one byte"},
    {"c1h1w3k1:u8", "three bytes, no whole word"},
    {"c300h3w4k3r2s3b1:i8", "a long sum of int8"},
    {"c3640h3w4k2r3s3:u8", "32,760 products of up to 255 x 255: near the end of int32"},
    {"c3640h3w4k2r3s3:i8:nhwc", "32,760 products of int8"},
    {"n2c7h6w5k7r3s3p1b1:u8:shared:reduce=sum", "the bias counts for each channel"},
    {"n2c4h5w7k6r3s5pt4pb3pl6pr5g2b1:i8:pad=replicate", "edges repeated"},
    {"n0c4h5w7k6r3s2g2b1:u8:nhwc", "empty batch"},
    {"n1c3h3w5k6r2s3pt5pb4pl7pr6g3b1:i8", "padding wider than the filter: output = bias"},
    {"c1h16w15k12b1:f16", "one product: every rounding"},
    {"c1h15w17k12b1:bf16:nhwc", "one product: every rounding"},
    {"c260h3w4k12b1:f16", "a long sum: overflow, subnormal numbers and ties, by seed and filter"},
    {"n2c9h7w8k12r3s3b1:f16:nhwc", "likewise, 81 products"},
    {"n1c4h9w11k12r2s3g4:f16", "likewise, depthwise, without bias"},
    {"n1c33h6w5k7r5s7p3:bf16", "a long sum: 33 x 5 x 7 terms"},
    {"n2c7h6w9k7r3s2p1b1:f16:shared:reduce=mean", "mean over seven channels: two roundings"},
    {"n2c7h6w9k7r3s2p1b1:f64:shared:reduce=mean", "mean over seven channels: a rounded quotient"},
    {"n2c7h6w9k7r3s2p1b1:bf16:shared:reduce=mean:dir=backward-weights", "likewise, by w"},
    {"n9c2h31w33k3r2s3b1:f16:dir=backward-weights", "a long sum for w: 9 x 30 x 31 outputs"},
    {"n1c3h5w6k260r2s3b1:bf16:nhwc:dir=backward-data", "a long sum for x: 260 output channels"},
    {"n1c33h6w5k7r5s7p3:f64", "a long sum: 33 x 5 x 7 terms"},
    {"n2c1h5w7k3r2s3b1:nhwc", "one input channel, channels last"},
    {"n2c3h5w7k1r2s3b1:nhwc", "one output channel, channels last"},
    {"c1hw1k1:nhwc", "one of everything, channels last"},
    {"n2c1h6w9k1r3s2p1b1:nhwc:shared:reduce=mean", "mean over one channel, channels last"},
    {"n2c3h5w7k3r3s2pt1pl1:nhwc:shared", "one shared filter, channels last"},
    {"n2c17h3w19k85r2s3pr1b1:nhwc:shared", "five shared filters over 17 channels, channels last"},
    {"n2c12h7w19k14r2s3pt1pl1g3b1:nhwc:gi=1+10+1:go=1+1+12", "uneven groups, channels last"},
    {"n2c8h7w9k9r3s3p1g3:nhwc:gi=3+3+2", "uneven inputs only, channels last"},
    {"n2c9h7w9k8r3s3p1g3b1:nhwc:go=3+3+2:dir=backward-data", "uneven outputs only, by x"},
    {"n2c12h7w9k14r2s3pt1pl1g3b1:nhwc:gi=1+10+1:go=1+1+12:dir=backward-weights",
     "uneven groups, channels last, by w"},
    {"n2c6h17w1k4r3pt1pb1g2:nhwc", "image is a column, channels last"},
    {"n2c6h1w17k4s3pl1pr1g2:nhwc", "image is a row, channels last"},
    {"n2c17h5w7k17r3s2pt1pl1g17b1:nhwc", "depthwise, channels last"},
    {"n2c4h5w7k6r4s3pt5pb4pl7pr6g2b1:nhwc:pad=circular", "once round, channels last"},
    {"n0c6h5w7k6r3s2p1b1:nhwc:dir=backward-weights", "empty batch: gradients of zeros"},
    {"c65536h1w2k65536g65536b1:nhwc", "65,536 groups, channels last"},
    {"n65537c1h1w5k1:f16:nhwc", "65,537 images of float16"},
    {"c1hw1k1:view=2", "one element and no gap"},
    {"n2c3h1w7k4s3b1:nhwc:view=3", "one row, in an order of its own"},
    {"n2c6h5w4k8r2s3pt1pl1g3b1:u8:gi=1+3+2:go=3+1+4:view=1", "uneven groups, gaps of bytes"},
    {"n0c4h5w7k6r3s2g2b1:view=1", "empty batch of a view"},

    /* Gradients by vectors. */
    {"n2c5h7w13k6r3s3p1b1:f16:dir=backward-weights:algo=direct:tile=weights,v=8,kb=2,cb=2,rb=1",
     "float16, by w"},
    {"c4h9w17k6r3s3sw2p1g2b1:bf16:dir=backward-weights:algo=direct:tile=weights,v=4,kb=2,cb=1,rb=2",
     "bfloat16, by w"},
    {"n2c4h5w11k6r2s3p1g2b1:f64:dir=backward-weights:algo=direct:tile=weights,v=8,kb=4,cb=1,rb=1",
     "float64, by w"},
    {"n3c4h5w7k5b1:f16:dir=backward-weights:algo=direct:tile=weights,v=4,kb=2,cb=4,rb=1",
     "planes as rows, float16"},
    {"n2c4h11w13k6r3s3st2p1g2:f16:dir=backward-data:algo=direct:tile=data,v=4,cb=2,yb=1",
     "float16, by x, stride 2"},
    {"n2c3h7w13k4r2s3sh2pt1pl1:bf16:dir=backward-data:algo=direct:tile=data,v=8,cb=4,yb=2",
     "bfloat16, by x"},
    {"n2c4h9w12k6r3s3st2p1g2:f64:dir=backward-data:algo=direct:tile=data,v=8,cb=2,yb=2",
     "float64, by x, stride 2"},
    {"n3c5h5w7k18r3s3p1b1:f64:dir=backward-weights:algo=direct:tile=filters,v=8,kb=2,cb=2",
     "float64, filters"},
    {"n3c9h7w7k9r3s3p1g9b1:f16:dir=backward-weights:algo=depthwise:tile=weights,v=8,xb=7,rb=3",
     "float16, planes of filters"},
    {"n2c5h6w8k10r2s3pt1pl1pr1g5b1:bf16:dir=backward-weights:algo=depthwise:tile=weights,v=4,xb=4,"
     "rb=2",
     "bfloat16, planes of filters"},
    {"n3c9h7w7k9r3s3p1g9b1:f64:dir=backward-weights:algo=depthwise:tile=weights,v=8,xb=7,rb=3",
     "float64, planes of filters"},
    {"n2c4h11w13k6r5s3pt2pl1b1:pad=reflect:dir=backward-weights:algo=direct:tile=pixels,kb=2,group="
     "64",
     "shared pixels, reflected"},
    {"n2c6h7w5k8pt1b1:f16:dir=backward-weights:algo=direct:tile=pixels,kb=8,group=64",
     "shared pixels, float16"},
    {"n2c6h7w5k6r2s3pt1g6b1:f64:pad=circular:dir=backward-weights:algo=direct:tile=pixels,kb=1,"
     "group=128",
     "shared pixels, float64"},
    {"n2c6h7w8k6r3s2p1b1:bf16:shared:reduce=mean:dir=backward-weights:algo=direct:tile=pixels,kb=1,"
     "group=64",
     "shared pixels and kernel"},
    {"n3c12h6w9k14r2s3pt1pl1g3b1:gi=1+10+1:go=1+1+12:dir=backward-weights:algo=direct:tile=pixels,"
     "kb=4,group=64",
     "shared pixels, uneven groups"},
    {"n99c2h1w1k3b1:dir=backward-weights:algo=direct:tile=pixels,kb=2,group=64",
     "a pixel an image"},
    {"n2c2h13w40k3r3s11p5sh2b1:dir=backward-weights:algo=direct:tile=pixels,kb=1,group=64",
     "shared pixels, 11 taps"},

    /* Tiles that the device would not choose, channels last: whole ones and their tails. */
    {"n2c16h5w9k16r3s3p1g2b1:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=7", "two groups of 8"},
    {"c32h7w5k32r3s3p1g4:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=7", "rows within a tile"},
    {"n2c16h7w31k16r2s3sw2pl4pb2g2b1:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=4",
     "padding past the filter"},
    {"c32h3w29k32g4b1:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=14", "no neighbours"},
    {"n2c16h6w9k16r3s3p1g2b1:f16:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=6", "in float16"},
    {"c16h6w9k16r3s3p1g2b1:f64:nhwc:algo=direct:tile=last,v=16,kb=1,gb=2,xb=4", "in float64"},
    {"n2c32h5w29k32r3s3p1g8b1:nhwc:algo=direct:tile=last,v=16,kb=1,gb=4,xb=14", "four groups of 4"},
    {"c16h4w13k16r2s3sw2dh2pl1g4:nhwc:algo=direct:tile=last,v=16,kb=1,gb=4,xb=6", "likewise"},
    {"n2c16h5w15k16r3s3p1g4b1:nhwc:algo=direct:tile=last,v=8,kb=1,gb=2,xb=7", "two groups of 4"},
    {"c16h4w13k16r2s3dw2pl1g8:nhwc:algo=direct:tile=last,v=8,kb=1,gb=4,xb=6", "four groups of 2"},
    {"n2c8h5w9k8r3s3p1g4b1:nhwc:algo=direct:tile=last,v=4,kb=1,gb=2,xb=4", "two groups of 2"},
    {"c8h4w14k8r2s3sw2pl1g8b1:nhwc:algo=direct:tile=last,v=4,kb=1,gb=4,xb=6", "four groups of 1"},
    {"n2c19h5w13k21r3s3p1b1:nhwc:algo=direct:tile=last,v=16,kb=1,gb=1,xb=12", "tails of all three"},
    {"c33h4w15k37r2s3sw2pl1b1:nhwc:algo=direct:tile=last,v=16,kb=2,gb=1,xb=7",
     "second vectors end"},
    {"c9h4w15k20r3s3p1b1:nhwc:algo=direct:tile=last,v=8,kb=2,gb=1,xb=14", "likewise"},
    {"n2c17h5w9k9r2s3dw2pt1g1:nhwc:algo=direct:tile=last,v=8,kb=1,gb=1,xb=4", "likewise, dilated"},
    {"c5h4w13k9r3s3p1b1:nhwc:algo=direct:tile=last,v=4,kb=2,gb=1,xb=12", "likewise"},
    {"n2c6h7w8k10r2s3sw4g2b1:nhwc:algo=direct:tile=last,v=4,kb=1,gb=1,xb=7",
     "columns of one output each"},
    {"c5h6w23k9r2s2sw3dw2b1:nhwc:algo=direct:tile=last,v=4,kb=1,gb=1,xb=4", "the same, dilated"},
    {"c6h6w23k6r2s2sw3dw2g6b1:nhwc:algo=depthwise:tile=last,v=4,m=1,xb=4", "the same"},
    {"n2c7h6w9k7r3s2p1b1:nhwc:shared:reduce=mean:algo=direct:tile=last,v=4,kb=1,gb=1,xb=7",
     "mean over seven channels"},
    {"n2c9h7w5k9r3s3p1g9b1:nhwc:algo=depthwise:tile=last,v=4,m=1,xb=2", "pairs of pixels"},
    {"c5h7w15k10r2s3sw2pl1g5b1:nhwc:algo=depthwise:tile=last,v=4,m=2,xb=7",
     "two of y for each of x"},
    {"n2c3h5w9k12r3s3p1g3:nhwc:algo=depthwise:tile=last,v=4,m=4,xb=4", "four of y for each of x"},
    {"c19h6w29k19r2s3dw2pl1g19b1:nhwc:algo=depthwise:tile=last,v=8,m=1,xb=14", "tails of all"},
    {"n2c3h5w9k24r3s3p1g3b1:nhwc:algo=depthwise:tile=last,v=8,m=8,xb=4",
     "eight of y for each of x"},
    {"c33h9w15k33r3s3p1g33:nhwc:algo=depthwise:tile=last,v=16,m=1,xb=7", "held rows"},
    {"n2c5h5w13k20r2s3sw3pl1g5b1:nhwc:algo=depthwise:tile=last,v=16,m=4,xb=4", "stride 3"},
    {"c17h5w7k17r2s3sw2pl3g17b1:nhwc:algo=depthwise:tile=last,v=16,m=1,xb=2",
     "padding past the filter"},
    {NULL, NULL},
};

/* ---- Kinds ---------------------------------------------------------------------------------- */

typedef struct kind {
    int32_t dtype, layout, op;
} kind;

enum { MOST_KINDS = 6 * 2 * 3, VIEWS = 3 };

/* Filters of the pool, from its first on, under which every algorithm is asked, for each is a
 * program per type there; others are for `naive`, which has one for all. In ci and behind it. */
enum { FEW_FILTERS = 3, MORE_FILTERS = 8 };

/* Integers have no gradients. Returns how many. */
static size_t list_kinds(kind out[MOST_KINDS])
{
    size_t count = 0;
    for (int32_t dtype = CLCONV_F32; dtype <= CLCONV_U8; dtype++)
        for (int32_t layout = CLCONV_LAYOUT_PLAIN; layout <= CLCONV_LAYOUT_CHANNELS_LAST; layout++)
            for (int32_t op = CLCONV_FORWARD; op <= CLCONV_BACKWARD_WEIGHTS; op++)
                if (dtype < CLCONV_I8 || op == CLCONV_FORWARD)
                    out[count++] = (kind){dtype, layout, op};
    return count;
}

/* Of a problem in float32 and NCHW, forward. One in three lies in memory with gaps; float32 in
 * NCHW, which the tiers have anyway, always does. */
static void set_kind(case_spec *c, const kind *k, size_t turn)
{
    clconv_problem *const p = &c->problem;
    p->x.dtype = k->dtype;
    p->x.layout = p->w.layout = p->y.layout = k->layout;
    p->op = k->op;
    if (p->b.dtype)
        p->b.dtype = tensor_sum_dtype(k->dtype);
    if (k->op == CLCONV_BACKWARD_DATA && p->shared)
        p->b.dtype = CLCONV_DTYPE_ABSENT; /* refused there */
    if (turn % VIEWS == 1 || (k->dtype == CLCONV_F32 && k->layout == CLCONV_LAYOUT_PLAIN))
        c->view = 1 + (int32_t)(turn / VIEWS % VIEWS);
}

/* One for each problem; numbers of elements need as many bits as a float has. */
static const char *further_data(const case_spec *c)
{
    if (c->problem.x.dtype >= CLCONV_I8)
        return "";
    return c->problem.x.dtype <= CLCONV_F64 && c->problem.op == CLCONV_FORWARD ? further_mode(c)
                                                                               : gradient_mode(c);
}

/* A problem of a kind, as it is added to the list. */
static void add_one(problem_list *list, const case_spec *c, size_t filters, const char *origin)
{
    case_spec one = *c;
    if (filter_number(&c->problem) >= filters && !one.algo[0])
        snprintf(one.algo, sizeof one.algo, "naive");
    add_typed(list, &one, further_data(c), origin);
}

/* ---- By hand -------------------------------------------------------------------------------- */

static void add_named(problem_list *list, const named_case *named, bool further)
{
    for (; named->text; named++) {
        case_spec c;
        char origin[sizeof list->items->origin];
        if (!read_named(list, named, &c))
            continue;
        snprintf(origin, sizeof origin, "type: %s", named->why);
        if (further)
            add_one(list, &c, FEW_FILTERS, origin);
        else
            add_typed(list, &c, c.data, origin);
    }
}

void add_typed_smoke(problem_list *list)
{
    add_named(list, typed_smoke_cases, false);
}

void add_typed_boundary(problem_list *list)
{
    add_named(list, typed_boundary_cases, true);
}

/* ---- Rows of the cover ---------------------------------------------------------------------- */

typedef struct met {
    bool value[AXES_MOST_VALUES]; /* numbered through all axes */
    int modes[CLCONV_PAD_CIRCULAR + 1];
    size_t rows;
} met;

static int gain_of(const met *m, const axis_row *row)
{
    int number[AXIS_COUNT], gain = 0;
    axes_number(row, number);
    for (int i = 0; i < AXIS_COUNT; i++)
        gain += !m->value[number[i]];
    return gain;
}

/* The padding mode that fits and that the kind has met least; without padding none matters. */
static int32_t rarest_mode(const met *m, const clconv_problem *of)
{
    clconv_problem p = *of;
    int32_t best = CLCONV_PAD_ZEROS;
    for (p.pad_mode = CLCONV_PAD_REFLECT; p.pad_mode <= CLCONV_PAD_CIRCULAR; p.pad_mode++)
        if (has_padding(&p) && padding_fits(&p) && m->modes[p.pad_mode] < m->modes[best])
            best = p.pad_mode;
    return best;
}

static void take_row(problem_list *list, met *m, const axis_row *row, const kind *k, size_t filters)
{
    case_spec c;
    int number[AXIS_COUNT];
    axes_number(row, number);
    for (int i = 0; i < AXIS_COUNT; i++)
        m->value[number[i]] = true;
    axes_problem(row, &c);
    c.problem.pad_mode = rarest_mode(m, &c.problem);
    m->modes[c.problem.pad_mode]++;
    set_kind(&c, k, m->rows++);
    add_one(list, &c, filters, "type: pair");
}

/* Every kind meets every value of every axis: the row that gains most, until none does. Kinds look
 * at the rows from different ones on, so that they differ. */
void add_types(problem_list *list)
{
    kind kinds[MOST_KINDS];
    size_t rows_count = 0;
    const size_t kind_count = list_kinds(kinds);
    axis_row *const rows = axes_cover(2, &rows_count);
    list->failed = list->failed || !rows;
    for (size_t k = 0; rows && k < kind_count; k++) {
        met m = {{false}, {0}, 0};
        for (int best_gain = 1; best_gain > 0;) {
            const axis_row *best = rows;
            best_gain = 0;
            for (size_t i = 0; i < rows_count; i++) {
                const axis_row *const row = &rows[(i + k * 29) % rows_count];
                const int gain = gain_of(&m, row);
                if (gain > best_gain)
                    best = row, best_gain = gain;
            }
            if (best_gain > 0)
                take_row(list, &m, best, &kinds[k], FEW_FILTERS);
        }
    }
    free(rows);
}

/* Every type and layout meets every pair of values: all rows, each in one direction after another.
 */
void add_all_types(problem_list *list)
{
    kind kinds[MOST_KINDS];
    size_t count = 0;
    met all[MOST_KINDS] = {{{false}, {0}, 0}};
    const size_t kind_count = list_kinds(kinds);
    axis_row *const rows = axes_cover(2, &count);
    list->failed = list->failed || !rows;
    for (size_t i = 0; rows && i < count; i++)
        for (size_t k = 0; k < kind_count; k++)
            if (kinds[k].dtype >= CLCONV_I8 || (size_t)kinds[k].op == i % 3)
                take_row(list, &all[k], &rows[i], &kinds[k], MORE_FILTERS);
    free(rows);
}

/* ---- Draws ---------------------------------------------------------------------------------- */

/* Shared kernels and uneven groups, which no row has, and all other families: one kind after
 * another. */
void add_typed_draws(problem_list *list)
{
    kind kinds[MOST_KINDS];
    const size_t kind_count = list_kinds(kinds), count = list->count;
    for (size_t i = 0, turn = 0; i < count; i++) {
        case_spec c = list->items[i].spec;
        if (strncmp(list->items[i].origin, "draw", 4) != 0)
            continue;
        while (kinds[turn % kind_count].dtype >= CLCONV_I8 &&
               c.problem.reduce == CLCONV_REDUCE_MEAN)
            turn++;
        set_kind(&c, &kinds[turn % kind_count], turn + turn / kind_count);
        turn++;
        c.algo[0] = c.tile[0] = c.data[0] = '\0';
        add_one(list, &c, FEW_FILTERS, "type: draw");
    }
}
