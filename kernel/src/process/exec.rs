//! `execve`: the process goes on with another program (`execve(2)`).
//!
//! Descriptors stay but those marked close-on-exec; caught signals go back to their defaults, ignored ones stay ignored;
//! pending signals, mask, interval timers, ids and limits stay; POSIX timers are deleted. A failed call changes nothing.

use abi::{AT_FDCWD, Errno, Path, Strings};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{ImageNo, ProcessNo};
use crate::kernel::Kernel;
use crate::mem::space::Space;
use crate::name::path::PathName;
use crate::process::arguments::UserStrings;
use crate::process::process_name;
use crate::signal::alternate_stack::AlternateStack;

/// A new image that is ready to take a process over.
pub(crate) struct NewImage {
    pub(crate) image: ImageNo,
    pub(crate) name: [u8; 16],
    pub(crate) space: Space,
    pub(crate) stack_pointer: u64,
}

impl Kernel {
    pub(crate) fn sys_execve<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        path: Path,
        argv: Strings,
        envp: Strings,
    ) -> Outcome {
        let new = self.load_image(cx.host, cx.process, path, argv, envp)?;
        Ok(Flow::Started { stack_pointer: self.change_image(cx.host, cx.process, new) })
    }

    /// Finds the program and prepares its memory, reading the arguments from the memory of `process`.
    pub(crate) fn load_image<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        path: Path,
        argv: Strings,
        envp: Strings,
    ) -> Result<NewImage, Errno> {
        let mut buffer = PathName::EMPTY;
        // Until there are files, every directory holds the same programs, and no other name stands for one.
        let path = self.read_path(host, process, path, &mut buffer)?;
        let name = process_name(path);
        let judged = self.effective(process);
        if path.contains(&b'/') && self.resolve(process, judged, AT_FDCWD, path).is_ok() {
            return Err(Errno::EACCES);
        }
        let image = host.find(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()).ok_or(Errno::ENOENT)?;
        let argv = UserStrings::new(self, host, process, argv.0)?;
        let envp = UserStrings::new(self, host, process, envp.0)?;
        let (space, stack_pointer) = self.new_image_space(host, process, image, &argv, &envp)?;
        Ok(NewImage { image, name, space, stack_pointer })
    }

    /// The process becomes the new image; can't fail. Where the arguments lie.
    pub(crate) fn change_image<H: Host>(&mut self, host: &mut H, process: ProcessNo, new: NewImage) -> u64 {
        self.release_space(host, process);
        self.close_on_exec(host, process);
        self.silence_notifications(process);
        self.reset_caught_signals(process);
        self.delete_all_timers(host, process);
        let entry = self.processes.at_mut(process);
        entry.space = new.space;
        entry.image = new.image;
        entry.has_executed = true;
        entry.credentials.save_effective();
        let thread = entry.thread;
        entry.name_bytes = new.name;
        log::debug!("process {} executes {}", entry.pid, entry.name());
        self.threads.at_mut(thread).alternate_stack = AlternateStack::NONE;
        new.stack_pointer
    }
}
