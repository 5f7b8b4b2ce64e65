#!/usr/bin/env bash
# Plants one fault after the other into the kernel and sees that a check finds it that knows nothing of it: the raw property, the
# reference models, or the records of real Linux processes (docs/planted-faults.md).
#
#   tests/planted.sh [FAULT...]            each fault, until one check finds it; fails if none does
#   tests/planted.sh --table [FAULT...]    each fault by every check; writes the table of docs/planted-faults.md if all are asked for
#
# Scripts of failures are left in target/planted/scripts. JOBS=N runs so many faults at a time [default: all cores].
set -euo pipefail
cd "$(dirname "$0")/.."

export SEED=${SEED:-1} STEPS=${STEPS:-300000} CASES=${CASES:-300}
export scripts=target/planted/scripts program=target/planted/debug/vitrine
models=(tree signals descriptors pipes queues messages semaphores memory)

# What a check says of the fault that is planted: how long the script is that shows it, and what doesn't hold. Status 1: it finds nothing;
# 2: the command itself has failed.
campaign() {
    local fault=$1 property=$2 file=$scripts/$1-$2.script status=0
    local size=(--cases "$((CASES * $3))")
    [ "$property" != raw ] || size=(--steps "$STEPS")
    VITRINE_PLANT=$fault "$program" fuzz "$property" --seed "$SEED" "${size[@]}" --save "$file" > "$file.log" 2>&1 || status=$?
    [ "$status" -ne 0 ] || return 1
    if [ "$status" -ne 1 ] || ! grep -q '^again with' "$file.log"; then
        cat "$file.log" >&2
        return 2
    fi
    echo "$property: $(grep -vc '^#' "$file") lines, $(sed -n '2s/^# //p' "$file" | cut -c 1-90)"
}

records() {
    local fault=$1 log=$scripts/$1-records.log status=0
    VITRINE_PLANT=$fault "$program" lockstep tests/oracle/lockstep/*.jsonl > "$log" 2> /dev/null || status=$?
    [ "$status" -ne 0 ] || return 1
    local counts
    counts=$(sed -n 's/.*: \([0-9]*\) of \([0-9]*\) scripts agree.*/\2 \1/p' "$log" | awk '{ d += $1 - $2; n += $1 } END { print d+0, n+0 }')
    if [ "$status" -ne 1 ] || [ "${counts%% *}" -eq 0 ]; then
        cat "$log" >&2
        return 2
    fi
    echo "records: ${counts%% *} of ${counts##* } scripts"
}

# check FAULT WAY TIMES: the check in this way, with so many times the usual cases.
check() {
    if [ "$2" = records ]; then records "$1"; else campaign "$@"; fi
}

# One fault. With `all` by every check, else until the first that finds it; models get a second try with more cases.
fault() {
    local name=$1 all=$2 found=() said status way
    shift 2
    for times in 1 12; do
        for way in "$@"; do
            [ "$times" -eq 1 ] || [[ $way != @(raw|records) ]] || continue
            status=0
            said=$(check "$name" "$way" "$times") || status=$?
            if [ "$status" -eq 2 ]; then
                echo "$name: $way FAILED TO RUN"
                return 1
            elif [ "$status" -eq 0 ]; then
                found+=("$said")
                [ "$all" = all ] || break 2
            fi
        done
        [ ${#found[@]} -eq 0 ] || break
    done
    if [ ${#found[@]} -eq 0 ]; then
        echo "$name: NOT FOUND"
        return 1
    fi
    printf '%s\n' "${found[@]/#/$name: }"
}
export -f check campaign records fault

table=
if [ "${1:-}" = --table ]; then
    table=all
    shift
fi
# Building costs more than running. So only what the faults are in, and what runs it, is built for speed; all else serves from the
# usual build, beside which this one stands: what has other settings has other names.
fast=()
for package in vitrine-kernel vitrine; do
    for setting in opt-level=2 debug=false debug-assertions=false overflow-checks=false; do
        fast+=(--config "profile.dev.package.$package.$setting")
    done
done
CARGO_BUILD_BUILD_DIR=target cargo build --quiet "${fast[@]}" --features vitrine/planted-faults --bin vitrine --target-dir target/planted
rm -rf "$scripts"
mkdir -p "$scripts"
# Without a fault all checks hold, or they say nothing about faults.
for way in raw "${models[@]}" records; do
    status=0
    said=$(check "" "$way" 1) || status=$?
    if [ "$status" -ne 1 ]; then
        echo "without any fault, $way: ${said:-failed to run}" >&2
        exit 1
    fi
done
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(sed -n 's/^        [A-Z][A-Za-z0-9]* "\([a-z0-9-]*\)".*/\1/p' kernel/src/planted.rs)
[ ${#names[@]} -gt 0 ]

status=0
printf '%s\0' "${names[@]}" |
    xargs -0 -P "${JOBS:-$(nproc)}" -I {} bash -c 'fault "$@"' _ {} "${table:-first}" "${models[@]}" raw records > "$scripts/found" || status=1
sort "$scripts/found"
if [ -n "$table" ] && [ $# -eq 0 ]; then
    tests/planted-table.awk "$scripts/found" kernel/src/planted.rs > "$scripts/table"
    sed -i -e '/^<!-- table -->$/,/^<!-- end -->$/{//!d}' -e "/^<!-- table -->\$/r $scripts/table" docs/planted-faults.md
fi
[ "$status" -eq 0 ] || { echo "some faults were not found" >&2; exit 1; }
echo "${#names[@]} planted faults, and each was found"
