//! The command lines that are run: each program of userland at least once, and the test programs.

/// A command line and its console input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Case {
    /// The program and its arguments.
    pub(crate) argv: &'static [&'static str],
    /// What the console gives.
    pub(crate) input: &'static str,
}

const fn case(argv: &'static [&'static str]) -> Case {
    Case { argv, input: "pear\napple\nfig\napple\n\nplum without a newline" }
}

/// Those that do one thing and end.
pub(crate) const SINGLE: &[Case] = &[
    case(&["cat", "-n"]),
    case(&["chmod", "a+r,o-x", "/dev/null"]),
    case(&["cow"]),
    case(&["echo", "-e", "two\\nlines"]),
    case(&["false"]),
    case(&["grep", "-n", "p.*e"]),
    case(&["head", "-n", "2"]),
    case(&["kill", "-l", "9", "TERM"]),
    case(&["ls", "-laR", "/dev", "/tmp"]),
    case(&["ps", "-f"]),
    case(&["pstree", "-p"]),
    case(&["pwd"]),
    case(&["seq", "3", "7"]),
    case(&["sleep", "0.002", "1"]),
    case(&["sort", "-r"]),
    case(&["stat", "/dev/zero", "/tmp"]),
    case(&["tail", "-n", "2"]),
    case(&["tee", "/dev/null"]),
    case(&["tr", "a-z", "A-Z"]),
    case(&["true"]),
    case(&["uniq", "-c"]),
    case(&["wc"]),
];

/// Several processes, each with a story.
pub(crate) const STORIES: &[Case] = &[
    case(&["forkbomb", "5"]),
    case(&["init", "echo", "hello"]),
    case(&["init", "sh", "-c", "true & false & wait"]),
    case(&["orphans"]),
    case(&["lost-update"]),
    case(&["lost-update-fixed"]),
    case(&["ping", "8"]),
    case(&["preempt"]),
    case(&["alarm", "0.01"]),
    case(&["alarm", "0.01", "sleep", "5"]),
    case(&["crash", "bus"]),
    case(&["crash", "fpe"]),
    case(&["crash", "ill"]),
    case(&["editor"]),
    case(&["jump"]),
    case(&["matrix", "2", "2"]),
    case(&["progress", "2"]),
    case(&["reaper", "3"]),
    case(&["stopwatch", "-n", "2", "0.01"]),
    case(&["zombies"]),
];

/// Through the shell.
pub(crate) const SCRIPTS: &[Case] = &[
    case(&["sh", "-c", "cat | tr a-z A-Z | sort | uniq | wc"]),
    case(&["sh", "-c", "yes | head -n 3"]),
    case(&["sh", "-c", "seq 200 | grep 7 | tail -n 3 | sort -nr"]),
    case(&["sh", "-c", "sleep 1 & sleep 2 | cat & pstree; wait; echo $?"]),
    case(&["sh", "-c", "true && echo yes || echo no; false || exit 3; echo never"]),
    case(&["sh", "-c", "sleep 100 & kill $!; wait; sh -c 'kill -KILL $$'; echo $?"]),
    case(&["sh", "-c", "set -m; sleep 1 | cat & jobs; kill %1; wait %1; echo $?; fg"]),
    case(&["sh", "-c", "trap 'echo got' USR1; trap 'echo bye' EXIT; (sleep 0.01; kill -USR1 $$) & wait; echo $?"]),
    Case { argv: &["sh"], input: "echo one | cat\nsleep 1 &\nps\nwait\nexit 4\n" },
];

/// Those that make names or objects of System V IPC and remove them again: if one is killed, what it made stays, as it should.
pub(crate) const NAMES: &[Case] = &[
    case(&["sh", "-c", "mkfifo /tmp/f; cat </tmp/f & echo hello >/tmp/f; wait; rm -v /tmp/f"]),
    case(&[
        "sh",
        "-c",
        "cd /tmp; mkdir -pv a/b c; mkfifo a/f; ln a/f a/g; mv a/g c; ls -lR; rm -r a; rm c/g; rmdir -v c",
    ]),
    case(&["sh", "-c", "ipcmk -QS 2 -M 10; ipcs; ipcrm -a"]),
];

