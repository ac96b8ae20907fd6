//! Searching: what is typed, and where it is found.

use super::prompt::Search;
use super::state::{Over, State};
use super::{Action, Effect, Key, Mood, Said, finding};
use crate::text::find::{Meaning, Pattern};

/// Does what a key about searching asks for.
pub(super) fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Find => state.over = Over::Find(Search::default()),
        _ if state.find.is_none() => state.remark(Said::new(Mood::Quiet, "nothing is searched for: / searches")),
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
            let found = Pattern::new(search.line.text(), search.meaning);
            match found {
                Ok(pattern) => {
                    state.find = Some(pattern).filter(|pattern| !pattern.text.is_empty());
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
    if let Over::Find(search) = &mut state.over {
        search.line.paste(text);
    }
}
