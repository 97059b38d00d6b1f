/* SPDX-License-Identifier: MIT */
/* What `clconv` must refuse: exit status, a sentence of at most three lines, no output file, in
 * time.
 *
 * usage: tool_rejects CLCONV */
#include "malformed.h"
#include "npy.h"
#include "rejects.h"
#include "run_tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *tool;
static char folder[300];
enum { MOST_LINES = 3 };
static size_t checked, wrong;

/* ---- Input files -------------------------------------------------------------------------- */

/* Writes the file that "@float64:2,8,5,5" stands for and puts its path into `path`. */
static void make_input(const char *word, char *path, size_t room)
{
    static const struct {
        const char *name;
        int32_t dtype;
        size_t bytes;
    } type[] = {{"float32", CLCONV_F32, 4}, {"float64", CLCONV_F64, 8}, {"float16", CLCONV_F16, 2},
                {"uint16", CLCONV_BF16, 2}, {"int8", CLCONV_I8, 1},     {"uint8", CLCONV_U8, 1},
                {"int32", CLCONV_I32, 4}};
    const char *colon = strchr(word, ':'), *at = colon ? colon + 1 : word + 1;
    size_t t = 0;
    while (colon && strncmp(type[t].name, word + 1, (size_t)(colon - word - 1)) != 0)
        t++;
    npy_array array = {type[t].dtype, {0, {0}}, type[t].bytes, NULL};
    for (; *at; at += strcspn(at, ","), at += *at == ',') {
        array.shape.dim[array.shape.rank] = (int64_t)strtoll(at, NULL, 10);
        array.bytes *=
            (size_t)array.shape.dim[array.shape.rank++]; /* rows with huge sizes hold a 0 */
    }
    char why[600];
    snprintf(path, room, "%s/%s.npy", folder, word);
    array.data = calloc(1, array.bytes + 1);
    if (!array.data || !npy_write(path, &array, why, sizeof why)) {
        fprintf(stderr, "%s cannot be written\n", path);
        exit(1);
    }
    npy_free(&array);
}

/* ---- The judge ---------------------------------------------------------------------------- */

static void check(const char *line, const tool_result *r, int status, const char *phrase,
                  bool no_files)
{
    const size_t first = strcspn(r->errors, "\n");
    const char *found = strstr(r->errors, phrase);
    checked++;
    if (r->status == status && r->lines >= 1 && r->lines <= MOST_LINES && r->printed == 0 &&
        found && (size_t)(found - r->errors) < first && no_files)
        return;
    wrong++;
    fprintf(stderr,
            "WRONG: clconv %s\n  should exit %d with 1 to %d lines, the first with: %s\n"
            "  exit %d, %zu bytes on stdout, output files: %s, stderr:\n%s\n",
            line, status, MOST_LINES, phrase, r->status, r->printed, no_files ? "none" : "LEFT",
            r->errors);
}

/* Whether no file came to the `before` there were. A y that did is removed: the next row must see
 * its own. */
static bool no_file_since(size_t before)
{
    char path[600];
    const bool clean = count_files(folder) == before;
    snprintf(path, sizeof path, "%s/y.npy", folder);
    unlink(path);
    return clean;
}

/* Runs one row; `front` comes before its arguments. */
static int check_row(const char *front, const reject *row, int status)
{
    char line[2000], words[2000], program[600], paths[8][600];
    char *argv[TOOL_ARGUMENTS];
    size_t inputs = 0;
    snprintf(line, sizeof line, "%s%s", front, row->arguments);
    memcpy(words, line, sizeof words);
    snprintf(program, sizeof program, "%s", tool);
    argv[0] = program;
    const size_t count = split_words(words, argv, 1);
    for (size_t i = 1; i < count; i++)
        if (argv[i][0] == '@' && inputs < 8) {
            make_input(argv[i], paths[inputs], sizeof paths[0]);
            argv[i] = paths[inputs++];
        }
    const size_t before = count_files(folder);
    const tool_result result = run_tool(argv);
    if (result.status == 77 && status == 1)
        return 77;
    check(line, &result, status, row->phrase, no_file_since(before));
    return 0;
}

/* ---- The tables --------------------------------------------------------------------------- */

static void check_malformed(void)
{
    char x[600], w[600], y[600], program[600];
    make_input("@2,2,1,1", w, sizeof w);
    snprintf(y, sizeof y, "%s/y.npy", folder);
    snprintf(program, sizeof program, "%s", tool);
    for (const malformed_file *row = malformed_files; row->name; row++) {
        snprintf(x, sizeof x, "%s/%s", folder, row->name);
        if (!malformed_write(row, x)) {
            perror(x);
            exit(1);
        }
        char *argv[] = {program, "run", "--x", x, "--w", w, "--y", y, NULL};
        const size_t before = count_files(folder);
        const tool_result result = run_tool(argv);
        const bool named = strncmp(result.errors, x, strlen(x)) == 0; /* the file comes first */
        check(row->name, &result, 2, named ? row->phrase : "its own name first",
              no_file_since(before));
    }
}

/* A run that fails leaves an output of before as it was. */
static void check_old_output(void)
{
    static const char old[] = "what was there";
    char line[2000], path[600], text[sizeof old] = "";
    snprintf(path, sizeof path, "%s/old.npy", folder);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(old, 1, sizeof old, file) != sizeof old || fclose(file) != 0)
        exit(1);
    const reject row = {"--x @2,8,5,5 --w @8,8,3,3 --groups 3", "groups=3"};
    snprintf(line, sizeof line, "run --y %s ", path);
    check_row(line, &row, 2);
    file = fopen(path, "rb");
    if (!file || fread(text, 1, sizeof text, file) != sizeof old || memcmp(text, old, sizeof old)) {
        fprintf(stderr, "WRONG: a failed run changed the output of before\n");
        wrong++;
    }
    if (file)
        fclose(file);
}

int main(int argc, char **argv)
{
    char run[400];
    if (argc != 2) {
        fprintf(stderr, "usage: tool_rejects CLCONV\n");
        return 2;
    }
    tool = argv[1];
    if (!make_folder(folder, sizeof folder)) {
        perror(folder);
        return 1;
    }
    snprintf(run, sizeof run, "run --y %s/y.npy ", folder);
    for (const reject *row = reject_runs; row->arguments; row++)
        check_row(run, row, 2);
    for (const reject *row = reject_bare; row->arguments; row++)
        check_row("", row, 2);
    check_malformed();
    check_old_output();
    int late = 0;
    for (const reject *row = reject_late; row->arguments && late == 0; row++)
        late = check_row(run, row, 1);
    remove_folder(folder);
    printf("%zu refusals, %zu wrong%s\n", checked, wrong, late ? "; no device for the last" : "");
    return wrong ? 1 : late;
}
