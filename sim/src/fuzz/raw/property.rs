//! The raw property: whatever processes do, nothing panics, every invariant holds after every step, every error is one that the
//! table names, and when all have ended every resource is back.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::fuzz::coverage::{Coverage, Row};
use crate::fuzz::property::{Case, Failure, Property, Stop};
use crate::fuzz::raw::generate::Generator;
use crate::fuzz::raw::moves::Move;
use crate::fuzz::raw::script::Script;
use crate::fuzz::raw::stage::{Checking, Made, Stage};
use crate::panics;

/// What a case is run in. It is kept for the next one: to make it anew would take as long as many steps.
struct Room {
    stage: Stage,
    moves: Vec<Move>,
}

/// The raw property.
#[derive(Default)]
pub struct Raw {
    /// How thoroughly it checks.
    pub checking: Checking,
    booted: OnceLock<[Stage; 2]>,
    rooms: Mutex<Vec<Room>>,
}

impl Raw {
    /// With this way of checking.
    pub fn new(checking: Checking) -> Raw {
        Raw { checking, booted: OnceLock::new(), rooms: Mutex::new(Vec::new()) }
    }

    /// A stage as it is after boot: made once, copied for each case.
    fn booted(&self, terminal: bool) -> &Stage {
        let booted = self.booted.get_or_init(|| {
            [false, true]
                .map(|terminal| Stage::new(terminal, self.checking).expect("the limits suffice for one process"))
        });
        &booted[usize::from(terminal)]
    }

    /// A room in which nothing has happened yet.
    fn room(&self, terminal: bool) -> Room {
        let booted = self.booted(terminal);
        match self.rooms().pop() {
            Some(mut room) => {
                room.stage.clone_from(booted);
                room.moves.clear();
                room
            }
            None => Room { stage: booted.clone(), moves: Vec::new() },
        }
    }

    fn rooms(&self) -> MutexGuard<'_, Vec<Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Property for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    fn about(&self) -> &str {
        "any process makes any call with any arguments: invariants hold, errors are documented, nothing leaks"
    }

    fn steps_per_case(&self) -> u64 {
        2000
    }

    fn is_about_calls(&self) -> bool {
        true
    }

    fn run(&self, case: &Case, coverage: &mut Coverage) -> Result<u64, Failure> {
        let rows: Vec<Row> = case.syscalls.iter().filter_map(|name| Row::by_name(name)).collect();
        let terminal = case.seed % 2 == 1;
        let mut room = self.room(terminal);
        let Room { stage, moves } = &mut room;
        let mut generator = Generator::new(case.seed, &rows);
        let mut steps = 0;
        let run = panics::catch(|| {
            // Moves of those who can't make them cost tries, not steps.
            for _ in 0..4 * case.steps {
                if steps >= case.steps || stage.kernel().halted().is_some() {
                    break;
                }
                moves.push(generator.next(stage));
                let Some(next) = moves.last() else { break };
                match stage.make(next)? {
                    Made::Done => steps += 1,
                    Made::Skipped => drop(moves.pop()),
                }
            }
            stage.end()
        });
        stage.take_coverage(coverage);
        let reason = match run {
            Ok(Ok(())) => {
                self.rooms().push(room);
                return Ok(steps);
            }
            Ok(Err(reason)) => reason,
            Err(panic) => told(&panic),
        };
        Err(Failure { reason, script: Script::new(terminal, room.moves).to_string() })
    }

    fn replay(&self, script: &str, coverage: &mut Coverage) -> Result<u64, Stop> {
        let script = Script::parse(script).map_err(|(line, message)| Stop::Unreadable { line, message })?;
        // A kernel that is wrong may not even boot.
        let mut stage = panics::catch(|| self.booted(script.terminal).clone())
            .map_err(|panic| Stop::Broken { line: 0, reason: told(&panic) })?;
        let (mut steps, mut place) = (0, 0);
        let run = panics::catch(|| {
            for (index, next) in script.moves.iter().enumerate() {
                place = index;
                if stage.make(next)? == Made::Done {
                    steps += 1;
                }
            }
            stage.end()
        });
        stage.take_coverage(coverage);
        let line = script.line(place);
        match run {
            Ok(Ok(())) => Ok(steps),
            Ok(Err(reason)) => Err(Stop::Broken { line, reason }),
            Err(panic) => Err(Stop::Broken { line, reason: told(&panic) }),
        }
    }

    fn simpler(&self, line: &str) -> Vec<String> {
        super::simplify::simpler(line)
    }

    fn repaired(&self, lines: Vec<String>) -> Vec<String> {
        super::fewer::repaired(lines)
    }

    fn simpler_scripts(&self, lines: &[String]) -> Vec<Vec<String>> {
        super::fewer::simpler_scripts(lines)
    }

    fn in_order(&self, lines: &[String]) -> Vec<String> {
        super::fewer::in_order(lines)
    }
}

