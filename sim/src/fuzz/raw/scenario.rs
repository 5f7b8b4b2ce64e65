//! Directed manners: a few moves that belong together and lead to what hardly ever happens by chance: waits that a signal or a
//! removal ends, lowered limits, full tables. They are written as lines of a script, in which `W` stands for the process that
//! began it, `X` for a child, `Y` for the one before, and `F`, `G`, `H` for its next free descriptors.

use std::fmt::Write;

use abi::Fd;

use crate::fuzz::coverage::Row;
use crate::fuzz::raw::exhaust;
use crate::fuzz::raw::generate::{Generator, Planned};
use crate::fuzz::raw::moves::Name;
use crate::fuzz::raw::stage::Stage;
use crate::fuzz::raw::text;
use crate::fuzz::raw::wake::wake;

pub(super) type Scenario = fn(&mut Generator, &Stage, Name);

/// How often each, and what.
const SCENARIOS: &[(u32, Scenario)] = &[
    (1500, equip),
    (500, interrupt),
    (200, wake),
    (120, block_and_remove),
    (60, lower_limits),
    (60, split_regions),
    (60, removed_directory),
    (60, full_pipe),
    (60, alternate_stack),
    (60, semaphore_range),
    (60, past_the_end),
    (60, background),
    (60, own_directory),
    (60, wrong_owner),
    (12, exhaust::all_undos),
    (6, exhaust::all_processes),
    (6, exhaust::all_nodes),
    (14, exhaust::all_frames),
    (8, exhaust::all_names),
    (6, exhaust::all_files),
    (16, exhaust::all_objects),
    (6, exhaust::all_signals),
    (6, exhaust::deep_path),
];

/// Plans something for a process.
pub(super) fn begin(generator: &mut Generator, stage: &Stage, who: Name) {
    let all: u32 = SCENARIOS.iter().map(|(weight, _)| weight).sum();
    let mut rest = generator.random(all);
    for (weight, scenario) in SCENARIOS {
        if rest < *weight {
            return scenario(generator, stage, who);
        }
        rest -= weight;
    }
}

/// Plans these lines.
pub(super) fn plan(generator: &mut Generator, stage: &Stage, who: Name, lines: &str) {
    let (mut child, mut is_born) = (generator.child(), false);
    let mut before = child;
    let free = free_descriptors(stage, who);
    let mut text = String::with_capacity(128);
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("X =") && std::mem::replace(&mut is_born, true) {
            // Another child, so another name.
            before = std::mem::replace(&mut child, generator.child());
        }
        text.clear();
        let mut rest = line;
        while let Some(place) = rest.bytes().position(|letter| matches!(letter, b'F'..=b'H' | b'W'..=b'Y')) {
            text.push_str(&rest[..place]);
            // Writing to a string doesn't fail.
            let _ = match rest.as_bytes()[place] {
                b'W' => write!(text, "{who}"),
                b'X' => write!(text, "{child}"),
                b'Y' => write!(text, "{before}"),
                letter => write!(text, "{}", free[usize::from(letter - b'F')]),
            };
            rest = &rest[place + 1..];
        }
        text.push_str(rest);
        match text::parse(&text) {
            Ok(made) => generator.plan.push_back(Planned::Move(made)),
            Err(message) => debug_assert!(false, "{text}: {message}"),
        }
    }
}

/// The next free descriptors of a process.
pub(super) fn free_descriptors(stage: &Stage, who: Name) -> [i32; 3] {
    let process = stage.actor(who).and_then(|actor| stage.kernel.process_of(actor.thread));
    let process = process.and_then(|process| stage.kernel.process(process));
    let mut free = (0..).filter(|fd| process.is_none_or(|process| process.descriptors.get(Fd(*fd)).is_none()));
    [0; 3].map(|_| free.next().unwrap_or(0))
}

/// What a call returned last.
pub(super) fn last(stage: &Stage, call: &str) -> i64 {
    Row::by_name(call).map_or(0, |row| stage.host.results[row.index()].last())
}

