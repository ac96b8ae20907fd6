//! Trajectories of which only a window of steps is held: where it lies, and which other one is wished for.
//!
//! All that is read goes by positions in the window. When another one comes, what the reader did (cursor, folds, the row at
//! the top) moves with the steps that are in both. A step that leaves the window is folded again.

use std::collections::VecDeque;

use super::message::{Effect, Part};
use super::reading::{Matched, Pane, Place, Reading, Stick};
use super::state::{Over, State, Trail};
use super::{Action, Screen, beside, moves};
use crate::domain::AttemptId;

/// Where a window lies among all steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// Steps before its first one; `None` while nobody knows.
    pub before: Option<usize>,
    /// How many there are.
    pub all: Extent,
    /// Whether its last step is the last of all.
    pub is_end: bool,
    /// The number of the wish that it answers; 0: nobody wished.
    pub serial: u64,
}

/// How many steps there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// They are being counted; so much of the file was looked at, in percent.
    Counting(u8),
    /// So many.
    Steps(usize),
}

/// Another window that is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Of whose steps.
    pub attempt: AttemptId,
    /// Later wishes have higher numbers.
    pub serial: u64,
    /// Where.
    pub at: At,
}

/// Where the window is to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// At the first step.
    Begin,
    /// At the last one.
    End,
    /// Around this step, by its position among all; the reader stays where he is.
    Around(usize),
    /// Around this one, to which the reader goes.
    Step(usize),
}

/// The windows that were wished for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    last: Option<Wish>,
    /// The number of the one that was handed on.
    told: u64,
    serial: u64,
    /// What is to be done where the reader goes, once the window there is held.
    kept: VecDeque<Action>,
}

/// Keys that are kept at most: more of them are lost.
const MOST_KEPT: usize = 200;

/// Steps between the cursor and an edge of the window at which another one is wished for.
const MARGIN: usize = 60;

impl Pages {
    /// The position in the window of a step that is known by its position among all.
    pub fn position(&self, step: usize) -> Option<usize> {
        step.checked_sub(self.before?)
    }

    const fn begins(self) -> bool {
        matches!(self.before, Some(0))
    }
}

impl Trail {
    /// The steps that there are, those that are not held included; so far as they were counted.
    pub fn count(&self) -> u32 {
        match self.pages.map(|pages| pages.all) {
            Some(Extent::Steps(all)) => u32::try_from(all).unwrap_or(u32::MAX),
            _ => self.steps.last().map_or(0, |step| step.index),
        }
    }
}

impl Wishes {
    fn add(&mut self, attempt: &AttemptId, at: At) {
        self.serial += 1;
        self.last = Some(Wish { attempt: attempt.clone(), serial: self.serial, at });
    }

    /// Whether a window answers an older wish than the last one: it would only take the reader away.
    pub(super) fn is_late(&self, attempt: &AttemptId, pages: Pages) -> bool {
        self.of(attempt).is_some_and(|wish| pages.serial < wish.serial)
    }

    fn of(&self, attempt: &AttemptId) -> Option<&Wish> {
        self.last.as_ref().filter(|wish| wish.attempt == *attempt)
    }
}

/// To the first step of all, or the last one, where the window does not hold it.
pub(super) fn to_edge(state: &mut State, to: Stick) {
    let Some(trail) = state.shown_trail() else { return };
    let Some(pages) = trail.pages else { return };
    let attempt = trail.attempt.clone();
    state.pages.kept.clear();
    match to {
        Stick::Newest if !pages.is_end => state.pages.add(&attempt, At::End),
        Stick::Hand if !pages.begins() => state.pages.add(&attempt, At::Begin),
        // one that is on its way is not wanted any more
        _ if state.pages.of(&attempt).is_some_and(|wish| wish.serial > pages.serial) => {
            state.pages.add(&attempt, if to == Stick::Newest { At::End } else { At::Begin });
        }
        _ => {}
    }
}

