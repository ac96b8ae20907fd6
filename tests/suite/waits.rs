//! `status`: what it says, and how it waits.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test says what went wrong by failing"
)]

use std::fs;
use std::process::{Child, Output, Stdio};

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::{is_stopped, wait_until};

const GATED: &str = "gate agent; echo cost=50 >engine.sh";

/// A run in the background whose first agent is at its gate.
fn live(items: usize) -> Campaign {
    let campaign = Campaign::new(items, GATED, GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.wait_fact("stage_started", |fact| fact["stage"] == "agent");
    campaign
}

/// A `status` that waits: it watches the run's folder already.
fn waiting(campaign: &Campaign, arguments: &[&str]) -> Child {
    let child = campaign
        .command(&[&["status", "--format", "json"], arguments].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let watches = || {
        let links = fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten().flatten();
        links.filter_map(|link| fs::read_link(link.path()).ok()).any(|to| to.to_string_lossy().contains("inotify"))
    };
    wait_until("a status that watches", watches);
    child
}

/// How it ended, and what it said on stdout and on stderr.
fn ended(child: Child) -> (Option<i32>, Value, String) {
    let output = child.wait_with_output().unwrap();
    let status = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), status, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_wait_returns_when_the_run_is_over_and_says_how_it_stands() {
    let campaign = live(1);
    let waits = [&["--wait"][..], &["--wait", "over", "--timeout", "2h"], &["--wait=finished", "last"]];
    let children = waits.map(|arguments| waiting(&campaign, arguments));
    campaign.open(1, "agent");
    for child in children {
        let (code, status, says) = ended(child);
        assert_eq!((code, &status["state"], &status["items"][0]["status"]), (Some(0), &json!("finished"), &json!("done")), "{says}");
        assert_eq!(status["runner"], Value::Null);
    }
    // over is over
    assert_eq!(campaign.run(&["status", "--wait", "--timeout", "0"]).status.code(), Some(0));
    for state in ["paused", "running"] {
        let never = campaign.run(&["status", "--wait", state]);
        assert_eq!(never.status.code(), Some(7), "{}", said(&never));
        assert!(said(&never).contains(&format!("it is finished, and will not be {state}")), "{}", said(&never));
    }
}

#[test]
fn a_wait_for_a_pause_ends_with_it_and_one_for_running_when_it_goes_on() {
    let campaign = live(1);
    let paused = waiting(&campaign, &["--wait", "paused"]);
    campaign.ctl(&["pause"]);
    assert_eq!(campaign.status()["state"], "pausing");
    campaign.open(1, "agent");
    let (code, status, says) = ended(paused);
    assert_eq!((code, &status["state"]), (Some(0), &json!("paused")), "{says}");
    assert_eq!((&status["pause"]["why"], &status["runner"]), (&json!("asked for"), &json!(campaign.runner())));
    assert!(status["pause"]["by"].as_str().unwrap().starts_with("ann@") && status["pause"]["at"].is_string(), "{status:#}");
    let running = waiting(&campaign, &["--wait", "running"]);
    campaign.ctl(&["resume"]);
    // it may be over before anybody looked: then it can't come any more
    assert!(matches!(ended(running).0, Some(0 | 7)));
    campaign.wait_end();
    let live = live(1);
    assert_eq!(live.run(&["status", "--wait", "running"]).status.code(), Some(0));
    live.open(1, "agent");
    live.wait_end();
}

#[test]
fn a_wait_for_an_item_ends_while_the_run_goes_on() {
    let campaign = live(2);
    let by_id = waiting(&campaign, &["--item", "c-0001"]);
    let by_sha = waiting(&campaign, &["--item", &campaign.commits[1][..9]]);
    campaign.open(1, "agent");
    for child in [by_id, by_sha] {
        let (code, status, says) = ended(child);
        assert_eq!((code, &status["state"], &status["items"][0]["status"]), (Some(0), &json!("running"), &json!("done")), "{says}");
    }
    let removed = waiting(&campaign, &["--item", "c-0002"]);
    let wrong = campaign.run(&["status", "--item", "c-002"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains("there is no item c-002 in this run: did you mean c-0002?"), "{}", said(&wrong));
    campaign.at_gate(2, "agent");
    campaign.ctl(&["skip"]);
    let (code, status, says) = ended(removed);
    assert_eq!((code, &status["items"][1]["status"]), (Some(0), &json!("skipped")), "{says}");
    assert!(status["items"][1]["by"].as_str().unwrap().starts_with("ann@"), "{status:#}");
    campaign.wait_end();
}

#[test]
fn an_item_taken_out_of_the_queue_is_waited_for_no_longer() {
    let campaign = live(2);
    let waits = waiting(&campaign, &["--item", "c-0002"]);
    campaign.ctl(&["remove", "c-0002"]);
    let (code, _, says) = ended(waits);
    assert_eq!(code, Some(6), "{says}");
    assert!(says.contains("c-0002 was taken out of the queue"), "{says}");
    campaign.open(1, "agent");
    campaign.wait_end();
}

#[test]
fn an_item_that_is_tried_again_is_not_over_between_its_attempts() {
    let campaign = Campaign::new(1, "gate agent; echo 'Error code: 503 - overloaded' >&2; exit 1", GOOD_ARM);
    campaign.config("", "", "[retry]\nbackoff_s = 0.01");
    campaign.detached();
    let waits = waiting(&campaign, &["--item", "c-0001"]);
    campaign.open(1, "agent");
    let (code, status, says) = ended(waits);
    let item = &status["items"][0];
    assert_eq!((code, &item["status"], &item["attempts"]), (Some(0), &json!("failed"), &json!(3)), "{says}{item:#}");
    assert_eq!((&item["automatic_retries"], item["tries"].as_array().unwrap().len()), (&json!(2), 3), "{item:#}");
    assert_eq!((&item["tries"][0]["end"]["class"], &item["tries"][0]["n"]), (&json!("api_down"), &json!(1)), "{item:#}");
}

#[test]
fn a_runner_that_is_killed_ends_the_waits_that_need_one() {
    let campaign = live(2);
    let waits = [&["--wait=finished"][..], &["--wait=paused"], &["--wait=running", "--timeout=1h"], &["--item=c-0002"], &["--wait"]];
    // running has come already: it is not waited for
    let children: Vec<Child> =
        waits.iter().filter(|arguments| arguments[0] != "--wait=running").map(|arguments| waiting(&campaign, arguments)).collect();
    campaign.kill(campaign.runner().unwrap());
    let codes: Vec<(Option<i32>, String)> = children
        .into_iter()
        .map(|child| {
            let (code, status, says) = ended(child);
            assert_eq!(status["state"], "interrupted");
            (code, says)
        })
        .collect();
    for (code, says) in &codes[..3] {
        assert_eq!(*code, Some(7), "{says}");
        assert!(says.contains("no runner") && says.contains("run --resume"), "{says}");
    }
    assert_eq!(codes[3], (Some(0), String::new()), "over: it has no runner");
    assert_eq!(campaign.run(&["status", "--wait=running"]).status.code(), Some(7));
    // its agent works on, as the screen says too
    let status = campaign.status();
    assert_eq!(status["live"]["orphan"], json!(campaign.keeper()), "{:#}", status["live"]);
    assert!(status["why"].as_str().unwrap().contains("'agent' of c-0001 works on without one"), "{}", status["why"]);
    assert!(status["why"].as_str().unwrap().contains("left without a word"), "{}", status["why"]);
    let text = || said(&campaign.run(&["status"]));
    assert!(text().contains("live: c-0001.1 agent"), "{}", text());
    campaign.kill(campaign.keeper());
    wait_until("the end of its agent", || text().contains("cut off: c-0001.1 agent") && !text().contains("live:"));
    assert_eq!(status["items"][1]["why_not"], "no runner; `isobench-tui run --resume` continues the run");
}

#[test]
fn a_wait_that_is_too_long_has_a_code_of_its_own() {
    let campaign = live(1);
    for arguments in [&["--wait", "--timeout", "0"][..], &["--wait", "paused", "--timeout", "1"], &["--item", "c-0001", "--timeout", "0s"]]
    {
        let output = campaign.run(&[&["status"], arguments].concat());
        assert_eq!(output.status.code(), Some(6), "{}", said(&output));
        assert!(said(&output).contains("within") && said(&output).contains("live: c-0001.1 agent"), "{}", said(&output));
    }
    for wrong in ["1.5h", "-1", "ten", "1h30m", ""] {
        let output = campaign.run(&["status", "--wait", &format!("--timeout={wrong}")]);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", said(&output));
        assert!(said(&output).contains("timeout"), "{}", said(&output));
    }
    let output = campaign.run(&["status", "--wait", "--timeout", "1.5h"]);
    assert!(said(&output).contains("write 90s, 30m, 2h or 1d"), "{}", said(&output));
    assert_eq!(campaign.run(&["status", "--timeout", "5"]).status.code(), Some(2), "nothing is waited for");
    assert_eq!(campaign.run(&["status", "--wait", "paused", "--item", "c-0001"]).status.code(), Some(2));
    assert_eq!(campaign.run(&["status", "--wait", "asleep"]).status.code(), Some(2));
    campaign.open(1, "agent");
    campaign.wait_end();
}

/// What it says of a run that is under way.
fn of(campaign: &Campaign, path: &str) -> Value {
    campaign.status().pointer(path).unwrap_or_else(|| panic!("{path} is not in {:#}", campaign.status())).clone()
}

#[test]
fn the_json_says_what_the_screen_says_while_a_run_is_under_way() {
    let campaign = Campaign::new(3, GATED, GOOD_ARM);
    campaign.config("hold = true", "max_steps = 7", "[budget]\nagent = 30\n[limits]\nitem_tokens = 9000");
    campaign.detached();
    let agent = campaign.at_gate(1, "agent");
    campaign.wait_fact("agent_asked", |_| true);
    campaign.wait_fact("stage_started", |fact| fact["stage"] == "agent");
    assert_eq!(of(&campaign, "/folder"), json!(campaign.folder().path()));
    assert_eq!(
        (of(&campaign, "/hold"), of(&campaign, "/limits_lifted"), of(&campaign, "/pause")),
        (json!(true), json!(false), Value::Null)
    );
    assert_eq!(of(&campaign, "/item_limits"), json!({"steps": 7, "tokens": 9000}));
    assert_eq!(of(&campaign, "/breaker"), json!({"state": "closed", "class": null, "error": null, "items": []}));
    assert_eq!(
        of(&campaign, "/live"),
        json!({"item_id": "c-0001", "attempt": 1, "stage": "agent", "round": null, "orphan": null, "level": "none"})
    );
    assert!(of(&campaign, "/free_bytes").is_u64() && of(&campaign, "/runner_since").is_string() && of(&campaign, "/last_fact").is_string());
    let stage = of(&campaign, "/items/0/live");
    assert_eq!((&stage["stage"], &stage["state"], &stage["budget_s"]), (&json!("agent"), &json!("running"), &json!(1800.0)), "{stage:#}");
    assert!(stage["since"].is_string() && stage["worked_s"].is_number() && stage["frozen"].is_null(), "{stage:#}");
    assert_eq!(stage["keeper"], json!(campaign.keeper()));
    assert_eq!(of(&campaign, "/items/0/prompt/source"), "template");
    assert_eq!(of(&campaign, "/items/0/prompt/digest").as_str().unwrap().len(), 64);
    assert_eq!(
        (of(&campaign, "/items/1/why_not"), of(&campaign, "/items/2/why_not"), of(&campaign, "/items/1/from")),
        (json!("next"), json!("1 item before it"), json!("worktree"))
    );
    campaign.ctl(&["freeze"]);
    wait_until("the freeze", || is_stopped(agent));
    assert!(of(&campaign, "/items/0/live/frozen/by").as_str().unwrap().starts_with("ann@"));
    let text = said(&campaign.run(&["status"]));
    assert!(text.contains("live: c-0001.1 agent") && text.contains("of 30m00s") && text.contains("frozen by ann@"), "{text}");
    assert!(text.contains("hold is on") && text.contains("1 item before it"), "{text}");
    let notes = of(&campaign, "/notes").to_string();
    assert!(notes.contains("agent frozen by ann@") && notes.contains("`isobench-tui ctl thaw` goes on"), "{notes}");
    campaign.ctl(&["pause"]);
    campaign.ctl(&["thaw"]);
    assert!(of(&campaign, "/items/1/why_not").as_str().unwrap().starts_with("paused by ann@"));
    campaign.open(1, "agent");
    campaign.wait_state("paused");
    campaign.ctl(&["quit"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
    let stopped = of(&campaign, "/runner_stopped");
    assert!(stopped["why"].is_string() && stopped["at"].is_string(), "{stopped:#}");
    assert!(said(&campaign.run(&["status"])).contains("it has no runner since"));
}

#[test]
fn the_json_says_what_came_of_an_item() {
    // the candidate's benchmark fails, then the baseline gives no number to compare with
    let campaign = Campaign::new(2, "[ $item = c-0001 ] && echo cost=50 >engine.sh; exit 0", GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    let (good, bad) = (campaign.item(1), campaign.item(2));
    assert_eq!(good["patch"], json!({"files": 1, "added": 1, "removed": 1, "set_aside": [], "secrets": []}));
    let rungs: Vec<&str> = good["rungs"].as_array().unwrap().iter().map(|found| found["rung"].as_str().unwrap()).collect();
    assert_eq!(rungs, ["exited", "patch", "source", "applies", "parses", "no_template", "server", "metrics", "beyond_noise"]);
    assert!(
        good["rungs"].as_array().unwrap().iter().all(|found| ["yes", "not_applicable"].contains(&found["answer"].as_str().unwrap())
            && !found["evidence"].as_str().unwrap().is_empty())
    );
    let value = |arm: &str| good["arms"][arm]["metrics"][0]["value"].as_f64();
    assert_eq!((value("human"), value("baseline"), value("agent")), (Some(99.0), Some(100.0), Some(50.0)), "{:#}", good["arms"]);
    assert_eq!((&good["verdicts"][0], good["verdict"]["standing"].as_str()), (&good["verdict"], Some("beats")));
    assert_eq!((good["incomparable"].clone(), good["live"].clone(), good["why_not"].clone()), (json!([]), Value::Null, Value::Null));
    let stages: Vec<&str> = good["tries"][0]["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["worktree", "agent", "check", "human", "baseline", "candidate", "score", "clean"]);
    assert_eq!((&bad["class"], &bad["arms"]["agent"]), (&json!("empty_patch"), &Value::Null), "{bad:#}");
    assert_eq!(isobench_tui::ui::now::hint(&campaign.model().items[1]), Some("nothing to benchmark; 2 shows the agent's last steps"));
    assert_eq!(bad["hint"], json!("nothing to benchmark; read the agent's last steps"), "no key of a screen");
    assert!(
        bad["hint"].is_string() && bad["patch"] == json!({"files": 0, "added": 0, "removed": 0, "set_aside": [], "secrets": []}),
        "{bad:#}"
    );
    let check = bad["tries"][0]["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "check").unwrap();
    assert_eq!((&check["state"], &check["class"]), (&json!("failed"), &json!("empty_patch")), "{check:#}");
    // clocks stand where nobody works
    assert_eq!(campaign.status()["worked_s"], campaign.status()["worked_s"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let campaign = Campaign::good(2);
    assert_eq!(campaign.headless(), Some(0));
    for arguments in ["status", "status --format json", "ls", "ls --format json", "print keys", "man", "completions bash"] {
        let mut child =
            campaign.command(&arguments.split(' ').collect::<Vec<_>>()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        assert_eq!((status.code(), String::from_utf8_lossy(&stderr).as_ref()), (Some(0), ""), "{arguments}");
    }
}
