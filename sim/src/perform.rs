//! One step of user code: tell the program the result of what it stood in, run it up to its next operation, and do that.

use abi::Syscall;
use kernel::signal::action::IGNORE;
use kernel::{FrameNo, Kernel, PhysMem, ThreadId, Trap, Trapped};
use userland::hart::{Filled, Operation, OutRegion, Piece, Request};

use crate::access::{Accessed, access};
use crate::frames::Frames;
use crate::hart::Polled;
use crate::host::Host;
use crate::machine::{Act, CPU, Machine, split};
use crate::observer::Observer;
use crate::process::{Fault, Pending, Process, Staged, place};
use crate::world::World;

/// Whether an operation is made for the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// It is: what it takes along is in the trap slot.
    First,
    /// It was tried, or is about to be and a handler came in between.
    Repeated,
}

impl Machine {
    /// `thread` goes on: its call returned `value`, or (`None`) it does what it stands in, or is told what that gave.
    pub(crate) fn proceed<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        value: Option<i64>,
        observer: &mut O,
    ) -> Act {
        let World { kernel, frames, processes, .. } = world;
        let Some(process) = processes.get_mut(thread.slot.index()).and_then(Option::as_mut) else {
            return self.fail(world, thread, &Fault::NotKept, observer);
        };
        let Some(parked) = &process.parked else {
            // It begins anew after a checkpoint.
            return self.run_user_code(world, thread, observer);
        };
        if value.is_none() && process.pending.is_none() {
            return self.repeat(world, thread, observer);
        }
        if let Err(fault) = self.hart.ready(process) {
            return self.fail(world, thread, &fault, observer);
        }
        if let Some(value) = value {
            let check = parked.check;
            let mut data = self.hart.slot.data.borrow_mut();
            match process.kept.take() {
                Some(bytes) => {
                    data.clear();
                    data.extend_from_slice(&bytes);
                }
                None if parked.outs == [None; 2] => data.clear(),
                None => collect(kernel, frames, thread, &parked.outs, value, &mut data),
            }
            drop(data);
            self.hart.answer(process, check, value);
        } else {
            self.tell_pending(process);
        }
        self.run_ready_code(world, thread, observer)
    }

    /// Tells the program what its load or store gave.
    fn tell_pending(&mut self, process: &mut Process) {
        let check = process.parked.as_ref().map_or(0, |parked| parked.check);
        if let Some(Pending { value, bytes }) = process.pending.take() {
            let mut data = self.hart.slot.data.borrow_mut();
            data.clear();
            data.extend_from_slice(bytes.as_deref().unwrap_or_default());
            drop(data);
            self.hart.answer(process, check, value);
        }
    }

    /// Does again what the program stands in.
    #[inline(never)]
    fn repeat<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        self.perform(world, thread, Attempt::Repeated, observer)
    }

    /// Begins the program, or goes on where it stands.
    pub(crate) fn run_user_code<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        let ready = match world.process(thread) {
            Some(process) => self.hart.ready(process),
            None => Err(Fault::NotKept),
        };
        match ready {
            Ok(()) => self.run_ready_code(world, thread, observer),
            Err(fault) => self.fail(world, thread, &fault, observer),
        }
    }

    /// Runs the program up to its next operation, and does that. Inlined, like all that each system call goes through: the
    /// registers saved and restored by so many small functions were a fifth of what a trap costs.
    #[inline(always)]
    fn run_ready_code<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        let Some(process) = &mut world.processes[thread.slot.index()] else { return Act::Waited };
        match self.hart.poll(process) {
            Polled::Asks => {
                self.hart.park(process);
                self.perform(world, thread, Attempt::First, observer)
            }
            Polled::Returned(status) => self.returned(world, thread, status, observer),
            Polled::Faulted(fault) => self.fail(world, thread, &fault, observer),
        }
    }

    /// The innermost function of the program has returned: a handler, or its main function.
    pub(crate) fn returned<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        status: i32,
        observer: &mut O,
    ) -> Act {
        if world.process(thread).is_some_and(Process::is_in_handler) {
            return self.leave_handler(world, thread, observer);
        }
        let call = abi::Syscall::ExitGroup { status };
        if self.notes.watching {
            observer.asks(world, thread, &Operation::Syscall(call));
        }
        self.trap(world, Trap::Call(call));
        Act::Called
    }

    /// Does what the program asks.
    #[inline(always)]
    fn perform<O: Observer>(&mut self, world: &mut World, thread: ThreadId, attempt: Attempt, observer: &mut O) -> Act {
        let Some(process) = &world.processes[thread.slot.index()] else { return Act::Waited };
        let Some(&Request { ref operation, staged, .. }) = process.parked.as_ref() else { return Act::Waited };
        let is_call = matches!(operation, Operation::Syscall(_));
        // What a call takes along that is made again after a handler lies on the stack already.
        let lies_there = attempt == Attempt::Repeated && process.staged.is_none();
        if staged
            && !lies_there
            && let Err(address) = self.lay_out(world, thread)
        {
            return self.fault(world, Trap::PageFault { address, write: true });
        }
        if is_call && !self.notes.watching {
            return self.call_parked(world, thread, observer);
        }
        self.perform_any(world, thread, observer)
    }

    /// Makes the call in which a thread is parked, where it lies: a copy of it costs as much as the call may.
    #[inline(always)]
    fn call_parked<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        let World { kernel, frames, output, processes, .. } = world;
        let parked =
            processes.get(thread.slot.index()).and_then(Option::as_ref).and_then(|process| process.parked.as_ref());
        let Some(Request { operation: Operation::Syscall(call), .. }) = parked else { return Act::Waited };
        if let Syscall::Clone { .. } | Syscall::RtSigaction { .. } = call {
            return self.perform_any(world, thread, observer);
        }
        let mut host = Host { frames, output, programs: self.programs, notes: &mut self.notes };
        // Only a clone has more to be done here than the kernel does.
        kernel.call(&mut host, CPU, call);
        Act::Called
    }

    /// Does what the program asks, whatever it is; what it takes along has been laid out.
    #[inline(never)]
    fn perform_any<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        let parked = world.process(thread).and_then(|process| process.parked.as_ref());
        let Some(&Request { operation, .. }) = parked else { return Act::Waited };
        if self.notes.watching {
            observer.asks(world, thread, &operation);
        }
        match operation {
            Operation::Syscall(call) => self.call(world, thread, Trap::Call(call), observer),
            Operation::UnknownSyscall { number } => {
                self.call(world, thread, Trap::Syscall { number, arguments: [0; 6] }, observer)
            }
            Operation::Load { .. }
            | Operation::Store { .. }
            | Operation::LoadBytes { .. }
            | Operation::StoreBytes { .. }
            | Operation::CopyBytes { .. }
            | Operation::Atomic { .. }
            | Operation::Fence => self.access(world, thread, &operation, observer),
            Operation::SetJump { address, mask } => self.set_jump(world, thread, address, mask, observer),
            Operation::LongJump { address, value } => self.long_jump(world, thread, address, value, observer),
            Operation::Checkpoint => self.checkpoint(world, thread, observer),
            Operation::IllegalInstruction => self.fault(world, Trap::IllegalInstruction),
            Operation::DivideByZero => self.fault(world, Trap::DivideByZero),
            Operation::Jump { address } => self.fault(world, Trap::Jump { address }),
        }
    }

    #[inline]
    fn call<O: Observer>(&mut self, world: &mut World, thread: ThreadId, trap: Trap, observer: &mut O) -> Act {
        if let Some(fault) = self.leaf_fault(world, thread, &trap) {
            return self.fail(world, thread, &fault, observer);
        }
        if let Trapped::Forked(child) = self.trap(world, trap) {
            let id = world.kernel.process_of(child);
            if let (Some(id), Some(parent)) = (id, world.process(thread)) {
                let child = parent.forked((child, id));
                world.put(child);
            }
        }
        Act::Called
    }

    /// What is wrong with this call, if a leaf makes it.
    #[inline]
    fn leaf_fault(&self, world: &World, thread: ThreadId, trap: &Trap) -> Option<Fault> {
        let Trap::Call(call @ (Syscall::Clone { .. } | Syscall::RtSigaction { .. })) = trap else { return None };
        let process = world.process(thread)?;
        if !self.programs.get(process.image.index())?.leaf {
            return None;
        }
        let place = place(process.line());
        match *call {
            Syscall::Clone { .. } => Some(Fault::LeafForked { place }),
            Syscall::RtSigaction { new, .. } => {
                let mut handler = [0; 8];
                world.kernel.peek(&world.frames, thread, new.address, &mut handler);
                (u64::from_le_bytes(handler) > IGNORE).then_some(Fault::LeafCaught { place })
            }
            _ => None,
        }
    }

    /// A load or a store. It goes through the page table without entering the kernel, unless a page isn't there.
    fn access<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        operation: &Operation,
        observer: &mut O,
    ) -> Act {
        let Some(process) = &mut world.processes[thread.slot.index()] else { return Act::Waited };
        let done = {
            let stage = self.hart.slot.stage.borrow();
            let bytes = process.staged.as_ref().map_or(&stage.bytes, |staged| &staged.bytes);
            access(&world.kernel, &mut world.frames, thread, operation, bytes)
        };
        match done {
            Accessed::Done(pending) => {
                process.pending = Some(pending);
                process.staged = None;
                if self.notes.watching {
                    observer.accessed(world, thread, operation);
                }
                let (kernel, mut host) = split(world, self.programs, &mut self.notes);
                kernel.access(&mut host, CPU);
                Act::Accessed
            }
            Accessed::Misaligned { address } => self.fault(world, Trap::Misaligned { address }),
            Accessed::Missing { address, write } => {
                // The bytes to store are in the slot, which others will use before this is tried again.
                if let Operation::StoreBytes { .. } = operation
                    && process.staged.is_none()
                {
                    process.staged = Some(Staged::copy_of(&self.hart.slot.stage.borrow()));
                }
                self.fault(world, Trap::PageFault { address, write })
            }
        }
    }

    /// The program hands over its state, and begins anew from it.
    fn checkpoint<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        if let Some(process) = world.process(thread).filter(|process| process.is_in_handler()) {
            let fault = Fault::CheckpointInHandler { place: place(process.line()) };
            return self.fail(world, thread, &fault, observer);
        }
        self.hart.forget(thread);
        if let Some(process) = &mut world.processes[thread.slot.index()] {
            match process.staged.take() {
                Some(staged) => process.checkpoint(&staged.bytes),
                None => process.checkpoint(&self.hart.slot.stage.borrow().bytes),
            }
        }
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        kernel.access(&mut host, CPU);
        Act::Accessed
    }

    pub(crate) fn fault(&mut self, world: &mut World, trap: Trap) -> Act {
        self.trap(world, trap);
        Act::Faulted
    }

    /// Puts what a call takes along onto the program's stack, as its stub would have done on a real machine; or the address
    /// that couldn't be written, with everything kept for another try.
    #[inline(always)]
    fn lay_out(&mut self, world: &mut World, thread: ThreadId) -> Result<(), u64> {
        let Some(process) = &mut world.processes[thread.slot.index()] else { return Ok(()) };
        if process.staged.is_none() && self.lay_out_at_once(world, thread) {
            return Ok(());
        }
        self.lay_out_carefully(world, thread)
    }

    /// Does so where every piece lies in a page that is there, as a stack's pages mostly are; whether that was so. If it
    /// wasn't, some pieces may have been written, which will be written again.
    #[inline(always)]
    fn lay_out_at_once(&mut self, world: &mut World, thread: ThreadId) -> bool {
        let stage = self.hart.slot.stage.borrow();
        for &Piece { address, start, length } in &stage.pieces {
            match world.kernel.translate(thread, address, true) {
                Some((frame, offset)) if offset + length <= abi::PAGE_SIZE => {
                    let place = &mut world.frames.frame_mut(frame)[offset..offset + length];
                    place.copy_from_slice(&stage.bytes[start..start + length]);
                }
                _ => return false,
            }
        }
        true
    }

    /// Does so page by page, and makes the pages that are missing.
    #[inline(never)]
    fn lay_out_carefully(&mut self, world: &mut World, thread: ThreadId) -> Result<(), u64> {
        let Some(process) = &mut world.processes[thread.slot.index()] else { return Ok(()) };
        let again = process.staged.take();
        let stage = self.hart.slot.stage.borrow();
        let (bytes, pieces) = match &again {
            Some(staged) => (&staged.bytes, &staged.pieces),
            None => (&stage.bytes, &stage.pieces),
        };
        for &Piece { address, start, length } in pieces {
            let (kernel, mut host) = split(world, self.programs, &mut self.notes);
            if kernel.copy_out(&mut host, thread, address, &bytes[start..start + length]).is_err() {
                let missing = first_missing(kernel, thread, address, length);
                let kept = again.unwrap_or_else(|| Staged::copy_of(&stage));
                if let Some(process) = &mut world.processes[thread.slot.index()] {
                    process.staged = Some(kept);
                }
                return Err(missing);
            }
        }
        Ok(())
    }
}

