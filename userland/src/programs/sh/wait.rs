//! Children and their ends: waiting for the job in the foreground, the builtin `wait`, and news of the others. A shell
//! reaps whatever changes while it waits, and notes it in its table of jobs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, Pid, Signal, WaitOptions, WaitStatus};

use super::job::{Job, Member, State};
use super::report::{Detail, lines};
use super::run::Flow;
use super::state::Shell;
use super::{job_name, pending};
use crate::libc::{STDERR, display_name, parse_number, write_all};

/// `$?` when there is nothing like that to wait for.
const UNKNOWN: i32 = 127;

impl Shell {
    /// Notes the processes of a job that has just been started; its number.
    pub(super) fn add_job(&mut self, children: &[Pid], texts: Vec<Vec<u8>>, background: bool) -> usize {
        let group = children.first().copied().filter(|_| self.options.monitor);
        let member = |(pid, text): (&Pid, _)| Member { pid: pid.0, state: State::Running, text };
        let members = children.iter().zip(texts).map(member).collect();
        self.jobs.add(group, members, background)
    }

    /// Waits until a job that is in the foreground ends or stops, and takes the terminal back; `$?` is its status.
    pub(super) async fn wait_for_foreground(&mut self, number: usize) -> Flow {
        self.wait_while_running(number).await;
        self.take_terminal(number).await;
        let Some(job) = self.jobs.get_mut(number) else {
            self.parameters.status = UNKNOWN;
            return Flow::Next;
        };
        job.news = false;
        let state = job.state();
        self.parameters.status = state.status().unwrap_or(UNKNOWN);
        match state {
            State::Stopped(_) => {
                job.background = true;
                let line = job_lines(self, number);
                // The cursor stands behind the ^Z.
                self.tell(&[&b"\n"[..], &line].concat()).await;
                Flow::Next
            }
            _ => {
                let statuses: Vec<State> = job.members.iter().map(|member| member.state).collect();
                self.jobs.remove(number);
                for state in &statuses {
                    self.tell_how_it_ended(*state).await;
                }
                let interrupted = State::Ended(WaitStatus::Signaled { signal: Signal::SIGINT, core: false });
                if self.is_interactive() && statuses.last() == Some(&interrupted) {
                    Flow::Interrupt
                } else {
                    Flow::Next
                }
            }
        }
    }

    async fn wait_while_running(&mut self, number: usize) {
        while self.jobs.get(number).is_some_and(|job| job.state() == State::Running) {
            match self.reap(self.wait_options()).await {
                Ok(_) | Err(Errno::EINTR) => {}
                // Nobody can say what has become of it: SIGCHLD is ignored.
                Err(_) => return self.jobs.remove(number),
            }
        }
    }

    /// Which changes of children this shell asks for.
    fn wait_options(&self) -> WaitOptions {
        match self.options.monitor {
            true => WaitOptions::WUNTRACED | WaitOptions::WCONTINUED,
            false => WaitOptions::empty(),
        }
    }

    /// Waits for any child to change, and notes it; whether one has.
    async fn reap(&mut self, options: WaitOptions) -> Result<bool, Errno> {
        let change = self.sys.waitpid(Pid(-1), options).await?;
        if let Some((child, status)) = change {
            self.jobs.changed(child.0, status);
        }
        Ok(change.is_some())
    }

    /// Notes what has happened to children in the meantime.
    pub(super) async fn look_after_jobs(&mut self) {
        let options = self.wait_options() | WaitOptions::WNOHANG;
        while self.jobs.list.iter().any(|job| !job.has_ended()) && self.reap(options).await == Ok(true) {}
    }

    /// Tells the user what has happened to jobs, and forgets those that have ended.
    pub(super) async fn tell_news(&mut self) {
        let mut text = Vec::new();
        let news: Vec<usize> = self.jobs.list.iter().filter(|job| job.news).map(|job| job.number).collect();
        for number in news {
            let Some(job) = self.jobs.get(number) else { continue };
            if self.tells(job) {
                text.extend(lines(&self.jobs, job, Detail::Short));
            }
            self.told(number);
        }
        self.tell(&text).await;
    }

    /// Whether the user is told of what has become of a job. A script knows what it has started: as in bash, it hears of
    /// unusual ends only, and that under job control.
    fn tells(&self, job: &Job) -> bool {
        self.options.monitor && (self.is_interactive() || !job.ended_by_itself())
    }

    /// The user knows the state of a job now: it is forgotten if it has ended, unless a script may ask for its status.
    pub(super) fn told(&mut self, number: usize) {
        let Some(job) = self.jobs.get(number) else { return };
        if job.has_ended() && self.tells(job) {
            self.jobs.remove(number);
        } else if let Some(job) = self.jobs.get_mut(number) {
            job.news = false;
        }
    }

