/* SPDX-License-Identifier: MIT */
/* The device card: what the device says about itself, and the run it was part of. */
#include "page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static void fact(markup *m, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fact(markup *m, const char *name, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    markup_leaf(m, "dt", NULL, "%s", name);
    markup_leaf(m, "dd", NULL, "%s", text);
}

static void bytes_fact(markup *m, const char *name, json_int_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit < 3; unit++)
        value /= 1024;
    fact(m, name, "%.4g %s", value, units[unit]);
}

/* "largest_buffer_bytes" as "largest buffer", with a unit behind the number. */
static void number_fact(markup *m, char *name, json_int_t value)
{
    static const char bytes[] = " bytes", mhz[] = " mhz";
    char *const blank = strrchr(name, ' ');
    if (blank && strcmp(blank, bytes) == 0) {
        *blank = '\0';
        bytes_fact(m, name, value);
    } else if (blank && strcmp(blank, mhz) == 0) {
        *blank = '\0';
        fact(m, name, "%" JSON_INTEGER_FORMAT " MHz", value);
    } else {
        fact(m, name, "%" JSON_INTEGER_FORMAT, value);
    }
}

/* Numbers are the sizes of dimensions, words are names. */
static void list_fact(markup *m, const char *name, const json_t *list)
{
    size_t i;
    json_t *one;
    markup_leaf(m, "dt", NULL, "%s", name);
    markup_start(m, "dd");
    json_array_foreach(list, i, one)
    {
        if (json_is_integer(one))
            markup_text(m, "%s%" JSON_INTEGER_FORMAT, i ? " x " : "", json_integer_value(one));
        else
            markup_text(m, "%s%s", i ? " " : "", json_string_value(one));
    }
    markup_end(m);
}

/* One entry under its own name, with blanks for underscores. */
static void card_fact(markup *m, const char *key, const json_t *value)
{
    char name[64];
    snprintf(name, sizeof name, "%s", key);
    for (char *at = name; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    if (json_is_string(value))
        fact(m, name, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        fact(m, name, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        number_fact(m, name, json_integer_value(value));
    else if (json_is_array(value))
        list_fact(m, name, value);
}

static void open_part(markup *m, const char *title)
{
    markup_start(m, "div");
    markup_leaf(m, "h3", NULL, "%s", title);
    markup_start(m, "dl");
}

static void close_part(markup *m)
{
    markup_end(m);
    markup_end(m);
}

static bool is_number(const json_t *value)
{
    return json_is_integer(value) || json_is_integer(json_array_get(value, 0));
}

/* The card's numbers, or its words; the features are neither. */
static void card_part(markup *m, const char *title, json_t *card, bool numbers)
{
    const char *key;
    json_t *value;
    open_part(m, title);
    json_object_foreach(card, key, value) if (is_number(value) == numbers) card_fact(m, key, value);
    close_part(m);
}

static void features_part(markup *m, json_t *features)
{
    const char *key;
    json_t *value;
    if (!features)
        return;
    open_part(m, "Features");
    json_object_foreach(features, key, value) card_fact(m, key, value);
    close_part(m);
}

static void run_part(markup *m, const run_facts *f)
{
    open_part(m, "Run");
    fact(m, "library", "clConv %s", f->library);
    fact(m, "kernel hash", "%s%s", f->kernel_hash,
         f->kernels_replaced ? " (kernels replaced)" : "");
    fact(m, "tier", "%s", f->tier[0] ? f->tier : "one case");
    if (f->algo[0])
        fact(m, "algorithm", "%s only", f->algo);
    fact(m, "seed", "%" PRIu64, f->seed);
    if (f->shards > 1)
        fact(m, "shard", "%" PRId64 " of %" PRId64, f->shard, f->shards);
    fact(m, "time", "%.1f s", f->seconds);
    close_part(m);
}

void page_card(markup *m, const report *r)
{
    page_section(m, "Device and run");
    markup_start(m, "div");
    markup_attribute(m, "class", "card");
    card_part(m, "Device", r->facts.device, false);
    features_part(m, json_object_get(r->facts.device, "features"));
    card_part(m, "Limits", r->facts.device, true);
    run_part(m, &r->facts);
    markup_end(m);
    markup_end(m);
}
