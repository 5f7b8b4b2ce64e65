//! The structures that calls read from and write to user memory, laid out as Linux does on 64-bit machines.

use crate::layout::layouts;
use crate::mode::print_mode;
use crate::{Layout, OpenFlags, SignalSet};

layouts! {
    /// A time or a duration (`timespec(3type)`).
    Timespec = "struct timespec" {
        /// Whole seconds.
        sec: i64,
        /// Nanoseconds, 0 to 999,999,999.
        nsec: i64,
    }
    /// A time or a duration (`timeval(3type)`).
    Timeval = "struct timeval" {
        /// Whole seconds.
        sec: i64,
        /// Microseconds, 0 to 999,999.
        usec: i64,
    }
    /// When a POSIX timer expires, and how often then (`timer_settime(2)`).
    Itimerspec = "struct itimerspec" {
        /// The time between two expiries; 0: only one.
        interval: Timespec,
        /// The time to the next; 0: it doesn't run.
        value: Timespec,
    }
    /// The same for an interval timer (`setitimer(2)`).
    Itimerval = "struct itimerval" {
        /// The time between two expiries; 0: only one.
        interval: Timeval,
        /// The time to the next; 0: it doesn't run.
        value: Timeval,
    }
    /// How to tell that something has happened (`sigevent(3type)`).
    SigEvent = "struct sigevent" {
        /// What the signal brings along.
        value: u64,
        /// Which signal.
        signo: i32,
        /// One of the `SIGEV_` constants.
        notify: i32,
        /// For `SIGEV_THREAD_ID`, which thread.
        tid: i32,
        /// Padding.
        pad: i32,
        /// Padding to 64 bytes.
        rest: [u64; 5],
    }
    /// Attributes of a POSIX message queue, and of what is open of it (`mq_getattr(3)`).
    MqAttr = "struct mq_attr" {
        /// `O_NONBLOCK` or 0: of the open description.
        flags: i64 => print_open_flags,
        /// How many messages it holds at most.
        maxmsg: i64,
        /// How many bytes a message has at most.
        msgsize: i64,
        /// How many messages are in it.
        curmsgs: i64,
        /// Padding.
        rest: [i64; 4],
    }
    /// Resources used (`getrusage(2)`). Fields that Vitrine doesn't account are zero.
    Rusage = "struct rusage" {
        /// CPU time spent in user code.
        utime: Timeval,
        /// CPU time spent in the kernel.
        stime: Timeval,
        /// Largest resident set, in KiB.
        maxrss: i64,
        /// Not used, as on Linux.
        unused_memory: [i64; 3],
        /// Page faults served without I/O.
        minflt: i64,
        /// Page faults that needed I/O.
        majflt: i64,
        /// Not used, as on Linux.
        unused_io: [i64; 6],
        /// Switches because the thread blocked.
        nvcsw: i64,
        /// Switches because its quantum was used up.
        nivcsw: i64,
    }
    /// CPU times in clock ticks of 10 ms (`times(2)`).
    Tms = "struct tms" {
        /// User time of the process.
        utime: i64,
        /// System time of the process.
        stime: i64,
        /// User time of its reaped children.
        cutime: i64,
        /// System time of its reaped children.
        cstime: i64,
    }
    /// A soft and a hard limit (`prlimit(2)`).
    Rlimit = "struct rlimit64" {
        /// The limit in force; `u64::MAX` is none.
        cur: u64,
        /// How far `cur` may be raised.
        max: u64,
    }
    /// Figures about the whole system (`sysinfo(2)`).
    Sysinfo = "struct sysinfo" {
        /// Seconds since boot.
        uptime: i64,
        /// Load averages; Vitrine keeps none.
        loads: [u64; 3],
        /// Bytes of memory.
        totalram: u64,
        /// Bytes of memory not in use.
        freeram: u64,
        /// Bytes of memory in shared mappings.
        sharedram: u64,
        /// Bytes in buffers.
        bufferram: u64,
        /// Bytes of swap space.
        totalswap: u64,
        /// Bytes of swap space not in use.
        freeswap: u64,
        /// Processes, zombies included.
        procs: u16,
        /// Padding.
        pad: u16,
        /// Padding.
        pad2: u32,
        /// Bytes of high memory.
        totalhigh: u64,
        /// Bytes of high memory not in use.
        freehigh: u64,
        /// Bytes that the sizes above count.
        mem_unit: u32,
        /// Padding.
        pad3: u32,
    }
    /// Names of the system (`uname(2)`), each ended by a zero byte.
    Utsname = "struct utsname" {
        /// `Vitrine`.
        sysname: Name65,
        /// The machine's name.
        nodename: Name65,
        /// The release.
        release: Name65,
        /// The version.
        version: Name65,
        /// The hardware.
        machine: Name65,
        /// The domain.
        domainname: Name65,
    }
    /// What a signal brings along (`sigaction(2)`, "siginfo_t"), in the layout of the process-related codes.
    SigInfo = "siginfo_t" {
        /// The signal's number.
        signo: i32,
        /// Always 0.
        errno: i32,
        /// Why: one of the `SI_`, `CLD_`, `SEGV_` codes.
        code: i32,
        /// Padding.
        pad: i32,
        /// Sender or child; for faults the low half of the address.
        pid: i32,
        /// Sender's or child's real user id; for faults the high half of the address.
        uid: u32,
        /// `si_status` of a child, or the low half of a queued value.
        status: i32,
        /// The high half of a queued value.
        value_high: i32,
        /// User time of a child, without that of its own children, in clock ticks (`CLK_TCK` a second).
        utime: i64,
        /// System time of a child, likewise.
        stime: i64,
        /// Padding to 128 bytes.
        rest: [u64; 10],
    }
    /// What to do on a signal, as `rt_sigaction` takes it.
    SigAction = "struct sigaction" {
        /// 0 for `SIG_DFL`, 1 for `SIG_IGN`, else the handler's address.
        handler: u64,
        /// `SA_` flags.
        flags: u64,
        /// Signals blocked while the handler runs.
        mask: SignalSet,
    }
    /// An alternate signal stack (`sigaltstack(2)`).
    StackDescription = "stack_t" {
        /// Its lowest address.
        base: u64,
        /// `SS_` flags.
        flags: i32,
        /// Padding.
        pad: i32,
        /// Its bytes.
        size: u64,
    }
    /// How a new process is to be made by `spawn` (`posix_spawn(3)`).
    SpawnAction = "struct spawn_action" {
        /// One of the `SPAWN_` constants.
        op: u32,
        /// The descriptor to close, or to duplicate.
        fd: i32,
        /// For `SPAWN_DUP2`, where to.
        to: i32,
        /// Padding.
        pad: u32,
    }
    /// What is known of a file (`stat(3type)`), in the layout of the generic ABI.
    Stat = "struct stat" {
        /// Where it is: 1 for the tree of names, 2 for pipes without a name.
        dev: u64,
        /// Its number there.
        ino: u64,
        /// Its type and its mode: `S_` constants.
        mode: u32 => print_mode,
        /// How many names it has.
        nlink: u32,
        /// Its owner.
        uid: u32,
        /// Its group.
        gid: u32,
        /// Which device it is.
        rdev: u64,
        /// Padding.
        pad: u64,
        /// Its size in bytes.
        size: i64,
        /// Bytes that are best moved at once.
        blksize: i32,
        /// Padding.
        pad2: i32,
        /// Blocks of 512 bytes that it takes.
        blocks: i64,
        /// When it was read last.
        atim: Timespec,
        /// When its contents were changed last.
        mtim: Timespec,
        /// When anything of it was changed last.
        ctim: Timespec,
        /// Padding.
        unused: [u32; 2],
    }
    /// The fixed part of an entry of a directory (`getdents64`); its name follows, ended by a zero byte.
    DirectoryEntry = "struct linux_dirent64" {
        /// The number of what it names.
        ino: u64,
        /// The position behind it.
        off: i64,
        /// Bytes of the whole entry.
        reclen: u16,
        /// What it names: the type of its mode, shifted right by 12.
        kind: u8,
    }
    /// One process, as `processes` lists them for `ps`.
    ProcessInfo = "struct process_info" {
        /// Its process id.
        pid: i32,
        /// Its parent's process id, 0 for PID 1.
        ppid: i32,
        /// Its process group.
        pgid: i32,
        /// Its session.
        sid: i32,
        /// Its real user id.
        uid: u32,
        /// State as `ps` prints it: `R`, `S`, `T` or `Z`, as a character.
        state: u32,
        /// CPU time in user code, in microseconds.
        utime_us: u64,
        /// CPU time in the kernel, in microseconds.
        stime_us: u64,
        /// Pages mapped and present.
        resident_pages: u32,
        /// Open descriptors.
        open_fds: u32,
        /// Signals pending for the thread.
        pending: SignalSet,
        /// Signals pending for the process.
        shared_pending: SignalSet,
        /// Signals blocked.
        blocked: SignalSet,
        /// Signals ignored.
        ignored: SignalSet,
        /// Signals caught.
        caught: SignalSet,
        /// Its name, ended by a zero byte.
        name: [u8; 16],
    }
}

