#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs that end before their last entry: reports are whole files that say so, no verdict is PASS, merge
# wants none of them and --resume finishes them. Arguments: clconv-conform, kernels/cl, schema_check and
# the schema.
set -u
conform=$1 kernels=$2 schema_check=$3 schema=$4
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/lib.sh"
mkdir cl

reports_hold() { # reports_hold WORDS: JSON, JUnit and stream are whole files with the same entries
    "$schema_check" "$schema" part.json 2>errors || wrong "$1: the document breaks its schema"
    python3 -c 'import sys, xml.etree.ElementTree as x; x.parse(sys.argv[1])' part.xml 2>errors ||
        wrong "$1: the JUnit file is no XML"
    [ "$(grep -c '<testcase' part.xml)" -eq "$(grep -c '"state":' part.json)" ] ||
        wrong "$1: JUnit has other entries"
    left=$(number left part.json) listed=$(number listed part.json)
    [ "$left" -gt 0 ] && [ "$left" -lt "$listed" ] || wrong "$1: left is '$left' of '$listed'"
    [ $((left + $(wc -l <part.json.ndjson) - 1)) -eq "$listed" ] || wrong "$1: the stream differs"
    grep -q "<property name=\"left\" value=\"$left\"" part.xml || wrong "$1: JUnit does not tell"
    run 2 merge part.json
    grep -q "^part.json: $left of its $listed entries were not run" errors || wrong "$1: merge takes it"
}

number() { sed -n "s/^ *\"$1\": \\([0-9]*\\),*\$/\\1/p" "$2" | head -n 1; } # number KEY DOCUMENT

CLCONV_KERNEL_DIR='' "$conform" --case c1hw1k1:algo=naive >out 2>errors
case $? in
    0) ;;
    77) exit 77 ;;
    *) wrong "the unbroken kernel does not run" ;;
esac

