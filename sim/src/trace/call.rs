//! A call in two parts: what is shown when it is entered, and what only when it has its result.
//!
//! As in `strace`, the first part ends before the first argument that the call itself fills.

use std::fmt::{self, Write};

use abi::{Errno, Kind, ResultKind, Syscall, print_permissions};

use super::argument::{Peek, Scene};

/// The first part, and how many arguments are in it: `read(0, `. Where nothing is left to fill, they are all
/// in it.
pub fn start(call: &Syscall, peek: Peek<'_>) -> (String, usize) {
    let scene = Scene::new(call, None, peek);
    let mut text = format!("{}(", scene.info().name);
    let filled = |kind| matches!(kind, Kind::Out(_) | Kind::OutBytes | Kind::OutArray(_));
    let arguments = &scene.info().arguments[..scene.argument_count()];
    let known = (0..arguments.len()).find(|&index| filled(scene.kind(index))).unwrap_or(arguments.len());
    push_arguments(&mut text, &scene, 0, known);
    if 0 < known && known < arguments.len() {
        text.push_str(", ");
    }
    (text, known)
}

/// The second part, behind the first `shown` arguments: `"pear\n", 4096) = 5`. With no result the call never returned.
pub fn finish(call: &Syscall, shown: usize, result: Option<Result<i64, Errno>>, peek: Peek<'_>) -> String {
    let scene = Scene::new(call, result, peek);
    let mut text = String::new();
    push_arguments(&mut text, &scene, shown, scene.argument_count());
    text.push_str(") = ");
    // Writing to a string can't fail.
    let _ = match (result, scene.info().result) {
        (None, _) | (_, ResultKind::Never) => write!(text, "?"),
        (Some(Err(errno)), _) => write!(text, "-1 {} ({errno})", errno.name()),
        (Some(Ok(value)), ResultKind::Address) => write!(text, "{value:#x}"),
        (Some(Ok(mask)), _) if scene.info().name == "umask" => {
            write!(text, "{}", fmt::from_fn(|f| print_permissions(mask as u32, f)))
        }
        (Some(Ok(value)), _) => write!(text, "{value}"),
    };
    text
}

fn push_arguments(text: &mut String, scene: &Scene<'_>, from: usize, to: usize) {
    for index in from..to {
        if index > from {
            text.push_str(", ");
        }
        // Writing to a string can't fail.
        let _ = write!(text, "{}", scene.argument(index));
    }
}

#[cfg(test)]
mod tests {
    use abi::*;

    use super::*;

    const BASE: u64 = 0x1000;

    /// The whole line of a call whose caller has `memory` at `BASE`.
    fn line(call: Syscall, memory: &[u8], result: Option<Result<i64, Errno>>) -> String {
        let peek = |address: u64, bytes: &mut [u8]| {
            let from = memory.get(address.wrapping_sub(BASE) as usize..).unwrap_or_default();
            let mapped = bytes.len().min(from.len());
            bytes[..mapped].copy_from_slice(&from[..mapped]);
            mapped
        };
        let (text, shown) = start(&call, &peek);
        text + &finish(&call, shown, result, &peek)
    }