/// Collects the bytes that a call left on the program's stack, before anything else uses that place.
#[inline]
pub(crate) fn collect(
    kernel: &Kernel,
    frames: &Frames,
    thread: ThreadId,
    outs: &[Option<OutRegion>],
    value: i64,
    data: &mut Vec<u8>,
) {
    data.clear();
    // Mostly all lie in one page, so that is looked up once.
    let mut found: Option<(u64, FrameNo)> = None;
    for &OutRegion { address, length, filled } in outs.iter().flatten() {
        let count = match filled {
            Filled::OnSuccess if value < 0 => 0,
            Filled::OnSuccess | Filled::Always => length as usize,
            Filled::Returned => usize::try_from(value).unwrap_or(0).min(length as usize),
        };
        let (page, offset) = (address / abi::PAGE_SIZE as u64, address as usize % abi::PAGE_SIZE);
        if found.is_none_or(|(known, _)| known != page) {
            found = kernel.translate(thread, address, false).map(|(frame, _)| (page, frame));
        }
        match found {
            Some((_, frame)) if offset + count <= abi::PAGE_SIZE => {
                data.extend_from_slice(&frames.frame(frame)[offset..offset + count]);
            }
            _ => {
                let start = data.len();
                data.resize(start + count, 0);
                kernel.peek(frames, thread, address, &mut data[start..]);
            }
        }
    }
}

/// The first page of `length` bytes at `address` that can't be written to.
fn first_missing(kernel: &Kernel, thread: ThreadId, address: u64, length: usize) -> u64 {
    let page = abi::PAGE_SIZE as u64;
    let end = address.saturating_add(length as u64);
    let pages = std::iter::successors(Some(address), |at| at.checked_next_multiple_of(page).filter(|next| next != at))
        .take_while(|&at| at < end);
    let mut pages = std::iter::once(address).chain(pages);
    pages.find(|&at| kernel.translate(thread, at, true).is_none()).unwrap_or(address)
}
