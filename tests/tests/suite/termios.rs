//! The flags and special characters of `termios(3)`, one by one: what is typed with each, what is read then, and what is seen.
//! What concerns several of them is in `terminal.rs`.

use abi::{ControlCharacter, ControlModes, Errno, Fd, InputModes, LocalModes, OutputModes, Pid, Signal, Termios};
use abi::{SigInfo, TCIFLUSH, TCIOFF, TCIOFLUSH, TCION, TCOFLUSH, WaitOptions, WaitStatus};
use harness::signals::{handled, note_signal, share_notes};
use harness::{ends, fork, join, program, signaled};
use userland::sys::{Action, SetWhen};
use userland::{Sys, handlers, print};

handlers! { HANDLERS: NOTES = note_signal; }

const STDIN: Fd = Fd(0);

async fn change(sys: Sys, change: impl FnOnce(&mut Termios)) {
    let mut settings = sys.tcgetattr(STDIN).await.unwrap();
    change(&mut settings);
    sys.tcsetattr(STDIN, SetWhen::Now, settings).await.unwrap();
}

/// What one `read` gives.
async fn read(sys: Sys) -> String {
    let mut bytes = [0; 100];
    let count = sys.read(STDIN, &mut bytes).await.unwrap();
    bytes[..count].escape_ascii().to_string()
}

/// Sets and clears these input modes, without echo; then what is typed must be read so.
macro_rules! read_as {
    ($($test:ident: $set:expr, $clear:expr, $typed:expr => $read:expr;)*) => {$(
        #[test]
        fn $test() {
            program(&|sys, _| async move {
                change(sys, |settings| {
                    settings.input = (settings.input | $set) - $clear;
                    settings.local -= LocalModes::ECHO;
                })
                .await;
                assert_eq!(read(sys).await, $read);
                0
            })
            .typed([$typed.to_vec()])
            .prints("");
        }
    )*};
}

read_as! {
    icrnl_reads_a_carriage_return_as_a_newline: InputModes::ICRNL, InputModes::empty(), b"a\r" => "a\\n";
    without_icrnl_a_carriage_return_is_one: InputModes::empty(), InputModes::ICRNL, b"a\rb\n" => "a\\rb\\n";
    igncr_drops_carriage_returns: InputModes::IGNCR | InputModes::ICRNL, InputModes::empty(), b"a\rb\n" => "ab\\n";
    inlcr_reads_a_newline_as_a_carriage_return: InputModes::INLCR, InputModes::ICRNL, b"a\nb\x04" => "a\\rb";
    istrip_clears_the_eighth_bit: InputModes::ISTRIP, InputModes::empty(), b"\xe1\xe2\n" => "ab\\n";
    iuclc_reads_capitals_as_small_letters: InputModes::IUCLC, InputModes::empty(), b"PeaR\n" => "pear\\n";
    parmrk_doubles_the_byte_255: InputModes::PARMRK, InputModes::ISTRIP, b"a\xffb\n" => "a\\xff\\xffb\\n";
    iutf8_erases_whole_characters: InputModes::IUTF8, InputModes::empty(), b"a\xc3\xa4\x7fb\n" => "ab\\n";
    without_iutf8_one_byte_is_erased: InputModes::empty(), InputModes::IUTF8, b"a\xc3\xa4\x7fb\n" => "a\\xc3b\\n";
}

/// Sets these output modes besides those that a terminal has, clears others; then what is written must be seen so.
macro_rules! seen_as {
    ($($test:ident: $set:expr, $clear:expr, $written:expr => $seen:expr;)*) => {$(
        #[test]
        fn $test() {
            program(&|sys, _| async move {
                change(sys, |settings| settings.output = (settings.output | $set) - $clear).await;
                print!(sys, "{}", $written).await;
                0
            })
            .typed(Vec::<Vec<u8>>::new())
            .prints($seen);
        }
    )*};
}

const OUT: OutputModes = OutputModes::empty();

