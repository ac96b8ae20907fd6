//! What agents write in lines: Claude Code's stream and transcripts, Codex' exec lines and rollouts, each reader by itself.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::agent::claude::{Session, Stream};
use isobench_tui::agent::codex::{Exec, Rollout};
use isobench_tui::agent::open::open;
use isobench_tui::agent::{End, Live};
use isobench_tui::domain::{AgentTotals, Reply, Step, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::shared;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A reader of any of the formats.
trait Reader: Default {
    fn take(&mut self, line: &[u8]) -> Option<usize>;
    fn steps(&self) -> &[Step];
    fn told(&self) -> Told;
}

/// Everything but the steps.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    totals: AgentTotals,
    state: Live,
    model: Option<String>,
    task: Option<String>,
    times: [Option<String>; 2],
}

macro_rules! reader {
    ($reader:ty) => {
        impl Reader for $reader {
            fn take(&mut self, line: &[u8]) -> Option<usize> {
                <$reader>::take(self, line)
            }

            fn steps(&self) -> &[Step] {
                <$reader>::steps(self)
            }

            fn told(&self) -> Told {
                Told {
                    totals: self.totals(),
                    state: self.state(),
                    model: self.model().map(str::to_owned),
                    task: self.task().map(str::to_owned),
                    times: [self.started_at(), self.last_at()].map(|at| at.map(|at| at.to_string())),
                }
            }
        }
    };
}

reader!(Stream);
reader!(Session);
reader!(Exec);
reader!(Rollout);

