//! Files that somebody put where a run keeps its own, and names that somebody chose: nothing hangs, nothing fills the
//! memory, no other run is hidden, and no terminal is steered.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use isobench_tui::ledger::{RunFolder, Tail};
use serde_json::json;

use crate::campaign::{Campaign, said};
use crate::support::{folder, wait_for};

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn zeros(path: &Path) {
    let _ = fs::remove_file(path);
    symlink("/dev/zero", path).unwrap();
}

/// What a command ends with; one that does not end within the patience of the tests is killed, and fails.
fn ended(mut command: Command) -> Output {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let hangs = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wait_for("the command's end", || child.try_wait().unwrap())));
    if hangs.is_err() {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("{command:?} hangs");
    }
    child.wait_with_output().unwrap()
}

/// The same in so little address space that a file without end does not fit.
fn of(campaign: &Campaign, arguments: &[&str]) -> Output {
    let plain = campaign.command(arguments);
    let mut command = Command::new("prlimit");
    command.arg("--as=2000000000").arg(plain.get_program()).args(plain.get_args()).current_dir(&campaign.root);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    ended(command)
}

/// A run of an earlier time that is nothing but its folder.
fn old_run(campaign: &Campaign, id: &str) -> PathBuf {
    let path = campaign.root.join("state/tui/runs").join(id);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn an_old_run_that_was_broken_is_listed_as_such_and_blocks_no_other() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let good = campaign.folder().run_id().0;
    let all = RunFolder::all(&campaign.root);
    let old = |id: &str| {
        fs::create_dir_all(all.join(id)).unwrap();
        all.join(id)
    };
    pipe(&old("2020-01-01_00-00-00-pipe").join("events.jsonl"));
    zeros(&old("2020-01-01_00-00-01-zero").join("events.jsonl"));
    pipe(&old("2020-01-01_00-00-02-lock").join("runner.lock"));
    fs::write(all.join("2020-01-01_00-00-02-lock/events.jsonl"), "").unwrap();
    let holes = old("2020-01-01_00-00-03-hole").join("events.jsonl");
    fs::File::create(holes).unwrap().set_len(1 << 40).unwrap();
    let listed = of(&campaign, &["ls"]);
    let text = said(&listed);
    assert_eq!(listed.status.code(), Some(0), "{text}");
    let line = |id: &str| text.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id} is not in {text}")).to_owned();
    assert!(line("-pipe").contains("broken") && line("-pipe").contains("events.jsonl: it is no regular file"), "{text}");
    assert!(line("-zero").contains("broken") && line("-zero").contains("no regular file"), "{text}");
    assert!(line("-hole").contains("broken") && line("-hole").contains("the line at byte 0 is longer than 64 MiB"), "{text}");
    assert!(line(&good).contains("finished"), "{text}");
    let status = of(&campaign, &["status"]);
    assert!(status.status.success() && said(&status).contains(&good), "{}", said(&status));
    let broken = of(&campaign, &["status", "2020-01-01_00-00-01-zero"]);
    assert_eq!(broken.status.code(), Some(2), "{}", said(&broken));
    assert!(said(&broken).contains("events.jsonl: it is no regular file: name another run"), "{}", said(&broken));
    let again = of(&campaign, &["run", "--headless", "--failed-of", &good]);
    assert!(said(&again).contains("nothing to run"), "{}", said(&again));
    let new = of(&campaign, &["run", "--headless"]);
    assert_eq!(new.status.code(), Some(0), "{}", said(&new));
}

#[test]
fn a_pipe_in_the_place_of_a_runs_own_file_is_named_and_not_waited_for() {
    let campaign = Campaign::good(1);
    let mut command = campaign.command(&["run", "--headless"]);
    let _ = command.env("ISOBENCH_DIE_AFTER", "4").output().unwrap();
    let run = campaign.folder();
    let manifest = fs::read(run.manifest()).unwrap();
    pipe(&run.manifest());
    assert!(of(&campaign, &["status"]).status.success());
    let resumed = of(&campaign, &["run", "--resume", "--headless"]);
    assert_eq!(resumed.status.code(), Some(2), "{}", said(&resumed));
    assert!(said(&resumed).contains("manifest.json: it is no regular file"), "{}", said(&resumed));
    fs::remove_file(run.manifest()).unwrap();
    fs::write(run.manifest(), manifest).unwrap();
    pipe(&run.log());
    let resumed = of(&campaign, &["run", "--resume", "--headless"]);
    assert!(!resumed.status.success() && said(&resumed).contains("runner.log"), "{}", said(&resumed));
    assert!(!of(&campaign, &["ctl", "resume"]).status.success());
    fs::remove_file(run.log()).unwrap();
    pipe(&run.requests());
    let refused = of(&campaign, &["ctl", "retry", "c-0001"]);
    assert!(!refused.status.success() && said(&refused).contains("requests.jsonl: it is no regular file"), "{}", said(&refused));
    let resumed = of(&campaign, &["run", "--resume", "--headless"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", said(&resumed));
    assert_eq!(campaign.statuses(), ["done"]);
}

#[test]
fn a_line_without_end_is_an_error_and_lines_before_it_are_read() {
    let (_kept, folder) = folder();
    let path = folder.join("events.jsonl");
    fs::write(&path, "one\n").unwrap();
    fs::File::options().append(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let mut lines = 0;
    let error = Tail::new(path).read_on(|_| lines += 1).unwrap_err();
    assert_eq!((lines, error.to_string().as_str()), (1, "the line at byte 4 is longer than 64 MiB"));
}
