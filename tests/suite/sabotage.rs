//! What saboteurs found: each was a wrong end, a hang or a loss before it was a test.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM};
use crate::support::wait_until;

#[test]
fn half_an_agents_work_is_never_measured_when_its_keeper_is_killed() {
    let agent =
        "echo cost=90 >engine.sh; [ -e \"$CAMPAIGN/again\" ] || { touch \"$CAMPAIGN/again\"; gate agent; }; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    campaign.config("", "", "[retry]\nbackoff_s = 0.1");
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.kill(campaign.keeper());
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["attempts"].as_i64()), (Some("done"), Some(2)), "{item:#}");
    assert!(campaign.patch(1).contains("+cost=50"));
    // what it had done lies with its attempt
    let half = fs::read_to_string(campaign.stage_dir(1, 1, "check").join("model_patch.diff")).unwrap();
    assert!(half.contains("+cost=90"), "{half}");
    campaign.assert_nothing_left();
}

#[test]
fn a_worktree_replaced_by_a_link_is_not_followed() {
    let agent = "mkdir -p \"$CAMPAIGN/mine/inner\"; git init -q \"$CAMPAIGN/mine/inner\"; echo x >\"$CAMPAIGN/mine/private.py\"; \
                 here=$PWD; cd /; rm -rf \"$here\"; ln -s \"$CAMPAIGN/mine\" \"$here\"";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!((item["class"].as_str(), item["attempts"].as_i64()), (Some("agent_crashed"), Some(1)), "{item:#}");
    assert!(campaign.root.join("mine/inner/.git").exists() && campaign.root.join("mine/private.py").exists());
}

#[test]
fn of_many_started_at_once_one_runs() {
    let campaign = Campaign::good(2);
    let started: Vec<_> = (0..8).map(|_| campaign.spawn(&["run", "--headless"])).collect();
    let mut codes: Vec<_> = started.into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    codes.sort_unstable();
    let ran = codes.iter().filter(|code| **code == 0).count();
    // who comes when the first is finished starts the next, as it was asked to
    assert_eq!(ran, campaign.folders().len(), "{codes:?}");
    assert!(codes.iter().all(|code| [0, 4].contains(code)), "{codes:?}");
    let stamps: std::collections::HashSet<String> =
        campaign.folders().iter().map(|folder| folder.run_id().0.chars().take(19).collect()).collect();
    assert_eq!(stamps.len(), campaign.folders().len(), "two runs share a second");
}

#[test]
fn a_removed_lock_lets_no_second_writer_in() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    let runner = campaign.runner().unwrap();
    fs::remove_file(campaign.folder().lock()).unwrap();
    assert_eq!(campaign.run(&["run", "--resume", "--headless"]).status.code(), Some(4));
    campaign.open(1, "agent");
    wait_until("the first runner's end", || !crate::support::lives(runner));
    assert_eq!(campaign.statuses(), ["done"]);
    assert_eq!(campaign.model().faults, []);
}

#[test]
fn a_removed_ledger_is_no_success() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    let runner = campaign.spawn(&["run", "--headless"]);
    campaign.at_gate(1, "agent");
    fs::remove_file(campaign.folders()[0].events()).unwrap();
    campaign.open(1, "agent");
    assert_eq!(runner.wait_with_output().unwrap().status.code(), Some(2));
    assert!(fs::read_to_string(campaign.root.join("said")).unwrap().contains("removed while the run went on"));
}

#[test]
fn a_pipe_in_the_place_of_a_file_hangs_nobody() {
    let agent = "mkfifo \"$dir/model_patch.diff\" \"$dir/trajectory.json\"; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    campaign.config("", "trajectory = \"{trajectory}\"", "");
    assert_eq!(campaign.headless(), Some(0), "{}", fs::read_to_string(campaign.root.join("said")).unwrap_or_default());
    assert!(campaign.patch(1).contains("+cost=50"));
}

#[test]
fn a_torn_line_in_the_inbox_takes_no_request_along() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    fs::write(campaign.folder().requests(), "{\"id\":\"z\"").unwrap();
    campaign.ctl(&["hold"]);
    campaign.open(1, "agent");
    campaign.wait_end();
}

#[test]
fn an_end_of_0_bytes_is_no_end() {
    let campaign = Campaign::good(1);
    let mut command = campaign.command(&["run", "--headless"]);
    // right after the agent's stage_started
    let _ = command.env("ISOBENCH_DIE_AFTER", "9").output().unwrap();
    let exit = campaign.stage_dir(1, 1, "agent").join("exit.json");
    wait_until("the agent's end", || exit.exists());
    fs::write(&exit, "").unwrap();
    assert_eq!(campaign.resume(), Some(0));
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["attempts"].as_i64()), (Some("done"), Some(2)), "{item:#}");
}

#[test]
fn a_ledger_that_lost_its_last_lines_runs_them_again() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let events = campaign.folder().events();
    let text = fs::read_to_string(&events).unwrap();
    fs::write(&events, text.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    assert_eq!(campaign.resume(), Some(0));
    assert_eq!(campaign.statuses(), ["done"]);
}

#[test]
fn an_agent_that_changes_the_clones_configuration_changes_no_other_item() {
    let agent = format!("git -C \"$CAMPAIGN/repo\" config core.autocrlf true; {GOOD_AGENT}");
    let campaign = Campaign::new(2, &agent, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(campaign.statuses(), ["done", "done"]);
}

#[test]
fn a_forged_journal_does_not_stay() {
    let agent = "echo '{\"status\":\"success\"}' >\"$dir/journal.json\"; mkdir \"$dir/diff_targets.json\"; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    campaign.headless();
    let journal = campaign.item_dir(1).join("journal.json");
    assert!(!fs::read_to_string(&journal).unwrap_or_default().contains("{\"status\":\"success\"}"));
    assert_ne!(campaign.item(1)["class"], "no_space");
}
