//! Flags and other named constants of calls, with Linux's generic values.

/// Declares flag sets that keep unknown bits (so that the kernel can refuse them) and serve as call arguments.
macro_rules! flag_sets {
    ($($(#[$doc:meta])* $name:ident: $bits:ident { $($(#[$flag_doc:ident $($flag_args:tt)*])* $flag:ident = $value:expr;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name($bits);

        bitflags::bitflags! {
            impl $name: $bits {
                $($(#[$flag_doc $($flag_args)*])* const $flag = $value;)*
            }
        }

        impl $name {
            /// Whether it has bits that have no name.
            pub const fn has_unknown(self) -> bool {
                self.0 & !Self::all().0 != 0
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                if self.is_empty() { f.write_str("0") } else { bitflags::parser::to_writer(self, f) }
            }
        }

        impl crate::Argument for $name {
            const KIND: crate::Kind = crate::Kind::Flags {
                known: Self::all().0 as u64,
                print: |raw, f| core::fmt::Debug::fmt(&$name(raw as $bits), f),
            };
            fn decode(raw: u64) -> Self {
                $name(raw as $bits)
            }
            fn encode(self) -> u64 {
                self.0 as u64
            }
        }
    )*};
}

pub(crate) use flag_sets;

flag_sets! {
    /// Flags of an open file description and of `pipe2`, `dup3` and `openat` (`open(2)`).
    OpenFlags: u32 {
        /// Open for writing only; neither this nor `O_RDWR` is `O_RDONLY`.
        O_WRONLY = 0o1;
        /// Open for reading and writing.
        O_RDWR = 0o2;
        /// Create the file if it doesn't exist.
        O_CREAT = 0o100;
        /// With `O_CREAT`: fail if it exists.
        O_EXCL = 0o200;
        /// Don't make it the controlling terminal.
        O_NOCTTY = 0o400;
        /// Cut the file to length 0.
        O_TRUNC = 0o1000;
        /// Each write goes to the end.
        O_APPEND = 0o2000;
        /// Never block.
        O_NONBLOCK = 0o4000;
        /// Fail unless it is a directory.
        O_DIRECTORY = 0o200000;
        /// Fail if the name is a symbolic link. There are none, so it is without effect.
        O_NOFOLLOW = 0o400000;
        /// Close on exec.
        O_CLOEXEC = 0o2000000;
        /// Only stand for the name. Not supported.
        O_PATH = 0o10000000;
        /// With `O_DIRECTORY`: a file without a name. Not supported.
        O_TMPFILE = 0o20000000;
    }
    /// Flags of the calls that take a directory's descriptor and a path (`openat(2)`).
    AtFlags: u32 {
        /// Don't follow a symbolic link. There are none, so it is without effect.
        AT_SYMLINK_NOFOLLOW = 0x100;
        /// `unlinkat`: remove a directory. The same bit is `AT_EACCESS` to `faccessat2`.
        AT_REMOVEDIR = 0x200;
        /// Follow a symbolic link. There are none, so it is without effect.
        AT_SYMLINK_FOLLOW = 0x400;
        /// Don't mount anything. Without effect.
        AT_NO_AUTOMOUNT = 0x800;
        /// An empty path stands for the descriptor itself.
        AT_EMPTY_PATH = 0x1000;
    }
    /// How `renameat2` treats a new name that exists (`rename(2)`).
    RenameFlags: u32 {
        /// Fail.
        RENAME_NOREPLACE = 1;
        /// Exchange the two.
        RENAME_EXCHANGE = 2;
    }
    /// What `faccessat` asks for; nothing is whether it exists (`access(2)`).
    AccessMode: u32 {
        /// To execute, or to search a directory.
        X_OK = 1;
        /// To write.
        W_OK = 2;
        /// To read.
        R_OK = 4;
    }
    /// Options of `wait4` and `waitid` (`wait(2)`).
    WaitOptions: u32 {
        /// Don't wait: return 0 if no child has changed.
        WNOHANG = 1;
        /// Report stopped children too; `waitid` spells it `WSTOPPED`.
        WUNTRACED = 2;
        /// `waitid`: report children that have ended.
        WEXITED = 4;
        /// Report continued children too.
        WCONTINUED = 8;
        /// `waitid`: leave the child in its state, to be reported again.
        WNOWAIT = 0x0100_0000;
    }
    /// How a page may be accessed (`mmap(2)`).
    Protection: u32 {
        /// Loads.
        PROT_READ = 1;
        /// Stores.
        PROT_WRITE = 2;
        /// Instruction fetches. Kept, without effect: programs don't live in simulated memory.
        PROT_EXEC = 4;
    }
    /// Kind and placement of a mapping (`mmap(2)`).
    MapFlags: u32 {
        /// Stores are seen by everyone who maps it.
        MAP_SHARED = 1;
        /// Stores are seen by this process alone.
        MAP_PRIVATE = 2;
        /// At exactly this address, in place of what is there.
        MAP_FIXED = 0x10;
        /// Not of a file; starts as zeros.
        MAP_ANONYMOUS = 0x20;
        /// At exactly this address, or `EEXIST`.
        MAP_FIXED_NOREPLACE = 0x10_0000;
    }
    /// How `msync` is to be done (`msync(2)`).
    MsyncFlags: u32 {
        /// Some time.
        MS_ASYNC = 1;
        /// Other mappings are to show it too: they always do.
        MS_INVALIDATE = 2;
        /// Now.
        MS_SYNC = 4;
    }
    /// Flags of `clone` above the exit signal in its low 8 bits.
    CloneFlags: u64 {
        /// The signal sent to the parent at exit.
        CSIGNAL = 0xff;
    }
    /// Flags of a descriptor (`F_GETFD`, `fcntl(2)`).
    DescriptorFlags: u32 {
        /// Close on exec.
        FD_CLOEXEC = 1;
    }
    /// Flags of `timer_settime` and `clock_nanosleep`.
    TimerFlags: u32 {
        /// The time is a point in time, not a duration.
        TIMER_ABSTIME = 1;
    }
    /// Flags of a signal action (`sigaction(2)`).
    SigActionFlags: u64 {
        /// No SIGCHLD when children stop or continue.
        SA_NOCLDSTOP = 1;
        /// Children don't become zombies.
        SA_NOCLDWAIT = 2;
        /// The handler wants a `siginfo_t`.
        SA_SIGINFO = 4;
        /// Run on the alternate stack.
        SA_ONSTACK = 0x0800_0000;
        /// Restart calls that the handler interrupted.
        SA_RESTART = 0x1000_0000;
        /// Don't block the signal while its handler runs.
        SA_NODEFER = 0x4000_0000;
        /// Back to the default action when the handler is entered.
        SA_RESETHAND = 0x8000_0000;
    }
}

impl OpenFlags {
    /// Whether a description opened so may be read. The access mode 3 of Linux allows neither reading nor writing.
    pub const fn readable(self) -> bool {
        matches!(self.bits() & 3, 0 | 2)
    }

    /// Whether a description opened so may be written.
    pub const fn writable(self) -> bool {
        matches!(self.bits() & 3, 1 | 2)
    }
}

/// Declares plain named constants with a way to print them as call arguments.
macro_rules! named_values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value_name:ident = $value:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub i32);

        impl $name {
            $($(#[$value_doc])* pub const $value_name: $name = $name($value);)*
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.0 {
                    $($value => f.write_str(stringify!($value_name)),)*
                    other => core::fmt::Display::fmt(&other, f),
                }
            }
        }

        impl crate::Argument for $name {
            const KIND: crate::Kind = crate::Kind::Choice {
                known: &[$($value),*],
                print: |raw, f| core::fmt::Debug::fmt(&$name(raw as i32), f),
            };
            fn decode(raw: u64) -> Self {
                $name(raw as i32)
            }
            fn encode(self) -> u64 {
                self.0 as i64 as u64
            }
        }
    )*};
}

