//! Every limit of `kernel/src/limits.rs` is filled by a program of its own: the caller gets the documented error, everyone else
//! goes on, and afterwards everything is back, which init and its leak counter see to.
//!
//! A limit that isn't in the table below fails the test. Two can't be reached in the default build, because another is met
//! first; then the program says so, and `.ci/run` runs this file in a build where they can.

use abi::{Address, Errno, FcntlCommand, Fd, In, InArray, Length, MapFlags, Out, Path, Pid, Protection, Signal};
use abi::{IPC_PRIVATE, IpcFlags, IpcPerm, MsgFlags, SEM_UNDO, SemCommand, SemOperation, ShmCommand};
use abi::{MqAttr, OpenFlags, Resource, Rlimit};
use abi::{SigInfo, SignalNumber, SignalSet, Strings, Timespec, WaitOptions, WaitStatus};
use harness::{PAGE, Scenario, ends, fork, join, map, map_shared, signaled};
use kernel::limits::*;
use userland::sys::{Action, FileActions, Forked, Notification};
use userland::{Args, Program, Sys};

/// Who fills which limit.
const FILLERS: &[Program] = &[
    Program::new("PROCESSES", "", &processes),
    Program::new("FILES", "", &files_and_pipes),
    Program::new("DESCRIPTORS", "", &descriptors),
    Program::new("PIPES", "", &files_and_pipes),
    Program::new("PIPE_PAGES", "", &pipe_pages),
    Program::new("PIPE_PAGES_MAX", "", &pipe_pages_max),
    Program::new("FRAMES", "", &frames),
    Program::new("NODES", "", &nodes),
    Program::new("REGIONS", "", &regions),
    Program::new("OBJECTS", "", &objects),
    Program::new("MQUEUES", "", &mqueues),
    Program::new("MQUEUE_MESSAGES", "", &mqueue_messages),
    Program::new("MQUEUE_MESSAGE_BYTES", "", &mqueue_messages),
    Program::new("MQ_MESSAGES", "", &mq_messages),
    Program::new("SEGMENTS", "", &segments),
    Program::new("SEGMENT_PAGES", "", &segment_pages),
    Program::new("MSG_QUEUES", "", &message_queues),
    Program::new("MESSAGES", "", &messages),
    Program::new("SEM_SETS", "", &semaphore_sets),
    Program::new("SEMAPHORES", "", &semaphores),
    Program::new("SEM_UNDOS", "", &undos),
    Program::new("SEM_OPERATIONS", "", &waiting_operations),
    Program::new("ACTION_SETS", "", &action_sets),
    Program::new("QUEUED_SIGNALS", "", &queued_signals),
    Program::new("TIMERS", "", &timers),
    Program::new("ARGUMENT_BYTES", "", &argument_bytes),
    Program::new("PATH_BYTES", "", &path_bytes),
    Program::new("NAME_BYTES", "", &name_bytes),
    Program::new("INODES", "", &inodes),
    Program::new("NAMES", "", &names),
    Program::new("SPAWN_ACTIONS", "", &spawn_actions),
    Program::new("CONSOLE_PAGES", "", &console_pages),
    Program::new("PID_MAX", "", &pid_max),
];

#[test]
fn every_limit_is_filled() {
    for limit in LIMITS {
        assert!(
            FILLERS.iter().any(|filler| filler.name == limit.name),
            "nobody fills {}: {}",
            limit.name,
            limit.when_full
        );
        println!("{} = {}: {}", limit.name, limit.value, limit.when_full);
        let console = vec![b'c'; 3 * CONSOLE_PAGES * abi::PAGE_SIZE + 5];
        let run = Scenario::command([limit.name]).among(FILLERS).input(console).checked_every(101).run();
        run.succeeds();
    }
    for filler in FILLERS {
        assert!(LIMITS.iter().any(|limit| limit.name == filler.name), "{} is no limit", filler.name);
    }
}

/// A process beside the one that fills a table. It works on whatever it is asked, in memory that it has touched before, so
/// that it needs no more of anything.
struct Bystander {
    pid: Pid,
    /// Two words of shared memory: what it is asked, and what it answers.
    words: u64,
}

impl Bystander {
    const END: u32 = u32::MAX;

    async fn new(sys: Sys) -> Bystander {
        let words = map_shared(sys, 1).await;
        sys.store::<u64>(words, 0).await;
        let pid = fork(sys, async move |sys| {
            let mut done = 0;
            loop {
                let asked = sys.load::<u32>(words).await;
                if asked == Bystander::END {
                    return;
                }
                if asked != done {
                    assert!(sys.getppid().await.0 > 0);
                    sys.store::<u32>(words + 4, asked).await;
                    done = asked;
                }
                sys.sched_yield().await;
            }
        })
        .await;
        let bystander = Bystander { pid, words };
        bystander.goes_on(sys).await;
        bystander
    }

    /// It still does what it is asked.
    async fn goes_on(&self, sys: Sys) {
        let asked = sys.load::<u32>(self.words + 4).await + 1;
        sys.store::<u32>(self.words, asked).await;
        while sys.load::<u32>(self.words + 4).await != asked {
            sys.sched_yield().await;
        }
    }

    async fn end(self, sys: Sys) {
        sys.store::<u32>(self.words, Bystander::END).await;
        join(sys, self.pid).await;
    }
}

