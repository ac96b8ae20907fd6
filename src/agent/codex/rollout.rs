//! Codex's rollout, `$CODEX_HOME/sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl`: added to while Codex works, with times.
//! Since 0.40 a line is `{"timestamp","type","payload"}`; before it was the bare item, without a time.
//!
//! The rules, to be compared with an independent count:
//! - A step is one turn of the model: a run of its items (`reasoning`, assistant `message`, any `*_call`) between lines that
//!   only stand between two turns: `turn_context`, `token_count`, `token_usage_record`, `compacted`, a message of anybody
//!   else, `task_started`, `user_message`, and before 0.40 a line with `record_type`.
//! - A call is a `*_call` by its `call_id`; its result the `*_call_output` of that id. Whether it failed is told by its exit
//!   code, or by the sentence with which Codex refuses. `web_search_call` has its result in its `status`.
//! - Tokens: the last `total_token_usage`. What it adds belongs to the turn beside it: 0.44 tells it before the turn's items,
//!   0.169 after them, both tell it twice.
//! - A message of the user that is no context of Codex's own (`<environment_context>`, `# AGENTS.md …`) is the task, each
//!   later one a word of the harness after the step before; so is the summary of `compacted`.
//! - `task_complete` ends the run: well where it has a last message, with the error where an `error` came in that turn and
//!   nothing of the model after it. `turn_aborted` stops it, though items may follow. `stream_error` is a retry.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::told;
use crate::agent::steps::Steps;
use crate::agent::value::{Fields, content, list, object, part, some, text, time, value};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Step, ToolResult, Usage};

/// The state of one rollout.
#[derive(Debug, Default)]
pub struct Rollout {
    steps: Steps,
    begun: bool,
    /// Something came that only comes between two turns of the model.
    is_between: bool,
    model: Option<String>,
    task: Option<String>,
    started_at: Option<Timestamp>,
    /// All tokens as last told.
    usage: Usage,
    /// Tokens told before the turn that they belong to was written.
    early: Usage,
    /// The error of this turn, after which nothing of the model's came.
    fault: Option<End>,
    end: Option<End>,
    last_at: Option<Timestamp>,
}

impl Rollout {
    /// A rollout of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A rollout of which the beginning was not read.
    pub(in crate::agent) fn midway() -> Self {
        Self { steps: Steps::midway(), ..Self::default() }
    }

    /// Takes the next line. What is no JSON object, and what is of an unknown type, is passed over. Returns the position
    /// of the first step that is new or differs; the number of steps where only the rest did.
    pub fn take(&mut self, line: &[u8]) -> Option<usize> {
        let line = object(line)?;
        let fields = Fields::of(&line);
        if !self.begun {
            self.begun = true;
            self.steps.touch();
        }
        let recorded = time(&text(&fields.get("timestamp")));
        self.started_at = self.started_at.or(recorded);
        self.last_at = self.last_at.max(recorded);
        let kind = text(&fields.get("type"));
        if !fields.has("payload") {
            // before 0.40: the item itself, or a mark between two turns
            if fields.has("record_type") {
                self.is_between = true;
            } else {
                self.item(&kind, &value(&line), recorded);
            }
            return self.steps.take_changed();
        }
        match kind.as_str() {
            "response_item" => {
                let payload = fields.get("payload");
                self.item(&text(part(&payload, "type")), &payload, recorded);
            }
            "event_msg" => self.event(&fields.get("payload")),
            "turn_context" => {
                self.is_between = true;
                if let Some(model) = some(part(&fields.get("payload"), "model")).filter(|model| self.model.as_ref() != Some(model)) {
                    self.model = Some(model);
                    self.steps.touch();
                }
            }
            "token_usage_record" => self.is_between = true,
            "compacted" => {
                self.is_between = true;
                self.told(content(part(&fields.get("payload"), "message")));
            }
            _ => {}
        }
        self.steps.take_changed()
    }