pub(crate) use named_values;

named_values! {
    /// From where `lseek` counts (`lseek(2)`).
    Whence {
        /// From the beginning.
        SEEK_SET = 0;
        /// From the present position.
        SEEK_CUR = 1;
        /// From the end.
        SEEK_END = 2;
    }
    /// What `fcntl` does (`fcntl(2)`).
    FcntlCommand {
        /// Duplicate onto the lowest free descriptor not below the argument.
        F_DUPFD = 0;
        /// Get the descriptor's flags.
        F_GETFD = 1;
        /// Set the descriptor's flags.
        F_SETFD = 2;
        /// Get the description's flags.
        F_GETFL = 3;
        /// Set the description's status flags.
        F_SETFL = 4;
        /// As `F_DUPFD`, closed on exec.
        F_DUPFD_CLOEXEC = 1030;
        /// Set a pipe's capacity in bytes, rounded up to pages.
        F_SETPIPE_SZ = 1031;
        /// Get a pipe's capacity in bytes.
        F_GETPIPE_SZ = 1032;
    }
    /// What `ioctl` does (`ioctl_tty(2)`).
    IoctlCommand {
        /// Get a terminal's settings.
        TCGETS = 0x5401;
        /// Set a terminal's settings.
        TCSETS = 0x5402;
        /// The same, once all output is out.
        TCSETSW = 0x5403;
        /// The same, and throw away input that wasn't read.
        TCSETSF = 0x5404;
        /// Wait until all output is out (argument not 0), or send a break (0).
        TCSBRK = 0x5409;
        /// Hold output back, or let it go on.
        TCXONC = 0x540a;
        /// Throw away input or output.
        TCFLSH = 0x540b;
        /// Make it the controlling terminal of the caller's session.
        TIOCSCTTY = 0x540e;
        /// Get the foreground process group.
        TIOCGPGRP = 0x540f;
        /// Set the foreground process group.
        TIOCSPGRP = 0x5410;
        /// Count the bytes of output that aren't out yet.
        TIOCOUTQ = 0x5411;
        /// Get the window's size.
        TIOCGWINSZ = 0x5413;
        /// Set the window's size.
        TIOCSWINSZ = 0x5414;
        /// Count the bytes that can be read.
        FIONREAD = 0x541b;
        /// Give up the controlling terminal.
        TIOCNOTTY = 0x5422;
        /// Get the session whose controlling terminal it is.
        TIOCGSID = 0x5429;
    }
    /// Which clock (`clock_gettime(2)`). All show Vitrine's virtual time since boot.
    ClockId {
        /// Wall-clock time.
        CLOCK_REALTIME = 0;
        /// Time since boot.
        CLOCK_MONOTONIC = 1;
        /// CPU time of the process.
        CLOCK_PROCESS_CPUTIME_ID = 2;
        /// CPU time of the thread.
        CLOCK_THREAD_CPUTIME_ID = 3;
    }
    /// Which interval timer (`setitimer(2)`).
    IntervalTimer {
        /// It counts time; SIGALRM.
        ITIMER_REAL = 0;
        /// It counts CPU time in user code; SIGVTALRM.
        ITIMER_VIRTUAL = 1;
        /// It counts CPU time; SIGPROF.
        ITIMER_PROF = 2;
    }
    /// How `rt_sigprocmask` changes the mask.
    MaskHow {
        /// Add the set.
        SIG_BLOCK = 0;
        /// Take the set away.
        SIG_UNBLOCK = 1;
        /// Make it the set.
        SIG_SETMASK = 2;
    }
    /// Which children `waitid` waits for.
    IdType {
        /// Any child.
        P_ALL = 0;
        /// The child with this process id.
        P_PID = 1;
        /// Any child in this process group; 0 is the caller's own.
        P_PGID = 2;
    }
    /// Whose resources `getrusage` reports.
    RusageWho {
        /// The process.
        RUSAGE_SELF = 0;
        /// Its children that were waited for.
        RUSAGE_CHILDREN = -1;
        /// The thread.
        RUSAGE_THREAD = 1;
    }
    /// Which limit (`prlimit(2)`).
    Resource {
        /// CPU time in seconds.
        RLIMIT_CPU = 0;
        /// Size of a file.
        RLIMIT_FSIZE = 1;
        /// Size of the data segment.
        RLIMIT_DATA = 2;
        /// Size of the stack.
        RLIMIT_STACK = 3;
        /// Size of a core image.
        RLIMIT_CORE = 4;
        /// Resident set; without effect.
        RLIMIT_RSS = 5;
        /// Processes of this user.
        RLIMIT_NPROC = 6;
        /// One more than the highest descriptor.
        RLIMIT_NOFILE = 7;
        /// Locked memory; without effect.
        RLIMIT_MEMLOCK = 8;
        /// Address space.
        RLIMIT_AS = 9;
        /// File locks; without effect.
        RLIMIT_LOCKS = 10;
        /// Queued signals of this user.
        RLIMIT_SIGPENDING = 11;
        /// Bytes in message queues of this user.
        RLIMIT_MSGQUEUE = 12;
        /// Nice ceiling; without effect.
        RLIMIT_NICE = 13;
        /// Real-time priority; without effect.
        RLIMIT_RTPRIO = 14;
        /// Real-time CPU time; without effect.
        RLIMIT_RTTIME = 15;
    }
    /// What `prctl` does (`prctl(2)`).
    PrctlOption {
        /// Set the name of the thread.
        PR_SET_NAME = 15;
        /// Get the name of the thread.
        PR_GET_NAME = 16;
        /// Become (or cease to be) a child subreaper.
        PR_SET_CHILD_SUBREAPER = 36;
        /// Ask whether one is a child subreaper.
        PR_GET_CHILD_SUBREAPER = 37;
    }
    /// What is known of a page's future use (`madvise(2)`).
    Advice {
        /// Nothing.
        MADV_NORMAL = 0;
        /// It will be accessed at random.
        MADV_RANDOM = 1;
        /// It will be accessed in order.
        MADV_SEQUENTIAL = 2;
        /// It will be needed.
        MADV_WILLNEED = 3;
        /// It isn't needed: private pages read as zeros again.
        MADV_DONTNEED = 4;
    }
}

