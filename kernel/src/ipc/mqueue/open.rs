//! `mq_open` and `mq_unlink` (`mq_open(3)`, `mq_unlink(3)`), and the end of a queue. Queues are inodes in `/dev/mqueue`: they
//! have modes and owners, `ls` and `rm` work on them, and one lives while it has a name or somebody has it open.

use abi::{AccessMode, Errno, In, MqAttr, OpenFlags, Path};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::{Host, PhysMem};
use crate::ids::{InodeNo, MqueueNo, NameNo, ProcessNo};
use crate::ipc::mqueue::queue::Mqueue;
use crate::ipc::mqueue::user::charge;
use crate::kernel::Kernel;
use crate::limits::{MQUEUE_MESSAGE_BYTES, MQUEUE_MESSAGES};
use crate::name::access::CHANGE;
use crate::name::inode::Kind;
use crate::name::path::{Last, PathName, Place};
use crate::name::plant::QUEUES;

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
        let mut buffer = PathName::EMPTY;
        let name = self.read_path(cx.host, cx.process, name, &mut buffer)?;
        let limit = self.descriptor_limit(cx.process);
        self.processes.at(cx.process).descriptors.lowest_free(0, limit).ok_or(Errno::EMFILE)?;
        if self.files.room() == 0 {
            return Err(Errno::ENFILE);
        }
        let inode = match self.find_queue(name)? {
            Some(found) => {
                let inode = self.names.at(found).inode;
                self.check_may_open(cx.process, inode, flags)?;
                inode
            }
            None if flags.contains(OpenFlags::O_CREAT) => self.make_queue(cx.process, name, mode, attributes)?,
            None => return Err(Errno::ENOENT),
        };
        let Kind::Mqueue(queue) = self.inodes.at(inode).kind else { return Err(Errno::EACCES) };
        let file = self.describe(Open::Mqueue(queue), inode, flags);
        // As on Linux, such a descriptor never survives `execve`, unless `fcntl` says so.
        Ok(Flow::Done(self.install(cx.process, file, flags | OpenFlags::O_CLOEXEC).0.into()))
    }

    pub(crate) fn sys_mq_unlink<H: Host>(&mut self, cx: &mut Cx<'_, H>, name: Path) -> Outcome {
        let mut buffer = PathName::EMPTY;
        let name = self.read_path(cx.host, cx.process, name, &mut buffer)?;
        let found = self.find_queue(name)?.ok_or(Errno::ENOENT)?;
        let place = Place { directory: QUEUES, last: Last::Name(name), slash: false };
        self.check_may_remove(self.effective(cx.process), &place, self.names.at(found).inode)?;
        self.remove_name(cx.host, found);
        Ok(Flow::Done(0))
    }

    /// A queue's name; as the call takes it, it has no slash at all.
    ///
    /// # Errors
    /// `EACCES`: it has. `ENAMETOOLONG`.
    fn find_queue(&self, name: &[u8]) -> Result<Option<NameNo>, Errno> {
        if name == b"." || name == b".." || name.contains(&b'/') {
            return Err(Errno::EACCES);
        }
        self.look_up(QUEUES, name)
    }

    fn check_may_open(&self, process: ProcessNo, inode: InodeNo, flags: OpenFlags) -> Result<(), Errno> {
        if flags.contains(OpenFlags::O_CREAT | OpenFlags::O_EXCL) {
            return Err(Errno::EEXIST);
        }
        let wanted = match flags.bits() & 3 {
            0 => AccessMode::R_OK,
            1 => AccessMode::W_OK,
            2 => AccessMode::R_OK | AccessMode::W_OK,
            _ => return Err(Errno::EINVAL),
        };
        self.check_access(self.effective(process), inode, wanted)
    }

    fn make_queue(
        &mut self,
        process: ProcessNo,
        name: &[u8],
        mode: u32,
        attributes: Option<MqAttr>,
    ) -> Result<InodeNo, Errno> {
        let judged = self.effective(process);
        self.check_may_enter(judged, QUEUES, CHANGE)?;
        if self.mqueues.room() == 0 || self.inodes.room() == 0 || self.names.room() == 0 {
            return Err(Errno::ENOSPC);
        }
        let (max_messages, message_bytes) = sizes(attributes)?;
        let user = self.charge_queue(process, charge(max_messages, message_bytes))?;
        let Ok(queue) = self.mqueues.insert(Mqueue::new(max_messages, message_bytes, user)) else {
            crate::bug("no slot for a message queue that was counted")
        };
        let mode = mode & 0o777 & !self.processes.at(process).umask;
        Ok(self.plant(QUEUES, name, Kind::Mqueue(queue), mode as u16, judged))
    }

    /// A queue without a name that nobody has open is gone, with all that is in it.
    pub(crate) fn end_mqueue<M: PhysMem>(&mut self, memory: &mut M, queue: MqueueNo) {
        let entry = self.mqueues.at(queue);
        let (user, bytes) = (entry.user, charge(entry.max_messages, entry.message_bytes));
        self.drop_mq_messages(memory, queue);
        self.uncharge_queue(user, bytes);
        self.mqueues.free(queue);
    }
}

/// How many messages a new queue holds, and of how many bytes. Nothing said means Linux's defaults; the limits are for
/// everybody here, the privileged included.
fn sizes(attributes: Option<MqAttr>) -> Result<(u32, u32), Errno> {
    let Some(MqAttr { maxmsg, msgsize, .. }) = attributes else {
        return Ok((MQUEUE_MESSAGES.min(10) as u32, MQUEUE_MESSAGE_BYTES.min(8192) as u32));
    };
    let within =
        |value: i64, limit: usize| u32::try_from(value).ok().filter(|&value| value > 0 && value <= limit as u32);
    match (within(maxmsg, MQUEUE_MESSAGES), within(msgsize, MQUEUE_MESSAGE_BYTES)) {
        (Some(messages), Some(bytes)) => Ok((messages, bytes)),
        _ => Err(Errno::EINVAL),
    }
}
