//! `setjmp` and `longjmp`: a jump cuts the history where the `setjmp` stood, and the program is made again up to there.
//!
//! What `setjmp` writes to memory says where that is. Memory can hold anything, and a function may have returned since; so a
//! jump is made only if the program's own frame still holds what `setjmp` gave it, with the same position and hash.

use kernel::{Kernel, ThreadId, Trap};
use userland::hart::Operation;

use crate::access::{Missing, load, store};
use crate::frames::Frames;
use crate::machine::{Act, CPU, Machine, split};
use crate::observer::Observer;
use crate::process::{Fault, Pending, Process, place};
use crate::world::World;

/// What a buffer begins with: whatever else is in memory hardly looks like it.
const MAGIC: u64 = u64::from_le_bytes(*b"jmp_buf\x01");

const WORDS: usize = Operation::JUMP_BUFFER_BYTES as usize / 8;

impl Machine {
    /// Remembers in memory where the program stands.
    pub(crate) fn set_jump<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        address: u64,
        mask: Option<u64>,
        observer: &mut O,
    ) -> Act {
        let World { kernel, frames, processes, .. } = world;
        let Some(process) = processes.get_mut(thread.slot.index()).and_then(Option::as_mut) else {
            return Act::Waited;
        };
        if self.programs.get(process.image.index()).is_none_or(|program| program.leaf) {
            let fault = Fault::LeafJumped { place: place(process.line()) };
            return self.fail(world, thread, &fault, observer);
        }
        let (at, hash) = (process.history.len() as u64, process.history.rolling_hash());
        let words = [MAGIC, at, hash, mask.is_some().into(), mask.unwrap_or(0)];
        let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        if let Err((address, write)) = store(kernel, frames, thread, address, &bytes) {
            return self.fault(world, Trap::PageFault { address, write });
        }
        process.pending = Some(returned(0, at, hash));
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        kernel.access(&mut host, CPU);
        Act::Accessed
    }

    /// Goes back to where the program stood.
    pub(crate) fn long_jump<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        address: u64,
        value: i32,
        observer: &mut O,
    ) -> Act {
        let [magic, at, hash, ..] = match read(&world.kernel, &world.frames, thread, address) {
            Ok(words) => words,
            Err((address, write)) => return self.fault(world, Trap::PageFault { address, write }),
        };
        let Some(process) = world.processes.get_mut(thread.slot.index()).and_then(Option::as_mut) else {
            return Act::Waited;
        };
        let jumped = match magic {
            MAGIC => self.cut(process, at, hash),
            _ => Err(Fault::JumpedNowhere { place: place(process.line()) }),
        };
        let vanished = match jumped {
            Ok(vanished) => vanished,
            Err(fault) => return self.fail(world, thread, &fault, observer),
        };
        process.pending = Some(returned(value, at, hash));
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        kernel.left_alternate_stack(thread, vanished);
        kernel.access(&mut host, CPU);
        Act::Accessed
    }

    /// Cuts the history of a process to `at`, where it hashes to `hash`; how many handlers on the alternate stack vanished.
    fn cut(&mut self, process: &mut Process, at: u64, hash: u64) -> Result<u32, Fault> {
        // It may have been tried before and met a page that wasn't there.
        self.hart.ready(process)?;
        let from = place(process.line());
        let is_there = self.hart.can_jump_to(process.thread, at, hash);
        let mut before = process.clone();
        before.history.truncate(at as usize);
        if before.history.len() as u64 != at || before.history.rolling_hash() != hash {
            return Err(Fault::JumpedNowhere { place: from });
        }
        let frames = self.hart.stand_again(&before)?;
        let parked = frames.last().copied().flatten();
        if !is_there {
            return Err(Fault::JumpedBack { place: from, to: place(parked.map(|request| request.line)) });
        }
        let below = frames.len() - 1;
        let vanished = before.interrupted.split_off(below.min(before.interrupted.len()));
        if let Some(innermost) = vanished.first() {
            before.stack_pointer = innermost.stack_pointer;
        }
        (before.parked, before.pending, before.staged, before.kept) = (parked, None, None, None);
        self.hart.stands(&before);
        *process = before;
        Ok(vanished.iter().filter(|handler| handler.on_alternate_stack).count() as u32)
    }
}

/// What `setjmp` is told: its value, and by what the program's frame and memory know each other.
fn returned(value: i32, at: u64, hash: u64) -> Pending {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&at.to_le_bytes());
    bytes[8..].copy_from_slice(&hash.to_le_bytes());
    Pending { value: value.into(), bytes: Some(bytes.as_slice().into()) }
}

fn read(kernel: &Kernel, memory: &Frames, thread: ThreadId, address: u64) -> Result<[u64; WORDS], Missing> {
    let mut bytes = [[0; 8]; WORDS];
    load(kernel, memory, thread, address, bytes.as_flattened_mut())?;
    Ok(bytes.map(u64::from_le_bytes))
}
