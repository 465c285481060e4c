#!/usr/bin/env bash
# Installs a tarball for this machine in a Debian 12 chroot by its script, twice, upgrades it, removes it: packaging/test-tarball.sh
# TARBALL. Runs after test-deb.sh, which makes the chroot. The daemon runs there without a network.
# shellcheck disable=SC2015 # fail never returns.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${CARGO_TARGET_DIR:-target}/chroot
[ -s "$cache/bookworm.tar" ] || { echo "run test-deb.sh first" >&2; exit 1; }
run=$(mktemp -d "$(realpath "$cache")/run.XXXXXX")

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
end() {
    code=$?
    for pidfile in "$run"/run/vietqr-edge/*.pid; do
        [ ! -s "$pidfile" ] || kill -KILL "$(cat "$pidfile")" 2>/dev/null || true
    done
    rm -rf "$run"
    exit $code
}
trap end EXIT
tar -C "$run" -xf "$cache/bookworm.tar"
mkdir "$run/tarball"
tar -C "$run/tarball" --strip-components=1 -xzf "$1"
in_shop() { chroot "$run" "$@"; }
install_sh() { in_shop /tarball/install.sh "$@"; }
listing() { (cd "$run" && find etc usr/local opt var/lib/vietqr-edge -not -name '*-' -not -path '*/state/*' -printf '%p %m %u\n' | sort); }

say "it refuses what it can not do, and changes nothing"
before=$(listing 2>/dev/null || true)
install_sh --init upstart >/dev/null 2>&1 && fail "an unknown init" || true
install_sh --prefix usr >/dev/null 2>&1 && fail "a relative prefix" || true
in_shop runuser -u nobody -- /tarball/install.sh >"$run/out" 2>&1 && fail "not root" || true
grep -q "must be run by root" "$run/out" || fail "$(cat "$run/out")"
[ "$before" = "$(listing 2>/dev/null || true)" ] || fail "something was changed"

say "installed for sysvinit, which it finds by itself"
install_sh --prefix /opt/vietqr >"$run/out"
grep -q "Fill in /etc/vietqr-edge/agent.toml" "$run/out" || fail "$(cat "$run/out")"
grep -q '^DAEMON=/opt/vietqr/bin/vietqr-edge' "$run/etc/init.d/vietqr-edge" || fail "the prefix is not in the init script"
[ "$(in_shop stat -c '%U:%G %a' /etc/vietqr-edge/agent.toml)" = "root:vietqr-edge 640" ] || fail "the configuration's mode"
compgen -G "$run/etc/rc2.d/S*vietqr-edge" >/dev/null || fail "not enabled"

say "again, it changes nothing"
before=$(listing)
install_sh --prefix /opt/vietqr >/dev/null
diff <(echo "$before") <(listing) || fail "not idempotent"

say "configured and started, it runs on through an upgrade with its ledger"
cat >"$run/etc/vietqr-edge/agent.toml" <<CONFIG
[device]
id = "tarball-1"
state_dir = "/var/lib/vietqr-edge"
[mqtt]
url = "mqtts://localhost:1"
[[account]]
bank_code = "MB"
bank_account = "1234567890"
holder = "NGUYEN VAN A"
[[terminal]]
code = "VVB123456"
account = "1234567890"
CONFIG
in_shop /etc/init.d/vietqr-edge start
pid() { cat "$run/run/vietqr-edge/vietqr-edge.pid"; }
answers() { in_shop runuser -u vietqr-edge -- /opt/vietqr/bin/vietqr-edge status --format json 2>/dev/null | grep -q tarball-1; }
until_answers() { for _ in $(seq 150); do ! answers || return 0; sleep 0.2; done; fail "no answer"; }
until_answers
first=$(pid)
header=$(head -n 1 "$run/var/lib/vietqr-edge/journal/00000001.jsonl")
install_sh --prefix /opt/vietqr >"$run/out"
until_answers
[ "$(pid)" != "$first" ] || fail "not started again: $(cat "$run/out")"
[ "$header" = "$(head -n 1 "$run/var/lib/vietqr-edge/journal/00000001.jsonl")" ] || fail "another ledger"

say "removed, only configuration and ledger are left"
last=$(pid)
install_sh --uninstall --prefix /opt/vietqr >"$run/out"
! kill -0 "$last" 2>/dev/null || fail "it runs"
[ -z "$(find "$run/opt" -type f)" ] || fail "left: $(find "$run/opt" -type f)"
[ ! -e "$run/etc/init.d/vietqr-edge" ] && ! compgen -G "$run/etc/rc?.d/*vietqr-edge" >/dev/null || fail "its service is left"
[ -s "$run/etc/vietqr-edge/agent.toml" ] && [ -s "$run/var/lib/vietqr-edge/journal/00000001.jsonl" ] || fail "something is lost"
say "all good in $SECONDS s"
