/* SPDX-License-Identifier: MIT */
/* One filter over every small image and padding: some hundred convolutions side by side in two
 * buffers, all enqueued before one wait. The first that is wrong is run again as an ordinary case,
 * whose verdict is the sweep's. All are float32 in NCHW. */
#include "number.h"
#include "padding.h"
#include "progress.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* Words between neighbours, and what they hold: NaN around inputs, so that reading one shows;
 * finite around outputs, which begin as NaN. */
enum { GUARD_WORDS = 16 };
static const uint32_t input_guard = 0x7fca0a01u, output_guard = 0x45b0b0b1u,
                      output_poison = 0x7fccc0deu;

/* Before and after the image, on either axis. */
static const int paddings[][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {2, 0}};
enum { PADDINGS = sizeof paddings / sizeof *paddings };

/* One convolution; the places of its tensors are in words. */
typedef struct part {
    case_spec spec;
    oracle_shape shape;
    size_t x, w, b, y;
} part;

typedef struct sweep {
    session *s;
    part *parts;
    size_t count, most_y, most_in;
    size_t input_words, output_words;
    uint32_t *input, *output, *got; /* what was uploaded, and what came back */
    cl_mem input_mem, output_mem;
    double *in, *y, *mag, *out; /* of one part: x, w and b one behind the other; its outputs */
    int64_t *terms;
} sweep;

/* ---- The parts ------------------------------------------------------------------------------ */

static size_t place(size_t *words, size_t elements)
{
    const size_t at = *words;
    *words += elements + GUARD_WORDS;
    return at;
}

/* Adds image h x w under two paddings, unless the filter does not fit. */
static void add_part(sweep *v, const case_spec *from, int h, int w, int top, int left)
{
    part *const p = &v->parts[v->count];
    p->spec = *from;
    p->spec.sweep = 0;
    const int image[2] = {h, w}, padding[2] = {top, left};
    for (int d = 0; d < 2; d++) {
        p->spec.problem.in[d] = image[d];
        p->spec.problem.pad_before[d] = paddings[padding[d]][0];
        p->spec.problem.pad_after[d] = paddings[padding[d]][1];
    }
    const clconv_problem problem = case_problem(&p->spec);
    if (!padding_fits(&problem) || !oracle_output(&problem, &p->shape))
        return;
    p->x = place(&v->input_words, p->shape.x);
    p->w = place(&v->input_words, p->shape.w);
    p->b = place(&v->input_words, p->shape.b);
    p->y = place(&v->output_words, p->shape.y);
    const size_t in = p->shape.x + p->shape.w + p->shape.b;
    v->most_in = in > v->most_in ? in : v->most_in;
    v->most_y = p->shape.y > v->most_y ? p->shape.y : v->most_y;
    v->count++;
}

static bool list_parts(sweep *v, const case_spec *c)
{
    v->parts = calloc((size_t)c->sweep * (size_t)c->sweep * PADDINGS * PADDINGS, sizeof *v->parts);
    v->input_words = v->output_words = GUARD_WORDS;
    for (int h = 1; v->parts && h <= c->sweep; h++)
        for (int w = 1; w <= c->sweep; w++)
            for (int top = 0; top < PADDINGS; top++)
                for (int left = 0; left < PADDINGS; left++)
                    add_part(v, c, h, w, top, left);
    return v->parts != NULL;
}

static uint32_t *filled(size_t words, uint32_t value)
{
    uint32_t *const at = malloc(words * sizeof *at);
    for (size_t i = 0; at && i < words; i++)
        at[i] = value;
    return at;
}

static bool reserve(sweep *v)
{
    v->input = filled(v->input_words, input_guard);
    v->output = filled(v->output_words, output_guard);
    v->got = malloc((v->input_words > v->output_words ? v->input_words : v->output_words) *
                    sizeof *v->got);
    v->in = malloc((v->most_in + 1) * sizeof *v->in);
    v->y = malloc((v->most_y + 1) * sizeof *v->y);
    v->out = malloc((v->most_y + 1) * sizeof *v->out);
    v->mag = malloc((v->most_y + 1) * sizeof *v->mag);
    v->terms = malloc((v->most_y + 1) * sizeof *v->terms);
    return v->input && v->output && v->got && v->in && v->out && v->y && v->mag && v->terms;
}

