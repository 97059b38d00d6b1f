/* SPDX-License-Identifier: MIT */
/* Writes a case's arrays: the inputs and the expectation are a function of the case alone, so they
 * are there even when the device crashed. */
#include "dump.h"

#include "codec.h"
#include "npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool dump_prepare(const char *dir, char *why, size_t room)
{
    struct stat status;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        snprintf(why, room, "%s: cannot be made: %s", dir, strerror(errno));
    else if (stat(dir, &status) != 0 || !S_ISDIR(status.st_mode))
        snprintf(why, room, "%s: exists and is not a folder", dir);
    else if (access(dir, W_OK | X_OK) != 0)
        snprintf(why, room, "%s: cannot be written to: %s", dir, strerror(errno));
    else
        return true;
    return false;
}

const char *dump_path(const char *dir, const char *name, char *path)
{
    enum { LONGEST = 200 }; /* of the 255 bytes that file systems give a name */
    static const char kept[] = "abcdefghijklmnopqrstuvwxyz0123456789+=-";
    int used = snprintf(path, DUMP_PATH, "%s/", dir);
    const size_t length = strlen(name) < LONGEST ? strlen(name) : LONGEST;
    if (used + LONGEST + 32 > DUMP_PATH)
        return strcpy(path, "");
    for (size_t i = 0; i < length; i++)
        path[used++] = strchr(kept, name[i]) ? name[i] : '_';
    path[used] = '\0';
    if (name[length])
        snprintf(path + used, 32, "-%016" PRIx64, case_hash(name));
    return path;
}

/* ---- Shapes --------------------------------------------------------------------------------- */

/* Whether all groups have as many input channels as the first, so that w has four dimensions. */
static bool even_inputs(const clconv_problem *p)
{
    for (int64_t g = 1; p->group_in && g < p->groups; g++)
        if (p->group_in[g] != p->group_in[0])
            return false;
    return true;
}

/* As clconv_describe takes it; groups of other sizes with channels last have no dimensions in
 * common. `count` = its elements. */
static clconv_shape shape_of_w(const clconv_problem *p, size_t count)
{
    const int64_t r = p->kernel[0], s = p->kernel[1];
    const bool last = p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST;
    const int64_t filters = p->shared ? p->k / p->c : p->k;
    const int64_t planes = p->shared ? 1 : p->c / p->groups;
    if (!p->shared && !even_inputs(p))
        return last ? (clconv_shape){1, {(int64_t)count}}
                    : (clconv_shape){3, {(int64_t)count / (r * s), r, s}};
    return last ? (clconv_shape){4, {filters, r, s, planes}}
                : (clconv_shape){4, {filters, planes, r, s}};
}

static clconv_shape shape_of_images(int32_t layout, int64_t n, int64_t c, int64_t h, int64_t w)
{
    return layout == CLCONV_LAYOUT_CHANNELS_LAST ? (clconv_shape){4, {n, h, w, c}}
                                                 : (clconv_shape){4, {n, c, h, w}};
}

/* ---- Files ---------------------------------------------------------------------------------- */

enum { MOST_ARRAYS = 9 }; /* five tensors, of which two are outputs */

typedef struct array {
    const char *file;
    void
        *data; /* its own; NULL = there is none: a file of that name would be from an earlier run */
    int32_t dtype;
    clconv_shape shape;
    size_t bytes;
} array;

static bool write_array(const char *folder, const array *a, char *why, size_t room)
{
    char path[DUMP_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, a->file);
    const npy_array npy = {a->dtype, a->shape, a->bytes, a->data};
    if (a->data)
        return npy_write(path, &npy, why, room);
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    snprintf(why, room, "%s: is of an earlier run and cannot be removed: %s", path,
             strerror(errno));
    return false;
}

/* A tensor's bytes in its layout, of its own type or of another; NULL without memory. */
static void *stored(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                    const double *from, int32_t dtype)
{
    clconv_problem as = *p;
    int32_t *const dtypes[] = {[TENSOR_X] = &as.x.dtype,
                               [TENSOR_W] = &as.w.dtype,
                               [TENSOR_B] = &as.x.dtype, /* which b's follows */
                               [TENSOR_Y] = &as.y.dtype};
    if (dtype)
        *dtypes[id] = dtype;
    void *const bytes = malloc(codec_bytes(&as, shape, id) + 1);
    if (bytes)
        codec_encode(&as, shape, id, from, bytes);
    return bytes;
}

/* What a case reads, and what it should and did write, db apart from dw; all in the layouts of the
 * case and, but for what is expected, in its types. */
static size_t list_arrays(const clconv_problem *p, const reference *r, const double *got,
                          array arrays[MOST_ARRAYS])
{
    static const char *const files[][3] = {[TENSOR_X] = {"x.npy", "expected.npy", "got.npy"},
                                           [TENSOR_W] = {"w.npy", "expected.npy", "got.npy"},
                                           [TENSOR_B] = {"b.npy", "expected_b.npy", "got_b.npy"},
                                           [TENSOR_Y] = {"y.npy", "expected.npy", "got.npy"}};
    const double *const inputs[] = {
        [TENSOR_X] = r->x, [TENSOR_W] = r->w, [TENSOR_B] = r->b, [TENSOR_Y] = r->y};
    const oracle_shape *const s = &r->shape;
    const clconv_shape shapes[] = {
        [TENSOR_X] = shape_of_images(p->x.layout, p->n, p->c, p->in[0], p->in[1]),
        [TENSOR_W] = shape_of_w(p, s->w),
        [TENSOR_B] = {1, {(int64_t)s->b}},
        [TENSOR_Y] = shape_of_images(p->y.layout, s->n, s->k, s->p, s->q)};
    size_t count = 0;
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++) {
        const size_t at = tensor_place(p, s, id), bytes = codec_bytes(p, s, id);
        const int32_t dtype = tensor_dtype(p, id);
        void *const in = inputs[id] ? stored(p, s, id, inputs[id], 0) : NULL;
        arrays[count++] = (array){files[id][0], in, dtype, shapes[id], bytes};
        if (!tensor_is_written(p, id) || (id == TENSOR_B && s->b == 0))
            continue;
        arrays[count++] = (array){files[id][1], stored(p, s, id, r->want + at, CLCONV_F64),
                                  CLCONV_F64, shapes[id], tensor_elements(s, id) * sizeof *got};
        void *const out = got ? stored(p, s, id, got + at, 0) : NULL;
        arrays[count++] = (array){files[id][2], out, dtype, shapes[id], bytes};
    }
    void *const residual = r->residual ? stored(p, s, TENSOR_Y, r->residual, 0) : NULL;
    arrays[count++] = (array){"residual.npy", residual, tensor_dtype(p, TENSOR_Y), shapes[TENSOR_Y],
                              codec_bytes(p, s, TENSOR_Y)};
    return count;
}

bool dump_case(const char *folder, const case_spec *c, const double *got, char *why, size_t room)
{
    reference r = {0};
    array arrays[MOST_ARRAYS];
    const clconv_problem p = case_problem(c); /* arrays have no gaps, whatever the view */
    if (!dump_prepare(folder, why, room) || reference_load(&r, c, &p, why, room))
        return false;
    const size_t count = list_arrays(&p, &r, got, arrays);
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        ok = ok && write_array(folder, &arrays[i], why, room);
        free(arrays[i].data);
    }
    reference_free(&r);
    return ok;
}
