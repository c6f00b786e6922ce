#!/usr/bin/env bash
# Installs what a step needs and this machine lacks, on Debian and Ubuntu; says what to install
# elsewhere. Does nothing, quickly, when all is there.
# Usage: packaging/needs.sh (rust|node|model|browser)...
set -euo pipefail

fail() {
    echo "$*" >&2
    exit 69
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# Installs Debian packages; the index is fetched only when the first try does not know them.
install() {
    has apt-get || fail "please install: $*"
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || fail "please install, as root: $*"
        as=(sudo)
    fi
    echo "installing $* (Debian packages)" >&2
    local apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
    "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
    "${apt[@]}" update >&2
    "${apt[@]}" install -y --no-install-recommends "$@" >&2
}

# Whether version $1 is at least version $2.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

for need in "$@"; do
    case $need in
    rust)
        has cc || install gcc libc6-dev
        has cargo || fail "Rust is missing: install it with rustup (1.90 or newer)"
        version=$(rustc --version | cut -d ' ' -f 2)
        at_least "$version" 1.90.0 || fail "Rust $version is too old: 1.90 or newer is needed"
        ;;
    node)
        has node && has npm || fail "Node.js is missing: install version 20.19 or newer, with npm"
        version=$(node --version)
        at_least "${version#v}" 20.19.0 || fail "Node.js $version is too old: 20.19 or newer is needed"
        ;;
    model)
        has python3 || install python3
        python3 -m pip --version >/dev/null 2>&1 || python3 -c 'import ensurepip' 2>/dev/null ||
            install python3-venv
        ;;
    browser)
        browser=${CHROMIUM:-/usr/bin/chromium}
        [ -x "$browser" ] || install chromium
        [ -x "$browser" ] || fail "no Chromium at $browser: install it, or set CHROMIUM to its path"
        ;;
    *)
        fail "usage: $0 (rust|node|model|browser)..."
        ;;
    esac
done
