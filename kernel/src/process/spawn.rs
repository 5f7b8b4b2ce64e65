//! `spawn`: a child that begins with a program, in one call (what `posix_spawn(3)` is made of). Unlike fork and exec it
//! copies no memory and replays no history.

use abi::{Errno, Fd, InArray, Length, Path, SPAWN_CLOSE, SPAWN_DUP2, SpawnAction, Strings};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::descriptor::Descriptors;
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::limits::SPAWN_ACTIONS;
use crate::mem::space::Space;
use crate::sched::policy::Became;
use crate::thread::Next;

impl Kernel {
    pub(crate) fn sys_spawn<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        path: Path,
        argv: Strings,
        envp: Strings,
        actions: InArray<SpawnAction>,
        count: Length,
    ) -> Outcome {
        self.check_may_fork(cx.process)?;
        self.check_actions(cx, actions, count)?;
        let new = self.load_image(cx.host, cx.process, path, argv, envp)?;
        let (child, thread) = match self.fork_without_memory(cx) {
            Ok(made) => made,
            Err(errno) => {
                let mut space = new.space;
                self.drop_space(cx.host, &mut space);
                return Err(errno);
            }
        };
        for index in 0..count.0 {
            let action: SpawnAction = self.get(cx.host, cx.process, element(actions, index))?;
            self.apply_action(cx.host, child, action)?;
        }
        let stack_pointer = self.change_image(cx.host, child, new);
        self.threads.at_mut(thread).next = Next::Start { stack_pointer };
        self.make_ready(thread, Became::New);
        Ok(Flow::Done(self.processes.at(child).pid.into()))
    }

    /// Forks, but leaves the child without memory: its image brings its own.
    fn fork_without_memory<H: Host>(&mut self, cx: &mut Cx<'_, H>) -> Result<(ProcessNo, crate::ids::ThreadNo), Errno> {
        let space = core::mem::replace(&mut self.processes.at_mut(cx.process).space, Space::EMPTY);
        let made = self.fork(cx.host, cx.process, cx.thread);
        self.processes.at_mut(cx.process).space = space;
        made
    }

    /// Plays the file actions through on a copy of the descriptors, so that nothing can fail later.
    fn check_actions<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        actions: InArray<SpawnAction>,
        count: Length,
    ) -> Result<(), Errno> {
        if count.0 > SPAWN_ACTIONS as u64 {
            return Err(Errno::EINVAL);
        }
        let limit = self.descriptor_limit(cx.process);
        let mut open: Descriptors = self.processes.at(cx.process).descriptors.clone();
        for index in 0..count.0 {
            let action: SpawnAction = self.get(cx.host, cx.process, element(actions, index))?;
            let source = open.get(Fd(action.fd));
            match action.op {
                // Closing what isn't open is no error of posix_spawn, as in glibc.
                SPAWN_CLOSE => {
                    open.take(Fd(action.fd));
                }
                SPAWN_DUP2 => {
                    let source = source.ok_or(Errno::EBADF)?;
                    if action.to < 0 || action.to as usize >= limit {
                        return Err(Errno::EBADF);
                    }
                    open.set(Fd(action.to), source);
                }
                _ => return Err(Errno::EINVAL),
            }
        }
        Ok(())
    }

    fn apply_action<H: Host>(&mut self, host: &mut H, child: ProcessNo, action: SpawnAction) -> Result<(), Errno> {
        match action.op {
            SPAWN_CLOSE => {
                let _ = self.close_fd(host, child, Fd(action.fd));
                Ok(())
            }
            // Onto itself it only loses close-on-exec (posix_spawn_file_actions_adddup2(3)).
            _ => self.duplicate_onto(host, child, Fd(action.fd), Fd(action.to), false),
        }
    }
}

fn element(actions: InArray<SpawnAction>, index: u64) -> u64 {
    actions.address.saturating_add(index * <SpawnAction as abi::Layout>::SIZE as u64)
}
