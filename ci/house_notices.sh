#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves that ci/house.sh notices: breaks one rule at a time in a copy of the sources and expects
# the defect to be named. A check that cannot fail is a defect.
set -u
source=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
status=0

fresh_copy() {
    rm -rf "${copy:?}"/*
    (cd "$source" && tar -cf - --exclude=./build --exclude=./.git --exclude=./report .) |
        tar -xf - -C "$copy"
}

expect() { # expect WORDS FILE TEXT: appending TEXT to FILE makes house.sh print WORDS about FILE
    fresh_copy
    printf '%b\n' "$3" >>"$copy/$2"
    if bash "$copy/ci/house.sh" "$copy" 2>/dev/null | grep -F "$2" | grep -qF -- "$1"; then
        echo "noticed: $1"
    else
        echo "NOT noticed in $2: $1" >&2
        status=1
    fi
}

long=$(printf '%0101d' 0)
lines=$(printf '    x++;\\n%.0s' $(seq 60))
many=$(printf '/* */\\n%.0s' $(seq 401))
mark="/* TO""DO */"

expect 'is not on its floor' conformance/oracle.c '#include "internal.h"'
expect 'is not on its floor' host/status.c '#include "case.h"'
expect 'is not on its floor' common/case.c '#include "../host/internal.h"'
expect 'the oracle shares nothing' conformance/gather.c '#include "case.h"'
expect 'the oracle calls nothing' conformance/oracle.c 'clconv_output_shape(p, 0);'
expect 'an algorithm includes only' host/algos/direct.c '#include "naive.h"'
expect 'F1 calls no OpenCL' host/problem.c 'static int f(void) { return clFinish(0); }'
expect 'a vendor decides' host/plan.c 'static const char *v = "NVIDIA";'
expect 'columns, 100 at most' host/plan.c "/* $long */"
expect 'lines in a function' host/plan.c "int f(int x)\n{\n$lines}"
expect 'lines, 400 at most' tool/main.c "$many"
expect 'leftover mark' tool/main.c "$mark"
expect 'outside the repository' README.md "see ../sha""red/DESIGN.md"
expect 'dead code' tool/main.c '#if 0\n#endif'
expect 'tab or trailing blank' kernels/cl/naive.cl 'int x; '

# The checks of compiled files: an F1 object that calls OpenCL, an export that is not in the header.
fresh_copy
mkdir -p "$copy/build/clconv_f1.dir"
printf 'int clFinish(void *); int f(void) { return clFinish(0); }' |
    cc -x c -c - -o "$copy/build/clconv_f1.dir/problem.c.o"
mkdir -p "$copy/build/clconv.dir"
printf 'void *malloc(unsigned long); void *f(void) { return malloc(8); }' |
    cc -x c -c - -fno-builtin -o "$copy/build/clconv.dir/enqueue.c.o"
printf 'int leaked(void) { return 1; }' | cc -x c -shared -fPIC - -o "$copy/build/libclconv.so"
found=$(bash "$copy/ci/house.sh" "$copy" "$copy/build" 2>/dev/null)
for words in 'undefined in problem.c.o' 'undefined in enqueue.c.o' \
    'leaked <- exported, but not in a header' \
    'clconv_enqueue <- in a header, but not exported'; do
    case $found in
    *"$words"*) echo "noticed: $words" ;;
    *)
        echo "NOT noticed: $words" >&2
        status=1
        ;;
    esac
done
exit "$status"
