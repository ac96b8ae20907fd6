//! The score of a real run, and the judge of its patches: real processes that answer, babble, hang and fail.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM, json_of, said};
use crate::support::wait_until;

/// A campaign of one item that is judged by this script: its first argument is the item's folder.
fn judged_by(script: &str) -> Campaign {
    let campaign = Campaign::good(1);
    judge(&campaign, script, "");
    campaign
}

fn judge(campaign: &Campaign, script: &str, settings: &str) {
    // a gate is named by the item, as in the other scripts
    let gate = r#"item=$ISOBENCH_ITEM
gate() { echo $$ >"$CAMPAIGN/$item.$1.new"; mv "$CAMPAIGN/$item.$1.new" "$CAMPAIGN/$item.$1"; until [ -e "$CAMPAIGN/$item.$1.go" ]; do sleep 0.02; done; }"#;
    fs::write(campaign.root.join("judge.sh"), format!("{gate}\n{script}\n")).unwrap();
    campaign.config("", "", &format!("[judge]\ncommand = [\"sh\", \"judge.sh\"]\n{settings}"));
}

const YES: &str = r#"echo '{"target": "same_target", "approach": "similar_approach", "says": "it makes the engine cheaper"}'"#;

/// The end of the score stage.
fn score(campaign: &Campaign) -> Value {
    campaign.facts_of("stage_finished").into_iter().rfind(|fact| fact["stage"] == "score").unwrap()["outcome"].clone()
}

/// What is said of the judge, where it gave no verdict; the item must be as good as without one.
fn says(campaign: &Campaign) -> String {
    let item = campaign.item(1);
    assert_eq!((&item["status"], &item["hard"]["class"]), (&json!("done"), &json!("beats")), "{item:#}");
    assert!(item["soft"].is_null() && item["quadrant"].is_null(), "{item:#}");
    assert!(!campaign.stage_dir(1, 1, "score").join("judge.json").exists());
    let why_not = item["incomparable"].as_array().unwrap().iter().map(|why| why.as_str().unwrap().to_owned());
    let said: Vec<String> = why_not.filter(|why| why.starts_with("judge: ")).collect();
    assert_eq!(said.len(), 1, "{item:#}");
    said.concat()
}

#[test]
fn a_verdict_is_kept_and_makes_a_quadrant_with_the_numbers() {
    let campaign = judged_by(&format!("test \"$1\" = \"$ISOBENCH_ITEM_DIR\" && test -s \"$1/model_patch.diff\" || exit 9; {YES}"));
    assert_eq!(campaign.headless(), Some(0));
    let item = campaign.item(1);
    assert_eq!((&item["quadrant"], &item["hard"]), (&json!("true_success"), &json!({"class": "beats", "because": null})), "{item:#}");
    let soft = json!({"target": "same_target", "approach": "similar_approach", "says": "it makes the engine cheaper", "by": "sh judge.sh"});
    assert_eq!(item["soft"], soft);
    let kept = json_of(&campaign.stage_dir(1, 1, "score").join("judge.json"));
    assert_eq!((&kept["target"], &kept["says"]), (&json!("same_target"), &json!("it makes the engine cheaper")));
    let table = said(&campaign.run(&["status"]));
    assert!(table.contains("true success"), "{table}");
    let patch = campaign.stage_dir(1, 1, "score");
    assert!(patch.join("exit.json").exists(), "it ran under a keeper");
    campaign.assert_nothing_left();
}

