/* SPDX-License-Identifier: MIT */
/* Who is measured: the library's algorithms and its rivals, all alike. */
#ifndef CLCONV_BENCH_CONTESTANT_H
#define CLCONV_BENCH_CONTESTANT_H

#include "arena.h"

typedef enum contestant_state {
    CONTESTANT_READY,
    CONTESTANT_REFUSES,
    CONTESTANT_BROKEN
} contestant_state;

/* What a contestant tells about itself once it is made. */
typedef struct contestant_facts {
    char algo[40]; /* as the column algo has it */
    char tile[80]; /* "" = none */
    unsigned threads;
    double pack; /* seconds to pack the weights, the least of all times; 0 = nothing is packed */
} contestant_facts;

/* One kind of contestant. `option` is the algorithm and tile asked for, for the library only. */
typedef struct contestant_option {
    const char *algo, *tile; /* NULL = the plan's own choice */
    bool raw;                /* weights as they are at every launch, not packed before */
} contestant_option;

typedef struct contestant_kind {
    const char *name;   /* as --rivals has it */
    const char *absent; /* how to get it; NULL = it is in this program */
    bool exact;         /* computes sums of products and nothing else: exact data stay exact */
    bool on_host;       /* does not use the OpenCL queue: no event times */
    bool only_queues;   /* launches never wait: what they cost the host can be timed */
    /* Everything before the first launch. *state may be set whatever is returned. */
    contestant_state (*make)(const arena *a, const contestant_option *option, void **state,
                             contestant_facts *facts, char *why, size_t room);
    /* Queues the convolution once; `event` may be NULL. */
    bool (*launch)(void *state, cl_command_queue queue, cl_event *event);
    /* NULL = the queue's end is enough. */
    bool (*finish)(void *state);
    /* Around a row of launches, untimed; NULL = nothing to do. After `end`, y is in the arena. */
    bool (*begin)(void *state);
    bool (*end)(void *state);
    void (*destroy)(void *state); /* takes NULL */
} contestant_kind;

extern const contestant_kind library_kind;

/* The rivals, ended by NULL. */
extern const contestant_kind *const rival_kinds[];
extern const contestant_kind naive_kind, clblast_kind, onednn_any_kind, onednn_plain_kind,
    onednn_e2e_kind;

enum { RIVALS_MOST = 8 };

/* Reads "naive,onednn": the kinds, in that order, each once; `onednn` = its three. 0 with a
 * sentence for a name that is none or one that is not built in. */
size_t rivals_read(const char *text, const contestant_kind *out[RIVALS_MOST], char *why,
                   size_t room);

/* What --rivals takes: "naive, clblast, ...". Returns text. */
const char *rivals_text(char *text, size_t room);

/* A shared kernel as a rival sees it: n * c images of one channel, k / c filters. Others as they
 * are. False with a sentence for what no rival does (bias, uneven groups, sums over channels, other
 * types). */
bool rival_problem(const clconv_problem *p, clconv_problem *out, char *why, size_t room);

#endif
