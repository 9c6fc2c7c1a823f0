#!/usr/bin/env bash
# Another Debian in a folder, for `tests/run.sh --debian`. It takes root.
#
#   debian.sh make ROOT SUITE PACKAGE...   makes it, unless it is there, from where this system's
#                                          packages come, and installs what it has not
#   debian.sh source ROOT PACKAGE FOLDER   unpacks the source of a package into a folder below ROOT
#   debian.sh run ROOT BUILD COMMAND...    runs a command in it, which sees this source (read-only)
#                                          and the folder BUILD where they are here
#
# Each call mounts what it needs in a mount namespace of its own, so nothing stays mounted, however
# the call ends.
set -euo pipefail
source=$(realpath "$(dirname "$0")/../..")

mirror() {
    local codename
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" 'Component: main' \
        'Created-By: Packages' | head -n 1
}

# The list for sid may be older than its date allows.
apt=(apt-get -qq -o Acquire::Check-Valid-Until=false)

inside() { # COMMAND...
    "$0" run "$root" "$root" env DEBIAN_FRONTEND=noninteractive "$@"
}

# quietly COMMAND...: what it prints goes to a file, and is shown if it fails.
quietly() {
    "$@" >"$root.log" 2>&1 && return
    tail -n 30 "$root.log" >&2
    exit 1
}

make_root() { # SUITE PACKAGE...
    local suite=$1 from missing
    shift
    if [ ! -d "$root" ]; then
        from=$(mirror)
        : "${from:?apt-get update has to come first}"
        rm -rf "$root.part"
        mkdir -p "$root.part"
        echo "making Debian $suite in $root"
        quietly unshare --mount debootstrap --variant=minbase "$suite" "$root.part" "$from"
        # The folder can be made again: there is no need to wait for the disk.
        echo force-unsafe-io >"$root.part/etc/dpkg/dpkg.cfg.d/unsafe-io"
        mv "$root.part" "$root"
    fi
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    missing=$(inside dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>&1 |
        grep -v '^installed ' || true)
    [ -n "$missing" ] || return 0
    echo "installing in $root: $*"
    quietly inside dpkg --configure -a
    quietly inside "${apt[@]}" update
    quietly inside "${apt[@]}" install -y --no-install-recommends "$@"
    quietly inside apt-get clean
}

unpack_source() { # PACKAGE FOLDER
    local list=/etc/apt/sources.list.d/source.list
    sed -n 's/^deb /deb-src /p' "$root/etc/apt/sources.list" >"$root$list"
    quietly inside "${apt[@]}" update
    rm -rf "${root:?}/$2"
    mkdir -p "$root/$2"
    quietly inside sh -c 'cd "$1" && shift && "$@"' - "/$2" "${apt[@]}" source "$1"
}

enter() { # BUILD COMMAND...: in the mount namespace
    local build=$1
    shift
    mkdir -p "$root$source" "$root$build"
    mount --bind "$root" "$root" # network namespaces want the root to be a mount
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount --bind "$source" "$root$source"
    mount -o remount,bind,ro "$root$source"
    mount --bind "$build" "$root$build"
    unset TMPDIR
    export LC_ALL=C.UTF-8
    exec chroot "$root" env --chdir="$PWD" "$@"
}

what=$1
root=$(realpath -m "$2")
shift 2
case $what in
    make) make_root "$@" ;;
    source) unpack_source "$@" ;;
    run) exec unshare --mount "$0" enter "$root" "$@" ;;
    enter) enter "$@" ;;
    *) exit 2 ;;
esac
