/* SPDX-License-Identifier: MIT */
/* The tuning table in memory: which lines of the library's and the user's file hold here, and which
 * of them a layer gets.
 *
 * A line is words and whole numbers, so that no locale changes it:
 *   layer DEVICE LAYER HxW-PxQ VERSION KERNELS ALGORITHM TILE|- NANOSECONDS NANOSECONDS_OF_MODEL
 *   device DEVICE MACS/S CACHE_BYTES CACHE_BYTES/S MEMORY_BYTES/S LAUNCH_NANOSECONDS HALF_MACS/S
 * and # begins a comment. */
#include "cache.h"
#include "tuning.h"

#include "choose.h"
#include "embed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

extern const embedded_file clconv_tuning_files[];

/* ---- Layers ---------------------------------------------------------------------------------- */

static const char *const pad_words[] = {"", ":reflect", ":replicate", ":circular"};
static const char *const op_words[] = {"", ":backward-data", ":backward-weights"};

/* ":float16", ":nhwc"; NULL for views that are none of the two layouts. */
static const char *tensors_of(const clconv_work *work, char text[32])
{
    const bool last = work->x_stride.channel == 1 && work->y_stride.channel == 1;
    const bool bytes = work->w_dtype != work->x_dtype;
    if (!work->plain && !last)
        return NULL;
    snprintf(text, 32, "%s%s%s%s%s", work->x_dtype == CLCONV_F32 ? "" : ":",
             work->x_dtype == CLCONV_F32 ? "" : clconv_dtype_text(work->x_dtype), bytes ? ":" : "",
             bytes ? clconv_dtype_text(work->w_dtype) : "", work->plain ? "" : ":nhwc");
    return text;
}

bool clconv_layer_of(const clconv_work *work, clconv_layer *out)
{
    size_t used = 0;
    const size_t room = sizeof out->text;
    bool shared = true, summed = true;
    char tensors[32];
    if (!tensors_of(work, tensors))
        return false;
    for (size_t i = 0; i < work->segments && used < room; i++) {
        const clconv_segment *s = &work->segment[i];
        shared = shared && s->w_group == 0;
        summed = summed && s->w_in == 0 && s->in > 1;
        used +=
            (size_t)snprintf(out->text + used, room - used, "%s%" PRId64 "x%" PRId64 "x%" PRId64,
                             i ? "+" : "", s->groups, s->in, s->out);
    }
    if (used < room)
        used += (size_t)snprintf(out->text + used, room - used, ":r%ds%dsh%dsw%ddh%ddw%d%s%s%s%s%s",
                                 work->r, work->s, work->stride_h, work->stride_w, work->dilation_h,
                                 work->dilation_w, shared ? ":shared" : "",
                                 work->divisor != 1.0f ? ":mean"
                                 : summed              ? ":sum"
                                                       : "",
                                 pad_words[work->pad_mode], tensors, op_words[work->op]);
    const int32_t image[] = {work->h, work->w, work->p, work->q};
    memcpy(out->image, image, sizeof out->image);
    return used < room;
}

