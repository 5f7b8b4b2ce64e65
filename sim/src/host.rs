//! What the kernel sees of the machine around it: memory, programs, and a place to report to. Reports are noted down while
//! the kernel runs, and passed on when it has returned, when the world can be looked at again.

use abi::{Errno, Signal, Syscall, WaitStatus};
use kernel::signal::queue::Info;
use kernel::{Event, Fate, ImageNo, Kernel, ProcessId, Programs, ThreadId, Trace, Waking};
use userland::Program;

use crate::core_image::CoreImage;
use crate::frames::{Frames, memory_in};
use crate::observer::Observer;
use crate::world::OutputDigest;

/// The machine as the kernel sees it, for the duration of one entry.
pub(crate) struct Host<'a> {
    pub(crate) frames: &'a mut Frames,
    pub(crate) output: &'a mut OutputDigest,
    pub(crate) programs: &'static [Program],
    pub(crate) notes: &'a mut Notes,
}

memory_in!(Host<'_>, frames);

impl Programs for Host<'_> {
    /// By its name, or by its path in `/bin`.
    fn find(&self, name: &[u8]) -> Option<ImageNo> {
        let name = name.strip_prefix(b"/bin/").unwrap_or(name);
        self.programs.iter().position(|program| program.name.as_bytes() == name).map(ImageNo::from_index)
    }

    fn static_bytes(&self, image: ImageNo) -> u64 {
        self.programs.get(image.index()).map_or(0, |program| program.static_bytes)
    }
}

impl Trace for Host<'_> {
    // Always inlined: the kernel knows which event it is, so for most nothing is left but a look at `watching`.
    #[inline(always)]
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::ConsoleOutput { stream, bytes } => self.output.add(stream, bytes),
            Event::Ended { process, .. } => self.notes.ended.push(process),
            _ if !self.notes.watching => return,
            _ => {}
        }
        self.notes.add(&event);
    }

    #[inline]
    fn listens_to_calls(&self) -> bool {
        self.notes.watching
    }

    fn core_image(&mut self, kernel: &Kernel, process: ProcessId, cause: &Info) {
        if self.notes.wants_cores
            && let Some(image) = CoreImage::of(kernel, self.frames, process, cause)
        {
            self.notes.any = true;
            self.notes.cores.push((process, image));
        }
    }
}

/// What was reported since the notes were last passed on.
#[derive(Default)]
pub(crate) struct Notes {
    /// Whether there is anything to pass on: this alone is looked at in each step.
    any: bool,
    /// Whether anybody wants to know of everything.
    pub(crate) watching: bool,
    /// Processes whose user code is to be let go of.
    pub(crate) ended: Vec<ProcessId>,
    /// Core images that wait for the program's side of them.
    pub(crate) cores: Vec<(ProcessId, CoreImage)>,
    /// What the program that is being ended did wrong.
    pub(crate) fault: Option<String>,
    wants_cores: bool,
    events: Vec<Note>,
    bytes: Vec<u8>,
}

/// An event without references.
#[derive(Clone, Copy)]
enum Note {
    Entered { thread: ThreadId, call: Syscall },
    Finished { thread: ThreadId, call: Syscall, result: Result<i64, Errno> },
    Blocked { thread: ThreadId, call: Syscall },
    Woken { thread: ThreadId, why: Waking },
    Switched { thread: ThreadId },
    Forked { parent: ProcessId, child: ProcessId },
    Ended { process: ProcessId, status: WaitStatus },
    Reaped { process: ProcessId },
    Adopted { child: ProcessId, parent: ProcessId },
    Generated { process: ProcessId, signal: Signal, fate: Fate },
    Delivered { process: ProcessId, signal: Signal, handler: bool },
    Accepted { process: ProcessId, signal: Signal },
    Discarded { process: ProcessId, signal: Signal },
    PageFault { thread: ThreadId, address: u64, write: bool },
    ConsoleOutput { stream: u8, start: usize, end: usize },
}

impl Notes {
    /// Notes down what this observer wants to know.
    #[inline]
    pub(crate) fn watch<O: Observer>(&mut self, observer: &O) {
        self.watching = observer.watches();
        self.wants_cores = observer.wants_cores();
    }

    /// Whether there is nothing to pass on.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.any
    }

    #[cold]
    fn add(&mut self, event: &Event<'_>) {
        self.any = true;
        self.events.push(match *event {
            Event::Entered { thread, call } => Note::Entered { thread, call: *call },
            Event::Finished { thread, call, result } => Note::Finished { thread, call: *call, result },
            Event::Blocked { thread, call } => Note::Blocked { thread, call: *call },
            Event::Woken { thread, why } => Note::Woken { thread, why },
            Event::Switched { thread } => Note::Switched { thread },
            Event::Forked { parent, child } => Note::Forked { parent, child },
            Event::Ended { process, status } => Note::Ended { process, status },
            Event::Reaped { process } => Note::Reaped { process },
            Event::Adopted { child, parent } => Note::Adopted { child, parent },
            Event::Generated { process, signal, fate } => Note::Generated { process, signal, fate },
            Event::Delivered { process, signal, handler } => Note::Delivered { process, signal, handler },
            Event::Accepted { process, signal } => Note::Accepted { process, signal },
            Event::Discarded { process, signal } => Note::Discarded { process, signal },
            Event::PageFault { thread, address, write } => Note::PageFault { thread, address, write },
            Event::ConsoleOutput { stream, bytes } => {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(bytes);
                Note::ConsoleOutput { stream, start, end: self.bytes.len() }
            }
        });
    }

    /// Passes everything on, in order.
    pub(crate) fn pass_on(&mut self, mut to: impl FnMut(Event<'_>)) {
        self.any = false;
        for note in &self.events {
            to(match note {
                Note::Entered { thread, call } => Event::Entered { thread: *thread, call },
                Note::Finished { thread, call, result } => Event::Finished { thread: *thread, call, result: *result },
                Note::Blocked { thread, call } => Event::Blocked { thread: *thread, call },
                &Note::Woken { thread, why } => Event::Woken { thread, why },
                &Note::Switched { thread } => Event::Switched { thread },
                &Note::Forked { parent, child } => Event::Forked { parent, child },
                &Note::Ended { process, status } => Event::Ended { process, status },
                &Note::Reaped { process } => Event::Reaped { process },
                &Note::Adopted { child, parent } => Event::Adopted { child, parent },
                &Note::Generated { process, signal, fate } => Event::Generated { process, signal, fate },
                &Note::Delivered { process, signal, handler } => Event::Delivered { process, signal, handler },
                &Note::Accepted { process, signal } => Event::Accepted { process, signal },
                &Note::Discarded { process, signal } => Event::Discarded { process, signal },
                &Note::PageFault { thread, address, write } => Event::PageFault { thread, address, write },
                &Note::ConsoleOutput { stream, start, end } => {
                    Event::ConsoleOutput { stream, bytes: &self.bytes[start..end] }
                }
            });
        }
        self.events.clear();
        self.bytes.clear();
    }
}
