//! Directed manners that use something up: all processes, nodes, frames, names, files, objects or signals of the system, and
//! then what fails for lack of them. Rare, because all others suffer too.

use crate::fuzz::raw::generate::{Generator, Planned};
use crate::fuzz::raw::moves::Name;
use crate::fuzz::raw::scenario::{Scenario, free_descriptors, last, plan};
use crate::fuzz::raw::stage::Stage;

/// All undo entries of the system.
pub(super) fn all_undos(generator: &mut Generator, stage: &Stage, who: Name) {
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
pub(super) fn all_processes(generator: &mut Generator, stage: &Stage, who: Name) {
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
pub(super) fn all_nodes(generator: &mut Generator, stage: &Stage, who: Name) {
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
pub(super) fn all_frames(generator: &mut Generator, stage: &Stage, who: Name) {
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
    // The odd bytes of the first go into the page that the pipe has got; the second needs one of its own.
    lines += &format!("W write {0} 0x60000000 5000\nW write {0} 0x60000000 4096\n", free - 1);
    lines += "W shmget 0 4096 0o600\n";
    lines += "W mq_open \"m\" 0o4102 0o666 0\nW mq_timedsend F 0x60000000 8 0 0\n";
    lines += "W msgget 0 0o600\nX = W spawn \"program\" 0 0 0 0\nW execve \"program\" 0 0\nW exit_group 0\n";
    plan(generator, stage, who, &lines);
}

/// All names and inodes of the system.
pub(super) fn all_names(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines =
        String::from("W mkdirat -100 \"/tmp/all\" 0o777\nW chdir \"/tmp/all\"\nW mknodat -100 \"o\" 0o10600 0\n");
    // More names than inodes, so that names are what is used up.
    for number in 0..40 {
        lines += &format!("W linkat -100 \"o\" -100 \"o{number}\" 0\n");
    }
    for number in 0..510 {
        lines += &format!("W mkdirat -100 \"{number}\" 0o777\n");
    }
    lines += "W mknodat -100 \"p\" 0o10600 0\nW linkat -100 \"o\" -100 \"l\" 0\nW mkdirat -100 \"d\" 0o700\n";
    lines += "W openat -100 \"/dev/shm/z\" 0o102 0o600\nW mq_open \"z\" 0o102 0o600 0\n";
    for number in 0..400 {
        lines += &format!("W unlinkat -100 \"{number}\" 0x200\n");
    }
    for number in 0..40 {
        lines += &format!("W unlinkat -100 \"o{number}\" 0\n");
    }
    plan(generator, stage, who, &lines);
}

/// All pipes and open file descriptions of the system.
pub(super) fn all_files(generator: &mut Generator, stage: &Stage, who: Name) {
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
pub(super) fn all_objects(generator: &mut Generator, stage: &Stage, who: Name) {
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
pub(super) fn all_signals(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines = String::from("W rt_sigprocmask 0 [0x200000000] 0 8\n");
    if generator.random(2) == 0 {
        lines += &"W timer_create 1 0 &0\n".repeat(66);
    }
    lines += &"W rt_sigqueueinfo $W 34 i[0 0 -1 0 1 0 5]\n".repeat(260);
    lines += "W timer_create 1 0 &0\nW exit_group 0\n";
    plan(generator, stage, who, &lines);
}

/// A working directory whose path is longer than paths can be.
pub(super) fn deep_path(generator: &mut Generator, stage: &Stage, who: Name) {
    let mut lines = String::from("W chdir \"/tmp\"\n");
    lines += &"W mkdirat -100 x*250 0o777\nW chdir x*250\n".repeat(17);
    lines += "W getcwd &0 8192\nW chdir \"/tmp\"\n";
    plan(generator, stage, who, &lines);
}
