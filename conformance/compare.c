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
 * by 2^-126 where the device flushes subnormals to zero: n times that is added.
 *
 * float64: u = 2^-53, and the oracle, which computes in double itself, errs as much as the device:
 * both are within the bound of the exact value, hence within twice the bound of each other. The one
 * unit more pays for the error of mag, which the oracle computes, too.
 *
 * float16 and bfloat16: inputs are floats, sums are float's and within B of the exact value, with B
 * as above. Storing y^ adds at most v |y^| + h, where v = 2^-11 or 2^-8 is half the spacing behind
 * 1 and h half the spacing of the subnormal numbers; |y^| <= |y| + B. Together
 *     |stored - y| <= (1 + v) B + v |y| + h.
 *
 * Epilogues: y = f(alpha * c + beta * r) of a value c of the convolution. The products of c go
 * through the rounding of alpha * c and that of the sum, r through at most two (beta is a number of
 * few bits), so that the bound of the sum is that of 2 roundings more over alpha * mag + |beta r|.
 * An f that nowhere is steeper than s stretches it by s at most. none, relu and clip have s = 1 and
 * no rounding; leaky_relu, s = 1 as its slope is below, rounds the slope and the product;
 * hardswish, s = 1.5 at 3, rounds v + 3, 1 / 6 and two products, each no larger than v, however
 * they are ordered. Roundings of f apply to a value of at most mag, so gamma with 2 or 4 more pays
 * for them. The same holds of hardswish of exact data.
 *
 * A sum that may exceed the largest float16 by half a spacing, 65520, may be stored as infinity. */
#include "number.h"
#include "suite.h"

#include <math.h>

/* Of the outputs' type: u, how often the bound counts, n * eta with and without subnormals; then
 * v, h and the least that is stored as infinity. */
typedef struct precision {
    double unit, times, eta, flushed_eta, stored_unit, stored_eta, overflow;
} precision;

static const precision precisions[NUMBER_TYPES] = {
    [CLCONV_F32] = {0x1p-24, 1.0, 0x1p-150, 0x1p-126, 0.0, 0.0, HUGE_VAL},
    [CLCONV_F64] = {0x1p-53, 2.0, 0x1p-1074, 0x1p-1074, 0.0, 0.0, HUGE_VAL},
    [CLCONV_F16] = {0x1p-24, 1.0, 0x1p-150, 0x1p-126, 0x1p-11, 0x1p-25, 65520.0},
    [CLCONV_BF16] = {0x1p-24, 1.0, 0x1p-150, 0x1p-126, 0x1p-8, 0x1p-134, HUGE_VAL},
};

double compare_gamma(int32_t dtype, int64_t n)
{
    const double nu = (double)n * precisions[dtype].unit;
    return nu < 1.0 ? nu / (1.0 - nu) : (double)NAN;
}

/* Absolute error that special data may show: of float's subnormal numbers. */
static double special_slack(int64_t terms, const judge_rule *rule)
{
    if (rule->dtype != CLCONV_F32)
        return 0.0;
    return (rule->flush ? 3.0 * (double)(terms + 1 + rule->more) * 0x1p-126 : 0.0) +
           (rule->mean ? 0x1p-149 : 0.0);
}

static double bound_of(double y, double mag, int64_t terms, const judge_rule *rule)
{
    if (rule->exact)
        return rule->special ? special_slack(terms, rule) : 0.0;
    const precision *const type = &precisions[rule->dtype];
    const int64_t roundings = terms + (rule->mean ? 3 : 2) + rule->more;
    const double sum = compare_gamma(rule->dtype, roundings) * mag +
                       (double)roundings * (rule->flush ? type->flushed_eta : type->eta);
    const double computed = (1.0 + rule->growth) * sum;
    return (1.0 + type->stored_unit) * type->times * computed + type->stored_unit * fabs(y) +
           type->stored_eta;
}

/* Whether infinity is what a sum may be stored as. */
static bool may_overflow(double got, double y, double bound, const judge_rule *rule)
{
    return !rule->exact && isinf(got) && fabs(y) + bound >= precisions[rule->dtype].overflow &&
           signbit(got) == signbit(y);
}

/* Equal numbers have equal bits but for -0 and 0. No comparison with a NaN holds. */
static bool is_right(double got, double y, double bound, const judge_rule *rule)
{
    if (rule->special && isnan(y))
        return isnan(got) && number_identity(got) != rule->poison;
    const bool foretold = rule->exact || rule->special; /* an infinity, too */
    return (foretold && got == number_result(rule->dtype, y)) || fabs(got - y) <= bound ||
           may_overflow(got, y, bound, rule);
}

comparison compare_outputs(const double *got, const double *y, const double *mag,
                           const int64_t *terms, size_t count, const judge_rule *rule)
{
    comparison out = {0};
    for (size_t i = 0; i < count; i++) {
        const double bound = bound_of(y[i], mag[i], terms[i], rule);
        const double error = may_overflow(got[i], y[i], bound, rule) ? bound : fabs(got[i] - y[i]);
        const double ratio = isnan(error) || isnan(bound) ? (double)INFINITY : error / bound;
        if (number_identity(got[i]) == rule->poison)
            out.unwritten++;
        const bool right = is_right(got[i], y[i], bound, rule);
        if (!rule->exact && ratio > out.headroom && !(right && !isfinite(y[i])))
            out.headroom = ratio;
        if (right)
            continue;
        if (out.bad++ == 0) {
            out.first = i;
            out.expected = y[i];
            out.got = got[i];
            out.bound = bound;
        }
    }
    return out;
}