/* The part's inputs, made in `v->in`. */
static bool make_inputs(sweep *v, const part *p, const clconv_problem *problem, oracle_inputs *out)
{
    double *const w = v->in + p->shape.x, *const b = p->shape.b ? w + p->shape.w : NULL;
    *out = (oracle_inputs){.x = v->in, .w = w, .b = b};
    return data_fill(problem, p->spec.data, p->spec.seed,
                     &(data_tensors){.x = v->in, .w = w, .b = b});
}

static bool fill_parts(sweep *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const part *const p = &v->parts[i];
        const clconv_problem problem = case_problem(&p->spec);
        oracle_inputs in;
        if (!make_inputs(v, p, &problem, &in))
            return false;
        number_store(CLCONV_F32, in.x, p->shape.x, v->input + p->x, 1);
        number_store(CLCONV_F32, in.w, p->shape.w, v->input + p->w, 1);
        if (in.b)
            number_store(CLCONV_F32, in.b, p->shape.b, v->input + p->b, 1);
        for (size_t e = 0; e < p->shape.y; e++)
            v->output[p->y + e] = output_poison;
    }
    return true;
}

/* ---- The device ----------------------------------------------------------------------------- */

static bool upload(sweep *v)
{
    cl_int err = CL_SUCCESS;
    const cl_mem_flags copy = CL_MEM_COPY_HOST_PTR;
    v->input_mem = clCreateBuffer(v->s->cl, CL_MEM_READ_WRITE | copy,
                                  v->input_words * sizeof *v->input, v->input, &err);
    if (err == CL_SUCCESS)
        v->output_mem = clCreateBuffer(v->s->cl, CL_MEM_READ_WRITE | copy,
                                       v->output_words * sizeof *v->output, v->output, &err);
    return err == CL_SUCCESS;
}

static clconv_buffer at_word(cl_mem mem, size_t word)
{
    return (clconv_buffer){.mem = mem, .offset = word * sizeof(uint32_t)};
}

static bool enqueue_part(sweep *v, const part *p)
{
    clconv_plan *plan = NULL;
    const clconv_problem problem = case_problem(&p->spec);
    const clconv_plan_options options = {.size = sizeof options,
                                         .algorithm = p->spec.algo[0] ? p->spec.algo : NULL,
                                         .tile = p->spec.tile[0] ? p->spec.tile : NULL};
    const clconv_args args = {.size = sizeof args,
                              .x = at_word(v->input_mem, p->x),
                              .w = at_word(v->input_mem, p->w),
                              .b = at_word(p->shape.b ? v->input_mem : NULL, p->b),
                              .y = at_word(v->output_mem, p->y)};
    const bool good = clconv_plan_create(v->s->ctx, &problem, &options, &plan) == CLCONV_OK &&
                      clconv_enqueue(plan, v->s->queue, &args, 0, NULL, NULL) == CLCONV_OK;
    clconv_plan_destroy(plan);
    return good;
}

/* Blocking, so it waits for all convolutions. */
static bool read_back(sweep *v, cl_mem mem, size_t words)
{
    return clEnqueueReadBuffer(v->s->queue, mem, CL_TRUE, 0, words * sizeof *v->got, v->got, 0,
                               NULL, NULL) == CL_SUCCESS;
}

/* ---- The judge ------------------------------------------------------------------------------ */

/* Whether the words [from, end) are what they were before. */
static bool unchanged(const uint32_t *before, const uint32_t *now, size_t from, size_t end)
{
    return memcmp(before + from, now + from, (end - from) * sizeof *now) == 0;
}

static bool inputs_good(sweep *v, const part *p)
{
    return unchanged(v->input, v->got, p->x - GUARD_WORDS, p->b + p->shape.b + GUARD_WORDS);
}

static bool output_good(sweep *v, const part *p)
{
    const clconv_problem problem = case_problem(&p->spec);
    oracle_inputs in;
    const judge_rule rule = {.dtype = CLCONV_F32,
                             .exact = true,
                             .mean = problem.reduce == CLCONV_REDUCE_MEAN,
                             .flush = v->s->flush,
                             .poison =
                                 number_identity(number_of_pattern(CLCONV_F32, output_poison))};
    const size_t end = p->y + p->shape.y;
    make_inputs(v, p, &problem, &in);
    oracle_scatter(&problem, &in, v->y, v->mag, v->terms);
    number_load(CLCONV_F32, v->got + p->y, 1, p->shape.y, v->out);
    return unchanged(v->output, v->got, p->y - GUARD_WORDS, p->y) &&
           unchanged(v->output, v->got, end, end + GUARD_WORDS) &&
           compare_outputs(v->out, v->y, v->mag, v->terms, p->shape.y, &rule).bad == 0;
}

