//! One command: assignments, redirections, and a builtin, a program or a list to run.

use alloc::format;
use alloc::vec::Vec;
use core::fmt::Display;

use abi::{Errno, FcntlCommand, Fd, OpenFlags};

use super::pipeline::{Plumbing, fork_child};
use super::run::{Flow, run_for, run_if, run_list, run_loop};
use super::state::Shell;
use super::syntax::{Assignment, Command, CommandKind, Redirection, Word};
use super::{MANUAL, builtin, expand};
use crate::libc::{complain, display_name};
use crate::sys::{Forked, Never};

impl Shell {
    /// Says what went wrong, and on which line.
    pub(super) async fn complain(&self, message: impl Display) {
        complain(self.sys, MANUAL.name, format_args!("line {}: {message}", self.line)).await;
    }
}

/// Runs a command in the shell itself, if it can run there, and else in a child that is waited for.
pub(super) async fn run(shell: &mut Shell, command: &Command) -> Flow {
    shell.line = command.line;
    match &command.kind {
        CommandKind::Simple { assignments, words } => run_simple(shell, command, assignments, words).await,
        CommandKind::Subshell(_) => run_child(shell, command).await,
        _ => match redirect_for_now(shell, &command.redirections).await {
            Ok(saved) => {
                let flow = run_compound(shell, &command.kind).await;
                restore(shell, saved).await;
                flow
            }
            Err(()) => Flow::Next,
        },
    }
}

/// Runs a command in a child that was forked for it.
pub(super) async fn run_in_child(shell: &mut Shell, command: &Command) -> Never {
    shell.line = command.line;
    if redirect(shell, &command.redirections).await.is_ok() {
        match &command.kind {
            CommandKind::Simple { assignments, words } => simple_in_child(shell, assignments, words).await,
            kind => {
                run_compound(shell, kind).await;
            }
        }
    }
    shell.leave().await
}

async fn run_compound(shell: &mut Shell, kind: &CommandKind) -> Flow {
    match kind {
        CommandKind::Subshell(list) | CommandKind::Group(list) => run_list(shell, list).await,
        CommandKind::If { clauses, otherwise } => run_if(shell, clauses, otherwise.as_ref()).await,
        CommandKind::Loop { until, condition, body } => run_loop(shell, *until, condition, body).await,
        CommandKind::For { name, words, body } => run_for(shell, name, words.as_deref(), body).await,
        CommandKind::Simple { .. } => Flow::Next,
    }
}

/// Runs a command in a child and waits for it.
async fn run_child(shell: &mut Shell, command: &Command) -> Flow {
    match fork_child(shell, Plumbing { group: shell.new_group(), ..Plumbing::default() }).await {
        Ok(Forked::Parent(child)) => {
            let job = shell.add_job(&[child], Vec::from([command.text.clone()]), false);
            return shell.wait_for_foreground(job).await;
        }
        Ok(Forked::Child) => match run_in_child(shell, command).await {},
        Err(errno) => {
            shell.complain(format_args!("cannot fork: {errno}")).await;
            shell.parameters.status = 2;
        }
    }
    Flow::Next
}

async fn run_simple(shell: &mut Shell, command: &Command, assignments: &[Assignment], words: &[Word]) -> Flow {
    let fields = expand::fields(&shell.parameters, words);
    let Some(name) = fields.first() else {
        // Assignments alone change the shell itself.
        assign(shell, assignments, false);
        shell.parameters.status = 0;
        if let Ok(saved) = redirect_for_now(shell, &command.redirections).await {
            restore(shell, saved).await;
        }
        return Flow::Next;
    };
    let Some(builtin) = builtin::find(name) else { return run_child(shell, command).await };
    if builtin == builtin::Builtin::Exec {
        // Its redirections stay.
        if redirect(shell, &command.redirections).await.is_ok() {
            assign(shell, assignments, true);
            return builtin::run(shell, builtin, &fields).await;
        }
        return not_redirected(shell, builtin).await;
    }
    let Ok(saved) = redirect_for_now(shell, &command.redirections).await else {
        return not_redirected(shell, builtin).await;
    };
    assign(shell, assignments, false);
    let flow = builtin::run(shell, builtin, &fields).await;
    restore(shell, saved).await;
    flow
}

/// A redirection of a builtin has failed. If it is a special one that ends a shell to which nobody types (POSIX.1-2024
/// XCU 2.8.1).
async fn not_redirected(shell: &mut Shell, builtin: builtin::Builtin) -> Flow {
    if builtin.is_special() && !shell.is_interactive() {
        match shell.leave().await {}
    }
    Flow::Next
}

