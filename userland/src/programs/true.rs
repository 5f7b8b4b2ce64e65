//! `true(1)`: does nothing, successfully.

use crate::libc::{Manual, PLAIN};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "true",
    usage: "[ignored command line arguments]\nOPTION",
    about: "Exit with a status code indicating success.",
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Some(status) = MANUAL.answer_alone(sys, &args).await {
        return status;
    }
    0
}
