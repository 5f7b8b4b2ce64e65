//! The programs, one file each, and the table that lists them.

mod cat;
mod echo;
mod excerpt;
mod r#false;
mod grep;
mod head;
mod seq;
mod sh;
mod sleep;
mod sort;
mod tail;
mod tr;
mod r#true;
mod uniq;
mod wc;
mod yes;

use crate::program::Program;

/// Every program of Vitrine.
pub static PROGRAMS: &[Program] = &[
    Program::leaf("cat", "concatenate inputs to standard output", &cat::main),
    Program::leaf("echo", "print arguments", &echo::main),
    Program::leaf("false", "fail", &r#false::main),
    Program::leaf("grep", "print lines that match a pattern", &grep::main),
    Program::leaf("head", "print the first lines or bytes", &head::main),
    Program::leaf("seq", "print a sequence of numbers", &seq::main),
    Program::new("sh", "run commands", &sh::main),
    Program::leaf("sleep", "wait for a time", &sleep::main),
    Program::leaf("sort", "sort lines", &sort::main),
    Program::leaf("tail", "print the last lines or bytes", &tail::main),
    Program::leaf("tr", "translate or delete characters", &tr::main),
    Program::leaf("true", "succeed", &r#true::main),
    Program::leaf("uniq", "merge repeated lines", &uniq::main),
    Program::leaf("wc", "count lines, words and bytes", &wc::main),
    Program::leaf("yes", "print a line for ever", &yes::main),
];

/// The program with this name.
pub fn find(name: &[u8]) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name.as_bytes() == name)
}
