//! An argument by its kind: all that is known of a call that has no hints. Valid ones, and odd ones: stale, out of range,
//! unmapped, huge, aliased.

use abi::{Kind, PAGE_SIZE};
use kernel::limits::DESCRIPTORS;
use kernel::mem::space::{END, HEAP_START, MAPPINGS_START, STACK_TOP};

use crate::fuzz::coverage::Row;
use crate::fuzz::raw::draw::Draw;
use crate::fuzz::raw::moves::{Name, Value};
use crate::fuzz::raw::structure;

const PAGE: u64 = PAGE_SIZE as u64;

/// Names of files: those of the tree after boot, and a few to be made.
pub(super) const PATHS: &[&str] = &[
    "p",
    "q",
    "d",
    "d/p",
    "d/q",
    "d/e",
    "..",
    ".",
    "/",
    "/tmp",
    "/tmp/p",
    "/tmp/q",
    "/tmp/d",
    "/tmp/d/p",
    "/dev/null",
    "/dev/tty",
    "/dev/full",
    "/dev/zero",
    "/dev/console",
    "/dev/shm/m",
    "/dev/shm/n",
    "/dev/mqueue/m",
    "/dev",
    "program",
    "p/",
    "d/",
];

/// Paths that are no good.
const BAD_PATHS: &[&str] =
    &["", "nothing", "nothing/p", "p/q", "/dev/null/p", "\u{1}", "d/../d/../p", "/dev/shm", "/dev/mqueue"];

/// An argument that makes sense, as far as its kind tells.
pub(super) fn valid(draw: &mut Draw<'_>, kind: Kind) -> Value {
    match kind {
        Kind::Fd => match draw.descriptor(|_| true) {
            Some(fd) if draw.percent(95) => fd,
            _ => draw.number(&[0, 1, 2, 3]),
        },
        Kind::Pid => {
            let of = draw.somebody();
            match draw.below(10) {
                0 => Value::Number(0),
                1 => Value::Pid { of, negative: true },
                _ => Value::Pid { of, negative: false },
            }
        }
        Kind::Signal => draw.number(&[10, 12, 1, 2, 3, 9, 13, 14, 15, 17, 18, 18, 19, 20, 23, 28, 34, 35, 64, 0]),
        Kind::Length => {
            draw.number(&[0, 1, 2, 3, 7, 8, 16, 64, 100, 512, 1000, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 65_536])
        }
        Kind::Microseconds => draw.number(&[0, 1, 10, 100, 1000, 5000, 20_000]),
        Kind::Address => Value::Number(draw.mapped().unwrap_or(MAPPINGS_START)),
        Kind::In(what) | Kind::InArray(what) => structure::valid(draw, what),
        Kind::InBytes => match draw.below(3) {
            0 => draw.text(&["pear", "fig\n", "a longer piece of text, of a size that isn't a power of two\n"]),
            _ => draw.number(&[super::stage::ROOM, super::stage::ROOM + PAGE - 5]),
        },
        Kind::Out(_) | Kind::OutArray(_) | Kind::OutBytes => match draw.below(8) {
            0 => Value::Room(4092),
            1 => Value::Room(draw.random.u16(..4096) & !7),
            place => Value::Room(place as u16 * 256),
        },
        Kind::Path => draw.text(PATHS),
        Kind::Strings => match draw.below(4) {
            0 => Value::Number(0),
            _ => Value::Strings { count: draw.random.u16(..4), letters: draw.random.u16(..20) },
        },
        Kind::Flags { known, .. } => match draw.below(4) {
            0 | 1 => Value::Number(0),
            2 => Value::Number(bit_of(draw, known)),
            _ => Value::Number(bit_of(draw, known) | bit_of(draw, known)),
        },
        Kind::Choice { known, .. } => match known {
            [] => Value::Number(0),
            known => Value::Number(draw.one(known) as i64 as u64),
        },
        Kind::Integer | Kind::Unsigned => match draw.below(3) {
            0 => remembered(draw),
            _ => draw.number(&[0, 1, 2, 3, 4, 8, 10, 100, 0o644, 0o700, 1000]),
        },
    }
}

