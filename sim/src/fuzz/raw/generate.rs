//! The generator: given the kernel as it is, who does what next. All randomness comes from one seed; what it makes is a
//! concrete move.

use std::collections::VecDeque;

use abi::Syscall;
use kernel::mem::space::MAPPINGS_START;

use crate::fuzz::coverage::{ROWS, Row};
use crate::fuzz::raw::draw::Draw;
use crate::fuzz::raw::moves::{Move, Name, Value, What};
use crate::fuzz::raw::stage::{CPU, Stage};
use crate::fuzz::raw::{argument, hints, scenario};

/// How many processes it keeps alive, about; they die faster than new ones are made, now and then.
const WANTED: u64 = 16;

/// Calls that are made more often than others: what others build on.
const FREQUENT: &[(&str, usize)] = &[
    ("pipe2", 3),
    ("read", 3),
    ("write", 4),
    ("openat", 4),
    ("mq_open", 3),
    ("rt_sigaction", 3),
    ("mkdirat", 2),
    ("mknodat", 2),
    ("mmap", 3),
    ("semget", 2),
    ("msgget", 2),
    ("shmget", 2),
    ("msgsnd", 2),
    ("close", 2),
];

/// Calls that mostly end or undo something.
const RARE: &[&str] = &["exit_group", "setuid", "setresuid", "setreuid"];

/// What is to come. Nearly all of it are moves, so that these are large costs nothing.
#[allow(clippy::large_enum_variant)]
pub(super) enum Planned {
    /// A move.
    Move(Move),
    /// Something to be planned when it is known how it went so far, and for whom.
    Then(fn(&mut Generator, &Stage, Name), Name),
}

/// Makes moves.
pub struct Generator {
    random: fastrand::Rng,
    /// The rows to call, each as often as its weight.
    rows: Vec<Row>,
    /// Every call may be made: then there are directed manners too.
    makes_all: bool,
    /// Who is alive, and perhaps some who aren't any more.
    living: Vec<Name>,
    /// The name of the next child.
    next: u16,
    /// The child of the last move, if it gets one.
    expected: Option<Name>,
    /// Moves that belong together.
    pub(super) plan: VecDeque<Planned>,
}

impl Generator {
    /// A generator of the moves that belong to `seed`, which makes these calls; none means all. What makes and ends
    /// processes is made in any case.
    pub fn new(seed: u64, syscalls: &[Row]) -> Generator {
        let mut rows = Vec::new();
        for row in Row::all().filter(|row| syscalls.is_empty() || syscalls.contains(row)) {
            let name = row.info().name;
            let frequent = FREQUENT.iter().find(|(frequent, _)| *frequent == name).map_or(1, |(_, weight)| *weight);
            let weight = if RARE.contains(&name) { 1 } else { 3 * frequent };
            rows.extend(std::iter::repeat_n(row, weight));
        }
        if rows.is_empty() {
            rows.push(Row::of(&Syscall::Getpid {}));
        }
        let random = fastrand::Rng::with_seed(seed);
        Generator {
            random,
            rows,
            makes_all: syscalls.is_empty(),
            living: Vec::new(),
            next: 1,
            expected: None,
            plan: VecDeque::new(),
        }
    }

    /// The next move.
    pub fn next(&mut self, stage: &Stage) -> Move {
        if let Some(child) = self.expected.take()
            && stage.actor(child).is_some()
        {
            self.living.push(child);
        }
        let made = self.choose(stage);
        self.expected = made.child;
        made
    }

