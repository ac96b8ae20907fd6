//! The verbs, sent through the inbox to a runner in the background, and answered by facts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::{is_stopped, lives, wait_until};

const GATED: &str = "gate agent; echo cost=50 >engine.sh";

/// A run in the background whose first agent is at its gate.
fn live(items: usize) -> Campaign {
    let campaign = Campaign::new(items, GATED, GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign
}

/// The stages that ended, as `item/stage` words with their attempt.
fn stages(campaign: &Campaign, kind: &str) -> Vec<String> {
    let word = |fact: Value| format!("{}.{}/{}", fact["item"].as_str().unwrap(), fact["n"], fact["stage"].as_str().unwrap());
    campaign.facts_of(kind).into_iter().map(word).collect()
}

fn queue(campaign: &Campaign) -> Vec<String> {
    campaign.status()["items"].as_array().unwrap().iter().map(|item| item["item_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_pause_lets_the_stage_end_and_starts_no_other_until_somebody_resumes() {
    let campaign = live(1);
    campaign.ctl(&["pause"]);
    assert_eq!(campaign.status()["state"], "pausing");
    assert!(campaign.ctl_refused(&["pause"], 6).contains("paused already"));
    campaign.open(1, "agent");
    campaign.wait_state("paused");
    assert_eq!(stages(&campaign, "stage_starting"), ["c-0001.1/worktree", "c-0001.1/agent"]);
    let why = campaign.status()["why"].as_str().unwrap().to_owned();
    assert!(why.contains("asked for") && why.contains("ann@"), "who and why: {why}");
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["done"]);
    campaign.ctl_refused(&["pause"], 7);
}

#[test]
fn frozen_processes_stand_still_and_their_budget_with_them() {
    let campaign = Campaign::new(1, GATED, GOOD_ARM);
    campaign.config("", "", "[budget]\nagent = 0.1");
    campaign.detached();
    let agent = campaign.at_gate(1, "agent");
    campaign.ctl(&["freeze"]);
    wait_until("the freeze", || is_stopped(agent));
    assert!(campaign.ctl_refused(&["freeze"], 6).contains("frozen already"));
    let frozen = Instant::now();
    // longer than the whole budget of 6 s
    std::thread::sleep(Duration::from_millis(6_500));
    assert!(is_stopped(agent));
    let frozen = frozen.elapsed();
    campaign.open(1, "agent");
    campaign.ctl(&["thaw"]);
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!(item["status"], "done", "{item:#}");
    assert!(u128::from(item["agent_end"]["frozen_ms"].as_u64().unwrap()) >= frozen.as_millis(), "{item:#}");
}

#[test]
fn a_thaw_or_a_resume_without_a_freeze_is_refused_and_resume_thaws() {
    let campaign = live(1);
    assert!(campaign.ctl_refused(&["thaw"], 6).contains("not frozen"));
    assert!(campaign.ctl_refused(&["resume"], 6).contains("not paused"));
    campaign.ctl(&["freeze"]);
    campaign.ctl(&["resume"]);
    campaign.open(1, "agent");
    campaign.wait_end();
    assert_eq!(campaign.facts_of("stage_thawed").len(), 1);
}

#[test]
fn a_frozen_stage_stays_frozen_through_a_killed_runner() {
    let campaign = live(1);
    let agent = campaign.at_gate(1, "agent");
    campaign.ctl(&["freeze"]);
    wait_until("the freeze", || is_stopped(agent));
    campaign.kill(campaign.runner().unwrap());
    let runner = campaign.spawn(&["run", "--resume", "--headless"]);
    campaign.wait_fact("stage_adopted", |_| true);
    assert!(is_stopped(agent));
    campaign.open(1, "agent");
    campaign.ctl(&["thaw"]);
    assert_eq!(runner.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn the_live_item_and_a_queued_one_are_skipped() {
    let campaign = live(3);
    let agent = campaign.at_gate(1, "agent");
    campaign.ctl(&["skip", "c-0003"]);
    assert!(campaign.ctl_refused(&["skip", "c-0003"], 6).contains("skipped already"));
    campaign.open(2, "agent");
    campaign.ctl(&["skip"]);
    campaign.wait_end();
    assert!(!lives(agent));
    assert_eq!(campaign.statuses(), ["skipped", "done", "skipped"]);
    assert!(!campaign.item_dir(1).join("journal.json").exists(), "a skipped item gets no journal");
    assert!(!campaign.item_dir(3).exists());
    campaign.assert_nothing_left();
    // over is over
    campaign.ctl_refused(&["skip", "c-0002"], 7);
}

#[test]
fn an_item_skipped_between_two_stages_runs_no_other_stage() {
    let campaign = live(2);
    campaign.ctl(&["pause"]);
    campaign.open(1, "agent");
    campaign.wait_state("paused");
    campaign.ctl(&["skip"]);
    campaign.open(2, "agent");
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["skipped", "done"]);
    let ran: Vec<String> = stages(&campaign, "stage_finished").into_iter().filter(|stage| stage.starts_with("c-0001")).collect();
    assert_eq!(ran, ["c-0001.1/worktree", "c-0001.1/agent", "c-0001.1/clean"]);
    campaign.assert_nothing_left();
}

#[test]
fn a_stopped_stage_stops_its_item_and_the_queue_goes_on() {
    let campaign = live(2);
    let agent = campaign.at_gate(1, "agent");
    assert!(campaign.ctl_refused(&["stop", "c-0002"], 6).contains("not running"));
    campaign.ctl(&["stop"]);
    campaign.open(2, "agent");
    campaign.wait_end();
    assert!(!lives(agent));
    assert_eq!(campaign.statuses(), ["stopped", "done"]);
    assert!(campaign.item(1)["why"].as_str().unwrap().contains("asked for by ann@"), "{:#}", campaign.item(1));
    assert_eq!(campaign.item(1)["agent_end"]["cause"], "stopped");
    campaign.assert_nothing_left();
}

#[test]
fn a_retried_item_starts_afresh_and_leaves_the_older_attempts_files_as_they_were() {
    let agent = "echo \"try $(cat \"$CAMPAIGN/tries\" 2>/dev/null)\"; echo >>\"$CAMPAIGN/tries\"; [ $(wc -l <\"$CAMPAIGN/tries\") -gt 1 ] && echo cost=50 >engine.sh; exit 0";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.item(1)["class"], "empty_patch");
    let older = campaign.stage_dir(1, 1, "agent");
    let before = ["out", "err", "exit.json", "spec.json"].map(|name| fs::read(older.join(name)).unwrap());
    let journal = fs::read(campaign.item_dir(1).join("journal.json")).unwrap();
    // the run is finished and has no runner: the verb starts one
    campaign.ctl(&["retry", "c-0001"]);
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["attempts"].as_i64()), (Some("done"), Some(2)), "{item:#}");
    assert_eq!(["out", "err", "exit.json", "spec.json"].map(|name| fs::read(older.join(name)).unwrap()), before);
    let aside = campaign.folder().path().join("attempts/c-0001.1/item");
    assert_eq!(fs::read(aside.join("journal.json")).unwrap(), journal, "the older item folder moved");
    assert!(campaign.patch(1).contains("+cost=50"), "the harness's folder is the newest attempt's");
    campaign.assert_nothing_left();
}

