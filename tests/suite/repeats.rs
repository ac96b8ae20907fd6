//! `arms.repeat`: arms take turns, whoever dies in between, and the medians decide.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use isobench_tui::domain::Stage;
use serde_json::Value;

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM, said};

/// One item whose arms are measured so often.
fn campaign(repeat: u32, arm: &str) -> Campaign {
    let campaign = Campaign::new(1, GOOD_AGENT, arm);
    campaign.config("", "", &format!("repeat = {repeat}"));
    campaign
}

/// The arms in the order in which they began.
fn turns(campaign: &Campaign) -> String {
    let began = campaign.facts_of("stage_starting");
    let letter = |fact: &Value| match fact["stage"].as_str()? {
        "human" => Some('h'),
        "baseline" => Some('b'),
        "candidate" => Some('a'),
        _ => None,
    };
    began.iter().filter_map(letter).collect()
}

fn score(campaign: &Campaign) -> Value {
    campaign.facts_of("stage_finished").into_iter().rfind(|fact| fact["stage"] == "score").unwrap()["outcome"]["detail"].clone()
}

#[test]
fn arms_take_turns_and_their_medians_decide() {
    // the first measurement of each arm is slow
    let campaign = campaign(3, &format!(r#"{ROUND}; [ "$n" = 0 ] && cost=$((cost * 2)); echo "latency: $cost ms""#));
    let told = campaign.run(&["run", "--headless"]);
    assert_eq!(told.status.code(), Some(0));
    assert_eq!(turns(&campaign), "hbaabhhba");
    for turn in ["human, round 1 of 3", "candidate, round 1 of 3", "candidate, round 2 of 3", "human, round 3 of 3"] {
        assert_eq!(said(&told).matches(&format!("c-0001: {turn}\n")).count(), 1, "{turn}: {}", said(&told));
    }
    let score = score(&campaign);
    let first = &score["verdicts"][0];
    assert_eq!([&first["agent"], &first["human"], &first["baseline"]].map(Value::as_f64), [Some(50.0), Some(99.0), Some(100.0)]);
    assert_eq!((first["band"]["agent"].as_u64(), first["band"]["other"].as_u64()), (Some(3), Some(3)));
    // 50 50 100: a standard deviation of 28.9 over 50
    assert!((first["band"]["pct"].as_f64().unwrap() - 115.47).abs() < 0.1, "{first:#}");
    assert_eq!(first["standing"], "similar", "less than the noise");
    let beyond = &campaign.item(1)["rungs"];
    let beyond = beyond.as_array().unwrap().iter().find(|rung| rung["rung"] == "beyond_noise").unwrap();
    assert!(beyond["answer"] == "no" && beyond["evidence"].as_str().unwrap().ends_with("±115.5 % of 3 samples each"), "{beyond:#}");
    let status = said(&campaign.run(&["status"]));
    assert!(status.contains("similar to the baseline (+50.0 %, within the noise of ±115.5 %); 3 samples each"), "{status}");
    for folder in ["human.round1", "human.round2", "human", "candidate.round2"] {
        assert!(campaign.stage_dir(1, 1, folder).join("exit.json").is_file(), "{folder}");
    }
    assert!(!campaign.stage_dir(1, 1, "human.round3").exists() && !campaign.stage_dir(1, 1, "human.older1").exists());
    campaign.assert_nothing_left();
}

#[test]
fn where_an_arm_fails_none_is_measured_again() {
    let arm = r#". ./engine.sh; [ "$cost" = 50 ] && exit 3; echo "latency: $cost ms""#;
    let campaign = campaign(3, arm);
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(turns(&campaign), "hba");
}

/// A line of an arm's script: how often this arm was begun before.
const ROUND: &str = r#". ./engine.sh; n=$(ls "$CAMPAIGN" | grep -c "^ran.$cost."); touch "$CAMPAIGN/ran.$cost.$n""#;

#[test]
fn a_round_that_fails_takes_nothing_from_the_good_ones_before_it() {
    let campaign = campaign(3, &format!(r#"{ROUND}; [ "$cost$n" = 501 ] && {{ echo boom >&2; exit 3; }}; echo "latency: $cost ms""#));
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(turns(&campaign), "hbaa", "none is measured again");
    let item = campaign.item(1);
    assert_eq!((&item["status"], &item["verdict"]["standing"]), (&Value::from("done"), &Value::from("beats")), "{item:#}");
    let lost = item["lost_rounds"].as_str().unwrap();
    assert!(lost.starts_with("agent: 1 of 3 rounds: arm_crashed: exit 3: boom"), "{lost}");
    let agent = &item["arms"]["agent"];
    assert_eq!(
        (&agent["end"], &agent["lost"]["round"], &agent["flags"][0]),
        (&"done".into(), &2.into(), &"round_failed".into()),
        "{agent:#}"
    );
    assert!(said(&campaign.run(&["status"])).contains(lost));
    let report = campaign.run(&["report", &campaign.folder().path().display().to_string(), "--format", "json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let results = report["results"].as_array().unwrap();
    let agent = results.iter().find(|result| result["arm"] == "agent").unwrap();
    assert_eq!((&agent["status"], &agent["failure"]), (&"success".into(), &Value::Null), "{agent:#}");
}

#[test]
fn a_round_that_was_killed_is_tried_again_beside_the_good_ones() {
    let campaign = campaign(2, &format!(r#"{ROUND}; [ "$cost$n" = 501 ] && kill -9 $$; echo "latency: $cost ms""#));
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(turns(&campaign), "hbaaabh");
    let item = campaign.item(1);
    assert_eq!((&item["status"], &item["lost_rounds"], &item["automatic_retries"]), (&"done".into(), &Value::Null, &1.into()), "{item:#}");
    assert_eq!(score(&campaign)["verdicts"][0]["band"]["agent"], 2);
    // the good ones of the first attempt are rounds 1, wherever their files lie
    let model = campaign.model();
    let ran = |stage| model.items[0].ran(stage).into_iter().map(|ran| (ran.attempt, ran.round)).collect::<Vec<_>>();
    assert_eq!(ran(Stage::Candidate), [(1, Some(1)), (2, None)]);
    assert_eq!([ran(Stage::Human), ran(Stage::Baseline)], [[(1, None), (2, None)], [(1, None), (2, None)]]);
    assert_eq!(item["arms"]["human"]["rounds"].as_array().unwrap().iter().map(|round| &round["round"]).collect::<Vec<_>>(), [1, 2]);
    let out = |folder: &str, n| std::fs::read_to_string(campaign.stage_dir(1, n, folder).join("out")).unwrap();
    assert_eq!((out("candidate.round1", 1), out("candidate", 2)), ("latency: 50 ms\n".to_owned(), "latency: 50 ms\n".to_owned()));
}

#[test]
fn a_retried_stage_counts_what_was_measured_before_it() {
    let arm =
        r#". ./engine.sh; [ "$cost" = 50 ] && [ ! -e "$CAMPAIGN/again" ] && touch "$CAMPAIGN/again" && exit 3; echo "latency: $cost ms""#;
    let campaign = campaign(2, arm);
    assert_eq!(campaign.headless(), Some(1));
    campaign.ctl(&["retry-stage", &campaign.id(1), "--stage", "candidate"]);
    campaign.wait_end();
    assert_eq!(campaign.item(1)["status"], "done");
    assert_eq!(turns(&campaign), "hbaaabh", "the agent's arm catches up, then they take turns");
    assert_eq!(score(&campaign)["verdicts"][0]["band"]["agent"], 2);
}

#[test]
fn a_run_killed_between_rounds_goes_on_where_it_was() {
    let whole = campaign(2, GOOD_ARM);
    assert_eq!(whole.headless(), Some(0));
    let (expected, facts) = (whole.outcome(), whole.facts());
    let seq = |kind: &str, stage: &str| {
        let found = facts.iter().find(|fact| fact["kind"] == kind && fact["data"]["stage"] == stage).unwrap();
        usize::try_from(found["seq"].as_u64().unwrap()).unwrap()
    };
    // from the first measurement to the score
    let (next, last) = (AtomicUsize::new(seq("stage_finished", "check")), seq("stage_starting", "score"));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at > last {
                        break;
                    }
                    let campaign = campaign(2, GOOD_ARM);
                    let output = campaign.command(&["run", "--headless"]).env("ISOBENCH_DIE_AFTER", at.to_string()).output().unwrap();
                    assert_eq!(output.status.signal(), Some(9), "{}", said(&output));
                    assert_eq!(campaign.resume(), Some(0), "killed after fact {at}");
                    assert_eq!(campaign.outcome(), expected, "killed after fact {at}");
                    let band = &score(&campaign)["verdicts"][0]["band"];
                    assert_eq!((&band["agent"], &band["other"]), (&Value::from(2), &Value::from(2)), "killed after fact {at}");
                    campaign.assert_nothing_left();
                }
            });
        }
    });
}
