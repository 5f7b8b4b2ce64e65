//! The arguments of a program, read from where the kernel put them: at the stack pointer lie, as at a C program's start,
//! `argc`, the addresses of the arguments, a null, the addresses of the environment, a null.

use abi::{Layout, PAGE_SIZE};
use kernel::{Kernel, PhysMem, ThreadId};
use userland::Args;

/// The arguments of `thread`, which is about to start.
pub(crate) fn arguments<M: PhysMem>(kernel: &Kernel, memory: &M, thread: ThreadId, stack_pointer: u64) -> Args {
    let reader = Reader { kernel, memory, thread };
    let count = reader.word(stack_pointer);
    let argv = stack_pointer + u64::SIZE as u64;
    let envp = argv + (count + 1) * u64::SIZE as u64;
    Args::new(reader.strings(argv), reader.strings(envp))
}

struct Reader<'a, M> {
    kernel: &'a Kernel,
    memory: &'a M,
    thread: ThreadId,
}

impl<M: PhysMem> Reader<'_, M> {
    fn word(&self, address: u64) -> u64 {
        let mut bytes = [0; 8];
        self.kernel.peek(self.memory, self.thread, address, &mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The strings whose addresses lie at `address`, up to the null.
    fn strings(&self, address: u64) -> Vec<Vec<u8>> {
        let addresses = (0..).map(|index| self.word(address + index * u64::SIZE as u64));
        addresses.take_while(|&text| text != 0).map(|text| self.string(text)).collect()
    }

    fn string(&self, mut address: u64) -> Vec<u8> {
        let mut text = Vec::new();
        let mut piece = [0; 64];
        loop {
            // Up to the end of the page, so that a string right before an unmapped page is read whole.
            let room = PAGE_SIZE - address as usize % PAGE_SIZE;
            let room = room.min(piece.len());
            let mapped = self.kernel.peek(self.memory, self.thread, address, &mut piece[..room]);
            let end = piece[..mapped].iter().position(|&byte| byte == 0);
            text.extend_from_slice(&piece[..end.unwrap_or(mapped)]);
            if end.is_some() || mapped < room {
                return text;
            }
            address += room as u64;
        }
    }
}
