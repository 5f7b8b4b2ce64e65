//! `rmdir(1)`: removes empty directories.

use abi::Errno;

use crate::libc::{Manual, Opt, Output, PLAIN, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "rmdir",
    usage: "[OPTION]... DIRECTORY...",
    about: "Remove the DIRECTORY(ies), if they are empty.",
    options: &[
        Opt::flag("", "ignore-fail-on-non-empty", "ignore each failure to remove a non-empty directory"),
        Opt::flag("p", "parents", "remove DIRECTORY and its ancestors"),
        Opt::flag("v", "verbose", "output a diagnostic for every directory processed"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if given.operands.is_empty() {
        return Err(MANUAL.misuse(sys, "missing operand").await);
    }
    let mut output = Output::new(sys, &MANUAL);
    let mut status = 0;
    for operand in &given.operands {
        let mut path = Some(*operand);
        while let Some(directory) = path {
            if given.has("verbose") {
                output.push(b"rmdir: removing directory, ");
                output.push(quote(directory).as_bytes());
                output.push_byte(b'\n');
            }
            if let Err(errno) = sys.rmdir(directory).await {
                if errno == Errno::ENOTEMPTY && given.has("ignore-fail-on-non-empty") {
                    break;
                }
                output.flush().await?;
                perror(sys, MANUAL.name, format_args!("failed to remove {}", quote(directory)), errno).await;
                status = 1;
                break;
            }
            path = if given.has("parents") { parent(directory) } else { None };
        }
    }
    output.flush().await?;
    Ok(status)
}

/// The path without its last part, if anything is left.
fn parent(path: &[u8]) -> Option<&[u8]> {
    let end = path.iter().rposition(|&byte| byte != b'/')?;
    let slash = path[..=end].iter().rposition(|&byte| byte == b'/')?;
    let end = path[..slash].iter().rposition(|&byte| byte != b'/')?;
    Some(&path[..=end])
}
