//! What `read` gives of a message queue, as of a file in `/dev/mqueue` (`mq_overview(7)`): a line about its state.

use core::fmt::Write;

use abi::Fd;

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::pipe::Request;
use crate::host::Host;
use crate::ids::MqueueNo;
use crate::kernel::Kernel;

/// Room for the line.
type Line = heapless::String<80>;

impl Kernel {
    pub(crate) fn read_mqueue<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        queue: MqueueNo,
        request: Request,
    ) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let line = self.status_line(queue);
        let position = self.files.at(file).position;
        let from = line.as_bytes().get(position.min(line.len() as u64) as usize..).unwrap_or_default();
        let bytes = from.get(..request.count.min(from.len())).unwrap_or_default();
        self.check_writable(cx.host, cx.process, request.address, bytes.len())?;
        self.copy_to_user(cx.host, cx.process, request.address, bytes)?;
        self.files.at_mut(file).position = position + bytes.len() as u64;
        Ok(Flow::Done(bytes.len() as i64))
    }

    /// All its bytes, and who is to be told of the next message, as Linux shows it.
    fn status_line(&self, queue: MqueueNo) -> Line {
        let entry = self.mqueues.at(queue);
        let (kind, signal, pid) = match entry.notification {
            Some(notification) => {
                let pid = self.processes.at(notification.process).pid;
                let signal = notification.signal.map_or(0, |signal| signal.number());
                (i32::from(notification.signal.is_none()), signal, pid)
            }
            None => (0, 0, 0),
        };
        let mut line = Line::new();
        let _ = writeln!(line, "QSIZE:{:<10} NOTIFY:{kind:<5} SIGNO:{signal:<5} NOTIFY_PID:{pid:<6}", entry.bytes());
        line
    }
}
