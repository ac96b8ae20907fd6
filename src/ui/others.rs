//! Runs that are somebody else's: what can't be done with them, and how they are spoken of.

use super::reading::Pane;
use super::state::{Access, Base, Others, State};
use super::{Action, Left, Mood, Said, Screen};

/// Of an item that is under way in files at which nobody works.
pub const CUT_OFF: &str = "its files end before the agent did, and nobody works here now";

/// Why a wish is refused.
pub(super) const fn refusal(state: &State) -> &'static str {
    match state.access {
        Access::Others(Others::Files) => "these are files that were opened: there is no run here to ask for anything",
        Access::Others(Others::Harness) | Access::ReadOnly(_) | Access::Full => {
            "ISO-Bench's own script runs this: isobench-tui only watches it, and asks nothing of it"
        }
    }
}

/// Where a key leads that leaves what was opened from the browser: back to it, or to the item beside it.
pub(super) fn beside(state: &mut State, action: Action) -> Option<Left> {
    let is_bare = state.reading.inside.is_none() && state.reading.pane != Pane::Found;
    match (state.base, action) {
        (Base::Item { .. }, Action::Back) if state.screen == Screen::Agent && is_bare => Some(Left::Home),
        (Base::Item { .. } | Base::Run, Action::Back) if state.screen == Screen::Queue && state.find.is_none() => Some(Left::Home),
        (Base::Item { nth, of }, Action::NextItem) if nth >= of => {
            state.remark(Said::new(Mood::Quiet, format!("this is the last of {of} in the list")));
            None
        }
        (Base::Item { nth: ..=1, of }, Action::PreviousItem) => {
            state.remark(Said::new(Mood::Quiet, format!("this is the first of {of} in the list")));
            None
        }
        (Base::Item { .. }, Action::NextItem) => Some(Left::Next(state.screen)),
        (Base::Item { .. }, Action::PreviousItem) => Some(Left::Previous(state.screen)),
        _ => None,
    }
}
