/* SPDX-License-Identifier: MIT */
/* Program binaries on disk. A file is written whole under a temporary name and renamed, and carries
 * its own length and checksum: drivers crash on truncated binaries (PoCL 3.1 aborts or segfaults),
 * so none sees a byte that is not proven. Every failure is silent: the caller builds from source.
 */
#include "cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char magic[8] = {'c', 'l', 'c', 'o', 'n', 'v', '1', '\n'};

typedef struct file_header {
    char magic[8];
    uint64_t key[2]; /* of the program, see clconv_cache_key */
    uint64_t length, checksum;
} file_header;

clconv_cache_key clconv_cache_key_of(const clconv_context *ctx, const char *source,
                                     const char *options)
{
    XXH3_state_t state;
    const char *const parts[] = {clconv_version(), ctx->cache_key, options, source};
    XXH3_128bits_reset(&state);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        XXH3_128bits_update(&state, parts[i], strlen(parts[i]) + 1);
    const XXH128_hash_t hash = XXH3_128bits_digest(&state);
    return (clconv_cache_key){{hash.high64, hash.low64}};
}

bool clconv_cache_folder(char *path, size_t room)
{
    const char *own = getenv("CLCONV_CACHE_DIR");
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int used = -1;
    if (own)
        used = own[0] ? snprintf(path, room, "%s", own) : -1;
    else if (xdg && xdg[0] == '/')
        used = snprintf(path, room, "%s/clconv", xdg);
    else if (home && home[0] == '/')
        used = snprintf(path, room, "%s/.cache/clconv", home);
    return used > 0 && (size_t)used < room;
}

static bool file_path(const clconv_cache_key *key, char *path, size_t room)
{
    if (!clconv_cache_folder(path, room))
        return false;
    const size_t used = strlen(path);
    const int more = snprintf(path + used, room - used, "/%016" PRIx64 "%016" PRIx64 ".clbin",
                              key->half[0], key->half[1]);
    return more > 0 && (size_t)more < room - used;
}

void clconv_cache_make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

unsigned char *clconv_cache_load(const clconv_cache_key *key, size_t *length)
{
    char path[4096];
    file_header header;
    unsigned char *binary = NULL;
    struct stat on_disk;
    FILE *file = file_path(key, path, sizeof path) ? fopen(path, "rb") : NULL;
    if (!file)
        return NULL;
    const bool known =
        fread(&header, sizeof header, 1, file) == 1 && !memcmp(header.magic, magic, sizeof magic) &&
        !memcmp(header.key, key->half, sizeof header.key) && !fstat(fileno(file), &on_disk) &&
        header.length == (uint64_t)on_disk.st_size - sizeof header;
    if (known)
        binary = malloc(header.length ? header.length : 1);
    if (binary && (fread(binary, 1, header.length, file) != header.length ||
                   XXH3_64bits(binary, header.length) != header.checksum)) {
        free(binary);
        binary = NULL;
    }
    fclose(file);
    *length = binary ? header.length : 0;
    clconv_log(2, "cache %s %s", binary ? "hit" : "rejected", path);
    return binary;
}

void clconv_cache_save(const clconv_cache_key *key, const unsigned char *binary, size_t length)
{
    char path[4096], temporary[4200];
    file_header header = {.key = {key->half[0], key->half[1]}, .length = length};
    memcpy(header.magic, magic, sizeof magic);
    header.checksum = XXH3_64bits(binary, length);
    if (!file_path(key, path, sizeof path))
        return;
    clconv_cache_make_folders(path);
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    const int descriptor = mkstemp(temporary);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    if (!file) {
        if (descriptor >= 0) {
            close(descriptor);
            unlink(temporary);
        }
        return;
    }
    const bool written =
        fwrite(&header, sizeof header, 1, file) == 1 && fwrite(binary, 1, length, file) == length;
    if (fclose(file) || !written || rename(temporary, path))
        unlink(temporary);
    else
        clconv_log(2, "cache saved %s", path);
}
