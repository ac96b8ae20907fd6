//! Elements of the two lists → steps. Every field may be missing, null or of another type: forks and old versions differ.

use crate::agent::value::{Fields, arguments, time, words};
use crate::domain::{Reply, Step, ToolCall, ToolResult, Usage};

/// Calls or results of one step at most: each is compared with all others.
const MOST: usize = 1000;

/// A finished step. `interaction` is the usage of the answer with the same number, which knows cached tokens.
pub(super) fn step(index: u32, raw: &str, interaction: Option<Usage>) -> Step {
    let fields = Fields::of(raw);
    // the Rust port wraps a step in its interaction
    let inner = Some(fields.part("steps")).filter(|_| fields.has("steps"));
    let step = inner.as_ref().unwrap_or(&fields);
    step_of(index, &fields, step, interaction)
}

/// The same of fields that were found before; `fields` are those of what wraps the step, or its own.
pub(super) fn step_of(index: u32, fields: &Fields<'_>, step: &Fields<'_>, interaction: Option<Usage>) -> Step {
    let response = step.part("llm_response");
    let own = usage(&response);
    let messages: Vec<Fields<'_>> = step.list("llm_messages").into_iter().map(Fields::of).collect();
    let mut calls = calls(&step.list("tool_calls"), &[]);
    // an accepted `task_done` is in the answer only, and comes last
    let unrun = self::calls(&response.list("tool_calls"), &calls);
    calls.extend(unrun);
    let found = results(&step.list("tool_results"), &messages, &calls);
    join(&mut calls, found);
    let error = error_of(fields, step);
    let is_answered = step.raw("llm_response").is_some_and(|raw| raw != "null");
    Step {
        index,
        at: time(&fields.text("timestamp")),
        thought: response.raw("content").map(words).unwrap_or_default(),
        usage: interaction.filter(|full| is_answered && fits(*full, own)).unwrap_or(own),
        finish: some(response.text("finish_reason")),
        harness: if error.is_some() { Vec::new() } else { harness(&messages, &calls) },
        reply: Reply::Complete,
        within: None,
        calls,
        error,
    }
}

/// The error that ended a step.
pub(super) fn error(step: &Fields<'_>) -> Option<String> {
    error_of(step, step)
}

fn error_of(fields: &Fields<'_>, step: &Fields<'_>) -> Option<String> {
    some(step.text("error")).or_else(|| some(fields.text("error_message")))
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Whether the usage of an answer is that of a step, which may not have kept any.
fn fits(full: Usage, own: Usage) -> bool {
    own == Usage::default() || (full.input, full.output) == (own.input, own.output)
}

/// The step of an answer whose tools are still running.
pub(super) fn running(index: u32, raw: &str, reply: Reply) -> Step {
    let fields = Fields::of(raw);
    let response = fields.part("response");
    Step {
        index,
        at: time(&fields.text("timestamp")),
        thought: response.raw("content").map(words).unwrap_or_default(),
        calls: calls(&response.list("tool_calls"), &[]),
        usage: usage(&response),
        error: None,
        finish: some(response.text("finish_reason")),
        harness: Vec::new(),
        reply,
        within: None,
    }
}

/// The tokens of an answer.
pub(super) fn interaction_usage(raw: &str) -> Usage {
    response_usage(&Fields::of(raw).part("response"))
}

/// The tokens that a response counts.
pub(super) fn response_usage(response: &Fields<'_>) -> Usage {
    usage(response)
}

/// How many calls [`step`] finds, without decoding what they ask and what came back.
pub(super) fn count_calls(step: &Fields<'_>, response: &Fields<'_>) -> usize {
    let mut open: Vec<(String, bool)> = Vec::new();
    let ids = |list: &[&str]| -> Vec<String> {
        list.iter().filter(|raw| raw.starts_with('{')).take(MOST).map(|raw| call_id(&Fields::of(raw))).collect()
    };
    open.extend(ids(&step.list("tool_calls")).into_iter().map(|id| (id, false)));
    let known: Vec<String> = open.iter().map(|(id, _)| id.clone()).collect();
    open.extend(ids(&response.list("tool_calls")).into_iter().filter(|id| !known.contains(id)).map(|id| (id, false)));
    let own = step.list("tool_results");
    let answered: Vec<String> = if !own.is_empty() {
        own.iter().take(MOST).map(|raw| call_id(&Fields::of(raw))).collect()
    } else if open.is_empty() {
        Vec::new()
    } else {
        let messages: Vec<Fields<'_>> = step.list("llm_messages").into_iter().map(Fields::of).collect();
        let sent = messages.iter().filter_map(|message| message.raw("tool_result")).filter(|raw| raw.starts_with('{')).take(MOST);
        sent.map(|raw| call_id(&Fields::of(raw))).filter(|id| open.iter().any(|(call, _)| call == id)).collect()
    };
    for id in answered {
        match open.iter_mut().find(|(call, is_answered)| *call == id && !is_answered) {
            Some((_, is_answered)) => *is_answered = true,
            None => open.push((id, true)),
        }
    }
    open.len()
}

/// How many calls an answer asks for.
pub(super) fn count_answer(response: &Fields<'_>) -> usize {
    response.list("tool_calls").iter().filter(|raw| raw.starts_with('{')).take(MOST).count()
}

fn usage(response: &Fields<'_>) -> Usage {
    let counts = response.part("usage");
    let count = |name: &str| counts.raw(name).and_then(|raw| raw.parse().ok()).unwrap_or_default();
    Usage { input: count("input_tokens"), output: count("output_tokens"), cached: count("cache_read_input_tokens") }
}

/// The calls of a list that are not among the `known` ones.
fn calls(list: &[&str], known: &[ToolCall]) -> Vec<ToolCall> {
    let objects = list.iter().filter(|raw| raw.starts_with('{')).take(MOST).map(|raw| Fields::of(raw));
    let call = |fields: Fields<'_>| {
        let id = call_id(&fields);
        let is_known = known.iter().any(|known| known.id == id);
        // some forks hold the arguments as the provider's own JSON text
        (!is_known).then(|| ToolCall { id, name: fields.text("name"), args: arguments(fields.raw("arguments")), result: None })
    };
    objects.filter_map(call).collect()
}

