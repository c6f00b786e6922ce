#!/usr/bin/env bash
# Makes a Debian package of a static binary, without debhelper: there is nothing to compile, to
# strip or to find the dependencies of.
# Usage: packaging/debian/build.sh BINARY DIRECTORY
set -euo pipefail

binary=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
[ -x "$binary" ] || { echo "there is no $binary: run 'make release' first" >&2; exit 66; }

version=$("$binary" --version | cut -d ' ' -f 2)
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

install -D -m 755 "$binary" "$work/usr/bin/clonememoria"
install -D -m 644 "$root/systemd/clonememoria.service" \
    "$work/usr/lib/systemd/system/clonememoria.service"
install -D -m 644 "$root/systemd/clonememoria.sysusers" \
    "$work/usr/lib/sysusers.d/clonememoria.conf"
install -D -m 644 -t "$work/usr/share/doc/clonememoria" \
    "$root/README.md" "$root/CHANGELOG.md" "$root/NOTICE" "$root"/docs/*.md
install -D -m 644 "$root/LICENSE" "$work/usr/share/doc/clonememoria/copyright"
install -D -m 600 "$here/environment" "$work/etc/clonememoria/environment"
install -D -m 644 "$here/conffiles" "$work/DEBIAN/conffiles"
install -m 755 -t "$work/DEBIAN" "$here/postinst" "$here/prerm" "$here/postrm"

size=$(du -sk --exclude=DEBIAN "$work" | cut -f 1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
    "$here/control" >"$work/DEBIAN/control"
dpkg-deb --root-owner-group -Zxz -z3 --build "$work" "$out/clonememoria_${version}_$architecture.deb"
