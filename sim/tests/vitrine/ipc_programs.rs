//! The programs about communication: what each prints under any schedule, and what it says when it is misused.

use crate::common::{errors, run, text, with_input};

/// Schedules that each is run under: the policy's own, and random ones.
const SCHEDULES: [&[&str]; 4] = [&["run"], &["run", "--seed", "1"], &["run", "--seed", "2"], &["run", "--seed", "3"]];

/// What a command line prints, and its exit status.
fn ran(argv: &[&str]) -> (String, i32) {
    let output = run(&[&["run"], argv].concat());
    (text(&output), output.status.code().expect("it exits"))
}

fn script(commands: &str) -> (String, i32) {
    ran(&["sh", "-c", commands])
}

/// What a command line prints, which must be the same under each schedule, with exit status 0.
#[track_caller]
fn always(argv: &[&str]) -> String {
    let said = SCHEDULES.map(|schedule| {
        let output = run(&[schedule, argv].concat());
        assert_eq!(output.status.code(), Some(0), "{argv:?}: {}{}", text(&output), errors(&output));
        text(&output)
    });
    assert!(said.iter().all(|each| *each == said[0]), "{argv:?}: {said:#?}");
    let [first, ..] = said;
    first
}

/// Each of these command lines ends with this status, and says this on standard error, in its name.
#[track_caller]
fn refused(status: i32, cases: &[(&str, &str)]) {
    for (command, message) in cases {
        let output = run(&["run", "sh", "-c", command]);
        let name = command.split(' ').next().unwrap_or_default();
        assert_eq!(output.status.code(), Some(status), "{command}: {}", errors(&output));
        let said = format!("{name}: {message}\n");
        assert!(errors(&output).starts_with(&said), "{command}: {}", errors(&output));
    }
}

#[test]
fn mailbox_gives_the_most_urgent_first() {
    let send = "mailbox send /m one; mailbox send m two -p 7; mailbox send m three; mailbox send m four -p 7";
    let (said, status) =
        script(&format!("{send}; mailbox list; mailbox receive m; mailbox receive -av m; mailbox list"));
    let list = |count| format!("messages  of  bytes each  name\n       {count}  10        1024  m\n");
    assert_eq!(said, format!("{}two\n    7  four\n    0  one\n    0  three\n{}", list(4), list(0)));
    assert_eq!(status, 0);
    assert_eq!(script(&format!("{send}; mailbox unlink m; mailbox list")).0, "messages  of  bytes each  name\n");
}

#[test]
fn mailbox_waits_for_room_and_for_messages() {
    // The eleventh message waits until the first has gone.
    let fill = "for i in 1 2 3 4 5 6 7 8 9 10 11; do mailbox send m $i; done";
    let (said, _) =
        script(&format!("{{ {fill}; }} & sleep 1; mailbox list; mailbox receive m; wait; mailbox receive -a m"));
    let list = "messages  of  bytes each  name\n      10  10        1024  m\n";
    assert_eq!(said, format!("{list}{}", (1..=11).map(|i| format!("{i}\n")).collect::<String>()));
    let (said, status) =
        script("mailbox send m x; mailbox receive m; mailbox receive m & sleep 1; mailbox send m late; wait $!");
    assert_eq!((&said[..], status), ("x\nlate\n", 0));
}

#[test]
fn mailbox_says_what_is_wrong() {
    refused(
        2,
        &[
            ("mailbox lose m", "unknown command 'lose'"),
            ("mailbox send m", "missing operand"),
            ("mailbox receive", "missing operand"),
            ("mailbox unlink m n", "extra operand 'n'"),
            ("mailbox list m", "extra operand 'm'"),
            ("mailbox send m x y", "extra operand 'y'"),
            ("mailbox send m x -p 32768", "invalid priority '32768'"),
            ("mailbox send m x -p high", "invalid priority 'high'"),
            ("mailbox -x", "invalid option -- 'x'"),
            ("mailbox -a", "missing command"),
            ("mailbox list -a", "list has no option -a"),
            ("mailbox send m x -v", "send has no option -v"),
            ("mailbox receive m -p 1", "receive has no option -p"),
            ("mailbox receive m -p high", "invalid priority 'high'"),
        ],
    );
    refused(
        1,
        &[
            ("mailbox receive nobody", "nobody: No such file or directory"),
            ("mailbox unlink nobody", "nobody: No such file or directory"),
            ("mailbox send a/b x", "a/b: Permission denied"),
            ("mailbox unlink ''", "'': No such file or directory"),
        ],
    );
    let output = run(&["run", "mailbox", "send", "m", &"x".repeat(1025)]);
    assert_eq!((errors(&output), output.status.code()), ("mailbox: m: Message too long\n".into(), Some(1)));
    let output = run(&["run", "sh", "-c", "mailbox send m x; mailbox receive m; mailbox receive -n m"]);
    assert_eq!(errors(&output), "mailbox: m: Resource temporarily unavailable\n");
}

