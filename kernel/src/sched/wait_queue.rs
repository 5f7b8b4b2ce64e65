//! How a thread waits, and how it is woken.
//!
//! Queues are first in, first out. Waiting is of two kinds. *Completed by the waker* (`complete`): whoever makes it possible
//! ends the call, and the thread has its result when it runs. *Retried*: a wake-up makes the thread ready and its call is
//! tried again. It keeps its place in the queue until that succeeds, so nobody overtakes it, and whoever leaves a queue
//! for any reason passes the wake-up on (`settle`): that is why none is ever lost. Of the other kind are
//! those who wait for a message queue (`ipc/`) and a blocked `open` of a FIFO (`file/fifo.rs`): whoever makes it
//! possible does their part for them, so nothing is left to be passed on.

use abi::Errno;

use crate::file::fifo::fifo_in;
use crate::host::{Event, Host, Waking};
use crate::ids::ThreadNo;
use crate::kernel::Kernel;
use crate::list::List;
use crate::planted::planted;
use crate::sched::policy::Became;
use crate::thread::{Next, QueueName, ThreadState, Threads, WaitList, WaitsFor};
use crate::time::timer_queue::Alarm;

/// A queue of threads that wait for the same.
pub(crate) type WaitQueue = List<WaitList, ThreadNo>;

impl WaitsFor {
    /// Where those who wait for this stand.
    pub(crate) fn queue(self) -> Option<QueueName> {
        match self {
            WaitsFor::PipeData(pipe) => Some(QueueName::PipeReaders(pipe)),
            WaitsFor::PipeRoom(pipe) => Some(QueueName::PipeWriters(pipe)),
            WaitsFor::MqMessage { queue, .. } => Some(QueueName::MqReceivers(queue)),
            WaitsFor::MqRoom { queue, .. } => Some(QueueName::MqSenders(queue)),
            WaitsFor::FifoWriter(fifo) => Some(QueueName::FifoReaders(fifo)),
            WaitsFor::FifoReader(fifo) => Some(QueueName::FifoWriters(fifo)),
            WaitsFor::ConsoleInput | WaitsFor::TerminalInput { .. } => Some(QueueName::Console),
            WaitsFor::TerminalOutput => Some(QueueName::TerminalWriters),
            WaitsFor::Child(process) => Some(QueueName::Children(process)),
            WaitsFor::Message(queue) => Some(QueueName::Receivers(queue)),
            WaitsFor::MessageRoom(queue) => Some(QueueName::Senders(queue)),
            WaitsFor::Semaphores { queue, .. } => Some(queue),
            WaitsFor::Signal | WaitsFor::Signals { .. } | WaitsFor::Time { .. } => None,
        }
    }
}

impl WaitsFor {
    /// When the timer ends the waiting.
    pub(crate) fn until_us(self) -> Option<u64> {
        match self {
            WaitsFor::Time { until_us } => Some(until_us),
            WaitsFor::Signals { until_us, .. }
            | WaitsFor::MqMessage { until_us, .. }
            | WaitsFor::MqRoom { until_us, .. }
            | WaitsFor::Semaphores { until_us, .. }
            | WaitsFor::TerminalInput { until_us } => until_us,
            _ => None,
        }
    }
}

impl Kernel {
    /// The running thread waits. If it stands in the queue already, it keeps its place.
    pub(crate) fn block(&mut self, thread: ThreadNo, what: WaitsFor) {
        let queue = what.queue();
        let standing = self.threads.at(thread).waiter.queue;
        if standing != queue || standing.is_none() {
            if standing.is_some() {
                self.leave_queue(thread);
            }
            self.join_queue(thread, queue);
        }
        self.set_wait_timer(thread, what.until_us());
        self.set_woken(thread, false);
        self.leave_cpu(thread, ThreadState::Blocked(what));
    }

    /// When the timer ends the waiting; a thread that keeps its place in a queue may have got another time.
    fn set_wait_timer(&mut self, thread: ThreadNo, until_us: Option<u64>) {
        let before = core::mem::replace(&mut self.threads.at_mut(thread).timer_us, until_us);
        if before == until_us {
            return;
        }
        if let Some(before) = before {
            self.timers.remove(before, Alarm::Sleeper(thread));
        }
        if let Some(until_us) = until_us {
            self.timers.insert(until_us, Alarm::Sleeper(thread));
        }
    }

