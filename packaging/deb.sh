#!/usr/bin/env bash
# One deb from a binary: packaging/deb.sh ARCH BINARY PAGES OUT. build.sh calls it with SOURCE_DATE_EPOCH and VERSION set.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=$1 binary=$2 pages=$3 out=$4 upstream=${VERSION:?}
maintainer=${DEB_MAINTAINER:-"The vietqr-edge maintainers <packages@vietqr-edge.invalid>"}
version=$upstream-${DEB_REVISION:-1}
umask 022
root=$(mktemp -d)
chmod 755 "$root"
trap 'rm -rf "$root"' EXIT
doc=$root/usr/share/doc/vietqr-edge

put() { install -D -m "$1" "$2" "$root/$3"; } # MODE FROM TO
packed() { mkdir -p "$(dirname "$root/$2")" && gzip -9nc "$1" >"$root/$2"; } # FROM TO

put 755 "$binary" usr/bin/vietqr-edge
put 644 packaging/systemd/vietqr-edge.service usr/lib/systemd/system/vietqr-edge.service
put 644 packaging/systemd/vietqr-edge.sysusers usr/lib/sysusers.d/vietqr-edge.conf
put 644 packaging/systemd/vietqr-edge.tmpfiles usr/lib/tmpfiles.d/vietqr-edge.conf
put 755 packaging/sysvinit/vietqr-edge etc/init.d/vietqr-edge
put 640 packaging/agent.toml etc/vietqr-edge/agent.toml
install -d -m 750 "$root/etc/vietqr-edge" "$root/etc/vietqr-edge/secrets" "$root/etc/vietqr-edge/certs"
put 644 "$pages/completions/vietqr-edge.bash" usr/share/bash-completion/completions/vietqr-edge
put 644 "$pages/completions/_vietqr-edge" usr/share/zsh/vendor-completions/_vietqr-edge
put 644 "$pages/completions/vietqr-edge.fish" usr/share/fish/vendor_completions.d/vietqr-edge.fish
for page in "$pages"/man/*; do
    packed "$page" "usr/share/man/man${page##*.}/${page##*/}.gz"
done
# Also for who asks for `man 5 vietqr-edge`.
ln -s vietqr-edge.toml.5.gz "$root/usr/share/man/man5/vietqr-edge.5.gz"
put 644 config/agent.example.toml usr/share/doc/vietqr-edge/examples/agent.example.toml
put 644 docs/getting-started.md usr/share/doc/vietqr-edge/getting-started.md
put 644 docs/voice-packs.md usr/share/doc/vietqr-edge/voice-packs.md
put 644 packaging/deb/copyright usr/share/doc/vietqr-edge/copyright
put 644 packaging/deb/lintian-overrides usr/share/lintian/overrides/vietqr-edge
put 644 "$pages/third-party" usr/share/doc/vietqr-edge/third-party
packed CHANGELOG.md usr/share/doc/vietqr-edge/changelog.gz
printf '%s\n' "vietqr-edge ($version) stable; urgency=medium" "" "  * See changelog.gz." "" \
    " -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9nc >"$doc/changelog.Debian.gz"

# What the binary needs: its libraries, and the oldest C library that has every symbol version it names.
needed=$(readelf -d "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
versions=$(readelf -V "$binary" | grep -oE 'GLIBC_([0-9.]+|ABI_DT_RELR)' | sort -u)
# Relocations in their short form are known since 2.36.
glibc=$(sort -V <<<"${versions/ABI_DT_RELR/2.36}" | tail -n 1)
depends="libc6 (>= ${glibc#GLIBC_})"
case $needed in *libgcc_s*) depends="$depends, libgcc-s1 (>= 4.2)" ;; esac

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: vietqr-edge
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size "$root" | cut -f1)
Depends: $depends, passwd
Recommends: alsa-utils, espeak-ng
Section: net
Priority: optional
Description: daemon for VietQR payment devices
 Hears of money by MQTT over TLS from VietQR, writes it into a ledger that no
 crash takes back, and says it aloud in Vietnamese, once. Gives money back
 through the refund interfaces of VietQR, VNPAY and QFPay, never twice.
 .
 For speakers and payment boxes in shops: one small program, for a flash card
 and a device without a battery clock.
CONTROL
# Every path below /etc that is a file.
(cd "$root" && find etc -type f | sort | sed 's,^,/,') >"$root/DEBIAN/conffiles"
for script in preinst postinst prerm postrm; do
    sed -e '/@LEDGER_FORMAT@/{r packaging/ledger-format.sh
d}' -e "s/@VERSION@/$version/; s/@FORMAT@/$(sed -n 's/^pub const FORMAT: u32 = \([0-9]*\);.*/\1/p' src/ledger/journal/segment.rs)/" \
        "packaging/deb/$script" >"$root/DEBIAN/$script"
    chmod 755 "$root/DEBIAN/$script"
done
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -print0 | xargs -0 touch --no-dereference --date="@$SOURCE_DATE_EPOCH"

deb=$out/vietqr-edge_${version}_$arch.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$deb" >/dev/null
echo "$deb"
