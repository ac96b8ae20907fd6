//! Why an item is not running, in as many words as there is room for.

use jiff::Timestamp;

use super::state::State;
use super::words::moment;
use super::{Mood, Said};
use crate::domain::Deferral;
use crate::ledger::By;
use crate::model::{Item, ItemState};
use crate::plan::WhyNot;
use crate::text::{bytes, width};

/// Why an item does not run, in at most so many columns; `None` for one that runs or is over, and where there is no room
/// even for the shortest.
pub fn why_not(state: &State, item: &Item, position: usize, cols: usize, now: Timestamp) -> Option<Said> {
    let before = state.tally.before(position);
    let mood = |is_late: bool| if is_late { Mood::Warn } else { Mood::Quiet };
    let (is_late, words) = match WhyNot::of(&state.run, item, before, state.has_runner())? {
        WhyNot::NotBefore { until, why } if until > now => {
            let (at, cause) = (moment(until, now, &state.zone), why.split(": ").next().unwrap_or(why));
            let count = cause.split(" after ").next().unwrap_or(cause);
            let words = [
                format!("not before {at}: {cause}"),
                format!("not before {at}: {count}"),
                format!("not before {at}"),
                format!("from {at}"),
            ];
            (true, words.to_vec())
        }
        WhyNot::NoRoom(Deferral { shortage, why, .. }) => {
            (true, vec![format!("for room: {why}"), format!("for {} free", bytes(shortage.needs)), "for room".to_owned()])
        }
        // ISO-Bench's scripts go on with nothing by themselves
        _ if state.is_others() && matches!(item.state, ItemState::Interrupted { .. }) => return None,
        // its time has come, now only its turn has to; and what keeps all of them stands above them, once
        _ if before == 0 => (false, vec!["next".to_owned()]),
        _ => (false, vec![format!("{before} before it"), format!("{before} before")]),
    };
    words.into_iter().find(|words| width::width(words) <= cols).map(|words| Said::new(mood(is_late), words))
}

/// Who it was, without host and terminal: the login name, or the rule.
pub fn who(by: &By) -> &str {
    match by {
        By::Person { user, .. } => user,
        By::Rule { rule } => rule,
    }
}
