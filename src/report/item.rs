//! An item in `status --format json`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Surroundings, by_command, joined};
use crate::domain::{ArmDetail, Level, Rung, Stage, StageDetail, StageOutcome};
use crate::measured::arms::merged;
use crate::model::{Attempt, Energy, Item, ItemState, Run, StageRecord, StageState};

/// The item with everything that a screen shows of it. `clock` is the moment up to which what runs has run.
pub fn item(run: &Run, item: &Item, around: &Surroundings<'_>, clock: Timestamp) -> Value {
    joined([standing(run, item, around, clock), findings(run, item), detected(item), history(item, clock)])
}

/// Where it stands, with the data of its state.
fn standing(run: &Run, item: &Item, around: &Surroundings<'_>, clock: Timestamp) -> Value {
    let (last, energy) = (item.last_attempt(), item.energy());
    let stage = last.and_then(|last| last.live_stage().or_else(|| last.stages.last())).map(|record| record.stage.name());
    let class = match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => Some(class),
        _ => None,
    };
    let (from, until, by) = match &item.state {
        ItemState::Queued { from } | ItemState::Interrupted { from, .. } => (Some(from), None, None),
        ItemState::Waiting { from, until, .. } => (Some(from), Some(until), None),
        ItemState::ForRoom { from, .. } => (Some(from), None, None),
        ItemState::Skipped { by } => (None, None, Some(by.words())),
        _ => (None, None, None),
    };
    json!({
        "item_id": item.id.0,
        "human": item.human,
        "parent": item.parent,
        "stage": stage,
        "status": item.status(),
        "class": class.map(|class| class.name()),
        "why": item.why(),
        "hint": (around.hint)(item).map(by_command),
        "from": from,
        "until": until,
        "by": by,
        "room": match &item.state {
            ItemState::ForRoom { deferral, .. } => json!(deferral.shortage),
            _ => Value::Null,
        },
        "why_not": around.why_not(run, &item.id).as_deref().map(by_command),
        "skipping": item.skipping.as_ref().map(crate::ledger::By::words),
        "duration_s": last.map(|_| seconds(item.worked_ms(clock))),
        "energy_wh": energy.map(Energy::wh),
        "energy_covered_pct": energy.map(|energy| energy.covered_pct),
        "live": item.live_stage().map(|record| stage_of(record, clock)),
    })
}

/// What came of its newest attempt: agent, patch, ladder, arms, comparison.
fn findings(run: &Run, item: &Item) -> Value {
    let last = item.last_attempt();
    let (totals, check) = (item.totals(), last.and_then(Attempt::check));
    let score = last.and_then(Attempt::score);
    let said = last.and_then(|last| last.said.as_ref());
    let arm = |stage| last.and_then(|last| Some(arm(last.counted(stage)?, merged(last, stage).as_ref())));
    json!({
        "rung": item.rung().map(Rung::name),
        "rungs": item.rungs(),
        "flags": last.map(Attempt::flags).unwrap_or_default(),
        "steps": totals.and_then(|totals| totals.steps),
        "calls": totals.map(|totals| totals.calls),
        "tokens": {"input": totals.map(|totals| totals.usage.input), "output": totals.map(|totals| totals.usage.output)},
        "harness_says": said.map(|(says, _)| says),
        "harness_said": said.map(|(_, at)| at),
        "agent_end": last.and_then(agent_end),
        "agent_failure": item.agent_failure(),
        "lost_rounds": item.lost_rounds(run.repeat),
        "prompt": last.and_then(|last| last.asked.as_ref()),
        "patch_digest": check.map(|check| check.patch_digest.as_str()),
        "patch": check.map(|check| {
            json!({"files": check.files, "added": check.added, "removed": check.removed, "set_aside": check.set_aside,
                "secrets": check.secrets})
        }),
        "arms": {"human": arm(Stage::Human), "baseline": arm(Stage::Baseline), "agent": arm(Stage::Candidate)},
        "verdict": score.and_then(|score| score.verdicts.first()),
        "verdicts": score.map(|score| &score.verdicts),
        "hard": score.map(|score| json!({"class": score.standing(), "because": score.incomparable})),
        "soft": score.and_then(|score| score.soft.as_ref()),
        "quadrant": score.and_then(|score| score.quadrant),
        "incomparable": score.map(|score| &score.why_not),
    })
}

