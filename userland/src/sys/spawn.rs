//! `posix_spawn(3)`: a child that executes a program at once, without the parent's past having to be replayed for it.

use alloc::vec::Vec;

use abi::*;

use super::process::{put_string, put_strings, too_long_for_the_stack};
use super::{Sys, put};
use crate::hart::SourceLine;

/// What is done to the child's descriptors before its program starts, in order
/// (`posix_spawn_file_actions_addclose(3)`, `posix_spawn_file_actions_adddup2(3)`,
/// `posix_spawn_file_actions_addopen(3)`).
///
/// ```
/// use abi::{Fd, OpenFlags};
/// use userland::sys::FileActions;
/// let actions = FileActions::new().dup2(Fd(4), Fd(1)).close(Fd(4)).open(Fd(0), b"/dev/null", OpenFlags::empty());
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct FileActions {
    actions: Vec<SpawnAction>,
    opens: Vec<Opening>,
}

/// What is opened for the child, and which action puts it in its place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Opening {
    action: usize,
    path: Vec<u8>,
    flags: OpenFlags,
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

    /// Then open a name as `fd`. The caller opens it, before there is a child, and so waits for the other end of a FIFO, as a
    /// parent does whose child shares its memory until it executes.
    pub fn open(mut self, fd: Fd, path: &[u8], flags: OpenFlags) -> FileActions {
        self.opens.push(Opening { action: self.actions.len(), path: path.into(), flags });
        self.dup2(Fd(-1), fd)
    }

    /// Whether an action speaks of a number.
    fn mentions(&self, fd: Fd) -> bool {
        self.actions.iter().any(|action| [action.fd, action.to].contains(&fd.0))
    }
}

impl Sys {
    /// Opens what the actions want opened, and lets them speak of it; what was opened, also if not all was.
    async fn open_for(self, actions: &mut FileActions) -> (Vec<Fd>, Result<(), Errno>) {
        let mut opened = Vec::new();
        for Opening { action, path, flags } in &actions.opens {
            let mut fd = match self.open(path, *flags | OpenFlags::O_CLOEXEC).await {
                Ok(fd) => fd,
                Err(errno) => return (opened, Err(errno)),
            };
            // Out of the way of the other actions.
            while actions.mentions(fd) {
                let higher = self.fcntl(fd, FcntlCommand::F_DUPFD_CLOEXEC, fd.0 as u64 + 1).await;
                let _ = self.close(fd).await;
                fd = match higher {
                    Ok(fd) => Fd(fd as i32),
                    // There is no higher number.
                    Err(Errno::EINVAL) => return (opened, Err(Errno::EMFILE)),
                    Err(errno) => return (opened, Err(errno)),
                };
            }
            opened.push(fd);
            actions.actions[*action].fd = fd.0;
        }
        (opened, Ok(()))
    }
}

impl Sys {
    /// Creates a child that executes a program (`posix_spawn(3)`): its process id.
    ///
    /// # Errors
    /// Those of `open(2)`, if an action opens something. `ENOENT`: no program has this name. `EAGAIN`: no process slot is
    /// free, or `RLIMIT_NPROC` is reached. `EBADF`: an action names a descriptor that isn't open, or out of range. `E2BIG`,
    /// `ENOMEM`: as for `execve`. `EINVAL`: too many actions.
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
            if !actions.opens.is_empty() {
                let mut actions = actions.clone();
                let sys = Sys { line: Some(line), ..self };
                let (opened, result) = sys.open_for(&mut actions).await;
                actions.opens.clear();
                let spawned = match result {
                    Ok(()) => self.spawn_with(path, &actions, argv, envp, line).await,
                    Err(errno) => Err(errno),
                };
                for fd in opened {
                    let _ = self.close(fd).await;
                }
                return spawned;
            }
            self.spawn_with(path, actions, argv, envp, line).await
        }
    }

    /// The call itself: nothing is left to be opened.
    async fn spawn_with(
        self,
        path: &[u8],
        actions: &FileActions,
        argv: &[&[u8]],
        envp: &[&[u8]],
        line: SourceLine,
    ) -> Result<Pid, Errno> {
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
