//! The builtin `kill`: that of `kill(1)`, and for jobs too.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, Pid, Signal};

use super::super::kill::{Asked, MANUAL, list, understand};
use super::job_name::find;
use super::state::Shell;
use crate::libc::{display_name, parse_number};

/// `kill [-s SIGNAL|-SIGNAL] PID|%JOB...`, `kill -l [SIGNAL|STATUS]...`.
pub(super) async fn kill(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    let arguments: Vec<&[u8]> = arguments.iter().map(|argument| &argument[..]).collect();
    let (signal, targets) = match understand(&arguments) {
        Asked::Help => return MANUAL.print_help(shell.sys).await,
        Asked::Version => return MANUAL.print_version(shell.sys).await,
        Asked::List(items) => return list(shell.sys, &items).await,
        Asked::Wrong(message) => {
            shell.complain(format_args!("kill: {message}")).await;
            return 2;
        }
        Asked::Send { signal, targets } => (signal, targets),
    };
    let mut status = 0;
    for target in targets {
        if let Err(message) = send(shell, signal, target).await {
            shell.complain(format_args!("kill: {message}")).await;
            status = 1;
        }
    }
    status
}

async fn send(shell: &mut Shell, signal: Option<Signal>, target: &[u8]) -> Result<(), String> {
    let failed = |errno: Errno| format!("{}: {errno}", display_name(target));
    if !target.starts_with(b"%") {
        let pid = parse_number(target).and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.ok_or_else(|| format!("illegal pid: {}", display_name(target)))?;
        return shell.sys.kill(Pid(pid), signal).await.map_err(failed);
    }
    let number = find(&shell.jobs, target)?;
    let Some(job) = shell.jobs.get(number) else { return Ok(()) };
    let is_stopped = job.is_stopped();
    // Without job control its processes are in the shell's group, which isn't meant.
    let pids: Vec<i32> = match job.group {
        Some(group) => Vec::from([-group]),
        None => job.members.iter().map(|member| member.pid).collect(),
    };
    for pid in pids {
        shell.sys.kill(Pid(pid), signal).await.map_err(failed)?;
        // A stopped job couldn't obey.
        if is_stopped && matches!(signal, Some(Signal::SIGTERM | Signal::SIGHUP)) {
            shell.sys.kill(Pid(pid), Some(Signal::SIGCONT)).await.map_err(failed)?;
        }
    }
    Ok(())
}
