//! System V semaphores: semget(2), semop(2), semctl(2).
//!
//! A call has up to several operations on a set: all are done, or none. It waits at the first that can't be done. What a
//! process did with `SEM_UNDO` is taken back when it ends.

use std::collections::BTreeMap;

use serde_json::Value;

use super::exchange::{Begun, Exchange};
use super::identifiers::{Got, Objects};
use super::record::{Answer, Name, Step};
use super::waiting::{Domain, Stage, Tried, Waiters};

/// semget(2), "SEMMSL": the most semaphores of a set.
const MOST: i64 = 32_000;
/// semop(2), "SEMVMX": the highest value.
const HIGHEST: i64 = 32_767;

#[derive(Clone)]
struct Set {
    values: Vec<i64>,
    /// Who last changed each, or waited for it.
    last: Vec<Option<Name>>,
    /// What is to be added when a process ends.
    undo: BTreeMap<(Name, usize), i64>,
}

#[derive(Clone, Copy)]
struct Operation {
    number: usize,
    amount: i64,
    no_wait: bool,
    undo: bool,
}

#[derive(Clone)]
pub(super) struct Call {
    set: usize,
    operations: Vec<Operation>,
}

impl Call {
    fn is_for_zeros(&self) -> bool {
        self.operations.iter().all(|operation| operation.amount == 0)
    }
}

/// How far the operations of a call can be done.
enum Doable {
    /// All of them.
    All,
    /// Up to this one, which has to wait.
    Before(Operation),
    /// They never can.
    Never(&'static str),
}

impl Set {
    /// Does all operations, or none.
    fn perform(&mut self, who: Name, operations: &[Operation]) -> Doable {
        let mut next = self.clone();
        for operation in operations {
            let Operation { number, amount, undo, .. } = *operation;
            // EFBIG is found before: every number is one of the set.
            let value = next.values[number] + amount;
            // semop(2): "If sem_op is zero, ... if semval is zero, the operation can immediately proceed"; "less than zero:
            // if semval is greater than or equal to the absolute value of sem_op, the operation can proceed".
            if value < 0 || amount == 0 && value != 0 {
                return Doable::Before(*operation);
            }
            if value > HIGHEST {
                return Doable::Never("ERANGE");
            }
            if undo {
                let adjustment = next.undo.entry((who, number)).or_insert(0);
                *adjustment -= amount;
                // semop(2), "SEMAEM": an adjustment is a 16-bit number.
                if i16::try_from(*adjustment).is_err() {
                    return Doable::Never("ERANGE");
                }
            }
            next.values[number] = value;
            next.last[number] = Some(who);
        }
        *self = next;
        Doable::All
    }