fn told(panic: &panics::Panic) -> String {
    format!("{} ({})", panic.message, panic.place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(script: &str) -> Result<u64, Stop> {
        Raw::default().replay(script, &mut Coverage::new())
    }

    #[test]
    fn nothing_breaks_at_the_end_of_time() {
        let script = "b = a clone 17\nc = b clone 17\nb setitimer 0 [0 1 0 1] 0\nc clock_nanosleep 1 0 [1 0] 0\n\
            idle 18446744073709551615\nc run\nc clock_nanosleep 1 0 [1 0] 0\nidle 18446744073709551615\nb run\nidle 5\n";
        assert!(matches!(replay(script), Ok(8..)), "{:?}", replay(script));
    }

    #[test]
    fn input_that_nobody_read_accounts_for_the_frames_that_hold_it() {
        assert_eq!(replay("input x*9000\nidle 1\n"), Ok(2));
        assert_eq!(replay("terminal\ninput x*9000\nidle 1\n"), Ok(2));
    }

    /// A child that a script begins with makes these calls.
    fn all_is_back_after(calls: &[&str]) {
        let script: String = calls.iter().map(|call| format!("b {call}\n")).collect();
        let script = format!("b = a clone 17\n{script}");
        let mut stage = Stage::new(false, Checking::Touched).unwrap();
        for made in Script::parse(&script).unwrap().moves {
            assert_eq!(stage.make(&made), Ok(Made::Done), "{made} in {script}");
        }
        let names = |stage: &Stage| stage.kernel().tables_in_use().iter().find(|row| row.0 == "names").map(|row| row.1);
        let fresh = Stage::new(false, Checking::Touched).unwrap();
        assert_eq!(stage.end(), Ok(()), "{script}");
        assert!(names(&stage) <= names(&fresh), "{script}");
        assert_eq!(replay(&script), Ok(calls.len() as u64 + 1), "{script}");
    }

    #[test]
    fn directories_that_cannot_be_removed_are_no_leak_wherever_they_are() {
        let to_t = r#"renameat2 -100 "/dev" -100 "/t" 0"#;
        let new_dev = r#"mkdirat -100 "/dev" 0o755"#;
        all_is_back_after(&[to_t]);
        // Deep in others, with a queue and an object in it.
        all_is_back_after(&[
            r#"mq_open "q" 0x42 0o600 0"#,
            r#"mkdirat -100 "/tmp/x" 0o755"#,
            r#"mkdirat -100 "/tmp/x/y" 0o755"#,
            r#"renameat2 -100 "/dev" -100 "/tmp/x/y/z" 0"#,
            r#"mkdirat -100 "/fixed0" 0o755"#,
        ]);
        // Others have its name, and names of what was in it; it lies below of one.
        let null = r#"mknodat -100 "/dev/null" 0o10644 0"#;
        let queues = r#"mkdirat -100 "/dev/mqueue" 0o755"#;
        all_is_back_after(&[to_t, new_dev, null, queues]);
        all_is_back_after(&[to_t, new_dev, null, r#"renameat2 -100 "/t" -100 "/dev/t" 0"#]);
        all_is_back_after(&[to_t, r#"mknodat -100 "/dev" 0o10644 0"#]);
        // It and another change their places; it is where /tmp was.
        all_is_back_after(&[r#"mkdirat -100 "/tmp/d" 0o755"#, r#"renameat2 -100 "/dev" -100 "/tmp/d" 2"#]);
        all_is_back_after(&[r#"renameat2 -100 "/dev" -100 "/tmp" 2"#]);
    }

    #[test]
    fn a_script_names_only_whom_a_line_before_makes() {
        for (script, at, why) in [
            ("b = a clone 17\nb kill $zz 9\n", 2, "no line before this one makes `zz`"),
            ("# nobody\nc read 3\nc = a clone 17\n", 2, "no line before this one makes `c`"),
            ("signal z 15\n", 1, "no line before this one makes `z`"),
            ("b = b clone 17\n", 1, "no line before this one makes `b`"),
            ("b = a wait4 -1\n", 1, "only `clone` and `spawn` make a process: this makes no `b`"),
        ] {
            assert_eq!(replay(script), Err(Stop::Unreadable { line: at, message: why.into() }), "{script}");
        }
    }

    #[test]
    fn a_case_is_the_same_wherever_it_is_run() {
        let (used, mut before) = (Raw::default(), Coverage::new());
        let case = |seed| Case { seed, steps: 400, syscalls: Vec::new() };
        for seed in 0..4 {
            used.run(&case(seed), &mut before).unwrap();
        }
        for seed in 4..8 {
            let (mut again, mut fresh) = (Coverage::new(), Coverage::new());
            used.run(&case(seed), &mut again).unwrap();
            Raw::default().run(&case(seed), &mut fresh).unwrap();
            assert_eq!(again, fresh);
        }
    }

    #[test]
    fn what_a_case_makes_can_be_read_as_a_script() {
        let stage = Raw::default();
        for seed in 0..6 {
            let mut at = stage.booted(false).clone();
            let mut generator = Generator::new(seed, &[]);
            let mut moves = Vec::new();
            for _ in 0..1500 {
                moves.push(generator.next(&at));
                if at.make(&moves[moves.len() - 1]) != Ok(Made::Done) {
                    moves.pop();
                }
            }
            let script = Script::new(false, moves).to_string();
            assert!(matches!(Script::parse(&script), Ok(read) if read.to_string() == script));
        }
    }
}
