//! Waits that somebody else ends: both sides of each, because chance seldom brings them together. `docs/fuzzing.md` has how to see which
//! were (`--coverage`).

use crate::fuzz::raw::generate::Generator;
use crate::fuzz::raw::moves::Name;
use crate::fuzz::raw::scenario::plan;
use crate::fuzz::raw::stage::Stage;

/// Somebody waits, whom a handler may interrupt, and somebody else ends that.
pub(super) fn wake(generator: &mut Generator, stage: &Stage, who: Name) {
    let (prepare, begin, end) = MEETINGS[generator.random(MEETINGS.len() as u32) as usize];
    let end = end[generator.random(end.len() as u32) as usize];
    plan(
        generator,
        stage,
        who,
        &format!("{prepare}\n{BORN}\n{begin}\n{end}\nY run\nY leave\nX exit_group 0\nY exit_group 0"),
    );
}

/// `Y`, who waits, and `X`, who doesn't.
const BORN: &str = "X = W clone 17 0 0 0 0\nX rt_sigprocmask 1 [0x2200] 0 8\nX rt_sigaction 10 [0x1000 0 0] 0 8\n\
                    X rt_sigaction 14 [0x1000 0 0] 0 8\nX = W clone 17 0 0 0 0";

/// What is made before, how `Y` begins to wait, and what may end it.
type Meeting = (&'static str, &'static str, &'static [&'static str]);

/// What may end any wait: signals of every origin.
const SIGNALS: &[&str] = &[
    "X kill $Y 10",
    "X tgkill $Y $Y 10",
    "X rt_sigqueueinfo $Y 10 i[10 0 -1 0 0 0]",
    "signal Y 10",
    // The first handler that a timer of its own runs.
    "idle 3000000",
];

const MEETINGS: &[Meeting] = &[
    (
        "W pipe2 &0 0",
        "Y close G\nY read F &0 8",
        &[
            "X write G \"pear\" 4",
            "W close G\nX close G",
            "W close G\nX exit_group 0",
            "W close G\nsignal X 9\nX run",
            "W close G\nX dup3 F G 0",
            "W close G\nX fcntl G 2 1\nX execve \"program\" 0 0",
        ],
    ),
    (
        "W pipe2 &0 0\nW fcntl G 1031 4096\nW write G 0x3ffe8000 4096",
        "Y rt_sigaction 13 [1 0 0] 0 8\nY close F\nY write G 0x3ffe8000 100",
        &[
            "X read F &0 4096",
            "X fcntl F 1031 8192",
            "W close F\nX close F",
            "W close F\nX exit_group 0",
            "W close F\nsignal X 9\nX run",
            "W close F\nX dup3 G F 0",
            "W close F\nX fcntl F 2 1\nX execve \"program\" 0 0",
        ],
    ),
    ("W mknodat -100 \"/tmp/w\" 0o10666 0", "Y openat -100 \"/tmp/w\" 0 0", &["X openat -100 \"/tmp/w\" 1 0"]),
    ("W mknodat -100 \"/tmp/w\" 0o10666 0", "Y openat -100 \"/tmp/w\" 1 0", &["X openat -100 \"/tmp/w\" 0 0"]),
    (
        "W mq_open \"w\" 0o102 0o666 [0 1 8 0 0 0 0 0]",
        "Y mq_timedreceive F &0 8 0 0",
        &["X mq_timedsend F \"a\" 1 0 0"],
    ),
    (
        "W mq_open \"v\" 0o102 0o666 [0 1 8 0 0 0 0 0]\nW mq_timedsend F \"a\" 1 0 0",
        "Y mq_timedsend F \"b\" 1 0 0",
        &["X mq_timedreceive F &0 8 0 0"],
    ),
    (
        "W mq_open \"u\" 0o102 0o666 [0 1 8 0 0 0 0 0]",
        "Y mq_notify F i[0 0 10 0]\nY rt_sigsuspend [0] 8",
        &["X mq_timedsend F \"a\" 1 0 0"],
    ),
    ("", "Y setitimer 0 [0 0 2 0] 0\nY rt_sigsuspend [0] 8", SIGNALS),
    ("", "Y setitimer 0 [0 0 2 0] 0\nY nanosleep [9 0] &0", SIGNALS),
    ("", "Y setitimer 0 [0 0 2 0] 0\nY clock_nanosleep 1 0 [9 0] &0", SIGNALS),
    ("", "Y setitimer 0 [0 0 2 0] 0\nY rt_sigtimedwait [0x400] &0 0 8", SIGNALS),
    ("W pipe2 &0 0", "Y setitimer 0 [0 0 2 0] 0\nY read F &0 8", SIGNALS),
    ("W mknodat -100 \"/tmp/w\" 0o10666 0", "Y setitimer 0 [0 0 2 0] 0\nY openat -100 \"/tmp/w\" 0 0", SIGNALS),
    ("W mknodat -100 \"/tmp/w\" 0o10666 0", "Y setitimer 0 [0 0 2 0] 0\nY openat -100 \"/tmp/w\" 1 0", SIGNALS),
    // `X` gets a child, which ends, and is `Y` from there on.
    (
        "",
        "X rt_sigaction 17 [0x1000 0 0] 0 8",
        &[
            "X = Y clone 17 0 0 0 0\nY wait4 -1 0 0 0\nX exit_group 3",
            "X = Y clone 17 0 0 0 0\nY waitid 0 0 &0 4 0\nX exit_group 3",
            "X = Y clone 17 0 0 0 0\nY rt_sigsuspend [0] 8\nX exit_group 3",
            "X = Y clone 17 0 0 0 0\nY nanosleep [9 0] &0\nX exit_group 3",
        ],
    ),
];
