#!/usr/bin/env bash
# Measures the server from outside and prints Markdown tables; what they mean is in
# docs/performance.md. A full run embeds 140,000 memories; QUICK=1 is done in some minutes.
# Usage: [BIN=PROGRAM] [TESTING_BIN=PROGRAM] [QUICK=1] tests/bench/run.sh [--words-only] [--only STEP]...
# Steps: start, writes, sealing (which takes a TESTING_BIN), backup, streams, floods, stalls, signins, timing, hostile, search. --words-only spares the search step the embedding.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
bin=${BIN:-$here/target/release/clonememoria}
[ -x "$bin" ] || { echo "run.sh: no program at $bin; set BIN or build it first" >&2; exit 1; }
bin=$(cd "$(dirname "$bin")" && pwd)/$(basename "$bin")
args=(--bin "$bin")
[ -n "${TESTING_BIN:-}" ] && args+=(--testing "$TESTING_BIN")
[ -n "${QUICK:-}" ] && args+=(--quick)
cd "$here"
# Thousands of slow clients are connections of this program, too.
ulimit -n "$(ulimit -Hn)"
# The development profile: what measures needs no more, and the tests have compiled it.
cargo bench --quiet --profile dev --bench load --no-run
echo "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
    "$(date -u +%F), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
exec cargo bench --quiet --profile dev --bench load -- "${args[@]}" "$@"
