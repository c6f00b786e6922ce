#!/usr/bin/env bash
# Whether a binary is fit to be handed out: it needs no library of the system, carries the model
# and the web app, and serves them.
# Usage: packaging/verify-release.sh BINARY
set -euo pipefail

binary=$1
work=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "verify-release: $*" >&2
    [ ! -s "$work/log" ] || cat "$work/log" >&2
    exit 1
}

linked=$(ldd "$binary" 2>&1 || true)
case "$linked" in
*"statically linked"* | *"not a dynamic executable"*) ;;
*) fail "not static: $linked" ;;
esac

"$binary" serve --data-dir "$work/data" --listen 127.0.0.1:0 >"$work/out" 2>"$work/log" &
server=$!
address=
for _ in $(seq 100); do
    address=$(sed -n 's/^listening on //p' "$work/out")
    [ -z "$address" ] || break
    kill -0 "$server" 2>/dev/null || fail "it does not start"
    sleep 0.1
done
[ -n "$address" ] || fail "it does not say where it listens"

python3 - "$address" <<'PYTHON' || fail "it does not serve what it should"
import json, sys, urllib.request

def get(path):
    request = urllib.request.Request(sys.argv[1] + path, headers={"Accept": "text/html"})
    return urllib.request.urlopen(request, timeout=10).read().decode()

ready = json.loads(get("/readyz"))
assert ready["status"] == "ok", ready
page = get("/")
assert "_app/immutable" in page, "the web app is not inside"
assert "/__base_path__" not in page
assert json.loads(get("/openapi.json"))["openapi"]
PYTHON

"$binary" healthcheck --listen "${address#http://}" >/dev/null || fail "its health check fails"
bytes=$(stat -c %s "$binary")
echo "$binary"
echo "static, with the web app and the model inside, $((bytes / 1024 / 1024)) MiB ($bytes bytes)"
sha256sum "$binary" | cut -d ' ' -f 1
