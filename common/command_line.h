/* SPDX-License-Identifier: MIT */
/* Reads a command line with popt, strictly: a table of long options, texts and flags. */
#ifndef CLCONV_COMMAND_LINE_H
#define CLCONV_COMMAND_LINE_H

#include <popt.h>

#include <stdbool.h>
#include <stddef.h>

#define TEXT_OPTION(name, where, value, text)                                                      \
    {                                                                                              \
        name, '\0', POPT_ARG_STRING, where, 0, text, value                                         \
    }
#define FLAG_OPTION(name, letter, where, text)                                                     \
    {                                                                                              \
        name, letter, POPT_ARG_NONE, where, 0, text, NULL                                          \
    }
/* May be given several times; `where` is a char ** that popt ends with NULL. */
#define LIST_OPTION(name, where, value, text)                                                      \
    {                                                                                              \
        name, '\0', POPT_ARG_ARGV, where, 0, text, value                                           \
    }

/* Gives every row up to the first without a name a number, which popt returns at the option. */
void number_options(struct poptOption *table);
/* Reads all options of a table with numbers. False with a sentence for one that is wrong or given
 * twice, of which popt would keep the last. */
bool take_options(poptContext context, const struct poptOption *table, char *why, size_t room);
/* Frees the texts that popt put behind a table's options. */
void release_texts(const struct poptOption *table);

#endif
