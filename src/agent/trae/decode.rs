//! Elements of the two lists → steps. Every field may be missing, null or of another type: forks and old versions differ.

use serde_json::Value;

use crate::agent::value::{Fields, content, list, part, some, text, time};
use crate::domain::{Reply, Step, ToolCall, ToolResult, Usage};

/// Calls or results of one step at most: each is compared with all others.
const MOST: usize = 1000;

/// A finished step. `interaction` is the usage of the answer with the same number, which knows cached tokens.
pub(super) fn step(index: u32, raw: &str, interaction: Option<Usage>) -> Step {
    let fields = Fields::of(raw);
    let response = fields.get("llm_response");
    let own = usage(part(&response, "usage"));
    let messages = fields.get("llm_messages");
    let asked = calls(part(&response, "tool_calls"));
    let mut calls = calls(&fields.get("tool_calls"));
    // an accepted `task_done` is in the answer only, and comes last
    let unrun: Vec<ToolCall> = asked.into_iter().filter(|call| !calls.iter().any(|known| known.id == call.id)).collect();
    calls.extend(unrun);
    let found = results(&fields.get("tool_results"), &messages, &calls);
    join(&mut calls, &found);
    let error = some(&fields.get("error"));
    Step {
        index,
        at: time(&text(&fields.get("timestamp"))),
        thought: content(part(&response, "content")),
        usage: interaction.filter(|full| !response.is_null() && fits(*full, own)).unwrap_or(own),
        finish: some(part(&response, "finish_reason")),
        harness: if error.is_some() { Vec::new() } else { harness(&messages, &calls) },
        reply: Reply::Complete,
        within: None,
        calls,
        error,
    }
}

/// Whether the usage of an answer is that of a step, which may not have kept any.
fn fits(full: Usage, own: Usage) -> bool {
    own == Usage::default() || (full.input, full.output) == (own.input, own.output)
}

/// The step of an answer whose tools are still running.
pub(super) fn running(index: u32, raw: &str, reply: Reply) -> Step {
    let fields = Fields::of(raw);
    let response = fields.get("response");
    Step {
        index,
        at: time(&text(&fields.get("timestamp"))),
        thought: content(part(&response, "content")),
        calls: calls(part(&response, "tool_calls")),
        usage: usage(part(&response, "usage")),
        error: None,
        finish: some(part(&response, "finish_reason")),
        harness: Vec::new(),
        reply,
        within: None,
    }
}

/// The tokens of an answer.
pub(super) fn interaction_usage(raw: &str) -> Usage {
    usage(part(&Fields::of(raw).get("response"), "usage"))
}

fn usage(value: &Value) -> Usage {
    let count = |name: &str| part(value, name).as_u64().unwrap_or_default();
    Usage { input: count("input_tokens"), output: count("output_tokens"), cached: count("cache_read_input_tokens") }
}

fn calls(value: &Value) -> Vec<ToolCall> {
    list(value).iter().filter(|call| call.is_object()).take(MOST).map(call).collect()
}

fn call(value: &Value) -> ToolCall {
    let arguments = part(value, "arguments");
    ToolCall {
        id: call_id(value),
        name: text(part(value, "name")),
        // some forks hold the arguments as the provider's own JSON text
        args: arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned),
        result: None,
    }
}

fn call_id(value: &Value) -> String {
    some(part(value, "call_id")).unwrap_or_else(|| text(part(value, "id")))
}

/// The results with their call ids: the step's own list, or those of the messages for the next call that fit. (After a
/// failed call and an accepted finish the messages are still those that went in, with the results of the step before.)
fn results(own: &Value, messages: &Value, calls: &[ToolCall]) -> Vec<(String, ToolResult)> {
    let pair = |value: &Value| (call_id(value), result(value));
    let own = list(own);
    if !own.is_empty() {
        return own.iter().take(MOST).map(pair).collect();
    }
    let sent = list(messages).iter().map(|message| part(message, "tool_result")).filter(|value| value.is_object()).take(MOST);
    sent.map(pair).filter(|(id, _)| calls.iter().any(|call| call.id == *id)).collect()
}

fn result(value: &Value) -> ToolResult {
    let mut said = content(part(value, "result"));
    let error = content(part(value, "error"));
    if !error.is_empty() {
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&error);
    }
    ToolResult { ok: part(value, "success").as_bool().unwrap_or(error.is_empty()), text: said }
}

/// Gives each result to the first call of its id that has none; one that fits no call gets a nameless call of its own.
fn join(calls: &mut Vec<ToolCall>, results: &[(String, ToolResult)]) {
    for (id, result) in results {
        match calls.iter_mut().find(|call| call.id == *id && call.result.is_none()) {
            Some(call) => call.result = Some(result.clone()),
            None => calls.push(ToolCall { id: id.clone(), name: String::new(), args: "null".to_owned(), result: Some(result.clone()) }),
        }
    }
}

/// What the harness said: messages that carry no result of a tool, and are not what went in, written once more: the
/// prompt, or after an accepted finish the reminder before it.
fn harness(messages: &Value, calls: &[ToolCall]) -> Vec<String> {
    let role = |message: &&Value, name: &str| part(message, "role").as_str() == Some(name);
    let messages = list(messages);
    if messages.iter().any(|message| role(&message, "system")) {
        return Vec::new();
    }
    let finishing = calls.iter().any(|call| call.name == "task_done");
    let said = messages.iter().filter(|message| part(message, "tool_result").is_null() && role(message, "user"));
    said.map(|message| content(part(message, "content")))
        .filter(|text| !text.is_empty() && (!finishing || text.contains("Patch is empty")))
        .collect()
}
