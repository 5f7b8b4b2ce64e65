//! What `lost-update` and `lost-update-fixed` share: processes that each add 1 to a word of a shared page, so many times,
//! and what should have come of it.

use alloc::format;

use abi::{Errno, MapFlags, PAGE_SIZE, Pid, Protection, WaitStatus};

use crate::Sys;
use crate::libc::{Given, Manual, Opt, Output, complain, counted, describe, parse_number, perror, quote, wait_for};
use crate::sys::Forked;

/// The operands of both.
pub(super) const USAGE: &str = "[OPTION]... [PROCESSES [INCREMENTS]]";

/// An option of both.
pub(super) const THINK: Opt =
    Opt::value("t", "think", "US", "compute for US microseconds before each store (default: 0)");

/// Who increments, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    processes: u32,
    /// Of each process.
    pub(super) increments: u32,
    /// How long each computes between what it loads and what it stores.
    pub(super) think_us: u64,
}

impl Plan {
    /// From the command line: two processes and two increments unless it says otherwise.
    pub(super) async fn from_given(sys: Sys, manual: &Manual, given: &Given<'_>) -> Result<Plan, i32> {
        let mut plan = Plan { processes: 2, increments: 2, think_us: 0 };
        let places = [(&mut plan.processes, "number of processes"), (&mut plan.increments, "number of increments")];
        if let Some(extra) = given.operands.get(places.len()) {
            return Err(manual.misuse(sys, format_args!("extra operand {}", quote(extra))).await);
        }
        for ((place, what), text) in places.into_iter().zip(&given.operands) {
            match parse_number(text).and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0) {
                Some(number) => *place = number,
                None => return Err(manual.misuse(sys, format_args!("invalid {what} {}", quote(text))).await),
            }
        }
        if let Some(text) = given.value("think") {
            match parse_number(text).and_then(|number| u64::try_from(number).ok()) {
                Some(us) => plan.think_us = us,
                None => return Err(manual.misuse(sys, format_args!("invalid time {}", quote(text))).await),
            }
        }
        Ok(plan)
    }

    /// Computes for as long as it says.
    pub(super) async fn think(self, sys: Sys) {
        if self.think_us > 0 {
            sys.compute(self.think_us).await;
        }
    }
}

/// Has `work` done by each process with the address of the word, and says what became of it: the exit status.
pub(super) async fn run(sys: Sys, manual: &Manual, plan: Plan, work: impl AsyncFn(u64) -> Result<(), Errno>) -> i32 {
    let expected = u64::from(plan.processes) * u64::from(plan.increments);
    let found = match count(sys, manual, plan, work).await {
        Ok(Some(found)) => found,
        Ok(None) => return 2,
        Err(errno) => {
            perror(sys, manual.name, "failed", errno).await;
            return 2;
        }
    };
    let Plan { processes, increments, .. } = plan;
    let mut output = Output::new(sys, manual);
    let sizes = match (counted(processes.into(), "process"), counted(increments.into(), "increment")) {
        (process, increments) if processes == 1 => format!("{process}, {increments}"),
        (processes, increments) => format!("{processes}, {increments} each"),
    };
    output.push(format!("{sizes}: it should be {expected}, and is {found}.\n").as_bytes());
    let mut printed = output.flush().await;
    if found != expected && printed.is_ok() {
        output.push(format!("Updates that were lost: {}\n", expected.saturating_sub(found)).as_bytes());
        printed = output.flush().await;
    }
    match printed {
        Ok(()) => (found != expected).into(),
        // Not 1: that would say that an update was lost.
        Err(_) => 2,
    }
}

/// What the word is in the end; `None` if a process failed, which has been said.
async fn count(
    sys: Sys,
    manual: &Manual,
    plan: Plan,
    work: impl AsyncFn(u64) -> Result<(), Errno>,
) -> Result<Option<u64>, Errno> {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let word = sys.mmap(0, PAGE_SIZE, protection, MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS).await?;
    let mut children = alloc::vec::Vec::new();
    let mut refused = None;
    for _ in 0..plan.processes {
        match sys.fork().await {
            Ok(Forked::Child) => match work(word).await {
                Ok(()) => match sys.exit(0).await {},
                Err(errno) => {
                    perror(sys, manual.name, "cannot increment", errno).await;
                    match sys.exit(2).await {}
                }
            },
            Ok(Forked::Parent(child)) => children.push(child),
            Err(errno) => {
                refused = Some(errno);
                break;
            }
        }
    }
    let all_well = wait_for_all(sys, manual, &children).await?;
    if let Some(errno) = refused {
        let Plan { processes, .. } = plan;
        let room = children.len();
        let what = format!("cannot fork {}, there is room for {room}", counted(processes.into(), "process"));
        perror(sys, manual.name, what, errno).await;
        return Ok(None);
    }
    Ok(if all_well { Some(sys.load(word).await) } else { None })
}

/// Whether all succeeded. Says who didn't.
async fn wait_for_all(sys: Sys, manual: &Manual, children: &[Pid]) -> Result<bool, Errno> {
    let mut all_well = true;
    for &child in children {
        let status = wait_for(sys, child).await?;
        if status != WaitStatus::Exited(0) {
            all_well = false;
            complain(sys, manual.name, format_args!("process {} {}", child.0, describe(status))).await;
        }
    }
    Ok(all_well)
}
