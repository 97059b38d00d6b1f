/* SPDX-License-Identifier: MIT */
/* The options of `clconv run`: which belong to which direction, and what each may say. */
#include "options.h"
#include "run.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FILE_OPTION(id, name, text)                                                                \
    [id] = {name, '\0', POPT_ARG_STRING, NULL, (id) + 1, text, "FILE"}
#define OPTION(id, name, value, text)                                                              \
    [id] = {name, '\0', POPT_ARG_STRING, NULL, (id) + 1, text, value}

const struct poptOption run_options[] = {
    FILE_OPTION(X, "x", "input (N, C, H, W), (C, H, W) or (N, C, L)"),
    FILE_OPTION(W, "w", "weights (K, C/groups, R, S); for (N, C, L) (K, C/groups, S)"),
    FILE_OPTION(B, "b", "bias (K); backward-data: (C), added to dx"),
    FILE_OPTION(Y, "y", "output (N, K, P, Q), written"),
    OPTION(DIRECTION, "direction", "WORD", "forward (default), backward-data or -weights"),
    FILE_OPTION(DY, "dy", "backward: gradient of y"),
    FILE_OPTION(DX, "dx", "backward-data: gradient of x, written"),
    FILE_OPTION(DW, "dw", "backward-weights: gradient of w, written"),
    FILE_OPTION(DB, "db", "backward-weights: gradient of b, written"),
    FILE_OPTION(RESIDUAL, "residual", "forward: added to y, of its shape and type"),
    OPTION(X_SHAPE, "x-shape", "N,C,H,W", "backward-data: shape of x"),
    OPTION(W_SHAPE, "w-shape", "K,C/G,R,S", "backward-weights: shape of w"),
    OPTION(OUTPUT_PADDING, "output-padding", "P",
           "backward-data without --x-shape: P or PH,PW (default 0)"),
    OPTION(STRIDE, "stride", "S", "S or SH,SW (default 1)"),
    OPTION(PADDING, "padding", "P",
           "P, PH,PW, T,B,L,R, same or valid (default 0); of one dimension P or L,R"),
    OPTION(PADDING_MODE, "padding-mode", "WORD", "zeros (default), reflect, replicate, circular"),
    OPTION(DILATION, "dilation", "D", "D or DH,DW (default 1, which is dense)"),
    OPTION(GROUPS, "groups", "G", "groups (default 1)"),
    OPTION(GROUP_IN, "group-in", "A,B,...", "uneven groups, input channels of each"),
    OPTION(GROUP_OUT, "group-out", "A,B,...", "uneven groups, output channels of each"),
    [SHARED] = {"shared", '\0', POPT_ARG_NONE, NULL, SHARED + 1,
                "one filter bank (M, 1, R, S) for every channel", NULL},
    OPTION(REDUCE, "reduce", "WORD", "over channels: none (default), sum, mean"),
    OPTION(ACTIVATION, "activation", "WORD",
           "none (default), relu, clip:LOW,HIGH, leaky_relu:SLOPE, hardswish"),
    OPTION(ALPHA, "alpha", "A", "factor of conv(x, w) + b (default 1)"),
    OPTION(BETA, "beta", "B", "factor of the residual (default 1)"),
    OPTION(Y_DTYPE, "y-dtype", "WORD", "of int8 and uint8: int32 (default), int8, uint8"),
    OPTION(X_ZERO, "x-zero", "Z", "zero point of x, of int8 and uint8 (default 0)"),
    OPTION(W_ZERO, "w-zero", "Z,...", "zero point of w, one or one for each filter"),
    OPTION(Y_ZERO, "y-zero", "Z", "zero point of y, with --y-dtype"),
    OPTION(X_SCALE, "x-scale", "S", "scale of x, with --y-dtype"),
    OPTION(W_SCALE, "w-scale", "S,...", "scale of w, one or one for each filter"),
    OPTION(Y_SCALE, "y-scale", "S", "scale of y"),
    OPTION(LAYOUT, "layout", "WORD", "nchw (default) or nhwc"),
    OPTION(DTYPE, "dtype", "bf16", "uint16 files hold bfloat16"),
    OPTION(ALGO, "algo", "NAME", "exactly this algorithm or an error"),
    OPTION(DEVICE, "device", "D", "index or part of a name ('clconv devices')"),
    POPT_TABLEEND};