/// Gives lines to a reader, one after the other. What it says is new is new, and what it does not is the same.
fn by_line<'a, T: Reader>(lines: impl IntoIterator<Item = &'a [u8]>, mut after: impl FnMut(usize, &T)) -> T {
    let mut reader = T::default();
    let mut shown: Vec<Step> = Vec::new();
    let mut before = reader.told();
    for (at, line) in lines.into_iter().enumerate() {
        let from = reader.take(line);
        let steps = reader.steps();
        let same = from.unwrap_or(shown.len());
        assert_eq!(steps[..same.min(steps.len())], shown[..same], "line {at}");
        assert!(from.is_some() || steps.len() == same, "line {at} brought steps and does not say so");
        let told = reader.told();
        let is_new = (&told.totals, &told.state, &told.model) != (&before.totals, &before.state, &before.model);
        assert!(from.is_some() || !is_new, "line {at} brought news and does not say so: {told:?}");
        assert!(steps.iter().zip(1..).all(|(step, nth)| step.index == nth), "line {at}");
        (shown, before) = (steps.to_vec(), told);
        after(at, &reader);
    }
    reader
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

fn read<T: Reader>(name: &str) -> T {
    by_line(lines(&fs::read(fixture(name)).unwrap()), |_, _| ())
}

/// A step in short: its thought, and each call with its result.
fn short(step: &Step) -> (String, Vec<String>) {
    let call = |call: &isobench_tui::domain::ToolCall| {
        let result =
            call.result.as_ref().map_or("runs".to_owned(), |result| format!("{} {}", if result.ok { "ok" } else { "bad" }, result.text));
        format!("{} {} -> {}", call.name, call.args, result.trim_end())
    };
    (step.thought.clone(), step.calls.iter().map(call).collect())
}

fn shorts<T: Reader>(reader: &T) -> Vec<(String, Vec<String>)> {
    shorts_of(reader.steps())
}

fn shorts_of(steps: &[Step]) -> Vec<(String, Vec<String>)> {
    steps.iter().map(short).collect()
}

fn step(thought: &str, calls: &[&str]) -> (String, Vec<String>) {
    (thought.to_owned(), calls.iter().map(|call| (*call).to_owned()).collect())
}

#[test]
fn partial_messages_and_retries_disturb_nothing() {
    let stream: Stream = read("claude/partial.jsonl");
    assert_eq!(shorts(&stream), [step("I look.", &[r#"Bash {"command":"ls"} -> ok sched.py"#]), step("Done.", &[])]);
    let totals = AgentTotals { steps: Some(2), calls: 1, usage: Usage { input: 245, output: 66, cached: 107 }, cost_micro_usd: None };
    assert_eq!((stream.totals(), stream.state()), (totals, Live::Ended(End::Accepted)));
    assert!(stream.steps().iter().all(|step| step.error.is_none() && step.harness.is_empty()));
}

#[test]
fn a_stream_that_repeats_its_prompt_tells_the_task_and_who_stopped_it() {
    let stream: Stream = read("claude/told.jsonl");
    let interrupt = "[Request interrupted by user for tool use]";
    assert_eq!(stream.task(), Some("Make it fast"));
    assert_eq!(stream.steps()[0].harness, [interrupt]);
    assert_eq!(stream.state(), Live::Ended(End::Stopped(interrupt.to_owned())));
}

#[test]
fn a_subagents_steps_are_within_its_call() {
    let stream: Stream = read("claude/subagent.jsonl");
    let within: Vec<_> = stream.steps().iter().map(|step| step.within.as_deref()).collect();
    assert_eq!(within, [None, Some("t1"), Some("t1"), None]);
    assert!(stream.steps().iter().all(|step| step.harness.is_empty()), "its prompt is no word to the agent itself");
}

#[test]
fn claudes_whole_files_need_no_lines() {
    let of = |name: &str| open(&fixture(&format!("claude_whole/{name}"))).unwrap().remove(0);
    let turns = of("turns.json");
    assert_eq!(shorts_of(&turns.steps), [step("I look.", &[r#"Read {"file_path":"a.py"} -> ok print(1)"#]), step("Done.", &[])]);
    let usage = Usage { input: 280, output: 135, cached: 140 };
    assert_eq!((turns.totals.usage, turns.state), (usage, Live::Ended(End::Accepted)), "its result counts nothing");
    let result = of("result.json");
    let totals = AgentTotals { steps: None, calls: 0, usage: Usage { input: 245, output: 66, cached: 107 }, cost_micro_usd: None };
    assert_eq!((result.totals, result.state), (totals, Live::Ended(End::Accepted)));
    assert_eq!(result.model.as_deref(), Some("claude-test-4"), "the model that wrote most");
    let in_text = of("result_in_text.txt");
    assert_eq!((in_text.state, in_text.steps.len()), (Live::Ended(End::MaxSteps), 0));
}

#[test]
fn what_a_person_gave_up_is_no_step_of_a_transcript() {
    let mut counts = Vec::new();
    let bytes = fs::read(fixture("claude_sessions/tree.jsonl")).unwrap();
    let session: Session = by_line(lines(&bytes), |_, session: &Session| counts.push((session.steps().len(), session.state())));
    let expected = [
        step("Where?", &[r#"Bash {"command":"rg sort"} -> ok sched.py:12"#, r#"Read {"file_path":"sched.py"} -> ok 12 items.sort()"#]),
        step("It sorts.", &[]),
        step("", &[r#"Edit {"file_path":"sched.py","new_string":"heapq"} -> ok The file was updated — größer ✓"#]),
        step("Now it is a heap.", &[]),
    ];
    assert_eq!(shorts(&session), expected);
    assert_eq!(session.steps()[0].usage, Usage { input: 120, output: 80, cached: 50 }, "the last line's counts, once");
    assert_eq!(session.steps()[1].harness, ["Use heapq"], "not the one that was given up");
    assert_eq!((session.task(), session.model()), (Some("Make it fast"), Some("claude-test-4")));
    let totals = AgentTotals { steps: Some(4), calls: 3, usage: Usage { input: 150, output: 136, cached: 570 }, cost_micro_usd: None };
    assert_eq!((session.totals(), session.state()), (totals, Live::Ended(End::Accepted)));
    // until the prompt was changed, what followed it counted; the progress of a call that was given up changes nothing
    let at = |number: usize| counts[number - 1].clone();
    assert_eq!(at(12), (1, Live::ToolsRunning));
    assert_eq!(at(15), (2, Live::Ended(End::Accepted)));
    assert_eq!(at(16), (2, Live::Ended(End::Accepted)), "how long a turn took is no prompt");
    assert_eq!([at(17), at(18), at(19)], [(2, Live::WaitingForModel), (3, Live::ToolsRunning), (3, Live::WaitingForModel)]);
    assert_eq!([at(20), at(21)], [(2, Live::WaitingForModel), (2, Live::WaitingForModel)]);
}

#[test]
fn a_transcript_goes_on_after_a_compaction_and_where_a_line_is_lost() {
    let session: Session = read("claude_sessions/compacted.jsonl");
    let thoughts: Vec<_> = shorts(&session).into_iter().map(|(thought, calls)| (thought, calls.len())).collect();
    assert_eq!(thoughts, [(String::new(), 1), ("I go on.".to_owned(), 0), (String::new(), 1)]);
    let harness: Vec<_> = session.steps().iter().map(|step| step.harness.join("|")).collect();
    let interrupt = "[Request interrupted by user for tool use]";
    let summary = "This session is being continued from a previous conversation.";
    assert_eq!(harness, [summary, "The conversation so far: nothing.", interrupt]);
    assert_eq!(session.state(), Live::Ended(End::Stopped(interrupt.to_owned())));
}

#[test]
fn a_transcripts_subagents_are_within_their_calls() {
    let session: Session = read("claude_sessions/subagents.jsonl");
    let within: Vec<_> = session.steps().iter().map(|step| (step.thought.as_str(), step.within.as_deref())).collect();
    let expected = [
        ("", None),
        ("", Some("t1")),
        ("It is in sched.py.", Some("t1")),
        ("", None),
        ("Looked.", Some("t3")),
        ("Warm.", Some("ag8")),
        ("Found.", None),
    ];
    assert_eq!(within, expected);
    assert_eq!((session.task(), session.state()), (Some("Find it"), Live::Ended(End::Accepted)));
    assert!(session.steps().iter().all(|step| step.reply == Reply::Complete && step.harness.is_empty()));

    // a subagent's own file
    let agent: Session = read("claude_sessions/agent.jsonl");
    assert_eq!((agent.task(), agent.steps().len()), (Some("Find the sort"), 2));
    assert!(agent.steps().iter().all(|step| step.within.is_none()));
    assert_eq!(agent.steps()[1].error.as_deref(), Some("API Error: 529 overloaded"));
    assert_eq!(agent.state(), Live::Ended(End::StepError("API Error: 529 overloaded".to_owned())));
}

/// The work that G2 and G3 tell in the same words.
fn same_work() -> Vec<(String, Vec<String>)> {
    let calls = [
        r#"shell {"command":["bash","-lc","python bench.py"]} -> bad no module"#,
        r#"shell {"command":["bash","-lc","echo 'x'"]} -> ok x"#,
    ];
    vec![
        step("Look", &[r#"shell {"command":["bash","-lc","rg sort"]} -> ok sched"#]),
        step("I run it.", &calls),
        step("", &[r#"update_plan {"plan":[{"text":"Heap","completed":false}]} -> ok"#]),
        step("", &[r#"apply_patch {"changes":[{"path":"sched.py","kind":"update"}],"item":"item_6"} -> ok"#]),
        step("", &[r#"update_plan {"plan":[{"text":"Heap","completed":true}]} -> ok"#]),
    ]
}

#[test]
fn codex_exec_tells_the_same_in_all_generations() {
    let mut expected = same_work();
    let middle: Exec = read("codex_exec/g2.jsonl");
    expected.push(step("The sort is gone.", &[]));
    assert_eq!(shorts(&middle), expected);
    assert_eq!((middle.state(), middle.totals().usage), (Live::WaitingForModel, Usage::default()), "it tells no end, and no tokens");

    let new: Exec = read("codex_exec/g3.jsonl");
    expected = same_work();
    expected.extend([
        step("", &[r#"apply_patch {"changes":[{"path":"sched.py","kind":"update"}],"item":"item_10"} -> bad"#]),
        step("", &[r#"docs__find {"q":"heapq"} -> ok a heap"#]),
        step("", &[r#"web_search {"query":"heapq","action":{"type":"search"}} -> ok"#]),
        step("", &[r#"spawn_agent {"prompt":"Look","to":["y"]} -> ok {"y":"running"}"#]),
        step("The sort is gone.", &[]),
    ]);
    assert_eq!(shorts(&new), expected);
    let usage = Usage { input: 10800, output: 508, cached: 4096 };
    assert_eq!((new.state(), new.totals().usage, new.totals().steps), (Live::Ended(End::Accepted), usage, Some(10)));

    let old: Exec = read("codex_exec/g1_bytes.jsonl");
    let expected = [
        step("Look", &[r#"shell {"command":["bash","-lc","rg sort"],"workdir":"/work/engine"} -> ok sched"#]),
        step("I run it.", &[r#"shell {"command":["bash","-lc","python bench.py"],"workdir":"/work/engine"} -> bad no module"#]),
        step("", &[r#"update_plan {"explanation":null,"plan":[{"step":"Heap","status":"in_progress"}]} -> ok"#]),
        step(
            "",
            &[
                r#"apply_patch {"changes":{"/work/engine/sched.py":{"update":{"unified_diff":"@@ -1 +1 @@\n-sort\n+heap\n","move_path":null}}}} -> ok Success. Updated"#,
            ],
        ),
        step("", &[r#"docs__find {"q":"heapq"} -> bad no server"#]),
        step("", &[r#"web_search {"query":"heapq"} -> ok"#]),
        step("The sort is gone.", &[]),
    ];
    assert_eq!(shorts(&old), expected);
    let usages: Vec<_> = old.steps().iter().map(|step| step.usage.input).collect();
    assert_eq!(usages, [1000, 1100, 1200, 1300, 1400, 0, 1500]);
    assert_eq!(old.totals().usage, Usage { input: 7500, output: 230, cached: 4500 }, "each count was of one answer");
    assert_eq!((old.model(), old.task()), (Some("gpt-test-codex"), Some("Make it fast")));
}

#[test]
fn codex_execs_ends() {
    let aborted: Exec = read("codex_exec/g1_base64.jsonl");
    assert_eq!(aborted.state(), Live::Ended(End::Stopped("the turn was aborted: interrupted".to_owned())));
    let usages: Vec<_> = aborted.steps().iter().map(|step| (step.usage.input, step.usage.output, step.usage.cached)).collect();
    assert_eq!(usages, [(1000, 60, 500), (1100, 70, 600)], "told twice, counted once");
    assert_eq!(aborted.steps()[1].calls[0].result, None);
    assert_eq!(aborted.totals().steps, Some(2), "what was aborted runs no more");
    let failed: Exec = read("codex_exec/g1_error.jsonl");
    assert_eq!(failed.state(), Live::Ended(End::StepError("unexpected status 401 Unauthorized".to_owned())));

    let mut states = Vec::new();
    let bytes = fs::read(fixture("codex_exec/g3_orphan.jsonl")).unwrap();
    let orphan: Exec = by_line(lines(&bytes), |_, exec: &Exec| states.push((exec.state(), exec.totals().steps)));
    assert_eq!(states[6], (Live::ToolsRunning, Some(1)), "the model was asked again while one still runs");
    assert_eq!(states[7], (Live::Ended(End::Accepted), Some(2)));
    assert_eq!(states[12].0, Live::WaitingForModel, "an error that is no end");
    assert_eq!(states[13], (Live::Ended(End::StepError("stream disconnected".to_owned())), Some(3)));
    assert_eq!(short(&orphan.steps()[2]).1, [r#"shell {"command":"ls 'unclosed"} -> bad"#], "a thread that began anew numbers anew");
}

#[test]
fn a_rollout_tells_results_and_hooks_without_their_frames_and_the_error_that_ended_it() {
    let rollout: Rollout = read("codex/hooked.jsonl");
    let calls = [
        r#"exec_command {"cmd":"ls"} -> ok Output:\nengine.sh"#.replace("\\n", "\n"),
        r#"exec_command {"cmd":"sh test.sh"} -> bad Process exited with code 2\nsh: 0: cannot open test.sh"#.replace("\\n", "\n"),
        r#"exec_command {"cmd":"make"} -> ok Process running with session ID 1189"#.to_owned(),
    ];
    assert_eq!(short(&rollout.steps()[0]).1, calls);
    let told: Vec<&[String]> = rollout.steps().iter().map(|step| step.harness.as_slice()).collect();
    let hook = ["stop hook: Run the benchmark first.".to_owned()];
    assert_eq!(told, [&[][..], &hook, &hook]);
    assert_eq!(rollout.state(), Live::Ended(End::StepError("exceeded retry limit, last status: 429 Too Many Requests".to_owned())));
}

#[test]
fn a_hook_says_why_on_the_line_by_which_it_is_shown_and_so_does_a_tool() {
    let stream: Stream = read("claude/hooked.jsonl");
    assert_eq!(short(&stream.steps()[0]).1, ["no_such_tool {} -> bad Error: No such tool available: no_such_tool"]);
    let hook = "Stop hook feedback: [.claude/hooks/stop.sh]: Run the benchmark first.\n";
    assert!(stream.steps().iter().skip(1).all(|step| step.harness == [hook]), "{:#?}", stream.steps());
}

/// A finish that a hook refuses, in words that no other harness has.
#[test]
fn a_finish_that_a_hook_refuses_is_one_for_both_programs() {
    for name in ["claude/hooked.jsonl", "codex/hooked.jsonl"] {
        let output = std::process::Command::new(crate::support::BINARY).arg("detect").arg(fixture(name)).output().unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let refused = found["findings"].as_array().unwrap().iter().find(|finding| finding["detector"] == "D1").unwrap();
        assert_eq!((refused["first_step"].as_u64(), refused["last_step"].as_u64()), (Some(2), Some(3)), "{name}");
        assert!(refused["evidence"][0]["text"].as_str().unwrap().ends_with("Run the benchmark first."), "{name}: {refused:#}");
    }
}

#[test]
fn a_rollout_tells_its_task_and_what_was_said_later() {
    let mut states = Vec::new();
    let bytes = fs::read(fixture("codex/told.jsonl")).unwrap();
    let rollout: Rollout = by_line(lines(&bytes), |_, rollout: &Rollout| states.push(rollout.state()));
    assert_eq!((rollout.task(), rollout.steps().len()), (Some("Make it fast"), 3));
    let harness: Vec<_> = rollout.steps().iter().map(|step| step.harness.join("|")).collect();
    assert_eq!(harness, ["So far: a was listed.", "Use a heap", ""]);
    assert_eq!(states[10], Live::Ended(End::StepError("unexpected status 500".to_owned())));
    assert_eq!(states[12], Live::WaitingForModel, "the model answered after all");
    assert_eq!(states[14], Live::Ended(End::Stopped("the turn was aborted: interrupted".to_owned())), "its word of it asks nothing");
    assert_eq!((rollout.state(), states[15].clone()), (Live::Ended(End::Accepted), Live::WaitingForModel));
    assert_eq!(rollout.started_at().map(|at| at.to_string()).as_deref(), Some("2026-05-06T07:08:01.125Z"));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found
}

/// Every sample of two agents is of one of the formats, and holds something.
#[test]
fn shared_samples_open() {
    let Some(shared) = shared() else { return };
    let mut counts: HashMap<String, u32> = HashMap::new();
    for folder in
        ["claude-code/public", "claude-code/public/258c7280.subagents", "claude-code/generated", "codex/public", "codex/generated"]
    {
        for path in files(&shared.join("trajectories").join(folder)) {
            let opened = open(&path).unwrap().remove(0);
            let steps = opened.steps.len();
            *counts.entry(format!("{:?}", opened.format)).or_insert(0) += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_bare =
                name.starts_with("output-format") || name.contains("_msg_") || name.starts_with("rollout_line") || name.contains("multi-1");
            assert!(steps > 0 || is_bare, "{name} has no steps");
            if let Some((_, expected)) = KNOWN.iter().find(|(known, _)| *known == name) {
                assert_eq!(steps, *expected, "{name}");
            }
        }
    }
    let of = |format: &str| counts.get(format).copied().unwrap_or_default();
    let found = ["ClaudeStream", "ClaudeSession", "CodexExec", "CodexRollout"].map(of);
    assert_eq!(found, [19, 18, 21, 9]);
}

/// A session's file and those of its subagents, one after the other, are one transcript.
#[test]
fn files_of_subagents_are_read_beside_the_sessions() {
    let Some(shared) = shared() else { return };
    let public = shared.join("trajectories/claude-code/public");
    let mut bytes = fs::read(public.join("session_v2.1_long_258c7280.jsonl")).unwrap();
    for path in files(&public.join("258c7280.subagents")) {
        bytes.extend(fs::read(path).unwrap());
    }
    let session: Session = by_line(lines(&bytes), |_, _| ());
    let mut within: Vec<&str> = session.steps().iter().filter_map(|step| step.within.as_deref()).collect();
    within.dedup();
    assert_eq!((session.steps().len(), within), (156, vec!["toolu_01VmaERAwhb19LGUwu9GenaK", "acompact-fffbd0"]));
    assert_eq!(session.task(), Some("Implement spotter-gqc"));
}

/// Counted by hand, or by the requests that the scripted model answered.
const KNOWN: [(&str, usize); 12] = [
    ("ok.stream.jsonl", 12),
    ("ok_partial.stream.jsonl", 12),
    ("ok.session.jsonl", 12),
    ("subagent.stream.jsonl", 3),
    ("session_v2.1_long_258c7280.jsonl", 152),
    ("session_full-session-two.jsonl", 11),
    ("v0.29_json.jsonl", 7),
    ("v0.42_experimental_json.jsonl", 7),
    ("v0.44_json.jsonl", 7),
    ("v0.169_json.jsonl", 4),
    ("v0.44_json.rollout.jsonl", 8),
    ("rollout-2025-09-24T19-22-20-01997e76-d124-7592-9cac-2ec05abbca08.jsonl", 132),
];

/// A transcript read as a whole by the rules alone: the messages on the way to the last leaf, and the calls that have
/// results there.
fn way(lines: &[Value]) -> (Vec<String>, Vec<String>) {
    let mut parents: HashMap<&str, Option<&str>> = HashMap::new();
    let (mut before, mut leaf) = (None, None);
    for line in lines {
        let uuid = line["uuid"].as_str().unwrap();
        let parent = match line["parentUuid"].as_str() {
            Some(parent) if parents.contains_key(parent) => Some(parent),
            Some(_) => before,
            None => None,
        };
        parents.insert(uuid, parent);
        let is_prompt = line["type"] == "user" && line["message"]["content"].is_string();
        if matches!(line["type"].as_str(), Some("user" | "assistant")) {
            before = Some(uuid);
        }
        if line["type"] == "assistant" || is_prompt {
            leaf = Some(uuid);
        }
    }
    let is_result = |line: &Value| line["type"] == "user" && !line["message"]["content"].is_string();
    let by: HashMap<&str, &Value> = lines.iter().map(|line| (line["uuid"].as_str().unwrap(), line)).collect();
    let mut on = BTreeSet::new();
    while let Some(at) = leaf {
        on.insert(at);
        leaf = parents[at];
    }
    let messages: BTreeSet<&str> = on.iter().filter_map(|at| by[at]["message"]["id"].as_str()).collect();
    let mut ids = Vec::new();
    let mut calls = Vec::new();
    for line in lines {
        let id = line["message"]["id"].as_str().filter(|id| messages.contains(id));
        if let Some(id) = id.filter(|id| !ids.iter().any(|known| known == id)) {
            ids.push(id.to_owned());
        }
        if is_result(line) {
            let call = line["message"]["content"][0]["tool_use_id"].as_str().unwrap();
            // beside the way: the message above it counts
            let mut above = parents[line["uuid"].as_str().unwrap()];
            while let Some(at) = above.filter(|at| by[at]["message"]["id"].is_null() && !by[at]["message"]["content"].is_string()) {
                above = parents[at];
            }
            let counts =
                above.is_some_and(|at| on.contains(at) || by[at]["message"]["id"].as_str().is_some_and(|id| messages.contains(id)));
            if counts {
                calls.push(call.to_owned());
            }
        }
    }
    (ids, calls)
}

/// A transcript that grew in any way: each message has one or two calls, each result hangs on its call, and any line may
/// go on from any prompt or finished message before it, or from one that is lost.
fn transcript(choices: &[(u8, usize)]) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    let mut ends: Vec<Value> = vec![Value::Null];
    let mut number = 0;
    let mut next = || {
        number += 1;
        format!("n{number}")
    };
    for (kind, at) in choices {
        let parent = ends[if at % 4 == 0 { (at / 4) % ends.len() } else { ends.len() - 1 }].clone();
        let parent = if at % 31 == 7 { json!("lost") } else { parent };
        let line = |uuid: &str, parent: &Value, kind: &str, message: Value| json!({"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s", "isSidechain": false, "message": message});
        match kind % 3 {
            0 => {
                let uuid = next();
                lines.push(line(&uuid, &parent, "user", json!({"role": "user", "content": "Go on"})));
                ends.push(json!(uuid));
            }
            1 => {
                let (uuid, id) = (next(), next());
                lines.push(line(&uuid, &parent, "assistant", json!({"id": id, "content": [{"type": "text", "text": id}]})));
                ends.push(json!(uuid));
            }
            _ => {
                // two calls side by side: the first one's result hangs beside the way
                let (first, second, id) = (next(), next(), next());
                let call = |call: &str| json!({"id": id, "content": [{"type": "tool_use", "id": call, "name": "Bash", "input": {}}]});
                let result =
                    |call: &str| json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": "a"}]});
                lines.push(line(&first, &parent, "assistant", call(&first)));
                lines.push(line(&second, &json!(first), "assistant", call(&second)));
                let (one, two, watch) = (next(), next(), next());
                lines.push(json!({"type": "progress", "uuid": watch, "parentUuid": first, "sessionId": "s"}));
                lines.push(line(&two, &json!(second), "user", result(&second)));
                lines.push(line(&one, &json!(watch), "user", result(&first)));
                ends.push(json!(two));
            }
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// At every line end the steps are those of the whole file up to there, read by the rules alone.
    #[test]
    fn any_tree_reads_in_pieces_as_in_one(choices in prop::collection::vec((any::<u8>(), any::<usize>()), 1..30)) {
        let values = transcript(&choices);
        let texts: Vec<String> = values.iter().map(Value::to_string).collect();
        by_line(texts.iter().map(String::as_bytes), |at, session: &Session| {
            let (messages, answered) = way(&values[..=at]);
            assert_eq!(session.steps().len(), messages.len(), "{}", texts[..=at].join("\n"));
            let calls = session.steps().iter().flat_map(|step| &step.calls);
            let found: BTreeSet<&str> = calls.filter(|call| call.result.is_some()).map(|call| call.id.as_str()).collect();
            assert_eq!(found, answered.iter().map(String::as_str).collect(), "{}", texts[..=at].join("\n"));
        });
    }

    /// Lines cut anywhere, at both ends, in any of the formats and given to any of the readers.
    #[test]
    fn no_cut_line_is_a_panic(which in 0_usize..100, cuts in prop::collection::vec((0_usize..60, 0_usize..900, any::<bool>()), 0..12)) {
        let all: Vec<PathBuf> = ["claude", "claude_sessions", "codex_exec", "codex", "claude_whole"].iter().flat_map(|folder| files(&fixture(folder))).collect();
        let bytes = fs::read(&all[which % all.len()]).unwrap();
        let mut cut: Vec<&[u8]> = lines(&bytes).collect();
        for (line, at, is_front) in cuts {
            let line = line % cut.len();
            let at = at.min(cut[line].len());
            cut[line] = if is_front { &cut[line][at..] } else { &cut[line][..at] };
        }
        by_line::<Stream>(cut.iter().copied(), |_, _| ());
        by_line::<Session>(cut.iter().copied(), |_, _| ());
        by_line::<Exec>(cut.iter().copied(), |_, _| ());
        by_line::<Rollout>(cut.iter().copied(), |_, _| ());
    }

    /// Any value in the place of any field of any line.
    #[test]
    fn no_field_of_another_type_is_a_panic(which in 0_usize..100, at in 0_usize..400, kind in 0_usize..7) {
        let odd = [json!(null), json!(true), json!(-3.5), json!("x"), json!([[1, {}]]), json!({"type": {"a": 1}}), json!(u64::MAX)][kind].clone();
        let all: Vec<PathBuf> = ["claude_sessions", "codex_exec", "codex", "claude"].iter().flat_map(|folder| files(&fixture(folder))).collect();
        let mut left = at;
        let mut texts = Vec::new();
        for line in fs::read_to_string(&all[which % all.len()]).unwrap().lines() {
            if let Ok(mut value) = serde_json::from_str::<Value>(line) {
                crate::trae::replace(&mut value, &odd, &mut left);
                texts.push(value.to_string());
            }
        }
        by_line::<Stream>(texts.iter().map(String::as_bytes), |_, _| ());
        by_line::<Session>(texts.iter().map(String::as_bytes), |_, _| ());
        by_line::<Exec>(texts.iter().map(String::as_bytes), |_, _| ());
        by_line::<Rollout>(texts.iter().map(String::as_bytes), |_, _| ());
    }
}

#[test]
fn a_transcript_of_nothing_but_turns_back_is_only_long() {
    let mut session = Session::new();
    let padding = "x".repeat(16 * 1024);
    for n in 0..6_000 {
        // each prompt begins anew, and gives up all before it
        let line = json!({"type": "user", "uuid": format!("u{n}"), "parentUuid": null, "sessionId": "s", "message": {"role": "user", "content": padding}});
        session.take(line.to_string().as_bytes());
        let id = format!("m{n}");
        let message = json!({"id": id, "content": [{"type": "text", "text": id}]});
        let line =
            json!({"type": "assistant", "uuid": format!("a{n}"), "parentUuid": format!("u{n}"), "sessionId": "s", "message": message});
        session.take(line.to_string().as_bytes());
    }
    // from some line on, lines count as they come
    assert!((5_000..6_000).contains(&session.steps().len()), "{}", session.steps().len());
    assert_eq!(session.steps().last().unwrap().thought, "m5999");
}

#[test]
fn calls_side_by_side_without_end_are_only_many() {
    let mut exec = Exec::new();
    let line = |when: &str, n: u32| {
        let item = json!({"id": format!("item_{n}"), "type": "command_execution", "command": "ls", "aggregated_output": "", "status": "completed"});
        json!({"type": format!("item.{when}"), "item": item}).to_string()
    };
    for n in 0..20_000 {
        exec.take(line("started", n).as_bytes());
    }
    assert_eq!((exec.steps().len(), exec.state()), (1, Live::ToolsRunning));
    for n in 0..20_000 {
        exec.take(line("completed", n).as_bytes());
    }
    assert_eq!((exec.steps().len(), exec.totals().steps, exec.state()), (1, Some(1), Live::WaitingForModel));
}
