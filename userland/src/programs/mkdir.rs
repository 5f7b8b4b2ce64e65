//! `mkdir(1)`: makes directories.

use abi::{Errno, S_IFDIR, S_IFMT};

use crate::libc::{Given, Manual, Opt, Output, PLAIN, complain, parse_mode, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "mkdir",
    usage: "[OPTION]... DIRECTORY...",
    about: "Create the DIRECTORY(ies), if they do not already exist.",
    options: &[
        Opt::value("m", "mode", "MODE", "set file mode (as in chmod), not a=rwx - umask"),
        Opt::flag("p", "parents", "no error if existing, make parent directories as needed"),
        Opt::flag("v", "verbose", "print a message for each created directory"),
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
    let mut mode = None;
    if let Some(text) = given.value("mode") {
        let umask = sys.umask(0).await;
        sys.umask(umask).await;
        mode = parse_mode(text, 0o777, umask, true);
        if mode.is_none() {
            complain(sys, MANUAL.name, format_args!("invalid mode {}", quote(text))).await;
            return Err(1);
        }
    }
    let mut output = Output::new(sys, &MANUAL);
    let mut status = 0;
    for path in &given.operands {
        if let Err((path, errno)) = make(sys, &given, path, mode, &mut output).await {
            output.flush().await?;
            perror(sys, MANUAL.name, format_args!("cannot create directory {}", quote(path)), errno).await;
            status = 1;
        }
    }
    output.flush().await?;
    Ok(status)
}

/// Makes one directory, and with `-p` those above it; what couldn't be made.
async fn make<'p>(
    sys: Sys,
    given: &Given<'_>,
    path: &'p [u8],
    mode: Option<u32>,
    output: &mut Output,
) -> Result<(), (&'p [u8], Errno)> {
    let parents = given.has("parents");
    let ends = path.iter().enumerate().filter(|&(at, &byte)| at > 0 && byte == b'/' && path[at - 1] != b'/');
    let inner = ends.map(|(at, _)| &path[..at]).filter(|part| part.len() < path.trim_ascii_end().len());
    for part in inner.filter(|_| parents) {
        if part.len() < without_slashes(path).len() {
            make_one(sys, given, part, None, output).await.map_err(|errno| (part, errno))?;
        }
    }
    make_one(sys, given, path, mode, output).await.map_err(|errno| (path, errno))
}

fn without_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(path.len().min(1), |at| at + 1);
    &path[..end]
}

async fn make_one(
    sys: Sys,
    given: &Given<'_>,
    path: &[u8],
    mode: Option<u32>,
    output: &mut Output,
) -> Result<(), Errno> {
    match sys.mkdir(path, mode.unwrap_or(0o777)).await {
        Ok(()) => {
            if let Some(mode) = mode {
                sys.chmod(path, mode).await?;
            }
            if given.has("verbose") {
                output.push(b"mkdir: created directory ");
                output.push(quote(path).as_bytes());
                output.push_byte(b'\n');
            }
            Ok(())
        }
        Err(Errno::EEXIST) if given.has("parents") => match sys.stat(path).await {
            Ok(stat) if stat.mode & S_IFMT == S_IFDIR => Ok(()),
            _ => Err(Errno::EEXIST),
        },
        Err(errno) => Err(errno),
    }
}
