#!/bin/sh
# SPDX-License-Identifier: MIT
# Quirks on a device: what the reports say of XFAIL, XPASS and skipped cases, in this process and in
# children, and what they cost. Arguments: clconv-conform, kernels/cl, schema_check and the schema.
set -u
conform=$1 kernels=$2 schema_check=$3 schema=$4
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
mkdir cl
export SOURCE_DATE_EPOCH=1795132800 # 2026-11-20

quirk() { # quirk ID ACTION CASES EXPIRES
    printf '{"id": "%s", "match": {"device": "*"}, "action": "%s", "cases": "%s",
             "reason": "a test", "link": "https://tracker.example/%s", "expires": "%s"}' \
        "$1" "$2" "$3" "$1" "$4"
}

says() { grep -Eq -- "$1" out || wrong "it does not say '$1'"; }
states() { sed -n 's/.*"state": "\(.*\)",/\1/p' "$1" | sort | uniq -c | tr -s ' \n' ' '; }

CLCONV_KERNEL_DIR='' "$conform" --case c1hw1k1:algo=naive >out 2>errors
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the unbroken kernel does not run" ;;
esac

# A kernel that is wrong on one image and would crash on another.
cp "$kernels"/*.cl cl/
awk '{ print } /^kernel void naive/ { inside = 1 } inside && /^{/ { inside = 0
    print "    if (in_w == 23) { y[y_offset] = 1.0f; return; }"
    print "    if (in_h == 7 && in_w == 32) y[1L << 45] = 1.0f;"
}' "$kernels/naive.cl" >cl/naive.cl
export CLCONV_KERNEL_DIR="$work/cl"
quirk fails xfail 'c4h7w23*:algo=naive:*' 2026-11-20 >fails.json
quirk crashes skip 'n2c2h7w32*:algo=naive:*' 2030-01-01 >crashes.json
all=$("$conform" --algo naive --list | wc -l)
rest=$((all - 3))
mkdir both && cp fails.json crashes.json both
for isolate in '' --isolate; do
    run 0 $isolate --algo naive --quirks both --json out.json --junit out.xml --html out.html
    says '^quirk +crashes: skip, 2 cases: a test \(https://tracker.example/crashes\)'
    says '^quirk +fails: xfail, 1 cases: '
    says '^XFAIL c4h7w23[^ ]*: value: fails: a test \(https://tracker.example/fails\); [0-9]* of'
    says '^SKIP n2c2h7w32[^ ]*: quirk: crashes: a test'
    says "^run $rest / applicable $all / skipped 2: PASS, 1 cases fail as quirks expect\$"
    [ "$(states out.json)" = " $rest PASS 2 SKIP 1 XFAIL " ] || wrong "other states"
    "$schema_check" "$schema" out.json 2>errors || wrong "the document breaks its schema"
    grep -q 'skipped message="XFAIL: value: fails: a test' out.xml || wrong "JUnit: no XFAIL"
    grep -q 'skipped="3"' out.xml && grep -q 'failures="0"' out.xml || wrong "JUnit: other counts"
    grep -q '1 cases fail as expected' out.html || wrong "the page does not tell of XFAIL"
    grep -q 'tracker.example/crashes' out.html || wrong "the page does not tell of quirks"
done
run 3 --algo naive --quirks both --strict
says ': TOO LITTLE EVIDENCE for --strict: 2 cases were skipped$'
run 2 --algo naive --quirks fails.json --resume --json out.json
grep -q 'its quirk_hash is not that of this run' errors || wrong "other quirks resume a run"
quirk crashes xfail 'n2c2h7w32*:algo=naive:*' 2030-01-01 >both/crashes.json
run 0 --algo naive --isolate --quirks both
says "^run $rest / applicable $all / skipped 0: PASS, 3 cases fail as quirks expect\$"

# Without the fault: XPASS is red, stops --fail-fast, and is a new failure.
unset CLCONV_KERNEL_DIR
run 0 --algo naive --json good.json
for isolate in '' --isolate; do
    run 1 $isolate --algo naive --quirks fails.json --junit out.xml --html out.html --baseline good.json
    says '^XPASS c4h7w23[^ ]*: quirk: it passes, and quirk fails says that it fails: delete the quirk'
    says '^REPRO: .*c4h7w23'
    says '^NEW-FAIL c4h7w23'
    says ': FAIL: 1 passed that a quirk expects to fail: delete the quirk$'
    grep -q 'failures="1"' out.xml && grep -q '<failure type="quirk"' out.xml || wrong "JUnit: no XPASS"
    grep -q 'XPASS' out.html || wrong "the page does not tell of XPASS"
done
run 1 --algo naive --quirks fails.json --fail-fast
says ': FAIL: 1 passed .*; stopped there, '

# Expired: a warning; no case: a warning, of whole runs only.
export SOURCE_DATE_EPOCH=1795219200 # a day later
quirk fails xfail 'n99*' 2026-11-20 >fails.json
run 0 --quirks fails.json --json out.json
says '^WARNING  quirk fails has expired on 2026-11-20: '
says '^WARNING  quirk fails is of this device, but of none of the cases$'
"$schema_check" "$schema" out.json 2>errors || wrong "the document breaks its schema"
[ "$(grep -c '"quirk fails ' out.json)" -eq 2 ] || wrong "the document does not have the warnings"
run 3 --quirks fails.json --strict
says ': TOO LITTLE EVIDENCE for --strict: 2 warnings, first: quirk fails has expired'
for shard in 1 2; do
    run 0 --quirks fails.json --shard $shard/2 --json $shard.json
    grep -q 'none of the cases' out && wrong "a shard cannot know what the others do"
done
run 0 merge 1.json 2.json
says '^WARNING  quirk fails is of this device, but of none of the cases$'
run 3 merge --strict 1.json 2.json
run 0 --shard 2/2 --json 2.json
run 2 merge 1.json 2.json
grep -q 'its quirk_hash is not that of' errors || wrong "merge takes shards of other quirks"

# Files that are not right, with and without a worker.
for isolate in '' --isolate; do
    quirk fails drop 'n99*' 2026-11-20 >fails.json
    run 2 $isolate --quirks fails.json
    grep -qx "fails.json: quirk fails: action is skip or xfail, but got 'drop'" errors ||
        wrong "it does not say what is wrong"
    run 2 $isolate --quirks absent.json
done
exit 0
