//! `yes(1)`: prints a line for ever.

use alloc::vec::Vec;

use crate::libc::{BUFFER_SIZE, Manual, Order, PLAIN, STDOUT, complain, write_all};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "yes",
    usage: "[STRING]...\nOPTION",
    about: "Repeatedly output a line with all specified STRING(s), or 'y'.",
    order: Order::Anywhere,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let mut line = if given.operands.is_empty() { b"y".to_vec() } else { given.operands.join(&b' ') };
    line.push(b'\n');
    let block: Vec<u8> = line.repeat((BUFFER_SIZE / line.len()).max(1));
    loop {
        if let Err(errno) = write_all(sys, STDOUT, &block).await {
            complain(sys, MANUAL.name, format_args!("standard output: {errno}")).await;
            return 1;
        }
    }
}
