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
    for expected in [
        "agent     trae\n",
        "\ntask      ",
        "\nsteps     5\n",
        "\ncalls     5 (",
        "\ntokens    9.1k in, 408 out\n",
        "> bash",
        "failed",
        "\nend: completed",
    ] {
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
    assert!(text.starts_with("stuck  no tool call since step 1  trajectory.json  trae, m, 15 steps, running\n"), "{text}");
    assert!(
        text.contains("\n  stuck  D3 no tool call  since step 1 (15 steps)\n         15 answers in a row without a tool call\n"),
        "{text}"
    );
    let log = String::from_utf8(run(&home, &["inspect", "trajectory.json"]).stdout).unwrap();
    assert!(log.contains("\nfound     stuck no tool call since step 1; "), "{log}");
    assert!(log.contains("stuck: D3 "), "{log}");
}

/// A run with everything that is long, that repeats, or that is not there.
fn long_run(home: &Path) {
    let words = "The scheduler looks at every sequence again, though most of them did not change since. ".repeat(6);
    let reminder = "It seems that you have not completed the task. Go on, and call a tool in every answer that you give.";
    let mut interactions = Vec::new();
    let steps: Vec<Value> = (1..=40)
        .map(|n| {
            let said = if n > 1 { json!([{"role": "user", "content": reminder}]) } else { json!([{"role": "user", "content": "t"}]) };
            let talks = n % 4 != 0;
            let calls = json!([{"call_id": format!("c{n}"), "name": "bash", "arguments": {"command": format!("ls {}", "x".repeat(n))}}]);
            let results = json!([{"call_id": format!("c{n}"), "success": n % 8 == 0, "result": "a\nb\nc\nd", "error": if n % 8 == 0 { Value::Null } else { json!("e\nf\ng\nh\ni") }}]);
            let response = json!({"content": if talks { words.as_str() } else { "" }, "model": "m", "finish_reason": "stop", "usage": {"input_tokens": 10, "output_tokens": 10}, "tool_calls": if talks { Value::Null } else { calls.clone() }});
            let at = format!("2026-01-0{}T23:59:{:02}", 1 + n / 20, n);
            interactions.push(json!({"timestamp": at, "provider": "p", "model": "m", "input_messages": said, "response": response, "tools_available": []}));
            json!({"step_number": n, "timestamp": at, "state": "completed", "llm_messages": said, "llm_response": response, "tool_calls": if talks { Value::Null } else { calls }, "tool_results": if talks { Value::Null } else { results }, "error": null})
        })
        .collect();
    let whole = json!({"task": "t", "start_time": "2026-01-01T23:59:00", "end_time": "", "model": "m", "provider": "p", "max_steps": 50, "llm_interactions": interactions, "agent_steps": steps});
    fs::write(home.join("trajectory.json"), whole.to_string()).unwrap();
}

#[test]
fn no_line_is_wider_than_its_terminal_and_nothing_is_said_twice() {
    let (_gone, home) = folder();
    long_run(&home);
    for columns in ["60", "80", "120"] {
        for verb in [&["inspect", "trajectory.json"][..], &["detect", "--format", "text", "trajectory.json"]] {
            let output = command(&home, verb).env("COLUMNS", columns).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns.parse().unwrap() && text.lines().count() > 10, "{widest} of {columns}: {text}");
        }
    }
    let verdict = String::from_utf8(run(&home, &["detect", "--format", "text", "trajectory.json"]).stdout).unwrap();
    assert_eq!(verdict.matches(" D3 no tool call ").count(), 1, "{verdict}");
    assert!(verdict.contains("10 times, "), "{verdict}");
    let log = String::from_utf8(run(&home, &["inspect", "trajectory.json"]).stdout).unwrap();
    assert!(log.contains("harness: (the same as in step ") && log.matches("harness: It seems that you").count() == 1, "{log}");
    assert!(log.contains("\n2026-01-02\n") && log.contains("\n23:59:20 20 "), "{log}");
    assert!(log.contains("1 more line\n") && !log.contains("1 more lines"), "{log}");
    // a call without a thought stands behind the number of its step
    let row = log.lines().find(|line| line.starts_with("23:59:04  4 ")).unwrap();
    assert!(row.ends_with("> bash  ls xxxx"), "{row}");
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
