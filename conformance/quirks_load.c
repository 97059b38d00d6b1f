/* SPDX-License-Identifier: MIT */
/* Reads quirk files, strictly: a quirk that is not what its author meant would hide a fault. */
#include "quirks.h"

#include "embed.h"
#include "options.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

extern const embedded_file quirk_files[];

/* A check of one field; NULL = it is good, else what it must be. */
typedef const char *field_check(const char *text);

static const char *check_id(const char *text)
{
    const size_t length = strlen(text);
    return length >= 1 && length <= 40 &&
                   strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length
               ? NULL
               : "is 1 to 40 small letters, digits and hyphens";
}

static const char *check_text(const char *text)
{
    return *text ? NULL : "is empty";
}

static const char *check_action(const char *text)
{
    return strcmp(text, "skip") == 0 || strcmp(text, "xfail") == 0 ? NULL : "is skip or xfail";
}

static const char *check_link(const char *text)
{
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0
               ? NULL
               : "begins with https:// or http://";
}

static const char *check_date(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const char wrong[] = "is a day, YYYY-MM-DD";
    if (strlen(text) != sizeof shape - 1)
        return wrong;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? !strchr("0123456789", text[i]) : text[i] != '-')
            return wrong;
    const int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const bool good = month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
                      (leap || month != 2 || day < 29);
    return good ? NULL : wrong;
}

/* A glob, or limits such as ">= 21.1, < 23". */
static const char *check_driver(const char *text)
{
    static const char wrong[] = "is a glob, or a range such as \">= 21.1, < 23\"";
    static const char *const signs[] = {"<", "<=", ">", ">=", "=", NULL};
    if (!*text || !strchr("<>=", *text))
        return check_text(text);
    for (const char *at = text; *at; at += strspn(at, ", ")) {
        char sign[3] = "";
        const size_t length = strspn(at, "<>=");
        snprintf(sign, sizeof sign, "%.*s", length < 3 ? (int)length : 0, at);
        at += length;
        at += strspn(at, " ");
        const size_t number = strspn(at, "0123456789.");
        if (options_word(sign, signs) < 0 || *at < '0' || *at > '9')
            return wrong;
        at += number;
        if (*at && *at != ',' && *at != ' ')
            return wrong;
    }
    return NULL;
}

typedef struct field {
    const char *name;
    size_t offset; /* of its pointer in a quirk; NO_PLACE = it is kept in another way */
    field_check *check;
} field;

#define NO_PLACE SIZE_MAX

static const field fields[] = {{"id", offsetof(quirk, id), check_id},
                               {"action", NO_PLACE, check_action},
                               {"cases", offsetof(quirk, cases), check_text},
                               {"reason", offsetof(quirk, reason), check_text},
                               {"link", offsetof(quirk, link), check_link},
                               {"expires", offsetof(quirk, expires), check_date},
                               {NULL, 0, NULL}};

static const field match_fields[] = {{"platform", offsetof(quirk, platform), check_text},
                                     {"device", offsetof(quirk, device), check_text},
                                     {"driver", offsetof(quirk, driver), check_driver},
                                     {"extension", offsetof(quirk, extension), check_text},
                                     {NULL, 0, NULL}};

/* ---- One quirk ------------------------------------------------------------------------------ */

/* Where an error is: the file, and the quirk by its id or, without one, by its place. */
typedef struct place {
    const char *file, *id;
    size_t index;
    char *why;
    size_t room;
} place;

static bool wrong(const place *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(const place *at, const char *format, ...)
{
    va_list list;
    int used = at->id ? snprintf(at->why, at->room, "%s: quirk %.60s: ", at->file, at->id)
                      : snprintf(at->why, at->room, "%s: quirk %zu: ", at->file, at->index + 1);
    used = used < (int)at->room ? used : (int)at->room;
    va_start(list, format);
    vsnprintf(at->why + used, at->room - (size_t)used, format, list);
    va_end(list);
    return false;
}

/* The fields of `object` into `out`; nothing else may stand there but a $comment and `other`. */
static bool read_fields(const place *at, json_t *object, const field *known, bool required,
                        const char *other, quirk *out)
{
    const char *key;
    json_t *value;
    size_t found = 0, all = 0;
    for (; known[all].name; all++) {
        value = json_object_get(object, known[all].name);
        const char *text = json_string_value(value);
        if (value ? !text : required)
            return wrong(at, "%s %s", known[all].name, value ? "is no string" : "is missing");
        const char *defect = value ? known[all].check(text) : NULL;
        if (defect)
            return wrong(at, "%s %s, but got '%.100s'", known[all].name, defect, text);
        if (value && known[all].offset != NO_PLACE)
            memcpy((char *)out + known[all].offset, &text, sizeof text);
        found += value != NULL;
    }
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (i < all && strcmp(known[i].name, key) != 0)
            i++;
        if (i == all && strcmp(key, "$comment") != 0 && strcmp(key, other) != 0)
            return wrong(at, "%.60s is no field of a quirk", key);
    }
    return found > 0 || wrong(at, "match names none of platform, device, driver and extension");
}

