//! Requests answered: which facts a verb makes of the run as it stands.

use super::next::retry_from;
use super::pipeline::cause;
use crate::domain::{AttemptId, ItemId, OnStuck, Stage, StageDetail, StageEnd, StageOutcome};
use crate::ledger::fact::Answer;
use crate::ledger::{Fact, PlannedItem, Request, Verb};
use crate::model::{Item, ItemState, Run, StageRecord, StageState};

/// What the caller looked up for a request.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// The commit of an `add`.
    pub added: Option<Result<PlannedItem, String>>,
    /// The blocked items that nothing blocks any more, for a retry.
    pub freed: Vec<ItemId>,
}

/// The facts of a request, its answer last. What they imply is done afterwards, from the model.
pub fn answer(run: &Run, request: &Request, found: LookedUp) -> Vec<Fact> {
    let (mut facts, answer) = match decide(run, request, found) {
        Ok((facts, says)) => (facts, Answer::Done { says }),
        Err(says) => (Vec::new(), Answer::Refused { says }),
    };
    facts.push(Fact::RequestAnswered { id: request.id.clone(), verb: request.ask.verb.name().to_owned(), answer });
    facts
}

type Decision = Result<(Vec<Fact>, String), String>;

fn decide(run: &Run, request: &Request, found: LookedUp) -> Decision {
    let by = request.by.clone();
    match request.ask.verb {
        Verb::Pause if run.pause.is_some() => Err("it is paused already".to_owned()),
        Verb::Pause => {
            let says = if run.live_stage().is_some() { "pauses after this stage" } else { "paused" };
            Ok((vec![Fact::PauseOrdered { why: "asked for".to_owned(), by }], says.to_owned()))
        }
        Verb::Resume => resume(run, request),
        Verb::Freeze | Verb::Thaw => freeze(run, request),
        Verb::Stop => {
            let facts = match unbegun(run, request) {
                Some(facts) => facts,
                None => vec![stopping(run, request, "asked for")?],
            };
            Ok((facts, "the stage is stopped".to_owned()))
        }
        Verb::Skip => skip(run, request),
        Verb::Retry => retry(run, request, Some(Stage::Worktree), &found.freed),
        Verb::RetryStage => retry(run, request, request.ask.stage, &found.freed),
        Verb::MoveUp | Verb::MoveDown => relocate(run, request),
        Verb::Remove => {
            let item = named(run, request)?;
            if !item.is_pending() {
                return Err(format!("{} is {} and not queued", item.id, item.status()));
            }
            if !item.attempts.is_empty() {
                return Err(format!("{} was tried already, and its attempts stay on record: skip it", item.id));
            }
            Ok((vec![Fact::ItemRemoved { item: item.id.clone(), by }], format!("{} is removed from the queue", item.id)))
        }
        Verb::Add => match found.added {
            Some(Ok(item)) => {
                let says = format!("{} is queued", item.item);
                Ok((vec![Fact::ItemAdded { item, by }], says))
            }
            Some(Err(why)) => Err(why),
            None => Err("name the commit to add".to_owned()),
        },
        Verb::Hold => Ok((vec![Fact::HoldSet { on: true, by }], "a failure pauses the queue and keeps its worktree".to_owned())),
        Verb::Unhold => Ok((vec![Fact::HoldSet { on: false, by }], "failures no longer pause the queue".to_owned())),
        Verb::OnStuck => {
            let policy = request.ask.policy.ok_or("name what happens to an agent that is stuck: mark, stop or skip")?;
            Ok((vec![Fact::OnStuckSet { policy, by }], format!("an agent that is stuck is {}", done(policy))))
        }
        Verb::Quit => Ok((Vec::new(), "the runner ends after this stage".to_owned())),
        Verb::QuitNow => Ok((Vec::new(), "the runner ends".to_owned())),
    }
}

/// What a policy does, as it is said of an agent.
const fn done(policy: OnStuck) -> &'static str {
    match policy {
        OnStuck::Mark => "marked, and left alone",
        OnStuck::Stop => "stopped, and its patch so far benchmarked",
        OnStuck::Skip => "stopped, its item skipped and its patch so far kept",
    }
}

