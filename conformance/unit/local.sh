#!/bin/sh
# SPDX-License-Identifier: MIT
# A kernel that reads local memory it never wrote, and swallows the NaN that a sum would show: only
# the run after the suite's own kernel, which leaves other words there, can tell. And, so that the
# fault is the local memory's, the same kernel that does write it first passes.
# Arguments: clconv-conform, kernels/cl.
set -u
conform=$1 kernels=$2
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
export CLCONV_CACHE_DIR="$work/cache" POCL_CACHE_DIR="$work/pocl"
mkdir "$work/cl" "$work/pocl"
cp "$kernels"/*.cl "$work/cl/"
export CLCONV_KERNEL_DIR="$work/cl"
# One worker has one local memory. Of two on a busy machine, one may fill its own and the other run
# the whole convolution on clean words: in one case of many that is chance, here it would be a miss.
export POCL_MAX_PTHREAD_COUNT=1

# replace INITIALISER: naive adds 1 where the local word is not what a fresh device holds.
replace() {
    awk -v first="$1" '
        { print }
        /^kernel void naive/ { inside = 1 }
        inside && /^{/ { inside = 0
            print "    local volatile uint stale[1024];"
            if (first != "") print "    stale[get_local_id(0)] = " first ";"
            print "    const float extra = stale[get_local_id(0)] == 0xffffffffu ? 1.0f : 0.0f;" }
    ' "$kernels/naive.cl" | sed 's/real sum = 0;/real sum = extra;/' >"$work/cl/naive.cl"
}

case="c4h7w23k6r2s5sh2b1:algo=naive:data=exact"
replace 0u
"$conform" --case "$case" >"$work/out" 2>&1
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "a kernel that writes its local memory does not pass" ;;
esac
grep -q PoCL "$work/out" || exit 77 # others may clear the local memory for each kernel

replace ""
"$conform" --case "$case" >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "the exit status is not 1"
grep -q '^FAIL .*: value: .*; sub-buffers, two in flight' "$work/out" ||
    wrong "stale local memory is not seen by the run that dirties it"
