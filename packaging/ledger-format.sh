# shellcheck shell=sh
# Sourced, or put into a maintainer script. Tells whether the program that is about to be installed can read the ledger that is there.

# The folder of the ledger: device.state_dir of the configuration.
state_dir() { # CONFIG
    named=$(sed -n 's/^[[:space:]]*state_dir[[:space:]]*=[[:space:]]*"\([^"]*\)".*/\1/p' "$1" 2>/dev/null | head -n 1)
    case $named in
    '') echo /var/lib/vietqr-edge ;;
    /*) echo "$named" ;;
    *) echo "${1%/*}/$named" ;;
    esac
}

# The format in the first line of the journal's last segment; nothing where there is no journal.
ledger_format() { # STATE_DIR
    last=$(find "$1/journal" -name '*.jsonl' 2>/dev/null | sort | tail -n 1)
    [ -z "$last" ] || head -n 1 "$last" | sed -n 's/.*"segment":{"format":\([0-9][0-9]*\).*/\1/p'
}

# Before anything is replaced: a program that can not read the ledger would not start, and the shop would hear of no payment.
ledger_is_known() { # CONFIG, newest format that the program reads, version
    state=$(state_dir "$1")
    found=$(ledger_format "$state")
    [ -n "$found" ] && [ "$found" -gt "$2" ] || return 0
    echo "vietqr-edge $3 reads journals up to format $2; the ledger in $state has format $found: a newer version wrote it." \
        "Nothing was changed. Keep that version." >&2
    return 1
}
