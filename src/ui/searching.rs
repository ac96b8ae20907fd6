//! Searching: what is typed, and where it is found.

use super::prompt::Search;
use super::state::{Over, State};
use super::{Action, Effect, Key, Mood, Said, Screen, beside, finding, log};
use crate::text::find::{Meaning, Pattern};

/// Does what a key about searching asks for.
pub(super) fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Find => state.over = Over::Find(Search::default()),
        _ if state.find.is_none() => state.remark(Said::new(Mood::Quiet, "nothing is searched for: / searches")),
        _ if state.screen == Screen::Log || beside::has_keys(state) => log::find(state, action),
        _ => finding::find(state, action != Action::FindPrevious),
    }
    Vec::new()
}

/// A key while a search is typed.
pub(super) fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let Over::Find(search) = &mut state.over else { return Vec::new() };
    match key {
        Key::Esc | Key::Ctrl('c') => state.over = Over::Nothing,
        Key::Tab => {
            search.meaning = match search.meaning {
                Meaning::Text => Meaning::Regex,
                Meaning::Regex => Meaning::Text,
            };
        }
        Key::Enter => {
            // an empty line searches for the same again
            let (text, meaning) = match &state.find {
                Some(last) if search.line.text().is_empty() => (last.text.as_str(), last.meaning),
                _ => (search.line.text(), search.meaning),
            };
            match Pattern::new(text, meaning) {
                Ok(pattern) => {
                    state.find = Some(pattern).filter(|pattern| !pattern.text.is_empty());
                    (state.reading.matched, state.reading.searched_from) = (None, Some(state.reading.cursor));
                    state.over = Over::Nothing;
                    if state.find.is_some() {
                        return perform(state, Action::FindNext);
                    }
                }
                Err(says) => state.remark(Said::new(Mood::Bad, says)),
            }
        }
        _ => {
            search.line.take(key);
        }
    }
    Vec::new()
}

/// Text that was pasted goes into what is typed.
pub(super) fn paste(state: &mut State, text: &str) {
    match &mut state.over {
        Over::Find(search) => search.line.paste(text),
        Over::Palette(palette) => palette.line.paste(text),
        _ => {}
    }
}
