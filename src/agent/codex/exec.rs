//! What `codex exec --json` prints: a line at a time on stdout, without times. Three generations: G1 (0.29, 0.42) wraps
//! events as `{"id","msg"}` below a line with the model and one with the prompt; G2 (0.42 `--experimental-json`) begins
//! with `session.created` and has `item_type`; G3 (since 0.44) begins with `thread.started`.
//!
//! The rules, the same for all, to be compared with an independent count:
//! - A step is one turn of the model: what it thought and said, and the calls after that. No event says that the model was
//!   asked again, so a step begins with the first thing that the model says (`reasoning`, `agent_message`) or calls
//!   a) in a turn of the user's, b) after a call of the step before has come back, c) G1: after a `token_count`; and, if it
//!   is said, d) after a call was begun. A call that Codex refused leaves no event, and so no step of its own.
//! - Calls: commands (`shell`), changes of files (`apply_patch`), tools of MCP servers (`server__tool`), searches
//!   (`web_search`), each new state of the plan (`update_plan`), pictures (`view_image`), and other agents by the tool's name.
//!   A call without an end is running, and has no result when the turn ends. A result failed where its `status` is not
//!   `completed`, its exit code not 0, or its `success` false.
//! - Tokens: the whole thread's as last told (`turn.completed`, `token_count`'s `total_token_usage`); before 0.42 the sum of
//!   the `token_count`s, each of one answer. In G1 what a `token_count` adds belongs to the step before it; G2 and G3 do not
//!   tell a step's.
//! - `turn.failed` and G1's `error` end the run. G3's `error`, `stream_error` and items of type `error` do not: Codex goes
//!   on, or says `turn.failed`. G1 and G2 have no mark of a good end.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::told;
use crate::agent::steps::Steps;
use crate::agent::value::{Fields, content, object, part, some, text, value};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Step, ToolResult, Usage};

/// The state of one run.
#[derive(Debug, Default)]
pub struct Exec {
    steps: Steps,
    begun: bool,
    /// The model was asked again.
    is_between: bool,
    /// Calls of the last step that did not come back.
    open: HashSet<String>,
    /// One of them did.
    came_back: bool,
    /// Threads that began: the numbers of items begin again in each.
    threads: u32,
    /// Calls that have no id of their own.
    nameless: u32,
    model: Option<String>,
    task: Option<String>,
    usage: Usage,
    end: Option<End>,
}

impl Exec {
    /// A run of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run of which the beginning was not read.
    pub(in crate::agent) fn midway() -> Self {
        // the items of the thread that was under way are not those of the next one
        Self { steps: Steps::midway(), threads: 1, ..Self::default() }
    }

    /// Takes the next line. What is no JSON object, and what is of an unknown type, is passed over. Returns the position
    /// of the first step that is new or differs; the number of steps where only the rest did.
    pub fn take(&mut self, line: &[u8]) -> Option<usize> {
        let line = object(line)?;
        let fields = Fields::of(&line);
        if fields.has("msg") {
            self.begins();
            self.event(&fields.get("msg"));
            return self.steps.take_changed();
        }
        match text(&fields.get("type")).as_str() {
            "thread.started" | "session.created" => {
                self.goes_on();
                self.threads = self.threads.saturating_add(1);
                self.asked();
            }
            "turn.started" => {
                self.goes_on();
                self.asked();
            }
            "turn.completed" => {
                self.begins();
                if let Some(all) = told::usage(&fields.get("usage")) {
                    self.count(all, false);
                }
                self.ends(End::Accepted);
            }
            "turn.failed" => {
                self.begins();
                let error = fields.get("error");
                let said = content(part(&error, "message"));
                self.ends(if said.is_empty() { End::Unexplained } else { End::StepError(said) });
            }
            kind @ ("item.started" | "item.updated" | "item.completed") => {
                self.begins();
                self.item(kind, &fields.get("item"));
            }
            "" => self.head(&value(&line)),
            _ => {}
        }
        self.steps.take_changed()
    }

    /// G1's first lines.
    fn head(&mut self, line: &Value) {
        if let Some(prompt) = some(part(line, "prompt")) {
            self.goes_on();
            match self.steps.len().checked_sub(1) {
                None => self.task = self.task.take().or(Some(prompt)),
                Some(last) => self.steps.tell(last, prompt),
            }
            self.asked();
            self.steps.touch();
        } else if !part(line, "workdir").is_null() {
            self.goes_on();
            self.threads = self.threads.saturating_add(1);
            self.model = some(part(line, "model")).or_else(|| self.model.take());
            self.steps.touch();
            self.asked();
        }
    }

