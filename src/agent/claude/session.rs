//! Claude Code's session transcript, `~/.claude/projects/<folder>/<session>.jsonl`: added to while it works, with times.
//! Subagents have files of their own, `<session>/subagents/agent-<id>.jsonl`; before, their lines lay between the others.
//!
//! The rules, to be compared with an independent count:
//! - Lines form a tree by `uuid` and `parentUuid`. A line whose parent is not in the file hangs on the line before it, and
//!   so do a compaction (`compact_boundary`, by its `logicalParentUuid` where that is known) and its summary
//!   (`isCompactSummary`). A `uuid` that comes again is not taken again.
//! - What counts is the way from the root to the last leaf: the last line that is a message of the model, or a prompt. All
//!   other branches were given up and do not count. Answers of tools, and the further blocks of a message, hang beside
//!   that way where calls run side by side: they count where the message or prompt above them does.
//! - A step is one message of the model on that way, by `message.id`, with the counts of its last line; a call, a result
//!   and an API's error (`isApiErrorMessage`) as in the stream. Tokens are the sum of the steps'.
//! - Lines with `isSidechain` are a subagent's, each with a way of its own (`agentId`; before there was one, the tree of
//!   its first prompt), and steps `within` the call whose result names the agent or whose prompt is its first. Where that
//!   call is not known the agent's own id stands for it. In a file of nothing else the first agent is the agent itself.
//! - A prompt is a `user` line with text that is neither `isMeta` nor what a command of the terminal left. The first is the
//!   task, each later one, and the summary of a compaction, a word of the harness after the step before.
//! - There is no mark of the end: the run is taken as over where the last message of the way ended by itself (`end_turn`),
//!   is the API's error, or was interrupted. `progress` and all other types are no steps.

mod tree;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::talk::{Said, Talk, is_interrupt, words};
use crate::agent::steps::Mark;
use crate::agent::value::{Fields, list, object, part, some, text, time, value};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Step};
use tree::{Line, Place, Tree};

/// The state of one transcript.
#[derive(Debug, Default)]
pub struct Session {
    tree: Tree,
    talk: Talk,
    begun: bool,
    /// The call that made each subagent.
    calls: HashMap<String, String>,
    /// Prompts that subagents were given, with their calls.
    prompts: HashMap<String, String>,
    end: Option<End>,
    started_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    /// The lines that come are those that count, in their order: somebody else looked at the tree.
    chosen: Option<Chosen>,
}

/// What is known of lines that somebody else chose.
#[derive(Debug, Default)]
struct Chosen {
    /// The agent of each line.
    agents: HashMap<String, String>,
    /// The agent of the file's own way: the session itself, or else that of the first line.
    own: Option<String>,
}

impl Session {
    /// A transcript of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A part of a transcript, of which only the lines will come that count. `is_midway`: its beginning was not read.
    /// `has_own`: not all of its lines are of subagents.
    pub(in crate::agent) fn part(is_midway: bool, has_own: bool) -> Self {
        let talk = if is_midway { Talk::midway() } else { Talk::default() };
        let chosen = Chosen { own: has_own.then(String::new), ..Chosen::default() };
        Self { talk, chosen: Some(chosen), ..Self::default() }
    }

    /// Takes the next line. What is no JSON object, and what is of another type, is passed over. Returns the position of
    /// the first step that is new or differs; the number of steps where only the rest did. There may be fewer steps than
    /// before.
    pub fn take(&mut self, line: &[u8]) -> Option<usize> {
        let line = object(line)?;
        let fields = Fields::of(&line);
        if !self.begun {
            self.begun = true;
            self.talk.steps.touch();
        }
        let recorded = time(&text(&fields.get("timestamp")));
        self.started_at = self.started_at.or(recorded);
        self.last_at = self.last_at.max(recorded);
        let kind = text(&fields.get("type"));
        let is_message = matches!(kind.as_str(), "user" | "assistant");
        if !is_message && !fields.has("uuid") {
            return self.talk.steps.take_changed();
        }
        let message = if is_message { fields.get("message") } else { Value::Null };
        let words = if kind == "user" { prompt(&fields, &message) } else { String::new() };
        let agent = self.agent(&fields, &words);
        let learned = self.learn(&fields, &message, &agent);
        if let Some(chosen) = &mut self.chosen {
            if let Some(uuid) = some(&fields.get("uuid")) {
                chosen.agents.insert(uuid, agent.clone());
            }
            if is_message {
                chosen.own.get_or_insert_with(|| agent.clone());
                self.put(&fields, &message, words, &agent, recorded);
            }
            return self.talk.steps.take_changed();
        }
        let place = self.tree.take(&Line {
            uuid: some(&fields.get("uuid")),
            parent: some(&fields.get("parentUuid")).or_else(|| some(&fields.get("logicalParentUuid"))),
            goes_on: fields.has("logicalParentUuid") || fields.get("isCompactSummary") == Value::Bool(true),
            agent: &agent,
            message: (kind == "assistant").then(|| text(part(&message, "id"))),
            is_prompt: !words.is_empty(),
            raw: if is_message { &line } else { "" },
        });
        if place == Place::Other || learned && place == Place::Way && self.tree.goes_back() {
            return Some(self.again());
        }
        if place == Place::Way {
            self.put(&fields, &message, words, &agent, recorded);
        }
        self.talk.steps.take_changed()
    }

