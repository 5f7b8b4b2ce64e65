//! The programs that are timed.

use abi::{
    Fd, IPC_PRIVATE, IpcFlags, MapFlags, MqAttr, MsgFlags, OpenFlags, Protection, SemOperation, SigInfo, Signal,
};
use userland::sys::{Action, FileActions, Forked, UNCHANGED};
use userland::{Args, Program, Sys, handlers};

/// They.
pub(crate) static PROGRAMS: &[Program] = &[
    Program::new("getpid", "", &getpid),
    Program::leaf("leaf", "", &getpid),
    Program::new("yields", "", &yields),
    Program::new("signals", "", &signals).with_handlers(HANDLERS),
    Program::new("ping", "", &ping),
    Program::new("letters", "", &letters),
    Program::new("queues", "", &queues),
    Program::new("post", "", &post),
    Program::new("posts", "", &posts),
    Program::new("bulk", "", &bulk),
    Program::new("cuts", "", &cuts),
    Program::leaf("source", "", &source),
    Program::leaf("drain", "", &drain),
    Program::leaf("copies", "", &copies),
    Program::new("forks", "", &forks),
    Program::new("fork-loop", "", &fork_loop),
    Program::new("family", "", &family),
    Program::new("crowd", "", &crowd),
    Program::leaf("waits", "", &drain),
    Program::leaf("echoes", "", &echoes),
];

/// What a pipe is filled with at once, and a copy moves.
pub(crate) const BULK: usize = 64 << 10;

/// How many copies are made for each `getpid`, by which they are counted.
pub(crate) const COPIES: usize = 32;

fn number(args: &Args, index: usize) -> usize {
    args.text(index).parse().unwrap_or(0)
}

async fn getpid(sys: Sys, _: Args) -> i32 {
    loop {
        sys.getpid().await;
    }
}

handlers! { HANDLERS: RETURNS = returns; }

async fn returns(_: Sys, _: SigInfo) {}

/// Catches its own signals for ever.
async fn signals(sys: Sys, _: Args) -> i32 {
    let me = sys.getpid().await;
    let _ = sys.sigaction(Signal::SIGUSR1, Some(Action::catch(RETURNS))).await;
    loop {
        let _ = sys.kill(me, Some(Signal::SIGUSR1)).await;
    }
}

async fn yields(sys: Sys, _: Args) -> i32 {
    let _ = sys.fork().await;
    loop {
        let _ = sys.sched_yield().await;
    }
}

/// A byte goes to and fro between parent and child.
async fn ping(sys: Sys, _: Args) -> i32 {
    let (Ok((to_read, to_write)), Ok((from_read, from_write))) = (sys.pipe().await, sys.pipe().await) else { return 1 };
    let mut byte = [1];
    if sys.fork().await == Ok(Forked::Child) {
        loop {
            let _ = sys.read(to_read, &mut byte).await;
            let _ = sys.write(from_write, &byte).await;
        }
    }
    loop {
        let _ = sys.write(to_write, &byte).await;
        let _ = sys.read(from_read, &mut byte).await;
    }
}

/// A message of 64 bytes goes to and fro between parent and child, while so many other queues hold messages.
async fn letters(sys: Sys, args: Args) -> i32 {
    let attributes = Some(MqAttr { maxmsg: 8, msgsize: 64, ..MqAttr::default() });
    let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
    for other in 0..number(&args, 1) {
        let Ok(queue) = sys.mq_open(format!("/{other}").as_bytes(), flags, 0o600, attributes).await else { return 1 };
        for priority in 0..8 {
            let _ = sys.mq_send(queue, &[1; 64], priority).await;
        }
        let _ = sys.close(queue).await;
    }
    let (Ok(there), Ok(back)) =
        (sys.mq_open(b"/there", flags, 0o600, attributes).await, sys.mq_open(b"/back", flags, 0o600, attributes).await)
    else {
        return 1;
    };
    let child = sys.fork().await == Ok(Forked::Child);
    let (from, to) = if child { (there, back) } else { (back, there) };
    if !child {
        let _ = sys.mq_send(to, &[1; 64], 0).await;
    }
    let mut message = [0; 64];
    while let Ok((length, priority)) = sys.mq_receive_into(from, &mut message).await {
        let _ = sys.mq_send(to, &message[..length], priority).await;
    }
    1
}

