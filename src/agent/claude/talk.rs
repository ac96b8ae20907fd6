//! Messages of the model, answers of its tools and what it was told: the same in the stream and in the transcript.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::agent::steps::{MOST_STEPS, Steps};
use crate::agent::value::{content, list, part, some, text};
use crate::domain::{ToolResult, Usage};

/// Steps as the messages make them.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) steps: Steps,
    /// Position of each message's step.
    messages: HashMap<String, usize>,
    /// The last step of each conversation, by the call that made it; the agent's own has no name.
    chains: HashMap<String, usize>,
    /// The model that the first message names.
    pub(super) model: Option<String>,
    /// What the agent was asked first.
    pub(super) task: Option<String>,
}

/// What a message of the model is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// An answer, with the word why it ended.
    Answer(Option<String>),
    /// The API's error that stands in its place.
    ApiError(String),
}

impl Talk {
    /// Of a conversation that is read from its middle on.
    pub(super) fn midway() -> Self {
        Self { steps: Steps::midway(), ..Self::default() }
    }

    /// A block of a message, or all of them. `within`: the call that made the subagent, or nothing.
    pub(super) fn assistant(&mut self, message: &Value, within: &str, recorded: Option<Timestamp>, is_api_error: bool) -> Said {
        let id = text(part(message, "id"));
        let at = match self.messages.get(&id).copied().filter(|_| !id.is_empty()) {
            Some(at) => at,
            None => self.begin(id, within, recorded),
        };
        let said_by = text(part(message, "model"));
        let is_made_up = said_by == "<synthetic>";
        if self.model.is_none() && !is_made_up {
            self.model = Some(said_by).filter(|name| !name.is_empty());
        }
        let blocks = part(message, "content");
        let says = content(blocks);
        if is_api_error || is_made_up && says.starts_with("API Error") {
            if let Some(step) = self.steps.edit(at) {
                step.error = Some(says.clone());
            }
            return Said::ApiError(says);
        }
        if let Some(plain) = blocks.as_str() {
            self.steps.say(at, plain);
        }
        for block in list(blocks) {
            match text(part(block, "type")).as_str() {
                "text" => self.steps.say(at, content(part(block, "text")).trim_matches('\n')),
                "thinking" => self.steps.say(at, &content(part(block, "thinking"))),
                "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                    let (id, name) = (text(part(block, "id")), text(part(block, "name")));
                    self.steps.call(at, id, name, part(block, "input").to_string());
                }
                // what the provider's own tools answer stands in the message itself
                kind if kind.ends_with("_tool_result") => self.answer(block),
                _ => {}
            }
        }
        let finish = some(part(message, "stop_reason"));
        if let Some(step) = self.steps.edit(at) {
            // the same counts come with every block; those of the last one are not smaller
            let counts = usage(part(message, "usage"));
            step.usage.input = step.usage.input.max(counts.input);
            step.usage.output = step.usage.output.max(counts.output);
            step.usage.cached = step.usage.cached.max(counts.cached);
            if finish.is_some() {
                step.finish.clone_from(&finish);
            }
        }
        Said::Answer(finish)
    }

    /// A message that was not seen before: the one before it in its conversation is over.
    fn begin(&mut self, id: String, within: &str, recorded: Option<Timestamp>) -> usize {
        let at = self.steps.begin(recorded);
        if let Some(step) = self.steps.edit(at) {
            step.within = Some(within.to_owned()).filter(|call| !call.is_empty());
        }
        if let Some(before) = self.chains.insert(within.to_owned(), at) {
            self.steps.close(before);
        }
        // of very many the older ones are over
        for places in [&mut self.messages, &mut self.chains] {
            if places.len() > 2 * MOST_STEPS {
                places.clear();
            }
        }
        self.messages.insert(id, at);
        at
    }

    /// The answers of tools in a message of the user, which Claude Code writes.
    pub(super) fn answers(&mut self, message: &Value) {
        for block in list(part(message, "content")) {
            if text(part(block, "type")) == "tool_result" {
                self.answer(block);
            }
        }
    }

    fn answer(&mut self, block: &Value) {
        let said = content(part(block, "content"));
        // so Claude Code marks for its model what a tool refuses
        let refused = said.strip_prefix("<tool_use_error>").and_then(|said| said.strip_suffix("</tool_use_error>"));
        let said = refused.map(str::to_owned).unwrap_or(said);
        let result = ToolResult { ok: part(block, "is_error") != &Value::Bool(true), text: said };
        self.steps.answer(&text(part(block, "tool_use_id")), result);
    }

    /// What somebody said to the agent itself: first its task, later words after its last step.
    pub(super) fn told(&mut self, mut words: String) {
        if words.trim().is_empty() {
            return;
        }
        // the line by which it is shown must be the one that says why
        if let Some(at) = words.find(" hook feedback:\n").map(|at| at + " hook feedback:".len()) {
            words.replace_range(at..=at, " ");
        }
        if let Some(at) = self.chains.get("").copied() {
            self.steps.tell(at, words);
        } else if self.task.is_none() {
            self.task = Some(words);
            self.steps.touch();
        }
    }
}

/// The words of a message of the user, without the answers of tools.
pub(super) fn words(message: &Value) -> String {
    match part(message, "content") {
        Value::Array(blocks) => {
            let texts: Vec<String> =
                blocks.iter().filter(|block| text(part(block, "type")) == "text").map(|block| content(part(block, "text"))).collect();
            texts.join("\n")
        }
        other => content(other),
    }
}

/// Tokens as Anthropic counts them: `input` without those read from the cache, those written to it included.
pub(super) fn usage(value: &Value) -> Usage {
    let count = |name: &str| part(value, name).as_u64().unwrap_or_default();
    Usage {
        input: count("input_tokens").saturating_add(count("cache_creation_input_tokens")),
        output: count("output_tokens"),
        cached: count("cache_read_input_tokens"),
    }
}

/// Whether the words are those that Claude Code writes where somebody interrupted it.
pub(super) fn is_interrupt(words: &str) -> bool {
    words.starts_with("[Request interrupted by user")
}
