//! A call in two parts: what is shown when it is entered, and what only when it has its result.
//!
//! As in `strace`, the first part ends before the first argument that the call itself fills.

use std::fmt::Write;

use abi::{Errno, Kind, ResultKind, Syscall};

use super::argument::{Peek, Scene};

/// The first part, and how many arguments are in it: `read(0, `. Where nothing is left to fill, they are all
/// in it.
pub fn start(call: &Syscall, peek: Peek<'_>) -> (String, usize) {
    let scene = Scene::new(call, None, peek);
    let mut text = format!("{}(", scene.info().name);
    let filled = |kind| matches!(kind, Kind::Out(_) | Kind::OutBytes | Kind::OutArray(_));
    let arguments = &scene.info().arguments[..scene.argument_count()];
    let known = arguments.iter().position(|argument| filled(argument.kind)).unwrap_or(arguments.len());
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
