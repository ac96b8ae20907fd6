//! What happens to an item now, in a sentence; how much of its budgets is gone.

use jiff::Timestamp;

use super::bench::Live;
use super::message::Turn;
use super::state::{State, Trail};
use super::words::{between, moment};
use super::{Mood, Said, Screen, detected, others};
use crate::domain::{FailureClass, Level, Stage, StageEnd};
use crate::model::{Item, ItemState, StageRecord, StageState};
use crate::plan::WhyNot;
use crate::text::{self, duration};

/// A budget and how much of it is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// What is counted.
    pub label: &'static str,
    /// How much of it: `14/200`.
    pub says: String,
    /// The share that is gone; `None` where there is no limit.
    pub share: Option<f64>,
}

/// Whether an item that is under way is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// A stage runs, or the next one is about to.
    Runs,
    /// Its stage stands still.
    Frozen,
    /// Nothing runs before the queue goes on with this stage, or with its end.
    Waits(Option<Stage>),
    /// Its runner went away, during this stage or between two.
    CutOff(Option<Stage>),
}

/// Whether an item that is under way is at work.
pub fn pulse(state: &State, item: &Item) -> Pulse {
    let is_left = !state.has_runner() && state.orphan().is_none();
    match item.live_stage() {
        Some(record) if is_left => Pulse::CutOff(Some(record.stage)),
        Some(StageRecord { state: StageState::Running { frozen: Some(_), .. }, .. }) => Pulse::Frozen,
        Some(_) => Pulse::Runs,
        None if is_left => Pulse::CutOff(None),
        None if state.run.pause.is_some() => Pulse::Waits(next_stage(state, item)),
        None => Pulse::Runs,
    }
}

fn next_stage(state: &State, item: &Item) -> Option<Stage> {
    let last = item.last_attempt().and_then(|attempt| attempt.stages.last());
    state.run.stages.iter().find(|stage| last.is_none_or(|last| **stage > last.stage)).copied()
}

/// What happens to the item now, or where it stands.
pub fn sentence(state: &State, item: &Item, now: Timestamp) -> Said {
    match &item.state {
        ItemState::Running => match item.live_stage() {
            _ if state.is_unread => Said::new(Mood::Quiet, "reading its files…"),
            _ if state.is_others() && !state.has_runner() => Said::new(Mood::Warn, others::CUT_OFF),
            Some(record) if !state.has_runner() && state.orphan().is_none() => {
                Said::new(Mood::Warn, format!("{} was running when the runner went away; c continues", record.stage))
            }
            Some(record) => running(state, item, record, state.clock(now)),
            None => between_stages(state, item),
        },
        ItemState::Queued { from } => queued(state, item, *from),
        ItemState::Waiting { from, until, why } => {
            Said::new(Mood::Warn, format!("tried again from {from} at {}: {why}", moment(*until, now, &state.zone)))
        }
        ItemState::ForRoom { from, deferral } => Said::new(Mood::Warn, format!("goes on with {from} once there is room: {}", deferral.why)),
        ItemState::Done if item.is_done_without_agent() => {
            let agent = item.agent_failure().unwrap_or_else(|| "its agent failed".to_owned());
            Said::new(Mood::Warn, format!("{} · {agent}", done(item, now)))
        }
        ItemState::Done => match item.lost_rounds(state.run.repeat) {
            Some(lost) => Said::new(Mood::Warn, format!("{} · {lost}", done(item, now))),
            None => Said::new(Mood::Good, done(item, now)),
        },
        ItemState::Failed { class, why } => Said::new(Mood::Bad, format!("{class}: {why}")),
        ItemState::Blocked { class, why } => Said::new(Mood::Bad, format!("can't run here: {class}: {why}")),
        ItemState::Skipped { by } => Said::new(Mood::Quiet, format!("skipped by {}{}", by.words(), key(state, "; R runs it again"))),
        ItemState::Stopped { why } => {
            Said::new(Mood::Warn, format!("stopped: {why}{}", key(state, "; r runs the stage again, R the item")))
        }
        ItemState::Interrupted { why, .. } if state.is_others() => Said::new(Mood::Warn, format!("{}: {why}", item.status())),
        ItemState::Interrupted { why, from } => Said::new(Mood::Warn, format!("interrupted: {why}; goes on with {from}")),
    }
}

