#!/usr/bin/env bash
# Builds the benchmarks with -O2, runs all of them, and prints every figure and every limit with PASS
# or MISS. Installs what is missing (Debian 12). What it measures: docs/performance.md.
#
#   tests/bench/run.sh [PART...]     latency, natpmpc, scale, idle; all of them by default
#   tests/bench/run.sh --data DIR    writes the figures to files too
#   tests/bench/run.sh --plots       draws docs/performance/*.svg from this run
#
#   BUILD_ROOT=DIR   where to build, .build by default
set -euo pipefail
cd "$(dirname "$0")/../.."

parts=()
data=
plots=no
while [ $# -gt 0 ]; do
    case "$1" in
        latency | natpmpc | scale | idle) parts+=("$1") ;;
        --data) shift; data=${1:?a folder} ;;
        --plots) plots=yes ;;
        *) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' tests/bench/run.sh; exit 2 ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(latency natpmpc scale idle)
if [ $plots = yes ] && [ ${#parts[@]} != 4 ]; then
    echo "--plots needs all parts" >&2
    exit 2
fi

install_missing() {
    command -v dpkg-query >/dev/null || return 0
    local wanted=(g++ cmake ninja-build libasio-dev miniupnpd-nftables nftables iproute2 tshark natpmpc
        socat strace) missing=() sudo=() package
    [ $plots = no ] || wanted+=(python3)
    for package in "${wanted[@]}"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    echo "installing: ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    # RUNLEVEL=1 keeps miniupnpd from being started as a service.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

build=${BUILD_ROOT:-.build}/bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=${data:-$work}
mkdir -p "$data"
failed=()

build_all() {
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    cmake -G Ninja -S . -B "$build" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Release \
        "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG" "${launcher[@]}" -DASIO_NATPMP_TESTS=bench
    cmake --build "$build" --parallel "$(nproc)" --target map_port bench_{engine,sockets,simulated} \
        bench_{latency,idle,alternate}
    # The same program with the C++ library linked in, which then is not loaded at each start.
    g++ "$build"/examples/CMakeFiles/map_port.dir/map_port.cpp.o -o "$build/map_port_static" \
        -pthread -static-libstdc++ -static-libgcc
}

run() { # COMMAND...: what cannot run, or misses a limit that has nothing to do with speed, failed
    echo
    "$@" | tee -a "$work/figures" || failed+=("${1##*/}")
}

part() { # NAME
    case "$1" in
        latency) run "$build/tests/bench/bench_latency" --data "$data" ;;
        natpmpc) run tests/bench/natpmpc.sh ;;
        scale)
            run "$build/tests/bench/bench_engine" --data "$data"
            run "$build/tests/bench/bench_sockets"
            run "$build/tests/bench/bench_simulated"
            ;;
        idle) run tests/bench/idle.sh "$build/tests/bench/bench_idle" ;;
    esac
}

install_missing
build_all >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
data=$(realpath "$data")
build=$(realpath "$build")
export DATA=$data ALTERNATE=$build/tests/bench/bench_alternate
export MAP_PORT=$build/examples/map_port MAP_PORT_STATIC=$build/map_port_static
echo "$(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo "$(uname -sr), $(g++ --version | head -n 1)"
echo "load at the start: $(cut -d' ' -f1-3 /proc/loadavg)"
for each in "${parts[@]}"; do
    part "$each"
done

if [ $plots = yes ]; then
    python3 tests/bench/plot.py "$data" docs/performance
fi
echo
echo "== $(grep -c '^PASS' "$work/figures" || true) limits kept, $(grep -c '^MISS' "$work/figures" || true) missed"
grep '^MISS' "$work/figures" || true
[ ${#failed[@]} = 0 ] || { echo "failed or could not run: ${failed[*]}"; exit 1; }
