//! Figures about the system and about calls in general: `uname(2) sysinfo(2)`, and numbers that are no calls.

use abi::{Errno, RusageWho, Syscall};
use harness::{PAGE, fork, join, map, program};
use kernel::limits::FRAMES;

#[test]
fn a_number_that_is_no_call_is_enosys() {
    program(&|sys, _| async move {
        let unknown = (0..2000).filter(|number| Syscall::by_number(*number).is_none()).chain([1 << 32 | 172, u64::MAX]);
        for number in unknown {
            assert_eq!(sys.raw().syscall(number, [0; 6]).await, Err(Errno::ENOSYS), "{number}");
        }
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn uname_says_vitrine() {
    program(&|sys, _| async move {
        let names = sys.uname().await.unwrap();
        assert!(names.sysname.bytes().eq(*b"Vitrine"));
        assert!(names.release.bytes().count() > 0);
        0
    })
    .succeeds();
}

#[test]
fn sysinfo_counts_processes_memory_and_seconds() {
    program(&|sys, _| async move {
        let before = sys.sysinfo().await.unwrap();
        assert_eq!(before.totalram * u64::from(before.mem_unit), FRAMES as u64 * PAGE);
        assert_eq!(before.procs, 2);
        let page = map(sys, 3).await;
        for index in 0..3 {
            sys.store(page + index * PAGE, 1u8).await;
        }
        let child = fork(sys, async |sys| sys.compute(2_500_000).await).await;
        let after = sys.sysinfo().await.unwrap();
        assert_eq!(after.procs, 3);
        assert!(before.freeram - after.freeram >= 3 * PAGE / u64::from(after.mem_unit));
        join(sys, child).await;
        let uptime = sys.sysinfo().await.unwrap().uptime;
        assert!(uptime - before.uptime >= 2, "{uptime}");
        0
    })
    .succeeds();
}

#[test]
fn getrusage_knows_whom_it_is_asked_about() {
    program(&|sys, _| async move {
        sys.compute(30_000).await;
        let own = sys.getrusage(RusageWho::RUSAGE_SELF).await.unwrap();
        let thread = sys.getrusage(RusageWho::RUSAGE_THREAD).await.unwrap();
        assert!(own.utime.usec >= 30_000 && thread.utime.usec >= own.utime.usec);
        for unknown in [5, -2, i32::MIN] {
            assert_eq!(sys.getrusage(RusageWho(unknown)).await, Err(Errno::EINVAL));
        }
        0
    })
    .succeeds();
}
