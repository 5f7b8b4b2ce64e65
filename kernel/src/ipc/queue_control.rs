//! `msgctl(2)`.

use abi::{Errno, MsgCommand, MsgInfo, MsqidDs, Out};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::QueueNo;
use crate::ipc::permissions::READ;
use crate::kernel::Kernel;
use crate::limits::{MESSAGE_BYTES_MAX, MESSAGES, MSG_QUEUES, QUEUE_BYTES};

impl Kernel {
    pub(crate) fn sys_msgctl<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        command: MsgCommand,
        buffer: Out<MsqidDs>,
    ) -> Outcome {
        if id < 0 || command.0 < 0 {
            return Err(Errno::EINVAL);
        }
        match command {
            MsgCommand::IPC_INFO | MsgCommand::MSG_INFO => {
                let info = self.queue_info(command == MsgCommand::MSG_INFO);
                self.put(cx.host, cx.process, buffer.address, &info)?;
                Ok(Flow::Done(self.queues.highest().into()))
            }
            MsgCommand::IPC_STAT => {
                let slot = self.queues.obtain(id)?;
                self.stat_queue(cx, slot, true, buffer)?;
                Ok(Flow::Done(0))
            }
            MsgCommand::MSG_STAT | MsgCommand::MSG_STAT_ANY => {
                let (slot, _) = self.queues.by_slot(id)?;
                self.stat_queue(cx, slot, command == MsgCommand::MSG_STAT, buffer)?;
                Ok(Flow::Done(self.queues.id(slot).into()))
            }
            MsgCommand::IPC_SET => {
                let new: MsqidDs = self.get(cx.host, cx.process, buffer.address)?;
                self.set_queue(cx, id, &new)
            }
            MsgCommand::IPC_RMID => {
                let slot = self.own_queue(cx, id)?;
                self.remove_queue(cx.host, slot);
                Ok(Flow::Done(0))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `IPC_SET`: who waits may have lost the right to, or may fit in now.
    fn set_queue<H: Host>(&mut self, cx: &mut Cx<'_, H>, id: i32, new: &MsqidDs) -> Outcome {
        let slot = self.own_queue(cx, id)?;
        let privileged = self.processes.at(cx.process).credentials.is_privileged();
        if new.qbytes > QUEUE_BYTES as u64 && !privileged {
            return Err(Errno::EPERM);
        }
        let now_s = self.now_s();
        let queue = self.queues.table.at_mut(slot);
        queue.permissions.set(&new.perm)?;
        (queue.capacity, queue.changed_s) = (new.qbytes, now_s);
        self.wake_receivers(cx.host, slot);
        self.wake_senders(cx.host, slot);
        Ok(Flow::Done(0))
    }

    fn stat_queue<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        slot: QueueNo,
        checked: bool,
        buffer: Out<MsqidDs>,
    ) -> Result<(), Errno> {
        let queue = *self.queues.table.at(slot);
        if checked {
            queue.permissions.check(&self.processes.at(cx.process).credentials, READ)?;
        }
        self.put(cx.host, cx.process, buffer.address, &queue.to_abi())
    }

    /// A queue that the caller may change or remove.
    fn own_queue<H>(&self, cx: &Cx<'_, H>, id: i32) -> Result<QueueNo, Errno> {
        let slot = self.queues.obtain(id)?;
        self.queues.table.at(slot).permissions.check_owner(&self.processes.at(cx.process).credentials)?;
        Ok(slot)
    }

    fn queue_info(&self, usage: bool) -> MsgInfo {
        let mut info = MsgInfo {
            msgpool: (MSG_QUEUES * QUEUE_BYTES / 1024) as i32,
            msgmap: MESSAGES as i32,
            msgmax: MESSAGE_BYTES_MAX as i32,
            msgmnb: QUEUE_BYTES as i32,
            msgmni: MSG_QUEUES as i32,
            msgssz: 0,
            msgtql: MESSAGES as i32,
            ..MsgInfo::default()
        };
        if usage {
            let queues = || self.queues.table.iter().map(|(_, queue)| queue);
            info.msgpool = self.queues.table.len() as i32;
            info.msgmap = queues().map(|queue| queue.messages.len()).sum::<usize>() as i32;
            info.msgtql = queues().map(|queue| queue.bytes).sum::<u64>() as i32;
        }
        info
    }
}
