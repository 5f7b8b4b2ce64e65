//! Signal numbers, their default actions, and sets of them (`signal(7)`).

use core::fmt;

/// A signal number, 1 to 64; 32 to 64 are the real-time signals.
///
/// ```
/// use abi::{Signal, DefaultAction};
/// assert_eq!(Signal::SIGTSTP.default_action(), DefaultAction::Stop);
/// assert_eq!(Signal::new(65), None);
/// assert_eq!(Signal::SIGKILL.name(), Some("SIGKILL"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Signal(u8);

/// What a signal does to a process that neither catches nor ignores it (`signal(7)`, "Standard signals").
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DefaultAction {
    /// Terminate the process.
    Terminate,
    /// Terminate the process with a core image.
    Core,
    /// Stop the process.
    Stop,
    /// Continue the process if it is stopped.
    Continue,
    /// Nothing.
    Ignore,
}

macro_rules! signals {
    ($($name:ident = $number:literal $action:ident $text:literal;)*) => {
        impl Signal {
            $(#[doc = $text] pub const $name: Signal = Signal($number);)*

            /// What happens by default.
            pub const fn default_action(self) -> DefaultAction {
                match self.0 { $($number => DefaultAction::$action,)* _ => DefaultAction::Terminate }
            }

            /// The name of a standard signal; real-time signals have none.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some(stringify!($name)),)* _ => None }
            }

            /// The text of `strsignal(3)`.
            pub const fn text(self) -> &'static str {
                match self.0 { $($number => $text,)* _ => "Real-time signal" }
            }

            /// The standard signal with this name, with or without its `SIG`, in capitals.
            pub fn from_name(name: &str) -> Option<Signal> {
                $(if name == stringify!($name) || stringify!($name).strip_prefix("SIG") == Some(name) {
                    return Some(Signal($number));
                })*
                match name {
                    "SIGIOT" | "IOT" => Some(Signal::SIGIOT),
                    "SIGCLD" | "CLD" => Some(Signal::SIGCLD),
                    "SIGPOLL" | "POLL" => Some(Signal::SIGPOLL),
                    _ => None,
                }
            }
        }
    };
}

signals! {
    SIGHUP = 1 Terminate "Hangup";
    SIGINT = 2 Terminate "Interrupt";
    SIGQUIT = 3 Core "Quit";
    SIGILL = 4 Core "Illegal instruction";
    SIGTRAP = 5 Core "Trace/breakpoint trap";
    SIGABRT = 6 Core "Aborted";
    SIGBUS = 7 Core "Bus error";
    SIGFPE = 8 Core "Floating point exception";
    SIGKILL = 9 Terminate "Killed";
    SIGUSR1 = 10 Terminate "User defined signal 1";
    SIGSEGV = 11 Core "Segmentation fault";
    SIGUSR2 = 12 Terminate "User defined signal 2";
    SIGPIPE = 13 Terminate "Broken pipe";
    SIGALRM = 14 Terminate "Alarm clock";
    SIGTERM = 15 Terminate "Terminated";
    SIGSTKFLT = 16 Terminate "Stack fault";
    SIGCHLD = 17 Ignore "Child exited";
    SIGCONT = 18 Continue "Continued";
    SIGSTOP = 19 Stop "Stopped (signal)";
    SIGTSTP = 20 Stop "Stopped";
    SIGTTIN = 21 Stop "Stopped (tty input)";
    SIGTTOU = 22 Stop "Stopped (tty output)";
    SIGURG = 23 Ignore "Urgent I/O condition";
    SIGXCPU = 24 Core "CPU time limit exceeded";
    SIGXFSZ = 25 Core "File size limit exceeded";
    SIGVTALRM = 26 Terminate "Virtual timer expired";
    SIGPROF = 27 Terminate "Profiling timer expired";
    SIGWINCH = 28 Ignore "Window changed";
    SIGIO = 29 Terminate "I/O possible";
    SIGPWR = 30 Terminate "Power failure";
    SIGSYS = 31 Core "Bad system call";
}

impl Signal {
    /// Another name of SIGABRT.
    pub const SIGIOT: Signal = Signal::SIGABRT;
    /// Another name of SIGCHLD.
    pub const SIGCLD: Signal = Signal::SIGCHLD;
    /// Another name of SIGIO.
    pub const SIGPOLL: Signal = Signal::SIGIO;
    /// The highest signal number.
    pub const MAX: u8 = 64;
    /// The first real-time signal.
    pub const RT_MIN: u8 = 32;

    /// The signal with this number, if there is one.
    pub const fn new(number: i64) -> Option<Signal> {
        if number >= 1 && number <= Signal::MAX as i64 { Some(Signal(number as u8)) } else { None }
    }

    /// Its number, 1 to 64.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether it is a real-time signal: queued, and never coalesced.
    pub const fn is_realtime(self) -> bool {
        self.0 >= Signal::RT_MIN
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "SIGRT{}", self.0),
        }
    }
}

/// A set of signals, laid out as the 64-bit `sigset_t` of the kernel: signal n is bit n - 1.
///
/// ```
/// use abi::{Signal, SignalSet};
/// let set = SignalSet::of(Signal::SIGINT) | SignalSet::of(Signal::SIGTERM);
/// assert!(set.has(Signal::SIGTERM));
/// assert_eq!(set.lowest(), Some(Signal::SIGINT));
/// assert_eq!(set.signals().count(), 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SignalSet(u64);

bitflags::bitflags! {
    impl SignalSet: u64 {
        const _ = !0;
    }
}

impl SignalSet {
    /// SIGKILL and SIGSTOP: never blocked, ignored or caught.
    pub const UNBLOCKABLE: SignalSet = SignalSet::of(Signal::SIGKILL).union(SignalSet::of(Signal::SIGSTOP));
    /// The signals that stop a process by default. Generating SIGCONT discards them.
    pub const STOPS: SignalSet = SignalSet::of(Signal::SIGSTOP)
        .union(SignalSet::of(Signal::SIGTSTP))
        .union(SignalSet::of(Signal::SIGTTIN))
        .union(SignalSet::of(Signal::SIGTTOU));
    /// The signals a fault raises; of several that are deliverable they go first.
    pub const SYNCHRONOUS: SignalSet = SignalSet::of(Signal::SIGSEGV)
        .union(SignalSet::of(Signal::SIGBUS))
        .union(SignalSet::of(Signal::SIGILL))
        .union(SignalSet::of(Signal::SIGTRAP))
        .union(SignalSet::of(Signal::SIGFPE))
        .union(SignalSet::of(Signal::SIGSYS));

    /// The set with just this signal.
    pub const fn of(signal: Signal) -> SignalSet {
        SignalSet(1 << ((signal.0 - 1) & 63))
    }

    /// Whether `signal` is in it.
    pub const fn has(self, signal: Signal) -> bool {
        self.0 & SignalSet::of(signal).0 != 0
    }

    /// The signal with the lowest number in it.
    pub const fn lowest(self) -> Option<Signal> {
        if self.0 == 0 { None } else { Some(Signal(self.0.trailing_zeros() as u8 + 1)) }
    }

    /// Its signals in ascending order.
    pub fn signals(self) -> impl Iterator<Item = Signal> {
        (1..=Signal::MAX).map(Signal).filter(move |&signal| self.has(signal))
    }
}

impl fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.signals()).finish()
    }
}
