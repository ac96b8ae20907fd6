//! `ctl`: whom a word means, what is answered and how it is said. What the verbs do is in `controls.rs`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test says what went wrong by failing"
)]

use std::fs;
use std::process::Output;

use isobench_tui::ledger::Verb;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::wait_until;

const GATED: &str = "gate agent; echo cost=50 >engine.sh";

/// A run in the background whose first agent is at its gate.
fn live(items: usize) -> Campaign {
    let campaign = Campaign::new(items, GATED, GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign
}

/// The answer as JSON, with the exit code.
fn ask(campaign: &Campaign, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = campaign.run(&[&["ctl"], arguments, &["--format", "json"]].concat());
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}", said(&output)));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    (output.status.code(), answer)
}

fn finish(campaign: &Campaign, items: usize) {
    for nth in 1..=items {
        campaign.open(nth, "agent");
    }
    campaign.wait_end();
}

#[test]
fn every_verb_is_answered_by_a_real_runner_and_says_what_it_did() {
    let campaign = live(4);
    let sha = campaign.commits[4].clone();
    let add = campaign.commits[2].clone();
    let added = format!("added-{}", &add[..8]);
    // in this order: the words, the item it was about, and what the answer says
    let told: [(&[&str], Option<&str>, &str); 17] = [
        (&["pause"], None, "pauses after this stage"),
        (&["resume"], None, "it goes on"),
        (&["freeze"], None, "agent is frozen"),
        (&["thaw"], None, "agent goes on"),
        (&["move-up", "c-0004"], Some("c-0004"), "c-0004 is now at place 3"),
        (&["move-down", &sha[..7]], Some("c-0004"), "c-0004 is now at place 4"),
        (&["hold"], None, "a failure pauses the queue and keeps its worktree"),
        (&["unhold"], None, "failures no longer pause the queue"),
        (&["on-stuck", "stop"], None, "an agent that is stuck is stopped, and its patch so far benchmarked"),
        (&["remove", &sha[..4.max(unique(&campaign, 4))]], Some("c-0004"), "c-0004 is removed from the queue"),
        (&["add", &add], None, "is queued"),
        (&["skip", "c-0003"], Some("c-0003"), "c-0003 is skipped"),
        (&["stop"], None, "the stage is stopped"),
        (&["retry", "c-0003"], Some("c-0003"), "c-0003 is queued again from worktree"),
        (&["retry-stage", "c-0001", "--stage", "worktree"], Some("c-0001"), "c-0001 is queued again from worktree"),
        (&["quit"], None, "the runner ends after this stage"),
        (&["quit-now"], None, "the runner ends"),
    ];
    let mut verbs: Vec<&str> = told.iter().map(|(words, _, _)| words[0]).collect();
    for (words, item, says) in told {
        if words[0] == "retry-stage" {
            // the first item is over, and the second waits at its gate
            campaign.at_gate(2, "agent");
        }
        let (code, answer) = ask(&campaign, words);
        assert_eq!((code, &answer["answer"], &answer["item"]), (Some(0), &json!("done"), &json!(item)), "{words:?}: {answer:#}");
        assert_eq!((&answer["verb"], &answer["run"]), (&json!(words[0]), &json!(campaign.folder().run_id())), "{answer:#}");
        assert!(answer["says"].as_str().unwrap().contains(says), "{words:?}: {answer:#}");
        let request = answer["request"].as_str().unwrap();
        assert!(campaign.facts_of("request_answered").iter().any(|fact| fact["id"] == request), "{answer:#}");
    }
    verbs.sort_unstable();
    let mut all = Verb::ALL.map(Verb::name).to_vec();
    all.sort_unstable();
    assert_eq!(verbs, all, "none is forgotten");
    wait_until("the runner to leave", || campaign.runner().is_none());
    // resume alone starts a runner and sends nothing
    let (code, answer) = ask(&campaign, &["resume"]);
    assert_eq!((code, &answer["answer"], &answer["request"]), (Some(0), &json!("done"), &Value::Null), "{answer:#}");
    assert!(answer["says"].as_str().unwrap().ends_with("goes on"), "{answer:#}");
    fs::write(campaign.root.join(format!("{added}.agent.go")), "").unwrap();
    finish(&campaign, 4);
}

