//! `status --format json`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{RunId, Stage};
use crate::model::{Attempt, Breaker, Item, ItemState, Run, RunState, StageState};

/// The run as JSON. `runner` is the pid of the runner that holds it, if one does; `now` closes what still runs.
pub fn status(id: &RunId, run: &Run, runner: Option<u32>, now: Timestamp) -> Value {
    json!({
        "run": id.0,
        "state": run.state(runner.is_some()).name(),
        "why": why(run, runner.is_some()),
        "frozen": frozen(run),
        "runner": runner,
        "plan": run.plan,
        "repo": run.repo,
        "agent": run.agent,
        "model": run.model,
        "created": run.created,
        "finished": run.finished,
        "tokens": {"input": run.usage().input, "output": run.usage().output},
        "faults": run.faults.iter().map(|fault| json!({"offset": fault.offset, "why": fault.why})).collect::<Vec<_>>(),
        "unknown_facts": run.unknown,
        "items": run.items.iter().map(|item| one(item, now)).collect::<Vec<_>>(),
    })
}

/// Why the run does not go on by itself, in a sentence; `None` where it does.
pub fn why(run: &Run, runner_lives: bool) -> Option<String> {
    let pause = run.pause.as_ref().map(|pause| format!("paused by {}: {}", pause.by.words(), pause.why));
    match (run.state(runner_lives), &run.breaker) {
        (RunState::Finished, _) => None,
        (RunState::Interrupted, _) => Some("it has no runner; `isobench-tui run --resume` continues it".to_owned()),
        (_, Breaker::Open { class, items, probe_at, .. }) if pause.is_none() => {
            Some(format!("{class} ended {} items in a row; one is tried at {}", items.len(), probe_at.strftime("%H:%M:%S UTC")))
        }
        (RunState::Waiting, _) => run.items.iter().find_map(|item| match &item.state {
            ItemState::Waiting { until, why, .. } => Some(format!("{} not before {}: {why}", item.id, until.strftime("%H:%M:%S UTC"))),
            _ => None,
        }),
        _ => pause,
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

fn one(item: &Item, now: Timestamp) -> Value {
    let last = item.last_attempt();
    let totals = item.totals();
    let stage = last.and_then(|last| last.live_stage().or_else(|| last.stages.last())).map(|record| record.stage.name());
    let class = match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => Some(class.name()),
        _ => None,
    };
    let verdict = last.and_then(|last| last.score()).and_then(|score| score.verdicts.first());
    json!({
        "item_id": item.id.0,
        "human": item.human,
        "parent": item.parent,
        "stage": stage,
        "status": item.status(),
        "rung": item.rung().map(crate::domain::Rung::name),
        "attempts": item.attempts.len(),
        "steps": totals.and_then(|totals| totals.steps),
        "tokens": {"input": totals.map(|totals| totals.usage.input), "output": totals.map(|totals| totals.usage.output)},
        "duration_s": duration_s(item, now),
        "class": class,
        "why": item.why(),
        "harness_says": last.and_then(|last| last.said.as_ref()).map(|(says, _)| says),
        "agent_end": last.and_then(agent_end),
        "prompt": last.and_then(|last| last.asked.as_ref()),
        "patch_digest": last.and_then(|last| last.check()).map(|check| check.patch_digest.as_str()),
        "verdict": verdict,
    })
}

/// How the agent ended, `{end, class, why}`, with the end of its processes where it had some.
fn agent_end(attempt: &Attempt) -> Option<Value> {
    let outcome = attempt.outcome(Stage::Agent)?;
    let mut fields = outcome.child.as_ref().and_then(|child| serde_json::to_value(child).ok()?.as_object().cloned()).unwrap_or_default();
    fields.extend(serde_json::to_value(&outcome.end).ok()?.as_object().cloned()?);
    Some(Value::Object(fields))
}

/// Seconds worked on all attempts, the one that runs now included; `None` for an item that never began.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
fn duration_s(item: &Item, now: Timestamp) -> Option<f64> {
    item.last_attempt()?;
    Some(item.worked_ms(now) as f64 / 1000.0)
}
