//! The frame of a model whose calls wait for each other: a call begins, is attempted, and waits or ends (`waiting.rs`). What is its own
//! in the model of pipes, of queues, of messages, of semaphores is only what a call is, and what it does to what it is about.

use super::judge::{Disagreement, Model, expect_answer};
use super::record::{Answer, Step};
use super::waiting::{Domain, Waiters};

/// What an operation comes to before anybody can wait.
pub(super) enum Begun<C> {
    /// It is this call, which can be attempted.
    Call(C),
    /// It is over, with this answer.
    Over(Answer),
    /// It isn't of this domain.
    Foreign,
}

impl<C> Begun<C> {
    /// A call, or the error with which it fails at once.
    pub(super) fn of(call: Result<C, &'static str>) -> Begun<C> {
        call.map_or_else(|name| Begun::Over(Answer::error(name)), Begun::Call)
    }
}

/// A model of this frame.
pub(super) trait Exchange: Send {
    /// What its calls are about.
    type Domain: Domain;

    /// The page of the calls that never wait.
    const CONTROL_PAGE: &'static str;
    /// The page of those that can.
    const PAGE: &'static str;

    /// What an operation comes to. What it does at once is done.
    fn begin(&mut self, step: &Step<'_>) -> Begun<<Self::Domain as Domain>::Call>;

    /// Follows what else an operation has done, after that.
    fn follow(&mut self, step: &Step<'_>) {
        let _ = step;
    }

    /// What the calls are about, and those that wait.
    fn parts(&mut self) -> (&mut Self::Domain, &mut Waiters<Self::Domain>);
}

impl<E: Exchange> Model for E {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        let new = match self.begin(step) {
            Begun::Call(call) => Some(call),
            Begun::Over(expected) => {
                expect_answer(step, &expected, E::CONTROL_PAGE)?;
                None
            }
            Begun::Foreign => None,
        };
        self.follow(step);
        let (domain, waiters) = self.parts();
        waiters.explain(domain, step, new).map_err(|why| Disagreement::new(E::PAGE, why))
    }
}
