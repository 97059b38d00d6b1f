/* SPDX-License-Identifier: MIT */
/* The inputs of a case and what its output must be, computed once and checked by both oracles. */
#include "codec.h"
#include "data.h"
#include "ending.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLED_OUTPUTS = 4096 }; /* asked of the second oracle where not all are */

void reference_free(reference *r)
{
    void *const owned[] = {r->key, r->x, r->w, r->b, r->y, r->want, r->mag, r->terms, r->residual};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    for (tensor_id id = TENSOR_X; id <= TENSOR_RESIDUAL; id++)
        free(r->stored[id]);
    *r = (reference){0};
}

static char *reference_key(const case_spec *c)
{
    case_spec bare = *c;
    bare.algo[0] = bare.tile[0] = '\0';
    char *const key = malloc(CASE_TEXT);
    if (key)
        case_print(&bare, key, CASE_TEXT);
    return key;
}

/* Half of the machine's memory is the most that one case may take: the inputs and the output as
 * doubles and 3 times as bytes (ours, the guarded image, the read-back), and 24 bytes of
 * expectations per output. */
bool reference_fits(const clconv_problem *p, const oracle_shape *size)
{
    double needed = (has_epilogue(p) ? 32.0 : 24.0) * (double)size->outputs;
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++)
        needed += (double)tensor_elements(size, id) *
                  (8.0 + 3.0 * (double)number_bytes(tensor_dtype(p, id)));
    return needed < 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

/* The inputs and the expectations; + 1: N = 0 has empty tensors. */
static bool reference_allocate(reference *r, const clconv_problem *p)
{
    double **const tensors[] = {
        [TENSOR_X] = &r->x, [TENSOR_W] = &r->w, [TENSOR_B] = &r->b, [TENSOR_Y] = &r->y};
    const size_t outputs = r->shape.outputs + 1;
    r->want = malloc(outputs * sizeof *r->want);
    r->mag = malloc(outputs * sizeof *r->mag);
    r->terms = malloc(outputs * sizeof *r->terms);
    bool have = r->want && r->mag && r->terms;
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++) {
        if (tensor_is_written(p, id) || (id == TENSOR_B && r->shape.b == 0))
            continue;
        *tensors[id] = malloc((tensor_elements(&r->shape, id) + 1) * sizeof **tensors[id]);
        r->stored[id] = malloc(codec_bytes(p, &r->shape, id) + 1);
        have = have && *tensors[id] && r->stored[id];
    }
    if (p->residual.dtype || p->accumulate) {
        void **const bytes = &r->stored[p->accumulate ? TENSOR_Y : TENSOR_RESIDUAL];
        r->residual = malloc(outputs * sizeof *r->residual);
        *bytes = malloc(codec_bytes(p, &r->shape, TENSOR_Y) + 1);
        have = have && r->residual && *bytes;
    }
    return have;
}

static oracle_inputs inputs_of(const reference *r)
{
    return (oracle_inputs){.x = r->x, .w = r->w, .b = r->b, .y = r->y};
}

/* What lies between the elements of a view is NaN of its own, so that reading it shows. */
static void fill_gaps(const clconv_problem *p, const oracle_shape *shape, tensor_id id, void *bytes)
{
    const uint32_t gap = number_pattern(tensor_dtype(p, id), 0x7fca0a07u);
    const size_t count = codec_bytes(p, shape, id);
    unsigned char pattern[sizeof gap];
    memcpy(pattern, &gap, sizeof gap);
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)bytes)[i] = pattern[i % sizeof gap];
}

static void store(const reference *r, const clconv_problem *p, tensor_id id, const double *from,
                  void *to)
{
    if (codec_has_gaps(p, id))
        fill_gaps(p, &r->shape, id, to);
    codec_encode(p, &r->shape, id, from, to);
}

static void store_inputs(reference *r, const clconv_problem *p)
{
    const double *const tensors[] = {
        [TENSOR_X] = r->x, [TENSOR_W] = r->w, [TENSOR_B] = r->b, [TENSOR_Y] = r->y};
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++)
        if (tensors[id])
            store(r, p, id, tensors[id], r->stored[id]);
}

/* From the oracles' values to those that are stored. */
static void finish(reference *r, const case_spec *c, const clconv_problem *p)
{
    ending_terms terms = {.residual = r->residual, .exact = r->exact};
    case_factors(c, &terms.alpha, &terms.beta);
    if (terms.alpha == 0.0 && terms.beta == 0.0)
        terms.alpha = terms.beta = 1.0;
    if (r->residual) {
        ending_residual(p, c->seed, r->special, r->want, r->shape.y, r->residual);
        store(r, p, TENSOR_Y, r->residual, r->stored[p->accumulate ? TENSOR_Y : TENSOR_RESIDUAL]);
    }
    if (has_epilogue(p))
        ending_apply(p, &terms, r->shape.y, r->want, r->mag);
    ending_quantise(p, &r->shape, r->want);
}

