//! To the next step of a kind, or the next match, where only a window of the steps is held: what the others are, and where a text
//! stands in them, is found out meanwhile, and the reader goes there as soon as it is known.

use std::collections::BTreeSet;

use super::finding::{self, Turned};
use super::jumps::Aim;
use super::log::Moment;
use super::message::{MarkNews, Unfolds};
use super::pages::{self, Extent};
use super::reading::{Pane, Stick};
use super::state::{State, Trail};
use super::step::Shown;
use super::{Mood, Said, Screen, moves, problems};
use crate::text;

/// What is gone to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// A step of a kind.
    Step(Aim),
    /// One that went wrong, or with which something began that was found.
    Problem,
    /// A match of what is searched for.
    Match,
}

/// The way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ahead {
    /// It is looked for: from this step on, by its position among all.
    Looking { goal: Goal, forward: bool, from: usize },
    /// It is the step of a moment, once there are steps.
    Moment(Box<Moment>),
    /// It is a match in this step, whose window is being read.
    Coming { step: usize, forward: bool, turned: Turned },
}

/// What is known of it.
enum Known {
    At(usize, Turned),
    Nowhere,
    /// Not all steps were looked at: so many percent were.
    Unknown(usize),
}

impl Goal {
    const fn name(self) -> &'static str {
        match self {
            Self::Step(aim) => aim.name(),
            Self::Problem => "step that went wrong",
            Self::Match => "match",
        }
    }
}

/// Goes there, or as soon as it is known; false where all steps are held.
pub(super) fn go(state: &mut State, goal: Goal, forward: bool) -> bool {
    let Some(pages) = state.shown_trail().and_then(|trail| trail.pages) else { return false };
    match pages.before {
        Some(before) => {
            state.ahead = Some(Ahead::Looking { goal, forward, from: before + state.reading.cursor });
            look(state);
        }
        None => state.remark(Said::new(Mood::Quiet, "the steps are still being counted")),
    }
    true
}

/// Takes what steps are.
pub(super) fn take_marks(state: &mut State, news: MarkNews) {
    if let Some(trail) = state.trails.iter_mut().find(|trail| trail.attempt == news.attempt && trail.pages.is_some()) {
        trail.marks.take(news.from, news.marks);
        trail.mark();
        look(state);
    }
}

/// No more will be known: who waits for it waits no longer.
pub(super) fn give_up(state: &mut State) {
    if matches!(state.ahead, Some(Ahead::Looking { .. })) {
        state.ahead = None;
    }
}

/// More is known: the reader goes on, or hears how far it is.
pub(super) fn look(state: &mut State) {
    let Some(Ahead::Looking { goal, forward, from }) = state.ahead else { return };
    let Some(trail) = state.shown_trail().filter(|_| state.screen == Screen::Agent) else {
        state.ahead = None;
        return;
    };
    let all = trail.count() as usize;
    match next(state, trail, goal, (forward, from)) {
        Known::At(step, turned) => {
            state.ahead = None;
            // how far it was is over; what else was said stays
            if state.note.as_ref().is_some_and(|(_, said)| said.mood == Mood::Quiet) {
                state.note = None;
            }
            go_to(state, goal, step, (forward, turned));
        }
        // the line of counts says it better
        Known::Nowhere if goal == Goal::Match => state.ahead = None,
        Known::Unknown(_) if goal == Goal::Match => {}
        Known::Nowhere => {
            state.ahead = None;
            state.remark(Said::new(Mood::Quiet, format!("no {} in these {}", goal.name(), text::count(all, "step"))));
        }
        Known::Unknown(known) => {
            let percent = (known * 100).checked_div(all).unwrap_or_default();
            state.remark(Said::new(Mood::Quiet, format!("looking for the next {}: {percent} % of the steps were looked at", goal.name())));
        }
    }
}

