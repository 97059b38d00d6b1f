/* SPDX-License-Identifier: MIT */
/* The frame of every HTML report, and the parts that recur in them: one file, no network. */
#ifndef CLCONV_HTML_H
#define CLCONV_HTML_H

#include "embed.h"
#include "markup.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A page up to and with <body>. `own` holds the program's report.css and report.js, which follow
 * the style and the script of all reports (html.css, html.js). */
void html_open(markup *m, const char *title, const embedded_file *own);
void html_close(markup *m, const embedded_file *own);

/* <section> with a heading, closed by markup_end. */
void html_section(markup *m, const char *title);

/* <p class="verdict CLASS">, closed by markup_end: one word, large, and what follows it. CLASS is
 * good, thin or bad. */
void html_verdict(markup *m, const char *class_name, const char *word, int length);
/* <div class="figures">, closed by markup_end, holds figures: a value above its label. */
void html_figures(markup *m);
void html_figure(markup *m, const char *label, const char *class_name, const char *value);

/* One column of a table: its title and whether it holds numbers. */
typedef struct html_column {
    const char *title;
    bool numbers;
} html_column;

/* A table that scrolls by itself and can be sorted, up to and with its <tbody>. */
void html_table(markup *m, const char *id, const html_column *columns, size_t count);
void html_table_end(markup *m);

/* <div class="card">, closed by markup_end, holds parts; a part holds facts. */
void html_card(markup *m);
void html_part(markup *m, const char *title);
void html_part_end(markup *m);
void html_fact(markup *m, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "3.5 MiB". Returns text. */
const char *html_bytes_text(double bytes, char *text, size_t room);
void html_bytes(markup *m, const char *name, long long bytes);
/* An entry of a JSON object under its own name: "local_mem_bytes" is "local mem", with a unit. */
void html_json(markup *m, const char *key, const json_t *value);

#endif