#[test]
fn a_failed_arm_is_retried_without_asking_the_agent_again() {
    let agent = "echo ran >>\"$CAMPAIGN/agents\"; echo cost=50 >engine.sh";
    let arm = ". ./engine.sh; [ $cost = 50 ] && [ ! -e \"$CAMPAIGN/fixed\" ] && { echo 'no such device' >&2; exit 4; }; echo \"latency: $cost ms\"";
    let campaign = Campaign::new(1, agent, arm);
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!((item["class"].as_str(), item["rung"].as_str()), (Some("arm_crashed"), Some("no_template")), "{item:#}");
    assert!(item["why"].as_str().unwrap().contains("exit 4: no such device"), "{item:#}");
    fs::write(campaign.root.join("fixed"), "").unwrap();
    campaign.ctl(&["retry-stage", "c-0001"]);
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["rung"].as_str()), (Some("done"), Some("beyond_noise")), "{item:#}");
    let second: Vec<String> = stages(&campaign, "stage_starting").into_iter().filter(|stage| stage.starts_with("c-0001.2")).collect();
    assert_eq!(second, ["c-0001.2/candidate", "c-0001.2/score", "c-0001.2/clean"]);
    assert_eq!(fs::read_to_string(campaign.root.join("agents")).unwrap(), "ran\n");
    // nothing of it failed: a stage is asked for, and not an agent
    let refused = campaign.ctl_refused(&["retry-stage", "c-0001"], 6);
    assert!(refused.contains("c-0001 is done and no stage of it failed; `isobench-tui ctl retry` runs it again"), "{refused}");
    campaign.wait_end();
    assert_eq!(campaign.item(1)["attempts"], 2);
    // a stage can begin only where its input still is
    assert!(campaign.ctl_refused(&["retry-stage", "c-0001", "--stage", "check"], 6).contains("worktree"));
    campaign.wait_end();
    campaign.ctl(&["retry-stage", "c-0001", "--stage", "baseline"]);
    campaign.wait_end();
    assert_eq!(campaign.item(1)["attempts"], 3);
    campaign.assert_nothing_left();
}

