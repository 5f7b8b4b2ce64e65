//! `supervisor`: keeps workers running. Signals make it and its workers log how far they are, and shut down in order.

use alloc::format;
use alloc::vec::Vec;
use core::fmt::Display;

use abi::{Errno, MaskHow, Pid, Signal, SignalSet, Timespec, WaitOptions, WaitStatus};

use crate::libc::{Manual, Opt, PLAIN, counted, describe, parse_number, perror, print_text, quote, sigwait};
use crate::sys::Forked;
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "supervisor",
    usage: "[-n WORKERS]",
    about: "Keep WORKERS (default 3) processes working. SIGUSR1: everyone logs how far he is. SIGTERM or\n\
            SIGINT: the workers finish what they have in hand, then all end. A worker that ends\n\
            otherwise is replaced.",
    options: &[Opt::value("n", "workers", "WORKERS", "so many workers")],
    misuse: 2,
    ..PLAIN
};

/// How long a job takes, and how long a worker rests between two.
const JOB_US: u64 = 2000;
const REST_US: u64 = 3000;

/// What supervisor and workers listen to. They take signals with sigwait, so no handler can come at a bad moment.
const HEARD: [Signal; 4] = [Signal::SIGUSR1, Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD];

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    if let Some(extra) = given.operands.first() {
        return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await;
    }
    let workers = match given.value("workers").map(|text| (text, parse_number(text))) {
        None => 3,
        Some((_, Some(workers @ 1..=1000))) => workers as usize,
        Some((text, _)) => {
            return MANUAL.misuse(sys, format_args!("invalid number of workers {}", quote(text))).await;
        }
    };
    match supervise(sys, workers).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

/// The workers, in the order of their numbers.
struct Crew {
    sys: Sys,
    workers: Vec<Option<Pid>>,
    heard: SignalSet,
    shutting_down: bool,
}

async fn supervise(sys: Sys, workers: usize) -> Result<(), Errno> {
    let heard = HEARD.iter().fold(SignalSet::empty(), |set, signal| set | SignalSet::of(*signal));
    sys.sigprocmask(Some((MaskHow::SIG_BLOCK, heard))).await?;
    let mut crew = Crew { sys, workers: Vec::new(), heard, shutting_down: false };
    log(sys, "supervisor", format_args!("process {}, {}", sys.getpid().await.0, counted(workers as u64, "worker")))
        .await;
    for _ in 0..workers {
        crew.workers.push(None);
        crew.start(crew.workers.len() - 1).await;
    }
    while crew.workers.iter().any(Option::is_some) {
        match sigwait(sys, heard).await? {
            Signal::SIGCHLD => crew.reap().await,
            Signal::SIGUSR1 => {
                let alive = crew.workers.iter().flatten().count();
                log(sys, "supervisor", counted(alive as u64, "worker")).await;
                crew.tell(Signal::SIGUSR1).await;
            }
            signal => {
                log(sys, "supervisor", format_args!("{signal}: shutting down")).await;
                crew.shutting_down = true;
                crew.tell(Signal::SIGTERM).await;
            }
        }
    }
    log(sys, "supervisor", "all workers have ended").await;
    Ok(())
}

impl Crew {
    /// Starts a worker. If that fails, it is said, and the others go on.
    async fn start(&mut self, number: usize) {
        match self.sys.fork().await {
            Ok(Forked::Child) => {
                let status = work(self.sys, number, self.heard).await.is_err().into();
                match self.sys.exit(status).await {}
            }
            Ok(Forked::Parent(worker)) => self.workers[number] = Some(worker),
            Err(errno) => perror(self.sys, MANUAL.name, format_args!("worker {number}"), errno).await,
        }
    }

    /// Sends a signal to every worker.
    async fn tell(&self, signal: Signal) {
        for worker in self.workers.iter().flatten() {
            let _ = self.sys.kill(*worker, Some(signal)).await;
        }
    }

    /// Takes leave of all who have ended: one SIGCHLD may stand for several.
    async fn reap(&mut self) {
        while let Ok(Some((worker, status))) = self.sys.waitpid(Pid(-1), WaitOptions::WNOHANG).await {
            let Some(number) = self.workers.iter().position(|other| *other == Some(worker)) else { continue };
            self.workers[number] = None;
            if self.shutting_down && status == WaitStatus::Exited(0) {
                continue;
            }
            log(self.sys, "supervisor", format_args!("worker {number} {}", describe(status))).await;
            if !self.shutting_down {
                self.start(number).await;
            }
        }
    }
}

/// A worker: a job, then a rest in which it listens.
async fn work(sys: Sys, number: usize, heard: SignalSet) -> Result<(), Errno> {
    let name = format!("worker {number}");
    let mut jobs = 0;
    loop {
        sys.compute(JOB_US).await;
        jobs += 1;
        match sys.sigtimedwait(heard, Some(Timespec::from_us(REST_US))).await {
            Ok(info) if info.signo == i32::from(Signal::SIGUSR1.number()) => {
                log(sys, &name, format_args!("{} done", counted(jobs, "job"))).await;
            }
            Ok(info) if info.signo == i32::from(Signal::SIGTERM.number()) => {
                log(sys, &name, format_args!("ends after {}", counted(jobs, "job"))).await;
                return Ok(());
            }
            // Ctrl+C reaches the whole group; the supervisor says what is to be done.
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// One line of the log, in one write, so that lines of several processes don't mix.
async fn log(sys: Sys, who: &str, what: impl Display) {
    print_text(sys, format!("{who}: {what}\n")).await;
}
