//! Directories: reading one whole (`opendir(3)`, `readdir(3)`), and the two parts of a path (`basename(3)`, `dirname(3)`).

use alloc::vec::Vec;

use abi::{Errno, OpenFlags};

use crate::sys::{Dirent, Sys};

/// Bytes of entries that are read at once.
const CHUNK: usize = 4096;

/// Every entry of a directory, `.` and `..` included, in the directory's order.
///
/// # Errors
/// Those of `open(2)` and `getdents64(2)`.
#[track_caller]
pub fn read_directory(sys: Sys, path: &[u8]) -> impl Future<Output = Result<Vec<Dirent>, Errno>> + '_ {
    let sys = sys.here();
    async move {
        let fd = sys.open(path, OpenFlags::O_DIRECTORY | OpenFlags::O_CLOEXEC).await?;
        let mut entries = Vec::new();
        let result = loop {
            match sys.getdents64(fd, CHUNK).await {
                Ok(more) if more.is_empty() => break Ok(()),
                Ok(more) => entries.extend(more),
                Err(errno) => break Err(errno),
            }
        };
        let _ = sys.close(fd).await;
        result.map(|()| entries)
    }
}

/// The last part of a path, without slashes behind it (`basename(3)`).
///
/// ```
/// use userland::libc::basename;
/// assert_eq!(basename(b"/usr/lib/"), b"lib");
/// assert_eq!(basename(b"/"), b"/");
/// ```
pub fn basename(path: &[u8]) -> &[u8] {
    match path.rsplit(|&byte| byte == b'/').find(|part| !part.is_empty()) {
        Some(name) => name,
        None if path.is_empty() => b".",
        None => b"/",
    }
}

/// A path and a name below it.
pub fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if directory.ends_with(b"/") { b"" } else { b"/" };
    [directory, slash, name].concat()
}
