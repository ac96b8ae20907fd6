//! Stuck agents, live: what the detectors find goes on record at its step, once, and a policy acts on it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isobench_tui::demo::repo::prepare;
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, json_of, said};
use crate::support::{BINARY, wait_until};

/// An agent that says a plan a step, and is reminded by its harness each time: `steps N` writes up to step N.
pub(crate) const TALKER: &str = r#"echo cost=50 >engine.sh; echo "$$" >"$CAMPAIGN/$item.pid"; steps= interactions= n=0
interaction='{"timestamp":"2026-01-01T00:00:00","provider":"p","model":"m","input_messages":[],"response":{"content":"hm","model":"m","finish_reason":"stop","usage":{"input_tokens":100,"output_tokens":10},"tool_calls":null},"tools_available":[]}'
steps() { while [ $n -lt $1 ]; do
  n=$((n+1)); [ -n "$steps" ] && steps="$steps," interactions="$interactions,"
  interactions="$interactions$interaction"
  steps="$steps{\"step_number\":$n,\"timestamp\":\"2026-01-01T00:00:00\",\"state\":\"completed\",\"llm_messages\":[{\"role\":\"user\",\"content\":\"REMINDER\"}],\"llm_response\":{\"content\":\"plan $n$n$n\",\"model\":\"m\",\"finish_reason\":\"stop\",\"usage\":{\"input_tokens\":100,\"output_tokens\":10}},\"tool_calls\":null,\"tool_results\":null,\"reflection\":null,\"error\":null}"
  printf '{"task":"t","start_time":"2026-01-01T00:00:00","end_time":"","provider":"p","model":"m","max_steps":200,"llm_interactions":[%s],"agent_steps":[%s],"success":false,"final_result":null,"execution_time":0.0}' "$interactions" "$steps" >"$dir/trajectory.new"
  mv "$dir/trajectory.new" "$dir/trajectory.json"
done; }
"#;

fn talker(items: usize, script: &str, agent: &str, tables: &str) -> Campaign {
    let reminder = "It seems that you have not completed the task.";
    let campaign = Campaign::new(items, &format!("{}{script}", TALKER.replace("REMINDER", reminder)), GOOD_ARM);
    campaign.config("", &format!("trajectory = \"{{trajectory}}\"\n{agent}"), tables);
    campaign
}

/// The findings of an item as they were told: `D3 note 1 2` is detector, level, first and last step.
fn told(campaign: &Campaign, item: &str, detector: &str) -> Vec<String> {
    let made = campaign.facts_of("finding_made").into_iter().filter(|fact| fact["item"] == item && fact["finding"]["detector"] == detector);
    made.map(|fact| {
        let finding = &fact["finding"];
        format!("{} {} {} {}", fact["id"], finding["level"].as_str().unwrap(), finding["first_step"], finding["last_step"])
    })
    .collect()
}

/// The demo's campaign of these items, without its benchmark where `measures` is false.
fn demo(items: &[usize], speed: f64, measures: bool) -> Campaign {
    let mut campaign = Campaign::good(1);
    campaign.root = campaign.root.join("demo");
    prepare(&campaign.root, Path::new(BINARY), speed).unwrap();
    fs::create_dir(campaign.root.join("home")).unwrap();
    let path = campaign.root.join("state/plan.json");
    let mut plan = json_of(&path);
    let all = plan["items"].as_array().unwrap().clone();
    plan["items"] = items.iter().map(|item| all[*item].clone()).collect();
    fs::write(path, plan.to_string()).unwrap();
    if !measures {
        let path = campaign.root.join("isobench-tui.toml");
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("[arms]").unwrap();
        fs::write(path, format!("{before}[budget]{}", rest.split_once("[budget]").unwrap().1)).unwrap();
    }
    campaign
}

