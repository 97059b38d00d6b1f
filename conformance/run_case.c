/* SPDX-License-Identifier: MIT */
/* Runs one case on the device in several ways, all of which must be right and give the same bits.
 */
#include "codec.h"
#include "progress.h"
#include "trial.h"

#include <string.h>

const char *const case_state_names[STATE_COUNT] = {"PASS",    "FAIL",  "SKIP", "UNSUPPORTED",
                                                   "REFUSED", "XFAIL", "XPASS"};

/* Two workspace poisons: what was never written must not matter, be it NaN, which a comparison can
 * swallow, or a number, which looks like a result. */
static const run_kind kinds[] = {
    {.name = "buffers with guards",
     .place = PLACE_OFFSET,
     .own_workspace = true,
     .workspace_fill = 0x7fcdd0d1u, /* NaN */
     .by_events = true,
     .flights = 1},
    {.name = "buffers of exact size", .place = PLACE_EXACT, .flights = 1, .repeats = true},
    {.name = "sub-buffers, two in flight",
     .place = PLACE_SUB_BUFFER,
     .own_workspace = true,
     .workspace_fill = 0x47a5a5a5u, /* 84811.3 */
     .by_events = true,
     .dirty_local = true,
     .out_of_order = true,
     .flights = 2,
     .exact_data_only = true},
    {.name = "weights packed before",
     .place = PLACE_EXACT,
     .packed = true,
     .by_events = true,
     .flights = 1,
     .exact_data_only = true},
};

/* ---- Before the run ------------------------------------------------------------------------- */

/* y's dimensions in the order of its layout. */
static clconv_shape counted_shape(const clconv_problem *p, const oracle_shape *y)
{
    if (p->y.layout == CLCONV_LAYOUT_CHANNELS_LAST)
        return (clconv_shape){4, {y->n, y->p, y->q, y->k}};
    return (clconv_shape){4, {y->n, y->k, y->p, y->q}};
}

static bool check_shape(trial *t, oracle_shape *counted)
{
    clconv_shape y;
    const clconv_status status = clconv_output_shape(&t->problem, &y);
    if (status != CLCONV_OK)
        return settle_status(t, status, "clconv_output_shape");
    const bool any = oracle_output(&t->problem, counted);
    const clconv_shape want = counted_shape(&t->problem, counted);
    if (!any || y.rank != 4 || memcmp(y.dim, want.dim, 4 * sizeof *y.dim) != 0)
        return settle(t, STATE_FAIL, "shape",
                      "clconv_output_shape says [%lld, %lld, %lld, %lld], counting the windows "
                      "gives [%lld, %lld, %lld, %lld]",
                      (long long)y.dim[0], (long long)y.dim[1], (long long)y.dim[2],
                      (long long)y.dim[3], (long long)want.dim[0], (long long)want.dim[1],
                      (long long)want.dim[2], (long long)want.dim[3]);
    return true;
}

bool check_device_memory(trial *t, const size_t *bytes, size_t roles, double *total)
{
    *total = 0.0;
    for (size_t i = 0; i < roles; i++) {
        const double whole = (double)bytes[i] + 2.0 * GUARD_BYTES + 64.0;
        *total += whole;
        if (whole > (double)t->s->max_alloc)
            return settle(t, STATE_UNSUPPORTED, "memory",
                          "%s needs %.0f bytes with its guards, a buffer of this device has at "
                          "most %llu",
                          role_rows[i].name, whole, (unsigned long long)t->s->max_alloc);
    }
    if (*total > (double)t->s->global_bytes)
        return settle(t, STATE_UNSUPPORTED, "memory",
                      "the tensors need %.0f bytes, this device has %llu", *total,
                      (unsigned long long)t->s->global_bytes);
    return true;
}

/* What is written is there twice while two convolutions are in flight. */
static bool check_memory(trial *t, const oracle_shape *shape)
{
    size_t bytes[ROLE_WORKSPACE2] = {0};
    double total;
    for (int r = 0; r < ROLE_WORKSPACE2; r++) {
        tensor_id tensor;
        const bool second = r >= ROLES_OF_FLIGHT;
        if (role_tensor(r, &tensor) && (!second || tensor_is_written(&t->problem, tensor)))
            bytes[r] = codec_bytes(&t->problem, shape, tensor);
    }
    return check_device_memory(t, bytes, sizeof bytes / sizeof *bytes, &total);
}

