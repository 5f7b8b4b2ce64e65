//! `renameat2` (`rename(2)`): gives something another name, in one step that nobody can see half done.

use abi::{AccessMode, Errno, Fd, Path, RenameFlags};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{InodeNo, NameNo};
use crate::kernel::Kernel;
use crate::name::access::{CHANGE, Judged};
use crate::name::path::{Last, PathName, Place};
use crate::name::plant::{QUEUES, ROOT};

/// What a rename was found to be.
struct Renaming<'p> {
    old: Place<'p>,
    new: Place<'p>,
    /// The name that goes.
    from: NameNo,
    /// The name that is there already.
    onto: Option<NameNo>,
    /// The new name's bytes.
    bytes: &'p [u8],
}

impl Kernel {
    pub(crate) fn sys_renameat2<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        old: (Fd, Path),
        new: (Fd, Path),
        flags: RenameFlags,
    ) -> Outcome {
        if flags.has_unknown() || flags == RenameFlags::all() {
            return Err(Errno::EINVAL);
        }
        let judged = self.effective(cx.process);
        let (mut old_buffer, mut new_buffer) = (PathName::EMPTY, PathName::EMPTY);
        let old_path = self.read_path(cx.host, cx.process, old.1, &mut old_buffer)?;
        let new_path = self.read_path(cx.host, cx.process, new.1, &mut new_buffer)?;
        let old = self.walk(cx.process, judged, old.0, old_path)?;
        let new = self.walk(cx.process, judged, new.0, new_path)?;
        if (old.directory == QUEUES) != (new.directory == QUEUES) {
            // They have a file system of their own.
            return Err(Errno::EXDEV);
        }
        let exchange = flags.contains(RenameFlags::RENAME_EXCHANGE);
        let renaming = self.find_renaming(old, new, flags)?;
        self.check_loops(&renaming, exchange)?;
        if renaming.onto.is_some_and(|onto| self.names.at(onto).inode == self.names.at(renaming.from).inode) {
            // Two names of the same: nothing happens, as the standard has it.
            return Ok(Flow::Done(0));
        }
        self.check_may_rename(judged, &renaming, exchange)?;
        match renaming.onto {
            Some(onto) if exchange => self.exchange(renaming.from, onto),
            onto => {
                if let Some(onto) = onto {
                    self.remove_name(cx.host, onto);
                }
                self.move_name(renaming.from, renaming.new.directory, renaming.bytes);
            }
        }
        Ok(Flow::Done(0))
    }

    fn find_renaming<'p>(&self, old: Place<'p>, new: Place<'p>, flags: RenameFlags) -> Result<Renaming<'p>, Errno> {
        let exchange = flags.contains(RenameFlags::RENAME_EXCHANGE);
        let replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        let Last::Name(old_bytes) = old.last else { return Err(Errno::EBUSY) };
        let Last::Name(bytes) = new.last else { return Err(if replace { Errno::EBUSY } else { Errno::EEXIST }) };
        let from = self.look_up(old.directory, old_bytes)?.ok_or(Errno::ENOENT)?;
        let onto = self.look_up(new.directory, bytes)?;
        if onto.is_some() && !replace {
            return Err(Errno::EEXIST);
        }
        let is_directory = |name: NameNo| self.is_directory(self.names.at(name).inode);
        if exchange {
            let onto = onto.ok_or(Errno::ENOENT)?;
            if new.slash && !is_directory(onto) {
                return Err(Errno::ENOTDIR);
            }
        }
        if !is_directory(from) && (old.slash || (!exchange && new.slash)) {
            return Err(Errno::ENOTDIR);
        }
        Ok(Renaming { old, new, from, onto, bytes })
    }

    /// A directory can't come to lie below itself.
    fn check_loops(&self, renaming: &Renaming<'_>, exchange: bool) -> Result<(), Errno> {
        if self.lies_in(renaming.new.directory, self.names.at(renaming.from).inode) {
            return Err(Errno::EINVAL);
        }
        match renaming.onto.map(|onto| self.names.at(onto).inode) {
            Some(onto) if self.lies_in(renaming.old.directory, onto) => {
                Err(if exchange { Errno::EINVAL } else { Errno::ENOTEMPTY })
            }
            _ => Ok(()),
        }
    }

    /// Whether a directory is another inode, or lies below it. Costs its depth.
    fn lies_in(&self, directory: InodeNo, other: InodeNo) -> bool {
        if !self.is_directory(other) {
            return false;
        }
        let mut at = directory;
        while at != other && at != ROOT {
            at = self.directory(at).parent;
        }
        at == other
    }

    fn check_may_rename(&self, judged: Judged, renaming: &Renaming<'_>, exchange: bool) -> Result<(), Errno> {
        let Renaming { old, new, .. } = renaming;
        let from = self.names.at(renaming.from).inode;
        let moves = old.directory != new.directory;
        self.check_may_remove(judged, old, from)?;
        match renaming.onto.map(|onto| self.names.at(onto).inode) {
            None => self.check_may_enter(judged, new.directory, CHANGE)?,
            Some(onto) => {
                self.check_may_remove(judged, new, onto)?;
                match (self.is_directory(from), self.is_directory(onto)) {
                    (true, false) if !exchange => return Err(Errno::ENOTDIR),
                    (false, true) if !exchange => return Err(Errno::EISDIR),
                    // Its `..` changes.
                    (_, true) if exchange && moves => self.check_access(judged, onto, AccessMode::W_OK)?,
                    _ => {}
                }
            }
        }
        if old.directory == QUEUES {
            return Err(Errno::EPERM);
        }
        if moves && self.is_directory(from) {
            self.check_access(judged, from, AccessMode::W_OK)?;
        }
        match renaming.onto.map(|onto| self.inodes.at(self.names.at(onto).inode)) {
            Some(onto) if !exchange && onto.directory().is_some_and(|directory| !directory.names.is_empty()) => {
                Err(Errno::ENOTEMPTY)
            }
            _ => Ok(()),
        }
    }

    /// Takes a name out, and enters its inode by another: one slot is freed and one is taken, so this can't fail.
    fn move_name(&mut self, name: NameNo, directory: InodeNo, bytes: &[u8]) {
        let old_directory = self.names.at(name).directory;
        let inode = self.strike_name(name);
        self.enter_name(directory, bytes, inode);
        if self.is_directory(inode) {
            // It has been counted by its new parent; the old one's count goes last, so that neither is freed on the way.
            self.release_inode(old_directory);
        }
        self.touch_attributes(inode);
    }

    /// Two names change their inodes.
    fn exchange(&mut self, one: NameNo, other: NameNo) {
        for (name, inode) in [(one, self.names.at(other).inode), (other, self.names.at(one).inode)] {
            let directory = self.names.at(name).directory;
            self.names.at_mut(name).inode = inode;
            if self.is_directory(inode) {
                let moved = self.directory_mut(inode);
                let left = core::mem::replace(&mut moved.parent, directory);
                moved.own_name = Some(name);
                self.inodes.at_mut(left).links -= 1;
                self.inodes.at_mut(left).references -= 1;
                self.inodes.at_mut(directory).links += 1;
                self.inodes.at_mut(directory).references += 1;
            }
            self.touch_attributes(inode);
            self.touch(directory);
        }
    }
}
