//! What to do now, and why an item is not running.

use jiff::{SignedDuration, Timestamp};

use super::pipeline::{self, Follow, follow};
use super::room;
use crate::config::Config;
use crate::domain::{AgentTotals, AttemptId, FailureClass, Finding, Level, LostRound, OnStuck, Stage, StageEnd, Temper, Usage};
use crate::ledger::fact::AttemptEnd;
use crate::ledger::{By, Fact};
use crate::model::{Attempt, Breaker, Item, ItemState, Run, StageState};

/// The next thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A stage runs: nothing.
    Busy,
    /// Put these facts on record, then ask again.
    Record(Vec<Fact>),
    /// Start a stage of the attempt under way.
    Start {
        /// The attempt.
        attempt: AttemptId,
        /// The stage.
        stage: Stage,
    },
    /// Nothing can be done before a moment, or before a person acts.
    Wait {
        /// The sentence.
        says: String,
        /// The moment, where there is one.
        until: Option<Timestamp>,
    },
    /// Everything is done, and that is on record.
    Over,
}

/// What planning needs beside the model.
#[derive(Debug, Clone)]
pub struct Limits<'a> {
    /// The configuration of the run.
    pub config: &'a Config,
    /// `limits.until` as a moment.
    pub until: Option<Timestamp>,
    /// Bytes free on the disk that an item waits for; `None` where none does, or where that disk can't be seen.
    pub free: Option<u64>,
}

/// What to do now.
pub fn next(run: &Run, limits: &Limits<'_>, now: Timestamp) -> Next {
    match run.live_item() {
        Some(item) => within(run, item, limits, now),
        None => between(run, limits, now),
    }
}

/// An attempt is under way.
fn within(run: &Run, item: &Item, limits: &Limits<'_>, now: Timestamp) -> Next {
    let (Some(attempt), Some(id)) = (item.last_attempt(), item.last_attempt_id()) else { return Next::Over };
    if attempt.live_stage().is_some() {
        return Next::Busy;
    }
    let follows = follow(attempt, &run.stages, run.hold, run.repeat);
    let follows = match &item.skipping {
        Some(_) if item.is_skipped_as_stuck() => keep_patch(attempt, &run.stages, follows),
        Some(_) => cut_short(attempt, &run.stages, follows),
        None => follows,
    };
    match follows {
        Follow::End(end) => {
            let held = run.hold && item.skipping.is_none() && matches!(end, AttemptEnd::Failed { .. });
            let mut facts = vec![Fact::AttemptFinished { item: id.item.clone(), n: id.n, end }];
            if held {
                facts.push(Fact::PauseOrdered {
                    why: format!("{id} failed and hold is on; its worktree is kept below .work/worktrees/"),
                    by: By::rule("hold"),
                });
            }
            Next::Record(facts)
        }
        Follow::Stage(stage) => match no_stage_now(run, limits, stage, now) {
            Some(Hindrance::Person(says)) => Next::Wait { says, until: None },
            Some(Hindrance::Limit(why)) => Next::Record(vec![Fact::PauseOrdered { why, by: By::rule("limit") }]),
            None => Next::Start { attempt: id, stage },
        },
    }
}

/// What follows in an attempt that somebody skipped while no stage of it ran, or whose stage ended before it could be
/// stopped: it is cleaned up and over.
fn cut_short(attempt: &Attempt, stages: &[Stage], follows: Follow) -> Follow {
    match follows {
        Follow::Stage(stage) if stage != Stage::Clean && stages.contains(&Stage::Clean) && !attempt.stages.is_empty() => {
            Follow::Stage(Stage::Clean)
        }
        Follow::Stage(stage) if stage != Stage::Clean => Follow::End(AttemptEnd::Stopped { why: "skipped".to_owned() }),
        other => other,
    }
}

/// What follows in an attempt whose stuck agent was stopped, and whose item is skipped for that: what the agent changed is
/// taken, and nothing is measured.
fn keep_patch(attempt: &Attempt, stages: &[Stage], follows: Follow) -> Follow {
    let stuck = || match attempt.agent_failure() {
        Some(StageEnd::Failed { class: FailureClass::AgentStuck, why }) => Some(why.clone()),
        _ => None,
    };
    match (follows, stuck()) {
        (Follow::Stage(Stage::Check), _) => Follow::Stage(Stage::Check),
        (Follow::End(AttemptEnd::Done), Some(why)) => Follow::End(AttemptEnd::Stopped { why }),
        // no patch, or none that holds: it was stopped before there was one
        (Follow::End(AttemptEnd::Failed { class, .. }), Some(why)) if !class.is_systemic() => Follow::End(AttemptEnd::Stopped { why }),
        (follows, _) => cut_short(attempt, stages, follows),
    }
}