/// The folder of one of the demo's items.
fn demo_item(campaign: &Campaign, item: &str) -> PathBuf {
    let mut folders = vec![campaign.root.join("state/runs")];
    while let Some(folder) = folders.pop() {
        if folder.ends_with(item) {
            return folder;
        }
        folders.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir() && !path.is_symlink()));
    }
    panic!("there is no folder of {item}")
}

#[test]
fn the_three_reported_failures_are_flagged_at_their_earliest_steps() {
    let campaign = demo(&[3, 4, 5], 1000.0, false);
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let first = |item: &str, detector: &str, level: &str| {
        let step = told(&campaign, item, detector).iter().find_map(|told| {
            let words: Vec<&str> = told.split(' ').collect();
            (words[1] == level).then(|| words[3].parse::<u32>().unwrap())
        });
        step.unwrap_or(0)
    };
    // MiniMax: one sentence, no call
    let talks = |detector| ["note", "warn", "stuck"].map(|level| first("demo_core-0003", detector, level));
    assert_eq!((talks("D3"), talks("D4")), ([2, 3, 5], [3, 5, 8]));
    assert_eq!(first("demo_core-0003", "D5", "stuck"), 6, "at the end of the first step that repeats");
    // GPT-OSS: a package in the place of a real one, a file a step
    assert_eq!(["note", "warn", "stuck"].map(|level| first("demo_core-0004", "D13", level)), [6, 7, 8]);
    // GLM: the patch does not apply in steps 6, 7, 9 and 12
    assert_eq!(first("demo_core-0005", "D11", "note"), 12);
    let churn = first("demo_core-0005", "D15", "warn");
    assert!((18..=26).contains(&churn), "about 16 steps after step 6: {churn}");
    assert_eq!(first("demo_core-0005", "D14", "warn"), 44, "40 steps after the only change");
    // the other item of the demo that goes wrong is not stuck, and nothing of ours fell over
    assert_eq!(campaign.facts_of("detection_panicked"), Vec::<Value>::new());
    let levels: Vec<Value> = campaign.status()["items"].as_array().unwrap().iter().map(|item| item["level"].clone()).collect();
    assert_eq!(levels, ["stuck"; 3]);
}

#[test]
fn healthy_items_of_the_demo_are_never_above_a_note() {
    let campaign = demo(&[0, 1, 2], 1000.0, false);
    assert_eq!(campaign.run(&["run", "--headless"]).status.code(), Some(1));
    let status = campaign.status();
    for item in status["items"].as_array().unwrap() {
        assert!(item["level"] == "none" || item["level"] == "note", "{item:#}");
    }
}

