#!/usr/bin/env bash
# Builds the targets with libFuzzer's instrumentation, makes their first inputs, and lets each run for a moment.
#
#   tests/fuzz/check.sh [SECONDS]      how long each target runs [default: 20]
#
# Needs cargo-fuzz (`cargo install cargo-fuzz`). Finding something is a failure; what was found lies in tests/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}

if ! cargo fuzz --version > /dev/null 2>&1; then
    echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2
    exit 1
fi
cargo run --quiet --package vitrine-fuzz --example seeds
# What is instrumented isn't inlined across crates, so there is nothing to gain at the link.
export CARGO_PROFILE_RELEASE_LTO=off
cargo fuzz build -s none --fuzz-dir tests/fuzz
for target in raw models; do
    cargo fuzz run -s none --fuzz-dir tests/fuzz "$target" -- \
        "-dict=tests/fuzz/$target.dict" -max_len=8192 "-max_total_time=$seconds" -print_final_stats=1 2>&1 |
        grep -E '^(Dictionary|stat::number_of_executed|stat::new_units|#[0-9]+.*(DONE|INITED))|SUMMARY|panicked|after line' || exit 1
done
echo "both targets ran, and found nothing"
