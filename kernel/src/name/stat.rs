//! `newfstatat`, `fstat` (`stat(2)`): what is known of a file.

use abi::{AtFlags, Errno, Fd, Out, PAGE_SIZE, Path, S_IFIFO, Stat, Timespec};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::Host;
use crate::ids::{FileNo, InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::name::access::Judged;
use crate::name::inode::{Inode, Kind};
use crate::name::path::PathName;

/// The tree of names, as a device.
const TREE: u64 = 1;
/// Pipes without a name, as a device.
const PIPES: u64 = 2;

impl Kernel {
    pub(crate) fn sys_newfstatat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        stat: Out<Stat>,
        flags: AtFlags,
    ) -> Outcome {
        let known = AtFlags::AT_SYMLINK_NOFOLLOW | AtFlags::AT_NO_AUTOMOUNT | AtFlags::AT_EMPTY_PATH;
        if !known.contains(flags) {
            return Err(Errno::EINVAL);
        }
        let mut buffer = PathName::EMPTY;
        let path = self.read_path_or_none(cx.host, cx.process, path, &mut buffer)?;
        let known = match self.resolve_at(cx.process, self.effective(cx.process), directory, path, flags)? {
            Some(inode) => self.stat_of(inode),
            None => self.stat_of_file(self.descriptor(cx.process, directory)?.file),
        };
        self.put(cx.host, cx.process, stat.address, &known)?;
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_fstat<H: Host>(&mut self, cx: &mut Cx<'_, H>, fd: Fd, stat: Out<Stat>) -> Outcome {
        let known = self.stat_of_file(self.descriptor(cx.process, fd)?.file);
        self.put(cx.host, cx.process, stat.address, &known)?;
        Ok(Flow::Done(0))
    }

    /// What a path leads to; an empty one, with `AT_EMPTY_PATH`, to what the descriptor stands for. `None`: that has no inode.
    pub(crate) fn resolve_at(
        &self,
        process: ProcessNo,
        judged: Judged,
        directory: Fd,
        path: &[u8],
        flags: AtFlags,
    ) -> Result<Option<InodeNo>, Errno> {
        match (path, flags.contains(AtFlags::AT_EMPTY_PATH)) {
            ([], false) => Err(Errno::ENOENT),
            ([], true) if directory != abi::AT_FDCWD => {
                Ok(self.files.at(self.descriptor(process, directory)?.file).inode)
            }
            ([], true) => Ok(self.processes.at(process).working_directory),
            _ => self.resolve(process, judged, directory, path).map(Some),
        }
    }

    /// The size of an open file, in bytes, as `fstat` gives it.
    pub(crate) fn size_of_file(&self, file: FileNo) -> i64 {
        self.stat_of_file(file).size
    }

    fn stat_of_file(&self, file: FileNo) -> Stat {
        let description = self.files.at(file);
        match (description.inode, description.open) {
            (Some(inode), _) => self.stat_of(inode),
            (None, Open::Pipe(pipe)) => Stat {
                dev: PIPES,
                ino: u64::from(pipe.0) + 1,
                mode: S_IFIFO | 0o600,
                nlink: 1,
                blksize: PAGE_SIZE as i32,
                ..Stat::default()
            },
            (None, _) => Stat::default(),
        }
    }

    fn stat_of(&self, inode: InodeNo) -> Stat {
        let entry = self.inodes.at(inode);
        Stat {
            dev: TREE,
            ino: inode_number(inode),
            mode: entry.kind.type_bits() | u32::from(entry.mode),
            nlink: entry.links,
            uid: entry.uid,
            gid: entry.gid,
            rdev: if let Kind::Device(device) = entry.kind { device.number() } else { 0 },
            size: size(self, entry),
            blksize: PAGE_SIZE as i32,
            atim: Timespec::from_us(entry.accessed_us),
            mtim: Timespec::from_us(entry.modified_us),
            ctim: Timespec::from_us(entry.changed_us),
            ..Stat::default()
        }
    }
}

/// The number of an inode, as programs see it: never 0.
pub(crate) fn inode_number(inode: InodeNo) -> u64 {
    u64::from(inode.0) + 1
}

/// A directory counts 20 bytes for each name, `.` and `..` included, as Linux's tmpfs does.
fn size(kernel: &Kernel, inode: &Inode) -> i64 {
    match &inode.kind {
        Kind::Memory(object) => kernel.objects.at(*object).length.unwrap_or(0) as i64,
        Kind::Directory(directory) => (directory.names.len() as i64 + 2) * 20,
        // As of Linux's file system of message queues, though a line about one is shorter.
        Kind::Mqueue(_) => 80,
        Kind::Fifo(_) | Kind::Device(_) => 0,
    }
}
