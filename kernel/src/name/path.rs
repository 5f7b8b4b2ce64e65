//! From a path to an inode (`path_resolution(7)`). There are no symbolic links, so no call ever fails with `ELOOP`.

use abi::{AT_FDCWD, Errno, Fd, Path};

use crate::file::description::Open;
use crate::host::Host;
use crate::ids::{InodeNo, NameNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{NAME_BYTES, PATH_BYTES};
use crate::name::access::{Judged, SEARCH};
use crate::name::plant::ROOT;

/// Room for a path that is copied in.
pub(crate) struct PathName([u8; PATH_BYTES]);

impl PathName {
    pub(crate) const EMPTY: PathName = PathName([0; PATH_BYTES]);
}

/// The last part of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Last<'p> {
    /// There is none: the path is `/`.
    Root,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// Any other name.
    Name(&'p [u8]),
}

/// Where a path leads: to its last part, which may not exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    /// The directory in which the last part is to be looked up.
    pub(crate) directory: InodeNo,
    /// The last part.
    pub(crate) last: Last<'p>,
    /// The path ends with a slash, so that it can stand for a directory only.
    pub(crate) slash: bool,
}

impl Kernel {
    /// Copies a path in; its bytes, without the end.
    ///
    /// # Errors
    /// `EFAULT`: it can't be read. `ENAMETOOLONG`: it doesn't end within `PATH_BYTES` bytes. `ENOENT`: it is empty.
    pub(crate) fn read_path<'b, H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        path: Path,
        buffer: &'b mut PathName,
    ) -> Result<&'b [u8], Errno> {
        match self.read_path_or_none(host, process, path, buffer)? {
            [] => Err(Errno::ENOENT),
            path => Ok(path),
        }
    }

    /// As `read_path`, for calls that take an empty path.
    pub(crate) fn read_path_or_none<'b, H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        path: Path,
        buffer: &'b mut PathName,
    ) -> Result<&'b [u8], Errno> {
        let length = self.string_length(host, process, path.0, PATH_BYTES)?.ok_or(Errno::ENAMETOOLONG)?;
        let bytes = buffer.0.get_mut(..length).unwrap_or_default();
        self.copy_from_user(host, process, path.0, bytes)?;
        Ok(bytes)
    }

    /// Where a path begins.
    ///
    /// # Errors
    /// `EBADF`: the descriptor isn't open. `ENOTDIR`: it isn't that of a directory. Neither if the path is absolute.
    fn beginning(&self, process: ProcessNo, directory: Fd, path: &[u8]) -> Result<InodeNo, Errno> {
        if path.first() == Some(&b'/') {
            return Ok(ROOT);
        }
        if directory == AT_FDCWD {
            return self.processes.at(process).working_directory.ok_or(Errno::ENOENT);
        }
        let description = self.files.at(self.descriptor(process, directory)?.file);
        match (description.open, description.inode) {
            (Open::Directory, Some(inode)) => Ok(inode),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Walks along a path, up to its last part.
    ///
    /// # Errors
    /// `EACCES`: a directory on the way may not be searched. `ENOENT`: a part doesn't exist. `ENOTDIR`: a part isn't a
    /// directory. `ENAMETOOLONG`: a part is longer than `NAME_BYTES`. `EBADF`: see `beginning`.
    pub(crate) fn walk<'p>(
        &self,
        process: ProcessNo,
        judged: Judged,
        directory: Fd,
        path: &'p [u8],
    ) -> Result<Place<'p>, Errno> {
        let mut at = self.beginning(process, directory, path)?;
        let mut parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).peekable();
        let slash = path.last() == Some(&b'/');
        while let Some(part) = parts.next() {
            self.check_access(judged, at, SEARCH)?;
            let last = match part {
                b"." => Last::Dot,
                b".." => Last::DotDot,
                name => Last::Name(name),
            };
            if parts.peek().is_none() {
                return Ok(Place { directory: at, last, slash });
            }
            at = self.follow(&Place { directory: at, last, slash: true })?;
        }
        Ok(Place { directory: at, last: Last::Root, slash: false })
    }

    /// What is at a place.
    ///
    /// # Errors
    /// `ENOENT`: nothing. `ENOTDIR`: the path ends with a slash, and it isn't a directory. `ENAMETOOLONG`.
    pub(crate) fn follow(&self, place: &Place<'_>) -> Result<InodeNo, Errno> {
        let inode = match place.last {
            Last::Root | Last::Dot => place.directory,
            Last::DotDot => self.directory(place.directory).parent,
            Last::Name(name) => {
                let name = self.look_up(place.directory, name)?.ok_or(Errno::ENOENT)?;
                self.names.at(name).inode
            }
        };
        if place.slash && !self.is_directory(inode) {
            return Err(Errno::ENOTDIR);
        }
        Ok(inode)
    }

    /// A name in a directory, if there is one.
    ///
    /// # Errors
    /// `ENAMETOOLONG`.
    pub(crate) fn look_up(&self, directory: InodeNo, name: &[u8]) -> Result<Option<NameNo>, Errno> {
        if name.len() > NAME_BYTES {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(self.find_name(directory, name))
    }

    /// What a path leads to.
    pub(crate) fn resolve(
        &self,
        process: ProcessNo,
        judged: Judged,
        directory: Fd,
        path: &[u8],
    ) -> Result<InodeNo, Errno> {
        let place = self.walk(process, judged, directory, path)?;
        self.follow(&place)
    }
}
