//! Children and their ends. A shell reaps whatever ends while it waits, and remembers what `wait` may ask for.

use alloc::format;
use alloc::vec::Vec;

use abi::{Pid, Signal, WaitStatus};

use super::state::Shell;
use crate::libc::{STDERR, reap, write_all};

/// A background process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Job {
    pub(super) pid: i32,
    /// What `$?` becomes when it is waited for; `None` while it runs.
    pub(super) status: Option<i32>,
}

impl Shell {
    /// Remembers a process that nobody waits for.
    pub(super) fn add_job(&mut self, pid: Pid) {
        self.jobs.retain(|job| job.pid != pid.0);
        self.jobs.push(Job { pid: pid.0, status: None });
        self.parameters.last_background = Some(pid.0);
    }

    /// Waits for all of these; the status of the last one.
    pub(super) async fn wait_for_all(&mut self, children: &[Pid]) -> i32 {
        let mut left: Vec<Pid> = children.into();
        let mut last_status = 0;
        while !left.is_empty() {
            let Some((child, status)) = self.reap_one().await else { break };
            let Some(index) = left.iter().position(|&pid| pid == child) else { continue };
            left.remove(index);
            self.report(status).await;
            if children.last() == Some(&child) {
                last_status = status.shell_code();
            }
        }
        last_status
    }

    /// Waits until no background process runs any more.
    pub(super) async fn wait_for_jobs(&mut self) {
        while self.jobs.iter().any(|job| job.status.is_none()) {
            if self.reap_one().await.is_none() {
                break;
            }
        }
        self.jobs.clear();
    }

    /// Waits for one background process; its status, 127 if there is no such one.
    pub(super) async fn wait_for_job(&mut self, pid: i32) -> i32 {
        loop {
            let Some(index) = self.jobs.iter().position(|job| job.pid == pid) else { return 127 };
            if let Some(status) = self.jobs[index].status {
                self.jobs.remove(index);
                return status;
            }
            if self.reap_one().await.is_none() {
                return 127;
            }
        }
    }

    /// Waits for any child to end. If it is a background process, its status is kept.
    async fn reap_one(&mut self) -> Option<(Pid, WaitStatus)> {
        let (child, status) = reap(self.sys, Pid(-1)).await.ok()?;
        for job in self.jobs.iter_mut().filter(|job| job.pid == child.0) {
            job.status = Some(status.shell_code());
        }
        Some((child, status))
    }

    /// Says which signal ended a command, unless it is one by which commands end every day.
    async fn report(&self, status: WaitStatus) {
        let WaitStatus::Signaled { signal, core } = status else { return };
        if signal != Signal::SIGINT && signal != Signal::SIGPIPE {
            let core = if core { " (core dumped)" } else { "" };
            let _ = write_all(self.sys, STDERR, format!("{}{core}\n", signal.text()).as_bytes()).await;
        }
    }
}
