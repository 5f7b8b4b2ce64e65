//! Calls that wait for each other. The models of pipes, queues, messages and semaphores share this: it looks for an order in
//! which what was seen can have happened.
//!
//! The rules are those of waiting everywhere: whoever has waited longest in a queue goes first, a call that can go on does,
//! and nobody leaves without a reason. So a lost wake-up is a call that still waits though it could go on, and an answer
//! out of nowhere is one that no order explains.

use std::collections::BTreeMap;

use super::record::{Answer, Name, Step};

/// What came of trying a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Tried {
    /// It is over.
    Done(Answer),
    /// It did something, and isn't over.
    Advanced,
    /// It can do nothing now.
    Waits,
}

/// How a call comes to be tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It was just made.
    New,
    /// It sleeps, and looks whether it can go on.
    Asleep,
    /// Something else woke it (`signal(7)`, "Interruption of system calls"), and it is made again from its beginning.
    Again,
}

/// Where calls wait for each other.
pub trait Domain: Clone {
    /// A call under way.
    type Call: Clone;

    /// Tries a call. One that sleeps and goes on sleeping changes nothing; one that is made enters its queue.
    fn attempt(&mut self, who: Name, call: &mut Self::Call, stage: Stage) -> Tried;

    /// The queue in which it waits: calls in one queue are served first come, first served.
    fn queue(&self, call: &Self::Call) -> (usize, u8);

    /// What a call that sleeps may fail with, or not: nobody need look at it.
    fn may_give(&self, who: Name, call: &Self::Call) -> Option<Answer> {
        let _ = (who, call);
        None
    }

    /// Something else than what it waits for takes it out of its queue. This is what it gives if it isn't made again.
    fn leave(&mut self, who: Name, call: &Self::Call) -> Answer {
        let _ = (who, call);
        Answer::error("EINTR")
    }
}

#[derive(Clone)]
struct Waiter<C> {
    who: Name,
    call: C,
    stage: Stage,
    /// What it gives instead of being made again.
    interrupted: Option<Answer>,
    /// When it came; several that were disturbed at once came at the same time, in an order that nobody knows.
    since: u64,
}

/// The calls that wait, in the order of their coming.
#[derive(Clone)]
pub struct Waiters<D: Domain> {
    list: Vec<Waiter<D::Call>>,
    now: u64,
}

impl<D: Domain> Default for Waiters<D> {
    fn default() -> Waiters<D> {
        Waiters { list: Vec::new(), now: 0 }
    }
}

impl<D: Domain> Waiters<D> {
    /// Who waits in which call, the longest first. Those that are stopped too.
    pub fn iter(&self) -> impl Iterator<Item = (Name, &D::Call)> {
        self.list.iter().map(|waiter| (waiter.who, &waiter.call))
    }

    /// The call of a process.
    pub fn of(&self, who: Name) -> Option<&D::Call> {
        self.iter().find(|(name, _)| *name == who).map(|(_, call)| call)
    }

    /// The first of those that are meant goes to the end of its queue. If nobody knows who that is, nobody knows their order then.
    pub fn send_last(&mut self, which: impl Fn(Name, &D::Call) -> bool) {
        self.now += 1;
        let now = self.now;
        let meant = || self.list.iter().filter(|waiter| which(waiter.who, &waiter.call)).map(|waiter| waiter.since);
        let Some(first) = meant().min() else { return };
        let is_known = meant().filter(|since| *since == first).count() == 1;
        for waiter in self.list.iter_mut().filter(|waiter| which(waiter.who, &waiter.call)) {
            if !is_known || waiter.since == first {
                waiter.since = now;
            }
        }
    }

    /// These come to their queues anew, in an order that nobody knows.
    pub fn mix(&mut self, which: impl Fn(&D::Call) -> bool) {
        self.now += 1;
        self.list.iter_mut().filter(|waiter| which(&waiter.call)).for_each(|waiter| waiter.since = self.now);
    }