/// Players that meet at some means of communication, under a referee who says whether all went well: see `exchange/`.
pub(crate) const EXCHANGES: &[Case] = &[
    case(&["exchange", "fifo"]),
    case(&["exchange", "mqueue"]),
    case(&["exchange", "notify"]),
    case(&["exchange", "message-queue"]),
    case(&["exchange", "semaphore"]),
    case(&["exchange", "posix-memory"]),
    case(&["exchange", "system-v-memory"]),
];

/// Whose children exchange something. The parent removes what they need for that, and ends whom a killed one leaves waiting.
pub(crate) const CONVERSATIONS: &[Case] = &[
    case(&["chat", "hello"]),
    case(&["lost-update-fixed", "-s"]),
    case(&["mailbox"]),
    case(&["prodcons", "pipe", "3"]),
    case(&["prodcons", "mqueue", "6"]),
    case(&["prodcons", "sysv", "3"]),
    case(&["prodcons", "shm", "3"]),
];

/// The programs of `programs.rs`.
pub(crate) const PROGRAMS: &[Case] = &[
    case(&["tree", "3"]),
    case(&["relay", "20000"]),
    case(&["counter", "3"]),
    case(&["sleepers", "4"]),
    case(&["spawner", "3"]),
    case(&["groups"]),
    case(&["memory"]),
    case(&["orphanage"]),
    case(&["commute"]),
    case(&["letters", "mqueue", "2", "2"]),
    case(&["catcher"]),
    case(&["jumper"]),
];

/// Where a program runs until it is told to end: if the one that would tell it is killed, it runs on.
pub(crate) const SERVICES: &[Case] = &[
    case(&["sh", "-c", "cleanup & sleep 0.005; kill $!; wait $!; echo $?"]),
    case(&["sh", "-c", "supervisor -n 2 & sleep 0.01; kill -USR1 $!; sleep 0.01; kill $!; wait"]),
];

/// Some of whose processes stop: if the one that would continue them is killed, they stay so.
pub(crate) const STOPPING: &[Case] = &[
    case(&["stopped"]),
    case(&["sigdemo"]),
    case(&["sh", "-c", "set -m; sh -c 'kill -TSTP $$; echo on' | cat; jobs; bg; wait; echo $?"]),
];

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    [SINGLE, STORIES, SCRIPTS, NAMES, EXCHANGES, CONVERSATIONS, PROGRAMS, SERVICES, STOPPING]
        .into_iter()
        .flatten()
        .copied()
}

/// The random script with this seed. Some come to a point where everybody waits for everybody.
pub(crate) fn script(seed: u64) -> Case {
    Case { argv: vec!["script", seed.to_string().leak(), "60"].leak(), input: SCRIPT_INPUT }
}

/// One that always comes to its end.
pub(crate) fn patient_script(seed: u64) -> Case {
    Case { argv: vec!["script", seed.to_string().leak(), "60", "patient"].leak(), input: SCRIPT_INPUT }
}

const SCRIPT_INPUT: &str = "some input\nfor scripts that read their standard input\n";

/// A program that was added to userland is to be added above.
#[test]
fn every_program_of_userland_is_run() {
    // The tour runs the others, at length; `cache.rs` has it.
    const ELSEWHERE: &[&str] = &["tour"];
    for program in userland::programs::PROGRAMS {
        let words = all().flat_map(|case| case.argv).flat_map(|word| word.split([' ', ';', '|', '&']));
        let runs = words.chain(ELSEWHERE.iter().copied()).any(|word| word == program.name);
        assert!(runs, "{} is in no case of this file", program.name);
    }
}