/// Forks children that hold on to something until they are told to end. Each says what it has got; the sum of it, and the
/// children. `most` is how many there may be; no child is made when one said that it got nothing.
async fn holders(sys: Sys, most: usize, hold: impl AsyncFn(Sys) -> u32) -> (u32, Vec<Pid>) {
    let said = map_shared(sys, 1).await;
    sys.store::<u64>(said, 0).await;
    let (mut sum, mut children) = (0, Vec::new());
    while children.len() < most {
        let child = match sys.fork().await {
            Ok(Forked::Parent(child)) => child,
            Ok(Forked::Child) => {
                let got = hold(sys).await;
                sys.store::<u32>(said, got).await;
                sys.store::<u32>(said + 4, 1).await;
                loop {
                    let _ = sys.nanosleep(Timespec { sec: 1 << 44, nsec: 0 }).await;
                }
            }
            Err(_) => break,
        };
        children.push(child);
        while sys.load::<u32>(said + 4).await == 0 {
            sys.sched_yield().await;
        }
        sys.store::<u32>(said + 4, 0).await;
        let got = sys.load::<u32>(said).await;
        sum += got;
        if got == 0 {
            break;
        }
    }
    sys.munmap(said, PAGE as usize).await.expect("it is mapped");
    (sum, children)
}

async fn let_go(sys: Sys, children: Vec<Pid>) {
    for child in children {
        sys.kill(child, Some(Signal::SIGKILL)).await.expect("it is mine");
        ends(sys, child, signaled(Signal::SIGKILL)).await;
    }
}

/// `posix_spawn` of a program that exists.
async fn spawn(sys: Sys) -> Result<Pid, Errno> {
    sys.posix_spawn(b"true", &FileActions::new(), &[b"true"], &[]).await
}

async fn processes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (_, children) = holders(sys, PROCESSES, async |_| 1).await;
    // Besides them: init, this process and the bystander.
    assert_eq!(children.len(), PROCESSES - 3);
    assert_eq!(sys.fork().await, Err(Errno::EAGAIN));
    assert_eq!(spawn(sys).await, Err(Errno::EAGAIN));
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    let child = spawn(sys).await.expect("there is room again");
    join(sys, child).await;
    bystander.end(sys).await;
    0
}

/// Descriptions of the console that init and all others share.
const CONSOLE_FILES: usize = 3;

/// Whichever of the two is met first: a pipe is two descriptions.
async fn files_and_pipes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    sys.mkfifo(b"/tmp/fifo", 0o600).await.unwrap();
    let full = |errno| matches!(errno, Errno::EMFILE | Errno::ENFILE);
    let (made, children) = holders(sys, PROCESSES, async |sys| {
        let mut made = 0;
        loop {
            match sys.pipe().await {
                Ok(_) => made += 1,
                Err(errno) => break assert!(full(errno), "{errno}"),
            }
        }
        made
    })
    .await;
    let (_, others) = holders(sys, PROCESSES - children.len(), async |sys| {
        let mut opened = 0;
        loop {
            match sys.open(b"/dev/null", OpenFlags::empty()).await {
                Ok(_) => opened += 1,
                Err(errno) => break assert!(full(errno), "{errno}"),
            }
        }
        opened
    })
    .await;
    assert_eq!(made as usize, PIPES.min((FILES - CONSOLE_FILES) / 2));
    if PIPES > (FILES - CONSOLE_FILES) / 2 {
        println!("FILES is met before PIPES");
    }
    assert_eq!(sys.pipe().await, Err(Errno::ENFILE));
    assert_eq!(sys.open(b"/tmp/fifo", OpenFlags::O_RDWR).await, Err(Errno::ENFILE));
    assert_eq!(sys.open(b"/dev/null", OpenFlags::O_RDWR).await, Err(Errno::ENFILE));
    assert_eq!(sys.mq_open(b"/one", QUEUE, 0o600, holding(1, 1)).await, Err(Errno::ENFILE));
    assert_eq!(sys.mq_unlink(b"/one").await, Err(Errno::ENOENT), "it wasn't made");
    assert_eq!(sys.shm_open(b"/one", QUEUE, 0o600).await, Err(Errno::ENFILE));
    assert_eq!(sys.shm_unlink(b"/one").await, Err(Errno::ENOENT), "it wasn't made");
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    let_go(sys, others).await;
    sys.unlink(b"/tmp/fifo").await.unwrap();
    sys.pipe().await.expect("there is room again");
    bystander.end(sys).await;
    0
}

async fn descriptors(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let mut count = CONSOLE_FILES;
    while let Ok(fd) = sys.dup(Fd(0)).await {
        assert_eq!(fd, Fd(count as i32), "the lowest free number");
        count += 1;
    }
    assert_eq!(count, DESCRIPTORS);
    assert_eq!(sys.dup(Fd(0)).await, Err(Errno::EMFILE));
    assert_eq!(sys.fcntl(Fd(0), FcntlCommand::F_DUPFD, 0).await, Err(Errno::EMFILE));
    assert_eq!(sys.pipe().await, Err(Errno::EMFILE));
    assert_eq!(sys.dup2(Fd(0), Fd(DESCRIPTORS as i32)).await, Err(Errno::EBADF));
    let actions = FileActions::new().dup2(Fd(0), Fd(DESCRIPTORS as i32));
    assert_eq!(sys.posix_spawn(b"true", &actions, &[b"true"], &[]).await, Err(Errno::EBADF));
    sys.close(Fd(7)).await.expect("it is open");
    assert_eq!(sys.pipe().await, Err(Errno::EMFILE), "a pipe needs two");
    assert_eq!(sys.dup(Fd(0)).await, Ok(Fd(7)));
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    0
}

