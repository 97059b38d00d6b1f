/* SPDX-License-Identifier: MIT */
/* Padding modes beside the other axes: rows of a cover once more, so that every mode meets every
 * value, or pair of values, that has room for it. */
#include "axes.h"
#include "padding.h"
#include "problems.h"

#include <stdlib.h>

enum { MODES = CLCONV_PAD_CIRCULAR };

/* What is covered: [mode - 1][value][value], numbered through all axes; pairs on the diagonal. */
typedef struct met {
    bool at[MODES][AXES_MOST_VALUES][AXES_MOST_VALUES];
} met;

bool has_padding(const clconv_problem *p)
{
    return p->pad_before[0] || p->pad_after[0] || p->pad_before[1] || p->pad_after[1];
}

/* Counts what a row would add for a mode, and adds it where `take`. */
static int meet(met *all, int mode, const axis_row *row, int strength, bool take)
{
    int number[AXIS_COUNT], gained = 0;
    axes_number(row, number);
    for (int i = 0; i < AXIS_COUNT; i++)
        for (int j = i; j < (strength == 2 ? i + 1 : AXIS_COUNT); j++) {
            bool *const here = &all->at[mode - 1][number[i]][number[j]];
            gained += !*here;
            *here = *here || take;
        }
    return gained;
}

/* Rows of few filters only, where programs are compiled anyway; each in the mode that gains most.
 */
void add_modes(problem_list *list, const axis_row *rows, size_t count, int strength)
{
    met *const all = calloc(1, sizeof *all);
    list->failed = list->failed || !all;
    for (int turn = 0; all && turn < MODES; turn++)
        for (size_t i = 0; i < count; i++) {
            case_spec c;
            axes_problem(&rows[i], &c);
            int best = 0, most = 0;
            for (int mode = 1; mode <= MODES; mode++) {
                c.problem.pad_mode = mode;
                const int gain =
                    padding_fits(&c.problem) ? meet(all, mode, &rows[i], strength, false) : 0;
                if (gain > most)
                    best = mode, most = gain;
            }
            c.problem.pad_mode = best;
            if (!best || !has_padding(&c.problem) || !is_drawn_filter(&c.problem))
                continue;
            meet(all, best, &rows[i], strength, true);
            add_mode(list, &c);
        }
    free(all);
}
