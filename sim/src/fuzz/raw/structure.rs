//! What lies in memory for a structure that a call reads. Those that are known by name get contents that make sense; any other
//! gets small numbers.

use abi::Structure;

use crate::fuzz::raw::draw::Draw;
use crate::fuzz::raw::moves::Value;

/// A handler's address: any that is neither the default nor "ignore".
const HANDLER: u64 = 0x1000;

/// A structure that makes sense.
pub(super) fn valid(draw: &mut Draw<'_>, what: Structure) -> Value {
    match what.name {
        "struct timespec" => match what.size {
            // Two of them: access and modification. `UTIME_NOW` and `UTIME_OMIT` are nanoseconds of their own.
            32 => {
                let nsec = draw.one(&[5, 0x3fff_ffff, 0x3fff_fffe]);
                let sec = draw.random.u64(..100);
                match draw.below(3) {
                    0 => Value::Number(0),
                    _ => draw.words(&[sec, nsec, 0, 0x3fff_ffff]),
                }
            }
            _ => {
                let nsec = draw.one(&[0, 1, 1000, 100_000, 5_000_000]);
                let sec = if draw.percent(10) { draw.random.u64(..5) } else { 0 };
                if draw.percent(20) { Value::Number(0) } else { draw.words(&[sec, nsec]) }
            }
        },
        "struct itimerval" => {
            let (interval, value) = (draw.one(&[0, 0, 100, 3000]), draw.one(&[0, 1, 200, 5000, 50_000]));
            draw.words(&[0, interval, 0, value])
        }
        "struct itimerspec" => {
            let (interval, value) = (draw.one(&[0, 0, 100_000, 3_000_000]), draw.one(&[0, 1, 200_000, 5_000_000]));
            draw.words(&[0, interval, 0, value])
        }
        "struct sigevent" => match draw.below(5) {
            0 => Value::Number(0),
            // Nothing, and a signal.
            1 => draw.halves(&[7, 0, 0, 1, 0, 0]),
            _ => {
                let signal = draw.one(&[10, 12, 34, 35]);
                draw.halves(&[7, 0, signal, 0, 0, 0])
            }
        },
        "struct mq_attr" => {
            let (messages, bytes) = (draw.one(&[1, 2, 4, 10]), draw.one(&[1, 8, 64, 8192]));
            let flags = draw.one(&[0, 0, 0o4000]);
            if draw.percent(20) { Value::Number(0) } else { draw.words(&[flags, messages, bytes, 0, 0, 0, 0, 0]) }
        }
        "struct rlimit64" => {
            let limit = draw.one(&[2, 3, 4, 8, 64, 1 << 20, u64::MAX]);
            if draw.percent(40) { Value::Number(0) } else { draw.words(&[limit, limit.max(64)]) }
        }
        "struct sigaction" => {
            let handler = draw.one(&[0, 1, HANDLER, HANDLER, HANDLER]);
            let flags = draw.one(&[0, 0, 4, 0x1000_0000, 0x4000_0000, 0x8000_0000, 1, 2, 0x0800_0000]);
            let mask = draw.one(&[0, 0, 1 << 9, 1 << 9 | 1 << 11, u64::MAX]);
            if draw.percent(15) { Value::Number(0) } else { draw.words(&[handler, flags, mask]) }
        }
        "sigset_t" => {
            let set =
                draw.one(&[0, 1 << 9, 1 << 9 | 1 << 11, 1 << 16 | 1 << 9, 1 << 13, 1 << 33 | 1 << 34, 1 << 14 | 1]);
            if draw.percent(10) { Value::Number(0) } else { draw.words(&[set]) }
        }
        "siginfo_t" => draw.halves(&[0, 0, -1, 0, 1, 0, 5]),
        "stack_t" => {
            let base = draw.one(&[super::stage::ROOM, 0x5000_0000]);
            let flags = draw.one(&[0, 0, 0, 2]);
            if draw.percent(20) { Value::Number(0) } else { draw.words(&[base, flags, 16_384]) }
        }
        "struct spawn_action" => {
            let (op, fd, to) = (draw.one(&[0, 1]), draw.one(&[0, 1, 2, 3, 4]), draw.one(&[0, 5, 9]));
            draw.halves(&[op, fd, to, 0, 1, 1, 6, 0])
        }
        "struct sembuf" => {
            let mut operations = heapless::Vec::<i16, 9>::new();
            for number in 0..1 + draw.below(3) as i16 {
                let op = draw.one(&[1, 1, 2, -1, -1, 0, -2]);
                let flags = draw.one(&[0, 0, 0o4000, 0o10000, 0o14000]);
                let _ = operations.extend_from_slice(&[number, op, flags]);
            }
            draw.quarters(&operations)
        }
        // The type of a System V message, and its bytes.
        "long" => {
            let kind = draw.one(&[1, 1, 2, 3]);
            draw.words(&[kind, 0x7061_6572])
        }
        _ => {
            let size = what.size.div_ceil(8).min(16);
            let mut words = heapless::Vec::<u64, 16>::new();
            for _ in 0..size {
                let _ = words.push(draw.one(&[0, 0, 1, 2, 4, 10]));
            }
            draw.words(&words)
        }
    }
}

/// A structure that makes no sense: random words.
pub(super) fn odd(draw: &mut Draw<'_>, what: Structure) -> Value {
    let size = what.size.div_ceil(8).clamp(1, 16);
    let mut words = heapless::Vec::<u64, 16>::new();
    for _ in 0..size {
        let word = match draw.below(3) {
            0 => draw.random.u64(..),
            1 => draw.one(&[u64::MAX, 1 << 63, 1_000_000_000, 0x1_0000_0001, 65, i64::MAX as u64, 0x7fff_ffff]),
            _ => draw.random.u64(..100),
        };
        let _ = words.push(word);
    }
    draw.words(&words)
}
