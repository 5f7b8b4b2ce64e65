//! Directed manners: a few moves that belong together and lead to what hardly ever happens by chance: waits that a signal or a
//! removal ends, lowered limits, full tables. They are written as lines of a script, in which `W` stands for the process that
//! began it, `X` for a child, and `F`, `G`, `H` for its next free descriptors.

use abi::Fd;

use crate::fuzz::coverage::Row;
use crate::fuzz::raw::generate::{Generator, Planned};
use crate::fuzz::raw::moves::Name;
use crate::fuzz::raw::stage::Stage;
use crate::fuzz::raw::text;

type Scenario = fn(&mut Generator, &Stage, Name);

/// How often each, and what.
const SCENARIOS: &[(u32, Scenario)] = &[
    (1500, equip),
    (500, interrupt),
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
    (12, all_undos),
    (4, all_processes),
    (4, all_nodes),
    (9, all_frames),
    (8, all_names),
    (4, all_files),
    (10, all_objects),
    (4, all_signals),
    (4, deep_path),
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
fn plan(generator: &mut Generator, stage: &Stage, who: Name, lines: &str) {
    let child = generator.child();
    let free = free_descriptors(stage, who);
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut text = String::new();
        for letter in line.chars() {
            match letter {
                'W' => text.push_str(&who.to_string()),
                'X' => text.push_str(&child.to_string()),
                'F'..='H' => text.push_str(&free[letter as usize - 'F' as usize].to_string()),
                letter => text.push(letter),
            }
        }
        match text::parse(&text) {
            Ok(made) => generator.plan.push_back(Planned::Move(made)),
            Err(message) => debug_assert!(false, "{text}: {message}"),
        }
    }
}

/// The next free descriptors of a process.
fn free_descriptors(stage: &Stage, who: Name) -> [i32; 3] {
    let process = stage.actor(who).and_then(|actor| stage.kernel.process_of(actor.thread));
    let process = process.and_then(|process| stage.kernel.process(process));
    let mut free = (0..).filter(|fd| process.is_none_or(|process| process.descriptors.get(Fd(*fd)).is_none()));
    [0; 3].map(|_| free.next().unwrap_or(0))
}