/// `done in 28m10s`; how long is not known of a file without times.
fn done(item: &Item, now: Timestamp) -> String {
    match item.worked_ms(now) {
        0 => "done".to_owned(),
        ms => format!("done in {}", duration::short(ms)),
    }
}

/// What a key would do about it; nothing where the run is somebody else's.
const fn key(state: &State, says: &'static str) -> &'static str {
    if state.is_others() { "" } else { says }
}

/// What its arm waits for, for how long: `candidate waits for its GPUs 4m12s: GPU 0 is held by ann: run …`
fn delayed(state: &State, item: &Item) -> Option<Said> {
    let delay = state.run.delay_of(&item.id)?;
    let long = duration::age(between(delay.since, state.now));
    Some(Said::new(Mood::Warn, format!("{}; {long} so far", delay.says())))
}

/// Between two stages nothing runs: for a moment, or for as long as the run is paused.
fn between_stages(state: &State, item: &Item) -> Said {
    if state.is_others() && !state.has_runner() {
        return Said::new(Mood::Warn, others::CUT_OFF);
    }
    if state.has_runner() && state.run.pause.is_none() {
        return delayed(state, item).unwrap_or_else(|| Said::new(Mood::Live, "between two stages"));
    }
    let next = next_stage(state, item);
    let when = if state.has_runner() { "when resumed" } else { "once a runner is there" };
    Said::new(Mood::Warn, next.map_or_else(|| format!("ends {when}"), |stage| format!("next: {stage}, {when}")))
}

/// What ISO-Bench's own script said last of the stage that runs now.
pub fn harness(item: &Item) -> Option<Said> {
    item.live_stage().filter(|record| record.stage == Stage::Agent)?;
    let (says, _) = item.last_attempt()?.said.as_ref()?;
    Some(Said::new(Mood::Quiet, format!("ISO-Bench: {says}")))
}

/// How the agent ended, where that was not well and is not told yet.
pub fn agent_failure(item: &Item) -> Option<Said> {
    let is_told = matches!(item.state, ItemState::Done);
    item.agent_failure().filter(|_| !is_told).map(|says| Said::new(Mood::Warn, says))
}

/// What a person can do about the item's failure, on the screen that is shown: none sends the reader to itself. Nothing where the run is
/// somebody else's.
pub fn hint_on(state: &State, item: &Item) -> Option<&'static str> {
    match hint(item) {
        _ if state.is_others() => None,
        Some(NO_PATCH) if state.screen == Screen::Agent => Some("nothing to benchmark; look at its last steps, or raise the budget"),
        hint => hint,
    }
}

const NO_PATCH: &str = "nothing to benchmark; 2 shows the agent's last steps; or raise the budget";

/// What a person can do about the item's failure.
pub fn hint(item: &Item) -> Option<&'static str> {
    let has_patch = || item.last_attempt().and_then(|attempt| attempt.check()).is_some_and(|check| check.files > 0);
    match &item.state {
        ItemState::Failed { class: FailureClass::AgentBudget | FailureClass::TimeoutAgent, .. } if !has_patch() => Some(NO_PATCH),
        ItemState::Failed { class, why, .. } | ItemState::Blocked { class, why, .. } => Some(crate::bench::hint(*class, why)),
        ItemState::Done => match item.last_attempt()?.agent_failure()? {
            StageEnd::Failed { class: FailureClass::AgentBudget | FailureClass::TimeoutAgent, .. } => {
                Some("the patch so far was benchmarked; raise the budget, or leave it")
            }
            _ => Some("what it had edited was benchmarked; R runs the item again"),
        },
        _ => None,
    }
}