_Static_assert((int)DEVICE < (int)TOOL_MAX_OPTIONS, "a value for every option");

static const char *name_of(run_option id)
{
    return run_options[id].longName;
}

/* ---- Words -------------------------------------------------------------------------------- */

/* Sets *out to the index of the option's word, in the order of the library's enumeration. */
static int read_word(char *const *value, run_option id, const char *const *words, int32_t *out)
{
    char list[100];
    if (!value[id])
        return EXIT_GOOD;
    *out = options_word(value[id], words);
    if (*out >= 0)
        return EXIT_GOOD;
    return tool_fail(EXIT_USAGE, "%s must be one of {%s}, but got %s='%s'", name_of(id),
                     options_words_text(words, list, sizeof list), name_of(id), value[id]);
}

static int read_words(char *const *value, run_request *out)
{
    static const char *const pad_modes[] = {"zeros", "reflect", "replicate", "circular", NULL};
    static const char *const reduces[] = {"none", "sum", "mean", NULL};
    static const char *const layouts[] = {"nchw", "nhwc", NULL};
    static const char *const dtypes[] = {"bf16", NULL};
    clconv_problem *p = &out->problem;
    int32_t layout = CLCONV_LAYOUT_PLAIN, dtype = -1;
    if (read_word(value, PADDING_MODE, pad_modes, &p->pad_mode) ||
        read_word(value, REDUCE, reduces, &p->reduce) ||
        read_word(value, LAYOUT, layouts, &layout) || read_word(value, DTYPE, dtypes, &dtype))
        return EXIT_USAGE;
    p->x.layout = p->w.layout = p->y.layout = layout;
    p->shared = value[SHARED] != NULL;
    out->bf16 = dtype == 0;
    if (value[REDUCE] && !p->shared)
        return tool_fail(EXIT_USAGE, "--reduce %s belongs to --shared", value[REDUCE]);
    return tool_check_algorithm(value[ALGO]);
}

/* ---- Numbers ------------------------------------------------------------------------------ */

/* One number for both axes, or two. */
static int read_pair(char *const *value, run_option id, int64_t out[2], size_t *count)
{
    if (!value[id])
        return EXIT_GOOD;
    if (!options_list(value[id], ',', 1, 2, out, count))
        return tool_fail(EXIT_USAGE,
                         "expected %s to be a single integer value or a list of 2 values to match "
                         "the convolution dimensions, but got %s=%s",
                         name_of(id), name_of(id), value[id]);
    if (*count == 1)
        out[1] = out[0];
    return EXIT_GOOD;
}

static int read_padding(char *const *value, run_request *out)
{
    clconv_problem *p = &out->problem;
    const char *text = value[PADDING];
    int64_t n[4];
    size_t *const count = &out->paddings;
    if (!text || strcmp(text, "valid") == 0)
        return EXIT_GOOD;
    out->same = strcmp(text, "same") == 0;
    if (out->same)
        return EXIT_GOOD;
    if (!options_list(text, ',', 1, 4, n, count) || *count == 3)
        return tool_fail(EXIT_USAGE,
                         "Invalid padding '%s', should be one of {'same', 'valid'} or the numbers "
                         "P, PH,PW or T,B,L,R",
                         text);
    const size_t side[5][4] = {[1] = {0, 0, 0, 0}, [2] = {0, 0, 1, 1}, [4] = {0, 1, 2, 3}};
    for (int axis = 0; axis < 2; axis++) {
        p->pad_before[axis] = n[side[*count][2 * axis]];
        p->pad_after[axis] = n[side[*count][2 * axis + 1]];
    }
    return EXIT_GOOD;
}

