/* SPDX-License-Identifier: MIT */
/* Which quirks fit a device and a case, and what they make of its verdict. */
#include "quirks.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* ---- Versions ------------------------------------------------------------------------------- */

/* The next number of a dotted version, 0 behind its end. */
static unsigned long next_number(const char **at)
{
    char *end;
    if (**at < '0' || **at > '9')
        return 0;
    const unsigned long number = strtoul(*at, &end, 10);
    *at = *end == '.' ? end + 1 : end;
    return number;
}

static int compare_versions(const char *a, const char *b)
{
    enum { PARTS = 8 };
    for (int i = 0; i < PARTS; i++) {
        const unsigned long x = next_number(&a), y = next_number(&b);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* One "OPERATOR VERSION" of a range; moves *at behind it. */
static bool limit_holds(const char **at, const char *version)
{
    const size_t signs = strspn(*at, "<>=");
    const char *const sign = *at;
    *at += signs;
    *at += strspn(*at, " ");
    const int order = compare_versions(version, *at);
    *at += strspn(*at, "0123456789.");
    *at += strspn(*at, ", ");
    return (order < 0 && memchr(sign, '<', signs)) || (order > 0 && memchr(sign, '>', signs)) ||
           (order == 0 && memchr(sign, '=', signs));
}

bool quirks_version_fits(const char *pattern, const char *version)
{
    if (!strchr("<>=", *pattern) || !*pattern)
        return fnmatch(pattern, version, 0) == 0;
    version += strcspn(version, "0123456789");
    bool fits = *version != '\0';
    while (fits && *pattern)
        fits = limit_holds(&pattern, version);
    return fits;
}

/* ---- Devices -------------------------------------------------------------------------------- */

static bool fits_text(const char *glob, const json_t *card, const char *key)
{
    const char *text = json_string_value(json_object_get(card, key));
    return !glob || (text && fnmatch(glob, text, 0) == 0);
}

static bool fits_extension(const char *wanted, const json_t *card)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(card, "extensions"), i,
                       one) if (wanted && strcmp(json_string_value(one), wanted) == 0) return true;
    return !wanted;
}

static bool fits_driver(const char *pattern, const json_t *card)
{
    const char *driver = json_string_value(json_object_get(card, "driver"));
    return !pattern || (driver && quirks_version_fits(pattern, driver));
}

void quirks_match(quirks *q, const json_t *card)
{
    size_t kept = 0;
    for (size_t i = 0; i < q->count; i++) {
        const quirk *one = &q->all[i];
        if (fits_text(one->platform, card, "platform") && fits_text(one->device, card, "name") &&
            fits_driver(one->driver, card) && fits_extension(one->extension, card))
            q->all[kept++] = *one;
    }
    q->count = kept;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

const quirk *quirks_find(const quirks *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++)
        if (fnmatch(q->all[i].cases, name, 0) == 0)
            return &q->all[i];
    return NULL;
}

static const quirk *find_case(const quirks *q, const case_spec *c)
{
    char name[CASE_TEXT];
    return q->count ? quirks_find(q, case_print(c, name, sizeof name)) : NULL;
}

bool quirks_skip(const quirks *q, const case_spec *c, verdict *out)
{
    const quirk *found = find_case(q, c);
    if (!found || !found->skip)
        return false;
    *out = (verdict){.state = STATE_SKIP, .kind = "quirk"};
    snprintf(out->reason, sizeof out->reason, "%s: %s (%s)", found->id, found->reason, found->link);
    return true;
}

void quirks_judge(const quirks *q, const case_spec *c, verdict *v)
{
    char what[sizeof v->reason];
    const quirk *found = find_case(q, c);
    if (!found || found->skip)
        return;
    if (v->state == STATE_FAIL) {
        v->state = STATE_XFAIL;
        snprintf(what, sizeof what, "%s", v->reason);
        snprintf(v->reason, sizeof v->reason, "%s: %.100s (%.150s); %.200s", found->id,
                 found->reason, found->link, what);
    } else if (v->state == STATE_PASS) {
        v->state = STATE_XPASS;
        snprintf(v->kind, sizeof v->kind, "quirk");
        snprintf(
            v->reason, sizeof v->reason,
            "it passes, and quirk %s says that it fails: delete the quirk, or name fewer cases",
            found->id);
    }
}

json_t *quirks_json(const quirks *q)
{
    json_t *list = json_array();
    for (size_t i = 0; i < q->count; i++) {
        const quirk *one = &q->all[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i}", "id",
                                              one->id, "action", one->skip ? "skip" : "xfail",
                                              "cases", one->cases, "reason", one->reason, "link",
                                              one->link, "expires", one->expires, "expired",
                                              strcmp(q->today, one->expires) > 0, "applied", 0));
    }
    return list;
}