#[test]
fn stop_ends_a_stuck_agent_and_its_patch_is_benchmarked() {
    let campaign = demo(&[4], 2.0, true);
    let output = campaign.run(&["run", "--headless", "--on-stuck", "stop"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let item = &campaign.status()["items"][0];
    assert_eq!((item["status"].as_str(), item["level"].as_str()), (Some("done"), Some("stuck")), "{item:#}");
    assert!(item["verdict"].is_object(), "its patch was measured: {item:#}");
    assert!(item["steps"].as_u64().unwrap() < 60, "{item:#}");
    let failure = item["agent_failure"].as_str().unwrap();
    assert!(failure.starts_with("agent stopped: stuck: ") && failure.contains("agent.on_stuck = stop"), "{failure}");
    assert_eq!(item["agent_end"]["class"], "agent_stuck", "{item:#}");
    let stopping = campaign.facts_of("stage_stopping");
    assert_eq!((stopping.len(), &stopping[0]["by"]["rule"], &stopping[0]["class"]), (1, &json!("stuck"), &json!("agent_stuck")));
    let text = said(&campaign.run(&["status"]));
    assert!(text.contains("agent stopped: stuck: "), "{text}");
    let notes = campaign.status()["notes"].to_string();
    assert!(notes.contains("`isobench-tui ctl retry` runs it again"), "{notes}");
    let journal = json_of(&demo_item(&campaign, "demo_core-0004").join("journal.json"));
    let ours = &journal["isobench_tui"];
    assert_eq!((&ours["level"], &journal["status"]), (&json!("stuck"), &json!("error")), "{journal:#}");
    let says = ours["findings"].as_array().unwrap().iter().map(|finding| finding["says"].as_str().unwrap()).collect::<Vec<_>>().join("\n");
    assert!(says.contains("stand in"), "{says}");
    campaign.assert_nothing_left();
}

#[test]
fn skip_ends_the_item_as_well_and_keeps_the_patch() {
    let campaign = demo(&[4, 3], 4.0, true);
    let output = campaign.run(&["run", "--headless", "--on-stuck", "skip"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(campaign.statuses(), ["skipped", "skipped"]);
    let skipped = campaign.facts_of("item_skipped");
    assert!(skipped.iter().all(|fact| fact["by"]["rule"] == "stuck"), "{skipped:#?}");
    let stages: Vec<Value> = campaign.facts_of("stage_starting").into_iter().map(|fact| fact["stage"].clone()).collect();
    assert!(stages.iter().all(|stage| stage != "human" && stage != "candidate"), "{stages:?}");
    let folder = demo_item(&campaign, "demo_core-0004");
    let patch = fs::read_to_string(folder.join("model_patch.diff")).unwrap();
    assert!(patch.contains("torch"), "{patch}");
    assert!(!folder.join("journal.json").exists(), "a skipped item gets no journal: the harness does not count it");
    let found = campaign.facts_of("finding_made");
    assert!(found.iter().any(|fact| fact["item"] == "demo_core-0004" && fact["finding"]["level"] == "stuck"), "{found:#?}");
    let ends: Vec<Value> = campaign.facts_of("attempt_finished").into_iter().map(|fact| fact["status"].clone()).collect();
    assert!(ends.iter().all(|end| end == "stopped"), "{ends:?}");
    let acts = campaign.model().acts;
    assert_eq!(acts.iter().filter(|act| format!("{:?}", act.what).starts_with("StuckSkipped")).count(), 2, "{acts:#?}");
    campaign.assert_nothing_left();
    // the undoing that is told
    let retried = campaign.ctl(&["retry", "demo_core-0003", "--no-wait"]);
    assert!(retried.contains("goes on"), "{retried}");
    campaign.wait_fact("item_requeued", |fact| fact["item"] == "demo_core-0003" && fact["automatic"] == false);
    campaign.ctl(&["quit-now"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
}

#[test]
fn a_runner_that_takes_over_writes_no_finding_twice_and_ids_go_on() {
    let campaign = talker(1, "steps 3; gate on; steps 12; [ -e \"$CAMPAIGN/never\" ]; :", "", "");
    campaign.detached();
    campaign.wait_fact("finding_made", |fact| fact["finding"]["level"] == "warn");
    campaign.at_gate(1, "on");
    let before = campaign.facts_of("finding_made");
    campaign.kill(campaign.runner().unwrap());
    let output = campaign.run(&["run", "--resume", "--detach"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    campaign.wait_fact("stage_adopted", |_| true);
    // it has read the three steps again: their counts are told by a runner once
    campaign.wait_fact("agent_progressed", |fact| fact["totals"]["steps"] == 3);
    campaign.open(1, "on");
    campaign.wait_end();
    assert_eq!(
        told(&campaign, "c-0001", "D3"),
        ["0 note 1 2", "0 warn 1 3", "0 stuck 1 5", "0 stuck 1 10", "0 stuck 1 12"],
        "the last one at the end"
    );
    let words = told(&campaign, "c-0001", "D4");
    let id = words[0].split(' ').next().unwrap();
    assert_eq!(words, [format!("{id} note 1 3"), format!("{id} warn 1 5"), format!("{id} stuck 1 8"), format!("{id} stuck 1 12")]);
    let after = campaign.facts_of("finding_made");
    assert_eq!(after[..before.len()], before, "what was on record stays as it was");
    let mut seen = Vec::new();
    for fact in &after {
        assert!(!seen.contains(&fact), "written twice: {fact:#}");
        seen.push(fact);
    }
}

#[test]
fn the_policy_of_a_live_run_can_be_changed_and_acts_at_once() {
    let campaign = talker(1, "steps 6; gate on", "", "");
    campaign.detached();
    campaign.wait_fact("finding_made", |fact| fact["finding"]["level"] == "stuck");
    campaign.at_gate(1, "on");
    let status = campaign.status();
    assert_eq!((&status["live"]["level"], &status["items"][0]["level"]), (&json!("stuck"), &json!("stuck")), "{status:#}");
    let finding = &status["items"][0]["findings"][0];
    assert_eq!((&finding["detector"], &finding["cleared"]), (&json!("D3"), &Value::Null), "{finding:#}");
    let text = said(&campaign.run(&["status"]));
    assert!(text.contains("stuck: 5 answers in a row without a tool call") && text.contains("(D3)"), "{text}");
    assert_eq!(campaign.facts_of("stage_stopping"), Vec::<Value>::new(), "it is only marked by default");
    campaign.ctl_refused(&["on-stuck"], 2);
    campaign.ctl_refused(&["on-stuck", "kill"], 2);
    let says = campaign.ctl(&["on-stuck", "stop"]);
    assert!(says.contains("stopped, and its patch so far benchmarked"), "{says}");
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["agent_end"]["class"].as_str()), (Some("done"), Some("agent_stuck")), "{item:#}");
    assert_eq!(item["verdict"]["standing"], "beats", "{item:#}");
}

#[test]
fn the_policy_is_a_setting_too_and_a_wrong_word_is_refused() {
    let campaign = talker(1, "steps 6; gate on", "on_stuck = \"skip\"", "");
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(campaign.statuses(), ["skipped"]);
    let item = campaign.item(1);
    assert_eq!((item["by"].as_str(), item["agent_end"]["class"].as_str()), (Some("rule 'stuck'"), Some("agent_stuck")), "{item:#}");
    assert!(campaign.patch(1).contains("+cost=50"));
    for (arguments, says) in [
        (&["run", "--new", "--headless", "--on-stuck", "kill"][..], "write mark, stop or skip"),
        (&["demo", "--on-stuck", "kill"], "write mark, stop or skip"),
    ] {
        let output = campaign.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(says), "{}", said(&output));
    }
    campaign.config("", "on_stuck = \"stopp\"", "");
    let output = campaign.run(&["run", "--new", "--headless"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("agent.on_stuck = \"stopp\": did you mean stop? It may be mark, stop, skip"), "{}", said(&output));
}

#[test]
fn a_silent_agent_is_told_at_each_level_and_its_next_word_ends_it() {
    let campaign = talker(1, "steps 1; gate on; steps 2; gate off; sleep 0", "silence_s = 0.5", "");
    campaign.detached();
    campaign.wait_fact("finding_made", |fact| fact["finding"]["detector"] == "D17" && fact["finding"]["level"] == "stuck");
    // between two looks it may rise by more than one level
    let words = told(&campaign, "c-0001", "D17");
    assert!(words.len() <= 3 && words.iter().all(|words| words.starts_with("0 ") && words.ends_with(" 1 1")), "{words:?}");
    campaign.open(1, "on");
    let cleared = campaign.wait_fact("finding_cleared", |fact| fact["id"] == 0);
    assert_eq!(cleared["step"], Value::Null);
    campaign.open(1, "off");
    campaign.wait_end();
    let item = campaign.item(1);
    let says = item["findings"][0]["says"].as_str().unwrap();
    assert!(says.starts_with("silent for 0:0") && says.contains("agent.silence_s"), "{item:#}");
}

#[test]
fn an_agent_that_we_froze_is_not_silent() {
    let campaign = talker(1, "steps 1; gate on; steps 2", "silence_s = 3", "");
    campaign.detached();
    campaign.wait_fact("agent_progressed", |fact| fact["totals"]["steps"] == 1);
    campaign.ctl(&["freeze"]);
    let since = Instant::now();
    wait_until("more time to be over than a silence takes", || since.elapsed() > Duration::from_secs(4));
    campaign.ctl(&["thaw"]);
    campaign.open(1, "on");
    campaign.wait_end();
    assert_eq!(told(&campaign, "c-0001", "D17"), Vec::<String>::new());
}

#[test]
fn the_same_error_in_three_items_pauses_the_queue_and_is_named() {
    let agent = "[ -e \"$CAMPAIGN/fixed\" ] && { echo cost=50 >engine.sh; exit 0; }; echo \"Error code: 400 - No tool output found for function call call_x$$\" >&2; exit 1";
    let campaign = Campaign::new(5, agent, GOOD_ARM);
    campaign.detached();
    campaign.wait_state("waiting");
    assert_eq!(campaign.statuses(), ["failed", "failed", "failed", "queued", "queued"]);
    let opened = &campaign.facts_of("breaker_opened")[0];
    assert_eq!((opened["class"].as_str(), opened["items"].as_array().unwrap().len()), (Some("api_protocol"), 3), "{opened:#}");
    assert!(opened["error"].as_str().unwrap().contains("No tool output found for function call"), "{opened:#}");
    let text = said(&campaign.run(&["status"]));
    assert!(text.contains("api_protocol ended 3 items in a row (exit 1: Error code: 400 - No tool output found"), "{text}");
    fs::write(campaign.root.join("fixed"), "").unwrap();
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["failed", "failed", "failed", "done", "done"]);
    assert_eq!(campaign.facts_of("breaker_closed").len(), 1);
    // off is off
    let campaign = Campaign::new(4, agent, GOOD_ARM);
    campaign.config("", "", "[breaker]\nitems = 0");
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!((campaign.facts_of("breaker_opened").len(), campaign.statuses()), (0, vec!["failed".to_owned(); 4]));
}

#[test]
fn an_agent_that_ended_at_once_raises_an_alarm_and_one_at_work_does_not() {
    let campaign = Campaign::new(1, "exit 0", GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    let alarms = &campaign.item(1)["alarms"];
    assert_eq!((alarms.as_array().unwrap().len(), &alarms[0]["detector"]), (1, &json!("D18")), "{alarms:#}");
    assert!(alarms[0]["says"].as_str().unwrap().contains("did nothing"), "{alarms:#}");
    // one that left a patch did something, in however little time
    let campaign = Campaign::new(1, "echo cost=50 >engine.sh", GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(campaign.item(1)["alarms"], json!([]));
    let campaign = talker(1, "steps 6", "", "");
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(campaign.item(1)["alarms"], json!([]));
}

#[test]
fn no_secret_and_no_escape_sequence_gets_on_record() {
    let mut campaign = talker(1, "steps 9", "", "");
    let agent = fs::read_to_string(campaign.root.join("agent.sh")).unwrap();
    let hostile = "use sk-very-secret-value-0123 \\\\u001b]0;title\\\\u0007\\\\u001b[2J now";
    fs::write(campaign.root.join("agent.sh"), agent.replace("It seems that you have not completed the task.", hostile)).unwrap();
    campaign.env.push(("OTHER_API_KEY".to_owned(), "sk-very-secret-value-0123".to_owned()));
    assert_eq!(campaign.headless(), Some(0));
    let says = campaign.facts_of("finding_made").into_iter().map(|fact| fact["finding"].to_string()).collect::<String>();
    assert!(says.contains("use •••") && !says.contains("sk-very"), "{says}");
    assert!(!says.contains("\\u001b") && !says.contains("title"), "{says}");
    let journal = fs::read_to_string(campaign.item_dir(1).join("journal.json")).unwrap();
    assert!(!journal.contains("sk-very"), "{journal}");
}