seen_as! {
    onlcr_writes_a_carriage_return_before_each_newline: OutputModes::ONLCR, OUT, "a\nb\n" => "a\r\nb\r\n";
    without_onlcr_a_newline_is_one: OUT, OutputModes::ONLCR, "a\nb\n" => "a\nb\n";
    without_opost_nothing_is_changed: OutputModes::OLCUC | OutputModes::TAB3, OutputModes::OPOST, "a\tb\n" => "a\tb\n";
    olcuc_writes_capitals: OutputModes::OLCUC, OUT, "Pear 3\n" => "PEAR 3\r\n";
    ocrnl_writes_a_carriage_return_as_a_newline: OutputModes::OCRNL, OUT, "a\rb" => "a\nb";
    onocr_writes_none_in_column_0: OutputModes::ONOCR, OUT, "\ra\r\r" => "a\r";
    onlret_lets_a_newline_return: OutputModes::ONLRET | OutputModes::ONOCR, OutputModes::ONLCR, "a\n\rb" => "a\nb";
    tab3_writes_spaces_up_to_the_next_eighth_column: OutputModes::TAB3, OUT, "a\tbc\t\td" => "a       bc              d";
}

/// Sets and clears these local modes; then what is typed must be read and seen so.
macro_rules! echoed_as {
    ($($test:ident: $set:expr, $clear:expr, $typed:expr => $read:expr, $seen:expr;)*) => {$(
        #[test]
        fn $test() {
            program(&|sys, _| async move {
                change(sys, |settings| settings.local = (settings.local | $set) - $clear).await;
                assert_eq!(read(sys).await, $read);
                0
            })
            .typed([$typed.to_vec()])
            .prints($seen);
        }
    )*};
}

const NONE: LocalModes = LocalModes::empty();

echoed_as! {
    echo_shows_what_is_typed: LocalModes::ECHO, NONE, b"pear\r" => "pear\\n", "pear\r\n";
    without_echo_nothing_is_seen: NONE, LocalModes::ECHO, b"pear\r" => "pear\\n", "";
    echonl_shows_newlines_all_the_same: LocalModes::ECHONL, LocalModes::ECHO, b"pear\r" => "pear\\n", "\r\n";
    echoe_erases_on_the_screen: LocalModes::ECHOE, NONE, b"ab\x7f\r" => "a\\n", "ab\x08 \x08\r\n";
    without_echoe_the_erasing_character_is_seen: NONE, LocalModes::ECHOE, b"ab\x7f\r" => "a\\n", "ab^?\r\n";
    echok_ends_the_line_of_a_kill: LocalModes::ECHOK, LocalModes::ECHOKE, b"ab\x15c\r" => "c\\n", "ab^U\r\nc\r\n";
    echoke_takes_the_killed_line_from_the_screen: LocalModes::ECHOKE, NONE, b"ab\x15c\r" => "c\\n", "ab\x08 \x08\x08 \x08c\r\n";
    echoctl_shows_control_characters: LocalModes::ECHOCTL, NONE, b"a\x01\tb\r" => "a\\x01\\tb\\n", "a^A\tb\r\n";
    without_echoctl_they_are_as_they_are: NONE, LocalModes::ECHOCTL, b"a\x01\r" => "a\\x01\\n", "a\x01\r\n";
    echoprt_prints_what_it_erases: LocalModes::ECHOPRT, NONE, b"ab\x7fc\r" => "ac\\n", "ab\\b/c\r\n";
    without_iexten_words_and_literals_are_input: NONE, LocalModes::IEXTEN | LocalModes::ECHO, b"a\x17\x16b\r" => "a\\x17\\x16b\\n", "";
    without_isig_no_signal_is_made: NONE, LocalModes::ISIG | LocalModes::ECHO, b"\x03\x1c\x1a\r" => "\\x03\\x1c\\x1a\\n", "";
}