# slow_kernel ROUNDS SED-COMMAND: naive.cl with a change, and slow enough for a signal to come in time
slow_kernel() {
    cp "$kernels"/*.cl cl/
    sed "$2" "$kernels/naive.cl" | awk -v rounds="$1" '{ print }
        /^kernel void naive/ { inside = 1 } inside && /^{/ { inside = 0
            print "    if (get_global_id(0) == 0)"
            print "        for (volatile int round = 0; round < " rounds "; round++);"
        }' >cl/naive.cl
    export CLCONV_KERNEL_DIR="$work/cl"
}

# --fail-fast: one failure is told, the rest is not run.
cp "$kernels"/*.cl cl/
sed 's/iw < in_w/iw <= in_w/' "$kernels/naive.cl" >cl/naive.cl
export CLCONV_KERNEL_DIR="$work/cl"
for isolate in '' --isolate; do
    rm -f part.*
    run 1 --algo naive --fail-fast $isolate --json part.json --junit part.xml
    [ "$(grep -c '^FAIL ' out)" -eq 1 ] || wrong "it did not stop at the first failure"
    grep -q ': FAIL: 1 of .*; stopped there, [1-9][0-9]* of [1-9][0-9]* entries were not run' out ||
        wrong "the verdict does not say that it stopped"
    reports_hold "--fail-fast $isolate"
    run 1 --algo naive --fail-fast $isolate --resume --json part.json
    [ "$(number left part.json)" -eq "$left" ] || wrong "--resume --fail-fast ran on"
    run 1 --algo naive $isolate --resume --json part.json
    [ "$(number left part.json)" -eq 0 ] || wrong "--resume did not finish the run"
    [ "$(grep -c '^FAIL ' out)" -gt 1 ] || wrong "there is only one failure at all"
done

# Signals: the case that runs is finished, the reports are written, --resume goes on. A shell's
# background jobs ignore SIGINT; env gives it back where it can.
started() { # started PID: some cases are finished
    until [ -e part.json.ndjson ] && [ "$(wc -l <part.json.ndjson)" -gt 1 ]; do
        kill -0 "$1" || wrong "it ended too early"
        sleep 0.01
    done
}

slow_kernel 100000 ''
run 0 --algo naive --json full.json
cases() { sed -n '/^ "cases"/,$p' "$1" | grep -E '"(case|state)":'; } # cases DOCUMENT
for signal in TERM:143 INT:130; do
    code=${signal#*:} signal=${signal%:*}
    give=
    [ $signal = INT ] && give='env --default-signal=INT'
    [ $signal = INT ] && { $give true 2>errors || continue; }
    for isolate in '' --isolate; do
        rm -f part.*
        $give "$conform" --algo naive $isolate --json part.json --junit part.xml --html part.html >out 2>errors &
        started $!
        kill -$signal $!
        wait $!
        got=$?
        [ $got -eq $code ] || wrong "SIG$signal $isolate: the exit status is $got"
        grep -q 'ending after this case' errors || wrong "SIG$signal: it does not say that it ends"
        tail -n 1 out | grep -q ": INTERRUPTED by SIG$signal: [0-9]* of [0-9]* entries were not run" ||
            wrong "SIG$signal: the verdict does not tell"
        grep -qx ' "interrupted": true,' part.json || wrong "SIG$signal: the document does not tell"
        grep -q 'INTERRUPTED by' part.html || wrong "SIG$signal: the page does not tell"
        reports_hold "SIG$signal $isolate"
        run 0 --algo naive $isolate --resume --json part.json
        cases full.json >expected
        cases part.json | cmp -s expected - || wrong "SIG$signal: --resume ends with other cases"
        grep -qx ' "interrupted": false,' part.json || wrong "it is interrupted for ever"
    done
done

# While failures are made small.
slow_kernel 100000 's/iw < in_w/iw <= in_w/'
for isolate in '' --isolate; do
    rm -f part.*
    : >out
    "$conform" --algo naive --minimise $isolate --json part.json --junit part.xml >out 2>errors &
    pid=$!
    until grep -q '^MINIMAL: ' out; do
        kill -0 $pid || wrong "it ended too early"
        sleep 0.01
    done
    kill -TERM $pid
    wait $pid
    [ $? -eq 143 ] || wrong "a signal does not end --minimise"
    tail -n 1 out | grep -q ': INTERRUPTED by SIGTERM while failures were being explained; [0-9]* of' ||
        wrong "the verdict does not say that explaining ended"
    "$schema_check" "$schema" part.json 2>errors || wrong "--minimise: the document breaks its schema"
    grep -q '"minimal": ' part.json || wrong "the minimal case that was found is lost"
    run 2 merge part.json
    [ -n "$isolate" ] && continue
    minimal=$(sed -n 's/.*"minimal": "\(.*\)".*/\1/p' part.json | head -n 1)
    before=$(grep -c '"minimal": ' part.json)
    run 1 --algo naive --minimise --resume --json part.json
    [ $((before + $(grep -c '^MINIMAL: ' out))) -eq "$(grep -c '"minimal": ' part.json)" ] ||
        wrong "--resume minimised a case again"
    grep -q "\"minimal\": \"$minimal\"" part.json || wrong "--resume lost a minimal case"
    [ "$(grep -c '"minimal": ' part.json)" -eq "$(grep -c '"minimal":' part.json.ndjson)" ] ||
        wrong "the stream has other minimal cases than the document"
done

# The second signal ends at once, and the worker with it, whatever the driver does.
awk '{ print } /^kernel void naive/ { inside = 1 } inside && /^{/ { inside = 0
    print "    volatile global float *v = y; while (*v != 1e30f) *v = 0.0f;"
}' "$kernels/naive.cl" >cl/naive.cl
export CLCONV_KERNEL_DIR="$work/cl"
mkfifo held
for isolate in '' --isolate; do
    : >out
    timeout 60 cat held >errors & # ends when no process is left that could write to it
    reader=$!
    "$conform" --case c1hw1k1:algo=naive -v $isolate >out 2>held &
    pid=$!
    until grep -q '^clconv-conform' out; do
        kill -0 $pid || wrong "it ended too early"
        sleep 0.05
    done
    kill -TERM $pid
    kill -TERM $pid # as timeout(1) does
    sleep 1.5
    kill -0 $pid || wrong "one signal ended it"
    kill -TERM $pid
    wait $pid 2>/dev/null
    [ $? -eq 143 ] || wrong "two signals did not end it"
    wait $reader || wrong "its worker lives on"
done
exit 0
