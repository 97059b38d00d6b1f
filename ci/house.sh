#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Holds the house in shape: ci/house.sh [SOURCE [BUILD]]. Prints one line per defect, FILE:LINE:
# what, and exits 1 if there is any. Checks that need compiled files are made when BUILD is given.
# shellcheck disable=SC2046,SC2086 # no name of ours holds a blank
set -u
export LC_ALL=C
source=${1:-$(cd "$(dirname "$0")/.." && pwd)}
build=${2:-}
cd "$source" || exit 2

defects=$(mktemp)
trap 'rm -f "$defects"' EXIT

defect() { printf '%s\n' "$*" | tee -a "$defects"; }
# As `defect`, for every line of standard input.
defects_from() { sed "s|\$|$1|" | tee -a "$defects"; }

files() { # files PATTERN...: our files whose name matches one of the patterns
    local pattern arguments=()
    for pattern in "$@"; do
        arguments+=(-o -name "$pattern")
    done
    find . \( -name build -o -name .git -o -name .cache -o -name report \) -prune -o \
        -type f \( "${arguments[@]:1}" \) -print | sed 's|^\./||' | sort
}

scripts() { find ci .ci -type f ! -name CMakeLists.txt | sort; }

# ---- Floors ------------------------------------------------------------------------------

# Which folders a folder may include from, besides its own.
floor_of() {
    case $1 in
    host | common) echo "include kernels" ;; # kernels/embed.h
    conformance | bench | tool) echo "common include kernels" ;;
    tests) echo "common include host conformance" ;; # white-box tests of F1; the oracles
    *) echo "" ;;
    esac
}

