//! What agents other than TRAE write: Claude Code's stream, Codex's rollout, OpenHands' events, and the one reader of all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

mod budgets;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use isobench_tui::agent::claude::last_result_line;
use isobench_tui::agent::codex::find_rollout;
use isobench_tui::agent::live::{Reading, folders};
use isobench_tui::agent::openhands::find_events;
use isobench_tui::agent::{End, Live};
use isobench_tui::detect::kind::Kind;
use isobench_tui::domain::{AgentTotals, AttemptId, ItemId, Reply, Step, Usage};
use isobench_tui::shell::trail::TrailFile;
use isobench_tui::text::mask::Masker;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{folder, shared, skip};

const STREAM: &str = "claude_code_stream.jsonl";
const ROLLOUT: &str = "codex_rollout.jsonl";
const EVENTS: &str = "openhands_events";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Everything that a reading tells.
#[derive(Debug, PartialEq)]
struct Told {
    steps: Vec<Step>,
    totals: AgentTotals,
    state: Live,
    model: Option<String>,
}

fn told(reading: &Reading) -> Told {
    Told { steps: reading.steps().to_vec(), totals: reading.totals(), state: reading.state(), model: reading.model().map(str::to_owned) }
}

/// A file or folder, shown in an item's folder and read at once.
fn whole(name: &str, path: &Path) -> Told {
    let (_gone, item) = folder();
    symlink(path, item.join(name)).unwrap();
    let mut reading = Reading::new();
    assert!(reading.look(&item).unwrap().is_some(), "{} is news", path.display());
    assert!(reading.look(&item).unwrap().is_none(), "{} is news only once", path.display());
    told(&reading)
}

fn claude(name: &str) -> Told {
    whole(STREAM, &fixture(&format!("claude/{name}.jsonl")))
}

fn codex(name: &str) -> Told {
    whole(ROLLOUT, &fixture(&format!("codex/{name}.jsonl")))
}

fn openhands(name: &str) -> Told {
    whole(EVENTS, &fixture(&format!("openhands/{name}")))
}

fn answers(step: &Step) -> Vec<(&str, Option<(bool, &str)>)> {
    step.calls.iter().map(|call| (call.name.as_str(), call.result.as_ref().map(|result| (result.ok, result.text.as_str())))).collect()
}

