//! A folder of results that grows, arm by arm, and what its runner prints.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};

use isobench_tui::domain::{ItemId, Stage};
use isobench_tui::host::clock;
use isobench_tui::import::follow::{Around, Now, Sight, ThreeWay};
use isobench_tui::model::RunState;
use isobench_tui::text::mask::Masker;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::harness_player::script;
use crate::support::folder;

pub(crate) const SHA: &str = "0123abcd00000000000000000000000000000001";

/// A checkout with an empty folder of results.
pub(crate) fn results(root: &Path) -> PathBuf {
    fs::create_dir_all(root.join("scripts/runners")).unwrap();
    let folder = root.join("archive/results/2026-01/iso_bench_results_3way_codex_cli/results");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// One arm's result, as the runner saves it.
pub(crate) fn arm(folder: &Path, sha8: &str, arm: &str, status: &str) {
    let now = clock::now().to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let metrics = if status == "success" { json!({"ttft_mean_ms": 12.5, "output_token_throughput_tok_s": 900.0}) } else { json!({}) };
    let result = json!({
        "human_commit": sha8, "human_commit_full": SHA, "parent_commit": "f".repeat(40), "model": "m", "status": status,
        "error": if status == "success" { json!(null) } else { json!("No metrics in agent output") }, "duration_s": 3.0,
        "metrics": metrics, "raw_output": "SERVER_READY_AFTER=42s\nBENCHMARK_DONE\n", "timestamp": now,
    });
    fs::write(folder.join(format!("{sha8}_{arm}_result.json")), result.to_string()).unwrap();
}

fn look(follow: &mut ThreeWay) -> Now {
    let mut now = None;
    for _ in 0..5 {
        now = Some(follow.look(clock::now()));
    }
    now.unwrap()
}

fn stands(now: &Now) -> (&'static str, Option<Stage>, Vec<Stage>) {
    let item = now.run.item(&ItemId("0123abcd".to_owned())).unwrap();
    let over = item.last_attempt().unwrap().stages.iter().map(|record| record.stage);
    let live = item.live_stage().map(|record| record.stage);
    (item.status(), live, over.filter(|stage| Some(*stage) != live).collect())
}

const BEGIN: &str = "=== Agent Type: codex_cli ===\nLoaded perf data for 3 commits\n[1/3] Processing 0123abcd\n  Model: m\n";

#[test]
fn arms_appear_as_they_are_written_and_the_log_tells_the_one_under_way() {
    let (_gone, root) = folder();
    let folder = results(&root);
    let log = root.join("run.log");
    let mut process = script(&root, &["scripts/runners/run_3way_benchmarks.py", "--timeout", "600"]);
    let mut text = format!("{BEGIN}  --- Running HUMAN benchmark ---\n");
    fs::write(&log, &text).unwrap();
    let mut follow = ThreeWay::new(folder.clone(), Around::default(), Masker::default());
    let now = look(&mut follow);
    assert_eq!(stands(&now), ("running", Some(Stage::Human), vec![]));
    assert!(matches!(now.sight, Sight::Alive(_)), "{:?}", now.sight);
    assert_eq!((now.log.as_deref(), now.unnamed), (Some(log.as_path()), 2));
    arm(&folder, "0123abcd", "human", "success");
    text.push_str("  Saved to x\n  HUMAN SUCCESS: 900 tok/s\n  --- Running BASELINE benchmark ---\n");
    fs::write(&log, &text).unwrap();
    assert_eq!(stands(&look(&mut follow)), ("running", Some(Stage::Baseline), vec![Stage::Human]));
    // half a result is none yet
    fs::write(folder.join("0123abcd_baseline_result.json"), "{\"human_commit\": \"01").unwrap();
    assert_eq!(stands(&look(&mut follow)), ("running", Some(Stage::Baseline), vec![Stage::Human]));
    arm(&folder, "0123abcd", "baseline", "success");
    text.push_str("  BASELINE SUCCESS: 800 tok/s\n  --- Running AGENT benchmark ---\n");
    fs::write(&log, &text).unwrap();
    let now = look(&mut follow);
    assert_eq!(stands(&now), ("running", Some(Stage::Candidate), vec![Stage::Human, Stage::Baseline]));
    // it is killed in the middle of this arm
    process.kill().unwrap();
    process.wait().unwrap();
    let now = look(&mut follow);
    assert_eq!((stands(&now).0, now.run.state(false), now.unnamed), ("interrupted", RunState::Interrupted, 0));
    assert!(now.says.iter().any(|says| says.text().contains("`run_3way_benchmarks.py` (pid ")), "{:?}", now.says);
    // and what was measured is not lost
    arm(&folder, "0123abcd", "agent", "error");
    text.push_str("  AGENT FAILED: No metrics\n\nSUMMARY\nHuman benchmarks: 1/1 succeeded\n");
    fs::write(&log, &text).unwrap();
    let now = look(&mut follow);
    assert_eq!((stands(&now).0, now.run.state(false)), ("failed", RunState::Finished));
    assert_eq!(now.says, []);
}

#[test]
fn a_finished_folder_needs_neither_runner_nor_docker() {
    let (_gone, root) = folder();
    let folder = results(&root);
    for which in ["human", "baseline", "agent"] {
        arm(&folder, "0123abcd", which, "success");
    }
    let now = look(&mut ThreeWay::new(folder, Around::default(), Masker::default()));
    assert_eq!((stands(&now).0, now.run.state(false), now.says), ("done", RunState::Finished, vec![]));
}

#[test]
fn the_older_runner_is_looked_for_where_its_results_are() {
    let (_gone, root) = folder();
    fs::create_dir_all(root.join("scripts/runners")).unwrap();
    let folder = root.join("omniperf_results_3way_claude_code/vllm");
    let commit = folder.join("0123abcd");
    fs::create_dir_all(&commit).unwrap();
    let result = json!({"status": "success", "duration_s": 3.0, "commit": "0123abcd", "full_commit": SHA, "model": "m", "has_agent_patch": true,
        "baseline_metrics": {"ttft_mean": 12.5}, "human_metrics": {"ttft_mean": 11.5}, "agent_metrics": {"ttft_mean": 12.0}});
    fs::write(commit.join("benchmark_result.json"), json!({"instance": {"commit_hash": SHA}, "result": result}).to_string()).unwrap();
    let mut other = script(&root, &["scripts/runners/run_3way_benchmarks.py"]);
    let mut follow = ThreeWay::new(folder.clone(), Around::default(), Masker::default());
    let now = look(&mut follow);
    assert!(matches!(&now.sight, Sight::Absent(why) if why.starts_with("no `hero_3way_benchmark.py` works here")), "{:?}", now.sight);
    let mut process = script(&root, &["scripts/runners/hero_3way_benchmark.py", "--parallel", "2"]);
    let now = look(&mut follow);
    assert!(matches!(&now.sight, Sight::Alive(program) if program.id.pid.unsigned_abs() == process.id()), "{:?}", now.sight);
    process.kill().unwrap();
    process.wait().unwrap();
    let now = look(&mut follow);
    assert!(matches!(&now.sight, Sight::Absent(why) if why.contains("`hero_3way_benchmark.py` (pid ")), "{:?}", now.sight);
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(now.run.items.len(), 1, "its result is read");
}

#[test]
fn a_folder_that_is_moved_away_is_gone_and_what_was_known_stays() {
    let (_gone, root) = folder();
    let folder = results(&root);
    arm(&folder, "0123abcd", "human", "success");
    let mut follow = ThreeWay::new(folder.clone(), Around::default(), Masker::default());
    let before = look(&mut follow);
    assert_eq!(before.gone, None);
    let aside = root.join("aside");
    fs::rename(&folder, &aside).unwrap();
    let first = look(&mut follow);
    let now = look(&mut follow);
    assert!(now.gone.is_some() && now.gone == first.gone, "since when it was first missed");
    assert!(now.says.iter().any(|says| says.text().contains("results is gone since 20")), "{:?}", now.says);
    assert_eq!(now.run, before.run);
    fs::rename(&aside, &folder).unwrap();
    let now = look(&mut follow);
    assert!(now.gone.is_none() && now.says.iter().all(|says| !says.text().contains("gone")), "{:?}", now.says);
}
