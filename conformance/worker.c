/* SPDX-License-Identifier: MIT */
/* The child of --isolate: reads cases from stdin, runs each, and says so line by line in JSON. */
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

/* All of stdin, up to WORKER_BATCH cases; false when a line is no case. */
static bool read_cases(case_spec *cases, size_t *count)
{
    char line[CASE_TEXT + 2], why[256];
    *count = 0;
    while (*count < WORKER_BATCH && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!case_parse(line, &cases[*count], why, sizeof why))
            return false;
        ++*count;
    }
    return true;
}

static bool run_one(FILE *channel, session *s, const case_spec *c, size_t index)
{
    if (!say(channel, json_pack("{s:I}", "launch", (json_int_t)index)))
        return false;
    verdict v = run_case(s, c);
    report_clean(v.kind);
    report_clean(v.reason);
    json_t *message = report_verdict_json("", &v);
    json_object_set_new(message, "result", json_integer((json_int_t)index));
    return say(channel, message);
}

int worker_main(const run_options *options)
{
    char why[1024];
    size_t count = 0;
    opened_device device;
    FILE *channel = fdopen(WORKER_CHANNEL, "w");
    case_spec *cases = calloc(WORKER_BATCH, sizeof *cases);
    int code = EXIT_USAGE;
    if (channel && cases && read_cases(cases, &count)) {
        code = open_device(options->device, &device, why, sizeof why);
        if (code != EXIT_GOOD) {
            say_no_device(channel, code, report_clean(why));
        } else {
            bool ok = say(channel, json_pack("{s:o, s:s}", "device", device.card, "selector",
                                             device.selector));
            for (size_t i = 0; ok && i < count; i++)
                ok = run_one(channel, device.session, &cases[i], i);
            session_close(device.session);
        }
    }
    free(cases);
    if (channel)
        fclose(channel);
    return code;
}