/// The item that the request names, or the live one.
pub fn named<'a>(run: &'a Run, request: &Request) -> Result<&'a Item, String> {
    match &request.ask.item {
        Some(id) => run.item(id).or_else(|| by_prefix(run, id)).ok_or_else(|| format!("there is no item {id} in this run")),
        None => run.live_item().ok_or_else(|| "no item is running; name one".to_owned()),
    }
}

/// People name an item by the start of its sha as often as by its id.
fn by_prefix<'a>(run: &'a Run, id: &ItemId) -> Option<&'a Item> {
    let mut found = run.items.iter().filter(|item| id.0.len() >= 4 && item.human.starts_with(&id.0));
    found.next().filter(|_| found.next().is_none())
}

fn resume(run: &Run, request: &Request) -> Decision {
    let by = request.by.clone();
    let mut facts = Vec::new();
    if let Some(fact) = thaw(run, request) {
        facts.push(fact);
    }
    if run.pause.is_some() || matches!(run.breaker, crate::model::Breaker::Open { .. }) {
        facts.push(Fact::Resumed { by });
    }
    if facts.is_empty() { Err("it is not paused".to_owned()) } else { Ok((facts, "it goes on".to_owned())) }
}

fn thaw(run: &Run, request: &Request) -> Option<Fact> {
    let (attempt, record) = run.live_stage()?;
    match &record.state {
        StageState::Running { frozen: Some(_), .. } => {
            Some(Fact::StageThawed { item: attempt.item, n: attempt.n, stage: record.stage, by: request.by.clone() })
        }
        _ => None,
    }
}

/// The live stage, if it is the one that the request means: between a question and its answer another may have begun.
fn meant<'a>(run: &'a Run, request: &Request) -> Result<(AttemptId, &'a StageRecord), String> {
    let (attempt, record) = run.live_stage().ok_or("no stage is running")?;
    if request.ask.item.is_some() && named(run, request)?.id != attempt.item {
        return Err(format!("{} is not running", request.ask.item.as_ref().map(ToString::to_string).unwrap_or_default()));
    }
    match request.ask.stage {
        Some(stage) if stage != record.stage => Err(format!("{stage} is over; {} runs now", record.stage)),
        _ => Ok((attempt, record)),
    }
}

fn freeze(run: &Run, request: &Request) -> Decision {
    let (attempt, record) = meant(run, request)?;
    let StageState::Running { frozen, keeper, .. } = &record.state else { return Err("no stage is running".to_owned()) };
    if request.ask.verb == Verb::Thaw {
        let fact = thaw(run, request).ok_or("it is not frozen")?;
        return Ok((vec![fact], format!("{} goes on", record.stage)));
    }
    if frozen.is_some() {
        return Err("it is frozen already".to_owned());
    }
    if keeper.is_none() {
        return Err(format!("{} has no processes to freeze", record.stage));
    }
    let fact = Fact::StageFrozen { item: attempt.item, n: attempt.n, stage: record.stage, by: request.by.clone() };
    Ok((vec![fact], format!("{} is frozen", record.stage)))
}

fn stopping(run: &Run, request: &Request, why: &str) -> Result<Fact, String> {
    let (attempt, record) = meant(run, request)?;
    let StageState::Running { stopping: None, .. } = &record.state else { return Err("it is being stopped already".to_owned()) };
    Ok(Fact::StageStopping {
        item: attempt.item,
        n: attempt.n,
        stage: record.stage,
        class: None,
        why: format!("{why} by {}", request.by.words()),
        by: request.by.clone(),
    })
}

/// Stops an arm that waits for its GPUs and has no process yet, where that is what is meant.
fn unbegun(run: &Run, request: &Request) -> Option<Vec<Fact>> {
    let delay = run.delay.as_ref().filter(|_| run.live_stage().is_none())?;
    let (item, n, stage) = (delay.attempt.item.clone(), delay.attempt.n, delay.stage);
    let is_meant = request.ask.stage.is_none_or(|asked| asked == stage) && named(run, request).is_ok_and(|named| named.id == item);
    let end = StageEnd::Stopped { why: format!("asked for by {}", request.by.words()) };
    let outcome = StageOutcome { end, child: None, duration_ms: 0, detail: StageDetail::Nothing };
    is_meant.then(|| {
        vec![Fact::StageStarting { item: item.clone(), n, stage, budget_ms: None }, Fact::StageFinished { item, n, stage, outcome }]
    })
}

