//! POSIX timers (`timer_create(2) timer_settime(2) timer_getoverrun(2)`).
//!
//! A timer keeps room for one queued signal from its creation on, so its expiry can't fail; and it stands still from its expiry
//! until that signal is taken, as on Linux. Then the expiries in between are counted (its overrun), and it goes on in its old
//! rhythm. A periodic timer whose signal is ignored stands still until the signal no longer is.
//!
//! Timers on a CPU clock aren't in the timer queue: they are looked at when the timer ticks, as on Linux.

use abi::{
    ClockId, Errno, In, Itimerspec, Out, SI_TIMER, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID, SigEvent,
    Signal, TimerFlags, Timespec,
};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{InfoNo, ProcessNo, TimerNo};
use crate::kernel::Kernel;
use crate::limits::{TIMERS, words};
use crate::list::{Link, Linked};
use crate::signal::queue::{Info, QueuedInfo};
use crate::table::{Entry, Table};
use crate::time::interval::next_expiry;
use crate::time::timer_queue::Alarm;
use crate::time::{NEVER_US, distance_us};

/// The POSIX timers. A timer's id is its slot.
pub type Timers = Table<TimerNo, Timer, TIMERS, { words(TIMERS) }>;

/// One timer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timer {
    /// Whose it is.
    pub process: ProcessNo,
    /// Its place among the timers of its process.
    pub link: Link<TimerNo>,
    /// On which clock it runs.
    pub clock: ClockId,
    /// Whom it tells.
    pub notify: Notify,
    /// With which signal.
    pub signal: Signal,
    /// What the signal brings along.
    pub value: u64,
    /// The room for its signal; `None` if it has none.
    pub info: Option<InfoNo>,
    /// Whether it runs.
    pub state: TimerState,
    /// When it expires, or did last, in microseconds on its clock.
    pub expires_us: u64,
    /// How long it runs then; 0: not again.
    pub every_us: u64,
    /// How many expiries the signal that was taken last stood for, besides its own.
    pub overrun: u32,
}

/// Whom a timer tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Notify {
    /// Nobody.
    Nobody,
    /// The process.
    Process,
    /// Its thread.
    Thread,
}

/// Whether a timer runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TimerState {
    /// It doesn't.
    Off,
    /// It does.
    Armed,
    /// It has expired, and its signal is pending.
    Pending,
    /// It has expired, and will go on when its signal isn't ignored any more.
    Ignored,
}

/// The list of a process's timers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerList;

impl Linked<TimerList, TimerNo> for Timer {
    fn link(&self) -> &Link<TimerNo> {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link<TimerNo> {
        &mut self.link
    }
}

impl Entry for Timer {
    const VACANT: Timer = Timer {
        process: ProcessNo(u16::MAX),
        link: Link::NONE,
        clock: ClockId::CLOCK_REALTIME,
        notify: Notify::Nobody,
        signal: Signal::SIGALRM,
        value: 0,
        info: None,
        state: TimerState::Off,
        expires_us: 0,
        every_us: 0,
        overrun: 0,
    };
}

impl Timer {
    /// Whether it counts CPU time.
    pub fn counts_cpu(&self) -> bool {
        matches!(self.clock, ClockId::CLOCK_PROCESS_CPUTIME_ID | ClockId::CLOCK_THREAD_CPUTIME_ID)
    }

    /// Whether it stands in the timer queue.
    pub(crate) fn is_queued(&self) -> bool {
        self.state == TimerState::Armed && self.notify != Notify::Nobody && !self.counts_cpu()
    }

    /// As `timer_gettime` reports it.
    fn to_abi(self, now_us: u64) -> Itimerspec {
        let goes_on = self.every_us > 0 && (self.notify == Notify::Nobody || self.state != TimerState::Armed);
        let left = match self.state {
            TimerState::Off => Timespec::default(),
            _ if now_us < self.expires_us => Timespec::from_us(self.expires_us - now_us),
            _ if goes_on => Timespec::from_us(next_expiry(self.expires_us, self.every_us, now_us).0 - now_us),
            // It is about to: the tick that shows it hasn't come.
            TimerState::Armed if self.notify != Notify::Nobody => Timespec { sec: 0, nsec: 1 },
            _ => Timespec::default(),
        };
        Itimerspec { interval: Timespec::from_us(self.every_us), value: left }
    }

