/* SPDX-License-Identifier: MIT */
/* Fills and checks tensors part by part: guards, payload, and what is left of it after a run. */
#include "large_tensor.h"

#include "number.h"

static size_t words_in_front(const large_tensor *t)
{
    return GUARD_WORDS + role_rows[t->role].shift;
}

static uint32_t guard_of(const large_tensor *t)
{
    return t->source ? role_rows[t->role].input_guard : role_rows[t->role].guard;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void fill_words(uint32_t *at, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++)
        at[i] = value;
}

/* Elements of the source as floats. */
static void make_floats(const large_tensor *t, size_t first, size_t count, uint32_t *out)
{
    static const tensor_id ids[] = {[ROLE_X] = TENSOR_X, [ROLE_W] = TENSOR_W, [ROLE_B] = TENSOR_B};
    enum { BLOCK = 4096 };
    double made[BLOCK];
    const large_source *const from = t->source;
    for (size_t i = 0; i < count; i += BLOCK) {
        const size_t here = smaller(BLOCK, count - i);
        data_range(from->problem, from->shape, from->mode, from->seed, ids[t->role], first + i,
                   here, made);
        number_store(CLCONV_F32, made, here, out + i, 1);
    }
}

/* What the words [first, first + count) hold before the run. */
static void words_before(const large_tensor *t, size_t first, size_t count, uint32_t *out)
{
    if (t->source)
        make_floats(t, first, count, out);
    else
        fill_words(out, count, role_rows[t->role].fill);
}

static cl_int move(cl_command_queue queue, const large_tensor *t, bool write, size_t word,
                   size_t count, uint32_t *data)
{
    const size_t at = word * sizeof *data, bytes = count * sizeof *data;
    return write ? clEnqueueWriteBuffer(queue, t->mem, CL_TRUE, at, bytes, data, 0, NULL, NULL)
                 : clEnqueueReadBuffer(queue, t->mem, CL_TRUE, at, bytes, data, 0, NULL, NULL);
}

static cl_int write_guards(cl_command_queue queue, const large_tensor *t)
{
    uint32_t guard[2 * GUARD_WORDS];
    const size_t front = words_in_front(t);
    fill_words(guard, front, guard_of(t));
    const cl_int err = move(queue, t, true, 0, front, guard);
    return err ? err : move(queue, t, true, front + t->words, GUARD_WORDS, guard);
}

cl_int large_create(session *s, role r, size_t words, const large_source *source, uint32_t *part,
                    size_t room, large_tensor *out)
{
    cl_int err = CL_SUCCESS;
    *out = (large_tensor){.role = r, .words = words, .source = source};
    const size_t front = words_in_front(out);
    out->mem = clCreateBuffer(s->cl, CL_MEM_READ_WRITE,
                              (front + words + GUARD_WORDS) * sizeof *part, NULL, &err);
    err = err ? err : write_guards(s->queue, out);
    for (size_t i = 0; err == CL_SUCCESS && i < words; i += room) {
        const size_t count = smaller(room, words - i);
        words_before(out, i, count, part);
        err = move(s->queue, out, true, front + i, count, part);
    }
    return err;
}

void large_release(large_tensor *t)
{
    if (t->mem)
        clReleaseMemObject(t->mem);
    *t = (large_tensor){0};
}

clconv_buffer large_buffer(const large_tensor *t)
{
    const uint64_t offset = t->mem ? words_in_front(t) * sizeof(uint32_t) : 0;
    return (clconv_buffer){.mem = t->mem, .offset = offset};
}

static void note(large_damage *out, size_t at, uint32_t now)
{
    if (out->count++ == 0) {
        out->first = at;
        out->now = now;
    }
}

cl_int large_check_guard(cl_command_queue queue, const large_tensor *t, bool behind,
                         large_damage *out)
{
    uint32_t guard[2 * GUARD_WORDS];
    const size_t front = words_in_front(t);
    const size_t first = behind ? front + t->words : 0, count = behind ? GUARD_WORDS : front;
    const cl_int err = move(queue, t, false, first, count, guard);
    *out = (large_damage){0};
    for (size_t i = 0; err == CL_SUCCESS && i < count; i++)
        if (guard[i] != guard_of(t))
            note(out, i, guard[i]);
    return err;
}

cl_int large_check_input(cl_command_queue queue, const large_tensor *t, uint32_t *part,
                         uint32_t *expected, size_t room, large_damage *out)
{
    cl_int err = CL_SUCCESS;
    *out = (large_damage){0};
    for (size_t i = 0; err == CL_SUCCESS && i < t->words; i += room) {
        const size_t count = smaller(room, t->words - i);
        err = move(queue, t, false, words_in_front(t) + i, count, part);
        if (err == CL_SUCCESS)
            words_before(t, i, count, expected);
        for (size_t j = 0; err == CL_SUCCESS && j < count; j++)
            if (part[j] != expected[j])
                note(out, i + j, part[j]);
    }
    return err;
}

cl_int large_read_output(cl_command_queue queue, const large_tensor *t, uint32_t *part, size_t room,
                         const size_t *places, size_t count, double *got, large_damage *out)
{
    cl_int err = CL_SUCCESS;
    size_t next = 0;
    *out = (large_damage){0};
    for (size_t i = 0; err == CL_SUCCESS && i < t->words; i += room) {
        const size_t here = smaller(room, t->words - i);
        err = move(queue, t, false, words_in_front(t) + i, here, part);
        for (size_t j = 0; err == CL_SUCCESS && j < here; j++)
            if (part[j] == role_rows[t->role].fill)
                note(out, i + j, part[j]);
        for (; err == CL_SUCCESS && next < count && places[next] < i + here; next++)
            number_load(CLCONV_F32, part + (places[next] - i), 1, 1, got + next);
    }
    return err;
}