    /// Says which signal ended a command, unless it is one by which commands end every day.
    async fn tell_how_it_ended(&self, state: State) {
        let State::Ended(WaitStatus::Signaled { signal, core }) = state else { return };
        if signal == Signal::SIGINT && self.is_interactive() {
            // The cursor stands behind the ^C.
            self.tell(b"\n").await;
        } else if signal != Signal::SIGINT && signal != Signal::SIGPIPE {
            let core = if core { " (core dumped)" } else { "" };
            self.tell(format!("{}{core}\n", signal.text()).as_bytes()).await;
        }
    }

    /// Says something to the user.
    pub(super) async fn tell(&self, text: &[u8]) {
        if !text.is_empty() {
            let _ = write_all(self.sys, STDERR, text).await;
        }
    }
}

fn job_lines(shell: &Shell, number: usize) -> Vec<u8> {
    shell.jobs.get(number).map(|job| lines(&shell.jobs, job, Detail::Short)).unwrap_or_default()
}

/// `wait` for all jobs that run, or `wait PID|%JOB...` for some: the status of the last one. A signal that is trapped ends
/// it at once, with 128 plus its number.
pub(super) async fn wait(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    if arguments.is_empty() {
        let running = |shell: &Shell| shell.jobs.list.iter().any(|job| job.state() == State::Running);
        while running(shell) {
            match next_change(shell).await {
                Ok(()) => {}
                Err(Stop::Interrupted(status)) => return status,
                Err(Stop::NoChildren) => break,
            }
        }
        let numbers: Vec<usize> = shell.jobs.list.iter().map(|job| job.number).collect();
        numbers.into_iter().for_each(|number| forget_ended(shell, number));
        return 0;
    }
    let mut status = 0;
    for argument in arguments {
        status = match target(shell, argument) {
            Ok(Some(pid)) => match wait_for_process(shell, pid).await {
                Ok(status) => status,
                Err(status) => return status,
            },
            Ok(None) => UNKNOWN,
            Err((message, status)) => {
                shell.complain(format_args!("wait: {message}")).await;
                status
            }
        };
    }
    status
}

/// The process whose status a word asks for: a process itself, or the last of a job.
fn target(shell: &Shell, word: &[u8]) -> Result<Option<i32>, (String, i32)> {
    if word.starts_with(b"%") {
        let number = job_name::find(&shell.jobs, word).map_err(|message| (message, UNKNOWN))?;
        return Ok(shell.jobs.get(number).and_then(|job| job.members.last()).map(|member| member.pid));
    }
    match parse_number(word).and_then(|pid| i32::try_from(pid).ok()) {
        Some(pid) => Ok(shell.jobs.of_process(pid).map(|_| pid)),
        None => Err((format!("illegal number: {}", display_name(word)), 2)),
    }
}

/// Waits for a process of a job; its status, or the status after an interruption.
async fn wait_for_process(shell: &mut Shell, pid: i32) -> Result<i32, i32> {
    loop {
        let Some(job) = shell.jobs.of_process(pid) else { return Ok(UNKNOWN) };
        let member = job.members.iter().find(|member| member.pid == pid);
        if let Some(status) = member.and_then(|member| member.state.status()) {
            let number = job.number;
            forget_ended(shell, number);
            return Ok(status);
        }
        match next_change(shell).await {
            Ok(()) => {}
            Err(Stop::Interrupted(status)) => return Err(status),
            Err(Stop::NoChildren) => return Ok(UNKNOWN),
        }
    }
}

/// Forgets a job that has ended, unless the user is still to hear of it.
fn forget_ended(shell: &mut Shell, number: usize) {
    let Some(job) = shell.jobs.get(number) else { return };
    if job.has_ended() && !(job.news && shell.tells(job)) {
        shell.jobs.remove(number);
    }
}

/// Why there is nothing to wait for any more.
enum Stop {
    /// A signal came for which there is a trap.
    Interrupted(i32),
    NoChildren,
}

/// Waits until a child changes, or a signal comes for which there is a trap. Signals are held back while the shell looks
/// whether either has happened already, so that none can come unnoticed between looking and waiting.
async fn next_change(shell: &mut Shell) -> Result<(), Stop> {
    if shell.traps.catches_none() {
        return match shell.reap(shell.wait_options()).await {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(_) => Err(Stop::NoChildren),
        };
    }
    shell.catch_children().await;
    let mask = pending::hold(shell.sys).await;
    let next = loop {
        if let Some(signal) = shell.caught_signals().await.lowest() {
            break Err(Stop::Interrupted(128 + i32::from(signal.number())));
        }
        match shell.reap(shell.wait_options() | WaitOptions::WNOHANG).await {
            Ok(true) => break Ok(()),
            Ok(false) => {}
            Err(_) => break Err(Stop::NoChildren),
        }
        shell.sys.sigsuspend(mask).await;
    };
    pending::release(shell.sys, mask).await;
    next
}