    /// An event of G1.
    fn event(&mut self, event: &Value) {
        let id = || some(part(event, "call_id"));
        let text_of = |name: &str| content(part(event, name));
        match text(part(event, "type")).as_str() {
            "task_started" => {
                self.goes_on();
                self.asked();
            }
            "session_configured" => {
                self.model = some(part(event, "model")).or_else(|| self.model.take());
                self.steps.touch();
            }
            "agent_reasoning" | "agent_reasoning_raw_content" => self.says(&text_of("text")),
            "agent_message" => self.says(&text_of("message")),
            "exec_command_begin" => {
                let args = json!({"command": part(event, "command"), "workdir": part(event, "cwd")});
                self.calls(id(), "shell", &args);
            }
            "exec_command_end" => {
                let both = || format!("{}{}", text_of("stdout"), text_of("stderr"));
                let said = some(part(event, "aggregated_output")).unwrap_or_else(both);
                self.answers(id(), ToolResult { ok: part(event, "exit_code").as_i64() == Some(0), text: said });
            }
            "patch_apply_begin" => self.calls(id(), "apply_patch", &json!({"changes": part(event, "changes")})),
            "patch_apply_end" => {
                let said = format!("{}{}", text_of("stdout"), text_of("stderr"));
                self.answers(id(), ToolResult { ok: part(event, "success") == &Value::Bool(true), text: said });
            }
            "mcp_tool_call_begin" => {
                let asked = part(event, "invocation");
                let name = format!("{}__{}", text(part(asked, "server")), text(part(asked, "tool")));
                self.calls(id(), &name, part(asked, "arguments"));
            }
            "mcp_tool_call_end" => {
                let result = part(event, "result");
                let good = part(result, "Ok");
                let ok = good.is_object() && part(good, "is_error") != &Value::Bool(true);
                let said = if good.is_object() { content(part(good, "content")) } else { content(part(result, "Err")) };
                self.answers(id(), ToolResult { ok, text: said });
            }
            // only its end tells what was searched
            "web_search_end" => self.did(id(), "web_search", &json!({"query": part(event, "query")}), true),
            "view_image_tool_call" => self.did(id(), "view_image", &json!({"path": part(event, "path")}), true),
            "plan_update" => {
                let args = json!({"explanation": part(event, "explanation"), "plan": part(event, "plan")});
                self.did(None, "update_plan", &args, true);
            }
            "token_count" => {
                let of_all = told::usage(part(part(event, "info"), "total_token_usage"));
                let of_one = told::usage(event).map(|one| {
                    let mut all = self.usage;
                    all += one;
                    all
                });
                if let Some(all) = of_all.or(of_one) {
                    self.count(all, true);
                }
                self.asked();
            }
            "error" => self.ends(End::StepError(text_of("message"))),
            "turn_aborted" => self.ends(told::aborted(event)),
            "task_complete" => self.ends(told::completed(event)),
            _ => {}
        }
    }

    /// An item of G2 or G3.
    fn item(&mut self, when: &str, item: &Value) {
        let kind = some(part(item, "type")).unwrap_or_else(|| text(part(item, "item_type")));
        let id = some(part(item, "id")).map(|id| if self.threads > 1 { format!("{}:{id}", self.threads) } else { id });
        let is_end = when == "item.completed";
        let status = text(part(item, "status"));
        let is_good = matches!(status.as_str(), "completed" | "");
        let (name, args, result) = match kind.as_str() {
            "reasoning" | "agent_message" | "assistant_message" => {
                if is_end {
                    self.says(&content(part(item, "text")));
                }
                return;
            }
            "todo_list" => {
                // it is completed where the turn is, which nobody called
                if !is_end {
                    self.did(None, "update_plan", &json!({"plan": part(item, "items")}), true);
                }
                return;
            }
            "command_execution" => {
                let ok = is_good && part(item, "exit_code").as_i64().is_none_or(|code| code == 0);
                let result = ToolResult { ok, text: content(part(item, "aggregated_output")) };
                ("shell".to_owned(), json!({"command": command(part(item, "command"))}), result)
            }
            // what was changed is not told, so two changes of one file are not the same call: the item's id says so
            "file_change" => {
                let args = json!({"changes": part(item, "changes"), "item": part(item, "id")});
                ("apply_patch".to_owned(), args, ToolResult { ok: is_good, text: String::new() })
            }
            "mcp_tool_call" => {
                let said = [content(part(part(item, "result"), "content")), content(part(part(item, "error"), "message"))];
                let name = format!("{}__{}", text(part(item, "server")), text(part(item, "tool")));
                let ok = is_good && part(item, "error").is_null();
                (name, part(item, "arguments").clone(), ToolResult { ok, text: said.concat() })
            }
            "web_search" => {
                let args = json!({"query": part(item, "query"), "action": part(item, "action")});
                // its beginning does not tell what is searched
                if is_end {
                    self.did(id, "web_search", &args, is_good);
                }
                return;
            }
            "collab_tool_call" => {
                let args = json!({"prompt": part(item, "prompt"), "to": part(item, "receiver_thread_ids")});
                let said = part(item, "agents_states");
                let said = if said.is_null() { String::new() } else { said.to_string() };
                (text(part(item, "tool")), args, ToolResult { ok: is_good, text: said })
            }
            _ => return,
        };
        if !id.as_ref().is_some_and(|id| self.steps.knows(id)) {
            self.calls(id.clone(), &name, &args);
        }
        if is_end {
            self.answers(id, result);
        }
    }

