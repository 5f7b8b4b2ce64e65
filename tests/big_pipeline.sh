#!/usr/bin/env bash
# 10 MB of text through a pipeline of the release build: byte for byte what the host's own tools print, within 10 seconds and
# 200 MB; recorded and replayed within 30 seconds. `tests/tests/proofs/text.rs` has the same in small.
set -euo pipefail
cd "$(dirname "$0")/.."
vitrine=${CARGO_TARGET_DIR:-target}/release/vitrine
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export LC_ALL=C

fail() { echo "$*" >&2; exit 1; }

# Runs a command, and says what it took; it must stay below so many seconds and kilobytes.
within() {
    local seconds=$1 kilobytes=$2
    shift 2
    /usr/bin/time -f '%e %M' -o "$folder/cost" "$@"
    local took used
    read -r took used < "$folder/cost"
    echo "   ${took} s, $((used / 1024)) MB: ${*:2:3}" >&2
    awk -v took="$took" -v most="$seconds" 'BEGIN { exit took > most }' || fail "it took ${took} s, more than $seconds"
    [ "$used" -le "$kilobytes" ] || fail "it used $used KB, more than $kilobytes"
}

# Words in no order, with lines that come more than once.
awk 'BEGIN { srand(7); while (bytes < 10000000) { line = ""; for (n = 1 + int(rand() * 5); n > 0; n--)
    line = line sprintf("%x ", int(rand() * 300) ^ 2 * 7919); print line; bytes += length(line) + 1 } }' > "$folder/text"

for pipeline in 'cat | tr a-z A-Z | sort | uniq | wc' 'tr A-Z a-z | sort -r | uniq -c | sort -n'; do
    sh -c "$pipeline" < "$folder/text" > "$folder/expected"
    within 10 204800 "$vitrine" run sh -c "$pipeline" < "$folder/text" > "$folder/found"
    cmp "$folder/expected" "$folder/found" || fail "$pipeline: not what the host's tools print"
done

pipeline='cat | tr a-z A-Z | sort | uniq | wc'
sh -c "$pipeline" < "$folder/text" > "$folder/expected"
within 30 1048576 "$vitrine" run --record "$folder/record" sh -c "$pipeline" < "$folder/text" > "$folder/found"
cmp "$folder/expected" "$folder/found" || fail "recorded: not what the host's tools print"
within 30 1048576 "$vitrine" replay "$folder/record" > "$folder/found"
cmp "$folder/expected" "$folder/found" || fail "replayed: not what the host's tools print"

within 10 204800 "$vitrine" run sh -c 'yes | head -n 100000 | wc' < /dev/null > "$folder/found"
sh -c 'yes | head -n 100000 | wc' > "$folder/expected"
cmp "$folder/expected" "$folder/found" || fail "a flood: not what the host's tools print"

head -c 10000000 /dev/urandom > "$folder/bytes"
within 10 204800 "$vitrine" run sh -c 'cat | cat' < "$folder/bytes" | cmp - "$folder/bytes" || fail "bytes were harmed"
