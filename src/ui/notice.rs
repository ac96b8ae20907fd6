//! What everybody at the screen must know at once.

use jiff::Timestamp;

use super::message::Sight;
use super::state::{Access, Leaving, State};
use super::words::moment;
use super::{Mood, Said};
use crate::model::{Breaker, RunState};
use crate::text;

/// Less free space than this is worth a notice, in bytes.
const TIGHT: u64 = 2_000_000_000;

/// The notices, the most urgent first.
pub fn notices(state: &State, now: Timestamp) -> Vec<Said> {
    let found = [
        access(state),
        space(state),
        leaving(state),
        runner(state, now),
        pause(state, now),
        breaker(state, now),
        damage(state),
        trouble(state),
    ];
    found.into_iter().flatten().collect()
}

fn access(state: &State) -> Option<Said> {
    match state.access {
        Access::Full => None,
        Access::ReadOnly(format) => {
            Some(Said::new(Mood::Warn, format!("made by a newer isobench-tui (format {format}): read only, and something may be missing")))
        }
    }
}

fn space(state: &State) -> Option<Said> {
    let free = state.free?;
    if free < TIGHT / 40 {
        Some(Said::new(Mood::Bad, format!("the disk of the run is full ({} free): facts and requests can't be written", text::bytes(free))))
    } else if free < TIGHT {
        Some(Said::new(Mood::Warn, format!("only {} free on the disk of the run", text::bytes(free))))
    } else {
        None
    }
}

fn leaving(state: &State) -> Option<Said> {
    (state.leaving == Leaving::WhenStopped).then(|| match state.live_stage() {
        Some(stage) => Said::new(Mood::Warn, format!("the run ends with '{stage}', then this screen closes; d leaves now")),
        None => Said::new(Mood::Warn, "the run ends, then this screen closes; d leaves now"),
    })
}

fn runner(state: &State, now: Timestamp) -> Option<Said> {
    if state.run_state() != RunState::Interrupted {
        return None;
    }
    let when = |at| moment(at, now, &state.zone);
    let says = match &state.run.runner {
        None => "no runner yet; c starts one".to_owned(),
        Some(runner) => match &runner.stopped {
            Some((why, at)) => format!("runner gone since {}: {why}; c continues", when(*at)),
            None => format!("runner gone since {}, without a word; c continues", when(state.run.at.unwrap_or(runner.since))),
        },
    };
    Some(Said::new(Mood::Warn, says))
}

fn pause(state: &State, now: Timestamp) -> Option<Said> {
    let pause = state.run.pause.as_ref().filter(|_| state.run.finished.is_none())?;
    let since = moment(pause.at, now, &state.zone);
    let (who, why) = (pause.by.words(), pause.why.trim_end_matches('.'));
    let what = match (state.runner, state.live_stage()) {
        (Sight::Alive(_), Some(stage)) => format!("pausing after '{stage}'"),
        _ => "paused".to_owned(),
    };
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    Some(Said::new(Mood::Warn, format!("{what} by {who} at {since}{why}; space resumes")))
}

fn breaker(state: &State, now: Timestamp) -> Option<Said> {
    let Breaker::Open { class, items, probe_at, .. } = &state.run.breaker else { return None };
    let probe =
        if *probe_at > now { format!("one is tried at {}", moment(*probe_at, now, &state.zone)) } else { "one is being tried".to_owned() };
    let says =
        format!("waiting: {class} ended {} in a row; {}; {probe}; space resumes at once", text::count(items.len(), "item"), class.hint());
    Some(Said::new(Mood::Warn, says))
}

fn damage(state: &State) -> Option<Said> {
    let mut parts = Vec::new();
    if let Some(first) = state.run.faults.first() {
        let n = state.run.faults.len();
        parts.push(format!("{} in the ledger (at byte {}: {})", text::count(n, "fault"), first.offset, first.why));
    }
    if !state.run.unknown.is_empty() {
        let n: u64 = state.run.unknown.values().sum();
        let kinds: Vec<&str> = state.run.unknown.keys().map(String::as_str).take(3).collect();
        parts.push(format!("{} of a newer program ({})", text::count(usize::try_from(n).unwrap_or(usize::MAX), "fact"), kinds.join(", ")));
    }
    (!parts.is_empty()).then(|| Said::new(Mood::Bad, parts.join("; ")))
}

fn trouble(state: &State) -> Option<Said> {
    state.trouble.as_ref().map(|says| Said::new(Mood::Bad, says.as_str()))
}
