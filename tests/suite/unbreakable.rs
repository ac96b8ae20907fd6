//! Input that is broken, huge or hostile: `open`, the detectors and what `inspect` and `detect` say of it. Never a panic,
//! never a hang, and nothing that a terminal obeys.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what went wrong by failing"
)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use isobench_tui::agent::open::{OpenError, Opened, open};
use isobench_tui::report::steps;
use isobench_tui::report::verdict::Verdict;
use isobench_tui::text::clean;
use isobench_tui::text::mask::Masker;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{BINARY, folder};

/// Our own trajectories: files, and the events of folders as the lines of one.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for agent in ["trae", "claude", "codex", "openhands", "swe_agent", "mini_swe_agent"] {
        collect(&root.join(agent), &mut found);
    }
    found.sort();
    assert!(found.len() >= 20);
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    let mut events: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, found);
        } else if name.starts_with("event-") || name.trim_end_matches(".json").parse::<u32>().is_ok() {
            events.push(path);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    if !events.is_empty() {
        events.sort();
        let lines =
            events.iter().map(|path| fs::read(path).unwrap().into_iter().map(|byte| if byte == b'\n' { b' ' } else { byte }).collect());
        found.push((folder.display().to_string(), lines.collect::<Vec<Vec<u8>>>().join(&b'\n')));
    }
}

/// Reads bytes as a trajectory, and holds what is said of it against what must always be so. How many steps there are.
fn judged(bytes: &[u8]) -> Option<usize> {
    let (_gone, folder) = folder();
    let path = folder.join("trajectory.json");
    fs::write(&path, bytes).unwrap();
    match open(&path) {
        Ok(runs) => Some(runs.iter().map(|run| told(&path, run)).sum()),
        Err(error) => {
            assert!(!matches!(error, OpenError::Io(..)), "{error}");
            assert!(error.to_string().contains("trajectory.json: "), "{error}");
            None
        }
    }
}

fn told(path: &Path, run: &Opened) -> usize {
    let mut line = Vec::new();
    steps::write(&mut line, run, &Masker::default()).unwrap();
    let verdict = Verdict::of(path, run, None, &Masker::default());
    verdict.unwrap().write(&mut line).unwrap();
    let text = String::from_utf8(line).unwrap();
    let [steps, verdict] = text.lines().collect::<Vec<_>>()[..] else { panic!("two runs, two lines: {text}") };
    assert!(clean::is_clean(steps) && clean::is_clean(verdict));
    let steps: Value = serde_json::from_str(steps).unwrap();
    serde_json::from_str::<Value>(verdict).unwrap();
    assert!(["running", "completed", "max_steps", "error", "stopped", "unknown"].contains(&steps["end"]["state"].as_str().unwrap()));
    assert!(steps["totals"]["input_tokens"] != json!(0) || steps["totals"]["output_tokens"] != json!(0), "unknown is not zero");
    steps["steps"].as_array().unwrap().len()
}

/// Runs the program, which must come back by itself.
fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    let (_gone, home) = folder();
    command.args(arguments).env("HOME", &home).env("XDG_STATE_HOME", &home).env("XDG_CONFIG_HOME", &home).current_dir(&home);
    command.stdin(Stdio::null()).output().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_trajectory_cut_off_anywhere_is_read_as_far_as_it_goes(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let all = fixtures();
        let (_, bytes) = which.get(&all);
        judged(&bytes[..at.index(bytes.len() + 1)]);
    }

    #[test]
    fn a_trajectory_with_a_wrong_byte_is_read(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let all = fixtures();
        let mut bytes = which.get(&all).1.clone();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
        }
        judged(&bytes);
    }

    #[test]
    fn lines_in_any_order_are_read(which in any::<prop::sample::Index>(), swaps in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 1..8)) {
        let all = fixtures();
        let mut lines: Vec<&[u8]> = which.get(&all).1.split(|byte| *byte == b'\n').collect();
        for (a, b) in swaps {
            let n = lines.len();
            lines.swap(a.index(n), b.index(n));
        }
        judged(&lines.join(&b'\n'));
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        judged(&bytes);
    }

    #[test]
    fn anything_in_any_field_is_read(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), value in 0..9_usize) {
        let all = fixtures();
        let text = String::from_utf8_lossy(&which.get(&all).1).into_owned();
        // some value is another one, of another type
        let colons: Vec<usize> = text.match_indices("\":").map(|(at, _)| at + 2).collect();
        if colons.is_empty() {
            return Ok(());
        }
        let at = colons[at.index(colons.len())];
        let values = ["null", "[]", "{}", "-1", "1e999", "\"\"", "true", "[[[{}]]]", "18446744073709551616"];
        let rest = &text[at..];
        let end = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
        judged(format!("{}{}{}", &text[..at], values[value], &rest[end..]).as_bytes());
    }
}

