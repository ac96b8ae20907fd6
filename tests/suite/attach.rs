//! The real program on a real run in a real terminal: what its user does on a first evening.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::process::Command;

use rustix::process::Signal;

use crate::campaign::Campaign;
use crate::pty::Pty;
use crate::support::wait_until;

/// An agent that waits at a gate, then does well.
const WAITING: &str = "echo hello from $item; gate work; echo cost=50 >engine.sh";

fn on_terminal(campaign: &Campaign, arguments: &[&str]) -> Pty {
    Pty::spawn(&campaign.command(arguments), 120, 40)
}

#[test]
fn two_screens_on_one_run_see_and_steer_the_same() {
    let campaign = Campaign::new(2, WAITING, crate::campaign::GOOD_ARM);
    campaign.detached();
    let (mut one, mut two) = (on_terminal(&campaign, &["attach"]), on_terminal(&campaign, &["attach"]));
    one.wait_for("hello from c-0001");
    two.wait_for("hello from c-0001");
    one.press(" ");
    one.wait_for("pausing after 'agent'");
    two.wait_for("pausing after 'agent'");
    campaign.open(1, "work");
    one.wait_for("paused by");
    two.press(" ");
    one.wait_for("hello from c-0002");
    // one is killed, the other and the run go on
    one.signal(Signal::KILL);
    one.wait_end();
    campaign.open(2, "work");
    two.wait_for("2 done");
    two.wait_for("finished");
    two.press("q");
    assert_eq!(two.wait_code(), 0);
    campaign.wait_end();
}

#[test]
fn a_run_started_on_a_terminal_outlives_it() {
    let campaign = Campaign::new(1, WAITING, crate::campaign::GOOD_ARM);
    campaign.task_file();
    let mut screen = on_terminal(&campaign, &["run"]);
    screen.wait_for("hello from c-0001");
    let runner = campaign.runner().unwrap();
    // the connection drops: the terminal hangs up and takes the screen along
    drop(screen);
    assert_eq!(campaign.runner(), Some(runner));
    let mut again = on_terminal(&campaign, &[]);
    again.wait_for("hello from c-0001");
    again.press("q");
    again.wait_for("Leave the screen?");
    again.press("<Enter>");
    assert_eq!(again.wait_code(), 0);
    assert!(again.text().contains("goes on in the background"), "{}", again.text());
    campaign.open(1, "work");
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["done"]);
}

#[test]
fn what_there_is_to_warn_of_is_read_before_the_screen_hides_it() {
    let campaign = Campaign::new(1, WAITING, crate::campaign::GOOD_ARM);
    let ask = || {
        let mut asked = on_terminal(&campaign, &["run"]);
        asked.wait_for("Enter starts the run, q leaves it");
        asked
    };
    for leave in ["q<Enter>", "no<Enter>", "<C-d>"] {
        let mut asked = ask();
        assert!(!asked.screen().alternate_screen());
        assert!(asked.text().contains("                   > write one, or name it with harness.task"), "{}", asked.text());
        asked.press(leave);
        assert_eq!((asked.wait_code(), campaign.folders().len()), (0, 0), "{leave}: {}", asked.text());
    }
    // nobody is held up by one who thinks; what he saw is then old
    let (mut one, mut two) = (ask(), ask());
    one.press("<Enter>");
    one.wait_for("hello from c-0001");
    two.press("<Enter>");
    assert_eq!(two.wait_code(), 4, "{}", two.text());
    assert!(two.text().contains("was begun here meanwhile"), "{}", two.text());
    assert_eq!(campaign.folders().len(), 1);
    campaign.open(1, "work");
    one.wait_for("finished");
    one.press("q");
    assert_eq!(one.wait_code(), 0);
    campaign.wait_end();
    // with nothing to warn of nobody is asked: the tests beside this one
}

