//! POSIX message queues: `mq_open(3) mq_unlink(3) mq_send(3) mq_receive(3) mq_notify(3) mq_getattr(3)`.
//!
//! As in C, a name begins with a slash and has no other; the system calls take it without (`mq_overview(7)`).

use alloc::vec;
use alloc::vec::Vec;

use abi::*;

use super::process::put_string;
use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

/// An open message queue: a descriptor, as on Linux.
pub type Mqd = Fd;

/// What [`Sys::mq_notify`] asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Notify {
    /// A signal with this value (`SIGEV_SIGNAL`).
    Signal(Signal, u64),
    /// Nothing; but nobody else can ask meanwhile (`SIGEV_NONE`).
    None,
}

impl Notify {
    fn to_event(self) -> SigEvent {
        match self {
            Notify::Signal(signal, value) => {
                SigEvent { value, signo: signal.number().into(), notify: SIGEV_SIGNAL, ..SigEvent::default() }
            }
            Notify::None => SigEvent { notify: SIGEV_NONE, ..SigEvent::default() },
        }
    }
}

impl Sys {
    /// Opens a message queue, and makes it if `O_CREAT` is among the flags (`mq_open(3)`). Without `attributes` it holds 10
    /// messages of up to 8,192 bytes.
    ///
    /// # Errors
    /// `EINVAL`: the name doesn't begin with a slash; bad attributes; access mode 3. `EACCES`: no permission; more slashes in
    /// the name. `EEXIST`: `O_EXCL`, and it exists. `ENOENT`: it doesn't, and no `O_CREAT`; or the name is a mere slash.
    /// `ENAMETOOLONG`. `EMFILE`: no descriptor is free, or `RLIMIT_MSGQUEUE` is reached. `ENFILE`, `ENOSPC`: a table is full.
    #[track_caller]
    pub fn mq_open<'a>(
        self,
        name: &'a [u8],
        flags: OpenFlags,
        mode: u32,
        attributes: Option<MqAttr>,
    ) -> impl Future<Output = Result<Mqd, Errno>> + 'a {
        let line = self.caller();
        async move {
            let name = name.strip_prefix(b"/").ok_or(Errno::EINVAL)?;
            let call = {
                let stage = &mut *self.hart.stage();
                let attributes = attributes.map_or(In::NULL, |attributes| In::at(put(stage, &attributes)));
                let name = Path(put_string(stage, name));
                move || Syscall::MqOpen { name, flags, mode, attributes }
            };
            self.staged(call, [None; 2], line).await.map(|fd| Fd(fd as i32))
        }
    }

    /// Removes a queue's name (`mq_unlink(3)`). Who has it open may go on using it.
    ///
    /// # Errors
    /// `ENOENT`: there is none. `EPERM`: it is another user's. `EINVAL`, `EACCES`, `ENAMETOOLONG`: as for `mq_open`.
    #[track_caller]
    pub fn mq_unlink<'a>(self, name: &'a [u8]) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let name = name.strip_prefix(b"/").ok_or(Errno::EINVAL)?;
            let name = Path(put_string(&mut self.hart.stage(), name));
            self.staged(move || Syscall::MqUnlink { name }, [None; 2], line).await.map(drop)
        }
    }

    /// Sends a message (`mq_send(3)`), and waits for room if the queue is full.
    ///
    /// # Errors
    /// `EBADF`: `queue` isn't a message queue open for sending. `EMSGSIZE`: the message is too long. `EINVAL`: the priority
    /// isn't below `MQ_PRIO_MAX`. `EAGAIN`: the queue is full, and `O_NONBLOCK`. `EINTR`: a signal was caught. `ENOMEM`.
    #[track_caller]
    pub fn mq_send<'a>(
        self,
        queue: Mqd,
        message: &'a [u8],
        priority: u32,
    ) -> impl Future<Output = Result<(), Errno>> + 'a {
        self.here().mq_send_until(queue, message, priority, None)
    }

    /// The same, and waits until a point in time of `CLOCK_REALTIME` at most (`mq_timedsend(3)`).
    ///
    /// # Errors
    /// As [`Sys::mq_send`]; `ETIMEDOUT`: the time has come; `EINVAL`: it is none.
    #[track_caller]
    pub fn mq_timedsend<'a>(
        self,
        queue: Mqd,
        message: &'a [u8],
        priority: u32,
        until: Timespec,
    ) -> impl Future<Output = Result<(), Errno>> + 'a {
        self.here().mq_send_until(queue, message, priority, Some(until))
    }

    #[track_caller]
    fn mq_send_until<'a>(
        self,
        queue: Mqd,
        bytes: &'a [u8],
        priority: u32,
        until: Option<Timespec>,
    ) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let call = {
                let stage = &mut *self.hart.stage();
                let timeout = until.map_or(In::NULL, |until| In::at(put(stage, &until)));
                let (message, length) = (InBytes(stage.put(bytes)), Length(bytes.len() as u64));
                move || Syscall::MqTimedsend { queue, message, length, priority, timeout }
            };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// Receives the oldest of the most urgent messages (`mq_receive(3)`), and waits for one if there is none: its bytes and its
    /// priority.
    ///
    /// # Errors
    /// `EBADF`: `queue` isn't a message queue open for receiving. `EMSGSIZE`: `room` is less than the longest message that
    /// the queue may hold. `EAGAIN`: it is empty, and `O_NONBLOCK`. `EINTR`: a signal was caught.
    #[track_caller]
    pub fn mq_receive(self, queue: Mqd, room: usize) -> impl Future<Output = Result<(Vec<u8>, u32), Errno>> {
        let sys = self.here();
        async move {
            let mut message = vec![0; room];
            let (length, priority) = sys.mq_receive_until(queue, &mut message, None).await?;
            message.truncate(length);
            Ok((message, priority))
        }
    }

    /// The same into a buffer, as in C: the message's length and its priority.
    ///
    /// # Errors
    /// As [`Sys::mq_receive`]; the room is that of the buffer.
    #[track_caller]
    pub fn mq_receive_into<'a>(
        self,
        queue: Mqd,
        message: &'a mut [u8],
    ) -> impl Future<Output = Result<(usize, u32), Errno>> + 'a {
        self.mq_receive_until(queue, message, None)
    }

    /// The same, and waits until a point in time of `CLOCK_REALTIME` at most (`mq_timedreceive(3)`).
    ///
    /// # Errors
    /// As [`Sys::mq_receive`]; `ETIMEDOUT`: the time has come; `EINVAL`: it is none.
    #[track_caller]
    pub fn mq_timedreceive(
        self,
        queue: Mqd,
        room: usize,
        until: Timespec,
    ) -> impl Future<Output = Result<(Vec<u8>, u32), Errno>> {
        let sys = self.here();
        async move {
            let mut message = vec![0; room];
            let (length, priority) = sys.mq_receive_until(queue, &mut message, Some(until)).await?;
            message.truncate(length);
            Ok((message, priority))
        }
    }

    #[track_caller]
    fn mq_receive_until<'a>(
        self,
        queue: Mqd,
        buffer: &'a mut [u8],
        until: Option<Timespec>,
    ) -> impl Future<Output = Result<(usize, u32), Errno>> + 'a {
        let line = self.caller();
        async move {
            let (call, outs) = {
                let room = buffer.len();
                let stage = &mut *self.hart.stage();
                let timeout = until.map_or(In::NULL, |until| In::at(put(stage, &until)));
                let (priority, message) = (stage.room(4), stage.room(room));
                let outs = [
                    OutRegion { address: priority, length: 4, filled: Filled::OnSuccess },
                    OutRegion { address: message, length: room as u32, filled: Filled::Returned },
                ];
                let (priority, message, length) = (Out::at(priority), OutBytes(message), Length(room as u64));
                (move || Syscall::MqTimedreceive { queue, message, length, priority, timeout }, outs)
            };
            let length = self.staged(call, outs.map(Some), line).await? as usize;
            let data = self.hart.0.data.borrow();
            if let Some(message) = data.get(4..4 + length) {
                buffer[..length].copy_from_slice(message);
            }
            Ok((length, u32::load(&data)))
        }
    }

    /// Asks to be told when a message arrives in the empty queue and nobody waits to receive it, once (`mq_notify(3)`); with
    /// `None`, not to be told any more.
    ///
    /// # Errors
    /// `EBADF`: `queue` isn't a message queue. `EBUSY`: somebody has asked already.
    #[track_caller]
    pub fn mq_notify(self, queue: Mqd, notify: Option<Notify>) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move {
            let event = {
                let stage = &mut *self.hart.stage();
                notify.map_or(In::NULL, |notify| In::at(put(stage, &notify.to_event())))
            };
            self.staged(move || Syscall::MqNotify { queue, event }, [None; 2], line).await.map(drop)
        }
    }

    /// The attributes of a queue (`mq_getattr(3)`).
    ///
    /// # Errors
    /// `EBADF`: `queue` isn't a message queue.
    #[track_caller]
    pub fn mq_getattr(self, queue: Mqd) -> impl Future<Output = Result<MqAttr, Errno>> {
        self.here().mq_getsetattr(queue, None)
    }

    /// Sets whether sending and receiving block (`mq_setattr(3)`): all of `new` but its flags is ignored. What the attributes
    /// were before.
    ///
    /// # Errors
    /// `EBADF`: `queue` isn't a message queue. `EINVAL`: flags other than `O_NONBLOCK`.
    #[track_caller]
    pub fn mq_setattr(self, queue: Mqd, new: MqAttr) -> impl Future<Output = Result<MqAttr, Errno>> {
        self.here().mq_getsetattr(queue, Some(new))
    }

    #[track_caller]
    fn mq_getsetattr(self, queue: Mqd, new: Option<MqAttr>) -> impl Future<Output = Result<MqAttr, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = new.map_or(In::NULL, |new| In::at(put(stage, &new)));
                let address = stage.room(MqAttr::SIZE);
                let out = OutRegion { address, length: MqAttr::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::MqGetsetattr { queue, new, old: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }
}