    fn choose(&mut self, stage: &Stage) -> Move {
        if !self.plan.is_empty()
            && self.random.u32(..100) < 85
            && let Some(planned) = self.planned(stage)
        {
            return planned;
        }
        let (alive, able) = (stage.host.alive, self.able(stage));
        if alive < WANTED && self.random.u64(..WANTED) >= alive / 2 {
            // Of somebody who has made something of himself already, most often.
            let parent = if self.random.u32(..10) < 6 { self.somebody_able(stage) } else { None };
            let parent = parent.unwrap_or(Name::FIRST);
            if self.is_free(stage, parent) {
                return self.fork(parent);
            }
        }
        let percent = self.random.u32(..100);
        let zombies = || stage.kernel.processes().count() as u64 > alive + 6;
        if percent < 12 && zombies() && self.is_free(stage, Name::FIRST) {
            return wait();
        }
        if able < 4 && percent < 60 || percent > 95 {
            return self.outer_move(stage, able);
        }
        match self.somebody_able(stage) {
            Some(who) => self.act(stage, who),
            None => self.outer_move(stage, able),
        }
    }

    /// The next planned move.
    fn planned(&mut self, stage: &Stage) -> Option<Move> {
        loop {
            match self.plan.pop_front()? {
                Planned::Move(made) => return Some(made),
                Planned::Then(further, who) => further(self, stage, who),
            }
        }
    }

    /// A number below `limit`.
    pub(super) fn random(&mut self, limit: u32) -> u32 {
        self.random.u32(..limit)
    }

    /// The last name that a child was given.
    pub(super) fn latest_child(&self) -> Name {
        Name(self.next.wrapping_sub(1))
    }

    /// How many could run, PID 1 excluded.
    fn able(&self, stage: &Stage) -> usize {
        let running = usize::from(stage.kernel.current(CPU).is_some());
        let first = usize::from(self.is_free(stage, Name::FIRST));
        (stage.kernel.runnable_count(CPU) + running).saturating_sub(first)
    }

    fn is_free(&self, stage: &Stage, who: Name) -> bool {
        stage.actor(who).is_some_and(|actor| stage.is_able(actor.thread))
    }

    /// Somebody who could run, but PID 1. Forgets those who are gone.
    fn somebody_able(&mut self, stage: &Stage) -> Option<Name> {
        for _ in 0..40 {
            let place = self.random.usize(..self.living.len().max(1));
            let name = *self.living.get(place)?;
            match stage.actor(name).map(|actor| actor.thread) {
                Some(thread) if stage.kernel.thread(thread).is_none() => drop(self.living.swap_remove(place)),
                Some(thread) if stage.is_able(thread) => return Some(name),
                _ => {}
            }
        }
        None
    }

    /// A name for a child.
    pub(super) fn child(&mut self) -> Name {
        let name = Name(self.next);
        self.next = self.next.wrapping_add(1).max(1);
        name
    }

    /// A plain fork.
    pub(super) fn fork(&mut self, who: Name) -> Move {
        let mut made = call(who, "clone", &[17]);
        made.child = Some(self.child());
        made
    }

    /// Time, input, a signal.
    fn outer_move(&mut self, stage: &Stage, able: usize) -> Move {
        let who = match self.living.len() {
            0 => Name::FIRST,
            count => self.living[self.random.usize(..count)],
        };
        let signals: &[u8] = if able < 4 { &[9, 9, 10, 10, 12, 15, 18, 18] } else { &[10, 12, 18, 19, 2, 1, 34] };
        let what = match self.random.u32(..20) {
            0..=9 => {
                let next = stage.kernel.next_timer_us().map(|next| next.saturating_sub(stage.kernel.now_us()));
                What::Idle(next.unwrap_or(0).min(5_000_000) + self.random.u64(..3) * 500)
            }
            10..=12 => {
                let texts: [&[u8]; 6] = [b"fig\n", b"pear", b"\n", &[3], &[26], &[4]];
                let mut made = Move::new(who, What::Input);
                made.add(texts[self.random.usize(..texts.len())], 1);
                return made;
            }
            13 => What::LongInput(self.random.u16(..9000)),
            14 => What::Resize(self.random.u16(..60), 80),
            15 if self.random.u32(..20) == 0 => What::InputEnd,
            _ => What::Signal(signals[self.random.usize(..signals.len())]),
        };
        Move::new(who, what)
    }

