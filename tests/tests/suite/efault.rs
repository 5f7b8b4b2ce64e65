//! `EFAULT` from every call that takes an address. The tests are made from the table of calls, so a new call is tested as soon as it
//! has a row.

use abi::{Errno, Kind, Syscall, SyscallInfo};
use harness::{PAGE, map, program};
use userland::Sys;

/// Arguments under which a call looks at its addresses: what it is given besides them, by its name and the argument's. 0
/// is what the others get.
const NEEDED: &[(&str, &str, u64)] = &[
    ("wait4", "pid", -1i64 as u64),
    ("waitid", "options", 4),
    ("rt_sigaction", "signal", 10),
    ("rt_sigqueueinfo", "signal", 10),
    ("rt_sigprocmask", "how", 0),
    // None: one of zeros would be too small.
    ("sigaltstack", "new", 0),
    ("rt_sigtimedwait", "size", 8),
    ("getrusage", "who", 0),
    // A FIFO: of other kinds it doesn't even look at the name, as on Linux.
    ("mknodat", "mode", 0o10644),
    ("getcwd", "size", 100),
    // None: one of zeros has no signal.
    ("timer_create", "event", 0),
    // IPC_INFO: it needs no object.
    ("shmctl", "command", 3),
    ("msgctl", "command", 3),
];

/// Addresses that a call doesn't follow before something else has happened, and where that is tested.
const LATER: &[(&str, &str, &str)] = &[
    ("wait4", "status", "wait.rs: when there is a child to report"),
    ("wait4", "rusage", "wait.rs: when there is a child to report"),
    ("waitid", "info", "wait.rs: when there is a child to report"),
    ("waitid", "rusage", "wait.rs: when there is a child to report"),
    ("rt_sigtimedwait", "info", "when there is a signal to take"),
    ("mq_timedreceive", "message", "mqueue.rs: when there is a message to receive"),
    ("mq_timedreceive", "priority", "mqueue.rs: when there is a message to receive"),
    ("msgrcv", "message", "message_queue.rs: when there is a message to receive"),
    ("linkat", "new", "name.rs: when the old name is there"),
    ("newfstatat", "stat", "name.rs: when the name is there"),
    ("getdents64", "buffer", "name.rs: when it is a directory"),
    ("clock_nanosleep", "remaining", "only written when a handler interrupts the sleep"),
    ("nanosleep", "remaining", "only written when a handler interrupts the sleep"),
];

fn takes_address(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::In(_)
            | Kind::Out(_)
            | Kind::InBytes
            | Kind::OutBytes
            | Kind::InArray(_)
            | Kind::OutArray(_)
            | Kind::Path
            | Kind::Strings
    )
}

/// A good value for an argument: for addresses one of a page that may be read and written and holds zeros.
fn good(info: &SyscallInfo, index: usize, page: u64) -> u64 {
    let argument = &info.arguments[index];
    let needed = NEEDED.iter().find(|(call, name, _)| (*call, *name) == (info.name, argument.name));
    match argument.kind {
        _ if needed.is_some() => needed.map_or(0, |(.., value)| *value),
        Kind::Path => page + 8,
        kind if takes_address(kind) => page + 64,
        Kind::Length => 1,
        // The size of a signal set.
        Kind::Unsigned if argument.name == "size" => 8,
        _ => 0,
    }
}

/// Addresses that can't be read, or written if `write` is set: the first byte isn't there, or the second.
async fn bad_addresses(sys: Sys, write: bool) -> Vec<u64> {
    let pages = map(sys, 4).await;
    sys.munmap(pages + PAGE, PAGE as usize).await.unwrap();
    sys.mprotect(pages + 3 * PAGE, PAGE as usize, abi::Protection::empty()).await.unwrap();
    let mut bad = vec![8, pages + PAGE, pages + 3 * PAGE, 0x20_0000_0000, 0x8000_0000_0000_0000, u64::MAX - 1];
    if write {
        sys.mprotect(pages + 2 * PAGE, PAGE as usize, abi::Protection::PROT_READ).await.unwrap();
        bad.push(pages + 2 * PAGE);
    }
    bad
}

