//! `rm(1)`: removes names, and with `-r` whole directories. It asks about what the user may not write when somebody sits at its
//! standard input, and with `-i` about everything.

use alloc::format;
use alloc::vec::Vec;

use abi::{AccessMode, AtFlags, Errno, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFSOCK, Stat};

use crate::libc::{
    Given, Manual, Opt, Output, PLAIN, Reader, STDERR, STDIN, basename, complain, join, perror, quote, read_directory,
    write_all,
};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "rm",
    usage: "[OPTION]... [FILE]...",
    about: "Remove (unlink) the FILE(s). What is write-protected is removed only after asking, if\n\
            standard input is a terminal.",
    options: &[
        Opt::flag("f", "force", "ignore nonexistent files and arguments, never prompt"),
        Opt::flag("i", "", "prompt before every removal"),
        Opt::flag("r", "recursive", "remove directories and their contents recursively"),
        Opt::flag("R", "", "the same"),
        Opt::flag("d", "dir", "remove empty directories"),
        Opt::flag("v", "verbose", "explain what is being done"),
    ],
    ..PLAIN
};

/// When to ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    Never,
    IfProtected,
    Always,
}

struct Remover<'a> {
    sys: Sys,
    given: &'a Given<'a>,
    recursive: bool,
    ask: Ask,
    answers: Reader,
    output: Output,
    /// What is to stay, as somebody answered.
    kept: Vec<Vec<u8>>,
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if given.operands.is_empty() && !given.has("force") {
        return Err(MANUAL.misuse(sys, "missing operand").await);
    }
    let ask = match given.last_of(&["force", "i"]) {
        Some(("force", _)) => Ask::Never,
        Some(_) => Ask::Always,
        None if sys.isatty(STDIN).await => Ask::IfProtected,
        None => Ask::Never,
    };
    let recursive = given.has("recursive") || given.has("R");
    let (answers, output) = (Reader::new(sys, STDIN), Output::new(sys, &MANUAL));
    let mut remover = Remover { sys, given: &given, recursive, ask, answers, output, kept: Vec::new() };
    let mut status = 0;
    for operand in &given.operands {
        if recursive && matches!(basename(operand), b"." | b"..") {
            remover.output.flush().await?;
            let message = format_args!("refusing to remove '.' or '..' directory: skipping {}", quote(operand));
            complain(sys, MANUAL.name, message).await;
            status = 1;
        } else if recursive && basename(operand) == b"/" {
            remover.output.flush().await?;
            complain(sys, MANUAL.name, "it is dangerous to operate recursively on '/'").await;
            status = 1;
        } else if !remover.remove(operand).await? {
            status = 1;
        }
    }
    remover.output.flush().await?;
    Ok(status)
}

/// What is to be done with one path, the last one first: no recursion, since an `async fn` can't call itself.
enum Work {
    /// Remove it, whatever it is.
    Remove(Vec<u8>),
    /// Its contents have been dealt with.
    RemoveDirectory(Vec<u8>),
}

impl Remover<'_> {
    /// Removes a path; whether nothing went wrong.
    async fn remove(&mut self, path: &[u8]) -> Result<bool, i32> {
        let mut work = Vec::from([Work::Remove(path.to_vec())]);
        let mut well = true;
        while let Some(next) = work.pop() {
            let (path, result) = match next {
                Work::Remove(path) => {
                    let result = self.remove_one(&path, &mut work).await?;
                    (path, result)
                }
                Work::RemoveDirectory(path) => {
                    let result = self.remove_directory(&path).await?;
                    (path, result)
                }
            };
            match result {
                Ok(Some(kind)) if self.given.has("verbose") => {
                    self.output.push(format!("{kind}{}\n", quote(&path)).as_bytes());
                }
                Ok(_) => {}
                Err(errno) => {
                    self.output.flush().await?;
                    perror(self.sys, MANUAL.name, format_args!("cannot remove {}", quote(&path)), errno).await;
                    well = false;
                }
            }
        }
        Ok(well)
    }

    /// Removes a path, or adds to the work what must be done first; what is to be said of it.
    async fn remove_one(
        &mut self,
        path: &[u8],
        work: &mut Vec<Work>,
    ) -> Result<Result<Option<&'static str>, Errno>, i32> {
        let sys = self.sys;
        let stat = match sys.stat(path).await {
            Ok(stat) => stat,
            // Below what isn't a directory nothing exists either.
            Err(Errno::ENOENT | Errno::ENOTDIR) if self.given.has("force") => return Ok(Ok(None)),
            Err(errno) => return Ok(Err(errno)),
        };
        if stat.mode & S_IFMT != S_IFDIR {
            return match self.agreed("remove", path, &stat).await? {
                true => Ok(sys.unlinkat(abi::AT_FDCWD, path, AtFlags::empty()).await.map(|()| Some("removed "))),
                false => Ok(Ok(None)),
            };
        }
        if !self.recursive {
            return match self.given.has("dir") {
                true => self.remove_directory(path).await,
                false => Ok(Err(Errno::EISDIR)),
            };
        }
        let entries = match read_directory(sys, path).await {
            Ok(entries) => entries,
            Err(errno) => return Ok(Err(errno)),
        };
        let names = entries.iter().map(|entry| &entry.name[..]);
        let inner: Vec<&[u8]> = names.filter(|name| !matches!(*name, b"." | b"..")).collect();
        if inner.is_empty() || self.agreed("descend into", path, &stat).await? {
            work.push(Work::RemoveDirectory(path.to_vec()));
            work.extend(inner.iter().rev().map(|name| Work::Remove(join(path, name))));
        }
        Ok(Ok(None))
    }

    /// Removes a directory that should be empty by now, unless something in it was to stay.
    async fn remove_directory(&mut self, path: &[u8]) -> Result<Result<Option<&'static str>, Errno>, i32> {
        if self.kept.iter().any(|kept| kept.strip_prefix(path).is_some_and(|rest| rest.starts_with(b"/"))) {
            return Ok(Ok(None));
        }
        let stat = match self.sys.stat(path).await {
            Ok(stat) => stat,
            Err(errno) => return Ok(Err(errno)),
        };
        match self.agreed("remove", path, &stat).await? {
            true => Ok(self.sys.rmdir(path).await.map(|()| Some("removed directory "))),
            false => Ok(Ok(None)),
        }
    }

    /// Asks, if that is called for, whether to do something with a path.
    async fn agreed(&mut self, what: &str, path: &[u8], stat: &Stat) -> Result<bool, i32> {
        let sys = self.sys;
        let protected = self.ask != Ask::Never && sys.access(path, AccessMode::W_OK).await == Err(Errno::EACCES);
        if self.ask != Ask::Always && !protected {
            return Ok(true);
        }
        self.output.flush().await?;
        let protected = if protected { "write-protected " } else { "" };
        let question = format!("{}: {what} {protected}{} {}? ", MANUAL.name, kind(stat), quote(path));
        let _ = write_all(sys, STDERR, question.as_bytes()).await;
        let mut answer = Vec::new();
        let answered = self.answers.read_line(b'\n', &mut answer).await;
        let agreed = answered.is_ok() && matches!(answer.first(), Some(b'y' | b'Y'));
        if !agreed {
            self.kept.push(path.to_vec());
        }
        Ok(agreed)
    }
}

/// What something is, as questions name it.
fn kind(stat: &Stat) -> &'static str {
    match stat.mode & S_IFMT {
        S_IFDIR => "directory",
        S_IFIFO => "fifo",
        S_IFCHR => "character special file",
        S_IFSOCK => "socket",
        _ if stat.size == 0 => "regular empty file",
        _ => "regular file",
    }
}
