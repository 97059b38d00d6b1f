/* SPDX-License-Identifier: MIT */
/* What the parts of the conformance suite share. The suite sees only include/ and common/. */
#ifndef CLCONV_SUITE_H
#define CLCONV_SUITE_H

#include "case.h"
#include "devices.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- Oracles: oracle*.c, gather*.c (no OpenCL, no arithmetic of the library) ---------------- */

/* Output shape by counting window positions, not by PyTorch's formula. */
typedef struct oracle_shape {
    int64_t n, k, p, q; /* of y */
    size_t x, w, b, y;  /* elements */
    size_t residual;    /* likewise, 0 without one beside y */
    size_t outputs;     /* elements that the problem's op writes */
} oracle_shape;
bool oracle_output(const clconv_problem *p, oracle_shape *out);

/* What the op reads; the others are not looked at. b NULL = no bias; y is the gradient of y. */
typedef struct oracle_inputs {
    const double *x, *w, *b, *y;
} oracle_inputs;

/* Per element that the op writes (forward y; backward-data x; backward-weights w, then b): the
 * value in double, mag = |b| part + sum |products| (what the bound scales with), and terms, how
 * many products lie inside the image; of b, how many elements of y. Arrays of out->outputs
 * elements, caller's. */
void oracle_scatter(const clconv_problem *p, const oracle_inputs *in, double *want, double *mag,
                    int64_t *terms);
/* The same by PyTorch's formula literally, output by output: a different loop structure. */
void oracle_gather(const clconv_problem *p, const oracle_inputs *in, double *want, double *mag,
                   int64_t *terms);

/* The second oracle's word on output `index` alone; and, forward, with tensors that need not be
 * arrays. */
void oracle_gather_at(const clconv_problem *p, const oracle_inputs *in, size_t index, double *want,
                      double *mag, int64_t *terms);

typedef enum oracle_tensor { ORACLE_X, ORACLE_W, ORACLE_B } oracle_tensor;
typedef struct oracle_source {
    /* `count` elements from `first` on, valid until the same tensor is read again; NULL = no b. */
    const double *(*read)(void *user, oracle_tensor tensor, size_t first, size_t count);
    void *user;
} oracle_source;
void oracle_gather_from(const clconv_problem *p, const oracle_source *source, size_t index,
                        double *y, double *mag, int64_t *terms);

/* ---- Views: view.c -------------------------------------------------------------------------- */

/* case_problem with the strides of `:view=N` in x and y: 1 = rows, planes and images further apart
 * than they need be; 2 = the elements, too; 3 = in an order that is neither layout's, with gaps. */
clconv_problem suite_problem(const case_spec *c);

/* ---- Tensors of an op: tensors.c ------------------------------------------------------------ */

/* Their numbers are those of random streams. */
typedef enum tensor_id { TENSOR_X = 1, TENSOR_W, TENSOR_B, TENSOR_Y, TENSOR_RESIDUAL } tensor_id;

/* Whether the op writes the tensor; else it reads it. There is a b only with a bias. */
bool tensor_is_written(const clconv_problem *p, tensor_id tensor);
size_t tensor_elements(const oracle_shape *shape, tensor_id tensor);
/* Where the tensor's elements begin among all that the op writes. */
size_t tensor_place(const clconv_problem *p, const oracle_shape *shape, tensor_id tensor);
/* Element types (clconv_dtype): of sums of numbers of a type, b's and by default y's; of a tensor;
 * of all that the op writes. */
int32_t tensor_sum_dtype(int32_t dtype);
int32_t tensor_dtype(const clconv_problem *p, tensor_id tensor);
int32_t tensor_output_dtype(const clconv_problem *p);

/* ---- Data: data*.c, reference.c ------------------------------------------------------------- */

extern const char *const data_mode_names[]; /* exact real impulse ids special; ended by NULL */

typedef struct data_tensors {
    double *x, *w, *b, *y; /* NULL = not to be filled */
} data_tensors;

/* Fills tensors with data of a mode, numbers of their types: RULES.md, rules 6 to 9. Deterministic
 * in (problem, mode, seed). False for an unknown mode, for one that has no data for the op or the
 * type, or for more terms per output than the data can have (exact and special: 2^24). */
bool data_fill(const clconv_problem *p, const char *mode, uint64_t seed, const data_tensors *to);

/* The inputs of a case and what its outputs must be. Start with {0}. */
typedef struct reference {
    char *key;        /* canonical problem, data and seed that it holds; NULL = nothing */
    const char *mode; /* of data_mode_names */
    oracle_shape shape;
    double *x, *w, *b, *y; /* NULL = written by the op, or no bias */
    double *residual;      /* NULL = none; y's size, also where y holds it */
    /* Of each tensor that is read, its bytes: codec.h; of y where it holds the residual before. */
    void *stored[TENSOR_RESIDUAL + 1];
    double *want, *mag; /* of the outputs, shape.outputs elements */
    int64_t *terms;
    int64_t most_terms;
    bool exact, special; /* what judge_rule asks */
} reference;