#[test]
fn a_new_terminal_has_the_settings_that_linux_gives_it() {
    program(&|sys, _| async move {
        let settings = sys.tcgetattr(STDIN).await.unwrap();
        let local = [LocalModes::ISIG, LocalModes::ICANON, LocalModes::ECHO, LocalModes::IEXTEN];
        assert!(local.iter().all(|mode| settings.local.contains(*mode)));
        assert!(settings.input.contains(InputModes::ICRNL | InputModes::IXON));
        assert!(settings.output.contains(OutputModes::OPOST | OutputModes::ONLCR));
        assert!(settings.control.contains(ControlModes::CREAD | ControlModes::CS8 | ControlModes::B38400));
        use ControlCharacter::*;
        let initial = [
            (VINTR, 3),
            (VQUIT, 0o34),
            (VERASE, 0o177),
            (VKILL, 0o25),
            (VEOF, 4),
            (VTIME, 0),
            (VMIN, 1),
            (VSTART, 0o21),
            (VSTOP, 0o23),
            (VSUSP, 0o32),
            (VEOL, 0),
            (VREPRINT, 0o22),
            (VWERASE, 0o27),
            (VLNEXT, 0o26),
            (VEOL2, 0),
        ];
        for (character, value) in initial {
            assert_eq!(settings.characters.get(character), value, "{character:?}");
        }
        let places: std::collections::BTreeSet<usize> =
            initial.iter().map(|(character, _)| *character as usize).collect();
        assert_eq!(places.len(), initial.len());
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .succeeds();
}

#[test]
fn make_raw_clears_and_sets_what_the_page_lists() {
    let mut settings = Termios { input: InputModes::all(), output: OutputModes::all(), ..Termios::DEFAULT };
    settings.local = LocalModes::all();
    settings.control = ControlModes::PARENB | ControlModes::HUPCL;
    settings.make_raw();
    let cleared = InputModes::IGNBRK
        | InputModes::BRKINT
        | InputModes::PARMRK
        | InputModes::ISTRIP
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ICRNL
        | InputModes::IXON;
    assert_eq!(settings.input, InputModes::all() - cleared);
    assert_eq!(settings.output, OutputModes::all() - OutputModes::OPOST);
    let cleared = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
    assert_eq!(settings.local, LocalModes::all() - cleared);
    assert_eq!(settings.control, ControlModes::CS8 | ControlModes::HUPCL);
}

#[test]
fn eol_and_eol2_end_lines_and_are_read() {
    program(&|sys, _| async move {
        change(sys, |settings| {
            settings.characters.set(ControlCharacter::VEOL, b';');
            settings.characters.set(ControlCharacter::VEOL2, b'.');
        })
        .await;
        for expected in ["a;", "b.", "c\\n"] {
            assert_eq!(read(sys).await, expected);
        }
        0
    })
    .typed(["a;b.c\r"])
    .prints("a;b.c\r\n");
}

#[test]
fn a_special_character_can_be_switched_off_or_moved() {
    program(&|sys, _| async move {
        change(sys, |settings| {
            settings.characters.set(ControlCharacter::VINTR, 0);
            settings.characters.set(ControlCharacter::VERASE, b'#');
            settings.local -= LocalModes::ECHO;
        })
        .await;
        assert_eq!(read(sys).await, "a\\x03\\x7fc\\n");
        0
    })
    .typed(["a\x03\x7fb#c\r"])
    .prints("");
}

#[test]
fn the_keys_of_signals_reach_the_foreground_group_alone() {
    for (key, signal) in [("\x03", Signal::SIGINT), ("\x1c", Signal::SIGQUIT)] {
        let run = program(&|sys, _| async move {
            let foreground = fork(sys, async |sys| {
                sys.setpgid(Pid(0), Pid(0)).await.unwrap();
                sys.sigaction(Signal::SIGTTOU, Some(Action::IGNORE)).await.unwrap();
                sys.tcsetpgrp(STDIN, sys.getpid().await).await.unwrap();
                // What is typed before them isn't read any more, and they aren't either.
                read(sys).await;
            })
            .await;
            let (_, status) = sys.waitpid(foreground, WaitOptions::empty()).await.unwrap().unwrap();
            let WaitStatus::Signaled { signal, .. } = status else { return 1 };
            print!(sys, "{signal}").await;
            0
        })
        .typed([format!("x{key}")])
        .run();
        run.succeeds();
        assert!(run.text().ends_with(signal.name().unwrap()), "{}", run.text());
    }
}

#[test]
fn susp_stops_the_foreground_group() {
    program(&|sys, _| async move {
        let foreground = fork(sys, async |sys| {
            sys.setpgid(Pid(0), Pid(0)).await.unwrap();
            sys.sigaction(Signal::SIGTTOU, Some(Action::IGNORE)).await.unwrap();
            sys.tcsetpgrp(STDIN, sys.getpid().await).await.unwrap();
            read(sys).await;
        })
        .await;
        let stopped = Ok(Some((foreground, WaitStatus::Stopped(Signal::SIGTSTP))));
        assert_eq!(sys.waitpid(foreground, WaitOptions::WUNTRACED).await, stopped);
        sys.kill(foreground, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, foreground, signaled(Signal::SIGKILL)).await;
        0
    })
    .typed(["\x1a"])
    .seeds(0)
    .succeeds();
}

#[test]
fn a_signal_key_flushes_what_was_typed_unless_noflsh_is_set() {
    for (noflsh, expected) in [(false, "b\\n"), (true, "ab\\n")] {
        let scenario = program(&|sys, args| async move {
            share_notes(sys).await;
            sys.sigaction(Signal::SIGINT, Some(Action::catch(NOTES))).await.unwrap();
            change(sys, |settings| {
                settings.local -= LocalModes::ECHO;
                if args.text(1) == "true" {
                    settings.local |= LocalModes::NOFLSH;
                }
            })
            .await;
            let mut bytes = [0; 10];
            while sys.read(STDIN, &mut bytes).await == Err(Errno::EINTR) {}
            assert_eq!(handled(sys, Signal::SIGINT).await, 1);
            let count = bytes.iter().take_while(|byte| **byte != 0).count();
            print!(sys, "{}", bytes[..count].escape_ascii()).await;
            0
        });
        let scenario = scenario.handlers(HANDLERS).argument(noflsh.to_string()).typed(["a", "\x03", "b\r"]);
        scenario.run().succeeds().prints(expected);
    }
}

/// In the background: a child in a group of its own.
async fn in_the_background(sys: Sys, task: impl AsyncFnOnce(Sys)) -> Pid {
    let child = fork(sys, async |sys| {
        sys.setpgid(Pid(0), Pid(0)).await.unwrap();
        task(sys).await;
    })
    .await;
    until_group(sys, child).await;
    child
}

/// Until a child leads its group.
async fn until_group(sys: Sys, child: Pid) {
    while sys.getpgid(child).await != Ok(child) {
        sys.sched_yield().await;
    }
}

#[test]
fn a_background_process_that_reads_is_stopped_by_sigttin() {
    program(&|sys, _| async move {
        let child = in_the_background(sys, async |sys| {
            read(sys).await;
        })
        .await;
        let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGTTIN))));
        assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
        sys.tcsetpgrp(STDIN, child).await.unwrap();
        sys.kill(child, Some(Signal::SIGCONT)).await.unwrap();
        join(sys, child).await;
        0
    })
    .typed(["a\r"])
    .seeds(0)
    .succeeds();
}

