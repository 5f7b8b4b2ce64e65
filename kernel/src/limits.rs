//! Every limit of the kernel, in one place.
//!
//! Each can be set when the kernel is built, from an environment variable of the same name with `VITRINE_` in front:
//! `VITRINE_PROCESSES=4096 cargo build --release`. What doesn't parse, or doesn't fit the others, is a compile error. A full
//! table is an error number to the caller, never a panic; `docs/limits.md` says which.

/// Declares the limits: name, default, smallest and largest value, and what a caller sees when it is reached.
macro_rules! limits {
    ($(#[doc = $meaning:literal] $name:ident = $default:expr, $min:literal ..= $max:literal, $full:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: usize = setting(option_env!(concat!("VITRINE_", stringify!($name))), $default, $min, $max);
        )*

        /// What is known of one limit.
        #[derive(Clone, Debug)]
        pub struct Limit {
            /// Its name.
            pub name: &'static str,
            /// What it limits.
            pub meaning: &'static str,
            /// Its value in this build.
            pub value: usize,
            /// What it is unless it is set, as the source says it.
            pub default: &'static str,
            /// The values that it may be set to.
            pub range: core::ops::RangeInclusive<usize>,
            /// What a caller sees when it is reached.
            pub when_full: &'static str,
        }

        /// Every limit of this build, for the reference page and for the tests that fill each.
        pub const LIMITS: &[Limit] = &[$(Limit {
            name: stringify!($name),
            meaning: $meaning.trim_ascii(),
            value: $name,
            default: stringify!($default),
            range: $min..=$max,
            when_full: $full,
        }),*];
    };
}

limits! {
    /// Processes, zombies included.
    PROCESSES = 64, 2 ..= 16384, "EAGAIN from clone and spawn";
    /// Open file descriptions in the whole system.
    FILES = at_least(256, PROCESSES * 4), 8 ..= 65000, "ENFILE from pipe2, openat and mq_open";
    /// Descriptors of one process: the ceiling of `RLIMIT_NOFILE`.
    DESCRIPTORS = 64, 4 ..= 1024, "EMFILE from pipe2, openat, mq_open, dup and fcntl; EBADF from dup3 and spawn";
    /// Pipes in the whole system.
    PIPES = at_least(64, PROCESSES), 2 ..= 65000, "ENFILE from pipe2, and from openat of a FIFO";
    /// Capacity of a new pipe, in pages.
    PIPE_PAGES = 16, 1 ..= 64, "write blocks, or EAGAIN with O_NONBLOCK";
    /// Largest capacity of a pipe, in pages.
    PIPE_PAGES_MAX = at_least(64, PIPE_PAGES), 1 ..= 256, "EPERM from fcntl(F_SETPIPE_SZ)";
    /// Physical frames.
    FRAMES = at_least(4096, PROCESSES * 8), 64 ..= 65000, "ENOMEM from mmap, execve, spawn, mq_timedsend and write to a pipe; brk doesn't move; EFAULT from a call that needs a page of its caller; SIGKILL on a page fault";
    /// Nodes of page tables and other radix trees.
    NODES = at_least(1024, PROCESSES * 8 + FRAMES / 8), 64 ..= 65000, "ENOMEM from clone, execve, spawn, shmget, msgget and semget; ENOSPC from mq_open by a user without a queue; EFAULT from a call that needs a page of its caller; SIGKILL on a page fault";
    /// Regions of one address space.
    REGIONS = 32, 4 ..= 1024, "ENOMEM from mmap, munmap and mprotect";
    /// Shared memory objects in the whole system.
    OBJECTS = at_least(64, PROCESSES), 2 ..= 65000, "ENOMEM from mmap(MAP_SHARED)";
    /// POSIX message queues in the whole system (`queues_max` of `mq_overview(7)`).
    MQUEUES = 256, 2 ..= 65000, "ENOSPC from mq_open";
    /// Messages that a POSIX message queue holds at most, and if nothing else is said (`msg_max`).
    MQUEUE_MESSAGES = 10, 1 ..= 1024, "EINVAL from mq_open; when a queue has its own number, mq_timedsend blocks, or EAGAIN with O_NONBLOCK";
    /// Bytes of a message in a POSIX message queue at most, and if nothing else is said (`msgsize_max`).
    MQUEUE_MESSAGE_BYTES = 8192, 128 ..= 65536, "EINVAL from mq_open; for more than the queue's own number, EMSGSIZE from mq_timedsend";
    /// Messages in all POSIX message queues, and in the hands of those who wait to send.
    MQ_MESSAGES = at_least(1024, PROCESSES * 2), 4 ..= 65000, "ENOMEM from mq_timedsend";
    /// System V shared memory segments in the whole system.
    SEGMENTS = at_least(64, PROCESSES), 2 ..= 32768, "ENOSPC from shmget";
    /// Pages of all System V shared memory segments together.
    SEGMENT_PAGES = FRAMES, 1 ..= 65000, "ENOSPC from shmget; EINVAL for a segment that is larger by itself";
    /// System V message queues in the whole system.
    MSG_QUEUES = at_least(64, PROCESSES), 2 ..= 32768, "ENOSPC from msgget";
    /// Messages in the whole system: those in queues, and those of senders that wait.
    MESSAGES = at_least(1024, PROCESSES * 2), 2 ..= 65000, "ENOMEM from msgsnd";
    /// Sets of System V semaphores in the whole system.
    SEM_SETS = at_least(64, PROCESSES), 2 ..= 32768, "ENOSPC from semget";
    /// Semaphores of all sets together.
    SEMAPHORES = at_least(1024, PROCESSES), 2 ..= 65000, "ENOSPC from semget";
    /// What processes undo to semaphores: one for each process and semaphore.
    SEM_UNDOS = at_least(256, PROCESSES * 2), 1 ..= 65000, "ENOMEM from semop with SEM_UNDO";
    /// Operations of all threads that wait at semaphores.
    SEM_OPERATIONS = at_least(1024, PROCESSES * 2), 1 ..= 65000, "ENOMEM from semop that would wait";
    /// Distinct sets of signal actions in the whole system.
    ACTION_SETS = PROCESSES, 2 ..= 16384, "never: each process has at most one";
    /// Signals that are queued with details in the whole system.
    QUEUED_SIGNALS = at_least(256, PROCESSES * 4), 16 ..= 65000, "EAGAIN from rt_sigqueueinfo and timer_create; other signals lose their details";
    /// POSIX timers in the whole system. Each keeps room for one queued signal.
    TIMERS = at_least(64, PROCESSES), 1 ..= 16384, "EAGAIN from timer_create";
    /// Bytes of arguments and environment that `execve` takes, terminators and pointers included.
    ARGUMENT_BYTES = 131072, 4096 ..= 1048576, "E2BIG from execve and spawn";
    /// Bytes of a path, its end included.
    PATH_BYTES = 4096, 256 ..= 4096, "ENAMETOOLONG from every call that takes a path";
    /// Bytes of one name in a directory, without an end.
    NAME_BYTES = 255, 14 ..= 255, "ENAMETOOLONG from every call that takes a path";
    /// Inodes: directories, FIFOs and devices, removed ones that are still open included.
    INODES = at_least(512, PROCESSES * 2), 16 ..= 65000, "ENOSPC from mkdirat, mknodat and mq_open";
    /// Names in all directories together.
    NAMES = INODES, 16 ..= 65000, "ENOSPC from mkdirat, mknodat, linkat and mq_open";
    /// File actions that one `spawn` takes.
    SPAWN_ACTIONS = 64, 1 ..= 1024, "EINVAL from spawn";
    /// Pages of console input that wait to be read.
    CONSOLE_PAGES = 16, 1 ..= 64, "the machine keeps further input back";
    /// One more than the highest process id; after it they start again at 300.
    PID_MAX = 32768, 1024 ..= 32768, "EAGAIN from clone and spawn";
}

