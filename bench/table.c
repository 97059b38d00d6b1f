/* SPDX-License-Identifier: MIT */
/* The table that a person reads. */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Colour only on a terminal and never with NO_COLOR (no-color.org). */
static const char *colour(const char *sequence)
{
    const char *off = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(off && *off) ? sequence : "";
}

static const char *const status_colour[] = {"", "\033[33m", "\033[33m", "\033[2m", "\033[31m"};
static const char plain[] = "\033[0m";

static const char *bytes_text(double bytes, char text[16])
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB"};
    int i = 0;
    for (; bytes >= 1024 && i < 3; i++)
        bytes /= 1024;
    snprintf(text, 16, bytes < 10 ? "%.1f %s" : "%.0f %s", bytes, unit[i]);
    return text;
}

/* Of the ascending working sets the first, the last and two between. */
static void print_bandwidth(const roofline *r)
{
    enum { SHOWN = 4 };
    char text[16];
    for (size_t i = 0; i < SHOWN && r->levels; i++) {
        const roof_level *level = &r->level[i * (r->levels - 1) / (SHOWN - 1)];
        const double gbps = fmax(level->copy_gbps, level->triad_gbps);
        printf(gbps < 10 ? "%s%.1f at %s" : "%s%.0f at %s", i ? ", " : "", gbps,
               bytes_text(level->bytes, text));
    }
}

void table_header(const bench_run *run)
{
    int replaced = 0;
    const roofline *r = run->roof;
    const char *hash = clconv_kernel_hash(&replaced);
    printf("device    %s (%s, driver %s), %u compute units\n", run->device->entry.name,
           run->device->version, run->device->driver, run->device->units);
    printf("kernels   %s%s\n", hash, replaced ? " (replaced by CLCONV_KERNEL_DIR)" : "");
    const char *const form[][2] = {{"direction", run->form.direction},
                                   {"dtype", run->form.dtype},
                                   {"layout", run->form.layout}};
    for (size_t i = 0; i < sizeof form / sizeof form[0]; i++)
        if (form[i][1])
            printf("%-9s %s\n", form[i][0], form[i][1]);
    printf("roofline  %.1f GFLOP/s (spread %.0f %%); GB/s: ", r->gflops, r->gflops_spread_pct);
    print_bandwidth(r);
    printf("\nlaunches  %.1f us back to back, %.1f us with a wait, %.2f us of the host\n\n",
           r->launch_us, r->latency_us, r->enqueue_us);
    printf("%-34s %5s %-19s %10s %5s %8s %7s %8s %7s  %s\n", "layer", "batch", "algorithm",
           "median ms", "+- %", "x time", "roof %", "GFLOP/s", "GB/s", "status");
    fflush(stdout);
}

/* The end of "model layer" where it does not fit: layers differ there. */
static void print_layer(const bench_row *row, bool again)
{
    enum { WIDTH = 34 };
    char text[256];
    const int length = snprintf(text, sizeof text, "%s %s", row->layer->model, row->layer->layer);
    if (again)
        printf("%-*s %5s ", WIDTH, "", "");
    else if (length <= WIDTH)
        printf("%-*s %5" PRId64 " ", WIDTH, text, row->batch);
    else
        printf("...%s %5" PRId64 " ",
               text + (length < (int)sizeof text ? length : (int)sizeof text - 1) - WIDTH + 3,
               row->batch);
}

static void print_details(const bench_row *row)
{
    const measurement *m = &row->m;
    printf("    %s:algo=%s%s%s\n", row->name, row->algo, m->facts.tile[0] ? ":tile=" : "",
           m->facts.tile);
    printf("    %zu samples of %zu launches, min %.4f, event %.4f, latency %.4f, first %.1f",
           m->count, m->launches_per_sample, m->stats.min * 1e3, m->event * 1e3, m->latency * 1e3,
           m->first * 1e3);
    if (m->facts.pack > 0)
        printf(", weights packed in %.4f", m->facts.pack * 1e3);
    printf(" ms");
    if (m->enqueue > 0)
        printf(", %.2f us of the host", m->enqueue * 1e6);
    printf("\n");
}

/* Numbers, and how many times as long as the first row of the layer it takes. */
static void print_numbers(const bench_row *row, const bench_row *first, const bench_run *run)
{
    const time_stats *s = &row->m.stats;
    if (!row_is_measured(row)) {
        printf("%10s %5s %8s %7s %8s %7s  ", "n/a", "", "", "", "", "");
        return;
    }
    printf("%10.4f %5.1f ", s->median * 1e3, 100 * s->u / s->median);
    if (row != first && row_is_measured(first))
        printf("%8.2f ", s->median / first->m.stats.median);
    else
        printf("%8s ", "");
    printf("%7.1f %8.2f %7.2f  ", row_roof_pct(row, run->roof), 2e-9 * row->work.macs / s->median,
           1e-9 * row->work.bytes / s->median);
}

void table_rows(const bench_run *run, size_t first, size_t count, bool verbose)
{
    for (size_t i = first; i < first + count; i++) {
        const bench_row *row = &run->rows[i];
        const row_status status = row->m.status;
        print_layer(row, i > first);
        printf("%-19s ", row->algo);
        print_numbers(row, &run->rows[first], run);
        printf("%s%s%s", colour(status_colour[status]), row_status_names[status],
               status_colour[status][0] ? colour(plain) : "");
        printf(row->m.reason[0] ? ": %s\n" : "%s\n", row->m.reason);
        if (verbose && row_is_measured(row))
            print_details(row);
    }
    fflush(stdout);
}

void table_summary(const bench_run *run)
{
    size_t counts[ROW_FAILED + 1] = {0}, above = 0;
    for (size_t i = 0; i < run->count; i++) {
        counts[run->rows[i].m.status]++;
        above += row_roof_pct(&run->rows[i], run->roof) > 100;
    }
    printf("\n%zu rows:", run->count);
    for (int i = 0; i <= ROW_FAILED; i++)
        if (counts[i])
            printf(" %zu %s", counts[i], row_status_names[i]);
    printf("\n");
    if (above)
        printf("%zu rows are over 100 %%: the roofline was underestimated there\n", above);
}
