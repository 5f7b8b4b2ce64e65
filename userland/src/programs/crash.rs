//! `crash`: faults of every kind become signals, at the very line that caused them (`signal(7)`).

use abi::Signal;

use crate::libc::{Manual, PLAIN, abort, complain, display_name, quote, raise};
use crate::statics::StaticBytes;
use crate::{Args, Sys, statics};

static MANUAL: Manual = Manual {
    name: "crash",
    usage: "segv|bus|ill|fpe|abort",
    about: "End by a fault: a load from nowhere, an atomic access to an odd address, an instruction\n\
            that doesn't exist, a division by zero, or abort. With `vitrine run --core DIR` it leaves\n\
            a core image, which `vitrine core FILE` shows.",
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: WORDS: StaticBytes<16>; }

/// An address at which nothing is ever mapped.
const NOWHERE: u64 = 0x10;

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let kind = match given.operands[..] {
        [kind] => kind,
        [] => return MANUAL.misuse(sys, "missing operand").await,
        [_, extra, ..] => return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await,
    };
    let signal = match kind {
        b"segv" => {
            sys.load::<u64>(NOWHERE).await;
            Signal::SIGSEGV
        }
        b"bus" => {
            // A word that lies across two.
            sys.fetch_add(WORDS.address() + 1, 1_u64).await;
            Signal::SIGBUS
        }
        b"ill" => {
            sys.illegal_instruction().await;
            Signal::SIGILL
        }
        b"fpe" => {
            sys.divide(1, 0).await;
            Signal::SIGFPE
        }
        b"abort" => match abort(sys).await {},
        _ => return MANUAL.misuse(sys, format_args!("no such fault: {}", display_name(kind))).await,
    };
    // Only PID 1 comes here: the kernel protects it even from itself.
    raise(sys, signal).await;
    complain(sys, MANUAL.name, format_args!("{signal} didn't end me")).await;
    1
}
