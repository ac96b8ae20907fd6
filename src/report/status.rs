//! How a run stands: `status`, with everything that the screen says of it.

use std::cmp::Reverse;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::item::{item, seconds};
use super::runs::Summary;
use super::{by_command, joined};
use crate::domain::{Finding, ItemId, Level, RunId};
use crate::model::{Attempt, Breaker, Energy, Item, ItemState, Run, RunState, StageState};
use crate::plan::{self, Eta, why_not};
use crate::text::{self, duration};

/// What a reader knows beside the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The run's folder.
    pub folder: &'a Path,
    /// Pid of the runner that holds the run, if one does.
    pub runner: Option<u32>,
    /// Pid of the keeper of a live stage that works on without a runner.
    pub orphan: Option<u32>,
    /// Whether the live stage ended since the runner went: the next one takes that up.
    pub has_ended: bool,
    /// Free bytes on the disk of the run; `None` where they could not be told.
    pub free: Option<u64>,
    /// What no fact carries of the agent's budget.
    pub limits: Limits,
    /// What a person can do about an item's end, as the screen words it.
    pub hint: fn(&Item) -> Option<&'static str>,
    /// The format of the run, where a newer program made it: something may be missing.
    pub newer_format: Option<u32>,
    /// How long it still takes, where that was reckoned.
    pub ahead: Option<&'a Ahead>,
    /// Of a run that somebody else makes: what is known of its maker.
    pub others: Option<Others<'a>>,
    /// The moment.
    pub now: Timestamp,
}

/// How long a run still takes.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// The estimate.
    pub eta: Eta,
    /// The reader's time zone.
    pub zone: TimeZone,
    /// The moment at which no stage starts any more, where one is configured.
    pub until: Option<Timestamp>,
}

impl Ahead {
    /// `≈ 5–8 h left (p50–p90), 04:10–06:45, from 12 items of this run`; `None` where nothing is left. `goes_on` is false where nobody
    /// works: then no moment is named.
    pub fn words(&self, goes_on: bool) -> Option<String> {
        let left = match &self.eta {
            Eta::Over => return None,
            Eta::NoHistory => return Some("time left: no history".to_owned()),
            Eta::Left(left) => left,
        };
        let (range, when, beside) = (left.range(), left.ends(goes_on, &self.zone), left.beside());
        let misses = self.until.and_then(|until| left.misses(until, &self.zone)).map_or_else(String::new, |misses| format!("; {misses}"));
        Some(format!("≈ {range} left (p50–p90){when}{beside}, {}{misses}", left.from.words()))
    }

    fn json(&self) -> Value {
        let Eta::Left(left) = &self.eta else { return Value::Null };
        let misses = self.until.and_then(|until| left.misses(until, &self.zone));
        joined([eta(&self.eta), json!({"until": self.until, "misses": misses})])
    }
}

/// An estimate as JSON; null where there is none.
pub(super) fn eta(eta: &Eta) -> Value {
    let Eta::Left(left) = eta else { return Value::Null };
    let from = json!({"items": left.from.items, "earlier_runs": left.from.runs});
    json!({"p50_s": seconds(left.p50_ms), "p90_s": seconds(left.p90_ms), "from": from, "lacks": left.lacks, "at": left.at})
}

/// Of a run that somebody else makes.
#[derive(Debug, Clone, Copy)]
pub struct Others<'a> {
    /// Whether somebody is at work, or may be.
    pub is_at_work: bool,
    /// What is to be known of it and stands in no fact, in sentences.
    pub says: &'a [String],
}

/// Limits of an item's agent, from the run's configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Steps; `None` for no limit of ours.
    pub steps: Option<u32>,
    /// Tokens; `None` for no limit.
    pub tokens: Option<u64>,
}

impl Surroundings<'_> {
    /// The moment up to which clocks run: with nobody at work they stand at the last fact.
    pub(super) fn clock(&self, run: &Run) -> Timestamp {
        if self.is_at_work() { self.now } else { run.at.unwrap_or(self.now) }
    }

    fn is_at_work(&self) -> bool {
        self.runner_lives() || self.orphan.is_some()
    }

    /// Why an item does not run; `None` where it does, or has run.
    pub(super) fn why_not(&self, run: &Run, item: &ItemId) -> Option<String> {
        let why = why_not(run, item, self.runner_lives())?;
        let is_left = self.others.is_some() && !self.runner_lives();
        Some(if is_left { "nobody works here now".to_owned() } else { why })
    }

    fn runner_lives(&self) -> bool {
        self.runner.is_some() || self.others.is_some_and(|others| others.is_at_work)
    }
}

/// The run as JSON.
pub fn status(id: &RunId, run: &Run, around: &Surroundings<'_>) -> Value {
    let clock = around.clock(run);
    let items = run.items.iter().map(|one| item(run, one, around, clock)).collect::<Vec<_>>();
    let watched = around.others.map_or_else(|| json!({}), |others| json!({"watched": {"at_work": others.is_at_work, "says": others.says}}));
    joined([what(id, run, around, clock), watched, hindrances(run, around), json!({"items": items})])
}

