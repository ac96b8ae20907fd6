//! What every step of a trajectory is of which only a window is held: enough to go from one of a kind to the next, and to know the
//! letter of a call that was seen before.

use super::pages::Extent;
use super::state::Trail;
use super::step::{How, Kind, Shown};
use crate::detect::kind::Kinds;
use crate::domain::Step;

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its letter, by all steps before it.
    pub kind: Kind,
    /// Whether it has a tool call.
    pub has_calls: bool,
    /// Whether it went wrong: itself, one of its calls, or the API.
    pub went_wrong: bool,
}

/// What the steps are, from the first one on, as far as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(Vec<Mark>);

impl Mark {
    /// Of a step as it was read; those before it were told to `kinds`.
    pub fn of(step: &Step, kinds: &mut Kinds) -> Self {
        let badly = step.calls.iter().any(|call| call.result.as_ref().is_some_and(|result| !result.ok));
        Self::new(kinds.of(step), !step.calls.is_empty(), badly || step.error.is_some())
    }

    /// Of a step as it is shown.
    pub fn shown(step: &Shown) -> Self {
        let badly = step.calls.iter().any(|call| call.result.as_ref().is_some_and(|result| result.how == How::Badly));
        Self::new(step.kind, !step.calls.is_empty(), badly || step.error.is_some())
    }

    fn new(kind: Kind, has_calls: bool, badly: bool) -> Self {
        Self { kind, has_calls, went_wrong: badly || kind == Kind::ApiError }
    }
}

impl Marks {
    /// Takes what was read: from a step on, by its position among all. What would leave a gap is told again.
    pub(super) fn take(&mut self, from: usize, marks: Vec<Mark>) {
        if from <= self.0.len() {
            self.0.truncate(from);
            self.0.extend(marks);
        }
    }

    /// How many steps were read.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Trail {
    /// What a step is, by its position among all, as far as that is known: those that are held tell it themselves.
    pub(super) fn mark_of(&self, step: usize) -> Option<Mark> {
        let held = || self.steps.get(self.pages.map_or(Some(step), |pages| pages.position(step))?).map(Mark::shown);
        self.marks.0.get(step).copied().or_else(held)
    }

    /// How many steps are so, of those that are known, and whether those are all.
    pub(super) fn count_of(&self, is: impl Fn(u32, Mark) -> bool) -> (usize, bool) {
        let holds = |(at, mark): (usize, Mark)| is(u32::try_from(at + 1).unwrap_or(u32::MAX), mark);
        let Some(pages) = self.pages else {
            return (self.steps.iter().filter(|step| is(step.index, Mark::shown(step))).count(), true);
        };
        let found = self.marks.0.iter().copied().enumerate().filter(|marked| holds(*marked)).count();
        (found, pages.all == Extent::Steps(self.marks.len()))
    }

    /// Gives the steps that are held the letters that they have among all.
    pub(super) fn mark(&mut self) {
        let Some(before) = self.pages.and_then(|pages| pages.before) else { return };
        for (step, mark) in self.steps.iter_mut().zip(self.marks.0.iter().skip(before)) {
            step.kind = mark.kind;
        }
    }
}
