//! Why an item is not running, in as many words as there is room for.

use jiff::Timestamp;

use super::state::State;
use super::words::moment;
use super::{Mood, Said};
use crate::ledger::By;
use crate::model::Item;
use crate::plan::WhyNot;
use crate::text::width;

/// Why an item does not run, in at most so many columns; `None` for one that runs or is over, and where there is no room
/// even for the shortest.
pub fn why_not(state: &State, item: &Item, position: usize, cols: usize, now: Timestamp) -> Option<Said> {
    let before = state.tally.before(position);
    let why = match WhyNot::of(&state.run, item, before, state.has_runner())? {
        // its time has come: now only its turn has to
        WhyNot::NotBefore { until, .. } if until <= now => WhyNot::Behind(before),
        // what keeps all of them stands above them, once
        WhyNot::NoRunner | WhyNot::Paused(_) | WhyNot::Breaker { .. } => WhyNot::Behind(before),
        why => why,
    };
    let at = |until| moment(until, now, &state.zone);
    let mood = if matches!(why, WhyNot::NotBefore { .. }) { Mood::Warn } else { Mood::Quiet };
    let words = match why {
        WhyNot::NoRunner | WhyNot::Paused(_) | WhyNot::Breaker { .. } => Vec::new(),
        WhyNot::NotBefore { until, why } => {
            let (at, cause) = (at(until), why.split(": ").next().unwrap_or(why));
            let count = cause.split(" after ").next().unwrap_or(cause);
            vec![format!("not before {at}: {cause}"), format!("not before {at}: {count}"), format!("not before {at}"), format!("from {at}")]
        }
        WhyNot::Behind(0) => vec!["next".to_owned()],
        WhyNot::Behind(n) => vec![format!("{n} before it"), format!("{n} before")],
    };
    words.into_iter().find(|words| width::width(words) <= cols).map(|words| Said::new(mood, words))
}

/// Who it was, without host and terminal: the login name, or the rule.
pub fn who(by: &By) -> &str {
    match by {
        By::Person { user, .. } => user,
        By::Rule { rule } => rule,
    }
}
