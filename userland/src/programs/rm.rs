//! `rm(1)`: removes names, and with `-r` whole directories.

use alloc::vec::Vec;

use abi::{AtFlags, Errno, S_IFDIR, S_IFMT};

use crate::libc::{Given, Manual, Opt, Output, PLAIN, basename, complain, join, perror, quote, read_directory};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "rm",
    usage: "[OPTION]... [FILE]...",
    about: "Remove (unlink) the FILE(s).",
    options: &[
        Opt::flag("f", "force", "ignore nonexistent files and arguments"),
        Opt::flag("r", "recursive", "remove directories and their contents recursively"),
        Opt::flag("R", "", "the same"),
        Opt::flag("d", "dir", "remove empty directories"),
        Opt::flag("v", "verbose", "explain what is being done"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if given.operands.is_empty() && !given.has("force") {
        return Err(MANUAL.misuse(sys, "missing operand").await);
    }
    let mut output = Output::new(sys, &MANUAL);
    let mut status = 0;
    for operand in &given.operands {
        let recursive = given.has("recursive") || given.has("R");
        if recursive && matches!(basename(operand), b"." | b"..") {
            output.flush().await?;
            let message = format_args!("refusing to remove '.' or '..' directory: skipping {}", quote(operand));
            complain(sys, MANUAL.name, message).await;
            status = 1;
        } else if recursive && basename(operand) == b"/" {
            output.flush().await?;
            complain(sys, MANUAL.name, "it is dangerous to operate recursively on '/'").await;
            status = 1;
        } else if !remove(sys, &given, operand, recursive, &mut output).await? {
            status = 1;
        }
    }
    output.flush().await?;
    Ok(status)
}

/// What is to be done with one path, the last one first: no recursion, since an `async fn` can't call itself.
enum Work {
    /// Remove it, whatever it is.
    Remove(Vec<u8>),
    /// Its contents have been dealt with.
    RemoveDirectory(Vec<u8>),
}

/// Removes a path; whether all of it is gone.
async fn remove(sys: Sys, given: &Given<'_>, path: &[u8], recursive: bool, output: &mut Output) -> Result<bool, i32> {
    let mut work = Vec::from([Work::Remove(path.to_vec())]);
    let mut all_gone = true;
    while let Some(next) = work.pop() {
        let (path, result) = match next {
            Work::Remove(path) => {
                let is_directory = sys.stat(&path).await.map(|stat| stat.mode & S_IFMT == S_IFDIR);
                let result = match is_directory {
                    Err(Errno::ENOENT) if given.has("force") => continue,
                    Err(errno) => Err(errno),
                    Ok(true) if recursive => match read_directory(sys, &path).await {
                        Ok(entries) => {
                            work.push(Work::RemoveDirectory(path.clone()));
                            let names = entries.iter().map(|entry| &entry.name[..]);
                            let inner = names.filter(|name| !matches!(*name, b"." | b".."));
                            work.extend(inner.map(|name| Work::Remove(join(&path, name))));
                            continue;
                        }
                        Err(errno) => Err(errno),
                    },
                    Ok(true) if given.has("dir") => sys.rmdir(&path).await.map(|()| true),
                    Ok(true) => Err(Errno::EISDIR),
                    Ok(false) => sys.unlinkat(abi::AT_FDCWD, &path, AtFlags::empty()).await.map(|()| false),
                };
                (path, result)
            }
            Work::RemoveDirectory(path) => {
                let result = sys.rmdir(&path).await.map(|()| true);
                (path, result)
            }
        };
        match result {
            Ok(directory) if given.has("verbose") => {
                output.push(if directory { b"removed directory " } else { b"removed " });
                output.push(quote(&path).as_bytes());
                output.push_byte(b'\n');
            }
            Ok(_) => {}
            Err(errno) => {
                output.flush().await?;
                perror(sys, MANUAL.name, format_args!("cannot remove {}", quote(&path)), errno).await;
                all_gone = false;
            }
        }
    }
    Ok(all_gone)
}