/// No limit, in [`crate::Rlimit`].
pub const RLIM_INFINITY: u64 = u64::MAX;
/// Bytes that a write to a pipe delivers in one piece (`pipe(7)`).
pub const PIPE_BUF: usize = 4096;
/// [`crate::SpawnAction::op`]: close `fd`.
pub const SPAWN_CLOSE: u32 = 0;
/// [`crate::SpawnAction::op`]: duplicate `fd` onto `to`.
pub const SPAWN_DUP2: u32 = 1;
/// Clock ticks a second, as `times` counts them.
pub const CLK_TCK: u64 = 100;

/// `sigaltstack`: a handler runs on the stack.
pub const SS_ONSTACK: i32 = 1;
/// `sigaltstack`: there is no stack.
pub const SS_DISABLE: i32 = 2;
/// `sigaltstack`: disarm the stack while a handler runs. Accepted, without effect.
pub const SS_AUTODISARM: i32 = 1 << 31;

/// `si_code`: sent by `kill`.
pub const SI_USER: i32 = 0;
/// `si_code`: sent by the kernel.
pub const SI_KERNEL: i32 = 0x80;
/// `si_code`: sent by `sigqueue`.
pub const SI_QUEUE: i32 = -1;
/// `si_code`: a message arrived in an empty queue.
pub const SI_MESGQ: i32 = -3;
/// `si_code`: a POSIX timer expired.
pub const SI_TIMER: i32 = -2;
/// `si_code`: sent by `tgkill`.
pub const SI_TKILL: i32 = -6;
/// `si_code` of SIGCHLD: the child has exited.
pub const CLD_EXITED: i32 = 1;
/// `si_code` of SIGCHLD: a signal ended the child.
pub const CLD_KILLED: i32 = 2;
/// `si_code` of SIGCHLD: a signal ended the child, with a core image.
pub const CLD_DUMPED: i32 = 3;
/// `si_code` of SIGCHLD: a signal stopped the child.
pub const CLD_STOPPED: i32 = 5;
/// `si_code` of SIGCHLD: the child was continued.
pub const CLD_CONTINUED: i32 = 6;
/// `si_code` of SIGSEGV: nothing is mapped there.
pub const SEGV_MAPERR: i32 = 1;
/// `si_code` of SIGSEGV: the mapping doesn't allow it.
pub const SEGV_ACCERR: i32 = 2;
/// `si_code` of SIGBUS: the address isn't aligned.
pub const BUS_ADRALN: i32 = 1;
/// `si_code` of SIGBUS: nothing is there, behind the end of a mapped object.
pub const BUS_ADRERR: i32 = 2;
/// `si_code` of SIGILL: illegal opcode.
pub const ILL_ILLOPC: i32 = 1;
/// `si_code` of SIGFPE: integer division by zero.
pub const FPE_INTDIV: i32 = 1;

/// [`crate::SigEvent::notify`]: a signal for the process.
pub const SIGEV_SIGNAL: i32 = 0;
/// [`crate::SigEvent::notify`]: nothing.
pub const SIGEV_NONE: i32 = 1;
/// [`crate::SigEvent::notify`]: a function in a thread of its own; for the kernel the same as `SIGEV_SIGNAL`.
pub const SIGEV_THREAD: i32 = 2;
/// [`crate::SigEvent::notify`]: a signal for one thread.
pub const SIGEV_THREAD_ID: i32 = 4;

/// The priority of a message is below this (`mq_send(3)`).
pub const MQ_PRIO_MAX: u32 = 32768;