    /// What went to the model or came from it.
    fn item(&mut self, kind: &str, item: &Value, recorded: Option<Timestamp>) {
        let id = || some(part(item, "call_id")).unwrap_or_else(|| text(part(item, "id")));
        match kind {
            "message" if text(part(item, "role")) == "assistant" => {
                let at = self.turn(recorded);
                self.steps.say(at, &content(part(item, "content")));
            }
            "message" => {
                self.is_between = true;
                let words = content(part(item, "content"));
                if text(part(item, "role")) == "user" && !is_context(&words) {
                    self.goes_on();
                    self.told(told::of_hook(&words).unwrap_or(words));
                }
            }
            "reasoning" => {
                let at = self.turn(recorded);
                self.steps.say(at, &content(part(item, "summary")));
            }
            "function_call" => {
                let arguments = part(item, "arguments");
                let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), compact);
                let at = self.turn(recorded);
                self.steps.call(at, id(), text(part(item, "name")), arguments);
            }
            "custom_tool_call" => {
                let at = self.turn(recorded);
                self.steps.call(at, id(), text(part(item, "name")), json!({"input": part(item, "input")}).to_string());
            }
            "local_shell_call" => {
                let at = self.turn(recorded);
                self.steps.call(at, id(), "local_shell".to_owned(), part(item, "action").to_string());
            }
            "web_search_call" => {
                // the provider runs it, and no output follows
                let at = self.turn(recorded);
                let (action, ok) = (part(item, "action").to_string(), text(part(item, "status")) != "failed");
                let id = some(&Value::String(id())).unwrap_or_else(|| format!("web_search {at}.{}", self.steps.calls()));
                self.steps.call(at, id.clone(), "web_search".to_owned(), action);
                self.steps.answer(&id, ToolResult { ok, text: String::new() });
            }
            "function_call_output" | "custom_tool_call_output" => self.steps.answer(&id(), answer(part(item, "output"))),
            _ => {}
        }
    }

    fn event(&mut self, event: &Value) {
        match text(part(event, "type")).as_str() {
            "token_count" => {
                self.is_between = true;
                self.count(part(part(event, "info"), "total_token_usage"));
            }
            "task_started" | "user_message" => self.goes_on(),
            "error" => {
                let fault = End::StepError(content(part(event, "message")));
                self.fault = Some(fault.clone());
                self.ends(fault);
            }
            "task_complete" => {
                let end = self.fault.take().unwrap_or_else(|| told::completed(event));
                self.ends(end);
            }
            "turn_aborted" => self.ends(told::aborted(event)),
            _ => {}
        }
    }

    fn ends(&mut self, end: End) {
        self.end = Some(end);
        self.steps.close_all();
        self.steps.touch();
    }

    fn goes_on(&mut self) {
        self.fault = None;
        self.is_between = true;
        if self.end.take().is_some() {
            self.steps.touch();
        }
    }

    /// Somebody said something to the agent: first its task, later words after its last step.
    fn told(&mut self, words: String) {
        if let Some(last) = self.steps.len().checked_sub(1) {
            self.steps.tell(last, words);
        } else if self.task.is_none() && !words.trim().is_empty() {
            self.task = Some(words);
            self.steps.touch();
        }
    }

    /// The step of the model's turn that is being written.
    fn turn(&mut self, recorded: Option<Timestamp>) -> usize {
        if self.fault.take().is_some() {
            // it was asked again
            self.end = None;
        }
        if let Some(at) = self.steps.len().checked_sub(1).filter(|_| !self.is_between) {
            if let Some(step) = self.steps.edit(at) {
                step.at = recorded.or(step.at);
            }
            return at;
        }
        self.is_between = false;
        self.steps.close_all();
        let at = self.steps.begin(recorded);
        if let Some(step) = self.steps.edit(at) {
            step.usage = std::mem::take(&mut self.early);
        }
        at
    }

    /// Takes all tokens as told. 0.44 tells them before the turn's items, 0.169 after them; both tell them twice.
    fn count(&mut self, told: &Value) {
        let Some(all) = told::usage(told).filter(|all| *all != self.usage) else { return };
        let more = told::more(all, self.usage);
        self.usage = all;
        self.steps.touch();
        let is_bare = self.steps.list().last().is_some_and(|step| step.usage == Usage::default());
        if let Some(step) = self.steps.len().checked_sub(1).filter(|_| is_bare).and_then(|at| self.steps.edit(at)) {
            step.usage = more;
        } else {
            self.early += more;
        }
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.steps.list()
    }

    /// Finished steps, tool calls, and the tokens of the whole session. `steps` is `None` before the first line.
    pub fn totals(&self) -> AgentTotals {
        AgentTotals { steps: self.begun.then(|| self.steps.finished()), calls: self.steps.calls(), usage: self.usage, cost_micro_usd: None }
    }

    /// The model's name, once a turn told it.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What the agent was asked.
    pub fn task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// The first time in the rollout.
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// The latest time in the rollout.
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Who is to move. Versions before 0.169 leave no mark of a good end.
    pub fn state(&self) -> Live {
        self.steps.live(self.end.as_ref())
    }
}

