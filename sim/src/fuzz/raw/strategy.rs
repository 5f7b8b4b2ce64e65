//! The moves as a strategy of `proptest`, for properties of one's own.

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};

use crate::fuzz::raw::generate::Generator;
use crate::fuzz::raw::moves::Move;
use crate::fuzz::raw::script::Script;
use crate::fuzz::raw::stage::{Checking, Made, Stage};
use crate::panics;

/// Random scripts of so many steps. Each is made against a kernel that does what it says, so that its arguments are often
/// valid. A failing one shrinks by leaving moves out.
///
/// ```
/// use proptest::prelude::*;
/// use sim::fuzz::raw::{Checking, Stage, moves};
///
/// proptest! {
///     #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
///     fn a_process_has_one_thread(script in moves(100)) {
///         let mut stage = Stage::new(script.terminal, Checking::Touched).expect("it boots");
///         for made in &script.moves {
///             // The kernel's own invariants, and that every error is one of its row.
///             stage.make(made).map_err(TestCaseError::fail)?;
///             let alive = stage.kernel().processes().filter(|(_, process)| !process.is_zombie()).count();
///             prop_assert_eq!(alive, stage.kernel().threads().count());
///         }
///         // All is back when all have ended.
///         stage.end().map_err(TestCaseError::fail)?;
///     }
/// }
/// a_process_has_one_thread();
/// ```
pub fn moves(steps: u64) -> Moves {
    Moves { steps }
}

/// See [`moves`].
#[derive(Clone, Copy, Debug)]
pub struct Moves {
    steps: u64,
}

impl Strategy for Moves {
    type Tree = MovesTree;
    type Value = Script;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Moves> {
        let seed = proptest::prelude::any::<u64>().new_tree(runner)?.current();
        let terminal = seed % 2 == 1;
        // What it makes here is made again by the property; whether it holds is for that to say.
        let mut stage = Stage::new(terminal, Checking::Nothing).map_err(|errno| Reason::from(format!("{errno:?}")))?;
        let mut generator = Generator::new(seed, &[]);
        let mut moves = Vec::new();
        // A kernel bug here is no reason to fail: the move that shows it is the last one, and the property finds it there.
        let _found_again = panics::catch(|| {
            // Moves of those who can't make them cost tries, not steps.
            for _ in 0..4 * self.steps {
                if moves.len() as u64 >= self.steps || stage.kernel().halted().is_some() {
                    break;
                }
                moves.push(generator.next(&stage));
                match moves.last().map(|made| stage.make(made)) {
                    Some(Ok(Made::Done)) => {}
                    Some(Ok(Made::Skipped)) => drop(moves.pop()),
                    Some(Err(_)) | None => break,
                }
            }
        });
        let (size, end) = (moves.len().div_ceil(2), moves.len());
        Ok(MovesTree { terminal, moves, left_out: None, size, end })
    }
}

/// A script that gets shorter: moves are left out, half of them first, then quarters, down to single ones.
#[derive(Clone, Debug)]
pub struct MovesTree {
    terminal: bool,
    moves: Vec<Move>,
    /// What is tried to do without, and where it stood.
    left_out: Option<(usize, Vec<Move>)>,
    /// How many are left out at once.
    size: usize,
    /// All behind this place have been tried with this size.
    end: usize,
}

impl ValueTree for MovesTree {
    type Value = Script;

    fn current(&self) -> Script {
        Script::new(self.terminal, self.moves.clone())
    }

    fn simplify(&mut self) -> bool {
        if self.end == 0 {
            if self.size <= 1 {
                return false;
            }
            self.size = self.size.div_ceil(2);
            self.end = self.moves.len();
        }
        if self.moves.is_empty() {
            return false;
        }
        let start = self.end.saturating_sub(self.size);
        self.left_out = Some((start, self.moves.drain(start..self.end).collect()));
        self.end = start;
        true
    }

    fn complicate(&mut self) -> bool {
        let Some((start, left_out)) = self.left_out.take() else { return false };
        self.moves.splice(start..start, left_out);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_shrinks_to_the_moves_that_matter() {
        let mut tree = moves(200).new_tree(&mut TestRunner::deterministic()).unwrap();
        let wanted: Vec<Move> = [17, 90, 91].map(|place| tree.moves[place].clone()).into();
        let fails = |script: &Script| {
            let mut rest = wanted.iter().peekable();
            for made in &script.moves {
                let _ = rest.next_if(|wanted| *wanted == made);
            }
            rest.peek().is_none()
        };
        assert!(fails(&tree.current()));
        loop {
            let goes_on = if fails(&tree.current()) { tree.simplify() } else { tree.complicate() };
            if !goes_on {
                break;
            }
        }
        // And the births of those who make them.
        let (births, rest): (Vec<Move>, Vec<Move>) =
            tree.current().moves.into_iter().partition(|made| made.child.is_some());
        assert_eq!(rest, wanted);
        for birth in &births {
            let child = birth.child.unwrap();
            assert!(births.iter().chain(&rest).any(|made| made.who == child), "{birth}");
        }
    }
}
