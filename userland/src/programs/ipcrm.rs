//! `ipcrm(1)`: removes System V queues, segments and sets of semaphores.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, IPC_PRIVATE};

use super::ipc_key::{HELP, KINDS, Kind, VERSION, parse};
use crate::libc::{Given, Manual, Opt, PLAIN, complain, quote};
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "ipcrm",
    usage: "[OPTION]...\n{shm|msg|sem} ID...",
    about: "Remove System V message queues, shared memory segments and sets of semaphores. A segment\n\
            stays until nobody has it attached; who waits at a queue or a semaphore fails with EIDRM.",
    options: &[
        Opt::value("q", "queue-id", "ID", "remove the message queue with this identifier"),
        Opt::value("Q", "queue-key", "KEY", "remove the message queue with this key"),
        Opt::value("m", "shmem-id", "ID", "remove the segment with this identifier"),
        Opt::value("M", "shmem-key", "KEY", "remove the segment with this key"),
        Opt::value("s", "semaphore-id", "ID", "remove the set of semaphores with this identifier"),
        Opt::value("S", "semaphore-key", "KEY", "remove the set of semaphores with this key"),
        Opt::optional("a", "all", "{shm|msg|sem}", "remove all of them, or of this kind"),
        Opt::flag("v", "verbose", "say what is being removed"),
        HELP,
        VERSION,
    ],
    ..PLAIN
};

/// What an option names: what kind, and whether by key.
fn named(option: &str) -> Option<(Kind, bool)> {
    Some(match option {
        "queue-id" => (Kind::Queue, false),
        "queue-key" => (Kind::Queue, true),
        "shmem-id" => (Kind::Segment, false),
        "shmem-key" => (Kind::Segment, true),
        "semaphore-id" => (Kind::Set, false),
        "semaphore-key" => (Kind::Set, true),
        _ => return None,
    })
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    if let Some((kind, ids)) = by_word(&given) {
        return remove_ids(sys, &given, kind, ids).await;
    }
    if let Some(extra) = given.operands.first() {
        return MANUAL.misuse(sys, format_args!("unknown argument: {}", quote(extra))).await;
    }
    // Whatever is wrong with `--all` is said before anything is removed.
    let all = match all_of(&given) {
        Ok(all) => all,
        Err(unknown) => {
            complain(sys, MANUAL.name, format_args!("unknown argument: {}", String::from_utf8_lossy(unknown))).await;
            return 1;
        }
    };
    let mut status = 0;
    for (option, text) in &given.options {
        if let Some((kind, by_key)) = named(option.id())
            && let Err(message) = remove_named(sys, &given, kind, by_key, text).await
        {
            complain(sys, MANUAL.name, message).await;
            status = 1;
        }
    }
    for kind in all {
        status |= remove_all(sys, &given, kind).await;
    }
    status
}

/// The kinds of which all are to be removed.
///
/// # Errors
/// What isn't the name of a kind.
fn all_of<'a>(given: &Given<'a>) -> Result<Vec<Kind>, &'a [u8]> {
    let mut kinds = Vec::new();
    for (_, word) in given.options.iter().filter(|(option, _)| option.id() == "all") {
        match word {
            [] => kinds.extend(KINDS),
            word => kinds.push(Kind::by_word(word).ok_or(*word)?),
        }
    }
    Ok(kinds)
}

/// What the older form of the command line names: a kind by a word, and identifiers.
fn by_word<'a>(given: &'a Given<'_>) -> Option<(Kind, &'a [&'a [u8]])> {
    match &given.operands[..] {
        [word, ids @ ..] if !ids.is_empty() => Some((Kind::by_word(word)?, ids)),
        _ => None,
    }
}

/// Removes these; the exit status.
async fn remove_ids(sys: Sys, given: &Given<'_>, kind: Kind, ids: &[&[u8]]) -> i32 {
    let mut status = 0;
    for id in ids {
        if let Err(message) = remove_named(sys, given, kind, false, id).await {
            complain(sys, MANUAL.name, message).await;
            status = 1;
        }
    }
    status
}

/// # Errors
/// What is to be said.
async fn remove_named(sys: Sys, given: &Given<'_>, kind: Kind, by_key: bool, text: &[u8]) -> Result<(), String> {
    let Some(number) = parse(text) else { return Err(format!("failed to parse argument: {}", quote(text))) };
    let what = if by_key { "key" } else { "id" };
    let shown = String::from_utf8_lossy(text);
    if by_key && number == IPC_PRIVATE {
        return Err(format!("illegal key ({shown})"));
    }
    let id = if by_key { kind.find(sys, number).await } else { Ok(number) };
    let result = match id {
        Ok(id) => remove(sys, given, kind, id).await,
        Err(errno) => Err(errno),
    };
    result.map_err(|errno| match errno {
        Errno::EINVAL | Errno::ENOENT => format!("invalid {what} ({shown})"),
        Errno::EACCES | Errno::EPERM => format!("permission denied for {what} ({shown})"),
        Errno::EIDRM => format!("already removed {what} ({shown})"),
        errno => format!("{what} ({shown}): {errno}"),
    })
}

async fn remove(sys: Sys, given: &Given<'_>, kind: Kind, id: i32) -> Result<(), Errno> {
    if given.has("verbose") {
        println!(sys, "removing {} id '{id}'", kind.name()).await;
    }
    kind.remove(sys, id).await
}

/// Removes all of a kind; the exit status.
async fn remove_all(sys: Sys, given: &Given<'_>, kind: Kind) -> i32 {
    let mut status = 0;
    for slot in 0..=kind.highest_slot(sys).await.unwrap_or(-1) {
        // Free slots are passed over, and so is what was removed meanwhile. A removed segment stays in its slot while it is
        // attached; to remove it again is no error.
        if let Ok(id) = kind.in_slot(sys, slot).await
            && let Err(errno @ (Errno::EPERM | Errno::EACCES)) = remove(sys, given, kind, id).await
        {
            complain(sys, MANUAL.name, format_args!("{} id {id}: {errno}", kind.name())).await;
            status = 1;
        }
    }
    status
}
