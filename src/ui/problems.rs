//! To what went wrong: the next item of the queue, the next step of an agent.

use std::collections::BTreeSet;

use super::ahead::{self, Goal};
use super::detected::{Entry, has_alarm, level};
use super::finding::round;
use super::marks::Mark;
use super::reading::Pane;
use super::state::{State, Trail};
use super::step::Shown;
use super::{Mood, Said, Screen};
use super::{all_results, moves};
use crate::domain::Level;
use crate::model::{Item, ItemState};

/// Whether a person should look at the item: it failed, or can't run, or was cut off, or its agent failed, or is stuck, or may be.
pub(super) fn is_problem(item: &Item) -> bool {
    let is_over = item.is_over();
    let doubted = if is_over { Level::Stuck } else { Level::Warn };
    if level(item) >= doubted || (!is_over && has_alarm(item)) {
        return true;
    }
    match item.state {
        ItemState::Failed { .. } | ItemState::Blocked { .. } | ItemState::Stopped { .. } | ItemState::Interrupted { .. } => true,
        ItemState::Done => item.is_done_without_agent(),
        ItemState::Queued { .. }
        | ItemState::Waiting { .. }
        | ItemState::ForRoom { .. }
        | ItemState::Running
        | ItemState::Skipped { .. } => false,
    }
}

/// Whether there is something to look at in a step: it went wrong, or something that was found began with it.
fn is_worth_a_look(step: &Shown, begins: &BTreeSet<u32>) -> bool {
    Mark::shown(step).went_wrong || begins.contains(&step.index)
}

/// The steps with which something that was found of the shown agent began.
pub(super) fn begins(state: &State) -> BTreeSet<u32> {
    state.shown_entries().into_iter().filter_map(Entry::first_step).collect()
}

/// How many there are to go to, and whether that is all; `None` where nobody counts them.
pub(super) fn count(state: &State) -> Option<(usize, bool)> {
    match state.screen {
        Screen::Queue | Screen::Benchmark => Some((state.run.items.iter().filter(|item| is_problem(item)).count(), true)),
        Screen::Agent => {
            let begins = begins(state);
            let counted = |trail: &Trail| trail.count_of(|index, mark| mark.went_wrong || begins.contains(&index));
            Some(state.shown_trail().map_or((0, true), counted))
        }
        Screen::Results => Some((state.all_results.visible().filter(|row| row.is_problem).count(), true)),
        Screen::Machine | Screen::Log => None,
    }
}

/// To the next one, or to the one before; round the end of the list.
pub(super) fn jump(state: &mut State, forward: bool) {
    if state.screen == Screen::Results {
        return all_results::jump(state, forward);
    }
    if state.screen == Screen::Agent {
        if ahead::go(state, Goal::Problem, forward) {
            return;
        }
        let begins = begins(state);
        let steps = moves::sheet(&state.trails, state.focus.as_ref(), &state.layout).steps;
        let is_one = |at: usize| steps.get(at).is_some_and(|step| is_worth_a_look(step, &begins));
        let found = round(steps.len(), state.reading.cursor, forward, is_one);
        match found {
            Some((at, turned)) => {
                state.reading.pane = Pane::Steps;
                moves::go_to_step(state, at);
                turned.remark(state, "step that went wrong");
            }
            None => state.remark(Said::new(Mood::Quiet, "no step of this agent went wrong")),
        }
        return;
    }
    let items = &state.run.items;
    let found = round(items.len(), state.selected_row().unwrap_or_default(), forward, |at| items.get(at).is_some_and(is_problem));
    match found {
        Some((at, turned)) => {
            moves::select_row(state, at);
            turned.remark(state, "item that went wrong");
        }
        None => state.remark(Said::new(Mood::Quiet, "no item went wrong")),
    }
}
