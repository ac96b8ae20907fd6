//! `ls`, `attach [RUN]` and what `print` has in common with the screen: which runs there are, and which one is meant.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::Path;
use std::process::Stdio;

use isobench_tui::ledger::RunFolder;
use isobench_tui::text::width::width;
use isobench_tui::ui::keymap::KEYMAP;
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::pty::Pty;

/// `ls --format json`.
fn listed(campaign: &Campaign) -> Vec<Value> {
    let output = campaign.run(&["ls", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap()
}

/// A copy of the newest run's ledger under another id.
fn copied(campaign: &Campaign, id: &str) {
    let folder = RunFolder::all(&campaign.root).join(id);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(campaign.folder().events(), folder.join("events.jsonl")).unwrap();
}

/// What an attempt to open a run says on a terminal, with its exit code.
fn attached(campaign: &Campaign, arguments: &[&str]) -> (i32, String) {
    let mut screen = Pty::spawn(&campaign.command(&[&["attach"], arguments].concat()), 200, 40);
    let code = screen.wait_code();
    (code, screen.text())
}

#[test]
fn where_there_is_no_run_a_script_gets_an_empty_list_and_a_person_a_sentence() {
    let campaign = Campaign::good(1);
    assert_eq!(listed(&campaign), Vec::<Value>::new());
    let output = campaign.run(&["ls"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(said(&output).contains("no run in") && said(&output).contains("`isobench-tui run` starts one"), "{}", said(&output));
}

#[test]
fn a_run_is_listed_with_what_came_of_it() {
    let campaign = Campaign::new(3, "[ $item = c-0001 ] && echo cost=50 >engine.sh; gate end; exit 0", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "end");
    let runs = listed(&campaign);
    let folder = campaign.folder();
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["run"], &runs[0]["folder"]), (&json!(folder.run_id()), &json!(folder.path())));
    assert_eq!((&runs[0]["state"], &runs[0]["runner"]), (&json!("running"), &json!(campaign.runner())));
    assert_eq!((&runs[0]["items"], &runs[0]["over"], &runs[0]["count"]), (&json!({"queued": 2, "running": 1}), &json!(0), &json!(3)));
    assert!(said(&campaign.run(&["ls"])).lines().nth(1).unwrap().ends_with(&format!("  {}", campaign.runner().unwrap())));
    for nth in 1..=3 {
        campaign.open(nth, "end");
    }
    campaign.wait_end();
    let run = &listed(&campaign)[0];
    assert_eq!((&run["items"], &run["failed"]), (&json!({"done": 1, "failed": 2}), &json!({"empty_patch": 2})), "{run:#}");
    assert_eq!(
        (&run["agent"], &run["model"], &run["runner"], &run["broken"]),
        (&json!("script"), &json!("default"), &Value::Null, &Value::Null)
    );
    assert!(run["created"].is_string() && run["finished"].is_string() && run["duration_s"].is_number(), "{run:#}");
    let text = said(&campaign.run(&["ls"]));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0].find("not well"), lines[1].find("2 failed"), "aligned:\n{text}");
    assert!(lines[1].contains("finished  3/3   2 failed  script  default"), "{text}");
}

#[test]
fn a_broken_run_hides_no_other_and_says_what_to_do() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let id = campaign.folder().run_id().0;
    let all = RunFolder::all(&campaign.root);
    for name in ["2020-empty", "2021-none", "2022-damaged"] {
        fs::create_dir_all(all.join(name)).unwrap();
    }
    fs::write(all.join("2020-empty/events.jsonl"), "").unwrap();
    fs::write(all.join("2022-damaged/events.jsonl"), "{\"seq\":1,\n").unwrap();
    fs::write(all.join("a file"), "").unwrap();
    let runs = listed(&campaign);
    let seen: Vec<(&str, &str)> = runs.iter().map(|run| (run["run"].as_str().unwrap(), run["state"].as_str().unwrap())).collect();
    assert_eq!(seen, [("2020-empty", "broken"), ("2021-none", "broken"), ("2022-damaged", "broken"), (id.as_str(), "finished")]);
    let text = said(&campaign.run(&["ls"]));
    for (nth, (name, why)) in
        [("2020-empty", "it is empty"), ("2021-none", "never began"), ("2022-damaged", "its first line can't be read")]
            .into_iter()
            .enumerate()
    {
        assert!(runs[nth]["broken"].as_str().unwrap().contains(why), "{:#}", runs[nth]);
        assert!(text.lines().any(|line| line.starts_with(name) && line.contains(why)), "{text}");
        let (code, says) = attached(&campaign, &[name]);
        assert_eq!(code, 2, "{says}");
        assert!(says.contains(why) && says.contains("remove that folder"), "{says}");
    }
    let never = campaign.run(&["status", "2021"]);
    assert_eq!(never.status.code(), Some(2));
    assert!(said(&never).contains("never began"), "{}", said(&never));
    // the ledger of a run that is open elsewhere is replaced by nothing readable
    fs::remove_file(all.join("2020-empty/events.jsonl")).unwrap();
    fs::create_dir(all.join("2020-empty/events.jsonl")).unwrap();
    assert_eq!(campaign.run(&["status", "2020"]).status.code(), Some(2));
    assert_eq!(attached(&campaign, &["2020"]).0, 2);
    assert!(said(&campaign.run(&["ls"])).contains("2020-empty"), "and still listed");
}

