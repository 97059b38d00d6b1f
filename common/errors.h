/* SPDX-License-Identifier: MIT */
/* What the programs say when something is wrong. */
#ifndef CLCONV_ERRORS_H
#define CLCONV_ERRORS_H

/* One line on stderr. Control characters, which a file name or an option may hold, become '?': no
 * second line, nothing that moves a terminal's cursor. */
void errors_print(const char *sentence);

#endif