/// Keeps a key that is meant from where the reader goes, while the window there is on its way; whether it was kept.
pub(super) fn keep(state: &mut State, action: Action) -> bool {
    let is_kept = is_from_here(action) && is_going(state);
    if is_kept && state.pages.kept.len() < MOST_KEPT {
        state.pages.kept.push_back(action);
    }
    is_kept
}

/// The next key that was kept, once the window is there.
pub(super) fn next_kept(state: &mut State) -> Option<Action> {
    if state.pages.kept.is_empty() || is_going(state) {
        return None;
    }
    if !has_steps_keys(state) || matches!(state.over, Over::Help(_)) {
        state.pages.kept.clear();
    }
    state.pages.kept.pop_front()
}

/// What was kept is not wanted any more.
pub(super) fn forget_kept(state: &mut State) {
    state.pages.kept.clear();
}

/// Whether what an action does depends on the step under the cursor.
const fn is_from_here(action: Action) -> bool {
    use Action::{
        Copy, Down, Edit, FindNext, FindPrevious, FoldAll, Left, NextCall, NextEdit, NextProblem, NextRefusal, Open, Page, PageDown,
        PageUp, PreviousCall, PreviousEdit, PreviousProblem, PreviousRefusal, Right, Up, Whole,
    };
    matches!(
        action,
        Down | Up
            | PageDown
            | PageUp
            | Open
            | Left
            | Right
            | Whole
            | FoldAll
            | NextProblem
            | PreviousProblem
            | NextEdit
            | PreviousEdit
            | NextRefusal
            | PreviousRefusal
            | NextCall
            | PreviousCall
            | FindNext
            | FindPrevious
            | Copy
            | Page
            | Edit
    )
}

fn has_steps_keys(state: &State) -> bool {
    state.screen == Screen::Agent && state.reading.pane == Pane::Steps && !beside::has_keys(state)
}

/// Whether the reader goes to a step that is not held so far.
fn is_going(state: &State) -> bool {
    let Some((trail, pages)) = state.shown_trail().and_then(|trail| Some((trail, trail.pages?))) else { return false };
    // where nothing can be read, no window comes
    if !has_steps_keys(state) || state.troubles.contains_key(&Part::Pages) {
        return false;
    }
    match state.pages.of(&trail.attempt).filter(|wish| wish.serial > pages.serial).map(|wish| wish.at) {
        Some(At::Begin) => !pages.begins(),
        Some(At::End) => !pages.is_end,
        Some(At::Step(step)) => pages.position(step).is_none_or(|at| at >= trail.steps.len()),
        Some(At::Around(_)) | None => false,
    }
}

/// The end of a window is not the end of the steps: who came there by hand stays there until more of them come.
pub(super) fn stay(state: &mut State) {
    let is_end = state.shown_trail().and_then(|trail| trail.pages).is_none_or(|pages| pages.is_end);
    if !is_end && state.reading.stick == Stick::Newest {
        let top = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout);
        state.reading.top = state.reading.first(&top);
        state.reading.stick = Stick::Hand;
    }
}

/// The reader goes to this step, by its position among all, which is held: a window that is on its way must not take him elsewhere.
pub(super) fn go_by_hand(state: &mut State, step: usize) {
    let Some(trail) = state.shown_trail() else { return };
    let attempt = trail.attempt.clone();
    if trail.pages.is_some_and(|pages| state.pages.of(&attempt).is_some_and(|wish| wish.serial > pages.serial)) {
        state.pages.add(&attempt, At::Around(step));
    }
}

/// To a step by its number, from 1, where the window does not hold it; whether there may be such a step.
pub(super) fn to_step(state: &mut State, index: u32) -> bool {
    let Some(trail) = state.shown_trail() else { return false };
    let step = index as usize;
    let is_there = |pages: Pages| step > 0 && !matches!(pages.all, Extent::Steps(all) if step > all);
    if !trail.pages.is_some_and(is_there) {
        return false;
    }
    let attempt = trail.attempt.clone();
    state.reading.stick = Stick::Hand;
    state.pages.add(&attempt, At::Step(step - 1));
    true
}