static const part *first_wrong(sweep *v, bool (*good)(sweep *v, const part *p))
{
    for (size_t i = 0; i < v->count; i++)
        if (!good(v, &v->parts[i]))
            return &v->parts[i];
    return NULL;
}

/* ---- The verdict ---------------------------------------------------------------------------- */

static verdict skipped(const char *kind, const char *sentence)
{
    verdict v = {.state = STATE_SKIP};
    snprintf(v.kind, sizeof v.kind, "%s", kind);
    snprintf(v.reason, sizeof v.reason, "%s", sentence);
    return v;
}

static verdict name_culprit(const part *p, verdict found)
{
    char name[CASE_TEXT];
    if (found.state == STATE_FAIL)
        snprintf(found.culprit, sizeof found.culprit, "%s",
                 case_print(&p->spec, name, sizeof name));
    return found;
}

/* The part, or the next, which shares a guard with it, as a case of its own: its verdict, unless
 * both are right when they are alone. */
static verdict blame(const sweep *v, const part *p, const char *what)
{
    verdict together = {.state = STATE_FAIL, .kind = "sweep"};
    for (const part *one = p; one <= p + 1 && one < v->parts + v->count; one++) {
        const verdict alone = run_case(v->s, &one->spec);
        if (alone.state != STATE_PASS)
            return name_culprit(one, alone);
    }
    snprintf(together.reason, sizeof together.reason,
             "%s among %zu convolutions enqueued together; right when it runs alone", what,
             v->count);
    return name_culprit(p, together);
}

static verdict run_parts(sweep *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (!enqueue_part(v, &v->parts[i])) {
            clFinish(v->s->queue);
            return blame(v, &v->parts[i], "its plan or its launch failed");
        }
    if (!read_back(v, v->output_mem, v->output_words))
        return blame(v, v->parts, "reading the outputs back failed");
    const part *const output = first_wrong(v, output_good);
    if (output)
        return blame(v, output, "its output or a guard beside it is wrong");
    if (!read_back(v, v->input_mem, v->input_words))
        return blame(v, v->parts, "reading the inputs back failed");
    const part *const input = first_wrong(v, inputs_good);
    return input ? blame(v, input, "its inputs or a guard beside them changed")
                 : (verdict){.state = STATE_PASS};
}

static verdict run_listed(sweep *v)
{
    if (v->count == 0)
        return skipped("data", "the filter fits none of the sweep's images");
    if (!fill_parts(v))
        return skipped("data", "there are no exact data for a problem of this many terms");
    if (!upload(v))
        return skipped("device_memory", "no device memory for the sweep's tensors");
    return run_parts(v);
}

static void release(sweep *v)
{
    void *const owned[] = {v->parts, v->input, v->output, v->got,  v->in,
                           v->out,   v->y,     v->mag,    v->terms};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    if (v->input_mem)
        clReleaseMemObject(v->input_mem);
    if (v->output_mem)
        clReleaseMemObject(v->output_mem);
}

verdict run_sweep(session *s, const case_spec *c)
{
    const double start = progress_now();
    sweep v = {.s = s};
    verdict result = skipped("host_memory", "no host memory for the sweep's tensors");
    s->output = NULL;
    if (strcmp(c->data, "exact") != 0)
        result = skipped("data", "a sweep runs on exact data alone");
    else if (c->problem.op != CLCONV_FORWARD)
        result = skipped("data", "a sweep runs forward convolutions alone");
    else if (c->epilogue.activation || c->residual || c->scaled)
        result = skipped("data", "a sweep runs without epilogues alone");
    else if (c->problem.x.dtype != CLCONV_F32 || c->problem.x.layout || c->view)
        result = skipped("data", "a sweep runs in float32 and NCHW, without views, alone");
    else if (list_parts(&v, c) && reserve(&v))
        result = run_listed(&v);
    result.seconds = progress_now() - start;
    if (result.state == STATE_PASS)
        snprintf(result.reason, sizeof result.reason, "%zu convolutions, %.0f per second", v.count,
                 (double)v.count / result.seconds);
    release(&v);
    return result;
}
