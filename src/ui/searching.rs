//! Searching: what is typed, and where it is found.

use super::prompt::{Search, Typed};
use super::state::{Over, State};
use super::words::NO_SEARCH;
use super::{Action, Effect, Key, Mood, Said, Screen, beside, finding, log, machine, pages};

/// Does what a key about searching asks for.
pub(super) fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Find => state.over = Over::Find(Search::default()),
        _ if state.find.is_none() => state.remark(Said::new(Mood::Quiet, NO_SEARCH)),
        _ if state.screen == Screen::Log || beside::has_keys(state) => log::find(state, action),
        _ => finding::find(state, action != Action::FindPrevious),
    }
    Vec::new()
}

/// A key while a search is typed.
pub(super) fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let Over::Find(search) = &mut state.over else { return Vec::new() };
    match search.press(key, state.find.as_ref()) {
        Typed::On => {}
        Typed::Closed => state.over = Over::Nothing,
        Typed::Sought(pattern) => {
            // what was said of the one before
            state.note = None;
            state.find = pattern;
            (state.reading.matched, state.reading.searched_from) = (None, Some(state.reading.cursor));
            state.over = Over::Nothing;
            if state.find.is_some() && !pages::keep(state, Action::FindNext) {
                return perform(state, Action::FindNext);
            }
        }
        Typed::Wrong(says) => state.remark(Said::new(Mood::Bad, says)),
    }
    Vec::new()
}

/// Text that was pasted goes into what is typed.
pub(super) fn paste(state: &mut State, text: &str) {
    match &mut state.over {
        Over::Find(search) => search.line.paste(text),
        Over::Palette(palette) => palette.line.paste(text),
        Over::Prune(_) => machine::prune::paste(state, text),
        _ => {}
    }
}
