//! What is wrong is said in a sentence with what to do, and by the exit code.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::{BINARY, lives, shared, skip, wait_until};

/// Runs the plan, which must end with this code and say all of this.
fn refused(campaign: &Campaign, code: i32, says: &[&str]) -> String {
    assert_said(&campaign.run(&["run", "--headless"]), code, says)
}

fn assert_said(output: &Output, code: i32, says: &[&str]) -> String {
    let text = said(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for part in says {
        assert!(text.contains(part), "'{part}' is not said in: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn plan(campaign: &Campaign, text: &str) {
    fs::write(campaign.root.join("state/plan.json"), text).unwrap();
}

/// Whether a command may mount in a namespace of its own here.
fn can_mount() -> bool {
    Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_plan_that_is_missing_empty_or_cut_off_is_named_with_its_place() {
    let campaign = Campaign::good(1);
    let whole = fs::read_to_string(campaign.root.join("state/plan.json")).unwrap();
    fs::remove_file(campaign.root.join("state/plan.json")).unwrap();
    refused(&campaign, 2, &["plan.json"]);
    assert_said(&campaign.run(&["run", "--plan", "/no/such/plan.json", "--headless"]), 2, &["/no/such/plan.json"]);
    plan(&campaign, "");
    refused(&campaign, 2, &["plan.json:1:1", "empty"]);
    plan(&campaign, " \n\n");
    refused(&campaign, 2, &["plan.json:1:1", "empty"]);
    plan(&campaign, &whole[..whole.len() / 2]);
    refused(&campaign, 2, &["plan.json:", "cut off"]);
    plan(&campaign, "{\n  \"repo\": \"repo\",\n  \"task_id\": oops\n}");
    refused(&campaign, 2, &["plan.json:3:14"]);
    plan(&campaign, "{\"repo\": \"repo\", \"task_id\": \"t\"}");
    refused(&campaign, 2, &["plan.json:1:", "items"]);
    plan(&campaign, "{\"repo\": \"repo\", \"task_id\": \"t\", \"items\": []}");
    refused(&campaign, 2, &["no items"]);
    fs::remove_file(campaign.root.join("state/plan.json")).unwrap();
    fs::create_dir(campaign.root.join("state/plan.json")).unwrap();
    refused(&campaign, 2, &["plan.json", "directory"]);
    assert_eq!(campaign.folders().len(), 0, "no run was made");
}

#[test]
fn a_plan_cut_off_at_any_byte_is_refused_and_never_a_panic() {
    let campaign = Campaign::good(1);
    let whole = fs::read_to_string(campaign.root.join("state/plan.json")).unwrap();
    for end in (0..whole.trim_end().len()).step_by(7) {
        plan(&campaign, &whole[..end]);
        refused(&campaign, 2, &["plan.json:"]);
    }
}

#[test]
fn ids_used_twice_are_named_with_both_lines_and_unusable_ones_with_the_reason() {
    let campaign = Campaign::good(2);
    let with = |ids: [&str; 2]| {
        let items: Vec<Value> = ids.iter().map(|id| json!({"item_id": id, "human": campaign.commits[1]})).collect();
        let text = json!({"repo": "repo", "task_id": "t", "items": items});
        plan(&campaign, &serde_json::to_string_pretty(&text).unwrap());
    };
    with(["same", "same"]);
    refused(&campaign, 2, &["plan.json:10:", "'same' is used twice", "first on line 6"]);
    for (id, why) in [
        ("a/b", "slash"),
        ("..", "folder"),
        (".", "folder"),
        ("", "empty"),
        ("a\nb", "control"),
        ("-x", "begins with '-'"),
        ("a\\b", "slash"),
    ] {
        with(["fine", id]);
        refused(&campaign, 2, &["plan.json:", "item 2", why]);
    }
    with(["fine", &"x".repeat(201)]);
    refused(&campaign, 2, &["longer than 200"]);
    assert!(!campaign.root.join("state/runs").exists() && !campaign.root.join("state/tui").exists());
}

#[test]
fn eight_characters_of_a_sha_are_enough_and_a_bad_one_blocks_its_own_item_alone() {
    let campaign = Campaign::good(3);
    let item = |id: &str, human: &str, pre: &str| json!({"item_id": id, "human": human, "pre": pre});
    let items = json!([
        item("short", &campaign.commits[1][..8], ""),
        item("unknown", "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef", ""),
        item("root", &campaign.commits[0], ""),
        item("nopre", &campaign.commits[2], "cafecafe"),
        item("none", "", ""),
        item("trick", "HEAD --all", ""),
        {"item_id": "null", "human": campaign.commits[3], "pre": null, "pre_parent_index": null},
    ]);
    plan(&campaign, &json!({"repo": "repo", "task_id": "t", "items": items}).to_string());
    let text = refused(
        &campaign,
        1,
        &["blocked  unknown  deadbeef", "git fetch origin deadbeef", "blocked  root", "it is the first commit", "no human commit"],
    );
    assert_eq!(campaign.statuses(), ["done", "blocked", "blocked", "blocked", "blocked", "blocked", "done"], "{text}");
    let status = campaign.status();
    let classes: Vec<_> = status["items"].as_array().unwrap().iter().map(|item| item["class"].as_str().unwrap_or("-")).collect();
    assert_eq!(classes, ["-", "bad_sha", "missing_parent", "missing_parent", "bad_sha", "bad_sha", "-"]);
    assert_eq!(status["items"][0]["human"], campaign.commits[1], "resolved to the full sha");
    let why = campaign.ctl_refused(&["retry", "unknown"], 6);
    assert!(why.contains("blocked"), "{why}");
}

#[test]
fn where_nothing_can_be_run_each_item_says_why_and_no_run_is_made() {
    let campaign = Campaign::good(2);
    campaign.config("repo = \"nowhere\"", "", "");
    refused(&campaign, 3, &["nowhere", "clone it there", "c-0001", "c-0002", "nothing can be run"]);
    campaign.config("", "", "");
    fs::remove_dir_all(campaign.root.join("repo/.git")).unwrap();
    refused(&campaign, 3, &["no clone of repo", "--clone"]);
    fs::create_dir(campaign.root.join("repo/.git")).unwrap();
    refused(&campaign, 3, &["missing_repo", "git"]);
    assert_eq!(campaign.folders().len(), 0);
}

#[test]
fn an_agent_that_is_not_there_blocks_and_one_that_goes_missing_fails() {
    let campaign = Campaign::good(1);
    let config = campaign.root.join("isobench-tui.toml");
    fs::write(&config, "[agent]\ncommand = [\"no-such-agent-7\"]\n").unwrap();
    refused(&campaign, 3, &["'no-such-agent-7' is not there", "PATH", "agent_not_found"]);
    fs::write(&config, "[agent]\nname = \"script\"\n").unwrap();
    refused(&campaign, 3, &["no agent is configured", "[agent] command"]);
    let program = campaign.root.join("agent");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::write(&config, format!("[agent]\nname = \"script\"\ncommand = [{program:?}]\n")).unwrap();
    refused(&campaign, 3, &["not executable"]);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // there when the run begins, gone when its turn comes: a bad interpreter
    fs::write(&program, "#!/no/such/shell\n").unwrap();
    refused(&campaign, 1, &["agent_not_found"]);
    assert_eq!(campaign.facts_of("stage_starting").iter().filter(|fact| fact["stage"] == "check").count(), 0);
    campaign.assert_nothing_left();
}

#[test]
fn a_wrong_configuration_is_refused_with_line_and_column() {
    let campaign = Campaign::good(1);
    let config = campaign.root.join("isobench-tui.toml");
    let with = |text: &str, says: &[&str]| {
        fs::write(&config, text).unwrap();
        refused(&campaign, 2, says);
    };
    with("[agent]\nname = \"a\"\n  comand = [\"sh\"]\n", &["isobench-tui.toml:3:3", "comand"]);
    with("[agent\n", &["isobench-tui.toml:1:"]);
    with("[budget]\nagent = \"long\"\n", &["isobench-tui.toml:2:9"]);
    with("[budget]\nagent = -1\n", &["budget.agent", "out of range"]);
    with("[budget]\nagent = nan\n", &["budget.agent", "out of range"]);
    with("[limits]\nuntil = \"25:00\"\n", &["limits.until", "08:00"]);
    with("[limits]\nrun_usd = 5\n", &["limits.run_usd", "usd_per_mtok_input"]);
    with("[agent]\nname = \"a/b\"\n", &["agent.name", "slash"]);
    with("[agent]\nkind = \"robot\"\n", &["isobench-tui.toml:2:", "robot"]);
    fs::write(&config, [0xff, 0xfe]).unwrap();
    refused(&campaign, 2, &["isobench-tui.toml"]);
    assert_said(&campaign.run(&["run", "--headless", "--config", "/no/such.toml"]), 2, &["/no/such.toml"]);
    assert_said(&campaign.run(&["run", "--headless", "--only", "c-0009"]), 2, &["isobench-tui.toml"]);
    campaign.config("", "", "");
    assert_said(&campaign.run(&["run", "--headless", "--only", "c-0009"]), 2, &["--only c-0009"]);
    let lost = Command::new(BINARY).args(["run", "--headless", "--root", "/no/such/folder"]).output().unwrap();
    assert_said(&lost, 2, &["/no/such/folder"]);
}

#[test]
fn outside_any_harness_a_reader_says_where_to_go() {
    let (_keep, folder) = crate::support::folder();
    let run = |arguments: &[&str]| Command::new(BINARY).args(arguments).current_dir(&folder).env("HOME", &folder).output().unwrap();
    assert_said(&run(&["run", "--headless"]), 2, &["no ISO-Bench harness", "--root", "demo"]);
    assert_said(&run(&["status"]), 2, &["no ISO-Bench harness"]);
    assert_said(&run(&["ls"]), 2, &["no ISO-Bench harness"]);
}

#[test]
fn files_of_a_run_that_are_empty_or_cut_off_are_a_sentence_and_not_a_panic() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let folder = campaign.folder();
    let (manifest, ledger) = (fs::read(folder.manifest()).unwrap(), fs::read(folder.events()).unwrap());
    let resume = || campaign.run(&["run", "--resume", "--headless"]);
    for bytes in [&b""[..], &manifest[..manifest.len() / 2], b"\xff"] {
        fs::write(folder.manifest(), bytes).unwrap();
        assert_said(&resume(), 2, &["manifest.json is damaged"]);
        // the ledger is what readers need
        assert_said(&campaign.run(&["status"]), 0, &["finished"]);
    }
    fs::remove_file(folder.manifest()).unwrap();
    assert_said(&resume(), 2, &["manifest.json"]);
    fs::write(folder.manifest(), &manifest).unwrap();
    fs::write(folder.events(), "").unwrap();
    assert_said(&resume(), 2, &["run_created", "--new"]);
    assert_said(&campaign.run(&["run", "--resume", "--detach"]), 2, &["run_created", "--new"]);
    assert_said(&campaign.run(&["status"]), 0, &[]);
    // a torn line is closed, said, and cut off by nobody
    let cut = ledger.len() - 30;
    fs::write(folder.events(), &ledger[..cut]).unwrap();
    assert_said(&resume(), 0, &[]);
    assert!(fs::read(folder.events()).unwrap().starts_with(&ledger[..cut]));
    assert_eq!(campaign.facts_of("tail_healed").len(), 1);
    assert!(campaign.status()["faults"].to_string().contains("torn line"), "{:#}", campaign.status()["faults"]);
}

#[test]
fn a_run_of_a_newer_format_is_read_and_not_continued() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let folder = campaign.folder();
    let mut manifest: Value = serde_json::from_slice(&fs::read(folder.manifest()).unwrap()).unwrap();
    manifest["format"] = json!(2);
    fs::write(folder.manifest(), manifest.to_string()).unwrap();
    let before = fs::read(folder.events()).unwrap();
    assert_said(&campaign.run(&["run", "--resume", "--headless"]), 2, &["newer isobench-tui", "upgrade"]);
    assert_said(&campaign.run(&["ctl", "retry", "c-0001"]), 2, &["newer isobench-tui"]);
    assert_said(&campaign.run(&["status"]), 0, &["newer isobench-tui", "finished", "c-0001"]);
    assert_eq!(fs::read(folder.events()).unwrap(), before);
}

#[test]
fn a_state_folder_that_cannot_be_written_is_named() {
    let mut campaign = Campaign::good(1);
    if !campaign.as_nobody() {
        skip("neither an ordinary user nor able to become one: modes mean nothing to root");
        return;
    }
    fs::set_permissions(campaign.root.join("state"), fs::Permissions::from_mode(0o555)).unwrap();
    refused(&campaign, 2, &["state/tui", "Permission denied", "writable"]);
    assert_said(&campaign.run(&["run", "--detach"]), 2, &["state/tui", "Permission denied"]);
    fs::set_permissions(campaign.root.join("state"), fs::Permissions::from_mode(0o755)).unwrap();
    refused(&campaign, 0, &["done"]);
    // a run that was finished while it could be written, and is to be continued where it can't
    fs::set_permissions(campaign.folder().path(), fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(campaign.folder().events(), fs::Permissions::from_mode(0o444)).unwrap();
    assert_said(&campaign.run(&["run", "--resume", "--headless"]), 2, &["events.jsonl", "Permission denied"]);
    assert_said(&campaign.run(&["status"]), 0, &["finished"]);
}

#[test]
fn a_read_only_mount_is_named() {
    if !can_mount() {
        skip("may not mount in a namespace of its own");
        return;
    }
    let campaign = Campaign::good(1);
    let script = "mount --bind \"$1/state\" \"$1/state\" && mount -o remount,ro,bind \"$1/state\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(&campaign.root)
        .arg(BINARY)
        .arg("--root")
        .arg(&campaign.root)
        .args(["run", "--headless"]);
    campaign.dress(&mut command);
    assert_said(&command.output().unwrap(), 2, &["state/tui", "Read-only file system", "--root"]);
}

#[test]
fn a_full_disk_stops_nothing_for_good_and_loses_no_fact() {
    if !can_mount() {
        skip("may not mount in a namespace of its own");
        return;
    }
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    fs::create_dir(campaign.root.join("state/tui")).unwrap();
    // the tmpfs goes with its namespace: what is to be looked at afterwards is copied out of it
    let script = "mount -t tmpfs -o size=600k tmpfs \"$1/state/tui\" && root=$1 && shift && \"$@\"; code=$?; cp -r \"$root\"/state/tui \"$root\"/kept; exit $code";
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(&campaign.root)
        .arg(BINARY)
        .arg("--root")
        .arg(&campaign.root)
        .args(["run", "--headless"]);
    campaign.dress(&mut command);
    let words = campaign.root.join("said");
    let mut runner = command.stderr(fs::File::create(&words).unwrap()).stdout(std::process::Stdio::null()).spawn().unwrap();
    let agent = campaign.at_gate(1, "agent");
    let inside = Path::new(&format!("/proc/{agent}/root")).join(campaign.root.join("state/tui").strip_prefix("/").unwrap());
    let run = fs::read_dir(&inside).unwrap().next().unwrap().unwrap().path();
    let request = |nth: u32| {
        format!(
            "{{\"id\":\"full-{nth}\",\"at\":\"2026-01-01T00:00:00Z\",\"by\":{{\"who\":\"rule\",\"rule\":\"test\"}},\"verb\":\"hold\"}}\n"
        )
    };
    let requests = (0..60).map(request).collect::<Vec<_>>().concat();
    fs::write(run.join("aside"), requests).unwrap();
    let mut fill = fs::File::create(inside.join("fill")).unwrap();
    while std::io::Write::write_all(&mut fill, &[0; 512]).is_ok() {}
    fs::rename(run.join("aside"), run.join("requests.jsonl")).unwrap();
    wait_until("the sentence about the full disk", || fs::read_to_string(&words).unwrap().contains("No space left on device"));
    assert!(fs::read_to_string(&words).unwrap().contains("free space there"), "what to do");
    assert!(lives(i32::try_from(runner.id()).unwrap()) && lives(agent));
    drop(fill);
    fs::remove_file(inside.join("fill")).unwrap();
    campaign.open(1, "agent");
    assert_eq!(runner.wait().unwrap().code(), Some(0), "{}", fs::read_to_string(&words).unwrap());
    let kept = fs::read_dir(campaign.root.join("kept")).unwrap().next().unwrap().unwrap().path();
    let text = String::from_utf8_lossy(&fs::read(kept.join("events.jsonl")).unwrap()).into_owned();
    let facts: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let seqs: Vec<u64> = facts.iter().map(|fact| fact["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "facts are missing or doubled");
    let failed: Vec<&Value> = facts.iter().filter(|fact| fact["kind"] == "append_failed").collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert!(failed[0]["data"]["error"].as_str().unwrap().contains("No space left"), "{failed:#?}");
    assert_eq!(facts.iter().filter(|fact| fact["kind"] == "request_answered").count(), 60);
    assert!(text.lines().filter(|line| serde_json::from_str::<Value>(line).is_err()).count() <= 2, "torn lines are kept, and few");
    assert_eq!(facts.last().unwrap()["kind"], "runner_stopped");
}

#[test]
fn the_real_plan_of_96_items_is_accepted_and_says_what_blocks_them() {
    let Some(shared) = shared() else { return };
    let campaign = Campaign::good(1);
    let real = shared.join("corpus/state/plan.json");
    let copy = campaign.root.join("copy");
    fs::create_dir_all(copy.join("state")).unwrap();
    fs::copy(&real, copy.join("state/plan.json")).unwrap();
    fs::copy(campaign.root.join("isobench-tui.toml"), copy.join("isobench-tui.toml")).unwrap();
    let plan: Value = serde_json::from_slice(&fs::read(&real).unwrap()).unwrap();
    let ids: Vec<&str> = plan["items"].as_array().unwrap().iter().map(|item| item["item_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 96);
    let mut command = Command::new(BINARY);
    command.args(["run", "--headless", "--plan"]).arg(&real).arg("--root").arg(&copy).env("HOME", &campaign.root);
    let text = assert_said(&command.output().unwrap(), 3, &["all 96 items are blocked", "clone"]);
    let (told, rest) = ids.split_at(20);
    for id in told {
        let line = text.lines().find(|line| line.split_whitespace().nth(1) == Some(id));
        assert!(line.is_some_and(|line| line.starts_with("blocked") && line.contains("missing_repo: no clone of")), "{id}: {line:?}");
    }
    assert!(text.contains("… and 76 more") && !text.contains(rest[0]), "{text}");
}

#[test]
fn only_some_items_are_run_when_asked_for() {
    let campaign = Campaign::good(3);
    let output = campaign.run(&["run", "--headless", "--only", &campaign.commits[2][..8], "c-0003", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ids: Vec<_> = status["items"].as_array().unwrap().iter().map(|item| item["item_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["c-0002", "c-0003"]);
}
