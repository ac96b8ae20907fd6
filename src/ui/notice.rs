//! What everybody at the screen must know at once.

use jiff::Timestamp;

use super::machine::told;
use super::state::{Access, Leaving, State};
use super::words::{between, moment};
use super::{Mood, Said};
use crate::domain::{FailureClass, ItemId, Stage};
use crate::ledger::By;
use crate::model::{Attempt, Breaker, Item, ItemState, Run, RunState, StageState};
use crate::text::{self, duration};

/// Less free space than this is worth a notice, in bytes.
const TIGHT: u64 = 2_000_000_000;

/// The notices, the most urgent first.
pub fn notices(state: &State, now: Timestamp) -> Vec<Said> {
    let found = [
        access(state),
        space(state),
        told::notice(&state.machine),
        leaving(state),
        unstarted(state),
        runner(state, now),
        frozen(state, now),
        pause(state, now),
        breaker(state, now),
        damage(state),
        trouble(state),
    ];
    found.into_iter().flatten().chain(state.told.iter().cloned()).collect()
}

fn access(state: &State) -> Option<Said> {
    match state.access {
        Access::Full => None,
        Access::ReadOnly(format) => {
            Some(Said::new(Mood::Warn, format!("made by a newer isobench-tui (format {format}): read only, and something may be missing")))
        }
        Access::Others(_) => None,
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

fn unstarted(state: &State) -> Option<Said> {
    let why = state.unstarted.as_ref()?.trim_start_matches("isobench-tui: ").trim_end_matches('.');
    Some(Said::new(Mood::Bad, format!("no runner could be started: {why}; mend that, then c tries again")))
}

fn runner(state: &State, now: Timestamp) -> Option<Said> {
    if state.run_state() != RunState::Interrupted || state.is_others() {
        return None;
    }
    let when = |at| moment(at, now, &state.zone);
    if let Some(stage) = state.orphan() {
        let who = if stage == Stage::Agent { "the agent".to_owned() } else { format!("'{stage}'") };
        return Some(Said::new(Mood::Warn, format!("{who} works on without a runner; c takes it over")));
    }
    let says = match &state.run.runner {
        None => "no runner yet; c starts one".to_owned(),
        Some(runner) => match &runner.stopped {
            Some((why, at)) => format!("runner gone since {}: {why}; c continues", when(*at)),
            None => format!("runner gone after {}, without a word; c continues", when(state.run.at.unwrap_or(runner.since))),
        },
    };
    Some(Said::new(Mood::Warn, says))
}

/// Whatever is selected, a frozen stage is not forgotten.
fn frozen(state: &State, now: Timestamp) -> Option<Said> {
    let (attempt, record) = state.run.live_stage()?;
    let StageState::Running { frozen: Some((since, by)), .. } = &record.state else { return None };
    let (stage, by, held) = (record.stage, by.words(), duration::short(between(*since, state.clock(now))));
    let undo = if state.has_runner() { "; P thaws" } else { "" };
    Some(Said::new(Mood::Warn, format!("frozen: {} · {stage}, by {by} for {held}{undo}", attempt.item)))
}

fn pause(state: &State, now: Timestamp) -> Option<Said> {
    let pause = state.run.pause.as_ref().filter(|_| state.run.finished.is_none() && state.has_runner())?;
    let since = moment(pause.at, now, &state.zone);
    let (who, why) = (pause.by.words(), pause.why.trim_end_matches('.'));
    let what = state.live_stage().map_or_else(|| "paused".to_owned(), |stage| format!("pausing after '{stage}'"));
    let undo = if pause.by == By::rule("limit") { "space goes on without this limit" } else { "space resumes" };
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    Some(Said::new(Mood::Warn, format!("{what} by {who} at {since}{why}; {undo}")))
}

fn breaker(state: &State, now: Timestamp) -> Option<Said> {
    let Breaker::Open { class, items, probe_at, probed, .. } = &state.run.breaker else { return None };
    if !state.has_runner() {
        return None;
    }
    let next = moment(*probe_at, now, &state.zone);
    let failed = match probed {
        Some((item, false)) => Some(item),
        _ => probe(&state.run, *class, items),
    };
    let probe = match failed {
        _ if *probe_at <= now => "one is being tried".to_owned(),
        Some(item) => format!("tried {item}, failed again; next at {next}"),
        None => format!("one is tried at {next}"),
    };
    let says =
        format!("waiting: {class} ended {} in a row; {}; {probe}; space resumes at once", text::count(items.len(), "item"), class.hint());
    Some(Said::new(Mood::Warn, says))
}

/// The newest item that ended by the cause after those that opened the breaker.
fn probe<'a>(run: &'a Run, class: FailureClass, opened_by: &[ItemId]) -> Option<&'a ItemId> {
    let ended = |item: &Item| item.last_attempt().and_then(|attempt| attempt.end.as_ref()).map(|(_, at)| *at);
    let opened = opened_by.iter().filter_map(|id| ended(run.item(id)?)).max()?;
    let failed = |item: &Item| matches!(&item.state, ItemState::Failed { class: of, .. } if *of == class);
    let agent_failed = |item: &Item| item.last_attempt().and_then(Attempt::systemic_agent_failure) == Some((class, true));
    let by_cause = |item: &&Item| (failed(item) || agent_failed(item)) && ended(item) > Some(opened);
    run.items.iter().filter(by_cause).max_by_key(|item| ended(item)).map(|item| &item.id)
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
    state.troubles.values().next().map(|says| Said::new(Mood::Bad, says.as_str()))
}