/// Arguments that are JSON text, without its blanks; any other text as it is.
fn compact(arguments: &str) -> String {
    serde_json::from_str::<Value>(arguments).map_or_else(|_| arguments.to_owned(), |value| value.to_string())
}

/// What a tool answered. There is no word for success: an exit code tells, or the sentence with which Codex refuses.
fn answer(output: &Value) -> ToolResult {
    if let Some(wrapped) = output.as_object() {
        let text = content(output.get("content").or_else(|| wrapped.get("output")).unwrap_or(&Value::Null));
        let ok = part(output, "success").as_bool().unwrap_or_else(|| said_ok(&text));
        return ToolResult { ok, text };
    }
    let said = if output.is_array() { list(output).iter().map(|block| content(part(block, "text"))).collect() } else { content(output) };
    let wrapped: Option<Value> = said.starts_with('{').then(|| serde_json::from_str(&said).ok()).flatten();
    match wrapped.as_ref().and_then(|wrapped| Some((wrapped, part(wrapped, "metadata").get("exit_code")?.as_i64()?))) {
        Some((wrapped, code)) => ToolResult { ok: code == 0, text: content(part(wrapped, "output")) },
        None => ToolResult { ok: said_ok(&said), text: told::without_frame(&said) },
    }
}

fn said_ok(said: &str) -> bool {
    const REFUSALS: [&str; 9] = [
        "error:",
        "err:",
        "unsupported c",
        "failed ",
        "execution error",
        "exec_command failed",
        "aborted",
        "patch rejected",
        "exec command rejected",
    ];
    let head = said.split("Output:").next().unwrap_or_default();
    let codes = ["Process exited with code ", "Exit code: "];
    let code = codes.iter().find_map(|words| {
        let (before, rest) = head.split_once(words)?;
        // a line of its own, not a word of what was printed
        (before.is_empty() || before.ends_with('\n')).then(|| rest.lines().next().unwrap_or_default().trim().parse::<i64>().ok())?
    });
    let lower: String = said.chars().take(40).collect::<String>().to_lowercase();
    code.map_or_else(|| !REFUSALS.iter().any(|refusal| lower.starts_with(refusal)), |code| code == 0)
}

/// Whether a message of the user is what Codex itself tells the model of where it is.
fn is_context(words: &str) -> bool {
    const STARTS: [&str; 9] = [
        "<environment_context>",
        "<user_instructions>",
        "<permissions",
        "<skills_instructions>",
        "<collaboration_mode>",
        "<turn_aborted>",
        "<subagent_notification>",
        "<user_shell_command>",
        "# AGENTS.md instructions",
    ];
    STARTS.iter().any(|start| words.trim_start().starts_with(start))
}
