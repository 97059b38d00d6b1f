/* SPDX-License-Identifier: MIT */
/* The sections of the HTML report; report_html.c puts them together. */
#ifndef CLCONV_PAGE_H
#define CLCONV_PAGE_H

#include "html.h"
#include "report.h"

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
