/* SPDX-License-Identifier: MIT */
/* Reads and writes NumPy .npy files: magic, version, length, a Python dict as text, then the data.
 */
#include "npy_header.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* NumPy writes 128 bytes for any plain array; its own reader stops at 10,000. */
enum { LONGEST_HEADER = 65536, PREFIX = 8 };
static const char magic[] = "\x93NUMPY";

typedef struct reader {
    const char *path;
    char *why;
    size_t room;
} reader;

static bool fail(const reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(const reader *r, const char *format, ...)
{
    char sentence[400];
    va_list list;
    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    const size_t used = strlen(sentence) + sizeof ": ";
    const int name = r->room > used ? (int)(r->room - used) : 0; /* the sentence is never cut */
    snprintf(r->why, r->room, "%.*s: %s", name, r->path, sentence);
    return false;
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* The type of a descr such as "<f4": byte order, then kind. Order means nothing for single bytes.
 */
static const npy_type *read_type(const reader *r, const char *descr)
{
    const npy_type *type = descr[0] && strchr("<>|", descr[0]) ? npy_type_of_kind(descr + 1) : NULL;
    if (type && type->dtype && type->bytes > 1 && descr[0] == '|')
        type = NULL; /* no byte order where there must be one */
    const char *quote = type ? "" : "'";
    if (!type || !type->dtype)
        fail(r,
             "type %s%s%s cannot be convolved; use float32, float64, float16, int8, uint8 or int32",
             quote, type ? type->name : descr, quote);
    else if (type->bytes > 1 && descr[0] == '>')
        fail(r, "big-endian %s ('%s'); convert it with a.astype('<%s')", type->name, descr,
             type->kind);
    else
        return type;
    return NULL;
}

/* Bytes of an array, false when 64 bits do not hold them. Zero wins over any other size. */
static bool array_bytes(const clconv_shape *shape, size_t element, uint64_t *out)
{
    uint64_t bytes = element;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] == 0) {
            *out = 0;
            return true;
        }
    for (int32_t i = 0; i < shape->rank; i++) {
        if (bytes > UINT64_MAX / (uint64_t)shape->dim[i])
            return false;
        bytes *= (uint64_t)shape->dim[i];
    }
    *out = bytes;
    return true;
}

/* What the header says against what the file holds: `there` bytes follow the header. */
static bool check_header(const reader *r, const npy_header *h, uint64_t there, npy_array *out)
{
    char shape[200];
    uint64_t bytes = 0;
    const npy_type *type = read_type(r, h->descr);
    if (!type)
        return false;
    if (h->fortran_order)
        return fail(r, "Fortran order; convert it with numpy.ascontiguousarray");
    npy_shape_text(&h->shape, shape, sizeof shape);
    for (int32_t i = 0; i < h->shape.rank; i++)
        if (h->shape.dim[i] < 0)
            return fail(r, "shape %s has a negative size", shape);
    if (!array_bytes(&h->shape, type->bytes, &bytes))
        return fail(r, "shape %s of %s needs more than 2^64 bytes, but %" PRIu64 " follow", shape,
                    type->name, there);
    if (bytes != there)
        return fail(r, "%s: shape %s of %s needs %" PRIu64 " bytes, but %" PRIu64 " follow",
                    there < bytes ? "truncated" : "trailing bytes", shape, type->name, bytes,
                    there);
    out->dtype = type->dtype;
    out->shape = h->shape;
    out->bytes = (size_t)bytes;
    return true;
}

/* Magic, version and length; leaves `file` at the dict and its length in *length. */
static bool read_prefix(const reader *r, FILE *file, uint64_t size, uint64_t *start,
                        uint64_t *length)
{
    unsigned char prefix[PREFIX + 4];
    if (fread(prefix, 1, PREFIX, file) != PREFIX || memcmp(prefix, magic, 6) != 0)
        return fail(r, "not a .npy file (it does not begin with \\x93NUMPY)");
    const unsigned major = prefix[6], minor = prefix[7];
    if ((major != 1 && major != 2) || minor != 0)
        return fail(r, ".npy format %u.%u; only 1.0 and 2.0 are read", major, minor);
    const size_t digits = major == 1 ? 2 : 4;
    if (fread(prefix + PREFIX, 1, digits, file) != digits)
        return fail(r, "truncated: it ends within the header");
    *length = 0;
    for (size_t i = digits; i-- > 0;)
        *length = *length << 8 | prefix[PREFIX + i];
    *start = PREFIX + digits;
    if (*length > size - *start)
        return fail(r, "truncated: a header of %" PRIu64 " bytes, but %" PRIu64 " follow", *length,
                    size - *start);
    if (*length > LONGEST_HEADER)
        return fail(r, "a header of %" PRIu64 " bytes; at most %d are read", *length,
                    LONGEST_HEADER);
    return true;
}

