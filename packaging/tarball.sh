#!/usr/bin/env bash
# One tarball from a binary: packaging/tarball.sh TARGET BINARY PAGES OUT. build.sh calls it with SOURCE_DATE_EPOCH and VERSION set.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1 binary=$2 pages=$3 out=$4 upstream=${VERSION:?}
umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
name=vietqr-edge-$upstream-$target

put() { install -D -m "$1" "$2" "$root/$name/$3"; } # MODE FROM TO

put 755 packaging/install.sh install.sh
put 755 "$binary" bin/vietqr-edge
put 644 packaging/ledger-format.sh lib/ledger-format.sh
put 644 packaging/agent.toml etc/agent.toml
for file in packaging/systemd/*; do put 644 "$file" "init/systemd/${file##*/}"; done
put 755 packaging/sysvinit/vietqr-edge init/sysvinit/vietqr-edge
put 755 packaging/openwrt/vietqr-edge init/openwrt/vietqr-edge
put 644 "$pages/completions/vietqr-edge.bash" share/bash-completion/completions/vietqr-edge
put 644 "$pages/completions/_vietqr-edge" share/zsh/site-functions/_vietqr-edge
put 644 "$pages/completions/vietqr-edge.fish" share/fish/vendor_completions.d/vietqr-edge.fish
for page in "$pages"/man/*; do put 644 "$page" "share/man/man${page##*.}/${page##*/}"; done
for file in config/agent.example.toml docs/getting-started.md docs/operations.md docs/voice-packs.md CHANGELOG.md LICENSE-APACHE \
    LICENSE-MIT "$pages/third-party"; do
    put 644 "$file" "share/doc/vietqr-edge/${file##*/}"
done
format=$(sed -n 's/^pub const FORMAT: u32 = \([0-9]*\);.*/\1/p' src/ledger/journal/segment.rs)
printf 'VERSION=%s\nTARGET=%s\nFORMAT=%s\n' "$upstream" "$target" "$format" >"$root/$name/lib/about"

tar -C "$root" --sort=name --mtime="@${SOURCE_DATE_EPOCH:?}" --owner=0 --group=0 --numeric-owner --format=ustar -cf - "$name" |
    gzip -9n >"$out/$name.tar.gz"
echo "$out/$name.tar.gz"
