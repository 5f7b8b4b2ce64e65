//! `mq_open` and `mq_unlink` (`mq_open(3)`, `mq_unlink(3)`), and the end of a queue: it lives while it has a name or
//! somebody has it open.

use abi::{Errno, In, MqAttr, OpenFlags, Path};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::{Description, Open};
use crate::file::descriptor::Descriptor;
use crate::host::{Host, PhysMem};
use crate::ids::{MqueueNo, ProcessNo};
use crate::ipc::mqueue::queue::{Mqueue, QueueName};
use crate::ipc::mqueue::user::charge;
use crate::kernel::Kernel;
use crate::limits::{MQUEUE_MESSAGE_BYTES, MQUEUE_MESSAGES};

impl Kernel {
    pub(crate) fn sys_mq_open<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        name: Path,
        flags: OpenFlags,
        mode: u32,
        attributes: In<MqAttr>,
    ) -> Outcome {
        let attributes: Option<MqAttr> = match attributes.is_null() {
            true => None,
            false => Some(self.get(cx.host, cx.process, attributes.address)?),
        };
        let name = self.read_queue_name(cx, name)?;
        let limit = self.descriptor_limit(cx.process);
        let fd = self.processes.at(cx.process).descriptors.lowest_free(0, limit).ok_or(Errno::EMFILE)?;
        if self.files.room() == 0 {
            return Err(Errno::ENFILE);
        }
        let existing = self.queue_named(&name)?;
        let queue = match existing {
            Some(queue) => {
                self.check_may_open(cx.process, queue, flags)?;
                queue
            }
            None if !flags.contains(OpenFlags::O_CREAT) => return Err(Errno::ENOENT),
            None => self.make_queue(cx.process, name, mode, attributes)?,
        };
        let status = flags - CREATION;
        let description = Description { open: Open::Mqueue(queue), flags: status, references: 1 };
        let Ok(file) = self.files.insert(description) else { crate::bug("no slot for a file that was counted") };
        self.mqueues.at_mut(queue).descriptions += 1;
        // As on Linux, such a descriptor never survives `execve`, unless `fcntl` says so.
        self.processes.at_mut(cx.process).descriptors.set(fd, Descriptor { file, close_on_exec: true });
        Ok(Flow::Done(fd.0.into()))
    }

    pub(crate) fn sys_mq_unlink<H: Host>(&mut self, cx: &mut Cx<'_, H>, name: Path) -> Outcome {
        let name = self.read_queue_name(cx, name)?;
        let queue = self.queue_named(&name)?.ok_or(Errno::ENOENT)?;
        let entry = self.mqueues.at_mut(queue);
        entry.linked = false;
        entry.name.clear();
        self.drop_queue_if_unused(cx.host, queue);
        Ok(Flow::Done(0))
    }

    fn read_queue_name<H: Host>(&mut self, cx: &mut Cx<'_, H>, name: Path) -> Result<QueueName, Errno> {
        let length = self.string_length(cx.host, cx.process, name.0, 256)?.ok_or(Errno::ENAMETOOLONG)?;
        let mut bytes = QueueName::new();
        let _ = bytes.resize(length, 0);
        self.copy_from_user(cx.host, cx.process, name.0, &mut bytes)?;
        Ok(bytes)
    }

    fn queue_named(&self, name: &[u8]) -> Result<Option<MqueueNo>, Errno> {
        if name.is_empty() {
            return Err(Errno::ENOENT);
        }
        if name == b"." || name == b".." || name.contains(&b'/') {
            return Err(Errno::EACCES);
        }
        Ok(self.mqueues.iter().find(|(_, queue)| queue.linked && queue.name == name).map(|(slot, _)| slot))
    }

    fn check_may_open(&self, _: ProcessNo, _: MqueueNo, flags: OpenFlags) -> Result<(), Errno> {
        if flags.contains(OpenFlags::O_CREAT | OpenFlags::O_EXCL) {
            return Err(Errno::EEXIST);
        }
        if flags.bits() & 3 == 3 {
            return Err(Errno::EINVAL);
        }
        Ok(())
    }

    fn make_queue(
        &mut self,
        process: ProcessNo,
        name: QueueName,
        _: u32,
        attributes: Option<MqAttr>,
    ) -> Result<MqueueNo, Errno> {
        if self.mqueues.room() == 0 {
            return Err(Errno::ENOSPC);
        }
        let (max_messages, message_bytes) = sizes(attributes)?;
        self.charge_queue(process, charge(max_messages, message_bytes))?;
        let charged_uid = self.processes.at(process).credentials.real_uid;
        let mut queue = Mqueue::new(max_messages, message_bytes, charged_uid);
        (queue.name, queue.linked) = (name, true);
        match self.mqueues.insert(queue) {
            Ok(queue) => Ok(queue),
            Err(_) => crate::bug("no slot for a message queue that was counted"),
        }
    }

    /// A description of the queue is gone.
    pub(crate) fn close_mqueue<M: PhysMem>(&mut self, memory: &mut M, queue: MqueueNo) {
        let entry = self.mqueues.at_mut(queue);
        entry.descriptions = entry.descriptions.saturating_sub(1);
        self.drop_queue_if_unused(memory, queue);
    }

    fn drop_queue_if_unused<M: PhysMem>(&mut self, memory: &mut M, queue: MqueueNo) {
        let entry = self.mqueues.at(queue);
        if entry.linked || entry.descriptions > 0 {
            return;
        }
        let (uid, bytes) = (entry.charged_uid, charge(entry.max_messages, entry.message_bytes));
        self.drop_messages(memory, queue);
        self.uncharge_queue(uid, bytes);
        self.mqueues.free(queue);
    }
}

/// The flags that have done their work when something is open.
const CREATION: OpenFlags =
    OpenFlags::O_CREAT.union(OpenFlags::O_EXCL).union(OpenFlags::O_NOCTTY).union(OpenFlags::O_TRUNC);

/// How many messages a new queue holds, and of how many bytes. As on Linux, nothing said means the defaults; and limits are
/// for everybody here, the privileged included.
fn sizes(attributes: Option<MqAttr>) -> Result<(u32, u32), Errno> {
    let Some(MqAttr { maxmsg, msgsize, .. }) = attributes else {
        return Ok((MQUEUE_MESSAGES.min(10) as u32, MQUEUE_MESSAGE_BYTES.min(8192) as u32));
    };
    let within =
        |value: i64, limit: usize| u32::try_from(value).ok().filter(|&value| (1..=limit as u32).contains(&value));
    match (within(maxmsg, MQUEUE_MESSAGES), within(msgsize, MQUEUE_MESSAGE_BYTES)) {
        (Some(messages), Some(bytes)) => Ok((messages, bytes)),
        _ => Err(Errno::EINVAL),
    }
}
