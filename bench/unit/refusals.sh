#!/bin/sh
# SPDX-License-Identifier: MIT
# Command lines that clconv-bench must refuse: the exit status, one to three lines on stderr, how the
# first begins, and no file left. Argument: clconv-bench.
set -u
bench=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work" "$work.errors"' EXIT
cd "$work" || exit 1
columns=model,layer,n,c,h,w,k,r,s,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups,count
printf '%s\nm,good,1,4,5,6,4,3,3,1,1,1,1,1,1,4,1\n' $columns >good.csv
printf '%s\nm,good,1,4,5,6,4,3,3,1,1,1,1,1,1,4,1\nm,bad,1,4,five,6,4,3,3,1,1,1,1,1,1,4,1\n' \
    $columns >bad.csv
: >empty.csv
mkfifo pipe || exit 1
before=$(ls)
defects=0

# refuses STATUS FIRST-WORDS ARGUMENT...
refuses() {
    status=$1 words=$2
    shift 2
    timeout 60 "$bench" "$@" >/dev/null 2>"$work.errors"
    got=$? lines=$(wc -l <"$work.errors")
    first=$(head -n 1 "$work.errors")
    case $got:$lines:$first in
        "$status":[123]:"$words"*) [ "$(ls)" = "$before" ] && return ;;
    esac
    echo "refusals.sh: $* should exit $status with '$words', but got $got, $lines lines, '$first'" >&2
    defects=$((defects + 1))
}

refuses 2 '--nope: unknown option' --nope
refuses 2 "'junk' is not an option" junk
refuses 2 '--suite is given twice' --suite quick --suite core
refuses 2 "--suite is one of core, quick, worklist, layers, but got 'Core'" --suite Core
refuses 2 '--layers and --suite are two tables' --suite quick --layers good.csv
refuses 2 'absent.csv: cannot be read' --layers absent.csv
refuses 2 'empty.csv: is empty' --layers empty.csv
refuses 2 "bad.csv:3: h is no whole number: 'five'" --layers bad.csv --json out.json --csv out.csv
refuses 2 'no layer is left: the table has none of the model x' --layers good.csv --model x
refuses 2 "there is no algorithm 'fast' (auto, naive" --algo fast
refuses 2 "there is no algorithm ''" --algo naive,
refuses 2 'out.html: is named for two reports' --layers good.csv --json out.html --html out.html
refuses 2 '--algo names naive twice' --algo naive,auto,naive
refuses 2 '--algo names auto twice' --algo auto,auto
refuses 2 '--algo naive beside algo=naive' --algo naive --case c1hw1k1:algo=naive
refuses 2 "there is no algorithm 'fast'" --case c1hw1k1:algo=fast
refuses 2 'case: tile=kb=4 needs an algorithm' --case c1hw1k1:tile=kb=4
refuses 2 "case: 'h' is missing" --case c3
refuses 2 '--direction is one of forward, backward-data, backward-weights, but got' --direction sideways
refuses 2 '--direction backward-data beside dir=backward-weights' --direction backward-data \
    --case c1hw1k1:dir=backward-weights
refuses 2 'the gradient by x of a shared kernel takes no bias' --direction backward-data \
    --case c3hw1k3b1:shared
refuses 2 '--dtype is one of f32, f64, f16, bf16, i8, u8, i32, but got' --dtype half
refuses 2 '--dtype f16 beside :bf16 of the case' --dtype f16 --case c1hw1k1:bf16
refuses 2 'x of type int32 is not in this version' --suite quick --dtype i32
refuses 2 'only tensors of floating point type have gradients' --dtype i8 --direction backward-data
refuses 2 '--layout is one of nchw, nhwc, but got' --layout chwn
refuses 2 '--layout nchw beside :nhwc of the case' --layout nchw --case c1hw1k1:nhwc
refuses 2 'n is 0: there is nothing to measure' --case n0c1hw1k1
refuses 2 "--rivals takes naive, clblast, onednn-any, onednn-plain, onednn-e2e, onednn, but got 'cudnn'" \
    --rivals naive,cudnn
refuses 2 '--rivals names naive twice' --rivals naive,naive
for batch in x 0 1, -1 1,0; do
    refuses 2 --batch "--batch=$batch"
done
for seconds in x -1 0 nan inf 1x '' 3601; do
    refuses 2 "--min-time takes seconds over 0, 3600 at most, but got '$seconds'" \
        "--min-time=$seconds"
done
refuses 2 '--max-time 0.5 is under --min-time 1' --min-time 1 --max-time 0.5
refuses 2 '--seed takes a whole number' --seed -1
refuses 2 "a report needs a file name, but got ''" --json=
refuses 2 'out: is named for two reports' --json out --csv ./out
refuses 1 'absent/out: cannot be written' --case c1hw1k1 --json absent/out
refuses 1 'pipe: exists and is not a regular file' --case c1hw1k1 --csv pipe

# Without any OpenCL device.
mkdir "$work.none"
export OCL_ICD_VENDORS="$work.none/"
refuses 77 'no OpenCL device found' --case c1hw1k1 --json out
rmdir "$work.none"

# --list needs none, and --help is short enough to read.
"$bench" --list --layers good.csv --case c1hw1k1 --batch 1,3 >"$work.errors" 2>&1 &&
    [ "$(cut -f1 "$work.errors" | tr '\n' ' ')" = "c4h5w6k4rs3p1g4 n3c4h5w6k4rs3p1g4 c1hw1k1 n3c1hw1k1 " ] ||
    { echo "refusals.sh: --list prints something else" >&2; defects=$((defects + 1)); }
[ "$("$bench" --help | wc -l)" -le 60 ] ||
    { echo "refusals.sh: --help is longer than a screen" >&2; defects=$((defects + 1)); }
exit $((defects > 0))
