//! Process groups and sessions (`setpgid(2)`, `setsid(2)`, `credentials(7)`).

use abi::{Errno, Pid};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::planted::planted;

impl Kernel {
    pub(crate) fn sys_getpid<H>(&self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(self.processes.at(cx.process).pid.into()))
    }

    pub(crate) fn sys_gettid<H>(&self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(self.threads.at(cx.thread).tid.into()))
    }

    /// 0 for PID 1, which has no parent.
    pub(crate) fn sys_getppid<H>(&self, cx: &Cx<'_, H>) -> Outcome {
        let parent = self.processes.at(cx.process).parent;
        Ok(Flow::Done(parent.map_or(0, |parent| self.processes.at(parent).pid.into())))
    }

    pub(crate) fn sys_getpgid<H>(&self, cx: &Cx<'_, H>, pid: Pid) -> Outcome {
        let process = self.self_or(cx.process, pid)?;
        Ok(Flow::Done(self.numbers.table.at(self.processes.at(process).group).value.into()))
    }

    pub(crate) fn sys_getsid<H>(&self, cx: &Cx<'_, H>, pid: Pid) -> Outcome {
        let process = self.self_or(cx.process, pid)?;
        Ok(Flow::Done(self.numbers.table.at(self.processes.at(process).session).value.into()))
    }

    /// Puts the caller or one of its children into a group of its session; checks in Linux's order.
    pub(crate) fn sys_setpgid<H: Host>(&mut self, cx: &mut Cx<'_, H>, pid: Pid, pgid: Pid) -> Outcome {
        let pid = if pid.0 == 0 { self.processes.at(cx.process).pid as i32 } else { pid.0 };
        let pgid = if pgid.0 == 0 { pid } else { pgid.0 };
        if pgid < 0 {
            return Err(Errno::EINVAL);
        }
        let target = self.process_numbered(pid).ok_or(Errno::ESRCH)?;
        let caller = self.processes.at(cx.process);
        let entry = self.processes.at(target);
        if entry.parent == Some(cx.process) {
            if entry.session != caller.session {
                return Err(Errno::EPERM);
            }
            if entry.has_executed {
                return Err(Errno::EACCES);
            }
        } else if target != cx.process {
            return Err(Errno::ESRCH);
        }
        if entry.session == entry.number {
            return Err(Errno::EPERM);
        }
        let group = match pgid == pid {
            true => entry.number,
            false => {
                let group = self.numbers.find(&self.nodes, pgid as u32).ok_or(Errno::EPERM)?;
                if self.numbers.table.at(group).session != Some(caller.session) && !planted!(GroupOverSessions) {
                    return Err(Errno::EPERM);
                }
                group
            }
        };
        if group != entry.group {
            let session = entry.session;
            self.numbers.leave_group(&mut self.nodes, &mut self.processes, target);
            self.numbers.join_group(&mut self.processes, target, group, session);
        }
        Ok(Flow::Done(0))
    }

    /// Makes the caller the leader of a new session and of a new group in it.
    pub(crate) fn sys_setsid<H: Host>(&mut self, cx: &mut Cx<'_, H>) -> Outcome {
        let entry = self.processes.at(cx.process);
        let (number, session) = (entry.number, entry.session);
        if entry.session == number || !self.numbers.table.at(number).members.is_empty() {
            return Err(Errno::EPERM);
        }
        self.processes.at_mut(cx.process).has_terminal = false;
        self.numbers.leave_group(&mut self.nodes, &mut self.processes, cx.process);
        self.numbers.leave_session(&mut self.nodes, session);
        self.numbers.join_session(self.processes.at_mut(cx.process), number);
        self.numbers.join_group(&mut self.processes, cx.process, number, number);
        Ok(Flow::Done(self.processes.at(cx.process).pid.into()))
    }

    /// The process with this number, zombies included.
    pub(crate) fn process_numbered(&self, pid: i32) -> Option<ProcessNo> {
        u32::try_from(pid).ok().and_then(|pid| self.numbers.process(&self.nodes, pid))
    }

    /// The process with this number, 0 being the caller.
    pub(crate) fn self_or(&self, caller: ProcessNo, pid: Pid) -> Result<ProcessNo, Errno> {
        match pid.0 {
            0 => Ok(caller),
            pid => self.process_numbered(pid).ok_or(Errno::ESRCH),
        }
    }
}
