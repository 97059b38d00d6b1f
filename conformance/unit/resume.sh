#!/bin/sh
# SPDX-License-Identifier: MIT
# --resume ends a run that was killed with the report of one that was not, and goes on with no other
# run. Argument: clconv-conform.
set -u
conform=$1
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
algo=--algo=naive # enough cases, and few programs

# Everything but times: the document, and which cases in which order the stream has.
same_report() { # same_report NAME WORDS
    grep -v '"seconds"' full.json >expected
    grep -v '"seconds"' "$1.json" | cmp -s expected - || wrong "$2: other results"
    sed 's/time="[^"]*"//g' full.xml >expected
    sed 's/time="[^"]*"//g' "$1.xml" | cmp -s expected - || wrong "$2: other JUnit"
    sed 's/,"headroom".*//; s/"seconds".*//' full.json.ndjson >expected
    sed 's/,"headroom".*//; s/"seconds".*//' "$1.json.ndjson" | cmp -s expected - ||
        wrong "$2: another stream"
}

"$conform" "$algo" --json full.json --junit full.xml >out 2>errors
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the smoke tier does not pass" ;;
esac
lines=$(wc -l <full.json.ndjson)

# What is published tells of the device, not of the machine: no host, user or path.
for secret in "$(uname -n)" "$(id -un)" "${HOME:-/}"; do
    [ "${#secret}" -lt 2 ] || ! grep -qwF -- "$secret" full.json full.json.ndjson full.xml ||
        wrong "the reports hold '$secret'"
done
grep -E '(^|[" (=])/[A-Za-z]' full.json full.json.ndjson full.xml && wrong "the reports hold a path"

# Half of a stream with a torn line, in this process and in children; then with nothing left to do.
for isolate in '' --isolate; do
    head -n 40 full.json.ndjson >part.json.ndjson
    sed -n 41p full.json.ndjson | head -c 50 >>part.json.ndjson
    run 0 $isolate "$algo" --resume --json part.json --junit part.xml -v
    grep -q "^resumed  39 of $((lines - 1)) entries" out || wrong "it did not see what was finished"
    [ "$(grep -c '^clconv-conform --device' out)" -eq $((lines - 40)) ] || wrong "it ran others"
    same_report part "a torn stream, $isolate"
    run 0 $isolate "$algo" --resume --json part.json --junit part.xml -v
    grep -q '^clconv-conform --device' out && wrong "it ran finished cases again"
    same_report part "a finished stream, $isolate"
done

# No stream, an empty one and a torn first line: all is still to do.
for bytes in none 0 60; do
    rm -f part.*
    [ $bytes = none ] || head -c $bytes full.json.ndjson >part.json.ndjson
    run 0 "$algo" --resume --json part.json --junit part.xml
    same_report part "a stream of $bytes bytes"
done

# SIGKILL. PoCL's cache is empty, so that the run is not over before the signal comes.
rm -f part.*
mkdir pocl
POCL_CACHE_DIR=$work/pocl "$conform" "$algo" --json part.json >out 2>errors &
until [ -e part.json.ndjson ] && [ "$(wc -l <part.json.ndjson)" -gt 5 ]; do
    kill -0 $! || wrong "it ended too early"
    sleep 0.02
done
kill -KILL $!
wait $!
[ $? -gt 128 ] || wrong "SIGKILL did not end it"
[ "$(wc -l <part.json.ndjson)" -lt "$lines" ] || wrong "it was killed too late"
[ -e part.json ] && wrong "a run that was killed has a report"
run 0 "$algo" --resume --json part.json --junit part.xml
same_report part SIGKILL

# A failure among the finished cases is still one.
head -n 40 full.json.ndjson | awk '!spoilt && sub(/"PASS","kind":""/, "\"FAIL\",\"kind\":\"value\"") {
    spoilt = 1 } { print }' >part.json.ndjson
grep -q FAIL part.json.ndjson || wrong "the stream has another form"
run 1 "$algo" --resume --json part.json --baseline full.json
[ "$(grep -c '^FAIL ' out)" -eq 1 ] && grep -q '^REPRO: ' out || wrong "the failure is not told"

# The same failure against a baseline that passed; and a run that passes against one that failed.
failed=$(sed -n 's/^FAIL \([^ ]*\): value: .*/\1/p' out)
grep -qx "NEW-FAIL $failed" out || wrong "the new failure is not told"
grep -qx 'baseline new failures 1, fixed 0, cases only there 0, only here 0' out || wrong "no counts"
tail -n 1 out | grep -q '^run ' || wrong "the verdict is not the last line"
run 0 "$algo" --json fixed.json --baseline part.json
grep -qx "FIXED $failed" out || wrong "the fix is not told"
grep -qx 'baseline new failures 0, fixed 1, cases only there 0, only here 0' out || wrong "no counts"

# Other runs, and streams that no run leaves: refused, and nothing is touched.
refuses() { # refuses WORDS SED-SCRIPT ARGUMENT...
    words=$1
    head -n 40 full.json.ndjson | sed "$2" >part.json.ndjson
    cp part.json.ndjson before
    shift 2
    run 2 "$algo" --resume --json part.json "$@"
    head -n 1 errors | grep -q "^part.json.ndjson: $words" || wrong "it does not say '$words'"
    cmp -s before part.json.ndjson || wrong "'$words', but the stream was changed"
}
rm -f part.json
refuses 'its seed is not' '' --seed 2
refuses 'its tier is not' '' --tier ci
refuses 'its algo is not' '1s/"algo":"naive/&x/'
refuses 'its shards is not' '' --shard 1/2
refuses 'its shard is not' '1s/"shard":1,"shards":1/"shard":1,"shards":2/; 1s/"listed":[0-9]*/"listed":1/' \
    --shard 2/2
refuses 'its kernel_hash is not' '1s/"kernel_hash":"/&0/'
refuses 'its library is not' '1s/"library":"/&0/'
for isolate in '' --isolate; do
    refuses 'its device is not' '1s/"driver":"/&0/' $isolate
done
refuses 'its first line' 1d
refuses 'line 3 is [a-z0-9:=,]*, which is not the next case' 3d
refuses 'line 41 is' '$p'
refuses 'line 7 is no finished case' '7s/^.//'
[ ! -e part.json ] || wrong "a refused run has a report"
