/* SPDX-License-Identifier: MIT */
/* Writes down the command line that measures the same again. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* A shell takes these as they are. */
static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:=+-";

static void put_word(FILE *out, const char *word)
{
    if (*word && strspn(word, plain) == strlen(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[2]){*word, '\0'}, out);
    fputc('\'', out);
}

static void put_option(FILE *out, const char *name, const char *value)
{
    if (!value)
        return;
    fprintf(out, " --%s ", name);
    put_word(out, value);
}

char *bench_command(const bench_options *o)
{
    const bench_texts *t = &o->text;
    const char *const slash = t->layers ? strrchr(t->layers, '/') : NULL;
    const struct {
        const char *name, *value;
    } options[] = {{"layers", slash ? slash + 1 : t->layers},
                   {"suite", t->suite},
                   {"model", t->model},
                   {"direction", t->direction},
                   {"dtype", t->dtype},
                   {"layout", t->layout},
                   {"batch", t->batch},
                   {"algo", t->algo},
                   {"rivals", t->rivals},
                   {"min-time", t->min_time},
                   {"max-time", t->max_time},
                   {"seed", t->seed}};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    fputs("clconv-bench", out);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        put_option(out, options[i].name, options[i].value);
    for (char **one = t->cases; one && *one; one++)
        put_option(out, "case", *one);
    if (t->grouped_only)
        fputs(" --grouped-only", out);
    if (t->raw)
        fputs(" --raw", out);
    return fclose(out) == 0 ? text : NULL;
}
