//! Items that wait for room on the Docker engine's disk.

use jiff::{SignedDuration, Timestamp};

use crate::domain::Deferral;
use crate::ledger::fact::AttemptEnd;
use crate::model::{Item, ItemState, Run};

/// What each further deferral in a row adds to the time before the next try, in s: a disk that is full again whenever it is
/// looked at keeps nobody busy.
const STEP_S: i64 = 30;

/// The longest time between two tries, in s.
const LONGEST_S: i64 = 600;

/// Whether an item that waits for room may be tried again. Where nobody can see the disk it may: the pull looks again.
pub(super) fn is_there(item: &Item, deferral: &Deferral, free: Option<u64>, now: Timestamp) -> bool {
    let deferred = |attempt: &&crate::model::Attempt| matches!(attempt.end, Some((AttemptEnd::Deferred(_), _)));
    let in_a_row = item.attempts.iter().rev().take_while(deferred).count();
    let again = if free.is_none() { in_a_row } else { in_a_row.saturating_sub(1) };
    let pause = i64::try_from(again).unwrap_or(LONGEST_S).saturating_mul(STEP_S).min(LONGEST_S);
    let ended = item.last_attempt().and_then(|last| last.end.as_ref()).map_or(now, |(_, at)| *at);
    let not_before = ended.saturating_add(SignedDuration::from_secs(pause)).unwrap_or(ended);
    free.is_none_or(|free| free >= deferral.shortage.needs) && now >= not_before
}

/// What the items wait for that wait for room, in a sentence; `None` where none does.
pub fn says(run: &Run) -> Option<String> {
    let mut waiting = run.items.iter().filter_map(|item| match &item.state {
        ItemState::ForRoom { deferral, .. } => Some((item, deferral)),
        _ => None,
    });
    let (item, deferral) = waiting.next()?;
    let more = match waiting.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let verb = if more.is_empty() { "waits" } else { "wait" };
    Some(format!("{}{more} {verb} for room on Docker's disk: {}", item.id, deferral.why))
}

/// The folder whose file system is to be looked at: that of the item that was deferred last. `None` where no item waits.
pub fn disk(run: &Run) -> Option<&std::path::Path> {
    let waiting = run.items.iter().filter_map(|item| match &item.state {
        ItemState::ForRoom { deferral, .. } => Some((item.last_attempt()?.end.as_ref()?.1, deferral.disk.as_deref()?)),
        _ => None,
    });
    waiting.max_by_key(|(at, _)| *at).map(|(_, disk)| disk)
}