enum { REFERENCE_PRODUCTS = 32000000 }; /* to here both oracles compute every output */

/* Fills `r` for a valid problem `p` of case `c`; returns at once when it holds just that, so that
 * one case under several algorithms is computed once. NULL, or a kind ("data", "host_memory",
 * "oracle") with a sentence in `why`; "oracle" = the two oracles disagree, of which the
 * second is asked for a sample of the outputs above REFERENCE_PRODUCTS. */
const char *reference_load(reference *r, const case_spec *c, const clconv_problem *p, char *why,
                           size_t room);
void reference_free(reference *r);
/* Whether the host has the memory for one. */
bool reference_fits(const clconv_problem *p, const oracle_shape *size);

/* ---- Judge: compare.c ----------------------------------------------------------------------- */

typedef struct judge_rule {
    int32_t dtype;   /* of the outputs */
    bool exact;      /* the number that `want` becomes when stored, and no other (-0 equals 0) */
    bool special;    /* with `exact`: NaN may be right, subnormals may be flushed */
    bool mean;       /* a division follows the sum: one more rounding */
    int64_t more;    /* roundings of an epilogue */
    double growth;   /* by how much more than 1 an activation may stretch errors */
    bool flush;      /* the device may flush subnormals of float to zero */
    uint64_t poison; /* number_identity of what the output held before the run */
} judge_rule;

typedef struct comparison {
    size_t bad;                  /* elements that are wrong */
    size_t first;                /* flat index of the first bad one */
    double expected, got, bound; /* of the first bad one */
    double headroom;             /* worst |error| / bound over all, 0 for exact data */
    size_t unwritten;            /* elements that still hold the poison */
} comparison;

/* Exact and special as above. Else |got - want| is within a bound that compare.c derives. */
comparison compare_outputs(const double *got, const double *want, const double *mag,
                           const int64_t *terms, size_t count, const judge_rule *rule);

/* What a wrong output of data exact, impulse or ids (`got`, all of it) shows about its cause: a
 * sentence, in which nothing is claimed that the values do not say. False = they say nothing, as
 * always of a gradient. */
bool explain_data(const clconv_problem *p, const reference *ref, const double *got, char *text,
                  size_t room);

/* gamma(n) = n u / (1 - n u) with the u of the type's arithmetic, 2^-24 or 2^-53; NaN where no
 * bound exists (n u >= 1). */
double compare_gamma(int32_t dtype, int64_t n);

/* ---- One case: run_case.c, buffers.c -------------------------------------------------------- */

typedef enum case_state {
    STATE_PASS,
    STATE_FAIL,
    STATE_SKIP,
    STATE_UNSUPPORTED,
    STATE_REFUSED,
    STATE_XFAIL, /* of FAIL, where a quirk expects it (quirks.h) */
    STATE_XPASS, /* of PASS, where a quirk expects a failure: as bad as FAIL */
    STATE_COUNT
} case_state;
extern const char *const case_state_names[STATE_COUNT];

enum { CULPRIT_TEXT = 256 }; /* a case without tables fits */

typedef struct verdict {
    case_state state;
    char kind[24];    /* what failed or why it was skipped: RULES.md, rules 24 to 28; "" for PASS */
    char reason[512]; /* a sentence */
    char culprit[CULPRIT_TEXT]; /* the one convolution of a `:sweep` that was wrong, or "" */
    double headroom;            /* worst error / bound, "real" only */
    double seconds;
} verdict;

/* One device under test; opened once per process. main sets POCL_SIGFPE_HANDLER=0 before any OpenCL
 * call: PoCL's handler swallows a division by zero on the host. */
typedef struct session session;
session *session_open(const device_entry *device, char *why, size_t room);
void session_close(session *s);

/* Runs one case (problem, algo, data and seed set) under guards and poison, twice, and judges it.
 * REFUSED = the named algorithm does not do this problem (not a case of its sweep). */
verdict run_case(session *s, const case_spec *c);

/* What a case with `:sweep` is, sweep.c: the convolution on every image of up to N x N under every
 * padding of a table, enqueued together. One run, judged like any. The first wrong one is run again
 * as an ordinary case: its sentence is the verdict's, its name the culprit. */
verdict run_sweep(session *s, const case_spec *c);

/* What the last run_case computed with, for --dump; the session's memory, valid until the next
 * case. False when it did not get as far as an output. */
typedef struct case_tensors {
    const reference *reference;
    const double *got;
} case_tensors;
bool session_tensors(const session *s, case_tensors *out);

/* ---- Cases: generate.c ---------------------------------------------------------------------- */

/* One entry of a tier: a case with algo and data set, and why it is there ("pair", "draw",
 * "boundary: stride over kernel", "layer: mobilenet_v1 block2.dw"). */
typedef struct suite_entry {
    case_spec spec;
    char origin[64];
} suite_entry;

/* Every entry of a tier, the same on every device and in every shard; malloc'ed. */
suite_entry *generate_tier(const char *tier, uint64_t seed, size_t *count);

#endif