/// Which run, in which state, and who works on it.
fn what(id: &RunId, run: &Run, around: &Surroundings<'_>, clock: Timestamp) -> Value {
    let stopped = run.runner.as_ref().and_then(|runner| runner.stopped.as_ref());
    let level = run.live_item().and_then(Item::last_attempt).map(Attempt::level);
    let live = run.live_stage().map(|(attempt, record)| {
        json!({"item_id": attempt.item, "attempt": attempt.n, "stage": record.stage, "round": record.round(run.repeat), "orphan": around.orphan, "level": level})
    });
    json!({
        "run": id.0,
        "folder": around.folder,
        "state": run.state(around.runner_lives()).name(),
        "why": why(run, around),
        "runner": around.runner,
        "runner_since": run.runner.as_ref().map(|runner| runner.since),
        "runner_stopped": stopped.map(|(why, at)| json!({"why": why, "at": at})),
        "live": live,
        "plan": run.plan,
        "plan_digest": run.digest,
        "selection": run.selection,
        "repo": run.repo,
        "task_id": run.task_id,
        "agent": run.agent,
        "model": run.model,
        "stages": run.stages,
        "counts": Summary::of(run, around.runner, around.now).counts(),
        "created": run.created,
        "finished": run.finished,
        "last_fact": run.at,
        "worked_s": seconds(run.worked_ms(clock)),
        "eta": around.ahead.map(Ahead::json),
        "energy_wh": run.energy().map(Energy::wh),
        "energy_covered_pct": run.energy().map(|energy| energy.covered_pct),
        "tokens": {"input": run.usage().input, "output": run.usage().output},
    })
}

/// What holds it up, what was decided without a person, and what is wrong with its files.
fn hindrances(run: &Run, around: &Surroundings<'_>) -> Value {
    let breaker = match &run.breaker {
        Breaker::Closed { class, error, items } => json!({"state": "closed", "class": class, "error": error, "items": items}),
        Breaker::Open { class, error, items, probe_at, probed } => {
            let probed = probed.as_ref().map(|(item, through)| json!({"item_id": item, "got_through": through}));
            json!({"state": "open", "class": class, "error": error, "items": items, "probe_at": probe_at, "probed": probed, "hint": by_command(class.hint())})
        }
    };
    json!({
        "frozen": frozen(run),
        "pause": run.pause.as_ref().map(|pause| json!({"why": pause.why, "by": pause.by.words(), "at": pause.at})),
        "delay": run.delay.as_ref().map(|delay| {
            json!({"item_id": delay.attempt.item, "attempt": delay.attempt.n, "stage": delay.stage, "why": delay.why, "since": delay.since})
        }),
        "breaker": breaker,
        "hold": run.hold,
        "limits_lifted": run.limits_lifted,
        "item_limits": {"steps": around.limits.steps, "tokens": around.limits.tokens},
        "newer_format": around.newer_format,
        "free_bytes": around.free,
        "notes": run.notes.iter().map(|(at, says)| json!({"at": at, "says": by_command(says)})).collect::<Vec<_>>(),
        "faults": run.faults.iter().map(|fault| json!({"offset": fault.offset, "why": fault.why})).collect::<Vec<_>>(),
        "unknown_facts": run.unknown,
    })
}

/// Why the run does not go on by itself, in a sentence; `None` where it does.
pub fn why(run: &Run, around: &Surroundings<'_>) -> Option<String> {
    match run.state(around.runner_lives()) {
        RunState::Interrupted if around.others.is_some() => around.others.and_then(|others| others.says.first().cloned()),
        RunState::Interrupted => Some(format!("{}; `isobench-tui run --resume` continues it", gone(run, around))),
        state => waits(run, state),
    }
}

/// Why a run with a runner does not go on; `None` where it does.
pub fn waits(run: &Run, state: RunState) -> Option<String> {
    let pause = run.pause.as_ref().map(|pause| format!("paused by {}: {}", pause.by.words(), pause.why));
    match (state, &run.breaker) {
        (RunState::Finished | RunState::Interrupted, _) => None,
        (_, Breaker::Open { class, error, items, probe_at, .. }) if pause.is_none() => {
            let of = error.as_ref().map_or_else(String::new, |error| format!(" ({error})"));
            Some(format!("{class} ended {} items in a row{of}; one is tried at {}", items.len(), probe_at.strftime("%H:%M:%S UTC")))
        }
        (RunState::Waiting, _) => {
            let later = run.items.iter().find_map(|item| match &item.state {
                ItemState::Waiting { until, why, .. } => Some(format!("{} not before {}: {why}", item.id, until.strftime("%H:%M:%S UTC"))),
                _ => None,
            });
            let delay = || run.delay.as_ref().map(|delay| format!("{}: {}", delay.attempt.item, delay.says()));
            delay().or(later).or_else(|| plan::room::says(run))
        }
        _ => pause,
    }
}

