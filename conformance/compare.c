/* SPDX-License-Identifier: MIT */
/* The judge: compares an output with the oracle's, element by element.
 *
 * Where the bound comes from. Let u = 2^-24 (float32, round to nearest) and gamma(n) = n u / (1 - n
 * u) for n u < 1 (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. 2002,
 * lemma 3.1). y = b + sum of L products is an inner product of L + 1 terms. Whatever the order of
 * the additions, and whether a product is rounded before it is added (a * b + c) or not (fma), no
 * term passes through more than L + 1 roundings, so the computed y^ satisfies (section 3.1 there)
 *     |y^ - y| <= gamma(L + 1) * (|b| + sum |x w|) = gamma(L + 1) * mag.
 * L counts the taps inside the image: a tap in the padding adds an exact zero. One more unit pays
 * for the oracle's own error, (L + 1) 2^-53 mag, which is below u * mag for L < 2^29; one more
 * again for the division of a mean. Products and sums that underflow err by at most 2^-150 each, or
 * by 2^-126 where the device flushes subnormals to zero: n times that is added. */
#include "suite.h"

#include <math.h>
#include <string.h>

static const double unit_roundoff = 0x1p-24;

double compare_gamma(int64_t n)
{
    const double nu = (double)n * unit_roundoff;
    return nu < 1.0 ? nu / (1.0 - nu) : (double)NAN;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Absolute error that special data may show. */
static double special_slack(int64_t terms, const judge_rule *rule)
{
    return (rule->flush ? 3.0 * (double)(terms + 1) * 0x1p-126 : 0.0) +
           (rule->mean ? 0x1p-149 : 0.0);
}

static double bound_of(double mag, int64_t terms, const judge_rule *rule)
{
    if (rule->exact)
        return rule->special ? special_slack(terms, rule) : 0.0;
    const int64_t roundings = terms + (rule->mean ? 3 : 2);
    return compare_gamma(roundings) * mag + (double)roundings * (rule->flush ? 0x1p-126 : 0x1p-150);
}

/* Equal floats have equal bits but for -0 and 0, and a double past FLT_MAX converts to infinity
 * (C11, annex F). No comparison with a NaN holds. */
static bool is_right(float got, double y, double bound, const judge_rule *rule)
{
    if (rule->special && isnan(y))
        return isnan(got) && bits_of(got) != rule->poison;
    return (rule->exact && got == (float)y) || fabs((double)got - y) <= bound;
}

comparison compare_outputs(const float *got, const double *y, const double *mag,
                           const int64_t *terms, size_t count, const judge_rule *rule)
{
    comparison out = {0};
    for (size_t i = 0; i < count; i++) {
        const double bound = bound_of(mag[i], terms[i], rule);
        const double error = fabs((double)got[i] - y[i]);
        const double ratio = isnan(error) || isnan(bound) ? (double)INFINITY : error / bound;
        if (bits_of(got[i]) == rule->poison)
            out.unwritten++;
        if (!rule->exact && ratio > out.headroom)
            out.headroom = ratio;
        if (is_right(got[i], y[i], bound, rule))
            continue;
        if (out.bad++ == 0) {
            out.first = i;
            out.expected = y[i];
            out.got = (double)got[i];
            out.bound = bound;
        }
    }
    return out;
}
