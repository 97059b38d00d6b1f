/* SPDX-License-Identifier: MIT */
/* The child of --isolate: reads cases from stdin, runs each, and says so line by line in JSON. A
 * batch ends with an empty line or with stdin; the next one may follow. */
#include "dump.h"
#include "runner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sends one message; takes over `message`. False when the parent is gone. */
static bool say(FILE *channel, json_t *message)
{
    const bool ok = message && json_dumpf(message, channel, JSON_COMPACT) == 0 &&
                    fputc('\n', channel) >= 0 && fflush(channel) == 0;
    json_decref(message);
    return ok;
}

static int say_no_device(FILE *channel, int code, const char *why)
{
    say(channel, json_pack("{s:i, s:s}", "exit", code, "why", why));
    return code;
}

/* What the parent asks for, "CASE" or "CASE FOLDER". */
typedef struct request {
    case_spec spec;
    char folder[DUMP_PATH]; /* for its arrays, "" = not wanted */
} request;

static bool read_request(char *line, request *out)
{
    char why[256];
    char *folder = strchr(line, ' ');
    if (folder)
        *folder++ = '\0';
    snprintf(out->folder, sizeof out->folder, "%s", folder ? folder : "");
    return case_parse(line, &out->spec, why, sizeof why);
}

/* One batch of at most WORKER_BATCH cases, all of it before the first runs; false when a line is no
 * case. */
static bool read_batch(request *requests, size_t *count)
{
    char line[CASE_TEXT + DUMP_PATH];
    *count = 0;
    while (*count < WORKER_BATCH && fgets(line, sizeof line, stdin) && line[0] != '\n') {
        line[strcspn(line, "\n")] = '\0';
        if (!read_request(line, &requests[*count]))
            return false;
        ++*count;
    }
    return true;
}

static bool run_one(FILE *channel, session *s, const quirks *q, const request *r, size_t index)
{
    char why[DUMP_PATH + 256];
    case_tensors tensors;
    if (!say(channel, json_pack("{s:I}", "launch", (json_int_t)index)))
        return false;
    verdict v = run_under_quirks(s, q, &r->spec);
    report_clean(v.kind);
    report_clean(v.reason);
    json_t *message = report_verdict_json("", &v);
    json_object_set_new(message, "result", json_integer((json_int_t)index));
    const double *const got = session_tensors(s, &tensors) ? tensors.got : NULL;
    if (r->folder[0] && !dump_case(r->folder, &r->spec, got, why, sizeof why))
        json_object_set_new(message, "dump", json_string(report_clean(why)));
    return say(channel, message);
}

static bool run_batch(FILE *channel, session *s, const quirks *q, const request *requests,
                      size_t count)
{
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = run_one(channel, s, q, &requests[i], i);
    return ok;
}

int worker_main(const run_options *options)
{
    char why[1024];
    size_t count = 0;
    opened_device device;
    FILE *channel = fdopen(WORKER_CHANNEL, "w");
    request *requests = calloc(WORKER_BATCH, sizeof *requests);
    quirks known = {0};
    int code = EXIT_USAGE;
    const bool loaded =
        quirks_load(&known, options->quirk_path, !options->no_quirks, why, sizeof why);
    if (!loaded && channel) {
        say_no_device(channel, code, report_clean(why));
    } else if (channel && requests && read_batch(requests, &count)) {
        code = open_device(options->device, &device, why, sizeof why);
        if (code != EXIT_GOOD) {
            say_no_device(channel, code, report_clean(why));
        } else {
            quirks_match(&known, device.card);
            bool ok = say(channel, json_pack("{s:o, s:s}", "device", device.card, "selector",
                                             device.selector));
            while (ok && count)
                ok = run_batch(channel, device.session, &known, requests, count) &&
                     read_batch(requests, &count);
            session_close(device.session);
        }
    }
    quirks_free(&known);
    free(requests);
    if (channel)
        fclose(channel);
    return code;
}
