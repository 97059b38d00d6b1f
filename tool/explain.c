/* SPDX-License-Identifier: MIT */
/* `clconv explain`: which algorithm a convolution gets on a device, and why not the others. */
#include "case.h"
#include "tool.h"

#include <jansson.h>
#include <stdio.h>

enum { DEVICE, JSON };
static const struct poptOption options[] = {{"device", '\0', POPT_ARG_STRING, NULL, DEVICE + 1,
                                             "index or part of a name ('clconv devices')", "D"},
                                            {"json", '\0', POPT_ARG_NONE, NULL, JSON + 1,
                                             "the same as JSON, with the ranked choices", NULL},
                                            POPT_TABLEEND};

static const tool_command command = {
    "[OPTION...] CASE",
    "\nPlans the convolution CASE without running it and prints the algorithm, its tile, the "
    "work,\n"
    "and why the other algorithms were not taken.\n"
    "\n"
    "CASE is one word: keys with numbers, then suffixes.\n"
    "  c h w k      input channels, image, output channels (required); hw sets h and w\n"
    "  n r s g b    images, kernel, groups, bias (n1 r1 s1 g1 b0); rs sets r and s\n"
    "  sh sw ph pw dh dw   stride, padding, dilation per axis; st p d set both;\n"
    "  pt pb pl pr  padding of one side, after the others; d1 is dense, as in PyTorch\n"
    "  :shared :reduce=sum|mean   one filter bank for every channel, k = c * filters\n"
    "  :gi=1+1+1 :go=3+3+2        uneven groups: input and output channels of each\n"
    "  :dir=backward-data|backward-weights   the gradient by x, or by w and b\n"
    "  :f16 (f64 bf16 i8 u8) :nhwc           element type; x and y NHWC, w OHWI\n"
    "  :algo=NAME :tile=kb=4,xb=8 exactly this algorithm and tile, or an error\n"
    "\n"
    "Examples\n"
    "  clconv explain c64hw56k64rs3p1              a dense 3x3 layer\n"
    "  clconv explain n8c32hw112k32rs3p1g32        depthwise, batch 8\n"
    "  clconv explain c3h480w640k3rs5p2:shared     one 5x5 filter for R, G and B\n"
    "  clconv explain c128hw56k128rs3p1g32:algo=direct\n"
    "  clconv explain c64hw56k64rs3p1:dir=backward-weights\n"
    "  clconv explain c32hw112k32rs3p1g32:f16\n",
    options};

static json_t *choices_json(clconv_context *context, const clconv_problem *p)
{
    clconv_choice choice[32];
    json_t *list = json_array();
    const size_t count = clconv_rank(context, p, NULL, choice, sizeof *choice, 32);
    for (size_t i = 0; i < count && i < 32; i++) {
        const clconv_choice *c = &choice[i];
        json_array_append_new(
            list, c->refusal
                      ? json_pack("{s:s, s:s}", "algorithm", c->algorithm, "refusal", c->refusal)
                      : json_pack("{s:s, s:f, s:I}", "algorithm", c->algorithm, "expected_ms",
                                  c->expected_ms, "workspace", (json_int_t)c->workspace));
    }
    return list;
}

static void print_json(const char *text, const tool_device *device, const clconv_problem *p,
                       const clconv_plan *plan)
{
    clconv_work_size work = {.size = sizeof work};
    clconv_problem_work(p, &work);
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o}", "case", text, "device", device->entry.name,
        "algorithm", clconv_plan_algorithm(plan), "macs", (json_int_t)work.macs, "bytes",
        (json_int_t)(work.x_bytes + work.w_bytes + work.b_bytes + work.y_bytes), "workspace",
        (json_int_t)clconv_plan_workspace(plan), "explain", clconv_plan_explain(plan), "choices",
        choices_json(device->context, p));
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static void print_text(const char *text, const tool_device *device, const clconv_plan *plan)
{
    printf("case       %s\ndevice     %s\n%s", text, device->entry.name, clconv_plan_explain(plan));
}

static int explain(const case_spec *spec, const char *wanted, bool json)
{
    char text[CASE_TEXT];
    const clconv_problem p = case_problem(spec);
    const clconv_plan_options plan_options = {.size = sizeof plan_options,
                                              .algorithm = spec->algo[0] ? spec->algo : NULL,
                                              .tile = spec->tile[0] ? spec->tile : NULL};
    tool_device device;
    clconv_plan *plan = NULL;
    int status = tool_device_open(wanted, &device);
    if (status == EXIT_GOOD) {
        const clconv_status made = clconv_plan_create(device.context, &p, &plan_options, &plan);
        status = made ? tool_library_error(made) : EXIT_GOOD;
    }
    case_print(spec, text, sizeof text);
    if (status == EXIT_GOOD && json)
        print_json(text, &device, &p, plan);
    else if (status == EXIT_GOOD)
        print_text(text, &device, plan);
    clconv_plan_destroy(plan);
    tool_device_close(&device);
    return status;
}

/* Everything that can be wrong with the word itself, before any device is looked for. */
static int read_case(const char *word, case_spec *out)
{
    char why[300];
    if (!case_parse(word, out, why, sizeof why))
        return tool_wrong_usage("clconv explain", "%s", why);
    const clconv_problem p = case_problem(out);
    const clconv_status status = clconv_validate(&p);
    if (status)
        return tool_library_error(status);
    if (out->tile[0] && !out->algo[0])
        return tool_fail(EXIT_USAGE, "case: ':tile=%s' needs ':algo=' to say whose tile it is",
                         out->tile);
    return tool_check_algorithm(out->algo[0] ? out->algo : NULL);
}

int tool_explain(int argc, const char **argv)
{
    tool_line line;
    case_spec spec;
    int status = tool_parse(&command, "CASE", argc, argv, &line);
    if (status == EXIT_GOOD && !line.helped)
        status = read_case(line.operand, &spec);
    if (status == EXIT_GOOD && !line.helped)
        status = explain(&spec, line.value[DEVICE], line.value[JSON] != NULL);
    tool_line_free(&line);
    return status;
}
