//! `inspect PATH` on a terminal: an item of somebody else's is searched, jumped through and read, file by file.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::pty::Pty;
use crate::support::{BINARY, wait_until};

/// A step of TRAE: what it says, its calls as name, arguments, success and answer, and what the harness said to it before.
fn step(n: u32, thought: &str, calls: &[(&str, Value, bool, &str)], said: Option<&str>) -> Value {
    let id = |at: usize| format!("call_{n}_{at}");
    let asked = calls.iter().enumerate().map(|(at, (name, args, ..))| json!({"call_id": id(at), "name": name, "arguments": args}));
    let asked: Vec<Value> = asked.collect();
    let answer = |at: usize, name: &str, ok: bool, text: &str| json!({"call_id": id(at), "name": name, "success": ok, "result": if ok { text } else { "" }, "error": if ok { "" } else { text }});
    let answers: Vec<Value> = calls.iter().enumerate().map(|(at, (name, _, ok, text))| answer(at, name, *ok, text)).collect();
    let messages: Vec<Value> = said.iter().map(|said| json!({"role": "user", "content": said})).collect();
    json!({
        "step_number": n, "timestamp": format!("2026-03-04T10:00:{:02}.0", n), "state": "completed", "llm_messages": messages,
        "llm_response": {"content": thought, "model": "stub-1", "finish_reason": "tool_use",
            "usage": {"input_tokens": 1000 + n, "output_tokens": 40}, "tool_calls": asked},
        "tool_calls": asked, "tool_results": answers, "reflection": null, "error": null,
    })
}

/// A call that the harness did not answer.
fn unanswered(mut step: Value) -> Value {
    for name in ["tool_calls", "tool_results"] {
        step.as_object_mut().unwrap().insert(name.to_owned(), Value::Null);
    }
    step
}

/// Nine steps: a long answer with a word in its middle, edits that work and fail, a finish that is refused.
fn trajectory() -> String {
    let edit = |text: &str| json!({"command": "str_replace", "path": "/w/engine/match.py", "old_str": "x = 1", "new_str": text});
    let tool = "str_replace_based_edit_tool";
    let long: String = (1..=900).map(|n| if n == 450 { "450 a needle in the hay\n".to_owned() } else { format!("{n} hay\n") }).collect();
    let empty = "ERROR! Your Patch is empty. Please provide a patch that fixes the problem.";
    let steps = [
        step(1, "Look around.", &[("bash", json!({"command": "grep -rn scan engine"}), true, "engine/match.py:1: x = 1")], None),
        step(2, "Read all of it.", &[("bash", json!({"command": "cat engine/hay.txt"}), true, &long)], None),
        step(3, "The Needle is here.\nIt goes.", &[(tool, edit("x = needle"), true, "The file has been edited")], None),
        step(4, "Once more.", &[(tool, edit("x = 3"), false, "No match found for x = 1")], None),
        step(5, "Measure.", &[("bash", json!({"command": "python bench.py"}), false, "ModuleNotFoundError: No module named 'vllm'")], None),
        unanswered(step(6, "That is all.", &[("task_done", json!({}), true, "")], Some(empty))),
        step(7, "It was empty.", &[("bash", json!({"command": "git status"}), true, "nothing to commit")], None),
        step(8, "Edit again.", &[(tool, edit("x = 4"), true, "The file has been edited")], None),
        step(9, "Done.", &[("task_done", json!({}), true, "done")], None),
    ];
    json!({
        "task": "Make it faster.", "start_time": "2026-03-04T10:00:00", "end_time": "2026-03-04T10:01:30", "provider": "anthropic",
        "model": "stub-1", "max_steps": 50, "llm_interactions": [], "agent_steps": steps, "success": true, "final_result": "Done.",
        "execution_time": 90.0,
    })
    .to_string()
}

const PATCH: &str = "diff --git a/engine/match.py b/engine/match.py\nindex 1..2 100644\n--- a/engine/match.py\n+++ b/engine/match.py\n@@ -1 +1 @@\n-x = 1\n+x = needle\n";

/// An item's folder, as the harness leaves it.
struct Item {
    _root: tempfile::TempDir,
    path: PathBuf,
}

impl Item {
    fn new() -> Self {
        let item = Self::without_steps();
        fs::write(item.path.join("trajectory.json"), trajectory()).unwrap();
        item
    }