/// Makes and ends a message queue for ever, as a user who has no other, among so many other users who have one each.
async fn queues(sys: Sys, args: Args) -> i32 {
    let attributes = Some(MqAttr { maxmsg: 8, msgsize: 64, ..MqAttr::default() });
    let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
    for other in 1..=number(&args, 1) as u32 {
        // Each is noted in a node of its own.
        if sys.setresuid(other * 32, UNCHANGED, UNCHANGED).await.is_err() {
            return 1;
        }
        let Ok(queue) = sys.mq_open(format!("/{other}").as_bytes(), flags, 0o600, attributes).await else { return 1 };
        let _ = sys.close(queue).await;
    }
    // Far from them all: its note takes a node of each level but one, and without them of each.
    let _ = sys.setresuid(1 << 31, UNCHANGED, UNCHANGED).await;
    while let Ok(queue) = sys.mq_open(b"/own", flags, 0o600, attributes).await {
        let _ = sys.close(queue).await;
        let _ = sys.mq_unlink(b"/own").await;
    }
    1
}

/// A message of 64 bytes goes to and fro over one System V queue, at which so many others wait for messages of other types,
/// among so many other queues that hold one.
async fn post(sys: Sys, args: Args) -> i32 {
    let none = MsgFlags::empty();
    for _ in 0..number(&args, 2) {
        let Ok(other) = sys.msgget(IPC_PRIVATE, IpcFlags::from_bits_retain(0o600)).await else { return 1 };
        let _ = sys.msgsnd(other, 1, &[1; 64], none).await;
    }
    let Ok(queue) = sys.msgget(IPC_PRIVATE, IpcFlags::from_bits_retain(0o600)).await else { return 1 };
    let mut text = [1; 64];
    for other in 0..number(&args, 1) {
        if sys.fork().await == Ok(Forked::Child) {
            let _ = sys.msgrcv(queue, &mut text, 10 + other as i64, none).await;
            return 1;
        }
    }
    let child = sys.fork().await == Ok(Forked::Child);
    let (from, to) = if child { (1, 2) } else { (2, 1) };
    // The others wait by now: they were made before.
    let _ = sys.sched_yield().await;
    if !child {
        let _ = sys.msgsnd(queue, to, &text, none).await;
    }
    while sys.msgrcv(queue, &mut text, from, none).await.is_ok() {
        let _ = sys.msgsnd(queue, to, &text, none).await;
    }
    1
}

/// Two hand a semaphore's value to each other, at which so many others wait for more than that.
async fn posts(sys: Sys, args: Args) -> i32 {
    let Ok(set) = sys.semget(IPC_PRIVATE, 2, IpcFlags::from_bits_retain(0o600)).await else { return 1 };
    for _ in 0..number(&args, 1) {
        if sys.fork().await == Ok(Forked::Child) {
            let _ = sys.semop(set, &[SemOperation { number: 0, op: -100, flags: 0 }]).await;
            return 1;
        }
    }
    let child = sys.fork().await == Ok(Forked::Child);
    let (down, up) = if child { (0, 1) } else { (1, 0) };
    let _ = sys.sched_yield().await;
    if !child {
        let _ = sys.semop(set, &[SemOperation { number: up, op: 1, flags: 0 }]).await;
    }
    while sys.semop(set, &[SemOperation { number: down, op: -1, flags: 0 }]).await.is_ok() {
        let _ = sys.semop(set, &[SemOperation { number: up, op: 1, flags: 0 }]).await;
    }
    1
}

async fn bulk(sys: Sys, _: Args) -> i32 {
    let Ok((read, write)) = sys.pipe().await else { return 1 };
    start(sys, b"source", read, write).await;
    start(sys, b"drain", read, write).await;
    let _ = sys.wait().await;
    0
}

async fn source(sys: Sys, _: Args) -> i32 {
    let bytes = vec![1; BULK];
    while sys.write(Fd(1), &bytes).await.is_ok() {}
    1
}

async fn drain(sys: Sys, _: Args) -> i32 {
    let mut bytes = vec![0; BULK];
    while sys.read(Fd(0), &mut bytes).await.is_ok() {}
    1
}