    /// semop(2): "When the process terminates, the kernel adds the adjustment to semval"; a value never leaves its range.
    fn take_back(&mut self, who: Name) {
        let (own, others) = std::mem::take(&mut self.undo).into_iter().partition(|((process, _), _)| *process == who);
        self.undo = others;
        let own: BTreeMap<(Name, usize), i64> = own;
        for ((_, number), adjustment) in own {
            if adjustment != 0 {
                self.values[number] = (self.values[number] + adjustment).clamp(0, HIGHEST);
                self.last[number] = Some(who);
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct Sets(Objects<Set>);

impl Domain for Sets {
    type Call = Call;

    fn attempt(&mut self, who: Name, call: &mut Call, stage: Stage) -> Tried {
        let failed = |name| Tried::Done(Answer::error(name));
        let Some(set) = self.0.get_mut(call.set) else {
            return failed(if stage == Stage::New { "EINVAL" } else { "EIDRM" });
        };
        if call.operations.iter().any(|operation| operation.number >= set.values.len()) {
            return failed("EFBIG");
        }
        match set.perform(who, &call.operations) {
            Doable::All => Tried::Done(Answer::value(0)),
            // See `may_give`.
            Doable::Before(operation) if operation.no_wait && stage == Stage::Asleep && call.is_for_zeros() => {
                Tried::Waits
            }
            Doable::Before(operation) if operation.no_wait => failed("EAGAIN"),
            Doable::Before(_) => Tried::Waits,
            Doable::Never(name) => failed(name),
        }
    }

    /// Who waits for zeros alone is looked at again when one of the set is zero (`do_smart_wakeup_zero`): until then one before may have
    /// risen for which it may not wait.
    fn may_give(&self, who: Name, call: &Call) -> Option<Answer> {
        let stands = self.0.get(call.set)?.clone().perform(who, &call.operations);
        let fails = matches!(stands, Doable::Before(operation) if operation.no_wait) && call.is_for_zeros();
        fails.then(|| Answer::error("EAGAIN"))
    }

    /// Those that change nothing are in nobody's way.
    fn queue(&self, call: &Call) -> (usize, u8) {
        (call.set, u8::from(call.operations.iter().any(|operation| operation.amount != 0)))
    }
}

/// The model.
pub struct Semaphores {
    sets: Sets,
    waiters: Waiters<Sets>,
}

impl Default for Semaphores {
    fn default() -> Semaphores {
        Semaphores { sets: Sets(Objects::new('s')), waiters: Waiters::default() }
    }
}

impl Semaphores {
    /// semget(2).
    fn get(&mut self, step: &Step<'_>) -> Answer {
        let (key, count, objects) = (step.int(0), step.int(1), &mut self.sets.0);
        // EINVAL: "nsems is less than 0 or greater than the limit on the number of semaphores per semaphore set".
        if !(0..=MOST).contains(&count) {
            return Answer::error("EINVAL");
        }
        match objects.look_up(key, step, 2) {
            // EINVAL: "a semaphore set corresponding to key already exists, but nsems is larger than its number".
            Got::Old(number) if objects.get(number).is_some_and(|set| count > set.values.len() as i64) => {
                Answer::error("EINVAL")
            }
            Got::Old(number) => objects.name(number),
            Got::Failed(name) => Answer::error(name),
            Got::New if count < 1 => Answer::error("EINVAL"),
            Got::New if objects.count() >= 4 && step.answer().and_then(Answer::errno) == Some("ENOSPC") => {
                Answer::error("ENOSPC")
            }
            Got::New => {
                let count = count as usize;
                objects.add(key, Set { values: vec![0; count], last: vec![None; count], undo: BTreeMap::new() })
            }
        }
    }

    /// semctl(2).
    fn control(&mut self, step: &Step<'_>) -> Answer {
        let (index, command, value) = (step.int(1), step.word(2), step.int(3));
        if step.int(0) < 0 {
            return Answer::error("EINVAL");
        }
        if command == "SETVAL" && !(0..=HIGHEST).contains(&value) {
            return Answer::error("ERANGE");
        }
        let number = self.sets.0.number(step.arguments.first()).unwrap_or(usize::MAX);
        let (zero, more) = (self.waiting(number, index, true, step), self.waiting(number, index, false, step));
        let unsure = self.unsure(number, index);
        let Some(set) = self.sets.0.get_mut(number) else { return Answer::error("EINVAL") };
        if command == "RMID" {
            self.sets.0.remove(number);
            return Answer::value(0);
        }
        let Some(index) = usize::try_from(index).ok().filter(|index| *index < set.values.len()) else {
            return Answer::error("EINVAL");
        };
        match command {
            "GETVAL" => Answer::value(set.values[index]),
            "GETPID" => Answer::value(set.last[index].map_or("0".to_owned(), String::from)),
            "GETNCNT" => Answer::value(more),
            "GETZCNT" => match step.answer().and_then(Answer::number).and_then(|seen| usize::try_from(seen).ok()) {
                Some(seen) if seen.abs_diff(zero) <= unsure => Answer::value(seen),
                _ => Answer::value(zero),
            },
            _ => {
                // "Undo entries are cleared for altered semaphores in all processes."
                set.values[index] = value;
                set.last[index] = Some(step.caller);
                set.undo.retain(|(_, number), _| *number != index);
                Answer::value(0)
            }
        }
    }

    /// How many wait for this semaphore to become zero, or to increase. A call waits for one at a time.
    fn waiting(&self, set: usize, index: i64, zero: bool, step: &Step<'_>) -> usize {
        let waits = |(who, call): &(Name, &Call)| {
            let state = self.sets.0.get(call.set).filter(|_| call.set == set);
            let stands = state.map(|state| state.clone().perform(*who, &call.operations));
            matches!(stands, Some(Doable::Before(at)) if at.number as i64 == index && (at.amount == 0) == zero)
        };
        // Whoever is stopped has left the queue.
        self.waiters.iter().filter(|(who, _)| !step.before.is_stopped(*who)).filter(waits).count()
    }

    /// How many wait for several semaphores to be zero, this one among them. Linux looks at them again only when one of the set is
    /// zero (`do_smart_wakeup_zero`): until then they are counted where they waited, though one before may have risen as well.
    fn unsure(&self, set: usize, index: i64) -> usize {
        let for_zeros = |call: &Call| call.operations.len() > 1 && call.is_for_zeros();
        let is_there = |call: &Call| call.operations.iter().any(|it| it.number as i64 == index);
        self.waiters.iter().filter(|(_, call)| call.set == set && for_zeros(call) && is_there(call)).count()
    }

    fn call(&self, step: &Step<'_>) -> Result<Call, &'static str> {
        let one = |operation: &Value| {
            let has = |flag: &str| operation[2].as_array().is_some_and(|list| list.iter().any(|it| it == flag));
            let (number, amount) = (operation[0].as_u64().unwrap_or(0) as usize, operation[1].as_i64().unwrap_or(0));
            Operation { number, amount, no_wait: has("NOWAIT"), undo: has("UNDO") }
        };
        let list = step.arguments.get(1).and_then(Value::as_array);
        let operations: Vec<Operation> = list.into_iter().flatten().map(one).collect();
        // EINVAL: "The semaphore set doesn't exist, or semid is less than zero, or nsops has a nonpositive value."
        let set = self.sets.0.number(step.arguments.first()).filter(|_| !operations.is_empty()).ok_or("EINVAL")?;
        Ok(Call { set, operations })
    }
}

impl Exchange for Semaphores {
    type Domain = Sets;
    const CONTROL_PAGE: &'static str = "semctl(2)";
    const PAGE: &'static str = "semop(2)";

    fn begin(&mut self, step: &Step<'_>) -> Begun<Call> {
        match step.operation {
            "semget" => Begun::Over(self.get(step)),
            "semctl" => Begun::Over(self.control(step)),
            "semop" => Begun::of(self.call(step)),
            _ => Begun::Foreign,
        }
    }

    fn follow(&mut self, step: &Step<'_>) {
        for who in step.died() {
            self.sets.0.iter_mut().for_each(|set| set.take_back(who));
        }
    }

    fn parts(&mut self) -> (&mut Sets, &mut Waiters<Sets>) {
        (&mut self.sets, &mut self.waiters)
    }
}