async fn pipe_pages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (read, write) = sys.pipe().await.expect("there is room");
    let page = [b'p'; abi::PAGE_SIZE];
    for _ in 0..PIPE_PAGES {
        assert_eq!(sys.write(write, &page).await, Ok(page.len()));
    }
    let flags = abi::OpenFlags::O_NONBLOCK.bits();
    sys.fcntl(write, FcntlCommand::F_SETFL, flags.into()).await.expect("it is open");
    assert_eq!(sys.write(write, b"x").await, Err(Errno::EAGAIN));
    sys.fcntl(write, FcntlCommand::F_SETFL, 0).await.expect("it is open");
    let writer = fork(sys, async move |sys| assert_eq!(sys.write(write, b"x").await, Ok(1))).await;
    harness::until_state(sys, writer, 'S').await;
    bystander.goes_on(sys).await;
    let mut buffer = [0; abi::PAGE_SIZE];
    assert_eq!(sys.read(read, &mut buffer).await, Ok(buffer.len()));
    join(sys, writer).await;
    bystander.end(sys).await;
    0
}

async fn pipe_pages_max(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (_, write) = sys.pipe().await.expect("there is room");
    let most = PIPE_PAGES_MAX as u64 * PAGE;
    assert_eq!(sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, most + 1).await, Err(Errno::EPERM));
    assert_eq!(sys.fcntl(write, FcntlCommand::F_GETPIPE_SZ, 0).await, Ok((PIPE_PAGES as u64 * PAGE) as i64));
    assert_eq!(sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, most).await, Ok(most as i64));
    let page = [b'p'; abi::PAGE_SIZE];
    for _ in 0..PIPE_PAGES_MAX {
        assert_eq!(sys.write(write, &page).await, Ok(page.len()));
    }
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    0
}

/// Flags and attributes of a new message queue.
const QUEUE: OpenFlags = OpenFlags::O_CREAT.union(OpenFlags::O_RDWR);

fn holding(messages: usize, bytes: usize) -> Option<MqAttr> {
    Some(MqAttr { maxmsg: messages as i64, msgsize: bytes as i64, ..MqAttr::default() })
}

async fn mqueues(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let name = |number: usize| format!("/{number}").into_bytes();
    let mut made = 0;
    loop {
        match sys.mq_open(&name(made), QUEUE, 0o600, holding(1, 1)).await {
            Ok(queue) => sys.close(queue).await.expect("it is open"),
            Err(errno) => {
                assert_eq!(errno, Errno::ENOSPC);
                break;
            }
        }
        made += 1;
    }
    if made < MQUEUES {
        assert!(INODES.min(NAMES) - made < 20);
        println!("INODES is met before MQUEUES");
    }
    bystander.goes_on(sys).await;
    sys.mq_unlink(&name(0)).await.expect("it is there");
    sys.mq_open(&name(made), QUEUE, 0o600, holding(1, 1)).await.expect("there is room again");
    for number in 1..=made {
        sys.mq_unlink(&name(number)).await.expect("it is there");
    }
    bystander.end(sys).await;
    0
}

async fn mqueue_messages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let none = sys.setrlimit(Resource::RLIMIT_MSGQUEUE, Rlimit { cur: u64::MAX, max: u64::MAX }).await;
    none.expect("init is privileged");
    for (messages, bytes) in [(MQUEUE_MESSAGES + 1, 1), (1, MQUEUE_MESSAGE_BYTES + 1)] {
        assert_eq!(sys.mq_open(b"/full", QUEUE, 0o600, holding(messages, bytes)).await, Err(Errno::EINVAL));
    }
    let attributes = holding(MQUEUE_MESSAGES, MQUEUE_MESSAGE_BYTES);
    let queue = sys.mq_open(b"/full", QUEUE | OpenFlags::O_NONBLOCK, 0o600, attributes).await.expect("there is room");
    sys.mq_unlink(b"/full").await.expect("it is there");
    for priority in 0..MQUEUE_MESSAGES {
        assert_eq!(sys.mq_send(queue, &vec![7; MQUEUE_MESSAGE_BYTES], priority as u32).await, Ok(()));
    }
    assert_eq!(sys.mq_send(queue, b"", 0).await, Err(Errno::EAGAIN));
    assert_eq!(sys.mq_send(queue, &vec![7; MQUEUE_MESSAGE_BYTES + 1], 0).await, Err(Errno::EMSGSIZE));
    bystander.goes_on(sys).await;
    let received = sys.mq_receive(queue, MQUEUE_MESSAGE_BYTES).await.map(|(bytes, priority)| (bytes.len(), priority));
    assert_eq!(received, Ok((MQUEUE_MESSAGE_BYTES, MQUEUE_MESSAGES as u32 - 1)));
    assert_eq!(sys.mq_send(queue, b"", 0).await, Ok(()));
    bystander.end(sys).await;
    0
}

