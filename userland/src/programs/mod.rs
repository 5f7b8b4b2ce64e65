//! The programs, one file each, and the table that lists them.
//!
//! To add one: its file, a `mod` line, a row.

mod cat;
mod cow;
mod echo;
mod excerpt;
mod r#false;
mod forkbomb;
mod grep;
mod head;
mod init;
mod kill;
mod orphans;
mod ping;
mod preempt;
mod process_table;
mod ps;
mod pstree;
mod seq;
mod sh;
mod sleep;
mod sort;
mod tail;
mod tour;
mod tr;
mod r#true;
mod uniq;
mod wc;
mod yes;
mod zombies;

use crate::program::Program;

/// Every program of Vitrine.
pub static PROGRAMS: &[Program] = &[
    Program::leaf("cat", "concatenate inputs to standard output", &cat::main),
    Program::new("cow", "show copy-on-write", &cow::main),
    Program::leaf("echo", "print arguments", &echo::main),
    Program::leaf("false", "fail", &r#false::main),
    Program::new("forkbomb", "fork until the kernel refuses, then clean up", &forkbomb::main),
    Program::leaf("grep", "print lines that match a pattern", &grep::main),
    Program::leaf("head", "print the first lines or bytes", &head::main),
    Program::new("init", "run a program as PID 1's child, adopt and reap orphans", &init::main),
    Program::leaf("kill", "send signals", &kill::main),
    Program::new("orphans", "show who adopts orphans", &orphans::main),
    Program::new("ping", "bounce a byte between two processes", &ping::main),
    Program::new("preempt", "show that the timer makes processes take turns", &preempt::main),
    Program::leaf("ps", "list processes", &ps::main),
    Program::leaf("pstree", "show who is whose child", &pstree::main),
    Program::leaf("seq", "print a sequence of numbers", &seq::main),
    Program::new("sh", "run commands", &sh::main)
        .with_handlers(sh::pending::HANDLERS)
        .with_statics(sh::pending::STATIC_BYTES),
    Program::leaf("sleep", "wait for a time", &sleep::main),
    Program::leaf("sort", "sort lines", &sort::main),
    Program::leaf("tail", "print the last lines or bytes", &tail::main),
    Program::new("tour", "take a guided tour of the machine", &tour::main),
    Program::leaf("tr", "translate or delete characters", &tr::main),
    Program::leaf("true", "succeed", &r#true::main),
    Program::leaf("uniq", "merge repeated lines", &uniq::main),
    Program::leaf("wc", "count lines, words and bytes", &wc::main),
    Program::leaf("yes", "print a line for ever", &yes::main),
    Program::new("zombies", "show zombies, and how they are reaped", &zombies::main),
];

/// The program with this name.
pub fn find(name: &[u8]) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_listed_once_and_in_order() {
        assert!(PROGRAMS.is_sorted_by(|one, other| one.name < other.name));
        assert!(PROGRAMS.iter().all(|program| find(program.name.as_bytes()).is_some() && !program.summary.is_empty()));
    }
}
