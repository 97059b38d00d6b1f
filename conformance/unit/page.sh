#!/bin/sh
# SPDX-License-Identifier: MIT
# The HTML report in headless Chromium: a good one, one with failures and a huge one, on a desktop
# and on a phone, light and dark. Arguments: clconv-conform, the JSON document of a smoke run, and
# where pictures go (optional). Exit status 77 without Chromium.
set -u
conform=$1 smoke=$2 pictures=${3:-}
# shellcheck source=tests/browser.sh
. "$(dirname "$0")/../../tests/browser.sh"
[ -f "$smoke" ] || exit 77

# Every third case of `direct` with a stride or dilation fails, and some others are skipped.
make_failing() {
    awk '/"case":/ { n++
             bad = /algo=direct/ && /(st|sh|sw|d|dh|dw)[0-9]+.*:algo/
             skip = !bad && n % 9 == 0 }
         bad && /"state":/ { sub(/PASS/, "FAIL") }
         bad && /"kind":/ { sub(/""/, "\"value\"") }
         skip && /"state":/ { sub(/PASS/, "SKIP") }
         skip && /"kind":/ { sub(/""/, "\"device_memory\"") }
         bad && /"reason":/ { sub(/""/, "\"5 of 312 outputs wrong (0 still hold the poison), " \
             "first n=0 k=0 p=1 q=0: expected -0.49951171875, got 0.25, bound 0; " \
             "<b> \\& </script>\"") }
         { print }' "$smoke"
}

# `count` cases, of which one in a hundred fails.
make_huge() { # make_huge COUNT
    sed -n '1,/"listed":/p' "$smoke" | sed "s/\"listed\":.*/\"listed\": $1, \"tier_listed\": $1,/"
    sed -n '/"seconds":/{p;q;}' "$smoke"
    awk -v count="$1" 'BEGIN {
        print "}, \"cases\": ["
        for (i = 1; i <= count; i++)
            printf "{\"case\":\"n%dc1hw4k1:algo=%s:data=exact\",\"state\":\"%s\",\"kind\":\"%s\"," \
                "\"reason\":\"\",\"headroom\":0.0,\"seconds\":0.1,\"origin\":\"huge\"}%s\n", i,
                i % 2 ? "naive" : "direct", i % 100 ? "PASS" : "FAIL", i % 100 ? "" : "value",
                i < count ? "," : "]}" }'
}

cp "$smoke" "$work/good.json"
make_failing >"$work/failing.json"
make_huge 60000 >"$work/huge.json"
for report in good failing huge; do
    (cd "$work" && "$conform" merge "$report.json" --html "$report.html" >"$report.out" 2>&1)
    [ -s "$work/$report.html" ] || complain "$report: $(head -n 3 "$work/$report.out")"
    self_contained "$report"
done
listed=$(grep -c '"case":' "$work/good.json")
sorted=algo=naive,algorithms:1,cases:5
for report in good failing; do
    look_everywhere "$report" "200,$listed,$sorted"
done
look huge 390 light "200,60000,$sorted"
[ "$status" = 0 ] && echo "page.sh: $views views of 3 reports are right"
exit "$status"