fn next(state: &State, trail: &Trail, goal: Goal, (forward, from): (bool, usize)) -> Known {
    let begins = if goal == Goal::Problem { problems::begins(state) } else { BTreeSet::new() };
    let sought = state.sought.as_ref().filter(|sought| Some(&sought.pattern) == state.find.as_ref());
    let in_window = |step: usize| trail.steps.get(trail.pages?.position(step)?);
    let holds = |step: usize| match goal {
        Goal::Step(aim) => trail.mark_of(step).map(|mark| aim.is(mark)),
        Goal::Problem => {
            let number = u32::try_from(step + 1).unwrap_or(u32::MAX);
            if begins.contains(&number) { Some(true) } else { trail.mark_of(step).map(|mark| mark.went_wrong) }
        }
        Goal::Match => match sought.filter(|sought| step < sought.upto) {
            Some(sought) => Some(sought.is_in(step)),
            None => in_window(step).zip(state.find.as_ref()).map(|(shown, find)| finding::is_in_step(find, shown)),
        },
    };
    let known = if goal == Goal::Match { sought.map_or(0, |sought| sought.upto) } else { trail.marks.len() };
    let Some(Extent::Steps(all)) = trail.pages.map(|pages| pages.all) else { return Known::Unknown(0) };
    let by = |nth: usize| if forward { (from + nth) % all } else { (from + all - nth) % all };
    for step in (1..=all).map(by) {
        match holds(step) {
            Some(false) => {}
            Some(true) => return Known::At(step, Turned::of(from, step, forward)),
            None => return Known::Unknown(known),
        }
    }
    Known::Nowhere
}

fn go_to(state: &mut State, goal: Goal, step: usize, (forward, turned): (bool, Turned)) {
    let held = state.shown_trail().and_then(|trail| trail.pages?.position(step).filter(|at| *at < trail.steps.len()));
    if held.is_some() {
        pages::go_by_hand(state, step);
    }
    if goal == Goal::Match {
        if let Some(at) = held {
            finding::go_to_match_at_end(state, at, forward, turned);
        } else {
            state.ahead = Some(Ahead::Coming { step, forward, turned });
            pages::to_step(state, u32::try_from(step + 1).unwrap_or(u32::MAX));
        }
        return;
    }
    if state.reading.pane == Pane::Found || state.layout.unfolds == Unfolds::Inline || goal == Goal::Problem {
        state.reading.pane = Pane::Steps;
    }
    match held {
        Some(at) => moves::go_to_step(state, at),
        None => {
            pages::to_step(state, u32::try_from(step + 1).unwrap_or(u32::MAX));
        }
    }
    turned.remark(state, goal.name());
}

/// Another window came: with the match that was waited for, or with what was not known before.
pub(super) fn arrive(state: &mut State) {
    if let Some(Ahead::Moment(moment)) = state.ahead.clone() {
        return at_moment(state, &moment);
    }
    let Some(Ahead::Coming { step, forward, turned }) = state.ahead else { return look(state) };
    let held = state.shown_trail().and_then(|trail| trail.pages?.position(step).filter(|at| *at < trail.steps.len()));
    if let Some(at) = held {
        state.ahead = None;
        finding::go_to_match_at_end(state, at, forward, turned);
    }
}

/// To the step of the agent that was recorded next to a moment, as soon as its steps are read. The item is the one looked at.
pub(super) fn to_moment(state: &mut State, moment: Moment) {
    state.screen = Screen::Agent;
    state.reading.stick = Stick::Hand;
    if state.shown_trail().is_some_and(|trail| trail.attempt == moment.attempt && !trail.steps.is_empty()) {
        return at_moment(state, &moment);
    }
    state.ahead = Some(Ahead::Moment(Box::new(moment)));
}

fn at_moment(state: &mut State, moment: &Moment) {
    let found = state.shown_trail().filter(|trail| trail.attempt == moment.attempt && !trail.steps.is_empty());
    let Some(trail) = found else { return };
    let apart = |step: &Shown| step.at.map(|at| at.duration_since(moment.at).as_millis().unsigned_abs());
    let near = trail.steps.iter().enumerate().filter_map(|(at, step)| Some((apart(step)?, at))).min();
    // of a window the nearest step may lie outside of it
    let is_inside = |at: usize| trail.pages.is_none() || (at > 0 && at + 1 < trail.steps.len());
    let says = &moment.says;
    if let Some((_, at)) = near.filter(|(_, at)| is_inside(*at)) {
        let said = Said::new(Mood::Quiet, format!("the step next to {says}"));
        state.ahead = None;
        moves::go_to_step(state, at);
        return state.remark(said);
    }
    let (all, share, is_paged) = (trail.count(), moment.passed / 10, trail.pages.is_some());
    let step = (u64::from(all) * u64::from(moment.passed) / 1000).clamp(1, u64::from(all.max(1)));
    let said = format!("an estimate: step {step} of {all}, as at {says} {share} % of the agent's time had passed");
    state.ahead = None;
    if is_paged {
        pages::to_step(state, u32::try_from(step).unwrap_or(u32::MAX));
    } else {
        moves::go_to_step(state, usize::try_from(step.saturating_sub(1)).unwrap_or_default());
    }
    state.remark(Said::new(Mood::Warn, said));
}
