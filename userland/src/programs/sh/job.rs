//! The table of jobs: which pipelines this shell has started, and what has become of their processes
//! (POSIX.1-2024, Shell & Utilities, 2.11). Plain data; `wait.rs` fills it.

use alloc::vec::Vec;

use abi::{Pid, Signal, Termios, WaitStatus};

/// How many jobs that have ended and that nobody has asked about are remembered (POSIX: `CHILD_MAX` at least).
const REMEMBERED: usize = 64;

/// What a process of a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// It runs.
    Running,
    /// This signal has stopped it.
    Stopped(Signal),
    /// It has ended so.
    Ended(WaitStatus),
}

impl State {
    /// What `$?` becomes when it is waited for; `None` while it runs.
    pub(super) fn status(self) -> Option<i32> {
        match self {
            State::Running => None,
            State::Stopped(signal) => Some(WaitStatus::Stopped(signal).shell_code()),
            State::Ended(status) => Some(status.shell_code()),
        }
    }
}

/// One process of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Member {
    pub(super) pid: i32,
    pub(super) state: State,
    /// The command that it runs.
    pub(super) text: Vec<u8>,
}

/// A pipeline, or a list in the background.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Job {
    /// What `%` names it by.
    pub(super) number: usize,
    /// Its process group, if it has one of its own: it was started under job control.
    pub(super) group: Option<i32>,
    /// Its processes in the order of the pipeline; never empty.
    pub(super) members: Vec<Member>,
    /// Nobody waits for it.
    pub(super) background: bool,
    /// Its state has changed, and the user doesn't know yet.
    pub(super) news: bool,
    /// The terminal's settings as it left them when it stopped.
    pub(super) modes: Option<Termios>,
    /// The order in which jobs have stopped; 0 if it hasn't.
    pub(super) stopped_at: u32,
}

impl Job {
    /// What it does as a whole: it runs while one of its processes runs, and it ends with its last one.
    pub(super) fn state(&self) -> State {
        let states = || self.members.iter().map(|member| member.state);
        let stopped = states().rfind(|state| matches!(state, State::Stopped(_)));
        match states().find(|&state| state == State::Running).or(stopped) {
            Some(state) => state,
            None => self.members.last().map_or(State::Running, |member| member.state),
        }
    }

    /// Whether all of it has ended.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state(), State::Ended(_))
    }

    /// Whether it is stopped.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state(), State::Stopped(_))
    }

    /// Whether it has ended, and no signal did that.
    pub(super) fn ended_by_itself(&self) -> bool {
        matches!(self.state(), State::Ended(WaitStatus::Exited(_)))
    }

    /// Its commands.
    pub(super) fn text(&self) -> Vec<u8> {
        let texts: Vec<&[u8]> = self.members.iter().map(|member| &member.text[..]).collect();
        texts.join(&b" | "[..])
    }

    /// Its processes run again, as far as the shell knows.
    pub(super) fn continued(&mut self) {
        for member in &mut self.members {
            if let State::Stopped(_) = member.state {
                member.state = State::Running;
            }
        }
        (self.stopped_at, self.news) = (0, false);
    }
}

/// All jobs, in the order of their numbers.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Jobs {
    pub(super) list: Vec<Job>,
    stops: u32,
}

impl Jobs {
    /// Adds a job that has just been started; its number.
    pub(super) fn add(&mut self, group: Option<Pid>, members: Vec<Member>, background: bool) -> usize {
        // Process ids come back: whoever had one of these before is forgotten.
        self.list.retain(|job| !(job.has_ended() && job.members.iter().any(|old| has(&members, old.pid))));
        let ended = self.list.iter().filter(|job| job.has_ended()).count();
        if ended >= REMEMBERED
            && let Some(oldest) = self.list.iter().position(Job::has_ended)
        {
            self.list.remove(oldest);
        }
        let number = self.list.last().map_or(1, |job| job.number + 1);
        let group = group.map(|group| group.0);
        self.list.push(Job { number, group, members, background, news: false, modes: None, stopped_at: 0 });
        number
    }

    /// Puts a job back as it was saved.
    pub(super) fn restore(&mut self, job: Job) {
        self.stops = self.stops.max(job.stopped_at);
        self.list.push(job);
    }

    /// The job with this number.
    pub(super) fn get(&self, number: usize) -> Option<&Job> {
        self.list.iter().find(|job| job.number == number)
    }