    #[inline]
    fn join_queue(&mut self, thread: ThreadNo, name: Option<QueueName>) {
        let Some(name) = name else { return };
        let (queue, threads) = self.queue_mut(name);
        queue.push(threads, thread);
        self.threads.at_mut(thread).waiter.queue = Some(name);
        self.enter_index(thread, name);
    }

    /// Takes a thread out of the queue in which it stands, or out of the timer. The caller settles the queue, once the
    /// state is whole again. A blocked `open` is withdrawn.
    #[inline]
    pub(crate) fn leave_queue(&mut self, thread: ThreadNo) -> Option<QueueName> {
        let name = self.step_out(thread)?;
        if let QueueName::FifoReaders(_) | QueueName::FifoWriters(_) = name {
            self.withdraw_open(thread);
        }
        Some(name)
    }

    /// Takes a thread out of its queue, or out of the timer, and nothing else.
    pub(crate) fn step_out(&mut self, thread: ThreadNo) -> Option<QueueName> {
        if let Some(due_us) = self.threads.at_mut(thread).timer_us.take()
            && !planted!(TimerLeftBehind)
        {
            self.timers.remove(due_us, Alarm::Sleeper(thread));
        }
        let name = self.threads.at(thread).waiter.queue?;
        self.leave_index(thread, name);
        let (queue, threads) = self.queue_mut(name);
        queue.remove(threads, thread);
        let waiter = &mut self.threads.at_mut(thread).waiter;
        waiter.queue = None;
        waiter.woken = false;
        if let QueueName::SetChange(set) | QueueName::SetZero(set) = name {
            self.note_leaving_set(thread, set);
        }
        Some(name)
    }

    /// Goes to the tail of its queue: a writer that made some progress lets the others have a turn.
    pub(crate) fn requeue_last(&mut self, thread: ThreadNo) {
        if let Some(name) = self.leave_queue(thread) {
            self.join_queue(thread, Some(name));
        }
    }

    /// Puts a thread behind another of the queue in which both stand; in front of all if that is `None`.
    pub(crate) fn move_behind(&mut self, thread: ThreadNo, name: QueueName, behind: Option<ThreadNo>) {
        if self.threads.at(thread).waiter.link.previous == behind {
            return;
        }
        self.leave_index(thread, name);
        let (queue, threads) = self.queue_mut(name);
        queue.remove(threads, thread);
        queue.insert_behind(threads, behind, thread);
        self.enter_index(thread, name);
    }

    /// Tells the first waiter of a queue to try again, unless it has been told.
    pub(crate) fn wake_first<H: Host>(&mut self, host: &mut H, name: QueueName) {
        let Some(first) = self.queue_mut(name).0.first() else { return };
        self.wake(host, first);
    }

