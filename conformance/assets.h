/* SPDX-License-Identifier: MIT */
/* Files built into the suite: the layer table, the look of its cases in the HTML report. */
#ifndef CLCONV_ASSETS_H
#define CLCONV_ASSETS_H

#include "embedded.h"

extern const embedded_file suite_files[];

#endif
