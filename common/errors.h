/* SPDX-License-Identifier: MIT */
/* What the programs say when something is wrong. */
#ifndef CLCONV_ERRORS_H
#define CLCONV_ERRORS_H

/* One line on stderr. White space becomes blanks and other control characters '?': a file name, an
 * option or a compiler's log may hold them, and would add lines or move a terminal's cursor. */
void errors_print(const char *sentence);

#endif
