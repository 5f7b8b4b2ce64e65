//! `chmod(1)`: changes modes.

use crate::libc::{Manual, Order, PLAIN, complain, parse_mode, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "chmod",
    usage: "MODE[,MODE]... FILE...\nOCTAL-MODE FILE...",
    about: "Change the mode of each FILE to MODE: octal, or clauses such as u+rwx,go-w.",
    order: Order::FirstOrNumber,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let Some((text, paths)) = given.operands.split_first() else {
        return MANUAL.misuse(sys, "missing operand").await;
    };
    if paths.is_empty() {
        return MANUAL.misuse(sys, format_args!("missing operand after {}", quote(text))).await;
    }
    let umask = sys.umask(0).await;
    sys.umask(umask).await;
    if parse_mode(text, 0, umask, false).is_none() {
        complain(sys, MANUAL.name, format_args!("invalid mode: {}", quote(text))).await;
        return MANUAL.give_up(sys).await;
    }
    let mut status = 0;
    for path in paths {
        let stat = match sys.stat(path).await {
            Ok(stat) => stat,
            Err(errno) => {
                perror(sys, MANUAL.name, format_args!("cannot access {}", quote(path)), errno).await;
                status = 1;
                continue;
            }
        };
        let is_directory = stat.mode & abi::S_IFMT == abi::S_IFDIR;
        let mode = parse_mode(text, stat.mode, umask, is_directory).unwrap_or(stat.mode);
        if let Err(errno) = sys.chmod(path, mode).await {
            perror(sys, MANUAL.name, format_args!("changing permissions of {}", quote(path)), errno).await;
            status = 1;
        }
    }
    status
}
