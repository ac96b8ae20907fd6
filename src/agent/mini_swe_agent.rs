//! mini-swe-agent's `.traj.json` (formats 1 and 1.1), and its bare list of messages: one JSON document, rewritten whole.
//!
//! What is a step: a message of the assistant. Its calls are its `tool_calls`, else `extra.actions`, else the one block of
//! bash in its text (two blocks or none are malformed, and nothing runs). The answers are the messages `tool` by their
//! `tool_call_id`; of text models the next message of the user, where it begins with `<returncode>` or tells of a
//! time-out. Any other message of the user after a step is the harness's word, but the last one of all after the command
//! that submits, which repeats the patch.

use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;

use super::value::{Fields, arguments, plain, time, words};
use super::whole::{Fault, Run};
use super::{End, Live};
use crate::domain::{Reply, Step, ToolCall, ToolResult, Usage};

/// What the agent prints to submit its work; the second one in old versions.
const SUBMITS: [&str; 2] = ["COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT"];

/// Reads such a file.
pub(super) fn read(bytes: &[u8]) -> Result<Run, Fault> {
    let is_list = bytes.trim_ascii_start().starts_with(b"[");
    let (file, messages) = if is_list {
        let messages: Vec<&RawValue> = serde_json::from_slice(bytes)?;
        (Fields::default(), messages.into_iter().map(RawValue::get).collect())
    } else {
        let file = serde_json::from_slice::<Fields<'_>>(bytes)?;
        let messages = file.list("messages");
        (file, messages)
    };
    let mut talk = Talk::default();
    for raw in &messages {
        talk.message(&Fields::of(raw));
    }
    let info = file.part("info");
    let exit = talk.exit.take().or_else(|| some(info.text("exit_status")).map(|status| (status, info.text("exception_str"))));
    let agent = info.part("config").part("agent");
    let limit: u32 = agent.raw("step_limit").and_then(|raw| raw.parse().ok()).unwrap_or_default();
    let submitted = is_list && talk.submits;
    let state = match exit {
        Some((status, says)) => Live::Ended(end(&status, &says, talk.steps.len(), limit)),
        None if submitted => Live::Ended(End::Accepted),
        None if talk.steps.last().is_some_and(|step| step.reply == Reply::ToolsRunning) => Live::ToolsRunning,
        None => Live::WaitingForModel,
    };
    // nothing runs any more
    if matches!(state, Live::Ended(_))
        && let Some(step) = talk.steps.last_mut()
    {
        step.reply = Reply::Complete;
    }
    let model = some(info.part("config").part("model").text("model_name"));
    let mut usage = Usage::default();
    talk.steps.iter().for_each(|step| usage += step.usage);
    Ok(Run {
        usage,
        state,
        model: model.or(talk.model),
        task: talk.task,
        max_steps: Some(limit).filter(|limit| *limit > 0),
        started_at: talk.times.first().copied(),
        last_at: talk.times.iter().max().copied(),
        steps: talk.steps,
    })
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// The messages as far as they were read.
#[derive(Default)]
struct Talk {
    steps: Vec<Step>,
    model: Option<String>,
    task: Option<String>,
    times: Vec<Timestamp>,
    /// Exit status, and the words of an exception.
    exit: Option<(String, String)>,
    /// The last step's command submits, and an answer came.
    submits: bool,
}

impl Talk {
    fn message(&mut self, message: &Fields<'_>) {
        let extra = message.part("extra");
        let at = time(&extra.text("timestamp"));
        self.times.extend(at);
        match message.text("role").as_str() {
            "assistant" => self.step(message, &extra, at),
            "tool" => {
                let id = message.text("tool_call_id");
                let result = answer(&extra, message.raw("content").map(words).unwrap_or_default());
                if let Some(step) = self.steps.last_mut() {
                    let open = step.calls.iter_mut().filter(|call| call.result.is_none());
                    let call = open.into_iter().find(|call| call.id == id);
                    match call {
                        Some(call) => call.result = Some(result),
                        None => step.calls.push(ToolCall { id, name: String::new(), args: "null".to_owned(), result: Some(result) }),
                    }
                    settle(step);
                }
            }
            "user" => self.user(&extra, message.raw("content").map(words).unwrap_or_default()),
            "exit" => {
                let status = some(extra.text("exit_status")).unwrap_or_else(|| "exit".to_owned());
                self.exit = Some((status, extra.text("exception_str")));
            }
            _ => {}
        }
    }

    fn step(&mut self, message: &Fields<'_>, extra: &Fields<'_>, at: Option<Timestamp>) {
        let response = extra.part("response");
        let counts = response.part("usage");
        let count = |fields: &Fields<'_>, name: &str| fields.raw(name).and_then(|raw| raw.parse().ok()).unwrap_or_default();
        let index = u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1);
        let thought = message.raw("content").map(words).unwrap_or_default();
        let calls = calls(message, extra, &thought, index);
        self.model = some(response.text("model")).or_else(|| self.model.take());
        self.submits = false;
        let choice = response.raw("choices").and_then(Fields::first_of).unwrap_or_default();
        self.steps.push(Step {
            index,
            at,
            thought,
            usage: Usage {
                input: count(&counts, "prompt_tokens"),
                output: count(&counts, "completion_tokens"),
                cached: count(&counts.part("prompt_tokens_details"), "cached_tokens"),
            },
            error: None,
            finish: some(choice.text("finish_reason")),
            harness: Vec::new(),
            reply: if calls.is_empty() { Reply::Complete } else { Reply::ToolsRunning },
            within: None,
            calls,
        });
    }

    fn user(&mut self, extra: &Fields<'_>, says: String) {
        let Some(step) = self.steps.last_mut() else {
            self.task = some(says);
            return;
        };
        let is_answer = says.trim_start().starts_with("<returncode>") || is_timeout(&says) || extra.has("returncode");
        let open = step.calls.iter_mut().find(|call| call.result.is_none());
        match open {
            Some(call) if is_answer => call.result = Some(answer(extra, says)),
            Some(call) if SUBMITS.iter().any(|word| call.args.contains(word)) => self.submits = true,
            _ if says.is_empty() => {}
            _ => step.harness.push(says),
        }
        settle(step);
    }
}

