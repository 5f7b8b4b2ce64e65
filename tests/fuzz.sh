#!/usr/bin/env bash
# Fuzzes the kernel for a while (docs/fuzzing.md).
#
#   tests/fuzz.sh          what is checked for every change: fixed seeds, which have to hold; and fresh ones, whose findings are shown
#                          and kept in target/fuzz-findings, no more
#   tests/fuzz.sh SEED     a million raw steps and every model, from this seed, with all that is demanded of a million steps
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release
vitrine=$PWD/target/release/vitrine
mkdir -p target/fuzz-findings
cd target/fuzz-findings

gate() {
    "$vitrine" fuzz raw --seed "$1" --steps 1000000 --demand --jobs "$(nproc)"
    "$vitrine" fuzz models --seed "$1" --cases 400 --jobs "$(nproc)"
}

if [ $# -gt 0 ]; then
    gate "$1"
    exit
fi
gate 1
seed=$(date +%s)
echo "a fresh seed: vitrine fuzz all --seed $seed"
"$vitrine" fuzz raw --seed "$seed" --time 10 --jobs "$(nproc)" &&
    "$vitrine" fuzz models --seed "$seed" --cases 200 --jobs "$(nproc)" ||
    echo "the fresh seed $seed found something, which is kept in target/fuzz-findings; that doesn't count here"
