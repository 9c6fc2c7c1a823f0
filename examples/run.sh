#!/usr/bin/env bash
# Installs what is missing (Debian), builds the examples and runs map_port: with the arguments
# given, or with none against a gateway of our own on loopback.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
if command -v dpkg-query >/dev/null; then
    for package in g++ cmake make libasio-dev; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
fi
if [ ${#missing[@]} -gt 0 ]; then
    sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    echo "installing: ${missing[*]}" >&2
    "${sudo[@]}" apt-get update -qq >&2
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

# A build tree of its own: it has no tests. Standard output belongs to map_port.
{
    cmake -S . -B .build/examples --log-level=WARNING \
        -DASIO_NATPMP_BUILD_EXAMPLES=ON -DASIO_NATPMP_BUILD_TESTS=OFF
    cmake --build .build/examples --target minimal map_port --parallel 2
} >&2

[ $# -gt 0 ] || set -- --demo
exec .build/examples/examples/map_port "$@"