#[test]
fn mailbox_demonstrates_what_a_queue_can_do() {
    let said = always(&["mailbox"]);
    for part in [
        "   received 9  the house is on fire\n   received 5  call back\n   received 0  buy milk\n   received 0  buy bread\n",
        "   parent: after a while I send something\n   child: received something\n   parent: my child exited with status 0\n",
        "   receive from an empty mailbox: Resource temporarily unavailable\n",
        "   send to a full one, of 4: Resource temporarily unavailable\n",
        "   sent first: SIGUSR1 with the value 7\n   sent second: no signal\n",
        "   it was unlinked at the start; to open it again: No such file or directory\n   received 0  still here\n",
    ] {
        assert!(said.contains(part), "{part:?} isn't in\n{said}");
    }
    assert_eq!(script("mailbox >/dev/null; mailbox list").0, "messages  of  bytes each  name\n", "nothing is left");
}

#[test]
fn a_program_that_cannot_write_says_so_and_fails() {
    let each =
        ["chat", "chat --help", "cow", "ipcmk -Q", "jump", "mailbox", "mailbox list", "mailbox receive m", "matrix"];
    for command in each.into_iter().chain(["ping", "prodcons shm 3"]) {
        let name = command.split(' ').next().unwrap_or_default();
        let output = run(&["run", "sh", "-c", &format!("mailbox send m x; {command} >/dev/full")]);
        let said = format!("{name}: write error: No space left on device\n");
        assert!(errors(&output).starts_with(&said), "{command}: {}", errors(&output));
        assert_eq!(output.status.code(), Some(1), "{command}");
    }
    // Where 1 means something else, it is another status.
    assert_eq!(script("lost-update >/dev/full").1, 2);
    let left = script("ipcmk -Q -S 1 -M 1 >/dev/full; mailbox >/dev/full; ipcs | grep 0x; ls /dev/mqueue");
    assert_eq!(left, (String::new(), 0), "nothing is left");
}

#[test]
fn lost_update_says_for_how_many_processes_there_is_room() {
    refused(
        2,
        &[("lost-update 62", "cannot fork 62 processes, there is room for 61: Resource temporarily unavailable")],
    );
    let alone = run(&["run", "lost-update", "63"]);
    let said = "lost-update: cannot fork 63 processes, there is room for 62: Resource temporarily unavailable\n";
    assert_eq!((errors(&alone), alone.status.code()), (said.into(), Some(2)));
    for program in ["lost-update", "lost-update-fixed"] {
        let help = text(&run(&["run", program, "--help"]));
        assert!(help.contains("room for 62 processes") && help.contains("61 from the shell"), "{help}");
    }
}

