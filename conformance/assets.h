/* SPDX-License-Identifier: MIT */
/* Files built into the suite: the layer table, the look of the HTML report. */
#ifndef CLCONV_ASSETS_H
#define CLCONV_ASSETS_H

/* A built-in file as a string, malloc'ed; NULL when there is none of that name or no memory. */
char *asset_text(const char *name);

#endif
