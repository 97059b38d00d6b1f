/* SPDX-License-Identifier: MIT */
/* The gradients of the tiers: each problem once in either direction. */
#include "cases.h"
#include "forced_tiles.h"
#include "problems.h"

#include <string.h>

/* Everything of h and w is different, and some rows and columns of x are seen by no window. A bias
 * is each direction's own; where a kernel is shared, only backward-weights has one. */
const named_case gradient_smoke_cases[] = {
    {"n2c4h6w7k6r3s2sh2sw1pt1pl2pr1dw2g2b1:data=real", "grouped, stride h, dilation w"},
    {"n2c3h7w9k5r2s4sw3pb2pl3pr1b1:data=special", "dense, stride w"},
    {"n1c4h9w11k12r3s2sh3sw2pt2pr1g4b1:data=real", "depthwise x 3, strides 3 and 2"},
    {"n2c5h6w8k5r3s3p1g5:data=special", "depthwise"},
    {"n1c5h5w7k5r2s4pt1pl2pr1g5:algo=depthwise:data=special", "depthwise, eight taps"},
    {"n2c6h5w4k9g3b1:data=special", "pointwise, grouped"},
    {"n1c7h6w5k9b1:data=real", "pointwise, dense"},
    {"n3c8h4w7k8g2b1", "pointwise, two groups"},
    {"n2c5h9w10k5r5s3pt3pb1pl2pr0dw2g5b1:data=special", "depthwise, dilated, one-sided padding"},
    {"n2c6h8w7k10r3s2pt2pb1pr1g2b1:data=special", "grouped, padding to the filter's reach"},
    {"n2c3h8w6k6r2s3pt1pl2b1:shared:algo=naive:data=special", "shared kernel, two filters"},
    {"n2c4h7w9k8r3s2sh2pb2pl1dw3b1:shared:reduce=sum:algo=naive:data=real", "shared kernel, sum"},
    {"n1c3h5w12k9r1s4sw2pb1pl3pr2dh2b1:shared:reduce=mean:data=real", "shared kernel, mean"},
    {"n2c6h5w4k8r2s3pt1pb1pl1g3b1:gi=1+3+2:go=3+1+4:algo=naive:data=special", "uneven groups"},
    {"n2c4h6w9k6r3s3pt2pb1pl1pr4sw2g2b1:pad=reflect", "grouped, reflected"},
    {"n1c3h4w7k5r2s3sh2pt3pb5pl4pr2dw2b1:pad=replicate:data=real", "dense, edges repeated"},
    {"n2c3h5w6k6r2s4pt4pb2pl3pr6g3b1:pad=circular", "depthwise x 2, circular"},
    {"n1c2h11w13k3r2s3sh4sw5b1:data=real", "stride over the filter, last row not read"},
    {"n0c4h5w7k6r3s2g2b1:algo=naive", "empty batch"},
    {"n2c4h5w7k6r3s2pl1g2b1:algo=auto", "the plan's choice"},
    {"n1c5h6w4k5r2s3pb1g5b1:algo=auto:data=real", "the plan's choice, depthwise"},
    {NULL, NULL},
};

