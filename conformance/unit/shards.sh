#!/bin/sh
# SPDX-License-Identifier: MIT
# Three processes under --shard auto, put together by merge, give the single run's result case by case.
# Argument: clconv-conform.
set -u
conform=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset SLURM_ARRAY_TASK_ID OMPI_COMM_WORLD_RANK SLURM_PROCID
export PMI_RANK PMI_SIZE=3

wrong() {
    echo "shards.sh: $1" >&2
    cat out >&2
    exit 1
}

# Cases with their states, and how often each algorithm refused: all that does not tell the time.
facts() { # facts DOCUMENT
    sed -n '/^ "algorithms"/,/^ }/p' "$1" | sed 's/,$//' | sort
    sed -n '/^ "cases"/,$p' "$1" | grep -E '"(case|state)":' | paste -d ' ' - - | sort
}

"$conform" --json whole.json >out 2>&1
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the smoke tier does not pass" ;;
esac
for PMI_RANK in 0 1 2; do
    "$conform" --shard auto --json "$PMI_RANK.json" >out 2>&1 || wrong "shard $PMI_RANK failed"
    grep -q "of shard $((PMI_RANK + 1))/3" out || wrong "rank $PMI_RANK is not its shard"
done
"$conform" merge 0.json 1.json 2.json --json merged.json --baseline whole.json >out 2>&1 ||
    wrong "merge failed"
grep -qx 'baseline new failures 0, fixed 0, cases only there 0, only here 0' out ||
    wrong "merge does not hold the whole run's cases"
facts whole.json >expected
[ "$(grep -c '"PASS"' expected)" -gt 50 ] || wrong "the document has another form"
facts merged.json | cmp -s expected - || wrong "merge differs from the whole run"
"$conform" merge 0.json 2.json >out 2>&1
[ $? -eq 2 ] || wrong "a missing shard is no error"
