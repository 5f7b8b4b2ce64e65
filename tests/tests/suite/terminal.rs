//! The terminal's line discipline as programs meet it (`termios(3)`): what is read, what is seen, and the settings.

use abi::{ControlCharacter, Errno, Fd, InputModes, IoctlCommand, LocalModes, OutputModes, TCIFLUSH, TCOOFF, TCOON};
use abi::{SigActionFlags, SigInfo, Signal, Termios, WindowSize};
use harness::{WINDOW, ends, fork, join, program, signaled, until_state};
use userland::sys::{Action, SetWhen};
use userland::{Sys, handlers};

handlers! { HANDLERS:
    NOTHING = nothing;
}

async fn nothing(_: Sys, _: SigInfo) {}

const STDIN: Fd = Fd(0);

/// What one `read` gives.
async fn read(sys: Sys, room: usize) -> Result<String, Errno> {
    let mut bytes = vec![0; room];
    let count = sys.read(STDIN, &mut bytes).await?;
    Ok(bytes[..count].escape_ascii().to_string())
}

async fn reads(sys: Sys, room: usize, expected: &[&str]) {
    for expected in expected {
        assert_eq!(read(sys, room).await.as_deref(), Ok(*expected));
    }
}

async fn change(sys: Sys, change: impl FnOnce(&mut Termios)) {
    let mut settings = sys.tcgetattr(STDIN).await.unwrap();
    change(&mut settings);
    sys.tcsetattr(STDIN, SetWhen::Now, settings).await.unwrap();
}

async fn raw(sys: Sys, least: u8, tenths: u8) {
    change(sys, |settings| {
        settings.make_raw();
        settings.characters.set(ControlCharacter::VMIN, least);
        settings.characters.set(ControlCharacter::VTIME, tenths);
    })
    .await;
}

#[test]
fn a_stream_is_no_terminal() {
    program(&|sys, _| async move {
        assert!(!sys.isatty(STDIN).await);
        assert_eq!(sys.tcgetattr(STDIN).await, Err(Errno::ENOTTY));
        assert_eq!(sys.tcgetpgrp(STDIN).await, Err(Errno::ENOTTY));
        assert_eq!(sys.set_controlling_terminal(STDIN).await, Err(Errno::ENOTTY));
        reads(sys, 100, &["pear\\x03\\x04\\r\\n", "", ""]).await;
        0
    })
    .input("pear\x03\x04\r\n")
    .prints("");
}

#[test]
fn a_terminal_gives_its_lines_one_by_one() {
    program(&|sys, _| async move {
        assert!(sys.isatty(STDIN).await);
        reads(sys, 100, &["pear\\n", "apple\\n"]).await;
        reads(sys, 2, &["fi", "g\\n"]).await;
        0
    })
    .typed(["pear\r", "apple\rfig\r"])
    .prints("pear\r\napple\r\nfig\r\n");
}

#[test]
fn an_end_of_file_is_read_once() {
    program(&|sys, _| async move {
        // Behind bytes it only ends the line; a reader whose room they just fill doesn't see it.
        reads(sys, 100, &["pear", "", "fig"]).await;
        reads(sys, 3, &["abc", "x\\n"]).await;
        0
    })
    .typed(["pear\x04", "\x04", "fig\x04", "abc\x04", "x\r"])
    .succeeds();
}

#[test]
fn lines_are_edited_before_they_are_read() {
    program(&|sys, _| async move {
        reads(sys, 100, &["pear\\n", "two three\\n", "\\x03\\n"]).await;
        0
    })
    .typed(["pex\x7far\r", "one\x15two twoo\x17three\r", "\x16\x03\r"])
    .prints("pex\u{8} \u{8}ar\r\none\u{8} \u{8}\u{8} \u{8}\u{8} \u{8}two twoo\u{8} \u{8}\u{8} \u{8}\u{8} \u{8}\u{8} \u{8}three\r\n^\u{8}^C\r\n");
}

#[test]
fn nothing_is_seen_without_echo() {
    program(&|sys, _| async move {
        change(sys, |settings| settings.local -= LocalModes::ECHO).await;
        reads(sys, 100, &["secret\\n"]).await;
        change(sys, |settings| settings.local |= LocalModes::ECHONL).await;
        reads(sys, 100, &["secret\\n"]).await;
        0
    })
    .typed(["secret\r", "secret\r"])
    .prints("\r\n");
}

#[test]
fn raw_bytes_are_read_as_they_come() {
    program(&|sys, _| async move {
        raw(sys, 1, 0).await;
        reads(sys, 100, &["\\x03", "\\r\\x7f\\x04"]).await;
        sys.write(Fd(1), b"a\nb").await.unwrap();
        0
    })
    .typed(["\x03", "\r\x7f\x04"])
    .prints("a\nb");
}