/// A process gets things to work with.
fn equip(generator: &mut Generator, stage: &Stage, who: Name) {
    const THINGS: &[&str] = &[
        "W openat -100 \"/tmp\" 0o200000 0\nW getdents64 F &0 512\nW fchdir F",
        "W mq_open \"m\" 0o4102 0o666 [0 4 64 0 0 0 0 0]\nW mq_timedsend F \"pear\" 4 1 0\nW mq_timedreceive F &0 64 0 0",
        "W mq_open \"n\" 0o102 0o666 [0 2 8 0 0 0 0 0]\nW mq_timedsend F \"pear\" 4 1 [0 0]",
        "W openat -100 \"/dev/shm/m\" 0o102 0o666\nW ftruncate F 8192\nW mmap 0 8192 3 1 F 0",
        "W timer_create 1 0 &0\nW timer_settime 0 0 [0 1000000 0 500000] 0\nW timer_gettime 0 &0\nW timer_getoverrun 0",
        "W timer_create 0 i[7 0 34 0 0 0] &0",
        "W timer_create 1 0 &0\nW timer_delete 0",
        "W shmget 3 4096 0o1666\nW shmget 0 4096 0o1600",
        "W mkdirat -100 \"/tmp/d\" 0o777\nW mknodat -100 \"/tmp/p\" 0o10666 0\nW linkat -100 \"/tmp/p\" -100 \"/tmp/q\" 0",
        "W chdir \"/tmp\"\nW mkdirat -100 \"d\" 0o777\nW mknodat -100 \"p\" 0o10666 0\nW openat -100 \"p\" 2 0",
        "W rt_sigprocmask 0 [0x200] 0 8\nW kill $W 10\nW rt_sigtimedwait [0x200] &0 0 8",
        "W rt_sigaction 10 [0x1000 0 0] 0 8\nW rt_sigaction 12 [0x1000 0x10000000 0] 0 8\nW rt_sigaction 34 [0x1000 4 0] 0 8",
        "W setresuid 1 1 1",
        "W pipe2 &0 0o4000\nW write G \"pear\" 4\nW read F &0 100",
        "W openat -100 \"/dev/full\" 2 0\nW openat -100 \"/dev/zero\" 2 0",
        "W brk 0x20000",
    ];
    for _ in 0..2 {
        let thing = THINGS[generator.random(THINGS.len() as u32) as usize];
        plan(generator, stage, who, thing);
    }
    // Attached where the last segment is known.
    generator.plan.push_back(Planned::Then(attach, who));
}

fn attach(generator: &mut Generator, stage: &Stage, who: Name) {
    if generator.random(4) == 0 {
        plan(generator, stage, who, &format!("W shmat {} 0 0", last(stage, "shmget")));
        generator.plan.push_back(Planned::Then(detach, who));
    }
}

fn detach(generator: &mut Generator, stage: &Stage, who: Name) {
    if generator.random(2) == 0 {
        plan(generator, stage, who, &format!("W shmdt {:#x}", last(stage, "shmat")));
    }
}

/// A handler without `SA_RESTART`, a call that waits, and the signal.
fn interrupt(generator: &mut Generator, stage: &Stage, who: Name) {
    const WAITS: &[&str] = &[
        "X = W clone 17 0 0 0 0\nsignal X 19\nW wait4 $X 0 0 0",
        "X = W clone 17 0 0 0 0\nsignal X 19\nW waitid 1 $X &0 4 0",
        "W mknodat -100 \"/tmp/w\" 0o10666 0\nW openat -100 \"/tmp/w\" 0 0",
        "W pipe2 &0 0\nW read F &0 1",
        "W pipe2 &0 0\nW fcntl G 1031 4096\nW write G 0x3ffe8000 4096\nW write G 0x3ffe8000 100",
        "W mq_open \"w\" 0o102 0o666 [0 1 8 0 0 0 0 0]\nW mq_timedreceive F &0 8 0 0",
        "W mq_open \"v\" 0o102 0o666 [0 1 8 0 0 0 0 0]\nW mq_timedsend F \"a\" 1 0 0\nW mq_timedsend F \"b\" 1 0 0",
        "W nanosleep [9 0] &0",
        "W clock_nanosleep 1 0 [9 0] &0",
        "W rt_sigsuspend [0] 8",
        "W rt_sigtimedwait [0x400] &0 0 8",
    ];
    let signal = if generator.random(4) == 0 { "idle 100" } else { "signal W 10" };
    let wait = WAITS[generator.random(WAITS.len() as u32) as usize];
    let lines =
        format!("W rt_sigprocmask 1 [0x200] 0 8\nW rt_sigaction 10 [0x1000 0 0] 0 8\n{wait}\n{signal}\nW run\nW leave");
    plan(generator, stage, who, &lines);
}