static bool read_array(const reader *r, FILE *file, uint64_t size, npy_array *out)
{
    uint64_t start = 0, length = 0;
    npy_header h = {.fortran_order = false};
    if (!read_prefix(r, file, size, &start, &length))
        return false;
    char *text = calloc(1, (size_t)length + 1);
    if (!text)
        return fail(r, "no memory for a header of %" PRIu64 " bytes", length);
    const bool whole = fread(text, 1, (size_t)length, file) == length;
    const bool good = whole && strlen(text) == length && npy_header_parse(text, &h);
    free(text);
    if (!good)
        return fail(r, "the header is not a NumPy array header (descr, fortran_order and a shape "
                       "of at most 8 sizes below 2^63)");
    if (!check_header(r, &h, size - start - length, out))
        return false;
    out->data = malloc(out->bytes ? out->bytes : 1);
    if (!out->data)
        return fail(r, "no memory for its %zu bytes", out->bytes);
    if (fread(out->data, 1, out->bytes, file) != out->bytes)
        return fail(r, "could not read its %zu bytes: %s", out->bytes, strerror(errno));
    return true;
}

bool npy_read(const char *path, npy_array *out, char *why, size_t room)
{
    const reader r = {path, why, room};
    struct stat status;
    memset(out, 0, sizeof *out);
    if (stat(path, &status) != 0)
        return fail(&r, "%s", strerror(errno));
    if (!S_ISREG(status.st_mode)) /* opening a pipe would wait for a writer */
        return fail(&r, "not a regular file");
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail(&r, "%s", strerror(errno));
    const bool good = read_array(&r, file, (uint64_t)status.st_size, out);
    fclose(file);
    if (!good)
        npy_free(out);
    return good;
}

void npy_free(npy_array *array)
{
    free(array->data);
    memset(array, 0, sizeof *array);
}

const char *npy_shape_text(const clconv_shape *shape, char *text, size_t room)
{
    size_t used = (size_t)snprintf(text, room, "[");
    for (int32_t i = 0; i < shape->rank && used < room; i++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s%" PRId64, i ? ", " : "", shape->dim[i]);
    if (used < room)
        snprintf(text + used, room - used, "]");
    return text;
}

/* ---- Writing ------------------------------------------------------------------------------ */

/* Magic, format 1.0, length and dict, padded with spaces so that the data begin at a multiple of 64
 * bytes. Returns its length; 0 for a type that is none of ours. */
static size_t make_header(const npy_array *array, char *text, size_t room)
{
    const npy_type *type = npy_type_of_dtype(array->dtype);
    if (!type)
        return 0;
    char shape[200];
    npy_shape_text(&array->shape, shape, sizeof shape);
    shape[strlen(shape) - 1] = '\0'; /* the brackets go, the list stays */
    const int dict = snprintf(text + PREFIX + 2, room - PREFIX - 2,
                              "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s%s), }",
                              type->bytes > 1 ? '<' : '|', type->kind, shape + 1,
                              array->shape.rank == 1 ? "," : "");
    const size_t used = PREFIX + 2 + (size_t)dict;
    const size_t total = (used + 1 + 63) / 64 * 64;
    memset(text + used, ' ', total - used - 1);
    text[total - 1] = '\n';
    memcpy(text, magic, 6);
    text[6] = 1;
    text[7] = 0;
    text[8] = (char)((total - PREFIX - 2) & 0xff);
    text[9] = (char)((total - PREFIX - 2) >> 8);
    return total;
}

/* A new file beside `path`: a rename within one folder is atomic. -1 with errno on failure. */
static int open_temporary(const char *path, char *name, size_t room)
{
    int file = -1;
    for (int attempt = 0; attempt < 100 && file < 0; attempt++) {
        snprintf(name, room, "%s.%ld-%d.tmp", path, (long)getpid(), attempt);
        file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (file < 0 && errno != EEXIST)
            break;
    }
    return file;
}

static bool write_all(int descriptor, const char *header, size_t length, const npy_array *array)
{
    FILE *file = fdopen(descriptor, "wb");
    if (!file) {
        close(descriptor);
        return false;
    }
    const bool written = fwrite(header, 1, length, file) == length &&
                         fwrite(array->data, 1, array->bytes, file) == array->bytes;
    return fclose(file) == 0 && written;
}

bool npy_write(const char *path, const npy_array *array, char *why, size_t room)
{
    const reader r = {path, why, room};
    char header[640];
    struct stat status;
    const size_t length = make_header(array, header, sizeof header);
    if (!length)
        return fail(&r, "cannot store type %" PRId32, array->dtype);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return fail(&r, "exists and is not a regular file");
    const size_t name_room = strlen(path) + 48;
    char *name = malloc(name_room);
    if (!name)
        return fail(&r, "no memory for a file name");
    const int file = open_temporary(path, name, name_room);
    const bool good =
        file >= 0 && write_all(file, header, length, array) && rename(name, path) == 0;
    const int error = errno;
    if (!good && file >= 0)
        unlink(name);
    free(name);
    return good || fail(&r, "%s", strerror(error));
}
