//! SWE-agent's `.traj`: one JSON document, rewritten whole after every step.
//!
//! What is a step: an element of `trajectory`, an attempt that was malformed included. Its call is its `action`, the
//! command line, where that is not blank; by the name and the arguments of the tool call where `history` holds one for it.
//! The answer is the `observation`; there is no exit code, so only SWE-agent's own refusals and time-outs are failures.
//! A demonstration holds nothing but a `history`: there each message of the assistant is a step.

mod action;
mod failure;

use super::value::{Fields, arguments, elements, plain, words};
use super::whole::{Fault, Run};
use super::{End, Live};
use crate::domain::{Reply, Step, ToolCall, ToolResult, Usage};

/// Reads such a file.
pub(super) fn read(bytes: &[u8]) -> Result<Run, Fault> {
    let file = serde_json::from_slice::<Fields<'_>>(bytes)?;
    let history: Vec<Fields<'_>> = file.list("history").into_iter().map(Fields::of).collect();
    let mut of_attempts = Fields::default();
    let mut trajectory = file.list("trajectory");
    if trajectory.is_empty()
        && let Some(attempt) = file.list("attempts").last()
    {
        of_attempts = Fields::of(attempt);
        trajectory = of_attempts.list("trajectory");
    }
    let mut asked = history.iter().filter(|message| message.text("role") == "assistant" && message.raw("is_demo") != Some("true"));
    let mut steps: Vec<Step> = Vec::new();
    for raw in &trajectory {
        let fields = Fields::of(raw);
        let action = fields.raw("action").map(words).unwrap_or_default();
        // the history may hold less than the steps: what does not fit is looked for with the next one
        let message = asked.clone().next().filter(|message| message.raw("action").map(words).unwrap_or_default() == action);
        if message.is_some() {
            asked.next();
        }
        steps.push(step(steps.len(), &fields, &action, message));
    }
    if !file.has("trajectory") && !file.has("attempts") {
        steps = demonstration(&history);
    }
    let info = if file.has("info") { file.part("info") } else { of_attempts.part("info") };
    let status = info.text("exit_status");
    let stats = info.part("model_stats");
    let count = |name: &str| stats.raw(name).and_then(|raw| raw.parse().ok()).unwrap_or_default();
    Ok(Run {
        steps,
        usage: Usage { input: count("tokens_sent"), output: count("tokens_received"), cached: 0 },
        state: if file.has("info") || file.has("trajectory") { state(&status) } else { Live::Ended(End::Unexplained) },
        model: model(&file),
        task: task(&history),
        max_steps: None,
        started_at: None,
        last_at: None,
    })
}

fn step(at: usize, fields: &Fields<'_>, action: &str, message: Option<&Fields<'_>>) -> Step {
    let thought = Some(fields.raw("thought").map(words).unwrap_or_default()).filter(|text| !text.is_empty());
    let mut calls = Vec::new();
    if !action.trim().is_empty() {
        let text = fields.raw("observation").map(words).unwrap_or_default();
        let result = ToolResult { ok: !failure::failed(action, &text), text };
        calls.push(ToolCall { result: Some(result), ..call(at, action, message) });
    }
    let refused = calls.is_empty().then(|| fields.raw("observation").map(words).unwrap_or_default()).filter(|text| !text.is_empty());
    bare(at, thought.unwrap_or_else(|| fields.raw("response").map(words).unwrap_or_default()), calls, refused)
}

fn bare(at: usize, thought: String, calls: Vec<ToolCall>, refused: Option<String>) -> Step {
    Step {
        index: u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1),
        at: None,
        thought,
        calls,
        usage: Usage::default(),
        error: None,
        finish: None,
        harness: refused.into_iter().collect(),
        reply: Reply::Complete,
        within: None,
    }
}

/// A call without its answer. The model's own words for it where they are known.
fn call(at: usize, action: &str, message: Option<&Fields<'_>>) -> ToolCall {
    let asked = message.map(|message| message.list("tool_calls")).unwrap_or_default();
    if let Some(asked) = asked.first().map(|raw| Fields::of(raw)) {
        let function = asked.part("function");
        let id = Some(asked.text("id")).filter(|id| !id.is_empty()).unwrap_or_else(|| format!("step {}", at + 1));
        return ToolCall { id, name: function.text("name"), args: arguments(function.raw("arguments")), result: None };
    }
    let (name, args) = action::named(action);
    ToolCall { id: format!("step {}", at + 1), name: name.to_owned(), args: args.to_string(), result: None }
}

/// The steps of a history alone: what follows a message of the assistant is its answer.
fn demonstration(history: &[Fields<'_>]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut asked = String::new();
    for message in history {
        let says = message.raw("content").map(words).unwrap_or_default();
        if message.text("role") == "assistant" {
            let action = message.raw("action").map(words).unwrap_or_default();
            let thought = message.raw("thought").map_or_else(|| says.clone(), words);
            let calls = if action.trim().is_empty() { Vec::new() } else { vec![call(steps.len(), &action, Some(message))] };
            steps.push(bare(steps.len(), thought, calls, None));
            asked = action;
        } else if let Some(call) = steps.last_mut().and_then(|step| step.calls.iter_mut().find(|call| call.result.is_none())) {
            let ok = !failure::failed(&asked, &says);
            call.result = Some(ToolResult { ok, text: says });
        }
    }
    steps
}

/// The end by its exit status: null while it runs. A budget that ran out is one also where the patch was submitted for it.
fn state(status: &str) -> Live {
    let status = status.trim();
    let reason = status.strip_prefix("submitted").unwrap_or(status).trim_matches([' ', '(', ')']);
    Live::Ended(match reason {
        "" if status.is_empty() => return Live::WaitingForModel,
        "" => End::Accepted,
        "exit_cost" | "exit_total_execution_time" => End::OwnBudget(status.to_owned()),
        "exit_forfeit" | "exit_command" => End::Failed(status.to_owned()),
        "early_exit" => End::Stopped(status.to_owned()),
        _ => End::StepError(status.to_owned()),
    })
}

/// The model, from the configuration that a replay needs: JSON as text.
fn model(file: &Fields<'_>) -> Option<String> {
    let raw = file.raw("replay_config")?;
    let text = if raw.starts_with('"') { plain(raw) } else { raw.to_owned() };
    let config = Fields::read(&text).unwrap_or_default();
    let name = config.part("agent").part("model").text("name");
    Some(name).filter(|name| !name.is_empty())
}

/// What it was asked: the first message of the user that is no demonstration.
fn task(history: &[Fields<'_>]) -> Option<String> {
    let asks = |message: &&Fields<'_>| message.text("role") == "user" && message.raw("is_demo") != Some("true");
    let told = history.iter().take_while(|message| message.text("role") != "assistant").filter(asks).last()?;
    let raw = told.raw("content")?;
    Some(if elements(raw).is_empty() { plain(raw) } else { words(raw) }).filter(|text| !text.is_empty())
}
