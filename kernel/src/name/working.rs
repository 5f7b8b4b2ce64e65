//! The working directory: `chdir`, `fchdir`, `getcwd`. A child inherits it, `execve` keeps it. One that is removed lives on
//! for those who stand in it, without a path.

use abi::{AT_FDCWD, Errno, Fd, Length, OutBytes, Path};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::PATH_BYTES;
use crate::name::access::SEARCH;
use crate::name::path::PathName;
use crate::name::plant::ROOT;

impl Kernel {
    pub(crate) fn sys_chdir<H: Host>(&mut self, cx: &mut Cx<'_, H>, path: Path) -> Outcome {
        let mut buffer = PathName::EMPTY;
        let path = self.read_path(cx.host, cx.process, path, &mut buffer)?;
        let inode = self.resolve(cx.process, self.effective(cx.process), AT_FDCWD, path)?;
        self.enter_directory(cx.process, inode)
    }

    pub(crate) fn sys_fchdir<H>(&mut self, cx: &Cx<'_, H>, fd: Fd) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let inode = self.files.at(file).inode.ok_or(Errno::ENOTDIR)?;
        self.enter_directory(cx.process, inode)
    }

    fn enter_directory(&mut self, process: ProcessNo, inode: InodeNo) -> Outcome {
        if !self.is_directory(inode) {
            return Err(Errno::ENOTDIR);
        }
        self.check_access(self.effective(process), inode, SEARCH)?;
        self.inodes.at_mut(inode).references += 1;
        if let Some(left) = self.processes.at_mut(process).working_directory.replace(inode) {
            self.release_inode(left);
        }
        Ok(Flow::Done(0))
    }

    /// A child stands where its parent does.
    pub(crate) fn share_working_directory(&mut self, child: ProcessNo) {
        if let Some(inode) = self.processes.at(child).working_directory {
            self.inodes.at_mut(inode).references += 1;
        }
    }

    /// The process ends.
    pub(crate) fn leave_working_directory(&mut self, process: ProcessNo) {
        if let Some(inode) = self.processes.at_mut(process).working_directory.take() {
            self.release_inode(inode);
        }
    }

    /// The path goes to the front of the buffer; how many bytes it takes, with its end.
    pub(crate) fn sys_getcwd<H: Host>(&mut self, cx: &mut Cx<'_, H>, buffer: OutBytes, size: Length) -> Outcome {
        let inode = self.processes.at(cx.process).working_directory.ok_or(Errno::ENOENT)?;
        let mut path = [0; PATH_BYTES];
        let start = self.path_of(inode, &mut path)?;
        let path = path.get(start..).unwrap_or_default();
        if path.len() as u64 > size.0 {
            return Err(Errno::ERANGE);
        }
        self.check_writable(cx.host, cx.process, buffer.0, path.len())?;
        self.copy_to_user(cx.host, cx.process, buffer.0, path)?;
        Ok(Flow::Done(path.len() as i64))
    }

    /// Writes the path of a directory to the end of a buffer, with a zero byte behind it; where it begins.
    ///
    /// # Errors
    /// `ENOENT`: it, or a directory above it, has been removed. `ENAMETOOLONG`: it doesn't fit.
    fn path_of(&self, inode: InodeNo, path: &mut [u8; PATH_BYTES]) -> Result<usize, Errno> {
        let mut start = PATH_BYTES - 1;
        let mut at = inode;
        while at != ROOT {
            let directory = self.directory(at);
            let name = self.names.at(directory.own_name.ok_or(Errno::ENOENT)?).bytes();
            start = start.checked_sub(name.len() + 1).ok_or(Errno::ENAMETOOLONG)?;
            let place = path.get_mut(start..).unwrap_or_default().iter_mut();
            for (to, from) in place.zip(core::iter::once(&b'/').chain(name)) {
                *to = *from;
            }
            at = directory.parent;
        }
        if inode == ROOT {
            start -= 1;
            if let Some(slash) = path.get_mut(start) {
                *slash = b'/';
            }
        }
        Ok(start)
    }
}
