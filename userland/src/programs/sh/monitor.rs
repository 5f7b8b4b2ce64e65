//! Job control: each pipeline in a process group of its own, and the terminal for the one in the foreground (the GNU C
//! library's manual, "Implementing a Job Control Shell"; POSIX.1-2024, Shell & Utilities, `set -m`).

use abi::{Errno, FcntlCommand, Fd, Pid, Signal, Termios};

use super::checkpoint::{Decoder, Encoder};
use super::options::Options;
use super::pipeline::Plumbing;
use super::state::Shell;
use crate::libc::{STDERR, STDIN, STDOUT};
use crate::sys::SetWhen;

/// The lowest descriptor that the shell uses for itself.
pub(super) const OWN_FDS: u64 = 10;

/// What a shell with job control knows of its terminal.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Monitor {
    /// The shell's own descriptor of the controlling terminal; `None` if it has none.
    terminal: Option<Fd>,
    /// The group that it was in before, and gives the terminal back to.
    first_group: i32,
    /// The shell's own group.
    group: i32,
    /// The terminal's settings as commands find them.
    modes: Option<Termios>,
}

impl Monitor {
    pub(super) fn save(&self, bytes: &mut Encoder) {
        bytes.number(self.terminal.map_or(-1, |fd| fd.0).into());
        bytes.number(self.first_group.into());
        bytes.number(self.group.into());
        bytes.modes(self.modes);
    }

    pub(super) fn restore(bytes: &mut Decoder<'_>) -> Option<Monitor> {
        let terminal = Some(Fd(bytes.small()?)).filter(|fd| fd.0 >= 0);
        Some(Monitor { terminal, first_group: bytes.small()?, group: bytes.small()?, modes: bytes.modes()? })
    }
}

impl Shell {
    /// Switches job control on or off.
    pub(super) async fn set_monitor(&mut self, on: bool) {
        if on == self.options.monitor {
            return;
        }
        if on {
            self.find_terminal().await;
            if self.monitor.terminal.is_none() && self.is_interactive() {
                self.complain("can't access tty; job control turned off").await;
                return;
            }
        } else {
            self.leave_terminal().await;
            self.monitor = Monitor::default();
        }
        self.set_options(Options { monitor: on, ..self.options });
        for signal in [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU] {
            self.settle_signal(signal).await;
        }
        if on {
            self.enter_terminal().await;
        }
    }

    /// Finds the controlling terminal, and waits until the shell is in its foreground.
    async fn find_terminal(&mut self) {
        let sys = self.sys;
        for fd in [STDERR, STDIN, STDOUT] {
            if sys.tcgetpgrp(fd).await.is_err() {
                continue;
            }
            let Ok(own) = sys.fcntl(fd, FcntlCommand::F_DUPFD_CLOEXEC, OWN_FDS).await else { return };
            let terminal = Fd(own as i32);
            let Ok(group) = sys.getpgid(Pid(0)).await else { return };
            loop {
                match sys.tcgetpgrp(terminal).await {
                    Ok(foreground) if foreground != group => {
                        // As a command does that reads: it stops until it is put into the foreground.
                        let _ = sys.kill(Pid(0), Some(Signal::SIGTTIN)).await;
                    }
                    Ok(_) => break,
                    Err(_) => return,
                }
            }
            self.monitor.terminal = Some(terminal);
            self.monitor.first_group = group.0;
            return;
        }
    }

    /// Goes into a group of its own, which becomes the foreground.
    async fn enter_terminal(&mut self) {
        let Some(terminal) = self.monitor.terminal else { return };
        // A session's leader is in its own group already.
        let _ = self.sys.setpgid(Pid(0), Pid(0)).await;
        if let Ok(group) = self.sys.getpgid(Pid(0)).await {
            self.monitor.group = group.0;
            let _ = self.sys.tcsetpgrp(terminal, group).await;
        }
        self.monitor.modes = self.sys.tcgetattr(terminal).await.ok();
    }

