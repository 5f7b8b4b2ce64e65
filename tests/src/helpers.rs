//! What test programs have in common. All of it is ordinary userland code.

use abi::{Errno, MapFlags, Pid, Protection, Signal, WaitOptions, WaitStatus};
use userland::Sys;
use userland::sys::Forked;

/// Bytes of a page, as addresses count them.
pub const PAGE: u64 = abi::PAGE_SIZE as u64;

/// Forks a child that does this and exits with 0, unless it exits by itself; its process id.
#[track_caller]
pub fn fork(sys: Sys, child: impl AsyncFnOnce(Sys)) -> impl Future<Output = Pid> {
    let sys = sys.here();
    async move {
        match sys.fork().await.expect("fork works") {
            Forked::Parent(pid) => pid,
            Forked::Child => {
                child(sys).await;
                match sys.exit(0).await {}
            }
        }
    }
}

/// Waits for this child, which must exit with 0.
#[track_caller]
pub fn join(sys: Sys, child: Pid) -> impl Future<Output = ()> {
    ends(sys, child, WaitStatus::Exited(0))
}

/// Waits for this child, which must end so.
#[track_caller]
pub fn ends(sys: Sys, child: Pid, status: WaitStatus) -> impl Future<Output = ()> {
    let sys = sys.here();
    let caller = std::panic::Location::caller();
    async move {
        let waited = sys.waitpid(child, WaitOptions::empty()).await;
        assert_eq!(waited, Ok(Some((child, status))), "at {caller}");
    }
}

/// What `wait` reports of a process that this signal has ended.
pub fn signaled(signal: Signal) -> WaitStatus {
    WaitStatus::Signaled { signal, core: false }
}

/// Maps private anonymous pages; the address of the first.
#[track_caller]
pub fn map(sys: Sys, pages: usize) -> impl Future<Output = u64> {
    map_with(sys.here(), pages, MapFlags::MAP_PRIVATE)
}

/// Maps shared anonymous pages; the address of the first.
#[track_caller]
pub fn map_shared(sys: Sys, pages: usize) -> impl Future<Output = u64> {
    map_with(sys.here(), pages, MapFlags::MAP_SHARED)
}

async fn map_with(sys: Sys, pages: usize, kind: MapFlags) -> u64 {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    sys.mmap(0, pages * abi::PAGE_SIZE, protection, kind | MapFlags::MAP_ANONYMOUS).await.expect("mmap works")
}

/// Waits until this process, a child of anyone's, is blocked, stopped or a zombie (`S`, `T`, `Z` as `ps` shows them). It
/// lets the others run in the meantime.
#[track_caller]
pub fn until_state(sys: Sys, pid: Pid, state: char) -> impl Future<Output = ()> {
    let sys = sys.here();
    async move {
        loop {
            let list = sys.processes().await.expect("the list fits");
            if list.iter().any(|process| process.pid == pid.0 && process.state == state as u32) {
                return;
            }
            sys.sched_yield().await;
        }
    }
}

/// A result as the recordings of real systems show it: the value, or the error's name behind a minus.
pub fn shown<T: std::fmt::Display>(result: Result<T, Errno>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(errno) => format!("-{}", errno.name()),
    }
}

/// A status as the recordings of real systems show it.
pub fn shown_status(status: WaitStatus) -> String {
    match status {
        WaitStatus::Exited(code) => format!("exited:{code}"),
        WaitStatus::Signaled { signal, .. } => format!("signaled:{}", signal.number()),
        WaitStatus::Stopped(signal) => format!("stopped:{}", signal.number()),
        WaitStatus::Continued => "continued".into(),
    }
}