check_includes() { # every #include "..." must be found on the file's own floor or below it
    local file name part where found
    files '*.c' '*.h' | while read -r file; do
        part=${file%%/*}
        sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file" | while read -r name; do
            [ "$name" = algos.inc ] && continue # made by host/CMakeLists.txt
            found=
            for where in "$(dirname "$file")" "$part" $(floor_of "$part"); do
                [ -e "$where/$name" ] && found=yes && break
            done
            case $name in ../*) found= ;; esac
            [ -n "$found" ] || defect "$file: \"$name\" is not on its floor or below"
        done
    done
    grep -nE '(include_directories|target_sources).*host' \
        {common,conformance,bench,tool}/CMakeLists.txt 2>/dev/null | defects_from ' <- sees host/'
    grep -nE '# *include *"clconv' examples/*.[ch] |
        defects_from ' <- examples include <clconv/...>'
}

check_algorithms() { # an algorithm is an island: designs.h, the public header, the system
    local file name
    for file in host/algos/*.c; do
        sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file" | while read -r name; do
            case $name in
            designs.h | clconv/*.h) ;;
            *) defect "$file: an algorithm includes only designs.h, not \"$name\"" ;;
            esac
        done
        [ -e "kernels/cl/$(basename "$file" .c).cl" ] || defect "$file: no kernel of its name"
    done
}

check_oracle() { # judge and judged share no arithmetic
    local one
    for one in oracle gather; do # two, each of several files with one header of its own
        grep -nE '# *include *"' conformance/$one*.[ch] |
            grep -vE "\"(suite|${one}_walk)\.h\"" | defects_from ' <- the oracle shares nothing'
        grep -nE '\b(clconv|case|padding)_[a-z_]+ *\(' conformance/$one*.[ch] |
            defects_from ' <- the oracle calls nothing'
    done
}

check_pure() { # F1 calls no OpenCL, in the text and in its objects
    grep -nE '\bcl[A-Z][A-Za-z]* *\(' $(pure_files) | defects_from ' <- F1 calls no OpenCL'
    [ -n "$build" ] || return 0
    local object objects
    objects=$(find "$build" -path '*clconv_f1.dir*' -name '*.o')
    [ -n "$objects" ] || defect "$build: no objects of clconv_f1"
    for object in $objects; do
        nm -u "$object" | grep -E ' U cl[A-Z]' |
            defects_from " <- undefined in $(basename "$object")"
    done
}

check_enqueue() { # clconv_enqueue itself neither allocates, nor compiles, nor waits
    local object
    [ -n "$build" ] || return 0
    object=$(find "$build" -name 'enqueue.c.o' -path '*clconv.dir*')
    [ -n "$object" ] || { defect "$build: no object of enqueue.c"; return; }
    nm -u "$object" |
        grep -E ' U (clconv_alloc|[cm]alloc|realloc|open_memstream|cl(Finish|Wait).*)$' |
        defects_from ' <- undefined in enqueue.c.o'
}

pure_files() { # the sources of clconv_f1, as host/CMakeLists.txt lists them
    tr '\n' ' ' <host/CMakeLists.txt | sed 's/.*add_library(clconv_f1 OBJECT \([^)]*\)).*/\1/' |
        tr -s ' ' '\n' | sed 's|^|host/|'
}

check_vendors() { # features decide; only the table of quirks may know names
    files '*.c' '*.h' '*.cl' | grep -E '^(host|kernels)/' | grep -v 'quirks\.c$' |
        xargs grep -niE '"[^"]*\b(nvidia|amd|intel|arm|mali|adreno|apple)\b|DEVICE_VENDOR_ID' \
            /dev/null | defects_from ' <- a vendor decides'
}

# ---- Lengths -----------------------------------------------------------------------------

check_lengths() {
    local code
    code="$(files '*.c' '*.h' '*.cl' '*.cmake' CMakeLists.txt) $(scripts)"
    awk 'function close_file() { if (lines > 400) print name ": " lines " lines, 400 at most" }
         FNR == 1 { close_file(); name = FILENAME }
         { lines = FNR }
         length > 100 { print FILENAME ":" FNR ": " length " columns, 100 at most" }
         END { close_file() }' $code | defects_from ''
    # With Linux braces a function body is what stands between { and } in column 1.
    awk 'FNR == 1 { most = FILENAME ~ /\.cl$/ ? 120 : 60 }
         /^\{/ { start = FNR }
         /^\}/ && start { if (FNR - start + 1 > most)
                              print FILENAME ":" start ": " FNR - start + 1 " lines in a function"
                          start = 0 }' $(files '*.c' '*.h' '*.cl') | defects_from ''
}

# ---- Words -------------------------------------------------------------------------------

check_words() {
    local file mark
    for file in $(files '*.c' '*.h' '*.cl' '*.cmake' CMakeLists.txt) $(scripts); do
        head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || defect "$file: no SPDX line"
    done
    for file in $(scripts); do
        case $file in ci/lib.sh | *.supp) continue ;; esac
        [ -x "$file" ] || defect "$file: not executable"
    done
    mark="\\b(TO""DO|FIX""ME|XX""X|HA""CK)\\b"
    files '*' | xargs -d '\n' grep -InE "$mark" /dev/null | defects_from ' <- leftover mark'
    files '*' | xargs -d '\n' grep -InE "\\.\\./sha""red|/wo""rk/" /dev/null |
        defects_from ' <- outside the repository'
    files '*.c' '*.h' '*.cl' | xargs grep -nE '^ *# *if 0\b' /dev/null |
        defects_from ' <- dead code'
    files '*.c' '*.h' '*.cl' | xargs grep -nE '[[:space:]]$|	' /dev/null |
        defects_from ' <- tab or trailing blank'
}

# ---- Exports and format ------------------------------------------------------------------

check_exports() { # the library exports what the header declares, and nothing else
    local library=$build/libclconv.so declared exported
    [ -n "$build" ] || return 0
    [ -e "$library" ] || { defect "$library: not built"; return; }
    declared=$(cat include/clconv/*.h | tr '\n' ' ' | grep -oE 'CLCONV_API [^;{(]*\(' |
        grep -oE 'clconv_[a-z_]+\($' | tr -d '(' | sort -u)
    exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ { print $3 }' | sort -u)
    comm -13 <(echo "$declared") <(echo "$exported") |
        defects_from ' <- exported, but not in a header'
    comm -23 <(echo "$declared") <(echo "$exported") |
        defects_from ' <- in a header, but not exported'
}

check_format() {
    if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
        echo "house: no clang-format 14 here (other versions disagree), format not checked"
        return
    fi
    clang-format --dry-run $(files '*.c' '*.h') 2>&1 | sed -n 's/: warning: code should be.*//p' |
        sort -u -t: -k1,1 | defects_from ' <- clang-format would change this'
}

check_includes
check_algorithms
check_oracle
check_pure
check_enqueue
check_vendors
check_lengths
check_words
check_exports
check_format

if [ -s "$defects" ]; then
    echo "house: $(wc -l <"$defects") defects" >&2
    exit 1
fi
echo "house: in shape"