async fn mq_messages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let none = sys.setrlimit(Resource::RLIMIT_MSGQUEUE, Rlimit { cur: u64::MAX, max: u64::MAX }).await;
    none.expect("init is privileged");
    let (mut sent, mut made) = (0, 0);
    let flags = QUEUE | OpenFlags::O_NONBLOCK;
    'queues: loop {
        let name = format!("/{made}").into_bytes();
        let queue = sys.mq_open(&name, flags, 0o600, holding(MQUEUE_MESSAGES, 1)).await.expect("there is room");
        made += 1;
        loop {
            match sys.mq_send(queue, b"", 0).await {
                Ok(()) => sent += 1,
                Err(Errno::EAGAIN) => break,
                Err(errno) => {
                    assert_eq!(errno, Errno::ENOMEM);
                    break 'queues;
                }
            }
        }
        sys.close(queue).await.expect("it is open");
    }
    assert_eq!(sent, MQ_MESSAGES);
    bystander.goes_on(sys).await;
    let first = sys.mq_open(b"/0", flags, 0, None).await.expect("it is there");
    sys.mq_receive(first, 1).await.expect("it is full");
    sys.mq_send(first, b"", 0).await.expect("there is room again");
    for number in 0..made {
        sys.mq_unlink(format!("/{number}").as_bytes()).await.expect("it is there");
    }
    bystander.end(sys).await;
    0
}

/// The argument registers of calls that are made by address, with what they point to in a page that was touched before:
/// nothing is staged for them, so that they meet no other shortage than the one that is asked for.
struct Prepared {
    page: u64,
}

impl Prepared {
    const NAME: u64 = 0;
    const ARGV: u64 = 16;

    async fn new(sys: Sys) -> Prepared {
        let page = map(sys, 1).await;
        sys.store_bytes(page + Prepared::NAME, b"true\0").await;
        sys.store::<u64>(page + Prepared::ARGV, page + Prepared::NAME).await;
        sys.store::<u64>(page + Prepared::ARGV + 8, 0).await;
        Prepared { page }
    }

    async fn execve(&self, sys: Sys) -> Result<i64, Errno> {
        let null = Strings(self.page + Prepared::ARGV + 8);
        sys.raw().execve(Path(self.page), Strings(self.page + Prepared::ARGV), null).await
    }

    async fn spawn(&self, sys: Sys) -> Result<i64, Errno> {
        let null = Strings(self.page + Prepared::ARGV + 8);
        sys.raw().spawn(Path(self.page), Strings(self.page + Prepared::ARGV), null, InArray::NULL, Length(0)).await
    }
}

/// Lets the kernel touch the pages of a mapping, `step` pages apart, until it can't; how many it could.
async fn touch(sys: Sys, start: u64, pages: u64, step: u64) -> u32 {
    let mut count = 0;
    while u64::from(count) * step < pages {
        let page = start + u64::from(count) * step * PAGE;
        match sys.raw().clock_gettime(abi::ClockId::CLOCK_MONOTONIC, Out::at(page)).await {
            Ok(_) => count += 1,
            Err(errno) => {
                assert_eq!(errno, Errno::EFAULT);
                break;
            }
        }
    }
    count
}

async fn frames(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let prepared = Prepared::new(sys).await;
    let (_, pipe) = sys.pipe().await.expect("there is room");
    let promised = map(sys, 1).await;
    // It touches what was promised to it once there is nothing left.
    let go = map_shared(sys, 1).await;
    sys.store::<u32>(go, 0).await;
    let latecomer = fork(sys, async move |sys| {
        while sys.load::<u32>(go).await == 0 {
            sys.sched_yield().await;
        }
        sys.store::<u8>(promised, 1).await;
    })
    .await;
    bystander.goes_on(sys).await;
    let mut held = 0;
    loop {
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
        match sys.mmap(0, 64 * PAGE as usize, protection, flags).await {
            Ok(start) => held += touch(sys, start, 64, 1).await,
            Err(errno) => {
                assert_eq!(errno, Errno::ENOMEM);
                break;
            }
        }
    }
    // What is left is less than was asked for at once.
    while let Ok(at) =
        sys.mmap(0, PAGE as usize, Protection::PROT_WRITE, MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS).await
    {
        held += touch(sys, at, 1, 1).await;
    }
    assert_eq!(sys.sbrk(PAGE as i64).await, Err(Errno::ENOMEM));
    assert!(held as usize > FRAMES - 200, "{held} frames");
    assert_eq!(prepared.execve(sys).await, Err(Errno::ENOMEM));
    assert_eq!(prepared.spawn(sys).await, Err(Errno::ENOMEM));
    let write = sys.raw().write(pipe, abi::InBytes(prepared.page), Length(5)).await;
    assert_eq!(write, Err(Errno::ENOMEM));
    assert_eq!(sys.raw().clock_gettime(abi::ClockId::CLOCK_MONOTONIC, Out::at(promised)).await, Err(Errno::EFAULT));
    bystander.goes_on(sys).await;
    sys.store::<u32>(go, 1).await;
    let waited = sys.raw().wait4(latecomer, Out::at(prepared.page + 64), WaitOptions::empty(), Out::NULL).await;
    assert_eq!(waited, Ok(latecomer.0.into()));
    let status = WaitStatus::from_raw(sys.load::<i32>(prepared.page + 64).await);
    assert_eq!(status, signaled(Signal::SIGKILL));
    bystander.end(sys).await;
    0
}

