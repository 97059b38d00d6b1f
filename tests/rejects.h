/* SPDX-License-Identifier: MIT */
/* Command lines of `clconv` that must be refused, as rows. */
#ifndef CLCONV_REJECTS_H
#define CLCONV_REJECTS_H

#include <stddef.h>

typedef struct reject {
    /* After "clconv run --y FILE"; with `bare`, after "clconv". "@2,8,5,5" is a file of that shape,
     * float32; "@float64:2,8,5,5" has another type. */
    const char *arguments;
    const char *phrase; /* the first line on stderr holds it */
} reject;

/* Each ended by a row without arguments. `runs` are exit 2 of `clconv run`, `bare` exit 2 of clconv
 * itself, `late` exit 1 of `clconv run`: the device had to be asked. */
extern const reject reject_runs[], reject_bare[], reject_late[];

#endif
