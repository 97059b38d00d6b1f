/* SPDX-License-Identifier: MIT */
/* `clconv`: finds the subcommand and runs it. */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word, *name, *purpose;
    int (*run)(int argc, const char **argv);
} commands[] = {
    {"devices", "clconv devices", "list the OpenCL devices of this machine", tool_devices},
    {"run", "clconv run", "convolve .npy files", tool_run},
    {"explain", "clconv explain", "say how a convolution would be computed, and why", tool_explain},
    {"tune", "clconv tune", "measure which way to compute is the fastest here", tool_tune},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(void)
{
    fputs("Usage: clconv COMMAND [OPTION...]\n"
          "2-D convolution on any OpenCL device, with the meaning of PyTorch's nn.Conv2d.\n\n",
          stdout);
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  clconv %-9s %s\n", commands[i].word, commands[i].purpose);
    fputs("\n"
          "'clconv COMMAND --help' explains one and shows examples; 'clconv --version' prints\n"
          "the version. For a first look:\n\n"
          "  clconv devices\n"
          "  clconv run --x x.npy --w w.npy --y y.npy --padding 1\n"
          "  clconv explain c128hw56k128rs3p1g32\n\n"
          "CLCONV_DEVICE chooses a device like --device does. Exit status: 0 good, 1 the device\n"
          "or a file failed, 2 wrong usage or input, 77 no OpenCL device.\n",
          stdout);
}

/* Whether what was printed arrived: a full disk under `clconv devices --json > f` is an error. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    return tool_fail(EXIT_DEVICE, "standard output: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    const char **rest = (const char **)(void *)argv + 1;
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(word, commands[i].word) == 0) {
            rest[0] = commands[i].name;
            return finish(commands[i].run(argc - 1, rest));
        }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_usage();
        return finish(EXIT_GOOD);
    }
    if (strcmp(word, "--version") == 0) {
        printf("clconv %s\n", clconv_version());
        return finish(EXIT_GOOD);
    }
    if (argc > 1)
        return tool_wrong_usage(
            "clconv", "'%s' is not a command of clconv, only devices, run, explain and tune", word);
    return tool_wrong_usage("clconv", "a command is missing: devices, run, explain or tune");
}
