//! A world as bytes, and back.
//!
//! Of a process, only what it was told is saved. Where it stands is found out by running its program again up to that
//! point, which also shows whether it is still the same program.

use abi::SignalSet;
use kernel::signal::queue::Info;
use kernel::{FrameNo, ImageNo, PhysMem, ProcessId, ThreadId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use userland::Args;
use userland::hart::Piece;

use crate::handler::Interrupted;
use crate::history::{Event, Told};
use crate::machine::Machine;
use crate::process::{Fault, Pending, Process, Staged};
use crate::world::{OutputDigest, World};

/// What a file of this form begins with. The last byte is its version.
const MAGIC: [u8; 8] = *b"vitrine\x02";

/// Why a world can't be saved or loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SaveError {
    /// The bytes don't begin as a saved world does, or are of another version.
    NotAWorld,
    /// They are damaged, or come from a kernel that was built with other limits.
    Damaged(String),
    /// A leaf program's history wasn't kept (see `Settings::glass`).
    NotKept,
    /// The table of programs is another one.
    OtherPrograms,
    /// A process can't be brought to where it stood.
    Fault {
        /// Of which program.
        program: String,
        /// What was wrong.
        fault: Fault,
    },
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::NotAWorld => f.write_str("not a saved world, or one of another version"),
            SaveError::Damaged(what) => {
                write!(f, "a damaged world, or one of a kernel that was built with other limits: {what}")
            }
            SaveError::NotKept => f.write_str("the history of a leaf program wasn't kept, so the world can't be saved"),
            SaveError::OtherPrograms => f.write_str("the world was saved with other programs"),
            SaveError::Fault { program, fault } => write!(f, "{program} {fault}"),
        }
    }
}

impl std::error::Error for SaveError {}

impl From<postcard::Error> for SaveError {
    fn from(error: postcard::Error) -> Self {
        SaveError::Damaged(error.to_string())
    }
}

/// All but the kernel, which is saved and loaded in place.
#[derive(Serialize, Deserialize)]
struct Rest {
    programs: Vec<String>,
    frames: Vec<(u16, Vec<u8>)>,
    processes: Vec<SavedProcess>,
    output: (u64, u64),
    input_position: u64,
    typed: u64,
    arrivals: u64,
    steps: u64,
    exact_hash: u64,
}

#[derive(Serialize, Deserialize)]
struct SavedProcess {
    thread: ThreadId,
    id: ProcessId,
    image: ImageNo,
    argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
    events: Vec<SavedEvent>,
    begun: bool,
    frame: SavedFrame,
    interrupted: Vec<SavedInterrupted>,
}

/// What a function of the program stands in, besides its operation.
#[derive(Serialize, Deserialize)]
struct SavedFrame {
    stack_pointer: u64,
    pending: Option<(i64, Option<Vec<u8>>)>,
    staged: Option<SavedStage>,
    kept: Option<Vec<u8>>,
}

/// What a handler interrupted, and with what it returns.
#[derive(Serialize, Deserialize)]
struct SavedInterrupted {
    frame: SavedFrame,
    info: Info,
    mask: u64,
    returns: Option<i64>,
    on_alternate_stack: bool,
}

/// What an access gave, what is staged, what was kept of a result.
type RestoredFrame = (Option<Pending>, Option<Arc<Staged>>, Option<Arc<[u8]>>);

/// Bytes, and for each piece of them its address, start and length.
type SavedStage = (Vec<u8>, Vec<(u64, u64, u64)>);

#[derive(Serialize, Deserialize)]
enum SavedEvent {
    Result { check: u32, value: i64, bytes: Vec<u8> },
    HandlerEntered { signal: u8, handler: u16, code: i32, pid: u32, uid: u32, value: u64, stack_pointer: u64 },
    HandlerLeft,
}

impl From<Told<'_>> for SavedEvent {
    fn from(told: Told<'_>) -> Self {
        match (told.as_handler(), told.as_result()) {
            (_, Some((check, value, bytes))) => SavedEvent::Result { check, value, bytes: bytes.into() },
            (Some(&Event::HandlerEntered { signal, handler, code, pid, uid, value, stack_pointer }), _) => {
                SavedEvent::HandlerEntered { signal, handler, code, pid, uid, value, stack_pointer }
            }
            _ => SavedEvent::HandlerLeft,
        }
    }
}

impl From<SavedEvent> for Event {
    fn from(event: SavedEvent) -> Self {
        match event {
            SavedEvent::Result { check, value, bytes } => Event::result(check, value, &bytes),
            SavedEvent::HandlerEntered { signal, handler, code, pid, uid, value, stack_pointer } => {
                Event::HandlerEntered { signal, handler, code, pid, uid, value, stack_pointer }
            }
            SavedEvent::HandlerLeft => Event::HandlerLeft,
        }
    }
}

impl SavedProcess {
    fn of(process: &Process) -> Result<SavedProcess, SaveError> {
        if !process.history.keeps_events() && !process.history.is_empty() {
            return Err(SaveError::NotKept);
        }
        let own = |texts: Vec<&[u8]>| texts.into_iter().map(<[u8]>::to_vec).collect();
        Ok(SavedProcess {
            thread: process.thread,
            id: process.id,
            image: process.image,
            argv: own(process.args.argv()),
            envp: own(process.args.envp()),
            checkpoint: process.args.checkpoint().map(<[u8]>::to_vec),
            events: process.history.events().iter().map(SavedEvent::from).collect(),
            begun: process.parked.is_some(),
            frame: SavedFrame::of(process.stack_pointer, &process.pending, &process.staged, &process.kept),
            interrupted: process.interrupted.iter().map(SavedInterrupted::of).collect(),
        })
    }

