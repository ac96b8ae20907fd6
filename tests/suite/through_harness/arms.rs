//! Arms that ISO-Bench's own `run_3way_benchmarks.py` measures: a stand-in of it with its ways.

mod numbers;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{campaign as harness, configure, item_dir, mode, outcome};
use crate::campaign::{Campaign, json_of, said};

/// A campaign whose arms are measured by the script, which stays as ISO-Bench wrote it.
fn campaign(perf_command: &str) -> Campaign {
    let campaign = harness(1);
    let line = json!({
        "commit_full": campaign.commits[1], "benchmark_mode": "standalone", "perf_command": perf_command, "model": "m",
        "parent_commit": campaign.commits[0],
    });
    let mapping = campaign.root.join("data/mappings");
    fs::create_dir_all(&mapping).unwrap();
    fs::write(mapping.join("benchmark_mode_mapping.json"), json!({sha8(&campaign): line}).to_string()).unwrap();
    arms(&campaign, "");
    campaign
}

const LATENCY: &str = "python benchmarks/benchmark_latency.py --model m";

fn sha8(campaign: &Campaign) -> String {
    isobench_tui::domain::short_sha(&campaign.commits[1]).to_owned()
}

fn arms(campaign: &Campaign, more: &str) {
    let arms = format!("[budget]\nagent = 3\n{more}\n[arms]\nengine = \"three_way\"");
    configure(campaign, "", &arms);
}

/// What goes wrong with an arm.
fn fault(campaign: &Campaign, arm: &str, what: &str) {
    fs::write(campaign.root.join(format!("{arm}.arm")), what).unwrap();
}

fn name(campaign: &Campaign, arm: &str) -> String {
    format!("{}_{arm}_result.json", sha8(campaign))
}

/// Where the newest run's result lies.
fn result(campaign: &Campaign, arm: &str) -> PathBuf {
    let run = campaign.folder().run_id().0;
    campaign.root.join("results").join(run).join("results").join(name(campaign, arm))
}

/// A result that an earlier run of the script left in a folder.
fn older(campaign: &Campaign, folder: &str, arm: &str, status: &str, at: &str, ms: f64) -> PathBuf {
    let folder = campaign.root.join(folder);
    fs::create_dir_all(&folder).unwrap();
    let older = json!({"human_commit": sha8(campaign), "status": status, "error": "old", "metrics": {"latency_avg_ms": ms},
        "raw_output": "", "timestamp": at});
    let path = folder.join(name(campaign, arm));
    fs::write(&path, older.to_string()).unwrap();
    path
}

fn notices(campaign: &Campaign) -> String {
    outcome(campaign, 1, "score")["detail"]["why_not"].to_string()
}

fn number(end: &Value, nth: usize) -> (Option<&str>, Option<f64>, Option<&str>) {
    let metric = &end["detail"]["metrics"][nth];
    (metric["name"].as_str(), metric["value"].as_f64(), metric["unit"].as_str())
}

#[test]
fn the_three_arms_are_measured_by_the_untouched_script_and_their_results_kept() {
    let campaign = campaign(LATENCY);
    let script = campaign.root.join("scripts/runners/run_3way_benchmarks.py");
    let before = fs::read(&script).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    for (arm, stage, cost) in [("human", "human", 99.0), ("baseline", "baseline", 100.0), ("agent", "candidate", 50.0)] {
        let end = outcome(&campaign, 1, stage);
        assert_eq!(number(&end, 0), (Some("latency_avg_ms"), Some(cost), Some("ms")), "{end:#}");
        let kept = json_of(&campaign.stage_dir(1, 1, stage).join(name(&campaign, arm)));
        assert_eq!(kept, json_of(&result(&campaign, arm)));
    }
    assert_eq!(item["rung"].as_str(), Some("beyond_noise"), "{item:#}");
    assert_eq!(fs::read(&script).unwrap(), before);
    assert_eq!(fs::read_dir(script.parent().unwrap()).unwrap().count(), 1, "no __pycache__ beside it");
    let out = fs::read_to_string(campaign.stage_dir(1, 1, "candidate").join("out")).unwrap();
    let patches = campaign.stage_dir(1, 1, "candidate").join("patches");
    assert!(out.contains(&format!("Applying patch: {}", patches.join("model_patch.diff").display())), "{out}");
    assert!(out.contains("=== Agent Type: isobench_tui ==="), "{out}");
    campaign.assert_nothing_left();
}

