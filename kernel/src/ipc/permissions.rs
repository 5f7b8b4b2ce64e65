//! Who owns an object and may do what with it (`sysvipc(7)`, `ipc(5)`).

use abi::{Errno, IpcFlags, IpcPerm};

use crate::process::credentials::Credentials;

/// The permission bits.
const MODE_BITS: u32 = 0o777;
/// "No such id", as an id.
const NOBODY: u32 = u32::MAX;

/// Permission to read, or to get what is known of an object.
pub(crate) const READ: u32 = 0o444;
/// Permission to write, or to change an object.
pub(crate) const WRITE: u32 = 0o222;
/// Permission to attach for execution.
pub(crate) const EXECUTE: u32 = 0o111;

/// Owner, creator and permission bits of an object, with its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Permissions {
    /// The key that it is found by; `IPC_PRIVATE` if by none.
    pub key: i32,
    /// Tells its identifier from those of others that had its slot.
    pub sequence: u16,
    /// Its owner.
    pub uid: u32,
    /// Its owner's group.
    pub gid: u32,
    /// Who made it.
    pub creator_uid: u32,
    /// The group of who made it.
    pub creator_gid: u32,
    /// Permission bits.
    pub mode: u32,
}

impl Permissions {
    /// Those of no object.
    pub const NONE: Permissions =
        Permissions { key: 0, sequence: 0, uid: 0, gid: 0, creator_uid: 0, creator_gid: 0, mode: 0 };

    /// Those of a new object: the caller's, with the bits that it asked for. The umask has no say here.
    pub(crate) fn of_new(key: i32, ids: &Credentials, flags: IpcFlags) -> Permissions {
        Permissions {
            key,
            sequence: 0,
            uid: ids.effective_uid,
            gid: ids.effective_gid,
            creator_uid: ids.effective_uid,
            creator_gid: ids.effective_gid,
            mode: flags.bits() & MODE_BITS,
        }
    }

    /// Checks that somebody has every right in `wanted`, whichever of the three places its bits stand in.
    ///
    /// # Errors
    /// `EACCES`: one of them is missing.
    pub(crate) fn check(&self, ids: &Credentials, wanted: u32) -> Result<(), Errno> {
        let requested = (wanted >> 6 | wanted >> 3 | wanted) & 7;
        let granted = if ids.effective_uid == self.uid || ids.effective_uid == self.creator_uid {
            self.mode >> 6
        } else if ids.effective_gid == self.gid || ids.effective_gid == self.creator_gid {
            self.mode >> 3
        } else {
            self.mode
        };
        if ids.is_privileged() || requested & !granted == 0 { Ok(()) } else { Err(Errno::EACCES) }
    }

    /// Checks that somebody may change or remove the object: its owner, its creator, or who is privileged.
    ///
    /// # Errors
    /// `EPERM`: it is neither.
    pub(crate) fn check_owner(&self, ids: &Credentials) -> Result<(), Errno> {
        let owns = ids.effective_uid == self.uid || ids.effective_uid == self.creator_uid;
        if owns || ids.is_privileged() { Ok(()) } else { Err(Errno::EPERM) }
    }

    /// `IPC_SET`: takes owner, group and permission bits over.
    ///
    /// # Errors
    /// `EINVAL`: there can't be such an owner or group.
    pub(crate) fn set(&mut self, new: &IpcPerm) -> Result<(), Errno> {
        if new.uid == NOBODY || new.gid == NOBODY {
            return Err(Errno::EINVAL);
        }
        (self.uid, self.gid, self.mode) = (new.uid, new.gid, new.mode & MODE_BITS);
        Ok(())
    }

    /// As `IPC_STAT` shows them, with more bits of the mode.
    pub(crate) fn to_abi(self, more_mode: u32) -> IpcPerm {
        IpcPerm {
            key: self.key,
            uid: self.uid,
            gid: self.gid,
            cuid: self.creator_uid,
            cgid: self.creator_gid,
            mode: self.mode | more_mode,
            seq: self.sequence,
            ..IpcPerm::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32, gid: u32) -> Credentials {
        Credentials { effective_uid: uid, effective_gid: gid, ..Credentials::ROOT }
    }

    #[test]
    fn owner_group_and_others_have_their_own_bits() {
        let object = Permissions::of_new(1, &user(10, 20), IpcFlags::from_bits_retain(0o640));
        assert_eq!(object.check(&user(10, 99), READ | WRITE), Ok(()));
        assert_eq!(object.check(&user(11, 20), READ), Ok(()));
        assert_eq!(object.check(&user(11, 20), WRITE), Err(Errno::EACCES));
        assert_eq!(object.check(&user(11, 99), READ), Err(Errno::EACCES));
        assert_eq!(object.check(&user(0, 99), READ | WRITE), Ok(()));
        assert_eq!(object.check(&user(11, 99), 0), Ok(()));
    }

    #[test]
    fn a_new_owner_is_an_owner_and_the_creator_stays_one() {
        let mut object = Permissions::of_new(1, &user(10, 20), IpcFlags::from_bits_retain(0o600));
        object.set(&IpcPerm { uid: 11, gid: 21, mode: 0o7640, ..IpcPerm::default() }).unwrap();
        assert_eq!(object.mode, 0o640);
        assert_eq!(object.check_owner(&user(11, 0)), Ok(()));
        assert_eq!(object.check_owner(&user(10, 0)), Ok(()));
        assert_eq!(object.check_owner(&user(12, 21)), Err(Errno::EPERM));
        assert_eq!(object.set(&IpcPerm { uid: NOBODY, ..IpcPerm::default() }), Err(Errno::EINVAL));
    }
}
