/* SPDX-License-Identifier: MIT */
/* clconv-bench: how fast convolutions are on a device, and how near to what it can do. Options. */
#include "bench.h"

#include "command_line.h"
#include "errors.h"

#include <stdlib.h>
#include <string.h>

static const char epilog[] =
    "\n"
    "Suites: core (default: the grouped layers of well-known networks), quick (6 small layers),\n"
    "worklist (depthwise, grouped, dense, 1x1 and shared kernels), layers (555 layers of 25\n"
    "models; default with --model). A CSV has the columns model,layer,n,c,h,w,k,r,s,stride_h,\n"
    "stride_w,pad_h,pad_w,dil_h,dil_w,groups,count and perhaps mode (conv or shared).\n"
    "CASE is one word, dilation 1 is dense as in PyTorch; :algo= and :tile= force a choice, "
    ":dir=,\n"
    ":f16 and :nhwc are a --direction, --dtype and --layout of its own.\n"
    "\n"
    "Each row: the median time of a launch among launches queued back to back, +- half of its 95 "
    "%\n"
    "interval, and the share of the measured roofline. Results are verified where they are timed.\n"
    "NOISY: the interval is wide; THROTTLED: the device changed its speed. See docs/benchmark.md.\n"
    "\n"
    "Examples:\n"
    "  clconv-bench --suite quick                             seconds: does it work, how fast\n"
    "  clconv-bench --model resnext50_32x4d --batch 1,8       one network, two batches\n"
    "  clconv-bench --suite worklist --rivals onednn,clblast --json new.json\n"
    "  clconv-bench --case c128hw56k128rs3p1g32 --algo auto,direct,naive\n"
    "  clconv-bench --case c64hw112k512rs3p1:shared --rivals onednn-any\n"
    "  clconv-bench --suite core --direction backward-weights --rivals onednn\n"
    "  clconv-bench --suite worklist --dtype f16 --layout nhwc\n"
    "  clconv-bench --layers mine.csv --grouped-only --min-time 0.5 --max-time 5 --csv "
    "mine-out.csv\n"
    "\n"
    "Exit status: 0 good; 1 a result was wrong, or no algorithm asked for does a layer on this\n"
    "device; 2 wrong usage; 3 with --strict, a row is NOISY, THROTTLED or slower\n"
    "than the baseline; 77 no OpenCL device.\n";

static int wrong(const char *sentence)
{
    errors_print(sentence);
    return EXIT_USAGE;
}

static int dispatch(poptContext context, const struct poptOption *table, bench_options *o)
{
    char why[1024];
    if (!take_options(context, table, why, sizeof why))
        return wrong(why);
    const char *stray = poptPeekArg(context);
    if (o->text.help) {
        poptPrintHelp(context, stdout, 0);
        fputs(epilog, stdout);
        return EXIT_GOOD;
    }
    if (stray) {
        snprintf(why, sizeof why, "'%s' is not an option (see --help)", stray);
        return wrong(why);
    }
    if (!options_settle(o, why, sizeof why))
        return wrong(why);
    return o->text.list ? bench_list(o) : bench_main(o);
}

/* Whether what was printed arrived. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    errors_print("standard output cannot be written");
    return EXIT_DEVICE;
}

int main(int argc, const char **argv)
{
    bench_options o = {0};
    bench_texts *t = &o.text;
    char suites[200] = "A built-in table: ", rivals[200] = "In turns with ";
    layers_suites_text(suites + strlen(suites), sizeof suites - strlen(suites));
    rivals_text(rivals + strlen(rivals), sizeof rivals - strlen(rivals));
    /* clang-format off */
    struct poptOption table[] = {
        TEXT_OPTION("device", &t->device, "D",
                    "Index or part of the name, as `clconv devices` prints them"),
        TEXT_OPTION("layers", &t->layers, "CSV", "The layers of this table"),
        TEXT_OPTION("suite", &t->suite, "NAME", suites),
        TEXT_OPTION("model", &t->model, "M", "Only the layers of this model"),
        FLAG_OPTION("grouped-only", '\0', &t->grouped_only, "Only layers with groups, or shared"),
        TEXT_OPTION("direction", &t->direction, "D",
                    "forward, or the gradients: backward-data, backward-weights"),
        TEXT_OPTION("dtype", &t->dtype, "T",
                    "All arrays of this type: f32, f64, f16, bf16, i8, u8"),
        TEXT_OPTION("layout", &t->layout, "L", "nchw, or nhwc: x and y NHWC, w OHWI"),
        LIST_OPTION("case", &t->cases, "CASE", "This convolution (may be given again)"),
        TEXT_OPTION("batch", &t->batch, "N,..", "With so many images, not those of the table"),
        TEXT_OPTION("algo", &t->algo, "A,..", "By these algorithms; auto = the plan's choice"),
        FLAG_OPTION("raw", '\0', &t->raw, "Also with weights packed at each launch, as raw:NAME"),
        TEXT_OPTION("rivals", &t->rivals, "R,..", rivals),
        TEXT_OPTION("min-time", &t->min_time, "S", "Seconds of samples per row at least (0.1)"),
        TEXT_OPTION("max-time", &t->max_time, "S", "... and at most (1)"),
        TEXT_OPTION("seed", &t->seed, "N", "Other data (1)"),
        TEXT_OPTION("json", &t->json, "F", "Write results as JSON"),
        TEXT_OPTION("csv", &t->csv, "F", "Write results as CSV"),
        TEXT_OPTION("html", &t->html, "F", "Write a report with plots as HTML"),
        TEXT_OPTION("baseline", &t->baseline, "F",
                    "Compare with what --json wrote on this device before"),
        FLAG_OPTION("strict", '\0', &t->strict,
                    "Exit with 3 for rows NOISY, THROTTLED or SLOWER than the baseline"),
        FLAG_OPTION("list", '\0', &t->list, "Print what would be measured; needs no device"),
        FLAG_OPTION("verbose", 'v', &t->verbose, "Print case, tile and other times of each row"),
        FLAG_OPTION("help", 'h', &t->help, "Show this text"),
        POPT_TABLEEND};
    /* clang-format on */
    number_options(table);
    /* PoCL's handler would swallow a division by zero on the host. */
    setenv("POCL_SIGFPE_HANDLER", "0", 0);
    poptContext context = poptGetContext("clconv-bench", argc, argv, table, 0);
    const int code = finish(dispatch(context, table, &o));
    options_free(&o);
    release_texts(table);
    poptFreeContext(context);
    return code;
}
