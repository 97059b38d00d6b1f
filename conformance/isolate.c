/* SPDX-License-Identifier: MIT */
/* Runs cases in child processes, so that a driver that crashes or hangs costs one case.
 *
 * This process never asks for devices: on PoCL and rusticl a fork after clGetDeviceIDs hangs the
 * child. It starts itself again as a worker for each batch, writes the batch to the worker's stdin
 * and reads a JSON line per event from a pipe. */
#include "dump.h"
#include "interrupt.h"
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct worker {
    pid_t pid;
    int channel;            /* read end of its messages */
    char line[WORKER_LINE]; /* a message that is not whole yet */
    size_t length;
} worker;

typedef enum answer { ANSWER_LINE, ANSWER_TIMEOUT, ANSWER_END } answer;

/* ---- A worker's life ------------------------------------------------------------------------ */

static void become_worker(const run_options *o, int cases, int channel)
{
    const char *arguments[8] = {o->program, "--worker"};
    size_t count = 2;
    if (o->device) {
        arguments[count++] = "--device";
        arguments[count++] = o->device;
    }
    if (o->quirk_path) {
        arguments[count++] = "--quirks";
        arguments[count++] = o->quirk_path;
    }
    if (o->no_quirks)
        arguments[count] = "--no-quirks";
    /* Its stdout goes to stderr: a driver that prints must not disturb the report. */
    if (dup2(cases, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 &&
        dup2(channel, WORKER_CHANNEL) >= 0)
        execvp(o->program, (char *const *)arguments);
    _exit(127);
}

/* Moves a descriptor above those that the child will use. */
static int lift(int fd)
{
    const int lifted = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    close(fd);
    return lifted;
}

static bool start_worker(worker *w, const run_options *o, int *cases)
{
    int to[2], from[2];
    if (pipe(to) != 0)
        return false;
    if (pipe(from) != 0) {
        close(to[0]);
        close(to[1]);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        to[i] = lift(to[i]);
        from[i] = lift(from[i]);
    }
    fflush(NULL);
    *w = (worker){.pid = fork(), .channel = from[0]};
    if (w->pid == 0)
        become_worker(o, to[0], from[1]);
    interrupt_child(w->pid);
    close(to[0]);
    close(from[1]);
    *cases = to[1];
    return w->pid > 0;
}

/* Ends the worker; how it ended, as a sentence. */
static const char *stop_worker(worker *w, char *text, size_t room)
{
    int status = 0;
    close(w->channel);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    interrupt_child(0);
    if (WIFSIGNALED(status))
        snprintf(text, room, "the process ended with signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, room, "the process ended with exit status %d before it answered",
                 WEXITSTATUS(status));
    return text;
}

/* The next whole line of the worker, without its newline, in w->line. */
static answer next_line(worker *w, double deadline, char *line, size_t room)
{
    for (;;) {
        const char *end = memchr(w->line, '\n', w->length);
        if (end) {
            const size_t used = (size_t)(end - w->line);
            snprintf(line, room, "%.*s", (int)used, w->line);
            w->length -= used + 1;
            memmove(w->line, end + 1, w->length);
            return ANSWER_LINE;
        }
        const double left = deadline - progress_now();
        struct pollfd wait = {.fd = w->channel, .events = POLLIN};
        const int ready = left > 0 ? poll(&wait, 1, (int)(left * 1000) + 1) : 0;
        if (ready == 0)
            return ANSWER_TIMEOUT;
        const ssize_t got =
            ready < 0 ? -1 : read(w->channel, w->line + w->length, sizeof w->line - w->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ANSWER_END;
        w->length += (size_t)got;
    }
}

/* Waits until a worker that has nothing left to do ends; a driver may hang while it is closed. */
static answer await_end(worker *w, const run_options *o)
{
    char line[WORKER_LINE];
    return next_line(w, progress_now() + (double)o->timeout, line, sizeof line);
}

/* Ends a worker, by force unless it is at its `last`; the verdict on a case that `got` this instead
 * of its result. */
static verdict end_worker(worker *w, const run_options *o, answer last, answer got)
{
    verdict v = {.state = STATE_FAIL};
    if (last != ANSWER_END)
        kill(w->pid, SIGKILL);
    stop_worker(w, v.reason, sizeof v.reason);
    snprintf(v.kind, sizeof v.kind, "%s", got == ANSWER_TIMEOUT ? "timeout" : "crash");
    if (got == ANSWER_TIMEOUT)
        snprintf(v.reason, sizeof v.reason, "no answer for %lld seconds; the process was killed",
                 (long long)o->timeout);
    return v;
}

/* ---- One batch ------------------------------------------------------------------------------ */

typedef struct batch {
    runner *run;
    size_t first, count, next; /* next = the case, within the batch, that has no answer yet */
    int exit_code;             /* EXIT_GOOD unless the run must end */
    char why[1024];
} batch;

static bool write_cases(const batch *b, int fd)
{
    FILE *stream = fdopen(fd, "w");
    if (!stream)
        return false;
    for (size_t i = b->next; i < b->count; i++) {
        char name[CASE_TEXT];
        fprintf(stream, "%s\n", case_print(&b->run->entries[b->first + i].spec, name, sizeof name));
    }
    return fclose(stream) == 0;
}

static void stop_run(batch *b, int code, const char *why)
{
    b->exit_code = code;
    if (why)
        snprintf(b->why, sizeof b->why, "%s", why);
}

static void record(batch *b, const verdict *v)
{
    if (!runner_result(b->run, b->first + b->next, v, b->why, sizeof b->why))
        stop_run(b, EXIT_DEVICE, NULL);
    b->next++;
}

/* Acts on one message of the worker; `base` is the batch index of its first case. */
static void on_message(batch *b, size_t base, const char *line)
{
    json_t *message = json_loads(line, 0, NULL);
    json_t *card = json_object_get(message, "device");
    const json_t *index = json_object_get(message, "result");
    verdict v;
    if (card) {
        if (!b->run->report)
            stop_run(b,
                     runner_begin(b->run, json_incref(card),
                                  json_string_value(json_object_get(message, "selector")), b->why,
                                  sizeof b->why),
                     NULL);
    } else if (json_object_get(message, "launch")) {
        runner_launch(b->run, b->first + b->next);
    } else if (index && base + (size_t)json_integer_value(index) == b->next &&
               report_verdict_read(message, &v)) {
        record(b, &v);
    } else {
        const char *why = json_string_value(json_object_get(message, "why"));
        const json_t *code = json_object_get(message, "exit");
        stop_run(b, code ? (int)json_integer_value(code) : EXIT_DEVICE,
                 why ? why : "a worker sent a line that makes no sense");
    }
    json_decref(message);
}

static void blame(batch *b, const verdict *v)
{
    if (!b->run->report) /* not even the device answered: no case is to blame */
        stop_run(b, EXIT_DEVICE, v->reason);
    else
        record(b, v);
}

/* One worker, from its start to its end; on return b->next has moved, or the run ends. */
static void serve_worker(batch *b)
{
    worker w;
    int cases = -1;
    char line[WORKER_LINE];
    const size_t base = b->next;
    const run_options *o = b->run->options;
    if (!start_worker(&w, o, &cases)) {
        stop_run(b, EXIT_DEVICE, "cannot start a worker process");
        return;
    }
    write_cases(b, cases); /* a worker that died early is noticed below */
    answer got = ANSWER_LINE;
    while (got == ANSWER_LINE && b->exit_code == EXIT_GOOD && !runner_stopped(b->run) &&
           (b->next < b->count || !b->run->report)) {
        got = next_line(&w, progress_now() + (double)o->timeout, line, sizeof line);
        if (got == ANSWER_LINE)
            on_message(b, base, line);
    }
    const bool answered =
        got == ANSWER_LINE && b->exit_code == EXIT_GOOD && !runner_stopped(b->run);
    const verdict v = end_worker(&w, o, answered ? await_end(&w, o) : got, got);
    if (got != ANSWER_LINE)
        blame(b, &v);
}

/* ---- After the run -------------------------------------------------------------------------- */

typedef struct rerunner {
    const run_options *options;
    worker worker;
    FILE *cases; /* its stdin; NULL = there is no worker */
} rerunner;

static bool rerunner_start(rerunner *r)
{
    int cases = -1;
    if (!start_worker(&r->worker, r->options, &cases))
        return false;
    r->cases = fdopen(cases, "w");
    return r->cases != NULL;
}

/* How it ended, as a verdict on the case it was asked for. */
static verdict rerunner_end(rerunner *r, answer how)
{
    fclose(r->cases);
    r->cases = NULL;
    const answer last = how == ANSWER_LINE ? await_end(&r->worker, r->options) : how;
    return end_worker(&r->worker, r->options, last, how);
}

/* What one message says. `done` = it is the last about this case; `why` = it is an error. */
typedef struct reply {
    bool launched, done;
    char *why;
    size_t room;
} reply;

static bool read_reply(const char *line, reply *to, verdict *out)
{
    json_t *message = json_loads(line, 0, NULL);
    const char *why = json_string_value(json_object_get(message, "why"));
    const char *undumped = json_string_value(json_object_get(message, "dump"));
    bool ok = true;
    if (json_object_get(message, "result"))
        to->done = ok = report_verdict_read(message, out) && !undumped;
    else if (json_object_get(message, "launch"))
        to->launched = true;
    else
        ok = json_object_get(message, "device") != NULL;
    if (!ok)
        snprintf(to->why, to->room, "%s",
                 undumped ? undumped
                 : why    ? why
                          : "a worker sent a line that makes no sense");
    json_decref(message);
    return ok;
}

static bool rerun_isolated(void *user, const case_spec *c, const char *folder, verdict *out,
                           char *why, size_t room)
{
    rerunner *r = user;
    char name[CASE_TEXT], line[WORKER_LINE];
    reply to = {.why = why, .room = room};
    answer got = ANSWER_LINE;
    const bool fresh = r->cases == NULL;
    if (fresh && !rerunner_start(r)) {
        snprintf(why, room, "cannot start a worker process");
        return false;
    }
    fprintf(r->cases, "%s%s%s\n\n", case_print(c, name, sizeof name), folder ? " " : "",
            folder ? folder : "");
    fflush(r->cases); /* a worker that is no more is noticed below */
    while (!to.done) {
        got =
            next_line(&r->worker, progress_now() + (double)r->options->timeout, line, sizeof line);
        if (got != ANSWER_LINE)
            break;
        if (!read_reply(line, &to, out))
            return false;
    }
    if (to.done)
        return true;
    *out = rerunner_end(r, got);
    if (to.launched)
        return !folder || dump_case(folder, c, NULL, why, room);
    if (!fresh) /* it ended after the case before this one */
        return rerun_isolated(user, c, folder, out, why, room);
    snprintf(why, room, "a worker did not begin: %s", out->reason);
    return false;
}

int run_isolated(runner *run)
{
    int code = EXIT_GOOD;
    rerunner again = {.options = run->options};
    run->rerun = rerun_isolated;
    run->rerun_user = &again;
    signal(SIGPIPE, SIG_IGN); /* a worker that dies while it is being written to */
    size_t first = run->finished;
    do {
        batch b = {.run = run, .first = first, .exit_code = EXIT_GOOD};
        b.count = run->count - first < WORKER_BATCH ? run->count - first : WORKER_BATCH;
        do
            serve_worker(&b);
        while (b.next < b.count && b.exit_code == EXIT_GOOD && !runner_stopped(run));
        code = b.exit_code;
        if (code != EXIT_GOOD)
            console_error(code, b.why);
        first += b.count;
    } while (code == EXIT_GOOD && first < run->count && !runner_stopped(run));
    if (code == EXIT_GOOD)
        code = runner_finish(run);
    if (again.cases)
        rerunner_end(&again, ANSWER_LINE);
    return code;
}
