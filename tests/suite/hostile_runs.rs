//! Files that somebody put where a run keeps its own, and names that somebody chose: nothing hangs, nothing fills the
//! memory, no other run is hidden, and no terminal is steered.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
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

/// The same command in so little address space that a file without end does not fit.
fn frugal(plain: &Command) -> Command {
    let mut command = Command::new("prlimit");
    command.arg("--as=2000000000").arg(plain.get_program()).args(plain.get_args());
    if let Some(here) = plain.get_current_dir() {
        command.current_dir(here);
    }
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn of(campaign: &Campaign, arguments: &[&str]) -> Output {
    ended(frugal(&campaign.command(arguments)))
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

#[test]
fn doctor_waits_for_no_agents_configuration() {
    let campaign = Campaign::good(1);
    let home = campaign.root.join("home");
    let program = campaign.root.join("bin/agent");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let places: [(&str, PathBuf, &str); 3] = [
        ("claude_code", home.join(".claude/settings.json"), "no key for Claude Code"),
        ("openhands", campaign.root.join("config/main_openai.toml"), "no key for OpenHands"),
        ("codex_cli", home.join(".codex-of-test/config.toml"), "no key for Codex"),
    ];
    for (kind, path, says) in places {
        fs::write(campaign.root.join("isobench-tui.toml"), format!("[agent]\nkind = \"{kind}\"\ncli = {program:?}\n")).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for put in [pipe, zeros] {
            put(&path);
            let mut command = campaign.command(&["doctor"]);
            for name in ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK"] {
                command.env_remove(name);
            }
            for name in ["CLAUDE_CODE_USE_VERTEX", "CLAUDE_CONFIG_DIR", "OPENAI_API_KEY", "CODEX_API_KEY", "LLM_API_KEY", "LLM_MODEL"] {
                command.env_remove(name);
            }
            command.env("HOME", &home).env("CODEX_HOME", home.join(".codex-of-test"));
            // wrapped to a terminal's width
            let text = said(&ended(frugal(&command))).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(says), "{kind}: {text}");
        }
    }
}

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}2J";

/// Nothing that was said steers a terminal; what was evil is written out.
#[track_caller]
fn harmless(output: &Output) -> String {
    let text = said(output);
    let bad = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(bad, None, "{text:?}");
    assert!(text.contains("\\x1b") || text.contains("\\u001b"), "not said at all: {text}");
    text
}

#[test]
fn what_comes_out_of_files_and_arguments_steers_no_terminal() {
    let campaign = Campaign::good(2);
    // an id that only a run of ISO-Bench's own has
    let run = campaign.root.join(format!("state/runs/repo/trae/gpt-5/{EVIL}"));
    let item = run.join(format!("x{EVIL}"));
    fs::create_dir_all(&item).unwrap();
    let journal = json!({"status": "error", "commits": {"pre": "", "human": "0123456789abcdef"}}).to_string();
    fs::write(item.join("journal.json"), journal).unwrap();
    harmless(&campaign.run(&["run", "--headless", "--failed-of", run.to_str().unwrap()]));
    // arguments
    for arguments in [&["status", EVIL][..], &["ctl", EVIL], &["run", "--only", EVIL], &["print", "prompt", EVIL], &["run", "--plan", EVIL]]
    {
        harmless(&campaign.run(arguments));
    }
    // a run's ledger and its folder
    assert_eq!(campaign.headless(), Some(0));
    let folder = campaign.folder();
    let evil = json!(EVIL).to_string();
    let inside = evil.trim_matches('"');
    let events = fs::read_to_string(folder.events()).unwrap();
    let events = events.replace("\"agent\":\"script\"", &format!("\"agent\":{evil}")).replace("c-0001", &format!("c-{inside}"));
    let events = events.replace("\"latency\"", &format!("\"lat{inside}\""));
    fs::write(folder.events(), events).unwrap();
    let status = harmless(&campaign.run(&["status"]));
    assert!(status.contains("c-\\x1b]0;owned\\x07") && status.contains(": lat\\x1b]0;owned"), "{status}");
    assert!(harmless(&campaign.run(&["ls"])).contains("  \\x1b]0;owned"));
    fs::rename(folder.path(), RunFolder::all(&campaign.root).join(format!("2026{EVIL}"))).unwrap();
    assert!(harmless(&campaign.run(&["ls"])).contains("2026\\x1b]0;owned"));
    // files of the harness's and of ours
    let plan = campaign.root.join("state/plan.json");
    let good = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, format!("{{{evil}: 1, {evil}: 2, \"repo\": \"r\", \"task_id\": \"t\", \"items\": []}}")).unwrap();
    harmless(&campaign.run(&["run", "--headless"]));
    fs::write(&plan, good).unwrap();
    for text in [format!("[agent]\n{evil} = 1\n"), format!("[agent]\nkind = {evil}\n"), format!("[agent]\nname = {evil}\n")] {
        fs::write(campaign.root.join("isobench-tui.toml"), text.replace('\u{9b}', "\\u009b")).unwrap();
        harmless(&campaign.run(&["run", "--headless"]));
    }
}

