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
    MANUAL.answer_alone(sys, &args).await;
    1
}
