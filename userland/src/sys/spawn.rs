//! `posix_spawn(3)`: a child that executes a program at once, without the parent's past having to be replayed for it.

use alloc::vec::Vec;

use abi::*;

use super::process::{put_string, put_strings, too_long_for_the_stack};
use super::{Sys, put};

/// What is done to the child's descriptors before its program starts, in order
/// (`posix_spawn_file_actions_addclose(3)`, `posix_spawn_file_actions_adddup2(3)`).
///
/// ```
/// use abi::Fd;
/// use userland::sys::FileActions;
/// let actions = FileActions::new().dup2(Fd(4), Fd(1)).close(Fd(4));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct FileActions {
    actions: Vec<SpawnAction>,
}

impl FileActions {
    /// Nothing: the child has the parent's descriptors.
    pub fn new() -> FileActions {
        FileActions::default()
    }

    /// Then close `fd`; that it isn't open is no error.
    pub fn close(mut self, fd: Fd) -> FileActions {
        self.actions.push(SpawnAction { op: SPAWN_CLOSE, fd: fd.0, to: 0, pad: 0 });
        self
    }

    /// Then make `to` a duplicate of `fd`. Onto itself, it clears close-on-exec, as POSIX.1-2024 wants.
    pub fn dup2(mut self, fd: Fd, to: Fd) -> FileActions {
        self.actions.push(SpawnAction { op: SPAWN_DUP2, fd: fd.0, to: to.0, pad: 0 });
        self
    }
}

impl Sys {
    /// Creates a child that executes a program (`posix_spawn(3)`): its process id.
    ///
    /// # Errors
    /// `ENOENT`: no program has this name. `EAGAIN`: no process slot is free, or `RLIMIT_NPROC` is reached. `EBADF`: an
    /// action names a descriptor that isn't open, or out of range. `E2BIG`, `ENOMEM`: as for `execve`. `EINVAL`: too many
    /// actions.
    #[track_caller]
    pub fn posix_spawn<'a>(
        self,
        path: &'a [u8],
        actions: &'a FileActions,
        argv: &'a [&'a [u8]],
        envp: &'a [&'a [u8]],
    ) -> impl Future<Output = Result<Pid, Errno>> + 'a {
        let line = self.caller();
        async move {
            if too_long_for_the_stack(path, argv, envp) {
                return Err(Errno::E2BIG);
            }
            let call = {
                let stage = &mut *self.hart.stage();
                // From the last to the first, since the stack grows downwards; each is a multiple of 8 bytes long.
                let mut first = 0;
                for action in actions.actions.iter().rev() {
                    first = put(stage, action);
                }
                let path = Path(put_string(stage, path));
                let argv = Strings(put_strings(stage, argv));
                let envp = Strings(put_strings(stage, envp));
                let count = Length(actions.actions.len() as u64);
                move || Syscall::Spawn { path, argv, envp, actions: InArray::at(first), count }
            };
            self.staged(call, [None; 2], line).await.map(|pid| Pid(pid as i32))
        }
    }
}