/// Copies from shared pages to shared pages for ever, and asks for its process id now and then.
async fn copies(sys: Sys, _: Args) -> i32 {
    let (protection, flags) =
        (Protection::PROT_READ | Protection::PROT_WRITE, MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS);
    let Ok(from) = sys.mmap(0, BULK, protection, flags).await else { return 1 };
    let Ok(to) = sys.mmap(0, BULK, protection, flags).await else { return 1 };
    sys.store_bytes(from, &vec![1; BULK]).await;
    loop {
        for _ in 0..COPIES {
            sys.copy_bytes(from, to, BULK).await;
        }
        sys.getpid().await;
    }
}

/// Reads a byte and writes one, for ever.
async fn echoes(sys: Sys, _: Args) -> i32 {
    let mut byte = [0];
    while sys.read(Fd(0), &mut byte).await.is_ok() {
        let _ = sys.write(Fd(1), &byte).await;
    }
    1
}

/// Forks for ever, after so many other calls.
async fn forks(sys: Sys, args: Args) -> i32 {
    for _ in 0..number(&args, 1) {
        sys.getpid().await;
    }
    loop {
        if sys.fork().await == Ok(Forked::Child) {
            return 0;
        }
        let _ = sys.wait().await;
    }
}

async fn fork_loop(sys: Sys, args: Args) -> i32 {
    for _ in 0..number(&args, 1) {
        if sys.fork().await == Ok(Forked::Child) {
            return 0;
        }
        let _ = sys.wait().await;
    }
    0
}

/// Four processes, each with pages of its own, that wait for what never comes.
async fn family(sys: Sys, _: Args) -> i32 {
    let Ok((read, _)) = sys.pipe().await else { return 1 };
    let child = sys.fork().await == Ok(Forked::Child) && sys.fork().await == Ok(Forked::Child);
    let _ = child && sys.fork().await == Ok(Forked::Child);
    let (protection, flags) =
        (Protection::PROT_READ | Protection::PROT_WRITE, MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS);
    let Ok(page) = sys.mmap(0, 8192, protection, flags).await else { return 1 };
    sys.store(page, 1_u32).await;
    if sys.getpid().await.0 != 1 {
        sys.store(page + 4096, 1_u32).await;
    }
    let _ = sys.read(read, &mut [0]).await;
    0
}

/// Makes a shared memory object that two processes map longer and shorter for ever, among so many others that wait. The two
/// are the first and the last that were made.
async fn cuts(sys: Sys, args: Args) -> i32 {
    let Ok((never, _)) = sys.pipe().await else { return 1 };
    for _ in 0..number(&args, 1) {
        start(sys, b"waits", never, never).await;
    }
    let Ok(object) = sys.shm_open(b"/cut", OpenFlags::O_CREAT | OpenFlags::O_RDWR, 0o600).await else { return 1 };
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    if sys.mmap_fd(BULK, protection, MapFlags::MAP_SHARED, object, 0).await.is_err() {
        return 1;
    }
    if sys.fork().await == Ok(Forked::Child) {
        let _ = sys.read(never, &mut [0]).await;
        return 1;
    }
    loop {
        let _ = sys.ftruncate(object, BULK as i64).await;
        let _ = sys.ftruncate(object, 0).await;
    }
}

/// So many processes, all but two of which wait: those either call `getpid` or send each other a byte.
async fn crowd(sys: Sys, args: Args) -> i32 {
    let (Ok((read, write)), Ok((back_read, back_write))) = (sys.pipe().await, sys.pipe().await) else { return 1 };
    let Ok((never, _)) = sys.pipe().await else { return 1 };
    // Itself, the two, and the rest.
    for _ in 3..number(&args, 1) {
        start(sys, b"waits", never, never).await;
    }
    if args.text(2) == "getpid" {
        start(sys, b"leaf", never, never).await;
        start(sys, b"leaf", never, never).await;
    } else {
        start(sys, b"echoes", read, back_write).await;
        start(sys, b"echoes", back_read, write).await;
        let _ = sys.write(write, &[1]).await;
    }
    let _ = sys.wait().await;
    0
}

/// Starts a program with these as its input and output.
async fn start(sys: Sys, program: &[u8], input: Fd, output: Fd) {
    let actions = FileActions::new().dup2(input, Fd(0)).dup2(output, Fd(1));
    if let Err(errno) = sys.posix_spawn(program, &actions, &[program], &[]).await {
        panic!("a process of the crowd can't be started: {errno}");
    }
}
