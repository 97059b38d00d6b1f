/* SPDX-License-Identifier: MIT */
/* Writes the frame and the recurring parts of HTML reports. */
#include "html.h"

#include "embedded.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

extern const embedded_file html_files[];

/* ---- Frame ---------------------------------------------------------------------------------- */

static void write_file(markup *m, const embedded_file *files, const char *name)
{
    char *const text = embedded_text(files, name);
    markup_raw(m, text ? text : "");
    free(text);
}

static void asset(markup *m, const char *element, const char *common, const embedded_file *own,
                  const char *name)
{
    markup_start(m, element);
    markup_raw(m, "/*<![CDATA[*/\n"); /* HTML reads a comment, XML does not read < and & */
    write_file(m, html_files, common);
    write_file(m, own, name);
    markup_raw(m, "/*]]>*/");
    markup_end(m);
}

void html_open(markup *m, const char *title, const embedded_file *own)
{
    markup_raw(m, "<!DOCTYPE html>\n");
    markup_start(m, "html");
    markup_attribute(m, "lang", "en");
    markup_start(m, "head");
    markup_raw(m, "<meta charset=\"utf-8\"/>"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                  "<meta name=\"color-scheme\" content=\"light dark\"/>");
    markup_leaf(m, "title", NULL, "%s", title);
    asset(m, "style", "html.css", own, "report.css");
    markup_end(m);
    markup_start(m, "body");
}

void html_close(markup *m, const embedded_file *own)
{
    asset(m, "script", "html.js", own, "report.js");
    markup_end(m);
    markup_end(m);
}

void html_section(markup *m, const char *title)
{
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "%s", title);
}

/* ---- Verdict and figures -------------------------------------------------------------------- */

void html_verdict(markup *m, const char *class_name, const char *word, int length)
{
    markup_start(m, "p");
    markup_attribute(m, "class", "verdict %s", class_name);
    markup_leaf(m, "b", NULL, "%.*s", length, word);
}

void html_figures(markup *m)
{
    markup_start(m, "div");
    markup_attribute(m, "class", "figures");
}

void html_figure(markup *m, const char *label, const char *class_name, const char *value)
{
    markup_start(m, "div");
    markup_leaf(m, "b", class_name, "%s", value);
    markup_leaf(m, "span", NULL, "%s", label);
    markup_end(m);
}

/* ---- Tables --------------------------------------------------------------------------------- */

void html_table(markup *m, const char *id, const html_column *columns, size_t count)
{
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    markup_start(m, "table");
    markup_attribute(m, "id", "%s", id);
    markup_attribute(m, "class", "sortable");
    markup_start(m, "thead");
    markup_start(m, "tr");
    for (size_t i = 0; i < count; i++) {
        markup_start(m, "th");
        markup_attribute(m, "scope", "col");
        if (columns[i].numbers)
            markup_attribute(m, "class", "number");
        markup_text(m, "%s", columns[i].title);
        markup_end(m);
    }
    markup_end(m);
    markup_end(m);
    markup_start(m, "tbody");
}

void html_table_end(markup *m)
{
    for (int open = 0; open < 3; open++) /* tbody, table, div */
        markup_end(m);
}

/* ---- Cards ---------------------------------------------------------------------------------- */

void html_card(markup *m)
{
    markup_start(m, "div");
    markup_attribute(m, "class", "card");
}

void html_part(markup *m, const char *title)
{
    markup_start(m, "div");
    markup_leaf(m, "h3", NULL, "%s", title);
    markup_start(m, "dl");
}

void html_part_end(markup *m)
{
    markup_end(m);
    markup_end(m);
}

void html_fact(markup *m, const char *name, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    markup_leaf(m, "dt", NULL, "%s", name);
    markup_leaf(m, "dd", NULL, "%s", text);
}

const char *html_bytes_text(double bytes, char *text, size_t room)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit < 3; unit++)
        bytes /= 1024;
    snprintf(text, room, "%.4g %s", bytes, units[unit]);
    return text;
}

void html_bytes(markup *m, const char *name, long long bytes)
{
    char text[32];
    html_fact(m, name, "%s", html_bytes_text((double)bytes, text, sizeof text));
}
