//! `mkfifo(1)`: makes named pipes.

use crate::libc::{Manual, Opt, PLAIN, complain, parse_mode, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "mkfifo",
    usage: "[OPTION]... NAME...",
    about: "Create named pipes (FIFOs) with the given NAMEs.",
    options: &[Opt::value("m", "mode", "MODE", "set file permission bits to MODE, not a=rw - umask")],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    if given.operands.is_empty() {
        return MANUAL.misuse(sys, "missing operand").await;
    }
    let mut mode = 0o666;
    if let Some(text) = given.value("mode") {
        let umask = sys.umask(0).await;
        mode = match parse_mode(text, 0o666, umask, false) {
            Some(mode) if mode & !0o777 == 0 => mode,
            Some(_) => {
                complain(sys, MANUAL.name, "mode must specify only file permission bits").await;
                return 1;
            }
            None => {
                complain(sys, MANUAL.name, "invalid mode").await;
                return 1;
            }
        };
    }
    let mut status = 0;
    for name in &given.operands {
        if let Err(errno) = sys.mkfifo(name, mode).await {
            perror(sys, MANUAL.name, format_args!("cannot create fifo {}", quote(name)), errno).await;
            status = 1;
        }
    }
    status
}
