//! Typed system calls: one stub each, `Result<_, Errno>`.
//!
//! Every stub is a plain function that captures its caller's line and returns a future, because `#[track_caller]` does
//! nothing on an `async fn`; so the debugger knows on which line of its source every process stands.
//!
//! | stubs | file |
//! | --- | --- |
//! | processes: `fork execve exit getpid` ... | `process.rs` |
//! | waiting for children: `wait waitpid waitid` | `wait.rs` |
//! | `posix_spawn` | `spawn.rs` |
//! | process groups and sessions: `getpgid setpgid getsid setsid` | `group.rs` |
//! | name and child subreaper: `prctl` | `prctl.rs` |
//! | the list of processes | `list.rs` |
//! | user and group ids: `getuid setuid` ..., `umask` | `credentials.rs` |
//! | `prlimit getrlimit setrlimit` | `limit.rs` |
//! | figures: `getrusage times uname sysinfo` | `figures.rs` |
//! | signals: `kill tgkill sigqueue sigaction sigaltstack` | `signal.rs` |
//! | blocked and pending signals: `sigprocmask sigpending sigsuspend sigtimedwait` | `signal_mask.rs` |
//! | atomic operations on memory | `atomic.rs` |
//! | `setjmp longjmp sigsetjmp siglongjmp` | `jump.rs` |
//! | descriptors and pipes: `pipe read write close dup2 fcntl` ... | `descriptor.rs` |
//! | names: `open mkdir mkfifo unlink rename stat chdir` ... | `name.rs` |
//! | the terminal: `tcgetattr tcsetpgrp isatty` ... | `terminal.rs` |
//! | POSIX message queues: `mq_open mq_send mq_receive` ... | `mqueue.rs` |
//! | POSIX shared memory: `shm_open ftruncate` ... | `posix_shared_memory.rs` |
//! | memory: `mmap munmap mprotect madvise`, loads and stores | `memory.rs` |
//! | System V shared memory: `shmget shmat shmdt shmctl` | `shared_memory.rs` |
//! | System V message queues: `msgget msgsnd msgrcv msgctl` | `message_queue.rs` |
//! | System V semaphores: `semget semop semctl` | `semaphore.rs` |
//! | the heap's end: `brk sbrk` | `heap.rs` |
//! | time: `nanosleep clock_nanosleep clock_gettime compute sched_yield` | `time.rs` |
//! | timers: `setitimer getitimer timer_create` ... | `timer.rs` |
//! | all of them by address, generated from the table | `raw.rs` |

mod atomic;
mod credentials;
mod descriptor;
mod figures;
mod group;
mod heap;
mod jump;
mod limit;
mod list;
mod memory;
mod message_queue;
mod mqueue;
mod name;
mod posix_shared_memory;
mod prctl;
mod process;
mod raw;
mod semaphore;
mod shared_memory;
mod signal;
mod signal_mask;
mod spawn;
mod terminal;
mod time;
mod timer;
mod wait;

pub use credentials::{Ids, UNCHANGED};
pub use jump::{JumpBuffer, JumpPoint};
pub use memory::Word;
pub use mqueue::{Mqd, Notify};
pub use name::Dirent;
pub use process::{Forked, Never};
pub use raw::Raw;
pub use signal::{Action, Disposition};
pub use spawn::FileActions;
pub use terminal::SetWhen;
pub use timer::{Notification, TimerId};

use alloc::string::String;

use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use abi::{Errno, Layout, Syscall};

use crate::hart::{Hart, HartRef, Operation, OutRegion, SourceLine, Stage};

/// A program's handle to the kernel. Copy it freely; every call goes through it.
#[derive(Clone, Copy)]
pub struct Sys {
    hart: HartRef,
    line: Option<SourceLine>,
}

impl Sys {
    /// A handle to this hart; for those who run programs, not for programs.
    pub fn new(hart: &'static Hart) -> Sys {
        Sys { hart: HartRef::new(hart), line: None }
    }

    /// A handle whose calls report the line of the caller of `here`: for library functions that want their own caller
    /// to be seen as the one that traps.
    #[track_caller]
    pub fn here(self) -> Sys {
        Sys { line: Some(self.caller()), ..self }
    }

    #[track_caller]
    fn caller(self) -> SourceLine {
        match self.line {
            Some(line) => line,
            None => Location::caller(),
        }
    }

    /// A call that takes no bytes along.
    #[inline]
    fn call<F: Fn() -> Syscall + Unpin>(
        self,
        call: F,
        line: SourceLine,
    ) -> impl Future<Output = Result<i64, Errno>> + Unpin {
        Call(self.hart.trap(move || Operation::Syscall(call()), line))
    }

    /// A call with staged bytes, whose results come back in `outs`.
    #[inline]
    fn staged<F: Fn() -> Syscall + Unpin>(
        self,
        call: F,
        outs: [Option<OutRegion>; 2],
        line: SourceLine,
    ) -> impl Future<Output = Result<i64, Errno>> + Unpin {
        Call(self.hart.staged_trap(move || Operation::Syscall(call()), outs, line))
    }

    /// The structure at the front of the result's bytes.
    fn result_at<T: Layout>(self, at: usize) -> T {
        T::load(self.hart.0.data.borrow().get(at..).unwrap_or_default())
    }
}

/// A call on its way: its value or its error. A named future, not an `async fn`: this is on the path of every call and of
/// every replayed event.
#[must_use = "nothing happens until it is awaited"]
struct Call<T>(T);

impl<T: Future<Output = i64> + Unpin> Future for Call<T> {
    type Output = Result<i64, Errno>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<i64, Errno>> {
        Pin::new(&mut self.0).poll(context).map(Errno::result)
    }
}

/// Stages a structure and returns its address.
fn put<T: Layout>(stage: &mut Stage, value: &T) -> u64 {
    let mut bytes = [0; 256];
    let bytes = &mut bytes[..T::SIZE];
    value.store(bytes);
    stage.put(bytes)
}

/// The text before the first zero byte.
fn text_until_zero(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
