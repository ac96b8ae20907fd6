//! The demo's agent: TRAE without a model. It plays the scenario of its item, and leaves what TRAE leaves.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::DemoError;
use super::console::{self, Page, Shown};
use super::pace::Pace;
use super::record::{Finale, Head, Recorder, now};
use super::script::{self, Scenario, Turn};
use super::tools::{self, Ask};

/// What is said about the model.
const MODEL: (&str, &str) = ("openrouter", "scripted");
/// The first words of every conversation.
const SYSTEM: &str = "You are an expert AI software engineering agent.\n\nFile Path Rule: All tools that take a `file_path` as an argument \
    require an **absolute path**.\n\nWork in small steps, measure before and after, and call `task_done` when the patch is complete.";
/// Tokens of the tools' descriptions.
const TOOLS_TOKENS: u64 = 2_350;

/// What to play.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file that says what is asked.
    #[arg(long)]
    pub task: PathBuf,
    /// The trajectory to write.
    #[arg(long)]
    pub trajectory: PathBuf,
    /// The patch to write.
    #[arg(long)]
    pub patch: PathBuf,
    /// The checkout to work in.
    #[arg(long)]
    pub worktree: PathBuf,
    /// The item; the number at its end chooses the scenario.
    #[arg(long, default_value = "")]
    pub item: String,
    /// The scenario, whatever the item.
    #[arg(long)]
    pub scenario: Option<usize>,
    /// How much faster than real time the demo plays.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

/// Plays a scenario to its end. Like TRAE's, that end is no error even when the run failed.
pub fn play(args: &Args) -> Result<(), DemoError> {
    let task = fs::read_to_string(&args.task).map_err(DemoError::file("read", &args.task))?;
    let number = args.scenario.unwrap_or_else(|| script::number(&args.item));
    let mut session = Session::start(args, task, script::scenario(number));
    let finale = session.run();
    session.end(&finale);
    let patch = tools::diff(&session.worktree, &["HEAD"]);
    fs::write(&args.patch, patch).map_err(DemoError::file("write", &args.patch))
}

/// A run of the agent.
struct Session<'a> {
    args: &'a Args,
    worktree: PathBuf,
    task: String,
    scenario: Scenario,
    recorder: Recorder,
    pace: Pace,
    /// Messages that the next call sends.
    messages: Vec<Value>,
    /// Tokens of the conversation so far, and of the part of it that the provider has cached.
    context: u64,
    cached: u64,
    totals: (u64, u64),
    steps: usize,
    calls: u64,
}

impl<'a> Session<'a> {
    fn start(args: &'a Args, task: String, scenario: Scenario) -> Self {
        let worktree = args.worktree.canonicalize().unwrap_or_else(|_| args.worktree.clone());
        console::opening(&worktree, &args.trajectory, MODEL, scenario.max_steps, &task);
        let head = Head { task: task.clone(), provider: MODEL.0, model: MODEL.1.to_owned(), max_steps: scenario.max_steps };
        let messages = vec![json!({"role": "system", "content": SYSTEM}), json!({"role": "user", "content": task})];
        let ticks = u32::try_from(scenario.turns.len() * 3).unwrap_or(u32::MAX);
        Self {
            recorder: Recorder::start(args.trajectory.clone(), head),
            pace: Pace::new(scenario.seconds, ticks, args.speed),
            context: TOOLS_TOKENS + tokens(SYSTEM) + tokens(&task),
            cached: 0,
            totals: (0, 0),
            steps: 0,
            calls: 0,
            args,
            worktree,
            task,
            scenario,
            messages,
        }
    }

    /// Turn by turn, until one ends the run or none is left.
    fn run(&mut self) -> Finale {
        for turn in std::mem::take(&mut self.scenario.turns) {
            self.pace.wait(2);
            let response = self.answer(&turn);
            let accepted = self.act(&turn, &response);
            if accepted {
                return self.finale(true, turn.thought.into_owned());
            }
        }
        self.finale(false, "Task execution exceeded maximum steps without completion.".to_owned())
    }

    fn finale(&self, success: bool, final_result: String) -> Finale {
        Finale { success, final_result, seconds: (self.pace.elapsed().as_secs_f64() * 1e6).round() / 1e6 }
    }