    fn without_steps() -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("vllm_core-0007");
        fs::create_dir(&path).unwrap();
        let task =
            "I've uploaded a repository to a folder whose name is long enough that this line goes beyond eighty columns of any screen.\n";
        let task: String = [task].into_iter().map(str::to_owned).chain((1..=60).map(|n| format!("guideline {n}\n"))).collect();
        let journal = json!({
            "task_id": "vllm_core", "commits": {"pre": "aaaaaaaa1", "human": "bbbbbbbb2"}, "status": "success",
            "run_metadata": {"repo": "vllm", "agent": "trae", "model": "stub-1", "run_timestamp": "2026-03-04_10-00-00"},
            "note": "first the needle,\nthen the hay", "metrics": {"commit_count": 0},
        });
        let targets = json!({"changed": ["engine/match.py"], "allowed": ["engine/match.py"], "disallowed": [], "ok": true});
        let files = [
            ("task.txt", task),
            ("journal.json", journal.to_string()),
            ("model_patch.diff", PATCH.to_owned()),
            ("trae_stdout.txt", "starting\nno Needle yet\nneedle, needle\n".to_owned()),
            ("diff_targets.json", targets.to_string()),
            ("run_summary.json", json!({"schema_version": "1.0", "agent": {"status": "success"}}).to_string()),
        ];
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self { _root: root, path }
    }

    fn open(&self, cols: u16, rows: u16) -> Pty {
        open(&self.path, cols, rows)
    }
}

fn command(path: &Path) -> Command {
    let home = path.parent().unwrap().join("home");
    let mut command = Command::new(BINARY);
    command.arg("inspect").arg(path).env("HOME", &home).env("XDG_STATE_HOME", &home).env("XDG_CONFIG_HOME", &home).env("TZ", "UTC");
    command
}

fn open(path: &Path, cols: u16, rows: u16) -> Pty {
    let mut pty = Pty::spawn(&command(path), cols, rows);
    pty.wait_for("q quit");
    pty
}

fn leave(mut pty: Pty) {
    pty.press("q");
    assert_eq!(pty.wait_code(), 0, "{}", pty.text());
}

/// The frame without its first line, which tells a folder of this machine.
fn frame(pty: &Pty) -> String {
    pty.text().lines().skip(1).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn keep(name: &str, then: &[(&str, &str)]) {
    let item = Item::new();
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut pty = item.open(cols, rows);
        pty.wait_for("1 of 9");
        // what is found, and which files there are, comes a moment later
        pty.wait_for("[ ] finding (2)");
        pty.wait_until("the files", |screen| cols < 120 || screen.contains("o beside"));
        for (keys, wanted) in then {
            pty.press(keys);
            pty.wait_for(wanted);
        }
        pty.wait_gone(" 0 %  0 B");
        // a frame is whole once nothing more is drawn
        while pty.pump(Duration::from_millis(250)) > 0 {}
        insta::assert_snapshot!(format!("inspector_{name}_{cols}x{rows}"), frame(&pty));
        leave(pty);
    }
}

#[test]
fn a_search_counts_in_steps_and_in_every_file() {
    let item = Item::new();
    let mut pty = item.open(120, 40);
    pty.press("/needle<Enter>");
    // of 900 lines the one in the middle counts, which a list of steps does not show
    pty.wait_for("match 1 of 3 in 2 steps · patch 1 · prompt 0 · journal 1 · output 2");
    pty.press("n");
    pty.wait_for("match 2 of 3 in 2 steps");
    pty.wait_for("The Needle is here.");
    pty.press("n");
    pty.wait_for("match 3 of 3 in 2 steps");
    pty.wait_for("x = needle");
    pty.press("n");
    pty.wait_for("match 1 of 3 in 2 steps, round to the first");
    pty.press("N");
    pty.wait_for("match 3 of 3 in 2 steps, round to the last");
    // on to the files: those that hold nothing are passed by
    pty.press("o");
    pty.wait_for("+x = needle");
    pty.press("o");
    pty.wait_for("\"note\": \"first the needle,");
    pty.press("o");
    pty.wait_for("no Needle yet");
    pty.press("o");
    pty.wait_for("3 of 9");
    pty.press("<Esc>");
    pty.wait_gone("match 3 of 3");
    leave(pty);
}

#[test]
fn what_is_nowhere_is_said_with_what_was_searched() {
    let item = Item::new();
    let mut pty = item.open(80, 24);
    pty.press("/nobody wrote this<Enter>");
    pty.wait_for("'nobody wrote this' is nowhere: searched 9 steps, patch, prompt, journal,");
    leave(pty);
}

