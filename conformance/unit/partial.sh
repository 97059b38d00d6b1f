#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs that end before their last entry: reports are whole files that say so, no verdict is PASS, merge
# wants none of them and --resume finishes them. Arguments: clconv-conform, kernels/cl.
set -u
conform=$1 kernels=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir cl pocl cache
export CLCONV_CACHE_DIR="$work/cache" POCL_CACHE_DIR="$work/pocl"

wrong() {
    echo "partial.sh: $1" >&2
    cat out errors >&2
    exit 1
}

run() { # run STATUS ARGUMENT...
    status=$1
    shift
    timeout 120 "$conform" "$@" >out 2>errors
    got=$?
    [ "$got" -eq "$status" ] || wrong "$* should exit $status, but got $got"
}

number() { sed -n "s/^ *\"$1\": \\([0-9]*\\),*\$/\\1/p" "$2" | head -n 1; } # number KEY DOCUMENT

CLCONV_KERNEL_DIR='' "$conform" --case c1hw1k1:algo=naive >out 2>errors
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the unbroken kernel does not run" ;;
esac

# --fail-fast: one failure is told, the rest is not run.
cp "$kernels"/*.cl cl/
sed 's/iw < in_w/iw <= in_w/' "$kernels/naive.cl" >cl/naive.cl
export CLCONV_KERNEL_DIR="$work/cl"
for isolate in '' --isolate; do
    rm -f part.*
    run 1 --algo naive --fail-fast $isolate --json part.json --junit part.xml
    [ "$(grep -c '^FAIL ' out)" -eq 1 ] || wrong "it did not stop at the first failure"
    left=$(number left part.json) listed=$(number listed part.json)
    [ "$left" -gt 0 ] && [ "$left" -lt "$listed" ] || wrong "left is '$left' of '$listed'"
    tail -n 1 out | grep -q ": FAIL: 1 of .*; stopped there, $left of $listed entries were not run" ||
        wrong "the verdict does not say that it stopped"
    [ "$(grep -c '<testcase' part.xml)" -eq "$(grep -c '"state":' part.json)" ] ||
        wrong "JUnit has other entries"
    [ $((left + $(wc -l <part.json.ndjson) - 1)) -eq "$listed" ] || wrong "the stream has other entries"
    run 2 merge part.json
    grep -q "^part.json: $left of its $listed entries were not run" errors || wrong "merge takes it"
    run 1 --algo naive --fail-fast $isolate --resume --json part.json
    [ "$(number left part.json)" -eq "$left" ] || wrong "--resume --fail-fast ran on"
    run 1 --algo naive $isolate --resume --json part.json
    [ "$(number left part.json)" -eq 0 ] || wrong "--resume did not finish the run"
    [ "$(grep -c '^FAIL ' out)" -gt 1 ] || wrong "there is only one failure at all"
done
