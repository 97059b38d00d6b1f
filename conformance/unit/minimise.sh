#!/bin/sh
# SPDX-License-Identifier: MIT
# --minimise and --dump on kernels that are broken on purpose: small cases that fail again, and arrays
# with which the fault can be seen outside the suite. Arguments: clconv-conform, clconv, kernels/cl.
set -u
conform=$1 tool=$2 kernels=$3
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
mkdir cl pocl cache
export CLCONV_CACHE_DIR="$work/cache" POCL_CACHE_DIR="$work/pocl"

# break_kernel SED-COMMAND: naive.cl with one fault
break_kernel() {
    cp "$kernels"/*.cl cl/
    sed "$1" "$kernels/naive.cl" >cl/naive.cl
    cmp -s cl/naive.cl "$kernels/naive.cl" && wrong "'$1' breaks nothing"
}

minimal_cases() { sed -n 's/^MINIMAL: \([^ ]*\)$/\1/p' out; }

# The largest dimension of the median minimal case.
median() {
    minimal_cases | sed 's/:.*//; s/[a-z]/ /g' |
        awk '{ most = 0; for (i = 1; i <= NF; i++) if ($i > most) most = $i; print most }' |
        sort -n | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'
}

# check FAULT OPTION...: every failure shrinks, to something small that fails again
check() {
    break_kernel "$1"
    shift
    "$conform" --algo naive --minimise "$@" --json out.json >out 2>&1
    [ $? -eq 1 ] || wrong "$*: the exit status is not 1"
    [ "$(minimal_cases | wc -l)" -ge 3 ] || wrong "$*: fewer than 3 minimal cases"
    [ "$(median)" -le 5 ] || wrong "$*: the median minimal case has a dimension of $(median)"
    awk '/^  [0-9]+ runs, from / { if ($1 > 200) exit 1; n++ } END { if (!n) exit 1 }' out ||
        wrong "$*: more than 200 runs, or no line about them"
    grep -q 'first n=[0-9 kpq=]*: expected [^ ]*, got .*, bound' out || wrong "$*: no first bad element"
    [ "$(grep -c '"minimal": ' out.json)" -eq "$(minimal_cases | wc -l)" ] ||
        wrong "$*: the JSON document does not have the minimal cases"
    minimal_cases | sort -u >minimal
    while read -r one; do
        "$conform" --case "$one" >replay 2>&1
        [ $? -eq 1 ] || wrong "$*: $one does not fail again"
    done <minimal
}

CLCONV_KERNEL_DIR='' "$conform" --case c1hw1k1:algo=naive >out 2>&1
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the unbroken kernel does not run" ;;
esac
export CLCONV_KERNEL_DIR="$work/cl"

# The right edge: reads one column behind the image.
check 's/iw < in_w/iw <= in_w/' --tier smoke

# A width for a height, with the arrays; the tool computes from them what the suite has seen.
check 's/out_w) \* stride_h/out_w) * stride_w/' --tier smoke --dump dump
grep -qx 'MINIMAL: c1h3w1k1sh2:algo=naive:data=exact' out || wrong "the smallest case was not found"
folder='dump/c1h3w1k1sh2_algo=naive_data=exact'
grep -qx "DUMPED: $folder" out || wrong "it does not say where the arrays are"
grep -q "'shape': (1, 1, 3, 1)" "$folder/x.npy" || wrong "x has another shape"
grep -q "'shape': (1, 1, 1, 1)" "$folder/w.npy" || wrong "w has another shape"
grep -q "'<f8'.*'shape': (1, 1, 2, 1)" "$folder/expected.npy" || wrong "expected has another shape"
"$tool" run --x "$folder/x.npy" --w "$folder/w.npy" --stride 2,1 --algo naive --y y.npy 2>>out ||
    wrong "the tool cannot read the arrays"
cmp y.npy "$folder/got.npy" >>out || wrong "the tool computes something else"

# The same in child processes.
mv dump here
check 's/out_w) \* stride_h/out_w) * stride_w/' --tier smoke --dump dump --isolate
diff -r here dump >>out || wrong "--isolate dumps other arrays"

# Two faults: a case keeps its kind and does not slip into the other's.
break_kernel 's/out_w) \* stride_h/out_w) * stride_w/
    s/^    const long plane = .*/& if (out_per_group >= 4) y[y_offset - 1] = 1.0f;/'
"$conform" --case n2c3h7w9k6r2sh2b1:algo=naive --minimise >out 2>&1
grep -q '^FAIL .*: guard_write: ' out || wrong "no guard_write is told"
grep -qx 'MINIMAL: c1hw1k4:algo=naive:data=exact' out || wrong "the guard_write was not minimised"
grep -q '^  guard_write: ' out || wrong "the minimal case fails in another way"

# A crash is minimised, too; PoCL runs kernels in the worker's own process, others may survive.
"$conform" --case c1hw1k1 >out 2>&1
grep -q PoCL out || exit 0
break_kernel '/^{/s/$/ if (in_w >= 4 \&\& stride_w >= 2) y[1L << 45] = 1.0f;/'
ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_sigbus=0 \
    TSAN_OPTIONS=${TSAN_OPTIONS:-}:handle_segv=0:handle_sigbus=0 \
    "$conform" --case n2c3h6w9k6st2b1:algo=naive --isolate --minimise --dump crash >out 2>&1
[ $? -eq 1 ] || wrong "a crash is no failure"
grep -qx 'MINIMAL: c1h1w4k1sw2:algo=naive:data=exact' out || wrong "the crash was not minimised"
grep -q '^  crash: .*signal' out || wrong "the minimal case is no crash"
folder='crash/c1h1w4k1sw2_algo=naive_data=exact'
[ -f "$folder/x.npy" ] && [ ! -e "$folder/got.npy" ] || wrong "the arrays of a crash are not right"
