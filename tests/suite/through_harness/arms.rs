//! Arms that ISO-Bench's own `run_3way_benchmarks.py` measures: a stand-in of it with its ways.

mod numbers;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{campaign as harness, configure, outcome};
use crate::campaign::{Campaign, json_of, said};

/// A campaign whose arms are measured by the script, which knows the run's folder.
fn campaign(perf_command: &str) -> Campaign {
    let campaign = harness(1);
    tell_the_script(&campaign, "state/runs/repo/trae/default");
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

/// Adds the lines to its tables that a new run needs.
fn tell_the_script(campaign: &Campaign, folder: &str) {
    let path = campaign.root.join("scripts/runners/run_3way_benchmarks.py");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("# a new run needs a line here", &format!("\"ours\": \"{folder}\","));
    let text = text.replace("# and one here", "\"ours\": ROOT_DIR / \"archive/results/2026-01/r_ours\",");
    fs::write(path, text).unwrap();
}

fn arms(campaign: &Campaign, more: &str) {
    let arms = format!("[budget]\nagent = 3\n{more}\n[arms]\nengine = \"three_way\"\nagent_type = \"ours\"");
    configure(campaign, "", &arms);
}

/// What goes wrong with an arm.
fn fault(campaign: &Campaign, arm: &str, what: &str) {
    fs::write(campaign.root.join(format!("{arm}.arm")), what).unwrap();
}

fn result(campaign: &Campaign, arm: &str) -> PathBuf {
    campaign.root.join("archive/results/2026-01/r_ours/results").join(format!("{}_{arm}_result.json", sha8(campaign)))
}

fn older(campaign: &Campaign, arm: &str, status: &str) {
    fs::create_dir_all(result(campaign, arm).parent().unwrap()).unwrap();
    let older = json!({"human_commit": sha8(campaign), "status": status, "error": "old", "metrics": {"latency_avg_ms": 1.0},
        "raw_output": "", "timestamp": "2026-01-01 00:00:00"});
    fs::write(result(campaign, arm), older.to_string()).unwrap();
}

fn notices(campaign: &Campaign) -> String {
    outcome(campaign, 1, "score")["detail"]["why_not"].to_string()
}

fn number(end: &Value, nth: usize) -> (Option<&str>, Option<f64>, Option<&str>) {
    let metric = &end["detail"]["metrics"][nth];
    (metric["name"].as_str(), metric["value"].as_f64(), metric["unit"].as_str())
}

#[test]
fn the_three_arms_are_measured_and_their_results_kept() {
    let campaign = campaign(LATENCY);
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    for (arm, stage, cost) in [("human", "human", 99.0), ("baseline", "baseline", 100.0), ("agent", "candidate", 50.0)] {
        let end = outcome(&campaign, 1, stage);
        assert_eq!(number(&end, 0), (Some("latency_avg_ms"), Some(cost), Some("ms")), "{end:#}");
        let name = format!("{}_{arm}_result.json", sha8(&campaign));
        let kept = json_of(&campaign.stage_dir(1, 1, stage).join(name));
        assert_eq!(kept, json_of(&result(&campaign, arm)));
    }
    let rungs = item["rung"].as_str();
    assert_eq!(rungs, Some("beyond_noise"), "{item:#}");
    campaign.assert_nothing_left();
}

#[test]
fn an_older_error_does_not_stand_in_the_way_and_is_not_lost() {
    let campaign = campaign(LATENCY);
    let others = campaign.root.join("archive/results/2026-01/iso_bench_results_3way_trae_gpt5/results");
    fs::create_dir_all(&others).unwrap();
    let theirs = others.join(format!("{}_agent_result.json", sha8(&campaign)));
    fs::write(&theirs, "{}").unwrap();
    for arm in ["human", "baseline", "agent"] {
        older(&campaign, arm, if arm == "agent" { "success" } else { "error" });
    }
    assert_eq!(campaign.headless(), Some(0));
    let set_aside = campaign.stage_dir(1, 1, "candidate").join(format!("older0_{}_agent_result.json", sha8(&campaign)));
    assert_eq!(json_of(&set_aside)["error"], "old");
    assert_eq!(number(&outcome(&campaign, 1, "candidate"), 0).1, Some(50.0));
    assert_eq!(json_of(&result(&campaign, "human"))["status"], "success");
    assert!(theirs.exists(), "results of other agents stay where they are");
}

#[test]
fn good_older_results_are_taken_where_asked_for_and_said_to_be() {
    let campaign = campaign(LATENCY);
    older(&campaign, "human", "success");
    older(&campaign, "baseline", "error");
    let arms = "[budget]\nagent = 3\n[arms]\nengine = \"three_way\"\nagent_type = \"ours\"\nreuse = true";
    configure(&campaign, "", arms);
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(number(&outcome(&campaign, 1, "human"), 0).1, Some(1.0));
    assert_eq!(number(&outcome(&campaign, 1, "baseline"), 0).1, Some(100.0));
    let notices = notices(&campaign);
    assert!(notices.contains("human: taken from") && notices.contains("2026-01-01 00:00:00, on an unknown machine"), "{notices}");
    assert_eq!(campaign.item(1)["verdict"]["standing"], "worse");
}

#[test]
fn a_patch_that_the_script_looks_for_elsewhere_is_said_with_the_folder() {
    let campaign = campaign(LATENCY);
    let script = campaign.root.join("scripts/runners/run_3way_benchmarks.py");
    let text = fs::read_to_string(&script).unwrap().replace("\"state/runs/repo/trae/default\"", "\"state/runs/repo/trae/other\"");
    fs::write(&script, text).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    // before a night is spent on patches that nobody would measure
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let ours = campaign.root.join("state/runs").display().to_string();
    assert!(["blocked  arms", "AGENT_CONFIGS", &ours].iter().all(|part| said(&output).contains(part)), "{}", said(&output));
}

#[test]
fn the_scripts_own_words_become_classes() {
    for (arm, stage, what, class, words) in [
        ("agent", "candidate", "hang", "timeout", "timed out after"),
        ("baseline", "baseline", "hang", "timeout", "Timeout after"),
        ("agent", "candidate", "disk", "no_space", "no space left on device"),
        ("agent", "candidate", "crash", "arm_crashed", "Server crashed after applying patch: ImportError"),
        ("human", "human", "exit", "no_metrics", "saved no result"),
    ] {
        let campaign = campaign(LATENCY);
        arms(&campaign, "arm = 0.05");
        fault(&campaign, arm, what);
        assert_eq!(campaign.headless(), Some(1));
        let end = outcome(&campaign, 1, stage);
        assert_eq!(end["class"], class, "{end:#}");
        assert!(end["why"].as_str().unwrap().contains(words), "{end:#}");
        campaign.assert_nothing_left();
    }
}

#[test]
fn no_patch_is_a_sentence_about_the_scripts_table() {
    let campaign = campaign(LATENCY);
    fs::write(campaign.root.join("agent.no_patch"), "").unwrap();
    assert_eq!(campaign.headless(), Some(1));
    let end = outcome(&campaign, 1, "candidate");
    let why = end["why"].as_str().unwrap();
    assert!(end["class"] == "no_metrics" && why.contains("No agent patch available") && why.contains("AGENT_CONFIGS"), "{end:#}");
}

#[test]
fn another_runs_patch_is_not_taken_for_ours() {
    let campaign = campaign(LATENCY);
    let other = campaign.root.join("state/runs/repo/trae/default/2020-01-01_00-00-00/c-0001");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("model_patch.diff"), "").unwrap();
    let commits = json!({"commits": {"human": campaign.commits[1], "pre": campaign.commits[0]}});
    fs::write(other.join("run_summary.json"), commits.to_string()).unwrap();
    // whichever it finds first: both say the truth
    campaign.headless();
    let end = outcome(&campaign, 1, "candidate");
    let out = fs::read_to_string(campaign.stage_dir(1, 1, "candidate").join("out")).unwrap();
    if out.contains("2020-01-01_00-00-00/c-0001/model_patch.diff") {
        assert_eq!(end["class"], "tainted", "{end:#}");
    } else {
        assert_eq!(number(&end, 0).1, Some(50.0), "{end:#}");
    }
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
