//! Loads and stores: through the page table, a page at a time, all or nothing.

use abi::PAGE_SIZE;
use kernel::{FrameNo, Kernel, PhysMem, ThreadId};
use userland::hart::Operation;

use crate::frames::Frames;
use crate::process::Pending;

/// What became of an access.
pub(crate) enum Accessed {
    /// It was made; this is what the program is told.
    Done(Pending),
    /// The page of this address isn't there, or can't be used that way. Nothing was changed.
    Missing { address: u64, write: bool },
    /// An atomic operation needs an address that is a multiple of its size. Nothing was changed.
    Misaligned { address: u64 },
}

/// Makes the access that is asked for; `staged` are the bytes of a `StoreBytes`.
pub(crate) fn access(
    kernel: &Kernel,
    memory: &mut Frames,
    thread: ThreadId,
    operation: &Operation,
    staged: &[u8],
) -> Accessed {
    let nothing = Pending { value: 0, bytes: None };
    let done = match *operation {
        Operation::Load { address, size } => {
            let mut word = [0; 8];
            let size = usize::from(size).min(word.len());
            load(kernel, memory, thread, address, &mut word[..size])
                .map(|()| Pending { value: u64::from_le_bytes(word) as i64, bytes: None })
        }
        Operation::Store { address, size, value } => {
            let word = value.to_le_bytes();
            store(kernel, memory, thread, address, &word[..usize::from(size).min(word.len())]).map(|()| nothing)
        }
        Operation::LoadBytes { address, length } => {
            let mut bytes = vec![0; length as usize];
            load(kernel, memory, thread, address, &mut bytes).map(|()| Pending { value: 0, bytes: Some(bytes.into()) })
        }
        Operation::StoreBytes { address, .. } => store(kernel, memory, thread, address, staged).map(|()| nothing),
        Operation::CopyBytes { from, to, length } => copy(kernel, memory, thread, (from, to), length).map(|()| nothing),
        Operation::Atomic { address, size, .. } if !address.is_multiple_of(size.into()) => {
            return Accessed::Misaligned { address };
        }
        Operation::Atomic { kind, address, size, value, expected } => {
            let mut word = [0; 8];
            let size = usize::from(size).min(word.len());
            // Even if nothing comes of it, the page must be one that can be stored to, as on real machines.
            exchange(kernel, memory, thread, address, &mut word[..size], |word| kind.apply(word, value, expected))
                .map(|()| Pending { value: u64::from_le_bytes(word) as i64, bytes: None })
        }
        Operation::Fence => Ok(nothing),
        _ => unreachable!("only loads and stores are accesses"),
    };
    match done {
        Ok(pending) => Accessed::Done(pending),
        Err((address, write)) => Accessed::Missing { address, write },
    }
}

/// An address that can't be accessed, and whether it was to be written.
pub(crate) type Missing = (u64, bool);

pub(crate) fn load(
    kernel: &Kernel,
    memory: &Frames,
    thread: ThreadId,
    address: u64,
    bytes: &mut [u8],
) -> Result<(), Missing> {
    let mut done = 0;
    while done < bytes.len() {
        let at = address.wrapping_add(done as u64);
        let (frame, offset) = kernel.translate(thread, at, false).ok_or((at, false))?;
        let count = (PAGE_SIZE - offset).min(bytes.len() - done);
        bytes[done..done + count].copy_from_slice(&memory.frame(frame)[offset..offset + count]);
        done += count;
    }
    Ok(())
}

/// Changes a word, which lies within one page, and leaves in `word` what was there.
fn exchange(
    kernel: &Kernel,
    memory: &mut Frames,
    thread: ThreadId,
    address: u64,
    word: &mut [u8],
    change: impl FnOnce(u64) -> u64,
) -> Result<(), Missing> {
    let (frame, offset) = kernel.translate(thread, address, true).ok_or((address, true))?;
    let mut full = [0; 8];
    let place = offset..offset + word.len();
    word.copy_from_slice(&memory.frame(frame)[place.clone()]);
    full[..word.len()].copy_from_slice(word);
    let new = change(u64::from_le_bytes(full)).to_le_bytes();
    memory.frame_mut(frame)[place].copy_from_slice(&new[..word.len()]);
    Ok(())
}