static bool load_reference(trial *t)
{
    char why[256];
    session *const s = t->s;
    const char *const kind = reference_load(&s->ref, t->spec, &t->problem, why, sizeof why);
    if (kind)
        return settle(t, strcmp(kind, "oracle") == 0 ? STATE_FAIL : STATE_SKIP, kind, "%s", why);
    if (session_reserve(s, s->ref.shape.outputs + 1))
        return true;
    return settle(t, STATE_SKIP, "host_memory", "no host memory for the outputs");
}

/* ---- The case ------------------------------------------------------------------------------- */

const char *wanted_algorithm(const case_spec *c)
{
    return c->algo[0] == '\0' || strcmp(c->algo, "auto") == 0 ? NULL : c->algo;
}

bool make_plan(trial *t, const char *algorithm, uint64_t flags, clconv_plan **out)
{
    const uint64_t told = strcmp(t->spec->data, "special") == 0 ? CLCONV_NONFINITE_WEIGHTS : 0;
    const clconv_plan_options options = {.size = sizeof options,
                                         .algorithm = algorithm,
                                         .tile = t->spec->tile[0] ? t->spec->tile : NULL,
                                         .flags = flags | told};
    const clconv_status status = clconv_plan_create(t->s->ctx, &t->problem, &options, out);
    if (status != CLCONV_OK)
        return settle_status(t, status, "clconv_plan_create");
    if (algorithm && strcmp(clconv_plan_algorithm(*out), algorithm) != 0)
        return settle(t, STATE_FAIL, "wrong_algo", "asked for %s, the plan runs %s", algorithm,
                      clconv_plan_algorithm(*out));
    return true;
}

static int64_t times_to_run(const trial *t, const run_kind *kind, const clconv_plan *plan)
{
    if (kind->packed && clconv_plan_packed_size(plan) == 0)
        return 0;
    if (kind->exact_data_only && strcmp(t->s->ref.mode, "exact") != 0)
        return 0;
    return kind->repeats && t->spec->repeat ? t->spec->repeat : 1;
}

typedef struct plans {
    clconv_plan *bare;   /* without a workspace of its own */
    clconv_plan *owning; /* with one */
    clconv_plan *packed; /* for weights that come packed */
} plans;

static bool run_kinds(trial *t, const plans *p)
{
    bool good = true;
    for (size_t i = 0; good && i < sizeof kinds / sizeof *kinds; i++) {
        const clconv_plan *const plan = kinds[i].packed          ? p->packed
                                        : kinds[i].own_workspace ? p->bare
                                                                 : p->owning;
        for (int64_t left = times_to_run(t, &kinds[i], plan); good && left > 0; left--)
            good = run_plan(t, plan, &kinds[i]);
    }
    return good;
}

/* All are held to the algorithm of the first, because all runs must agree bit for bit. */
static bool run_plans(trial *t)
{
    plans p = {0};
    const bool good =
        make_plan(t, wanted_algorithm(t->spec), CLCONV_USER_WORKSPACE, &p.bare) &&
        load_reference(t) && make_plan(t, clconv_plan_algorithm(p.bare), 0, &p.owning) &&
        make_plan(t, clconv_plan_algorithm(p.bare), CLCONV_PACKED_WEIGHTS, &p.packed) &&
        run_kinds(t, &p);
    clconv_plan_destroy(p.bare);
    clconv_plan_destroy(p.owning);
    clconv_plan_destroy(p.packed);
    return good;
}

verdict run_case(session *s, const case_spec *c)
{
    if (c->sweep)
        return run_sweep(s, c);
    const double start = progress_now();
    oracle_shape shape;
    trial t = {.s = s, .spec = c, .problem = suite_problem(c), .verdict = {.state = STATE_PASS}};
    s->output = NULL;
    if (check_shape(&t, &shape)) {
        if (is_large(&t, &shape))
            run_large(&t, &shape);
        else if (check_memory(&t, &shape))
            run_plans(&t);
    }
    t.verdict.seconds = progress_now() - start;
    return t.verdict;
}
