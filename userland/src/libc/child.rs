//! Children: starting a program in one, waiting for it whatever signals come, and what to say of its end.

use alloc::format;
use alloc::string::String;

use abi::{Errno, Pid, WaitOptions, WaitStatus};

use super::perror;
use crate::sys::{Forked, Sys};

/// Waits until this child ends.
///
/// # Errors
/// `ECHILD`: it isn't a child, or has been waited for.
#[track_caller]
pub fn wait_for(sys: Sys, child: Pid) -> impl Future<Output = Result<WaitStatus, Errno>> {
    let reap = reap(sys.here(), child);
    async move { reap.await.map(|(_, status)| status) }
}

/// Waits until a child ends that `target` names as for `waitpid(2)` (-1: any), through interruptions.
///
/// # Errors
/// `ECHILD`: there is no such child.
#[track_caller]
pub fn reap(sys: Sys, target: Pid) -> impl Future<Output = Result<(Pid, WaitStatus), Errno>> {
    let sys = sys.here();
    async move {
        loop {
            match sys.waitpid(target, WaitOptions::empty()).await {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Forks a child that executes a program with the caller's descriptors. If there is no such program the child says so
/// in the name of `caller`, and exits with 127.
///
/// # Errors
/// Those of `fork(2)`.
pub async fn run_program(sys: Sys, caller: &str, argv: &[&[u8]], envp: &[&[u8]]) -> Result<Pid, Errno> {
    run_program_after(sys, caller, argv, envp, async |_| ()).await
}

/// The same; the child does this before it executes the program.
///
/// # Errors
/// Those of `fork(2)`.
pub async fn run_program_after(
    sys: Sys,
    caller: &str,
    argv: &[&[u8]],
    envp: &[&[u8]],
    before: impl AsyncFnOnce(Sys),
) -> Result<Pid, Errno> {
    match sys.fork().await? {
        Forked::Parent(child) => Ok(child),
        Forked::Child => {
            before(sys).await;
            let program = argv.first().copied().unwrap_or_default();
            let errno = sys.execve(program, argv, envp).await;
            perror(sys, caller, String::from_utf8_lossy(program), errno).await;
            match sys.exit(if errno == Errno::ENOENT { 127 } else { 126 }).await {}
        }
    }
}

/// What became of a process, as people say it.
///
/// ```
/// use abi::{Signal, WaitStatus};
/// use userland::libc::describe;
/// assert_eq!(describe(WaitStatus::Exited(3)), "exited with status 3");
/// assert_eq!(describe(WaitStatus::Signaled { signal: Signal::SIGKILL, core: false }), "was ended by SIGKILL");
/// ```
pub fn describe(status: WaitStatus) -> String {
    match status {
        WaitStatus::Exited(code) => format!("exited with status {code}"),
        WaitStatus::Signaled { signal, core: false } => format!("was ended by {signal}"),
        WaitStatus::Signaled { signal, core: true } => format!("was ended by {signal} with a core image"),
        WaitStatus::Stopped(signal) => format!("was stopped by {signal}"),
        WaitStatus::Continued => "was continued".into(),
    }
}
