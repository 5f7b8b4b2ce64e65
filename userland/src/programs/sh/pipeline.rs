//! Pipelines: all processes are made before any of them is waited for, and nobody keeps an end of a pipe that isn't his, or
//! the reader would never see the end.

use alloc::format;
use alloc::vec::Vec;

use abi::{Errno, Fd, OpenFlags, Pid};

use super::command;
use super::run::Flow;
use super::state::Shell;
use super::syntax::{AndOr, Pipeline};
use crate::libc::{STDIN, STDOUT};
use crate::sys::{Forked, Sys};

/// What a child does with its descriptors before it begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Plumbing {
    /// Becomes its standard input.
    pub(super) input: Option<Fd>,
    /// Becomes its standard output.
    pub(super) output: Option<Fd>,
    /// The other end of that pipe, which isn't for it.
    pub(super) unused: Option<Fd>,
    /// Under job control: the process group that it joins, 0 for one of its own.
    pub(super) group: Option<Pid>,
    /// Nobody waits for it: without job control it gets nothing to read, and no signals from the keyboard.
    pub(super) background: bool,
}

/// Runs a pipeline and waits for it.
pub(super) async fn run_pipeline(shell: &mut Shell, pipeline: &Pipeline) -> Flow {
    let mut flow = Flow::Next;
    if let [command] = &pipeline.commands[..] {
        flow = command::run(shell, command).await;
    } else {
        let (children, failure) = start_pipeline(shell, pipeline, false).await;
        if !children.is_empty() {
            let job = shell.add_job(&children, pipeline.texts(), false);
            flow = shell.wait_for_foreground(job).await;
        }
        if failure.is_some() {
            shell.parameters.status = 2;
        }
    }
    if pipeline.negated && flow == Flow::Next {
        shell.parameters.status = i32::from(shell.parameters.status == 0);
    }
    flow
}

/// Starts an and-or list that nobody waits for.
pub(super) async fn start_background(shell: &mut Shell, and_or: &AndOr) {
    let mut children = Vec::new();
    let mut failure = None;
    let mut texts = and_or.first.texts();
    if and_or.rest.is_empty() && !and_or.first.negated {
        (children, failure) = start_pipeline(shell, &and_or.first, true).await;
    } else {
        texts = Vec::from([and_or.text()]);
        match fork_child(shell, Plumbing { background: true, group: shell.new_group(), ..Plumbing::default() }).await {
            Ok(Forked::Parent(child)) => children.push(child),
            Ok(Forked::Child) => {
                super::run::run_and_or(shell, and_or).await;
                match shell.leave().await {}
            }
            Err(errno) => {
                shell.complain(format_args!("cannot fork: {errno}")).await;
                failure = Some(errno);
            }
        }
    }
    if let Some(last) = children.last() {
        let job = shell.add_job(&children, texts, true);
        shell.parameters.last_background = Some(last.0);
        if shell.is_interactive() {
            shell.tell(format!("[{job}] {}\n", last.0).as_bytes()).await;
        }
    }
    shell.parameters.status = if failure.is_some() { 2 } else { 0 };
}

/// Makes all processes of a pipeline. If that fails in the middle, those that there are lose their pipes and end.
async fn start_pipeline(shell: &mut Shell, pipeline: &Pipeline, background: bool) -> (Vec<Pid>, Option<Errno>) {
    let sys = shell.sys;
    let mut children = Vec::new();
    let mut input = None;
    let mut failure = None;
    let mut group = shell.new_group();
    let last = pipeline.commands.len() - 1;
    for (index, command) in pipeline.commands.iter().enumerate() {
        let pipe = if index == last { Ok(None) } else { sys.pipe().await.map(Some) };
        let (read_end, write_end) = match pipe {
            Ok(ends) => ends.unzip(),
            Err(errno) => {
                shell.complain(format_args!("cannot make a pipe: {errno}")).await;
                failure = Some(errno);
                break;
            }
        };
        let plumbing = Plumbing { input, output: write_end, unused: read_end, group, background };
        let forked = fork_child(shell, plumbing).await;
        if let Ok(Forked::Child) = forked {
            command::run_in_child(shell, command).await;
        }
        for fd in [input, write_end].into_iter().flatten() {
            let _ = sys.close(fd).await;
        }
        input = read_end;
        match forked {
            Ok(Forked::Parent(child)) => {
                children.push(child);
                group = group.map(|group| if group == Pid(0) { child } else { group });
            }
            Ok(Forked::Child) => {}
            Err(errno) => {
                shell.complain(format_args!("cannot fork: {errno}")).await;
                failure = Some(errno);
                break;
            }
        }
    }
    if let Some(fd) = input {
        let _ = sys.close(fd).await;
    }
    (children, failure)
}

/// Forks; the child has its descriptors and its group where they belong, and no jobs and traps of its own yet.
///
/// # Errors
/// Those of `fork(2)`.
pub(super) async fn fork_child(shell: &mut Shell, plumbing: Plumbing) -> Result<Forked, Errno> {
    let sys = shell.sys;
    let mask = shell.hold_signals().await;
    let forked = sys.fork().await;
    match forked {
        Ok(Forked::Parent(child)) => shell.place_child(child, plumbing.group).await,
        Ok(Forked::Child) => {
            shell.begin_child(plumbing).await;
            if let Some(fd) = plumbing.unused {
                let _ = sys.close(fd).await;
            }
            if let Some(fd) = plumbing.input {
                move_fd(sys, fd, STDIN).await;
            }
            if let Some(fd) = plumbing.output {
                move_fd(sys, fd, STDOUT).await;
            }
            if plumbing.background && plumbing.group.is_none() && plumbing.input.is_none() {
                read_nothing(sys).await;
            }
        }
        Err(_) => {}
    }
    shell.release_signals(mask).await;
    forked
}

/// Makes `to` what `from` is, and closes `from`.
async fn move_fd(sys: Sys, from: Fd, to: Fd) {
    if from != to {
        let _ = sys.dup2(from, to).await;
        let _ = sys.close(from).await;
    }
}

/// `/dev/null` as standard input. If that can't be opened, there is none.
async fn read_nothing(sys: Sys) {
    match sys.open(b"/dev/null", OpenFlags::empty()).await {
        Ok(fd) => move_fd(sys, fd, STDIN).await,
        Err(_) => {
            let _ = sys.close(STDIN).await;
        }
    }
}
