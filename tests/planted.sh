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
export scripts=target/planted/scripts program=target/planted/quick/vitrine
models=(tree signals descriptors pipes queues messages semaphores memory)

# What a check says of the fault that is planted: nothing, or how long the script is that shows it, and what doesn't hold.
campaign() {
    local fault=$1 property=$2 file=$scripts/$1-$2.script
    local size=(--cases "$CASES")
    [ "$property" != raw ] || size=(--steps "$STEPS")
    if VITRINE_PLANT=$fault "$program" fuzz "$property" --seed "$SEED" "${size[@]}" --save "$file" > "$file.log" 2>&1; then
        return 1
    fi
    # It must be a failure of the property, not of the command.
    grep -q '^again with' "$file.log" || { cat "$file.log" >&2; exit 2; }
    echo "$property: $(grep -vc '^#' "$file") lines, $(sed -n '2s/^# //p' "$file" | cut -c 1-90)"
}

records() {
    local fault=$1 log=$scripts/$1-records.log
    if VITRINE_PLANT=$fault "$program" lockstep tests/oracle/lockstep/*.jsonl > "$log" 2> /dev/null; then
        return 1
    fi
    [ "$(grep -c 'scripts agree' "$log")" -eq 7 ] || { cat "$log" >&2; exit 2; }
    echo "records: $(sed -n 's/.*: \([0-9]*\) of \([0-9]*\) scripts agree.*/\2 \1/p' "$log" | awk '{ n += $1 - $2 } END { print n }') of 700 scripts"
}

check() {
    if [ "$2" = records ]; then records "$1"; else campaign "$1" "$2"; fi
}

# One fault. With `all` by every check, else until the first that finds it.
fault() {
    local name=$1 all=$2 found=() said
    shift 2
    for way in "$@"; do
        if said=$(check "$name" "$way"); then
            found+=("$said")
            [ "$all" = all ] || break
        fi
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
cargo build --quiet --profile quick --package vitrine --features planted-faults --target-dir target/planted
rm -rf "$scripts"
mkdir -p "$scripts"
# Without a fault all checks hold, or they say nothing about faults.
for way in raw "${models[@]}" records; do
    if said=$(check "" "$way"); then
        echo "without any fault: $said" >&2
        exit 1
    fi
done
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(VITRINE_PLANT=list "$program" 2>&1 | sed 's/.*there are //' | tr -d ' ' | tr , '\n')
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
