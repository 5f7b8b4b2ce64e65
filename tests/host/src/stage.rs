//! The memory that recorder and puppets share: a puppet finds its commands in it, and leaves results and a log of its
//! handlers. It is mapped before the first puppet is made, so all have it at one address, and it costs none of them a
//! descriptor.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many puppets a script may have.
pub(crate) const PUPPETS: usize = 26;
/// Bytes for what a call takes and gives.
pub(crate) const DATA_BYTES: usize = 256 << 10;
/// Runs of handlers that are kept between two looks.
const LOG_ENTRIES: usize = 4096;

/// What a puppet is to do.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A system call, as it stands.
    Call,
    /// `fork`; the child is the puppet with the number in the first argument.
    Fork,
    /// Load a byte.
    Load,
    /// Store a byte.
    Store,
}

/// A command.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    /// Its kind.
    pub(crate) kind: Kind,
    /// The system call's number.
    pub(crate) number: i64,
    /// Its arguments.
    pub(crate) arguments: [i64; 6],
}

/// A run of a signal handler.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlerRun {
    /// The signal.
    pub(crate) signal: i32,
    /// `si_code`.
    pub(crate) code: i32,
    /// `si_pid`.
    pub(crate) sender: i32,
    /// `si_status` or the lower half of `si_value`.
    pub(crate) value: i32,
    /// The signals that are blocked while it runs.
    pub(crate) mask: u64,
}

/// One puppet's part.
#[repr(C, align(4096))]
pub(crate) struct Part {
    /// The number of the last command that was given.
    pub(crate) asked: AtomicU32,
    /// The number of the last command that is done.
    pub(crate) done: AtomicU32,
    /// The command.
    pub(crate) command: Command,
    /// What the call returned: a value, or a negated error number.
    pub(crate) result: i64,
    /// Whether a load or store faulted and was skipped by a handler.
    pub(crate) skipped: AtomicU32,
    /// How many handlers have run.
    pub(crate) runs: AtomicU32,
    /// Which.
    pub(crate) log: [HandlerRun; LOG_ENTRIES],
    /// What a call takes and gives.
    pub(crate) data: [u8; DATA_BYTES],
}

/// The whole of it.
pub(crate) struct Stage {
    parts: *mut Part,
}

impl Stage {
    /// Maps it.
    ///
    /// # Errors
    /// Those of `mmap(2)`.
    pub(crate) fn map() -> std::io::Result<Stage> {
        // SAFETY: a new anonymous mapping touches nothing that exists.
        let parts = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size_of::<Part>() * PUPPETS,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if parts == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(Stage { parts: parts.cast() })
    }

    /// The address of a puppet's part.
    pub(crate) fn part(&self, puppet: usize) -> *mut Part {
        assert!(puppet < PUPPETS, "there are only {PUPPETS} puppets");
        // SAFETY: the mapping has that many parts.
        unsafe { self.parts.add(puppet) }
    }

    /// Gives a puppet a command, and wakes it.
    pub(crate) fn ask(&self, puppet: usize, command: Command) {
        let part = self.part(puppet);
        // SAFETY: a puppet reads its command only after `asked` has grown, and it is idle until then.
        unsafe {
            (*part).command = command;
            (*part).asked.fetch_add(1, Ordering::SeqCst);
            libc::syscall(libc::SYS_futex, &raw const (*part).asked, libc::FUTEX_WAKE, 1);
        }
    }

    /// Whether a puppet has done all that it was asked.
    pub(crate) fn is_idle(&self, puppet: usize) -> bool {
        let part = self.part(puppet);
        // SAFETY: atomics may be read at any time.
        unsafe { (*part).done.load(Ordering::SeqCst) == (*part).asked.load(Ordering::SeqCst) }
    }

    /// The result of the last command; whether it was skipped.
    pub(crate) fn result(&self, puppet: usize) -> (i64, bool) {
        let part = self.part(puppet);
        // SAFETY: the puppet is idle: it has written its result before `done`.
        unsafe { ((*part).result, (*part).skipped.load(Ordering::SeqCst) != 0) }
    }

    /// The runs of handlers since the last call.
    pub(crate) fn take_runs(&self, puppet: usize) -> Vec<HandlerRun> {
        let part = self.part(puppet);
        // SAFETY: everything is quiet, no handler runs; each entry below `runs` has been written.
        unsafe {
            let runs = ((*part).runs.swap(0, Ordering::SeqCst) as usize).min(LOG_ENTRIES);
            (0..runs).map(|run| (&raw const (*part).log[run]).read()).collect()
        }
    }

    /// Puts bytes where the puppet's calls find them, and returns their address.
    pub(crate) fn put(&self, puppet: usize, offset: usize, bytes: &[u8]) -> i64 {
        assert!(offset + bytes.len() <= DATA_BYTES);
        // SAFETY: the puppet is idle, and the bytes fit.
        unsafe {
            let to = (&raw mut (*self.part(puppet)).data).cast::<u8>().add(offset);
            ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
            to as i64
        }
    }

    /// The address of a place in a puppet's data.
    pub(crate) fn address(&self, puppet: usize, offset: usize) -> i64 {
        // SAFETY: only the address is taken.
        unsafe { (&raw mut (*self.part(puppet)).data).cast::<u8>().add(offset) as i64 }
    }

    /// Bytes that a puppet's call gave.
    pub(crate) fn get(&self, puppet: usize, offset: usize, length: usize) -> Vec<u8> {
        assert!(offset + length <= DATA_BYTES);
        // SAFETY: the puppet is idle, and the bytes lie within.
        unsafe {
            let from = (&raw const (*self.part(puppet)).data).cast::<u8>().add(offset);
            std::slice::from_raw_parts(from, length).to_vec()
        }
    }

    /// Puts a puppet's part back as it was.
    pub(crate) fn reset(&self, puppet: usize) {
        let part = self.part(puppet);
        // SAFETY: no process uses it at this time.
        unsafe {
            for counter in [&(*part).asked, &(*part).done, &(*part).skipped, &(*part).runs] {
                counter.store(0, Ordering::SeqCst);
            }
        }
    }
}