int run_one_dimension(run_request *request)
{
    clconv_problem *p = &request->problem;
    const struct {
        run_option id;
        size_t count, most;
    } rows[] = {{STRIDE, request->strides, 1},
                {DILATION, request->dilations, 1},
                {OUTPUT_PADDING, request->output_paddings, 1},
                {PADDING, request->paddings, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].count > rows[i].most)
            return tool_fail(EXIT_USAGE,
                             "expected %s to be a single integer value or a list of %zu values to "
                             "match the convolution dimensions, but got %zu, and x and w have one "
                             "dimension",
                             name_of(rows[i].id), rows[i].most, rows[i].count);
    if (request->paddings == 2)
        p->pad_after[0] = p->pad_before[1];
    p->stride[1] = p->dilation[1] = 1;
    p->pad_before[1] = p->pad_after[1] = 0;
    p->spatial = 1;
    return EXIT_GOOD;
}

/* A list of channel counts of any length; *out is malloc'ed. */
static int read_table(char *const *value, run_option id, int64_t **out, size_t *count)
{
    size_t room = 1;
    if (!value[id])
        return EXIT_GOOD;
    for (const char *c = value[id]; *c; c++)
        room += *c == ',';
    *out = malloc(room * sizeof **out);
    if (!*out)
        return tool_fail(EXIT_USAGE, "no memory for a --%s of %zu groups", name_of(id), room);
    if (options_list(value[id], ',', 1, room, *out, count))
        return EXIT_GOOD;
    return tool_fail(EXIT_USAGE, "--%s %s is not a list of channel counts such as 3,3,2",
                     name_of(id), value[id]);
}

static int read_groups(char *const *value, run_request *out)
{
    clconv_problem *p = &out->problem;
    size_t in = 0, of_out = 0;
    if (value[SHARED] && (value[GROUPS] || value[GROUP_IN] || value[GROUP_OUT]))
        return tool_fail(EXIT_USAGE,
                         "--%s is not given with --shared: one filter bank serves "
                         "every channel",
                         name_of(value[GROUPS]     ? GROUPS
                                 : value[GROUP_IN] ? GROUP_IN
                                                   : GROUP_OUT));
    if (value[GROUPS] && !options_integer(value[GROUPS], &p->groups))
        return tool_fail(EXIT_USAGE, "--groups %s is not a whole number", value[GROUPS]);
    if (read_table(value, GROUP_IN, &out->group_in, &in) ||
        read_table(value, GROUP_OUT, &out->group_out, &of_out))
        return EXIT_USAGE;
    if (in && of_out && in != of_out)
        return tool_fail(EXIT_USAGE, "--group-in lists %zu groups but --group-out lists %zu", in,
                         of_out);
    const size_t table = of_out ? of_out : in;
    if (table && value[GROUPS] && p->groups != (int64_t)table)
        return tool_fail(EXIT_USAGE, "--groups %" PRId64 " beside a table of %zu groups", p->groups,
                         table);
    if (table)
        p->groups = (int64_t)table;
    p->group_in = out->group_in;
    p->group_out = out->group_out;
    return EXIT_GOOD;
}

/* ---- Directions --------------------------------------------------------------------------- */

/* For forward, backward-data, backward-weights: 'r' required, 'o' optional, '-' out of place. */
static const struct {
    run_option id;
    char need[4];
} belongs[] = {
    {X, "r-r"},
    {W, "rr-"},
    {B, "oo-"},
    {Y, "r--"},
    {DY, "-rr"},
    {DX, "-r-"},
    {DW, "--r"},
    {DB, "--o"},
    {X_SHAPE, "-o-"},
    {W_SHAPE, "--r"},
    {OUTPUT_PADDING, "-o-"},
    {RESIDUAL, "o--"},
    {ACTIVATION, "o--"},
    {ALPHA, "o--"},
    {BETA, "o--"},
    {Y_DTYPE, "o--"},
    {X_ZERO, "o--"},
    {W_ZERO, "o--"},
    {Y_ZERO, "o--"},
    {X_SCALE, "o--"},
    {W_SCALE, "o--"},
    {Y_SCALE, "o--"},
};

