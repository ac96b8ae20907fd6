//! Claude Code's `--output-format stream-json --verbose`: one JSON object a line on stdout, the keys in any order.
//!
//! A step is one message of the model, by its id: each of its blocks comes on a line of its own. What a subagent does is
//! steps of the same list, because the same budget pays for it. The run is over when its process is: a `result` line
//! may be followed by another turn.

mod session;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

pub use session::Session;

use crate::agent::steps::{MOST_STEPS, Mark, Steps};
use crate::agent::value::{Fields, content, list, object, part, some, text, time};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Step, ToolResult, Usage};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct Stream {
    steps: Steps,
    /// Position of each message's step.
    messages: HashMap<String, usize>,
    /// The last step of the agent itself (no name), and of each subagent by the call that made it.
    chains: HashMap<String, usize>,
    begun: bool,
    model: Option<String>,
    told: Option<Told>,
    end: Option<End>,
    started_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
}

/// What the last `result` line counted.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// All tokens up to then.
    usage: Usage,
    /// Where the steps were.
    mark: Mark,
}

impl Stream {
    /// A stream of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line. What is no JSON object, and what is of an unknown type, is passed over. Returns the position
    /// of the first step that is new or differs; the number of steps where only the rest did.
    pub fn take(&mut self, line: &[u8]) -> Option<usize> {
        let line = object(line)?;
        let fields = Fields::of(&line);
        let recorded = time(&text(&fields.get("timestamp")));
        match text(&fields.get("type")).as_str() {
            "system" if text(&fields.get("subtype")) == "init" => {
                self.goes_on();
                self.model = some(&fields.get("model")).or_else(|| self.model.take());
            }
            "assistant" => self.assistant(&fields, recorded),
            "user" => self.user(&fields),
            "result" => self.result(&fields),
            _ => return None,
        }
        self.last_at = self.last_at.max(recorded);
        self.started_at = self.started_at.or(recorded);
        self.steps.take_changed()
    }

    /// A turn begins, or is under way.
    fn goes_on(&mut self) {
        if !self.begun || self.end.is_some() {
            self.steps.touch();
        }
        self.begun = true;
        self.end = None;
    }

    fn assistant(&mut self, fields: &Fields<'_>, recorded: Option<Timestamp>) {
        self.goes_on();
        let message = fields.get("message");
        let id = text(part(&message, "id"));
        let at = match self.messages.get(&id).copied().filter(|_| !id.is_empty()) {
            Some(at) => at,
            None => self.begin(id, text(&fields.get("parent_tool_use_id")), recorded),
        };
        let said_by = text(part(&message, "model"));
        let is_made_up = said_by == "<synthetic>";
        if self.model.is_none() && !is_made_up {
            self.model = Some(said_by).filter(|name| !name.is_empty());
        }
        let blocks = part(&message, "content");
        let says = content(blocks);
        if fields.get("is_api_error_message") == Value::Bool(true) || is_made_up && says.starts_with("API Error") {
            if let Some(step) = self.steps.edit(at) {
                step.error = Some(says);
            }
            return;
        }
        if let Some(plain) = blocks.as_str() {
            self.steps.say(at, plain);
        }
        for block in list(blocks) {
            match text(part(block, "type")).as_str() {
                "text" => self.steps.say(at, &content(part(block, "text"))),
                "thinking" => self.steps.say(at, &content(part(block, "thinking"))),
                "tool_use" => {
                    let (id, name) = (text(part(block, "id")), text(part(block, "name")));
                    self.steps.call(at, id, name, part(block, "input").to_string());
                }
                _ => {}
            }
        }
        if let Some(step) = self.steps.edit(at) {
            // the same counts come with every block; those of the last one are not smaller
            let counts = usage(part(&message, "usage"));
            step.usage.input = step.usage.input.max(counts.input);
            step.usage.output = step.usage.output.max(counts.output);
            step.usage.cached = step.usage.cached.max(counts.cached);
            step.finish = some(part(&message, "stop_reason")).or_else(|| step.finish.take());
        }
    }

