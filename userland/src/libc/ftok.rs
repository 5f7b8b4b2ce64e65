//! `ftok(3)`: a key of System V IPC from the name of a file.

use abi::Errno;

use crate::sys::Sys;

/// A key that programs which know the same file and number agree on (`ftok(3)`): the low 8 bits of `project`, the low 8 of the
/// file's device and the low 16 of its inode, as in glibc. Other files may have the same key. It isn't `IPC_PRIVATE` as long as
/// `project` isn't a multiple of 256.
///
/// ```
/// use abi::{Errno, IpcFlags};
/// use userland::libc::ftok;
///
/// async fn open_queue(sys: userland::Sys) -> Result<i32, Errno> {
///     let key = ftok(sys, b"/tmp", b'q'.into()).await?;
///     sys.msgget(key, IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600)).await
/// }
/// ```
///
/// # Errors
/// Those of `stat(2)`.
#[track_caller]
pub fn ftok(sys: Sys, path: &[u8], project: i32) -> impl Future<Output = Result<i32, Errno>> + '_ {
    let sys = sys.here();
    async move {
        let stat = sys.stat(path).await?;
        let key = (project as u32 & 0xff) << 24 | (stat.dev as u32 & 0xff) << 16 | (stat.ino as u32 & 0xffff);
        Ok(key as i32)
    }
}
