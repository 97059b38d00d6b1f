/* SPDX-License-Identifier: MIT */
/* What a row says, and the CSV of all rows. */
#include "report.h"

#include "csv.h"

#include <math.h>

bool row_is_measured(const bench_row *row)
{
    return row->m.verified && row->m.status < ROW_UNSUPPORTED;
}

double row_roof_pct(const bench_row *row, const roofline *roof)
{
    bool compute_bound = false;
    if (!row_is_measured(row))
        return NAN;
    return 100 * roof_ms(roof, &row->work, &compute_bound) / (row->m.stats.median * 1e3);
}

/* An empty field where there is no number. */
static void put_number(FILE *file, const bench_row *row, double value, const char *end)
{
    if (row_is_measured(row) && isfinite(value))
        fprintf(file, "%.6g", value);
    fputs(end, file);
}

static void put_text(FILE *file, const char *text)
{
    csv_put(file, text);
    fputc(',', file);
}

static void put_row(FILE *file, const bench_row *row, const bench_run *run)
{
    const time_stats *s = &row->m.stats;
    put_text(file, row->layer->model);
    put_text(file, row->layer->layer);
    put_text(file, row->name);
    put_text(file, row->algo);
    put_text(file, run->device->entry.name);
    fprintf(file, "%u,", row->m.facts.threads);
    put_number(file, row, s->median * 1e3, ",");
    put_number(file, row, s->min * 1e3, ",");
    put_number(file, row, s->mad * 1e3, ",");
    put_number(file, row, 2e-9 * row->work.macs / s->median, ",");
    put_number(file, row, 1e-9 * row->work.bytes / s->median, ",");
    put_number(file, row, row_roof_pct(row, run->roof), ",");
    fprintf(file, "%s,%s\n", row_status_names[row->m.status], row->m.verified ? "yes" : "no");
}

char *bench_csv(const bench_run *run)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (!file)
        return NULL;
    fputs("model,layer,case,algo,device,threads,median_ms,min_ms,mad_ms,gflops,gbps,roof_pct,"
          "status,verified\n",
          file);
    for (size_t i = 0; i < run->count; i++)
        put_row(file, &run->rows[i], run);
    return fclose(file) == 0 ? text : NULL;
}
