//! A chooser with an explicit choice in front of it.

use crate::chooser::{Choice, Chooser, Deviation};

/// Makes the explicit choice of a step, and leaves all others to `own`; for one step.
pub(super) struct Steered<'a, C> {
    pub(super) own: &'a mut C,
    pub(super) explicit: Option<Deviation>,
    /// What was chosen in this step, if it wasn't the default.
    pub(super) taken: Option<Deviation>,
}

impl<C: Chooser> Chooser for Steered<'_, C> {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        // It is asked even if that isn't heeded: so its later choices don't depend on whether this one was explicit.
        let asked = choice != Choice::Preempt || self.own.wants_preempt();
        let own = if asked { self.own.choose(step, choice, options) } else { 0 };
        let value = match self.explicit {
            Some(explicit) if (explicit.choice, explicit.options) == (choice, options) => explicit.value,
            _ => own,
        };
        if value != 0 {
            self.taken = Some(Deviation { step, choice, value, options });
        }
        value
    }

    fn wants_preempt(&self) -> bool {
        self.own.wants_preempt() || self.explicit.is_some_and(|explicit| explicit.choice == Choice::Preempt)
    }
}

/// Tries out one value, and notes what was asked.
pub(super) struct Trial {
    pub(super) value: usize,
    pub(super) asked: Option<(Choice, usize)>,
}

impl Chooser for Trial {
    fn choose(&mut self, _: u64, choice: Choice, options: usize) -> usize {
        self.asked = Some((choice, options));
        self.value
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chooser;

    #[test]
    fn an_explicit_choice_goes_before_the_own_one_where_it_fits() {
        let explicit = Deviation { step: 4, choice: Choice::Preempt, value: 2, options: 3 };
        let steered = |options| {
            let mut own = chooser::Default;
            let mut steered = Steered { own: &mut own, explicit: Some(explicit), taken: None };
            assert!(steered.wants_preempt());
            (steered.choose(4, Choice::Preempt, options), steered.taken)
        };
        assert_eq!(steered(3), (2, Some(explicit)));
        assert_eq!(steered(4), (0, None));
    }

    #[test]
    fn explicit_or_not_the_own_chooser_goes_on_alike() {
        let later = |explicit| {
            let mut own = chooser::Seeded::new(3);
            Steered { own: &mut own, explicit, taken: None }.choose(0, Choice::Run, 5);
            (1..9).map(|step| own.choose(step, Choice::Run, 5)).collect::<Vec<_>>()
        };
        assert_eq!(later(None), later(Some(Deviation { step: 0, choice: Choice::Run, value: 1, options: 5 })));
    }
}
