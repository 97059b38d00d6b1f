#!/bin/sh
# SPDX-License-Identifier: MIT
# Kernels that are wrong: clconv-bench gives no number for them and exits 1. Arguments: clconv-bench,
# kernels/cl, schema_check and the schema.
set -u
conform=$1 kernels=$2 schema_check=$3 schema=$4
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/../../conformance/unit/lib.sh"

# With 5 rows the first output of an image is not written, with 6 all are wrong by one, with 7 right.
mkdir cl && cp "$kernels"/*.cl cl/
sed -e 's/real sum = 0;/real sum = in_h == 6 ? 1 : 0;/' \
    -e 's/^    const long plane = /    if (in_h == 5 \&\& pixel == 0) return;\n&/' \
    "$kernels/naive.cl" >cl/naive.cl
[ "$(diff "$kernels/naive.cl" cl/naive.cl | grep -c '^>')" -eq 2 ] || wrong "the kernel has other words"
for file in cl/*.cl; do # no other algorithm can be compiled; what has no kernels is included
    grep -q '^kernel ' "$file" && [ "$file" != cl/naive.cl ] && sed -i '1a #error broken' "$file"
done
export CLCONV_KERNEL_DIR="$work/cl" CLCONV_CACHE_DIR=

cases="--case c4h5w8k4rs3p1g4 --case c4h6w8k4rs3p1g4 --case c4h7w8k4rs3p1g4"
# shellcheck disable=SC2086
"$conform" $cases --algo naive,depthwise --min-time 0.001 --max-time 0.002 --json f.json --csv f.csv \
    >out 2>errors
got=$?
[ "$got" -ne 77 ] || exit 77
[ "$got" -eq 1 ] || wrong "wrong results should exit 1, but got $got"
grep -q '^5 of 6 rows failed or gave wrong results$' errors || wrong "the sentence is another one"
grep -q '(replaced by CLCONV_KERNEL_DIR)' out || wrong "replaced kernels are not mentioned"

row() { # row NUMBER: algorithm, median and the last two columns
    sed -n "$(($1 + 1))p" f.csv | cut -d, -f4,7,13,14
}
for number in 1 3; do
    [ "$(row $number)" = "naive,,FAILED,no" ] || wrong "row $number is $(row $number)"
done
for number in 2 4 6; do
    [ "$(row $number)" = "depthwise,,FAILED,no" ] || wrong "row $number is $(row $number)"
done
row 5 | grep -qE '^naive,[0-9.e-]+,(OK|NOISY|THROTTLED),yes$' || wrong "row 5 is $(row 5)"
grep -q 'FAILED: output 0 of 160 is NaN: it was not written' out || wrong "an unwritten output is not told"
grep -qE 'FAILED: output 0 of 192 is -?[0-9]+, but must be -?[0-9]+' out || wrong "a wrong output is not told"

# Every type and layout is looked at where it is.
for form in :f16 :bf16 :i8 :u8 :nhwc :f16:nhwc :i8:nhwc; do
    case $form in
        *[iu]8*) unset='the least int32' ;;
        *) unset=NaN ;;
    esac
    "$conform" --case c4h5w8k4rs3p1g4$form --case c4h6w8k4rs3p1g4$form --case c4h7w8k4rs3p1g4$form \
        --algo naive --min-time 0.001 --max-time 0.002 --csv t.csv >out 2>errors
    [ $? -eq 1 ] || wrong "$form: wrong results do not exit 1"
    tail -n +2 t.csv | cut -d, -f13 | tr '\n' ' ' | grep -qE '^FAILED FAILED (OK|NOISY|THROTTLED) $' ||
        wrong "$form: the rows are others"
    grep -q "FAILED: output 0 of 160 is $unset: it was not written" out ||
        wrong "$form: an unwritten output is not told"
    grep -qE 'FAILED: output 0 of 192 is -?[0-9]+, but must be -?[0-9]+' out ||
        wrong "$form: a wrong output is not told"
done

# Gradients: by x and w nothing is wrong, by b every element by one.
sed '/naive_bias(/,$s/real sum = 0;/real sum = 1;/' "$kernels/naive_backward.cl" \
    >cl/naive_backward.cl
[ "$(diff "$kernels/naive_backward.cl" cl/naive_backward.cl | grep -c '^>')" -eq 1 ] ||
    wrong "the kernel of gradients has other words"
"$conform" --case c4h5w8k4rs3p1g4b1:dir=backward-data --case c4h5w8k4rs3p1g4:dir=backward-weights \
    --case c4h5w8k4rs3p1g4b1:dir=backward-weights --algo naive --min-time 0.001 --max-time 0.002 --csv g.csv >out 2>errors
[ $? -eq 1 ] || wrong "a wrong gradient does not exit 1"
tail -n +2 g.csv | cut -d, -f4,13,14 | tr '\n' ' ' |
    grep -qE '^(naive,(OK|NOISY|THROTTLED),yes ){2}naive,FAILED,no $' || wrong "the rows of gradients are others"
grep -qE 'FAILED: db 0 of 4 is -?[0-9]+, but must be -?[0-9]+' out || wrong "a wrong gradient is not told"
"$schema_check" "$schema" f.json 2>errors || wrong "the document breaks its schema"
[ "$(grep -c '"median_ms": null' f.json)" -eq 5 ] || wrong "the document has a number of a wrong result"