/// A value in which every text that is no keyword of a format also tries to steer a terminal.
fn hostile(value: &Value, key: &str) -> Value {
    const KEYWORDS: [&str; 34] = [
        "type",
        "subtype",
        "role",
        "kind",
        "item_type",
        "status",
        "state",
        "source",
        "action",
        "observation",
        "id",
        "call_id",
        "tool_call_id",
        "tool_use_id",
        "uuid",
        "parentUuid",
        "sessionId",
        "session_id",
        "thread_id",
        "timestamp",
        "start_time",
        "end_time",
        "message_type",
        "cause",
        "exit_status",
        "trajectory_format",
        "parent_tool_use_id",
        "message_id",
        "record_type",
        "key",
        "agent_state",
        "agentId",
        "llm_response_id",
        "action_id",
    ];
    match value {
        Value::String(text) if !KEYWORDS.contains(&key) => {
            json!(format!("{text}\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m\u{9b}2J\u{202e}\r\u{8}{}\u{1b}Pq\u{1b}\\", "\u{200b}"))
        }
        Value::Array(list) => list.iter().map(|value| hostile(value, key)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), hostile(value, name))).collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

#[test]
fn what_tries_to_steer_the_terminal_reaches_none() {
    let mut read = 0;
    for (name, bytes) in fixtures() {
        let lines: Vec<String> = match serde_json::from_slice::<Value>(&bytes) {
            Ok(whole) => vec![hostile(&whole, "").to_string()],
            Err(_) => bytes
                .split(|byte| *byte == b'\n')
                .filter_map(|line| Some(hostile(&serde_json::from_slice(line).ok()?, "").to_string()))
                .collect(),
        };
        let (_gone, folder) = folder();
        let path = folder.join("trajectory\u{1b}[31m.json");
        fs::write(&path, lines.join("\n")).unwrap();
        let path = path.to_str().unwrap();
        for arguments in
            [["inspect", path, "--format", "text"], ["inspect", path, "--format", "json"], ["detect", path, "--format", "text"]]
        {
            let output = program(&arguments);
            for said in [&output.stdout, &output.stderr] {
                let said = std::str::from_utf8(said).unwrap();
                let bad = said.lines().find(|line| !clean::is_clean(line));
                assert!(bad.is_none(), "{name} {arguments:?}: {bad:?}");
            }
            read += usize::from(output.status.success());
        }
    }
    assert!(read >= 60, "{read} were read");
}

#[test]
fn json_that_goes_very_deep_is_no_end_of_the_program() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    for n in [100, 1000, 200_000] {
        judged(deep(n).as_bytes());
        judged(format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n)).as_bytes());
        judged("[".repeat(n).as_bytes());
        let step = format!(
            r#"{{"agent_steps":[{{"step_number":1,"tool_calls":[{{"call_id":"1","name":"bash","arguments":{}}}]}}],"llm_interactions":[],"end_time":""}}"#,
            deep(n)
        );
        judged(step.as_bytes());
        let args = json!({"timestamp": "2026-01-01T00:00:00Z", "type": "response_item", "payload": {"type": "function_call", "name": "x", "call_id": "1", "arguments": deep(n)}});
        assert_eq!(judged(args.to_string().as_bytes()), Some(1));
        let line = format!(
            r#"{{"type":"assistant","message":{{"id":"m","role":"assistant","content":[{{"type":"tool_use","id":"1","name":"x","input":{}}}]}},"session_id":"s"}}"#,
            deep(n)
        );
        judged(line.as_bytes());
    }
}

#[test]
fn a_line_of_100_mb_does_not_keep_the_others_from_being_read() {
    let (_gone, folder) = folder();
    let path = folder.join("stream.jsonl");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let said = |id: &str| json!({"type": "assistant", "session_id": "s", "message": {"id": id, "role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Bash", "input": {"command": "make"}}]}});
    writeln!(file, "{}\n{}", json!({"type": "system", "subtype": "init", "session_id": "s", "model": "m"}), said("a")).unwrap();
    write!(
        file,
        r#"{{"type":"user","session_id":"s","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"a","content":""#
    )
    .unwrap();
    let block = "x".repeat(1 << 20);
    for _ in 0..100 {
        file.write_all(block.as_bytes()).unwrap();
    }
    writeln!(file, r#""}}]}}}}"#).unwrap();
    writeln!(file, "{}", said("b")).unwrap();
    file.into_inner().unwrap().sync_all().unwrap();
    let output = program(&["detect", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["steps"], &told["agent"]), (&json!(2), &json!("claude_code")));
}

#[test]
fn a_file_of_more_steps_than_are_kept_is_told_with_its_count() {
    const ALL: usize = 150_000;
    let (_gone, folder) = folder();
    let path = folder.join("rollout.jsonl");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    for n in 0..ALL {
        writeln!(file, r#"{{"type":"assistant","session_id":"s","message":{{"id":"{n}","content":[]}}}}"#).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let output = program(&["detect", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["steps"], json!(ALL));
    // the same in one document
    fs::write(&path, format!(r#"{{"task":"","end_time":"","llm_interactions":[],"agent_steps":[{}]}}"#, vec!["{}"; ALL].join(",")))
        .unwrap();
    let output = program(&["inspect", path.to_str().unwrap(), "--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["totals"]["steps"], json!(ALL));
}
