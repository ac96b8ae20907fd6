//! The benchmark's screen in a real terminal, on what a worker writes: it changes by itself, and its logs are read.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use isobench_tui::domain::{ArmPhase, ArmProgress, AttemptId, FiguresFrom, OutsidePause, ProgressRow, RunId, ServerFigures, Stage};
use isobench_tui::host::{clock, files};
use isobench_tui::ledger::RunFolder;
use jiff::SignedDuration;

use crate::pty::Pty;
use crate::screen_bench::phases;
use crate::screen_runs::{Story, id};
use crate::support::{BINARY, folder};

/// What the worker of an arm would write now.
fn progress(phase: ArmPhase, row: ProgressRow) -> ArmProgress {
    ArmProgress {
        started: clock::now() - SignedDuration::from_secs(20),
        at: clock::now(),
        phases: phases(&[(ArmPhase::Create, 2.0), (phase, 0.0)], true),
        container: None,
        image: "org/vllm-bench:8a1f".to_owned(),
        deadline: None,
        paused: None,
        outside: None,
        before: None,
        row: Some(row),
        figures: None,
        repairs: Vec::new(),
        printed: 0,
        says: None,
    }
}

fn write(stage: &Path, phase: ArmPhase, row: ProgressRow) {
    files::replace(&stage.join("progress.json"), &serde_json::to_vec(&progress(phase, row)).unwrap()).unwrap();
}

/// What `status` says.
fn status(root: &Path, run: &RunFolder, format: &str) -> String {
    let mut command = Command::new(BINARY);
    command.arg("status").arg(run.path()).args(["--format", format]).current_dir(root);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn what_a_worker_writes_is_seen_as_it_comes_and_links_in_its_folder_are_not_followed() {
    let (_gone, root) = folder();
    let run = RunFolder::of(&root, &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
    let mut story = Story::of(2);
    story.work(1, 1).start(1, 1, Stage::Human).wait(20);
    let _writer = story.write(&run, clock::now() - SignedDuration::from_secs(i64::try_from(story.now()).unwrap()));
    let manifest = format!(r#"{{"format":1,"root":{:?},"config":{{}}}}"#, root.display().to_string());
    fs::write(run.manifest(), manifest).unwrap();
    let stage = run.stage(&AttemptId { item: id(1), n: 1 }, Stage::Human);
    fs::create_dir_all(stage.join("io")).unwrap();
    fs::write(stage.join("io/server"), "INFO the server says hello\n").unwrap();
    fs::write(root.join("private"), "not-for-you\n").unwrap();
    symlink(root.join("private"), stage.join("io/out")).unwrap();
    let row = ProgressRow { done: 5, total: Some(8), ..ProgressRow::default() };
    write(&stage, ArmPhase::Weights, row);

    let mut command = Command::new(BINARY);
    command.arg("attach").arg(run.path()).current_dir(&root).env("DOCKER_HOST", "unix:///nowhere");
    command.env("XDG_STATE_HOME", root.join("home-state")).env("XDG_CONFIG_HOME", root.join("home-config"));
    let mut screen = Pty::spawn(&command, 120, 40);
    screen.wait_for("human: weights 62 %");
    screen.press("3");
    screen.wait_until("the phase, its bar, and what was printed", |text| {
        ["weights 0:", "62 %", "server  INFO the server says hello"].iter().all(|words| text.contains(words))
    });
    let figures = ServerFigures {
        at: clock::now(),
        from: FiguresFrom::Metrics,
        running: Some(58.0),
        waiting: None,
        kv_pct: Some(63.0),
        prompt_tok_s: None,
        generation_tok_s: None,
        ttft_ms: None,
        answered: None,
        preempted: None,
    };
    fs::write(stage.join("figures.jsonl"), serde_json::to_string(&figures).unwrap() + "\n").unwrap();
    let row = ProgressRow { done: 340, total: Some(1000), rate: Some(41.2), ..ProgressRow::default() };
    write(&stage, ArmPhase::Bench, row);
    screen.wait_until("what is measured, and figures", |text| {
        ["340/1000", "41.2/s", "KV cache", "63 %", "from /metrics"].iter().all(|words| text.contains(words))
    });
    let json: serde_json::Value = serde_json::from_str(&status(&root, &run, "json")).unwrap();
    assert_eq!(json["live"]["arm"]["row"]["done"], 340, "{json:#}");
    let text = status(&root, &run, "text");
    assert!(text.contains("human: bench 340/1000, 41.2/s"), "{text}");
    let outside = Some(OutsidePause { from: clock::now(), to: None, ms: 0 });
    let row = ProgressRow { done: 341, total: Some(1000), ..ProgressRow::default() };
    let paused =
        ArmProgress { container: Some("1f2e3d4c5b6a".to_owned()), paused: Some(clock::now()), outside, ..progress(ArmPhase::Bench, row) };
    files::replace(&stage.join("progress.json"), &serde_json::to_vec(&paused).unwrap()).unwrap();
    screen.wait_until("the pause, and what to do", |text| {
        text.contains("paused from outside for 0:") && text.contains("docker unpause 1f2e3d4c5b6a")
    });
    screen.press("6");
    screen.wait_until("the server's log", |text| text.contains("human server") && text.contains("the server says hello"));
    assert!(!screen.text().contains("not-for-you") && !screen.text().contains("human client"));
}
