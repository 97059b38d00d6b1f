/* SPDX-License-Identifier: MIT */
/* Makes a failing case smaller, greedily, without knowing what fails. */
#ifndef CLCONV_SHRINK_H
#define CLCONV_SHRINK_H

#include "case.h"

typedef enum shrink_answer {
    SHRINK_FAILS, /* the same way as the case to shrink */
    SHRINK_DIFFERS,
    SHRINK_STOP /* no answer, and none to come */
} shrink_answer;

/* Runs a candidate, which is valid. */
typedef shrink_answer shrink_probe(void *user, const case_spec *candidate);

enum { SHRINK_MOST_RUNS = 200 };

typedef struct shrink_result {
    size_t runs; /* probes asked */
    bool whole;  /* nothing more can be made smaller; else the budget ran out, or it was stopped */
} shrink_result;

/* Lowers one dimension after the other while `probe` fails, until a whole pass over them changes
 * nothing. Never asks for one case twice, nor more than `budget` <= SHRINK_MOST_RUNS times. `c`
 * fails already; it always holds the smallest case that failed. */
shrink_result shrink_case(case_spec *c, size_t budget, shrink_probe *probe, void *user);

#endif