    fn says(&mut self, words: &str) {
        let is_asked = self.steps.list().last().is_some_and(|step| !step.calls.is_empty());
        let at = self.turn(is_asked);
        self.steps.say(at, words);
    }

    fn calls(&mut self, id: Option<String>, name: &str, args: &Value) {
        let id = id.unwrap_or_else(|| self.name());
        let at = self.turn(false);
        self.open.insert(id.clone());
        self.steps.call(at, id, name.to_owned(), args.to_string());
    }

    fn answers(&mut self, id: Option<String>, result: ToolResult) {
        let id = id.unwrap_or_default();
        // an earlier step's call may end late
        self.came_back |= self.open.remove(&id);
        self.steps.answer(&id, result);
    }

    /// A call that is told when it is done.
    fn did(&mut self, id: Option<String>, name: &str, args: &Value, ok: bool) {
        let id = id.unwrap_or_else(|| self.name());
        self.calls(Some(id.clone()), name, args);
        self.answers(Some(id), ToolResult { ok, text: String::new() });
    }

    fn name(&mut self) -> String {
        self.nameless = self.nameless.saturating_add(1);
        format!("call {}", self.nameless)
    }

    /// The step of the model's turn that is being written.
    fn turn(&mut self, is_asked: bool) -> usize {
        let is_new = self.is_between || self.came_back || is_asked;
        if let Some(at) = self.steps.len().checked_sub(1).filter(|_| !is_new) {
            return at;
        }
        (self.is_between, self.came_back) = (false, false);
        self.open.clear();
        self.end = None;
        self.steps.begin(None)
    }

    /// The model is asked, again or first.
    const fn asked(&mut self) {
        self.is_between = true;
    }

    /// Takes the tokens of the whole thread. Most are told twice.
    fn count(&mut self, all: Usage, is_of_step: bool) {
        let more = told::more(all, self.usage);
        if all == self.usage {
            return;
        }
        self.usage = all;
        self.steps.touch();
        if let Some(step) = self.steps.len().checked_sub(1).filter(|_| is_of_step).and_then(|at| self.steps.edit(at)) {
            step.usage += more;
        }
    }

    fn ends(&mut self, end: End) {
        self.end = Some(end);
        self.steps.close_all();
        self.asked();
        self.steps.touch();
    }

    fn begins(&mut self) {
        if !self.begun {
            self.steps.touch();
        }
        self.begun = true;
    }

    fn goes_on(&mut self) {
        self.begins();
        if self.end.take().is_some() {
            self.steps.touch();
        }
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.steps.list()
    }

    /// Finished steps, tool calls, and the tokens of the whole run. `steps` is `None` before the first line.
    pub fn totals(&self) -> AgentTotals {
        AgentTotals { steps: self.begun.then(|| self.steps.finished()), calls: self.steps.calls(), usage: self.usage, cost_micro_usd: None }
    }

    /// The model's name; only G1 tells it.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What the agent was asked; only G1 tells it.
    pub fn task(&self) -> Option<&str> {
        self.task.as_deref()
    }

    /// No line has a time.
    pub const fn started_at(&self) -> Option<Timestamp> {
        None
    }

    /// No line has a time.
    pub const fn last_at(&self) -> Option<Timestamp> {
        None
    }

    /// Who is to move. G1 and G2 leave no mark of a good end.
    pub fn state(&self) -> Live {
        self.steps.live(self.end.as_ref())
    }
}

/// A command as the words that Codex ran: it prints them quoted for a shell, `bash -lc '…'`.
fn command(printed: &Value) -> Value {
    let words = printed.as_str().and_then(shlex::split);
    words.map_or_else(|| printed.clone(), |words| words.into_iter().map(Value::String).collect())
}
