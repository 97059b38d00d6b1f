/* SPDX-License-Identifier: MIT */
/* Rows and their CSV: numbers only of what was verified, whatever was timed before it failed. */
#include "report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double samples[] = {1e-3, 2e-3, 3e-3};
static char model[] = "net", name[] = "first, \"1x1\"", case_text[] = "c1hw1k1";
static layer_row layer = {.model = model, .layer = name, .count = 2};
static const measured_device device = {.entry.name = "a device"};
static const roofline roof = {
    .gflops = 1, .levels = 1, .level = {{.bytes = 64, .copy_gbps = 1, .triad_gbps = 2}}};

static bench_row row(row_status status, bool verified)
{
    return (bench_row){.layer = &layer,
                       .name = case_text,
                       .algo = "direct",
                       .asked = "auto",
                       .batch = 1,
                       .work = {.macs = 1e6, .macs_inside = 0.5e6, .bytes = 1e6},
                       .m = {.status = status,
                             .verified = verified,
                             .facts.threads = 3,
                             .sample = samples,
                             .count = 3,
                             .stats = stats_of(samples, 3)}};
}

static void measured(void **state)
{
    (void)state;
    for (int status = ROW_OK; status <= ROW_FAILED; status++)
        for (int verified = 0; verified < 2; verified++) {
            const bench_row r = row((row_status)status, verified);
            const bool good = verified && status <= ROW_THROTTLED;
            assert_int_equal(row_is_measured(&r), good);
            assert_int_equal(isnan(row_roof_pct(&r, &roof)), !good);
        }
    const bench_row r = row(ROW_OK, true);
    assert_true(fabs(row_roof_pct(&r, &roof) - 50) < 1e-9); /* 1 ms of 2, by compute */
}

static void csv(void **state)
{
    (void)state;
    bench_row rows[] = {row(ROW_NOISY, true), row(ROW_FAILED, false)};
    const bench_run run = {.device = &device, .roof = &roof, .rows = rows, .count = 2};
    char *text = bench_csv(&run);
    assert_string_equal(text, "model,layer,case,algo,device,threads,median_ms,min_ms,mad_ms,gflops,"
                              "gbps,roof_pct,status,verified\n"
                              "net,\"first, \"\"1x1\"\"\",c1hw1k1,direct,a device,3,2,1,1,1,0.5,50,"
                              "NOISY,yes\n"
                              "net,\"first, \"\"1x1\"\"\",c1hw1k1,direct,a device,3,,,,,,,"
                              "FAILED,no\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(measured), cmocka_unit_test(csv)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
