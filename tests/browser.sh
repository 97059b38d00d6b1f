# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What tests of HTML reports share: looking at one in headless Chromium through page.html. Sourced
# with $pictures set to where pictures go, or empty; gives a folder $work. Exits with 77 without
# Chromium.
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "$(basename "$0"): NOT RUN, there is no Chromium here" >&2
    exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HOME="$work" # Chromium writes there
cp "$(dirname "$0")/../../tests/page.html" "$work"
status=0 views=0

complain() {
    echo "$(basename "$0"): $1" >&2
    status=1
}

# A report of that name in $work, as page.html reads the rest: look REPORT WIDTH light|dark PART,...
look() {
    scheme=$([ "$3" = dark ] && echo 0 || echo 1)
    name=$1-$2-$3
    page="file://$work/page.html?$1.html,$2,$3,$4"
    views=$((views + 1))
    set -- --headless --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files \
        "--blink-settings=preferredColorScheme=$scheme" --window-size=1280,1600
    timeout 120 "$chromium" "$@" --dump-dom "$page" 2>/dev/null |
        grep -o '<pre hidden[^<]*' >"$work/found"
    grep -q '>ok$' "$work/found" ||
        complain "$name: $(sed 's/.*>//' "$work/found" | grep . || echo 'no answer in 120 s')"
    [ -z "$pictures" ] || "$chromium" "$@" --screenshot="$pictures/$name.png" "$page" 2>/dev/null
}

# On a desktop and on a phone, light and dark.
look_everywhere() { # look_everywhere REPORT PART,...
    for width in 1280 390; do
        for scheme in light dark; do
            look "$1" "$width" "$scheme" "$2"
        done
    done
}

self_contained() { # self_contained REPORT
    if grep -qE '(src|href) *=|@import|url\(' "$work/$1.html"; then
        complain "$1: refers to something outside itself"
    fi
}