static uint64_t hash_of(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

/* ---- Devices --------------------------------------------------------------------------------- */

/* Adds a property to a word of blanks turned into '_'. */
static size_t add_property(cl_device_id id, cl_device_info what, char *word, size_t used)
{
    enum { MOST = 64 };
    char text[256] = "";
    if (clGetDeviceInfo(id, what, sizeof text, text, NULL))
        text[0] = '\0';
    for (size_t i = 0; text[i] && i < MOST; i++)
        word[used++] = text[i] > ' ' && text[i] <= '~' ? text[i] : '_';
    word[used++] = '|';
    return used;
}

/* Whether vectors half as wide as the device's reach the same peak: units of half a vector. */
static bool half_units(const clconv_device *dev)
{
    return dev->wide_vectors && dev->traits.half_macs_per_s > 0.9 * dev->traits.macs_per_s;
}

void clconv_device_words(const clconv_context *ctx, char exact[CLCONV_DEVICE_WORD],
                         char class[CLCONV_DEVICE_WORD])
{
    const clconv_device *dev = &ctx->dev;
    snprintf(class, CLCONV_DEVICE_WORD, "%s%u", dev->wide_vectors ? "cpu" : "other",
             dev->native_floats);
    size_t used = (size_t)snprintf(exact, CLCONV_DEVICE_WORD, "%s|", class);
    used = add_property(dev->id, CL_DEVICE_NAME, exact, used);
    used = add_property(dev->id, CL_DRIVER_VERSION, exact, used);
    snprintf(exact + used, CLCONV_DEVICE_WORD - used, "%uunits|%08" PRIx32, dev->compute_units,
             (uint32_t)hash_of(ctx->cache_key));
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* A file that is read: what lines must say to hold, and how many did. */
typedef struct reader {
    clconv_context *ctx;
    char exact[CLCONV_DEVICE_WORD], class[CLCONV_DEVICE_WORD];
    uint64_t hash[64]; /* of each design's kernel files, 0 = not known yet */
    bool own;
    size_t used, other, stale, unreadable;
} reader;

/* Whose rows those of `device` are, or -1: another device's. */
static int scope_of(const reader *r, const char *device)
{
    const size_t length = strlen(r->class);
    const bool here = !strcmp(device, r->exact) || !strcmp(device, r->class);
    const bool half = !strncmp(device, r->class, length) && !strcmp(device + length, "half") &&
                      half_units(&r->ctx->dev);
    if (!here && !half)
        return -1;
    return r->own ? CLCONV_ROW_OWN : half ? CLCONV_ROW_HALF : CLCONV_ROW_CLASS;
}

/* Whether the kernel files of a design still have this hash. */
static bool same_kernels(reader *r, const clconv_algo *algo, uint64_t hash)
{
    size_t i = 0;
    while (clconv_algos[i] != algo)
        i++;
    if (i >= sizeof r->hash / sizeof r->hash[0])
        return false;
    if (!r->hash[i])
        r->hash[i] = clconv_stem_hash(clconv_algo_words[i]);
    return r->hash[i] == hash;
}

static void add_row(reader *r, const clconv_row *row)
{
    clconv_tuning *tuning = r->ctx->tuning;
    if (tuning->rows == tuning->room) {
        const size_t room = tuning->room ? 2 * tuning->room : 64;
        clconv_row *grown = realloc(tuning->row, room * sizeof *grown);
        if (!grown)
            return;
        tuning->row = grown;
        tuning->room = room;
    }
    tuning->row[tuning->rows++] = *row;
    r->used++;
}

static int32_t op_of(const char *layer)
{
    int32_t op = CLCONV_BACKWARD_WEIGHTS;
    while (op > CLCONV_FORWARD && !strstr(layer, op_words[op]))
        op--;
    return op;
}

static void read_layer(reader *r, const char *line)
{
    char device[CLCONV_DEVICE_WORD], version[24], layer[128], name[16], tile[64];
    uint64_t hash = 0;
    clconv_row row = {0};
    int scope, end = 0;
    int32_t *image = row.image;
    const int read = sscanf(line,
                            "layer %191s %127s %" SCNd32 "x%" SCNd32 "-%" SCNd32 "x%" SCNd32
                            " %23s %16" SCNx64 " %15s %63s %" SCNd64 " %" SCNd64 " %n",
                            device, layer, &image[0], &image[1], &image[2], &image[3], version,
                            &hash, name, tile, &row.ns, &row.model_ns, &end);
    if (read != 12 || line[end] || row.ns <= 0 || row.model_ns <= 0 || image[2] <= 0 ||
        image[3] <= 0) {
        r->unreadable++;
        return;
    }
    scope = scope_of(r, device);
    row.scope = scope;
    row.layer = hash_of(layer);
    snprintf(row.tile, sizeof row.tile, "%s", strcmp(tile, "-") ? tile : "");
    row.algo = clconv_design_of(name, row.tile[0] ? row.tile : NULL, op_of(layer));
    if (strcmp(version, clconv_version()) || !row.algo || !same_kernels(r, row.algo, hash))
        r->stale++;
    else if (scope < 0)
        r->other++;
    else
        add_row(r, &row);
}

static void read_device(reader *r, const char *line)
{
    char device[CLCONV_DEVICE_WORD];
    int64_t value[6];
    int end = 0;
    const int read = sscanf(
        line,
        "device %191s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %n",
        device, &value[0], &value[1], &value[2], &value[3], &value[4], &value[5], &end);
    bool good = read == 7 && !line[end];
    for (size_t i = 0; good && i < sizeof value / sizeof value[0]; i++)
        good = value[i] >= (i < 5); /* the last one may be unknown */
    if (!good)
        r->unreadable++;
    else if (strcmp(device, r->exact))
        r->other++;
    else
        r->ctx->dev.traits = (clconv_traits){.size = sizeof(clconv_traits),
                                             .measured = 1,
                                             .macs_per_s = (double)value[0],
                                             .cache_bytes = (double)value[1],
                                             .cache_bytes_per_s = (double)value[2],
                                             .memory_bytes_per_s = (double)value[3],
                                             .launch_s = (double)value[4] * 1e-9,
                                             .half_macs_per_s = (double)value[5]};
}

static void read_file(reader *r, FILE *file, const char *name)
{
    char *line = NULL;
    size_t room = 0;
    if (!file)
        return;
    r->used = r->other = r->stale = r->unreadable = 0;
    while (getline(&line, &room, file) >= 0) {
        if (!strncmp(line, "layer ", 6))
            read_layer(r, line);
        else if (!strncmp(line, "device ", 7))
            read_device(r, line);
        else if (line[0] != '#' && line[0] != '\n')
            r->unreadable++;
    }
    free(line);
    fclose(file);
    clconv_log(r->stale || r->unreadable ? 1 : 2,
               "tuning: %s: %zu rows hold; ignored: %zu of other kernels or versions, %zu of other "
               "devices or drivers, %zu unreadable",
               name, r->used, r->stale, r->other, r->unreadable);
}

/* ---- The table ------------------------------------------------------------------------------- */

static int by_layer(const void *left, const void *right)
{
    const clconv_row *a = left, *b = right;
    return (a->layer > b->layer) - (a->layer < b->layer);
}

void clconv_tuning_load(clconv_context *ctx)
{
    const embedded_file *shipped = &clconv_tuning_files[0];
    reader r = {.ctx = ctx};
    ctx->tuning = calloc(1, sizeof *ctx->tuning);
    if (!ctx->tuning)
        return;
    clconv_device_words(ctx, r.exact, r.class);
    r.own = true; /* first, because the device's traits stand there */
    read_file(&r, clconv_tuning_open(), "the user's table");
    r.own = false;
    read_file(&r, fmemopen((void *)(uintptr_t)shipped->bytes, shipped->length, "r"),
              "the library's table");
    if (ctx->tuning->rows)
        qsort(ctx->tuning->row, ctx->tuning->rows, sizeof *ctx->tuning->row, by_layer);
}

void clconv_tuning_free(clconv_context *ctx)
{
    if (ctx->tuning)
        free(ctx->tuning->row);
    free(ctx->tuning);
    ctx->tuning = NULL;
}

/* How unlike two images are, by the pixels of their output planes; 0 = the same image. */
static double distance(const clconv_row *row, const int32_t image[4])
{
    if (!memcmp(row->image, image, sizeof row->image))
        return 0;
    const double ratio = (double)row->image[2] * row->image[3] / ((double)image[2] * image[3]);
    return 1e-9 + fabs(log(ratio)); /* as large, but of another shape */
}

const clconv_row *clconv_row_find(const clconv_tuning *tuning, const clconv_work *work, bool *exact)
{
    clconv_layer layer;
    size_t first = 0, end = tuning->rows;
    const clconv_row *best = NULL;
    double least = INFINITY;
    if (!end || !clconv_layer_of(work, &layer))
        return NULL;
    const uint64_t hash = hash_of(layer.text);
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if (tuning->row[middle].layer < hash)
            first = middle + 1;
        else
            end = middle;
    }
    for (; first < tuning->rows && tuning->row[first].layer == hash; first++) {
        const clconv_row *row = &tuning->row[first];
        const double far = distance(row, layer.image);
        if (far < least || (far <= least && row->scope > best->scope)) {
            best = row;
            least = far;
        }
    }
    *exact = best && least <= 0;
    return best;
}
