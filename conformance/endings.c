/* SPDX-License-Identifier: MIT */
/* Epilogues, zero points and scales beside the other axes: by hand, and every activation with every
 * residual under every algorithm and in every type. */
#include "cases.h"
#include "problems.h"

#include <string.h>

const named_case ending_smoke_cases[] = {
    {"n2c4h6w7k6r3s2sh2pt1pl2dw2g2b1:data=special:act=relu:res=array", "relu of a sum"},
    {"n2c4h5w7k8r2s3sw2pb1pl1g4b1:data=real:act=hardswish:res=array:scaled=1", "depthwise"},
    {"n2c6h4w9k5b1:data=real:act=clip:res=array", "pointwise"},
    {"n2c4h6w7k6r3s2sw2pt1pl2g2b1:view=1:res=y:scaled=1", "added to what y held, in a view"},
    {"n2c3h7w9k6r3s2pt1pr2b1:data=real:act=leaky_relu", "no residual"},
    {"n2c3h5w7k4r3s2pt1pr2b1:f16:nhwc:data=special:act=leaky_relu:res=array:scaled=1",
     "float16, channels last"},
    {"n2c5h4w6k5r3s2ph1b1:bf16:shared:reduce=mean:data=real:act=clip:res=y:scaled=1",
     "bfloat16, a mean added to what y held"},
    {"n2c4h6w7k6r3s2sh2pt1pl2dw2g2b1:f64:data=real:act=hardswish:res=array", "float64"},
    {"n2c3h7w6k5r2s3p1b1:i8:quant=i8", "int8 to int8"},
    {"c1h15w17k4:i8:quant=i8", "one product: ties in rounding"},
    {"n2c4h5w7k6r3s2pt2pl1pr1g2b1:u8:nhwc:quant=u8", "uint8 to uint8, channels last"},
    {"n2c3h6w5k6r2s3p1b1:i8:nhwc:shared:quant=u8", "int8 to uint8, shared kernel"},
    {"n2c6h5w4k8r2s3pt1pl1g3b1:u8:gi=1+3+2:go=3+1+4:quant=i32", "uint8 to int32, uneven groups"},
    {NULL, NULL},
};

const named_case ending_boundary_cases[] = {
    {"c1hw1k1:act=relu", "one of everything"},
    {"c1hw1k1:res=y", "one of everything, added to what y held"},
    {"n0c4h5w7k6r3s3g2b1:act=relu:res=array", "empty batch"},
    {"n0c4h5w7k6r3s3g2b1:res=y:scaled=1", "empty batch, nothing to add to"},
    {"n1c3h3w5k6r3s3pt5pb4pl7pr6g3b1:data=real:act=clip:res=array", "padding alone: the bias"},
    {"n3c7h9w11k12rs3p1b1:f16:data=special:act=relu", "NaN and infinities through relu"},
    {"n3c7h9w11k12rs3p1b1:f16:data=special:act=clip", "NaN and infinities through clip"},
    {"n3c7h9w11k12rs3p1b1:f16:data=special:act=leaky_relu", "NaN and infinities, leaky relu"},
    {"n3c7h9w11k12rs3p1b1:f64:data=special:act=hardswish", "NaN and infinities, hardswish"},
    {"n3c7h9w11k12rs3p1b1:bf16:data=special:res=array:scaled=1", "NaN of a residual"},
    {"n3c7h9w11k12rs3p1b1:data=special:act=hardswish", "NaN of float32 through hardswish"},
    {"n3c7h9w11k12rs3p1b1:data=special:act=relu:res=y", "NaN that y held"},
    {"n3c7h9w10k12rs3p1b1:data=special:act=leaky_relu:res=array", "NaN through leaky relu"},
    {"n3c7h9w12k12rs3p1b1:data=special:act=clip:res=array", "NaN through clip"},
    {"n65537c1h1w5k1:act=relu:res=array", "65,537 images"},
    {"c1h45w47k12:i8:quant=i8", "one product: ties in rounding, saturation"},
    {"c1h47w45k12b1:u8:nhwc:quant=u8", "one product: ties in rounding, saturation"},
    {"c1h45w47k12b1:u8:quant=i8", "uint8 to int8"},
    {"c300h3w4k3r2s3b1:i8:quant=u8", "a long sum that saturates"},
    {"c3640h3w4k2r3s3:u8:quant=i32", "32,760 products: near the end of int32"},
    {"n1c3h3w5k6r2s3pt5pb4pl7pr6g3b1:i8:quant=i8", "padding adds nothing: output = bias"},
    {"n2c4h5w7k6r3s5pt4pb3pl6pr5g2b1:i8:pad=replicate:quant=i8", "edges repeated"},
    {"n2c3h5w7k17r2s3p1b1:u8:quant=u8", "one zero point for all filters"},
    {"n0c4h5w7k6r3s2g2b1:u8:nhwc:quant=u8", "empty batch of bytes"},
    {NULL, NULL},
};

