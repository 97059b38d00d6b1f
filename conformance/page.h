/* SPDX-License-Identifier: MIT */
/* The sections of the HTML report; report_html.c puts them together. */
#ifndef CLCONV_PAGE_H
#define CLCONV_PAGE_H

#include "markup.h"
#include "report.h"

/* One column of a table: its title and whether it holds numbers. */
typedef struct column {
    const char *title;
    bool numbers;
} column;

/* <section> with a heading, closed by markup_end. */
void page_section(markup *m, const char *title);
/* A table that scrolls by itself and can be sorted, up to and with its <tbody>. */
void page_table(markup *m, const char *id, const column *columns, size_t count);
void page_table_end(markup *m);
/* How many cases are red. */
size_t page_red(const report *r);
/* A number; grey for 0, else with the class `alarm`, if one is given. */
void page_count(markup *m, size_t value, const char *alarm);
/* error / bound; "-" where there is none. */
void page_headroom(markup *m, double value);

/* Failures counted per algorithm and kind, then each with its replay line; nothing without any. */
void page_kinds(markup *m, const report *r);
void page_failures(markup *m, const report *r);
/* Heat maps of what ran and what failed. */
void page_heat(markup *m, const report *r);
/* The device, its features and limits, and the run. */
void page_card(markup *m, const report *r);
/* Every case, as data that report.js shows, sorts and filters a part at a time. */
void page_cases(markup *m, const report *r);

#endif
