//! Runs that are somebody else's: what can't be done with them, and how they are spoken of.

use super::state::{Access, Others, State};

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
