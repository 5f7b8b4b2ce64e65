//! `kill(2)`: to a process, to a group, to all.

use abi::{Errno, In, Pid, SI_TKILL, SI_USER, SigInfo, Signal, SignalNumber};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{NumberNo, ProcessNo};
use crate::kernel::Kernel;
use crate::signal::queue::Info;

impl Kernel {
    pub(crate) fn sys_kill<H: Host>(&mut self, cx: &mut Cx<'_, H>, pid: Pid, signal: SignalNumber) -> Outcome {
        match pid.0 {
            i32::MIN => Err(Errno::ESRCH),
            -1 => self.kill_all(cx, signal),
            0 => self.kill_group(cx, self.processes.at(cx.process).group, signal),
            group if group < 0 => {
                let group = self.numbers.find(&self.nodes, group.unsigned_abs()).ok_or(Errno::ESRCH)?;
                self.kill_group(cx, group, signal)
            }
            pid => {
                let target = self.process_numbered(pid).ok_or(Errno::ESRCH)?;
                self.kill_one(cx, target, signal)?;
                Ok(Flow::Done(0))
            }
        }
    }

    /// Sends a signal to a thread: each process has one, with the same number.
    pub(crate) fn sys_tgkill<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        pid: Pid,
        tid: Pid,
        signal: SignalNumber,
    ) -> Outcome {
        if pid.0 <= 0 || tid.0 <= 0 {
            return Err(Errno::EINVAL);
        }
        let target = self.process_numbered(tid.0).filter(|_| pid == tid).ok_or(Errno::ESRCH)?;
        let signal = match signal.0 {
            0 => None,
            _ => Some(signal.signal().ok_or(Errno::EINVAL)?),
        };
        self.check_may_signal(cx.process, target, signal)?;
        if let Some(signal) = signal
            && !self.processes.at(target).is_zombie()
        {
            let info = self.sent_by(cx.process, signal, SI_TKILL, 0);
            self.send_thread_signal(cx.host, self.processes.at(target).thread, info);
        }
        Ok(Flow::Done(0))
    }

    /// Sends a signal with a value (`sigqueue(3)`). Codes that the kernel itself uses are for it alone.
    pub(crate) fn sys_rt_sigqueueinfo<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        pid: Pid,
        number: SignalNumber,
        info: In<SigInfo>,
    ) -> Outcome {
        let given: SigInfo = self.get(cx.host, cx.process, info.address)?;
        if (given.code >= 0 || given.code == SI_TKILL) && self.processes.at(cx.process).pid as i32 != pid.0 {
            return Err(Errno::EPERM);
        }
        let target = self.process_numbered(pid.0).filter(|_| pid.0 > 0).ok_or(Errno::ESRCH)?;
        let signal = match number.0 {
            0 => None,
            _ => Some(number.signal().ok_or(Errno::EINVAL)?),
        };
        self.check_may_signal(cx.process, target, signal)?;
        let Some(signal) = signal else { return Ok(Flow::Done(0)) };
        if signal.is_realtime() && self.infos.room() == 0 {
            return Err(Errno::EAGAIN);
        }
        let value = u64::from(given.status as u32) | u64::from(given.value_high as u32) << 32;
        let info = Info { signal, code: given.code, pid: given.pid as u32, uid: given.uid, value };
        self.send_signal(cx.host, target, info);
        Ok(Flow::Done(0))
    }

    fn kill_group<H: Host>(&mut self, cx: &mut Cx<'_, H>, group: NumberNo, signal: SignalNumber) -> Outcome {
        let mut result = Err(Errno::ESRCH);
        let mut member = self.numbers.table.at(group).members.first();
        while let Some(process) = member {
            member = self.processes.at(process).group_link.next;
            result = better(result, self.kill_one(cx, process, signal));
        }
        result.map(|()| Flow::Done(0))
    }

    /// Everyone but PID 1 and the caller, as on Linux.
    fn kill_all<H: Host>(&mut self, cx: &mut Cx<'_, H>, signal: SignalNumber) -> Outcome {
        let mut result = Err(Errno::ESRCH);
        let mut from = 0;
        while let Some(process) = self.processes.next_slot(from) {
            from = process.index() + 1;
            if self.processes.at(process).parent.is_some() && process != cx.process {
                // Lack of permission counts as no failure at all here.
                result = match self.kill_one(cx, process, signal) {
                    Err(Errno::EPERM) => better(result, Ok(())),
                    other => better(result, other),
                };
            }
        }
        result.map(|()| Flow::Done(0))
    }

    fn kill_one<H: Host>(&mut self, cx: &mut Cx<'_, H>, target: ProcessNo, number: SignalNumber) -> Result<(), Errno> {
        let signal = match number.0 {
            0 => None,
            _ => Some(number.signal().ok_or(Errno::EINVAL)?),
        };
        self.check_may_signal(cx.process, target, signal)?;
        if let Some(signal) = signal {
            let info = self.sent_by(cx.process, signal, SI_USER, 0);
            self.send_signal(cx.host, target, info);
        }
        Ok(())
    }

    /// The privileged may signal anyone; others those whose real or saved user id is their own real or effective one; and
    /// SIGCONT anyone in their session.
    fn check_may_signal(&self, caller: ProcessNo, target: ProcessNo, signal: Option<Signal>) -> Result<(), Errno> {
        let own = &self.processes.at(caller);
        let other = &self.processes.at(target);
        let (mine, theirs) = (own.credentials, other.credentials);
        let related =
            [mine.real_uid, mine.effective_uid].iter().any(|uid| *uid == theirs.real_uid || *uid == theirs.saved_uid);
        let continues = signal == Some(Signal::SIGCONT) && own.session == other.session;
        if mine.is_privileged() || related || continues || caller == target { Ok(()) } else { Err(Errno::EPERM) }
    }
}

/// One success makes a success; the first failure counts otherwise.
fn better(so_far: Result<(), Errno>, next: Result<(), Errno>) -> Result<(), Errno> {
    match (so_far, next) {
        (Ok(()), _) | (_, Ok(())) => Ok(()),
        (Err(Errno::ESRCH), next) => next,
        (so_far, _) => so_far,
    }
}