#[test]
fn keys_jump_to_edits_refusals_calls_and_errors() {
    let item = Item::new();
    let mut pty = item.open(100, 30);
    pty.wait_for("1 of 9");
    for (key, wanted) in [
        (")", "3 of 9"),
        (")", "4 of 9"),
        (")", "8 of 9"),
        (")", "wrapped: the first edit"),
        ("(", "wrapped: the last edit"),
        (">", "6 of 9"),
        ("<", "this is the only refused finish"),
        (",", "5 of 9"),
        (".", "6 of 9"),
        ("e", "4 of 9"),
        ("e", "5 of 9"),
        ("E", "4 of 9"),
    ] {
        pty.press(key);
        pty.wait_for(wanted);
    }
    leave(pty);
}

#[test]
fn a_jump_that_finds_none_says_so() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("trajectory.json");
    let steps = [step(1, "Hello.", &[], None), step(2, "Bye.", &[], None)];
    let text = json!({"task": "t", "start_time": "2026-03-04T10:00:00", "agent_steps": steps, "success": true, "max_steps": 9});
    fs::write(&path, text.to_string()).unwrap();
    let mut pty = open(&path, 80, 24);
    pty.wait_for("1 of 2");
    for (key, wanted) in
        [(")", "no edit in these 2 steps"), (">", "no refused finish in these 2 steps"), (".", "no tool call in these 2 steps")]
    {
        pty.press(key);
        pty.wait_for(wanted);
    }
    // that there are no files is known a moment after the steps are: until then each of them is tried
    wait_until("nothing beside the steps", || {
        pty.press("o");
        pty.pump(Duration::from_millis(200));
        pty.text().contains("nothing stands beside these steps")
    });
    leave(pty);
}

#[test]
fn every_file_is_read_in_full_on_a_small_screen() {
    let item = Item::new();
    let mut pty = item.open(80, 24);
    pty.wait_for("1 of 9");
    pty.press("o");
    pty.wait_for("-x = 1");
    pty.press("o");
    // a long line is wrapped, and the end is reached
    pty.wait_for("columns of any screen.");
    pty.press("G");
    pty.wait_for("guideline 60");
    pty.press("o");
    pty.wait_for("  \"status\": \"success\",");
    pty.press("o");
    pty.wait_for("needle, needle");
    pty.press("O");
    pty.wait_for("  \"status\": \"success\",");
    pty.press("<Esc>");
    pty.wait_for("1 of 9");
    leave(pty);
}