async fn nodes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let prepared = Prepared::new(sys).await;
    let rest = map(sys, 32 * 64).await;
    // Each page far from the others takes a node of each level.
    let (_, children) = holders(sys, PROCESSES, async |sys| {
        let mut got = 0;
        for at in 1..REGIONS as u64 - 3 {
            let protection = Protection::PROT_READ | Protection::PROT_WRITE;
            let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED;
            let start = (at << 31) + (1 << 30);
            if sys.mmap(start, PAGE as usize, protection, flags).await.is_ok() {
                got += touch(sys, start, 1, 1).await;
            }
        }
        got
    })
    .await;
    // What is left is too little for a fork. A page of each leaf takes it node by node.
    assert!(touch(sys, rest, 32 * 64, 32).await < 64);
    assert_eq!(sys.raw().clone(fork_flags(), Address(0), Address(0), Address(0), Address(0)).await, Err(Errno::ENOMEM));
    assert_eq!(prepared.execve(sys).await, Err(Errno::ENOMEM));
    assert_eq!(prepared.spawn(sys).await, Err(Errno::ENOMEM));
    // A key is noted in nodes too, and so are the semaphores of a set.
    let flags = IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600);
    assert_eq!(sys.msgget(0x5eed, flags).await, Err(Errno::ENOMEM));
    assert_eq!(sys.semget(0x5eed, 1, flags).await, Err(Errno::ENOMEM));
    assert_eq!(sys.shmget(0x5eed, 1, flags).await, Err(Errno::ENOMEM));
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    let child = spawn(sys).await.expect("there is room again");
    join(sys, child).await;
    bystander.end(sys).await;
    0
}

fn fork_flags() -> abi::CloneFlags {
    abi::CloneFlags::from_bits_retain(Signal::SIGCHLD.number().into())
}