    /// Tells a waiting thread to try again, unless it has been told.
    pub(crate) fn wake<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        if self.is_blocked(thread) {
            let stands = self.threads.at(thread).waiter.queue.is_some();
            self.set_woken(thread, stands);
            self.make_ready_again(host, thread, Waking::Condition);
        }
    }

    /// The time is over until which a thread waits. It may stand in a queue too, anywhere; it hasn't been told about that.
    pub(crate) fn wake_by_timer<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        if self.is_blocked(thread) {
            self.make_ready_again(host, thread, Waking::Time);
        }
    }

    /// The wait of a thread has been completed: what it waited for is in its `exchange`. It leaves its queue, and if a
    /// signal or its timer has woken it meanwhile, it finds that its call has succeeded all the same, as on Linux.
    pub(crate) fn hand_over<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        self.leave_queue(thread);
        if self.is_blocked(thread) {
            self.make_ready_again(host, thread, Waking::Condition);
        }
    }

    fn make_ready_again<H: Host>(&mut self, host: &mut H, thread: ThreadNo, why: Waking) {
        self.make_ready(thread, Became::Woken);
        host.event(Event::Woken { thread: self.thread_id(thread), why });
    }

    /// Whether a thread waits.
    pub(crate) fn is_blocked(&self, thread: ThreadNo) -> bool {
        matches!(self.threads.at(thread).state, ThreadState::Blocked(_))
    }

    /// Ends the call of a thread that waits, or was woken and hasn't run since, with this result: the second kind of waiting, in
    /// which the waker completes the call.
    pub(crate) fn complete<H: Host>(&mut self, host: &mut H, thread: ThreadNo, result: Result<i64, Errno>) {
        let Some(call) = self.threads.at(thread).call else { crate::bug("a thread waits without a call") };
        self.leave_queue(thread);
        self.wake(host, thread);
        let value = result.unwrap_or_else(Errno::to_return);
        self.finish(host, thread, &call, Next::Return(value), result);
    }

    /// Wakes the first waiter of a queue if what it waits for holds.
    pub(crate) fn settle<H: Host>(&mut self, host: &mut H, name: QueueName) {
        match name {
            QueueName::PipeReaders(pipe) | QueueName::PipeWriters(pipe) => self.settle_pipe(host, pipe),
            QueueName::FifoReaders(fifo) | QueueName::FifoWriters(fifo) => self.settle_fifo(host, fifo),
            QueueName::Console => self.settle_console(host),
            // Their waits are completed by whoever makes that possible: nothing is left to be passed on.
            QueueName::MqReceivers(_) | QueueName::MqSenders(_) => {}
            QueueName::TerminalWriters => self.settle_terminal_writers(host),
            QueueName::SetChange(set) | QueueName::SetZero(set) => self.unmerge_queues(set),
            QueueName::Children(_)
            | QueueName::Receivers(_)
            | QueueName::Senders(_)
            | QueueName::SemaphoreChange(_)
            | QueueName::SemaphoreZero(_) => {}
        }
    }

    /// A queue.
    pub(crate) fn queue(&self, name: QueueName) -> &WaitQueue {
        match name {
            QueueName::PipeReaders(pipe) => &self.pipes.at(pipe).waiting_readers,
            QueueName::PipeWriters(pipe) => &self.pipes.at(pipe).waiting_writers,
            QueueName::FifoReaders(fifo) => &self.fifo(fifo).opening_readers,
            QueueName::FifoWriters(fifo) => &self.fifo(fifo).opening_writers,
            QueueName::Console => &self.console.waiting_readers,
            QueueName::TerminalWriters => &self.tty.waiting_writers,
            QueueName::Children(process) => &self.processes.at(process).waiting_for_children,
            QueueName::Receivers(queue) => &self.queues.table.at(queue).receivers,
            QueueName::Senders(queue) => &self.queues.table.at(queue).senders,
            QueueName::MqReceivers(queue) => &self.mqueues.at(queue).waiting_receivers,
            QueueName::MqSenders(queue) => &self.mqueues.at(queue).waiting_senders,
            QueueName::SemaphoreChange(semaphore) => &self.semaphores.at(semaphore).changers,
            QueueName::SemaphoreZero(semaphore) => &self.semaphores.at(semaphore).zero_waiters,
            QueueName::SetChange(set) => &self.sets.table.at(set).changers,
            QueueName::SetZero(set) => &self.sets.table.at(set).zero_waiters,
        }
    }

    /// A queue, and the threads that stand in it.
    pub(crate) fn queue_mut(&mut self, name: QueueName) -> (&mut WaitQueue, &mut Threads) {
        let queue = match name {
            QueueName::PipeReaders(pipe) => &mut self.pipes.at_mut(pipe).waiting_readers,
            QueueName::PipeWriters(pipe) => &mut self.pipes.at_mut(pipe).waiting_writers,
            QueueName::MqReceivers(queue) => &mut self.mqueues.at_mut(queue).waiting_receivers,
            QueueName::MqSenders(queue) => &mut self.mqueues.at_mut(queue).waiting_senders,
            QueueName::FifoReaders(fifo) => &mut fifo_in(&mut self.inodes, fifo).opening_readers,
            QueueName::FifoWriters(fifo) => &mut fifo_in(&mut self.inodes, fifo).opening_writers,
            QueueName::Console => &mut self.console.waiting_readers,
            QueueName::TerminalWriters => &mut self.tty.waiting_writers,
            QueueName::Children(process) => &mut self.processes.at_mut(process).waiting_for_children,
            QueueName::Receivers(queue) => &mut self.queues.table.at_mut(queue).receivers,
            QueueName::Senders(queue) => &mut self.queues.table.at_mut(queue).senders,
            QueueName::SemaphoreChange(semaphore) => &mut self.semaphores.at_mut(semaphore).changers,
            QueueName::SemaphoreZero(semaphore) => &mut self.semaphores.at_mut(semaphore).zero_waiters,
            QueueName::SetChange(set) => &mut self.sets.table.at_mut(set).changers,
            QueueName::SetZero(set) => &mut self.sets.table.at_mut(set).zero_waiters,
        };
        (queue, &mut self.threads)
    }
}
