//! Processes: `fork(2) execve(2) _exit(2) getpid(2)`.

use abi::*;

use super::Sys;

/// `!` as a type with a name: what a call returns that doesn't return.
pub type Never = <fn() -> ! as Returns>::Output;

/// Names the result type of a function pointer.
pub trait Returns {
    /// It.
    type Output;
}
impl<T> Returns for fn() -> T {
    type Output = T;
}

/// In which of the two processes `fork` returned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Forked {
    /// In the new child.
    Child,
    /// In the parent, with the child's process id.
    Parent(Pid),
}

impl Sys {
    /// Creates a child that continues here too (`fork(2)`).
    ///
    /// # Errors
    /// `EAGAIN`: no process slot is free, or `RLIMIT_NPROC` is reached. `ENOMEM`: the page tables don't fit.
    #[track_caller]
    pub fn fork(self) -> impl Future<Output = Result<Forked, Errno>> {
        let flags = CloneFlags::from_bits_retain(Signal::SIGCHLD.number().into());
        let null = Address(0);
        let call = move || Syscall::Clone { flags, stack: null, parent_tid: null, tls: null, child_tid: null };
        let line = self.caller();
        async move {
            self.call(call, line).await.map(|pid| match pid {
                0 => Forked::Child,
                pid => Forked::Parent(Pid(pid as i32)),
            })
        }
    }

    /// Replaces the program by another (`execve(2)`). Returns only if that failed.
    ///
    /// # Errors
    /// `ENOENT`: no program has this name. `E2BIG`: arguments and environment are too long. `ENOMEM`: no frames for the
    /// new stack.
    #[track_caller]
    pub fn execve<'a>(
        self,
        path: &'a [u8],
        argv: &'a [&'a [u8]],
        envp: &'a [&'a [u8]],
    ) -> impl Future<Output = Errno> + 'a {
        let line = self.caller();
        async move {
            if too_long_for_the_stack(path, argv, envp) {
                return Errno::E2BIG;
            }
            let call = {
                let stage = &mut *self.hart.stage();
                let path = Path(put_string(stage, path));
                let argv = Strings(put_strings(stage, argv));
                let envp = Strings(put_strings(stage, envp));
                move || Syscall::Execve { path, argv, envp }
            };
            match self.staged(call, [None; 2], line).await {
                Err(errno) => errno,
                Ok(_) => Errno::EINVAL,
            }
        }
    }

    /// Terminates the process (`_exit(2)`); the parent sees the low 8 bits of `status`.
    #[track_caller]
    pub fn exit(self, status: i32) -> impl Future<Output = Never> {
        let line = self.caller();
        async move {
            loop {
                let _ = self.call(move || Syscall::ExitGroup { status }, line).await;
            }
        }
    }

    /// The caller's process id (`getpid(2)`).
    #[track_caller]
    pub fn getpid(self) -> impl Future<Output = Pid> {
        let line = self.caller();
        async move { Pid(self.call(move || Syscall::Getpid {}, line).await.unwrap_or(0) as i32) }
    }

    /// The process id of the caller's parent (`getppid(2)`).
    #[track_caller]
    pub fn getppid(self) -> impl Future<Output = Pid> {
        let line = self.caller();
        async move { Pid(self.call(move || Syscall::Getppid {}, line).await.unwrap_or(0) as i32) }
    }

    /// The caller's thread id (`gettid(2)`): that of its process, as every process has one thread.
    #[track_caller]
    pub fn gettid(self) -> impl Future<Output = Pid> {
        let line = self.caller();
        async move { Pid(self.call(move || Syscall::Gettid {}, line).await.unwrap_or(0) as i32) }
    }
}

/// Stages a string with its final zero byte and returns its address.
pub(super) fn put_string(stage: &mut crate::hart::Stage, text: &[u8]) -> u64 {
    let mut bytes = alloc::vec::Vec::with_capacity(text.len() + 1);
    bytes.extend_from_slice(text);
    bytes.push(0);
    stage.put(&bytes)
}

/// Whether strings would overflow the stack on which they are handed over, long before the kernel could refuse them.
pub(super) fn too_long_for_the_stack(path: &[u8], argv: &[&[u8]], envp: &[&[u8]]) -> bool {
    const LONGEST: usize = 2 << 20;
    path.len() + argv.iter().chain(envp).map(|text| text.len() + 9).sum::<usize>() > LONGEST
}

/// Stages strings and the array of their addresses, and returns the array's address.
pub(super) fn put_strings(stage: &mut crate::hart::Stage, texts: &[&[u8]]) -> u64 {
    let mut addresses = alloc::vec::Vec::with_capacity((texts.len() + 1) * u64::SIZE);
    for text in texts {
        addresses.extend_from_slice(&put_string(stage, text).to_le_bytes());
    }
    addresses.extend_from_slice(&0u64.to_le_bytes());
    stage.put(&addresses)
}