    /// The job with this number.
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.number == number)
    }

    /// The job that this process belongs to.
    pub(super) fn of_process(&self, pid: i32) -> Option<&Job> {
        self.list.iter().rev().find(|job| has(&job.members, pid))
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, number: usize) {
        self.list.retain(|job| job.number != number);
    }

    /// What `wait` has reported of a process.
    pub(super) fn changed(&mut self, pid: i32, status: WaitStatus) {
        let state = match status {
            WaitStatus::Stopped(signal) => State::Stopped(signal),
            WaitStatus::Continued => State::Running,
            ended => State::Ended(ended),
        };
        let Some(job) = self.list.iter_mut().rev().find(|job| has(&job.members, pid)) else { return };
        let before = job.state();
        job.members.iter_mut().filter(|member| member.pid == pid).for_each(|member| member.state = state);
        let after = job.state();
        if before != after {
            job.news = after != State::Running;
            job.stopped_at = 0;
            if job.is_stopped() {
                self.stops += 1;
                job.stopped_at = self.stops;
            }
        }
    }

    /// The numbers of the current job (`%+`) and of the previous one (`%-`): those that stopped last, and else those that
    /// were started last.
    pub(super) fn current_and_previous(&self) -> (Option<usize>, Option<usize>) {
        let mut order: Vec<_> = self.list.iter().map(|job| (job.stopped_at, job.number)).collect();
        order.sort_unstable();
        let mut latest = order.into_iter().rev().map(|(_, number)| number);
        (latest.next(), latest.next())
    }

    /// Whether some job is stopped.
    pub(super) fn any_stopped(&self) -> bool {
        self.list.iter().any(Job::is_stopped)
    }
}

fn has(members: &[Member], pid: i32) -> bool {
    members.iter().any(|member| member.pid == pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(pid: i32, text: &str) -> Member {
        Member { pid, state: State::Running, text: text.into() }
    }

    fn jobs(pids: &[i32]) -> Jobs {
        let mut jobs = Jobs::default();
        for &pid in pids {
            jobs.add(Some(Pid(pid)), Vec::from([member(pid, "a")]), true);
        }
        jobs
    }

    #[test]
    fn a_job_ends_with_the_last_of_its_processes() {
        let mut jobs = Jobs::default();
        let number = jobs.add(None, Vec::from([member(5, "a"), member(6, "b")]), false);
        jobs.changed(6, WaitStatus::Exited(3));
        assert_eq!(jobs.get(number).unwrap().state(), State::Running);
        jobs.changed(5, WaitStatus::Stopped(Signal::SIGTSTP));
        assert!(jobs.any_stopped() && jobs.get(number).unwrap().news);
        jobs.changed(5, WaitStatus::Continued);
        jobs.changed(5, WaitStatus::Exited(0));
        assert_eq!(jobs.get(number).unwrap().state(), State::Ended(WaitStatus::Exited(3)));
        assert_eq!(jobs.get(number).unwrap().text(), b"a | b");
    }

    #[test]
    fn the_current_job_stopped_last_or_was_started_last() {
        let mut jobs = jobs(&[5, 6, 7]);
        assert_eq!(jobs.current_and_previous(), (Some(3), Some(2)));
        jobs.changed(6, WaitStatus::Stopped(Signal::SIGTSTP));
        jobs.changed(5, WaitStatus::Stopped(Signal::SIGTSTP));
        assert_eq!(jobs.current_and_previous(), (Some(1), Some(2)));
        jobs.get_mut(1).unwrap().continued();
        assert_eq!(jobs.current_and_previous(), (Some(2), Some(3)));
    }

    #[test]
    fn numbers_go_on_behind_the_highest_in_use() {
        let mut jobs = jobs(&[5, 6, 7]);
        jobs.remove(2);
        assert_eq!(jobs.add(None, Vec::from([member(8, "a")]), true), 4);
        jobs.remove(3);
        jobs.remove(4);
        assert_eq!(jobs.add(None, Vec::from([member(9, "a")]), true), 2);
    }

    #[test]
    fn what_ended_long_ago_is_forgotten() {
        let mut jobs = Jobs::default();
        for pid in 1..=200 {
            jobs.add(None, Vec::from([member(pid, "a")]), true);
            jobs.changed(pid, WaitStatus::Exited(0));
        }
        assert_eq!(jobs.list.len(), REMEMBERED);
        assert!(jobs.of_process(1).is_none() && jobs.of_process(200).is_some());
    }
}
