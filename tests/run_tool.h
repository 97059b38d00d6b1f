/* SPDX-License-Identifier: MIT */
/* Runs the `clconv` program as a user would and keeps what it said. */
#ifndef CLCONV_RUN_TOOL_H
#define CLCONV_RUN_TOOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tool_result {
    int status;        /* exit status; -1 = ended by a signal, the time limit's among them */
    size_t lines;      /* on stderr */
    size_t printed;    /* bytes on stdout */
    char errors[4000]; /* stderr */
} tool_result;

enum { TOOL_SECONDS = 60, TOOL_ARGUMENTS = 64 };

/* `argv` ends with NULL; argv[0] is the program. */
tool_result run_tool(char *const argv[]);

/* Cuts `text` at spaces, in place, into argv[count...]; returns the new count. */
size_t split_words(char *text, char *argv[TOOL_ARGUMENTS], size_t count);

/* A new empty folder; false with errno. remove_folder also removes the files in it. */
bool make_folder(char *path, size_t room);
void remove_folder(const char *path);

/* How many files a folder holds. */
size_t count_files(const char *path);

#endif