    /// The model's answer, recorded as soon as it is there.
    fn answer(&mut self, turn: &Turn) -> Value {
        let calls: Vec<Value> = turn.asks.iter().map(|ask| self.call(ask)).collect();
        let written = tokens(&turn.thought) + calls.iter().map(|call| tokens(&call.to_string())).sum::<u64>() + 12;
        let read = self.context;
        let response = json!({
            "content": turn.thought,
            "model": MODEL.1,
            "finish_reason": if calls.is_empty() { "stop" } else { "tool_calls" },
            "usage": {"input_tokens": read, "output_tokens": written, "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": self.cached, "reasoning_tokens": 0},
            "tool_calls": if calls.is_empty() { Value::Null } else { json!(calls) },
        });
        self.totals.0 += read;
        self.totals.1 += written;
        self.cached = read / 128 * 128;
        self.context += written;
        self.recorder.interaction(&json!({
            "timestamp": now(), "provider": MODEL.0, "model": MODEL.1, "input_messages": self.messages, "response": response,
            "tools_available": tools::NAMES,
        }));
        response
    }

    fn call(&mut self, ask: &Ask) -> Value {
        self.calls += 1;
        let mut hasher = DefaultHasher::new();
        (&self.args.item, self.args.scenario, self.calls).hash(&mut hasher);
        let id = format!("call_{:016x}{:08x}", hasher.finish(), self.calls);
        json!({"call_id": id, "name": ask.name(), "arguments": ask.arguments(&self.worktree), "id": null})
    }

    /// What follows from an answer; `true` when it ended the run.
    fn act(&mut self, turn: &Turn, response: &Value) -> bool {
        self.steps += 1;
        let said = |text: &str| vec![json!({"role": "user", "content": text})];
        let mut shown = Vec::new();
        let (mut accepted, mut calls, mut results) = (false, Value::Null, Value::Null);
        if turn.asks.iter().any(|ask| matches!(ask, Ask::Done)) {
            if tools::diff(&self.worktree, &[]).is_empty() {
                self.messages = said("ERROR! Your Patch is empty. Please provide a patch that fixes the problem.");
            } else {
                // what went in stays where it is: TRAE writes it once more
                accepted = true;
            }
        } else if turn.asks.is_empty() {
            self.messages = said("It seems that you have not completed the task.");
        } else {
            calls = response.get("tool_calls").cloned().unwrap_or_default();
            let answers = self.tools(turn, &calls, &mut shown);
            self.messages = answers.iter().map(|answer| json!({"role": "user", "content": null, "tool_result": answer})).collect();
            results = json!(answers);
        }
        self.pace.wait(1);
        self.context += self.messages.iter().map(|message| tokens(&message.to_string())).sum::<u64>();
        let usage = response.get("usage");
        let count = |name: &str| usage.and_then(|usage| usage.get(name)).cloned().unwrap_or_default();
        let mut own = response.clone();
        if let Some(usage) = own.get_mut("usage") {
            *usage = json!({"input_tokens": count("input_tokens"), "output_tokens": count("output_tokens")});
        }
        self.recorder.step(&json!({
            "step_number": self.steps, "timestamp": now(), "state": "completed", "llm_messages": self.messages, "llm_response": own,
            "tool_calls": calls, "tool_results": results, "reflection": null, "error": null,
        }));
        console::step(&Page { number: self.steps, thought: &turn.thought, calls: &shown, tokens: self.totals });
        accepted
    }

    /// Runs a turn's tools one after another.
    fn tools(&self, turn: &Turn, calls: &Value, shown: &mut Vec<Shown>) -> Vec<Value> {
        let calls = calls.as_array().map(Vec::as_slice).unwrap_or_default();
        let run = |(ask, call): (&Ask, &Value)| {
            let answer = ask.run(&self.worktree);
            let result =
                json!({"call_id": call.get("call_id"), "success": answer.ok, "result": answer.result, "error": answer.error, "id": null});
            shown.push(Shown { name: ask.name(), arguments: ask.arguments(&self.worktree), result: answer.result });
            result
        };
        turn.asks.iter().zip(calls).map(run).collect()
    }

    fn end(&self, finale: &Finale) {
        self.recorder.finish(finale);
        console::closing(finale, self.steps, self.totals, &self.task, Path::new(&self.args.trajectory));
    }
}

/// About as many tokens as a text has.
fn tokens(text: &str) -> u64 {
    u64::try_from(text.len() / 4 + 1).unwrap_or(u64::MAX)
}