#[test]
fn with_tostop_a_background_process_that_writes_is_stopped_by_sigttou() {
    program(&|sys, _| async move {
        let child = in_the_background(sys, async |sys| print!(sys, "free ").await).await;
        join(sys, child).await;
        change(sys, |settings| settings.local |= LocalModes::TOSTOP).await;
        let child = in_the_background(sys, async |sys| print!(sys, "held ").await).await;
        let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGTTOU))));
        assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .seeds(0)
    .prints("free ");
}

#[test]
fn the_settings_can_be_asked_for_from_the_background_but_not_set() {
    program(&|sys, _| async move {
        let settings = sys.tcgetattr(STDIN).await.unwrap();
        let child = in_the_background(sys, async |sys| {
            assert_eq!(sys.tcgetattr(STDIN).await, Ok(settings));
            let _ = sys.tcsetattr(STDIN, SetWhen::Now, settings).await;
        })
        .await;
        let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGTTOU))));
        assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .seeds(0)
    .succeeds();
}

#[test]
fn one_group_at_a_time_is_in_the_foreground() {
    program(&|sys, _| async move {
        let own = sys.getpgrp().await;
        assert_eq!(sys.tcgetpgrp(STDIN).await, Ok(own));
        let child = in_the_background(sys, async |sys| {
            loop {
                sys.compute(1_000_000).await;
            }
        })
        .await;
        sys.tcsetpgrp(STDIN, child).await.unwrap();
        assert_eq!(sys.tcgetpgrp(STDIN).await, Ok(child));
        sys.sigaction(Signal::SIGTTOU, Some(Action::IGNORE)).await.unwrap();
        sys.tcsetpgrp(STDIN, own).await.unwrap();
        assert_eq!(sys.tcgetpgrp(STDIN).await, Ok(own));
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .succeeds();
}

#[test]
fn a_terminal_is_that_of_one_session() {
    program(&|sys, _| async move {
        let session = sys.getsid(Pid(0)).await.unwrap();
        assert_eq!(sys.tcgetsid(STDIN).await, Ok(session));
        let child = fork(sys, async |sys| {
            // All members of the session share it; a new session has none.
            assert_eq!(sys.tcgetsid(STDIN).await, Ok(session));
            sys.setsid().await.unwrap();
            assert_eq!(sys.tcgetsid(STDIN).await, Err(Errno::ENOTTY));
            assert_eq!(sys.set_controlling_terminal(STDIN).await, Err(Errno::EPERM));
        })
        .await;
        join(sys, child).await;
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .succeeds();
}

#[test]
fn input_that_was_not_read_can_be_thrown_away_and_output_is_out_at_once() {
    program(&|sys, _| async move {
        change(sys, |settings| settings.local -= LocalModes::ECHO).await;
        for how in 0..4 {
            // A child waits for the line that is thrown away.
            while sys.readable_bytes(STDIN).await != Ok(2) {
                sys.nanosleep(abi::Timespec::from_us(1000)).await.unwrap();
            }
            match how {
                0 => sys.tcflush(STDIN, TCIFLUSH).await.unwrap(),
                1 => sys.tcflush(STDIN, TCIOFLUSH).await.unwrap(),
                2 => {
                    let settings = sys.tcgetattr(STDIN).await.unwrap();
                    sys.tcsetattr(STDIN, SetWhen::Flush, settings).await.unwrap();
                }
                _ => {
                    let settings = sys.tcgetattr(STDIN).await.unwrap();
                    sys.tcflush(STDIN, TCOFLUSH).await.unwrap();
                    sys.tcsetattr(STDIN, SetWhen::Drain, settings).await.unwrap();
                    sys.tcdrain(STDIN).await.unwrap();
                    assert_eq!(sys.readable_bytes(STDIN).await, Ok(2));
                }
            }
        }
        assert_eq!(read(sys).await, "d\\n");
        print!(sys, "out").await;
        sys.tcflush(STDIN, TCOFLUSH).await.unwrap();
        assert_eq!(sys.tcflush(STDIN, 7).await, Err(Errno::EINVAL));
        for action in [TCIOFF, TCION] {
            assert_eq!(sys.tcflow(STDIN, action).await, Ok(()));
        }
        assert_eq!(sys.tcflow(STDIN, 7).await, Err(Errno::EINVAL));
        0
    })
    .typed(["a\r", "b\r", "c\r", "d\r"])
    .seeds(0)
    .prints("out");
}

#[test]
fn too_much_input_rings_no_bell() {
    let long = "x".repeat(5000);
    let run = program(&|sys, _| async move {
        let mut bytes = [0; 5000];
        let count = sys.read(STDIN, &mut bytes).await.unwrap();
        assert_eq!((count, bytes[4094], bytes[4095]), (4096, b'x', b'\n'));
        0
    })
    .typed([long, "\r".into()])
    .run();
    run.succeeds();
    assert!(!run.out.contains(&7));
}

#[test]
fn a_new_window_size_is_told_by_sigwinch() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGWINCH, Some(Action::catch(NOTES))).await.unwrap();
        let window = sys.window_size(STDIN).await.unwrap();
        for rows in [50, 50, 24] {
            sys.set_window_size(STDIN, abi::WindowSize { rows, ..window }).await.unwrap();
        }
        assert_eq!(handled(sys, Signal::SIGWINCH).await, 2);
        0
    })
    .handlers(HANDLERS)
    .typed(Vec::<Vec<u8>>::new())
    .succeeds();
}

