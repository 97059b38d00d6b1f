/* SPDX-License-Identifier: MIT */
/* Heat maps as tables: every cell says its numbers in words, colour only underlines them. */
#include "heat.h"
#include "page.h"

static size_t row_total(const heat_map *map, size_t row)
{
    size_t run = 0;
    for (size_t i = 0; i < HEAT_BINS; i++)
        run += map->cells[row][i].run;
    return run;
}

static size_t column_total(const heat_map *map, size_t across)
{
    size_t run = 0;
    for (size_t i = 0; i < HEAT_BINS; i++)
        run += map->cells[i][across].run;
    return run;
}

/* Of what ran: one step of shade for each factor of 4, up to 5. */
static int shade(size_t run)
{
    int level = 1;
    for (; run >= 4 && level < 5; run /= 4)
        level++;
    return level;
}

/* Of what failed: below a tenth, below a half, more. */
static const char *alarm(const heat_cell *c)
{
    return 10 * c->failed < c->run ? "f1" : 2 * c->failed < c->run ? "f2" : "f3";
}

static void cell(markup *m, const heat_map *map, size_t row, size_t across)
{
    char down[32], right[32];
    const heat_cell *c = &map->cells[row][across];
    heat_label(&map->down, row, down, sizeof down);
    heat_label(&map->across, across, right, sizeof right);
    markup_start(m, "td");
    if (c->failed)
        markup_attribute(m, "class", "%s", alarm(c));
    else if (c->run)
        markup_attribute(m, "class", "h%d", shade(c->run));
    markup_attribute(m, "title", "%s %s, %s %s: %zu run, %zu failed", map->down.name, down,
                     map->across.name, right, c->run, c->failed);
    if (c->failed)
        markup_text(m, "%zu/%zu", c->failed, c->run);
    else if (c->run)
        markup_text(m, "%zu", c->run);
    markup_end(m);
}

static void head(markup *m, const heat_map *map)
{
    char label[32];
    markup_start(m, "thead");
    markup_start(m, "tr");
    markup_leaf(m, "td", NULL, "%s", "");
    for (size_t i = 0; i < HEAT_BINS; i++)
        if (column_total(map, i)) {
            markup_start(m, "th");
            markup_attribute(m, "scope", "col");
            markup_text(m, "%s", heat_label(&map->across, i, label, sizeof label));
            markup_end(m);
        }
    markup_end(m);
    markup_end(m);
}

static void body(markup *m, const heat_map *map)
{
    char label[32];
    markup_start(m, "tbody");
    for (size_t row = 0; row < HEAT_BINS; row++) {
        if (!row_total(map, row))
            continue;
        markup_start(m, "tr");
        markup_start(m, "th");
        markup_attribute(m, "scope", "row");
        markup_text(m, "%s", heat_label(&map->down, row, label, sizeof label));
        markup_end(m);
        for (size_t i = 0; i < HEAT_BINS; i++)
            if (column_total(map, i))
                cell(m, map, row, i);
        markup_end(m);
    }
    markup_end(m);
}

static void whole_map(markup *m, const heat_map *map)
{
    markup_start(m, "div");
    markup_leaf(m, "h3", NULL, "%s", map->title);
    markup_leaf(m, "p", "note", "\xe2\x86\x93 %s, \xe2\x86\x92 %s", map->down.name,
                map->across.name);
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    markup_start(m, "table");
    markup_attribute(m, "class", "heat");
    markup_attribute(m, "aria-label", "%s: rows are %s, columns are %s", map->title, map->down.name,
                     map->across.name);
    head(m, map);
    body(m, map);
    for (int open = 0; open < 3; open++) /* table, div, div */
        markup_end(m);
}

void page_heat(markup *m, const report *r)
{
    heat_map maps[HEAT_MAPS];
    if (!r->total.run)
        return;
    heat_count(r, maps);
    html_section(m, page_red(r) ? "Where it fails" : "Where it was tested");
    markup_leaf(m, "p", "note",
                "A number is how many cases ran there, all right; failed/run, in red, where some "
                "failed; an empty field holds no case.");
    markup_start(m, "div");
    markup_attribute(m, "class", "maps");
    for (size_t i = 0; i < HEAT_MAPS; i++)
        whole_map(m, &maps[i]);
    markup_end(m);
    markup_end(m);
}