/// Copies between two places that may overlap.
fn copy(
    kernel: &Kernel,
    memory: &mut Frames,
    thread: ThreadId,
    (from, to): (u64, u64),
    length: u64,
) -> Result<(), Missing> {
    // All pages first, as for a store. More than there is memory for can't be mapped, so the lists are short.
    let source = frames_of(kernel, thread, from, length, false)?;
    let destination = frames_of(kernel, thread, to, length, true)?;
    // Every page is there, so this many bytes there are.
    let length = length as usize;
    let page = |address: u64| address as usize % PAGE_SIZE;
    if have_common(&source, &destination) {
        let mut bytes = Vec::with_capacity(length);
        for (frame, offset, count) in pieces(&source, page(from), length) {
            bytes.extend_from_slice(&memory.frame(frame)[offset..offset + count]);
        }
        let mut rest = &bytes[..];
        for (frame, offset, count) in pieces(&destination, page(to), length) {
            let (now, later) = rest.split_at(count);
            memory.frame_mut(frame)[offset..offset + count].copy_from_slice(now);
            rest = later;
        }
        return Ok(());
    }
    let (mut at, mut done) = ((page(from), page(to)), 0);
    while done < length {
        let (from, to) =
            ((source[at.0 / PAGE_SIZE], at.0 % PAGE_SIZE), (destination[at.1 / PAGE_SIZE], at.1 % PAGE_SIZE));
        let count = (PAGE_SIZE - from.1.max(to.1)).min(length - done);
        memory.copy_bytes(from, to, count);
        at = (at.0 + count, at.1 + count);
        done += count;
    }
    Ok(())
}

/// The frames of a range, page by page.
fn frames_of(
    kernel: &Kernel,
    thread: ThreadId,
    address: u64,
    length: u64,
    write: bool,
) -> Result<Vec<FrameNo>, Missing> {
    let page = PAGE_SIZE as u64;
    // No more room than most copies need: a length from a program may be any number.
    let mut frames = Vec::with_capacity((length / page + 2).min(64) as usize);
    let mut done = 0;
    while done < length {
        let at = address.wrapping_add(done);
        let (frame, offset) = kernel.translate(thread, at, write).ok_or((at, write))?;
        frames.push(frame);
        done += page - offset as u64;
    }
    Ok(frames)
}

/// Whether a frame is in both lists, or may be: then bytes may be read that were written just before.
fn have_common(some: &[FrameNo], others: &[FrameNo]) -> bool {
    /// Lists that are longer aren't compared: it would take longer than the copy.
    const COMPARED: usize = 1 << 12;
    let range = |frames: &[FrameNo]| Some((frames.iter().min()?.0, frames.iter().max()?.0));
    let (Some((low, high)), Some((other_low, other_high))) = (range(some), range(others)) else { return false };
    let apart = high < other_low || other_high < low;
    !apart && (some.len() * others.len() > COMPARED || some.iter().any(|frame| others.contains(frame)))
}

/// The parts of a range of `length` bytes that begins at `offset` of the first of these frames: frame, offset, bytes.
fn pieces(frames: &[FrameNo], offset: usize, length: usize) -> impl Iterator<Item = (FrameNo, usize, usize)> {
    let end = offset + length;
    frames.iter().enumerate().map(move |(index, &frame)| {
        let start = (index * PAGE_SIZE).max(offset);
        (frame, start % PAGE_SIZE, ((index + 1) * PAGE_SIZE).min(end) - start)
    })
}

pub(crate) fn store(
    kernel: &Kernel,
    memory: &mut Frames,
    thread: ThreadId,
    address: u64,
    bytes: &[u8],
) -> Result<(), Missing> {
    // All pages first: an access that faults half-way is made again as a whole, and must not have been seen in between.
    let first = PAGE_SIZE - address as usize % PAGE_SIZE;
    if first < bytes.len() {
        for start in (first..bytes.len()).step_by(PAGE_SIZE).chain([0]) {
            let at = address.wrapping_add(start as u64);
            kernel.translate(thread, at, true).ok_or((at, true))?;
        }
    }
    let mut done = 0;
    while done < bytes.len() {
        let at = address.wrapping_add(done as u64);
        let (frame, offset) = kernel.translate(thread, at, true).ok_or((at, true))?;
        let count = (PAGE_SIZE - offset).min(bytes.len() - done);
        memory.frame_mut(frame)[offset..offset + count].copy_from_slice(&bytes[done..done + count]);
        done += count;
    }
    Ok(())
}