/// `credentials(7)`, `signal(7)`: the end of the session's leader hangs its foreground group up.
#[test]
fn the_end_of_the_session_leader_is_sighup_for_the_foreground_group() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        // The first session gives its terminal up, for another to take it.
        let leader = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            let member = fork(sys, async |sys| {
                loop {
                    sys.compute(1_000_000).await;
                }
            })
            .await;
            let _ = member;
            assert_eq!(sys.ioctl(STDIN, abi::IoctlCommand::TIOCSCTTY, 1).await, Ok(0));
            assert_eq!(sys.tcgetpgrp(STDIN).await, Ok(sys.getpid().await));
        })
        .await;
        join(sys, leader).await;
        let (_, status) = sys.wait().await.unwrap();
        assert_eq!(status, signaled(Signal::SIGHUP));
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .seeds(0)
    .succeeds();
}

/// What a handler is told of a key: it comes from the kernel.
#[test]
fn a_signal_of_a_key_is_the_kernel_s() {
    program(&|sys, _| async move {
        harness::signals::block(sys, [Signal::SIGINT]).await;
        let info: SigInfo = sys.sigtimedwait(harness::signals::set([Signal::SIGINT]), None).await.unwrap();
        assert_eq!((info.code, info.pid), (abi::SI_KERNEL, 0));
        0
    })
    .typed(["\x03"])
    .succeeds();
}