/// How many characters of the `nth` commit no other begins with.
fn unique(campaign: &Campaign, nth: usize) -> usize {
    let sha = &campaign.commits[nth];
    (1..=sha.len()).find(|n| campaign.commits.iter().filter(|other| other.starts_with(&sha[..*n])).count() == 1).unwrap()
}

#[test]
fn a_refusal_and_a_run_without_a_runner_have_codes_of_their_own_in_json_too() {
    let campaign = live(2);
    for (words, says) in [
        (&["thaw"][..], "not frozen"),
        (&["resume"], "not paused"),
        (&["stop", "c-0002"], "not running"),
        (&["retry", "c-0002"], "queued for its first attempt"),
        (&["retry", "c-0001"], "stop it first (`isobench-tui ctl stop`)"),
        (&["move-up", "c-0002"], "next already"),
        (&["add", "deadbeefdead"], "deadbeefdead is not in"),
        (&["add"], "name the commit"),
        (&["skip", "c-0009"], "there is no item c-0009 in this run: did you mean"),
        (&["skip", "9"], "there is no item 9 in this run"),
    ] {
        let (code, answer) = ask(&campaign, words);
        assert_eq!((code, &answer["answer"]), (Some(6), &json!("refused")), "{words:?}: {answer:#}");
        assert!(answer["says"].as_str().unwrap().contains(says), "{words:?}: {answer:#}");
        assert!(said(&campaign.run(&[&["ctl"], words].concat())).starts_with("isobench-tui: refused: "));
    }
    finish(&campaign, 2);
    let (code, answer) = ask(&campaign, &["pause"]);
    assert_eq!((code, &answer["answer"], &answer["request"]), (Some(7), &json!("none"), &Value::Null), "{answer:#}");
    assert!(answer["says"].as_str().unwrap().contains("it is finished"), "{answer:#}");
    // an item that is not there starts no runner
    let before = campaign.facts_of("runner_started").len();
    assert_eq!(ask(&campaign, &["retry", "c-0009"]).0, Some(6));
    assert_eq!(campaign.facts_of("runner_started").len(), before);
}

#[test]
fn a_runner_that_does_not_answer_is_waited_for_as_long_as_is_said() {
    let campaign = live(1);
    let runner = Pid::from_raw(campaign.runner().unwrap()).unwrap();
    kill_process(runner, Signal::STOP).unwrap();
    let (code, answer) = ask(&campaign, &["pause", "--timeout", "0"]);
    assert_eq!((code, &answer["answer"]), (Some(6), &json!("none")), "{answer:#}");
    assert!(answer["says"].as_str().unwrap().contains("no answer within 0 s; the request stays in"), "{answer:#}");
    let (code, sent) = ask(&campaign, &["hold", "--no-wait"]);
    assert_eq!((code, &sent["answer"]), (Some(0), &json!("none")), "{sent:#}");
    kill_process(runner, Signal::CONT).unwrap();
    // what was sent is still done
    for request in [&answer["request"], &sent["request"]] {
        let fact = campaign.wait_fact("request_answered", |fact| fact["id"] == *request);
        assert_eq!(fact["answer"], "done", "{fact:#}");
    }
    assert_eq!((&campaign.status()["state"], &campaign.status()["hold"]), (&json!("pausing"), &json!(true)));
    assert_eq!(campaign.run(&["ctl", "pause", "--timeout", "soon"]).status.code(), Some(2));
    assert_eq!(campaign.run(&["ctl", "pause", "--timeout", "3", "--no-wait"]).status.code(), Some(2));
    campaign.ctl(&["resume"]);
    finish(&campaign, 1);
}

#[test]
fn a_runner_that_dies_before_it_answers_is_told() {
    let campaign = live(1);
    let runner = campaign.runner().unwrap();
    kill_process(Pid::from_raw(runner).unwrap(), Signal::STOP).unwrap();
    let child = campaign.command(&["ctl", "pause", "--format", "json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    wait_until("the request", || fs::read_to_string(campaign.folder().requests()).is_ok_and(|text| text.contains("\"pause\"")));
    campaign.kill(runner);
    let output: Output = child.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["answer"]), (Some(7), &json!("none")), "{answer:#}");
    campaign.open(1, "agent");
    assert_eq!(campaign.resume(), Some(0));
}

