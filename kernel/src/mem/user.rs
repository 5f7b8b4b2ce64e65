//! How the kernel reaches user memory: by address, page by page, checked. A page that is missing is made, one that is
//! shared until written is copied, a bad address is `EFAULT`.

use abi::{Errno, Layout, PAGE_SIZE};

use crate::host::{Host, PhysMem};
use crate::ids::{FrameNo, ProcessNo, ThreadId};
use crate::kernel::Kernel;

/// Bytes of the largest structure that calls exchange with user memory.
const STRUCTURE_BYTES: usize = 512;
/// Bytes of the usual ones. A buffer costs what it takes to clear it.
const SMALL_BYTES: usize = 32;

/// Whether a range isn't cut by the end of a page: then it can be copied, or nothing of it can.
#[inline]
pub(crate) fn lies_in_one_page(address: u64, bytes: usize) -> bool {
    address as usize % PAGE_SIZE + bytes <= PAGE_SIZE
}

impl Kernel {
    /// The page-table walk of the hart: the frame and the offset behind an address; `None` means a page fault.
    #[inline]
    pub fn translate(&self, thread: ThreadId, address: u64, write: bool) -> Option<(FrameNo, usize)> {
        let process = self.thread(thread)?.process;
        self.processes.at(process).space.translate(&self.nodes, address, write)
    }

    /// Copies into the memory of a thread, for its hart.
    ///
    /// # Errors
    /// `EFAULT`: part of the range can't be stored to; what lies before it has been.
    pub fn copy_out<H: Host>(
        &mut self,
        host: &mut H,
        thread: ThreadId,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), Errno> {
        let process = self.thread(thread).ok_or(Errno::ESRCH)?.process;
        self.copy_to_user(host, process, address, bytes)
    }

    /// Copies from the memory of a thread, for its hart.
    ///
    /// # Errors
    /// `EFAULT`: part of the range can't be loaded from.
    pub fn copy_in<H: Host>(
        &mut self,
        host: &mut H,
        thread: ThreadId,
        address: u64,
        bytes: &mut [u8],
    ) -> Result<(), Errno> {
        let process = self.thread(thread).ok_or(Errno::ESRCH)?.process;
        self.copy_from_user(host, process, address, bytes)
    }