    /// The agent whose line it is; the session's own has no name.
    fn agent(&mut self, fields: &Fields<'_>, words: &str) -> String {
        if fields.get("isSidechain") != Value::Bool(true) {
            return String::new();
        }
        if let Some(agent) = some(&fields.get("agentId")) {
            return agent;
        }
        let parent = some(&fields.get("parentUuid"));
        let of_line = |parent: String| match &self.chosen {
            Some(chosen) => chosen.agents.get(&parent).cloned(),
            None => self.tree.agent(&parent),
        };
        if let Some(agent) = parent.and_then(of_line).filter(|agent| !agent.is_empty()) {
            return agent;
        }
        let agent = some(&fields.get("uuid")).unwrap_or_else(|| "a subagent".to_owned());
        if let Some(call) = self.prompts.get(words.trim()) {
            self.calls.insert(agent.clone(), call.clone());
        }
        agent
    }

    /// Learns which call made which subagent. Returns whether steps that were read are now within another call.
    fn learn(&mut self, fields: &Fields<'_>, message: &Value, agent: &str) -> bool {
        for block in list(part(message, "content")) {
            let prompt = part(part(block, "input"), "prompt");
            if let Some(prompt) = prompt.as_str().filter(|_| agent.is_empty() && text(part(block, "type")) == "tool_use") {
                self.prompts.insert(prompt.trim().to_owned(), text(part(block, "id")));
            }
        }
        if !fields.has("toolUseResult") {
            return false;
        }
        let answered = list(part(message, "content")).iter().find_map(|block| some(part(block, "tool_use_id")));
        let (Some(made), Some(call)) = (some(part(&fields.get("toolUseResult"), "agentId")), answered) else { return false };
        if self.chosen.is_some() {
            self.talk.steps.rename(&made, &call);
        }
        let is_new = self.calls.insert(made.clone(), call.clone()) != Some(call);
        is_new && self.tree.knows(&made)
    }

    /// Puts a line on the way into the steps.
    fn put(&mut self, fields: &Fields<'_>, message: &Value, words: String, agent: &str, recorded: Option<Timestamp>) {
        let is_own = match &self.chosen {
            Some(chosen) => chosen.own.as_deref() == Some(agent),
            None => self.tree.is_own(agent),
        };
        let within = if is_own { "" } else { self.calls.get(agent).map_or(agent, String::as_str) };
        if text(&fields.get("type")) == "assistant" {
            let is_error = fields.get("isApiErrorMessage") == Value::Bool(true) || !fields.get("error").is_null();
            let said = self.talk.assistant(message, within, recorded, is_error);
            if is_own {
                self.end = match said {
                    Said::Answer(why) => why.filter(|why| why == "end_turn").map(|_| End::Accepted),
                    Said::ApiError(error) => Some(End::StepError(error)),
                };
            }
            return;
        }
        self.talk.answers(message);
        if is_own && !words.is_empty() {
            self.end = is_interrupt(&words).then(|| End::Stopped(words.clone()));
            self.talk.steps.touch();
            self.talk.told(words);
        }
    }

    /// Reads all again, because the way is another one. Returns the position of the first step that differs.
    fn again(&mut self) -> usize {
        let before = std::mem::take(&mut self.talk);
        self.talk.model = before.model;
        self.end = None;
        for (agent, line) in self.tree.way() {
            let fields = Fields::of(&line);
            let message = fields.get("message");
            let words = if text(&fields.get("type")) == "user" { prompt(&fields, &message) } else { String::new() };
            let recorded = time(&text(&fields.get("timestamp")));
            self.put(&fields, &message, words, &agent, recorded);
        }
        self.talk.steps.take_changed();
        let pairs = before.steps.list().iter().zip(self.talk.steps.list());
        pairs.take_while(|(before, now)| before == now).count()
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.talk.steps.list()
    }

    /// Finished steps, tool calls, and the tokens of all steps. `steps` is `None` before the first line.
    pub fn totals(&self) -> AgentTotals {
        let steps = &self.talk.steps;
        AgentTotals {
            steps: self.begun.then(|| steps.finished()),
            calls: steps.calls(),
            usage: steps.usage_since(Mark::default()),
            cost_micro_usd: None,
        }
    }

    /// The model's name, as the first message tells it.
    pub fn model(&self) -> Option<&str> {
        self.talk.model.as_deref()
    }

    /// What the agent was asked.
    pub fn task(&self) -> Option<&str> {
        self.talk.task.as_deref()
    }

    /// The first time in the transcript.
    pub const fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// The latest time in the transcript.
    pub const fn last_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// Who is to move.
    pub fn state(&self) -> Live {
        self.talk.steps.live(self.end.as_ref())
    }
}

/// The words of a prompt; nothing where the line is none. A command of the terminal (`/clear`) begins with its name, one
/// that asks the model something with its message.
fn prompt(fields: &Fields<'_>, message: &Value) -> String {
    prompt_of(words(message), fields.get("isMeta") == Value::Bool(true))
}

/// Whether a message of the user with this content, as it is written, is a prompt.
pub(in crate::agent) fn is_prompt(content: &str, is_meta: bool) -> bool {
    !prompt_of(words(&json!({"content": value(content)})), is_meta).is_empty()
}

fn prompt_of(words: String, is_meta: bool) -> String {
    const NO_PROMPTS: [&str; 5] = ["<command-name>", "<local-command-", "<bash-input>", "<bash-stdout>", "<bash-stderr>"];
    // what a hook objects to is marked so too, but the agent reads it and answers
    if is_meta && !words.starts_with("Stop hook feedback") {
        return String::new();
    }
    let is_none = NO_PROMPTS.iter().any(|start| words.trim_start().starts_with(start));
    if is_none || words.trim().is_empty() { String::new() } else { words }
}
