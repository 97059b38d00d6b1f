/* SPDX-License-Identifier: MIT */
/* The inputs of a case and what its output must be, computed once and checked by both oracles. */
#include "data.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLED_OUTPUTS = 4096 }; /* asked of the second oracle where not all are */

void reference_free(reference *r)
{
    void *const owned[] = {r->key, r->x, r->w, r->b, r->y, r->mag, r->terms};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
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

/* Half of the machine's memory is the most that one case may take: 3 copies of the inputs and of
 * the output (ours, the guarded image, the read-back) and 24 bytes of expectations per output. */
bool reference_fits(const oracle_shape *size)
{
    const double inputs = 4.0 * ((double)size->x + (double)size->w + (double)size->b);
    const double needed = 3.0 * inputs + (3.0 * 4.0 + 24.0) * (double)size->y;
    return needed < 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

static bool reference_allocate(reference *r)
{
    const oracle_shape *const size = &r->shape; /* + 1: N = 0 has empty tensors */
    r->x = malloc((size->x + 1) * sizeof *r->x);
    r->w = malloc((size->w + 1) * sizeof *r->w);
    r->b = size->b ? malloc(size->b * sizeof *r->b) : NULL;
    r->y = malloc((size->y + 1) * sizeof *r->y);
    r->mag = malloc((size->y + 1) * sizeof *r->mag);
    r->terms = malloc((size->y + 1) * sizeof *r->terms);
    return r->x && r->w && (r->b || !size->b) && r->y && r->mag && r->terms;
}

static bool same(double a, double b, double slack)
{
    return fabs(a - b) <= slack || a == b || (isnan(a) && isnan(b));
}

/* The second oracle on every `step`th output. */
static void ask_gather(const clconv_problem *p, const reference *r, size_t step, double *y,
                       double *mag, int64_t *terms)
{
    if (step == 1)
        oracle_gather(p, r->x, r->w, r->b, y, mag, terms);
    for (size_t i = 0; step > 1 && i < r->shape.y; i += step)
        oracle_gather_at(p, r->x, r->w, r->b, i, y + i, mag + i, terms + i);
}

/* Whether the second oracle says the same; the two add in different orders, so each may be off by
 * gamma of double. */
static bool oracles_agree(const clconv_problem *p, const reference *r, size_t step, char *why,
                          size_t room)
{
    const size_t count = r->shape.y;
    double *const y = malloc((count + 1) * sizeof *y), *const mag = malloc((count + 1) * sizeof *y);
    int64_t *const terms = malloc((count + 1) * sizeof *terms);
    bool agree = y && mag && terms;
    if (agree)
        ask_gather(p, r, step, y, mag, terms);
    for (size_t i = 0; agree && i < count; i += step) {
        const double slack = 2.0 * (double)(r->terms[i] + p->c + 2) * 0x1p-53 * r->mag[i];
        agree =
            same(y[i], r->y[i], slack) && same(mag[i], r->mag[i], slack) && terms[i] == r->terms[i];
        if (!agree)
            snprintf(why, room,
                     "the two oracles disagree at output %zu: %.17g of %" PRId64
                     " terms and %.17g of %" PRId64,
                     i, r->y[i], r->terms[i], y[i], terms[i]);
    }
    free(y);
    free(mag);
    free(terms);
    return agree;
}

static const char *reference_compute(reference *r, const case_spec *c, const clconv_problem *p,
                                     char *why, size_t room)
{
    const char *const name = c->data[0] ? c->data : "exact";
    const data_mode *const mode = data_mode_named(name);
    if (!mode || !mode->fill(p, &r->shape, c->seed, r->x, r->w, r->b)) {
        snprintf(why, room, "there is no data \"%s\" for a problem of this many terms", name);
        return "data";
    }
    r->mode = mode->name;
    r->exact = mode->exact;
    r->special = mode->special;
    oracle_scatter(p, r->x, r->w, r->b, r->y, r->mag, r->terms);
    double products = 0.0;
    for (size_t i = 0; i < r->shape.y; i++) {
        products += (double)r->terms[i];
        r->most_terms = r->terms[i] > r->most_terms ? r->terms[i] : r->most_terms;
    }
    if (!r->exact && isnan(compare_gamma(r->most_terms + 3))) {
        snprintf(why, room, "sums of %" PRId64 " terms have no error bound in float32",
                 r->most_terms);
        return "data";
    }
    const size_t step = products <= REFERENCE_PRODUCTS ? 1 : r->shape.y / SAMPLED_OUTPUTS + 1;
    return oracles_agree(p, r, step, why, room) ? NULL : "oracle";
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
    if (key && oracle_output(p, &r->shape) && reference_fits(&r->shape) && reference_allocate(r))
        kind = reference_compute(r, c, p, why, room);
    if (kind)
        reference_free(r);
    return kind;
}
