//! The host's side of the console: standard input, output and error.
//!
//! Input is taken on demand in full chunks, so that the timing of the host's pipe never shows. Output is collected, and
//! flushed before waiting for input, when the stream changes, and at the end.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sim::Input;
use sim::arrival::{Arrival, Arrived, Moment};
use sim::record::{InputKeeper, InputName};

use super::status::{Failure, Status};
use super::terminal::{Seen, Terminal};

/// A busy machine makes so many steps between two looks at its terminal: some tens of microseconds.
const MOMENTS_BETWEEN_LOOKS: u32 = 256;

/// The console of one run. Copies are handles to the same.
#[derive(Clone)]
pub(crate) struct Console(Rc<Shared>);

struct Shared {
    output: RefCell<Output>,
    source: RefCell<Source>,
    /// What went wrong first.
    failure: RefCell<Option<Failure>>,
    /// Set when the run is to end because something went wrong.
    stop: Cell<bool>,
}

struct Output {
    /// Streams 1 and 2. Not those of `std`, which cut at lines and know nothing of errors.
    streams: [BufWriter<File>; 2],
    /// Which of them holds bytes.
    last: usize,
}

struct Source {
    bytes: Box<dyn Read>,
    /// What was read from the host from position `start` on, and may not have been taken.
    read: Vec<u8>,
    start: u64,
    ended: bool,
    keeper: Option<InputKeeper>,
    /// What arrived at a terminal.
    arrivals: Vec<Arrival>,
    /// The host's terminal, if it is the machine's.
    terminal: Option<Terminal>,
    /// Moments to let pass before the next look at it, as long as somebody can run.
    moments: u32,
}

impl Console {
    /// The host's standard streams. What is taken of the input goes to `keeper`, if there is one.
    pub(crate) fn host(keeper: Option<InputKeeper>) -> Result<Console, Failure> {
        Console::new(Box::new(io::stdin().lock()), keeper)
    }

    /// The host's standard output and error, and this input, which arrived so at a terminal.
    pub(crate) fn with_input(input: Vec<u8>, arrivals: Vec<Arrival>) -> Result<Console, Failure> {
        let console = Console::new(Box::new(io::Cursor::new(input)), None)?;
        console.0.source.borrow_mut().arrivals = arrivals;
        Ok(console)
    }

    /// The host's terminal.
    pub(crate) fn terminal(terminal: Terminal, keeper: Option<InputKeeper>) -> Result<Console, Failure> {
        let console = Console::new(Box::new(io::empty()), keeper)?;
        console.0.source.borrow_mut().terminal = Some(terminal);
        Ok(console)
    }

    /// Gives the host's terminal back, if it was taken.
    pub(crate) fn let_go(&self) {
        self.flush();
        self.0.source.borrow_mut().terminal = None;
    }

    fn new(bytes: Box<dyn Read>, keeper: Option<InputKeeper>) -> Result<Console, Failure> {
        let stream = |stream: &dyn AsFd| match stream.as_fd().try_clone_to_owned() {
            Ok(owned) => Ok(BufWriter::with_capacity(64 << 10, File::from(owned))),
            Err(error) => Err(Failure::stdout(&error)),
        };
        let output = Output { streams: [stream(&io::stdout())?, stream(&io::stderr())?], last: 0 };
        let source = Source {
            bytes,
            read: Vec::new(),
            start: 0,
            ended: false,
            keeper,
            arrivals: Vec::new(),
            terminal: None,
            moments: 0,
        };
        Ok(Console(Rc::new(Shared {
            output: RefCell::new(output),
            source: RefCell::new(source),
            failure: RefCell::new(None),
            stop: Cell::new(false),
        })))
    }

    /// Set when the run is to end.
    pub(crate) fn stop(&self) -> &Cell<bool> {
        &self.0.stop
    }

    /// Bytes of a program; stream 2 is standard error.
    pub(crate) fn write(&self, stream: u8, bytes: &[u8]) {
        let written = self.0.output.borrow_mut().write(usize::from(stream == 2), bytes);
        self.check_output(written);
    }