    /// What a process does that can run.
    fn act(&mut self, stage: &Stage, who: Name) -> Move {
        let depth = stage.actor(who).map_or(0, super::stage::Actor::depth);
        let leaves = if depth > 6 { 90 } else { 25 };
        if depth > 0 && self.random.u32(..100) < leaves {
            return Move::new(who, What::Leave);
        }
        match self.random.u32(..1000) {
            0..=24 => return Move::new(who, self.access(stage, who)),
            25..=27 => return Move::new(who, self.fault()),
            28..=34 => return Move::new(who, What::Run),
            35..=38 => return Move::new(who, What::Unknown(self.random.u64(..5000))),
            39..=58 if self.makes_all => scenario::begin(self, stage, who),
            _ => {}
        }
        if let Some(planned) = self.planned(stage) {
            return planned;
        }
        let row = self.rows[self.random.usize(..self.rows.len())];
        self.call(stage, who, row)
    }

    fn access(&mut self, stage: &Stage, who: Name) -> What {
        let address = match self.draw(stage, who, |draw| draw.mapped()).flatten() {
            Some(address) if self.random.u32(..10) > 0 => address + self.random.u64(..4096),
            _ => MAPPINGS_START + self.random.u64(..100) * 4096,
        };
        if self.random.bool() { What::Load(address) } else { What::Store(address) }
    }

    fn fault(&mut self) -> What {
        match self.random.u32(..5) {
            0 => What::Misaligned(MAPPINGS_START + 1),
            1 => What::Jump(self.random.u64(..1 << 38)),
            2 => What::Illegal,
            3 => What::Divide,
            _ => What::Abort,
        }
    }

    fn draw<T>(&mut self, stage: &Stage, who: Name, with: impl FnOnce(&mut Draw<'_>) -> T) -> Option<T> {
        let process = stage.kernel.process_of(stage.actor(who)?.thread)?;
        let process = stage.kernel.process(process)?;
        let made = Move::new(who, What::Run);
        Some(with(&mut Draw {
            random: &mut self.random,
            stage,
            living: &self.living,
            who,
            process,
            made,
            last: Value::Number(0),
        }))
    }

    /// A call of this row: all arguments valid as far as one can know, or one of them odd, or all.
    pub(super) fn call(&mut self, stage: &Stage, who: Name, row: Row) -> Move {
        let info = row.info();
        let makes_child = matches!(info.name, "clone" | "spawn");
        if makes_child && stage.host.alive > WANTED + 10 && self.random.u32(..10) > 0 {
            return Move::new(who, What::Run);
        }
        let count = info.arguments.len();
        let manner = self.random.u32(..100);
        let odd_one = self.random.usize(..count.max(1));
        let made = self.draw(stage, who, |draw| {
            let mut arguments = [Value::Number(0); 6];
            for (place, (value, argument)) in arguments.iter_mut().zip(info.arguments).enumerate() {
                let odd = manner >= 97 || manner >= 75 && place == odd_one;
                *value = match odd {
                    true => argument::odd(draw, argument.kind),
                    false => hints::value(draw, info.name, argument.name)
                        .unwrap_or_else(|| argument::valid(draw, argument.kind)),
                };
                draw.last = *value;
            }
            draw.made.what = What::Call { row, arguments };
            std::mem::replace(&mut draw.made, Move::new(who, What::Run))
        });
        let mut made = made.unwrap_or_else(|| Move::new(who, What::Run));
        if makes_child {
            made.child = Some(self.child());
        }
        made
    }
}

/// A call with plain numbers as its arguments.
pub(super) fn call(who: Name, name: &str, numbers: &[u64]) -> Move {
    let mut arguments = [Value::Number(0); 6];
    for (value, number) in arguments.iter_mut().zip(numbers) {
        *value = Value::Number(*number);
    }
    Move::new(who, What::Call { row: Row::by_name(name).unwrap_or(Row(0)), arguments })
}

/// PID 1 reaps somebody, if there is somebody.
fn wait() -> Move {
    call(Name::FIRST, "wait4", &[u64::MAX, 0, 1, 0])
}

const _: () = assert!(ROWS > 0);