static void add_named(problem_list *list, const named_case *named)
{
    for (; named->text; named++) {
        case_spec c;
        char origin[sizeof list->items->origin];
        snprintf(origin, sizeof origin, "ending: %s", named->why);
        if (read_named(list, named, &c))
            add_ending(list, &c, c.data, 0, origin);
    }
}

void add_ending_smoke(problem_list *list)
{
    add_named(list, ending_smoke_cases);
}

void add_ending_boundary(problem_list *list)
{
    add_named(list, ending_boundary_cases);
}

/* ---- Every epilogue ------------------------------------------------------------------------- */

/* Activations times residuals. The first, which is neither, is alpha alone. */
enum { RESIDUALS = CASE_RESIDUAL_Y + 1, ENDINGS = (CLCONV_HARDSWISH + 1) * RESIDUALS };

static void set_ending(case_spec *c, int ending, bool scaled)
{
    c->epilogue.activation = ending / RESIDUALS;
    c->residual = ending % RESIDUALS;
    c->scaled = scaled || ending == 0;
}

static void add_one(problem_list *list, const char *text, int ending, int turn, const char *kind)
{
    static const char *const further[] = {"real", "special"};
    const named_case named = {text, ""};
    case_spec c;
    if (!read_named(list, &named, &c))
        return;
    set_ending(&c, ending, turn % 2);
    if (turn % 3 == 1)
        c.view = 1 + turn / 3 % 3;
    add_ending(list, &c, further[(turn / 2) % 2], c.algo[0] ? 0 : RUN_FORCED, kind);
}

/* For every algorithm, and tiles in turn beside its choice. Two filters alone: each is a program of
 * its own with each tile and epilogue. Whole vectors and tails, one channel and many. */
static const char *const fast_problems[] = {
    "n2c5h6w18k7rs3p1b1",
    "n2c6h9w19k6rs3p1g6b1",
    "n2c9h5w17k10b1",
};

/* For `naive`, which has one program for all sizes. */
static const char *const naive_problems[] = {
    "n2c4h6w7k6r3s2sh2pt1pl2dw2g2b1:algo=naive",
    "n2c3h7w5k4r2s3pb1pl2:algo=naive",
    "n2c6h5w4k8r2s3pt1pl1g3b1:gi=1+3+2:go=3+1+4:algo=naive",
    "n2c5h4w6k10r3s2ph1b1:shared:algo=naive",
    "n2c7h5w4k7r2s3pl1b1:shared:reduce=mean:algo=naive",
    "n1c9h5w6k12r2s3pr1b1:pad=reflect:algo=naive",
};

static const char *const kind_words[] = {
    ":nhwc", ":f64", ":f64:nhwc", ":f16", ":f16:nhwc", ":bf16", ":bf16:nhwc",
};

void add_endings(problem_list *list)
{
    enum {
        FAST = sizeof fast_problems / sizeof *fast_problems,
        NAIVE = sizeof naive_problems / sizeof *naive_problems,
        KINDS = sizeof kind_words / sizeof *kind_words
    };
    char text[128];
    for (int f = 0; f < FAST; f++)
        for (int e = 0; e < ENDINGS; e++)
            add_one(list, fast_problems[f], e, e + f, "ending: every algorithm");
    for (int k = 0; k < KINDS; k++)
        for (int e = 0; e < ENDINGS; e++) {
            snprintf(text, sizeof text, "%s%s", naive_problems[(e + k) % NAIVE], kind_words[k]);
            add_one(list, text, e, e / NAIVE + k, "ending: every type");
        }
}

/* ---- Every pair of types of bytes ----------------------------------------------------------- */

static const char *const byte_problems[] = {
    "n2c4h6w7k6r3s2sh2pt1pl2dw2g2b1",
    "n2c3h7w5k4r2s3pb1pl2",
    "n2c6h5w4k8r2s3pt1pl1g3b1:gi=1+3+2:go=3+1+4",
    "n2c5h4w6k10r3s2ph1b1:shared",
    "n1c9h5w6k12r2s3pr1b1:pad=circular",
    "n2c12h5w7k11b1",
};

void add_quantised(problem_list *list)
{
    static const char *const x[] = {":i8", ":u8", ":i8:nhwc", ":u8:nhwc"};
    static const char *const y[] = {":quant=i32", ":quant=i8", ":quant=u8"};
    char text[128];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++)
            for (size_t k = 0; k < sizeof byte_problems / sizeof *byte_problems; k++) {
                case_spec c;
                snprintf(text, sizeof text, "%s%s%s:algo=naive", byte_problems[k], x[i], y[j]);
                if (!read_named(list, &(named_case){text, ""}, &c))
                    continue;
                c.view = (i + j + (int)k) % 4;
                add_ending(list, &c, "", 0, "ending: bytes");
            }
}
