#!/bin/sh
# SPDX-License-Identifier: MIT
# The HTML report in headless Chromium: a small one with a comparison and one of 2,000 rows, on a
# desktop and on a phone, light and dark. Arguments: bench_render, a document, and where pictures go
# (optional). Exit status 77 without Chromium.
set -u
render=$1 document=$2 pictures=${3:-}
# shellcheck source=tests/browser.sh
. "$(dirname "$0")/../../tests/browser.sh"

"$render" "$document" 1 "$document" >"$work/small.html" || complain "the small page is not written"
"$render" "$document" 250 >"$work/large.html" || complain "the large page is not written"
self_contained small
look_everywhere small 8,8,rival,cases:3,rivals:2,totals:3
look large 1280 light 2000,2000,rival,cases:3
look large 390 dark 2000,2000,rival,cases:3
[ "$status" = 0 ] && echo "page.sh: $views views of 2 reports are right"
exit "$status"