async fn regions(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let read = Protection::PROT_READ;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
    let wide = sys.mmap(0, 3 * PAGE as usize, read, flags).await.expect("there is room");
    let far = |at: usize| 0x4_0000_0000 + at as u64 * 16 * PAGE;
    let mut made = 0;
    let errno = loop {
        match sys.mmap(far(made), PAGE as usize, read, flags).await {
            Ok(_) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::ENOMEM);
    // Besides them: the stack, the bystander's page and the wide one.
    assert_eq!(made, REGIONS - 3);
    assert_eq!(sys.munmap(wide + PAGE, PAGE as usize).await, Err(Errno::ENOMEM), "it would make two of one");
    let write = read | Protection::PROT_WRITE;
    assert_eq!(sys.mprotect(wide + PAGE, PAGE as usize, write).await, Err(Errno::ENOMEM), "three of one");
    bystander.goes_on(sys).await;
    sys.munmap(far(0), PAGE as usize).await.expect("it is mapped");
    sys.munmap(wide + PAGE, PAGE as usize).await.expect("there is room again");
    bystander.end(sys).await;
    0
}

async fn objects(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let flags = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS;
    let (made, children) = holders(sys, PROCESSES, async |sys| {
        let mut made = 0;
        while made < REGIONS as u32 / 2 {
            match sys.mmap(0, PAGE as usize, protection, flags).await {
                Ok(_) => made += 1,
                Err(errno) => {
                    assert_eq!(errno, Errno::ENOMEM);
                    break;
                }
            }
        }
        made
    })
    .await;
    // Besides them there are the bystander's, and that through which the children spoke, which they still have.
    assert_eq!(made as usize, OBJECTS - 2);
    assert_eq!(sys.mmap(0, PAGE as usize, protection, flags).await, Err(Errno::ENOMEM));
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    sys.mmap(0, PAGE as usize, protection, flags).await.expect("there is room again");
    bystander.end(sys).await;
    0
}

/// Makes objects until there are too many; their identifiers.
async fn fill(most: usize, errno: Errno, make: impl AsyncFn() -> Result<i32, Errno>) -> Vec<i32> {
    let mut made = Vec::new();
    loop {
        match make().await {
            Ok(id) => made.push(id),
            Err(error) => {
                assert_eq!(error, errno);
                assert_eq!(made.len(), most);
                return made;
            }
        }
    }
}

/// Segments of a page, until there are too many of them or of shared objects. The bystander has an object.
async fn segments(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let make = async || sys.shmget(IPC_PRIVATE, 1, IpcFlags::empty()).await;
    let objects_left = OBJECTS - 1;
    if SEGMENTS > objects_left {
        println!("OBJECTS is met before SEGMENTS");
    }
    let errno = if SEGMENTS > objects_left { Errno::ENOMEM } else { Errno::ENOSPC };
    let made = fill(SEGMENTS.min(objects_left), errno, make).await;
    bystander.goes_on(sys).await;
    for id in made {
        sys.shmctl(id, ShmCommand::IPC_RMID).await.expect("it is mine");
    }
    bystander.end(sys).await;
    0
}

async fn segment_pages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let all = SEGMENT_PAGES * abi::PAGE_SIZE;
    let make = async |size| sys.shmget(IPC_PRIVATE, size, IpcFlags::empty()).await;
    assert_eq!(make(all + 1).await, Err(Errno::EINVAL));
    // Half of them can be had, whatever else takes frames.
    let half = make(all / 2).await.expect("there is room");
    assert_eq!(make(all - all / 2 + abi::PAGE_SIZE).await, Err(Errno::ENOSPC));
    bystander.goes_on(sys).await;
    sys.shmctl(half, ShmCommand::IPC_RMID).await.expect("it is mine");
    let again = make(all / 2).await.expect("there is room again");
    sys.shmctl(again, ShmCommand::IPC_RMID).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

async fn message_queues(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let make = async || sys.msgget(IPC_PRIVATE, IpcFlags::empty()).await;
    let made = fill(MSG_QUEUES, Errno::ENOSPC, make).await;
    bystander.goes_on(sys).await;
    for id in made {
        sys.msg_remove(id).await.expect("it is mine");
    }
    bystander.end(sys).await;
    0
}

async fn messages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let id = sys.msgget(IPC_PRIVATE, IpcFlags::empty()).await.expect("there is room");
    let perm = IpcPerm { mode: 0o600, ..IpcPerm::default() };
    sys.msg_set(id, perm, MESSAGES as u64 * 2).await.expect("user 0 may");
    fill(MESSAGES, Errno::ENOMEM, async || sys.msgsnd(id, 1, b"", MsgFlags::empty()).await.map(|()| 0)).await;
    bystander.goes_on(sys).await;
    assert_eq!(sys.msgrcv(id, &mut [], 0, MsgFlags::empty()).await, Ok((1, 0)));
    sys.msgsnd(id, 1, b"", MsgFlags::empty()).await.expect("there is room again");
    sys.msg_remove(id).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

async fn semaphore_sets(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let make = async || sys.semget(IPC_PRIVATE, 1, IpcFlags::empty()).await;
    let made = fill(SEM_SETS.min(SEMAPHORES), Errno::ENOSPC, make).await;
    bystander.goes_on(sys).await;
    for id in made {
        sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    }
    bystander.end(sys).await;
    0
}

async fn semaphores(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let most = SEMAPHORES.min(SEMAPHORES_IN_SET) as i32;
    let make = async |count| sys.semget(IPC_PRIVATE, count, IpcFlags::empty()).await;
    let large = make(most / 2).await.expect("there is room");
    assert_eq!(make(SEMAPHORES as i32 - most / 2 + 1).await, Err(Errno::ENOSPC));
    bystander.goes_on(sys).await;
    sys.semctl(large, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    let again = make(most / 2).await.expect("there is room again");
    sys.semctl(again, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

/// One process undoes something to each of many semaphores.
async fn undos(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let most = SEM_UNDOS.min(SEMAPHORES - 1);
    let id = sys.semget(IPC_PRIVATE, most as i32 + 1, IpcFlags::empty()).await.expect("there is room");
    let add =
        async |number: usize| sys.semop(id, &[SemOperation { number: number as u16, op: 1, flags: SEM_UNDO }]).await;
    for number in 0..most {
        assert_eq!(add(number).await, Ok(()));
    }
    if SEM_UNDOS < SEMAPHORES {
        assert_eq!(add(most).await, Err(Errno::ENOMEM));
        assert_eq!(sys.semctl(id, most as i32, SemCommand::GETVAL, 0).await, Ok(0), "a failed call changes nothing");
    }
    bystander.goes_on(sys).await;
    sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

/// Processes that each wait with as many operations as there may be in a call.
async fn waiting_operations(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let id = sys.semget(IPC_PRIVATE, 1, IpcFlags::empty()).await.expect("there is room");
    let in_call = SEM_OPERATIONS_IN_CALL.min(SEM_OPERATIONS);
    let take = SemOperation { number: 0, op: -1, flags: 0 };
    let mut children = Vec::new();
    while (children.len() + 1) * in_call <= SEM_OPERATIONS {
        let child = fork(sys, async move |sys| {
            assert_eq!(sys.semop(id, &vec![take; in_call]).await, Err(Errno::EIDRM));
        })
        .await;
        harness::until_state(sys, child, 'S').await;
        children.push(child);
    }
    let left = SEM_OPERATIONS - children.len() * in_call;
    assert_eq!(sys.semop(id, &vec![take; left + 1]).await, Err(Errno::ENOMEM));
    bystander.goes_on(sys).await;
    sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    for child in children {
        join(sys, child).await;
    }
    bystander.end(sys).await;
    0
}

async fn action_sets(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (changed, children) = holders(sys, PROCESSES, async |sys| {
        let set = sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await;
        assert_eq!(set, Ok(Action::DEFAULT));
        1
    })
    .await;
    assert_eq!(changed as usize, PROCESSES - 3, "every process there can be has a set of its own");
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    bystander.end(sys).await;
    0
}

async fn queued_signals(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let page = map(sys, 1).await;
    let (own, set, info) = (sys.getpid().await, page, page + 64);
    sys.store::<u64>(set, SignalSet::all().bits()).await;
    sys.raw().rt_sigprocmask(abi::MaskHow::SIG_BLOCK, In::at(set), Out::NULL, 8).await.expect("it is readable");
    // A value with each, so that each is kept.
    sys.store::<i32>(info + 8, abi::SI_QUEUE).await;
    let realtime = SignalNumber(40);
    let mut sent = 0;
    let errno = loop {
        match sys.raw().rt_sigqueueinfo(own, realtime, In::<SigInfo>::at(info)).await {
            Ok(_) => sent += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!((sent, errno), (QUEUED_SIGNALS, Errno::EAGAIN));
    assert_eq!(sys.timer_create(abi::ClockId::CLOCK_MONOTONIC, None).await, Err(Errno::EAGAIN));
    // Other signals lose their details only.
    sys.kill(own, Some(Signal::SIGUSR1)).await.expect("it isn't lost");
    sys.store::<u64>(set, SignalSet::of(Signal::SIGUSR1).bits()).await;
    let taken = sys.raw().rt_sigtimedwait(In::at(set), Out::at(info), In::NULL, 8).await;
    assert_eq!(taken, Ok(Signal::SIGUSR1.number().into()));
    assert_eq!(sys.load::<i32>(info + 16).await, 0, "nobody knows who sent it");
    // So does the bystander's end, but it is reaped all the same.
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    sys.store::<u64>(set, 1 << 39).await;
    for _ in 0..sent {
        assert_eq!(sys.raw().rt_sigtimedwait(In::at(set), Out::NULL, In::NULL, 8).await, Ok(40));
    }
    sys.store::<i32>(info + 8, abi::SI_QUEUE).await;
    sys.raw().rt_sigqueueinfo(own, realtime, In::at(info)).await.expect("there is room again");
    0
}

async fn timers(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let clock = abi::ClockId::CLOCK_MONOTONIC;
    // Without a signal they need no room for one.
    let mut made = Vec::new();
    let errno = loop {
        match sys.timer_create(clock, Some(Notification::None)).await {
            Ok(timer) => made.push(timer),
            Err(errno) => break errno,
        }
    };
    assert_eq!((made.len(), errno), (TIMERS, Errno::EAGAIN));
    let child = fork(sys, async move |sys| {
        assert_eq!(sys.timer_create(clock, None).await, Err(Errno::EAGAIN), "they are the whole system's");
    })
    .await;
    join(sys, child).await;
    bystander.goes_on(sys).await;
    sys.timer_delete(made[0]).await.expect("it exists");
    assert_eq!(sys.timer_create(clock, None).await, Ok(made[0]));
    bystander.end(sys).await;
    0
}

async fn argument_bytes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    // The two arguments, their ends, their pointers and the nulls.
    let rest = b"true".len() + 2 + 4 * 8 + 8;
    for (bytes, fits) in [(ARGUMENT_BYTES / 2, true), (ARGUMENT_BYTES + 1 - rest, false), (ARGUMENT_BYTES, false)] {
        let long = vec![b'a'; bytes];
        let argv: [&[u8]; 2] = [b"true", &long];
        let spawned = sys.posix_spawn(b"true", &FileActions::new(), &argv, &[]).await;
        match (fits, spawned) {
            (true, Ok(child)) => join(sys, child).await,
            (false, Err(errno)) => {
                assert_eq!(errno, Errno::E2BIG);
                assert_eq!(sys.execve(b"true", &argv, &[]).await, Errno::E2BIG);
                assert_eq!(sys.execve(b"true", &[b"true"], &[&long]).await, Errno::E2BIG);
            }
            (_, other) => panic!("{bytes} bytes: {other:?}"),
        }
        bystander.goes_on(sys).await;
    }
    bystander.end(sys).await;
    0
}

/// A path that is a byte too long isn't even looked for.
async fn path_bytes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    for (bytes, errno) in [(PATH_BYTES - 1, Errno::ENOENT), (PATH_BYTES, Errno::ENAMETOOLONG)] {
        let path = vec![b'p'; bytes];
        assert_eq!(sys.execve(&path, &[b"p"], &[]).await, errno);
        assert_eq!(sys.posix_spawn(&path, &FileActions::new(), &[b"p"], &[]).await, Err(errno));
        bystander.goes_on(sys).await;
    }
    bystander.end(sys).await;
    0
}

/// A name that is a byte too long.
async fn name_bytes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let name = [b"/tmp/", &vec![b'n'; NAME_BYTES + 1][..]].concat();
    assert_eq!(sys.mkdir(&name, 0o700).await, Err(Errno::ENAMETOOLONG));
    bystander.goes_on(sys).await;
    assert_eq!(sys.mkdir(&name[..name.len() - 1], 0o700).await, Ok(()));
    assert_eq!(sys.rmdir(&name[..name.len() - 1]).await, Ok(()));
    bystander.end(sys).await;
    0
}

/// FIFOs until there is no inode left. Whoever has one open goes on.
async fn inodes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    sys.chdir(b"/tmp").await.unwrap();
    let mut made = 0;
    let errno = loop {
        match sys.mkfifo(format!("fifo{made}").as_bytes(), 0o600).await {
            Ok(()) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert!(made > 0 && made < INODES);
    assert_eq!(errno, Errno::ENOSPC);
    assert_eq!(sys.mkdir(b"directory", 0o700).await, Err(Errno::ENOSPC));
    assert_eq!(sys.shm_open(b"/object", QUEUE, 0o600).await, Err(Errno::ENOSPC));
    assert_eq!(sys.mq_open(b"/queue", QUEUE, 0o600, holding(1, 1)).await, Err(Errno::ENOSPC));
    assert_eq!(sys.rename(b"fifo0", b"another").await, Ok(()));
    bystander.goes_on(sys).await;
    // One that is removed but open is still in use.
    let fd = sys.open(b"another", abi::OpenFlags::O_RDWR).await.unwrap();
    sys.unlink(b"another").await.unwrap();
    assert_eq!(sys.mkfifo(b"fifo0", 0o600).await, Err(Errno::ENOSPC));
    sys.close(fd).await.unwrap();
    assert_eq!(sys.mkfifo(b"fifo0", 0o600).await, Ok(()));
    for number in 0..made {
        sys.unlink(format!("fifo{number}").as_bytes()).await.unwrap();
    }
    bystander.end(sys).await;
    0
}

/// Links to one FIFO until there is no name left.
async fn names(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    sys.chdir(b"/tmp").await.unwrap();
    sys.mkfifo(b"link0", 0o600).await.unwrap();
    let mut made = 1;
    let errno = loop {
        match sys.link(b"link0", format!("link{made}").as_bytes()).await {
            Ok(()) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::ENOSPC);
    assert_eq!(sys.stat(b"link0").await.unwrap().nlink as usize, made);
    assert_eq!(sys.mkfifo(b"another", 0o600).await, Err(Errno::ENOSPC));
    assert_eq!(sys.mkdir(b"another", 0o700).await, Err(Errno::ENOSPC));
    assert_eq!(sys.shm_open(b"/another", QUEUE, 0o600).await, Err(Errno::ENOSPC));
    // A name that changes takes no other.
    assert_eq!(sys.rename(b"link0", b"another").await, Ok(()));
    assert_eq!(sys.rename(b"another", b"link0").await, Ok(()));
    bystander.goes_on(sys).await;
    for number in 0..made {
        sys.unlink(format!("link{number}").as_bytes()).await.unwrap();
    }
    bystander.end(sys).await;
    0
}

/// One file action too many.
async fn spawn_actions(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let close_often = |times: usize| (0..times).fold(FileActions::new(), |actions, _| actions.close(Fd(0)));
    match sys.posix_spawn(b"true", &close_often(SPAWN_ACTIONS), &[b"true"], &[]).await {
        Ok(child) => join(sys, child).await,
        Err(errno) => panic!("{SPAWN_ACTIONS} actions: {errno}"),
    }
    bystander.goes_on(sys).await;
    let too_many = sys.posix_spawn(b"true", &close_often(SPAWN_ACTIONS + 1), &[b"true"], &[]).await;
    assert_eq!(too_many, Err(Errno::EINVAL));
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    0
}

/// The console is given three times as much as it keeps. What it can't take yet isn't lost.
async fn console_pages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let most = CONSOLE_PAGES * abi::PAGE_SIZE;
    let mut buffer = vec![0; most + 1000];
    assert_eq!(sys.read(Fd(0), &mut buffer[..1]).await, Ok(1));
    bystander.goes_on(sys).await;
    let mut total = 1;
    while let Ok(count @ 1..) = sys.read(Fd(0), &mut buffer).await {
        assert!(count <= most && buffer[..count].iter().all(|byte| *byte == b'c'));
        total += count;
    }
    assert_eq!(total, 3 * most + 5);
    bystander.end(sys).await;
    0
}

/// Numbers that are kept busy by groups and sessions whose leaders are gone; or, where there are more numbers than can be in
/// use at once, once round all of them.
async fn pid_max(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    if PID_MAX > NUMBERS + 300 {
        let mut last = 0;
        while let Ok(child) = spawn(sys).await {
            join(sys, child).await;
            if child.0 < last {
                assert_eq!((last, child.0), (PID_MAX as i32 - 1, 300));
                break;
            }
            last = child.0;
        }
        bystander.end(sys).await;
        return 0;
    }
    let mut survivors = 0;
    loop {
        // The session's leader and the group's leader end; their child keeps both numbers.
        match sys.fork().await {
            Ok(Forked::Parent(leader)) => match sys.waitpid(leader, WaitOptions::empty()).await {
                Ok(Some((_, WaitStatus::Exited(0)))) => survivors += 1,
                _ => break,
            },
            Ok(Forked::Child) => sys.exit(i32::from(leave_survivor(sys).await.is_err())).await,
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                break;
            }
        }
    }
    assert!(survivors < PROCESSES - 4, "numbers are met before processes: {survivors}");
    assert_eq!(sys.fork().await.err(), Some(Errno::EAGAIN));
    bystander.goes_on(sys).await;
    sys.kill(Pid(-1), Some(Signal::SIGKILL)).await.expect("there are some");
    0
}

async fn leave_survivor(sys: Sys) -> Result<(), Errno> {
    sys.setsid().await?;
    let Forked::Child = sys.fork().await? else {
        return match sys.wait().await {
            Ok((_, WaitStatus::Exited(0))) => Ok(()),
            _ => Err(Errno::EAGAIN),
        };
    };
    let _ = sys.setpgid(Pid(0), Pid(0)).await;
    match sys.fork().await {
        Ok(Forked::Child) => loop {
            let _ = sys.nanosleep(Timespec { sec: 1 << 44, nsec: 0 }).await;
        },
        other => sys.exit(i32::from(other.is_err())).await,
    }
}
