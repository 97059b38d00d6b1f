/* SPDX-License-Identifier: MIT */
/* The convolutions of a tier, before algorithms, tiles and data multiply them. */
#ifndef CLCONV_PROBLEMS_H
#define CLCONV_PROBLEMS_H

#include "cases.h"
#include "suite.h"

/* In which further ways a convolution is run, beside exact data under every algorithm. */
enum {
    RUN_FORCED = 1u,  /* and with one tile that the device would not choose */
    RUN_REPEATED = 2u /* and ten times over */
};

typedef struct problem {
    case_spec spec; /* data = a further data mode, "" = exact alone; algo "" = all of them */
    char origin[sizeof((suite_entry *)0)->origin];
    unsigned runs;
} problem;

/* Start with {0}; problem_list_free. */
typedef struct problem_list {
    problem *items;
    uint64_t *hashes; /* of the items, side by side for the search */
    size_t count, room;
    bool failed; /* no memory, or a malformed table: said on stderr */
} problem_list;
void problem_list_free(problem_list *list);

/* Where problems come from. Each adds what the list does not have yet. */
void add_smoke(problem_list *list);
void add_boundary(problem_list *list);
/* Rows of a cover of the axes; `strength` 2 = pairs, 3 = triples. */
void add_cover(problem_list *list, int strength);
/* The same rows with padding made of the image: modes.c; and one of them, as add_cover adds it. */
struct axis_row;
void add_modes(problem_list *list, const struct axis_row *rows, size_t count, int strength);
void add_mode(problem_list *list, const case_spec *c);
bool has_padding(const clconv_problem *p);
/* Seeded draws per family of shapes, as many as ci has, over the first filters of the pool. */
void add_draws(problem_list *list, uint64_t seed);
/* About 2,000 draws: every filter that triples have, images of any size up to 40. */
void add_random(problem_list *list, uint64_t seed);
/* layers.csv: one small grouped layer of each kind; or the whole of it with n images. */
void add_layers_of_each_kind(problem_list *list);
void add_all_layers(problem_list *list, int64_t images);
/* Tensors past 2^31 elements, and past 2^32 bytes below that. */
void add_large(problem_list *list);
/* One case by hand; false where its text is none, which fails the list. */
bool read_named(problem_list *list, const named_case *named, case_spec *out);
/* Gradients by hand; and of every convolution that the list has from covers and draws. */
void add_gradient_smoke(problem_list *list);
void add_gradient_boundary(problem_list *list, unsigned runs);
void add_gradients_again(problem_list *list, unsigned runs);
/* One gradient; and a data mode beside exact for one that has none by name, or "". */
void add_gradient(problem_list *list, const case_spec *c, const char *data, unsigned runs,
                  const char *origin);
const char *gradient_mode(const case_spec *c);

/* Element types and layouts, by hand; every one, in every direction, with every value of the axes,
 * or with every pair; and the draws of the list once more. One of them, as these add it. */
void add_typed_smoke(problem_list *list);
void add_typed_boundary(problem_list *list);
void add_types(problem_list *list);
void add_all_types(problem_list *list);
void add_typed_draws(problem_list *list);
void add_typed(problem_list *list, const case_spec *c, const char *data, const char *origin);

/* Epilogues, zero points and scales: by hand; every epilogue under every algorithm and in every
 * type; bytes to and from every type. One of them, as these add it. */
void add_ending_smoke(problem_list *list);
void add_ending_boundary(problem_list *list);
void add_endings(problem_list *list);
void add_quantised(problem_list *list);
void add_ending(problem_list *list, const case_spec *c, const char *data, unsigned runs,
                const char *origin);

/* A data mode beside exact, by the name of the problem: a convolution of float32. */
const char *further_mode(const case_spec *c);

/* What draws.c has drawn, of a family by name. */
void add_drawn(problem_list *list, const case_spec *c, const char *family);

/* Draws vary sizes over the first filters of the pool, pairs go through them all: a cold cache has
 * fewer programs to compile. */
enum { DRAWN_FILTERS = 8 };
/* Whether draws of ci may have this filter: then its programs are compiled anyway. */
bool is_drawn_filter(const clconv_problem *p);
/* A filter's place in filter_pool; behind its last for one that is not there. */
size_t filter_number(const clconv_problem *p);

#endif
