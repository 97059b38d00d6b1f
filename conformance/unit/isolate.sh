#!/bin/sh
# SPDX-License-Identifier: MIT
# --isolate survives a driver that crashes and one that hangs: a kernel is broken for two image widths
# of the smoke tier, and exactly these cases must fail. Arguments: clconv-conform, kernels/cl.
set -u
conform=$1 kernels=$2
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
export CLCONV_CACHE_DIR="$work/cache" POCL_CACHE_DIR="$work/pocl"
mkdir "$work/cl" "$work/pocl"

# A store far outside crashes PoCL, which runs kernels in the host process; others may survive it.
"$conform" --case c1hw1k1:algo=naive >"$work/out" 2>&1
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the unbroken kernel does not run" ;;
esac
grep -q PoCL "$work/out" || exit 77

cp "$kernels"/*.cl "$work/cl/"
awk '{ print } /^kernel void naive/ { inside = 1 } inside && /^{/ { inside = 0
    print "    if (in_h == 7 && in_w == 32) y[1L << 45] = 1.0f;"
    print "    if (in_w == 23) { volatile global float *v = y; while (*v != 1e30f) *v = 0.0f; }"
}' "$kernels/naive.cl" >"$work/cl/naive.cl"
export CLCONV_KERNEL_DIR="$work/cl"

# A sanitizer must leave the crash to the parent, whose work it is to tell it.
ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_sigbus=0 \
    TSAN_OPTIONS=${TSAN_OPTIONS:-}:handle_segv=0:handle_sigbus=0 \
    "$conform" --isolate --timeout 15 --algo naive --json "$work/out.json" >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "the exit status is not 1"
grep -q 'kernels replaced' "$work/out" || wrong "it does not say that kernels are replaced"
grep -Eq '^FAIL n2c2h7w32[^ ]*data=exact: crash: .*signal' "$work/out" || wrong "no crash is told"
grep -Eq '^FAIL n2c2h7w32[^ ]*data=real: crash: ' "$work/out" || wrong "one crash is missing"
grep -Eq '^FAIL c4h7w23[^ ]*: timeout: ' "$work/out" || wrong "no timeout is told"
[ "$(grep -c '^FAIL ' "$work/out")" -eq 3 ] || wrong "other cases failed, too"
all=$("$conform" --algo naive --list | wc -l)
tail -n 1 "$work/out" | grep -q "^run $all / applicable $all / skipped 0: FAIL" ||
    wrong "cases are missing"
[ "$(grep -c '"state":' "$work/out.json.ndjson")" -eq "$all" ] || wrong "the stream is not complete"

# The replay line, as it stands, fails again.
replay=$(sed -n 's/^REPRO: clconv-conform //p' "$work/out" | head -n 1)
eval "\"\$conform\" $replay --isolate" >"$work/out" 2>&1
[ $? -eq 1 ] || wrong "the replay line does not replay: $replay"