/// A wait at a System V object that another removes, or a signal ends.
fn block_and_remove(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "X = W clone 17 0 0 0 0\nX rt_sigprocmask 1 [0x200] 0 8\nX rt_sigaction 10 [0x1000 0 0] 0 8";
    plan(generator, stage, who, lines);
    let child = generator.latest_child();
    match generator.random(3) {
        0 => plan(generator, stage, who, "W msgget 0 0o1666"),
        1 => {
            plan(generator, stage, who, "W msgget 0 0o1666");
            generator.plan.push_back(Planned::Then(fill_queue, who));
        }
        _ => plan(generator, stage, who, "W semget 0 2 0o1666"),
    }
    generator.plan.push_back(Planned::Then(wait_there, child));
    generator.plan.push_back(Planned::Then(remove_there, who));
    plan(generator, stage, child, "W run");
}

fn fill_queue(generator: &mut Generator, stage: &Stage, who: Name) {
    let id = last(stage, "msgget");
    let lines = format!("W msgsnd {id} [1 0] 8000 0o4000\n").repeat(3);
    // In front of what comes next.
    let later = std::mem::take(&mut generator.plan);
    plan(generator, stage, who, &lines);
    generator.plan.extend(later);
}

fn wait_there(generator: &mut Generator, stage: &Stage, who: Name) {
    let (queue, set) = (last(stage, "msgget"), last(stage, "semget"));
    let later = std::mem::take(&mut generator.plan);
    let line = match generator.random(4) {
        0 => format!("W msgrcv {queue} &0 8 9 0"),
        1 => format!("W msgsnd {queue} [1 0] 8000 0"),
        2 => format!("W semop {set} h[0 -9 0] 1"),
        _ => format!("W semtimedop {set} h[1 -9 0] 1 0"),
    };
    plan(generator, stage, who, &line);
    if generator.random(3) == 0 {
        plan(generator, stage, who, "signal W 10\nW run\nW leave");
    }
    generator.plan.extend(later);
}

fn remove_there(generator: &mut Generator, stage: &Stage, who: Name) {
    let (queue, set) = (last(stage, "msgget"), last(stage, "semget"));
    let later = std::mem::take(&mut generator.plan);
    plan(generator, stage, who, &format!("W msgctl {queue} 0 0\nW semctl {set} 0 0 0"));
    generator.plan.extend(later);
}

/// All that takes a descriptor, when there may be none; and processes of a user who may have none.
fn lower_limits(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W mknodat -100 \"/tmp/p\" 0o10666 0
        X = W clone 17 0 0 0 0
        X prlimit64 0 7 [1 64] 0
        X dup 0
        X fcntl 0 0 0
        X openat -100 \"/dev/null\" 0 0
        X pipe2 &0 0
        X mq_open \"m\" 0o102 0o666 0
        X spawn \"program\" 0 0 i[1 0 0 0] 1
        X spawn \"program\" 0 0 i[1 0 5 0] 1
        X prlimit64 0 6 [1 64] 0
        X setresuid 1 1 1
        X clone 17 0 0 0 0
        X spawn \"program\" 0 0 0 0
        X exit_group 0";
    plan(generator, stage, who, lines);
}

/// As many regions as there can be, and one more.
fn split_regions(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines = String::from("X = W clone 17 0 0 0 0\nX mmap 0x58000000 0x50000 3 0x32 -1 0\n");
    for page in 0..34_u64 {
        let call = if generator.random(8) == 0 { "mprotect" } else { "munmap" };
        let protection = if call == "mprotect" { " 1" } else { "" };
        lines += &format!("X {call} {:#x} 4096{protection}\n", 0x5800_1000 + page * 0x2000);
    }
    lines += "X mmap 0 4096 3 0x22 -1 0\nX exit_group 0\n";
    plan(generator, stage, who, &lines);
}

/// A directory that is removed while somebody stands in it.
fn removed_directory(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W mkdirat -100 \"/tmp/r\" 0o777
        W openat -100 \"/tmp/r\" 0o200000 0
        W chdir \"/tmp/r\"
        W unlinkat -100 \"/tmp/r\" 0x200
        W getcwd &0 100
        W getdents64 F &0 512
        W chdir \"/tmp\"
        W close F";
    plan(generator, stage, who, lines);
}

/// A pipe that is full, and one that would be made too small for what is in it.
fn full_pipe(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W pipe2 &0 0o4000
        W linkat F \"\" -100 \"/tmp/pipe\" 0x1000
        W write G 0x3ffe8000 8192
        W fcntl G 1031 4096
        W fcntl G 1031 8192
        W write G 0x3ffe8000 4096
        W close F
        W write G 0x3ffe8000 1
        W close G";
    plan(generator, stage, who, lines);
}