#[test]
fn chat_speaks_in_turns() {
    let said = always(&["chat"]);
    let speakers: Vec<&str> = said.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(speakers, ["Alice", "  Bob", "Alice", "  Bob", "Alice", "  Bob"]);
    let said = always(&["chat", "one two", "", "three"]);
    let answers = ["  Bob: A message of 7 bytes, with 2 words.\n", "  Bob: A message of 5 bytes, with 1 word.\n"];
    assert_eq!(said, format!("Alice: one two\n{}Alice: three\n{}", answers[0], answers[1]));
    let output = with_input(&["run", "chat", "-i"], b"one two\nthree");
    assert_eq!(text(&output), said);
    refused(2, &[("chat -i hello", "either LINEs or -i"), ("chat -x", "invalid option -- 'x'")]);
    // Longer than what the queue takes: it is left out, and they go on.
    let output = run(&["run", "chat", &"x".repeat(129), "one two", &"x".repeat(128)]);
    assert_eq!(errors(&output), "chat: a line of 129 bytes is left out: the most is 128\n");
    let longest = format!("Alice: {}\n  Bob: A message of 128 bytes, with 1 word.\n", "x".repeat(128));
    assert_eq!(text(&output), format!("Alice: one two\n{}{longest}", answers[0]));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_way_from_a_producer_to_a_consumer_gives_the_same_answer() {
    for schedule in SCHEDULES {
        for items in [0, 3, 50] {
            let sum: u64 = (1..=items).sum();
            let check = (1..=items).fold(0u64, |check, item| check.wrapping_mul(31).wrapping_add(item));
            let output = run(&[schedule, &["prodcons", &items.to_string()]].concat());
            let said = text(&output);
            let lines: Vec<&str> = said.lines().collect();
            for (line, way) in lines.iter().zip(["pipe    ", "mqueue  ", "sysv    ", "shm     "]) {
                assert!(line.starts_with(&format!("{way}{items} items, sum {sum}, check {check:016x}, in ")), "{said}");
            }
            assert_eq!((lines.len(), lines.last()), (5, Some(&"four ways, the same answer")), "{said}");
            assert_eq!(output.status.code(), Some(0));
        }
    }
    // Larger items: up to what is passed at once.
    for size in ["5", "100", "4K"] {
        let (said, status) = ran(&["prodcons", "-s", size, "-n", "6"]);
        let bytes = if size == "4K" { "4096" } else { size };
        assert_eq!(
            (said.matches(&format!(" 6 items of {bytes} bytes, sum 21, ")[1..]).count(), status),
            (4, 0),
            "{said}"
        );
        assert!(said.ends_with("four ways, the same answer\n"), "{said}");
    }
    let (said, status) = ran(&["prodcons", "shm", "20"]);
    assert!(status == 0 && said.starts_with("shm     20 items, sum 210,") && said.lines().count() == 1, "{said}");
    assert_eq!(script("prodcons >/dev/null; ipcs | grep 0x; ls /dev/mqueue /dev/shm").0, "/dev/mqueue:\n\n/dev/shm:\n");
}

#[test]
fn prodcons_says_what_is_wrong() {
    refused(
        2,
        &[
            ("prodcons tube", "invalid way or number of items 'tube', not 0 to 1000000"),
            ("prodcons pipe many", "invalid way or number of items 'many', not 0 to 1000000"),
            ("prodcons -- -1", "invalid way or number of items '-1', not 0 to 1000000"),
            ("prodcons pipe 1 2", "extra operand '2'"),
            ("prodcons pipe -n 1 2", "extra operand '2'"),
            ("prodcons -n many", "invalid way or number of items 'many', not 0 to 1000000"),
            ("prodcons -s 3", "invalid size '3', not 4 to 4096"),
            ("prodcons --size=5K", "invalid size '5K', not 4 to 4096"),
            ("prodcons --size=x", "invalid size 'x', not 4 to 4096"),
            ("prodcons -s", "option requires an argument -- 's'"),
            ("prodcons -x", "invalid option -- 'x'"),
        ],
    );
    // The shell is process 2, prodcons 3, sleep 4, the producer 5. It is killed, and the consumer isn't left waiting.
    for way in ["pipe", "mqueue", "sysv", "shm"] {
        let output =
            run(&["run", "sh", "-c", &format!("prodcons {way} 1000000 & sleep 0.01; kill -KILL 5; wait $!; echo $?")]);
        assert_eq!(text(&output), "1\n", "{way}: {}", errors(&output));
        assert!(errors(&output).contains("was ended by SIGKILL\n"), "{way}: {}", errors(&output));
    }
}

#[test]
fn matrix_computes_what_one_process_computes() {
    for schedule in SCHEDULES {
        for (size, workers) in [("1", "1"), ("1", "3"), ("5", "2"), ("8", "3"), ("12", "4")] {
            let output = run(&[schedule, &["matrix", size, workers]].concat());
            let said = text(&output);
            let rows =
                said.lines().filter_map(|line| line.strip_prefix("worker ")?.split(' ').nth(2)?.parse::<u32>().ok());
            assert_eq!(rows.sum::<u32>().to_string(), size, "{said}");
            assert!(said.contains("\nthe product is what one process computes;"), "{said}");
            assert_eq!(output.status.code(), Some(0));
        }
    }
    refused(
        2,
        &[
            ("matrix 0", "invalid number '0', not 1 to 100"),
            ("matrix x", "invalid number 'x', not 1 to 100"),
            ("matrix 101", "invalid number '101', not 1 to 100"),
            ("matrix 4 21", "invalid number '21', not 1 to 20"),
            ("matrix 4 2 1", "extra operand '1'"),
        ],
    );
}

#[test]
fn ipcs_shows_what_ipcmk_makes_until_ipcrm_removes_it() {
    let (said, status) = script("ipcmk -Q; ipcmk -M 5000 -p 600; ipcmk -S 3; ipcs; ipcrm -q 0 -m 0 -s 0; ipcs -m");
    let made = "Message queue id: 0\nShared memory id: 0\nSemaphore id: 0\n";
    // As util-linux prints it, spaces at the ends of lines included; but with the owner's number.
    let queues = "\n------ Message Queues --------\n\
                  key        msqid      owner      perms      used-bytes   messages    \n\
                  0x56610001 0          0          644        0            0           \n";
    let heads = "\n------ Shared Memory Segments --------\n\
                 key        shmid      owner      perms      bytes      nattch     status      \n";
    let segment = "0x56610001 0          0          600        5000       0                       \n";
    let sets = "\n------ Semaphore Arrays --------\n\
                key        semid      owner      perms      nsems     \n\
                0x56610001 0          0          644        3         \n";
    assert_eq!(said, format!("{made}{queues}{heads}{segment}{sets}\n{heads}\n"));
    assert_eq!(status, 0);
}

#[test]
fn ipcs_has_other_views() {
    let made = "ipcmk -Q >/dev/null; ipcmk -M 5000 >/dev/null; ipcmk -S 2 >/dev/null";
    let shows = |options: &str, parts: &[&str]| {
        let (said, status) = script(&format!("{made}; ipcs {options}"));
        assert_eq!(status, 0, "{said}");
        for part in parts {
            assert!(said.contains(part), "ipcs {options}: {part:?} isn't in\n{said}");
        }
    };
    shows("-p", &["\n0        0               0         0\n", "\n0          0          4          0         \n"]);
    shows("-c -s", &["\n0          644        0          0          0          0         \n"]);
    let times = format!("\n0        0          {:<20} {:<20} 0 s after boot      \n", "Not set", "Not set");
    shows("-t -q", &[&times, "\nmsqid    owner      send                 recv                 change              \n"]);
    shows(
        "-u",
        &[
            "allocated queues = 1\n",
            "segments allocated 1\npages allocated 2\n",
            "used arrays = 1\nallocated semaphores = 2\n",
        ],
    );
    shows("-l -q", &["max size of message (bytes) = 8192\ndefault max size of queue (bytes) = 16384\n"]);
    shows("-l -s", &["max semaphores per array = 32000\n", "semaphore max value = 32767\n"]);
    shows("-l -m", &["min seg size (bytes) = 1\n"]);
    shows(
        "-s -i 0",
        &["\nSemaphore Array semid=0\n", "nsems = 2\n", "\n1          0          0          0          0         \n"],
    );
    // As util-linux prints it, which was looked at.
    shows(
        "--human",
        &[
            "\nkey        msqid      owner      perms      size         messages    \n\
             0x56610001 0          0          644            0B       0           \n",
            "\nkey        shmid      owner      perms      size       nattch     status      \n\
             0x56610001 0          0          644          4.9K     0                       \n",
        ],
    );
    shows("-l --human", &["\nmax size of message = 8K\ndefault max size of queue = 16K\n", "\nmin seg size = 1B\n"]);
    shows("-u --human", &["\nused space = 0B\n"]);
    shows("-q -i 0 --human", &["\ncsize=0B\tqsize=16K\tqnum=0\t"]);
    shows("-m -i 0 --human", &["\nsize=4.9K\tlpid=0\tcpid=4\tnattch=0\n"]);
    // The last one counts.
    shows("-l -m -b --human", &["\nmin seg size = 1B\n"]);
    shows("-l --human -b", &["max size of message (bytes) = 8192\n", "min seg size (bytes) = 1\n"]);
    shows("-l -m", &["max seg size (kbytes) = "]);
    shows("-l -m -b", &["max seg size (bytes) = "]);
    shows("-t -m -b", &["Not set              Not set              0 s after boot      \n"]);
    shows("-q -i 0", &["\nMessage Queue msqid=0\n", "mode=0644\n", "cbytes=0\tqbytes=16384\tqnum=0\t"]);
    shows("-m -i 0", &["\nShared memory Segment shmid=0\n", "bytes=5000\tlpid=0\tcpid=4\tnattch=0\n"]);
}

#[test]
fn ipcrm_removes_by_key_and_all_of_them() {
    let left = "ipcs -q | grep -c 0x; ipcs -s | grep -c 0x";
    assert_eq!(script(&format!("ipcmk -QS 1; ipcmk -QS 1; ipcrm -vQ 0x56610002; {left}")).0.lines().last(), Some("2"));
    let (said, _) = script(&format!("ipcmk -QS 1 >/dev/null; ipcmk -M 1 >/dev/null; ipcrm -a -v; {left}"));
    let removed = "removing message queue id '0'\nremoving shared memory segment id '0'\nremoving semaphore id '0'\n";
    assert_eq!(said, format!("{removed}0\n0\n"));
    // Of one kind only; the kind stands in the same word.
    for (all, removed) in [
        ("--all=msg", "message queue"),
        ("-amsg", "message queue"),
        ("--all=shm", "shared memory segment"),
        ("--all=sem", "semaphore"),
    ] {
        let (said, status) =
            script(&format!("ipcmk -QS 1 >/dev/null; ipcmk -M 1 >/dev/null; ipcrm -v {all}; ipcs | grep -c 0x"));
        assert_eq!((&said[..], status), (&format!("removing {removed} id '0'\n2\n")[..], 0), "{all}");
    }
    let (said, status) = script("ipcmk -QS 1 >/dev/null; ipcrm msg 0; ipcrm sem 0; ipcrm shm 0; ipcs | grep -c 0x");
    assert_eq!((&said[..], status), ("0\n", 1));
    assert_eq!(script("ipcmk -Q; ipcmk -Q; ipcrm msg 0 7 1; ipcs -q | grep -c 0x").0.lines().last(), Some("0"));
}

#[test]
fn a_trace_of_ipcs_shows_figures_and_no_garbage() {
    let output = run(&["run", "--trace", "sh", "-c", "ipcmk -Q -S 2 -M 5000; ipcs; ipcs -l"]);
    let trace = errors(&output);
    for part in [
        "msgctl(0, MSG_INFO, {msgpool=1, msgmap=0, ",
        "semctl(0, 0, SEM_INFO, {semmap=",
        ", semusz=1, semvmx=32767, semaem=2}) = ",
        "shmctl(0, SHM_INFO, {used_ids=1, tot=2, rss=0, swp=0}) = ",
        "shmctl(0, IPC_INFO, {shmmax=",
        "shmget(0x56610001, 5000, IPC_CREAT|IPC_EXCL|0644) = 0",
    ] {
        assert!(trace.contains(part), "{part:?} isn't in\n{trace}");
    }
    for stat in ["msgctl(0, MSG_STAT", "shmctl(0, SHM_STAT", "semctl(0, 0, SEM_STAT"] {
        let line = trace.lines().find(|line| line.contains(stat)).unwrap_or_default();
        assert!(line.contains("{perm={key=0x56610001, uid=0, ") && line.contains(", mode=0644, "), "{line}");
    }
}

#[test]
fn programs_of_system_v_ipc_have_short_options_for_help_and_version() {
    for name in ["ipcs", "ipcrm", "ipcmk"] {
        let (said, status) = script(&format!("{name} -h"));
        assert!(status == 0 && said.starts_with(&format!("Usage: {name} ")), "{said}");
        assert_eq!(said.matches("--help").count(), 1, "{said}");
        assert_eq!(script(&format!("{name} --help")), (said, 0));
        let version = format!("{name} from Vitrine {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(script(&format!("{name} -V")), (version.clone(), 0));
        assert_eq!(script(&format!("{name} --version")), (version, 0));
    }
}

#[test]
fn programs_of_system_v_ipc_say_what_is_wrong() {
    refused(
        1,
        &[
            ("ipcrm -q 99", "invalid id (99)"),
            ("ipcrm -M 0x99", "invalid key (0x99)"),
            ("ipcrm -S 0", "illegal key (0)"),
            ("ipcrm -s x", "failed to parse argument: 'x'"),
            ("ipcrm 3", "unknown argument: '3'"),
            ("ipcrm msg", "unknown argument: 'msg'"),
            ("ipcrm sem 9", "invalid id (9)"),
            ("ipcrm -z", "invalid option -- 'z'"),
            ("ipcrm -av", "unknown argument: v"),
            ("ipcrm --all=msq", "unknown argument: msq"),
            ("ipcrm --all msg", "unknown argument: 'msg'"),
            ("ipcmk", "bad usage"),
            ("ipcmk -M x", "failed to parse size: 'x'"),
            ("ipcmk -M 0", "create shared memory failed: Invalid argument"),
            ("ipcmk -S 0", "create semaphore failed: Invalid argument"),
            ("ipcmk -S x", "failed to parse elements: 'x'"),
            ("ipcmk -Q -p 8", "failed to parse mode: '8'"),
            ("ipcmk -Q x", "extra operand 'x'"),
            ("ipcs -q -i 3", "id 3 not found"),
            ("ipcs -i 3", "-i needs one of -q, -m and -s"),
            ("ipcs -q -i x", "failed to parse id argument: 'x'"),
            ("ipcs x", "extra operand 'x'"),
            ("ipcs -z", "invalid option -- 'z'"),
        ],
    );
}

#[test]
fn rm_asks_before_it_removes() {
    let make = "mkdir /tmp/a; mkfifo /tmp/a/x /tmp/a/y";
    let asked = |answers: &str, options: &str| {
        let command = format!("{make}; rm {options} /tmp/a; echo $?; ls /tmp /tmp/a 2>&1");
        let output = with_input(&["run", "sh", "-c", &command], answers.as_bytes());
        (text(&output), errors(&output))
    };
    let descend = "rm: descend into directory '/tmp/a'? ";
    let [x, y, a] =
        ["fifo '/tmp/a/x'", "fifo '/tmp/a/y'", "directory '/tmp/a'"].map(|what| format!("rm: remove {what}? "));
    let gone = "ls: cannot access '/tmp/a': No such file or directory\n/tmp:\n";
    let (said, questions) = asked("y\nYes\ny\ny\n", "-riv");
    let removed = "removed '/tmp/a/x'\nremoved '/tmp/a/y'\nremoved directory '/tmp/a'\n";
    assert_eq!((said, questions), (format!("{removed}0\n{gone}"), format!("{descend}{x}{y}{a}")));
    // What isn't agreed to stays, and so does the directory that it is in.
    let (said, questions) = asked("y\nno\ny\n", "-ri");
    assert_eq!((said, questions), ("0\n/tmp:\na\n\n/tmp/a:\nx\n".into(), format!("{descend}{x}{y}")));
    assert_eq!(asked("", "-ri"), ("0\n/tmp:\na\n\n/tmp/a:\nx\ny\n".into(), descend.into()));
    // The last of -i and -f counts; and where nobody sits, nobody is asked.
    assert_eq!(asked("", "-rif"), (format!("0\n{gone}"), String::new()));
    assert_eq!(asked("", "-r"), (format!("0\n{gone}"), String::new()));
}

#[test]
fn a_background_job_without_job_control_reads_nothing() {
    let output = with_input(&["run", "sh", "-c", "cat & wait; cat"], b"for the shell\n");
    assert!(text(&output).ends_with("for the shell\n"), "{}{}", text(&output), errors(&output));
}

#[test]
fn a_name_of_what_is_no_program_cannot_be_executed() {
    for name in ["/tmp", "/dev/null", "./dev"] {
        let output = run(&["run", "sh", "-c", name]);
        assert_eq!(output.status.code(), Some(126), "{name}");
        assert_eq!(errors(&output), format!("sh: line 1: {name}: Permission denied\n"));
    }
    assert_eq!(run(&["run", "sh", "-c", "/tmp/nothing"]).status.code(), Some(127));
}
