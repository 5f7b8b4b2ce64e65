#!/usr/bin/env bash
# Builds the freestanding program, runs it, and shows that it has no allocator in it and that no panic can be reached.
#
# When a panic can be reached, the link fails and names `a_panic_is_reachable`. To see which panic it is, define that
# function for once (`VITRINE_ALLOW_PANIC=1 tests/freestanding/check.sh`) and see who calls into `core::panicking`.
set -euo pipefail
cd "$(dirname "$0")"

target=x86_64-unknown-linux-gnu
CARGO_TARGET_DIR=$(cd ../.. && pwd)/target/freestanding
export CARGO_TARGET_DIR
# Without the explicit target, build scripts would be linked with these flags, too.
flags="-Clink-arg=-nostartfiles -Clink-arg=-nodefaultlibs -Clink-arg=-static -Crelocation-model=static"
program=$CARGO_TARGET_DIR/$target/freestanding/vitrine-freestanding
if [ -n "${VITRINE_ALLOW_PANIC:-}" ]; then
    flags+=" -Clink-arg=-Wl,--defsym=a_panic_is_reachable=0"
fi

build() { RUSTFLAGS=$flags cargo "${1:-build}" --locked --quiet --profile freestanding --target "$target" "${@:2}"; }

build
if [ -n "${VITRINE_ALLOW_PANIC:-}" ]; then
    objdump -d --no-show-raw-insn -C "$program" |
        awk '/^[0-9a-f]+ </ { caller = $0 } /call.*(panic|_fail)/ { print caller; print }'
    exit
fi

"$program"
echo "it boots, runs its script and every call, and exits with status 0"

symbols=$(nm --defined-only "$program")
if grep -E '__rust_alloc|__rust_realloc|__rg_|__rdl_| (malloc|calloc|realloc|free)$' <<< "$symbols"; then
    echo "an allocator is in it" >&2
    exit 1
fi
grep -q ' _start$' <<< "$symbols"
if ldd "$program" > /dev/null 2>&1; then
    echo "it needs shared libraries" >&2
    exit 1
fi
echo "no allocator and no shared library is in it"

# It did link, so no panic is reachable; unless the check is blind. So plant one.
if errors=$(build build --features planted-panic 2>&1); then
    echo "a planted panic was not found" >&2
    exit 1
fi
grep -q a_panic_is_reachable <<< "$errors" || { echo "$errors" >&2; exit 1; }
echo "no panic is reachable, and a planted one is found"
