//! The arguments of a new image: on its stack, as a C program's start finds them.
//!
//! At the stack pointer lie `argc`, the addresses of the arguments and a null, the addresses of the environment and a
//! null; above them the strings. They are written into fresh frames before the old address space goes, so that a failed
//! `execve` changes nothing.

use abi::{Errno, PAGE_SIZE};

use crate::host::Host;
use crate::ids::{ImageNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::ARGUMENT_BYTES;
use crate::mem::space::{STACK_TOP, Space};

/// Where strings for a new image come from: user memory for `execve`, the kernel's caller for PID 1.
pub(crate) trait Strings {
    /// How many there are.
    fn count(&self) -> usize;
    /// The length of one, without its end.
    fn length<H: Host>(&self, kernel: &mut Kernel, host: &mut H, index: usize) -> Result<usize, Errno>;
    /// Copies part of one.
    fn copy<H: Host>(
        &self,
        kernel: &mut Kernel,
        host: &mut H,
        index: usize,
        from: usize,
        to: &mut [u8],
    ) -> Result<(), Errno>;
}

impl Strings for &[&[u8]] {
    fn count(&self) -> usize {
        self.len()
    }
    fn length<H: Host>(&self, _: &mut Kernel, _: &mut H, index: usize) -> Result<usize, Errno> {
        Ok(self.get(index).map_or(0, |text| text.len()))
    }
    fn copy<H: Host>(&self, _: &mut Kernel, _: &mut H, index: usize, from: usize, to: &mut [u8]) -> Result<(), Errno> {
        let text = self.get(index).and_then(|text| text.get(from..)).unwrap_or_default();
        for (to, from) in to.iter_mut().zip(text) {
            *to = *from;
        }
        Ok(())
    }
}

/// An array of string addresses in the memory of a process, ended by a null.
pub(crate) struct UserStrings {
    process: ProcessNo,
    array: u64,
    count: usize,
}

impl UserStrings {
    /// Counts the strings; a null array is an empty one, as on Linux.
    pub(crate) fn new<H: Host>(
        kernel: &mut Kernel,
        host: &mut H,
        process: ProcessNo,
        array: u64,
    ) -> Result<UserStrings, Errno> {
        let mut strings = UserStrings { process, array, count: 0 };
        while array != 0 && strings.address(kernel, host, strings.count)? != 0 {
            strings.count += 1;
            if strings.count * 8 > ARGUMENT_BYTES {
                return Err(Errno::E2BIG);
            }
        }
        Ok(strings)
    }

    fn address<H: Host>(&self, kernel: &mut Kernel, host: &mut H, index: usize) -> Result<u64, Errno> {
        let place = self.array.checked_add(index as u64 * 8).ok_or(Errno::EFAULT)?;
        kernel.get(host, self.process, place)
    }
}

impl Strings for UserStrings {
    fn count(&self) -> usize {
        self.count
    }
    fn length<H: Host>(&self, kernel: &mut Kernel, host: &mut H, index: usize) -> Result<usize, Errno> {
        let address = self.address(kernel, host, index)?;
        kernel.string_length(host, self.process, address, ARGUMENT_BYTES)?.ok_or(Errno::E2BIG)
    }
    fn copy<H: Host>(
        &self,
        kernel: &mut Kernel,
        host: &mut H,
        index: usize,
        from: usize,
        to: &mut [u8],
    ) -> Result<(), Errno> {
        let address = self.address(kernel, host, index)?;
        kernel.copy_from_user(host, self.process, address.saturating_add(from as u64), to)
    }
}

impl Kernel {
    /// A fresh address space with the image's static variables and a stack that holds these arguments; where the stack pointer points. It belongs to nobody
    /// yet.
    ///
    /// # Errors
    /// `E2BIG`: they are longer than `ARGUMENT_BYTES` or a quarter of the stack. `ENOMEM`: no frames or nodes for the stack. `EFAULT`: a
    /// string can't be read.
    pub(crate) fn new_image_space<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        image: ImageNo,
        argv: &impl Strings,
        envp: &impl Strings,
    ) -> Result<(Space, u64), Errno> {
        let stack_bytes = self.processes.at(process).limits.stack_bytes();
        let pointers = (argv.count() + envp.count() + 3) * 8;
        let text = self.total_length(host, argv)?.saturating_add(self.total_length(host, envp)?);
        let total = pointers.saturating_add(text);
        if total > ARGUMENT_BYTES || total as u64 > stack_bytes / 4 {
            return Err(Errno::E2BIG);
        }
        let bottom = (STACK_TOP - total as u64) & !15;
        let mut space = Space::with_stack(stack_bytes)?;
        space.add_statics(host.static_bytes(image))?;
        let filled = self.fill_stack(host, &mut space, bottom, pointers, argv, envp);
        if let Err(errno) = filled {
            self.drop_space(host, &mut space);
            return Err(errno);
        }
        Ok((space, bottom))
    }

    fn fill_stack<H: Host>(
        &mut self,
        host: &mut H,
        space: &mut Space,
        bottom: u64,
        pointers: usize,
        argv: &impl Strings,
        envp: &impl Strings,
    ) -> Result<(), Errno> {
        let first_page = bottom / PAGE_SIZE as u64;
        for page in first_page..STACK_TOP / PAGE_SIZE as u64 {
            self.add_private_page(host, space, page)?;
        }
        let mut at = bottom;
        let mut text = bottom + pointers as u64;
        self.put_word(host, space, &mut at, argv.count() as u64);
        self.put_strings(host, space, &mut at, &mut text, argv)?;
        self.put_strings(host, space, &mut at, &mut text, envp)
    }

    fn total_length<H: Host>(&mut self, host: &mut H, strings: &impl Strings) -> Result<usize, Errno> {
        let mut total = 0usize;
        for index in 0..strings.count() {
            total = total.saturating_add(strings.length(self, host, index)? + 1);
            if total > ARGUMENT_BYTES {
                return Err(Errno::E2BIG);
            }
        }
        Ok(total)
    }

    fn put_word<H: Host>(&mut self, host: &mut H, space: &Space, at: &mut u64, word: u64) {
        self.put_bytes(host, space, *at, &word.to_le_bytes());
        *at += 8;
    }

    fn put_strings<H: Host>(
        &mut self,
        host: &mut H,
        space: &Space,
        at: &mut u64,
        text: &mut u64,
        strings: &impl Strings,
    ) -> Result<(), Errno> {
        for index in 0..strings.count() {
            self.put_word(host, space, at, *text);
            let length = strings.length(self, host, index)?;
            let mut from = 0;
            let mut piece = [0; 256];
            while from < length {
                let size = (length - from).min(piece.len());
                let part = piece.get_mut(..size).unwrap_or_default();
                strings.copy(self, host, index, from, part)?;
                self.put_bytes(host, space, *text + from as u64, part);
                from += size;
            }
            *text += length as u64 + 1;
        }
        self.put_word(host, space, at, 0);
        Ok(())
    }

    /// Writes into pages that are known to be there.
    fn put_bytes<H: Host>(&mut self, host: &mut H, space: &Space, address: u64, bytes: &[u8]) {
        let mut address = address;
        let mut rest = bytes;
        while !rest.is_empty() {
            let offset = address as usize % PAGE_SIZE;
            let (now, later) = rest.split_at_checked(PAGE_SIZE - offset).unwrap_or((rest, &[]));
            if let Some((frame, _)) = space.translate(&self.nodes, address, true)
                && let Some(place) = host.frame_mut(frame).get_mut(offset..offset + now.len())
            {
                place.copy_from_slice(now);
            }
            address += now.len() as u64;
            rest = later;
        }
    }
}
