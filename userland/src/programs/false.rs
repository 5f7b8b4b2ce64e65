//! `false(1)`: does nothing, unsuccessfully.

use crate::libc::{Manual, PLAIN};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "false",
    usage: "[ignored command line arguments]\nOPTION",
    about: "Exit with a status code indicating failure.",
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if args.len() == 2 && args.get(1) == Some(b"--help") {
        MANUAL.print_help(sys).await;
    }
    1
}