enum Hindrance {
    Person(String),
    Limit(String),
}

fn no_stage_now(run: &Run, limits: &Limits<'_>, stage: Stage, now: Timestamp) -> Option<Hindrance> {
    if let Some(pause) = &run.pause {
        return Some(Hindrance::Person(format!("paused by {}: {}", pause.by.words(), pause.why)));
    }
    let (until, budget) = (limits.until?, limits.config.budget_ms(stage)?);
    let ends = now.saturating_add(SignedDuration::from_millis(i64::try_from(budget).unwrap_or(i64::MAX))).unwrap_or(Timestamp::MAX);
    (ends > until && !run.limits_lifted)
        .then(|| Hindrance::Limit(format!("{stage} may take {} and could not end by limits.until", crate::text::duration::short(budget))))
}

/// No attempt is under way.
fn between(run: &Run, limits: &Limits<'_>, now: Timestamp) -> Next {
    let config = limits.config;
    if let Some(fact) = due_retry(run, config, now).or_else(|| breaker(run, config, now)) {
        return Next::Record(vec![fact]);
    }
    if !run.items.iter().any(Item::is_pending) {
        return if run.finished.is_some() { Next::Over } else { Next::Record(vec![Fact::RunFinished {}]) };
    }
    if let Some(pause) = &run.pause {
        return Next::Wait { says: format!("paused by {}: {}", pause.by.words(), pause.why), until: None };
    }
    if let Breaker::Open { class, items, probe_at, .. } = &run.breaker
        && *probe_at > now
    {
        return Next::Wait { says: format!("paused: {class} ended {} items in a row", items.len()), until: Some(*probe_at) };
    }
    if let Some(why) = run_limit(run, config) {
        return Next::Record(vec![Fact::PauseOrdered { why, by: By::rule("limit") }]);
    }
    let Some((item, from)) = run.items.iter().find_map(|item| startable(item, limits, now).map(|from| (item, from))) else {
        let first = run.items.iter().filter_map(waits_until).min_by_key(|(until, _)| *until);
        let (until, says) = match first {
            Some((until, why)) => (Some(until), why.to_owned()),
            None => (None, room::says(run).unwrap_or_default()),
        };
        return Next::Wait { says, until };
    };
    if let Some(Hindrance::Limit(why)) = no_stage_now(run, limits, from, now) {
        return Next::Record(vec![Fact::PauseOrdered { why, by: By::rule("limit") }]);
    }
    let n = item.last_attempt().map_or(1, |last| last.n.saturating_add(1));
    Next::Record(vec![Fact::AttemptStarted { item: item.id.clone(), n, from }])
}

fn startable(item: &Item, limits: &Limits<'_>, now: Timestamp) -> Option<Stage> {
    match &item.state {
        ItemState::Queued { from } | ItemState::Interrupted { from, .. } => Some(*from),
        ItemState::Waiting { from, until, .. } if *until <= now => Some(*from),
        ItemState::ForRoom { from, deferral } if room::is_there(item, deferral, limits.free, now) => Some(*from),
        _ => None,
    }
}

fn waits_until(item: &Item) -> Option<(Timestamp, &str)> {
    match &item.state {
        ItemState::Waiting { until, why, .. } => Some((*until, why)),
        _ => None,
    }
}

/// A transient failure is tried again, later with each try; so is a round that was lost by one, of an item that has numbers.
fn due_retry(run: &Run, config: &Config, now: Timestamp) -> Option<Fact> {
    run.items.iter().find_map(|item| {
        let lost = item.last_attempt().and_then(|last| last.lost_rounds().next());
        let ((ItemState::Failed { class, why }, _) | (ItemState::Done, Some((_, LostRound { class, why, .. })))) = (&item.state, &lost)
        else {
            return None;
        };
        let is_worth_it = class.temper() == Temper::Transient || item.last_attempt().is_some_and(Attempt::lacks_an_image);
        if !is_worth_it || item.automatic_retries >= config.retry.transient {
            return None;
        }
        let ended = item.last_attempt().and_then(|last| last.end.as_ref()).map_or(now, |(_, at)| *at);
        let wait = config.retry.backoff_s * f64::from(2_u32.saturating_pow(item.automatic_retries));
        let not_before = ended.saturating_add(SignedDuration::from_secs_f64(wait)).unwrap_or(Timestamp::MAX);
        // a registry that says when it lets us pull again is not asked before
        let not_before = not_before.max(item.last_attempt().and_then(|last| last.pull()?.until).unwrap_or(not_before));
        Some(Fact::ItemRequeued {
            item: item.id.clone(),
            from: retry_from(item),
            not_before: Some(not_before),
            automatic: true,
            why: format!("retry {} of {} after {class}: {why}", item.automatic_retries.saturating_add(1), config.retry.transient),
            by: By::rule("retry"),
        })
    })
}

