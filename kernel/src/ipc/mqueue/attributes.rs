//! `mq_getsetattr` (`mq_getattr(3)`, `mq_setattr(3)`).

use abi::{Errno, Fd, In, MqAttr, OpenFlags, Out};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::kernel::Kernel;

impl Kernel {
    /// Gets the attributes as they were before, and sets `O_NONBLOCK` of the open description: all others stay as the queue
    /// was made with.
    pub(crate) fn sys_mq_getsetattr<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        new: In<MqAttr>,
        old: Out<MqAttr>,
    ) -> Outcome {
        let new: Option<MqAttr> = match new.is_null() {
            true => None,
            false => Some(self.get(cx.host, cx.process, new.address)?),
        };
        let nonblock = OpenFlags::O_NONBLOCK;
        let may_be_set = i64::from(nonblock.bits());
        if new.is_some_and(|new| new.flags & !may_be_set != 0) {
            return Err(Errno::EINVAL);
        }
        let (queue, open_flags) = self.mqueue_of(cx.process, fd)?;
        let entry = self.mqueues.at(queue);
        let attributes = MqAttr {
            flags: (open_flags & nonblock).bits().into(),
            maxmsg: entry.max_messages.into(),
            msgsize: entry.message_bytes.into(),
            curmsgs: entry.len() as i64,
            ..MqAttr::default()
        };
        if let Some(new) = new {
            let file = self.descriptor(cx.process, fd)?.file;
            self.files.at_mut(file).flags.set(nonblock, new.flags != 0);
        }
        // Linux has set when a bad pointer for the old attributes is noticed (seen on the host); so have we.
        if !old.is_null() {
            self.put(cx.host, cx.process, old.address, &attributes)?;
        }
        Ok(Flow::Done(0))
    }
}