    /// Finds an order in which the calls of this domain can have ended as they were seen to, the caller's new one first.
    ///
    /// # Errors
    /// What was expected instead, in the most natural order.
    pub fn explain(&mut self, domain: &mut D, step: &Step<'_>, new: Option<D::Call>) -> Result<(), String> {
        self.now += 1;
        let now = self.now;
        self.list.retain(|waiter| {
            let lives = step.after.lives(waiter.who);
            if !lives && waiter.stage != Stage::Again {
                domain.leave(waiter.who, &waiter.call);
            }
            lives
        });
        for waiter in &mut self.list {
            if step.disturbed(waiter.who) {
                if waiter.stage != Stage::Again {
                    waiter.interrupted = Some(domain.leave(waiter.who, &waiter.call));
                }
                (waiter.since, waiter.stage) = (now, Stage::Again);
            }
        }
        self.list.sort_by_key(|waiter| waiter.since);
        let mut answers = step.answers();
        answers.retain(|who, _| {
            self.list.iter().any(|waiter| waiter.who == *who) || (*who == step.caller && new.is_some())
        });
        if let Some(mut call) = new {
            match domain.attempt(step.caller, &mut call, Stage::New) {
                Tried::Done(expected) => match answers.remove(&step.caller) {
                    Some(seen) if seen == expected => {}
                    Some(seen) => return Err(format!("{} gives {expected}, not {seen}", step.operation)),
                    None => return Err(format!("{} gives {expected}, and doesn't wait", step.operation)),
                },
                Tried::Advanced | Tried::Waits => {
                    self.now += 1;
                    self.list.push(Waiter {
                        who: step.caller,
                        call,
                        stage: Stage::Asleep,
                        interrupted: None,
                        since: self.now,
                    });
                }
            }
        }
        let (found, waiters) = search(domain, self.list.clone(), &answers, step)?;
        (*domain, self.list) = (found, waiters);
        self.now = self.list.iter().map(|waiter| waiter.since).fold(self.now, u64::max);
        Ok(())
    }
}

/// Where an order of calls leads to: the domain, and those who still wait.
type Found<D> = (D, Vec<Waiter<<D as Domain>::Call>>);

/// A way to go on from here until all is quiet, such that everybody who answered did so rightly.
fn search<D: Domain>(
    domain: &D,
    waiters: Vec<Waiter<D::Call>>,
    answers: &BTreeMap<Name, Answer>,
    step: &Step<'_>,
) -> Result<Found<D>, String> {
    let mut failure = None;
    let mut is_quiet = true;
    for (index, waiter) in waiters.iter().enumerate() {
        let Some(seen) = answers.get(&waiter.who) else { continue };
        let fails =
            || waiter.stage == Stage::Asleep && domain.may_give(waiter.who, &waiter.call).as_ref() == Some(seen);
        if waiter.interrupted.as_ref() == Some(seen) || fails() {
            match search(domain, without(&waiters, index), &but(answers, waiter.who), step) {
                Ok(found) => return Ok(found),
                Err(why) => failure = failure.or(Some(why)),
            }
        }
    }
    let mut ready: Vec<usize> = Vec::new();
    for (index, waiter) in waiters.iter().enumerate() {
        let queue = domain.queue(&waiter.call);
        let is_behind = |other: &&usize| {
            let other = &waiters[**other];
            domain.queue(&other.call) == queue && other.since < waiter.since
        };
        if step.after.is_stopped(waiter.who) || ready.iter().find(is_behind).is_some() {
            continue;
        }
        let (mut next, mut changed) = (domain.clone(), waiter.clone());
        let tried = next.attempt(waiter.who, &mut changed.call, waiter.stage);
        if tried == Tried::Waits && waiter.stage == Stage::Asleep {
            continue;
        }
        ready.push(index);
        is_quiet = false;
        let found = match tried {
            Tried::Done(expected) => match answers.get(&waiter.who) {
                Some(seen) if *seen == expected => {
                    search(&next, without(&waiters, index), &but(answers, waiter.who), step)
                }
                Some(seen) => Err(format!("the call of {} gives {expected}, not {seen}", waiter.who)),
                None => Err(format!("the call of {} gives {expected}, and doesn't go on waiting", waiter.who)),
            },
            _ => {
                // It goes to the end of its queue. Of several that were disturbed at once nobody knows who got there first.
                let mut others = without(&waiters, index);
                (changed.stage, changed.interrupted) = (Stage::Asleep, None);
                let last = others.iter().map(|other| other.since).max().unwrap_or(0).max(changed.since);
                let is_mixed = tried == Tried::Waits;
                changed.since = if is_mixed { last } else { last + 1 };
                others.push(changed);
                search(&next, others, answers, step)
            }
        };
        match found {
            Ok(found) => return Ok(found),
            Err(why) => failure = failure.or(Some(why)),
        }
    }
    match (answers.iter().next(), failure) {
        (None, None) if is_quiet => Ok((domain.clone(), waiters)),
        (Some((who, seen)), None) => Err(format!("the call of {who} goes on waiting, and doesn't give {seen}")),
        (_, failure) => Err(failure.unwrap_or_default()),
    }
}

fn without<C: Clone>(waiters: &[Waiter<C>], index: usize) -> Vec<Waiter<C>> {
    let mut others = waiters.to_vec();
    others.remove(index);
    others
}

fn but(answers: &BTreeMap<Name, Answer>, who: Name) -> BTreeMap<Name, Answer> {
    let mut others = answers.clone();
    others.remove(&who);
    others
}
