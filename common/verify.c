/* SPDX-License-Identifier: MIT */
/* Makes the data, and compares samples of what was computed from them. */
#include "verify_sums.h"

#include <math.h>
#include <stdio.h>

int verify_amplitude(const clconv_problem *p)
{
    enum { MOST = 1023 };
    return (int)fmin(MOST, floor(sqrt(0x1p24 / verify_target_of(p)->terms(p))));
}

/* Numerical Recipes' ranqd1, 64 bits wide. */
static uint64_t next(uint64_t state)
{
    return state * 6364136223846793005u + 1442695040888963407u;
}

void verify_fill(float *data, size_t count, int amplitude, uint64_t seed)
{
    uint64_t state = next(seed);
    for (size_t i = 0; i < count; i++) {
        state = next(state);
        const int value = 1 + (int)((state >> 33) % (uint64_t)amplitude);
        data[i] = (float)(state >> 63 ? value : -value);
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
    out->outputs = (size_t)target->count(p);
    out->count = sample_count(out->outputs, target->terms(p));
    for (size_t i = 0; i < out->count; i++) {
        out->at[i] = sample_place(i, out->count, out->outputs);
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

bool verify_outputs(const verifier *v, const float *y, bool exact, char *why, size_t room)
{
    for (size_t i = 0; i < v->outputs; i++)
        if (isnan(y[i]))
            return snprintf(why, room, "%s %zu of %zu is NaN: it was not written", v->name, i,
                            v->outputs),
                   false;
    for (size_t i = 0; i < v->count; i++) {
        const double got = (double)y[v->at[i]];
        const double want = exact ? (double)(float)v->want[i] : v->want[i];
        if (!(fabs(got - want) <= (exact ? 0 : 1e-5 * v->scale[i])))
            return snprintf(why, room, "%s %zu of %zu is %.9g, but must be %.9g", v->name, v->at[i],
                            v->outputs, got, want),
                   false;
    }
    return true;
}
