/* SPDX-License-Identifier: MIT */
/* Device, ceilings, how it was measured, and the command that measures it again. */
#include "page.h"

#include <string.h>

static void object_part(markup *m, const char *title, json_t *object)
{
    const char *key;
    json_t *value;
    html_part(m, title);
    json_object_foreach(object, key, value) html_json(m, key, value);
    html_part_end(m);
}

/* "102 to 108 GFLOP/s", of the rounds of one kernel. */
static void peak_fact(markup *m, const json_t *peak)
{
    size_t i;
    json_t *one;
    char from[32], to[32];
    double least = 0, most = 0;
    json_array_foreach(json_object_get(peak, "gflops"), i, one)
    {
        const double value = json_number_value(one);
        least = i == 0 || value < least ? value : least;
        most = value > most ? value : most;
    }
    html_fact(m, report_text(peak, "name"), "%s to %s GFLOP/s",
              page_number(least, from, sizeof from), page_number(most, to, sizeof to));
}

static void bandwidth_fact(markup *m, const json_t *level)
{
    char copy[32], triad[32], name[32];
    html_bytes_text(report_number(level, "bytes"), name, sizeof name);
    html_fact(m, name, "copy %s, triad %s GB/s",
              page_number(report_number(level, "copy_gbps"), copy, sizeof copy),
              page_number(report_number(level, "triad_gbps"), triad, sizeof triad));
}

static void ceilings_part(markup *m, const json_t *roofline)
{
    size_t i;
    json_t *one;
    char text[32];
    html_part(m, "Ceilings, measured");
    json_array_foreach(json_object_get(roofline, "peaks"), i, one) peak_fact(m, one);
    json_array_foreach(json_object_get(roofline, "bandwidth"), i, one) bandwidth_fact(m, one);
    html_fact(m, "launch",
              "%s \xc2\xb5s back to back, %s \xc2\xb5s with a wait, %s \xc2\xb5s of the host",
              page_number(report_number(roofline, "launch_us"), text, sizeof text),
              page_number(report_number(roofline, "latency_us"), (char[32]){0}, 32),
              page_number(report_number(roofline, "enqueue_us"), (char[32]){0}, 32));
    html_part_end(m);
}

static void run_part(markup *m, const json_t *document)
{
    char least[32], most[32];
    const json_t *const settings = json_object_get(document, "settings");
    html_part(m, "Run");
    html_fact(m, "library", "clConv %s", report_text(document, "version"));
    html_fact(m, "kernel hash", "%s", report_text(document, "kernel_hash"));
    html_fact(m, "date", "%s", report_text(document, "date"));
    html_fact(m, "programs built", "%g", report_number(document, "programs_built"));
    html_fact(m, "time per row", "%s to %s s",
              page_number(report_number(settings, "min_time_s"), least, sizeof least),
              page_number(report_number(settings, "max_time_s"), most, sizeof most));
    html_fact(m, "seed", "%g", report_number(settings, "seed"));
    html_part_end(m);
}

static void again(markup *m, const json_t *document)
{
    const char *const command = report_text(json_object_get(document, "settings"), "command");
    if (!*command)
        return;
    html_section(m, "Measure it again");
    markup_start(m, "ul");
    markup_start(m, "li");
    markup_leaf(m, "code", NULL, "%s", command);
    markup_end(m);
    markup_end(m);
    markup_leaf(m, "p", "note",
                "One row: clconv-bench --case and the case below the row's name, --algo and its "
                "algorithm. Two runs are compared by --baseline and the JSON document of the "
                "first.");
    markup_end(m);
}

void page_card(markup *m, const json_t *document)
{
    html_section(m, "Device and run");
    html_card(m);
    object_part(m, "Device", json_object_get(document, "device"));
    ceilings_part(m, json_object_get(document, "roofline"));
    run_part(m, document);
    markup_end(m);
    markup_end(m);
    again(m, document);
}