#[test]
fn a_file_beside_the_steps_hides_a_secret_however_json_spells_it() {
    let item = Item::new();
    let spelt = [r"sk-v\u0065ry/secret", r"sk-very\/secret", r"\u0073k-very\u002fsecret", r"sk-\u001b[1mvery\u001b[0m/secret"];
    let notes: Vec<String> = spelt.iter().map(|key| format!(r#""said\n{key}\n""#)).collect();
    let inner = r#"{\"key\":\"sk-v\\u0065ry\\/secret\"}"#;
    let journal = format!(r#"{{"status":"success","notes":[{}],"arguments":"{inner}","last":"hay"}}"#, notes.join(","));
    fs::write(item.path.join("journal.json"), journal).unwrap();
    let mut command = command(&item.path);
    command.env("MY_API_KEY", "sk-very/secret");
    let mut pty = Pty::spawn(&command, 120, 40);
    pty.wait_for("1 of 9");
    pty.press("ooo");
    pty.wait_for("\"last\": \"hay\"");
    let is_told = |text: &str| ["sk-v", "sk-\\", "ry/sec", "0073k", "very\\", "/secret", "fsecret"].iter().any(|part| text.contains(part));
    assert!(!is_told(&pty.text()) && pty.text().matches("•••").count() == 5, "{}", pty.text());
    leave(pty);
}

#[test]
fn on_a_wide_screen_a_file_stands_beside_the_steps() {
    let item = Item::new();
    let mut pty = item.open(200, 30);
    pty.wait_for("step  patch ");
    pty.press("oo");
    pty.wait_for("guideline 1");
    // the keys are the list's, then the file's, then the list's again
    pty.press("j");
    pty.wait_for("2 of 9");
    pty.press("<Tab>G");
    pty.wait_for("guideline 60");
    pty.press("hj");
    pty.wait_for("3 of 9");
    pty.press("lg");
    pty.wait_for("guideline 1");
    pty.press("<Tab>j");
    pty.wait_for("4 of 9");
    leave(pty);
}

#[test]
fn the_log_screen_has_every_file_of_the_item() {
    let item = Item::new();
    let mut pty = item.open(120, 30);
    pty.wait_for("1 of 9");
    pty.press("6");
    pty.wait_for("trae_stdout.txt");
    // of an item that went well the patch tells most
    pty.wait_for("+x = needle");
    for text in ["guideline 1", "\"task_id\": \"vllm_core\",", "\"schema_version\": \"1.0\"", "\"disallowed\": [],"] {
        pty.press("]");
        pty.wait_for(text);
    }
    assert!(!pty.text().contains("run log"), "{}", pty.text());
    leave(pty);
}

#[test]
fn one_item_is_all_there_is() {
    let item = Item::new();
    let mut pty = item.open(120, 30);
    pty.wait_for("trae · stub-1 · vllm_core · 9 steps");
    let text = pty.text();
    let first = text.lines().next().unwrap();
    assert!(first.contains("vllm_core-0007") && first.trim_end().ends_with("done"), "{text}");
    assert!(text.contains("bbbbbbbb on aaaaaaaa") && !text.contains("1 queue") && !text.contains(" of 1 "), "{text}");
    pty.press("1");
    pty.wait_for("one item is all there is; q leaves");
    pty.press("3");
    pty.wait_for("exited");
    pty.press("<Esc>");
    pty.wait_for("1 of 9");
    pty.press("3<Tab>");
    pty.wait_for("trae_stdout.txt");
    pty.press("<Tab>");
    pty.wait_for("1 of 9");
    // nothing here can be asked for
    pty.press("R");
    pty.wait_for("these are files that were opened");
    leave(pty);
}

#[test]
fn an_item_without_steps_says_why_and_which_files_it_has() {
    let item = Item::without_steps();
    let mut pty = item.open(100, 30);
    pty.wait_for("no trajectory of its agent was found");
    pty.wait_for("its files: trae_stdout.txt 38 B, model_patch.diff ");
    pty.press("o");
    pty.wait_for("+x = needle");
    pty.press("6");
    pty.wait_for("trae_stdout.txt");
    leave(pty);
}

#[test]
fn nothing_tells_of_keys_that_do_nothing_here() {
    let item = Item::new();
    let failed = json!({"task_id": "vllm_core", "status": "error", "error": "Token has expired and refresh failed", "commits": {"pre": "a", "human": "b"}});
    fs::write(item.path.join("journal.json"), failed.to_string()).unwrap();
    let mut pty = item.open(120, 40);
    pty.wait_for("1 of 9");
    let mut seen = pty.text();
    pty.press("3");
    pty.wait_for("exited");
    seen.push_str(&pty.text());
    for ours in ["--resume", "R runs", "c continues", "R tries", "r runs"] {
        assert!(!seen.contains(ours), "{ours}: {seen}");
    }
    leave(pty);
}

#[test]
fn frames_of_an_opened_item() {
    keep("steps", &[]);
}

#[test]
fn frames_of_a_search() {
    keep("search", &[("/needle<Enter>", "match 1 of 3"), ("n", "match 2 of 3 in 2 steps · patch 1 · prompt 0 · journal 1 · output 2")]);
}

#[test]
fn frames_of_a_prompt_beside_the_steps() {
    keep("prompt", &[("oo", "screen."), ("", "guideline 3")]);
}

#[test]
fn a_lone_file_in_which_there_is_nothing_yet_is_shown_once_there_is() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("agent.jsonl");
    fs::write(&path, "").unwrap();
    let mut pty = open(&path, 100, 30);
    pty.wait_for("there is nothing in it yet");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/claude_sessions/agent.jsonl"), &path).unwrap();
    pty.wait_gone("there is nothing in it yet");
    pty.wait_gone("no steps yet");
    pty.wait_for("529 overloaded");
    leave(pty);
}

#[test]
fn what_is_no_trajectory_is_not_called_finished() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("random.jsonl");
    fs::write(&path, b"\x8f\0\xd1\n[\n\xff\0\n{\n").unwrap();
    let mut pty = Pty::isobench(&["inspect", path.to_str().unwrap()], 120, 40);
    pty.wait_for("not a trajectory of any agent that we know, but no text");
    pty.wait_until("nothing is finished", |text| text.contains("no text") && !text.contains("finished"));
    pty.press("q");
    assert_eq!(pty.wait_code(), 0);
}
