//! What the mouse means: the wheel moves, a click does what stands there.

use super::mouse::{Did, Hit, NOTCH, under};
use super::reading::Pane;
use super::state::{Over, State};
use super::update::{act, press};
use super::{Action, Effect, Key, Mouse, Screen, all_results, beside, log, machine, moves};

/// Does what the mouse means.
pub(super) fn perform(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    if state.over == Over::Since {
        if mouse.did == Did::Click {
            state.over = Over::Nothing;
        }
        return Vec::new();
    }
    match mouse.did {
        Did::WheelUp => wheel(state, Action::Up, Key::Up),
        Did::WheelDown => wheel(state, Action::Down, Key::Down),
        Did::Click => {
            // what lies over the screen hides what a click below it would mean
            let is_over = matches!(state.over, Over::Question(_) | Over::Palette(_) | Over::Prune(_));
            let mut hits = under(&state.spots, mouse).map(|spot| (spot.x, &spot.hit));
            let hit = hits.find(|(_, hit)| !is_over || matches!(hit, Hit::Choice(_)));
            let hit = hit.map(|(x, hit)| match hit {
                Hit::Strip(first) => Hit::Strip(first + usize::from(mouse.x.saturating_sub(x))),
                Hit::Curves(first) => Hit::Curves(first + usize::from(mouse.x.saturating_sub(x))),
                hit => hit.clone(),
            });
            drop(hits);
            hit.map_or_else(Vec::new, |hit| click(state, hit))
        }
    }
}

fn wheel(state: &mut State, action: Action, key: Key) -> Vec<Effect> {
    match state.over {
        Over::Question(_) | Over::Find(_) => Vec::new(),
        Over::Palette(_) => press(state, key),
        Over::Prune(_) => (0..NOTCH).flat_map(|_| press(state, key)).collect(),
        _ => (0..NOTCH).flat_map(|_| act(state, action)).collect(),
    }
}

fn click(state: &mut State, hit: Hit) -> Vec<Effect> {
    match hit {
        Hit::Item(id) if state.queue.selected.as_ref() == Some(&id) => act(state, Action::Open),
        Hit::Item(id) => {
            if let Some(row) = state.run.position(&id) {
                moves::select_row(state, row);
            }
            Vec::new()
        }
        Hit::Row(place) if state.all_results.place(state) == Some(place) => act(state, Action::Open),
        Hit::Row(place) => {
            all_results::to_row(state, place);
            Vec::new()
        }
        Hit::Grouping(by) => {
            state.all_results.by = by;
            Vec::new()
        }
        Hit::Group(group) => {
            all_results::to_group(state, group);
            Vec::new()
        }
        Hit::Column(column) => {
            all_results::to_column(state, column);
            Vec::new()
        }
        Hit::Screen(screen) => act(state, Action::Show(screen)),
        Hit::Act(action) => act(state, action),
        // the browser's own
        Hit::Fold(_) => Vec::new(),
        Hit::Step(at) => {
            let at_cursor = state.screen == Screen::Agent && state.reading.cursor == at;
            moves::go_to_step(state, at);
            state.reading.pane = Pane::Steps;
            if at_cursor { act(state, Action::Open) } else { Vec::new() }
        }
        Hit::Found(which) => {
            if state.reading.found == Some(which) && state.reading.pane == Pane::Found {
                moves::go_to_found(state);
            } else {
                state.reading.found = Some(which);
                state.reading.pane = Pane::Found;
            }
            Vec::new()
        }
        Hit::Choice(at) => match &mut state.over {
            Over::Question(question) => {
                let key = question.choices.get(at).and_then(|choice| choice.keys.first().copied());
                key.map_or_else(Vec::new, |key| press(state, key))
            }
            Over::Palette(palette) => {
                palette.at = at;
                press(state, Key::Enter)
            }
            _ => Vec::new(),
        },
        Hit::Strip(at) => {
            moves::go_to_step(state, at);
            state.reading.pane = Pane::Steps;
            Vec::new()
        }
        Hit::Subject(subject) => {
            state.machine.gpus.selected = Some(subject);
            Vec::new()
        }
        Hit::Curves(column) => {
            machine::gpus::keys::click(state, column);
            Vec::new()
        }
        Hit::Beside(beside) => {
            beside::click(state, beside);
            Vec::new()
        }
        Hit::Source(tab) => {
            log::choose(state, tab);
            Vec::new()
        }
    }
}