    /// Everything written so far is out.
    pub(crate) fn flush(&self) {
        let flushed = self.0.output.borrow_mut().flush();
        self.check_output(flushed);
    }

    fn check_output(&self, result: io::Result<()>) {
        if let Err(error) = result {
            self.fail(Failure::stdout(&error));
        }
    }

    /// The run can't go on.
    pub(crate) fn fail(&self, failure: Failure) {
        self.0.failure.borrow_mut().get_or_insert(failure);
        self.0.stop.set(true);
    }

    /// The run has ended, after `taken` bytes of input.
    ///
    /// # Errors
    /// What went wrong in its course, or does now.
    pub(crate) fn finish(&self, taken: u64) -> Result<InputName, Failure> {
        self.flush();
        let input = self.0.source.borrow_mut().finish(taken);
        match self.0.failure.take() {
            Some(failure) => Err(failure),
            None => input.map_err(|error| keeping_failed(&error)),
        }
    }

    /// The name of the input, whatever else went wrong.
    pub(crate) fn input_name(&self, taken: u64) -> io::Result<InputName> {
        self.0.source.borrow_mut().finish(taken)
    }
}

fn keeping_failed(error: &io::Error) -> Failure {
    Failure::new(Status::IO, format_args!("cannot keep the input beside the record: {error}"))
}

impl Input for Console {
    fn read(&mut self, position: u64, chunk: &mut [u8]) -> usize {
        // Whoever types should see what the program has to say first.
        self.flush();
        let mut source = self.0.source.borrow_mut();
        if let Err(error) = source.taken(position) {
            self.fail(keeping_failed(&error));
            return 0;
        }
        match source.fill(chunk) {
            Ok(count) => count,
            Err(error) => {
                self.fail(Failure::new(Status::IO, format_args!("cannot read standard input: {error}")));
                0
            }
        }
    }

    fn arrival(&mut self, index: u64, moment: &Moment) -> Option<Arrival> {
        let known = {
            let mut source = self.0.source.borrow_mut();
            let known = usize::try_from(index).ok().and_then(|index| source.arrivals.get(index)).copied();
            if known.is_none() && !source.is_time_to_look(moment) {
                return None;
            }
            known
        };
        match known {
            Some(arrival) => moment.takes(&arrival).then_some(arrival),
            None => self.look_at_terminal(moment),
        }
    }
}

impl Console {
    /// What arrives at the host's terminal.
    fn look_at_terminal(&self, moment: &Moment) -> Option<Arrival> {
        if self.0.stop.get() {
            return None;
        }
        self.flush();
        let mut source = self.0.source.borrow_mut();
        let what = match source.look(moment) {
            Ok((Seen::Nothing, _)) => return None,
            Ok((Seen::Typed(count), at_us)) => (Arrived::Typed(count as u64), at_us),
            Ok((Seen::Resized(window), at_us)) => (Arrived::Resized(window), at_us),
            Ok((Seen::Gone, at_us)) => (Arrived::HungUp, at_us),
            Ok((Seen::Ending(signal), _)) => {
                let status = Status(u8::try_from(128 + signal).unwrap_or(u8::MAX));
                self.fail(Failure::new(status, format_args!("ended by signal {signal}")));
                return None;
            }
            Err(error) => {
                self.fail(Failure::new(Status::IO, format_args!("cannot read the terminal: {error}")));
                return None;
            }
        };
        let arrival = Arrival { step: moment.step, at_us: what.1, what: what.0 };
        source.arrivals.push(arrival);
        Some(arrival)
    }
}

impl Source {
    /// Whether to look at the terminal at this moment. A look costs more than a step.
    fn is_time_to_look(&mut self, moment: &Moment) -> bool {
        if self.terminal.is_none() || moment.is_idle() || self.moments == 0 {
            self.moments = MOMENTS_BETWEEN_LOOKS;
            return self.terminal.is_some();
        }
        self.moments -= 1;
        false
    }