#[test]
fn an_older_attempts_result_makes_way_and_is_not_lost() {
    let campaign = campaign(LATENCY);
    let others = "archive/results/2026-01/iso_bench_results_3way_trae_gpt5/results";
    let theirs = older(&campaign, others, "agent", "success", "2026-01-01 00:00:00", 1.0);
    fault(&campaign, "agent", "crash");
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(json_of(&result(&campaign, "agent"))["status"], "error");
    fs::remove_file(campaign.root.join("agent.arm")).unwrap();
    campaign.ctl(&["retry", &campaign.id(1)]);
    campaign.wait_end();
    let set_aside = campaign.stage_dir(1, 2, "candidate").join(format!("older_{}", name(&campaign, "agent")));
    assert_eq!(json_of(&set_aside)["status"], "error");
    assert_eq!(number(&outcome(&campaign, 1, "candidate"), 0).1, Some(50.0));
    assert_eq!(json_of(&result(&campaign, "agent"))["status"], "success");
    assert!(theirs.exists(), "results of others stay where they are");
}

#[test]
fn good_older_results_are_taken_where_asked_for_and_said_to_be() {
    let campaign = campaign(LATENCY);
    let archive = "archive/results/2026-01/iso_bench_results_3way_codex/results";
    older(&campaign, archive, "human", "success", "2026-01-01 00:00:00", 7.0);
    let newer = older(&campaign, "results/an-earlier-run/results", "human", "success", "2026-01-02 00:00:00", 1.0);
    older(&campaign, "archive/results/2026-01/exports", "human", "success", "2026-01-03 00:00:00", 3.0);
    older(&campaign, archive, "baseline", "error", "2026-01-01 00:00:00", 1.0);
    older(&campaign, archive, "agent", "success", "2026-01-01 00:00:00", 1.0);
    let arms = "[budget]\nagent = 3\n[arms]\nengine = \"three_way\"\nreuse = true";
    configure(&campaign, "", arms);
    assert_eq!(campaign.headless(), Some(0));
    let costs = ["human", "baseline", "candidate"].map(|stage| number(&outcome(&campaign, 1, stage), 0).1);
    assert_eq!(costs, [Some(1.0), Some(100.0), Some(50.0)], "an error is measured again, and an agent's is never taken");
    assert_eq!(json_of(&result(&campaign, "human")), json_of(&newer));
    let notices = notices(&campaign);
    let words = format!("human: taken from {}, measured 2026-01-02 00:00:00, on an unknown machine", newer.display());
    assert!(notices.contains(&words) && !notices.contains("baseline: taken"), "{notices}");
    assert_eq!(campaign.item(1)["verdict"]["standing"], "worse");
}

#[test]
fn a_script_of_another_form_is_said_in_one_line() {
    for script in ["AGENT_CONFIGS = {}\nmain = print\n", "AGENT_CONFIGS = AGENT_OUTPUT_DIRS = {}\n"] {
        let campaign = campaign(LATENCY);
        fs::write(campaign.root.join("scripts/runners/run_3way_benchmarks.py"), script).unwrap();
        assert_eq!(campaign.headless(), Some(1));
        let end = outcome(&campaign, 1, "human");
        let why = end["why"].as_str().unwrap();
        assert!(end["class"] == "arm_crashed" && why.contains("exit 2") && why.contains("no tables AGENT_CONFIGS"), "{end:#}");
    }
}

#[test]
fn a_commit_that_the_script_does_not_know_is_said_before_the_run_and_after_it() {
    let campaign = campaign(LATENCY);
    fs::write(campaign.root.join("data/mappings/benchmark_mode_mapping.json"), "{}").unwrap();
    let refused = campaign.run(&["run", "--headless"]);
    let says = "benchmark_mode_mapping.json has no benchmark command for it; --unmeasured (arms.unmeasured) takes its patch all the same";
    assert!(refused.status.code() == Some(3) && said(&refused).contains(says), "{}", said(&refused));
    assert!(campaign.folders().is_empty(), "nothing was begun");
    let output = campaign.run(&["run", "--headless", "--unmeasured"]);
    assert!(said(&output).contains("1 of 1 item has no benchmark command"), "{}", said(&output));
    let end = outcome(&campaign, 1, "human");
    let why = end["why"].as_str().unwrap();
    assert!(end["class"] == "no_metrics" && why.contains("not found in mapping: data/mappings/"), "{end:#}");
}

