#!/usr/bin/env bash
# What Vitrine's operations cost beside the host's, in the usual build and in one for 4,096 processes and some more.
# Arguments go to both benchmarks (`cargo bench -- --help`).
set -euo pipefail
cd "$(dirname "$0")/.."

benchmark() { cargo bench --package vitrine-tests --bench operations -- "$@" | tee /dev/stderr; }

usual=$(benchmark "$@")
large=$(VITRINE_PROCESSES=4200 CARGO_TARGET_DIR=target/large benchmark "$@")
printf '\n'
for report in "$usual" "$large"; do
    grep -A 99 '^built for' <<< "$report" || true
done