#[test]
fn the_judge_finds_the_item_its_commits_and_its_patch_and_no_secret_of_the_agents() {
    let script = r#"test -f "$ISOBENCH_PATCH" && git --git-dir="$ISOBENCH_GIT_DIR" cat-file -e "$ISOBENCH_HUMAN" || exit 9
printf '{"target": "related_target", "says": "key %s", "extra": {"key": "%s", "file": "%s", "words": "%s"}}' \
    "$MY_API_KEY" "$MY_API_KEY" "${OF_DOT_ENV-not there}" "$2 $3 $4""#;
    let mut campaign = judged_by(script);
    campaign.env.push(("MY_API_KEY".to_owned(), "sk-judge-0123456789".to_owned()));
    fs::write(campaign.root.join(".env"), "OF_DOT_ENV=hf_0123456789\n").unwrap();
    let words = r#"command = ["sh", "judge.sh", "{item_dir}", "{item_id}", "{patch}", "x={item_id}"]"#;
    campaign.config("", "", &format!("[judge]\n{words}"));
    assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
    let kept = json_of(&campaign.stage_dir(1, 1, "score").join("judge.json"));
    assert_eq!(kept["extra"]["file"], "not there", "what stands in .env is for agents");
    let patch = campaign.item_dir(1).join("model_patch.diff").display().to_string();
    assert_eq!(kept["extra"]["words"], format!("c-0001 {patch} x=c-0001"));
    assert!(campaign.item(1)["soft"]["says"].as_str().unwrap().starts_with("key •••"), "{:#}", campaign.item(1)["soft"]);
    for text in [kept.to_string(), campaign.status().to_string(), json!(campaign.facts()).to_string()] {
        assert!(!text.contains("0123456789"), "{text}");
    }
}

#[test]
fn a_row_of_iso_bench_s_own_is_a_verdict() {
    let row = json!({"meta": {"agent": "trae"}, "patch_quality": {
        "bottleneck_target": {"category": "different_target", "human_target": "a", "discussion": "it \u{1b}[31mcuts\u{1b}[0m elsewhere"},
        "approach_comparison": {"category": "other"}, "speedup_likelihood": {"category": "uncertain"}}});
    let campaign = judged_by("cat \"$CAMPAIGN/row.json\"");
    fs::write(campaign.root.join("row.json"), format!("{row:#}\n")).unwrap();
    assert_eq!(campaign.headless(), Some(0));
    let item = campaign.item(1);
    assert_eq!(item["quadrant"], "lucky_win", "{item:#}");
    assert_eq!((&item["soft"]["says"], &item["soft"]["approach"]), (&json!("it cuts elsewhere"), &json!("other")));
}

#[test]
fn a_judge_that_prints_rubbish_fails_nothing_and_its_place_is_told() {
    let campaign = judged_by("echo 'Let me think about it'; echo '{\"target\": \"same_target\"}'");
    assert_eq!(campaign.headless(), Some(0));
    let words = "judge: its output:1:1: 'Let me think about it' stands here, and it must be one JSON object and nothing else";
    assert_eq!(says(&campaign), words);
    let cases = [
        (
            "echo '{'; echo '\"target\": \"sam_target\"}'",
            "judge: its output:2:22: target: 'sam_target' is no target: it may be same_target",
        ),
        ("echo '{\"target\": \"same_target\", \"confidence\": 1}'", "judge: its output:1:"),
        ("true", "judge: it printed nothing: it must print one JSON object"),
        ("head -c 3000000 /dev/zero", "judge: it printed more than 1 MiB"),
        ("printf '\\377\\376'", "judge: its output:1:1: the file is not UTF-8 here"),
    ];
    for (script, wanted) in cases {
        let campaign = judged_by(script);
        assert_eq!(campaign.headless(), Some(0), "{script}");
        assert!(says(&campaign).starts_with(wanted), "{script}: {}", says(&campaign));
    }
}

#[test]
fn a_judge_that_hangs_is_killed_and_fails_nothing() {
    let campaign = Campaign::good(1);
    judge(&campaign, &format!("{YES}; sleep 1000 & wait"), "timeout_s = 1");
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(says(&campaign), "judge: did not end within 1.0 s (judge.timeout_s)");
    campaign.assert_nothing_left();
}

#[test]
fn a_judge_that_fails_or_is_not_there_fails_nothing_and_its_last_words_are_told() {
    let mut campaign = judged_by(&format!("{YES}; echo 'no key sk-judge-0123456789' >&2; exit 3"));
    campaign.env.push(("MY_API_KEY".to_owned(), "sk-judge-0123456789".to_owned()));
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(says(&campaign), "judge: exit 3: no key •••");
    let campaign = Campaign::good(1);
    campaign.config("", "", "[judge]\ncommand = [\"./no/such/judge\"]");
    assert_eq!(campaign.headless(), Some(0));
    assert!(says(&campaign).starts_with("judge: not started: "), "{}", says(&campaign));
    let row = |campaign: &Campaign| {
        let rows: Value = serde_json::from_slice(&campaign.run(&["doctor", "--format", "json"]).stdout).unwrap();
        rows["rows"].as_array().unwrap().iter().find(|row| row["about"] == "judge").unwrap().clone()
    };
    let missing = row(&campaign);
    let words = "the judge's program './no/such/judge' is not there or not executable";
    assert_eq!((&missing["check"], &missing["says"]), (&json!("warning"), &json!(words)));
    let row = row(&judged_by(YES));
    assert!(row["check"] == "ok" && row["says"].as_str().unwrap().ends_with("/sh, at most 600 s a patch"), "{row}");
}

