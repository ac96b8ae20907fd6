//! OpenHands' event store: a folder with one small file an event, each written once.
//!
//! V0 (server and `openhands.core.main`): `<id>.json` with actions and observations; a step is one action of the agent
//! with its observation. V1 (the SDK, CLI since 1.0): `event-<number>-<uuid>.json`; a step is one answer of the model,
//! whose parallel calls are events of their own. V1's counts lie in `base_state.json` beside the folder. A message of the
//! user after the first is a word of the harness after the step before it.

mod evaluation;
mod find;
mod v0;
mod v1;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

pub use find::find_events;

use crate::agent::open::Format;
use crate::agent::steps::{MOST_STEPS, Steps};
use crate::agent::value::{Fields, object, part, some, text, time};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Step, Usage};

/// The state of one event store.
#[derive(Debug, Default)]
pub struct Events {
    steps: Steps,
    begun: bool,
    model: Option<String>,
    /// All tokens as last told.
    usage: Usage,
    /// V0: the step and the call of each action. V1: the step of each answer of the model, with no call.
    actions: HashMap<String, (usize, String)>,
    /// The last error that an observation told.
    fault: Option<String>,
    end: Option<End>,
    task: Option<String>,
    max_steps: Option<u32>,
    started_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    /// What wrote it, once an event told.
    format: Option<Format>,
    /// Bare actions of an old history.
    past: u64,
    /// Tokens were told before the first event that is read: how many is not known yet.
    has_past_usage: bool,
}

impl Events {
    /// A store of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of lines that are read from their middle on: the task was told before, and so were tokens.
    pub(in crate::agent) fn midway() -> Self {
        Self { steps: Steps::midway(), task: Some(String::new()), has_past_usage: true, ..Self::default() }
    }

    /// Takes the next event, the bytes of its file; events are to be given in order. `Err` means that they are no JSON
    /// object: half-written, or something else. `Ok` holds the position of the first step that is new or differs; the
    /// number of steps where only the rest did.
    pub fn take(&mut self, event: &[u8]) -> Result<Option<usize>, Torn> {
        let event = object(event).ok_or(Torn)?;
        let fields = Fields::of(&event);
        if !self.begun {
            self.begun = true;
            self.steps.touch();
        }
        let recorded = time(&text(&fields.get("timestamp")));
        self.started_at = self.started_at.or(recorded);
        self.last_at = self.last_at.max(recorded);
        if self.actions.len() > 2 * MOST_STEPS {
            self.actions.clear();
        }
        if fields.has("kind") {
            self.format.get_or_insert(Format::OpenhandsV1);
            self.take_v1(&fields, recorded);
        } else {
            self.format.get_or_insert(Format::OpenhandsV0);
            self.take_v0(&fields, recorded);
        }
        Ok(self.steps.take_changed())
    }

    /// Takes V1's `base_state.json`, which is rewritten whole. `Err`: caught half-written.
    pub fn take_state(&mut self, state: &[u8]) -> Result<Option<usize>, Torn> {
        let state = object(state).ok_or(Torn)?;
        let fields = Fields::of(&state);
        self.stats_v1(&fields.get("stats"));
        self.status_v1(&text(&fields.get("execution_status")));
        let model = some(part(part(&fields.get("agent"), "llm"), "model"));
        self.max_steps = fields.raw("max_iterations").and_then(|raw| raw.parse().ok()).or(self.max_steps);
        if model.is_some() && model != self.model {
            self.model = model;
            self.steps.touch();
        }
        Ok(self.steps.take_changed())
    }

    /// Takes all tokens as told, and gives what is new to a step.
    fn count(&mut self, told: Usage, at: Option<usize>) {
        if told == self.usage {
            return;
        }
        if std::mem::take(&mut self.has_past_usage) {
            self.usage = told;
            return;
        }
        let more = Usage {
            input: told.input.saturating_sub(self.usage.input),
            output: told.output.saturating_sub(self.usage.output),
            cached: told.cached.saturating_sub(self.usage.cached),
        };
        self.usage = told;
        self.steps.touch();
        if let Some(step) = at.and_then(|at| self.steps.edit(at)) {
            step.usage += more;
        }
    }

    fn ends(&mut self, end: End) {
        self.steps.close_all();
        self.steps.touch();
        self.end = Some(end);
    }

    /// A person, or a script in its place, wrote to the agent: the task first, later a word of the harness after the last
    /// step, which had ended its turn at most.
    fn heard(&mut self, words: &str) {
        if words.trim().is_empty() {
            return;
        }
        if self.task.is_none() {
            self.task = Some(words.to_owned());
            self.steps.touch();
        } else if let Some(last) = self.steps.len().checked_sub(1) {
            self.goes_on();
            self.steps.tell(last, words.to_owned());
        }
    }

    fn goes_on(&mut self) {
        if self.end.take().is_some() {
            self.steps.touch();
        }
    }

    /// A failure in OpenHands' words: its limits are failures to it as well.
    fn failure(says: String) -> End {
        let lower = says.to_lowercase();
        if lower.contains("maximum iteration") || lower.contains("max iteration") || lower.contains("maxiterations") {
            End::MaxSteps
        } else if lower.contains("maximum budget") || lower.contains("max budget") {
            End::OwnBudget(says)
        } else if says.is_empty() {
            End::Unexplained
        } else {
            End::StepError(says)
        }
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.steps.list()
    }

    /// Finished steps, tool calls, and the tokens as last told. `steps` is `None` before the first event.
    pub fn totals(&self) -> AgentTotals {
        AgentTotals { steps: self.begun.then(|| self.steps.finished()), calls: self.steps.calls(), usage: self.usage, cost_micro_usd: None }
    }

    /// The model's name, once an answer told it.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What the agent was asked: the first message of the user.
    pub fn task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// The budget of steps, where it is told.
    pub const fn max_steps(&self) -> Option<u32> {
        self.max_steps
    }

    /// Which version wrote it, once an event told.
    pub const fn format(&self) -> Option<Format> {
        self.format
    }

    /// The time of the first event.
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// The latest time in the store.
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Who is to move.
    pub fn state(&self) -> Live {
        self.steps.live(self.end.as_ref())
    }
}

/// No whole event: half-written, or something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn;

/// Tokens as LiteLLM counts them: `prompt_tokens` holds those read from the cache.
fn usage(value: &Value) -> Option<Usage> {
    let count = |name: &str| part(value, name).as_u64();
    let (input, output) = (count("prompt_tokens")?, count("completion_tokens")?);
    Some(Usage { input, output, cached: count("cache_read_tokens").unwrap_or_default() })
}