/* Which file is which tensor, x, w, b, y, and whether it is written. */
static const struct {
    run_option file[TENSORS];
    bool written[TENSORS];
} files[] = {
    [CLCONV_FORWARD] = {{X, W, B, Y, RESIDUAL}, {[TENSOR_Y] = true}},
    [CLCONV_BACKWARD_DATA] = {{DX, W, B, DY, RESIDUAL}, {[TENSOR_X] = true}},
    [CLCONV_BACKWARD_WEIGHTS] = {{X, DW, DB, DY, RESIDUAL}, {[TENSOR_W] = true, [TENSOR_B] = true}},
};

run_option run_file(const run_request *request, run_tensor tensor)
{
    return files[request->problem.op].file[tensor];
}

bool run_writes(const run_request *request, run_tensor tensor)
{
    return files[request->problem.op].written[tensor];
}

static int read_direction(char *const *value, run_request *out)
{
    static const char *const directions[] = {"forward", "backward-data", "backward-weights", NULL};
    int32_t op = CLCONV_FORWARD;
    if (read_word(value, DIRECTION, directions, &op))
        return EXIT_USAGE;
    for (size_t i = 0; i < sizeof belongs / sizeof belongs[0]; i++) {
        const bool given = value[belongs[i].id] != NULL;
        if (given && !*value[belongs[i].id])
            return tool_fail(EXIT_USAGE, "--%s is empty", name_of(belongs[i].id));
        if (belongs[i].need[op] == 'r' && !given)
            return tool_wrong_usage("clconv run", "--%s is missing", name_of(belongs[i].id));
        if (belongs[i].need[op] == '-' && given)
            return tool_fail(EXIT_USAGE, "--%s has no place in --direction %s",
                             name_of(belongs[i].id), directions[op]);
    }
    out->problem.op = op;
    return EXIT_GOOD;
}

/* --x-shape and --w-shape: whatever the layout in the order N,C,H,W and K,C/G,R,S; 2 or 3 numbers
 * for arrays of fewer dimensions. */
static int read_shape(char *const *value, run_option id, clconv_shape *out)
{
    size_t count = 0;
    if (!value[id])
        return EXIT_GOOD;
    if (!options_list(value[id], ',', 2, 4, out->dim, &count))
        return tool_fail(EXIT_USAGE, "--%s %s is not a list of 4 whole numbers, nor of 2 or 3",
                         name_of(id), value[id]);
    out->rank = (int32_t)count;
    return EXIT_GOOD;
}

static int read_shapes(char *const *value, run_request *out)
{
    if (value[X_SHAPE] && value[OUTPUT_PADDING])
        return tool_fail(EXIT_USAGE,
                         "--output-padding has no place beside --x-shape, which says it");
    if (read_pair(value, OUTPUT_PADDING, out->output_padding, &out->output_paddings) ||
        read_shape(value, X_SHAPE, &out->x_shape))
        return EXIT_USAGE;
    return read_shape(value, W_SHAPE, &out->w_shape);
}

int run_read_options(char *const *value, run_request *out)
{
    memset(out, 0, sizeof *out);
    clconv_problem_init(&out->problem, sizeof out->problem);
    if (read_direction(value, out) || read_words(value, out) ||
        read_pair(value, STRIDE, out->problem.stride, &out->strides) ||
        read_pair(value, DILATION, out->problem.dilation, &out->dilations) ||
        read_padding(value, out) || read_groups(value, out) || run_read_values(value, out))
        return EXIT_USAGE;
    return read_shapes(value, out);
}

void run_request_free(run_request *request)
{
    free(request->group_in);
    free(request->group_out);
    free(request->w_zero);
    free(request->w_scale);
}
