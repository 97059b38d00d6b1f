/* SPDX-License-Identifier: MIT */
/* The hand-written cases that generate.c puts into the tiers. */
#ifndef CLCONV_CASES_H
#define CLCONV_CASES_H

#include "suite.h"

/* A case and the bug it stands for. A `:data=real` in it asks for real data beside exact ones;
 * `:algo=` and `:tile=` for that choice alone. */
typedef struct named_case {
    const char *text, *why;
} named_case;

extern const named_case smoke_cases[];    /* ended by a NULL text */
extern const named_case boundary_cases[]; /* ended by a NULL text */
extern const named_case large_cases[];    /* ended by a NULL text */

/* Of these each stands for both gradients. */
extern const named_case gradient_smoke_cases[];    /* ended by a NULL text */
extern const named_case gradient_boundary_cases[]; /* ended by a NULL text */

extern const named_case typed_smoke_cases[];    /* ended by a NULL text */
extern const named_case typed_boundary_cases[]; /* ended by a NULL text */

extern const named_case ending_smoke_cases[];    /* ended by a NULL text */
extern const named_case ending_boundary_cases[]; /* ended by a NULL text */

/* Calls `add` for each row of layers.csv. False with a sentence in `why` when the table is
 * malformed. */
typedef void layer_visitor(void *user, const case_spec *layer, const char *origin);
bool layers_each(layer_visitor *add, void *user, char *why, size_t room);

#endif
