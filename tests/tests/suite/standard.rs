//! The table of `signal(7)`: numbers, names and default actions of the standard signals.

use abi::DefaultAction::{self, Continue, Core, Ignore, Stop, Terminate};
use abi::Signal;

/// As the page has it, columns "x86/ARM, most others" and "Action".
const PAGE: [(&str, u8, DefaultAction); 31] = [
    ("SIGHUP", 1, Terminate),
    ("SIGINT", 2, Terminate),
    ("SIGQUIT", 3, Core),
    ("SIGILL", 4, Core),
    ("SIGTRAP", 5, Core),
    ("SIGABRT", 6, Core),
    ("SIGBUS", 7, Core),
    ("SIGFPE", 8, Core),
    ("SIGKILL", 9, Terminate),
    ("SIGUSR1", 10, Terminate),
    ("SIGSEGV", 11, Core),
    ("SIGUSR2", 12, Terminate),
    ("SIGPIPE", 13, Terminate),
    ("SIGALRM", 14, Terminate),
    ("SIGTERM", 15, Terminate),
    ("SIGSTKFLT", 16, Terminate),
    ("SIGCHLD", 17, Ignore),
    ("SIGCONT", 18, Continue),
    ("SIGSTOP", 19, Stop),
    ("SIGTSTP", 20, Stop),
    ("SIGTTIN", 21, Stop),
    ("SIGTTOU", 22, Stop),
    ("SIGURG", 23, Ignore),
    ("SIGXCPU", 24, Core),
    ("SIGXFSZ", 25, Core),
    ("SIGVTALRM", 26, Terminate),
    ("SIGPROF", 27, Terminate),
    ("SIGWINCH", 28, Ignore),
    ("SIGIO", 29, Terminate),
    ("SIGPWR", 30, Terminate),
    ("SIGSYS", 31, Core),
];

/// That these actions are what happens is tested in `kill.rs`.
#[test]
fn numbers_and_default_actions_are_those_of_the_page() {
    for (name, number, action) in PAGE {
        let signal = Signal::from_name(name).unwrap_or_else(|| panic!("there is no {name}"));
        assert_eq!((signal.number(), signal.name(), signal.default_action()), (number, Some(name), action));
        assert!(!signal.is_realtime());
    }
}

#[test]
fn synonyms_name_the_same_signal() {
    assert_eq!([Signal::SIGIOT, Signal::SIGCLD, Signal::SIGPOLL], [Signal::SIGABRT, Signal::SIGCHLD, Signal::SIGIO]);
    for (synonym, signal) in [("IOT", Signal::SIGABRT), ("SIGCLD", Signal::SIGCHLD), ("POLL", Signal::SIGIO)] {
        assert_eq!(Signal::from_name(synonym), Some(signal));
    }
    assert_eq!(Signal::SIGABRT.name(), Some("SIGABRT"));
}
