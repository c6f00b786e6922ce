#!/usr/bin/env bash
# Prints the path of cargo-deny, which is built once a machine when it is not installed: without
# optimisation that is about a minute of work, and the check itself takes a second either way.
set -euo pipefail

version=0.20.2
tools=${XDG_CACHE_HOME:-$HOME/.cache}/clonememoria/tools

for found in "$(command -v cargo-deny || true)" "$tools/bin/cargo-deny"; do
    if [ -x "$found" ] && [ "$("$found" --version)" = "cargo-deny $version" ]; then
        echo "$found"
        exit 0
    fi
done
# Outside of this repository, so that its lints, profiles and target directory do not count.
cd /
unset CARGO_TARGET_DIR RUSTFLAGS
CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --force \
    --version "$version" --root "$tools" cargo-deny >&2
echo "$tools/bin/cargo-deny"
