/* SPDX-License-Identifier: MIT */
/* A vector of KB (1, 2, 4 or 8) output channels, for GPUs, whose work-items compute one pixel of
 * each. Written out, not looped over: as an array it would leave the registers. Included behind
 * common.cl. */

#if KB == 1
typedef real bank;
#define LANE(v, m)      (v)
#define ROTATED(v)      (v)
#define EACH_CHANNEL(F) F(0)
#else
typedef JOIN(REAL, KB) bank;
#define LANE(v, m) (v).s##m
#if KB == 2
#define ROTATED(v)      (v).s10
#define EACH_CHANNEL(F) F(0) F(1)
#elif KB == 4
#define ROTATED(v)      (v).s1230
#define EACH_CHANNEL(F) F(0) F(1) F(2) F(3)
#else
#define ROTATED(v)      (v).s12345670
#define EACH_CHANNEL(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#endif
#endif

/* One element of w, or of y where that is of its type, for KB channels, `apart` from each other;
 * past the group's `last` channel its last one once more. */
INLINE bank load_bank(global const w_element *at, const long apart, const int last)
{
    bank value;
#define LOAD_LANE(m)                                                                               \
    LANE(value, m) = READ(at, 0);                                                                  \
    at += m < last ? apart : 0;
    EACH_CHANNEL(LOAD_LANE)
    return value;
}
