#!/usr/bin/env bash
# Builds the debs and static tarballs for ARM, takes the program out of each package and has it connect, book, refund and survive a
# kill under qemu; prints the table of docs/packages.md. ARM_TOOLCHAIN names the script that has compilers and qemu.
#
# The ARM debs are unpacked and not installed: dpkg would run their program, and the kernel of this machine does not. Their
# maintainer scripts are those of the amd64 deb, which test-deb.sh installs.
set -euo pipefail
cd "$(dirname "$0")/.."
toolchain=${ARM_TOOLCHAIN:-../shared/tools/arm-toolchain}
target_dir=${CARGO_TARGET_DIR:-target}
export OUT=${OUT:-$target_dir/packages} CROSS_CARGO="$toolchain cargo"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

amd64=$(packaging/build.sh deb amd64)
dpkg-deb -e "$amd64" "$work/amd64"
rows=()

row() { # TARGET PROGRAM PACKAGE NEEDS
    local size packed
    size=$(stat -c %s "$2")
    packed=$(stat -c %s "$3")
    rows+=("| \`$1\` | $(printf "%'d" "$size") | $(printf "%'d" "$packed") ${3##*.} | $4 |")
}

smoke() { # TARGET PROGRAM
    echo "-- $1 under qemu"
    VIETQR_EDGE=$2 VIETQR_EDGE_RUNNER="$toolchain run $1" cargo test --quiet --workspace --test refund smoke
}

for arch in armhf arm64; do
    deb=$(packaging/build.sh deb "$arch")
    [ "$(dpkg-deb -f "$deb" Architecture)" = "$arch" ]
    dpkg-deb -x "$deb" "$work/$arch"
    dpkg-deb -e "$deb" "$work/$arch/DEBIAN"
    for file in preinst postinst prerm postrm conffiles; do cmp "$work/amd64/$file" "$work/$arch/DEBIAN/$file"; done
    case $arch in armhf) target=armv7-unknown-linux-gnueabihf ;; arm64) target=aarch64-unknown-linux-gnu ;; esac
    smoke "$target" "$work/$arch/usr/bin/vietqr-edge"
    row "$target" "$work/$arch/usr/bin/vietqr-edge" "$deb" "$(dpkg-deb -f "$deb" Depends | sed 's/, passwd//')"

    tarball=$(packaging/build.sh tarball "$arch")
    mkdir "$work/$arch-static"
    tar -C "$work/$arch-static" --strip-components=1 -xzf "$tarball"
    case $arch in armhf) target=armv7-unknown-linux-musleabihf ;; arm64) target=aarch64-unknown-linux-musl ;; esac
    program=$work/$arch-static/bin/vietqr-edge
    if readelf -d "$program" | grep NEEDED; then echo "$program is not static" >&2; exit 1; fi
    smoke "$target" "$program"
    row "$target" "$program" "$tarball" "nothing"
done
dpkg-deb -x "$amd64" "$work/x86"
row x86_64-unknown-linux-gnu "$work/x86/usr/bin/vietqr-edge" "$amd64" "$(dpkg-deb -f "$amd64" Depends | sed 's/, passwd//')"

printf '\n%s, %s\n\n' "$(date -u +%F)" "$(git log -1 --format=%h)"
printf '| target | program, bytes | package, bytes | needs |\n| --- | --- | --- | --- |\n'
printf '%s\n' "${rows[@]}"
