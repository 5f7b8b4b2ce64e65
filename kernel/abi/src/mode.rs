//! Types and modes of files (`inode(7)`), and a few more constants of calls that take paths.

use core::fmt;

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

/// Prints permissions as C source has them: in octal, three digits at least, as `0600`, `022`, `000`.
pub fn print_permissions(bits: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "0{bits:02o}")
}

/// Prints a mode with the names of its type and of its bits above the permissions: `S_IFDIR|S_ISVTX|0777`.
pub fn print_mode(mode: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = match mode & S_IFMT {
        0 => "",
        S_IFSOCK => "S_IFSOCK|",
        S_IFLNK => "S_IFLNK|",
        S_IFREG => "S_IFREG|",
        S_IFBLK => "S_IFBLK|",
        S_IFDIR => "S_IFDIR|",
        S_IFCHR => "S_IFCHR|",
        S_IFIFO => "S_IFIFO|",
        // No type: all of it is a number.
        _ => return print_permissions(mode, f),
    };
    f.write_str(kind)?;
    for (bit, name) in [(S_ISUID, "S_ISUID|"), (S_ISGID, "S_ISGID|"), (S_ISVTX, "S_ISVTX|")] {
        f.write_str(if mode & bit != 0 { name } else { "" })?;
    }
    print_permissions(mode & !(S_IFMT | S_ISUID | S_ISGID | S_ISVTX), f)
}

/// `utimensat`: the present time.
pub const UTIME_NOW: i64 = (1 << 30) - 1;
/// `utimensat`: leave the time as it is.
pub const UTIME_OMIT: i64 = (1 << 30) - 2;

/// The number of a device (`makedev(3)`), for small ones.
pub const fn device_number(major: u64, minor: u64) -> u64 {
    major << 8 | minor
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::{String, ToString};

    use super::*;

    fn mode(mode: u32) -> String {
        fmt::from_fn(|f| print_mode(mode, f)).to_string()
    }

    #[test]
    fn modes_print_as_in_c() {
        for (raw, text) in [
            (0o600, "0600"),
            (0, "000"),
            (0o5, "005"),
            (0o22, "022"),
            (S_IFIFO | 0o600, "S_IFIFO|0600"),
            (S_IFDIR | S_ISVTX | 0o777, "S_IFDIR|S_ISVTX|0777"),
            (S_IFREG | S_ISUID | S_ISGID, "S_IFREG|S_ISUID|S_ISGID|000"),
            (0o4755, "S_ISUID|0755"),
            // No type has these bits.
            (0o170600, "0170600"),
            // Bits above the mode stay visible.
            (0x10000 | S_IFCHR | 0o666, "S_IFCHR|0200666"),
        ] {
            assert_eq!(mode(raw), text);
        }
        assert_eq!(fmt::from_fn(|f| print_permissions(0o1777, f)).to_string(), "01777");
    }
}
