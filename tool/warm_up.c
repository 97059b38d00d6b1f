/* SPDX-License-Identifier: MIT */
/* `clconv tune --warm-up`: builds programs into the cache, in processes of their own, because most
 * drivers build one program at a time in a process. */
#include "errors.h"
#include "progress.h"
#include "tool.h"
#include "tune.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a process says about a class of layers. */
typedef struct report {
    uint64_t built, loaded;
    int status;
    char why[300];
} report;

/* Layers that may share programs are of one class, which one process builds. */
static bool share_programs(const clconv_problem *a, const clconv_problem *b)
{
    bool same = a->op == b->op && a->x.dtype == b->x.dtype && a->x.layout == b->x.layout &&
                (a->c / a->groups == 1 || a->shared) == (b->c / b->groups == 1 || b->shared);
    for (int d = 0; d < 2; d++)
        same = same && a->kernel[d] == b->kernel[d] && a->stride[d] == b->stride[d] &&
               a->dilation[d] == b->dilation[d];
    return same;
}

/* Sets class[i] to the first layer that layer i shares programs with. Returns how many classes. */
static size_t find_classes(const layer_list *layers, size_t *class)
{
    size_t count = 0;
    for (size_t i = 0; i < layers->count; i++) {
        class[i] = 0;
        while (!share_programs(&layers->layers[class[i]].spec.problem,
                               &layers->layers[i].spec.problem))
            class[i]++;
        count += class[i] == i;
    }
    return count;
}

/* ---- In a process of its own ----------------------------------------------------------------- */

static void build_class(clconv_context *ctx, const layer_list *layers, const size_t *class,
                        size_t chosen, report *out)
{
    clconv_stats before = {.size = sizeof before}, after = before;
    clconv_context_stats(ctx, &before);
    for (size_t i = 0; i < layers->count; i++) {
        const clconv_problem p = case_problem(&layers->layers[i].spec);
        if (class[i] != chosen || clconv_warm_up(ctx, &p, sizeof p, 1, NULL) == CLCONV_OK ||
            out->status)
            continue;
        out->status = EXIT_DEVICE;
        snprintf(out->why, sizeof out->why, "%.100s: %.190s", layers->layers[i].layer,
                 clconv_last_error());
    }
    clconv_context_stats(ctx, &after);
    out->built = after.programs_built - before.programs_built;
    out->loaded = after.programs_loaded - before.programs_loaded;
}

/* Takes classes from one pipe and reports to the other until there are no more. The binaries are
 * saved when the context is closed. */
static int work(const layer_list *layers, const size_t *class, const char *wanted, int from, int to)
{
    tool_device device;
    size_t chosen;
    const int status = tool_device_open(wanted, &device);
    while (status == EXIT_GOOD && read(from, &chosen, sizeof chosen) == sizeof chosen) {
        report r = {0};
        build_class(device.context, layers, class, chosen, &r);
        if (write(to, &r, sizeof r) != sizeof r) /* shorter than PIPE_BUF: whole or not */
            break;
    }
    tool_device_close(&device);
    return status;
}

/* ---- In the first process -------------------------------------------------------------------- */

typedef struct pool {
    int todo[2], done[2]; /* pipes */
    pid_t *child;
    size_t children;
} pool;

static bool start(pool *p, const layer_list *layers, const size_t *class, const char *device,
                  size_t jobs)
{
    fflush(NULL);
    for (; p->children < jobs; p->children++) {
        const pid_t pid = fork();
        if (pid < 0)
            return p->children > 0;
        if (pid > 0) {
            p->child[p->children] = pid;
            continue;
        }
        close(p->todo[1]);
        close(p->done[0]);
        if (p->children > 0) /* one says what is wrong with the device */
            close(STDERR_FILENO);
        _exit(work(layers, class, device, p->todo[0], p->done[1]));
    }
    return true;
}

/* The classes fit into a pipe: it holds 512 of them at least, and the processes take them out. */
static void hand_out(const pool *p, const size_t *class, size_t layers)
{
    for (size_t i = 0; i < layers; i++)
        if (class[i] == i && write(p->todo[1], &i, sizeof i) != sizeof i)
            return;
}

static size_t collect(const pool *p, size_t classes, report *sum)
{
    report r;
    size_t reports = 0;
    progress shown = progress_start(classes, false);
    while (read(p->done[0], &r, sizeof r) == sizeof r) {
        reports++;
        sum->built += r.built;
        sum->loaded += r.loaded;
        sum->status = r.status ? r.status : sum->status;
        progress_step(&shown, 0);
        if (!r.status)
            continue;
        progress_clear(&shown);
        errors_print(r.why);
    }
    progress_clear(&shown);
    return reports;
}

/* The status of a process that failed, with a sentence where it was ended. */
static int wait_all(const pool *p)
{
    int result = EXIT_GOOD;
    for (size_t i = 0; i < p->children; i++) {
        int status = 0;
        waitpid(p->child[i], &status, 0);
        if (WIFSIGNALED(status))
            tool_fail(EXIT_DEVICE, "a process was ended by signal %d", WTERMSIG(status));
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_DEVICE;
        result = code ? code : result;
    }
    return result;
}

static int run_pool(pool *p, const layer_list *layers, const size_t *class, const char *device,
                    size_t jobs, size_t classes)
{
    report sum = {0};
    const double from = progress_now();
    signal(SIGPIPE, SIG_IGN); /* processes that failed read nothing; their status says so */
    if (pipe(p->todo) || pipe(p->done) || !start(p, layers, class, device, jobs))
        return tool_fail(EXIT_DEVICE, "no processes for --warm-up");
    close(p->todo[0]);
    close(p->done[1]);
    hand_out(p, class, layers->count);
    close(p->todo[1]);
    const size_t reports = collect(p, classes, &sum);
    const int status = wait_all(p);
    close(p->done[0]);
    if (status)
        return status;
    if (reports < classes)
        return tool_fail(EXIT_DEVICE, "only %zu of %zu kinds of layers were built", reports,
                         classes);
    printf("%zu layers: %llu programs built, %llu were in the cache, %.1f s in %zu processes\n",
           layers->count, (unsigned long long)sum.built, (unsigned long long)sum.loaded,
           progress_now() - from, p->children);
    return sum.status;
}

int warm_up(const layer_list *layers, const char *device, size_t jobs)
{
    pool p = {.children = 0};
    if (!*clconv_tuning_path())
        return tool_fail(EXIT_USAGE, "there is no place for programs: CLCONV_CACHE_DIR is empty, "
                                     "or neither it nor HOME is set");
    size_t *class = malloc(layers->count * sizeof *class);
    const size_t classes = class ? find_classes(layers, class) : 0;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (!jobs)
        jobs = processors > 1 ? (size_t)processors : 1;
    if (jobs > classes)
        jobs = classes;
    p.child = calloc(jobs ? jobs : 1, sizeof *p.child);
    const int status = class && p.child
                           ? run_pool(&p, layers, class, device, jobs, classes)
                           : tool_fail(EXIT_DEVICE, "no host memory for the list of layers");
    free(p.child);
    free(class);
    return status;
}
