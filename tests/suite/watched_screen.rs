//! `watch` by the real program: on a terminal, and printed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;

use crate::harness_player::{Player, id};
use crate::pty::Pty;
use crate::support::{BINARY, folder};

fn command(home: &Path, path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("watch").arg(path).args(arguments).current_dir(home).stdin(Stdio::null());
    for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "TMPDIR"] {
        command.env(name, home);
    }
    command
}

fn screen(home: &Path, path: &Path, cols: u16, rows: u16) -> Pty {
    Pty::spawn(&command(home, path, &[]), cols, rows)
}

fn once(home: &Path, path: &Path, arguments: &[&str]) -> Output {
    command(home, path, &[&["--once"], arguments].concat()).output().unwrap()
}

/// Every file below a folder with its bytes and times, and every folder with its own.
fn tree(root: &Path) -> BTreeMap<PathBuf, (SystemTime, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let there = fs::symlink_metadata(&path).unwrap();
        if there.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.insert(path.clone(), (there.modified().unwrap(), there.is_file().then(|| fs::read(&path).unwrap())));
    }
    found
}

#[test]
fn a_live_run_is_followed_on_all_screens_and_nothing_is_written() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let player = Player::new(&root, 4).at_work();
    player.log("Starting task processing: vllm_core-0000");
    player.log("  HF_TOKEN: hf_very_secret_token_value");
    player.log("OPENAI_API_KEY is set in subprocess environment: sk-proj-0123456789ab...wxyz");
    fs::write(root.join(".env"), "HF_TOKEN=hf_very_secret_token_value\n").unwrap();
    player.whole(0, "success");
    player.asked(1);
    player.trajectory(1, &["ls", "cat engine.py"]);
    let mut pty = screen(&home, &root, 120, 40);
    pty.wait_for("2/120");
    pty.wait_for("1 done");
    // the trajectory is written anew, and the screen follows
    pty.press("2");
    pty.wait_for("cat engine.py");
    player.trajectory(1, &["ls", "cat engine.py", "python measure_it.py"]);
    pty.wait_for("python measure_it.py");
    pty.wait_for("3/120");
    let before = tree(&root);
    // nothing can be asked of it
    pty.press("p");
    pty.press("x");
    pty.wait_for("ISO-Bench's own script runs this");
    pty.press("6");
    pty.wait_for("ISO-Bench's log");
    pty.wait_for("HF_TOKEN: •••");
    for keys in ["3", "1", "2", "s", "r", "R", "S"] {
        pty.press(keys);
    }
    pty.press("1");
    pty.wait_for("vllm_core-0003");
    // leaving does not ask
    pty.press("q");
    pty.wait_end();
    assert_eq!(tree(&root), before, "watching writes nothing");
    let written = String::from_utf8_lossy(&pty.written).into_owned();
    assert!(!written.contains("hf_very_secret") && !written.contains("sk-proj-0123"), "secrets on the screen");
}

#[test]
fn a_run_that_begins_later_is_shown_as_soon_as_it_does_and_its_end_too() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let mut player = Player::new(&root, 2).at_work();
    let mut pty = screen(&home, &root, 80, 24);
    pty.wait_for("no run here yet");
    player.asked(0);
    pty.wait_for("running");
    pty.wait_for(&id(1));
    player.kill();
    pty.wait_for("interrupted");
    player.whole(0, "success");
    player.whole(1, "success");
    pty.wait_for("finished");
    pty.press("q");
    pty.wait_end();
}

#[test]
fn the_newest_of_several_is_taken_and_the_others_are_told() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let mut player = Player::new(&root, 2);
    let newest = player.run.clone();
    player.run = root.join("state/runs/sglan/trae/gpt-5/2025-11-05_16-39-51");
    player.whole(0, "success");
    player.run = newest;
    player.whole(0, "success");
    let text = |path: &Path| String::from_utf8(once(&home, path, &[]).stdout).unwrap();
    let said = text(&root);
    assert!(said.contains("run vllm/trae/gpt-5/20"), "{said}");
    assert!(said.contains("the newest of 2 runs below here"), "{said}");
    assert!(text(&root.join("state/runs/sglan")).starts_with("run sglang/trae/gpt-5/2025-11-05_16-39-51"));
}