static bool read_quirk(place *at, json_t *object, quirk *out)
{
    json_t *match = json_object_get(object, "match");
    at->id = json_string_value(json_object_get(object, "id"));
    *out = (quirk){0};
    if (!json_is_object(object))
        return wrong(at, "is no object");
    if (!json_is_object(match))
        return wrong(at, "match is missing, or no object");
    out->skip = json_is_string(json_object_get(object, "action")) &&
                strcmp(json_string_value(json_object_get(object, "action")), "skip") == 0;
    return read_fields(at, object, fields, true, "match", out) &&
           read_fields(at, match, match_fields, false, "", out);
}

/* ---- Files ---------------------------------------------------------------------------------- */

/* Takes over `document`, an array of quirks or one. */
static bool add_document(quirks *q, const char *file, json_t *document, char *why, size_t room)
{
    json_t *list = json_is_array(document) ? document : json_pack("[o]", document);
    quirk *grown = realloc(q->all, (q->count + json_array_size(list) + 1) * sizeof *grown);
    json_array_append_new(q->documents, list);
    if (!grown) {
        snprintf(why, room, "%s: no memory for its quirks", file);
        return false;
    }
    q->all = grown;
    for (size_t i = 0; i < json_array_size(list); i++) {
        place at = {.file = file, .index = i, .why = why, .room = room};
        if (!read_quirk(&at, json_array_get(list, i), &q->all[q->count]))
            return false;
        for (size_t j = 0; j < q->count; j++)
            if (strcmp(q->all[j].id, at.id) == 0)
                return wrong(&at, "id is that of another quirk");
        q->count++;
    }
    return true;
}

static bool add_file(quirks *q, const char *path, char *why, size_t room)
{
    json_error_t error;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (document)
        return add_document(q, path, document, why, room);
    snprintf(why, room, "%s: line %d: %s", path, error.line, error.text);
    return false;
}

static int is_json(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static bool add_folder(quirks *q, const char *path, char *why, size_t room)
{
    char file[4096];
    struct dirent **names = NULL;
    const int count = scandir(path, &names, is_json, alphasort);
    bool ok = count > 0;
    if (count <= 0)
        snprintf(why, room, "%s: %s", path, count ? strerror(errno) : "holds no *.json");
    for (int i = 0; i < count; i++) {
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        ok = ok && add_file(q, file, why, room);
        free(names[i]);
    }
    free(names);
    return ok;
}

static bool add_built_in(quirks *q, char *why, size_t room)
{
    json_error_t error;
    bool ok = true;
    for (const embedded_file *f = quirk_files; ok && f->name; f++) {
        json_t *document =
            json_loadb((const char *)f->bytes, f->length, JSON_REJECT_DUPLICATES, &error);
        if (!document)
            snprintf(why, room, "%s: line %d: %s", f->name, error.line, error.text);
        ok = document && add_document(q, f->name, document, why, room);
    }
    return ok;
}

/* The clock's day, or that of SOURCE_DATE_EPOCH (seconds since 1970). */
static bool find_today(quirks *q, char *why, size_t room)
{
    int64_t seconds = 0;
    struct tm day;
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    if (fixed && !options_integer(fixed, &seconds)) {
        snprintf(why, room, "SOURCE_DATE_EPOCH is a whole number of seconds, but got '%.100s'",
                 fixed);
        return false;
    }
    const time_t now = fixed ? (time_t)seconds : time(NULL);
    return gmtime_r(&now, &day) && strftime(q->today, sizeof q->today, "%Y-%m-%d", &day) > 0;
}

bool quirks_load(quirks *q, const char *path, bool built_in, char *why, size_t room)
{
    struct stat status;
    *q = (quirks){.documents = json_array()};
    const bool folder = path && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    if (!find_today(q, why, room) ||
        (path && !(folder ? add_folder : add_file)(q, path, why, room)) ||
        (built_in && !add_built_in(q, why, room)))
        return false;
    char *text = json_dumps(q->documents, JSON_COMPACT | JSON_SORT_KEYS);
    if (text && q->count)
        snprintf(q->hash, sizeof q->hash, "%016llx", (unsigned long long)case_hash(text));
    else if (!text)
        snprintf(why, room, "no memory for quirks");
    free(text);
    return text != NULL;
}

void quirks_free(quirks *q)
{
    free(q->all);
    json_decref(q->documents);
}
