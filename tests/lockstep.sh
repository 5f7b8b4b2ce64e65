#!/bin/sh
# Compares Vitrine with the real kernel of this host, operation by operation (tests/host/README.md).
#
#   tests/lockstep.sh SEED [OPERATIONS]   one run; 100,000 operations if not said otherwise
#   tests/lockstep.sh                     what is checked for every change: 5,000 operations from a fixed seed, which have to agree,
#                                         and 5,000 from a fresh one, whose differences are shown and saved, no more
#
# It takes the right to make name spaces. Where that is missing nothing is checked, which is an error with VITRINE_NO_SKIP=1.
set -u
cd "$(dirname "$0")/.." || exit 1

# With what the project's own tests are built of: real processes take most of the time anyway.
cargo build --quiet --package vitrine-host || exit 1

check() {
    target/debug/vitrine-host check --save target/lockstep-failures "$@"
}

# Whatever a run says: that name spaces are refused is no difference.
finish() {
    if [ "$1" -eq 77 ]; then
        [ "${VITRINE_NO_SKIP:-}" = 1 ] && exit 1
        echo "tests/lockstep.sh: skipped: run it as root, or give this container the right to make name spaces (CAP_SYS_ADMIN)"
        exit 0
    fi
    exit "$1"
}

if [ $# -gt 0 ]; then
    check --seed "$1" --operations "${2:-100000}"
    finish $?
fi

check --seed 1 --operations 5000
fixed=$?
[ $fixed -eq 77 ] && finish 77

fresh=$(date +%s)
echo "a fresh seed: tests/lockstep.sh $fresh 5000"
check --seed "$fresh" --operations 5000 --differences 3 || echo "the fresh seed $fresh found something; that doesn't count here"
exit $fixed
