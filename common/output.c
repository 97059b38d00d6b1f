/* SPDX-License-Identifier: MIT */
/* Writes files under a temporary name and renames them. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool temporary_name(const char *path, char *name, size_t room)
{
    return snprintf(name, room, "%s.%ld.part", path, (long)getpid()) < (int)room;
}

static bool cannot_write(const char *path, int error, char *why, size_t room)
{
    snprintf(why, room, "%s: cannot be written: %s", path, strerror(error));
    return false;
}

bool output_replaceable(const char *path, char *why, size_t room)
{
    struct stat status;
    if (stat(path, &status) != 0 || S_ISREG(status.st_mode))
        return true;
    snprintf(why, room, "%s: exists and is not a regular file", path);
    return false;
}

enum { TEMPORARY = 4096 };

/* The file that becomes `path` when it is whole, its name in `temporary`; NULL with a sentence. */
static FILE *open_temporary(const char *path, char temporary[TEMPORARY], char *why, size_t room)
{
    if (!output_replaceable(path, why, room))
        return NULL;
    FILE *file = NULL;
    if (!temporary_name(path, temporary, TEMPORARY))
        cannot_write(path, ENAMETOOLONG, why, room);
    else if (!(file = fopen(temporary, "w")))
        cannot_write(path, errno, why, room);
    return file;
}

bool output_write(const char *path, const char *text, char *why, size_t room)
{
    char temporary[TEMPORARY];
    FILE *file = text ? open_temporary(path, temporary, why, room) : NULL;
    if (!file)
        return text ? false : cannot_write(path, ENOMEM, why, room);
    const bool written = fputs(text, file) >= 0 && fflush(file) == 0;
    int error = errno;
    const bool closed = fclose(file) == 0;
    if (written && closed && rename(temporary, path) == 0)
        return true;
    error = written ? errno : error;
    remove(temporary);
    return cannot_write(path, error, why, room);
}

/* Whether two names are of one file, also one that does not exist yet. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    char folders[2][TEMPORARY];
    const char *const paths[] = {a, b};
    const char *names[2];
    for (int i = 0; i < 2; i++) {
        const char *slash = strrchr(paths[i], '/');
        const int length = slash ? (int)(slash - paths[i]) : 0;
        names[i] = slash ? slash + 1 : paths[i];
        snprintf(folders[i], TEMPORARY, "%.*s%s", length, paths[i], slash ? "/." : ".");
    }
    return strcmp(names[0], names[1]) == 0 && stat(folders[0], &x) == 0 &&
           stat(folders[1], &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool output_writable(const char *path, char *why, size_t room)
{
    char temporary[TEMPORARY];
    if (!path)
        return true;
    FILE *file = open_temporary(path, temporary, why, room);
    if (!file)
        return false;
    fclose(file);
    remove(temporary);
    return true;
}

bool outputs_distinct(const char *const *paths, size_t count, char *why, size_t room)
{
    for (size_t i = 0; i < count; i++)
        if (paths[i] && !*paths[i]) {
            snprintf(why, room, "a report needs a file name, but got ''");
            return false;
        }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (paths[i] && paths[j] && same_file(paths[i], paths[j])) {
                snprintf(why, room, "%s: is named for two reports", paths[j]);
                return false;
            }
    return true;
}