fn skip(run: &Run, request: &Request) -> Decision {
    let item = named(run, request)?;
    let skipped = Fact::ItemSkipped { item: item.id.clone(), by: request.by.clone() };
    let says = format!("{} is skipped", item.id);
    match &item.state {
        ItemState::Skipped { .. } => Err(format!("{} is skipped already", item.id)),
        ItemState::Running => {
            let stop = stopping(run, request, "skipped").ok();
            Ok((std::iter::once(skipped).chain(stop).collect(), says))
        }
        _ if item.is_pending() => Ok((vec![skipped], says)),
        _ => Err(format!("{} is {} and over", item.id, item.status())),
    }
}

fn retry(run: &Run, request: &Request, from: Option<Stage>, freed: &[ItemId]) -> Decision {
    let item = named(run, request)?;
    if matches!(item.state, ItemState::Running) {
        return Err(format!("{} is running; stop it first (x)", item.id));
    }
    if item.is_pending() && item.attempts.is_empty() {
        return Err(format!("{} is queued for its first attempt", item.id));
    }
    let is_blocked = matches!(item.state, ItemState::Blocked { .. });
    if is_blocked && !freed.contains(&item.id) {
        return Err(format!("{} is blocked: {}", item.id, item.why().unwrap_or_default()));
    }
    // it never began
    let from = if is_blocked { Some(Stage::Worktree) } else { from };
    if let Some(says) = no_stage_failed(item).filter(|_| from.is_none()) {
        return Err(says);
    }
    let wanted = from.unwrap_or_else(|| retry_from(item));
    let from = possible_from(run, item, wanted)?;
    let fact = Fact::ItemRequeued {
        item: item.id.clone(),
        from,
        not_before: None,
        automatic: false,
        why: "asked for".to_owned(),
        by: request.by.clone(),
    };
    let pulls = from.arm().is_some() && run.stages.contains(&Stage::Pull);
    let then = if pulls { ", once its images are there" } else { "" };
    Ok((vec![fact], format!("{} is queued again from {from}{then}", item.id)))
}

/// Why the stage that failed can't be run again: nothing failed, and the whole item with its agent is more than was asked for.
pub fn no_stage_failed(item: &Item) -> Option<String> {
    let nothing = matches!(item.state, ItemState::Done) && item.last_attempt().and_then(cause).is_none();
    nothing.then(|| format!("{} is done and no stage of it failed; R runs it again from its first stage", item.id))
}

/// A stage can begin only where the stages before it left what it needs.
fn possible_from(run: &Run, item: &Item, wanted: Stage) -> Result<Stage, String> {
    match wanted {
        Stage::Worktree | Stage::Agent => Ok(Stage::Worktree),
        stage if !run.stages.contains(&stage) => Err(format!("this run has no stage {stage}")),
        Stage::Check | Stage::Clean => Err(format!("{wanted} needs the agent's worktree, which is gone; R tries the whole item again")),
        stage => {
            let missing = run
                .stages
                .iter()
                .filter(|before| **before < stage && matches!(before, Stage::Worktree | Stage::Check))
                .find(|before| !item.last_attempt().and_then(|last| last.outcome(**before)).is_some_and(StageOutcome::is_done));
            match missing {
                Some(before) => {
                    Err(format!("{stage} needs what {before} left, and {before} did not end well; R tries the whole item again"))
                }
                None => Ok(stage),
            }
        }
    }
}

fn relocate(run: &Run, request: &Request) -> Decision {
    let item = named(run, request)?;
    if !item.is_pending() {
        return Err(format!("{} is {} and not queued", item.id, item.status()));
    }
    let at = run.position(&item.id).ok_or("it is not in the queue")?;
    let mut others = run.items.iter().enumerate().filter(|(_, other)| other.is_pending());
    let to = if request.ask.verb == Verb::MoveUp {
        others.rfind(|(place, _)| *place < at).map(|(place, _)| place)
    } else {
        others.find(|(place, _)| *place > at).map(|(place, _)| place)
    };
    let place = if request.ask.verb == Verb::MoveUp { "next" } else { "last" };
    let to = to.ok_or_else(|| format!("{} is {place} already", item.id))?;
    Ok((vec![Fact::ItemMoved { item: item.id.clone(), to, by: request.by.clone() }], format!("{} is now at place {}", item.id, to + 1)))
}