/// The stage to begin with when the item's failure is tried again: the one that failed, or the first where its
/// input is gone.
pub fn retry_from(item: &Item) -> Stage {
    match item.last_attempt().and_then(|last| Some((last, pipeline::cause(last)?))) {
        Some((last, Stage::Pull)) => last.from_pull(),
        Some((_, stage)) if stage.arm().is_some() || stage == Stage::Score => stage,
        _ => Stage::Worktree,
    }
}

fn breaker(run: &Run, config: &Config, now: Timestamp) -> Option<Fact> {
    let probe_at = now.saturating_add(SignedDuration::from_secs_f64(config.breaker.probe_minutes * 60.0)).unwrap_or(Timestamp::MAX);
    match &run.breaker {
        Breaker::Closed { class: Some(class), error, items }
            if config.breaker.items > 0 && items.len() >= config.breaker.items as usize =>
        {
            Some(Fact::BreakerOpened { class: *class, items: items.clone(), probe_at, error: error.clone() })
        }
        Breaker::Open { probed: Some((item, true)), .. } => Some(Fact::BreakerClosed { item: item.clone() }),
        Breaker::Open { probed: Some((_, false)), .. } => Some(Fact::BreakerRearmed { probe_at }),
        _ => None,
    }
}

fn run_limit(run: &Run, config: &Config) -> Option<String> {
    if run.limits_lifted {
        return None;
    }
    let (used, limits) = (run.usage(), &config.limits);
    if let Some(limit) = limits.run_tokens
        && used.total() >= limit
    {
        return Some(format!("limits.run_tokens: {} of {limit} tokens are used", used.total()));
    }
    let usd = dollars(used, config);
    limits.run_usd.filter(|limit| usd >= *limit).map(|limit| format!("limits.run_usd: ${usd:.2} of ${limit:.2} are used"))
}

/// What these tokens cost by the configured prices.
#[expect(clippy::cast_precision_loss, reason = "tokens are far below 2^52")]
pub fn dollars(usage: Usage, config: &Config) -> f64 {
    (usage.input as f64 * config.limits.usd_per_mtok_input + usage.output as f64 * config.limits.usd_per_mtok_output) / 1e6
}

/// Whether the live agent has used up its steps or its tokens. `begun` counts the step under way: an agent that knows
/// the same limit gets to end by itself.
pub fn agent_over_budget(config: &Config, totals: AgentTotals, begun: usize) -> Option<(FailureClass, String)> {
    if let Some(limit) = config.agent.max_steps
        && begun > limit as usize
    {
        return Some((FailureClass::AgentBudget, format!("step budget: {} (agent.max_steps)", crate::text::count(limit as usize, "step"))));
    }
    let limit = config.limits.item_tokens?;
    let used = totals.usage.total();
    (used >= limit).then(|| (FailureClass::AgentBudget, format!("token budget: {used} of {limit} tokens (limits.item_tokens)")))
}

/// What follows from the live agent's findings: the facts that end it, where one of them is open at level stuck and the
/// policy is not to leave it alone. The item comes first: a runner that dies between the two still stops the agent.
pub fn agent_stuck(run: &Run, config: &Config) -> Vec<Fact> {
    let policy = run.on_stuck.unwrap_or(config.agent.on_stuck);
    let Some((attempt, record)) = run.live_stage().filter(|_| policy != OnStuck::Mark) else { return Vec::new() };
    let StageState::Running { stopping: None, .. } = &record.state else { return Vec::new() };
    let item = run.live_item().filter(|_| record.stage == Stage::Agent);
    let is_stuck = |finding: &&Finding| finding.level == Level::Stuck && finding.is_open() && finding.counts();
    let found = item.and_then(Item::last_attempt).and_then(|last| last.findings.values().find(is_stuck));
    let (Some(item), Some(finding)) = (item, found) else { return Vec::new() };
    let skip = || Fact::ItemSkipped { item: attempt.item.clone(), by: By::rule("stuck") };
    let stop = Fact::StageStopping {
        item: attempt.item.clone(),
        n: attempt.n,
        stage: Stage::Agent,
        class: Some(FailureClass::AgentStuck),
        why: format!("stuck: {} ({}, agent.on_stuck = {})", finding.says, finding.detector.id(), policy.name()),
        by: By::rule("stuck"),
    };
    (policy == OnStuck::Skip && item.skipping.is_none()).then(skip).into_iter().chain([stop]).collect()
}

#[cfg(test)]
mod tests;