fn queued(state: &State, item: &Item, from: Stage) -> Said {
    let before = state.run.position(&item.id).map_or(0, |at| state.tally.before(at));
    let place = if before == 0 { "next in the queue".to_owned() } else { format!("queued, {before} before it") };
    let from = if from == Stage::Worktree { String::new() } else { format!(", begins with {from}") };
    let hindrance = match WhyNot::of(&state.run, item, before, state.has_runner()) {
        Some(WhyNot::NoRunner) if state.is_others() => "; nobody works here now",
        Some(WhyNot::NoRunner) => "; no runner: c continues",
        Some(WhyNot::Paused(_)) => "; the queue is paused",
        Some(WhyNot::Breaker { .. }) => "; the queue waits",
        _ => "",
    };
    Said::new(Mood::Quiet, format!("{place}{from}{hindrance}"))
}

fn running(state: &State, item: &Item, record: &StageRecord, now: Timestamp) -> Said {
    let StageState::Running { since, keeper, frozen, stopping, .. } = &record.state else {
        return Said::new(Mood::Live, record.stage.name());
    };
    let stage = record.stage;
    if let Some((since, by)) = frozen {
        return Said::new(Mood::Warn, format!("{stage} · frozen for {} by {}; P thaws", duration::short(between(*since, now)), by.words()));
    }
    if let Some((_, why)) = stopping {
        return Said::new(Mood::Warn, format!("{stage} · told to end: {why}"));
    }
    // somebody was faster: its keeper waits
    if let Some(said) = delayed(state, item) {
        return said;
    }
    if stage == Stage::Agent
        && let Some(said) = state.trail_for(item).map(|trail| agent(state, trail, *since, now))
    {
        return said;
    }
    let clock = duration::clock(between(*since, now));
    let round = record.in_round(state.run.repeat);
    if let Some(live) = arm_of(state, item) {
        let mood = if live.progress.paused.is_some() { Mood::Warn } else { Mood::Live };
        return Said::new(mood, format!("{stage}{round}: {} · {clock}", text::arm::line(&live.progress, now)));
    }
    let started = if keeper.is_none() { " · starting" } else { "" };
    let word = doing(stage);
    Said::new(Mood::Live, format!("{word}{round}{started} · {clock}"))
}

/// The item's arm in a container that runs.
fn arm_of<'a>(state: &'a State, item: &Item) -> Option<&'a Live> {
    state
        .machine
        .arm
        .as_ref()
        .filter(|live| live.of.attempt.item == item.id && item.live_stage().is_some_and(|record| record.stage == live.of.stage))
}

/// A stage in the reader's words.
const fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Human => "benchmarking the human's commit",
        Stage::Baseline => "benchmarking the parent commit",
        Stage::Candidate => "benchmarking the agent's patch",
        _ => stage.name(),
    }
}

/// The step limit: the smaller one of ours and the agent's own.
fn max_steps(state: &State, trail: Option<&Trail>) -> Option<u32> {
    let own = trail.and_then(|trail| trail.max_steps);
    [own, state.limits.steps].into_iter().flatten().min()
}

/// `agent · step 14/200 · bash 0:41`, as its trajectory tells.
fn agent(state: &State, trail: &Trail, since: Timestamp, now: Timestamp) -> Said {
    let idle = between(trail.last_at.map_or(since, |at| at.max(since)), now);
    let clock = duration::clock(idle);
    let level = trail.usual.level(idle);
    let mood = if level >= Level::Warn { detected::mood(level) } else { Mood::Live };
    // what is usual says nothing before it is half gone
    let p99 = trail.usual.p99();
    let usual = if idle.saturating_mul(2) < p99 { String::new() } else { format!(" (usually under {})", duration::clock(p99)) };
    let n = trail.count();
    let of = max_steps(state, Some(trail)).map(|max| format!("/{max}")).unwrap_or_default();
    match &trail.turn {
        Turn::Tools => {
            // without a call its harness only answers
            let tool = trail.steps.last().and_then(super::step::Shown::main_call).map_or("answering", |call| call.word.as_str());
            // how long a tool takes is the tool's own affair, until it takes longer than any step did
            let usual = if level > Level::None { usual.as_str() } else { "" };
            Said::new(mood, format!("agent · step {n}{of} · {tool} {clock}{usual}"))
        }
        Turn::Model => Said::new(mood, format!("agent · step {}{of} · generating {clock}{usual}", n.saturating_add(1))),
        Turn::Over(None) => Said::new(Mood::Live, format!("agent · {} · done, about to end", text::count(n as usize, "step"))),
        Turn::Over(Some(why)) => Said::new(Mood::Warn, format!("agent · {} · ended: {why}", text::count(n as usize, "step"))),
    }
}