fn call_id(fields: &Fields<'_>) -> String {
    some(fields.text("call_id")).unwrap_or_else(|| fields.text("id"))
}

/// The results with their call ids: the step's own list, or those of the messages for the next call that fit. (After a
/// failed call and an accepted finish the messages are still those that went in, with the results of the step before.)
fn results(own: &[&str], messages: &[Fields<'_>], calls: &[ToolCall]) -> Vec<(String, ToolResult)> {
    let pair = |fields: &Fields<'_>| (call_id(fields), result(fields));
    if !own.is_empty() {
        return own.iter().take(MOST).map(|raw| pair(&Fields::of(raw))).collect();
    }
    let sent = messages.iter().filter_map(|message| message.raw("tool_result")).filter(|raw| raw.starts_with('{')).take(MOST);
    sent.map(|raw| pair(&Fields::of(raw))).filter(|(id, _)| calls.iter().any(|call| call.id == *id)).collect()
}

fn result(fields: &Fields<'_>) -> ToolResult {
    let mut said = fields.raw("result").map(words).unwrap_or_default();
    let error = fields.raw("error").map(words).unwrap_or_default();
    if !error.is_empty() {
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&error);
    }
    let ok = match fields.raw("success") {
        Some("true") => true,
        Some("false") => false,
        _ => error.is_empty(),
    };
    ToolResult { ok, text: said }
}

/// Gives each result to the first call of its id that has none; one that fits no call gets a nameless call of its own.
fn join(calls: &mut Vec<ToolCall>, results: Vec<(String, ToolResult)>) {
    for (id, result) in results {
        match calls.iter_mut().find(|call| call.id == id && call.result.is_none()) {
            Some(call) => call.result = Some(result),
            None => calls.push(ToolCall { id, name: String::new(), args: "null".to_owned(), result: Some(result) }),
        }
    }
}

/// What the harness said: messages that carry no result of a tool, and are not what went in, written once more: the
/// prompt, or after an accepted finish the reminder before it.
fn harness(messages: &[Fields<'_>], calls: &[ToolCall]) -> Vec<String> {
    if messages.iter().any(|message| message.raw("role") == Some("\"system\"")) {
        return Vec::new();
    }
    let finishing = calls.iter().any(|call| call.name == "task_done");
    let is_word =
        |message: &&Fields<'_>| message.raw("tool_result").is_none_or(|raw| raw == "null") && message.raw("role") == Some("\"user\"");
    let said = messages.iter().filter(is_word).map(|message| message.raw("content").map(words).unwrap_or_default());
    said.filter(|text| !text.is_empty() && (!finishing || text.contains("Patch is empty"))).collect()
}
