#!/bin/sh
# SPDX-License-Identifier: MIT
# A sweep finds one wrong convolution among hundreds and names it: as a case that fails alike, or, when
# it is wrong only among the others, as that. Arguments: clconv-conform, kernels/cl.
set -u
conform=$1 kernels=$2
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
export CLCONV_CACHE_DIR="$work/cache" POCL_CACHE_DIR="$work/pocl"
mkdir "$work/cl" "$work/pocl"
sweep=n2c4hw3k4r3s2sh2dw2g2b1:algo=naive:sweep=3

# The naive kernel with a line before its last statement.
break_kernel() {
    cp "$kernels"/*.cl "$work/cl/"
    awk -v line="$1" '/^    WRITE\(y,/ { print line } { print }' "$kernels/naive.cl" \
        >"$work/cl/naive.cl"
    ! cmp -s "$kernels/naive.cl" "$work/cl/naive.cl" || wrong "the kernel has no such line"
}

# fails KIND CULPRIT: the sweep fails so, and names the culprit.
fails() {
    CLCONV_KERNEL_DIR="$work/cl" "$conform" --case "$sweep" --json "$work/out.json" >"$work/out" 2>&1
    [ $? -eq 1 ] || wrong "the exit status is not 1"
    cat "$work/out.json" >>"$work/out"
    grep -q "\"kind\": *\"$1\"" "$work/out.json" || wrong "the kind is not $1"
    grep -q "\"culprit\": *\"$2\"" "$work/out.json" || wrong "the culprit is not $2"
}

"$conform" --case "$sweep" -v >"$work/out" 2>&1
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the unbroken kernel fails" ;;
esac
grep -Eq 'PASS: [1-9][0-9]{2,} convolutions, [0-9]+ per second' "$work/out" || wrong "no figure"

culprit=n2c4h3w2k4r3s2sh2pw2dw2g2b1:algo=naive:data=exact
break_kernel '    if (in_h == 3 && in_w == 2 && pad_left == 2 && k == 1) sum = -sum;'
fails value "$culprit"
CLCONV_KERNEL_DIR="$work/cl" "$conform" --case "$culprit" >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "the culprit does not fail alone"

break_kernel '    if (in_h == 3 && in_w == 3) y[y_offset - 2] = 1.0f;'
fails guard_write n2c4hw3k4r3s2sh2dw2g2b1:algo=naive:data=exact

break_kernel '    if (in_h == 2 && in_w == 3) ((global float *)x)[x_offset - 3] = 1.0f;'
fails guard_write n2c4h2w3k4r3s2sh2ph1dw2g2b1:algo=naive:data=exact

# 16 KB from the buffer's beginning is far behind the guards of a case of its own.
break_kernel '    if (y_offset > 4000 && pixel == 3) sum += 1.0f;'
CLCONV_KERNEL_DIR="$work/cl" "$conform" --case "$sweep" --json "$work/out.json" >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "the exit status is not 1"
grep -q ': sweep: .*right when it runs alone' "$work/out" || wrong "it does not say how it fails"

"$conform" --case "$sweep:data=real" >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "a sweep of real data is not told"
grep -q 'SKIP .*exact data alone' "$work/out" || wrong "a sweep of real data says nothing"

# No filter fits: nothing was checked, and nobody may think so.
"$conform" --case c1hw13k1rs5d3:algo=naive:sweep=2 >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "an empty sweep is not told"
grep -q 'SKIP .*the filter fits none' "$work/out" || wrong "an empty sweep says nothing"
