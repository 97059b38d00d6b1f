/* SPDX-License-Identifier: MIT */
/* What the designs for channels last share. */
#include "designs.h"

const char *clconv_last_refuses(const clconv_work *work)
{
    if (work->plain || work->x_stride.channel != 1 || work->y_stride.channel != 1)
        return "it reads and writes channels last only";
    return clconv_strip_refuses(work);
}

bool clconv_last_is_flat(const clconv_work *work)
{
    return work->x_stride.row == work->w * work->x_stride.column &&
           work->y_stride.row == work->q * work->y_stride.column;
}

bool clconv_last_streams(const clconv_request *request, int v)
{
    enum { LINE = 16 }; /* floats */
    const clconv_work *work = request->work;
    const double used = (double)(work->x_bytes + work->y_bytes);
    const double cache = request->dev->traits.cache_bytes; /* 0 = not known */
    if (request->stream)
        return request->stream == CLCONV_STREAM_YES;
    return work->x_dtype == CLCONV_F32 && v == LINE && work->y_stride.column % LINE == 0 &&
           cache > 0 && used > 0.75 * cache;
}