#[test]
fn a_patch_that_went_in_by_force_is_not_said_to_apply() {
    let campaign = campaign(LATENCY);
    fault(&campaign, "agent", "fallback");
    assert_eq!(campaign.headless(), Some(0));
    let rungs = outcome(&campaign, 1, "score")["detail"]["rungs"].clone();
    assert!(rungs[0]["evidence"].as_str().unwrap().contains("FALLBACK") && rungs[0]["answer"] != "yes", "{rungs:#}");
}

#[test]
fn another_parent_is_said() {
    let campaign = campaign(LATENCY);
    let path = campaign.root.join("data/mappings/benchmark_mode_mapping.json");
    let text = fs::read_to_string(&path).unwrap().replace(&campaign.commits[0], &campaign.commits[1]);
    fs::write(&path, text).unwrap();
    campaign.headless();
    let words = format!("baseline: measured on {}, and the plan's parent is {}", campaign.commits[1], campaign.commits[0]);
    assert!(notices(&campaign).contains(&words), "{}", notices(&campaign));
}

#[test]
fn the_scripts_own_words_become_classes() {
    for (arm, stage, what, class, words) in [
        ("agent", "candidate", "hang", "timeout_benchmark", "timed out after"),
        ("baseline", "baseline", "hang", "timeout_benchmark", "Timeout after"),
        ("agent", "candidate", "disk", "no_space", "no space left on device"),
        ("agent", "candidate", "crash", "import_error", "Server crashed after applying patch: ImportError"),
        ("human", "human", "exit", "no_metrics", "saved no result"),
    ] {
        let campaign = campaign(LATENCY);
        arms(&campaign, "arm = 0.1");
        fault(&campaign, arm, what);
        assert_eq!(campaign.headless(), Some(1));
        let end = outcome(&campaign, 1, stage);
        assert_eq!(end["class"], class, "{end:#}");
        assert!(end["why"].as_str().unwrap().contains(words), "{end:#}");
        campaign.assert_nothing_left();
    }
}

#[test]
fn only_the_patch_that_we_took_is_measured() {
    let campaign = campaign(LATENCY);
    // an older run's patch of the same commit, and ISO-Bench's own file of this one, which is empty
    let other = campaign.root.join("state/runs/repo/trae/default/2020-01-01_00-00-00/c-0001");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("model_patch.diff"), "").unwrap();
    let commits = json!({"commits": {"human": campaign.commits[1], "pre": campaign.commits[0]}});
    fs::write(other.join("run_summary.json"), commits.to_string()).unwrap();
    mode(&campaign, 1, "no_patch");
    campaign.headless();
    assert_eq!(fs::read(item_dir(&campaign, 1).join("model_patch.diff")).unwrap(), b"");
    assert_eq!(number(&outcome(&campaign, 1, "candidate"), 0).1, Some(50.0));
    assert_eq!(campaign.item(1)["verdict"]["standing"], "beats");
}

#[test]
fn served_arms_are_not_compared_and_the_reason_is_said() {
    let campaign = campaign("python benchmarks/benchmark_serving.py --model m");
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(number(&outcome(&campaign, 1, "candidate"), 0), (Some("ttft_mean_ms"), Some(500.0), Some("ms")));
    let notices = notices(&campaign);
    let words = "human and agent were measured with different workloads by run_3way_benchmarks.py (sonnet / random)";
    assert!(notices.contains(words), "{notices}");
    let verdict = campaign.item(1)["verdict"].clone();
    assert!(verdict["standing"].is_null() && verdict["agent"] == 500.0 && verdict["human"] == 990.0, "{verdict:#}");
}

#[test]
fn requests_under_the_name_of_tokens_are_left_out() {
    let campaign = campaign("python benchmarks/benchmark_throughput.py --model m");
    campaign.headless();
    let end = outcome(&campaign, 1, "baseline");
    assert_eq!(end["class"], "no_metrics", "{end:#}");
    assert!(notices(&campaign).contains("counts requests, not tokens"), "{}", notices(&campaign));
    assert_eq!(number(&outcome(&campaign, 1, "candidate"), 0).2, Some("tok/s"));
}
