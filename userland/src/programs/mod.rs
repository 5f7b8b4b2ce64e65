//! The programs, one file each, and the table that lists them.
//!
//! To add one: its file, a `mod` line, a row.

mod alarm;
mod cat;
mod chat;
mod chmod;
mod cleanup;
mod cow;
mod crash;
mod echo;
mod editor;
mod excerpt;
mod r#false;
mod forkbomb;
mod grep;
mod head;
mod increments;
mod init;
mod ipc_key;
mod ipcmk;
mod ipcrm;
mod ipcs;
mod jump;
mod kill;
mod ln;
mod lost_update;
mod lost_update_fixed;
mod ls;
mod mailbox;
mod matrix;
mod mkdir;
mod mkfifo;
mod mv;
mod orphans;
mod participants;
mod ping;
mod preempt;
mod process_table;
mod prodcons;
mod progress;
mod ps;
mod pstree;
mod pwd;
mod reaper;
mod rm;
mod rmdir;
mod seq;
mod sh;
mod sigdemo;
mod sleep;
mod sort;
mod stat;
mod stopwatch;
mod supervisor;
mod tail;
mod tee;
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
    Program::new("alarm", "have SIGALRM sent after a time", &alarm::main)
        .with_handlers(alarm::HANDLERS)
        .with_statics(alarm::STATICS),
    Program::leaf("cat", "concatenate inputs to standard output", &cat::main),
    Program::new("chat", "let two processes talk through two queues", &chat::main),
    Program::leaf("chmod", "change modes", &chmod::main),
    Program::new("cleanup", "write what was gathered when told to end", &cleanup::main)
        .with_handlers(cleanup::HANDLERS)
        .with_statics(cleanup::STATICS),
    Program::new("cow", "show copy-on-write", &cow::main),
    Program::new("crash", "end by a fault", &crash::main).with_statics(crash::STATICS),
    Program::leaf("echo", "print arguments", &echo::main),
    Program::new("editor", "keep lines, and ask before quitting", &editor::main)
        .with_handlers(editor::HANDLERS)
        .with_statics(editor::STATICS),
    Program::leaf("false", "fail", &r#false::main),
    Program::new("forkbomb", "fork until the kernel refuses, then clean up", &forkbomb::main),
    Program::leaf("grep", "print lines that match a pattern", &grep::main),
    Program::leaf("head", "print the first lines or bytes", &head::main),
    Program::new("init", "run a program as PID 1's child, adopt and reap orphans", &init::main),
    Program::leaf("ipcmk", "make System V IPC objects", &ipcmk::main),
    Program::leaf("ipcrm", "remove System V IPC objects", &ipcrm::main),
    Program::leaf("ipcs", "list System V IPC objects", &ipcs::main),
    Program::new("jump", "show setjmp and longjmp", &jump::main)
        .with_handlers(jump::HANDLERS)
        .with_statics(jump::STATICS),
    Program::leaf("kill", "send signals", &kill::main),
    Program::leaf("ln", "give files more names", &ln::main),
    Program::new("lost-update", "lose updates of a word that processes share", &lost_update::main),
    Program::new("lost-update-fixed", "update a word that processes share, and lose nothing", &lost_update_fixed::main),
    Program::leaf("ls", "list directories", &ls::main),
    Program::new("mailbox", "send texts to mailboxes, and receive them", &mailbox::main),
    Program::new("matrix", "multiply matrices in shared memory", &matrix::main),
    Program::leaf("mkdir", "make directories", &mkdir::main),
    Program::leaf("mkfifo", "make named pipes", &mkfifo::main),
    Program::leaf("mv", "rename files", &mv::main),
    Program::new("orphans", "show who adopts orphans", &orphans::main),
    Program::new("ping", "bounce a byte between two processes", &ping::main),
    Program::new("preempt", "show that the timer makes processes take turns", &preempt::main),
    Program::new("prodcons", "pass numbers from a producer to a consumer, in four ways", &prodcons::main),
    Program::new("progress", "show how far a child is, by signals", &progress::main)
        .with_handlers(progress::HANDLERS)
        .with_statics(progress::STATICS),
    Program::leaf("ps", "list processes", &ps::main),
    Program::leaf("pstree", "show who is whose child", &pstree::main),
    Program::leaf("pwd", "print the working directory", &pwd::main),
    Program::new("reaper", "reap children in a handler of SIGCHLD", &reaper::main)
        .with_handlers(reaper::HANDLERS)
        .with_statics(reaper::STATICS),
    Program::leaf("rm", "remove files", &rm::main),
    Program::leaf("rmdir", "remove empty directories", &rmdir::main),
    Program::leaf("seq", "print a sequence of numbers", &seq::main),
    Program::new("sh", "run commands", &sh::main)
        .with_handlers(sh::pending::HANDLERS)
        .with_statics(sh::pending::STATIC_BYTES),
    Program::new("sigdemo", "show every path of a signal", &sigdemo::main).with_handlers(sigdemo::HANDLERS),
    Program::leaf("sleep", "wait for a time", &sleep::main),
    Program::leaf("sort", "sort lines", &sort::main),
    Program::leaf("stat", "show what is known of files", &stat::main),
    Program::new("stopwatch", "show the time that passes", &stopwatch::main),
    Program::new("supervisor", "keep workers running, by signals", &supervisor::main),
    Program::leaf("tail", "print the last lines or bytes", &tail::main),
    Program::leaf("tee", "copy standard input to files and standard output", &tee::main),
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