#[test]
fn the_list_is_as_wide_as_the_terminal() {
    let campaign = Campaign::new(2, "exit 3", GOOD_ARM);
    campaign.config("", "model = \"a-model-with-a-rather-long-name-2026-11-21\"", "");
    assert_eq!(campaign.headless(), Some(1));
    copied(&campaign, "2020-01-01_00-00-00-aaaa");
    fs::create_dir_all(RunFolder::all(&campaign.root).join("2020-none")).unwrap();
    let at = |cols: u16| {
        let mut screen = Pty::spawn(&campaign.command(&["ls"]), cols, 24);
        assert_eq!(screen.wait_code(), 0);
        let text = screen.text();
        let lines: Vec<String> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        assert_eq!(lines.len(), 4, "one row a run at {cols}:\n{text}");
        assert!(lines.iter().all(|line| width(line) <= usize::from(cols)), "{text}");
        lines
    };
    let wide = at(200);
    assert!(wide[0].contains("began") && wide[3].contains("long-name-2026-11-21"), "{wide:#?}");
    assert!(wide[2].contains("never began") && wide[2].ends_with("remove that folder"), "{wide:#?}");
    let usual = at(80);
    assert!(usual[0].contains("not well") && !usual[0].contains("began") && usual[3].contains("2 failed"), "{usual:#?}");
    let narrow = at(30);
    assert!(narrow[3].starts_with(&campaign.folder().run_id().0), "{narrow:#?}");
    // a pipe gets all of it
    let piped = campaign.run(&["ls"]);
    assert!(said(&piped).contains("a-model-with-a-rather-long-name-2026-11-21") && !said(&piped).contains('\u{1b}'), "{}", said(&piped));
}

#[test]
fn two_hundred_runs_are_two_hundred_rows_in_order() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    for nth in 0..200 {
        copied(&campaign, &format!("2020-01-01_00-00-00-{nth:04}"));
    }
    let runs = listed(&campaign);
    assert_eq!(runs.len(), 201);
    assert!(runs.windows(2).all(|pair| pair[0]["run"].as_str() < pair[1]["run"].as_str()), "oldest first");
    assert_eq!(said(&campaign.run(&["ls"])).lines().count(), 202);
    assert_eq!(runs[200]["run"], json!(campaign.folder().run_id()));
}

#[test]
fn a_run_is_named_by_its_id_the_start_of_it_its_folder_or_as_the_last() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let newest = campaign.folder().run_id().0;
    copied(&campaign, "2020-01-01_00-00-00-aaaa");
    copied(&campaign, "2020-01-01_00-00-00-bbbb");
    let run = |named: &str| -> (Option<i32>, Value, String) {
        let output = campaign.run(&["status", named, "--format", "json"]);
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), status["run"].clone(), said(&output))
    };
    let folder = RunFolder::all(&campaign.root).join("2020-01-01_00-00-00-aaaa");
    for (named, id) in [
        (newest.as_str(), newest.as_str()),
        (&newest[..newest.len() - 2], &newest),
        ("last", &newest),
        ("2020-01-01_00-00-00-b", "2020-01-01_00-00-00-bbbb"),
        ("bbbb", "2020-01-01_00-00-00-bbbb"),
        (folder.to_str().unwrap(), "2020-01-01_00-00-00-aaaa"),
        ("state/tui/2020-01-01_00-00-00-aaaa/../2020-01-01_00-00-00-bbbb", "2020-01-01_00-00-00-bbbb"),
    ] {
        let (code, found, says) = run(named);
        assert_eq!((code, &found), (Some(0), &json!(id)), "{named}: {says}");
    }
    let (code, _, says) = run("2020");
    assert_eq!(code, Some(2), "{says}");
    assert!(says.contains("2020-01-01_00-00-00-bbbb, 2020-01-01_00-00-00-aaaa") && says.contains("write more of the id"), "{says}");
    let (code, says) = attached(&campaign, &["1999"]);
    assert_eq!(code, 8, "{says}");
    assert!(says.contains("there is no run 1999") && says.contains(&newest), "the runs there are: {says}");
    assert_eq!(attached(&campaign, &["2020"]).0, 2);
}

