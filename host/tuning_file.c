/* SPDX-License-Identifier: MIT */
/* The user's tuning table on disk: a text file beside the cached programs, replaced as a whole
 * under a lock, so that neither a crash nor a second tuner loses a row. */
#include "cache.h"
#include "tuning.h"

#include "choose.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096 };

static bool file_path(char path[PATH], const char *end)
{
    char folder[PATH];
    return clconv_cache_folder(folder, sizeof folder) &&
           snprintf(path, PATH, "%s/tuning.txt%s", folder, end) < PATH;
}

const char *clconv_tuning_path(void)
{
    static _Thread_local char path[PATH];
    return file_path(path, "") ? path : "";
}

FILE *clconv_tuning_open(void)
{
    char path[PATH];
    return file_path(path, "") ? fopen(path, "r") : NULL;
}

/* ---- Replacing a line ------------------------------------------------------------------------ */

static clconv_status io_failed(const char *path)
{
    return clconv_fail(CLCONV_FILE_ERROR, "%s: cannot be written: %s", path, strerror(errno));
}

/* The lock, waited for; it ends with the descriptor. */
static int take_lock(const char *path)
{
    const int descriptor = open(path, O_RDWR | O_CREAT, 0600);
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (descriptor >= 0 && fcntl(descriptor, F_SETLKW, &whole) < 0)
        if (errno != EINTR) {
            close(descriptor);
            return -1;
        }
    return descriptor;
}

/* Every line but those that begin with `key`, then `line`. */
static bool write_lines(FILE *to, const char *key, const char *line)
{
    char *old = NULL;
    size_t room = 0;
    FILE *from = clconv_tuning_open();
    if (!from)
        fputs("# clConv's tuning table of this user, written by `clconv tune`.\n", to);
    while (from && getline(&old, &room, from) >= 0) {
        const size_t length = strlen(old);
        if (length && old[length - 1] == '\n' && strncmp(old, key, strlen(key)))
            fputs(old, to);
    }
    free(old);
    if (from)
        fclose(from);
    fprintf(to, "%s\n", line);
    return !ferror(to);
}

/* `key` is how lines begin that say something about the same thing. */
static clconv_status replace_line(const char *key, const char *line)
{
    char path[PATH], lock[PATH], part[PATH];
    if (!file_path(path, "") || !file_path(lock, ".lock") || !file_path(part, ".XXXXXX"))
        return clconv_fail(CLCONV_INVALID, "there is no folder for tuned rows: CLCONV_CACHE_DIR is "
                                           "empty, or neither it nor HOME is set");
    clconv_cache_make_folders(path);
    const int locked = take_lock(lock);
    if (locked < 0)
        return io_failed(lock);
    const int descriptor = mkstemp(part);
    FILE *to = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    bool good = to && write_lines(to, key, line);
    if (to)
        good = !fclose(to) && good && !rename(part, path);
    else if (descriptor >= 0)
        close(descriptor);
    const clconv_status status = good ? CLCONV_OK : io_failed(path);
    if (!good && descriptor >= 0)
        unlink(part);
    close(locked);
    return status;
}

/* ---- The public calls ------------------------------------------------------------------------ */

clconv_status clconv_tuning_find(const clconv_context *ctx, const clconv_problem *p,
                                 clconv_tuned *out)
{
    clconv_work work;
    bool exact = false;
    if (!ctx || !out || out->size < sizeof out->size)
        return clconv_fail(CLCONV_INVALID, "clconv_tuning_find: the context or out is missing");
    const clconv_status status = clconv_work_create(p, &work);
    if (status)
        return status;
    clconv_tuned found = {.size = out->size};
    const clconv_row *row = ctx->tuning ? clconv_row_find(ctx->tuning, &work, &exact) : NULL;
    if (row) {
        found.scope = exact ? 2 : 1;
        found.own = row->scope == CLCONV_ROW_OWN;
        snprintf(found.algorithm, sizeof found.algorithm, "%s", row->algo->name);
        snprintf(found.tile, sizeof found.tile, "%s", row->tile);
        found.ms = (double)row->ns * 1e-6;
        found.model_ms = (double)row->model_ns * 1e-6;
    }
    clconv_export(out, out->size, &found, sizeof found);
    clconv_work_free(&work);
    return CLCONV_OK;
}

static uint64_t kernel_hash(const clconv_algo *algo)
{
    size_t i = 0;
    while (clconv_algos[i] != algo)
        i++;
    return clconv_stem_hash(clconv_algo_words[i]);
}

/* A row of time 0 would be unreadable. */
static int64_t nanoseconds(double ms)
{
    return ms > 1e-6 ? (int64_t)(ms * 1e6) : 1;
}

static clconv_status save_row(const clconv_context *ctx, const clconv_layer *layer,
                              const clconv_algo *algo, const clconv_tuned *row)
{
    char exact[CLCONV_DEVICE_WORD], class[CLCONV_DEVICE_WORD], key[512], line[1024];
    const int32_t *image = layer->image;
    clconv_device_words(ctx, exact, class);
    snprintf(key, sizeof key, "layer %s %s %dx%d-%dx%d ", exact, layer->text, (int)image[0],
             (int)image[1], (int)image[2], (int)image[3]);
    snprintf(line, sizeof line, "%s%s %016" PRIx64 " %s %s %" PRId64 " %" PRId64, key,
             clconv_version(), kernel_hash(algo), row->algorithm, row->tile[0] ? row->tile : "-",
             nanoseconds(row->ms), nanoseconds(row->model_ms));
    return replace_line(key, line);
}

clconv_status clconv_tuning_save(const clconv_context *ctx, const clconv_problem *p,
                                 const clconv_tuned *row)
{
    clconv_work work;
    clconv_layer layer;
    if (!ctx || !row || row->size < sizeof *row)
        return clconv_fail(CLCONV_INVALID, "clconv_tuning_save: the context or the row is missing");
    const clconv_status status = clconv_work_create(p, &work);
    if (status)
        return status;
    const clconv_algo *algo =
        clconv_design_of(row->algorithm, row->tile[0] ? row->tile : NULL, work.op);
    clconv_status saved;
    if (!algo || strpbrk(row->tile, " \n"))
        saved = clconv_fail(CLCONV_INVALID, "algorithm '%.15s' has no tile '%.63s'", row->algorithm,
                            row->tile);
    else if (!clconv_layer_of(&work, &layer))
        saved = clconv_fail(CLCONV_INVALID, "groups of so many sizes have no row");
    else
        saved = save_row(ctx, &layer, algo, row);
    clconv_work_free(&work);
    return saved;
}

clconv_status clconv_tuning_save_traits(const clconv_context *ctx, const clconv_traits *traits)
{
    char exact[CLCONV_DEVICE_WORD], class[CLCONV_DEVICE_WORD], key[256], line[512];
    clconv_traits t;
    if (!ctx || !traits)
        return clconv_fail(CLCONV_INVALID,
                           "clconv_tuning_save_traits: the context or the traits are missing");
    const clconv_status status = clconv_import(&t, sizeof t, traits, traits->size);
    if (status)
        return status;
    clconv_device_words(ctx, exact, class);
    snprintf(key, sizeof key, "device %s ", exact);
    snprintf(line, sizeof line, "%s%.0f %.0f %.0f %.0f %.0f %.0f", key, t.macs_per_s, t.cache_bytes,
             t.cache_bytes_per_s, t.memory_bytes_per_s, t.launch_s * 1e9, t.half_macs_per_s);
    return replace_line(key, line);
}
