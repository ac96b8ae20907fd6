//! A run of the Python harness, followed by its files: how far each item is, retries, ends, plans, logs.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::fs;

use isobench_tui::domain::{Detector, ItemId, Stage};
use isobench_tui::import::follow::{Now, Sight};
use isobench_tui::model::{ItemState, RunState, StageState};

use crate::harness_player::{Player, id, look};
use crate::support::folder;

/// Where an item stands: its status, its stage, its attempts.
fn stands(now: &Now, n: usize) -> (&'static str, Option<Stage>, usize) {
    let item = now.run.item(&ItemId(id(n))).unwrap();
    (item.status(), item.live_stage().map(|record| record.stage), item.attempts.len())
}

fn state(now: &Now) -> RunState {
    now.run.state(!matches!(now.sight, Sight::Absent(_)))
}

fn says(now: &Now) -> String {
    now.says.iter().map(|says| says.text().to_owned()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn the_files_of_an_item_tell_each_of_its_stages() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 3).at_work();
    player.folder(0);
    let mut follow = player.follow();
    let now = look(&mut follow);
    assert_eq!((stands(&now, 0), stands(&now, 1)), (("running", Some(Stage::Worktree), 1), ("queued", None, 0)));
    assert!(matches!(now.sight, Sight::Alive(_)), "{:?}", now.sight);
    player.prompt(0);
    assert_eq!(stands(&look(&mut follow), 0), ("running", Some(Stage::Agent), 1));
    player.asked(0);
    player.trajectory(0, &["ls", "cat a.py", "make"]);
    let now = look(&mut follow);
    assert_eq!(stands(&now, 0), ("running", Some(Stage::Agent), 1));
    let item = now.run.item(&ItemId(id(0))).unwrap();
    assert_eq!(item.totals().unwrap().steps, Some(3));
    let StageState::Running { budget_ms, .. } = item.live_stage().unwrap().state else { unreachable!("it runs") };
    assert_eq!((budget_ms, now.max_steps), (Some(3_600_000), Some(120)), "of bench.yaml");
    assert_eq!(now.run.live, Some(ItemId(id(0))));
    player.printed(0);
    assert_eq!(stands(&look(&mut follow), 0), ("running", Some(Stage::Check), 1));
    // half a journal is none
    let text = Player::journal_text(0, "success");
    fs::write(player.path(0, "journal.json"), text.get(..text.len() / 2).unwrap()).unwrap();
    assert_eq!(stands(&look(&mut follow), 0), ("running", Some(Stage::Check), 1));
    player.journal(0, "success");
    let now = look(&mut follow);
    assert_eq!((stands(&now, 0), state(&now), now.run.live), (("done", None, 1), RunState::Running, None));
    player.whole(1, "error");
    player.whole(2, "success");
    let now = look(&mut follow);
    assert_eq!((stands(&now, 1).0, stands(&now, 2).0, state(&now)), ("failed", "done", RunState::Finished));
    assert_eq!(says(&now), "");
}

#[test]
fn a_prompt_newer_than_the_journal_is_a_second_attempt_and_the_first_keeps_its_end() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 2).at_work();
    player.whole(0, "error");
    for file in ["prompt.json", "task.txt", "trae_stdout.txt", "trae_stderr.txt", "model_patch.diff", "journal.json"] {
        player.age(0, file, 60);
    }
    player.asked(0);
    player.trajectory(0, &["ls"]);
    let mut follow = player.follow();
    let now = look(&mut follow);
    assert_eq!(stands(&now, 0), ("running", Some(Stage::Agent), 2));
    let first = now.run.item(&ItemId(id(0))).unwrap().attempts.first().unwrap().clone();
    assert_eq!(first.journal.unwrap().status, "error");
    player.printed(0);
    player.journal(0, "success");
    let now = look(&mut follow);
    assert_eq!(stands(&now, 0), ("done", None, 2));
}

#[test]
fn the_log_tells_of_a_second_attempt_before_its_prompt_is_there() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 2).at_work();
    player.whole(0, "error");
    player.age(0, "prompt.json", 60);
    player.age(0, "journal.json", 50);
    player.log("Starting task processing: vllm_core-0000");
    let now = look(&mut player.follow());
    assert_eq!(stands(&now, 0), ("running", Some(Stage::Worktree), 2));
    assert_eq!(now.log, Some(root.join("pipeline_run_1.log")));
}