/// Wishes for another window where the cursor is near an edge of this one, and hands a new wish on.
pub(super) fn settle(state: &mut State) -> Option<Effect> {
    near_edge(state);
    let wish = state.pages.last.clone().filter(|wish| wish.serial > state.pages.told)?;
    state.pages.told = wish.serial;
    Some(Effect::Page(wish))
}

fn near_edge(state: &mut State) {
    let Some(trail) = state.shown_trail() else { return };
    let Some(pages) = trail.pages else { return };
    let wish = state.pages.of(&trail.attempt);
    if wish.is_some_and(|wish| wish.serial > pages.serial) {
        return;
    }
    let (cursor, len) = (state.reading.cursor, trail.steps.len());
    let at = match pages.before {
        _ if state.reading.stick == Stick::Newest && !pages.is_end => At::End,
        Some(before) if before > 0 && cursor < MARGIN => At::Around(before + cursor),
        Some(before) if !pages.is_end && cursor + MARGIN >= len => At::Around(before + cursor),
        _ => return,
    };
    // steps may be so large that there are never so many to an edge
    if wish.is_some_and(|wish| wish.at == at) {
        return;
    }
    let attempt = trail.attempt.clone();
    state.pages.add(&attempt, at);
}

/// More of the steps were counted.
pub(super) fn count(trails: &mut [Trail], attempt: &AttemptId, percent: u8) {
    let trail = trails.iter_mut().find(|trail| trail.attempt == *attempt);
    if let Some(Pages { all: all @ Extent::Counting(_), .. }) = trail.and_then(|trail| trail.pages.as_mut()) {
        *all = Extent::Counting(percent);
    }
}

/// Moves what the reader did from one window to the next, of `len` steps before and `now_len` now.
pub(super) fn carry(
    reading: &mut Reading,
    wishes: &Wishes,
    attempt: &AttemptId,
    (before, len): (Option<Pages>, usize),
    (now, now_len): (Pages, usize),
) {
    let is_answer = before.is_none_or(|before| before.serial < now.serial);
    let at = wishes.of(attempt).filter(|wish| is_answer && wish.serial == now.serial).map(|wish| wish.at);
    let last = now_len.saturating_sub(1);
    match at {
        // who was there already may have moved since
        Some(At::Begin) if !before.is_some_and(Pages::begins) => return begin(reading, 0, Stick::Hand),
        Some(At::End) if !before.is_some_and(|before| before.is_end) => return begin(reading, last, Stick::Newest),
        _ => {}
    }
    if let (Some(here), Some(there)) = (before.and_then(|before| before.before), now.before) {
        shift(reading, |position| (here + position).checked_sub(there).filter(|position| *position < now_len));
    } else if before.is_some_and(|before| before.is_end) && now.is_end {
        shift(reading, |position| (now_len + position).checked_sub(len));
    }
    if let Some(At::Step(step)) = at {
        let position = now.position(step).unwrap_or_default().min(last);
        begin(reading, position, Stick::Hand);
        // a few of those before it are seen as well
        reading.top = Place { step: position.saturating_sub(3), row: 0 };
    }
}

fn begin(reading: &mut Reading, cursor: usize, stick: Stick) {
    reading.others.clear();
    reading.whole.clear();
    reading.opened.clear();
    reading.matched = None;
    (reading.cursor, reading.stick, reading.inside) = (cursor, stick, None);
    reading.top = Place { step: cursor, row: 0 };
}

fn shift(reading: &mut Reading, to: impl Fn(usize) -> Option<usize>) {
    reading.cursor = to(reading.cursor).unwrap_or_default();
    reading.top = match to(reading.top.step) {
        Some(step) => Place { step, ..reading.top },
        None => Place { step: reading.cursor, row: 0 },
    };
    reading.others = reading.others.iter().copied().filter_map(&to).collect();
    reading.whole = reading.whole.iter().copied().filter_map(&to).collect();
    reading.matched = reading.matched.and_then(|matched| Some(Matched { step: to(matched.step)?, ..matched }));
    reading.opened = reading.opened.iter().copied().filter_map(&to).collect();
}