/// Threads: every process has one for now.
pub const THREADS: usize = PROCESSES;
/// Numbers in use as process, group or session id: each process holds at most three, and the terminal one.
pub const NUMBERS: usize = PROCESSES * 3 + 1;
/// CPUs.
pub const CPUS: usize = 1;
/// Bytes of a System V message at most.
pub const MESSAGE_BYTES_MAX: usize = 8192;
/// Bytes that a new System V message queue may hold.
pub const QUEUE_BYTES: usize = 16384;
/// Semaphores of one set at most.
pub const SEMAPHORES_IN_SET: usize = 32000;
/// Operations of one `semop` at most.
pub const SEM_OPERATIONS_IN_CALL: usize = 500;
/// Microseconds between two ticks of the timer.
pub const TICK_US: u64 = 1000;
/// Ticks that a thread may run while others wait.
pub const QUANTUM_TICKS: u32 = 10;
/// Virtual time of one trap.
pub const TRAP_US: u64 = 1;
/// Virtual time of one load or store.
pub const ACCESS_US: u64 = 1;

/// Words of a bitmap with so many bits.
pub(crate) const fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

const _: () = {
    assert!(PID_MAX > 300 + 3 * PROCESSES / 2, "VITRINE_PID_MAX leaves too few process ids for VITRINE_PROCESSES");
    assert!(PIPE_PAGES <= PIPE_PAGES_MAX, "VITRINE_PIPE_PAGES is above VITRINE_PIPE_PAGES_MAX");
    assert!(ARGUMENT_BYTES / abi::PAGE_SIZE < FRAMES, "VITRINE_ARGUMENT_BYTES doesn't fit into VITRINE_FRAMES");
    assert!(ACTION_SETS >= PROCESSES, "VITRINE_ACTION_SETS is below VITRINE_PROCESSES");
    assert!(NUMBERS < u16::MAX as usize, "VITRINE_PROCESSES is too large");
};

const fn at_least(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The value of a setting: the default, or a decimal number in range.
const fn setting(text: Option<&str>, default: usize, min: usize, max: usize) -> usize {
    let value = match text {
        None => default,
        Some(text) => {
            let digits = text.as_bytes();
            assert!(!digits.is_empty() && digits.len() < 10, "a VITRINE_ limit must be a decimal number");
            let mut value = 0;
            let mut rest = digits;
            while let [digit, tail @ ..] = rest {
                assert!(digit.is_ascii_digit(), "a VITRINE_ limit must be a decimal number");
                value = value * 10 + (*digit - b'0') as usize;
                rest = tail;
            }
            value
        }
    };
    assert!(min <= value && value <= max, "a VITRINE_ limit is out of its range");
    value
}
