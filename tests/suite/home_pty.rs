//! The bare command in a real terminal: from the start screen into a run and back.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::process::Command;
use std::time::Duration;

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM};
use crate::pty::Pty;
use crate::support::{BINARY, folder};

fn bare(campaign: &Campaign) -> Pty {
    Pty::spawn(&campaign.command(&[]), 120, 40)
}

#[test]
fn a_fresh_checkout_is_started_watched_left_and_opened_again() {
    let campaign = Campaign::new(1, GOOD_AGENT, GOOD_ARM);
    campaign.task_file();
    let mut screen = bare(&campaign);
    screen.wait_for("none yet");
    screen.wait_for("Enter starts 1 item");
    screen.wait_for("what will happen");
    screen.wait_for("ok       agent     script");
    assert_eq!(campaign.folders().len(), 0, "looking starts nothing");
    screen.press("<Enter>");
    screen.wait_for("Start 1 item with script default?");
    screen.press("<Enter>");
    screen.wait_for("c-0001");
    screen.wait_for("finished");
    screen.wait_for("1 done");
    campaign.wait_end();
    screen.press("0");
    screen.wait_for("finished     1 of 1");
    screen.wait_for("Enter opens it");
    let id = campaign.folder().run_id().0;
    screen.wait_until("the run that we came from", |text| text.contains(&format!("│ {id}")));
    // nothing is written while nothing changes
    screen.pump(Duration::from_millis(1500));
    assert_eq!(screen.pump(Duration::from_secs(3)), 0);
    screen.press("<Enter>");
    screen.wait_for("1 queue");
    assert_eq!(screen.written.windows(8).filter(|bytes| bytes == b"\x1b[?1049h").count(), 1, "the terminal is taken once");
    screen.press("d");
    assert_eq!(screen.wait_code(), 0);
    assert!(!screen.screen().alternate_screen());
}

#[test]
fn outside_any_checkout_it_says_what_it_looked_for_and_offers_the_demo() {
    let (_gone, home) = folder();
    let mut command = Command::new(BINARY);
    command.env("HOME", &home).env("XDG_STATE_HOME", home.join("state")).current_dir(&home);
    let mut screen = Pty::spawn(&command, 80, 24);
    screen.wait_for("There is nothing of ISO-Bench here.");
    screen.wait_for("No ISO-Bench harness at");
    screen.wait_for("makes the demo and starts it");
    screen.press("?");
    screen.wait_for("all runs of this checkout");
    screen.press("G");
    screen.wait_for("look at plan, agent and machine again");
    assert!(!screen.text().contains("skip the item"), "{}", screen.text());
    screen.press("<Esc>");
    screen.wait_gone("look at plan, agent and machine again");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
}

#[test]
fn a_live_run_is_opened_at_once_and_0_leads_to_the_list() {
    let campaign = Campaign::new(1, "echo hello from $item; gate work; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    let mut screen = bare(&campaign);
    screen.wait_for("hello from c-0001");
    screen.press("0");
    let pid = campaign.runner().unwrap();
    screen.wait_for(&format!("pid {pid}"));
    screen.wait_for("running");
    // the same plan again is not started beside it by accident
    screen.wait_for("plan.json  1 item of t");
    screen.press("G<Up>");
    screen.wait_for("Running already: 0 of 1 item");
    screen.press("<Enter>");
    screen.wait_for("This plan is running already");
    screen.press("<Enter>");
    screen.wait_for("hello from c-0001");
    screen.press("0");
    screen.wait_for("start a new run");
    campaign.open(1, "work");
    screen.wait_for("finished     1 of 1");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    campaign.wait_end();
    assert_eq!(campaign.folders().len(), 1);
}

#[test]
fn an_unfinished_run_is_continued_by_c_or_by_its_plan() {
    let campaign = Campaign::new(1, "echo hello from $item; gate work; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "work");
    campaign.ctl(&["quit-now"]);
    crate::support::wait_until("the runner to leave", || campaign.runner().is_none());
    let mut screen = bare(&campaign);
    screen.wait_for("c continues it");
    screen.wait_for("plan.json  1 item of t");
    screen.press("<Down>");
    screen.wait_for("Unfinished: 0 of 1 item are over");
    screen.press("<Enter>");
    screen.wait_for("Continue the unfinished run?");
    screen.press("c");
    screen.wait_for("hello from c-0001");
    campaign.open(1, "work");
    screen.wait_for("finished");
    screen.press("d");
    assert_eq!(screen.wait_code(), 0);
    campaign.wait_end();
    assert_eq!(campaign.folders().len(), 1, "it was continued, and no other was started");
}

#[test]
fn what_blocks_a_start_is_said_and_r_sees_that_it_was_mended() {
    let campaign = Campaign::good(1);
    let agent = campaign.root.join("isobench-tui.toml");
    let right = std::fs::read_to_string(&agent).unwrap();
    std::fs::write(&agent, right.replace("\"sh\"", "\"no-such-shell\"")).unwrap();
    let mut screen = bare(&campaign);
    screen.wait_for("It can't start: the agent's program 'no-such-shell'");
    screen.press("<Enter>");
    screen.wait_for("it can't start");
    std::fs::write(&agent, right).unwrap();
    screen.press("r");
    screen.wait_for("Enter starts 1 item");
    // what changed between look and start is looked at again, and not run blindly
    std::fs::write(campaign.root.join("state/plan.json"), "{}").unwrap();
    screen.press("<Enter>");
    screen.wait_for("Start 1 item with script default?");
    screen.press("<Enter>");
    screen.wait_for("is missing");
    assert_eq!(campaign.folders().len(), 0);
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
}

#[test]
fn without_a_terminal_it_names_the_commands() {
    let campaign = Campaign::good(1);
    campaign.headless();
    let output = campaign.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    let said = crate::campaign::said(&output);
    assert!(said.contains("the screen needs a terminal") && said.contains("isobench-tui status"), "{said}");
}