#[test]
fn a_prompt_is_printed_safely_on_a_terminal_and_as_it_is_into_a_pipe() {
    let campaign = Campaign::good(1);
    earlier(&campaign, format!("do {EVIL} it\n\tand that\n"));
    campaign.config("", "", "[prompt]\nsource = \"copy\"");
    let arguments = ["print", "prompt", "c-0001"];
    let output = campaign.run(&arguments);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("do {EVIL} it\n\tand that\n"));
    let mut pty = crate::pty::Pty::spawn(&campaign.command(&arguments), 200, 50);
    assert_eq!(pty.wait_code(), 0);
    let text = String::from_utf8_lossy(&pty.written);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{9b}') && text.contains("do \\x1b]0;owned\\x07"), "{text:?}");
}

/// An item folder of ISO-Bench's own about the first item, with this prompt.
fn earlier(campaign: &Campaign, task: impl AsRef<[u8]>) -> PathBuf {
    let folder = campaign.root.join("state/runs/repo/trae/gpt-5/2026-01-23_21-19-19/other-0007");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("prompt.json"), json!({"commits": {"pre": "", "human": campaign.commits[1]}}).to_string()).unwrap();
    fs::write(folder.join("task.txt"), task).unwrap();
    folder
}

#[test]
fn preflight_reads_the_prompts_that_will_be_copied() {
    let campaign = Campaign::good(1);
    campaign.config("", "", "[prompt]\nsource = \"copy\"");
    let looked = || {
        let output = campaign.run(&["doctor", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let row = found["rows"].as_array().unwrap().iter().find(|row| row["about"] == "prompt").unwrap().clone();
        (row["check"].as_str().unwrap().to_owned(), format!("{} {}", row["says"], found["blocked"]))
    };
    let folder = earlier(&campaign, "do it\n");
    assert_eq!(looked().0, "ok");
    let large = "x".repeat(256 * 1024 + 1);
    let bad: [(&[u8], &str); 4] = [
        (b"ok \xff", "it is no UTF-8 text: byte 3"),
        (large.as_bytes(), "no prompt is so long"),
        (b" \n", "it is empty"),
        (b"do\0it", "byte 2 is a NUL"),
    ];
    for (task, says) in bad {
        fs::write(folder.join("task.txt"), task).unwrap();
        let (check, text) = looked();
        assert!(check != "ok" && text.contains("task.txt") && text.contains(says), "{check}: {text}");
    }
    fs::write(folder.join("task.txt"), "do it\n").unwrap();
    fs::write(folder.join("prompt.json"), "{\"commits\": {\"human\": 7}}").unwrap();
    let (check, text) = looked();
    assert!(check != "ok" && text.contains("other-0007/prompt.json: commits.human: invalid type: integer `7`"), "{check}: {text}");
    // where the item's own is there, the broken one is told as well
    let good = folder.with_file_name("good-0001");
    fs::create_dir(&good).unwrap();
    fs::write(good.join("prompt.json"), json!({"commits": {"pre": "", "human": campaign.commits[1]}}).to_string()).unwrap();
    fs::write(good.join("task.txt"), "do it\n").unwrap();
    let (check, text) = looked();
    assert!(check == "warning" && text.contains("prompt.json: commits.human"), "{check}: {text}");
}
