/* SPDX-License-Identifier: MIT */
/* Runs the `clconv` program and keeps what it said. */
#include "run_tool.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: never returns. */
static void become(char *const argv[], FILE *output, FILE *errors)
{
    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(errors), STDERR_FILENO);
    alarm(TOOL_SECONDS); /* outlives exec: a hang ends by SIGALRM */
    execv(argv[0], argv);
    perror(argv[0]);
    _exit(126);
}

tool_result run_tool(char *const argv[])
{
    tool_result result = {.status = -1};
    FILE *output = tmpfile(), *errors = tmpfile();
    if (!output || !errors) {
        perror("tmpfile");
        exit(1);
    }
    int status = 0;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0)
        become(argv, output, errors);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("fork");
        exit(1);
    }
    if (WIFEXITED(status))
        result.status = WEXITSTATUS(status);
    struct stat printed;
    if (fstat(fileno(output), &printed) == 0)
        result.printed = (size_t)printed.st_size;
    rewind(errors);
    result.errors[fread(result.errors, 1, sizeof result.errors - 1, errors)] = '\0';
    for (const char *c = result.errors; *c; c++)
        result.lines += *c == '\n';
    fclose(output);
    fclose(errors);
    return result;
}

size_t split_words(char *text, char *argv[TOOL_ARGUMENTS], size_t count)
{
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word && count < TOOL_ARGUMENTS - 1;
         word = strtok_r(NULL, " ", &rest))
        argv[count++] = word;
    argv[count] = NULL;
    return count;
}

bool make_folder(char *path, size_t room)
{
    const char *parent = getenv("TMPDIR");
    snprintf(path, room, "%s/clconv-test-XXXXXX", parent ? parent : "/tmp");
    return mkdtemp(path) != NULL;
}

/* Visits the entries of a folder, and removes them if asked to. */
static size_t visit(const char *path, bool removes)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (removes)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
    return count;
}

size_t count_files(const char *path)
{
    return visit(path, false);
}

void remove_folder(const char *path)
{
    visit(path, true);
    rmdir(path);
}