/// A step with an answer to each call, or of which the harness spoke, is over.
fn settle(step: &mut Step) {
    if step.calls.iter().all(|call| call.result.is_some()) || !step.harness.is_empty() {
        step.reply = Reply::Complete;
    }
}

fn is_timeout(says: &str) -> bool {
    says.starts_with("The last command") && says.contains("timed out")
}

/// What the shell answered. A command that timed out has no code.
fn answer(extra: &Fields<'_>, text: String) -> ToolResult {
    let told = extra.raw("returncode").map(str::to_owned);
    let code = told.or_else(|| Some(text.split_once("<returncode>")?.1.split_once('<')?.0.trim().to_owned()));
    let ok = code.map_or_else(|| !is_timeout(&text), |code| code == "0");
    ToolResult { ok, text }
}

/// The calls of a message, by the newest form that it has.
fn calls(message: &Fields<'_>, extra: &Fields<'_>, says: &str, index: u32) -> Vec<ToolCall> {
    let bash =
        |id: String, command: &str| ToolCall { id, name: "bash".to_owned(), args: json!({"command": command}).to_string(), result: None };
    let asked = message.list("tool_calls");
    if !asked.is_empty() {
        let call = |raw: &&str| {
            let fields = Fields::of(raw);
            let function = fields.part("function");
            ToolCall { id: fields.text("id"), name: function.text("name"), args: arguments(function.raw("arguments")), result: None }
        };
        return asked.iter().map(call).collect();
    }
    let actions = extra.list("actions");
    if !actions.is_empty() {
        let action = |(nth, raw): (usize, &&str)| {
            let fields = Fields::of(raw);
            let command = fields.raw("command").map_or_else(|| plain(raw), plain);
            bash(some(fields.text("tool_call_id")).unwrap_or_else(|| format!("step {index}.{nth}")), &command)
        };
        return actions.iter().enumerate().map(action).collect();
    }
    block(says).map(|command| bash(format!("step {index}"), command)).into_iter().collect()
}

/// The one block of bash in a text.
fn block(text: &str) -> Option<&str> {
    let mut found = None;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("```") {
        let (language, inside) = after.split_once('\n')?;
        if !matches!(language.trim_end(), "bash" | "mswea_bash_command") {
            // a block of another language, or the end of one
            rest = after;
            continue;
        }
        let (command, tail) = inside.split_once("\n```")?;
        if found.replace(command.trim()).is_some() {
            return None;
        }
        rest = tail;
    }
    found
}

/// The end by its exit status; any other word is the name of an exception.
fn end(status: &str, says: &str, steps: usize, limit: u32) -> End {
    match status {
        "Submitted" => End::Accepted,
        "LimitsExceeded" if limit > 0 && steps >= limit as usize => End::MaxSteps,
        "LimitsExceeded" | "TimeExceeded" => End::OwnBudget(status.to_owned()),
        "RepeatedFormatError" => End::Failed(status.to_owned()),
        "UserInterruption" | "KeyboardInterrupt" => End::Stopped(status.to_owned()),
        _ if says.is_empty() => End::StepError(status.to_owned()),
        _ => End::StepError(format!("{status}: {says}")),
    }
}
