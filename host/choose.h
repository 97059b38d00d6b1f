/* SPDX-License-Identifier: MIT */
/* How a plan comes to its design and tile: the candidates, and what speaks for each. */
#ifndef CLCONV_CHOOSE_H
#define CLCONV_CHOOSE_H

#include "designs.h"

/* What the cost model expects: the longer of computing and moving bytes, and the launches. */
typedef struct clconv_cost {
    double macs_per_cycle, compute_ms, memory_ms, launch_ms;
} clconv_cost;

/* choose.c: a design's answer to a problem. `request` is what it was asked, tile without its word.
 */
typedef struct clconv_candidate {
    const clconv_algo *algo;
    clconv_request request;
    clconv_choice choice;
    clconv_cost cost;
    const struct clconv_row *row; /* of the tuning table that puts it first, or NULL */
    bool exact;                   /* the row is of this very image size */
} clconv_candidate;

enum { CLCONV_MOST_ALGORITHMS = 16, CLCONV_TILE_TEXT = 64 };

/* Every algorithm's best design, best first. Returns how many. */
size_t clconv_candidates(const clconv_request *request,
                         clconv_candidate out[CLCONV_MOST_ALGORITHMS]);
/* The best design of the algorithm `name`, or of all (NULL). */
clconv_status clconv_choose(const clconv_request *request, const char *name, clconv_candidate *out);

/* The answer of one design to a request with a whole tile, its word included. */
clconv_candidate clconv_ask(const clconv_algo *algo, const clconv_request *asked);
/* The design that a whole tile of algorithm `name` belongs to, of those that compute `op`; NULL =
 * there is none. */
const clconv_algo *clconv_design_of(const char *name, const char *tile, int32_t op);

/* plan.c: a caller's options, checked; and what they ask of designs. `rest` keeps what request.tile
 * points at, and may be NULL where options->tile is. */
clconv_status clconv_plan_options_import(const clconv_plan_options *options,
                                         clconv_plan_options *out);
clconv_request clconv_request_of(const clconv_context *ctx, const clconv_work *work,
                                 const clconv_work *turned, const clconv_plan_options *options,
                                 char rest[CLCONV_TILE_TEXT]);

#endif