/// One field of [`Utsname`]: up to 64 bytes and a zero byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Name65([u8; 65]);

impl Name65 {
    /// The field with this text, cut after 64 bytes.
    pub fn new(text: &str) -> Name65 {
        let mut name = Name65::default();
        for (to, from) in name.0.iter_mut().take(64).zip(text.bytes()) {
            *to = from;
        }
        name
    }

    /// Its bytes without the end.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().copied().take_while(|&byte| byte != 0)
    }
}

/// Prints the flags of a message queue, as those of `open`; what doesn't fit into them as a number.
fn print_open_flags(flags: i64, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
    match u32::try_from(flags) {
        Ok(bits) => core::fmt::Debug::fmt(&OpenFlags::from_bits_retain(bits), f),
        Err(_) => write!(f, "{flags:#x}"),
    }
}

impl Default for Name65 {
    fn default() -> Self {
        Name65([0; 65])
    }
}

impl Layout for Name65 {
    const NAME: &'static str = "char[65]";
    const SIZE: usize = 65;
    fn store(&self, bytes: &mut [u8]) {
        self.0.store(bytes);
    }
    fn load(bytes: &[u8]) -> Self {
        Name65(Layout::load(bytes))
    }
    fn print(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.print(f)
    }
}

impl Timespec {
    /// This many microseconds.
    pub const fn from_us(us: u64) -> Timespec {
        Timespec { sec: (us / 1_000_000) as i64, nsec: (us % 1_000_000 * 1000) as i64 }
    }

