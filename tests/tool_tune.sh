#!/bin/sh
# SPDX-License-Identifier: MIT
# `clconv tune` from its command line to the table: rows, resuming, wrong candidates, warm-up.
# Arguments: clconv, kernels/cl, conformance/unit/lib.sh.
set -u
conform=$1 kernels=$2
# shellcheck source=conformance/unit/lib.sh
. "$3"
export CLCONV_CACHE_DIR="$work/cache"
table=$CLCONV_CACHE_DIR/tuning.txt
case=c32hw40k32rs3p1g32

# ---- What needs no device ---------------------------------------------------------------------
refused() { # refused PHRASE ARGUMENT...
    phrase=$1
    shift
    run 2 tune "$@"
    grep -q -- "$phrase" errors || wrong "tune $*: nothing about '$phrase'"
}
refused "1 to 256 processes, but got '0'" --warm-up -j 0
refused 'is for --warm-up' -j 2 $case
refused 'stand alone' --warm-up --list
refused 'stand alone' --list --json
refused 'tuning is what finds the algorithm' $case:algo=naive
refused "at 'x'" x
refused 'no layers of model nobody' --model nobody
refused 'cannot be read' --layers nowhere.csv
refused 'unknown option' --rounds 7
CLCONV_CACHE_DIR='' refused 'no place for the table' $case
CLCONV_CACHE_DIR='' refused 'no place for programs' --warm-up $case
[ ! -e "$CLCONV_CACHE_DIR" ] || wrong "a refusal has written something"
run 0 tune --help
grep -q 'Exit status' out || wrong "--help does not teach"

"$conform" explain $case >out 2>errors
[ $? -ne 77 ] || exit 77

# A kernel that has changed voids its rows in host/tuning.txt: measure them anew (ci/tuning), or,
# where the same code comes out, put the new hashes there.
CLCONV_VERBOSE=2 "$conform" explain $case >out 2>errors
grep "the library's table" errors >line
grep -q 'ignored: 0 of other kernels or versions' line ||
    wrong "the library's own rows do not hold: $(cat line)"

# Only `naive` and the strips of `depthwise` compile, so that there is little to try.
make_kernels() { # make_kernels FILE SED-COMMAND
    rm -rf cl
    mkdir cl && cp "$kernels"/*.cl cl/
    sed -i "$2" "cl/$1"
    for file in cl/*.cl; do # what has no kernels is included
        case $file in
            */naive.cl | */naive_backward.cl | */depthwise.cl) ;;
            *) grep -q '^kernel ' "$file" && sed -i '1a #error broken' "$file" ;;
        esac
    done
    export CLCONV_KERNEL_DIR="$work/cl"
}
rows() { grep -c '^layer ' "$table"; }

# ---- A row, and no second one -----------------------------------------------------------------
make_kernels naive.cl ''
run 0 tune $case
grep -q "^$case .* ms " out || wrong "the layer has no line"
grep -q '^1 layers tuned, 0 had a row, 0 failed; the table is ' out || wrong "the sum is another one"
grep -q 'left' errors && wrong "a pipe is no terminal: nothing is drawn there"
[ "$(rows)" -eq 1 ] || wrong "there is not one row"
grep -q '^device ' "$table" || wrong "the device has no line"
cp "$table" before
run 0 tune $case n7${case}b1 # the batch and the bias do not count
grep -q '^0 layers tuned, 1 had a row' out || wrong "it did not see the row"
cmp -s "$table" before || wrong "it measured again"
run 0 explain n3$case
grep -q '^chosen by  the tuning table, own row' out || wrong "the row does not decide"
run 0 tune --list $case c32hw20k32rs3p1g32 c32hw20k32rs3p1
grep -q "^$case  *row: " out || wrong "--list does not see the row"
grep -q '^c32hw20k32rs3p1g32  *row of another image size: ' out || wrong "--list: no other image"
grep -Eq '^c32hw20k32rs3p1  *(cost model$|the library)' out || wrong "--list sees a row too many"
run 0 tune --traits
grep -Eq '^[0-9.]+ Gmac/s, [0-9.]+ with vectors half as wide' out || wrong "--traits says nothing"
[ "$(rows)" -eq 1 ] && [ "$(grep -c '^device ' "$table")" -eq 1 ] || wrong "--traits spoilt the table"
run 2 tune --traits $case
run 2 tune --traits --suite quick
run 0 tune --again --json $case
grep -q '"measured": true' out || wrong "the document has no traits"
grep -q '"best": {' out || wrong "the document has no result"
[ "$(rows)" -eq 1 ] || wrong "--again did not replace the row"

# A row of other kernels is not used, and replaced.
sed -i 's/^\(layer [^ ]* [^ ]* [^ ]* [^ ]*\) [0-9a-f]*/\1 0123456789abcdef/' "$table"
run 0 tune $case
grep -q '^1 layers tuned, 0 had a row' out || wrong "a stale row is trusted"
[ "$(rows)" -eq 1 ] || wrong "a stale row stays"

# Gradients have rows of their own.
for direction in backward-data backward-weights; do
    run 0 tune --direction $direction $case
    grep -q "^$case:dir=$direction .*naive .* ms " out || wrong "$direction has no line"
    run 0 explain $case:dir=$direction
    grep -q '^chosen by  the tuning table, own row' out || wrong "the row of $direction is not used"