#[test]
fn no_judge_is_asked_about_an_item_without_a_patch_and_one_without_arms_is_judged_all_the_same() {
    let campaign = judged_by("touch \"$CAMPAIGN/asked\"");
    campaign.agent("true");
    campaign.headless();
    assert_eq!(campaign.item(1)["class"], "empty_patch");
    assert!(!campaign.root.join("asked").exists());
    let campaign = judged_by(YES);
    let text = fs::read_to_string(campaign.root.join("isobench-tui.toml")).unwrap();
    let (before, after) = text.split_once("[arms]").unwrap();
    let after = after.split_once("[judge]").unwrap().1;
    fs::write(campaign.root.join("isobench-tui.toml"), format!("{before}[judge]{after}")).unwrap();
    assert_eq!(campaign.headless(), Some(0));
    let item = campaign.item(1);
    assert_eq!((&item["soft"]["target"], &item["quadrant"]), (&json!("same_target"), &Value::Null), "{item:#}");
    assert_eq!(item["hard"]["because"], "agent: was not run");
}

#[test]
fn a_patch_that_breaks_its_arm_is_judged_too() {
    let campaign = Campaign::new(1, "echo 'exit 7' >engine.sh", GOOD_ARM);
    judge(&campaign, YES, "");
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!((&item["status"], &item["quadrant"]), (&json!("failed"), &json!("good_intent")), "{item:#}");
    assert!(item["hard"]["class"].is_null() && item["hard"]["because"].as_str().unwrap().starts_with("agent: "), "{item:#}");
}

#[test]
fn a_run_that_is_killed_in_the_score_stage_goes_on_and_asks_once_more_where_the_judge_died_too() {
    for with_keeper in [false, true] {
        let campaign = judged_by(&format!("echo asked >>\"$CAMPAIGN/asked\"; gate judge; {YES}"));
        let mut runner = campaign.spawn(&["run", "--headless"]);
        campaign.at_gate(1, "judge");
        let keeper = campaign.keeper();
        runner.kill().unwrap();
        runner.wait().unwrap();
        if with_keeper {
            campaign.kill(keeper);
        }
        campaign.open(1, "judge");
        assert_eq!(campaign.resume(), Some(0));
        let item = campaign.item(1);
        assert_eq!((&item["status"], &item["quadrant"]), (&json!("done"), &json!("true_success")), "{item:#}");
        let asked = fs::read_to_string(campaign.root.join("asked")).unwrap().lines().count();
        assert_eq!(asked, if with_keeper { 2 } else { 1 });
        let human = campaign.facts_of("stage_started").into_iter().filter(|fact| fact["stage"] == "human").count();
        assert_eq!(human, 1, "what was measured is not measured again");
        campaign.assert_nothing_left();
    }
}

#[test]
fn who_stops_the_judge_keeps_the_numbers_and_who_skips_the_item_does_not() {
    for (verb, status) in [("stop", "done"), ("skip", "skipped")] {
        let campaign = judged_by("gate judge");
        let mut runner = campaign.spawn(&["run", "--headless"]);
        campaign.at_gate(1, "judge");
        campaign.ctl(&[verb]);
        wait_until("the runner to end", || runner.try_wait().unwrap().is_some());
        let item = campaign.item(1);
        assert_eq!(item["status"], status, "{item:#}");
        assert_eq!(item["hard"]["class"], "beats", "{:#}", score(&campaign));
        if verb == "stop" {
            assert!(says(&campaign).starts_with("judge: stopped: "), "{}", says(&campaign));
        }
    }
}

#[test]
fn the_shape_of_a_verdict_is_printed() {
    let campaign = Campaign::new(1, GOOD_AGENT, GOOD_ARM);
    let output = campaign.run(&["print", "judge-schema"]);
    assert_eq!(output.status.code(), Some(0));
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["anyOf"][0]["required"], json!(["target"]));
}
