//! Fork: a child that continues where its parent called (`fork(2)`, over `clone`).
//!
//! The child has copies of the parent's address space (frames shared until written), descriptors (the open file
//! descriptions shared), signal actions and mask, ids and limits; it has no pending signals, no timers, no children, no CPU time.

use abi::{Address, CloneFlags, Errno, Resource, Signal, SignalSet};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::{Event, Host};
use crate::ids::{ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::process::Process;
use crate::sched::policy::Became;
use crate::thread::Next;

impl Kernel {
    /// `clone` with the meaning of `fork`: any flag besides the exit signal SIGCHLD, and any stack, is `EINVAL`.
    pub(crate) fn sys_clone<H: Host>(&mut self, cx: &mut Cx<'_, H>, flags: CloneFlags, stack: Address) -> Outcome {
        if flags.bits() != u64::from(Signal::SIGCHLD.number()) || stack.0 != 0 {
            return Err(Errno::EINVAL);
        }
        self.check_may_fork(cx.process)?;
        if self.nodes.room() < self.processes.at(cx.process).space.table.nodes() + 3 {
            return Err(Errno::ENOMEM);
        }
        let (child, thread) = self.fork(cx.host, cx.process, cx.thread)?;
        self.threads.at_mut(thread).next = Next::Return(0);
        self.make_ready(thread, Became::New);
        Ok(Flow::Forked(thread, self.processes.at(child).pid.into()))
    }

    /// Whether there is room for one more process of this user.
    pub(crate) fn check_may_fork(&self, parent: ProcessNo) -> Result<(), Errno> {
        let entry = self.processes.at(parent);
        let limit = entry.limits.current(Resource::RLIMIT_NPROC);
        let uid = entry.credentials.real_uid;
        // Root isn't bound by RLIMIT_NPROC, as on Linux; counting is only needed where there is a limit.
        if uid != 0 && limit < self.processes.len() as u64 {
            let own = self.processes.iter().filter(|(_, process)| process.credentials.real_uid == uid).count();
            if own as u64 >= limit {
                return Err(Errno::EAGAIN);
            }
        }
        if self.processes.room() == 0 || self.threads.room() == 0 || self.numbers.table.room() == 0 {
            return Err(Errno::EAGAIN);
        }
        Ok(())
    }

    /// Makes the child. Its thread isn't in the run queue yet.
    pub(crate) fn fork<H: Host>(
        &mut self,
        host: &mut H,
        parent: ProcessNo,
        parent_thread: ThreadNo,
    ) -> Result<(ProcessNo, ThreadNo), Errno> {
        let number = self.numbers.take(&mut self.nodes).ok_or(Errno::EAGAIN)?;
        let Ok(table) = self.duplicate_table(parent) else {
            self.numbers.release_if_unused(&mut self.nodes, number);
            return Err(Errno::ENOMEM);
        };
        let serial = self.take_serial();
        let pid = self.numbers.table.at(number).value;
        let Some(slot) = self.processes.take() else { crate::bug("no slot for a child that was counted") };
        let (from, child) = self.processes.pair_mut(parent, slot);
        let (group, session) = (from.group, from.session);
        inherit(from, child);
        (child.serial, child.pid, child.number, child.parent) = (serial, pid, number, Some(parent));
        child.space.table = table;
        self.numbers.join_session(child, session);
        self.share_objects(parent, slot);
        self.share_descriptions(slot);
        self.share_working_directory(slot);
        self.share_actions(self.processes.at(slot).actions);
        let Some(thread) = self.new_thread(slot, serial, pid) else {
            crate::bug("no slot for a thread that was counted")
        };
        let (blocked, alternate_stack) = {
            let parent = self.threads.at(parent_thread);
            (parent.blocked, parent.alternate_stack)
        };
        let entry = self.threads.at_mut(thread);
        (entry.blocked, entry.alternate_stack) = (blocked, alternate_stack);
        if planted!(MaskNotInherited) {
            entry.blocked = SignalSet::empty();
        }
        self.processes.at_mut(slot).thread = thread;
        self.numbers.table.at_mut(number).process = Some(slot);
        self.numbers.join_group(&mut self.processes, slot, group, session);
        self.add_child(parent, slot);
        host.event(Event::Forked { parent: self.process_id(parent), child: self.process_id(slot) });
        log::debug!("process {} forked {pid}", self.processes.at(parent).pid);
        Ok((slot, thread))
    }
}

/// What a child gets from its parent. It is filled in where it is, because a process is some thousand bytes large.
fn inherit(parent: &Process, child: &mut Process) {
    child.image = parent.image;
    child.name_bytes = parent.name_bytes;
    child.space.clone_from(&parent.space);
    child.descriptors.clone_from(&parent.descriptors);
    child.actions = parent.actions;
    child.credentials = parent.credentials;
    child.limits = parent.limits;
    child.working_directory = parent.working_directory;
    child.umask = parent.umask;
    child.has_terminal = parent.has_terminal;
}