done
run 0 explain $case
grep -q '^algorithm  depthwise' out || wrong "the row of a gradient became the convolution's"
run 2 tune --direction sideways $case
run 2 tune --direction backward-data c3hw4k3b1:shared

# So have types and layouts.
for form in f16 bf16 i8 u8 nhwc bf16:nhwc:dir=backward-data; do
    run 0 tune $case:$form
    grep -q "^$case:$form .* ms " out || wrong "$form has no line"
    run 0 explain $case:$form
    grep -q '^chosen by  the tuning table, own row' out || wrong "the row of $form is not used"
done
unset CLCONV_KERNEL_DIR # without a row the choice is a design that is broken there
run 0 explain $case:u8:nhwc
export CLCONV_KERNEL_DIR="$work/cl"
grep -q '^chosen by  the tuning table, own row' out && wrong "a row serves another type and layout"
run 0 tune --list --dtype f16 $case
grep -q "^$case:f16  *row: " out || wrong "--dtype does not name the layer"
run 0 tune --list --dtype u8 --layout nhwc $case
grep -q "^$case:u8:nhwc  *cost model" out || wrong "--layout does not name the layer"
run 2 tune --dtype half $case
run 2 tune --layout nchw $case:nhwc
run 2 tune --dtype i8 --direction backward-data $case

# ---- Wrong candidates -------------------------------------------------------------------------
# Tiles of four rows, the design's own choice, are wrong: exit 1, and another one gets the row.
make_kernels depthwise.cl 's/const strip weight = .*;/& sum[j] += (real)(YB == 4);/'
[ "$(diff "$kernels/depthwise.cl" cl/depthwise.cl | grep -c '^>')" -eq 1 ] ||
    wrong "the kernel has other words"
rm "$table"
run 1 tune $case
grep -q "^$case: depthwise .*yb=4 is wrong: output [0-9]* of 51200 is .*, but naive has " errors ||
    wrong "the wrong candidate is not told"
[ "$(rows)" -eq 1 ] || wrong "the right candidates have no row"
grep '^layer ' "$table" | grep -q 'yb=4' && wrong "a wrong candidate became a row"

run 1 tune $case:f16 $case:i8
for form in f16 i8; do
    grep -q "^$case:$form: depthwise .*yb=4 is wrong: output [0-9]* of 51200 is .*, but naive has " errors ||
        wrong "the wrong candidate of $form is not told"
done
[ "$(rows)" -eq 3 ] || wrong "the right candidates of types have no rows"

# naive itself is wrong: the sums of the CPU tell, and there is no row.
make_kernels naive.cl 's/real sum = 0;/real sum = 1;/'
rm "$table"
run 1 tune $case
grep -q "^$case: output 0 of 51200 is .*, but must be .*; the layer gets no row" errors ||
    wrong "a wrong naive is not told"
[ "$(rows)" -eq 0 ] || wrong "a layer without a right result has a row"
make_kernels naive_backward.cl 's/real sum = 0;/real sum = 1;/'
run 1 tune $case:dir=backward-data $case:dir=backward-weights
grep -q "^$case:dir=backward-data: dx 0 of 51200 is .*, but must be .*; the layer gets no row" errors ||
    wrong "a wrong dx is not told"
grep -q "^$case:dir=backward-weights: dw 0 of 288 is .*, but must be " errors ||
    wrong "a wrong dw is not told"
[ "$(rows)" -eq 0 ] || wrong "a gradient without a right result has a row"

# ---- Signals: what is finished stays, the next run goes on ------------------------------------
make_kernels naive.cl ''
rm "$table"
"$conform" tune $case c32hw44k32rs3p1g32 c32hw48k32rs3p1g32 >out 2>errors &
until [ -e "$table" ] && grep -q '^layer ' "$table"; do
    kill -0 $! || wrong "it ended too early"
    sleep 0.01
done
kill -TERM $!
wait $!
[ $? -eq 143 ] || wrong "a signal does not end it"
done=$(rows)
[ "$done" -lt 3 ] || wrong "it went on"
run 0 tune $case c32hw44k32rs3p1g32 c32hw48k32rs3p1g32
grep -q "^$((3 - done)) layers tuned, $done had a row, 0 failed" out || wrong "it began anew"
[ "$(rows)" -eq 3 ] || wrong "a row is missing"

# ---- Warm-up ----------------------------------------------------------------------------------
rm -rf "$CLCONV_CACHE_DIR"
run 1 tune --warm-up c16hw40k32rs3p1 # what it wants does not compile
grep -q '^c16hw40k32rs3p1: building ' errors || wrong "--warm-up does not say what failed"
unset CLCONV_KERNEL_DIR
run 0 tune --warm-up -j 2 $case c32hw44k32rs3p1g32 c32hw40k32rs3st2p1g32
grep -q '^3 layers: 2 programs built, 0 were in the cache, .* s in 2 processes$' out ||
    wrong "--warm-up built other programs"
run 0 tune --warm-up -j 2 $case c32hw44k32rs3p1g32 c32hw40k32rs3st2p1g32
grep -q '^3 layers: 0 programs built, 2 were in the cache' out || wrong "--warm-up builds again"
CLCONV_VERBOSE=2 run 0 explain n2c32hw48k32rs3p1g32
grep -q ': loaded in ' errors || wrong "a plan after --warm-up loads nothing"
grep -q ': built in ' errors && wrong "a plan after --warm-up builds"
exit 0