/// A handler on the alternate stack, which can't be changed under it.
fn alternate_stack(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W sigaltstack [0x50000000 0 16384] 0
        W rt_sigprocmask 1 [0x200] 0 8
        W rt_sigaction 10 [0x1000 0x8000000 0] 0 8
        W kill $W 10
        W sigaltstack [0x50000000 0 16384] 0
        W leave";
    plan(generator, stage, who, lines);
}

/// A semaphore at its largest value.
fn semaphore_range(generator: &mut Generator, stage: &Stage, who: Name) {
    plan(generator, stage, who, "W semget 0 1 0o666");
    generator.plan.push_back(Planned::Then(raise_semaphore, who));
}

fn raise_semaphore(generator: &mut Generator, stage: &Stage, who: Name) {
    let set = last(stage, "semget");
    let lines = format!(
        "W semctl {set} 0 16 32767\nW semop {set} h[0 1 0] 1\nW semtimedop {set} h[0 1 0] 1 0\nW semctl {set} 0 0 0"
    );
    plan(generator, stage, who, &lines);
}

/// Behind the longest length of a shared memory object.
fn past_the_end(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W openat -100 \"/dev/shm/m\" 0o102 0o666
        W lseek F 0x2000000000 0
        W write F \"pear\" 4
        W ftruncate F 0x4000000000
        W ftruncate F 5000
        W close F";
    plan(generator, stage, who, lines);
}

/// A session takes the terminal; a child of its leader is in the background, and wants it all the same.
fn background(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        X = W clone 17 0 0 0 0
        X setsid
        X openat -100 \"/dev/console\" 2 0
        X dup3 F 0 0
        X ioctl 0 0x540e 1
        X ioctl 0 0x5410 i[9999]
        X rt_sigprocmask 1 [0x300000] 0 8
        X rt_sigaction 22 [0x1000 0 0] 0 8
        X rt_sigaction 21 [0x1000 0 0] 0 8";
    plan(generator, stage, who, lines);
    let leader = generator.latest_child();
    let lines = match generator.random(3) {
        0 => "X ioctl 0 0x5402 &0",
        1 => "X read 0 &0 10",
        _ => "X rt_sigprocmask 0 [0x100000] 0 8\nX read 0 &0 10\nX write 0 \"fig\" 3",
    };
    let lines =
        format!("X = W clone 17 0 0 0 0\nX setpgid 0 0\n{lines}\nX run\nX leave\nX run\nX ioctl 0 0x5410 i[9999]");
    plan(generator, stage, leader, &lines);
}

/// Directories in directories: not empty, renamed onto one another.
fn own_directory(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W mkdirat -100 \"/tmp/g\" 0o777
        W mkdirat -100 \"/tmp/g/e\" 0o777
        W mkdirat -100 \"/tmp/h\" 0o777
        W renameat2 -100 \"/tmp/h\" -100 \"/tmp/g\" 0
        W unlinkat -100 \"/tmp/g\" 0x200
        W renameat2 -100 \"/tmp/h\" -100 \"/tmp/g/f\" 0
        W linkat -100 \"/tmp/p\" -100 \"/tmp/g/l\" 0
        W openat -100 \"/dev/shm/m\" 0o102 0o666
        W linkat -100 \"/dev/shm/m\" -100 \"/tmp/g/m\" 0
        W linkat -100 \"/tmp/p\" -100 \"/dev/shm/l\" 0
        W renameat2 -100 \"/tmp/g/l\" -100 \"/tmp/g/e\" 0
        W fchdir F";
    plan(generator, stage, who, lines);
}

/// What another user made.
fn wrong_owner(generator: &mut Generator, stage: &Stage, who: Name) {
    let lines = "
        W mkdirat -100 \"/tmp/o\" 0o700
        W mknodat -100 \"/tmp/o/p\" 0o10600 0
        W mknodat -100 \"/tmp/x\" 0o10600 0
        W openat -100 \"/tmp/o\" 0o200000 0
        X = W clone 17 0 0 0 0
        X setresuid 2 2 2
        X tgkill $W $W 0
        X tgkill 1 1 10
        X fchdir F
        X chdir \"/tmp/o\"
        X fchmodat -100 \"/tmp/o/p\" 0o666
        X fchownat -100 \"/tmp/o\" 2 2 0
        X utimensat -100 \"/tmp/o/p\" 0 0
        X renameat2 -100 \"/tmp/x\" -100 \"/tmp/y\" 0
        X linkat -100 \"/tmp/x\" -100 \"/tmp/y\" 0
        X unlinkat -100 \"/tmp/x\" 0";
    plan(generator, stage, who, lines);
}
