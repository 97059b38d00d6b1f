/* SPDX-License-Identifier: MIT */
/* Parses the text of a .npy header; nothing in it is trusted. */
#include "npy_header.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

/* bfloat16 is no NumPy type: its bits are stored as uint16. */
static const npy_type types[] = {
    {"f4", "float32", CLCONV_F32, 4},
    {"f8", "float64", CLCONV_F64, 8},
    {"f2", "float16", CLCONV_F16, 2},
    {"u2", "uint16", CLCONV_BF16, 2},
    {"i1", "int8", CLCONV_I8, 1},
    {"u1", "uint8", CLCONV_U8, 1},
    {"i4", "int32", CLCONV_I32, 4},
    {"i2", "int16", 0, 2},
    {"i8", "int64", 0, 8},
    {"u4", "uint32", 0, 4},
    {"u8", "uint64", 0, 8},
    {"b1", "bool", 0, 1},
    {"c8", "complex64", 0, 8},
    {"c16", "complex128", 0, 16},
    {"c32", "complex256", 0, 32},
    {"f16", "float128", 0, 16},
    {"O", "object", 0, 8},
};

const npy_type *npy_type_of_kind(const char *kind)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].kind, kind) == 0)
            return &types[i];
    return NULL;
}

const npy_type *npy_type_of_dtype(int32_t dtype)
{
    for (size_t i = 0; dtype && i < sizeof types / sizeof types[0]; i++)
        if (types[i].dtype == dtype)
            return &types[i];
    return NULL;
}

static void skip_space(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

static bool take(const char **at, const char *text)
{
    skip_space(at);
    const size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

/* A quoted Python string without escapes. */
static bool take_string(const char **at, char *out, size_t room)
{
    skip_space(at);
    const char quote = **at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *first = *at + 1, *last = strchr(first, quote);
    if (!last || (size_t)(last - first) >= room)
        return false;
    memcpy(out, first, (size_t)(last - first));
    out[last - first] = '\0';
    for (char *c = out; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    *at = last + 1;
    return true;
}

static bool take_bool(const char **at, bool *out)
{
    *out = take(at, "True");
    return *out || take(at, "False");
}

/* "(2, 3)", "(5,)" or "()". A number may be negative here: the caller has a sentence for it. */
static bool take_shape(const char **at, clconv_shape *out)
{
    bool comma = true;
    if (!take(at, "("))
        return false;
    out->rank = 0;
    while (!take(at, ")")) {
        char number[24];
        skip_space(at);
        const size_t length = strspn(*at, "-0123456789");
        if (!comma || out->rank == 8 || length == 0 || length >= sizeof number)
            return false;
        snprintf(number, sizeof number, "%.*s", (int)length, *at);
        if (!options_integer(number, &out->dim[out->rank++]))
            return false;
        *at += length;
        comma = take(at, ",");
    }
    return comma || out->rank > 1; /* "(5)" is a number in Python, not a tuple */
}

/* One "'key': value" of the dict. */
static bool take_entry(const char **at, npy_header *h)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape", NULL};
    char key[16];
    if (!take_string(at, key, sizeof key) || !take(at, ":"))
        return false;
    const int id = options_word(key, keys);
    if (id < 0 || (h->seen & (1u << id)))
        return false;
    h->seen |= 1u << id;
    if (id == 0)
        return take_string(at, h->descr, sizeof h->descr);
    return id == 1 ? take_bool(at, &h->fortran_order) : take_shape(at, &h->shape);
}

bool npy_header_parse(const char *text, npy_header *h)
{
    const char *at = text;
    bool comma = true;
    if (!take(&at, "{"))
        return false;
    while (!take(&at, "}")) {
        if (!comma || !take_entry(&at, h))
            return false;
        comma = take(&at, ",");
    }
    skip_space(&at);
    return *at == '\0' && h->seen == 7;
}
