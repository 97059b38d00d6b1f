/* SPDX-License-Identifier: MIT */
/* The arrays of a case as .npy files, for whoever looks for the bug. */
#ifndef CLCONV_DUMP_H
#define CLCONV_DUMP_H

#include "suite.h"

enum { DUMP_PATH = 4096 };

/* Makes the folder if it is missing; false with a sentence when nothing can be written there. */
bool dump_prepare(const char *dir, char *why, size_t room);

/* DIR/<name>, the case's name made safe for every file system; "" when that is too long. Returns
 * path, which has room for DUMP_PATH. */
const char *dump_path(const char *dir, const char *name, char *path);

/* Writes the inputs among x, w, b (with a bias) and y, expected (float64) and got into `folder`,
 * which is made if missing, in the types and layouts of the case; backward-weights has expected_b
 * and got_b beside those of w. `got` NULL = no output came back: what an earlier run left as
 * got.npy is removed. */
bool dump_case(const char *folder, const case_spec *c, const double *got, char *why, size_t room);

#endif
