/* SPDX-License-Identifier: MIT */
/* Strict readers for option values: the whole text or an error. */
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads "-12" at `text`; returns the first character after it, or NULL. No white space, no plus
 * sign, no base prefix: strtoll alone would take them all. */
static const char *read_integer(const char *text, int64_t *out)
{
    const bool negative = *text == '-';
    const char *digit = text + negative;
    if (*digit < '0' || *digit > '9')
        return NULL;
    int64_t value = 0; /* counted downwards: INT64_MIN has no positive twin */
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        const int64_t next = *digit - '0';
        if (value < (INT64_MIN + next) / 10)
            return NULL;
        value = value * 10 - next;
    }
    if (!negative && value == INT64_MIN)
        return NULL;
    *out = negative ? value : -value;
    return digit;
}

bool options_integer(const char *text, int64_t *out)
{
    int64_t value = 0;
    const char *end = read_integer(text, &value);
    if (!end || *end)
        return false;
    *out = value;
    return true;
}

bool options_list(const char *text, char separator, size_t min, size_t max, int64_t *out,
                  size_t *count)
{
    size_t read = 0;
    for (;;) {
        int64_t value = 0;
        const char *end = read_integer(text, &value);
        if (!end || read == max)
            return false;
        out[read++] = value;
        if (!*end)
            break;
        if (*end != separator)
            return false;
        text = end + 1;
    }
    if (read < min)
        return false;
    *count = read;
    return true;
}

/* Up to the separator or the end; *text then is what follows. */
static bool read_number(const char **text, char separator, double *out)
{
    char *end = NULL;
    const char first = **text;
    if (!((first >= '0' && first <= '9') || first == '-' || first == '.'))
        return false; /* strtod takes blanks, signs and words before and besides */
    *out = strtod(*text, &end);
    if (end == *text || (*end && *end != separator) || !isfinite(*out) ||
        memchr(*text, 'x', (size_t)(end - *text)))
        return false;
    *text = *end ? end + 1 : end;
    return *end == '\0' || **text != '\0';
}

bool options_numbers(const char *text, char separator, size_t min, size_t max, double *out,
                     size_t *count)
{
    *count = 0;
    while (*text) {
        if (*count == max || !read_number(&text, separator, &out[*count]))
            return false;
        ++*count;
    }
    return *count >= min;
}

int options_word(const char *text, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return -1;
}

const char *options_words_text(const char *const *words, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; words[i] && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "", words[i]);
    return text;
}
