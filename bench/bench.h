/* SPDX-License-Identifier: MIT */
/* A run of clconv-bench: what the command line asks for, and doing it. */
#ifndef CLCONV_BENCH_BENCH_H
#define CLCONV_BENCH_BENCH_H

#include "report.h"

enum { BENCH_ALGOS = 16, BENCH_BATCHES = 16 };

/* popt writes texts here; options_settle reads them into the rest. */
typedef struct bench_texts {
    char *device, *layers, *suite, *model, *direction, *dtype, *layout, **cases, *algo, *rivals,
        *batch, *json, *csv, *html, *baseline, *min_time, *max_time, *seed;
    int grouped_only, raw, strict, list, verbose, help;
} bench_texts;

typedef struct bench_options {
    bench_texts text;
    layer_list layers;
    contestant_option algo[BENCH_ALGOS];
    size_t algos;
    char words[256]; /* that algo[] points into */
    const contestant_kind *rival[RIVALS_MOST];
    size_t rivals;
    int64_t batch[BENCH_BATCHES];
    size_t batches; /* 0 = the n of each layer */
    contest_limits limits;
    uint64_t seed;
} bench_options;

/* Everything that can be wrong without a device. False with a sentence. */
bool options_settle(bench_options *o, char *why, size_t room);
void options_free(bench_options *o);

/* --list: what would be measured. */
int bench_list(const bench_options *o);
/* The exit status, with the sentence printed. */
int bench_main(const bench_options *o);

/* The command line that measures the same again: nothing of where results go, no folders.
 * Malloc'ed; NULL without memory. */
char *bench_command(const bench_options *o);

/* One layer with n images; false with a sentence when that is no convolution. */
bool layer_with_batch(const layer_row *layer, int64_t batch, case_spec *out, char *why,
                      size_t room);

#endif
