//! Descriptors: the numbers by which a process knows its open files. The lowest free number is taken (`open(2)`).

use abi::{Errno, Fd, OpenFlags, Resource};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::Host;
use crate::ids::{FileNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::DESCRIPTORS;
use crate::planted::planted;

/// What one number stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Descriptor {
    /// The open file description.
    pub file: FileNo,
    /// It is closed by `execve`.
    pub close_on_exec: bool,
}

/// The descriptors of a process.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Descriptors(heapless::Vec<Option<Descriptor>, DESCRIPTORS>);

impl Clone for Descriptors {
    fn clone(&self) -> Self {
        Descriptors(self.0.clone())
    }

    fn clone_from(&mut self, from: &Self) {
        crate::table::clone_vec_from(&mut self.0, &from.0);
    }
}

impl Descriptors {
    /// None is open.
    pub const EMPTY: Descriptors = Descriptors(heapless::Vec::new());

    /// What a number stands for.
    #[inline]
    pub fn get(&self, fd: Fd) -> Option<Descriptor> {
        usize::try_from(fd.0).ok().and_then(|index| self.0.get(index).copied().flatten())
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are open, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Fd, Descriptor)> + '_ {
        self.0.iter().enumerate().filter_map(|(index, descriptor)| Some((Fd(index as i32), (*descriptor)?)))
    }

    /// The first that is open and isn't before `from`.
    pub(crate) fn next(&self, from: i32) -> Option<(Fd, Descriptor)> {
        self.iter().find(|(fd, _)| fd.0 >= from)
    }

    /// The lowest number from `from` to below `limit` that is free.
    pub(crate) fn lowest_free(&self, from: usize, limit: usize) -> Option<Fd> {
        let mut free =
            (from..limit.min(DESCRIPTORS)).map(|index| Fd(index as i32)).filter(|fd| self.get(*fd).is_none());
        free.nth(usize::from(planted!(SecondLowest)))
    }

    /// Lets a number stand for something. It must be below the limit.
    pub(crate) fn set(&mut self, fd: Fd, descriptor: Descriptor) {
        let Ok(index) = usize::try_from(fd.0) else { return };
        while self.0.len() <= index && self.0.push(None).is_ok() {}
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(descriptor);
        }
    }

    /// Frees a number; what it stood for.
    pub(crate) fn take(&mut self, fd: Fd) -> Option<Descriptor> {
        let index = usize::try_from(fd.0).ok()?;
        let taken = self.0.get_mut(index)?.take();
        while self.0.last() == Some(&None) {
            self.0.pop();
        }
        taken
    }

    pub(crate) fn set_close_on_exec(&mut self, fd: Fd, close_on_exec: bool) {
        if let Ok(index) = usize::try_from(fd.0)
            && let Some(Some(descriptor)) = self.0.get_mut(index)
        {
            descriptor.close_on_exec = close_on_exec;
        }
    }
}

impl Kernel {
    /// One more than the highest number that the process may use.
    pub(crate) fn descriptor_limit(&self, process: ProcessNo) -> usize {
        let limit = self.processes.at(process).limits.current(Resource::RLIMIT_NOFILE);
        limit.min(DESCRIPTORS as u64) as usize
    }

    /// What a number stands for in a process.
    #[inline]
    pub(crate) fn descriptor(&self, process: ProcessNo, fd: Fd) -> Result<Descriptor, Errno> {
        self.processes.at(process).descriptors.get(fd).ok_or(Errno::EBADF)
    }

    pub(crate) fn sys_close<H: Host>(&mut self, cx: &mut Cx<'_, H>, fd: Fd) -> Outcome {
        self.close_fd(cx.host, cx.process, fd)?;
        Ok(Flow::Done(0))
    }

    pub(crate) fn close_fd<H: Host>(&mut self, host: &mut H, process: ProcessNo, fd: Fd) -> Result<(), Errno> {
        let descriptor = self.processes.at_mut(process).descriptors.take(fd).ok_or(Errno::EBADF)?;
        if let Open::Mqueue(queue) = self.files.at(descriptor.file).open {
            self.forget_notification_of(queue, process);
        }
        self.release_description(host, descriptor.file);
        Ok(())
    }

    pub(crate) fn sys_dup<H>(&mut self, cx: &Cx<'_, H>, fd: Fd) -> Outcome {
        let copied = planted!(CloseOnExecCopied) && self.descriptor(cx.process, fd)?.close_on_exec;
        self.duplicate_from(cx.process, fd, 0, copied)
    }

    pub(crate) fn sys_dup3<H: Host>(&mut self, cx: &mut Cx<'_, H>, old: Fd, new: Fd, flags: OpenFlags) -> Outcome {
        if !OpenFlags::O_CLOEXEC.contains(flags) || old == new {
            return Err(Errno::EINVAL);
        }
        if new.0 < 0 || new.0 as usize >= self.descriptor_limit(cx.process) {
            return Err(Errno::EBADF);
        }
        let close_on_exec = flags.contains(OpenFlags::O_CLOEXEC);
        self.duplicate_onto(cx.host, cx.process, old, new, close_on_exec)?;
        Ok(Flow::Done(new.0.into()))
    }

    /// Duplicates onto the lowest free number that isn't below `from`.
    pub(crate) fn duplicate_from(&mut self, process: ProcessNo, fd: Fd, from: usize, close_on_exec: bool) -> Outcome {
        let file = self.descriptor(process, fd)?.file;
        let limit = self.descriptor_limit(process);
        let descriptors = &mut self.processes.at_mut(process).descriptors;
        let new = descriptors.lowest_free(from, limit).ok_or(Errno::EMFILE)?;
        descriptors.set(new, Descriptor { file, close_on_exec });
        if !planted!(DuplicateNotCounted) {
            self.files.at_mut(file).references += 1;
        }
        Ok(Flow::Done(new.0.into()))
    }

    /// Makes `new`, which is in range, stand for what `old` does, closing what it was.
    pub(crate) fn duplicate_onto<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        old: Fd,
        new: Fd,
        close_on_exec: bool,
    ) -> Result<(), Errno> {
        let file = self.descriptor(process, old)?.file;
        self.files.at_mut(file).references += 1;
        let _ = self.close_fd(host, process, new);
        self.processes.at_mut(process).descriptors.set(new, Descriptor { file, close_on_exec });
        Ok(())
    }

    /// Closes everything: the process ends.
    pub(crate) fn close_all<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        while let Some((fd, _)) = self.processes.at(process).descriptors.next(0) {
            let _ = self.close_fd(host, process, fd);
        }
    }

    /// Closes what is marked so: the process executes a program.
    pub(crate) fn close_on_exec<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let mut from = 0;
        while let Some((fd, descriptor)) = self.processes.at(process).descriptors.next(from) {
            if descriptor.close_on_exec {
                let _ = self.close_fd(host, process, fd);
            }
            from = fd.0 + 1;
        }
    }
}
