#!/bin/sh
# SPDX-License-Identifier: MIT
# Command lines that clconv-conform must refuse: the exit status, one to three lines on stderr, how the
# first begins, and no file left. Argument: clconv-conform.
set -u
conform=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work" "$work.errors"' EXIT
cd "$work" || exit 1
mkdir folder && mkfifo pipe stream.ndjson || exit 1
before=$(ls)
defects=0

# refuses STATUS FIRST-WORDS ARGUMENT...
refuses() {
    status=$1 words=$2
    shift 2
    timeout 60 "$conform" "$@" >/dev/null 2>"$work.errors"
    got=$? lines=$(wc -l <"$work.errors")
    first=$(head -n 1 "$work.errors")
    case $got:$lines:$first in
        "$status":[123]:"$words"*) [ "$(ls)" = "$before" ] && return ;;
    esac
    [ "$got" -eq 77 ] && [ "$status" -eq 1 ] && exit 77
    echo "refusals.sh: $* should exit $status with '$words', but got $got, $lines lines, '$first'" >&2
    defects=$((defects + 1))
}

# usage
refuses 2 '--tier is one of smoke, ci, nightly, qualify, but got' --tier Smoke
refuses 2 '--tier is given twice' --tier smoke --tier ci
refuses 2 '--case is given twice' --case c1hw1k1 --case c2hw1k1
refuses 2 '--list is given twice' --list --list
refuses 2 '--json is given twice' merge a.json --json b.json --json c.json
refuses 2 '--nope: unknown option' --nope
refuses 2 '--nope: unknown option' merge --nope
refuses 2 '--tier: missing argument' --tier
refuses 2 "'junk' is not an option" junk
refuses 2 "there is no algorithm ''" --algo=
refuses 2 "there is no algorithm '   ?[2J'" --algo "$(printf '\n\n\n\033[2J')"
refuses 2 "a report needs a file name, but got ''" --json=
refuses 2 '--dump takes the name of a folder' --dump=
refuses 2 '--dump takes the name of a folder' --dump 'a
b'
refuses 2 '--minimise is given twice' --minimise --minimise
refuses 2 'both: is named for two reports' --json both --html both
refuses 2 'both: is named for two reports' --json both --html ./both
refuses 2 'folder/both: is named for two reports' --junit folder/both --html folder/../folder//both
refuses 2 'both: is named for two reports' merge a.json --json both --html "$PWD/both"
refuses 2 './both.ndjson: is named for two reports' --json both --junit ./both.ndjson
refuses 2 'absent.json: ' --quirks absent.json
refuses 2 'folder: holds no *.json' --quirks folder
for percent in x -1 101 nan inf 5x 0x10 1e1 ''; do
    refuses 2 "--min-coverage takes 0 to 100, but got '$percent'" "--min-coverage=$percent"
done
for shard in 1 0/2 3/2 1/0 1/2/3 1/2x a/b ''; do
    refuses 2 "--shard takes I/N with 1 <= I <= N, or auto, but got '$shard'" "--shard=$shard"
done
refuses 2 '--baseline needs a file name' --baseline=
refuses 2 'absent.json: ' --baseline absent.json
refuses 2 '--resume needs --json F' --resume
refuses 2 'stream.ndjson: exists and is not a regular file' --resume --json stream
unset SLURM_ARRAY_TASK_ID SLURM_PROCID OMPI_COMM_WORLD_RANK PMI_RANK
refuses 2 '--shard auto found no launcher: it reads SLURM_ARRAY_TASK_ID with' --shard auto
export PMI_RANK=2 PMI_SIZE=2
refuses 2 '--shard auto: PMI_RANK=2 and PMI_SIZE=2 name no shard' --shard auto
unset PMI_RANK PMI_SIZE
refuses 2 "--seed takes a whole number from 0 to 9223372036854775807, but got '9223372036854775808'" \
    --seed 9223372036854775808
refuses 2 "case: 'h' is missing" --case c3
refuses 2 '--case is one convolution' --case c1hw1k1 --tier smoke
refuses 2 'merge: name the JSON document' merge
refuses 2 'absent.json: ' merge absent.json

# files: never a pipe, which would wait, nor a device, which a rename would replace by a file
for report in --json --junit --html; do
    refuses 1 'absent/report: cannot be written: No such file' --case c1hw1k1 $report absent/report
    refuses 1 'folder: exists and is not a regular file' --case c1hw1k1 $report folder
    refuses 1 'pipe: exists and is not a regular file' --case c1hw1k1 $report pipe
done
refuses 1 'pipe: exists and is not a folder' --case c1hw1k1 --dump pipe
refuses 1 'absent/dump: cannot be made: No such file' --case c1hw1k1 --dump absent/dump
[ -p pipe ] || defects=$((defects + 1))
refuses 1 'stream.ndjson: exists and is not a regular file' --case c1hw1k1 --json stream

if [ -c /dev/full ]; then
    "$conform" --list 2>"$work.errors" >/dev/full
    [ $? -eq 1 ] && grep -q '^standard output cannot be written' "$work.errors" ||
        { echo "refusals.sh: a list on a full disk is no error" >&2; defects=$((defects + 1)); }
fi
exit $((defects > 0))
