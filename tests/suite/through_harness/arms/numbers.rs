//! Results of the script with numbers that nobody can have measured, or with too many of them.

use std::fs;

use super::super::outcome;
use super::{LATENCY, campaign, notices, number};
use crate::campaign::Campaign;

/// A campaign whose results hold these metrics: a Python expression in which `arm` is the arm's name.
fn results_with(metrics: &str) -> Campaign {
    let campaign = campaign(LATENCY);
    let path = campaign.root.join("scripts/runners/run_3way_benchmarks.py");
    let text = fs::read_to_string(&path).unwrap();
    let told = text.replace("result.get(\"metrics\", {})", &format!("({metrics})"));
    assert_ne!(told, text);
    fs::write(path, told).unwrap();
    campaign
}

#[test]
fn a_negative_time_is_no_win() {
    let campaign = results_with("{'latency_avg_ms': -5.0 if arm == 'agent' else 5.0}");
    campaign.headless();
    let end = outcome(&campaign, 1, "candidate");
    assert!(end["class"] == "no_metrics" && end["why"].as_str().unwrap().contains("no number above 0"), "{end:#}");
    assert!(campaign.item(1)["verdict"]["standing"].is_null(), "{:#}", campaign.item(1));
}

#[test]
fn no_time_between_tokens_is_a_number_and_no_win() {
    let campaign = results_with("{'tpot_mean_ms': 0.0 if arm == 'agent' else 5.0}");
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(number(&outcome(&campaign, 1, "candidate"), 0), (Some("tpot_mean_ms"), Some(0.0), Some("ms")));
    let verdict = campaign.item(1)["verdict"].clone();
    assert!(verdict["human"] == 5.0 && verdict["standing"].is_null() && verdict["against_baseline_pct"].is_null(), "{verdict:#}");
}

#[test]
fn a_result_of_another_commit_is_not_this_ones() {
    let campaign = campaign(LATENCY);
    let path = campaign.root.join("scripts/runners/run_3way_benchmarks.py");
    let text = fs::read_to_string(&path).unwrap();
    let told = text.replace("\"human_commit\": commit,", "\"human_commit\": \"ffffffff\",");
    assert_ne!(told, text);
    fs::write(path, told).unwrap();
    assert_eq!(campaign.headless(), Some(1));
    let end = outcome(&campaign, 1, "human");
    assert!(end["class"] == "tainted" && end["why"].as_str().unwrap().contains("of another commit, 'ffffffff'"), "{end:#}");
}

#[test]
fn of_a_flood_of_numbers_the_first_are_kept_and_the_rest_counted() {
    let campaign = results_with("{'latency_avg_ms': 50.0 if arm == 'agent' else 100.0} | {f'm{n}_ms': 1.0 for n in range(20_000)}");
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(campaign.item(1)["verdict"]["standing"], "beats");
    for stage in ["human", "baseline", "candidate"] {
        let detail = outcome(&campaign, 1, stage)["detail"].clone();
        assert_eq!((detail["metrics"].as_array().unwrap().len(), detail["left_out"].as_u64()), (100, Some(19_901)), "{stage}");
    }
    assert_eq!(outcome(&campaign, 1, "score")["detail"]["verdicts"].as_array().unwrap().len(), 100);
    for arm in ["human", "baseline", "agent"] {
        let words = format!("{arm}: 19901 numbers after its first 100 are left out");
        assert!(notices(&campaign).contains(&words), "{}", notices(&campaign));
    }
}
