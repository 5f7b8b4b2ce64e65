//! `ls(1)`: lists directories, one name a line, sorted by name.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, Stat};

use crate::libc::{Given, Manual, Opt, Output, PLAIN, join, perror, quote, read_directory, show_mode};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "ls",
    usage: "[OPTION]... [FILE]...",
    about: "List information about the FILEs (the current directory by default), sorted by name.",
    options: &[
        Opt::flag("a", "all", "do not ignore entries starting with ."),
        Opt::flag("A", "almost-all", "do not list implied . and .."),
        Opt::flag("d", "directory", "list directories themselves, not their contents"),
        Opt::flag("F", "classify", "append indicator (one of /|) to entries"),
        Opt::flag("i", "inode", "print the index number of each file"),
        Opt::flag("l", "", "use a long listing format"),
        Opt::flag("n", "numeric-uid-gid", "like -l"),
        Opt::flag("p", "", "append / indicator to directories"),
        Opt::flag("r", "reverse", "reverse order while sorting"),
        Opt::flag("R", "recursive", "list subdirectories recursively"),
        Opt::flag("U", "", "do not sort; list entries in directory order"),
        Opt::flag("1", "", "list one file per line (it always does)"),
    ],
    misuse: 2,
    ..PLAIN
};

/// What is listed.
struct Item {
    name: Vec<u8>,
    stat: Stat,
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let mut output = Output::new(sys, &MANUAL);
    let mut status = 0;
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    let operands = if given.operands.is_empty() { Vec::from([&b"."[..]]) } else { given.operands.clone() };
    for operand in &operands {
        match sys.stat(operand).await {
            Ok(stat) => {
                let is_directory = stat.mode & S_IFMT == S_IFDIR && !given.has("directory");
                let list = if is_directory { &mut directories } else { &mut files };
                list.push(Item { name: operand.to_vec(), stat });
            }
            Err(errno) => {
                perror(sys, MANUAL.name, format_args!("cannot access {}", quote(operand)), errno).await;
                status = 2;
            }
        }
    }
    arrange(&given, &mut files);
    arrange(&given, &mut directories);
    print(&given, &files, &mut output);
    let headed = operands.len() > 1 || given.has("recursive");
    let mut first = files.is_empty();
    let mut left: VecDeque<Vec<u8>> = directories.into_iter().map(|item| item.name).collect();
    while let Some(path) = left.pop_front() {
        let named_by_user = operands.contains(&&path[..]);
        let items = match read_items(sys, &given, &path).await {
            Ok(items) => items,
            Err(errno) => {
                output.flush().await?;
                perror(sys, MANUAL.name, format_args!("cannot open directory {}", quote(&path)), errno).await;
                status = status.max(if named_by_user { 2 } else { 1 });
                continue;
            }
        };
        if headed {
            let gap = if core::mem::take(&mut first) { "" } else { "\n" };
            output.push(format!("{gap}{}:\n", String::from_utf8_lossy(&path)).as_bytes());
        }
        if given.has("l") || given.has("numeric-uid-gid") {
            let blocks: i64 = items.iter().map(|item| item.stat.blocks).sum();
            output.push(format!("total {}\n", blocks / 2).as_bytes());
        }
        print(&given, &items, &mut output);
        if given.has("recursive") {
            let below = items.iter().filter(|item| item.stat.mode & S_IFMT == S_IFDIR);
            let below = below.filter(|item| !matches!(&item.name[..], b"." | b".."));
            for path in below.map(|item| join(&path, &item.name)).rev() {
                left.push_front(path);
            }
        }
        output.settle().await?;
    }
    output.flush().await?;
    Ok(status)
}

/// What is in a directory and isn't hidden, in order.
async fn read_items(sys: Sys, given: &Given<'_>, path: &[u8]) -> Result<Vec<Item>, abi::Errno> {
    let mut items = Vec::new();
    for entry in read_directory(sys, path).await? {
        let implied = matches!(&entry.name[..], b"." | b"..");
        let shown = given.has("all") || !entry.name.starts_with(b".") || (given.has("almost-all") && !implied);
        // It may have gone meanwhile.
        if shown && let Ok(stat) = sys.stat(&join(path, &entry.name)).await {
            items.push(Item { name: entry.name, stat });
        }
    }
    arrange(given, &mut items);
    Ok(items)
}

fn arrange(given: &Given<'_>, items: &mut [Item]) {
    if !given.has("U") {
        items.sort_by(|one, other| one.name.cmp(&other.name));
        if given.has("reverse") {
            items.reverse();
        }
    }
}

fn print(given: &Given<'_>, items: &[Item], output: &mut Output) {
    let long = given.has("l") || given.has("numeric-uid-gid");
    let width = |number: &dyn Fn(&Item) -> String| items.iter().map(|item| number(item).len()).max().unwrap_or(0);
    let [inode, links] = [width(&|item| format!("{}", item.stat.ino)), width(&|item| format!("{}", item.stat.nlink))];
    let [uid, gid] = [width(&|item| format!("{}", item.stat.uid)), width(&|item| format!("{}", item.stat.gid))];
    let sizes = width(&size);
    for item in items {
        let Stat { mode, .. } = item.stat;
        if given.has("inode") {
            output.push(format!("{:>inode$} ", item.stat.ino).as_bytes());
        }
        if long {
            let stat = &item.stat;
            output.push(&show_mode(mode));
            output.push(format!(" {:>links$} {:>uid$} {:>gid$}", stat.nlink, stat.uid, stat.gid).as_bytes());
            output.push(
                format!(" {:>sizes$} {:>6}.{:03} ", size(item), stat.mtim.sec, stat.mtim.nsec / 1_000_000).as_bytes(),
            );
        }
        output.push(&item.name);
        let classify = given.has("classify");
        match mode & S_IFMT {
            S_IFDIR if classify || given.has("p") => output.push_byte(b'/'),
            S_IFIFO if classify => output.push_byte(b'|'),
            _ => {}
        }
        output.push_byte(b'\n');
    }
}

/// A size, or the two numbers of a device.
fn size(item: &Item) -> String {
    match item.stat.mode & S_IFMT {
        S_IFCHR => format!("{}, {}", item.stat.rdev >> 8, item.stat.rdev & 0xff),
        _ => format!("{}", item.stat.size),
    }
}
