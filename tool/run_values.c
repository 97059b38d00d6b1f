/* SPDX-License-Identifier: MIT */
/* What `clconv run` makes of values: activation, residual, zero points and scales. */
#include "options.h"
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(run_option id)
{
    return run_options[id].longName;
}

/* ---- Epilogue ----------------------------------------------------------------------------- */

/* In the order of clconv_activation, with how many numbers follow. */
static const struct {
    const char *word;
    size_t numbers;
} activations[] = {{"none", 0}, {"relu", 0}, {"clip", 2}, {"leaky_relu", 1}, {"hardswish", 0}};

/* "clip:0,6" */
static int read_activation(const char *text, clconv_epilogue *out)
{
    const size_t length = strcspn(text, ":");
    double number[2] = {0, 0};
    size_t count = 0;
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++) {
        if (strlen(activations[i].word) != length || strncmp(activations[i].word, text, length))
            continue;
        if (text[length] && !options_numbers(text + length + 1, ',', 1, 2, number, &count))
            break;
        if (count != activations[i].numbers || (text[length] && !count))
            break;
        out->activation = (int32_t)i;
        if (count == 2)
            out->low = number[0], out->high = number[1];
        else
            out->slope = number[0];
        return EXIT_GOOD;
    }
    return tool_fail(EXIT_USAGE,
                     "activation must be none, relu, clip:LOW,HIGH, leaky_relu:SLOPE or hardswish, "
                     "but got activation='%s'",
                     text);
}

static int read_number(char *const *value, run_option id, double *out)
{
    size_t count;
    if (!value[id] || options_numbers(value[id], ',', 1, 1, out, &count))
        return EXIT_GOOD;
    return tool_fail(EXIT_USAGE, "--%s %s is not a number", name_of(id), value[id]);
}

static int read_epilogue(char *const *value, run_request *out)
{
    out->epilogue.size = sizeof out->epilogue;
    out->alpha = out->beta = 1.0;
    if ((value[ACTIVATION] && read_activation(value[ACTIVATION], &out->epilogue)) ||
        read_number(value, ALPHA, &out->alpha) || read_number(value, BETA, &out->beta))
        return EXIT_USAGE;
    if (value[BETA] && !value[RESIDUAL])
        return tool_fail(EXIT_USAGE, "--beta %s belongs to --residual", value[BETA]);
    if (out->alpha == 0.0 && out->beta == 0.0)
        return tool_fail(EXIT_USAGE, "--alpha and --beta are both 0: nothing would be stored");
    if (value[ACTIVATION] || value[ALPHA])
        out->problem.epilogue = &out->epilogue;
    return EXIT_GOOD;
}

/* ---- Zero points and scales ------------------------------------------------------------------ */

/* One zero point of a byte, or as many as are given; *out is malloc'ed. */
static int read_zeros(const char *text, run_option id, size_t most, int32_t **out, int64_t *length)
{
    size_t count = 0;
    int64_t *const wide = malloc(most * sizeof *wide);
    *out = malloc(most * sizeof **out);
    bool good = wide && *out && options_list(text, ',', 1, most, wide, &count);
    for (size_t i = 0; good && i < count; i++) {
        good = wide[i] >= INT8_MIN && wide[i] <= UINT8_MAX;
        (*out)[i] = (int32_t)wide[i];
    }
    free(wide);
    *length = (int64_t)count;
    return good ? EXIT_GOOD
                : tool_fail(EXIT_USAGE, "--%s %s is no zero point of int8 or uint8, nor a list",
                            name_of(id), text);
}

static size_t entries(const char *text)
{
    size_t count = 1;
    for (; *text; text++)
        count += *text == ',';
    return count;
}

static int read_zero(char *const *value, run_option id, int32_t *out)
{
    int32_t *zero = NULL;
    int64_t length;
    if (!value[id])
        return EXIT_GOOD;
    const int status = read_zeros(value[id], id, 1, &zero, &length);
    *out = zero && status == EXIT_GOOD ? zero[0] : 0;
    free(zero);
    return status;
}

static int read_w(char *const *value, run_request *out)
{
    clconv_quantization *const q = &out->quantization;
    size_t count = 0;
    if (value[W_ZERO] &&
        read_zeros(value[W_ZERO], W_ZERO, entries(value[W_ZERO]), &out->w_zero, &q->w_zeros))
        return EXIT_USAGE;
    q->w_zero = out->w_zero;
    if (!value[W_SCALE])
        return EXIT_GOOD;
    out->w_scale = malloc(entries(value[W_SCALE]) * sizeof *out->w_scale);
    if (!out->w_scale ||
        !options_numbers(value[W_SCALE], ',', 1, entries(value[W_SCALE]), out->w_scale, &count))
        return tool_fail(EXIT_USAGE, "--w-scale %s is not a list of numbers", value[W_SCALE]);
    q->w_scale = out->w_scale;
    q->w_scales = (int64_t)count;
    return EXIT_GOOD;
}

/* Bytes become bytes by scales, which are all needed then, and are of no use else. */
static int check_scales(char *const *value)
{
    static const run_option scales[] = {X_SCALE, W_SCALE, Y_SCALE};
    const bool bytes = value[Y_DTYPE] && strcmp(value[Y_DTYPE], "int32");
    for (size_t i = 0; i < 3; i++)
        if (!value[scales[i]] != !bytes)
            return tool_fail(EXIT_USAGE,
                             bytes ? "--y-dtype %s needs --%s"
                                   : "--y-dtype int8 or uint8 is what %s--%s is for",
                             bytes ? value[Y_DTYPE] : "", name_of(scales[i]));
    if (value[Y_ZERO] && !bytes)
        return tool_fail(EXIT_USAGE, "--y-dtype int8 or uint8 is what --y-zero is for");
    return EXIT_GOOD;
}

static int read_quantization(char *const *value, run_request *out)
{
    static const char *const words[] = {"int32", "int8", "uint8", NULL};
    static const int32_t dtypes[] = {CLCONV_DTYPE_ABSENT, CLCONV_I8, CLCONV_U8};
    clconv_quantization *const q = &out->quantization;
    const int word = value[Y_DTYPE] ? options_word(value[Y_DTYPE], words) : 0;
    char list[100];
    if (word < 0)
        return tool_fail(EXIT_USAGE, "y-dtype must be one of {%s}, but got y-dtype='%s'",
                         options_words_text(words, list, sizeof list), value[Y_DTYPE]);
    q->size = sizeof *q;
    out->problem.y.dtype = dtypes[word];
    if (check_scales(value) || read_zero(value, X_ZERO, &q->x_zero) ||
        read_zero(value, Y_ZERO, &q->y_zero) || read_number(value, X_SCALE, &q->x_scale) ||
        read_number(value, Y_SCALE, &q->y_scale) || read_w(value, out))
        return EXIT_USAGE;
    if (value[Y_DTYPE] || value[X_ZERO] || value[W_ZERO])
        out->problem.quantization = q;
    return EXIT_GOOD;
}

int run_read_values(char *const *value, run_request *out)
{
    return read_epilogue(value, out) ? EXIT_USAGE : read_quantization(value, out);
}