/// What a call returned last.
fn last(stage: &Stage, call: &str) -> i64 {
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

/// All undo entries of the system.
fn all_undos(generator: &mut Generator, stage: &Stage, who: Name) {
    plan(generator, stage, who, "W semget 0 400 0o666");
    generator.plan.push_back(Planned::Then(undo_everything, who));
}

fn undo_everything(generator: &mut Generator, stage: &Stage, who: Name) {
    let set = last(stage, "semget");
    let mut lines = String::new();
    let order = if generator.random(2) == 0 {
        [("semop", ""), ("semtimedop", " 0")]
    } else {
        [("semtimedop", " 0"), ("semop", "")]
    };
    for piece in 0..7 {
        let (call, timeout) = order[piece % 2];
        let operations: Vec<String> =
            (50 * piece..50 * piece + 50).map(|number| format!("{number} 1 0o10000")).collect();
        lines += &format!("W {call} {set} h[{}] 50{timeout}\n", operations.join(" "));
    }
    lines += &format!("W semctl {set} 0 0 0\n");
    plan(generator, stage, who, &lines);
}

/// All processes of the system.
fn all_processes(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut children = Vec::new();
    for _ in 0..62 {
        plan(generator, stage, who, "X = W clone 17 0 0 0 0");
        children.push(generator.latest_child());
    }
    plan(generator, stage, who, "W clone 17 0 0 0 0\nW spawn \"program\" 0 0 0 0");
    for child in children {
        plan(generator, stage, child, "signal W 9\na wait4 -1 0 1 0\na run");
    }
}

/// All nodes of page tables and other trees.
fn all_nodes(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines = String::new();
    for place in 0..24_u64 {
        let address = 0x10_0000_0000_u64 + (place << 31);
        lines += &format!("W mmap {address:#x} 4096 3 0x32 -1 0\nW store {address:#x}\n");
    }
    plan(generator, stage, who, &lines);
    let mut children = Vec::new();
    for _ in 0..20 {
        plan(generator, stage, who, "X = W clone 17 0 0 0 0");
        children.push(generator.latest_child());
    }
    let mut keys = String::new();
    for key in 1..40_u64 {
        keys += &format!("W msgget {} 0o1600\n", key * 0x0311_1111);
    }
    for key in 1..4_u64 {
        keys += &format!("W semget {} 1 0o1600\nW shmget {} 1 0o1600\n", key * 0x0911_1111, key * 0x0a11_1111);
    }
    keys += "W semget 0 900 0o600\nX = W spawn \"program\" 0 0 0 0\nX = W clone 17 0 0 0 0\nW execve \"program\" 0 0\n";
    plan(generator, stage, who, &keys);
    for child in children {
        plan(generator, stage, child, "signal W 9");
    }
}

/// All frames of the system: one call touches as many pages as it likes.
fn all_frames(generator: &mut Generator, stage: &Stage, who: Name) {
    // With few regions, and so room for more.
    plan(generator, stage, who, "X = W clone 17 0 0 0 0\nX execve \"program\" 0 0");
    let hog = generator.latest_child();
    let mut lines = String::from(
        "W openat -100 \"/dev/zero\" 0 0\nW msgget 0 0o600\nW pipe2 &0 0\nW write H \"pear\" 4\nW mmap 0x60000000 0x800000 3 0x32 -1 0\n",
    );
    lines += "W read F 0x60000000 0x800000\n";
    for pages in [1024_u64, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 1, 1] {
        let (address, bytes) = (0x6200_0000 + (pages << 16) + lines.len() as u64 / 64 * 4096, pages * 4096);
        lines += &format!("W mmap {address:#x} {bytes:#x} 3 0x32 -1 0\nW read F {address:#x} {bytes:#x}\n");
    }
    // It isn't born yet, and will have its parent's descriptors.
    let free = free_descriptors(stage, who).map(|fd| fd.to_string());
    plan(generator, stage, hog, &lines.replace('F', &free[0]).replace('H', &free[2]));
    generator.plan.push_back(Planned::Then(without_frames, hog));
}

fn without_frames(generator: &mut Generator, stage: &Stage, who: Name) {
    let queue = last(stage, "msgget");
    let free = free_descriptors(stage, who)[0];
    // The pipe's writing end and the queue's descriptor are the last ones: the process has opened nothing since.
    let mut lines = format!("W fcntl {} 1031 65536\nW msgsnd {queue} [1 0] 100 0o4000\n", free - 1);
    lines += &format!("W write {} 0x60000000 5000\nW shmget 0 4096 0o600\n", free - 1);
    lines += "W mq_open \"m\" 0o4102 0o666 0\nW mq_timedsend F 0x60000000 8 0 0\n";
    lines += "W msgget 0 0o600\nX = W spawn \"program\" 0 0 0 0\nW execve \"program\" 0 0\nW exit_group 0\n";
    plan(generator, stage, who, &lines);
}

/// All names and inodes of the system.
fn all_names(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines =
        String::from("W mkdirat -100 \"/tmp/all\" 0o777\nW chdir \"/tmp/all\"\nW mknodat -100 \"o\" 0o10600 0\n");
    for number in 0..510 {
        lines += &format!("W mkdirat -100 \"{number}\" 0o777\n");
    }
    lines += "W mknodat -100 \"p\" 0o10600 0\nW linkat -100 \"o\" -100 \"l\" 0\nW mkdirat -100 \"d\" 0o700\n";
    lines += "W openat -100 \"/dev/shm/z\" 0o102 0o600\nW mq_open \"z\" 0o102 0o600 0\n";
    for number in 0..400 {
        lines += &format!("W unlinkat -100 \"{number}\" 0x200\n");
    }
    plan(generator, stage, who, &lines);
}

/// All pipes and open file descriptions of the system.
fn all_files(generator: &mut Generator, stage: &Stage, who: Name) {
    plan(generator, stage, who, "W mknodat -100 \"/tmp/p\" 0o10666 0\nW mq_open \"m\" 0o102 0o666 0");
    let mut children = Vec::new();
    for _ in 0..6 {
        plan(generator, stage, who, "X = W clone 17 0 0 0 0");
        children.push(generator.latest_child());
    }
    for child in &children {
        plan(generator, stage, *child, &"W pipe2 &0 0\n".repeat(12));
    }
    plan(generator, stage, who, "W pipe2 &0 0\nW openat -100 \"/tmp/p\" 2 0");
    for child in &children {
        plan(generator, stage, *child, &"W openat -100 \"/dev/null\" 2 0\n".repeat(34));
    }
    plan(generator, stage, who, "W openat -100 \"/dev/null\" 2 0\nW mq_open \"m\" 0o102 0o666 0\nW pipe2 &0 0");
    for child in &children {
        plan(generator, stage, *child, "signal W 9");
    }
}

/// All sets of semaphores, queues or segments of the system.
fn all_objects(generator: &mut Generator, stage: &Stage, who: Name) {
    let (line, remove): (&str, Scenario) = match generator.random(4) {
        0 => ("W semget 0 1 0o600\n", remove_sets),
        1 => ("W msgget 0 0o600\n", remove_queues),
        2 => ("W shmget 0 1 0o600\n", remove_segments),
        _ => return plan(generator, stage, who, "W shmget 0 0x900000 0o600\nW shmget 0 0x900000 0o600"),
    };
    plan(generator, stage, who, &line.repeat(66));
    generator.plan.push_back(Planned::Then(remove, who));
}

fn remove_sets(generator: &mut Generator, stage: &Stage, who: Name) {
    let id = last(stage, "semget");
    remove_before(generator, stage, who, id, |id| format!("W semctl {id} 0 0 0\n"));
}

fn remove_queues(generator: &mut Generator, stage: &Stage, who: Name) {
    let id = last(stage, "msgget");
    remove_before(generator, stage, who, id, |id| format!("W msgctl {id} 0 0\n"));
}

fn remove_segments(generator: &mut Generator, stage: &Stage, who: Name) {
    let id = last(stage, "shmget");
    remove_before(generator, stage, who, id, |id| format!("W shmctl {id} 0 0\n"));
}

/// The identifiers before the last one are near it, most of them.
fn remove_before(generator: &mut Generator, stage: &Stage, who: Name, id: i64, line: impl Fn(i64) -> String) {
    let sequence = id & !0x7fff;
    let lines: String = (0..64).map(|slot| line(sequence | slot)).collect();
    plan(generator, stage, who, &lines);
}

/// All room for queued signals, and all timers.
fn all_signals(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines = String::from("W rt_sigprocmask 0 [0x200000000] 0 8\n");
    if generator.random(2) == 0 {
        lines += &"W timer_create 1 0 &0\n".repeat(66);
    }
    lines += &"W rt_sigqueueinfo $W 34 i[0 0 -1 0 1 0 5]\n".repeat(260);
    lines += "W timer_create 1 0 &0\nW exit_group 0\n";
    plan(generator, stage, who, &lines);
}

/// A working directory whose path is longer than paths can be.
fn deep_path(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines = String::from("W chdir \"/tmp\"\n");
    lines += &"W mkdirat -100 x*250 0o777\nW chdir x*250\n".repeat(17);
    lines += "W getcwd &0 8192\nW chdir \"/tmp\"\n";
    plan(generator, stage, who, &lines);
}
