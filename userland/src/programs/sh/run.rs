//! Lists: what runs after what, and what doesn't.

use alloc::boxed::Box;
use core::pin::Pin;

use super::expand;
use super::pipeline::{run_pipeline, start_background};
use super::state::Shell;
use super::syntax::{AndOr, Connector, List, Word};

/// What comes after a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// The one behind it.
    Next,
    /// What stands behind so many loops.
    Break(usize),
    /// The next round of the loop that is so many out.
    Continue(usize),
    /// Nothing more of what was typed: Ctrl+C.
    Interrupt,
}

/// Runs a list. It is boxed, because lists stand in commands and commands in lists.
pub(super) fn run_list<'a>(shell: &'a mut Shell, list: &'a List) -> Pin<Box<dyn Future<Output = Flow> + 'a>> {
    Box::pin(async move {
        for and_or in &list.items {
            if and_or.background {
                start_background(shell, and_or).await;
                continue;
            }
            let mut flow = run_and_or(shell, and_or).await;
            if shell.run_traps().await == Flow::Interrupt {
                flow = Flow::Interrupt;
            }
            if flow != Flow::Next {
                return flow;
            }
        }
        Flow::Next
    })
}

/// Runs pipelines joined by `&&` and `||`.
pub(super) async fn run_and_or(shell: &mut Shell, and_or: &AndOr) -> Flow {
    let mut flow = run_pipeline(shell, &and_or.first).await;
    for (connector, pipeline) in &and_or.rest {
        if flow != Flow::Next {
            break;
        }
        let succeeded = shell.parameters.status == 0;
        if succeeded == (*connector == Connector::And) {
            flow = run_pipeline(shell, pipeline).await;
        }
    }
    flow
}

/// Runs the body behind the first condition that holds.
pub(super) async fn run_if(shell: &mut Shell, clauses: &[(List, List)], otherwise: Option<&List>) -> Flow {
    for (condition, body) in clauses {
        let flow = run_list(shell, condition).await;
        if flow != Flow::Next {
            return flow;
        }
        if shell.parameters.status == 0 {
            return run_list(shell, body).await;
        }
    }
    shell.parameters.status = 0;
    match otherwise {
        Some(body) => run_list(shell, body).await,
        None => Flow::Next,
    }
}

/// Runs `while` and `until` loops.
pub(super) async fn run_loop(shell: &mut Shell, until: bool, condition: &List, body: &List) -> Flow {
    let mut status = 0;
    shell.loops += 1;
    let left = loop {
        if let Some(left) = after_round(run_list(shell, condition).await) {
            break left;
        }
        if (shell.parameters.status == 0) == until {
            shell.parameters.status = status;
            break Flow::Next;
        }
        if let Some(left) = after_round(run_list(shell, body).await) {
            break left;
        }
        status = shell.parameters.status;
    };
    shell.loops -= 1;
    left
}

/// Runs a `for` loop.
pub(super) async fn run_for(shell: &mut Shell, name: &[u8], words: Option<&[Word]>, body: &List) -> Flow {
    let values = match words {
        Some(words) => expand::fields(&shell.parameters, words),
        None => shell.parameters.positions.clone(),
    };
    shell.parameters.status = 0;
    shell.loops += 1;
    let mut left = Flow::Next;
    for value in values {
        shell.parameters.set(name, &value);
        if let Some(flow) = after_round(run_list(shell, body).await) {
            left = flow;
            break;
        }
    }
    shell.loops -= 1;
    left
}

/// What a loop is left with after a round that ended so; `None` if it goes on.
fn after_round(flow: Flow) -> Option<Flow> {
    match flow {
        Flow::Next | Flow::Continue(0 | 1) => None,
        Flow::Break(0 | 1) => Some(Flow::Next),
        Flow::Break(loops) => Some(Flow::Break(loops - 1)),
        Flow::Continue(loops) => Some(Flow::Continue(loops - 1)),
        Flow::Interrupt => Some(Flow::Interrupt),
    }
}