    /// Turns its points in time into distances from now.
    pub(crate) fn relative_to(&mut self, now_us: u64) {
        if self.state != TimerState::Off {
            self.expires_us = distance_us(self.expires_us, now_us);
        }
    }
}

impl Kernel {
    pub(crate) fn sys_timer_create<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        clock: ClockId,
        event: In<SigEvent>,
        id: Out<i32>,
    ) -> Outcome {
        self.clock_us(cx.process, clock).ok_or(Errno::EINVAL)?;
        let timer = self.posix_timers.lowest_free().ok_or(Errno::EAGAIN)?;
        let event: SigEvent = match event.is_null() {
            // SIGALRM, with the timer's id (timer_create(2)).
            true => SigEvent { value: u64::from(timer.0), signo: 14, notify: SIGEV_SIGNAL, ..SigEvent::default() },
            false => self.get(cx.host, cx.process, event.address)?,
        };
        let (notify, signal) = self.check_event(cx.process, event)?;
        if notify != Notify::Nobody && self.infos.room() == 0 {
            return Err(Errno::EAGAIN);
        }
        self.put(cx.host, cx.process, id.address, &i32::from(timer.0))?;
        let info = match notify {
            Notify::Nobody => None,
            _ => {
                let info = Info { pid: timer.0.into(), value: event.value, ..Info::kernel(signal, SI_TIMER) };
                self.infos.insert(QueuedInfo { info, next: None, timer: Some(timer) }).ok()
            }
        };
        let process = cx.process;
        let made = Timer { process, clock, notify, signal, value: event.value, info, ..Timer::VACANT };
        if self.posix_timers.insert(made) != Ok(timer) {
            crate::bug("a timer isn't made where its slot was");
        }
        self.processes.at_mut(process).timers.push(&mut self.posix_timers, timer);
        Ok(Flow::Done(0))
    }

    fn check_event(&self, process: ProcessNo, event: SigEvent) -> Result<(Notify, Signal), Errno> {
        let signal = Signal::new(event.signo.into()).ok_or(Errno::EINVAL);
        match event.notify {
            SIGEV_NONE => Ok((Notify::Nobody, Signal::SIGALRM)),
            SIGEV_SIGNAL | SIGEV_THREAD => Ok((Notify::Process, signal?)),
            SIGEV_THREAD_ID if event.tid == self.processes.at(process).pid as i32 => Ok((Notify::Thread, signal?)),
            _ => Err(Errno::EINVAL),
        }
    }

