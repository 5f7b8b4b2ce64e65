//! `mq_notify` (`mq_notify(3)`): a process asks to be told once when a message arrives in an empty queue and nobody waits to
//! receive it.

use abi::{Errno, Fd, In, SI_MESGQ, SIGEV_NONE, SIGEV_SIGNAL, SigEvent, Signal};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::Host;
use crate::ids::{MqueueNo, ProcessNo};
use crate::kernel::Kernel;
use crate::signal::queue::Info;

/// Who is to be told, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notification {
    /// Who. It has the queue open: closing it ends the registration.
    pub process: ProcessNo,
    /// By which signal; by none with `SIGEV_NONE`, and if it has executed another program since.
    pub signal: Option<Signal>,
    /// What the signal brings along.
    pub value: u64,
}

impl Kernel {
    pub(crate) fn sys_mq_notify<H: Host>(&mut self, cx: &mut Cx<'_, H>, fd: Fd, event: In<SigEvent>) -> Outcome {
        let wanted = match event.is_null() {
            true => None,
            false => {
                let event: SigEvent = self.get(cx.host, cx.process, event.address)?;
                Some(Notification { process: cx.process, signal: signal_of(&event)?, value: event.value })
            }
        };
        let (queue, _) = self.mqueue_of(cx.process, fd)?;
        let entry = self.mqueues.at_mut(queue);
        match (wanted, entry.notification) {
            (None, _) => self.forget_notification_of(queue, cx.process),
            (Some(_), Some(_)) => return Err(Errno::EBUSY),
            (Some(wanted), None) => entry.notification = Some(wanted),
        }
        Ok(Flow::Done(0))
    }

    /// A message from `sender` has come into a queue, and nobody waits to receive it: if it is the only one, whoever asked
    /// for it is told, and has to ask again.
    pub(crate) fn notify_of_message<H: Host>(&mut self, host: &mut H, sender: ProcessNo, queue: MqueueNo) {
        let entry = self.mqueues.at_mut(queue);
        if entry.len() != 1 {
            return;
        }
        let Some(Notification { process, signal, value }) = entry.notification.take() else { return };
        if let Some(signal) = signal {
            let info = Info { value, ..self.sent_by(sender, signal, SI_MESGQ, 0) };
            self.send_signal(host, process, info);
        }
    }

    /// A process closes a descriptor of a queue, or asks for it: it isn't told any more.
    pub(crate) fn forget_notification_of(&mut self, queue: MqueueNo, process: ProcessNo) {
        let entry = self.mqueues.at_mut(queue);
        if entry.notification.is_some_and(|notification| notification.process == process) {
            entry.notification = None;
        }
    }

    /// A process executes a program: it stays registered, but the new program gets no signal that it didn't ask for, as on
    /// Linux.
    pub(crate) fn silence_notifications(&mut self, process: ProcessNo) {
        let mut from = 0;
        while let Some((fd, descriptor)) = self.processes.at(process).descriptors.next(from) {
            from = fd.0 + 1;
            if let Open::Mqueue(queue) = self.files.at(descriptor.file).open
                && let Some(notification) = &mut self.mqueues.at_mut(queue).notification
                && notification.process == process
            {
                (notification.signal, notification.value) = (None, 0);
            }
        }
    }
}

/// Which signal is asked for. As on Linux, signal 0 is none. There are no threads, so no function in one can be asked for.
fn signal_of(event: &SigEvent) -> Result<Option<Signal>, Errno> {
    match (event.notify, event.signo) {
        (SIGEV_NONE, _) | (SIGEV_SIGNAL, 0) => Ok(None),
        (SIGEV_SIGNAL, number) => Signal::new(number.into()).map(Some).ok_or(Errno::EINVAL),
        _ => Err(Errno::EINVAL),
    }
}