/// One bit of a set, at random.
fn bit_of(draw: &mut Draw<'_>, known: u64) -> u64 {
    let count = known.count_ones();
    if count == 0 {
        return 0;
    }
    let (mut rest, nth) = (known, draw.random.u32(..count));
    for _ in 0..nth {
        rest &= rest - 1;
    }
    rest & rest.wrapping_neg()
}

/// What some call returned lately.
fn remembered(draw: &mut Draw<'_>) -> Value {
    let row = Row(draw.below(crate::fuzz::coverage::ROWS) as u8);
    Value::Number(draw.result_of(row).unwrap_or(0))
}

/// An argument that makes no sense, or not much.
pub(super) fn odd(draw: &mut Draw<'_>, kind: Kind) -> Value {
    match kind {
        Kind::Fd => draw.number(&[
            u64::MAX,
            40,
            DESCRIPTORS as u64 - 1,
            DESCRIPTORS as u64,
            -100_i64 as u64,
            i32::MAX as u64,
            i32::MIN as u64,
        ]),
        Kind::Pid => match draw.below(8) {
            0 => Value::Number(u64::MAX),
            // Gone, most often.
            1 | 2 => Value::Pid { of: Name(draw.random.u16(..60)), negative: draw.random.bool() },
            3 => Value::Number(1),
            4 => Value::Number(-2_i64 as u64),
            5 => Value::Number(i32::MIN as u64),
            6 => Value::Number(32_767),
            _ => Value::Number(i32::MAX as u64),
        },
        Kind::Signal => draw.number(&[65, 66, u64::MAX, 32, 33, 1000, i32::MIN as u64]),
        Kind::Length => draw.number(&[u64::MAX, 1 << 40, 1 << 31, 200_000, u64::MAX - 4095, 0, END]),
        Kind::Microseconds => draw.number(&[200_000, 10_000_000, 0]),
        Kind::Address => Value::Number(address(draw)),
        Kind::In(what) | Kind::InArray(what) if draw.percent(40) => structure::odd(draw, what),
        Kind::In(_) | Kind::InArray(_) | Kind::InBytes | Kind::Out(_) | Kind::OutArray(_) | Kind::OutBytes => {
            Value::Number(address(draw))
        }
        Kind::Path => match draw.below(8) {
            0 | 1 => Value::Number(address(draw)),
            2 => Value::Long(draw.one(&[255, 256, 300, 4094, 4095, 4096, 5000])),
            _ => draw.text(BAD_PATHS),
        },
        Kind::Strings => match draw.below(3) {
            0 => Value::Strings { count: 40, letters: 4000 },
            1 => Value::Strings { count: 4, letters: 5000 },
            _ => Value::Number(address(draw)),
        },
        Kind::Flags { known, .. } => match draw.below(3) {
            0 => Value::Number(known),
            1 => Value::Number(u64::MAX),
            _ => Value::Number(1 << draw.random.u32(..40)),
        },
        Kind::Choice { .. } => draw.number(&[u64::MAX, 5, 99, 1 << 20, i32::MIN as u64]),
        Kind::Integer | Kind::Unsigned => match draw.below(3) {
            0 => Value::Number(draw.random.u64(..)),
            1 => Value::Number(draw.random.u64(..70_000)),
            _ => {
                draw.number(&[u64::MAX, -2_i64 as u64, i32::MAX as u64, i32::MIN as u64, 1 << 32, 0xffff_ffff, 65_536])
            }
        },
    }
}

/// An address that isn't any good, or hardly.
pub(super) fn address(draw: &mut Draw<'_>) -> u64 {
    match draw.below(4) {
        0 => draw.random.u64(..2 * END),
        1 => draw.mapped().unwrap_or(0).wrapping_sub(draw.one(&[1, 3, 8, PAGE])),
        2 => draw.mapped().unwrap_or(0) + draw.one(&[PAGE - 3, PAGE - 4, 1, 3 * PAGE]),
        _ => draw.one(&[
            0,
            1,
            MAPPINGS_START + 100 * PAGE,
            HEAP_START,
            STACK_TOP - 4,
            STACK_TOP,
            END - PAGE,
            END - 4,
            END,
            u64::MAX,
            u64::MAX - 7,
            1 << 63,
        ]),
    }
}