#[test]
fn items_move_come_and_go_while_the_queue_runs() {
    let campaign = live(4);
    campaign.ctl(&["move-up", "c-0004"]);
    assert_eq!(queue(&campaign), ["c-0001", "c-0002", "c-0004", "c-0003"]);
    campaign.ctl(&["move-down", "c-0002"]);
    assert_eq!(queue(&campaign), ["c-0001", "c-0004", "c-0002", "c-0003"]);
    assert!(campaign.ctl_refused(&["move-down", "c-0003"], 6).contains("is last already"));
    assert!(campaign.ctl_refused(&["move-up", "c-0001"], 6).contains("not queued"));
    campaign.ctl(&["remove", "c-0003"]);
    assert_eq!(queue(&campaign), ["c-0001", "c-0004", "c-0002"]);
    assert!(campaign.ctl_refused(&["remove", "c-0003"], 6).contains("no item c-0003"));
    let sha = campaign.commits[2].clone();
    campaign.ctl(&["add", &sha[..8]]);
    let added = format!("added-{}", &sha[..8]);
    assert!(campaign.ctl_refused(&["add", &sha[..8]], 6).contains("in the queue already"));
    assert!(campaign.ctl_refused(&["add", "deadbeefdead"], 6).contains("deadbeefdead is not in"));
    assert!(campaign.ctl_refused(&["add"], 6).contains("commit"));
    for nth in 1..=4 {
        campaign.open(nth, "agent");
    }
    fs::write(campaign.root.join(format!("{added}.agent.go")), "").unwrap();
    campaign.wait_end();
    assert_eq!(queue(&campaign), ["c-0001".to_owned(), "c-0004".to_owned(), "c-0002".to_owned(), added.clone()]);
    let order: Vec<String> = campaign.facts_of("attempt_started").iter().map(|fact| fact["item"].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, ["c-0001".to_owned(), "c-0004".to_owned(), "c-0002".to_owned(), added]);
    assert_eq!(campaign.statuses(), ["done"; 4]);
    campaign.assert_nothing_left();
}

#[test]
fn hold_is_on_from_the_start_where_it_is_configured() {
    let campaign = Campaign::new(2, "exit 7", GOOD_ARM);
    campaign.config("hold = true", "", "");
    campaign.detached();
    campaign.wait_state("paused");
    assert!(campaign.status()["why"].as_str().unwrap().contains("hold"), "{:#}", campaign.status());
    campaign.ctl(&["quit-now"]);
}

#[test]
fn hold_pauses_after_a_failure_and_keeps_the_worktree_for_a_look() {
    let campaign = Campaign::new(2, "gate agent; echo looked >notes.txt; exit 0", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.ctl(&["hold"]);
    campaign.open(1, "agent");
    campaign.wait_state("paused");
    assert!(campaign.status()["why"].as_str().unwrap().contains("hold"), "{:#}", campaign.status());
    assert_eq!(campaign.statuses(), ["failed", "queued"]);
    let tree = campaign.root.join(".work/worktrees").join(campaign.folder().run_id().0).join("c-0001.1");
    assert_eq!(fs::read_to_string(tree.join("notes.txt")).unwrap(), "looked\n");
    campaign.ctl(&["unhold"]);
    campaign.open(2, "agent");
    campaign.ctl(&["retry", "c-0001"]);
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["failed", "failed"]);
    campaign.assert_nothing_left();
}

#[test]
fn quit_ends_the_runner_after_the_stage_and_the_run_goes_on_later() {
    let campaign = live(1);
    campaign.ctl(&["quit"]);
    campaign.open(1, "agent");
    wait_until("the runner to leave", || campaign.runner().is_none());
    assert_eq!(campaign.status()["state"], "interrupted");
    assert_eq!(stages(&campaign, "stage_finished"), ["c-0001.1/worktree", "c-0001.1/agent"]);
    assert_eq!(campaign.resume(), Some(0));
    assert_eq!(campaign.item(1)["attempts"], 1, "nothing was cut off, so nothing is run again");
    campaign.assert_nothing_left();
}