#[test]
fn a_raw_reader_waits_for_as_many_bytes_as_it_wants() {
    program(&|sys, _| async move {
        raw(sys, 4, 0).await;
        reads(sys, 100, &["abcde"]).await;
        reads(sys, 2, &["fg", "hi"]).await;
        0
    })
    .typed(["a", "b", "cde", "f", "ghi"])
    .succeeds();
}

#[test]
fn a_timer_between_bytes_ends_a_raw_read() {
    program(&|sys, _| async move {
        raw(sys, 4, 2).await;
        reads(sys, 100, &["ab"]).await;
        let begin = sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap();
        raw(sys, 0, 3).await;
        reads(sys, 100, &[""]).await;
        let end = sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap();
        let passed = end.to_us().unwrap() - begin.to_us().unwrap();
        assert!((300_000..310_000).contains(&passed), "{passed}");
        raw(sys, 0, 0).await;
        reads(sys, 100, &["", ""]).await;
        0
    })
    .typed(["ab"])
    .succeeds();
}

#[test]
fn a_reader_that_must_not_wait_does_not() {
    program(&|sys, _| async move {
        let flags = u64::from(abi::OpenFlags::O_NONBLOCK.bits());
        sys.fcntl(STDIN, abi::FcntlCommand::F_SETFL, flags).await.unwrap();
        assert_eq!(read(sys, 9).await, Err(Errno::EAGAIN));
        raw(sys, 1, 0).await;
        assert_eq!(read(sys, 9).await, Err(Errno::EAGAIN));
        raw(sys, 0, 0).await;
        assert_eq!(read(sys, 9).await.as_deref(), Ok(""));
        0
    })
    .typed([""; 0])
    .succeeds();
}

#[test]
fn what_was_typed_is_a_line_or_bytes_as_the_mode_says() {
    program(&|sys, _| async move {
        // Two lines and a piece, while nobody reads.
        reads(sys, 100, &["first\\n"]).await;
        assert_eq!(sys.readable_bytes(STDIN).await, Ok(4));
        raw(sys, 1, 0).await;
        assert_eq!(sys.readable_bytes(STDIN).await, Ok(6));
        change(sys, |settings| settings.local |= LocalModes::ICANON).await;
        assert_eq!(sys.readable_bytes(STDIN).await, Ok(6));
        reads(sys, 100, &["two\\nth"]).await;
        0
    })
    .typed(["first\rtwo\rth"])
    .succeeds();
}

#[test]
fn input_can_be_thrown_away() {
    program(&|sys, _| async move {
        reads(sys, 100, &["first\\n"]).await;
        sys.tcflush(STDIN, TCIFLUSH).await.unwrap();
        assert_eq!(sys.tcflush(STDIN, 3).await, Err(Errno::EINVAL));
        assert_eq!(sys.readable_bytes(STDIN).await, Ok(0));
        reads(sys, 100, &["third\\n"]).await;
        let settings = sys.tcgetattr(STDIN).await.unwrap();
        sys.tcsetattr(STDIN, SetWhen::Flush, settings).await.unwrap();
        reads(sys, 100, &["fifth\\n"]).await;
        0
    })
    .typed(["first\rsecond\r", "third\rfourth\r", "fifth\r"])
    .succeeds();
}

#[test]
fn settings_are_those_that_were_set() {
    program(&|sys, _| async move {
        let mut settings = sys.tcgetattr(STDIN).await.unwrap();
        assert_eq!(settings, Termios::DEFAULT);
        settings.input -= InputModes::IXON;
        settings.output -= OutputModes::ONLCR;
        settings.characters.set(ControlCharacter::VINTR, b'%');
        sys.tcsetattr(STDIN, SetWhen::Drain, settings).await.unwrap();
        assert_eq!(sys.tcgetattr(Fd(2)).await, Ok(settings), "all descriptors are the one terminal");
        sys.tcdrain(STDIN).await.unwrap();
        assert_eq!(sys.ioctl(STDIN, IoctlCommand(0x5400), 0).await, Err(Errno::ENOTTY));
        assert_eq!(sys.ioctl(Fd(9), IoctlCommand::TCGETS, 0).await, Err(Errno::EBADF));
        for command in [IoctlCommand::TCGETS, IoctlCommand::TCSETS, IoctlCommand::TIOCGWINSZ, IoctlCommand::FIONREAD] {
            assert_eq!(sys.ioctl(STDIN, command, 8).await, Err(Errno::EFAULT), "{command:?}");
        }
        0
    })
    .typed([""; 0])
    .succeeds();
}

#[test]
fn pipes_count_what_they_hold_and_are_no_terminals() {
    program(&|sys, _| async move {
        let (from, to) = sys.pipe().await.unwrap();
        sys.write(to, b"pear").await.unwrap();
        assert_eq!(sys.readable_bytes(from).await, Ok(4));
        assert!(!sys.isatty(from).await);
        0
    })
    .succeeds();
}

