//! `vitrine shell` in a real terminal, driven by `tmux` as by a person; and without one.
//!
//! Without `tmux` these tests are skipped, unless `VITRINE_NO_SKIP` is set.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{Folder, errors, text, vitrine, with_input};

/// How long something may take to be seen. Generous: the machine that tests may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a shell of the host in it.
struct Screen {
    socket: String,
    folder: Folder,
}

impl Screen {
    /// A new one; `None` if this test is to be skipped.
    fn new(name: &str) -> Option<Screen> {
        if Command::new("tmux").arg("-V").output().is_err() {
            assert!(std::env::var_os("VITRINE_NO_SKIP").is_none(), "there is no tmux");
            return None;
        }
        let screen = Screen {
            socket: format!("vitrine-{name}-{}", std::process::id()),
            folder: Folder::new(&format!("screen-{name}")),
        };
        screen.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "40",
            "env -i PATH=\"$PATH\" PS1='host> ' sh",
        ]);
        screen.shows("host> ");
        Some(screen)
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.socket]).args(arguments).output().expect("tmux runs");
        assert!(output.status.success(), "tmux {arguments:?}: {}", errors(&output));
        text(&output)
    }

    /// Types this text, and a carriage return.
    fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.key("Enter");
    }

    /// Presses a key, by tmux's name for it.
    fn key(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Waits until the screen shows this; what it shows then.
    #[track_caller]
    fn shows(&self, expected: &str) -> String {
        let begin = Instant::now();
        loop {
            let shown = self.tmux(&["capture-pane", "-p", "-J"]);
            if shown.contains(expected) {
                return shown;
            }
            assert!(begin.elapsed() < PATIENCE, "`{expected}` isn't shown, but:\n{shown}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts `vitrine shell` with these options, after the host's settings were kept.
    fn start(&self, before: &str, options: &str) {
        self.line(&format!("stty -a > {}", self.folder.file("before")));
        self.line(&format!("clear; {before} {} shell {options}; echo ended with $?", env!("CARGO_BIN_EXE_vitrine")));
        // It is there as soon as it answers.
        self.shows(" shell ");
        std::thread::sleep(Duration::from_millis(200));
    }

    /// The host's settings must be as they were.
    #[track_caller]
    fn is_as_before(&self) {
        let (before, after) = (self.folder.file("before"), self.folder.file("after"));
        self.line(&format!("stty -a > {after}; cmp {before} {after} && echo as be''fore"));
        self.shows("as before");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

#[test]
fn what_is_typed_is_run_and_exit_gives_the_status() {
    let Some(screen) = Screen::new("exit") else { return };
    screen.start("", "");
    screen.line("echo one two | wc -w; seq 3 | tail -n 1");
    screen.shows("2\n3\n");
    screen.line("exit 7");
    screen.shows("ended with 7");
    screen.is_as_before();
}

#[test]
fn an_end_of_file_ends_the_shell() {
    let Some(screen) = Screen::new("eof") else { return };
    screen.start("", "");
    screen.line("false");
    screen.key("C-d");
    screen.shows("ended with 1");
    screen.is_as_before();
}

#[test]
fn an_interrupt_ends_what_runs_however_busy_it_is() {
    let Some(screen) = Screen::new("interrupt") else { return };
    screen.start("", "");
    screen.line("sh -c 'echo be''gun; yes | wc'");
    screen.shows("begun");
    screen.key("C-c");
    screen.shows("^C");
    screen.key("C-d");
    screen.shows("ended with 130");
    screen.is_as_before();
}

#[test]
fn sleeping_takes_its_time() {
    let Some(screen) = Screen::new("sleep") else { return };
    screen.start("", "");
    let begin = Instant::now();
    screen.line("sleep 2; echo sl''ept");
    screen.shows("slept");
    assert!(begin.elapsed() > Duration::from_millis(1900), "{:?}", begin.elapsed());
    screen.key("C-d");
    screen.shows("ended with 0");
}

#[test]
fn a_recorded_session_is_replayed() {
    let Some(screen) = Screen::new("record") else { return };
    let file = screen.folder.file("a.rec");
    screen.start("", &format!("--record {file}"));
    screen.line("echo pear | cat; sleep 1; exit 3");
    screen.shows("ended with 3");
    screen.is_as_before();
    let output = vitrine(&["replay", &file]).output().expect("vitrine starts");
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    assert!(text(&output).contains("pear\r\n"), "{}", text(&output));
}

#[test]
fn the_terminal_survives_a_panic_of_ours() {
    // Only such a build can be asked to panic.
    if !cfg!(debug_assertions) {
        return;
    }
    let Some(screen) = Screen::new("panic") else { return };
    screen.start("VITRINE_TEST_PANIC=p", "");
    screen.key("p");
    let shown = screen.shows("ended with 70");
    assert!(shown.contains("asked for by VITRINE_TEST_PANIC"), "{shown}");
    screen.is_as_before();
}

#[test]
fn the_terminal_survives_a_signal() {
    let Some(screen) = Screen::new("signal") else { return };
    let file = screen.folder.file("pid");
    // The host's shell becomes a process whose number is known, and that becomes Vitrine.
    screen.line(&format!("stty -a > {}", screen.folder.file("before")));
    let vitrine = env!("CARGO_BIN_EXE_vitrine");
    screen.line(&format!("clear; sh -c 'echo $$ > {file}; exec {vitrine} shell'; echo ended with $?"));
    screen.shows(" shell");
    std::thread::sleep(Duration::from_millis(500));
    let pid = std::fs::read_to_string(&file).expect("the process is there");
    let killed = Command::new("kill").args(["-TERM", pid.trim()]).status().expect("kill runs");
    assert!(killed.success());
    screen.shows("ended with 143");
    screen.is_as_before();
}

#[test]
fn the_same_shell_runs_from_standard_input_and_from_a_script() {
    let output = with_input(&["shell"], b"echo one\nseq 2 | sort -r\nexit 3\n");
    assert_eq!((text(&output).as_str(), output.status.code()), ("one\n2\n1\n", Some(3)), "{}", errors(&output));

    let folder = Folder::new("script");
    let script = folder.file("script.sh");
    std::fs::write(&script, "echo $0 has $1\ncat\nexit 4\n").expect("a script can be written");
    let output = with_input(&["shell", &script, "pear"], b"input\n");
    let expected = format!("{script} has pear\ninput\n");
    assert_eq!((text(&output), output.status.code()), (expected, Some(4)), "{}", errors(&output));

    let output = with_input(&["shell", "/nowhere/at/all"], b"");
    assert_eq!(output.status.code(), Some(74));
    assert!(errors(&output).contains("cannot read the script /nowhere/at/all"), "{}", errors(&output));
}