#[test]
fn quit_now_interrupts_the_item_and_does_not_fail_it() {
    let campaign = live(1);
    let agent = campaign.at_gate(1, "agent");
    campaign.ctl(&["quit-now"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
    assert!(!lives(agent));
    assert_eq!(campaign.statuses(), ["interrupted"]);
    campaign.open(1, "agent");
    // resume starts a runner
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["attempts"].as_i64()), (Some("done"), Some(2)), "{item:#}");
    campaign.assert_nothing_left();
}

#[test]
fn a_verb_for_a_paused_run_without_a_runner_leaves_the_pause() {
    let campaign = live(2);
    campaign.ctl(&["pause"]);
    campaign.open(1, "agent");
    campaign.wait_state("paused");
    campaign.ctl(&["quit"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
    campaign.ctl(&["add", &campaign.commits[2]]);
    assert_eq!(campaign.status()["state"], "paused");
    campaign.ctl(&["quit"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
}

#[test]
fn no_runner_no_run_and_no_such_verb_have_codes_of_their_own() {
    let campaign = Campaign::good(1);
    assert!(campaign.ctl_refused(&["pause"], 8).contains("no run in"));
    assert_eq!(campaign.run(&["status"]).status.code(), Some(8));
    assert_eq!(campaign.run(&["attach"]).status.code(), Some(8));
    assert_eq!(campaign.run(&["run", "--resume", "--headless"]).status.code(), Some(8));
    assert_eq!(campaign.headless(), Some(0));
    for verb in ["pause", "freeze", "thaw", "skip", "stop", "move-up", "move-down", "remove", "hold", "unhold", "quit", "quit-now"] {
        assert!(campaign.ctl_refused(&[verb], 7).contains("finished"), "{verb}");
    }
    assert!(campaign.ctl_refused(&["jump"], 2).contains("use one of pause, resume"));
    assert!(campaign.ctl_refused(&["retry-stage", "c-0001", "--stage", "lunch"], 2).contains("use one of worktree"));
    campaign.ctl_refused(&["pause", "--run", "1999"], 8);
    campaign.ctl_refused(&["retry", "c-0009"], 6);
    assert!(campaign.ctl_refused(&["pause", ""], 2).contains("'' names neither a run nor an item"));
    assert!(campaign.ctl_refused(&["pause", "--run", ""], 2).contains("'' names no run"));
    for words in [["status", ""], ["attach", ""]] {
        assert_eq!(campaign.run(&words).status.code(), Some(2), "{words:?}");
    }
    let unnamed = campaign.run(&["status", "--item", ""]);
    assert_eq!(unnamed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("there is no item '' in this run"), "{unnamed:?}");
    assert_eq!(campaign.run(&["status", "1999"]).status.code(), Some(8));
    assert_eq!(campaign.run(&["ls"]).status.code(), Some(0));
    assert_eq!(campaign.run(&["nonsense"]).status.code(), Some(2));
    assert_eq!(campaign.run(&["--help"]).status.code(), Some(0));
}

#[test]
fn requests_older_than_the_runner_expire_but_for_work_that_was_asked_for() {
    let campaign = live(2);
    campaign.kill(campaign.runner().unwrap());
    let line = |id: &str, rest: &str| {
        format!(
            "{{\"id\":\"{id}\",\"at\":\"2026-01-01T00:00:00Z\",\"by\":{{\"who\":\"person\",\"user\":\"bob\",\"host\":\"h\",\"tty\":null}},{rest}}}\n"
        )
    };
    campaign.inbox(&line("old-1", "\"verb\":\"pause\""));
    campaign.inbox(&line("old-2", "\"verb\":\"skip\",\"item\":\"c-0002\""));
    campaign.inbox(&line("old-3", &format!("\"verb\":\"add\",\"commit\":\"{}\"", campaign.commits[1])));
    campaign.inbox("this is no request\n{\"id\":7}\n\u{0}\n\n");
    campaign.open(1, "agent");
    campaign.open(2, "agent");
    fs::write(campaign.root.join(format!("added-{}.agent.go", &campaign.commits[1][..8])), "").unwrap();
    assert_eq!(campaign.resume(), Some(0));
    let answers = campaign.facts_of("request_answered");
    let answer = |id: &str| answers.iter().find(|fact| fact["id"] == id).map(|fact| fact["answer"].as_str().unwrap().to_owned());
    assert_eq!([answer("old-1"), answer("old-2"), answer("old-3")], ["expired", "expired", "done"].map(|word| Some(word.to_owned())));
    let garbage: Vec<&Value> = answers.iter().filter(|fact| fact["id"].as_str().unwrap().starts_with("byte ")).collect();
    assert_eq!(garbage.len(), 3, "each line of garbage is refused once: {answers:#?}");
    assert_eq!(campaign.statuses(), ["done", "done", "done"]);
    // and never again
    assert_eq!(campaign.resume(), Some(0));
    assert_eq!(campaign.facts_of("request_answered").len(), answers.len());
}

#[test]
fn bytes_that_are_no_text_in_the_inbox_do_not_hide_the_request_behind_them() {
    let campaign = live(1);
    let mut bytes = vec![0xff, 0xfe, b'\n'];
    let good = "{\"id\":\"good\",\"at\":\"2026-01-01T00:00:00Z\",\"by\":{\"who\":\"rule\",\"rule\":\"test\"},\"verb\":\"hold\"}\n";
    bytes.extend_from_slice(good.as_bytes());
    let file = campaign.folder().requests();
    fs::write(file, bytes).unwrap();
    campaign.wait_fact("request_answered", |fact| fact["id"] == "good" && fact["answer"] == "done");
    campaign.open(1, "agent");
    campaign.wait_end();
}

#[test]
fn who_asked_is_on_record_and_people_name_items_by_sha() {
    let campaign = live(2);
    campaign.ctl(&["skip", &campaign.commits[2][..8]]);
    let skipped = campaign.wait_fact("item_skipped", |_| true);
    assert_eq!((skipped["item"].as_str(), skipped["by"]["user"].as_str()), (Some("c-0002"), Some("ann")), "{skipped:#}");
    assert!(skipped["by"]["host"].as_str().is_some_and(|host| !host.is_empty()));
    campaign.open(1, "agent");
    campaign.wait_end();
    let output = campaign.run(&["status"]);
    assert!(said(&output).contains("skipped"), "{}", said(&output));
}

#[test]
fn an_arm_that_was_frozen_while_it_measured_is_tainted_and_measured_again_by_a_retry() {
    let campaign = Campaign::new(
        1,
        crate::campaign::GOOD_AGENT,
        ". ./engine.sh; [ $cost = 99 ] && [ ! -e \"$CAMPAIGN/calm\" ] && gate arm; echo \"latency: $cost ms\"",
    );
    campaign.detached();
    campaign.at_gate(1, "arm");
    campaign.ctl(&["freeze"]);
    assert_eq!(campaign.status()["frozen"]["stage"], "human");
    campaign.ctl(&["thaw"]);
    campaign.open(1, "arm");
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["class"].as_str()), (Some("failed"), Some("tainted")), "{item:#}");
    fs::write(campaign.root.join("calm"), "").unwrap();
    campaign.ctl(&["retry-stage", "c-0001"]);
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    campaign.assert_nothing_left();
}

#[test]
fn the_patch_of_a_stopped_agent_is_kept() {
    let campaign = Campaign::new(1, "echo cost=50 >engine.sh; gate agent", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.ctl(&["stop"]);
    campaign.wait_end();
    assert_eq!(campaign.item(1)["status"], "stopped");
    assert!(campaign.patch(1).contains("+cost=50"));
    campaign.assert_nothing_left();
}

#[test]
fn an_interrupted_item_that_is_skipped_leaves_no_worktree() {
    let campaign = live(2);
    campaign.at_gate(1, "agent");
    campaign.ctl(&["pause"]);
    campaign.kill(campaign.keeper());
    wait_until("the pause", || campaign.status()["state"] == "paused");
    campaign.ctl(&["quit"]);
    wait_until("the runner to leave", || campaign.runner().is_none());
    campaign.open(2, "agent");
    let runner = campaign.spawn(&["run", "--resume", "--headless", "--keep-pause"]);
    wait_until("the next runner", || campaign.runner().is_some());
    campaign.ctl(&["skip", "c-0001"]);
    campaign.ctl(&["resume"]);
    assert_eq!(runner.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(campaign.statuses(), ["skipped", "done"]);
    campaign.assert_nothing_left();
}

#[test]
fn a_verb_about_the_run_takes_no_item() {
    let campaign = live(1);
    assert!(campaign.ctl_refused(&["pause", "c-0001"], 2).contains("takes no item"));
    assert_eq!(campaign.status()["state"], "running");
    campaign.open(1, "agent");
    campaign.wait_end();
}
