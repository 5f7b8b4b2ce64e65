//! Types and modes of files (`inode(7)`), and a few more constants of calls that take paths.

use crate::{AtFlags, Fd};

/// The working directory, where a call asks for the descriptor of a directory.
pub const AT_FDCWD: Fd = Fd(-100);
/// `faccessat2`: judge by the effective ids, not by the real ones. The same bit is `AT_REMOVEDIR` to `unlinkat`.
pub const AT_EACCESS: AtFlags = AtFlags::AT_REMOVEDIR;

/// The bits of the type.
pub const S_IFMT: u32 = 0o170000;
/// A socket.
pub const S_IFSOCK: u32 = 0o140000;
/// A symbolic link.
pub const S_IFLNK: u32 = 0o120000;
/// A regular file.
pub const S_IFREG: u32 = 0o100000;
/// A block device.
pub const S_IFBLK: u32 = 0o060000;
/// A directory.
pub const S_IFDIR: u32 = 0o040000;
/// A character device.
pub const S_IFCHR: u32 = 0o020000;
/// A FIFO.
pub const S_IFIFO: u32 = 0o010000;
/// Set the user id on execution.
pub const S_ISUID: u32 = 0o4000;
/// Set the group id on execution; in a directory, new names get its group.
pub const S_ISGID: u32 = 0o2000;
/// Only the owners may remove names from the directory.
pub const S_ISVTX: u32 = 0o1000;
/// The mode without the type.
pub const S_IALLUGO: u32 = 0o7777;

/// `utimensat`: the present time.
pub const UTIME_NOW: i64 = (1 << 30) - 1;
/// `utimensat`: leave the time as it is.
pub const UTIME_OMIT: i64 = (1 << 30) - 2;

/// The number of a device (`makedev(3)`), for small ones.
pub const fn device_number(major: u64, minor: u64) -> u64 {
    major << 8 | minor
}