#[test]
fn every_call_refuses_a_bad_address() {
    program(&|sys, _| async move {
        let page = map(sys, 4).await;
        // A path that there is.
        sys.store_bytes(page + 8, b"true\0").await;
        let (read, write) = sys.pipe().await.unwrap();
        sys.write(write, b"something to read").await.unwrap();
        let flags = abi::OpenFlags::O_CREAT | abi::OpenFlags::O_RDWR;
        let queue = sys.mq_open(b"/queue", flags, 0o600, None).await.unwrap();
        sys.mq_unlink(b"/queue").await.unwrap();
        // The timer with the number 0, which the calls on timers are given.
        assert_eq!(sys.timer_create(abi::ClockId::CLOCK_MONOTONIC, None).await.unwrap().0, 0);
        let mut tested = 0;
        for info in Syscall::TABLE {
            for (index, argument) in info.arguments.iter().enumerate() {
                let later = LATER.iter().any(|(call, name, _)| (*call, *name) == (info.name, argument.name));
                if !takes_address(argument.kind) || later {
                    continue;
                }
                let mut arguments = [0; 6];
                for (place, value) in arguments.iter_mut().enumerate().take(info.arguments.len()) {
                    *value = good(info, place, page);
                }
                match info.name {
                    "read" => arguments[0] = read.0 as u64,
                    "write" => arguments[0] = write.0 as u64,
                    name if name.starts_with("mq_") && matches!(info.arguments[0].kind, Kind::Fd) => {
                        arguments[0] = queue.0 as u64;
                    }
                    _ => {}
                }
                let writes = matches!(argument.kind, Kind::Out(_) | Kind::OutBytes | Kind::OutArray(_));
                for address in bad_addresses(sys, writes).await {
                    arguments[index] = address;
                    let result = sys.raw().syscall(info.number, arguments).await;
                    assert_eq!(result, Err(Errno::EFAULT), "{} of {}: {address:#x}", argument.name, info.name);
                }
                tested += 1;
                sys.munmap(page + 4 * PAGE, 1000 * PAGE as usize).await.unwrap();
            }
        }
        assert!(tested > 20, "{tested}");
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn calls_that_can_fail_so_say_so_in_the_table() {
    for info in Syscall::TABLE {
        let takes = info.arguments.iter().any(|argument| takes_address(argument.kind));
        // These take an address as a number, for some of their commands.
        let says = info.errors.contains(&Errno::EFAULT) && !["prctl", "semctl", "ioctl"].contains(&info.name);
        assert_eq!(takes, says, "{}", info.name);
    }
}

#[test]
fn prctl_follows_its_argument_as_an_address() {
    program(&|sys, _| async move {
        use abi::PrctlOption as Option;
        for option in [Option::PR_SET_NAME, Option::PR_GET_NAME, Option::PR_GET_CHILD_SUBREAPER] {
            for address in bad_addresses(sys, option != Option::PR_SET_NAME).await {
                assert_eq!(sys.raw().prctl(option, address, 0, 0, 0).await, Err(Errno::EFAULT), "{option:?}");
            }
        }
        0
    })
    .succeeds();
}

#[test]
fn a_null_pointer_is_left_out_where_the_manual_says_so() {
    program(&|sys, _| async move {
        use abi::{In, Out};
        let me = abi::Pid(0);
        let raw = sys.raw();
        harness::fork(sys, async |_| ()).await;
        raw.wait4(abi::Pid(-1), Out::NULL, abi::WaitOptions::empty(), Out::NULL).await.unwrap();
        harness::fork(sys, async |_| ()).await;
        let all = abi::IdType::P_ALL;
        raw.waitid(all, me, Out::NULL, abi::WaitOptions::WEXITED, Out::NULL).await.unwrap();
        raw.prlimit64(me, abi::Resource::RLIMIT_CPU, In::NULL, Out::NULL).await.unwrap();
        raw.rt_sigaction(abi::SignalNumber(10), In::NULL, Out::NULL, 8).await.unwrap();
        assert_eq!(raw.nanosleep(In::NULL, Out::NULL).await, Err(Errno::EFAULT));
        0
    })
    .succeeds();
}
