#!/bin/sh
# Installs vietqr-edge from its tarball; again, it upgrades. Configuration and ledger are kept.
#
#   ./install.sh [--prefix DIR] [--init systemd|sysvinit|procd|none]
#   ./install.sh --uninstall [--prefix DIR] [--init ...]
#
# DIR is /usr/local, with procd /usr. --init is found out. The configuration is /etc/vietqr-edge/agent.toml, the ledger lies in
# /var/lib/vietqr-edge, with procd, whose /var is in memory, in /srv/vietqr-edge.
set -eu
umask 022

die() { echo "install.sh: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

here=$(cd "$(dirname "$0")" && pwd)
prefix='' init='' uninstall=''
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) prefix=${2:?"--prefix needs a folder"} && shift 2 ;;
    --prefix=*) prefix=${1#*=} && shift ;;
    --init) init=${2:?"--init needs a name"} && shift 2 ;;
    --init=*) init=${1#*=} && shift ;;
    --uninstall) uninstall=1 && shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "$0" && exit 0 ;;
    *) echo "install.sh: unknown argument '$1'; see --help" >&2 && exit 2 ;;
    esac
done

[ "$(id -u)" = 0 ] || die "must be run by root: it installs a program, a user and a service"
if have dpkg-query && dpkg-query -W -f '${Status}' vietqr-edge 2>/dev/null | grep -q ' installed$'; then
    die "vietqr-edge is installed from its Debian package here. Upgrade or remove that one: apt install, apt remove"
fi
if [ -z "$init" ]; then
    if [ -d /run/systemd/system ]; then
        init=systemd
    elif [ -x /sbin/procd ]; then
        init=procd
    elif [ -d /etc/init.d ] && have start-stop-daemon; then
        init=sysvinit
    else
        die "found neither systemd nor procd nor sysvinit with start-stop-daemon; --init none installs without a service"
    fi