    #[test]
    fn buffers_are_quoted_and_cut() {
        let write = |count| Syscall::Write { fd: Fd(1), buffer: InBytes(BASE), count: Length(count) };
        assert_eq!(line(write(5), b"pear\n", Some(Ok(5))), r#"write(1, "pear\n", 5) = 5"#);
        let long = [b'a'; 100];
        let cut = format!(r#"write(1, "{}"..., 33) = 33"#, "a".repeat(32));
        assert_eq!(line(write(33), &long, Some(Ok(33))), cut);
        assert_eq!(line(write(32), &long, Some(Ok(32))), cut.replace("...", "").replace("33", "32"));
        assert_eq!(
            line(write(6), b"pear\n", Some(Err(Errno::EFAULT))),
            "write(1, 0x1000, 6) = -1 EFAULT (Bad address)"
        );
    }

    #[test]
    fn what_a_call_fills_is_shown_with_its_result() {
        let read = Syscall::Read { fd: Fd(0), buffer: OutBytes(BASE), count: Length(4096) };
        assert_eq!(line(read, b"pear\nold", Some(Ok(5))), r#"read(0, "pear\n", 4096) = 5"#);
        assert_eq!(line(read, b"pear\nold", Some(Ok(0))), r#"read(0, "", 4096) = 0"#);
        assert_eq!(line(read, b"", Some(Err(Errno::EBADF))), "read(0, 0x1000, 4096) = -1 EBADF (Bad file descriptor)");
        assert_eq!(line(read, b"", None), "read(0, 0x1000, 4096) = ?");
        let pipe = Syscall::Pipe2 { fds: Out::at(BASE), flags: OpenFlags::O_CLOEXEC | OpenFlags::O_NONBLOCK };
        assert_eq!(line(pipe, &[3, 0, 0, 0, 4, 0, 0, 0], Some(Ok(0))), "pipe2([3, 4], O_NONBLOCK|O_CLOEXEC) = 0");
    }

    #[test]
    fn a_wait_status_is_taken_apart() {
        let wait = |options| Syscall::Wait4 { pid: Pid(-1), status: Out::at(BASE), options, rusage: Out::NULL };
        let blocking = wait(WaitOptions::empty());
        let exited = "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 7";
        assert_eq!(line(blocking, &[0, 3, 0, 0], Some(Ok(7))), exited);
        let killed = "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGPIPE}], 0, NULL) = 7";
        assert_eq!(line(blocking, &[13, 0, 0, 0], Some(Ok(7))), killed);
        let none = "wait4(-1, 0x1000, WNOHANG, NULL) = 0";
        assert_eq!(line(wait(WaitOptions::WNOHANG), &[0; 4], Some(Ok(0))), none);
    }

    #[test]
    fn programs_are_shown_with_their_arguments() {
        let mut memory = b"cat\0-n\0".to_vec();
        memory.resize(16, 0);
        for pointer in [BASE, BASE + 4, 0] {
            memory.extend(pointer.to_le_bytes());
        }
        let execve = |argv| Syscall::Execve { path: Path(BASE), argv: Strings(argv), envp: Strings(BASE + 32) };
        let shown = r#"execve("cat", ["cat", "-n"], 0x1020 /* 0 vars */) = 0"#;
        assert_eq!(line(execve(BASE + 16), &memory, Some(Ok(0))), shown);
        let unmapped = r#"execve("cat", 0x9000, 0x1020 /* 0 vars */) = -1 EFAULT (Bad address)"#;
        assert_eq!(line(execve(0x9000), &memory, Some(Err(Errno::EFAULT))), unmapped);
    }

    #[test]
    fn numbers_read_as_what_they_stand_for() {
        let clone = Syscall::decode(220, [17, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(line(clone, b"", Some(Ok(2))), "clone(SIGCHLD, NULL, NULL, NULL, NULL) = 2");
        let kill = Syscall::Kill { pid: Pid(-2), signal: SignalNumber(9) };
        assert_eq!(line(kill, b"", Some(Ok(0))), "kill(-2, SIGKILL) = 0");
        let duration = Timespec { sec: 1, nsec: 5 };
        let mut memory = [0; 16];
        duration.store(&mut memory);
        let sleep = Syscall::Nanosleep { duration: In::at(BASE), remaining: Out::NULL };
        assert_eq!(line(sleep, &memory, Some(Ok(0))), "nanosleep({sec=1, nsec=5}, NULL) = 0");
        let fcntl = |command, argument| Syscall::Fcntl { fd: Fd(3), command, argument };
        assert_eq!(line(fcntl(FcntlCommand::F_GETFL, 0), b"", Some(Ok(1))), "fcntl(3, F_GETFL) = 1");
        assert_eq!(line(fcntl(FcntlCommand::F_SETFL, 0o4000), b"", Some(Ok(0))), "fcntl(3, F_SETFL, O_NONBLOCK) = 0");
        let ioctl = |command, argument| Syscall::Ioctl { fd: Fd(0), command, argument: Address(argument) };
        let foreground = line(ioctl(IoctlCommand::TIOCSPGRP, BASE), &[7, 0, 0, 0], Some(Ok(0)));
        assert_eq!(foreground, "ioctl(0, TIOCSPGRP, [7]) = 0");
        assert_eq!(line(ioctl(IoctlCommand::TCFLSH, 2), b"", Some(Ok(0))), "ioctl(0, TCFLSH, 2) = 0");
        assert_eq!(line(ioctl(IoctlCommand::TIOCNOTTY, 0), b"", Some(Ok(0))), "ioctl(0, TIOCNOTTY) = 0");
        assert_eq!(line(Syscall::ExitGroup { status: -1 }, b"", None), "exit_group(-1) = ?");
        assert_eq!(line(Syscall::Brk { address: Address(0) }, b"", Some(Ok(0x8000))), "brk(NULL) = 0x8000");
    }

    /// The bytes of a structure.
    fn stored<T: Layout>(structure: T) -> Vec<u8> {
        let mut bytes = vec![0; T::SIZE];
        structure.store(&mut bytes);
        bytes
    }

    #[test]
    fn what_a_command_moves_is_shown_as_what_it_is() {
        let msgctl = |command| Syscall::Msgctl { id: 0, command, buffer: Out::at(BASE) };
        let info = stored(MsgInfo { msgpool: 1, msgmap: 2, msgtql: 3, ..MsgInfo::default() });
        let fields = "{msgpool=1, msgmap=2, msgmax=0, msgmnb=0, msgmni=0, msgssz=0, msgtql=3, msgseg=0}";
        for (command, name) in [(MsgCommand::MSG_INFO, "MSG_INFO"), (MsgCommand::IPC_INFO, "IPC_INFO")] {
            assert_eq!(line(msgctl(command), &info, Some(Ok(0))), format!("msgctl(0, {name}, {fields}) = 0"));
        }
        let queue = stored(MsqidDs {
            perm: IpcPerm { mode: 0o640, ..IpcPerm::default() },
            qnum: 2,
            qbytes: 16384,
            ..MsqidDs::default()
        });
        for command in [MsgCommand::IPC_STAT, MsgCommand::MSG_STAT, MsgCommand::MSG_STAT_ANY, MsgCommand::IPC_SET] {
            let shown = line(msgctl(command), &queue, Some(Ok(0)));
            assert!(shown.contains("mode=0640, seq=0}, ") && shown.contains("qnum=2, qbytes=16384, "), "{shown}");
        }
        assert_eq!(line(msgctl(MsgCommand::IPC_RMID), &queue, Some(Ok(0))), "msgctl(0, IPC_RMID, 0x1000) = 0");
        // What wasn't filled isn't shown; what was given is.
        let failed = Some(Err(Errno::EPERM));
        assert!(line(msgctl(MsgCommand::IPC_STAT), &queue, failed).starts_with("msgctl(0, IPC_STAT, 0x1000) = -1 "));
        assert!(line(msgctl(MsgCommand::IPC_SET), &queue, failed).starts_with("msgctl(0, IPC_SET, {perm={"));

        let shmctl = |command| Syscall::Shmctl { id: 0, command, buffer: Out::at(BASE) };
        let usage = stored(ShmUsage { used_ids: 1, tot: 3, rss: 2, ..ShmUsage::default() });
        let shown = line(shmctl(ShmCommand::SHM_INFO), &usage, Some(Ok(0)));
        assert_eq!(shown, "shmctl(0, SHM_INFO, {used_ids=1, tot=3, rss=2, swp=0}) = 0");
        let limits = stored(ShmLimits { shmmax: 9, shmmin: 1, ..ShmLimits::default() });
        let shown = line(shmctl(ShmCommand::IPC_INFO), &limits, Some(Ok(0)));
        assert_eq!(shown, "shmctl(0, IPC_INFO, {shmmax=9, shmmin=1, shmmni=0, shmseg=0, shmall=0}) = 0");
        assert_eq!(line(shmctl(ShmCommand::SHM_LOCK), &limits, Some(Ok(0))), "shmctl(0, SHM_LOCK, 0x1000) = 0");
        let segment = stored(ShmidDs { segsz: 4096, ..ShmidDs::default() });
        assert!(line(shmctl(ShmCommand::SHM_STAT), &segment, Some(Ok(0))).contains(", segsz=4096, "));
    }

    #[test]
    fn the_last_argument_of_semctl_is_a_structure_a_number_or_an_address() {
        let semctl = |command, argument| Syscall::Semctl { id: 1, number: 2, command, argument: Address(argument) };
        let set = stored(SemidDs { nsems: 3, ..SemidDs::default() });
        assert!(line(semctl(SemCommand::IPC_STAT, BASE), &set, Some(Ok(0))).ends_with(", ctime=0, nsems=3}) = 0"));
        let info = stored(SemInfo { semmni: 5, semaem: 7, ..SemInfo::default() });
        let shown = line(semctl(SemCommand::SEM_INFO, BASE), &info, Some(Ok(0)));
        assert!(
            shown.starts_with("semctl(1, 2, SEM_INFO, {semmap=0, semmni=5, ") && shown.contains("semaem=7}"),
            "{shown}"
        );
        assert_eq!(line(semctl(SemCommand::SETVAL, 4), b"", Some(Ok(0))), "semctl(1, 2, SETVAL, 4) = 0");
        assert_eq!(line(semctl(SemCommand::SETALL, BASE), &set, Some(Ok(0))), "semctl(1, 2, SETALL, 0x1000) = 0");
        assert_eq!(line(semctl(SemCommand::GETALL, BASE), &set, Some(Ok(0))), "semctl(1, 2, GETALL, 0x1000) = 0");
    }

    #[test]
    fn what_an_ioctl_fills_is_shown_with_its_result() {
        let ioctl = |command| Syscall::Ioctl { fd: Fd(0), command, argument: Address(BASE) };
        let waiting = ioctl(IoctlCommand::FIONREAD);
        assert_eq!(line(waiting, &[5, 0, 0, 0], Some(Ok(0))), "ioctl(0, FIONREAD, [5]) = 0");
        let refused = line(waiting, &[5, 0, 0, 0], Some(Err(Errno::ENOTTY)));
        assert!(refused.starts_with("ioctl(0, FIONREAD, 0x1000) = -1 ENOTTY "), "{refused}");
    }

    #[test]
    fn modes_and_directories_have_names() {
        let (path, memory) = (Path(BASE), b"/tmp/p\0");
        let openat = |flags| Syscall::Openat { directory: AT_FDCWD, path, flags, mode: 0o640 };
        let opened = |flags| line(openat(flags), memory, Some(Ok(3)));
        assert_eq!(opened(OpenFlags::empty()), r#"openat(AT_FDCWD, "/tmp/p", O_RDONLY) = 3"#);
        assert_eq!(opened(OpenFlags::O_CLOEXEC), r#"openat(AT_FDCWD, "/tmp/p", O_RDONLY|O_CLOEXEC) = 3"#);
        let created = OpenFlags::O_WRONLY | OpenFlags::O_CREAT | OpenFlags::O_EXCL;
        assert_eq!(opened(created), r#"openat(AT_FDCWD, "/tmp/p", O_WRONLY|O_CREAT|O_EXCL, 0640) = 3"#);
        let mode = S_IFIFO | 0o600;
        let mknodat = Syscall::Mknodat { directory: Fd(4), path, mode, device: 0 };
        assert_eq!(line(mknodat, memory, Some(Ok(0))), r#"mknodat(4, "/tmp/p", S_IFIFO|0600, 0) = 0"#);
        let mkdirat = Syscall::Mkdirat { directory: AT_FDCWD, path, mode: 0o1777 };
        assert_eq!(line(mkdirat, memory, Some(Ok(0))), r#"mkdirat(AT_FDCWD, "/tmp/p", 01777) = 0"#);
        assert_eq!(line(Syscall::Umask { mask: 0o22 }, b"", Some(Ok(0o77))), "umask(022) = 077");
        let stat = stored(Stat { mode: S_IFDIR | S_ISVTX | 0o777, ..Stat::default() });
        let fstat = line(Syscall::Fstat { fd: Fd(3), stat: Out::at(BASE) }, &stat, Some(Ok(0)));
        assert!(fstat.contains(", mode=S_IFDIR|S_ISVTX|0777, "), "{fstat}");
    }

    #[test]
    fn objects_of_ipc_show_their_flags_and_permissions() {
        let msgget = |key, flags| line(Syscall::Msgget { key, flags }, b"", Some(Ok(0)));
        let created = IpcFlags::IPC_CREAT | IpcFlags::IPC_EXCL | IpcFlags::from_bits_retain(0o600);
        assert_eq!(msgget(IPC_PRIVATE, created), "msgget(IPC_PRIVATE, IPC_CREAT|IPC_EXCL|0600) = 0");
        assert_eq!(msgget(0x1234, IpcFlags::empty()), "msgget(0x1234, 000) = 0");
        let operations = stored(SemOperation { number: 0, op: -1, flags: SEM_UNDO | IPC_NOWAIT });
        let semop = Syscall::Semop { id: 0, operations: InArray::at(BASE), count: Length(1) };
        let shown = "semop(0, [{number=0, op=-1, flags=IPC_NOWAIT|SEM_UNDO}], 1) = 0";
        assert_eq!(line(semop, &operations, Some(Ok(0))), shown);
        let mut memory = b"/q\0".to_vec();
        memory.resize(8, 0);
        memory.extend(stored(MqAttr { flags: 0o4000, maxmsg: 10, msgsize: 8, ..MqAttr::default() }));
        let mq_open = |flags| {
            let call = Syscall::MqOpen { name: Path(BASE), flags, mode: 0o600, attributes: In::at(BASE + 8) };
            line(call, &memory, Some(Ok(3)))
        };
        assert_eq!(mq_open(OpenFlags::O_RDWR), r#"mq_open("/q", O_RDWR) = 3"#);
        let attributes = "{flags=O_NONBLOCK, maxmsg=10, msgsize=8, curmsgs=0}";
        let created = format!(r#"mq_open("/q", O_RDONLY|O_CREAT, 0600, {attributes}) = 3"#);
        assert_eq!(mq_open(OpenFlags::O_CREAT), created);
    }

    #[test]
    fn every_call_of_the_table_can_be_shown() {
        for info in Syscall::TABLE {
            for raw in [0, 1, BASE, u64::MAX] {
                let call = Syscall::decode(info.number, [raw; 6]).unwrap();
                for result in [None, Some(Ok(0)), Some(Ok(1)), Some(Ok(i64::MAX)), Some(Err(Errno::EINVAL))] {
                    assert!(line(call, &[0xff; 300], result).starts_with(info.name));
                }
            }
        }
    }
}
