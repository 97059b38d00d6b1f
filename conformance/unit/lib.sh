# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What tests in shell share: a folder of their own that goes with them, and the suite's runs there.
# Sourced with $conform set to clconv-conform.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
: >out >errors

wrong() { # wrong SENTENCE
    echo "$(basename "$0"): $1" >&2
    cat out errors >&2
    exit 1
}

run() { # run STATUS ARGUMENT...
    status=$1
    shift
    timeout 300 "$conform" "$@" >out 2>errors
    got=$?
    [ "$got" -eq "$status" ] || wrong "$* should exit $status, but got $got"
}