/// How far the item that runs is, for its row of the list, from many words to few: `agent, step 14/200`, `agent 14/200`.
pub fn progress(state: &State, item: &Item) -> Vec<String> {
    match pulse(state, item) {
        Pulse::Waits(next) => return vec![next.map_or_else(|| "before its end".to_owned(), |stage| format!("before {stage}"))],
        Pulse::CutOff(Some(stage)) => return vec![format!("in {stage}")],
        Pulse::CutOff(None) => return next_stage(state, item).map(|stage| format!("before {stage}")).into_iter().collect(),
        Pulse::Runs | Pulse::Frozen => {}
    }
    if let Some(delay) = state.run.delay_of(&item.id) {
        return vec![format!("{} waits for its GPUs", delay.stage), format!("{} waits", delay.stage)];
    }
    let Some(record) = item.live_stage() else { return Vec::new() };
    let stage = record.stage;
    let round = record.in_round(state.run.repeat);
    if let Some(live) = arm_of(state, item) {
        let brief = text::arm::brief(&live.progress);
        return vec![format!("{stage}{round}: {brief}"), format!("{stage}: {brief}"), stage.name().to_owned()];
    }
    if stage != Stage::Agent {
        return vec![format!("{stage}{round}"), stage.name().to_owned()];
    }
    let trail = state.trail_for(item);
    let Some(n) = trail.map(Trail::count).or_else(|| item.totals()?.steps) else {
        return vec![stage.name().to_owned()];
    };
    let of = max_steps(state, trail).map_or_else(String::new, |max| format!("/{max}"));
    vec![format!("{stage}, step {n}{of}"), format!("{stage} {n}{of}"), stage.name().to_owned()]
}

/// The budgets of the live stage: steps and tokens are the agent's.
pub fn budgets(state: &State, item: &Item, now: Timestamp) -> Vec<Budget> {
    let time = time(item, state.clock(now));
    if item.live_stage().is_some_and(|record| record.stage == Stage::Agent) {
        return [steps(state, item), time, tokens(state, item)].into_iter().flatten().collect();
    }
    // without a limit the clock beside the stage says it all
    time.into_iter().filter(|budget| budget.share.is_some()).collect()
}

fn steps(state: &State, item: &Item) -> Option<Budget> {
    let trail = state.trail_for(item);
    let n = trail.map(Trail::count).or_else(|| item.totals()?.steps)?;
    Some(match max_steps(state, trail) {
        Some(max) => Budget { label: "steps", says: format!("{n}/{max}"), share: Some(f64::from(n) / f64::from(max.max(1))) },
        None => Budget { label: "steps", says: n.to_string(), share: None },
    })
}

fn time(item: &Item, now: Timestamp) -> Option<Budget> {
    let record = item.live_stage()?;
    let StageState::Running { budget_ms, .. } = &record.state else { return None };
    let used = record.last_worked_ms(now);
    Some(match budget_ms {
        Some(max) => Budget {
            label: "time",
            says: format!("{} of {}", duration::short(used), duration::short(*max)),
            share: Some(ratio(used, *max)),
        },
        None => Budget { label: "time", says: duration::short(used), share: None },
    })
}

fn tokens(state: &State, item: &Item) -> Option<Budget> {
    let live = state.trail_for(item).map(|trail| trail.totals.usage);
    let usage = live.or_else(|| Some(item.totals()?.usage)).filter(|usage| usage.total() > 0)?;
    let split = format!("{} in, {} out", text::tokens(usage.input), text::tokens(usage.output));
    Some(match state.limits.tokens {
        Some(max) => Budget {
            label: "tokens",
            says: format!("{} of {}", text::tokens(usage.total()), text::tokens(max)),
            share: Some(ratio(usage.total(), max)),
        },
        None => Budget { label: "tokens", says: split, share: None },
    })
}

/// A share of two counts.
#[expect(clippy::cast_precision_loss, reason = "a bar has a hundred columns, not 2^53")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