const named_case gradient_boundary_cases[] = {
    {"n2c4h2w9k6r5s3p2pl1pr0g2b1", "image lower than the filter"},
    {"n2c4h9w2k6r3s5p2pt0pb1g2b1", "image narrower than the filter"},
    {"n1c4h3w5k6r2s3pt5pb4pl7pr6g2b1", "padding wider than the filter: outputs of padding alone"},
    {"n2c4h5w7k6r2s3pt2pb3pl3pr4g2", "padding as wide as the filter"},
    {"n2c4h13w17k6r2s1sh5sw3g2b1", "stride over the filter: input between is not read"},
    {"n2c4h13w17k4r2s1sh5sw3g4", "depthwise, stride over the filter"},
    {"n2c4h11w13k6r3s2sh3sw4g2b1", "floor division: last rows and columns are not read"},
    {"n2c4h5w7k6r3s2sh7sw9g2b1", "stride over the image: one output"},
    {"n2c6h5w7k4r5s7g2b1", "filter as large as the image"},
    {"n2c4h6w21k4r2s4pt1pl2g4b1", "depthwise, eight taps: a whole vector of them, turned"},
    {"n2c6h6w9k6r3s5pt1pl3g6b1", "depthwise, 15 taps: a vector and its tail, turned"},
    {"n2c6h5w7k6r5s7g6b1", "depthwise, filter as large as the image"},
    {"n2c4h7w9k6r4s5pt1pb2pr4dh3dw3g2b1", "dilated filter fits the padded image exactly"},
    {"n2c4h1w1k6r3s3p2d2g2b1", "dilated filter of which one tap is inside"},
    {"c1hw1k1b1", "one of everything"},
    {"n3c1h1w1k1r3s2pt2pb1pl1pr1b1", "one pixel in the middle of padding"},
    {"c1h5w7k3r2s3", "one input channel, three filters"},
    {"c3h5w7k1r2s3", "three input channels, one filter"},
    {"n2c7h6w9k11b1", "pointwise, dense"},
    {"n2c5h7w9k6sh2sw3b1", "pointwise, strides 2 and 3"},
    {"n0c6h5w7k6r3s2p1g6b1", "empty batch, depthwise"},
    {"n0c6h5w7k6r3s2p1b1:shared:reduce=sum", "empty batch, shared kernel"},
    {"n2c4h5w7k6r3s5pt4pb3pl6pr5g2b1:pad=reflect", "reflected by all but one row and column"},
    {"n2c3h2w19k3r3s3p1g3b1:pad=reflect", "depthwise, two rows, reflected by one"},
    {"n2c4h5w7k6r3s2pt9pb11pl16pr20g2:pad=replicate", "edges repeated further than the image"},
    {"n1c3h1w1k6r2s3pt3pb1pl2pr4g3b1:pad=replicate", "depthwise, one pixel everywhere"},
    {"n2c4h5w7k6r4s3pt5pb4pl7pr6g2b1:pad=circular", "once round, as far as allowed"},
    {"n2c3h4w19k3r3s5pt4pb4pl5pr3g3:pad=circular", "depthwise, round by all rows"},
    {"n1c3h7w12k3r3s3p2b1:shared:pad=reflect", "shared kernel, reflected"},
    {"n2c4h9w11k8r3s3st2pt1pl1g2b1:pad=reflect", "stride 2, reflected"},
    {"n1c6h6w13k9r3s3p2d2g3b1:pad=circular:gi=1+2+3:go=3+3+3", "uneven groups, circular, dilated"},
    {"n2c12h7w9k14r2s3pt1pl1g3b1:gi=1+10+1:go=1+1+12", "uneven groups, lopsided both ways"},
    {"n2c9h7w9k8r3s3p1g3b1:go=3+3+2", "uneven outputs only"},
    {"n2c8h7w9k9r3s3p1g3b1:gi=3+3+2", "uneven inputs only"},
    {"n2c1h6w9k1r3s2p1b1:shared:reduce=mean", "mean over one channel"},
    {"n2c7h6w9k7r3s2p1b1:shared:reduce=mean", "mean over seven channels: a rounded quotient"},
    {"n2c17h3w19k85r2s3pr1b1:shared:reduce=sum", "sum over 17 channels, five filters"},
    {"n1c3h5w6k260r2s3b1", "a long sum for x: 260 output channels"},
    {"n1c3h9w8k33r5s7p3b1", "a long sum for x: 33 x 5 x 7 terms"},
    {"n9c2h31w33k3r2s3b1", "a long sum for w: 9 x 30 x 31 outputs"},
    {"n2c5h41w37k5r3s3p1g5b1", "a long sum for w, depthwise"},
    {"n1c17h33w31k17r3s2b1:shared:reduce=mean", "a long sum for w, over all channels"},
    {"n65537c1h1w2k1b1", "65,537 images"},
    {"c65537h1w2k1b1", "65,537 input channels"},
    {"c1h1w2k65537b1", "65,537 filters"},
    {"c1h211w199k2s2b1", "more pixels than a row of a grid has work-items"},
    {"n2c8h9w11k8r3s3p1g8b1:algo=auto", "the plan's choice, depthwise"},
    {"n2c6h9w7k4r3s3p1b1:algo=auto", "the plan's choice, dense"},
    {"n2c4h7w9k6r3s3p1g2b1:pad=reflect:algo=auto", "the plan's choice, reflected"},
    {NULL, NULL},
};

/* Whether forward cases have the programs anyway: of filters of one tap, and of the gradient by x
 * of as many filters as channels. */
static bool has_programs(const clconv_problem *p)
{
    return p->kernel[0] * p->kernel[1] == 1 || (p->groups == p->c && p->groups == p->k);
}

/* The problem in either direction. Without forced tiles one filter of four is for all algorithms,
 * since each is a program that takes PoCL two seconds. */
static void add_both(problem_list *list, const case_spec *c, const char *data, unsigned runs,
                     const char *origin)
{
    case_spec one = *c;
    if (!runs && !one.algo[0] && filter_hash(&c->problem) % 4 && !has_programs(&c->problem))
        snprintf(one.algo, sizeof one.algo, "naive");
    one.problem.op = CLCONV_BACKWARD_WEIGHTS;
    add_gradient(list, &one, data, runs, origin);
    one.problem.op = CLCONV_BACKWARD_DATA;
    if (one.problem.shared)
        one.problem.b.dtype = CLCONV_DTYPE_ABSENT; /* refused there */
    add_gradient(list, &one, data, runs, origin);
}

static void add_named(problem_list *list, const named_case *named, bool further, unsigned runs)
{
    for (; named->text; named++) {
        case_spec c;
        char origin[sizeof list->items->origin];
        if (!read_named(list, named, &c))
            continue;
        snprintf(origin, sizeof origin, "gradient: %s", named->why);
        add_both(list, &c, further ? gradient_mode(&c) : c.data, runs, origin);
    }
}

void add_gradient_smoke(problem_list *list)
{
    add_named(list, gradient_smoke_cases, false, RUN_FORCED);
}

void add_gradient_boundary(problem_list *list, unsigned runs)
{
    add_named(list, gradient_boundary_cases, true, runs);
}

void add_gradients_again(problem_list *list, unsigned runs)
{
    static const char *const origins[] = {"pair", "triple", "padding mode", "draw"};
    const size_t count = list->count;
    for (size_t i = 0; i < count; i++)
        for (size_t o = 0; o < sizeof origins / sizeof *origins; o++) {
            const problem from = list->items[i]; /* which move when the list grows */
            char origin[sizeof from.origin];
            if (strncmp(from.origin, origins[o], strlen(origins[o])) != 0)
                continue;
            snprintf(origin, sizeof origin, "gradient: %s", origins[o]);
            add_both(list, &from.spec, gradient_mode(&from.spec), runs, origin);
        }
}
