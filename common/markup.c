/* SPDX-License-Identifier: MIT */
/* Wraps libxml2's text writer in the few calls that the reports need. */
#include "markup.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define XML(text) ((const xmlChar *)(text))

markup markup_open(void)
{
    markup m = {.buffer = xmlBufferCreate()};
    m.writer = m.buffer ? xmlNewTextWriterMemory(m.buffer, 0) : NULL;
    if (m.writer)
        xmlTextWriterSetIndent(m.writer, 0);
    return m;
}

char *markup_close(markup *m)
{
    char *text = NULL;
    if (m->writer) {
        xmlTextWriterFlush(m->writer);
        const char *whole = (const char *)xmlBufferContent(m->buffer);
        text = malloc(strlen(whole) + 1);
        if (text)
            strcpy(text, whole);
        xmlFreeTextWriter(m->writer);
    }
    if (m->buffer)
        xmlBufferFree(m->buffer);
    *m = (markup){0};
    return text;
}

void markup_start(markup *m, const char *element)
{
    if (m->writer)
        xmlTextWriterStartElement(m->writer, XML(element));
}

void markup_attribute(markup *m, const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (m->writer)
        xmlTextWriterWriteVFormatAttribute(m->writer, XML(name), format, list);
    va_end(list);
}

static void text_list(markup *m, const char *format, va_list list)
{
    if (m->writer && *format)
        xmlTextWriterWriteVFormatString(m->writer, format, list);
}

void markup_text(markup *m, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_list(m, format, list);
    va_end(list);
}

void markup_raw(markup *m, const char *text)
{
    if (m->writer)
        xmlTextWriterWriteRaw(m->writer, XML(text));
}

void markup_end(markup *m)
{
    if (m->writer)
        xmlTextWriterFullEndElement(m->writer);
}

void markup_leaf(markup *m, const char *element, const char *class_name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    markup_start(m, element);
    if (class_name)
        markup_attribute(m, "class", "%s", class_name);
    text_list(m, format, list);
    markup_end(m);
    va_end(list);
}
