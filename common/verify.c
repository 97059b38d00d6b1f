/* SPDX-License-Identifier: MIT */
/* Makes the data, and compares samples of what was computed from them. */
#include "arrays.h"
#include "elements.h"
#include "verify_sums.h"

#include <math.h>
#include <stdio.h>

/* By x's type: the largest number in the inputs, sum, and result that is stored as it is. */
static const struct {
    double number, sum, stored;
} largest[] = {
    [CLCONV_F32] = {1023, 0x1p24, 0x1p24},     [CLCONV_F64] = {1023, 0x1p24, 0x1p24},
    [CLCONV_F16] = {1023, 0x1p24, 0x1p11},     [CLCONV_BF16] = {255, 0x1p24, 0x1p8},
    [CLCONV_I8] = {128, INT32_MAX, INT32_MAX}, [CLCONV_U8] = {255, INT32_MAX, INT32_MAX},
};

double verify_terms(const clconv_problem *p)
{
    return verify_target_of(p)->terms(p);
}

double verify_most_terms(const clconv_problem *p)
{
    return largest[p->x.dtype].sum;
}

int verify_amplitude(const clconv_problem *p)
{
    const double terms = verify_terms(p), stored = largest[p->x.dtype].stored;
    if (terms > verify_most_terms(p))
        return 0;
    return (int)fmax(1, fmin(largest[p->x.dtype].number, floor(sqrt(stored / terms))));
}

/* Numerical Recipes' ranqd1, 64 bits wide. */
static uint64_t next(uint64_t state)
{
    return state * 6364136223846793005u + 1442695040888963407u;
}

void verify_fill(float *data, size_t count, int32_t dtype, int amplitude, uint64_t seed)
{
    uint64_t state = next(seed);
    for (size_t i = 0; i < count; i++) {
        state = next(state);
        const int value = 1 + (int)((state >> 33) % (uint64_t)amplitude);
        const bool negative = dtype != CLCONV_U8 && !(state >> 63);
        data[i] = (float)(negative                                 ? -value
                          : dtype == CLCONV_I8 && value > INT8_MAX ? INT8_MAX
                                                                   : value);
    }
}

/* Sample i of `count`, ascending: evenly spread from the first output to the last, those between
 * moved by less than a step so that they hit all columns. */
static size_t sample_place(size_t i, size_t count, size_t outputs)
{
    if (i + 1 == count)
        return outputs - 1;
    const double step = (double)(outputs - 1) / (double)(count - 1);
    const size_t most = (size_t)step;
    return (size_t)((double)i * step) + (i > 0 ? i * 2654435761u % most : 0);
}

/* Of an array of so many elements: as many as the CPU sums in a second or less. */
static size_t sample_count(size_t outputs, double terms)
{
    enum { LEAST = 8 };
    static const double products = 0x1p26;
    const size_t most = (size_t)fmin(VERIFY_SAMPLES, fmax(LEAST, floor(products / terms)));
    return outputs < most ? outputs : most;
}

static void prepare(const clconv_problem *p, const verify_inputs *in, const verify_target *target,
                    verifier *out)
{
    out->name = target->name;
    out->dtype = array_dtype(p, target->array);
    out->outputs = (size_t)target->count(p);
    out->count = sample_count(out->outputs, target->terms(p));
    for (size_t i = 0; i < out->count; i++) {
        out->at[i] = sample_place(i, out->count, out->outputs);
        out->place[i] = array_place(p, target->array, out->at[i]);
        const verify_sum sum = target->element(p, in, (int64_t)out->at[i]);
        out->want[i] = sum.want;
        out->scale[i] = sum.scale;
    }
}

void verify_prepare(const clconv_problem *p, const verify_inputs *in, verifier *out)
{
    prepare(p, in, verify_target_of(p), out);
}

void verify_prepare_bias(const clconv_problem *p, const verify_inputs *in, verifier *out)
{
    prepare(p, in, &verify_bias_target, out);
}

bool verify_outputs(const verifier *v, const void *y, bool exact, char *why, size_t room)
{
    const size_t unset = element_first_unset(v->dtype, y, v->outputs);
    if (unset < v->outputs)
        return snprintf(why, room, "%s %zu of %zu is %s: it was not written", v->name, unset,
                        v->outputs, element_unset_text(v->dtype)),
               false;
    for (size_t i = 0; i < v->count; i++) {
        const double got = element_get(v->dtype, y, v->place[i]);
        const double want = exact ? element_stored(v->dtype, v->want[i]) : v->want[i];
        if (!(got == want || (!exact && fabs(got - want) <= 1e-5 * v->scale[i])))
            return snprintf(why, room, "%s %zu of %zu is %.10g, but must be %.10g", v->name,
                            v->at[i], v->outputs, got, want),
                   false;
    }
    return true;
}
