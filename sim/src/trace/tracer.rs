//! From the kernel's events to lines.
//!
//! A call is one line if nothing else happens before its result; otherwise it is cut with `<unfinished ...>` and goes on
//! in a line that says `<... resumed>`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use abi::{Errno, Syscall};
use kernel::{Event, Fate, ProcessId, ThreadId};

use super::call;
use super::ending::ending;
use super::view::{View, Who};

/// A call that was entered and hasn't its result yet.
#[derive(Debug)]
struct Open {
    thread: ThreadId,
    call: Syscall,
    /// The first part of its line, and how many arguments are in it.
    head: (String, usize),
    /// When and by whom it was entered.
    entered_us: u64,
    who: Who,
    /// Whether its first part has been printed.
    printed: bool,
}

/// A line that waits for the call that led to it to be printed first: one expects `write() = -1 EPIPE` before SIGPIPE.
#[derive(Debug)]
struct Note {
    time_us: u64,
    who: Who,
    text: String,
    /// Whether the process is gone, and the call that it was in with it.
    ends: bool,
}

/// Writes a line for each call, and for what happens to processes.
///
/// Before a call is made: [`Tracer::asks`]. For all that the kernel reports: [`Tracer::event`]. At the end:
/// [`Tracer::finish`].
#[derive(Debug)]
pub struct Tracer<W> {
    out: W,
    /// Calls under way, by process id.
    open: BTreeMap<u32, Open>,
    /// Whose call is entered and not yet printed; at most one.
    held: Option<u32>,
    /// Lines that wait for the call that led to them.
    notes: Vec<Note>,
    /// Threads and processes that were seen: an event may name one that is gone by the time it is printed.
    threads: BTreeMap<ThreadId, Who>,
    processes: BTreeMap<ProcessId, Who>,
    /// What a call looked like before it was made: `execve` leaves nothing of the memory that it was called from.
    before: Option<(ThreadId, u64, (String, usize))>,
}

