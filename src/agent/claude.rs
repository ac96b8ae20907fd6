//! Claude Code's `--output-format stream-json --verbose`: one JSON object a line on stdout, the keys in any order. What
//! `--output-format json` prints is its last line alone; `claude-code-action` keeps the lines as an array.
//!
//! The rules, to be compared with an independent count:
//! - A step is one message of the model, by `message.id`, in the order of their first lines: each of its blocks comes on a
//!   line of its own. The message that stands in the place of an answer (`is_api_error_message`, an `error`, or the model
//!   `<synthetic>` with the words `API Error`) is a step with an error. What a subagent does (`parent_tool_use_id`) are steps of the same list, `within` that call.
//! - A call is a `tool_use` block, by its id; its result the first `tool_result` of that id, failed where `is_error` is true.
//! - Tokens: those of the last `result` line (`modelUsage` of all models; without it the sum of the turns' `usage`), and of
//!   the steps since, each step's once. `input` holds the tokens written to the cache, not those read from it.
//! - What a `user` line says to the agent itself is a word of the harness after its last step; before the first step it is
//!   the task. Else the stream does not hold the task.
//! - `stream_event`, `api_retry`, the words about tasks in the background and whatever is unknown are no steps.
//! - The run is over when its process is: a `result` line may be followed by another turn.

mod session;
mod talk;

use jiff::Timestamp;
use serde_json::Value;

pub use session::Session;
pub(in crate::agent) use session::is_prompt;

use crate::agent::steps::Mark;
use crate::agent::value::{Fields, content, list, object, part, some, text, time};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Step, Usage};
use talk::{Talk, is_interrupt, usage, words};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct Stream {
    talk: Talk,
    begun: bool,
    model: Option<String>,
    /// The model that wrote most, as a `result` line tells.
    most: Option<String>,
    /// The words of an interrupt after which nothing came.
    interrupt: Option<String>,
    told: Option<Told>,
    end: Option<End>,
    started_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
}

/// What the last `result` line counted.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// All tokens up to then.
    usage: Usage,
    /// Where the steps were.
    mark: Mark,
    /// What all of it cost, in millionths of a US dollar.
    cost_micro_usd: Option<u64>,
}