async fn simple_in_child(shell: &mut Shell, assignments: &[Assignment], words: &[Word]) {
    let fields = expand::fields(&shell.parameters, words);
    assign(shell, assignments, true);
    let Some(name) = fields.first() else {
        shell.parameters.status = 0;
        return;
    };
    match builtin::find(name) {
        Some(builtin) => {
            builtin::run(shell, builtin, &fields).await;
        }
        None => execute(shell, &fields).await,
    }
}

/// Becomes another program. If it comes back, it has said why, and `$?` has too.
pub(super) async fn execute(shell: &mut Shell, fields: &[Vec<u8>]) {
    let argv: Vec<&[u8]> = fields.iter().map(|field| &field[..]).collect();
    let environment = shell.parameters.environment();
    let envp: Vec<&[u8]> = environment.iter().map(|entry| &entry[..]).collect();
    let errno = shell.sys.execve(argv[0], &argv, &envp).await;
    let name = display_name(argv[0]);
    let why = if errno == Errno::ENOENT { "not found".into() } else { format!("{errno}") };
    shell.complain(format_args!("{name}: {why}")).await;
    shell.parameters.status = if errno == Errno::ENOENT { 127 } else { 126 };
}

fn assign(shell: &mut Shell, assignments: &[Assignment], export: bool) {
    for Assignment { name, value } in assignments {
        let value = expand::text(&shell.parameters, value);
        shell.parameters.set(name, &value);
        if export {
            shell.parameters.export(name);
        }
    }
}

/// Redirects descriptors for good. If that fails, it has been said, and `$?` has it.
async fn redirect(shell: &mut Shell, redirections: &[Redirection]) -> Result<(), ()> {
    for redirection in redirections {
        let result = match redirection {
            &Redirection::Duplicate { fd, from } => shell.sys.dup2(from, fd).await.map_err(|errno| (from, errno)),
            // It may well be closed already.
            &Redirection::Close { fd } => {
                let _ = shell.sys.close(fd).await;
                Ok(fd)
            }
            Redirection::Open { fd, name, flags } => {
                let name = expand::text(&shell.parameters, name);
                match open_onto(shell, *fd, &name, *flags).await {
                    Ok(()) => continue,
                    Err(errno) => {
                        let what = if flags.contains(OpenFlags::O_CREAT) { "create" } else { "open" };
                        shell.complain(format_args!("cannot {what} {}: {errno}", display_name(&name))).await;
                        shell.parameters.status = 2;
                        return Err(());
                    }
                }
            }
        };
        if let Err((fd, errno)) = result {
            shell.complain(format_args!("{}: {errno}", fd.0)).await;
            shell.parameters.status = 2;
            return Err(());
        }
    }
    Ok(())
}

/// Opens what has a name, as this descriptor. A FIFO waits for its other end here; signals don't end that.
async fn open_onto(shell: &Shell, fd: Fd, name: &[u8], flags: OpenFlags) -> Result<(), Errno> {
    let opened = loop {
        match shell.sys.open(name, flags).await {
            Err(Errno::EINTR) => {}
            result => break result?,
        }
    };
    if opened != fd {
        let moved = shell.sys.dup2(opened, fd).await;
        let _ = shell.sys.close(opened).await;
        moved?;
    }
    Ok(())
}

/// Descriptors as they were before a redirection: where each was put aside, if it was open.
type Saved = Vec<(Fd, Option<Fd>)>;

/// The lowest descriptor that the shell uses for itself.
const OWN_FDS: u64 = 10;

/// Redirects descriptors, keeping what they were.
async fn redirect_for_now(shell: &mut Shell, redirections: &[Redirection]) -> Result<Saved, ()> {
    let mut saved = Saved::new();
    for redirection in redirections {
        let (Redirection::Duplicate { fd, .. } | Redirection::Close { fd } | Redirection::Open { fd, .. }) =
            *redirection;
        let aside = shell.sys.fcntl(fd, FcntlCommand::F_DUPFD_CLOEXEC, OWN_FDS).await;
        saved.push((fd, aside.ok().map(|fd| Fd(fd as i32))));
    }
    match redirect(shell, redirections).await {
        Ok(()) => Ok(saved),
        Err(()) => {
            restore(shell, saved).await;
            Err(())
        }
    }
}

/// Gives descriptors back what they were, in reverse order.
async fn restore(shell: &mut Shell, saved: Saved) {
    for (fd, aside) in saved.into_iter().rev() {
        match aside {
            Some(aside) => {
                let _ = shell.sys.dup2(aside, fd).await;
                let _ = shell.sys.close(aside).await;
            }
            None => {
                let _ = shell.sys.close(fd).await;
            }
        }
    }
}
