//! Trajectories opened as a whole and followed, chosen by content.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use isobench_tui::agent::live::Reading;
use isobench_tui::agent::open::{Format, OpenError, Opened, open};
use isobench_tui::agent::{End, Live};
use isobench_tui::domain::{AgentTotals, Reply, Step};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{folder, shared, skip};
use crate::trae::replace;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn one(path: &Path) -> Opened {
    let mut runs = open(path).unwrap();
    assert_eq!(runs.len(), 1, "{}", path.display());
    runs.remove(0)
}

/// Steps, calls, results, failed results.
fn counts(steps: &[Step]) -> [usize; 4] {
    let calls: Vec<_> = steps.iter().flat_map(|step| &step.calls).collect();
    let results: Vec<_> = calls.iter().filter_map(|call| call.result.as_ref()).collect();
    [steps.len(), calls.len(), results.len(), results.iter().filter(|result| !result.ok).count()]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A fixture of each format, what it holds and how it ended.
fn table() -> Vec<(&'static str, Format, [usize; 4], Live)> {
    use Format::{ClaudeStream, CodexRollout, MiniSweAgent, OpenhandsV0, OpenhandsV1, SweAgent, Trae};
    let accepted = Live::Ended(End::Accepted);
    let budget = |says: &str| Live::Ended(End::OwnBudget(says.to_owned()));
    vec![
        ("trae/accepted.json", Trae, [5, 5, 3, 1], accepted.clone()),
        ("trae/tool_running.json", Trae, [2, 2, 1, 0], Live::ToolsRunning),
        ("trae/rust_port.json", Trae, [2, 1, 1, 0], Live::Ended(End::MaxSteps)),
        ("trae/fork.json", Trae, [3, 2, 2, 1], Live::Ended(End::StepError("closing tag '[/x]' doesn't match".to_owned()))),
        ("claude/finished.jsonl", ClaudeStream, [4, 4, 4, 1], accepted.clone()),
        ("codex/complete.jsonl", CodexRollout, [3, 4, 4, 2], accepted.clone()),
        ("openhands/trajectory.json", OpenhandsV0, [4, 4, 3, 1], accepted.clone()),
        ("openhands/events.jsonl", OpenhandsV1, [2, 3, 3, 1], accepted.clone()),
        ("openhands/stdout.txt", OpenhandsV1, [2, 3, 3, 1], accepted.clone()),
        ("openhands/old_stdout.txt", OpenhandsV1, [2, 3, 3, 1], accepted.clone()),
        ("swe_agent/submitted.traj", SweAgent, [4, 4, 4, 1], accepted.clone()),
        ("swe_agent/running.traj", SweAgent, [2, 2, 2, 1], Live::WaitingForModel),
        ("swe_agent/old.traj", SweAgent, [4, 3, 3, 1], budget("submitted (exit_cost)")),
        ("swe_agent/demonstration.traj", SweAgent, [2, 2, 2, 1], Live::Ended(End::Unexplained)),
        ("mini_swe_agent/v1_1.traj.json", MiniSweAgent, [2, 3, 2, 1], accepted.clone()),
        ("mini_swe_agent/running.traj.json", MiniSweAgent, [2, 3, 2, 1], Live::ToolsRunning),
        (
            "mini_swe_agent/timeout.traj.json",
            MiniSweAgent,
            [1, 2, 1, 0],
            Live::Ended(End::StepError("Timeout: timed out after 600 s".to_owned())),
        ),
        ("mini_swe_agent/v1.traj.json", MiniSweAgent, [4, 3, 2, 1], accepted.clone()),
        ("mini_swe_agent/limit.traj.json", MiniSweAgent, [3, 2, 2, 1], Live::Ended(End::MaxSteps)),
        ("mini_swe_agent/list.json", MiniSweAgent, [4, 3, 2, 1], accepted),
    ]
}

#[test]
fn every_format_is_known_by_its_content_packed_or_not() {
    let (_gone, root) = folder();
    for (name, format, held, state) in table() {
        let bytes = fs::read(fixture(name)).unwrap();
        let wrong = root.join("trajectory.json");
        for content in [bytes.clone(), gzip(&bytes), [b"\xEF\xBB\xBF\n ", bytes.as_slice()].concat()] {
            fs::write(&wrong, content).unwrap();
            let run = one(&wrong);
            assert_eq!((run.format, counts(&run.steps), &run.state), (format, held, &state), "{name}");
            assert!(run.steps.iter().zip(1..).all(|(step, nth)| step.index == nth), "{name}");
        }
    }
}

#[test]
fn lines_of_other_text_before_the_first_event_are_passed_over() {
    let (_gone, root) = folder();
    for (name, format, held, _) in table().into_iter().filter(|(name, ..)| name.ends_with("jsonl")) {
        let path = root.join("log.txt");
        let bytes = fs::read(fixture(name)).unwrap();
        // and the last line is torn
        fs::write(&path, [b"Starting\n[INFO] {odd}\n{\"a\": 1}\n", bytes.trim_ascii_end(), b"\n{\"type\":\"assis"].concat()).unwrap();
        let run = one(&path);
        assert_eq!((run.format, counts(&run.steps)), (format, held), "{name}");
    }
}

#[test]
fn one_line_tells_the_format() {
    let (_gone, root) = folder();
    let path = root.join("x");
    let lines = [
        (r#"{"type":"thread.started","thread_id":"t"}"#, Format::CodexExec),
        (r#"{"item":{"id":"item_0","type":"error","message":"w"},"type":"item.completed"}"#, Format::CodexExec),
        (r#"{"type":"session.created","session_id":"s"}"#, Format::CodexExec),
        (r#"{"provider":"openai","workdir":"/x","model":"m","sandbox":"none"}"#, Format::CodexExec),
        (r#"{"id":"0","msg":{"type":"task_started"}}"#, Format::CodexExec),
        (r#"{"timestamp":"2026-01-02T03:04:05Z","type":"session_meta","payload":{"id":"x"}}"#, Format::CodexRollout),
        (r#"{"type":"message","role":"user","content":[]}"#, Format::CodexRollout),
        (r#"{"record_type":"state"}"#, Format::CodexRollout),
        (r#"{"cwd":"/x","session_id":"s","subtype":"init","type":"system"}"#, Format::ClaudeStream),
        (r#"{"duration_ms":1,"subtype":"success","is_error":false,"result":"ok","session_id":"s","type":"result"}"#, Format::ClaudeStream),
        (r#"{"parentUuid":null,"sessionId":"s","type":"user","message":{"role":"user","content":"x"}}"#, Format::ClaudeSession),
        (r#"{"type":"queue-operation","sessionId":"s","operation":"x"}"#, Format::ClaudeSession),
        (r#"{"type":"file-history-snapshot","messageId":"m","snapshot":{}}"#, Format::ClaudeSession),
        (r#"{"id":"e","timestamp":"x","source":"user","kind":"MessageEvent"}"#, Format::OpenhandsV1),
        (r#"{"id":1,"source":"user","action":"message","args":{"content":"x"}}"#, Format::OpenhandsV0),
        (r#"{"agent_steps":[],"llm_interactions":[]}"#, Format::Trae),
        (r#"{"messages":[{"role":"system","content":"x"}],"info":{}}"#, Format::MiniSweAgent),
        (r#"[{"role":"system","content":"x"}]"#, Format::MiniSweAgent),
        (r#"[{"type":"system","subtype":"init","session_id":"s"}]"#, Format::ClaudeStream),
        (r#"[[{"action":"run","args":{"command":"ls"}},{"observation":"run","content":""}]]"#, Format::OpenhandsV0),
    ];
    for (line, format) in lines {
        fs::write(&path, line).unwrap();
        assert_eq!(one(&path).format, format, "{line}");
        // a log may begin with blanks, and its other lines tell nothing
        if line.starts_with('{') && !matches!(format, Format::Trae | Format::MiniSweAgent) {
            fs::write(&path, format!("\n  hello\n{{}}\n{line}\n")).unwrap();
            assert_eq!(one(&path).format, format, "{line}");
        }
    }
}

#[test]
fn what_is_no_trajectory_says_what_it_is() {
    let (_gone, root) = folder();
    let path = root.join("trajectory.json");
    let says = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        open(&path).unwrap_err().to_string()
    };
    assert!(says(b"").contains("nothing in it yet"));
    assert!(says(b" \n\t\n").contains("nothing in it yet"));
    assert!(says(&gzip(b"")).contains("nothing in it yet"));
    assert!(says(b"Hello\nworld\n").contains("text without JSON"));
    assert!(says(b"{\"a\": 1}\n").contains("JSON of another kind"));
    assert!(says(b"[1, 2]").contains("JSON of another kind"));
    assert!(says(b"\x7fELF\0\0\0").contains("no text"));
    // brackets among bytes of any kind are no JSON that an agent is writing now
    for begin in [&b"\x8f\0\xd1\n[\n\xff\0"[..], b"\x8f\0\n{\"a\": ", b"\x8f\0\n{\n"] {
        let bytes: Vec<u8> =
            begin.iter().copied().chain((0..600_000_u32).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes())).collect();
        assert!(says(&bytes).contains("no text"), "{begin:?}");
        assert!(says(begin).contains("no text"), "{begin:?}");
    }
    assert!(
        says("Changed working directory to: /x\n╭─ Task Details ─╮\n│ Trajectory File: t.json │\n".as_bytes()).contains("TRAE printed")
    );
    assert!(says(b"{\"task\": \"x\", \"start_time\": \"2026").contains("middle of its JSON"));
    assert!(says(&fs::read(fixture("trae/torn.json")).unwrap()).contains("middle of its JSON"));
    let empty = root.join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(matches!(open(&empty), Err(OpenError::NoTrajectory(_))));
    assert!(matches!(open(&root.join("missing")), Err(OpenError::Io(..))));
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    assert!(open(&root.join("pipe")).unwrap_err().to_string().contains("no regular file"));
    assert!(open(Path::new("/dev/zero")).unwrap_err().to_string().contains("no regular file"));
}

#[test]
fn folders_open_what_lies_in_them() {
    let (_gone, root) = folder();
    for (name, format, held) in [("v0", Format::OpenhandsV0, [5, 4, 3, 2]), ("v1", Format::OpenhandsV1, [3, 4, 4, 2])] {
        let run = one(&fixture(&format!("openhands/{name}")));
        assert_eq!((run.format, counts(&run.steps)), (format, held), "{name}");
        assert!(run.started_at.is_some());
    }
    // an item's folder: what TRAE printed is no trajectory; an agent's own file is
    let item = root.join("item");
    fs::create_dir(&item).unwrap();
    let log = "Task Details\nTrajectory File: t.json\n";
    fs::write(item.join("openhands_stdout.txt"), log).unwrap();
    fs::write(item.join("journal.json"), "{}").unwrap();
    assert!(matches!(open(&item), Err(OpenError::NoTrajectory(_))));
    fs::copy(fixture("openhands/stdout.txt"), item.join("openhands_stdout.txt")).unwrap();
    assert_eq!(one(&item).format, Format::OpenhandsV1);
    fs::write(item.join("trajectory.json.gz"), gzip(&fs::read(fixture("trae/accepted.json")).unwrap())).unwrap();
    assert_eq!(one(&item).format, Format::Trae);
    fs::copy(fixture("trae/torn.json"), item.join("trajectory.json")).unwrap();
    fs::remove_file(item.join("trajectory.json.gz")).unwrap();
    fs::write(item.join("openhands_stdout.txt"), log).unwrap();
    assert!(matches!(open(&item), Err(OpenError::HalfWritten(_))));
    fs::copy(fixture("codex/complete.jsonl"), item.join("codex_rollout.jsonl")).unwrap();
    assert_eq!(one(&item).format, Format::CodexRollout);
}

#[test]
fn a_line_of_an_evaluation_is_a_run() {
    let runs = open(&fixture("openhands/output.jsonl")).unwrap();
    let told: Vec<_> = runs.iter().map(|run| (run.instance.as_deref(), counts(&run.steps), run.state.clone())).collect();
    assert_eq!(
        told,
        [
            (Some("a__a-1"), [4, 4, 3, 1], Live::Ended(End::Accepted)),
            (Some("a__a-2"), [1, 1, 1, 0], Live::Ended(End::MaxSteps)),
            (Some("5"), [3, 3, 2, 0], Live::Ended(End::Accepted)),
            (Some("a__a-4"), [2, 2, 2, 0], Live::Ended(End::Unexplained)),
        ]
    );
    assert_eq!((runs[0].model.as_deref(), runs[0].max_steps, runs[0].task.as_deref()), (Some("v/m"), Some(50), Some("Make it faster.")));
    assert_eq!((runs[0].totals.usage.input, runs[0].totals.usage.output), (500, 50));
    assert_eq!((runs[2].steps[0].thought.as_str(), runs[2].steps[0].calls[0].args.as_str()), ("I look.", r#"{"command":"ls"}"#));
    assert_eq!(runs[2].task.as_deref(), Some("Bare."));
    // a step's tokens are those since the last count, a condensation's included
    let tokens: Vec<_> = runs[0].steps.iter().map(|step| step.usage.input).collect();
    assert_eq!(tokens, [100, 150, 120, 80]);
    let packed = folder();
    fs::write(packed.1.join("x"), gzip(&fs::read(fixture("openhands/output.jsonl")).unwrap())).unwrap();
    assert_eq!(open(&packed.1.join("x")).unwrap().len(), 4);
}

#[test]
fn swe_agents_calls_have_the_models_own_words_where_they_are_kept() {
    let run = one(&fixture("swe_agent/submitted.traj"));
    let calls: Vec<_> =
        run.steps.iter().map(|step| (step.calls[0].id.as_str(), step.calls[0].name.as_str(), step.calls[0].args.as_str())).collect();
    assert_eq!(calls[0], ("call_1", "find_file", r#"{"file_name": "sched.py"}"#));
    assert_eq!(calls[2], ("call_3", "bash", r#"{"command": "python bench.py"}"#));
    assert_eq!((run.model.as_deref(), run.task.as_deref()), (Some("gpt-test"), Some("Make sched.py faster.")));
    assert_eq!((run.totals.usage.input, run.totals.usage.output), (4000, 120));
    let run = one(&fixture("swe_agent/old.traj"));
    let calls: Vec<_> = run.steps.iter().flat_map(|step| &step.calls).map(|call| (call.name.as_str(), call.args.as_str())).collect();
    assert_eq!(calls[..2], [("open", r#"{"path":"sched.py","line_number":10}"#), ("bash", r#"{"command":"python bench.py && git diff"}"#)]);
    assert_eq!(run.steps[1].harness, ["Your output was not formatted correctly."]);
    assert_eq!(run.task.as_deref(), Some("Make it faster."));
}

#[test]
fn openhands_hears_what_is_said_after_its_task() {
    let told = |lines: &[&str]| {
        let folder = folder();
        fs::write(folder.1.join("run.jsonl"), lines.join("\n")).unwrap();
        let run = one(&folder.1.join("run.jsonl"));
        (run.task, run.state, run.steps.into_iter().map(|step| step.harness).collect::<Vec<_>>())
    };
    let v0 = [
        r#"{"id":0,"source":"user","action":"message","args":{"content":"Make it faster."}}"#,
        r#"{"id":1,"source":"user","action":"recall","args":{"query":"Make it faster."}}"#,
        r#"{"id":2,"source":"environment","cause":1,"observation":"recall","content":"Added workspace context","extras":{}}"#,
        r#"{"id":3,"source":"agent","action":"message","args":{"content":"I will."}}"#,
        r#"{"id":4,"source":"user","action":"message","args":{"content":"Please continue."}}"#,
        r#"{"id":5,"source":"agent","action":"finish","args":{"final_thought":"Done."}}"#,
        r#"{"id":6,"source":"user","action":"message","args":{"content":"ERROR! Your Patch is empty."}}"#,
    ];
    let heard = vec![vec!["Please continue.".to_owned()], vec!["ERROR! Your Patch is empty.".to_owned()]];
    assert_eq!(told(&v0), (Some("Make it faster.".to_owned()), Live::WaitingForModel, heard.clone()));
    assert_eq!(told(&v0[..6]).1, Live::Ended(End::Accepted));
    let v1 = [
        r#"{"kind":"MessageEvent","id":"a","source":"user","llm_message":{"role":"user","content":[{"type":"text","text":"Make it faster."}]},"extended_content":[{"type":"text","text":"a skill"}]}"#,
        r#"{"kind":"MessageEvent","id":"b","source":"agent","llm_response_id":"1","llm_message":{"role":"assistant","content":[{"type":"text","text":"I will."}]}}"#,
        r#"{"kind":"MessageEvent","id":"c","source":"user","llm_message":{"role":"user","content":[{"type":"text","text":"Please continue."}]},"extended_content":[{"type":"text","text":"a skill"}]}"#,
        r#"{"kind":"ActionEvent","id":"d","source":"agent","llm_response_id":"2","tool_name":"finish","tool_call_id":"x","tool_call":{"id":"x","name":"finish","arguments":"{}"}}"#,
        r#"{"kind":"ObservationEvent","id":"e","source":"environment","tool_name":"finish","tool_call_id":"x","observation":{"kind":"FinishObservation","content":[{"type":"text","text":"done"}]}}"#,
        r#"{"kind":"MessageEvent","id":"f","source":"user","llm_message":{"role":"user","content":[{"type":"text","text":"ERROR! Your Patch is empty."}]}}"#,
    ];
    assert_eq!(told(&v1), (Some("Make it faster.".to_owned()), Live::WaitingForModel, heard));
}

#[test]
fn minis_answers_find_their_commands() {
    let run = one(&fixture("mini_swe_agent/v1_1.traj.json"));
    let failed = &run.steps[0].calls[1];
    assert_eq!(
        (failed.id.as_str(), failed.args.as_str(), failed.result.as_ref().unwrap().ok),
        ("c2", r#"{"command": "python bench.py"}"#, false)
    );
    assert_eq!((run.steps[0].usage.input, run.steps[0].usage.cached, run.totals.usage.input), (1000, 900, 2010));
    assert_eq!(
        (run.max_steps, run.model.as_deref(), run.task.as_deref()),
        (Some(250), Some("vendor/m-test"), Some("Make sched.py faster."))
    );
    assert!(run.started_at < run.last_at);
    let run = one(&fixture("mini_swe_agent/v1.traj.json"));
    assert!(run.steps[1].calls.is_empty() && run.steps[1].harness[0].contains("EXACTLY ONE"));
    assert!(!run.steps[2].calls[0].result.as_ref().unwrap().ok, "a time-out has no code");
    assert!(run.steps[3].harness.is_empty() && run.steps[3].calls[0].result.is_none(), "the patch is no word of the harness");
    assert_eq!(run.steps[0].calls[0].args, r#"{"command":"cat sched.py"}"#);
}

#[test]
fn forks_and_the_port_of_trae() {
    let run = one(&fixture("trae/rust_port.json"));
    assert_eq!((run.steps[0].thought.as_str(), run.steps[1].error.as_deref()), ("I look.", Some("429 quota")));
    assert_eq!((run.max_steps, run.totals.usage.input, run.totals.usage.cached), (Some(2), 300, 10));
    assert_eq!(run.started_at, "2025-09-24T07:32:50Z".parse().ok());
    let run = one(&fixture("trae/fork.json"));
    assert_eq!(run.steps[0].calls[0].args, r#"{"session_id": "s", "todos": []}"#);
    assert_eq!(run.steps[1].calls[0].args, "{\"command\":\"make é\",\"restart\":null}");
}

/// Everything that both ways of reading tell.
fn told(reading: &Reading) -> (Option<Format>, Vec<Step>, AgentTotals, Live, Option<String>, Option<String>) {
    let text = |text: Option<&str>| text.map(str::to_owned);
    (reading.format(), reading.steps().to_vec(), reading.totals(), reading.state(), text(reading.model()), text(reading.task()))
}

/// Follows a file that grows by pieces; what is news is compared with what was there.
fn followed(path: &Path, whole: &[u8], piece: usize) -> Reading {
    let mut reading = Reading::of(path);
    let mut shown: Vec<Step> = Vec::new();
    let mut file = fs::File::create(path).unwrap();
    for piece in whole.chunks(piece) {
        file.write_all(piece).unwrap();
        if let Some(news) = reading.read_on().unwrap() {
            shown.truncate(news.from);
            shown.extend(reading.steps().iter().skip(news.from).cloned());
        }
        assert_eq!(shown, reading.steps(), "what changed was said");
    }
    reading
}

#[test]
fn a_file_that_grows_gives_the_same_as_a_whole_one() {
    let (_gone, root) = folder();
    let mut all: Vec<PathBuf> = table().iter().map(|(name, ..)| fixture(name)).collect();
    files(&fixture("claude"), &mut all);
    files(&fixture("codex"), &mut all);
    if let Some(shared) = shared() {
        let samples =
            ["claude-code/generated/ok.stream.jsonl", "claude-code/public/session_tool_heavy.jsonl", "codex/generated/v0.42_json.jsonl"];
        all.extend(samples.map(|name| shared.join("trajectories").join(name)));
        all.extend(
            ["codex/generated/v0.169_json.rollout.jsonl", "openhands/generated/v1_ok.stdout.txt"]
                .map(|name| shared.join("trajectories").join(name)),
        );
    }
    for path in all {
        let bytes = fs::read(&path).unwrap();
        let mut whole = Reading::of(&path);
        whole.read_on().unwrap();
        for piece in [bytes.len() / 23 + 1, 4096] {
            let grown = followed(&root.join("growing"), &bytes, piece);
            assert_eq!(told(&grown), told(&whole), "{} in pieces of {piece}", path.display());
        }
        let run = one(&path);
        assert_eq!((Some(run.format), run.steps, run.totals, run.state, run.model, run.task), told(&whole), "{}", path.display());
    }
}

#[test]
fn a_file_that_is_rewritten_whole_is_followed_step_by_step() {
    let (_gone, root) = folder();
    let path = root.join("trajectory.json");
    let whole: Value = serde_json::from_slice(&fs::read(fixture("mini_swe_agent/v1_1.traj.json")).unwrap()).unwrap();
    let mut reading = Reading::new();
    let mut seen = Vec::new();
    for messages in 2..=6 {
        let mut saved = whole.clone();
        saved["messages"].as_array_mut().unwrap().truncate(messages);
        saved["info"] = json!({});
        fs::write(&path, serde_json::to_vec(&saved).unwrap()).unwrap();
        let news = reading.look(&root).unwrap().unwrap();
        seen.push((news.from, reading.steps().len(), reading.totals().steps, reading.state()));
        // half of it is no news
        let half = serde_json::to_vec(&whole).unwrap();
        fs::write(&path, &half[..half.len() / 2]).unwrap();
        assert!(reading.look(&root).unwrap().is_none());
    }
    assert_eq!(
        seen,
        [
            (0, 0, Some(0), Live::WaitingForModel),
            (0, 1, Some(0), Live::ToolsRunning),
            (0, 1, Some(0), Live::ToolsRunning),
            (0, 1, Some(1), Live::WaitingForModel),
            (1, 2, Some(1), Live::ToolsRunning)
        ]
    );
    assert!(reading.are_final());
    let stream = Reading::of(&fixture("claude/finished.jsonl"));
    assert!(!stream.are_final(), "another block may follow");
}

#[test]
fn cut_anywhere_there_is_a_clear_answer() {
    let (_gone, root) = folder();
    let path = root.join("cut");
    for (name, ..) in table() {
        let bytes = fs::read(fixture(name)).unwrap();
        let most = counts(&one(&fixture(name)).steps);
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 150) {
            fs::write(&path, &bytes[..at]).unwrap();
            match open(&path) {
                Ok(runs) => assert!(runs.iter().all(|run| run.steps.len() <= most[0]), "{name} cut at {at}"),
                Err(OpenError::Empty(_) | OpenError::HalfWritten(_) | OpenError::Unknown(..)) => {}
                Err(error) => panic!("{name} cut at {at}: {error}"),
            }
        }
        // so is a packed one
        let packed = gzip(&bytes);
        for at in (2..packed.len()).step_by(1 + packed.len() / 20) {
            fs::write(&path, &packed[..at]).unwrap();
            let opened = open(&path);
            assert!(!matches!(opened, Err(OpenError::TooLarge(..))), "{name} cut at {at}: {opened:?}");
        }
    }
}

#[test]
fn what_is_nested_deep_or_long_is_no_danger() {
    let (_gone, root) = folder();
    let path = root.join("x");
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let nested = deep(200_000);
    for content in [
        nested.clone(),
        format!("{{\"a\":{nested}}}"),
        "{\"a\":".repeat(100_000),
        "[{\"action\":".repeat(50_000),
        "{\"a\":\n".repeat(150_000),
        "[{\n".repeat(150_000),
    ] {
        fs::write(&path, content).unwrap();
        assert!(open(&path).is_err());
    }
    let trae = json!({"agent_steps": [{"tool_calls": [{"call_id": "1", "name": "bash", "arguments": "DEEP"}], "llm_response": "DEEP"}]});
    fs::write(&path, trae.to_string().replace("\"DEEP\"", &deep(1000))).unwrap();
    let run = one(&path);
    assert_eq!((run.steps[0].calls[0].name.as_str(), run.steps[0].calls[0].args.len()), ("bash", 2000));
    for name in ["claude/finished.jsonl", "openhands/events.jsonl", "codex/complete.jsonl"] {
        let line = format!("{{\"type\":\"user\",\"kind\":\"X\",\"id\":1,\"payload\":{nested},\"message\":{nested}}}\n");
        fs::write(&path, [line.as_bytes(), &fs::read(fixture(name)).unwrap()].concat()).unwrap();
        open(&path).unwrap();
    }
    // a line of 40 MB is passed over
    let long = format!("{{\"type\":\"user\",\"session_id\":\"s\",\"message\":{{\"content\":\"{}\"}}}}\n", "x".repeat(40 << 20));
    fs::write(&path, [long.as_bytes(), &fs::read(fixture("claude/finished.jsonl")).unwrap()].concat()).unwrap();
    assert_eq!(one(&path).steps.len(), 4);
    // NaN, half a surrogate pair, and what is no UTF-8
    for (name, format, held, _) in table().into_iter().filter(|(name, ..)| !name.ends_with("stdout.txt")) {
        let text = String::from_utf8(fs::read(fixture(name)).unwrap()).unwrap();
        let odd = text.replacen(": null", ": NaN", 1).replacen("I look", r"I \ud83d look", 1).into_bytes();
        let odd: Vec<u8> = odd.iter().flat_map(|byte| if *byte == b'@' { vec![0xff] } else { vec![*byte] }).collect();
        fs::write(&path, odd).unwrap();
        let run = one(&path);
        assert_eq!((run.format, counts(&run.steps)), (format, held), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_field_of_another_type_is_no_danger(at in 0_usize..120, kind in 0_usize..7, which in 0_usize..7) {
        let names = ["swe_agent/submitted.traj", "swe_agent/old.traj", "mini_swe_agent/v1_1.traj.json", "mini_swe_agent/v1.traj.json", "trae/rust_port.json", "trae/fork.json", "openhands/trajectory.json"];
        let odd = [json!(null), json!(true), json!(-3.5), json!("x"), json!([[1, {}]]), json!({"content": {"a": 1}}), json!(u64::MAX)][kind].clone();
        let mut file: Value = serde_json::from_slice(&fs::read(fixture(names[which])).unwrap()).unwrap();
        let mut left = at;
        replace(&mut file, &odd, &mut left);
        let (_gone, root) = folder();
        fs::write(root.join("x"), serde_json::to_vec(&file).unwrap()).unwrap();
        let _ = open(&root.join("x"));
    }
}

#[test]
fn every_sample_opens_or_says_why_not() {
    let Some(shared) = shared() else { return };
    let mut all = Vec::new();
    files(&shared.join("trajectories"), &mut all);
    let mut opened = 0;
    for path in all {
        let name = path.strip_prefix(shared.join("trajectories")).unwrap().to_string_lossy().into_owned();
        let notes = ["INDEX.md", "task.txt", "yaml.example", "pty.raw", "journal.json", "run_summary.json", "base_state.json"];
        let is_note = notes.iter().any(|end| name.ends_with(end));
        match open(&path) {
            Ok(runs) => {
                assert!(!is_note, "{name}");
                assert!(runs.iter().all(|run| name.starts_with(run.format.agent().split('_').next().unwrap())), "{name}");
                opened += runs.len();
            }
            Err(OpenError::TraeLog(_)) => assert!(name.starts_with("trae/") && !name.contains("trajectory.json"), "{name}"),
            Err(error) => assert!(is_note, "{error}"),
        }
    }
    for name in [
        "openhands/public/v0_event_store_63b43159",
        "openhands/public/v0_event_store_63b43159/events",
        "openhands/generated/v1_ok.conversation",
    ] {
        assert!(!one(&shared.join("trajectories").join(name)).steps.is_empty(), "{name}");
    }
    assert!(opened > 100, "{opened}");
}

#[test]
fn every_run_of_the_corpus_opens() {
    let Some(shared) = shared() else { return };
    let mut all = Vec::new();
    files(&shared.join("corpus/state/runs"), &mut all);
    let folders: std::collections::BTreeSet<PathBuf> = all.iter().filter_map(|path| path.parent().map(Path::to_owned)).collect();
    for folder in &folders {
        let has = |name: &str| folder.join(name).is_file();
        match open(folder) {
            Ok(runs) => assert!(runs.iter().all(|run| run.totals.steps.is_some() || run.format == Format::ClaudeStream)),
            Err(error) => assert!(!has("trajectory.json") && !has("claude_code_stdout.txt"), "{error}"),
        }
    }
    let mut packed = Vec::new();
    files(&shared.join("loops/runs"), &mut packed);
    for path in &packed {
        let run = one(path);
        assert_eq!(run.format, Format::Trae);
        assert!(run.steps.iter().all(|step| step.reply == Reply::Complete || step.index as usize == run.steps.len()), "{}", path.display());
    }
    if packed.is_empty() || folders.len() < 200 {
        skip("the shared runs are not all here");
    }
}