    /// Copies what is present, and changes nothing: for traces and debuggers. How many leading bytes there were; a page
    /// that nobody has touched reads as zeros if it is mapped.
    pub fn peek<M: PhysMem>(&self, memory: &M, thread: ThreadId, address: u64, bytes: &mut [u8]) -> usize {
        let Some(thread) = self.thread(thread) else { return 0 };
        let space = &self.processes.at(thread.process).space;
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..)
            && !rest.is_empty()
        {
            let Some(at) = address.checked_add(done as u64) else { break };
            let offset = at as usize % PAGE_SIZE;
            let size = rest.len().min(PAGE_SIZE - offset);
            let Some(place) = rest.get_mut(..size) else { break };
            match space.entry(&self.nodes, at).frame() {
                Some(frame) => {
                    place.copy_from_slice(memory.frame(frame).get(offset..offset + size).unwrap_or_default());
                }
                None if space.regions.find(at / PAGE_SIZE as u64).is_some() => place.fill(0),
                None => break,
            }
            done += size;
        }
        done
    }

    /// The frame and the offset behind an address, made accessible.
    #[inline]
    pub(crate) fn user_page<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        write: bool,
    ) -> Result<(FrameNo, usize), Errno> {
        if let Some(found) = self.processes.at(process).space.translate(&self.nodes, address, write) {
            return Ok(found);
        }
        self.serve_fault(host, process, address, write).map_err(|_| Errno::EFAULT)?;
        self.processes.at(process).space.translate(&self.nodes, address, write).ok_or(Errno::EFAULT)
    }

    pub(crate) fn copy_to_user<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), Errno> {
        let mut address = address;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (frame, offset) = self.user_page(host, process, address, true)?;
            let (now, later) = rest.split_at_checked(PAGE_SIZE - offset).unwrap_or((rest, &[]));
            if let Some(place) = host.frame_mut(frame).get_mut(offset..offset + now.len()) {
                place.copy_from_slice(now);
            }
            address = address.wrapping_add(now.len() as u64);
            rest = later;
        }
        Ok(())
    }

    pub(crate) fn copy_from_user<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        bytes: &mut [u8],
    ) -> Result<(), Errno> {
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..)
            && !rest.is_empty()
        {
            let at = address.checked_add(done as u64).ok_or(Errno::EFAULT)?;
            let (frame, offset) = self.user_page(host, process, at, false)?;
            let size = rest.len().min(PAGE_SIZE - offset);
            if let (Some(place), Some(from)) = (rest.get_mut(..size), host.frame(frame).get(offset..offset + size)) {
                place.copy_from_slice(from);
            }
            done += size;
        }
        Ok(())
    }

    /// Reads a structure.
    pub(crate) fn get<T: Layout, H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
    ) -> Result<T, Errno> {
        const { assert!(T::SIZE <= STRUCTURE_BYTES, "a structure is larger than the buffer that moves it") };
        let (mut small, mut large);
        let buffer: &mut [u8] = if T::SIZE <= SMALL_BYTES {
            small = [0; SMALL_BYTES];
            &mut small
        } else {
            large = [0; STRUCTURE_BYTES];
            &mut large
        };
        let bytes = buffer.get_mut(..T::SIZE).unwrap_or_default();
        self.copy_from_user(host, process, address, bytes)?;
        Ok(T::load(bytes))
    }

    /// Writes a structure, all of it or nothing.
    pub(crate) fn put<T: Layout, H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        value: &T,
    ) -> Result<(), Errno> {
        const { assert!(T::SIZE <= STRUCTURE_BYTES, "a structure is larger than the buffer that moves it") };
        let (mut small, mut large);
        let buffer: &mut [u8] = if T::SIZE <= SMALL_BYTES {
            small = [0; SMALL_BYTES];
            &mut small
        } else {
            large = [0; STRUCTURE_BYTES];
            &mut large
        };
        let bytes = buffer.get_mut(..T::SIZE).unwrap_or_default();
        value.store(bytes);
        if !lies_in_one_page(address, T::SIZE) {
            self.check_writable(host, process, address, T::SIZE)?;
        }
        self.copy_to_user(host, process, address, bytes)
    }

    /// Checks that a range can be stored to, before anything is done.
    pub(crate) fn check_writable<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        bytes: usize,
    ) -> Result<(), Errno> {
        self.check_pages(host, process, address, bytes, true)
    }

    /// Checks that a range can be loaded from, before anything is done.
    pub(crate) fn check_readable<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        bytes: usize,
    ) -> Result<(), Errno> {
        self.check_pages(host, process, address, bytes, false)
    }

    fn check_pages<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        bytes: usize,
        write: bool,
    ) -> Result<(), Errno> {
        let end = address.checked_add(bytes as u64).ok_or(Errno::EFAULT)?;
        let mut at = address;
        while at < end {
            self.user_page(host, process, at, write)?;
            at = (at / PAGE_SIZE as u64 + 1) * PAGE_SIZE as u64;
        }
        Ok(())
    }

    /// The length of a string that ends with a zero byte; `None` if it doesn't within `limit` bytes, its end included.
    pub(crate) fn string_length<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        limit: usize,
    ) -> Result<Option<usize>, Errno> {
        let mut length = 0;
        while length < limit {
            let at = address.checked_add(length as u64).ok_or(Errno::EFAULT)?;
            let (frame, offset) = self.user_page(host, process, at, false)?;
            let page = host.frame(frame).get(offset..).unwrap_or_default();
            if let Some(end) = page.iter().position(|byte| *byte == 0) {
                length += end;
                return Ok((length < limit).then_some(length));
            }
            length += page.len();
        }
        Ok(None)
    }

    /// Copies a string in, cut to fit with its end.
    pub(crate) fn copy_string_in<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        to: &mut [u8],
    ) -> Result<(), Errno> {
        let longest = to.len().saturating_sub(1);
        let length = self.string_length(host, process, address, longest + 1)?.unwrap_or(longest);
        self.copy_from_user(host, process, address, to.get_mut(..length).unwrap_or_default())
    }
}
