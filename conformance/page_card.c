/* SPDX-License-Identifier: MIT */
/* The device card: what the device says about itself, and the run it was part of. */
#include "page.h"

#include <inttypes.h>

static bool is_number(const json_t *value)
{
    return json_is_integer(value) || json_is_integer(json_array_get(value, 0));
}

/* The card's numbers, or its words; the features are neither. */
static void card_part(markup *m, const char *title, json_t *card, bool numbers)
{
    const char *key;
    json_t *value;
    html_part(m, title);
    json_object_foreach(card, key, value) if (is_number(value) == numbers) html_json(m, key, value);
    html_part_end(m);
}

static void features_part(markup *m, json_t *features)
{
    const char *key;
    json_t *value;
    if (!features)
        return;
    html_part(m, "Features");
    json_object_foreach(features, key, value) html_json(m, key, value);
    html_part_end(m);
}

static void run_part(markup *m, const run_facts *f)
{
    html_part(m, "Run");
    html_fact(m, "library", "clConv %s", f->library);
    html_fact(m, "kernel hash", "%s%s", f->kernel_hash,
              f->kernels_replaced ? " (kernels replaced)" : "");
    html_fact(m, "tier", "%s", f->tier[0] ? f->tier : "one case");
    if (f->algo[0])
        html_fact(m, "algorithm", "%s only", f->algo);
    html_fact(m, "seed", "%" PRIu64, f->seed);
    if (f->shards > 1)
        html_fact(m, "shard", "%" PRId64 " of %" PRId64, f->shard, f->shards);
    html_fact(m, "time", "%.1f s", f->seconds);
    html_part_end(m);
}

void page_card(markup *m, const report *r)
{
    html_section(m, "Device and run");
    html_card(m);
    card_part(m, "Device", r->facts.device, false);
    features_part(m, json_object_get(r->facts.device, "features"));
    card_part(m, "Limits", r->facts.device, true);
    run_part(m, &r->facts);
    markup_end(m);
    markup_end(m);
}
