//! `mailbox`: a mailbox with a name, which is a POSIX message queue (`mq_overview(7)`).
//!
//! | question | file |
//! | --- | --- |
//! | what does it do without operands? | `demonstration.rs` |

mod demonstration;

use alloc::format;
use alloc::vec::Vec;

use abi::{Errno, MQ_PRIO_MAX, MqAttr, OpenFlags};

use crate::libc::{Given, Manual, Opt, Output, PLAIN, display_name, parse_number, perror, quote, read_directory};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "mailbox",
    usage: "send NAME TEXT [-p PRIORITY] [-n]\nreceive NAME [-a] [-n] [-v]\nlist\nunlink NAME\n",
    about: "Send texts to a mailbox, and receive them: the most urgent first, and among equals the\n\
            oldest. A mailbox is a POSIX message queue; it is made when something is sent to it, and\n\
            stays until it is unlinked, whoever comes and goes. Without operands: show what it can do.",
    options: &[
        Opt::value("p", "priority", "PRIORITY", "0 (the default) to 32767, the most urgent"),
        Opt::flag("a", "all", "receive what there is, until it is empty"),
        Opt::flag("n", "nonblock", "fail rather than wait"),
        Opt::flag("v", "verbose", "print the priority too"),
    ],
    misuse: 2,
    ..PLAIN
};

/// What a new mailbox holds.
const SHAPE: MqAttr = MqAttr { flags: 0, maxmsg: 10, msgsize: 1024, curmsgs: 0, rest: [0; 4] };

/// Where mailboxes are.
const DIRECTORY: &[u8] = b"/dev/mqueue";

/// Why a command failed.
enum Failure {
    /// By this error of the kernel, which is still to be said.
    Errno(Errno),
    /// It has been said.
    Said,
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Failure {
        Failure::Errno(errno)
    }
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let Some(priority) = priority(&given) else {
        let text = given.value("priority").unwrap_or_default();
        return Err(MANUAL.misuse(sys, format_args!("invalid priority {}", quote(text))).await);
    };
    if let Some(command) = given.operands.first()
        && COMMANDS.contains(command)
        && let Some((option, _)) = given.options.iter().find(|(option, _)| !belongs(command, option.id()))
    {
        let command = display_name(command);
        return Err(MANUAL.misuse(sys, format_args!("{command} has no option -{}", option.short)).await);
    }
    let (name, result) = match given.operands[..] {
        [] if !given.options.is_empty() => return Err(MANUAL.misuse(sys, "missing command").await),
        [] => (&b"demonstration"[..], demonstration::show(sys).await.map_err(Failure::from)),
        [b"send", name, text] => (name, send(sys, &given, name, text, priority).await),
        [b"receive", name] => (name, receive(sys, &given, name).await),
        [b"list"] => (DIRECTORY, list(sys).await),
        [b"unlink", name] => (name, sys.mq_unlink(&path(name)).await.map_err(Failure::from)),
        [b"send" | b"receive" | b"list" | b"unlink", _, _, extra, ..]
        | [b"receive" | b"unlink", _, extra, ..]
        | [b"list", extra, ..] => return Err(MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await),
        [b"send" | b"receive" | b"unlink", ..] => return Err(MANUAL.misuse(sys, "missing operand").await),
        [other, ..] => return Err(MANUAL.misuse(sys, format_args!("unknown command {}", quote(other))).await),
    };
    match result {
        Ok(()) => Ok(0),
        Err(Failure::Said) => Err(1),
        Err(Failure::Errno(errno)) => {
            let shown = if name.is_empty() { quote(name).into() } else { display_name(name) };
            perror(sys, MANUAL.name, shown, errno).await;
            Err(1)
        }
    }
}

/// The commands.
const COMMANDS: [&[u8]; 4] = [b"send", b"receive", b"list", b"unlink"];

/// Whether an option means something to a command.
fn belongs(command: &[u8], option: &str) -> bool {
    match command {
        b"send" => matches!(option, "priority" | "nonblock"),
        b"receive" => matches!(option, "all" | "nonblock" | "verbose"),
        _ => false,
    }
}

/// The priority that was given; `None` if it is none.
fn priority(given: &Given<'_>) -> Option<u32> {
    let number = given.value("priority").map_or(Some(0), parse_number)?;
    u32::try_from(number).ok().filter(|priority| *priority < MQ_PRIO_MAX)
}

/// A mailbox's name as `mq_open` takes it: with one slash in front, which users may leave out.
fn path(name: &[u8]) -> Vec<u8> {
    [b"/", name.strip_prefix(b"/").unwrap_or(name)].concat()
}

fn blocking(given: &Given<'_>, others: &[&str]) -> OpenFlags {
    let never_waits = given.has("nonblock") || others.iter().any(|option| given.has(option));
    if never_waits { OpenFlags::O_NONBLOCK } else { OpenFlags::empty() }
}

async fn send(sys: Sys, given: &Given<'_>, name: &[u8], text: &[u8], priority: u32) -> Result<(), Failure> {
    let flags = OpenFlags::O_CREAT | OpenFlags::O_WRONLY | blocking(given, &[]);
    let queue = sys.mq_open(&path(name), flags, 0o666, Some(SHAPE)).await?;
    Ok(sys.mq_send(queue, text, priority).await?)
}

async fn receive(sys: Sys, given: &Given<'_>, name: &[u8]) -> Result<(), Failure> {
    let queue = sys.mq_open(&path(name), blocking(given, &["all"]), 0, None).await?;
    let room = sys.mq_getattr(queue).await?.msgsize as usize;
    loop {
        match sys.mq_receive(queue, room).await {
            Ok((text, priority)) => print(sys, given, &text, priority).await?,
            Err(Errno::EAGAIN) if given.has("all") => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
        if !given.has("all") {
            return Ok(());
        }
    }
}

async fn print(sys: Sys, given: &Given<'_>, text: &[u8], priority: u32) -> Result<(), Failure> {
    let mut output = Output::new(sys, &MANUAL);
    if given.has("verbose") {
        output.push(format!("{priority:>5}  ").as_bytes());
    }
    output.push(text);
    output.push_byte(b'\n');
    output.flush().await.map_err(|_| Failure::Said)
}

/// Prints a line for each mailbox.
async fn list(sys: Sys) -> Result<(), Failure> {
    let mut names: Vec<Vec<u8>> = read_directory(sys, DIRECTORY).await?.into_iter().map(|entry| entry.name).collect();
    names.retain(|name| !matches!(&name[..], b"." | b".."));
    names.sort();
    let mut output = Output::new(sys, &MANUAL);
    output.push(b"messages  of  bytes each  name\n");
    for name in names {
        match attributes(sys, &path(&name)).await {
            Ok(MqAttr { curmsgs, maxmsg, msgsize, .. }) => {
                output.push(format!("{curmsgs:>8}  {maxmsg:>2}  {msgsize:>10}  ").as_bytes());
            }
            Err(errno) => output.push(format!("       ?   ?           ?  ({errno}) ").as_bytes()),
        }
        output.push(&name);
        output.push_byte(b'\n');
    }
    output.flush().await.map_err(|_| Failure::Said)
}

async fn attributes(sys: Sys, path: &[u8]) -> Result<MqAttr, Errno> {
    let queue = sys.mq_open(path, OpenFlags::empty(), 0, None).await?;
    let attributes = sys.mq_getattr(queue).await;
    sys.close(queue).await?;
    attributes
}
