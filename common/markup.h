/* SPDX-License-Identifier: MIT */
/* XML and HTML in memory, over libxml2's writer: escaping and nesting are its work. */
#ifndef CLCONV_MARKUP_H
#define CLCONV_MARKUP_H

#include <libxml/xmlwriter.h>

typedef struct markup {
    xmlBuffer *buffer;
    xmlTextWriter *writer;
} markup;

/* A markup without memory swallows all calls; its text is NULL. */
markup markup_open(void);
/* Ends it; the text is malloc'ed. */
char *markup_close(markup *m);

void markup_start(markup *m, const char *element);
void markup_attribute(markup *m, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void markup_text(markup *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Written as it stands, for built-in style and script. */
void markup_raw(markup *m, const char *text);
/* <x></x>, never <x/>: HTML knows no short form. */
void markup_end(markup *m);

/* An element with a class (NULL = none) and a text. */
void markup_leaf(markup *m, const char *element, const char *class_name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