#[test]
fn speeds_are_kept_in_the_settings() {
    program(&|sys, _| async move {
        let before = sys.tcgetattr(STDIN).await.unwrap();
        let mut settings = before;
        settings.set_output_speed(9600).unwrap();
        settings.set_input_speed(1_000_000).unwrap();
        // They count when they are set, and not before.
        assert_eq!(sys.tcgetattr(STDIN).await, Ok(before));
        sys.tcsetattr(STDIN, SetWhen::Now, settings).await.unwrap();
        let now = sys.tcgetattr(STDIN).await.unwrap();
        assert_eq!((now, now.output_speed(), now.input_speed()), (settings, 9600, 1_000_000));
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .succeeds();
}

#[test]
fn a_break_is_nothing_to_a_console() {
    program(&|sys, _| async move {
        let settings = sys.tcgetattr(STDIN).await;
        assert_eq!(sys.tcsendbreak(STDIN).await, Ok(()));
        assert_eq!(sys.tcgetattr(STDIN).await, settings);
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .prints("");
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
fn without_min_and_time_a_raw_read_polls() {
    program(&|sys, _| async move {
        raw(sys, 0, 0).await;
        assert_eq!(read(sys).await, "");
        while sys.readable_bytes(STDIN).await == Ok(0) {
            sys.nanosleep(abi::Timespec::from_us(1000)).await.unwrap();
        }
        assert_eq!(read(sys).await, "ab");
        assert_eq!(read(sys).await, "");
        0
    })
    .typed(["ab"])
    .seeds(0)
    .succeeds();
}

#[test]
fn with_time_alone_a_raw_read_waits_so_long_for_a_byte() {
    program(&|sys, _| async move {
        raw(sys, 0, 3).await;
        let now = async || sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
        let before = now().await;
        assert_eq!(read(sys).await, "");
        let waited = now().await - before;
        assert!((300_000..310_000).contains(&waited), "{waited}");
        0
    })
    .typed(Vec::<Vec<u8>>::new())
    .seeds(0)
    .run();
}