impl<W: Write> Tracer<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Tracer<W> {
        Tracer {
            out,
            open: BTreeMap::new(),
            held: None,
            notes: Vec::new(),
            threads: BTreeMap::new(),
            processes: BTreeMap::new(),
            before: None,
        }
    }

    /// Thread `thread` is about to make this call.
    ///
    /// # Errors
    /// The output can't be written to; so in the other functions.
    pub fn asks(&mut self, view: &impl View, thread: ThreadId, call: &Syscall) -> io::Result<()> {
        self.print_notes(view)?;
        let head = call::start(call, &|address, bytes| view.peek(thread, address, bytes));
        self.before = Some((thread, view.now_us(), head));
        self.thread(view, thread);
        Ok(())
    }

    /// The kernel reported this.
    pub fn event(&mut self, view: &impl View, event: Event<'_>) -> io::Result<()> {
        match event {
            Event::Entered { thread, call } => {
                self.print_notes(view)?;
                self.entered(view, thread, call)
            }
            Event::Finished { thread, call, result } => {
                // The result of a call that was tried again: what is still to be said comes from an earlier one.
                let pid = self.thread(view, thread).pid;
                if self.held != Some(pid) {
                    self.print_notes(view)?;
                }
                self.finished(view, thread, call, result)?;
                self.print_notes(view)
            }
            Event::Blocked { .. } => self.print_notes(view),
            Event::Forked { parent, child } => {
                let parent = self.process(view, parent);
                self.note(view, child, format!("+++ forked by {} +++", parent.pid), false);
                Ok(())
            }
            Event::Adopted { child, parent } => {
                let parent = self.process(view, parent);
                self.note(view, child, format!("+++ adopted by {} +++", parent.pid), false);
                Ok(())
            }
            // One that is ignored leaves no trace, as in strace.
            Event::Generated { fate: Fate::Discarded, .. } => Ok(()),
            Event::Generated { process, signal, .. } => {
                self.note(view, process, format!("--- {signal} ---"), false);
                Ok(())
            }
            Event::Ended { process, status } => {
                self.note(view, process, format!("+++ {} +++", ending(status)), true);
                Ok(())
            }
            Event::Reaped { process } => {
                self.processes.remove(&process);
                Ok(())
            }
            Event::Woken { .. }
            | Event::Switched { .. }
            | Event::Delivered { .. }
            | Event::Accepted { .. }
            | Event::Discarded { .. }
            | Event::PageFault { .. }
            | Event::ConsoleOutput { .. } => Ok(()),
        }
    }

    /// The run has ended: prints what is still held back.
    pub fn finish(&mut self, view: &impl View) -> io::Result<()> {
        self.print_notes(view)?;
        self.cut_held()?;
        self.out.flush()
    }

    fn entered(&mut self, view: &impl View, thread: ThreadId, call: &Syscall) -> io::Result<()> {
        self.cut_held()?;
        let who = self.thread(view, thread);
        let (entered_us, head) = match self.before.take() {
            Some((before, entered_us, head)) if before == thread => (entered_us, head),
            _ => (view.now_us(), call::start(call, &|address, bytes| view.peek(thread, address, bytes))),
        };
        self.held = Some(who.pid);
        self.open.insert(who.pid, Open { thread, call: *call, head, entered_us, who, printed: false });
        Ok(())
    }

    fn finished(
        &mut self,
        view: &impl View,
        thread: ThreadId,
        call: &Syscall,
        result: Result<i64, Errno>,
    ) -> io::Result<()> {
        let who = self.thread(view, thread);
        if !self.open.contains_key(&who.pid) {
            self.entered(view, thread, call)?;
        }
        self.close(view, who, Some(result))
    }

    /// Prints the second part of the call that `who` is in, if it is in one.
    fn close(&mut self, view: &impl View, who: Who, result: Option<Result<i64, Errno>>) -> io::Result<()> {
        let Some(open) = self.open.remove(&who.pid) else { return Ok(()) };
        let (head, shown) = &open.head;
        let tail = call::finish(&open.call, *shown, result, &|address, bytes| view.peek(open.thread, address, bytes));
        if open.printed {
            let resumed = format_args!("<... {} resumed>{tail}", open.call.info().name);
            return self.line(view.now_us(), &who, resumed);
        }
        self.held = None;
        self.print(open.entered_us, &open.who, format_args!("{head}{tail}"))
    }

    /// Has a line printed once the call that led to it is.
    fn note(&mut self, view: &impl View, process: ProcessId, text: String, ends: bool) {
        let who = self.process(view, process);
        self.notes.push(Note { time_us: view.now_us(), who, text, ends });
    }

    fn print_notes(&mut self, view: &impl View) -> io::Result<()> {
        for Note { time_us, who, text, ends } in std::mem::take(&mut self.notes) {
            if ends {
                self.close(view, who.clone(), None)?;
            }
            self.line(time_us, &who, format_args!("{text}"))?;
        }
        Ok(())
    }

    /// Prints a line that isn't the second part of the call held back.
    fn line(&mut self, time_us: u64, who: &Who, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.cut_held()?;
        self.print(time_us, who, text)
    }

    /// Prints the first part of the call that is held back: something comes between.
    fn cut_held(&mut self) -> io::Result<()> {
        let Some(open) = self.held.take().and_then(|pid| self.open.get_mut(&pid)) else { return Ok(()) };
        open.printed = true;
        let (head, _) = &open.head;
        let (time_us, who, text) = (open.entered_us, open.who.clone(), format!("{} <unfinished ...>", head.trim_end()));
        self.print(time_us, &who, format_args!("{text}"))
    }

    fn print(&mut self, time_us: u64, who: &Who, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        writeln!(self.out, "{time_us:>10} {:>4} {:<8} {text}", who.pid, who.name)
    }

    /// The process of a thread, as it is, or as it was last.
    fn thread(&mut self, view: &impl View, thread: ThreadId) -> Who {
        match view.who_runs(thread) {
            Some(who) => {
                self.threads.insert(thread, who.clone());
                who
            }
            None => self.threads.get(&thread).cloned().unwrap_or_default(),
        }
    }

    /// A process, as it is, or as it was last.
    fn process(&mut self, view: &impl View, process: ProcessId) -> Who {
        match view.who_is(process) {
            Some(who) => {
                self.processes.insert(process, who.clone());
                who
            }
            None => self.processes.get(&process).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use abi::*;
    use kernel::{ProcessNo, ThreadNo};

    use super::*;

    /// Processes 1, 2 and 3, the last of which may be gone; memory holds `pear` everywhere.
    struct Still {
        now_us: u64,
        name: &'static str,
        living: u16,
    }

    impl View for Still {
        fn now_us(&self) -> u64 {
            self.now_us
        }
        fn who_runs(&self, thread: ThreadId) -> Option<Who> {
            self.who_is(ProcessId { slot: ProcessNo(thread.slot.0), serial: thread.serial })
        }
        fn who_is(&self, process: ProcessId) -> Option<Who> {
            let pid = u32::from(process.slot.0);
            (process.slot.0 <= self.living).then(|| Who { pid, name: self.name.into() })
        }
        fn peek(&self, _: ThreadId, _: u64, bytes: &mut [u8]) -> usize {
            bytes.iter_mut().zip(b"pear\0".iter().cycle()).for_each(|(to, from)| *to = *from);
            bytes.len()
        }
    }

    fn thread(pid: u16) -> ThreadId {
        ThreadId { slot: ThreadNo(pid), serial: 0 }
    }

    fn process(pid: u16) -> ProcessId {
        ProcessId { slot: ProcessNo(pid), serial: 0 }
    }

    const READ: Syscall = Syscall::Read { fd: Fd(0), buffer: OutBytes(8), count: Length(64) };
    const WRITE: Syscall = Syscall::Write { fd: Fd(1), buffer: InBytes(8), count: Length(4) };
    const FORK: Syscall = Syscall::SchedYield {};

    /// The lines of a run in which `script` happens, one event per 10 microseconds.
    fn lines(script: &[(&'static str, u16, Event<'_>)]) -> Vec<String> {
        let mut tracer = Tracer::new(Vec::new());
        let mut view = Still { now_us: 0, name: "sh", living: 3 };
        for (name, living, event) in script {
            view = Still { now_us: view.now_us + 10, name, living: *living };
            if let Event::Entered { thread, call } = event {
                tracer.asks(&view, *thread, call).unwrap();
            }
            tracer.event(&view, *event).unwrap();
        }
        tracer.finish(&view).unwrap();
        let text = String::from_utf8(tracer.out).unwrap();
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    fn entered(pid: u16, call: &Syscall) -> Event<'_> {
        Event::Entered { thread: thread(pid), call }
    }

    fn finished(pid: u16, call: &Syscall, result: i64) -> Event<'_> {
        Event::Finished { thread: thread(pid), call, result: Errno::result(result) }
    }

    #[test]
    fn a_call_that_returns_at_once_is_one_line() {
        let script = [("sh", 3, entered(2, &WRITE)), ("cat", 3, finished(2, &WRITE, 4))];
        assert_eq!(lines(&script), ["10 2 sh write(1, \"pear\", 4) = 4"]);
    }

    #[test]
    fn calls_that_overlap_are_cut_and_resumed() {
        let script = [
            ("cat", 3, entered(2, &READ)),
            ("cat", 3, Event::Blocked { thread: thread(2), call: &READ }),
            ("sort", 3, entered(3, &WRITE)),
            ("sort", 3, finished(3, &WRITE, 4)),
            ("cat", 3, finished(2, &READ, 4)),
        ];
        assert_eq!(
            lines(&script),
            [
                "10 2 cat read(0, <unfinished ...>",
                "30 3 sort write(1, \"pear\", 4) = 4",
                "50 2 cat <... read resumed>\"pear\", 64) = 4",
            ]
        );
    }

    #[test]
    fn a_child_appears_behind_the_fork_that_made_it() {
        let script = [
            ("sh", 3, entered(2, &FORK)),
            ("sh", 3, Event::Forked { parent: process(2), child: process(3) }),
            ("sh", 3, finished(2, &FORK, 3)),
        ];
        assert_eq!(lines(&script), ["10 2 sh sched_yield() = 3", "20 3 sh +++ forked by 2 +++"]);
    }

    #[test]
    fn a_process_killed_in_a_call_ends_with_its_call() {
        let script = [
            ("cat", 3, entered(3, &WRITE)),
            ("cat", 3, Event::Generated { process: process(3), signal: Signal::SIGPIPE, fate: Fate::Pending }),
            ("cat", 3, finished(3, &WRITE, -32)),
            ("cat", 3, entered(3, &READ)),
            ("cat", 2, Event::Ended { process: process(3), status: WaitStatus::from_raw(13) }),
            ("cat", 2, Event::Reaped { process: process(3) }),
        ];
        assert_eq!(
            lines(&script),
            [
                "10 3 cat write(1, \"pear\", 4) = -1 EPIPE (Broken pipe)",
                "20 3 cat --- SIGPIPE ---",
                "40 3 cat read(0, 0x8, 64) = ?",
                "50 3 cat +++ killed by SIGPIPE +++",
            ]
        );
    }

    #[test]
    fn an_end_is_shown_before_the_next_result_of_another() {
        const EXIT: Syscall = Syscall::ExitGroup { status: 0 };
        let script = [
            ("cat", 3, entered(2, &READ)),
            ("cat", 3, Event::Blocked { thread: thread(2), call: &READ }),
            ("sort", 3, entered(3, &EXIT)),
            ("sort", 3, Event::Ended { process: process(3), status: WaitStatus::Exited(0) }),
            ("cat", 3, finished(2, &READ, 0)),
        ];
        assert_eq!(
            lines(&script),
            [
                "10 2 cat read(0, <unfinished ...>",
                "30 3 sort exit_group(0) = ?",
                "40 3 sort +++ exited with 0 +++",
                "50 2 cat <... read resumed>\"\", 64) = 0",
            ]
        );
    }

    #[test]
    fn a_call_that_nobody_ends_is_shown_at_the_end() {
        assert_eq!(lines(&[("cat", 3, entered(2, &READ))]), ["10 2 cat read(0, <unfinished ...>"]);
    }
}