#[test]
fn keys_skip_stop_and_retry_for_real() {
    let campaign = Campaign::new(3, WAITING, crate::campaign::GOOD_ARM);
    campaign.detached();
    let mut screen = on_terminal(&campaign, &["attach"]);
    screen.wait_for("hello from c-0001");
    screen.press("s");
    screen.wait_for("Skip c-0001?");
    screen.press("y");
    screen.wait_for("hello from c-0002");
    screen.press("x");
    screen.wait_for("Stop 'agent' of c-0002?");
    screen.press("y");
    screen.wait_for("hello from c-0003");
    campaign.open(3, "work");
    wait_until("the end of the run", || campaign.status().get("state").unwrap() == "finished");
    assert_eq!(campaign.statuses(), ["skipped", "stopped", "done"]);
    campaign.open(1, "work");
    // there is no runner any more: R starts one
    screen.wait_for("finished");
    screen.press("gR");
    wait_until("the item's second end", || campaign.statuses() == ["done", "stopped", "done"]);
    screen.wait_for("2 done");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    campaign.wait_end();
}

#[test]
fn quitting_now_leaves_an_interrupted_item_that_c_takes_up_again() {
    let campaign = Campaign::new(1, WAITING, crate::campaign::GOOD_ARM);
    campaign.task_file();
    let mut screen = on_terminal(&campaign, &["run"]);
    screen.wait_for("hello from c-0001");
    screen.press("q");
    screen.wait_for("Leave the screen?");
    screen.press("x");
    assert_eq!(screen.wait_code(), 0);
    assert_eq!(campaign.runner(), None);
    assert_eq!(campaign.statuses(), ["interrupted"]);
    let mut again = on_terminal(&campaign, &["attach"]);
    again.wait_for("c continues");
    again.press("c");
    again.wait_for("hello from c-0001");
    campaign.open(1, "work");
    again.wait_for("finished");
    again.press("q");
    assert_eq!(again.wait_code(), 0);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["done"]);
}

#[test]
fn the_demo_plays_to_its_end_on_a_terminal_and_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let dir = folder.path().join("demo");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(crate::support::BINARY);
        command.args(arguments).env("HOME", &home).env_remove("XDG_STATE_HOME").current_dir(&home);
        command
    };
    let mut screen = Pty::spawn(&command(&["demo", "--speed", "15", "--dir", dir.to_str().unwrap()]), 120, 40);
    screen.wait_for("demo_core-0005");
    // a whole campaign takes its time: each of its items may be waited for as long as anything else
    for queued in (0..5).rev() {
        let waiting = |text: &str| text.lines().filter(|line| line.contains("demo_core-") && line.contains(" queued ")).count();
        screen.wait_until(&format!("{queued} items in the queue"), |text| waiting(text) <= queued);
    }
    screen.wait_for("finished");
    screen.wait_for("3 failed");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    // the start screen finds it where there is no checkout, and Enter opens it
    let mut again = Pty::spawn(&command(&[]), 120, 40);
    again.wait_for("Enter opens it");
    again.wait_for("finished     6 of 6");
    again.press("<Enter>");
    again.wait_for("demo_core-0005");
    again.press("q");
    assert_eq!(again.wait_code(), 0);
}

#[test]
fn a_copied_campaign_is_taken_up_where_it_lies() {
    let campaign = Campaign::new(1, "exit 3", crate::campaign::GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    let (before, folder) = (std::fs::read(campaign.folder().events()).unwrap(), tempfile::tempdir().unwrap());
    let copy = folder.path().canonicalize().unwrap().join("copy");
    assert!(Command::new("cp").arg("-a").args([&campaign.root, &copy]).status().unwrap().success());
    let of_copy = |arguments: &[&str]| {
        let mut command = Command::new(crate::support::BINARY);
        command.arg("--root").arg(&copy).args(arguments).current_dir(&copy);
        campaign.dress(&mut command);
        command
    };
    let answered = of_copy(&["ctl", "retry", "c-0001"]).output().unwrap();
    assert_eq!(answered.status.code(), Some(0), "{answered:?}");
    let ended = of_copy(&["status", "--wait"]).output().unwrap();
    assert!(String::from_utf8_lossy(&ended.stdout).contains("c-0001"), "{ended:?}");
    let mut screen = Pty::spawn(&of_copy(&["attach"]), 120, 40);
    screen.wait_for("×2");
    screen.press("R");
    screen.wait_for("×3");
    screen.wait_for("finished");
    screen.press("q");
    assert_eq!(screen.wait_code(), 0);
    assert_eq!(std::fs::read(campaign.folder().events()).unwrap(), before, "the one that was copied is left alone");
}