    /// In microseconds, rounded up; `None` if it isn't a valid time (`EINVAL`). Times too long to count are cut.
    pub const fn to_us(self) -> Option<u64> {
        if self.sec < 0 || self.nsec < 0 || self.nsec >= 1_000_000_000 {
            return None;
        }
        Some((self.sec as u64).saturating_mul(1_000_000).saturating_add((self.nsec as u64).div_ceil(1000)))
    }
}

impl Timeval {
    /// This many microseconds.
    pub const fn from_us(us: u64) -> Timeval {
        Timeval { sec: (us / 1_000_000) as i64, usec: (us % 1_000_000) as i64 }
    }

    /// In microseconds; `None` if it isn't a valid time (`EINVAL`). Times too long to count are cut.
    pub const fn to_us(self) -> Option<u64> {
        if self.sec < 0 || self.usec < 0 || self.usec >= 1_000_000 {
            return None;
        }
        Some((self.sec as u64).saturating_mul(1_000_000).saturating_add(self.usec as u64))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;
    use crate::Structure;

    #[test]
    fn sizes_are_those_of_linux() {
        assert_eq!(Timespec::SIZE, 16);
        assert_eq!((Itimerspec::SIZE, Itimerval::SIZE, SigEvent::SIZE, MqAttr::SIZE), (32, 32, 64, 64));
        assert_eq!(Rusage::SIZE, 144);
        assert_eq!(Tms::SIZE, 32);
        assert_eq!(Sysinfo::SIZE, 112);
        assert_eq!(Utsname::SIZE, 390);
        assert_eq!(SigInfo::SIZE, 128);
        assert_eq!(SigAction::SIZE, 24);
        assert_eq!(Stat::SIZE, 128);
        assert_eq!(DirectoryEntry::SIZE, 19);
    }

    #[test]
    fn structures_print_without_their_padding() {
        let shown = |structure: Structure, bytes: &[u8]| structure.show(bytes).to_string();
        assert_eq!(shown(Structure::of::<[i32; 2]>(), &[3, 0, 0, 0, 4]), "[3, 4]");
        assert_eq!(shown(Structure::of::<SpawnAction>(), &[1, 0, 0, 0, 3]), "{op=1, fd=3, to=0}");
        let mut name = ProcessInfo { name: *b"ps\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ..Default::default() };
        name.blocked = SignalSet::of(crate::Signal::SIGINT) | SignalSet::of(crate::Signal::SIGTERM);
        let mut bytes = [0; ProcessInfo::SIZE];
        name.store(&mut bytes);
        let text = shown(Structure::of::<ProcessInfo>(), &bytes);
        assert!(text.contains("blocked=[SIGINT SIGTERM], ") && text.ends_with(", name=\"ps\"}"), "{text}");
    }

    #[test]
    fn times_round_up_and_bad_ones_are_refused() {
        assert_eq!(Timespec { sec: 1, nsec: 1 }.to_us(), Some(1_000_001));
        assert_eq!(Timespec { sec: 0, nsec: 1_000_000_000 }.to_us(), None);
        assert_eq!(Timespec { sec: -1, nsec: 0 }.to_us(), None);
        assert_eq!(Timespec { sec: i64::MAX, nsec: 0 }.to_us(), Some(u64::MAX));
    }
}