#[test]
fn a_killed_harness_leaves_its_item_interrupted_and_says_since_when() {
    let (_gone, root) = folder();
    let mut player = Player::new(&root, 3).at_work();
    player.whole(0, "success");
    player.asked(1);
    player.trajectory(1, &["ls"]);
    let mut follow = player.follow();
    assert_eq!(state(&look(&mut follow)), RunState::Running);
    player.kill();
    let now = look(&mut follow);
    assert_eq!((stands(&now, 1), stands(&now, 2), state(&now)), (("interrupted", None, 1), ("queued", None, 0), RunState::Interrupted));
    let ItemState::Interrupted { why, .. } = &now.run.item(&ItemId(id(1))).unwrap().state else { unreachable!("it is") };
    assert!(why.starts_with("the harness is gone; its files changed last at 20"), "{why}");
    assert!(says(&now).contains(") ended at about 20"), "{}", says(&now));
    // one that was gone before we looked is not said to have been seen
    let now = look(&mut player.follow());
    assert!(says(&now).starts_with("no `bench.cli prepare` works here; its files changed last at 20"), "{}", says(&now));
    // it is started again
    player.start();
    assert_eq!(stands(&look(&mut follow), 1), ("running", Some(Stage::Agent), 1));
}

#[test]
fn the_harness_of_another_run_or_checkout_is_not_this_ones() {
    let (_gone, root) = folder();
    let (_other_gone, other) = folder();
    let mut player = Player::new(&root, 2);
    player.run = root.join("state/runs/vllm/trae/gpt-5/2025-11-05_16-39-51");
    player.asked(0);
    let _elsewhere = Player::new(&other, 2).at_work();
    player.start();
    let now = look(&mut player.follow());
    assert!(matches!(now.sight, Sight::Absent(_)), "{:?}", now.sight);
    player.kill();
    let mut named =
        crate::harness_player::script(&root, &["-m", "bench.cli", "prepare", "t", "--run-id", "vllm/trae/gpt-5/2025-11-05_16-39-51"]);
    let now = look(&mut player.follow());
    named.kill().unwrap();
    named.wait().unwrap();
    assert!(matches!(now.sight, Sight::Alive(_)), "{:?}", now.sight);
}

#[test]
fn of_two_workers_both_items_run_and_the_log_is_told_only_where_it_names_its_item() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 4).at_work();
    player.log("Starting task processing: vllm_core-0000");
    player.asked(0);
    player.log("Starting task processing: vllm_core-0001");
    player.asked(1);
    player.log("Executing TRAE subprocess with timeout: 3600s");
    let mut follow = player.follow();
    let now = look(&mut follow);
    assert_eq!((stands(&now, 0), stands(&now, 1)), (("running", Some(Stage::Agent), 1), ("running", Some(Stage::Agent), 1)));
    assert_eq!(now.run.live, Some(ItemId(id(0))), "the screens follow the one that runs longest");
    let said = |now: &Now, n: usize| now.run.item(&ItemId(id(n))).unwrap().last_attempt().unwrap().said.clone().map(|(says, _)| says);
    assert_eq!(said(&now, 1).as_deref(), Some("item taken up"));
    player.log("Task completed successfully: success:vllm_core-0000");
    player.printed(0);
    player.journal(0, "success");
    player.log("Process return code: 7");
    let now = look(&mut follow);
    assert_eq!(said(&now, 1).as_deref(), Some("agent's return code 7"));
    assert_eq!(now.run.live, Some(ItemId(id(1))));
}

#[test]
fn the_journal_is_the_truth_and_not_what_the_log_says_before_it() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 1).at_work();
    player.log("Starting task processing: vllm_core-0000");
    player.log("Task status determined as: success");
    player.whole(0, "error");
    player.log("Writing journal with final status: error");
    assert_eq!(stands(&look(&mut player.follow()), 0), ("failed", None, 1));
}

