# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# What the three commands of ci/ share: packages, build, presentation. Sourced, never run.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
root=$PWD

# PoCL replaces the process's SIGFPE handler, which hides divisions by zero in our own host code.
export POCL_SIGFPE_HANDLER=0

# Columns: the check, then the package for apt, dnf, pacman and brew.
needed_to_build='
works:cmake        cmake               cmake               cmake                cmake
works:make         make                make                make                 make
works:compiler     gcc,libc6-dev       gcc,glibc-devel     gcc                  gcc
works:pkg-config   pkg-config          pkgconf-pkg-config  pkgconf              pkgconf
works:nm           binutils            binutils            binutils             binutils
library:OpenCL     ocl-icd-opencl-dev  ocl-icd-devel       ocl-icd              ocl-icd
header:CL/cl.h     opencl-headers      opencl-headers      opencl-headers       opencl-headers
library:clblast    libclblast-dev      clblast-devel       clblast              clblast
library:jansson    libjansson-dev      jansson-devel       jansson              jansson
library:popt       libpopt-dev         popt-devel          popt                 popt
library:libxml-2.0 libxml2-dev         libxml2-devel       libxml2              libxml2
library:libxxhash  libxxhash-dev       xxhash-devel        xxhash               xxhash
device:pocl        pocl-opencl-icd     pocl                pocl                 pocl'

needed_to_test='
library:cmocka     libcmocka-dev       libcmocka-devel     cmocka               cmocka
library:libpng     libpng-dev          libpng-devel        libpng               libpng
works:oclgrind     oclgrind            oclgrind            oclgrind             oclgrind
works:python3      python3             python3             python               python3
device:rusticl     mesa-opencl-icd     mesa-libOpenCL      opencl-rusticl-mesa  mesa'

say() { printf '==> %s\n' "$*"; }
fail() { # fail STATUS SENTENCE...
    local status=$1
    shift
    printf '%s\n' "$@" >&2
    exit "$status"
}

cores() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1; }

# ---- Packages ----------------------------------------------------------------------------

is_there() { # is_there KIND:NAME
    case $1 in
    works:compiler) echo 'int main(void) { return 0; }' | cc -x c -o /dev/null - 2>/dev/null ;;
    works:make) command -v make || command -v ninja ;;
    works:*) command -v "${1#*:}" ;;
    library:*) pkg-config --exists "${1#*:}" ;;
    header:*) echo "#include <${1#*:}>" | cc -E -x c -DCL_TARGET_OPENCL_VERSION=120 - ;;
    device:*) grep -qil "${1#*:}" /etc/OpenCL/vendors/*.icd ;;
    esac >/dev/null 2>&1
}

missing_packages() { # missing_packages TABLE COLUMN: packages of the rows whose check fails
    local row
    while read -r -a row; do
        [ ${#row[@]} -gt 0 ] || continue
        is_there "${row[0]}" || printf '%s ' "${row[$2]//,/ }"
    done <<<"$1"
}

install_command() { # install_command TABLE: what a person would type here
    local column manager words
    while read -r column manager words; do
        command -v "$manager" >/dev/null || continue
        echo "$words $(missing_packages "$1" "$column")"
        return
    done <<'MANAGERS'
1 apt-get sudo apt-get install --no-install-recommends
2 dnf sudo dnf install
3 pacman sudo pacman -S
4 brew brew install
MANAGERS
    echo "(no apt, dnf, pacman or brew here; Debian's names) $(missing_packages "$1" 1)"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() { # install_packages TABLE: afterwards every row of the table is there, or exit 2
    local wanted
    wanted=$(missing_packages "$1" 1)
    [ -n "$wanted" ] || return 0
    # A machine with a driver of its own and no rights to install needs no PoCL.
    if [ "$wanted" = "pocl-opencl-icd " ] && ! as_root true 2>/dev/null &&
        { [ -n "${OCL_ICD_VENDORS:-}" ] || ls /etc/OpenCL/vendors/*.icd >/dev/null 2>&1; }; then
        return 0
    fi
    if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
        fail 2 "Packages are missing and cannot be installed from here. Run this, then try again:" \
            "    $(install_command "$1")"
    fi
    say "Installing: $wanted"
    # shellcheck disable=SC2086
    quietly packages as_root env DEBIAN_FRONTEND=noninteractive sh -c \
        'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' sh $wanted ||
        fail 2 "The packages could not be installed." "    $(install_command "$1")"
    wanted=$(missing_packages "$1" 1)
    [ -z "$wanted" ] || fail 2 "Installed, but still not found: $wanted"
}

# ---- Build -------------------------------------------------------------------------------

# quietly NAME COMMAND...: on a terminal as it is; in a pipe into build/log/NAME, shown if it fails.
quietly() {
    local log=build/log/$1 status=0
    shift
    if [ -t 1 ]; then
        "$@"
        return
    fi
    mkdir -p build/log
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" = 0 ] || tail -n 40 "$log" >&2
    return "$status"
}

# build PRESET [OPTION...]: configures and builds build/PRESET. A folder that was configured
# elsewhere (the checkout was moved or copied) is made anew.
build() {
    local preset=$1 cache=build/$1/CMakeCache.txt
    shift
    if [ -e "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
        say "build/$preset was configured for another folder: starting afresh"
        rm -rf "build/$preset"
    fi
    command -v make >/dev/null || export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}
    say "Building (preset $preset)"
    quietly "configure-$preset" cmake --preset "$preset" "$@" &&
        quietly "build-$preset" cmake --build --preset "$preset" -j "$(cores)" ||
        fail 1 "The build failed (preset $preset)."
}

# ---- Tests -------------------------------------------------------------------------------

# run_tests PRESET [CTEST OPTION...]: CTest on PoCL with caches of its own, thrown away before each
# run: a cache that was being written when a run was killed crashes PoCL's next start. A skipped
# test is a failure wherever everything a test needs could be installed, that is with apt.
run_tests() {
    local preset=$1 log=build/log/test-$1 status
    shift
    mkdir -p build/log
    rm -rf "build/$preset/state"
    say "Testing (preset $preset)"
    CLCONV_CI_STATE=$root/build/$preset/state ci/on pocl \
        ctest --test-dir "build/$preset" --output-on-failure -j "$(cores)" "$@" | tee "$log"
    status=${PIPESTATUS[0]}
    if grep -q '\*\*\*Skipped' "$log"; then
        grep '\*\*\*Skipped' "$log" >&2
        command -v apt-get >/dev/null && fail 1 "Tests were skipped although they could have run."
    fi
    return "$status"
}
