/* SPDX-License-Identifier: MIT */
/* The part of JSON Schema that the files in schema/ use: type, enum, required, properties,
 * additionalProperties, items and $ref into $defs. */
#ifndef CLCONV_UNIT_SCHEMA_H
#define CLCONV_UNIT_SCHEMA_H

#include <jansson.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static inline bool schema_type(const char *type, const json_t *value)
{
    const struct {
        const char *name;
        bool is;
    } types[] = {{"object", json_is_object(value)}, {"array", json_is_array(value)},
                 {"string", json_is_string(value)}, {"integer", json_is_integer(value)},
                 {"number", json_is_number(value)}, {"boolean", json_is_boolean(value)},
                 {"null", json_is_null(value)}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].is;
    return false;
}

/* `type` is one name, or a list of them. */
static inline bool schema_one_of(const json_t *type, const json_t *value)
{
    size_t i;
    json_t *one;
    bool is = json_is_string(type) && schema_type(json_string_value(type), value);
    json_array_foreach(type, i, one) is = is || schema_type(json_string_value(one), value);
    return is;
}

/* Whether `value`, called `name`, keeps to `schema`, a part of `root`; if not, `why` says what is
 * wrong. */
static inline bool schema_holds(const json_t *root, const json_t *schema, const json_t *value,
                                const char *name, char *why, size_t room)
{
    const char *key, *target = json_string_value(json_object_get(schema, "$ref"));
    json_t *item;
    size_t i;
    if (target) {
        const json_t *defs = json_object_get(root, "$defs");
        return schema_holds(root, json_object_get(defs, strrchr(target, '/') + 1), value, name, why,
                            room);
    }
    const json_t *type = json_object_get(schema, "type");
    if (type && !schema_one_of(type, value))
        return snprintf(why, room, "\"%s\" is not of its type", name), false;
    const json_t *choices = json_object_get(schema, "enum");
    bool chosen = choices == NULL;
    json_array_foreach(choices, i, item) chosen = chosen || json_equal(item, value);
    if (!chosen)
        return snprintf(why, room, "\"%s\" has a value that is none of its own", name), false;
    json_array_foreach(
        json_object_get(schema, "required"), i,
        item) if (!json_object_get(value,
                                   json_string_value(
                                       item))) return snprintf(why, room, "\"%s\" lacks \"%s\"",
                                                               name, json_string_value(item)),
        false;
    json_array_foreach(json_is_array(value) ? value : NULL, i,
                       item) if (!schema_holds(root, json_object_get(schema, "items"), item, name,
                                               why, room)) return false;
    json_object_foreach(json_is_object(value) ? (json_t *)value : NULL, key, item)
    {
        const json_t *known = json_object_get(json_object_get(schema, "properties"), key);
        const json_t *rest = json_object_get(schema, "additionalProperties");
        if (!known && json_is_false(rest))
            return snprintf(why, room, "\"%s\" has \"%s\", which the schema has not", name, key),
                   false;
        if ((known || rest) && !schema_holds(root, known ? known : rest, item, key, why, room))
            return false;
    }
    return true;
}

#endif
