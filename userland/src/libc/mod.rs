//! What a C library offers: buffered input and output, option parsing, numbers, texts of errors.
//!
//! | question | file |
//! | --- | --- |
//! | buffered input, lines | `reader.rs` |
//! | buffered output, `write_all` | `writer.rs` |
//! | the standard output of a filter, with its error messages | `output.rs` |
//! | names of files as operands | `operand.rs` |
//! | directories and paths | `directory.rs` |
//! | modes as people write them | `mode.rs` |
//! | `print!` | `print.rs` |
//! | messages on standard error (`perror`) | `message.rs` |
//! | a program's manual: usage line, options, `--help` | `manual.rs` |
//! | options and operands (`getopt(3)`) | `options.rs` |
//! | counts with suffixes, process ids | `number.rs` |
//! | editing a line on a terminal (`readline(3)`) | `line_editor/` |
//! | decimal fractions, exactly | `decimal.rs` |
//! | character classes (`ctype.h`) | `character.rs` |
//! | regular expressions (`regcomp(3)`) | `regex/` |
//! | waiting for a child, texts of its status | `child.rs` |
//! | sleeping through signals | `rest.rs` |
//! | `signal(3)`, `raise(3)`, `abort(3)` and their relatives | `signal.rs` |
//! | `alarm`, `ualarm` | `alarm.rs` |
//! | keys of System V IPC (`ftok(3)`) | `ftok.rs` |

mod alarm;
mod character;
mod child;
mod decimal;
mod directory;
mod ftok;
pub mod line_editor;
mod manual;
mod message;
mod mode;
mod number;
mod operand;
mod options;
mod output;
mod print;
mod reader;
mod regex;
mod rest;
mod signal;
mod writer;

pub use alarm::{alarm, ualarm};
pub use character::{Class, in_class};
pub use child::{describe, reap, run_program, run_program_after, wait_for};
pub use decimal::Decimal;
pub use directory::{basename, join, read_directory};
pub use ftok::ftok;
pub use manual::{Manual, Opt, Order, PLAIN};
pub use message::{complain, counted, perror, quote};
pub use mode::{parse_mode, show_mode};
pub use number::{NumberError, parse_count, parse_number};
pub use operand::{display_name, open_operand};
pub use options::{Given, Wrong, parse};
pub use output::Output;
pub use print::print_text;
pub use reader::Reader;
pub use regex::{Node, Regex, Searcher, Syntax, parse_pattern};
pub use rest::{sleep_through, sleep_us};
pub use signal::{
    abort, killpg, pause, psignal, raise, sighold, sigignore, signal, sigpause, sigrelse, sigset, sigwait, strsignal,
};
pub use writer::{Buffering, Writer, write_all};

/// Bytes that a program reads or writes at once.
pub const BUFFER_SIZE: usize = 64 * 1024;
/// Standard input.
pub const STDIN: abi::Fd = abi::Fd(0);
/// Standard output.
pub const STDOUT: abi::Fd = abi::Fd(1);
/// Standard error.
pub const STDERR: abi::Fd = abi::Fd(2);