#[test]
fn the_window_has_the_size_that_was_set() {
    program(&|sys, _| async move {
        assert_eq!(sys.window_size(STDIN).await, Ok(WINDOW));
        let other = WindowSize { rows: 3, columns: 4, width: 5, height: 6 };
        sys.set_window_size(STDIN, other).await.unwrap();
        assert_eq!(sys.window_size(STDIN).await, Ok(other));
        0
    })
    .typed([""; 0])
    .succeeds();
}

#[test]
fn held_output_waits_until_it_may_go_on() {
    program(&|sys, _| async move {
        sys.tcflow(STDIN, TCOOFF).await.unwrap();
        let writer = fork(sys, async |sys| {
            sys.write(Fd(1), b"second\n").await.unwrap();
        })
        .await;
        until_state(sys, writer, 'S').await;
        sys.tcflow(STDIN, TCOON).await.unwrap();
        join(sys, writer).await;
        assert_eq!(sys.tcflow(STDIN, 9).await, Err(Errno::EINVAL));
        0
    })
    .typed([""; 0])
    .prints("second\r\n");
}

#[test]
fn stop_and_start_are_keys_too() {
    program(&|sys, _| async move {
        reads(sys, 9, &["go\\n"]).await;
        // It is held back: nobody can run until START is typed.
        sys.write(Fd(1), b"on\n").await.unwrap();
        0
    })
    .typed(["go\r\x13", "\x11"])
    .prints("go\r\non\r\n");
}

#[test]
fn a_line_can_be_longer_than_fits_only_at_its_cost() {
    program(&|sys, _| async move {
        let line = read(sys, 9999).await.unwrap();
        assert_eq!((line.len(), line.ends_with("xx\\n")), (4097, true), "4,095 bytes and a newline");
        reads(sys, 100, &["next\\n"]).await;
        0
    })
    .typed([[b'x'; 5000].to_vec(), b"\rnext\r".to_vec()])
    .succeeds();
}

#[test]
fn what_does_not_fit_behind_a_line_is_typed_when_there_is_room() {
    program(&|sys, _| async move {
        reads(sys, 9999, &["line\\n"]).await;
        let second = read(sys, 9999).await.unwrap();
        assert_eq!(second.len(), 4097);
        reads(sys, 9999, &["end\\n"]).await;
        0
    })
    .typed([[b"line\r".to_vec(), [b'x'; 6000].to_vec(), b"\rend\r".to_vec()].concat()])
    .succeeds();
}

#[test]
fn a_handler_ends_a_raw_read_with_what_it_has_got() {
    program(&|sys, _| async move {
        let leader = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            sys.set_controlling_terminal(STDIN).await.unwrap();
            raw(sys, 3, 0).await;
            change(sys, |settings| {
                settings.local |= LocalModes::ISIG | LocalModes::NOFLSH;
                settings.characters.set(ControlCharacter::VINTR, b'%');
            })
            .await;
            let plain = Action::catch(NOTHING);
            let restarting = Action { flags: SigActionFlags::SA_RESTART, ..plain };
            for (action, expected) in [
                (plain, Ok("ab".to_string())),
                (plain, Err(Errno::EINTR)),
                (restarting, Ok("cd".to_string())),
                (restarting, Ok("efg".to_string())),
            ] {
                sys.sigaction(Signal::SIGINT, Some(action)).await.unwrap();
                assert_eq!(read(sys, 9).await, expected);
            }
        })
        .await;
        join(sys, leader).await;
        0
    })
    .handlers(HANDLERS)
    .typed(["ab%", "%", "cd%", "%", "efg"])
    .succeeds();
}

#[test]
fn a_stopped_or_killed_reader_loses_no_byte() {
    program(&|sys, _| async move {
        raw(sys, 3, 0).await;
        let reader = fork(sys, async |sys| {
            reads(sys, 9, &["abc"]).await;
        })
        .await;
        until_state(sys, reader, 'S').await;
        sys.kill(reader, Some(Signal::SIGSTOP)).await.unwrap();
        until_state(sys, reader, 'T').await;
        sys.kill(reader, Some(Signal::SIGCONT)).await.unwrap();
        join(sys, reader).await;
        let reader = fork(sys, async |sys| {
            let _ = read(sys, 9).await;
        })
        .await;
        until_state(sys, reader, 'S').await;
        sys.kill(reader, Some(Signal::SIGTERM)).await.unwrap();
        ends(sys, reader, signaled(Signal::SIGTERM)).await;
        reads(sys, 9, &["def"]).await;
        0
    })
    .typed(["ab", "c", "def"])
    .succeeds();
}