    /// A message that was not seen before: the one before it in its chain is over.
    fn begin(&mut self, id: String, chain: String, recorded: Option<Timestamp>) -> usize {
        let at = self.steps.begin(recorded);
        if let Some(before) = self.chains.insert(chain, at) {
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

    fn user(&mut self, fields: &Fields<'_>) {
        self.goes_on();
        let message = fields.get("message");
        for block in list(part(&message, "content")) {
            if text(part(block, "type")) == "tool_result" {
                let result = ToolResult { ok: part(block, "is_error") != &Value::Bool(true), text: content(part(block, "content")) };
                self.steps.answer(&text(part(block, "tool_use_id")), result);
            }
        }
    }

    fn result(&mut self, fields: &Fields<'_>) {
        self.steps.close_all();
        let of_models = fields.get("modelUsage");
        let mut all = Usage::default();
        for one in of_models.as_object().into_iter().flatten().map(|(_, one)| one) {
            let count = |name: &str| part(one, name).as_u64().unwrap_or_default();
            let input = count("inputTokens").saturating_add(count("cacheCreationInputTokens"));
            all += Usage { input, output: count("outputTokens"), cached: count("cacheReadInputTokens") };
        }
        if all == Usage::default() {
            // without the counts of all models there are those of this turn
            all = self.told.map_or_else(Usage::default, |told| told.usage);
            all += usage(&fields.get("usage"));
        }
        self.told = Some(Told { usage: all, mark: self.steps.mark() });
        self.end = Some(end(fields));
        self.steps.touch();
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.steps.list()
    }

    /// Finished steps, tool calls, and the tokens: what the last `result` line says of them, and the steps since. Until
    /// there is one, tokens written are counted too low: the stream tells them only there. `steps` is `None` before the
    /// first line of a run.
    pub fn totals(&self) -> AgentTotals {
        let told = self.told.unwrap_or(Told { usage: Usage::default(), mark: Mark::default() });
        let mut usage = told.usage;
        usage += self.steps.usage_since(told.mark);
        AgentTotals { steps: self.begun.then(|| self.steps.finished()), calls: self.steps.calls(), usage }
    }

    /// The model's name.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What the agent was asked: the stream does not say.
    pub const fn task(&self) -> Option<&str> {
        None
    }

    /// Whether a line is one of this format: used on the first lines of a file.
    pub fn looks_like(line: &Value) -> bool {
        let has = |name: &str| line.get(name).is_some();
        let kind = part(line, "type").as_str().unwrap_or_default();
        !has("sessionId") && matches!(kind, "system" | "assistant" | "user" | "result" | "stream_event") && has("session_id")
    }

    /// The first time in the stream.
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// The latest time in the stream; old versions write none.
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Who is to move. After a `result` line that is nobody, until another turn begins.
    pub fn state(&self) -> Live {
        self.steps.live(self.end.as_ref())
    }
}

/// The last `result` line of a stream, without its line end: what `--output-format json` would have printed alone.
pub fn last_result_line(bytes: &[u8]) -> Option<&[u8]> {
    let is_result = |line: &&[u8]| object(line).is_some_and(|line| text(&Fields::of(&line).get("type")) == "result");
    bytes.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(is_result)
}

/// Tokens as Anthropic counts them: `input` without those read from the cache, those written to it included.
fn usage(value: &Value) -> Usage {
    let count = |name: &str| part(value, name).as_u64().unwrap_or_default();
    Usage {
        input: count("input_tokens").saturating_add(count("cache_creation_input_tokens")),
        output: count("output_tokens"),
        cached: count("cache_read_input_tokens"),
    }
}

/// The end that a `result` line tells. `subtype` is `success` after a failure of the API too.
fn end(fields: &Fields<'_>) -> End {
    let (subtype, reason) = (text(&fields.get("subtype")), text(&fields.get("terminal_reason")));
    let is_error = fields.get("is_error") == Value::Bool(true);
    if subtype == "success" && !is_error {
        return End::Accepted;
    }
    let errors: Vec<String> = list(&fields.get("errors")).iter().map(content).collect();
    let says = [content(&fields.get("result")), errors.join("; "), reason.clone(), subtype.clone()];
    let says = says.into_iter().find(|words| !words.trim().is_empty()).unwrap_or_default();
    match (subtype.as_str(), reason.as_str()) {
        ("error_max_turns", _) | (_, "max_turns") => End::MaxSteps,
        ("error_max_budget_usd", _) | (_, "budget_exhausted") => End::OwnBudget(says),
        ("success", _) | (_, "api_error" | "model_error" | "prompt_too_long") => End::StepError(says),
        _ if says.is_empty() => End::Unexplained,
        _ => End::Failed(says),
    }
}
