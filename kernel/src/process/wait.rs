//! Waiting for children to change state (`wait4`, `waitid`; `wait(2)`).
//!
//! Children are looked at in their order (birth, adopted ones behind), not in the order in which they ended. Zombies are
//! kept in that order, so that the usual wait doesn't look at living children at all.

use abi::{
    CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, Errno, IdType, Out, Pid, Rusage, SigInfo, Signal,
    Syscall, WaitOptions, WaitStatus,
};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{NumberNo, ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::process::Life;
use crate::thread::{Usage, WaitsFor};

/// Which children are meant.
#[derive(Clone, Copy)]
enum Which {
    Any,
    Process(ProcessNo),
    Group(NumberNo),
    /// Nobody can match: the number isn't in use.
    Nobody,
}

/// What was found.
struct Found {
    child: ProcessNo,
    pid: u32,
    uid: u32,
    status: WaitStatus,
    usage: Usage,
}

impl Kernel {
    pub(crate) fn sys_wait4<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        pid: Pid,
        status: Out<i32>,
        options: WaitOptions,
        rusage: Out<Rusage>,
    ) -> Outcome {
        let known = WaitOptions::WNOHANG | WaitOptions::WUNTRACED | WaitOptions::WCONTINUED;
        if !known.contains(options) {
            return Err(Errno::EINVAL);
        }
        if pid.0 == i32::MIN {
            return Err(Errno::ESRCH);
        }
        let which = self.wait4_target(cx.process, pid);
        let Some(found) = self.find_child(cx.process, which, options | WaitOptions::WEXITED)? else {
            return self.wait_or_return(cx, options, pid.0 == 0);
        };
        self.take_report(cx, &found, true);
        // Linux has reaped when a bad pointer is noticed (seen on the host); so have we.
        if !status.is_null() {
            self.put(cx.host, cx.process, status.address, &found.status.to_raw())?;
        }
        if !rusage.is_null() {
            self.put(cx.host, cx.process, rusage.address, &found.usage.to_rusage())?;
        }
        Ok(Flow::Done(found.pid.into()))
    }

    pub(crate) fn sys_waitid<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        kind: IdType,
        id: Pid,
        info: Out<SigInfo>,
        options: WaitOptions,
        rusage: Out<Rusage>,
    ) -> Outcome {
        let states = WaitOptions::WEXITED | WaitOptions::WUNTRACED | WaitOptions::WCONTINUED;
        if options.has_unknown() || !options.intersects(states) {
            return Err(Errno::EINVAL);
        }
        let which = self.waitid_target(cx.process, kind, id)?;
        let found = match self.find_child(cx.process, which, options)? {
            Some(found) => found,
            None if options.contains(WaitOptions::WNOHANG) => {
                // "If no child has changed, si_pid is 0" (wait(2)).
                if !info.is_null() {
                    self.put(cx.host, cx.process, info.address, &SigInfo::default())?;
                }
                return Ok(Flow::Done(0));
            }
            None => return self.wait_or_return(cx, options, kind == IdType::P_PGID && id.0 == 0),
        };
        self.take_report(cx, &found, !options.contains(WaitOptions::WNOWAIT));
        if !rusage.is_null() {
            self.put(cx.host, cx.process, rusage.address, &found.usage.to_rusage())?;
        }
        if !info.is_null() {
            self.put(cx.host, cx.process, info.address, &child_info(&found))?;
        }
        Ok(Flow::Done(0))
    }

    /// Nothing has changed yet. Who waits for its own group goes on waiting for the one that it was in at the beginning.
    fn wait_or_return<H>(&mut self, cx: &Cx<'_, H>, options: WaitOptions, own_group: bool) -> Outcome {
        if options.contains(WaitOptions::WNOHANG) {
            return Ok(Flow::Done(0));
        }
        let pgid = self.numbers.table.at(self.processes.at(cx.process).group).value;
        let progress = &mut self.threads.at_mut(cx.thread).progress;
        if own_group && *progress == 0 {
            *progress = pgid.into();
        }
        Ok(Flow::Wait(WaitsFor::Child(cx.process)))
    }

    /// The group of a process that waits for its own: that of when it began to wait, if it does already.
    fn own_group(&self, parent: ProcessNo) -> Which {
        let entry = self.processes.at(parent);
        match self.threads.get(entry.thread).map_or(0, |thread| thread.progress) {
            0 => Which::Group(entry.group),
            pgid => self.group_to_wait_for(pgid as u32),
        }
    }

    fn wait4_target(&self, parent: ProcessNo, pid: Pid) -> Which {
        match pid.0 {
            -1 => Which::Any,
            0 => self.own_group(parent),
            group if group < 0 => self.group_to_wait_for(group.unsigned_abs()),
            pid => self.process_to_wait_for(parent, pid as u32),
        }
    }

    fn waitid_target(&self, parent: ProcessNo, kind: IdType, id: Pid) -> Result<Which, Errno> {
        match kind {
            IdType::P_ALL => Ok(Which::Any),
            IdType::P_PID if id.0 > 0 => Ok(self.process_to_wait_for(parent, id.0 as u32)),
            IdType::P_PGID if id.0 == 0 => Ok(self.own_group(parent)),
            IdType::P_PGID if id.0 > 0 => Ok(self.group_to_wait_for(id.0 as u32)),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Whether a `wait4` should have been woken, because it would find a child to report that has told of its change: for
    /// the invariants. That no child is left to wait for isn't looked at: as on Linux, a child that leaves the group that is
    /// waited for wakes nobody.
    pub(crate) fn wait4_would_end(&self, parent: ProcessNo, pid: Pid, options: WaitOptions) -> bool {
        self.some_child_has_told(parent, self.wait4_target(parent, pid), options | WaitOptions::WEXITED)
    }

    /// As `wait4_would_end`, for `waitid`.
    pub(crate) fn waitid_would_end(&self, parent: ProcessNo, kind: IdType, id: Pid, options: WaitOptions) -> bool {
        self.waitid_target(parent, kind, id).is_ok_and(|which| self.some_child_has_told(parent, which, options))
    }

    fn some_child_has_told(&self, parent: ProcessNo, which: Which, options: WaitOptions) -> bool {
        let parent = self.processes.at(parent);
        if parent.changed_children == 0 && parent.zombies.is_empty() {
            return false;
        }
        parent.children.iter(&self.processes).any(|child| {
            let entry = self.processes.at(child);
            let told = entry.is_zombie() || !entry.continued_untold && !entry.adopted_changed;
            told && self.is_among(child, which) && self.reportable(child, options)
        })
    }

    fn is_among(&self, child: ProcessNo, which: Which) -> bool {
        match which {
            Which::Any => true,
            Which::Process(process) => process == child,
            Which::Group(group) => self.processes.at(child).group == group,
            Which::Nobody => false,
        }
    }

    fn process_to_wait_for(&self, parent: ProcessNo, pid: u32) -> Which {
        match self.numbers.process(&self.nodes, pid) {
            Some(child) if self.processes.at(child).parent == Some(parent) => Which::Process(child),
            _ => Which::Nobody,
        }
    }

    fn group_to_wait_for(&self, pgid: u32) -> Which {
        self.numbers.find(&self.nodes, pgid).map_or(Which::Nobody, Which::Group)
    }

    /// Wakes a parent that waits for this child, which has changed. As on Linux, one that waits for others isn't woken,
    /// even if none of those is left.
    pub(crate) fn wake_waiting_parent<H: Host>(&mut self, host: &mut H, parent: ProcessNo, child: ProcessNo) {
        let waiter = self.processes.at(parent).waiting_for_children.first();
        if let Some(waiter) = waiter.filter(|waiter| self.awaits(*waiter, child)) {
            self.wake(host, waiter);
        }
    }

    /// Whether a thread that waits for children means this one too.
    fn awaits(&self, waiter: ThreadNo, child: ProcessNo) -> bool {
        let thread = self.threads.at(waiter);
        let which = match thread.call {
            Some(Syscall::Wait4 { pid, .. }) => self.wait4_target(thread.process, pid),
            Some(Syscall::Waitid { kind, id, .. }) => match self.waitid_target(thread.process, kind, id) {
                Ok(which) => which,
                Err(_) => return true,
            },
            _ => return true,
        };
        self.is_among(child, which)
    }

    /// The first child that has something to report; `None` if there are such children but none has.
    fn find_child(&self, parent: ProcessNo, which: Which, options: WaitOptions) -> Result<Option<Found>, Errno> {
        let parent = self.processes.at(parent);
        let ended = options.contains(WaitOptions::WEXITED);
        // As on Linux, a zombie is no child to somebody who doesn't ask for those that have ended.
        let counts = |child: &ProcessNo| ended || !self.processes.at(*child).is_zombie();
        let candidate = match which {
            Which::Process(child) if counts(&child) => Some(child).filter(|child| self.reportable(*child, options)),
            Which::Nobody | Which::Process(_) => return Err(Errno::ECHILD),
            Which::Any if !parent.children.iter(&self.processes).any(|child| counts(&child)) => {
                return Err(Errno::ECHILD);
            }
            Which::Any if parent.changed_children == 0 => parent.zombies.first().filter(|_| ended),
            Which::Any => parent.children.iter(&self.processes).find(|child| self.reportable(*child, options)),
            Which::Group(group) => {
                let children = parent.children.iter(&self.processes);
                let mut members = children.filter(|child| self.processes.at(*child).group == group && counts(child));
                let Some(first) = members.next() else { return Err(Errno::ECHILD) };
                core::iter::once(first).chain(members).find(|child| self.reportable(*child, options))
            }
        };
        Ok(candidate.map(|child| self.found(child)))
    }

    fn reportable(&self, child: ProcessNo, options: WaitOptions) -> bool {
        let child = self.processes.at(child);
        match (child.life, child.unreported) {
            (Life::Zombie(_), _) => options.contains(WaitOptions::WEXITED),
            (_, Some(WaitStatus::Stopped(_))) => options.contains(WaitOptions::WUNTRACED),
            (_, Some(_)) => options.contains(WaitOptions::WCONTINUED),
            (_, None) => false,
        }
    }

    fn found(&self, child: ProcessNo) -> Found {
        let entry = self.processes.at(child);
        let status = match entry.life {
            Life::Zombie(status) => status,
            Life::Alive => entry.unreported.unwrap_or(WaitStatus::Continued),
        };
        let mut usage = self.usage_of(child);
        usage.add(&entry.children_usage);
        Found { child, pid: entry.pid, uid: entry.credentials.real_uid, status, usage }
    }

    /// The report has been given: a zombie is gone, a stop or continuation isn't reported again. With `WNOWAIT` all
    /// stays as it is.
    fn take_report<H: Host>(&mut self, cx: &mut Cx<'_, H>, found: &Found, take: bool) {
        if !take {
            return;
        }
        if self.processes.at(found.child).is_zombie() {
            self.processes.at_mut(cx.process).children_usage.add(&found.usage);
            self.reap(cx.host, found.child);
        } else if !planted!(StopReportedAgain) {
            self.clear_report(found.child);
        }
    }

    /// A stop or continuation of this child needn't be reported any more.
    pub(crate) fn clear_report(&mut self, child: ProcessNo) {
        let entry = self.processes.at_mut(child);
        entry.adopted_changed = false;
        if entry.unreported.take().is_some()
            && let Some(parent) = entry.parent
        {
            let changed = &mut self.processes.at_mut(parent).changed_children;
            *changed = changed.saturating_sub(1);
        }
    }

    /// A stop or continuation of this child is to be reported.
    pub(crate) fn set_report(&mut self, child: ProcessNo, status: WaitStatus) {
        self.clear_report(child);
        let entry = self.processes.at_mut(child);
        entry.unreported = Some(status);
        if let Some(parent) = entry.parent {
            self.processes.at_mut(parent).changed_children += 1;
        }
    }
}

/// Code and status of a SIGCHLD, as `waitid` and `siginfo_t` give them.
pub(crate) fn child_code(status: WaitStatus) -> (i32, i32) {
    match status {
        WaitStatus::Exited(code) => (CLD_EXITED, code.into()),
        WaitStatus::Signaled { signal, core: false } => (CLD_KILLED, signal.number().into()),
        WaitStatus::Signaled { signal, core: true } => (CLD_DUMPED, signal.number().into()),
        WaitStatus::Stopped(signal) => (CLD_STOPPED, signal.number().into()),
        WaitStatus::Continued => (CLD_CONTINUED, Signal::SIGCONT.number().into()),
    }
}

fn child_info(found: &Found) -> SigInfo {
    let (code, status) = child_code(found.status);
    SigInfo {
        signo: Signal::SIGCHLD.number().into(),
        code,
        pid: found.pid as i32,
        uid: found.uid,
        status,
        ..SigInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `CLD_DUMPED` instead of `CLD_KILLED`.
    #[test]
    fn a_child_that_left_a_core_image_has_a_code_of_its_own() {
        let ended = |core| child_code(WaitStatus::Signaled { signal: Signal::SIGSEGV, core });
        assert_eq!((ended(true), ended(false)), ((CLD_DUMPED, 11), (CLD_KILLED, 11)));
    }
}
