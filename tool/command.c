/* SPDX-License-Identifier: MIT */
/* Errors and command lines, the same for every subcommand. */
#include "errors.h"
#include "options.h"
#include "tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP = TOOL_MAX_OPTIONS + 1 };

static void print_sentence(const char *format, va_list list)
{
    char sentence[5000];
    vsnprintf(sentence, sizeof sentence, format, list);
    errors_print(sentence);
}

int tool_fail(int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_sentence(format, list);
    va_end(list);
    return status;
}

int tool_wrong_usage(const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_sentence(format, list);
    va_end(list);
    fprintf(stderr, "Try '%s --help'.\n", name);
    return EXIT_USAGE;
}

int tool_library_error(clconv_status status)
{
    return tool_fail(status < CLCONV_UNSUPPORTED ? EXIT_USAGE : EXIT_DEVICE, "%s",
                     clconv_last_error());
}

int tool_check_algorithm(const char *name)
{
    const char *names[32] = {NULL};
    char text[300];
    for (size_t i = 0; i < 31 && clconv_algorithm_name(i); i++)
        names[i] = clconv_algorithm_name(i);
    if (!name || options_word(name, names) >= 0)
        return EXIT_GOOD;
    return tool_fail(EXIT_USAGE, "there is no algorithm '%s', only %s", name,
                     options_words_text(names, text, sizeof text));
}

static int take_options(poptContext context, const tool_command *command, const char *name,
                        tool_line *line)
{
    int option = 0;
    while ((option = poptGetNextOpt(context)) > 0 && option != HELP) {
        const struct poptOption *row = &command->options[option - 1];
        char *value = poptGetOptArg(context);
        if (line->value[option - 1]) {
            free(value);
            return tool_wrong_usage(name, "--%s is given twice", row->longName);
        }
        line->value[option - 1] = value ? value : calloc(1, 1);
    }
    if (option == HELP) {
        poptPrintHelp(context, stdout, 0);
        fputs(command->text, stdout);
        line->helped = true;
    } else if (option < -1) {
        return tool_wrong_usage(name, "%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS),
                                poptStrerror(option));
    }
    return EXIT_GOOD;
}

static int take_operand(poptContext context, const char *operand, const char *name, tool_line *line)
{
    const char *first = poptGetArg(context);
    const char *next = first && operand ? poptGetArg(context) : first;
    if (next)
        return tool_wrong_usage(name, "unexpected argument '%s'", next);
    if (operand && !first)
        return tool_wrong_usage(name, "%s is missing", operand);
    if (first) {
        line->operand = malloc(strlen(first) + 1);
        if (line->operand)
            memcpy(line->operand, first, strlen(first) + 1);
    }
    return EXIT_GOOD;
}

int tool_parse(const tool_command *command, const char *operand, int argc, const char **argv,
               tool_line *line)
{
    static const struct poptOption help[] = {
        {"help", 'h', POPT_ARG_NONE, NULL, HELP, "this text", NULL}, POPT_TABLEEND};
    const struct poptOption tables[] = {
        {NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)(uintptr_t)command->options, 0,
         "Options:", NULL},
        {NULL, '\0', POPT_ARG_INCLUDE_TABLE, (void *)(uintptr_t)help, 0, "Help:", NULL},
        POPT_TABLEEND};
    memset(line, 0, sizeof *line);
    poptContext context = poptGetContext(argv[0], argc, argv, tables, 0);
    poptSetOtherOptionHelp(context, command->arguments);
    int status = take_options(context, command, argv[0], line);
    if (status == EXIT_GOOD && !line->helped)
        status = take_operand(context, operand, argv[0], line);
    poptFreeContext(context);
    return status;
}

void tool_line_free(tool_line *line)
{
    for (size_t i = 0; i < TOOL_MAX_OPTIONS; i++)
        free(line->value[i]);
    free(line->operand);
}
