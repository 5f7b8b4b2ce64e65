//! `stat(1)`: what is known of files, as text or in a format of one's own.

use alloc::format;
use alloc::string::String;

use abi::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFSOCK, Stat, Timespec};

use crate::libc::{Manual, Opt, Output, PLAIN, display_name, perror, quote, show_mode};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "stat",
    usage: "[OPTION]... FILE...",
    about: "Display file status.\n\n\
            In FORMAT: %a mode in octal, %A mode as text, %F type, %g group, %h links, %i inode, %n name, %s size,\n\
            %u owner, %X %Y %Z times in seconds.",
    options: &[Opt::value("c", "format", "FORMAT", "use the specified FORMAT, with a newline after each use")],
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
    for path in &given.operands {
        match sys.stat(path).await {
            Ok(stat) => {
                let name = display_name(path);
                let text = match given.value("format") {
                    Some(format) => in_format(&String::from_utf8_lossy(format), &name, &stat),
                    None => in_full(&name, &stat),
                };
                output.push(text.as_bytes());
            }
            Err(errno) => {
                output.flush().await?;
                perror(sys, MANUAL.name, format_args!("cannot stat {}", quote(path)), errno).await;
                status = 1;
            }
        }
    }
    output.flush().await?;
    Ok(status)
}

fn type_name(mode: u32) -> &'static str {
    match mode & S_IFMT {
        S_IFDIR => "directory",
        S_IFIFO => "fifo",
        S_IFCHR => "character special file",
        S_IFBLK => "block special file",
        S_IFSOCK => "socket",
        _ => "regular file",
    }
}

fn in_format(format: &str, name: &str, stat: &Stat) -> String {
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('a') => text += &format!("{:o}", stat.mode & 0o7777),
            Some('A') => text += &String::from_utf8_lossy(&show_mode(stat.mode)),
            Some('F') => text += type_name(stat.mode),
            Some('g') => text += &format!("{}", stat.gid),
            Some('h') => text += &format!("{}", stat.nlink),
            Some('i') => text += &format!("{}", stat.ino),
            Some('n') => text += name,
            Some('s') => text += &format!("{}", stat.size),
            Some('u') => text += &format!("{}", stat.uid),
            Some('X') => text += &format!("{}", stat.atim.sec),
            Some('Y') => text += &format!("{}", stat.mtim.sec),
            Some('Z') => text += &format!("{}", stat.ctim.sec),
            Some('%') | None => text.push('%'),
            Some(_) => text.push('?'),
        }
    }
    text.push('\n');
    text
}

fn in_full(name: &str, stat: &Stat) -> String {
    let Stat { size, blocks, blksize, dev, ino, nlink, mode, uid, gid, rdev, .. } = *stat;
    let kind = type_name(mode);
    let mut text = format!("  File: {name}\n  Size: {size:<10}\tBlocks: {blocks:<10} IO Block: {blksize:<6} {kind}\n");
    text += &format!("Device: {},{}\tInode: {ino:<11} Links: {nlink}", dev >> 8, dev & 0xff);
    if mode & S_IFMT == S_IFCHR {
        text += &format!("     Device type: {},{}", rdev >> 8, rdev & 0xff);
    }
    let letters = String::from_utf8_lossy(&show_mode(mode)).into_owned();
    text += &format!("\nAccess: ({:04o}/{letters})  Uid: {uid:>5}   Gid: {gid:>5}\n", mode & 0o7777);
    for (what, Timespec { sec, nsec }) in [("Access", stat.atim), ("Modify", stat.mtim), ("Change", stat.ctim)] {
        text += &format!("{what}: {sec}.{nsec:09} s after boot\n");
    }
    text
}