#[test]
fn printed_once_it_says_what_status_says() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let player = Player::new(&root, 3).at_work();
    player.whole(0, "success");
    player.asked(1);
    player.trajectory(1, &["ls"]);
    let output = once(&home, &player.run, &["--format", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["state"], &told["live"]["item_id"], &told["live"]["stage"], &told["watched"]["at_work"]),
        (&"running".into(), &id(1).into(), &"agent".into(), &true.into())
    );
    assert_eq!(
        (&told["items"][0]["status"], &told["items"][2]["status"], &told["agent"]),
        (&"done".into(), &"queued".into(), &"trae".into())
    );
    let text = String::from_utf8(once(&home, &player.run, &[]).stdout).unwrap();
    assert!(text.contains("live: vllm_core-0001.1 agent"), "{text}");
    drop(player);
    let text = String::from_utf8(once(&home, &root, &[]).stdout).unwrap();
    assert!(text.contains(": interrupted (no `bench.cli prepare` works here; its files changed last at 20"), "{text}");
    assert!(text.contains("nobody works here now") && !text.contains("--resume"), "{text}");
}

#[test]
fn followed_without_a_terminal_it_prints_a_line_a_change_to_its_end() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let mut player = Player::new(&root, 1).at_work();
    player.asked(0);
    let mut child = command(&home, &player.run, &[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.starts_with("1 item: 1 running")).unwrap();
    player.printed(0);
    lines.find(|line| line.ends_with("  vllm_core-0000: running check")).unwrap();
    player.journal(0, "success");
    lines.find(|line| line.contains("  vllm_core-0000: done in")).unwrap();
    player.kill();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // one that is left in the middle has its own exit code
    let again = Player::new(&root.join("b"), 2);
    again.asked(0);
    let output = command(&home, &again.run, &["--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["state"], "interrupted");
}

#[test]
fn what_can_not_be_watched_is_said() {
    let (_gone, home) = folder();
    let said = |path: &Path| {
        let output = once(&home, path, &[]);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    fs::create_dir(home.join("empty")).unwrap();
    fs::write(home.join("file"), "x").unwrap();
    for (path, expected) in [("nowhere", "there is no such folder"), ("empty", "nothing here can be followed"), ("file", "is a file")] {
        let (code, says) = said(&home.join(path));
        assert_eq!(code, 2);
        assert!(says.contains(expected), "{says}");
    }
}

#[test]
fn a_run_whose_folder_is_removed_is_gone_and_not_finished() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let player = Player::new(&root, 3).at_work();
    player.whole(0, "success");
    player.asked(1);
    player.trajectory(1, &["ls"]);
    let mut pty = screen(&home, &player.run, 120, 40);
    pty.wait_for("1 done");
    let mut printed = command(&home, &player.run, &["--format", "text"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(printed.stdout.take().unwrap()).lines();
    // all of it was told once the last item was
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains(&id(2))));
    fs::remove_dir_all(&player.run).unwrap();
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let rest = rest.join("\n");
    assert_eq!(printed.wait().unwrap().code(), Some(8), "{rest}");
    assert!(rest.contains(" is gone since 20") && rest.contains("it was removed or renamed"), "{rest}");
    assert!(rest.contains("what was known of it last:") && rest.contains("done") && !rest.contains("finished"), "{rest}");
    pty.wait_for("is gone since 20");
    assert!(pty.text().contains("1 done") && !pty.text().contains("finished"), "{}", pty.text());
    pty.press("q");
    pty.wait_end();
    let help = Command::new(BINARY).args(["watch", "--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("8 its folder was removed or renamed meanwhile"));
}

#[test]
fn an_interrupted_run_has_no_time_left_and_its_item_is_not_next() {
    let ((_gone, root), (_home_gone, home)) = (folder(), folder());
    let player = Player::new(&root, 4);
    player.whole(0, "success");
    player.whole(1, "success");
    player.asked(2);
    player.trajectory(2, &["ls", "cat engine.py"]);
    let mut pty = screen(&home, &root, 200, 60);
    pty.wait_for("1 interrupted");
    let text = pty.text();
    assert!(!text.contains(" left"), "{text}");
    let row = text.lines().find(|line| line.contains("vllm_core-0002") && line.contains("interrupted")).unwrap();
    assert!(!row.contains("next") && !row.contains("0.0 s"), "{row}");
    pty.press("qy");
    pty.wait_end();
}
