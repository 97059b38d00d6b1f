/* SPDX-License-Identifier: MIT */
/* Reads layers.csv, the convolutions of published models, out of the program itself. */
#include "assets.h"
#include "cases.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

enum {
    LAYER_NUMBERS = 15
}; /* n,c,h,w,k,r,s,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups,count */

static void layer_problem(const int64_t v[LAYER_NUMBERS], case_spec *out)
{
    case_init(out);
    clconv_problem *p = &out->problem;
    p->n = v[0];
    p->c = v[1];
    p->k = v[4];
    p->groups = v[13];
    for (int d = 0; d < 2; d++) {
        p->in[d] = v[2 + d];
        p->kernel[d] = v[5 + d];
        p->stride[d] = v[7 + d];
        p->pad_before[d] = p->pad_after[d] = v[9 + d];
        p->dilation[d] = v[11 + d];
    }
}

/* model,layer,<numbers>: the numbers begin after the second comma. */
static bool parse_layer(const char *line, case_spec *out, char *origin, size_t room)
{
    const char *comma = strchr(line, ',');
    const char *numbers = comma ? strchr(comma + 1, ',') : NULL;
    int64_t values[LAYER_NUMBERS];
    size_t count = 0;
    if (!numbers || !options_list(numbers + 1, ',', LAYER_NUMBERS, LAYER_NUMBERS, values, &count))
        return false;
    layer_problem(values, out);
    snprintf(origin, room, "layer: %.*s %.*s", (int)(comma - line), line,
             (int)(numbers - comma - 1), comma + 1);
    return true;
}

bool layers_each(layer_visitor *add, void *user, char *why, size_t room)
{
    char *text = embedded_text(suite_files, "layers.csv"), *rest = NULL;
    bool ok = text != NULL;
    if (!ok)
        snprintf(why, room, "layers.csv is not in this program, or there is no memory for it");
    char *line = ok ? strtok_r(text, "\n", &rest) : NULL; /* the column names */
    while (ok && (line = strtok_r(NULL, "\n", &rest))) {
        case_spec layer;
        char origin[sizeof((suite_entry *)0)->origin];
        clconv_work_size work = {.size = sizeof work};
        ok = parse_layer(line, &layer, origin, sizeof origin) &&
             clconv_problem_work(&layer.problem, &work) == CLCONV_OK;
        if (!ok)
            snprintf(why, room, "layers.csv: cannot use the row \"%s\"", line);
        else
            add(user, &layer, origin);
    }
    free(text);
    return ok;
}