/// Since when and why there is no runner.
fn gone(run: &Run, around: &Surroundings<'_>) -> String {
    let at = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let since = match &run.runner {
        None => "it has no runner yet".to_owned(),
        Some(runner) => match &runner.stopped {
            Some((why, stopped)) => format!("it has no runner since {}: {why}", at(*stopped)),
            None => format!("it has no runner: the last one left without a word, after {}", at(run.at.unwrap_or(runner.since))),
        },
    };
    match (around.orphan, run.live_stage()) {
        (Some(_), Some((attempt, record))) => format!("{since}; '{}' of {} works on without one", record.stage, attempt.item),
        _ => since,
    }
}

/// The stage that stands still, since when and by whom.
pub fn frozen(run: &Run) -> Option<Value> {
    let (attempt, record) = run.live_stage()?;
    match &record.state {
        StageState::Running { frozen: Some((since, by)), .. } => {
            Some(json!({"item_id": attempt.item.0, "stage": record.stage.name(), "since": since, "by": by.words()}))
        }
        _ => None,
    }
}

/// The lines above the table: which run, how it stands, what runs, and what is wrong. Nothing in them is cleaned.
pub fn lines(id: &RunId, run: &Run, around: &Surroundings<'_>) -> Vec<String> {
    let clock = around.clock(run);
    let why = why(run, around).map_or_else(String::new, |why| format!(" ({why})"));
    let selection = run.selection.as_ref().map_or_else(String::new, |chosen| format!(", {chosen}"));
    let mut lines = vec![format!("run {id}: {}{why}", run.state(around.runner_lives()).name())];
    if run.created.is_some() {
        let energy = run.energy().map_or_else(String::new, |energy| format!(", {}", energy.words()));
        let worked = duration::short(run.worked_ms(clock));
        lines.push(format!("{} {}, plan {}{selection}, {worked} of work{energy}", run.agent, run.model, run.plan));
    }
    lines.extend(live(run, around, clock));
    let goes_on = matches!(run.state(around.runner_lives()), RunState::Running | RunState::Pausing) && frozen(run).is_none();
    // what somebody else left nobody here goes on with
    let ahead = around.ahead.filter(|_| around.others.is_none() || around.runner_lives());
    lines.extend(ahead.and_then(|ahead| ahead.words(goes_on)));
    if run.hold {
        lines.push("hold is on: a failure pauses the queue and keeps its worktree".to_owned());
    }
    if run.limits_lifted {
        lines.push("the limits of the run are lifted".to_owned());
    }
    lines.extend(run.faults.first().map(|first| {
        format!("{} in the ledger, the first at byte {}: {}", text::count(run.faults.len(), "fault"), first.offset, first.why)
    }));
    if !run.unknown.is_empty() {
        let kinds: Vec<&str> = run.unknown.keys().map(String::as_str).collect();
        let many = usize::try_from(run.unknown.values().sum::<u64>()).unwrap_or(usize::MAX);
        lines.push(format!("{} of a newer program: {}", text::count(many, "fact"), kinds.join(", ")));
    }
    lines
}

/// The worst of what holds of the live agent now, in a sentence; a note is none for a person in a hurry.
fn open_finding(attempt: &Attempt) -> Option<String> {
    let is_worth = |finding: &&Finding| finding.is_open() && finding.counts() && finding.level >= Level::Warn;
    let worst = attempt.findings.values().filter(is_worth).min_by_key(|finding| (Reverse(finding.level), finding.first_step))?;
    Some(format!("{}: {} ({})", worst.level.name(), worst.says, worst.detector.id()))
}

/// The stage that runs, or that was cut off with its runner, with its time, and for the agent its steps and tokens.
fn live(run: &Run, around: &Surroundings<'_>, clock: Timestamp) -> Option<String> {
    let (attempt, record) = run.live_stage()?;
    let limits = around.limits;
    let StageState::Running { budget_ms, frozen, stopping, totals, .. } = &record.state else { return None };
    let budget = budget_ms.map_or_else(String::new, |max| format!(" of {}", duration::short(max)));
    let steps = totals.steps.map(|steps| match limits.steps {
        Some(max) => format!("step {steps}/{max}"),
        None => text::count(steps as usize, "step"),
    });
    let most = limits.tokens.map_or_else(String::new, |max| format!(" of {}", text::tokens(max)));
    let used = Some(totals.usage.total()).filter(|used| *used > 0).map(|used| format!("{}{most} tokens", text::tokens(used)));
    let frozen = frozen.as_ref().map(|(since, by)| format!("frozen by {} since {}", by.words(), since.strftime("%H:%M:%S UTC")));
    let stopping = stopping.as_ref().map(|(_, why)| format!("told to end: {why}"));
    let found = run.live_item().and_then(Item::last_attempt).and_then(open_finding);
    let more: Vec<String> = [steps, used, frozen, stopping, found].into_iter().flatten().map(|part| format!(", {part}")).collect();
    let how = match around.is_at_work() {
        true => "live",
        false if around.has_ended => "ended without a runner",
        false => "cut off",
    };
    let round = record.in_round(run.repeat);
    Some(format!("{how}: {attempt} {}{round}, {}{budget}{}", record.stage, duration::short(record.last_worked_ms(clock)), more.concat()))
}
