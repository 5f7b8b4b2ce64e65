//! `pwd(1)`: the path of the working directory.

use crate::libc::{Manual, Opt, Output, PLAIN, perror};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "pwd",
    usage: "[OPTION]...",
    about: "Print the full filename of the current working directory.",
    options: &[
        Opt::flag("L", "logical", "the same: there are no symbolic links"),
        Opt::flag("P", "physical", "the same"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    let path = match sys.getcwd().await {
        Ok(path) => path,
        Err(errno) => {
            perror(sys, MANUAL.name, "cannot find the current directory", errno).await;
            return 1;
        }
    };
    let mut output = Output::new(sys, &MANUAL);
    output.push(&path);
    output.push_byte(b'\n');
    output.flush().await.err().unwrap_or(0)
}
