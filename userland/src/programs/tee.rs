//! `tee(1)`: copies standard input to files and standard output.

use alloc::string::String;
use alloc::vec::Vec;

use abi::{Fd, OpenFlags, Signal};

use crate::libc::{Manual, Opt, PLAIN, Reader, STDIN, STDOUT, display_name, perror, write_all};
use crate::sys::Action;
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "tee",
    usage: "[OPTION]... [FILE]...",
    about: "Copy standard input to each FILE, and also to standard output.",
    options: &[
        Opt::flag("a", "append", "append to the given FILEs, do not overwrite"),
        Opt::flag("i", "ignore-interrupts", "ignore interrupt signals"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    if given.has("ignore-interrupts") {
        let _ = sys.sigaction(Signal::SIGINT, Some(Action::IGNORE)).await;
    }
    let how = if given.has("append") { OpenFlags::O_APPEND } else { OpenFlags::O_TRUNC };
    let mut status = 0;
    let mut outputs: Vec<(Fd, String)> = Vec::from([(STDOUT, "standard output".into())]);
    for name in &given.operands {
        match sys.open(name, OpenFlags::O_WRONLY | OpenFlags::O_CREAT | how).await {
            Ok(fd) => outputs.push((fd, display_name(name).into_owned())),
            Err(errno) => {
                perror(sys, MANUAL.name, display_name(name), errno).await;
                status = 1;
            }
        }
    }
    let mut input = Reader::new(sys, STDIN);
    loop {
        match input.fill().await {
            Ok(true) => {}
            Ok(false) => return status,
            Err(errno) => {
                perror(sys, MANUAL.name, "read error", errno).await;
                return 1;
            }
        }
        let mut index = 0;
        while let Some((fd, name)) = outputs.get(index) {
            match write_all(sys, *fd, input.available()).await {
                Ok(()) => index += 1,
                // The others go on.
                Err(errno) => {
                    perror(sys, MANUAL.name, name, errno).await;
                    outputs.remove(index);
                    status = 1;
                }
            }
        }
        if outputs.is_empty() {
            return status;
        }
        input.consume_all();
    }
}