#[test]
fn a_name_is_no_path_to_somewhere_else() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let outside = campaign.root.join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(campaign.root.join("state/events.json"), "").unwrap();
    for named in ["..", ".", "../..", "/", "/etc", "/etc/passwd", "outside", "\u{1b}]0;owned\u{7}", "a\nb", "2026/../..", "*", " "] {
        for command in ["status", "attach", "ctl"] {
            let arguments = if command == "ctl" { vec!["ctl", "pause", named] } else { vec![command, named] };
            let output = campaign.run(&arguments);
            let says = said(&output);
            assert_eq!(output.status.code(), Some(8), "{command} {named:?}: {says}");
            assert!(!says.contains('\u{1b}') && !says.contains('\u{7}'), "{says:?}");
        }
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!Path::new("/etc/requests.jsonl").exists());
}

#[test]
fn the_keys_are_printed_from_the_keymap() {
    let campaign = Campaign::good(1);
    let output = campaign.run(&["print", "keys", "--format", "json"]);
    let keys: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(keys.len(), KEYMAP.len());
    let quit = keys.iter().find(|key| key["action"] == "quit").unwrap();
    assert_eq!((&quit["keys"], &quit["places"]), (&json!(["q", "Ctrl-C"]), &json!(["queue", "agent", "result", "machine", "log"])));
    assert!(
        keys.iter().any(|key| key["action"] == "retry-stage" && key["keys"] == json!(["r"]) && !key["places"].to_string().contains("home"))
    );
    assert!(keys.iter().any(|key| key["action"] == "show-log" && key["keys"] == json!(["6"])));
    let text = said(&campaign.run(&["print", "keys"]));
    for binding in KEYMAP {
        let keys = binding.keys_label(usize::MAX);
        assert!(text.lines().any(|line| line.trim_start().starts_with(&keys) && line.ends_with(binding.sentence())), "{keys}: {text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn help_tells_the_exit_codes_and_the_manual_and_completions_know_every_command() {
    let campaign = Campaign::good(1);
    let help = said(&campaign.run(&["--help"]));
    for line in ["6  what was asked for was refused, or did not come in time", "7  the run has no runner", "8  there is no such run"] {
        assert!(help.contains(line), "{help}");
    }
    let (manual, bash) = (said(&campaign.run(&["man"])), said(&campaign.run(&["completions", "bash"])));
    for command in ["run", "attach", "ls", "status", "ctl", "doctor", "print", "demo"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command} is not in {help}");
        assert!(manual.contains(&format!("isobench\\-tui\\-{command}")), "{command} is not in the manual");
        assert!(
            bash.contains(&format!("isobench__tui__subcmd__{command}")) || bash.contains(&format!("isobench__tui__{command}")),
            "{command}"
        );
    }
    assert!(manual.contains("\\-\\-timeout") && !manual.contains("demo\\-agent") && !help.contains("keeper"), "{manual}");
    assert_eq!(campaign.run(&["completions", "cmd.exe"]).status.code(), Some(2));
    let child = campaign.command(&["man"]).stdout(Stdio::null()).spawn().unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn outside_any_checkout_the_last_demo_is_looked_at_by_name_and_never_run() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.run(&["run", "--headless"]).status.code(), Some(0));
    let (_gone, home) = crate::support::folder();
    fs::create_dir_all(home.join("isobench-tui")).unwrap();
    fs::write(home.join("isobench-tui/last-demo"), format!("{}\n", campaign.root.display())).unwrap();
    let outside = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_isobench-tui"));
        command.args(arguments).env("XDG_STATE_HOME", &home).current_dir(&home).stdin(Stdio::null());
        command.output().unwrap()
    };
    for arguments in [&["ls"][..], &["status"], &["status", "--format", "json"]] {
        let output = outside(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = format!("no ISO-Bench checkout here: this is the last demo, in {}", campaign.root.display());
        assert!(told.contains(&expected), "{told}");
    }
    let before = listed(&campaign).len();
    for (arguments, code) in [(&["run", "--headless"][..], 2), (&["doctor"], 3), (&["print", "config"], 2)] {
        let output = outside(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains("no ISO-Bench harness at") && !said(&output).contains("last demo"), "{}", said(&output));
    }
    assert_eq!(listed(&campaign).len(), before);
}

#[test]
fn status_counts_as_the_list_does_and_waits_for_an_item_either_way() {
    let campaign = Campaign::new(2, "[ $item = c-0001 ] && echo cost=50 >engine.sh; exit 0", GOOD_ARM);
    assert_eq!(campaign.run(&["run", "--headless"]).status.code(), Some(1));
    let output = campaign.run(&["status", "--format", "json"]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = listed(&campaign).pop().unwrap();
    assert_eq!(status["counts"]["items"], json!({"done": 1, "failed": 1}));
    for field in ["items", "count", "over", "failed", "done_with_failed_agent"] {
        assert_eq!(status["counts"][field], row[field], "{field}");
    }
    assert_eq!(campaign.run(&["status", "--wait", "--item", "c-0001"]).status.code(), Some(0));
    let wrong = campaign.run(&["status", "--wait", "paused", "--item", "c-0001"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    let alone = campaign.run(&["status", "--timeout", "3s"]);
    assert!(alone.status.code() == Some(2) && said(&alone).contains("name what is waited for"), "{}", said(&alone));
}