    pub(crate) fn sys_timer_settime<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        flags: TimerFlags,
        new: In<Itimerspec>,
        old: Out<Itimerspec>,
    ) -> Outcome {
        if new.is_null() {
            return Err(Errno::EINVAL);
        }
        let wanted: Itimerspec = self.get(cx.host, cx.process, new.address)?;
        let (value_us, every_us) = match (wanted.value.to_us(), wanted.interval.to_us()) {
            (Some(value_us), Some(every_us)) => (value_us, every_us),
            _ => return Err(Errno::EINVAL),
        };
        let timer = self.timer_with(cx.process, id)?;
        let entry = *self.posix_timers.at(timer);
        let now_us = self.timer_now_us(timer);
        self.disarm(cx.host, timer);
        if value_us > 0 {
            let expires_us = match flags.contains(TimerFlags::TIMER_ABSTIME) {
                true => value_us.min(NEVER_US),
                false => now_us.saturating_add(value_us).min(NEVER_US),
            };
            let entry = self.posix_timers.at_mut(timer);
            entry.every_us = every_us;
            self.arm(timer, expires_us);
            let entry = self.posix_timers.at(timer);
            if entry.is_queued() && expires_us <= now_us {
                self.timers.remove(expires_us, Alarm::Timer(timer));
                self.expire_timer(cx.host, timer);
            }
        }
        // Linux has set when a bad pointer for the old value is noticed; so have we.
        if !old.is_null() {
            self.put(cx.host, cx.process, old.address, &entry.to_abi(now_us))?;
        }
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_timer_gettime<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        value: Out<Itimerspec>,
    ) -> Outcome {
        let timer = self.timer_with(cx.process, id)?;
        let value_now = self.posix_timers.at(timer).to_abi(self.timer_now_us(timer));
        self.put(cx.host, cx.process, value.address, &value_now)?;
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_timer_getoverrun<H>(&self, cx: &Cx<'_, H>, id: i32) -> Outcome {
        let timer = self.timer_with(cx.process, id)?;
        Ok(Flow::Done(self.posix_timers.at(timer).overrun.into()))
    }

    pub(crate) fn sys_timer_delete<H: Host>(&mut self, cx: &mut Cx<'_, H>, id: i32) -> Outcome {
        let timer = self.timer_with(cx.process, id)?;
        self.delete_timer(cx.host, timer);
        Ok(Flow::Done(0))
    }

    /// A timer of a process, by its id.
    fn timer_with(&self, process: ProcessNo, id: i32) -> Result<TimerNo, Errno> {
        let timer = u16::try_from(id).map(TimerNo).map_err(|_| Errno::EINVAL)?;
        match self.posix_timers.get(timer) {
            Some(entry) if entry.process == process => Ok(timer),
            _ => Err(Errno::EINVAL),
        }
    }

    /// What the clock of a timer shows.
    fn timer_now_us(&self, timer: TimerNo) -> u64 {
        let entry = self.posix_timers.at(timer);
        self.clock_us(entry.process, entry.clock).unwrap_or(0)
    }

    fn arm(&mut self, timer: TimerNo, expires_us: u64) {
        let entry = self.posix_timers.at_mut(timer);
        entry.state = TimerState::Armed;
        entry.expires_us = expires_us;
        if entry.is_queued() {
            self.timers.insert(expires_us, Alarm::Timer(timer));
        }
    }

    /// Stops a timer. A signal of it that is pending is discarded; Linux drops it when it would be taken.
    fn disarm<H: Host>(&mut self, host: &mut H, timer: TimerNo) {
        let entry = *self.posix_timers.at(timer);
        if entry.is_queued() {
            self.timers.remove(entry.expires_us, Alarm::Timer(timer));
        }
        if entry.state == TimerState::Pending {
            self.withdraw_timer_signal(host, timer);
        }
        let entry = self.posix_timers.at_mut(timer);
        (entry.state, entry.expires_us, entry.every_us, entry.overrun) = (TimerState::Off, 0, 0, 0);
    }

    fn delete_timer<H: Host>(&mut self, host: &mut H, timer: TimerNo) {
        self.disarm(host, timer);
        let Timer { process, info, .. } = *self.posix_timers.at(timer);
        if let Some(info) = info {
            self.infos.free(info);
        }
        self.processes.at_mut(process).timers.remove(&mut self.posix_timers, timer);
        self.posix_timers.free(timer);
    }

    /// The process ends, or executes a program.
    pub(crate) fn delete_all_timers<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        while let Some(timer) = self.processes.at(process).timers.first() {
            self.delete_timer(host, timer);
        }
    }

    /// An armed timer, taken out of the queue already, has expired.
    pub(crate) fn expire_timer<H: Host>(&mut self, host: &mut H, timer: TimerNo) {
        let pending = self.send_timer_signal(host, timer);
        let entry = self.posix_timers.at_mut(timer);
        entry.state = match (pending, entry.every_us) {
            (true, _) => TimerState::Pending,
            (false, 0) => TimerState::Off,
            (false, _) => TimerState::Ignored,
        };
    }

    /// The timer has ticked: timers that count the CPU time of whoever runs may have expired.
    pub(crate) fn expire_cpu_timers<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let mut next = self.processes.at(process).timers.first();
        while let Some(timer) = next {
            let entry = *self.posix_timers.at(timer);
            next = entry.link.next;
            let counts = entry.counts_cpu() && entry.state == TimerState::Armed && entry.notify != Notify::Nobody;
            if counts && self.timer_now_us(timer) >= entry.expires_us {
                self.expire_timer(host, timer);
            }
        }
    }

    /// The signal of a timer is taken: a periodic one goes on. How many expiries were missed meanwhile.
    pub(crate) fn timer_signal_taken(&mut self, timer: TimerNo) -> u32 {
        let now_us = self.timer_now_us(timer);
        let entry = self.posix_timers.at_mut(timer);
        if entry.every_us == 0 {
            (entry.state, entry.overrun) = (TimerState::Off, 0);
            return 0;
        }
        let (expires_us, periods) = next_expiry(entry.expires_us, entry.every_us, now_us);
        // The largest number that is reported is DELAYTIMER_MAX.
        entry.overrun = u32::try_from(periods - 1).unwrap_or(u32::MAX).min(i32::MAX as u32);
        let overrun = entry.overrun;
        self.arm(timer, expires_us);
        overrun
    }

    /// The signal of a timer was dropped because it is ignored: a periodic timer waits until it isn't.
    pub(crate) fn timer_signal_dropped(&mut self, timer: TimerNo) {
        let entry = self.posix_timers.at_mut(timer);
        entry.state = if entry.every_us > 0 { TimerState::Ignored } else { TimerState::Off };
    }

    /// A signal isn't ignored any more: timers that wait for that have expired now.
    pub(crate) fn wake_ignored_timers<H: Host>(&mut self, host: &mut H, process: ProcessNo, signal: Signal) {
        let mut next = self.processes.at(process).timers.first();
        while let Some(timer) = next {
            let entry = *self.posix_timers.at(timer);
            next = entry.link.next;
            if entry.state == TimerState::Ignored && entry.signal == signal {
                self.expire_timer(host, timer);
            }
        }
    }

    /// Turns the points in time that timers know into distances from now, on their own clocks.
    pub(crate) fn make_timers_relative(&mut self) {
        let now_us = self.now_us();
        let mut from = 0;
        while let Some(process) = self.processes.next_slot(from) {
            from = process.index() + 1;
            let used = self.usage_of(process);
            let intervals = &mut self.processes.at_mut(process).intervals;
            intervals.real.relative_to(now_us);
            intervals.virtually.relative_to(used.utime_us);
            intervals.profiling.relative_to(used.cpu_us());
        }
        let mut from = 0;
        while let Some(timer) = self.posix_timers.next_slot(from) {
            from = timer.index() + 1;
            let clock_us = self.timer_now_us(timer);
            self.posix_timers.at_mut(timer).relative_to(clock_us);
        }
        let mut from = 0;
        while let Some(thread) = self.threads.next_slot(from) {
            from = thread.index() + 1;
            let cpu_us = self.usage_of(self.threads.at(thread).process).cpu_us();
            self.threads.at_mut(thread).make_times_relative(now_us, cpu_us);
        }
    }
}