#[test]
fn an_error_that_ends_all_of_prepare_is_told() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 2);
    player.folder(0);
    player.log("Starting task processing: vllm_core-0000");
    let mut text = fs::read_to_string(root.join("pipeline_run_1.log")).unwrap();
    text.push_str("Prepare error: [Errno 21] Is a directory: '/w/.git'\n");
    fs::write(root.join("pipeline_run_1.log"), text).unwrap();
    let now = look(&mut player.follow());
    assert_eq!(state(&now), RunState::Interrupted);
    assert!(says(&now).contains("`prepare` ended with an error: [Errno 21] Is a directory"), "{}", says(&now));
}

#[test]
fn the_plan_is_told_by_its_items_and_by_the_process_that_names_it() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 9);
    player.plan("plan_retry.json", 4..7);
    player.asked(4);
    let now = look(&mut player.follow());
    assert_eq!((now.run.items.len(), now.run.plan.ends_with("plan_retry.json")), (3, true), "{}", now.run.plan);
    player.asked(1);
    let now = look(&mut player.follow());
    assert_eq!((now.run.items.len(), now.run.plan.ends_with("plan.json")), (9, true), "{}", now.run.plan);
    // both hold it, and the process says which
    let only = Player::new(&root.join("b"), 9);
    only.plan("plan_retry.json", 0..3);
    only.asked(0);
    assert!(look(&mut only.follow()).run.plan.ends_with("plan_retry.json"));
    let only = only.at_work();
    assert!(look(&mut only.follow()).run.plan.ends_with("plan.json"));
}

#[test]
fn an_agent_that_goes_in_circles_is_found_while_it_runs() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 2).at_work();
    player.asked(0);
    let mut follow = player.follow();
    let mut found = Vec::new();
    for steps in 1..=14 {
        player.trajectory(0, &vec!["python bench.py"; steps]);
        let now = look(&mut follow);
        found = now.run.item(&ItemId(id(0))).unwrap().last_attempt().unwrap().findings.values().map(|found| found.detector).collect();
        assert!(!now.is_catching_up || steps == 1);
    }
    assert!(found.contains(&Detector::IdenticalStep), "{found:?}");
    // its end does not lose what was found, nor tell it twice
    player.printed(0);
    player.journal(0, "success");
    let now = look(&mut follow);
    let after: Vec<Detector> =
        now.run.item(&ItemId(id(0))).unwrap().last_attempt().unwrap().findings.values().map(|found| found.detector).collect();
    assert_eq!(after, found);
    // and who looks only now finds the same
    let now = look(&mut player.follow());
    let late: Vec<Detector> =
        now.run.item(&ItemId(id(0))).unwrap().last_attempt().unwrap().findings.values().map(|found| found.detector).collect();
    assert_eq!(late, found);
}

#[test]
fn a_run_that_was_copied_is_over_whatever_the_times_of_its_files() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 1);
    player.whole(0, "success");
    // the copy wrote the journal first and the prompt last, a day after the run
    let text = Player::journal_text(0, "success");
    let mut journal: serde_json::Value = serde_json::from_str(&text).unwrap();
    let written = journal.get("timestamps").unwrap().get("written").unwrap().as_f64().unwrap();
    *journal.get_mut("timestamps").unwrap().get_mut("written").unwrap() = serde_json::json!(written - 86_400.0);
    fs::write(player.path(0, "journal.json"), journal.to_string()).unwrap();
    player.age(0, "journal.json", 5);
    assert_eq!(stands(&look(&mut player.follow()), 0), ("done", None, 1));
}

#[test]
fn how_long_an_interrupted_agent_worked_is_told_by_its_steps_where_the_files_were_copied() {
    let (_gone, root) = folder();
    let player = Player::new(&root, 3);
    player.asked(0);
    player.trajectory(0, &["ls"; 90]);
    player.asked(1);
    let now = look(&mut player.follow());
    assert_eq!(stands(&now, 0), ("interrupted", None, 1));
    // all of it was written in one moment
    let worked = |n: usize| now.run.item(&ItemId(id(n))).unwrap().worked_ms(now.run.at.unwrap());
    assert_eq!((worked(0), worked(1)), (89_000, 0), "what is not known is no duration");
}
