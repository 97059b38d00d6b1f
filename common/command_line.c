/* SPDX-License-Identifier: MIT */
/* Reads a command line with popt, strictly. */
#include "command_line.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void number_options(struct poptOption *table)
{
    for (int i = 0; table[i].longName; i++)
        table[i].val = i + 1;
}

bool take_options(poptContext context, const struct poptOption *table, char *why, size_t room)
{
    char *taken[32] = {NULL}; /* by number: popt would lose the first of two texts */
    uint32_t seen = 0;
    int number = 0;
    while ((number = poptGetNextOpt(context)) > 0) {
        const struct poptOption *row = &table[number - 1];
        const bool text = row->argInfo == POPT_ARG_STRING;
        if (row->argInfo == POPT_ARG_ARGV)
            continue;
        if (seen & (1u << number)) {
            if (text)
                free(taken[number]);
            snprintf(why, room, "--%s is given twice (see --help)", row->longName);
            return false;
        }
        seen |= 1u << number;
        if (text)
            taken[number] = *(char **)row->arg;
    }
    if (number < -1)
        snprintf(why, room, "%s: %s (see --help)", poptBadOption(context, 0), poptStrerror(number));
    return number == -1;
}

static void release_list(char **list)
{
    for (char **text = list; text && *text; text++)
        free(*text);
    free(list);
}

void release_texts(const struct poptOption *table)
{
    for (; table->longName; table++)
        if (table->argInfo == POPT_ARG_STRING)
            free(*(char **)table->arg);
        else if (table->argInfo == POPT_ARG_ARGV)
            release_list(*(char ***)table->arg);
}