    /// The process, not yet brought to the operation that it stands in.
    fn restore(self) -> (Process, bool) {
        let mut args = Args::new(self.argv, self.envp);
        if let Some(state) = self.checkpoint {
            args = args.with_checkpoint(state.into());
        }
        let mut process = Process::new((self.thread, self.id), self.image, args, self.frame.stack_pointer, true);
        for event in self.events {
            process.history.push(event.into());
        }
        (process.pending, process.staged, process.kept) = self.frame.restore();
        process.interrupted = self.interrupted.into_iter().map(SavedInterrupted::restore).collect();
        (process, self.begun)
    }
}

impl SavedFrame {
    fn of(
        stack_pointer: u64,
        pending: &Option<Pending>,
        staged: &Option<Arc<Staged>>,
        kept: &Option<Arc<[u8]>>,
    ) -> SavedFrame {
        let own = |bytes: &Option<Arc<[u8]>>| bytes.as_deref().map(<[u8]>::to_vec);
        SavedFrame {
            stack_pointer,
            pending: pending.as_ref().map(|pending| (pending.value, own(&pending.bytes))),
            staged: staged.as_ref().map(|staged| {
                let pieces = staged.pieces.iter();
                let pieces = pieces.map(|piece| (piece.address, piece.start as u64, piece.length as u64));
                (staged.bytes.clone(), pieces.collect())
            }),
            kept: own(kept),
        }
    }

    fn restore(self) -> RestoredFrame {
        let pending = self.pending.map(|(value, bytes)| Pending { value, bytes: bytes.map(Arc::from) });
        let staged = self.staged.map(|(bytes, pieces)| {
            let pieces = pieces.into_iter().map(|(address, start, length)| Piece {
                address,
                start: start as usize,
                length: length as usize,
            });
            Arc::new(Staged { bytes, pieces: pieces.collect() })
        });
        (pending, staged, self.kept.map(Arc::from))
    }
}

impl SavedInterrupted {
    fn of(interrupted: &Interrupted) -> SavedInterrupted {
        let Interrupted { stack_pointer, pending, staged, kept, .. } = interrupted;
        SavedInterrupted {
            frame: SavedFrame::of(*stack_pointer, pending, staged, kept),
            info: interrupted.info,
            mask: interrupted.mask.bits(),
            returns: interrupted.returns,
            on_alternate_stack: interrupted.on_alternate_stack,
        }
    }

    /// What was interrupted, not yet with its operation.
    fn restore(self) -> Interrupted {
        let stack_pointer = self.frame.stack_pointer;
        let (pending, staged, kept) = self.frame.restore();
        Interrupted {
            info: self.info,
            mask: SignalSet::from_bits_retain(self.mask),
            returns: self.returns,
            on_alternate_stack: self.on_alternate_stack,
            stack_pointer,
            parked: None,
            pending,
            staged,
            kept,
        }
    }
}

impl Machine {
    /// The world as bytes, for a file.
    ///
    /// # Errors
    /// [`SaveError::NotKept`]: the machine isn't set to `glass`, and a leaf program is running.
    pub fn save(&self, world: &World) -> Result<Vec<u8>, SaveError> {
        let rest = Rest {
            programs: self.programs.iter().map(|program| program.name.into()).collect(),
            frames: world.frames.contents().map(|(number, bytes)| (number.0, bytes.to_vec())).collect(),
            processes: world.processes().map(SavedProcess::of).collect::<Result<_, _>>()?,
            output: (world.output.bytes, world.output.hash),
            input_position: world.input_position,
            typed: world.typed,
            arrivals: world.arrivals,
            steps: world.steps,
            exact_hash: world.exact_hash(),
        };
        let bytes = postcard::to_extend(&*world.kernel, MAGIC.to_vec())?;
        Ok(postcard::to_extend(&rest, bytes)?)
    }

    /// The world that was saved.
    ///
    /// # Errors
    /// Every [`SaveError`] but `NotKept`.
    pub fn load(&mut self, bytes: &[u8]) -> Result<World, SaveError> {
        let bytes = bytes.strip_prefix(&MAGIC).ok_or(SaveError::NotAWorld)?;
        let mut world = World::new();
        let mut reader = postcard::Deserializer::from_bytes(bytes);
        world.kernel.deserialize_into(&mut reader)?;
        let rest = Rest::deserialize(&mut reader)?;
        if !rest.programs.iter().eq(self.programs.iter().map(|program| program.name)) {
            return Err(SaveError::OtherPrograms);
        }
        for (number, bytes) in &rest.frames {
            let frame = world.frames.frame_mut(FrameNo(*number));
            if bytes.len() != frame.len() {
                return Err(SaveError::Damaged("a frame of the wrong size".into()));
            }
            frame.copy_from_slice(bytes);
        }
        for saved in rest.processes {
            let (mut process, begun) = saved.restore();
            self.hart.find_parked(&mut process, begun).map_err(|fault| self.lost(&process, fault))?;
            world.put(process);
        }
        world.output = OutputDigest { bytes: rest.output.0, hash: rest.output.1 };
        (world.input_position, world.typed, world.arrivals) = (rest.input_position, rest.typed, rest.arrivals);
        world.steps = rest.steps;
        if world.exact_hash() != rest.exact_hash {
            return Err(SaveError::Damaged("its hash isn't the one that was saved with it".into()));
        }
        Ok(world)
    }

    fn lost(&self, process: &Process, fault: Fault) -> SaveError {
        let program = self.programs.get(process.image.index()).map_or("?", |program| program.name);
        SaveError::Fault { program: program.into(), fault }
    }
}
