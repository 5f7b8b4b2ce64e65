//! `mv(1)`: renames, or moves into a directory.

use abi::{Errno, RenameFlags, S_IFDIR, S_IFMT};

use crate::libc::{Manual, Opt, PLAIN, basename, complain, join, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "mv",
    usage: "[OPTION]... SOURCE DEST\n[OPTION]... SOURCE... DIRECTORY",
    about: "Rename SOURCE to DEST, or move SOURCE(s) to DIRECTORY.",
    options: &[
        Opt::flag("f", "force", "do not prompt before overwriting (it never does)"),
        Opt::flag("n", "no-clobber", "do not overwrite an existing file"),
        Opt::flag("T", "no-target-directory", "treat DEST as a normal file"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let (target, sources) = match given.operands.split_last() {
        None => return MANUAL.misuse(sys, "missing file operand").await,
        Some((only, [])) => {
            return MANUAL.misuse(sys, format_args!("missing destination file operand after {}", quote(only))).await;
        }
        Some(split) => split,
    };
    let is_directory = sys.stat(target).await.is_ok_and(|stat| stat.mode & S_IFMT == S_IFDIR);
    let into = is_directory && !given.has("no-target-directory");
    if sources.len() > 1 && !into {
        complain(sys, MANUAL.name, format_args!("target {}: {}", quote(target), Errno::ENOTDIR)).await;
        return 1;
    }
    let flags = if given.has("no-clobber") { RenameFlags::RENAME_NOREPLACE } else { RenameFlags::empty() };
    let mut status = 0;
    for source in sources {
        let new = if into { join(target, basename(source)) } else { target.to_vec() };
        if !given.has("no-clobber") && are_the_same(sys, source, &new).await {
            // The kernel would do nothing, and call that well done.
            let what = format_args!("{} and {} are the same file", quote(source), quote(&new));
            complain(sys, MANUAL.name, what).await;
            status = 1;
            continue;
        }
        match sys.renameat2(source, &new, flags).await {
            Ok(()) => {}
            Err(Errno::EEXIST) if given.has("no-clobber") => {}
            Err(errno) if errno == Errno::ENOENT && sys.stat(source).await.is_err() => {
                perror(sys, MANUAL.name, format_args!("cannot stat {}", quote(source)), errno).await;
                status = 1;
            }
            // No flag is wrong, so it can only be that.
            Err(Errno::EINVAL) => {
                let what = format_args!("cannot move {} to a subdirectory of itself, {}", quote(source), quote(&new));
                complain(sys, MANUAL.name, what).await;
                status = 1;
            }
            Err(errno) => {
                let what = format_args!("cannot move {} to {}", quote(source), quote(&new));
                perror(sys, MANUAL.name, what, errno).await;
                status = 1;
            }
        }
    }
    status
}

/// Whether both exist and are one file: one name twice, or two of its names.
async fn are_the_same(sys: Sys, one: &[u8], other: &[u8]) -> bool {
    match (sys.stat(one).await, sys.stat(other).await) {
        (Ok(one), Ok(other)) => (one.dev, one.ino) == (other.dev, other.ino),
        _ => false,
    }
}
