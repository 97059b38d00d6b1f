#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves that ci/offline notices: breaks kernel `naive` in one way at a time and expects each
# compiler's red and its words, for zeros and the three padding modes of images.
# ci/offline_notices.sh LISTER
set -u
cd "$(dirname "$0")/.." || exit 2
lister=$1
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
status=0

expect() { # expect STATUS WORDS TIMES OPTION...: the exit status, and lines that hold WORDS
    local got said=$1 words=$2 times=$3 log
    shift 3
    log=$(CLCONV_KERNEL_DIR=$copy ci/offline --lister "$lister" "$@" 2>&1)
    got=$?
    [ "$got" = 77 ] && { echo "$log" && exit 77; }
    if [ "$got" = "$said" ] && [ "$(grep -c -- "$words" <<<"$log")" = "$times" ]; then
        echo "noticed: $words"
    else
        printf 'NOT noticed %s times (status %s): %s\n%s\n' "$times" "$got" "$words" "$log" >&2
        status=1
    fi
}

change() { # change PATTERN TEXT: naive.cl with TEXT after each line that matches
    cp kernels/cl/*.cl "$copy" && sed -i "/$1/a $2" "$copy/naive.cl"
}

compile() { # compile STATUS WORDS TIMES TARGETS
    expect "$1" "$2" "$3" --programs naive --targets "$4"
}

cp kernels/cl/*.cl "$copy"
compile 0 'no warning, no spill, no scratch' 1 gfx1100,skl,sm_75,spirv
change 'real sum = 0' 'sum = ;'
compile 1 'RED.*status.*error: expected expression' 44 gfx1100,skl,sm_75,spirv
change 'real sum = 0' 'int unused_word = 1;'
compile 1 'RED.*warning: unused variable' 33 gfx1100,sm_75,spirv
change 'real sum = 0' 'sum = no_such_function(sum);'
compile 1 'RED.*no_such_function' 44 gfx1100,skl,sm_75,spirv
change 'real sum = 0' 'float late[512]; for (int i = 0; i < 512; i++) late[(i * in_w) \& 511] = i;'
sed -i 's/= MULTIPLY_ADD(/= late[(r * s) \& 511] + MULTIPLY_ADD(/' "$copy/naive.cl"
compile 1 'RED.*[1-9][0-9]* bytes of scratch' 33 gfx1100,skl,sm_75
expect 1 'is of other kernels: 11 programs differ, the first is "naive"' 1 --stale
exit "$status"