#[test]
fn a_message_of_claude_is_a_step_however_its_blocks_and_results_come() {
    let told = claude("finished");
    assert_eq!(told.steps.len(), 4);
    assert_eq!(told.steps[0].thought, "Where is the time spent?\nI look at the scheduler.");
    assert_eq!(answers(&told.steps[0]), [("Bash", Some((true, "engine/sched.py:12: items.sort()")))]);
    assert_eq!(
        answers(&told.steps[1]),
        [("Read", Some((true, "12  items.sort()\n13  return items"))), ("Bash", Some((false, "Exit code 2\nno such module")))]
    );
    assert_eq!(told.steps[1].calls[1].args, r#"{"command":"python bench.py"}"#);
    assert_eq!(answers(&told.steps[2]), [("Edit", Some((true, "The file was updated — größer ✓")))]);
    assert_eq!(told.steps[2].usage, Usage { input: 70, output: 1, cached: 200 }, "once a message, not once a block");
    assert_eq!(told.steps[3].at, "2026-03-04T05:06:10.250Z".parse().ok());
    assert_eq!(
        told.totals,
        AgentTotals { steps: Some(4), calls: 4, usage: Usage { input: 910, output: 300, cached: 400 }, cost_micro_usd: None }
    );
    assert_eq!((told.state, told.model.as_deref()), (Live::Ended(End::Accepted), Some("claude-test-4")));
}

#[test]
fn claudes_ends() {
    let state = |name: &str| claude(name).state;
    assert_eq!(state("two_turns"), Live::Ended(End::Accepted));
    assert_eq!(state("max_turns"), Live::Ended(End::MaxSteps));
    assert_eq!(state("out_of_money"), Live::Ended(End::OwnBudget("Reached maximum budget ($1)".to_owned())));
    assert_eq!(state("interrupted"), Live::Ended(End::Stopped("aborted_tools".to_owned())));
    assert_eq!(state("killed"), Live::ToolsRunning);
    let failed = claude("api_error");
    assert!(matches!(&failed.state, Live::Ended(End::StepError(text)) if text.contains("400")), "{:?}", failed.state);
    assert!(failed.steps[1].error.as_ref().unwrap().contains("no such tool result"));
    assert_eq!(failed.model.as_deref(), Some("claude-test-4"));
    let killed = claude("killed");
    assert_eq!((killed.totals.steps, killed.steps[1].reply), (Some(1), Reply::ToolsRunning));
    let interrupted = claude("interrupted");
    assert_eq!((interrupted.totals.steps, interrupted.steps[0].calls[0].result.as_ref()), (Some(1), None));
}

#[test]
fn after_a_result_another_turn_may_come() {
    let bytes = fs::read(fixture("claude/two_turns.jsonl")).unwrap();
    let (_gone, item) = folder();
    let mut reading = Reading::new();
    let mut states = Vec::new();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for n in 1..=lines.len() {
        fs::write(item.join(STREAM), lines[..n].concat()).unwrap();
        reading.look(&item).unwrap();
        states.push((reading.state(), reading.totals().usage.input));
    }
    assert_eq!(states[3], (Live::Ended(End::Accepted), 110));
    assert_eq!(states[4].0, Live::Ended(End::Accepted), "a task's word is no turn");
    assert_eq!(states[5], (Live::WaitingForModel, 110));
    assert_eq!(states[6], (Live::WaitingForModel, 155), "what was told, and the step since");
    assert_eq!(states[7], (Live::Ended(End::Accepted), 165), "the last line counts all models, and needs no line end");
}

#[test]
fn what_a_subagent_does_are_steps_too() {
    let told = claude("subagent");
    let tools: Vec<_> = told.steps.iter().map(|step| step.calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(tools, [vec!["Task"], vec!["Grep"], vec![], vec![]]);
    assert_eq!(answers(&told.steps[0]), [("Task", Some((true, "It is in sched.py.")))]);
    assert!(told.steps.iter().all(|step| step.reply == Reply::Complete));
}

#[test]
fn the_last_result_line_is_what_the_harness_keeps() {
    let bytes = fs::read(fixture("claude/two_turns.jsonl")).unwrap();
    let line: Value = serde_json::from_slice(last_result_line(&bytes).unwrap()).unwrap();
    assert_eq!(line["modelUsage"]["claude-small"]["inputTokens"], 5);
    assert_eq!(last_result_line(&fs::read(fixture("claude/killed.jsonl")).unwrap()), None);
    // a word in a text is no result
    assert_eq!(last_result_line(br#"{"type":"assistant","message":{"content":"{\"type\":\"result\"}"}}"#), None);
    assert_eq!(last_result_line(b""), None);
}

#[test]
fn a_turn_of_codex_is_a_step_wherever_its_counts_come() {
    let told = codex("counts_first");
    let usages: Vec<_> = told.steps.iter().map(|step| (step.usage.input, step.usage.output, step.usage.cached)).collect();
    assert_eq!(usages, [(1000, 60, 500), (1100, 70, 600), (1200, 70, 600)]);
    assert_eq!(answers(&told.steps[0]), [("shell", Some((true, "sched.py:12"))), ("shell", Some((false, "no such file")))]);
    assert_eq!(answers(&told.steps[1]), [("apply_patch", Some((false, "error: no hunks")))]);
    assert_eq!((told.steps[0].thought.as_str(), told.steps[2].thought.as_str()), ("Look", "The sort is gone."));
    assert_eq!(told.totals.usage, Usage { input: 3300, output: 200, cached: 1700 });
    assert_eq!((told.state, told.model.as_deref()), (Live::WaitingForModel, Some("gpt-test-codex")));

    let told = codex("complete");
    let usages: Vec<_> = told.steps.iter().map(|step| step.usage.input).collect();
    assert_eq!(usages, [1000, 1200, 1300]);
    assert_eq!(told.steps[0].calls[1].args, r#"{"cmd":"python bench.py"}"#);
    let ok: Vec<Vec<bool>> = told.steps.iter().map(|step| answers(step).iter().map(|(_, result)| result.unwrap().0).collect()).collect();
    assert_eq!(ok, [vec![true, false], vec![true, false], vec![]], "its own exit code, not one that was printed");
    assert_eq!(told.state, Live::Ended(End::Accepted));
}

#[test]
fn codexs_ends() {
    assert_eq!(codex("failed").state, Live::Ended(End::StepError("unexpected status 401 Unauthorized".to_owned())));
    // what was under way is still written after the abort
    let aborted = codex("aborted");
    assert_eq!((aborted.state, aborted.steps.len()), (Live::Ended(End::Stopped("the turn was aborted: interrupted".to_owned())), 1));
    let running = codex("running");
    assert_eq!((running.state, running.totals.steps, running.steps.len()), (Live::ToolsRunning, Some(0), 1));
    let old = codex("before_040");
    assert_eq!((old.steps.len(), old.state), (2, Live::WaitingForModel));
    assert_eq!(answers(&old.steps[0]), [("shell", Some((true, "a")))]);
}

#[test]
fn an_action_of_openhands_is_a_step() {
    let told = openhands("v0");
    let calls: Vec<_> = told.steps.iter().map(answers).collect();
    assert_eq!(calls[0], [("run", Some((true, "sched.py:12")))]);
    assert_eq!(calls[1], [("run", Some((false, "no such module")))]);
    assert_eq!(calls[2], [("edit", Some((false, "No replacement was performed")))]);
    assert_eq!((calls[3].len(), told.steps[3].thought.as_str()), (0, "I think it over."));
    assert_eq!(calls[4], [("finish", None)]);
    assert_eq!(told.steps[0].thought, "I look first.");
    assert_eq!(told.steps[1].usage, Usage { input: 600, output: 30, cached: 400 });
    assert_eq!(
        told.totals,
        AgentTotals { steps: Some(5), calls: 4, usage: Usage { input: 3100, output: 190, cached: 2000 }, cost_micro_usd: None }
    );
    assert_eq!((told.state, told.model.as_deref()), (Live::Ended(End::Accepted), Some("claude-test-4")));
    assert_eq!(openhands("v0_limit").state, Live::Ended(End::MaxSteps));

    let told = openhands("v1/events");
    assert_eq!(answers(&told.steps[0]), [("terminal", Some((false, "none"))), ("think", Some((true, "logged")))]);
    assert_eq!((told.steps.len(), told.state, told.model.as_deref()), (3, Live::Ended(End::Accepted), Some("openai/test")));
    assert_eq!(told.totals.usage, Usage { input: 720, output: 83, cached: 300 });
    assert_eq!(openhands("v1_error/events").state, Live::Ended(End::StepError("LLMBadRequestError: no such model".to_owned())));
}

/// What `tests/count_steps.py` says of files; `None` without Python.
fn counted(format: &str, paths: &[PathBuf]) -> Option<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/count_steps.py");
    let output = Command::new("python3").arg(script).arg(format).args(paths).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Some(lines.map(|line| serde_json::from_slice(line).unwrap()).collect())
}

fn agree(format: &str, name: &str, paths: &[PathBuf]) {
    let Some(counts) = counted(format, paths) else { return skip("python3 is not here") };
    assert_eq!(counts.len(), paths.len());
    for (path, expected) in paths.iter().zip(counts) {
        agrees(name, path, &expected);
    }
}

fn agrees(name: &str, path: &Path, expected: &Value) {
    let told = whole(name, path);
    let results: Vec<bool> = told.steps.iter().flat_map(|step| &step.calls).filter_map(|call| Some(call.result.as_ref()?.ok)).collect();
    let ended = match told.state {
        Live::Ended(End::Accepted) => json!("ok"),
        Live::Ended(_) => json!("bad"),
        _ => Value::Null,
    };
    let usage = told.totals.usage;
    let found = json!({
        "steps": told.steps.len(),
        "calls": told.totals.calls,
        "results": results.len(),
        "failed": results.iter().filter(|ok| !**ok).count(),
        "input": usage.input,
        "output": usage.output,
        "cached": usage.cached,
        "ended": ended,
    });
    assert_eq!(found, *expected, "{}", path.display());
    assert!(told.steps.iter().flat_map(|step| &step.calls).all(|call| !call.name.is_empty()), "{}", path.display());
}

fn files(folder: &Path, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| fits(&path.file_name().unwrap().to_string_lossy()));
    found.sort();
    found
}

/// The files of a kind: our own and the shared samples.
fn claude_streams(root: &Path) -> Vec<PathBuf> {
    let public = files(&root.join("trajectories/claude-code/public"), |name| name.starts_with("stream_") && name.ends_with(".ndjson"));
    [files(&root.join("trajectories/claude-code/generated"), |name| name.ends_with(".stream.jsonl")), public].concat()
}

fn codex_rollouts(root: &Path) -> Vec<PathBuf> {
    let public = files(&root.join("trajectories/codex/public"), |name| name.starts_with("rollout-"));
    [files(&root.join("trajectories/codex/generated"), |name| name.ends_with(".rollout.jsonl")), public].concat()
}

fn openhands_stores(root: &Path) -> Vec<PathBuf> {
    let at = root.join("trajectories/openhands");
    [at.join("public/v0_event_store_63b43159/events"), at.join("generated/v1_ok.conversation/events")].to_vec()
}

#[test]
fn fixtures_agree_with_a_plain_count() {
    agree("claude", STREAM, &files(&fixture("claude"), |_| true));
    agree("codex", ROLLOUT, &files(&fixture("codex"), |_| true));
    agree("openhands", EVENTS, &["v0", "v0_limit", "v1/events"].map(|name| fixture("openhands").join(name)));
}

#[test]
fn shared_samples_agree_with_a_plain_count() {
    let Some(shared) = shared() else { return };
    let (streams, rollouts) = (claude_streams(&shared), codex_rollouts(&shared));
    assert!(streams.len() >= 10 && rollouts.len() >= 5, "{} {}", streams.len(), rollouts.len());
    agree("claude", STREAM, &streams);
    agree("codex", ROLLOUT, &rollouts);
    agree("openhands", EVENTS, &openhands_stores(&shared));
}

/// Lets a file grow from cut to cut with a look at each, and compares the end with one look at the whole.
fn grows(name: &str, bytes: &[u8], cuts: &[usize]) -> Result<(), TestCaseError> {
    let (_gone, item) = folder();
    let path = item.join(name);
    fs::write(&path, "").unwrap();
    let mut reading = Reading::new();
    let mut written = 0;
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([bytes.len()]).collect();
    cuts.sort_unstable();
    for cut in cuts {
        let before = reading.steps().to_vec();
        file.write_all(&bytes[written..cut]).unwrap();
        written = cut;
        let news = reading.look(&item).unwrap();
        let same = news.map_or(before.len(), |news| news.from);
        prop_assert_eq!(&reading.steps()[..same], &before[..same]);
        prop_assert!(news.is_some() || reading.steps().len() == same);
    }
    let mut once = Reading::new();
    once.look(&item).unwrap();
    prop_assert_eq!(told(&reading), told(&once));
    Ok(())
}

#[test]
fn shared_samples_read_the_same_in_pieces() {
    let Some(shared) = shared() else { return };
    let pieces = |name: &str, paths: Vec<PathBuf>| {
        for path in paths {
            let bytes = fs::read(&path).unwrap();
            let cuts: Vec<usize> = (0..bytes.len()).step_by(bytes.len() / 97 + 1).collect();
            grows(name, &bytes, &cuts).unwrap();
        }
    };
    pieces(STREAM, claude_streams(&shared));
    pieces(ROLLOUT, codex_rollouts(&shared));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_of_a_stream_give_the_same_end(which in 0_usize..8, cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        let path = &files(&fixture("claude"), |_| true)[which];
        grows(STREAM, &fs::read(path).unwrap(), &cuts)?;
    }

    #[test]
    fn any_cuts_of_a_rollout_give_the_same_end(which in 0_usize..6, cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        let path = &files(&fixture("codex"), |_| true)[which];
        grows(ROLLOUT, &fs::read(path).unwrap(), &cuts)?;
    }

    #[test]
    fn any_order_of_looks_at_events_gives_the_same_end(v1 in any::<bool>(), seen in prop::collection::vec((0_usize..20, 0_usize..400), 0..10)) {
        let (_gone, item) = folder();
        let events = item.join(EVENTS);
        fs::create_dir(&events).unwrap();
        let from = files(&fixture(if v1 { "openhands/v1/events" } else { "openhands/v0" }), |_| true);
        let mut reading = Reading::new();
        for (at, cut) in seen {
            // events come in any order, and some are met half-written
            let path = &from[at % from.len()];
            let bytes = fs::read(path).unwrap();
            fs::write(events.join(path.file_name().unwrap()), &bytes[..cut.min(bytes.len())]).unwrap();
            reading.look(&item).unwrap();
            fs::write(events.join(path.file_name().unwrap()), &bytes).unwrap();
        }
        for path in &from {
            fs::copy(path, events.join(path.file_name().unwrap())).unwrap();
        }
        reading.look(&item).unwrap();
        let mut once = Reading::new();
        once.look(&item).unwrap();
        prop_assert_eq!(told(&reading), told(&once));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..3) {
        let (_gone, item) = folder();
        let framed = [b"{\"type\":\"assistant\",\"message\":".as_slice(), &bytes, b"}\n", &bytes].concat();
        match which {
            0 => fs::write(item.join(STREAM), framed).unwrap(),
            1 => fs::write(item.join(ROLLOUT), framed).unwrap(),
            _ => {
                fs::create_dir(item.join(EVENTS)).unwrap();
                fs::write(item.join(EVENTS).join("0.json"), framed).unwrap();
                fs::write(item.join(EVENTS).join("event-00001-x.json"), bytes).unwrap();
            }
        }
        let mut reading = Reading::new();
        reading.look(&item).unwrap();
        told(&reading);
    }

    /// Any value in the place of any field of any line.
    #[test]
    fn fields_of_any_type(which in 0_usize..3, at in 0_usize..600, kind in 0_usize..7) {
        let odd = [json!(null), json!(true), json!(-3.5), json!("x"), json!([[1, {}]]), json!({"type": {"a": 1}}), json!(u64::MAX)][kind].clone();
        let path = fixture(["claude/finished.jsonl", "codex/complete.jsonl", "codex/counts_first.jsonl"][which]);
        let mut left = at;
        let mut text = Vec::new();
        for line in fs::read_to_string(path).unwrap().lines() {
            if let Ok(mut value) = serde_json::from_str::<Value>(line) {
                crate::trae::replace(&mut value, &odd, &mut left);
                writeln!(text, "{value}").unwrap();
            }
        }
        let (_gone, item) = folder();
        fs::write(item.join(if which == 0 { STREAM } else { ROLLOUT }), text).unwrap();
        let mut reading = Reading::new();
        reading.look(&item).unwrap();
        told(&reading);
    }
}

#[test]
fn a_call_without_end_of_calls_and_messages_is_only_long() {
    let (_gone, item) = folder();
    let mut text = Vec::new();
    writeln!(text, "{}", json!({"type": "system", "subtype": "init"})).unwrap();
    for n in 0..20_000 {
        // each a subagent's of its own, and none is ever answered
        let call = json!({"type": "tool_use", "id": format!("t{n}"), "name": "Bash", "input": {}});
        let message = json!({"id": format!("m{}", n % 15_000), "content": [call]});
        writeln!(text, "{}", json!({"type": "assistant", "parent_tool_use_id": format!("p{n}"), "message": message})).unwrap();
    }
    fs::write(item.join(STREAM), &text).unwrap();
    let mut reading = Reading::new();
    reading.look(&item).unwrap();
    assert_eq!((reading.steps().len(), reading.totals().steps, reading.totals().calls), (15_000, Some(0), 20_000));
    writeln!(text, "{}", json!({"type": "result", "subtype": "success", "is_error": false, "result": "x"})).unwrap();
    fs::write(item.join(STREAM), &text).unwrap();
    assert_eq!(reading.look(&item).unwrap().unwrap().from, 0);
    assert_eq!((reading.totals().steps, reading.state()), (Some(15_000), Live::Ended(End::Accepted)));
}

#[test]
fn a_file_that_is_written_anew_starts_again() {
    let (_gone, item) = folder();
    let path = item.join(STREAM);
    let write = |name: &str| fs::write(&path, fs::read(fixture(&format!("claude/{name}.jsonl"))).unwrap()).unwrap();
    let mut reading = Reading::new();
    write("finished");
    reading.look(&item).unwrap();
    // shorter
    write("killed");
    assert_eq!(reading.look(&item).unwrap().unwrap().from, 0);
    assert_eq!(told(&reading), claude("killed"));
    // longer, with another beginning
    let other = fs::read_to_string(fixture("claude/finished.jsonl")).unwrap().replace("claude-test-4", "claude-test-5");
    fs::write(&path, other).unwrap();
    assert_eq!(reading.look(&item).unwrap().unwrap().from, 0);
    assert_eq!((reading.steps().len(), reading.model()), (4, Some("claude-test-5")));
    // another file under its name
    fs::remove_file(&path).unwrap();
    assert!(reading.look(&item).unwrap().is_none(), "what was read stays");
    assert_eq!(reading.steps().len(), 4);
    write("subagent");
    assert_eq!(reading.look(&item).unwrap().unwrap().from, 0);
    assert_eq!(told(&reading), claude("subagent"));
}

#[test]
fn events_that_go_or_come_late_are_read_again() {
    let (_gone, item) = folder();
    let events = item.join(EVENTS);
    fs::create_dir(&events).unwrap();
    let bring = |n: usize| fs::copy(fixture(&format!("openhands/v0/{n}.json")), events.join(format!("{n}.json"))).unwrap();
    let mut reading = Reading::new();
    for n in [3, 7, 8, 11] {
        bring(n);
    }
    fs::write(events.join("0-20.json"), "[]").unwrap();
    fs::write(events.join("notes.txt"), "x").unwrap();
    reading.look(&item).unwrap();
    assert_eq!((reading.steps().len(), reading.state()), (2, Live::ToolsRunning));
    // the newest is half-written: it is waited for
    fs::write(events.join("12.json"), r#"{"id":12,"#).unwrap();
    assert!(reading.look(&item).unwrap().is_none());
    bring(12);
    assert_eq!(reading.look(&item).unwrap().unwrap().from, 1);
    assert_eq!(reading.state(), Live::WaitingForModel);
    bring(9);
    bring(10);
    assert_eq!(reading.look(&item).unwrap().unwrap().from, 0);
    assert_eq!(reading.steps().iter().map(|step| step.calls.len()).collect::<Vec<_>>(), [1, 1, 1]);
    fs::remove_file(events.join("7.json")).unwrap();
    reading.look(&item).unwrap();
    assert_eq!(reading.steps().len(), 2);
}

#[test]
fn pipes_and_huge_files_are_not_read() {
    for name in [STREAM, ROLLOUT, "trajectory.json", EVENTS] {
        let (_gone, item) = folder();
        assert!(Command::new("mkfifo").arg(item.join(name)).status().unwrap().success());
        assert!(Reading::new().look(&item).unwrap().is_none(), "{name}");
    }
    let (_gone, item) = folder();
    fs::create_dir(item.join(EVENTS)).unwrap();
    assert!(Command::new("mkfifo").arg(item.join(EVENTS).join("0.json")).status().unwrap().success());
    symlink("/dev/zero", item.join(EVENTS).join("1.json")).unwrap();
    assert!(Reading::new().look(&item).unwrap().is_none());
    for name in [STREAM, ROLLOUT] {
        let (_gone, item) = folder();
        fs::copy(fixture("claude/finished.jsonl"), item.join(name)).unwrap();
        let mut reading = Reading::new();
        reading.look(&item).unwrap();
        let before = told(&reading);
        // it became huge while it was read: what was counted stands
        fs::File::options().append(true).open(item.join(name)).unwrap().set_len(300 << 20).unwrap();
        assert!(reading.look(&item).unwrap().is_none());
        assert_eq!(told(&reading), before);
    }
}

#[test]
fn a_source_once_read_is_not_changed_for_another() {
    let (_gone, item) = folder();
    let mut reading = Reading::new();
    // an empty file and a link to nothing are none yet
    fs::write(item.join(STREAM), "").unwrap();
    symlink("/nowhere/rollout.jsonl", item.join(ROLLOUT)).unwrap();
    assert!(reading.look(&item).unwrap().is_none());
    fs::copy(fixture("trae/accepted.json"), item.join("trajectory.json")).unwrap();
    assert!(reading.look(&item).unwrap().is_some());
    let before = told(&reading);
    fs::copy(fixture("claude/killed.jsonl"), item.join(STREAM)).unwrap();
    assert!(reading.look(&item).unwrap().is_none());
    assert_eq!((told(&reading), reading.max_steps()), (before, Some(50)));
}

#[test]
fn folders_to_watch_are_the_real_ones() {
    let (_gone, item) = folder();
    let (_other, elsewhere) = folder();
    let elsewhere = elsewhere.canonicalize().unwrap();
    fs::create_dir_all(elsewhere.join("s/events")).unwrap();
    symlink(elsewhere.join("day/rollout-1.jsonl"), item.join(ROLLOUT)).unwrap();
    symlink(elsewhere.join("s/events"), item.join(EVENTS)).unwrap();
    fs::write(item.join(STREAM), "").unwrap();
    assert_eq!(folders(&item), [item.clone(), elsewhere.join("day"), elsewhere.join("s/events")]);
}

#[test]
fn the_rollout_of_a_worktree_is_found_by_its_first_line() {
    let (_gone, root) = folder();
    let (home, tree) = (root.join("codex"), root.join("tree"));
    fs::create_dir(&tree).unwrap();
    let since = SystemTime::now() - Duration::from_mins(1);
    assert_eq!(find_rollout(&home, &tree, since), None);
    let day = |days: i64| {
        let at = jiff::Timestamp::try_from(SystemTime::now()).unwrap() - jiff::SignedDuration::from_hours(24 * days);
        let day = home.join("sessions").join(at.strftime("%Y/%m/%d").to_string());
        fs::create_dir_all(&day).unwrap();
        day
    };
    let session = |cwd: &Path, source: Value| json!({"timestamp": "x", "type": "session_meta", "payload": {"cwd": cwd, "source": source}});
    let write = |days: i64, name: &str, first: &str| {
        let path = day(days).join(name);
        fs::write(&path, first).unwrap();
        path
    };
    // another folder, a subagent, a torn line, a name that is none, no JSON, and one of last month
    write(0, "rollout-2026-05-a.jsonl", &format!("{}\n", session(&root, json!("exec"))));
    write(0, "rollout-2026-05-b.jsonl", &format!("{}\n", session(&tree, json!({"subagent": "review"}))));
    write(0, "rollout-2026-05-c.jsonl", r#"{"type":"session_meta","payload":{"cwd":"#);
    write(0, "other.jsonl", &format!("{}\n", session(&tree, json!("exec"))));
    write(0, "rollout-2026-05-d.jsonl", "\u{0}\u{1}\n");
    write(30, "rollout-2026-04-e.jsonl", &format!("{}\n", session(&tree, json!("exec"))));
    assert!(Command::new("mkfifo").arg(day(0).join("rollout-2026-05-f.jsonl")).status().unwrap().success());
    assert_eq!(find_rollout(&home, &tree, SystemTime::UNIX_EPOCH), None);
    // through a link to the worktree, in the folder of the day before; and a newer one
    symlink(&tree, root.join("link")).unwrap();
    let first = write(1, "rollout-2026-05-10.jsonl", &format!("{}\n{{}}\n", session(&root.join("link"), json!("exec"))));
    assert_eq!(find_rollout(&home, &tree, since), Some(first.clone()));
    let second = write(0, "rollout-2026-05-11.jsonl", &format!("{}\n", session(&tree, json!("exec"))));
    assert_eq!(find_rollout(&home, &root.join("link"), since), Some(second.clone()));
    // what was last written before the agent began is not its own
    let old = since - Duration::from_mins(10);
    fs::File::options().write(true).open(&second).unwrap().set_modified(old).unwrap();
    assert_eq!(find_rollout(&home, &tree, since), Some(first));
}

#[test]
fn the_events_of_the_newest_session_are_found() {
    let (_gone, store) = folder();
    assert_eq!(find_events(&store), None);
    for (at, session) in ["sessions/a", "users/u/conversations/b", "conversations/c"].into_iter().enumerate() {
        let events = store.join(session).join("events");
        fs::create_dir_all(&events).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + at as u64);
        fs::File::open(&events).unwrap().set_modified(time).unwrap();
        assert_eq!(find_events(&store), Some(events));
    }
}

#[test]
fn the_screen_tells_a_step_again_without_taking_it_for_a_repeated_one() {
    let (_gone, item) = folder();
    let mut trail = TrailFile::new(AttemptId { item: ItemId("x-0001".to_owned()), n: 1 });
    let masker = Masker::new(Vec::<(String, String)>::new(), Vec::new());
    let bytes = fs::read(fixture("codex/complete.jsonl")).unwrap();
    let mut shown = Vec::new();
    let mut file = fs::File::create(item.join(ROLLOUT)).unwrap();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        file.write_all(line).unwrap();
        if let Some(news) = trail.read_on(&item, &masker).unwrap() {
            shown.truncate(news.from);
            shown.extend(news.steps);
        }
    }
    assert_eq!(shown.len(), 3);
    assert!(shown.iter().all(|step| step.kind != Kind::Seen), "{shown:#?}");
    assert_eq!(shown.iter().map(|step| step.tokens).collect::<Vec<_>>(), [1060, 1260, 1370]);
}
