/* SPDX-License-Identifier: MIT */
/* The inputs of a case and what its output must be. Inputs are numbers whose sums are exact in any
 * order, or ordinary real numbers.
 *
 * exact: x and w are whole multiples of 2^-12, at most M * 2^-12; b is a whole multiple of 2^-24. A
 * sum of L products and the bias then is a whole multiple of 2^-24 of at most L * M^2 + |b| units,
 * and M is the largest number that keeps this below 2^24 units with room for a bias: every partial
 * sum, in any order, fused or not, is a float. So the result has one right bit pattern, and because
 * sums reach deep into the 24 bits, a narrower accumulator or a rounded output shows. Values lean
 * towards one sign (x positive, w positive or negative filter by filter): sums of numbers centred
 * on zero grow with sqrt(L) only and would leave the upper bits unused. */
#include "suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANTISSA_UNITS = 1 << 24 };

static const float factor_unit = 0x1p-12f, product_unit = 0x1p-24f;

typedef enum tensor_id { TENSOR_X = 1, TENSOR_W, TENSOR_B } tensor_id;

/* Number i of the stream `key`: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
 * number generators", 2014) of a counter, so that no value depends on the order of filling. */
static uint64_t draw(uint64_t key, uint64_t i)
{
    uint64_t z = key + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t stream(uint64_t seed, tensor_id tensor)
{
    return draw(draw(seed, 0), (uint64_t)tensor);
}

/* A whole number of [low, high]; high - low < 2^32. */
static int64_t draw_between(uint64_t key, uint64_t i, int64_t low, int64_t high)
{
    const uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)(((draw(key, i) >> 32) * span) >> 32);
}

static int64_t group_inputs(const clconv_problem *p, int64_t g)
{
    return p->group_in ? p->group_in[g] : p->c / p->groups;
}

/* Products that the longest sum of the problem has. */
static int64_t longest_sum(const clconv_problem *p)
{
    int64_t channels = 1;
    if (p->shared)
        channels = p->reduce == CLCONV_REDUCE_NONE ? 1 : p->c;
    for (int64_t g = 0; !p->shared && g < p->groups; g++)
        channels = group_inputs(p, g) > channels ? group_inputs(p, g) : channels;
    return channels * p->kernel[0] * p->kernel[1];
}

/* M = floor(sqrt(2^24 / (L + 1))) - 1, but at least 1. */
static int64_t largest_factor(int64_t terms)
{
    const int64_t m = (int64_t)floor(sqrt((double)MANTISSA_UNITS / (double)(terms + 1))) - 1;
    return m < 1 ? 1 : m;
}

/* One run of whole numbers [-M/4, M] (or their negatives) times 2^-12. */
static void fill_lean(uint64_t key, uint64_t first, size_t count, int64_t m, int sign, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(sign * draw_between(key, first + i, -m / 4, m)) * factor_unit;
}

/* Filters lean to plus and minus in turn: output channels of both signs. */
static void fill_filters(const clconv_problem *p, uint64_t key, int64_t m, float *w)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    const int64_t banks = p->shared ? 1 : p->groups;
    size_t done = 0;
    int64_t filter = 0;
    for (int64_t g = 0; g < banks; g++) {
        const int64_t inputs = p->shared ? 1 : group_inputs(p, g);
        int64_t outputs = p->group_out ? p->group_out[g] : p->k / p->groups;
        if (p->shared)
            outputs = p->k / p->c;
        for (int64_t k = 0; k < outputs; k++, filter++) {
            fill_lean(key, done, (size_t)(inputs * taps), m, filter % 2 ? -1 : 1, w + done);
            done += (size_t)(inputs * taps);
        }
    }
}

/* Puts the largest magnitude somewhere, so that the full width is used even by tiny tensors. */
static void place_largest(uint64_t key, size_t count, float largest, float *out)
{
    if (count > 0) {
        float *const at = out + draw(key, UINT64_MAX - 1) % count;
        *at = copysignf(largest, *at);
    }
}

