#!/usr/bin/env bash
# Installs, configures, upgrades, downgrades, removes and purges the amd64 deb in a Debian 12 chroot, with the daemon running there
# against the sandbox outside: packaging/test-deb.sh DEB NEWER. Needs root, debootstrap and a Debian mirror (MIRROR). SANDBOX may name
# a sandbox that is built already.
# shellcheck disable=SC2015,SC2016 # fail never returns.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
old=$1 new=$2
cache=${CARGO_TARGET_DIR:-target}/chroot
mirror=${MIRROR:-http://deb.debian.org/debian}
[ "$(id -u)" = 0 ] || { echo "test-deb.sh needs root, for the chroot" >&2; exit 1; }

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

mkdir -p "$cache"
if [ ! -s "$cache/bookworm.tar" ]; then
    say "a Debian 12 to install into"
    rm -rf "$cache/base"
    mkdir -p "$cache/base/etc"
    cp /etc/resolv.conf "$cache/base/etc/"
    debootstrap --variant=minbase bookworm "$cache/base" "$mirror" >"$cache/debootstrap.log" || fail "see $cache/debootstrap.log"
    chroot "$cache/base" sh -c 'apt-get update -qq && cd /tmp && apt-get download -qq systemd-standalone-sysusers' 2>>"$cache/debootstrap.log"
    mv "$cache"/base/tmp/systemd-standalone-sysusers_*.deb "$cache/base/sysusers.deb"
    tar -C "$cache/base" -cf "$cache/bookworm.tar.new" . && mv "$cache/bookworm.tar.new" "$cache/bookworm.tar"
    rm -rf "$cache/base"
fi

run=$(mktemp -d "$(realpath "$cache")/run.XXXXXX")
root=$run/root
sandbox=${SANDBOX:-}
if [ -z "$sandbox" ]; then
    cargo build --quiet --package vietqr-edge-sandbox
    sandbox=${CARGO_TARGET_DIR:-target}/debug/vietqr-edge-sandbox
fi
sandbox_pid=
end() {
    code=$?
    [ $code = 0 ] || { tail -n 30 "$root/var/log/vietqr-edge.log" "$run/sandbox.log" >&2 || true; }
    for pidfile in "$root"/run/vietqr-edge/*.pid; do
        [ ! -s "$pidfile" ] || kill -KILL "$(cat "$pidfile")" 2>/dev/null || true
    done
    [ -z "$sandbox_pid" ] || kill "$sandbox_pid" 2>/dev/null || true
    rm -rf "$run"
    exit $code
}
trap end EXIT
mkdir "$root"
tar -C "$root" -xf "$cache/bookworm.tar"
echo "127.0.0.1 localhost" >"$root/etc/hosts"
# There is no init in the chroot; the package may start and stop its service nevertheless.
printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp "$old" "$root/old.deb"
in_shop() { chroot "$root" "$@"; }
edge() { in_shop runuser -u vietqr-edge -- vietqr-edge "$@"; }

until_() { # WHAT COMMAND...: within a minute
    local what=$1 by=$((SECONDS + 60))
    shift
    until "$@"; do
        [ $SECONDS -lt $by ] || fail "$what did not come"
        sleep 0.2
    done
}
link_up() { edge status --format json 2>/dev/null | tr -d ' \n' | grep -q '"link":{[^}]*"state":"up"'; }
payments() { edge payments --json | grep -o '"reference_number": *"[^"]*"' | wc -l; }
has_payments() { [ "$(payments 2>/dev/null)" = "$1" ]; }
daemon() { cat "$root/run/vietqr-edge/vietqr-edge.pid" 2>/dev/null; }
lives() { [ -n "$(daemon)" ] && kill -0 "$(daemon)" 2>/dev/null; }
said() { cat "$root/var/lib/vietqr-edge/said" 2>/dev/null; }
version() { in_shop dpkg-query -W -f '${Version}' vietqr-edge; }

say "the newer package brings another example, as a later version may"
dpkg-deb -R "$new" "$run/newer"
echo "# Something new." >>"$run/newer/etc/vietqr-edge/agent.toml"
dpkg-deb --root-owner-group -b "$run/newer" "$root/new.deb" >/dev/null

say "a fresh installation is complete, enabled, and not started: it is not configured"
in_shop apt-get install -y -qq --no-install-recommends /old.deb >"$run/install" 2>&1 || { cat "$run/install"; fail "apt-get install"; }
grep -q "installed and not configured" "$run/install" || fail "not a word of the configuration: $(cat "$run/install")"
[ "$(in_shop stat -c '%U:%G %a' /etc/vietqr-edge/agent.toml)" = "root:vietqr-edge 640" ] || fail "the configuration's mode"
[ "$(in_shop stat -c '%U:%G %a' /etc/vietqr-edge/secrets)" = "root:vietqr-edge 750" ] || fail "the secrets' mode"
[ "$(in_shop stat -c '%U:%G %a' /var/lib/vietqr-edge)" = "vietqr-edge:vietqr-edge 700" ] || fail "the ledger's mode"
in_shop id -nG vietqr-edge | grep -qw audio || fail "no way to the speaker"
[ -L "$root/etc/systemd/system/multi-user.target.wants/vietqr-edge.service" ] || fail "not enabled for systemd"
compgen -G "$root/etc/rc2.d/S*vietqr-edge" >/dev/null || fail "not enabled for sysvinit"
! lives || fail "started without a configuration"
code=0
in_shop vietqr-edge check >"$run/check" || code=$?
[ $code = 78 ] && grep -q 'agent.toml:[0-9]*: device.id: is empty' "$run/check" || fail "check: $code, $(cat "$run/check")"
in_shop /etc/init.d/vietqr-edge start >/dev/null 2>&1 && fail "started unconfigured" || true

say "configured for the sandbox, check passes"
"$sandbox" serve --dir "$run/sandbox" --port 0 >"$run/sandbox.log" 2>&1 &
sandbox_pid=$!
until_ "the sandbox" grep -qs 'Ctrl-C ends it' "$run/sandbox.log"
sed -e 's|^state_dir = .*|state_dir = "/var/lib/vietqr-edge"|' -e 's|^command = .*|command = ["tee", "-a", "/var/lib/vietqr-edge/said"]|' \
    "$run/sandbox/agent.toml" >"$root/etc/vietqr-edge/agent.toml"
install -m 644 "$run/sandbox/certs/ca.pem" "$root/etc/vietqr-edge/certs/"
for secret in "$run"/sandbox/secrets/*; do
    install -m 640 "$secret" "$root/etc/vietqr-edge/secrets/"
done
in_shop chgrp -R vietqr-edge /etc/vietqr-edge/secrets
edge check >"$run/check" || fail "check: $(cat "$run/check")"

say "started by its init script, a payment is booked and said"
echo 'LOG=/var/log/vietqr-edge.log' >"$root/etc/default/vietqr-edge"
in_shop /etc/init.d/vietqr-edge start
in_shop /etc/init.d/vietqr-edge status >/dev/null || fail "status"
until_ "the link" link_up
"$sandbox" pay --dir "$run/sandbox" --amount 25000 >/dev/null
until_ "the payment" has_payments 1
until_ "the sentence" grep -qx "Đã nhận hai mươi lăm nghìn đồng" "$root/var/lib/vietqr-edge/said"

say "killed, it is started again; reloaded, it runs on"
first=$(daemon)
kill -KILL "$first"
again() { lives && [ "$(daemon)" != "$first" ] && link_up; }
until_ "another daemon" again
second=$(daemon)
in_shop /etc/init.d/vietqr-edge reload
until_ "the link" link_up
[ "$(daemon)" = "$second" ] || fail "a reload is no restart"

say "its keeper killed alone, it stops when it is asked to, and starts"
kill -KILL "$(in_shop cat /run/vietqr-edge/keeper.pid)"
in_shop /etc/init.d/vietqr-edge stop
kill -0 "$second" 2>/dev/null && fail "it runs on"
in_shop /etc/init.d/vietqr-edge start
until_ "the link" link_up
second=$(daemon)

say "an upgrade keeps the ledger and the shop's configuration, and starts the new program"
before=$(sha256sum <"$root/etc/vietqr-edge/agent.toml")
header=$(head -n 1 "$root/var/lib/vietqr-edge/journal/00000001.jsonl")
in_shop apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold /new.deb >"$run/upgrade" 2>&1 || { cat "$run/upgrade"; fail "the upgrade"; }
[ "$(version)" = "$(dpkg-deb -f "$new" Version)" ] || fail "version $(version)"
[ "$before" = "$(sha256sum <"$root/etc/vietqr-edge/agent.toml")" ] || fail "the configuration was changed"
upgraded() { lives && [ "$(daemon)" != "$second" ] && link_up; }
until_ "the new daemon" upgraded
has_payments 1 || fail "payments after the upgrade: $(payments)"
[ "$header" = "$(head -n 1 "$root/var/lib/vietqr-edge/journal/00000001.jsonl")" ] || fail "another journal"
"$sandbox" pay --dir "$run/sandbox" --amount 30000 >/dev/null
until_ "the next payment" has_payments 2
in_shop vietqr-edge journal verify >/dev/null || fail "journal verify"
until_ "the next sentence" grep -qx "Đã nhận ba mươi nghìn đồng" "$root/var/lib/vietqr-edge/said"
[ "$(said | grep -c 'hai mươi lăm nghìn')" = 1 ] || fail "said again: $(said)"

say "a program that knows only an older format of the journal does not touch it, and does not replace the one that does"
in_shop /etc/init.d/vietqr-edge stop
last=$(find "$root/var/lib/vietqr-edge/journal" -name '*.jsonl' | sort | tail -n 1)
cp -p "$last" "$run/kept"
rest=$(head -n 1 "$last" | sed -e 's/^{"crc":"[0-9a-f]*",//' -e 's/"segment":{"format":1,/"segment":{"format":2,/')
# gzip ends with the same CRC-32, four bytes before the last four.
crc=$(printf '%s' "$rest" | gzip -c | tail -c 8 | head -c 4 | od -An -tx4 --endian=little | tr -d ' ')
{ printf '{"crc":"%s",%s\n' "$crc" "$rest" && tail -n +2 "$run/kept"; } >"$last"
code=0
edge run 2>"$run/refused" || code=$?
[ $code = 1 ] && grep -q 'has format 2; this version reads up to 1. Install the newer version again' "$run/refused" || fail "run: $code, $(cat "$run/refused")"
in_shop dpkg -i /old.deb >"$run/downgrade" 2>&1 && fail "the downgrade was not refused" || true
grep -q 'reads journals up to format 1; the ledger in /var/lib/vietqr-edge has format 2' "$run/downgrade" || fail "$(cat "$run/downgrade")"
[ "$(version)" = "$(dpkg-deb -f "$new" Version)" ] && in_shop dpkg --audit | diff /dev/null - || fail "the package is not whole"
cat "$run/kept" >"$last"

say "a program that knows the format may be older"
in_shop dpkg --force-confold -i /old.deb >/dev/null 2>&1 || fail "the downgrade"
! lives || fail "started although it was stopped"
in_shop /etc/init.d/vietqr-edge start
until_ "the link" link_up
has_payments 2 || fail "payments after the downgrade: $(payments)"

say "removed, it is stopped; configuration and ledger are kept"
last=$(daemon)
in_shop apt-get remove -y -qq vietqr-edge >/dev/null 2>&1
! kill -0 "$last" 2>/dev/null || fail "it still runs"
[ ! -e "$root/usr/bin/vietqr-edge" ] || fail "the program is left"
[ -s "$root/etc/vietqr-edge/agent.toml" ] && [ -s "$root/var/lib/vietqr-edge/journal/00000001.jsonl" ] || fail "something is lost"

say "purged, secrets are gone; the ledger is kept, and it says so"
in_shop apt-get purge -y -qq vietqr-edge >"$run/purge" 2>&1
[ ! -e "$root/etc/vietqr-edge" ] || fail "/etc/vietqr-edge is left"
! compgen -G "$root/etc/rc?.d/*vietqr-edge" >/dev/null || fail "links in rc.d are left"
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/vietqr-edge.service" ] || fail "it is still enabled"
grep -q "The ledger is kept in /var/lib/vietqr-edge" "$run/purge" || fail "$(cat "$run/purge")"
[ -s "$root/var/lib/vietqr-edge/journal/00000001.jsonl" ] || fail "the ledger is lost"

say "installed again with systemd's way of making users, the ledger is the same"
in_shop userdel vietqr-edge
in_shop dpkg -i /sysusers.deb >/dev/null 2>&1 || fail "systemd-sysusers"
in_shop dpkg -i /new.deb >"$run/install" 2>&1 || fail "installing again: $(cat "$run/install")"
grep -q "Creating user 'vietqr-edge'" "$run/install" || fail "no user by systemd-sysusers: $(cat "$run/install")"
in_shop id -nG vietqr-edge | grep -qw audio || fail "no way to the speaker"
in_shop vietqr-edge journal verify --state-dir /var/lib/vietqr-edge >/dev/null || fail "journal verify"
say "all good in $SECONDS s"
