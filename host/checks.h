/* SPDX-License-Identifier: MIT */
/* The rules on shapes and tensors, which checks.c puts in order. Each returns CLCONV_OK or records
 * a sentence. */
#ifndef CLCONV_CHECKS_H
#define CLCONV_CHECKS_H

#include "internal.h"

/* "(3, 5)", or with " x " between "(3 x 5)"; "(3)" for one axis. */
enum { CLCONV_AXES_TEXT = 64 };
const char *clconv_axes_text(const int64_t *values, int axes, const char *between,
                             char text[CLCONV_AXES_TEXT]);

/* The caller's problem as ours. */
clconv_status clconv_import_problem(const clconv_problem *p, clconv_problem *out);

clconv_status clconv_check_bias_dtype(const clconv_view *view);
clconv_status clconv_check_dtypes(const clconv_view *view);
clconv_status clconv_check_views(const clconv_view *view);
clconv_status clconv_check_epilogue(const clconv_view *view);
clconv_status clconv_check_quantization(const clconv_view *view);
/* Sets what kernels read of a checked problem's zero points and scales. */
clconv_status clconv_resolve_quantization(const clconv_problem *p, clconv_work *work);
/* The caller's epilogue as ours; none, where there is none. */
clconv_status clconv_import_epilogue(const clconv_problem *p, clconv_epilogue *out);
clconv_status clconv_check_input_rank(const clconv_view *view);
clconv_status clconv_check_counts(const clconv_view *view);
clconv_status clconv_check_weight_rank(const clconv_view *view);
clconv_status clconv_check_tables(const clconv_view *view);
clconv_status clconv_check_outputs(const clconv_view *view);
clconv_status clconv_check_channels(const clconv_view *view);
clconv_status clconv_check_bias_shape(const clconv_view *view);
clconv_status clconv_check_kernel(const clconv_view *view);
clconv_status clconv_check_empty(const clconv_view *view);
clconv_status clconv_check_sizes(const clconv_view *view);

#endif