fi
case $init in
systemd | sysvinit | none) prefix=${prefix:-/usr/local} ;;
procd) prefix=${prefix:-/usr} ;;
*) die "--init is systemd, sysvinit, procd or none, not '$init'" ;;
esac
case $prefix in /*) ;; *) die "--prefix must be absolute, not '$prefix'" ;; esac
case $prefix in *[!A-Za-z0-9/._-]*) die "--prefix may hold letters, digits and / . _ - only, not '$prefix'" ;; esac

program=$prefix/bin/vietqr-edge
config=/etc/vietqr-edge/agent.toml
script=/etc/init.d/vietqr-edge
unit=/etc/systemd/system/vietqr-edge.service
state=/var/lib/vietqr-edge
[ "$init" != procd ] || state=/srv/vietqr-edge

runs() {
    case $init in
    systemd) systemctl --quiet is-active vietqr-edge ;;
    sysvinit) [ -x "$script" ] && "$script" status ;;
    procd) [ -x "$script" ] && "$script" running ;;
    none) false ;;
    esac >/dev/null 2>&1
}

service() { # start|stop|restart
    case $init in
    systemd) systemctl "$1" vietqr-edge ;;
    sysvinit | procd) "$script" "$1" ;;
    esac
}

uninstall() {
    if runs; then service stop; fi
    case $init in
    systemd)
        systemctl --quiet disable vietqr-edge 2>/dev/null || true
        rm -f "$unit" /etc/sysusers.d/vietqr-edge.conf /etc/tmpfiles.d/vietqr-edge.conf
        systemctl daemon-reload
        ;;
    sysvinit)
        rm -f "$script"
        if have update-rc.d; then update-rc.d vietqr-edge remove >/dev/null; fi
        if have chkconfig; then chkconfig --del vietqr-edge || true; fi
        ;;
    procd)
        [ ! -x "$script" ] || "$script" disable || true
        rm -f "$script"
        ;;
    esac
    (cd "$here/share" && find . -type f) | while read -r file; do rm -f "$prefix/share/$file"; done
    rmdir "$prefix/share/doc/vietqr-edge" 2>/dev/null || true
    rm -f "$program"
    echo "vietqr-edge is removed. Kept: /etc/vietqr-edge with its secrets, and the ledger (device.state_dir), with the user" \
        "vietqr-edge who owns it."
}

user() {
    if grep -q '^vietqr-edge:' /etc/passwd; then return; fi
    if have systemd-sysusers; then
        systemd-sysusers "$here/init/systemd/vietqr-edge.sysusers"
    elif have useradd; then
        getent group vietqr-edge >/dev/null || groupadd --system vietqr-edge
        useradd --system --gid vietqr-edge --no-create-home --home-dir "$state" --shell /bin/false vietqr-edge
        if getent group audio >/dev/null; then usermod --append --groups audio vietqr-edge; fi
    elif have adduser; then # busybox
        grep -q '^vietqr-edge:' /etc/group || addgroup -S vietqr-edge
        adduser -S -D -H -h "$state" -s /bin/false -G vietqr-edge vietqr-edge
        if grep -q '^audio:' /etc/group; then addgroup vietqr-edge audio; fi
    elif [ -r /lib/functions.sh ]; then # OpenWrt
        # shellcheck source=/dev/null
        . /lib/functions.sh
        group_exists vietqr-edge || group_add_next vietqr-edge
        user_add vietqr-edge "" "$(sed -n 's/^vietqr-edge:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)" "VietQR payment daemon" "$state" /bin/false
        if group_exists audio; then group_add_user audio vietqr-edge; fi
    else
        die "can not add the user vietqr-edge: there is neither systemd-sysusers nor useradd nor adduser. Add it, then run this again"
    fi
}

folder() { # MODE OWNER DIR
    mkdir -p "$3"
    chown "$2" "$3"
    chmod "$1" "$3"
}

put() { # MODE FROM TO: whole or not at all; program paths become those of the prefix
    mkdir -p "${3%/*}"
    cp "$2" "$3.new"
    case $3 in
    "$script" | "$unit") sed "s,/usr/bin/vietqr-edge,$program,g" "$2" >"$3.new" ;;
    esac
    chmod "$1" "$3.new"
    mv "$3.new" "$3"
}

if [ -n "$uninstall" ]; then
    uninstall
    exit 0
fi

# shellcheck source=/dev/null
. "$here/lib/about"
"$here/bin/vietqr-edge" --version >/dev/null 2>&1 || die "the program is built for ${TARGET:?}; it does not run on this $(uname -m)"
# shellcheck source=/dev/null
. "$here/lib/ledger-format.sh"
if [ -e "$config" ]; then ledger_is_known "$config" "${FORMAT:?}" "${VERSION:?}"; fi

running=''
if runs; then running=1; fi
user
folder 0750 root:vietqr-edge /etc/vietqr-edge
folder 0750 root:vietqr-edge /etc/vietqr-edge/secrets
folder 0750 root:vietqr-edge /etc/vietqr-edge/certs
folder 0700 vietqr-edge:vietqr-edge "$state"
put 0755 "$here/bin/vietqr-edge" "$program"
if [ ! -e "$config" ]; then
    sed "s,^state_dir = .*,state_dir = \"$state\"," "$here/etc/agent.toml" >"$config.new"
    chown root:vietqr-edge "$config.new"
    chmod 0640 "$config.new"
    mv "$config.new" "$config"
fi
if [ "$init" != procd ]; then
    (cd "$here/share" && find . -type f) | while read -r file; do put 0644 "$here/share/$file" "$prefix/share/${file#./}"; done
fi
case $init in
systemd)
    put 0644 "$here/init/systemd/vietqr-edge.service" "$unit"
    put 0644 "$here/init/systemd/vietqr-edge.sysusers" /etc/sysusers.d/vietqr-edge.conf
    put 0644 "$here/init/systemd/vietqr-edge.tmpfiles" /etc/tmpfiles.d/vietqr-edge.conf
    systemctl daemon-reload
    systemctl --quiet enable vietqr-edge
    ;;
sysvinit)
    put 0755 "$here/init/sysvinit/vietqr-edge" "$script"
    if have update-rc.d; then
        update-rc.d vietqr-edge defaults >/dev/null
    elif have chkconfig; then
        chkconfig --add vietqr-edge
    else
        echo "Nothing here links init scripts: have $script called at boot."
    fi
    ;;
procd)
    put 0755 "$here/init/openwrt/vietqr-edge" "$script"
    "$script" enable
    ;;
esac

echo "vietqr-edge $VERSION is installed: $program"
if [ -n "$running" ]; then
    service restart
elif "$program" check --config "$config" >/dev/null 2>&1; then
    case $init in
    systemd) echo "Start it: systemctl start vietqr-edge" ;;
    none) echo "Start it: $program run" ;;
    *) echo "Start it: $script start" ;;
    esac
else
    echo "Fill in $config, then run '$program check'."
fi
