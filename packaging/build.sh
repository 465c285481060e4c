#!/usr/bin/env bash
# Builds packages: packaging/build.sh deb|tarball|binary ARCH...
#
#   deb       amd64 arm64 armhf
#   tarball   arm64 armhf (static, musl), amd64 (of this machine's C library)
#   binary    what the deb of that architecture holds
#
# The packages lie in target/packages/ and are printed, a path a line. Needs no root and nothing but cargo, git, binutils and
# Debian's dpkg-deb; for another architecture than this machine's also `cross`, or what CROSS_CARGO names instead of it.
# The same commit and compiler give the same bytes. VERSION= overrides the version of the package, PACKAGING_TOOL= names a
# vietqr-edge-packaging that is built already.
set -euo pipefail
# A compiler that fails must not leave an older program to be packed.
shopt -s inherit_errexit
cd "$(dirname "$0")/.."
export LC_ALL=C

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
kind=$1
shift

# What is built has the time of its commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
VERSION=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
export SOURCE_DATE_EPOCH VERSION
target_dir=${CARGO_TARGET_DIR:-target}
out=${OUT:-target/packages}
mkdir -p "$out"

# Panics carry paths: none of this machine's. RUSTFLAGS would take the place of what .cargo/config.toml has for the target; this adds.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
flags="\"--remap-path-prefix=$cargo_home=/cargo\", \"--remap-path-prefix=$PWD=/vietqr-edge\""

target_of() { # KIND ARCH
    case $1-$2 in
    *-amd64) echo x86_64-unknown-linux-gnu ;;
    tarball-arm64) echo aarch64-unknown-linux-musl ;;
    tarball-armhf) echo armv7-unknown-linux-musleabihf ;;
    *-arm64) echo aarch64-unknown-linux-gnu ;;
    *-armhf) echo armv7-unknown-linux-gnueabihf ;;
    *) usage ;;
    esac
}

binary_of() { # TARGET: builds it and prints its path
    local target=$1 cargo=(cargo) dir=$target_dir
    if [ "$target" != "$(rustc -vV | sed -n 's/^host: //p')" ]; then
        # Another compiler, so another folder.
        read -r -a cargo <<<"${CROSS_CARGO:-cross}"
        dir=$target_dir/arm
        command -v "${cargo[0]}" >/dev/null || { echo "build.sh needs ${cargo[0]} for $target; CROSS_CARGO names another" >&2; exit 1; }
    fi
    CARGO_TARGET_DIR=$dir "${cargo[@]}" build --config "target.$target.rustflags=[$flags]" \
        --quiet --locked --release --package vietqr-edge --bin vietqr-edge --target "$target" >&2
    echo "$dir/$target/release/vietqr-edge"
}

pages=
for arch; do
    target=$(target_of "$kind" "$arch")
    binary=$(binary_of "$target")
    if [ -z "$pages" ] && [ "$kind" != binary ]; then
        pages=$(mktemp -d)
        trap 'rm -rf "$pages"' EXIT
        tool=${PACKAGING_TOOL:-}
        if [ -z "$tool" ]; then
            # With SOURCE_DATE_EPOCH cargo would build everything with C in it again, and the next time without it once more.
            env -u SOURCE_DATE_EPOCH cargo build --quiet --locked --package vietqr-edge-packaging
            tool=$target_dir/debug/vietqr-edge-packaging
        fi
        "$tool" "$pages" "$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)"
        # What is linked into the program, and under which licence.
        cargo tree --quiet --locked --package vietqr-edge --edges normal --target all --prefix none --format '{p}  {l}' |
            sed '/(\/\|(\*)$/d' | sort -u >"$pages/third-party"
    fi
    case $kind in
    binary) echo "$binary" ;;
    deb) packaging/deb.sh "$arch" "$binary" "$pages" "$out" ;;
    tarball) packaging/tarball.sh "$target" "$binary" "$pages" "$out" ;;
    *) usage ;;
    esac
done