    /// Gives the terminal back to whom it belonged.
    pub(super) async fn leave_terminal(&mut self) {
        let Monitor { terminal: Some(terminal), first_group, group, .. } = self.monitor else { return };
        if self.subshell {
            return;
        }
        if first_group != group {
            let _ = self.sys.tcsetpgrp(terminal, Pid(first_group)).await;
            let _ = self.sys.setpgid(Pid(0), Pid(first_group)).await;
        }
        let _ = self.sys.close(terminal).await;
    }

    /// Before another program takes the shell's place: signals and the terminal are as the shell found them.
    pub(super) async fn stand_down(&mut self) {
        self.set_monitor(false).await;
        self.set_options(Options { interactive: false, ..self.options });
        self.settle_signals().await;
    }

    /// It didn't: the shell goes on with the options that it had.
    pub(super) async fn stand_up(&mut self, options: Options) {
        self.set_options(Options { monitor: false, ..options });
        self.settle_signals().await;
        self.set_monitor(options.monitor).await;
    }

    /// Under job control, a process group for a job that begins.
    pub(super) fn new_group(&self) -> Option<Pid> {
        self.options.monitor.then_some(Pid(0))
    }

    /// The parent's half of putting a child into its group: whoever of the two comes first does it.
    pub(super) async fn place_child(&self, child: Pid, group: Option<Pid>) {
        if let Some(group) = group {
            let _ = self.sys.setpgid(child, if group == Pid(0) { child } else { group }).await;
        }
    }

    /// What a child of the shell does first: it goes into its group, takes the terminal if it is for the foreground, and
    /// has signals as the shell found them.
    pub(super) async fn begin_child(&mut self, plumbing: Plumbing) {
        let sys = self.sys;
        if let Some(group) = plumbing.group {
            let _ = sys.setpgid(Pid(0), group).await;
            if let (Some(terminal), false) = (self.monitor.terminal, plumbing.background)
                && let Ok(group) = sys.getpgid(Pid(0)).await
            {
                // SIGTTOU is still ignored, so that this can't stop it.
                let _ = sys.tcsetpgrp(terminal, group).await;
            }
        }
        self.jobs = Default::default();
        self.subshell = true;
        self.options.monitor = false;
        self.reset_signals(plumbing.background && plumbing.group.is_none()).await;
    }

    /// Puts a job that may be stopped into the foreground, and lets it go on.
    ///
    /// # Errors
    /// Those of `kill(2)`.
    pub(super) async fn give_terminal(&mut self, number: usize) -> Result<(), Errno> {
        let Some(job) = self.jobs.get_mut(number) else { return Err(Errno::ESRCH) };
        let (Some(group), modes) = (job.group, job.modes.take()) else { return Err(Errno::ESRCH) };
        job.background = false;
        job.continued();
        if let Some(terminal) = self.monitor.terminal {
            let _ = self.sys.tcsetpgrp(terminal, Pid(group)).await;
            if let Some(modes) = modes {
                let _ = self.sys.tcsetattr(terminal, SetWhen::Drain, modes).await;
            }
        }
        self.sys.kill(Pid(-group), Some(Signal::SIGCONT)).await
    }

    /// Takes the terminal back from a job that has ended or stopped. What a job has set stays set for itself, if it goes on
    /// later; what the last one that ended well has set stays set for all, as after `stty`.
    pub(super) async fn take_terminal(&mut self, number: usize) {
        let Monitor { terminal: Some(terminal), group, .. } = self.monitor else { return };
        if !self.options.monitor {
            return;
        }
        let _ = self.sys.tcsetpgrp(terminal, Pid(group)).await;
        let Ok(modes) = self.sys.tcgetattr(terminal).await else { return };
        let Some(job) = self.jobs.get_mut(number) else { return };
        if job.is_stopped() {
            job.modes = Some(modes);
        } else if job.ended_by_itself() {
            self.monitor.modes = Some(modes);
            return;
        }
        if let Some(own) = self.monitor.modes.filter(|&own| own != modes) {
            let _ = self.sys.tcsetattr(terminal, SetWhen::Drain, own).await;
        }
    }
}