#[test]
fn a_run_may_be_named_before_the_item() {
    let campaign = live(2);
    let id = campaign.folder().run_id().0;
    // an older run of another name, finished: the word decides which is meant
    let all = isobench_tui::ledger::RunFolder::all(&campaign.root);
    let older = all.join("1999-01-01_00-00-00-aaaa");
    fs::create_dir(&older).unwrap();
    let ledger = fs::read_to_string(campaign.folder().events()).unwrap();
    fs::write(older.join("events.jsonl"), ledger.lines().next().unwrap().to_owned() + "\n").unwrap();
    fs::copy(campaign.folder().manifest(), older.join("manifest.json")).unwrap();
    for words in [
        &["pause", "1999"][..],
        &["skip", "1999", "c-0001"],
        &["skip", "1999-01"],
        &["freeze", older.to_str().unwrap()],
        &["stop", "--run", "1999"],
    ] {
        let (code, answer) = ask(&campaign, words);
        assert_eq!((code, &answer["run"]), (Some(7), &json!("1999-01-01_00-00-00-aaaa")), "{words:?}: {answer:#}");
    }
    for words in
        [&["pause", &id[..]][..], &["resume", "last"], &["hold", campaign.folder().path().to_str().unwrap()], &["unhold", "--run", &id]]
    {
        let (code, answer) = ask(&campaign, words);
        assert_eq!((code, &answer["run"], &answer["item"]), (Some(0), &json!(id), &Value::Null), "{words:?}: {answer:#}");
    }
    let (code, answer) = ask(&campaign, &["skip", &id, "c-0002"]);
    assert_eq!((code, &answer["item"]), (Some(0), &json!("c-0002")), "{answer:#}");
    for (words, code, says) in [
        (&["pause", "c-0001"][..], 2, "takes no item: leave 'c-0001' out"),
        (&["pause", &id, "c-0001"], 2, "takes no item: leave 'c-0001' out"),
        (&["pause", "c-0001", "--run", &id], 2, "takes no item"),
        (&["skip", "c-0001", "c-0002", "--run", &id], 2, "one word is left for the item"),
        (&["pause", "1998"], 8, "there is no run 1998"),
        (&["skip", "1998", "c-0001"], 8, "there is no run 1998"),
        (&["skip", "c-0001", "--stage", "agent"], 2, "--stage is for retry-stage"),
        (&["skip", "a", "b", "c"], 2, "unexpected argument"),
    ] {
        let refused = campaign.ctl_refused(words, code);
        assert!(refused.contains(says), "{words:?}: {refused}");
    }
    finish(&campaign, 2);
}

#[test]
fn a_word_that_may_be_a_run_and_an_item_is_asked_about() {
    let campaign = live(2);
    let id = campaign.folder().run_id().0;
    let ledger = fs::read_to_string(campaign.folder().events()).unwrap();
    // a run whose id begins as the first commit's sha does
    let sha = &campaign.commits[1];
    let twin = isobench_tui::ledger::RunFolder::all(&campaign.root).join(format!("{}-run", &sha[..8]));
    fs::create_dir(&twin).unwrap();
    fs::write(twin.join("events.jsonl"), ledger.lines().next().unwrap().to_owned() + "\n").unwrap();
    let refused = campaign.ctl_refused(&["skip", &sha[..8]], 2);
    assert!(refused.contains("may be a run, and it may be the item c-0001: write RUN ITEM, or name the run with --run"), "{refused}");
    // said in full it is clear
    let (code, answer) = ask(&campaign, &["skip", &id, &sha[..8]]);
    assert_eq!((code, &answer["item"]), (Some(0), &json!("c-0001")), "{answer:#}");
    // and one start of two commits names none
    let plan: Vec<(String, String)> = vec![("one".to_owned(), sha.clone()), ("two".to_owned(), sha.clone())];
    finish(&campaign, 2);
    campaign.plan(&plan);
    assert!(campaign.run(&["run", "--detach", "--new"]).status.success());
    let refused = campaign.ctl_refused(&["skip", &sha[..6]], 2);
    assert!(refused.contains("may be a run, and it may be an item"), "{refused}");
    fs::remove_dir_all(twin).unwrap();
    let refused = campaign.ctl_refused(&["skip", &sha[..6]], 2);
    assert!(refused.contains("is the start of more than one commit: one (") && refused.contains("write the item's id"), "{refused}");
    campaign.ctl(&["quit-now"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
}
