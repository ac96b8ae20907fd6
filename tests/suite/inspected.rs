//! `inspect` and `detect`, by the real program: what they print, in which order, and how they end.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{BINARY, folder};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).env("HOME", home).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home).env("TZ", "UTC");
    command.current_dir(home).stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn said(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A finished run of TRAE with this error in its last step, begun in this minute.
fn failed(error: &str, minute: u32) -> String {
    let step = |n: u32, error: Option<&str>| json!({"step_number": n, "timestamp": format!("2026-01-01T10:{minute:02}:{:02}", 10 + n), "state": "completed", "llm_response": null, "error": error});
    json!({
        "task": "t", "start_time": format!("2026-01-01T10:{minute:02}:00"), "end_time": format!("2026-01-01T10:{minute:02}:59"),
        "provider": "p", "model": "m", "max_steps": 9, "llm_interactions": [],
        "agent_steps": [step(1, None), step(2, None), step(3, Some(error))], "success": false, "final_result": null, "execution_time": 59.0,
    })
    .to_string()
}

#[test]
fn a_run_is_one_line_of_json_in_which_what_is_missing_is_null() {
    let (_gone, home) = folder();
    let output = run(&home, &["inspect", fixture("trae/tool_running.json").to_str().unwrap(), "--format", "json"]);
    assert_eq!(said(&output), (0, String::new()));
    let told = lines(&output);
    assert_eq!(told.len(), 1);
    let keys: Vec<&String> = told[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["agent", "format", "instance", "model", "task", "steps", "end", "totals"]);
    assert_eq!(told[0]["end"], json!({"state": "running", "reason": null}));
    let step = &told[0]["steps"][1];
    assert_eq!(
        step.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["index", "at", "thought", "calls", "usage", "finish", "error", "harness"]
    );
    assert_eq!(step["calls"][0]["result"], Value::Null);
    assert!(step["calls"][0]["args"].is_object());
    // a file without any tokens and times does not say that they are none
    let output = run(&home, &["inspect", fixture("openhands/output.jsonl").to_str().unwrap(), "--format", "json", "--instance", "a__a-4"]);
    let told = lines(&output);
    assert_eq!((told.len(), &told[0]["instance"]), (1, &json!("a__a-4")));
    assert_eq!((&told[0]["steps"][0]["usage"], &told[0]["steps"][0]["at"]), (&Value::Null, &Value::Null));
    assert_eq!((&told[0]["totals"]["input_tokens"], &told[0]["totals"]["duration_s"]), (&Value::Null, &Value::Null));
    let wrong = run(&home, &["inspect", fixture("openhands/output.jsonl").to_str().unwrap(), "--instance", "a__a-9"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).1.contains("no run of instance a__a-9"), "{:?}", said(&wrong));
}

#[test]
fn the_text_reads_like_a_log() {
    let (_gone, home) = folder();
    let output = run(&home, &["inspect", fixture("trae/accepted.json").to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in
        [": trae (trae), ", "task: ", "    1 ", "> bash", "failed", "end: completed", "5 steps; 5 calls (", "tokens: 9.1k in, 408 out"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours for a pipe");
}

#[test]
fn secrets_are_told_nowhere() {
    let (_gone, home) = folder();
    let path = home.join("trajectory.json");
    fs::write(&path, failed("refused: sk-very-secret-1", 0)).unwrap();
    for arguments in
        [&["inspect", "trajectory.json"][..], &["inspect", "trajectory.json", "--format", "json"], &["detect", "trajectory.json"]]
    {
        let output = command(&home, arguments).env("MY_API_KEY", "sk-very-secret-1").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("refused: •••") && !text.contains("sk-very"), "{arguments:?}: {text}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let (_gone, home) = folder();
    let step = json!({"step_number": 1, "state": "completed", "llm_response": {"content": "x".repeat(10_000)}});
    let steps = vec![step; 100];
    fs::write(home.join("trajectory.json"), json!({"task": "", "end_time": "", "llm_interactions": [], "agent_steps": steps}).to_string())
        .unwrap();
    for arguments in [["inspect", "trajectory.json", "--format", "text"], ["inspect", "trajectory.json", "--format", "json"]] {
        let mut child = command(&home, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 64];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(said(&output), (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn verdicts_come_in_the_order_of_the_paths_and_what_is_none_is_said() {
    let (_gone, home) = folder();
    let folder = home.join("some");
    fs::create_dir_all(folder.join("below/.hidden")).unwrap();
    for n in 0..20 {
        fs::write(folder.join(format!("{n:02}.json")), failed(&format!("error {n}"), n)).unwrap();
    }
    fs::write(folder.join("below/notes.txt"), "no trajectory").unwrap();
    fs::write(folder.join("below/.hidden/x.json"), failed("hidden", 0)).unwrap();
    let mut packed = flate2::write::GzEncoder::new(fs::File::create(folder.join("below/x.traj.gz")).unwrap(), flate2::Compression::fast());
    packed.write_all(failed("packed", 30).as_bytes()).unwrap();
    packed.finish().unwrap();
    let output = run(&home, &["detect", "some/19.json", "some", "gone.json", "some/below/notes.txt"]);
    let (code, says) = said(&output);
    assert_eq!(code, 2, "{says}");
    for expected in ["1 file skipped: no trajectories", "can't read gone.json", "some/below/notes.txt: "] {
        assert!(says.contains(expected), "{expected} in {says}");
    }
    let paths: Vec<String> = lines(&output).iter().map(|told| told["path"].as_str().unwrap().to_owned()).collect();
    let walked = (0..20).map(|n| format!("some/{n:02}.json")).chain(["some/below/x.traj.gz".to_owned()]);
    assert_eq!(paths, [vec!["some/19.json".to_owned()], walked.collect()].concat());
    let told = &lines(&output)[0];
    for key in ["path", "agent", "model", "steps", "level", "findings", "alarms", "badges"] {
        assert!(told.get(key).is_some(), "{key} in {told}");
    }
    assert_eq!(run(&home, &["detect", "some"]).status.code(), Some(0));
    assert_eq!(run(&home, &["detect", "some/below/.hidden/none"]).status.code(), Some(2));
}

#[test]
fn an_episode_is_told_with_its_evidence() {
    let (_gone, home) = folder();
    // fifteen answers without a call
    let steps: Vec<Value> = (1..=15)
        .map(|n| json!({"step_number": n, "timestamp": "2026-01-01T10:00:00", "state": "completed", "llm_response": {"content": "I need to use the tools."}}))
        .collect();
    let whole = json!({"task": "t", "end_time": "", "model": "m", "llm_interactions": [], "agent_steps": steps});
    fs::write(home.join("trajectory.json"), whole.to_string()).unwrap();
    let output = run(&home, &["detect", "trajectory.json"]);
    let told = &lines(&output)[0];
    assert_eq!(told["level"], "stuck", "{told}");
    let found = told["findings"].as_array().unwrap().iter().find(|finding| finding["detector"] == "D3").unwrap();
    assert_eq!((&found["level"], &found["first_step"]), (&json!("stuck"), &json!(1)), "{found}");
    assert!(found["evidence"][0]["step"].is_u64() && !found["says"].as_str().unwrap().is_empty(), "{found}");
    let text = String::from_utf8(run(&home, &["detect", "trajectory.json", "--format", "text"]).stdout).unwrap();
    assert!(text.starts_with("stuck  trajectory.json: trae, m, 15 steps, running\n") && text.contains(" D3 "), "{text}");
    let log = String::from_utf8(run(&home, &["inspect", "trajectory.json"]).stdout).unwrap();
    assert!(log.contains("stuck: D3 "), "{log}");
}

#[test]
fn runs_of_a_batch_that_end_alike_are_an_alarm() {
    let (_gone, home) = folder();
    for (n, item) in ["c", "a", "b"].into_iter().enumerate() {
        let folder = home.join("batch").join(item);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("trajectory.json"), failed("Token has expired", u32::try_from(n).unwrap())).unwrap();
        fs::write(folder.join("journal.json"), r#"{"status": "error"}"#).unwrap();
    }
    let output = run(&home, &["detect", "batch"]);
    let told = lines(&output);
    let alarms = |nth: usize| told[nth]["alarms"].as_array().unwrap().iter().filter(|alarm| alarm["detector"] == "D18").count();
    // `c` began first, then `a`, then `b`
    assert_eq!([alarms(0), alarms(1), alarms(2)], [1, 1, 0], "{told:?}");
    assert!(told[1]["alarms"].to_string().contains("3 runs in a row"), "{told:?}");
}

#[test]
fn a_long_list_is_told_as_it_is_read() {
    let (_gone, home) = folder();
    fs::write(home.join("trajectory.json"), failed("x", 0)).unwrap();
    let many = vec!["trajectory.json"; 300];
    let mut child = command(&home, &[&["detect"], &many[..]].concat()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["end"]["state"], "error");
    assert_eq!(lines.count(), 299);
    assert!(child.wait().unwrap().success());
}