/// What the detectors say of its newest attempt's agent.
fn detected(item: &Item) -> Value {
    let nothing = json!({"level": Level::None, "findings": [], "alarms": [], "badges": []});
    item.last_attempt().map_or(nothing, |last| json!(last.detected()))
}

/// Its attempts, oldest first, stage by stage.
fn history(item: &Item, clock: Timestamp) -> Value {
    let tries = item.attempts.iter().map(|attempt| {
        json!({
            "n": attempt.n,
            "from": attempt.from,
            "started": attempt.started,
            "finished": attempt.end.as_ref().map(|(_, at)| at),
            "end": attempt.end.as_ref().map(|(end, _)| end),
            "duration_s": seconds(attempt.worked_ms(clock)),
            "stages": attempt.stages.iter().map(|record| stage_of(record, clock)).collect::<Vec<_>>(),
        })
    });
    json!({
        "attempts": item.attempts.len(),
        "automatic_retries": item.automatic_retries,
        "tries": tries.collect::<Vec<_>>(),
    })
}

/// How the agent ended, `{end, class, why}`, with the end of its processes where it had some.
fn agent_end(attempt: &Attempt) -> Option<Value> {
    let outcome = attempt.outcome(Stage::Agent)?;
    Some(joined([json!(outcome.child), json!(outcome.end)]))
}

/// What an arm printed over all rounds, which of them was lost, and how it ended.
fn arm(outcome: &StageOutcome, found: Option<&ArmDetail>) -> Value {
    let found = match found {
        Some(arm) => {
            json!({"metrics": arm.metrics, "left_out": arm.left_out, "flags": arm.flags, "taints": arm.taints, "samples": arm.samples, "lost": arm.lost})
        }
        None => json!({"metrics": [], "left_out": 0, "flags": [], "taints": [], "samples": null, "lost": null}),
    };
    joined([json!(outcome.end), found])
}

/// A stage that runs, with its budget and what holds it up, or that ended, with how.
fn stage_of(record: &StageRecord, clock: Timestamp) -> Value {
    let head = json!({"stage": record.stage, "attempt": record.ran_in, "worked_s": seconds(record.worked_ms(clock))});
    let machine = record.machine.as_ref().map_or(Value::Null, |machine| {
        json!({
            "energy_wh": record.energy().map(Energy::wh),
            "covered_pct": machine.covered_pct,
            "gpus": machine.gpus,
            "taints": machine.taints,
            "notes": machine.notes,
        })
    });
    let rest = match &record.state {
        StageState::Running { since, budget_ms, keeper, frozen, frozen_ms, stopping, totals } => joined([
            json!({
                "state": "running",
                "since": since,
                "budget_s": budget_ms.map(seconds),
                "keeper": keeper,
                "frozen": frozen.as_ref().map(|(since, by)| json!({"since": since, "by": by.words()})),
                "frozen_s": seconds(*frozen_ms),
                "stopping": stopping.as_ref().map(|(class, why)| json!({"class": class, "why": why})),
            }),
            if record.stage == Stage::Agent {
                json!({"steps": totals.steps, "calls": totals.calls, "tokens": totals.usage})
            } else {
                Value::Null
            },
        ]),
        StageState::Ended(outcome) => {
            let state = json!(outcome.end).get("end").cloned();
            let why = joined([json!(outcome.end)]);
            json!({
                "state": state,
                "class": why.get("class"),
                "why": why.get("why"),
                "duration_s": seconds(outcome.duration_ms),
                "child": outcome.child,
                // what the others bring has keys of its own
                "detail": match &outcome.detail {
                    StageDetail::Pull(pull) => json!(pull),
                    StageDetail::Clean(prune) => json!(prune),
                    _ => Value::Null,
                },
            })
        }
    };
    joined([head, machine, rest])
}

/// Milliseconds of a run as seconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
pub(super) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
