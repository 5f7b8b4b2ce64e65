//! Kinds, keys, identifiers and slots of System V IPC as `ipcs(1)`, `ipcrm(1)` and `ipcmk(1)` have them.

use abi::{Errno, IpcFlags, MsgCommand, SemCommand, ShmCommand};

use crate::Sys;
use crate::libc::Opt;

/// What every program has, with the letters of util-linux.
pub(super) const HELP: Opt = Opt::flag("h", "help", "display this help and exit");
/// Likewise.
pub(super) const VERSION: Opt = Opt::flag("V", "version", "display the version and exit");

/// Only the object with a key, which isn't made.
const EXISTING: IpcFlags = IpcFlags::empty();

/// A key or an identifier: decimal, or hexadecimal behind `0x`, or octal behind `0` (`strtoul(3)`).
pub(super) fn parse(text: &[u8]) -> Option<i32> {
    let text = core::str::from_utf8(text).ok()?;
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    // A key is shown, and so typed, as if it had no sign.
    u32::from_str_radix(digits, radix).ok().map(|number| number as i32)
}

/// The kinds of objects.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Queue,
    Segment,
    Set,
}

/// All of them.
pub(super) const KINDS: [Kind; 3] = [Kind::Queue, Kind::Segment, Kind::Set];

impl Kind {
    /// The kind with this name on a command line.
    pub(super) fn by_word(word: &[u8]) -> Option<Kind> {
        match word {
            b"msg" => Some(Kind::Queue),
            b"shm" => Some(Kind::Segment),
            b"sem" => Some(Kind::Set),
            _ => None,
        }
    }

    /// What `ipcrm` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Queue => "message queue",
            Kind::Segment => "shared memory segment",
            Kind::Set => "semaphore",
        }
    }

    /// The identifier of the one with a key.
    pub(super) async fn find(self, sys: Sys, key: i32) -> Result<i32, Errno> {
        match self {
            Kind::Queue => sys.msgget(key, EXISTING).await,
            Kind::Segment => sys.shmget(key, 0, EXISTING).await,
            Kind::Set => sys.semget(key, 0, EXISTING).await,
        }
    }

    /// Removes the one with an identifier.
    pub(super) async fn remove(self, sys: Sys, id: i32) -> Result<(), Errno> {
        match self {
            Kind::Queue => sys.msg_remove(id).await,
            Kind::Segment => sys.shmctl(id, ShmCommand::IPC_RMID).await.map(drop),
            Kind::Set => sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.map(drop),
        }
    }

    /// The highest slot in use.
    pub(super) async fn highest_slot(self, sys: Sys) -> Result<i32, Errno> {
        match self {
            Kind::Queue => sys.msg_info(MsgCommand::MSG_INFO).await.map(|(slot, _)| slot),
            Kind::Segment => sys.shm_info().await.map(|(slot, _)| slot),
            Kind::Set => sys.sem_info(SemCommand::SEM_INFO).await.map(|(slot, _)| slot),
        }
    }

    /// The identifier of the one in a slot.
    pub(super) async fn in_slot(self, sys: Sys, slot: i32) -> Result<i32, Errno> {
        match self {
            Kind::Queue => sys.msg_stat_slot(slot).await.map(|(id, _)| id),
            Kind::Segment => sys.shm_stat_slot(slot).await.map(|(id, _)| id),
            Kind::Set => sys.sem_stat_slot(slot).await.map(|(id, _)| id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_typed_as_they_are_shown() {
        assert_eq!(parse(b"12"), Some(12));
        assert_eq!(parse(b"0x12"), Some(18));
        assert_eq!(parse(b"012"), Some(10));
        assert_eq!(parse(b"0"), Some(0));
        assert_eq!(parse(b"0xffffffff"), Some(-1));
        for wrong in [&b""[..], b"0x", b"-1", b"0x-1", b"+1", b"x", b"08", b"0x100000000", b"1 "] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