    /// What there is at the terminal, and when. An idle machine's time passes as the host's does.
    fn look(&mut self, moment: &Moment) -> io::Result<(Seen, u64)> {
        let Some(terminal) = &mut self.terminal else { return Ok((Seen::Nothing, moment.now_us)) };
        let begin = Instant::now();
        let patience = moment.until_us.map(|until_us| Duration::from_micros(until_us.saturating_sub(moment.now_us)));
        let mut typed = [0; 1024];
        loop {
            let passed = begin.elapsed();
            let left = patience.map(|patience| patience.saturating_sub(passed));
            let seen = terminal.look(left, &mut typed)?;
            let passed_us = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
            let now_us = moment.now_us.saturating_add(passed_us).min(moment.until_us.unwrap_or(u64::MAX));
            if let Seen::Typed(count) = seen {
                panic_if_asked(&typed[..count]);
                self.read.extend_from_slice(&typed[..count]);
            }
            // A signal that was none of ours may have cut the waiting short.
            if seen != Seen::Nothing || left.is_some_and(|left| left.is_zero()) {
                return Ok((seen, now_us));
            }
        }
    }

    /// Everything before `position` was taken, and won't be asked for again.
    fn taken(&mut self, position: u64) -> io::Result<()> {
        let count = position.saturating_sub(self.start).min(self.read.len() as u64) as usize;
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&self.read[..count])?;
        }
        self.read.drain(..count);
        self.start += count as u64;
        Ok(())
    }

    /// Fills the chunk, or puts into it what is left before the end.
    fn fill(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        let mut filled = self.read.len();
        self.read.resize(chunk.len().max(filled), 0);
        while !self.ended && filled < chunk.len() {
            match self.bytes.read(&mut self.read[filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.read.truncate(filled);
                    return Err(error);
                }
            }
        }
        self.read.truncate(filled);
        let count = filled.min(chunk.len());
        chunk[..count].copy_from_slice(&self.read[..count]);
        Ok(count)
    }

    fn finish(&mut self, taken: u64) -> io::Result<InputName> {
        self.taken(taken)?;
        self.keeper.take().map_or(Ok(InputName::default()), InputKeeper::finish)
    }
}

/// A bug for tests, which want to see what becomes of the terminal: typing what `VITRINE_TEST_PANIC` says. Not in a release.
fn panic_if_asked(typed: &[u8]) {
    if cfg!(debug_assertions)
        && let Ok(asked) = std::env::var("VITRINE_TEST_PANIC")
        && typed == asked.as_bytes()
    {
        panic!("asked for by VITRINE_TEST_PANIC");
    }
}

impl Output {
    fn write(&mut self, index: usize, bytes: &[u8]) -> io::Result<()> {
        // The two may go to the same place: what was written first is to be seen first.
        if self.last != index {
            self.streams[self.last].flush()?;
            self.last = index;
        }
        self.streams[index].write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.streams[self.last].flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives a byte at a time, with interruptions.
    struct Trickle(Vec<u8>, bool);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            match self.0.pop() {
                Some(byte) if !buffer.is_empty() => {
                    buffer[0] = byte;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    fn source(bytes: Box<dyn Read>) -> Source {
        Source {
            bytes,
            read: Vec::new(),
            start: 0,
            ended: false,
            keeper: None,
            arrivals: Vec::new(),
            terminal: None,
            moments: 0,
        }
    }

    #[test]
    fn chunks_are_full_however_the_bytes_trickle_in() {
        let mut source = source(Box::new(Trickle(b"9876543210".to_vec(), false)));
        let mut chunk = [0; 4];
        assert_eq!((source.fill(&mut chunk).unwrap(), &chunk), (4, b"0123"));
        source.taken(4).unwrap();
        assert_eq!((source.fill(&mut chunk).unwrap(), &chunk), (4, b"4567"));
        source.taken(6).unwrap();
        assert_eq!((source.fill(&mut chunk).unwrap(), &chunk), (4, b"6789"));
        source.taken(10).unwrap();
        assert_eq!(source.fill(&mut chunk).unwrap(), 0);
    }

    #[test]
    fn an_error_ends_the_input() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::IsADirectory.into())
            }
        }
        let mut source = source(Box::new(Broken));
        assert!(source.fill(&mut [0; 4]).is_err());
        assert_eq!(source.fill(&mut [0; 4]).unwrap(), 0);
    }
}