static bool fill_exact(const clconv_problem *p, const oracle_shape *size, uint64_t seed, float *x,
                       float *w, float *b)
{
    const int64_t terms = longest_sum(p);
    const int64_t m = largest_factor(terms);
    const int64_t bias_count = p->shared && p->reduce != CLCONV_REDUCE_NONE ? p->c : 1;
    const int64_t bias_units = (MANTISSA_UNITS - terms * m * m) / bias_count;
    if (terms * m * m > MANTISSA_UNITS || (b && bias_units < 1))
        return false;
    const float largest = (float)m * factor_unit;
    fill_lean(stream(seed, TENSOR_X), 0, size->x, m, 1, x);
    fill_filters(p, stream(seed, TENSOR_W), m, w);
    place_largest(stream(seed, TENSOR_X), size->x, largest, x);
    place_largest(stream(seed, TENSOR_W), size->w, largest, w);
    const uint64_t b_key = stream(seed, TENSOR_B);
    for (size_t i = 0; b && i < size->b; i++)
        b[i] = (float)draw_between(b_key, i, -bias_units, bias_units) * product_unit;
    if (b)
        place_largest(b_key, size->b, (float)bias_units * product_unit, b);
    return true;
}

/* Even seeds U(-1, 1), whose sums cancel; odd seeds U(0, 1), whose sums do not. Both with all the
 * bits that a float has there. */
static void fill_real(uint64_t seed, tensor_id tensor, size_t count, float *out)
{
    const uint64_t key = stream(seed, tensor);
    for (size_t i = 0; i < count; i++) {
        const float unit = (float)(draw(key, i) >> 40) * 0x1p-24f;
        out[i] = seed % 2 ? unit : 2.0f * unit - 1.0f;
    }
}

bool data_fill(const clconv_problem *p, const char *mode, uint64_t seed, float *x, float *w,
               float *b)
{
    oracle_shape size;
    if (!oracle_output(p, &size))
        return false;
    if (strcmp(mode, "exact") == 0)
        return fill_exact(p, &size, seed, x, w, b);
    if (strcmp(mode, "real") != 0)
        return false;
    fill_real(seed, TENSOR_X, size.x, x);
    fill_real(seed, TENSOR_W, size.w, w);
    if (b)
        fill_real(seed, TENSOR_B, size.b, b);
    return true;
}

/* ---- Reference ------------------------------------------------------------------------------ */

/* Problems of up to this many products are given to both oracles: a few milliseconds. */
enum { CROSS_CHECK_PRODUCTS = 1000000 };

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
static bool fits_host(const oracle_shape *size)
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

/* Whether the second oracle says the same; the two add in different orders, so each may be off by
 * gamma of double. */
static bool oracles_agree(const clconv_problem *p, const reference *r, char *why, size_t room)
{
    const size_t count = r->shape.y;
    double *const y = malloc((count + 1) * sizeof *y), *const mag = malloc((count + 1) * sizeof *y);
    int64_t *const terms = malloc((count + 1) * sizeof *terms);
    bool agree = y && mag && terms;
    if (agree)
        oracle_gather(p, r->x, r->w, r->b, y, mag, terms);
    for (size_t i = 0; agree && i < count; i++) {
        const double slack = 2.0 * (double)(r->terms[i] + p->c + 2) * 0x1p-53 * r->mag[i];
        agree = fabs(y[i] - r->y[i]) <= slack && fabs(mag[i] - r->mag[i]) <= slack &&
                terms[i] == r->terms[i];
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
    const char *const mode = c->data[0] ? c->data : "exact";
    r->exact = strcmp(mode, "exact") == 0;
    if (!data_fill(p, mode, c->seed, r->x, r->w, r->b)) {
        snprintf(why, room, "there is no data \"%s\" for a problem of this many terms", mode);
        return "data";
    }
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
    if (products <= CROSS_CHECK_PRODUCTS && !oracles_agree(p, r, why, room))
        return "oracle";
    return NULL;
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
    if (key && oracle_output(p, &r->shape) && fits_host(&r->shape) && reference_allocate(r))
        kind = reference_compute(r, c, p, why, room);
    if (kind)
        reference_free(r);
    return kind;
}