impl Stream {
    /// A stream of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stream of which the beginning was not read.
    pub(in crate::agent) fn midway() -> Self {
        Self { talk: Talk::midway(), ..Self::default() }
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
                self.talk.steps.touch();
                self.model = some(&fields.get("model")).or_else(|| self.model.take());
            }
            "assistant" => {
                self.goes_on();
                let (message, within) = (fields.get("message"), text(&fields.get("parent_tool_use_id")));
                let is_error = fields.get("is_api_error_message") == Value::Bool(true) || !fields.get("error").is_null();
                self.talk.assistant(&message, &within, recorded, is_error);
            }
            "user" => self.user(&fields),
            "result" => self.result(&fields),
            _ => return None,
        }
        self.started_at = self.started_at.or(recorded);
        self.last_at = self.last_at.max(recorded);
        self.talk.steps.take_changed()
    }

    /// A turn begins, or is under way.
    fn goes_on(&mut self) {
        if !self.begun || self.end.is_some() {
            self.talk.steps.touch();
        }
        self.begun = true;
        self.end = None;
    }

    fn user(&mut self, fields: &Fields<'_>) {
        self.goes_on();
        let message = fields.get("message");
        self.talk.answers(&message);
        // what a subagent is told stands in the call that made it
        if fields.get("parent_tool_use_id").is_null() {
            let words = words(&message);
            self.interrupt = is_interrupt(&words).then(|| words.clone());
            self.talk.told(words);
        }
    }

    fn result(&mut self, fields: &Fields<'_>) {
        self.talk.steps.close_all();
        let of_models = fields.get("modelUsage");
        let mut all = Usage::default();
        let mut most = 0;
        for (name, one) in of_models.as_object().into_iter().flatten() {
            let count = |name: &str| part(one, name).as_u64().unwrap_or_default();
            let input = count("inputTokens").saturating_add(count("cacheCreationInputTokens"));
            let output = count("outputTokens");
            all += Usage { input, output, cached: count("cacheReadInputTokens") };
            if self.most.is_none() || output > most {
                (self.most, most) = (Some(name.clone()), output);
            }
        }
        if all == Usage::default() {
            // without the counts of all models there are those of this turn
            all = usage(&fields.get("usage"));
            if all != Usage::default() {
                all += self.told.map_or_else(Usage::default, |told| told.usage);
            }
        }
        if all != Usage::default() {
            let before = self.told.and_then(|told| told.cost_micro_usd);
            let cost_micro_usd = fields.get("total_cost_usd").as_f64().and_then(micro_usd).or(before);
            self.told = Some(Told { usage: all, mark: self.talk.steps.mark(), cost_micro_usd });
        }
        self.end = Some(match (end(fields), self.interrupt.take()) {
            // versions that tell no reason
            (End::Failed(_), Some(words)) => End::Stopped(words),
            (end, _) => end,
        });
        self.talk.steps.touch();
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.talk.steps.list()
    }

    /// Finished steps, tool calls, and the tokens: what the last `result` line says of them, and the steps since. Until
    /// there is one, tokens written are counted too low: the stream tells them only there. `steps` is `None` before the
    /// first line of a run, and where a `result` is all that there is.
    pub fn totals(&self) -> AgentTotals {
        let told = self.told.unwrap_or_default();
        let mut usage = told.usage;
        usage += self.talk.steps.usage_since(told.mark);
        AgentTotals {
            steps: self.begun.then(|| self.talk.steps.finished()),
            calls: self.talk.steps.calls(),
            usage,
            cost_micro_usd: told.cost_micro_usd,
        }
    }

    /// The model's name.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref().or(self.talk.model.as_deref()).or(self.most.as_deref())
    }

    /// What the agent was asked; known only where the stream repeats it.
    pub fn task(&self) -> Option<&str> {
        self.talk.task.as_deref()
    }

    /// The first time in the stream; old versions write none.
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// The latest time in the stream; old versions write none.
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Who is to move. After a `result` line that is nobody, until another turn begins.
    pub fn state(&self) -> Live {
        self.talk.steps.live(self.end.as_ref())
    }
}

/// Dollars of a file in millionths; `None` for what nobody pays.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
fn micro_usd(dollars: f64) -> Option<u64> {
    (dollars.is_finite() && (0.0..1e9).contains(&dollars)).then_some((dollars * 1e6).round() as u64)
}

/// The last `result` line of a stream, without its line end: what `--output-format json` would have printed alone.
pub fn last_result_line(bytes: &[u8]) -> Option<&[u8]> {
    let is_result = |line: &&[u8]| object(line).is_some_and(|line| text(&Fields::of(&line).get("type")) == "result");
    bytes.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(is_result)
}

/// The end that a `result` line tells. `subtype` is `success` after a failure of the API too.
fn end(fields: &Fields<'_>) -> End {
    let (subtype, reason) = (text(&fields.get("subtype")), text(&fields.get("terminal_reason")));
    let is_error = fields.get("is_error") == Value::Bool(true);
    // what claude-code-action keeps has neither
    if matches!(subtype.as_str(), "success" | "") && !is_error {
        return End::Accepted;
    }
    let errors: Vec<String> = list(&fields.get("errors")).iter().map(content).collect();
    let says = [content(&fields.get("result")), errors.join("; "), reason.clone(), subtype.clone()];
    let says = says.into_iter().find(|words| !words.trim().is_empty()).unwrap_or_default();
    match (subtype.as_str(), reason.as_str()) {
        ("error_max_turns", _) | (_, "max_turns") => End::MaxSteps,
        ("error_max_budget_usd", _) | (_, "budget_exhausted") => End::OwnBudget(says),
        // the errors beside it are words for Claude Code's own authors
        (_, "aborted_streaming" | "aborted_tools") => End::Stopped(reason),
        ("success", _) | (_, "api_error" | "model_error" | "prompt_too_long") => End::StepError(says),
        _ if says.is_empty() => End::Unexplained,
        _ => End::Failed(says),
    }
}
