#!/bin/sh
# SPDX-License-Identifier: MIT
# --baseline and --html from the command line to their files: a document whose times are changed on
# purpose must be told from one whose are not. Argument: clconv-bench.
set -u
conform=$1
# shellcheck source=conformance/unit/lib.sh
. "$(dirname "$0")/../../conformance/unit/lib.sh"

short='--case c16hw24k16rs3p1g16 --algo naive --min-time 0.02 --max-time 0.05'
# bench STATUS ARGUMENT...
bench() {
    expected=$1
    shift
    # shellcheck disable=SC2086
    run "$expected" $short "$@"
}
scaled() { # scaled FACTOR: the document `before.json` with other samples, and a steady clock
    sed 's/"THROTTLED"/"OK"/' before.json | awk -v factor="$1" '
        /"samples_ms"/ { inside = 1; print; next }
        inside && /\]/ { inside = 0 }
        inside && /,/ { printf "%.9f,\n", factor * $1; next }
        inside { printf "%.9f\n", factor * $1; next }
        { print }'
}
says() { # says FILE WORDS
    grep -q -- "$2" "$1" || wrong "$1 does not say '$2'"
}

"$conform" --case c1hw1k1 --algo naive --min-time 1e-9 --max-time 1e-9 >out 2>errors
[ $? = 77 ] && exit 77
bench 0 --json before.json --html before.html
says before.html '<h2>Roofline</h2>'
grep -q 'Since the baseline' before.html && wrong "a page without a baseline speaks of one"
says before.json '"command": "clconv-bench --algo naive --min-time 0.02 --max-time 0.05 --case c16'

# On a machine with other work the new row may be THROTTLED, and then nothing is told but UNSURE.
judged() { # judged WORD
    says out "^since the baseline (.*: .*1 \($1\|UNSURE\)"
    says out "^\($1\|UNSURE\) "
}
scaled 0.1 >fast.json
bench 0 --baseline fast.json --html slower.html
judged SLOWER
says slower.html '<h2>Since the baseline</h2>'
bench 3 --baseline fast.json --strict
says errors '^--strict: 1 of 1 rows are \(SLOWER than the baseline\|NOISY or THROTTLED\)'
scaled 10 >slow.json
bench 0 --baseline slow.json
judged FASTER

sed 's/"name": "/"name": "another /' before.json >other.json
bench 2 --baseline other.json --json left.json
says errors '^other.json: is of the device "another '
bench 2 --baseline before.html --html left.html
says errors '^before.html: '
bench 2 --baseline absent.json
says errors '^absent.json: '
for file in left.json left.html; do
    [ ! -e "$file" ] || wrong "$file is left"
done
