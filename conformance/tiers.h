/* SPDX-License-Identifier: MIT */
/* What the tiers promise beyond their list of cases (suite.h, generate_tier). */
#ifndef CLCONV_TIERS_H
#define CLCONV_TIERS_H

#include "suite.h"

enum { TIER_DEFAULT_SEED = 1 }; /* then no case carries a seed of its own */

extern const char *const tier_names[]; /* ended by NULL */

/* Cases that each algorithm must have accepted in a whole run, of every op that it is asked for. */
size_t tier_quota(const char *tier);
/* Whether an algorithm is asked for an op; every one is for convolution. */
bool tier_asks(const char *algo, int32_t op);
/* How many cases of an op it must accept in a tier; 0 = none are asked for. */
size_t tier_wants(const char *tier, const char *algo, int32_t op);

/* The same of every element type and every layout; and whether an algorithm is asked for all. */
size_t tier_typed_quota(const char *tier);
/* And of epilogues, and of zero points and scales. */
size_t tier_ending_quota(const char *tier);
size_t tier_quantised_quota(const char *tier);
bool tier_asks_types(const char *algo);

/* The seed without --seed: 1, or today's date as 20261120 (UTC) where a tier draws anew each day.
 */
uint64_t tier_seed(const char *tier);

/* What shards go by: the problem alone, so that all cases of one stay together. */
uint64_t tier_problem_hash(const case_spec *c);

#endif