static bool same(double a, double b, double slack)
{
    return fabs(a - b) <= slack || a == b || (isnan(a) && isnan(b));
}

/* The second oracle on every `step`th output. */
static void ask_gather(const clconv_problem *p, const reference *r, size_t step, double *want,
                       double *mag, int64_t *terms)
{
    const oracle_inputs in = inputs_of(r);
    if (step == 1)
        oracle_gather(p, &in, want, mag, terms);
    for (size_t i = 0; step > 1 && i < r->shape.outputs; i += step)
        oracle_gather_at(p, &in, i, want + i, mag + i, terms + i);
}

/* Whether the second oracle says the same; the two add in different orders, so each may be off by
 * gamma of double. */
static bool oracles_agree(const clconv_problem *p, const reference *r, size_t step, char *why,
                          size_t room)
{
    const size_t count = r->shape.outputs;
    double *const want = malloc((count + 1) * sizeof *want);
    double *const mag = malloc((count + 1) * sizeof *mag);
    int64_t *const terms = malloc((count + 1) * sizeof *terms);
    bool agree = want && mag && terms;
    if (agree)
        ask_gather(p, r, step, want, mag, terms);
    for (size_t i = 0; agree && i < count; i += step) {
        const double slack = 2.0 * (double)(r->terms[i] + p->c + 2) * 0x1p-53 * r->mag[i];
        agree = same(want[i], r->want[i], slack) && same(mag[i], r->mag[i], slack) &&
                terms[i] == r->terms[i];
        if (!agree)
            snprintf(why, room,
                     "the two oracles disagree at output %zu: %.17g of %" PRId64
                     " terms and %.17g of %" PRId64,
                     i, r->want[i], r->terms[i], want[i], terms[i]);
    }
    free(want);
    free(mag);
    free(terms);
    return agree;
}

static const char *reference_compute(reference *r, const case_spec *c, const clconv_problem *p,
                                     char *why, size_t room)
{
    const char *const name = c->data[0] ? c->data : "exact";
    const data_mode *const mode = data_mode_named(name);
    if (!data_fill(p, name, c->seed, &(data_tensors){r->x, r->w, r->b, r->y})) {
        const bool no_gradient = mode && !mode->gradients && p->op != CLCONV_FORWARD;
        const bool no_type = mode && !data_mode_has(mode, p->x.dtype);
        snprintf(why, room, "there is no data \"%s\" for a %s", name,
                 no_type       ? "problem of this type"
                 : no_gradient ? "gradient"
                               : "problem of this many terms");
        return "data";
    }
    store_inputs(r, p);
    const oracle_inputs in = inputs_of(r);
    r->mode = mode->name;
    r->exact = mode->exact && ending_activation(p) != CLCONV_HARDSWISH;
    r->special = mode->special;
    ending_shift(p, -1.0, r->shape.x, r->x, r->w);
    oracle_scatter(p, &in, r->want, r->mag, r->terms);
    double products = 0.0;
    for (size_t i = 0; i < r->shape.outputs; i++) {
        products += (double)r->terms[i];
        r->most_terms = r->terms[i] > r->most_terms ? r->terms[i] : r->most_terms;
    }
    if (!r->exact &&
        isnan(compare_gamma(tensor_output_dtype(p), r->most_terms + 3 + ending_roundings(p)))) {
        snprintf(why, room, "sums of %" PRId64 " terms have no error bound in float32",
                 r->most_terms);
        return "data";
    }
    const size_t step = products <= REFERENCE_PRODUCTS ? 1 : r->shape.outputs / SAMPLED_OUTPUTS + 1;
    const bool agree = oracles_agree(p, r, step, why, room);
    ending_shift(p, 1.0, r->shape.x, r->x, r->w);
    finish(r, c, p);
    return agree ? NULL : "oracle";
}

const char *reference_load(reference *r, const case_spec *c, const clconv_problem *p, char *why,
                           size_t room)
{
    char *const key = reference_key(c);
    if (key && r->key && strcmp(key, r->key) == 0) {
        free(key);
        return NULL;
    }
    reference_free(r);
    r->key = key;
    const char *kind = "host_memory";
    snprintf(why, room, "the tensors of this problem do not fit in the host's memory");
    if (key && oracle_output(p, &r->shape) && reference_fits(p, &r->shape) &&
        reference_allocate(r, p))
        kind = reference_compute(r, c, p, why, room);
    if (kind)
        reference_free(r);
    return kind;
}
