/* SPDX-License-Identifier: MIT */
/* What the parts of a running case share: run_case.c (the case), trial.c (one run of it), check.c
 * (what a run left behind), settle.c (what an error means), large.c (a case too big for all that).
 */
#ifndef CLCONV_TRIAL_H
#define CLCONV_TRIAL_H

#include "buffers.h"
#include "session.h"

/* Every buffer of a run. The second of each are those of the second convolution in flight, which
 * reads what the first one reads, and has outputs and a workspace of its own. */
typedef enum role {
    ROLE_X,
    ROLE_W,
    ROLE_B,
    ROLE_Y,
    ROLE_RESIDUAL,
    ROLE_WORKSPACE,
    ROLE_X2,
    ROLE_W2,
    ROLE_B2,
    ROLE_Y2,
    ROLE_RESIDUAL2,
    ROLE_WORKSPACE2,
    ROLE_PACKED,
    ROLES
} role;
enum { ROLES_OF_FLIGHT = ROLE_X2 };

typedef struct role_row {
    const char *name;
    uint32_t input_guard, guard; /* around it where it is read, and where it is written */
    uint32_t fill;               /* what it holds where it is written */
    size_t shift; /* by how much the payload's place misses a round one: always odd */
} role_row;
extern const role_row role_rows[ROLES];

/* The tensor of a role; false for one that is none. */
static inline bool role_tensor(int r, tensor_id *out)
{
    *out = (tensor_id)(TENSOR_X + r % ROLES_OF_FLIGHT);
    return r < ROLE_PACKED && r % ROLES_OF_FLIGHT < ROLE_WORKSPACE;
}

static inline bool role_is_input(const clconv_problem *p, int r)
{
    tensor_id tensor;
    return role_tensor(r, &tensor) && !tensor_is_written(p, tensor);
}

/* The element type of a role; what is no tensor holds sums. */
static inline int32_t role_dtype(const clconv_problem *p, int r)
{
    tensor_id tensor;
    const int32_t sums = p->x.dtype == CLCONV_F64 ? CLCONV_F64 : CLCONV_F32;
    return role_tensor(r, &tensor) ? tensor_dtype(p, tensor) : sums;
}

enum { GUARD_WORDS = 1024, GUARD_BYTES = 4 * GUARD_WORDS };

typedef struct trial {
    session *s;
    const case_spec *spec;
    clconv_problem problem;
    verdict verdict;
    size_t outputs; /* read back and found right so far */
} trial;

/* ---- settle.c: the first thing to go wrong decides. Always false. --------------------------- */

bool settle(trial *t, case_state state, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool settle_status(trial *t, clconv_status status, const char *call);
bool settle_cl(trial *t, cl_int err, const char *call);

/* ---- trial.c: one run ----------------------------------------------------------------------- */

typedef enum placement {
    PLACE_OFFSET,    /* inside a larger buffer, at an odd offset */
    PLACE_EXACT,     /* a buffer of just its size */
    PLACE_SUB_BUFFER /* a region of a larger buffer, at offset 0 of the region */
} placement;

typedef struct run_kind {
    const char *name;
    placement place;
    bool own_workspace;      /* else the plan's */
    bool packed;             /* weights packed by a call of its own */
    uint32_t workspace_fill; /* what it holds before the run */
    bool by_events;          /* waits by wait list and event; else before, and by clFinish */
    bool dirty_local;        /* after a kernel that fills the local memory */
    bool out_of_order;       /* on a queue that is, where the device has one */
    int flights;             /* convolutions enqueued without waiting between */
    bool exact_data_only;
    bool repeats; /* the run that `:repeat=N` asks for */
} run_kind;

/* The buffers of one run; those that it does not have are {0}. */
typedef struct run_buffers {
    guarded at[ROLES];
    cl_event uploaded[ROLES + 2]; /* room for two more events to wait for */
    cl_uint uploads;
} run_buffers;

/* Runs `plan` and checks all that came back. */
bool run_plan(trial *t, const clconv_plan *plan, const run_kind *kind);

/* ---- check.c: what a run left behind -------------------------------------------------------- */

/* Reads all buffers back: guards, inputs. The outputs go to got[0] and those of the second flight
 * to got[1], one tensor behind the other. */
bool check_buffers(trial *t, const run_buffers *run, double *const got[2]);
/* Right, and bit for bit the case's first output. */
bool check_output(trial *t, const run_kind *kind, const double *got);

judge_rule rule_of(const trial *t);
/* "n=0 k=1 p=2 q=3", or of a gradient the tensor and its indices. */
void describe_element(const clconv_problem *p, const oracle_shape *shape, size_t index, char *text,
                      size_t room);
/* Where a NaN came from, with a leading blank; "" when its bits do not tell. */
const char *nan_origin(int32_t dtype, double value);
/* "5 of 200 outputs wrong ...": the sentence of a comparison whose first bad one is at `element`.
 */
bool settle_outputs(trial *t, const comparison *found, size_t count, size_t element,
                    const char *run);

/* ---- run_case.c, large.c -------------------------------------------------------------------- */

/* `algorithm` NULL = the plan's choice. */
bool make_plan(trial *t, const char *algorithm, uint64_t flags, clconv_plan **out);
/* Whether the device has room for tensors of so many bytes, in the order of roles, each with its
 * guards; *total is the bytes of all. */
bool check_device_memory(trial *t, const size_t *bytes, size_t roles, double *total);
/* NULL for `auto` and nothing. */
const char *wanted_algorithm(const case_spec *c);
/* Whether a case has more elements than are handled at once, or than the host has room for. */
bool is_large(const trial *t, const oracle_shape *shape);
/* Runs it once, with no copy of its tensors on the host: filled and read in parts, the output
 * judged at a sample of places. Skips a gradient. */
bool run_large(trial *t, const oracle_shape *shape);

#endif
