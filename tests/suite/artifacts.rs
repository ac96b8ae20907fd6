//! The files that ISO-Bench's own scripts read, the modes of ours, and secrets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::campaign::{Campaign, GOOD_ARM, json_of, said};
use crate::support::shared;

/// The keys of an object as dotted paths, an agent's own block under the name `AGENT`.
fn keys(value: &Value, agent: &str) -> BTreeSet<String> {
    fn walk(value: &Value, at: &str, into: &mut BTreeSet<String>) {
        let Some(object) = value.as_object() else { return };
        for (key, inner) in object {
            let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            walk(inner, &path, into);
            into.insert(path);
        }
    }
    let mut found = BTreeSet::new();
    walk(value, "", &mut found);
    found.into_iter().map(|key| if key == agent { "AGENT".to_owned() } else { key.replace(&format!("{agent}."), "AGENT.") }).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_item_folder_holds_what_the_harness_would_have_written() {
    let campaign = Campaign::new(1, "echo to-out; echo to-err >&2; echo cost=50 >engine.sh", GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    let folder = campaign.item_dir(1);
    let names: BTreeSet<String> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let wanted = [
        "diff_targets.json",
        "journal.json",
        "model_patch.diff",
        "prediction.jsonl",
        "prompt.json",
        "run_summary.json",
        "script_stderr.txt",
        "script_stdout.txt",
        "task.txt",
    ];
    assert_eq!(names, set(&wanted));
    assert_eq!(fs::read_to_string(folder.join("script_stdout.txt")).unwrap(), "to-out\n");
    assert_eq!(fs::read_to_string(folder.join("script_stderr.txt")).unwrap(), "to-err\n");
    let journal = json_of(&folder.join("journal.json"));
    assert_eq!((journal["status"].as_str(), journal["commits"]["human"].as_str()), (Some("success"), Some(campaign.commits[1].as_str())));
    assert_eq!(journal["metrics"]["changed_files_count"], 1);
    let timestamp = folder.parent().unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(journal["run_metadata"]["run_path"], format!("repo/script/default/{timestamp}"));
    let prediction = json_of(&folder.join("prediction.jsonl"));
    assert_eq!(prediction["model_patch"], campaign.patch(1));
    assert_eq!(prediction["instance_id"], format!("repo__repo-{}", &campaign.commits[0][..7]));
    let summary = json_of(&folder.join("run_summary.json"));
    assert_eq!((summary["agent"]["patch_stats"]["lines_added"].as_i64(), summary["meta"]["item_id"].as_str()), (Some(1), Some("c-0001")));
    let task = fs::read_to_string(folder.join("task.txt")).unwrap();
    assert!(task.contains(".work/worktrees/") && !task.contains(&campaign.commits[1]), "{task}");
    assert_eq!(campaign.status()["items"][0]["duration_s"].as_f64().map(|seconds| seconds > 0.0), Some(true));
}

#[test]
fn the_files_have_the_shape_that_is_written_down() {
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let folder = campaign.item_dir(1);
    let mut journal = json_of(&folder.join("journal.json"));
    assert!(journal.as_object_mut().unwrap().remove("isobench_tui").is_some(), "our findings under one extra key");
    let wanted = set(&[
        "AGENT",
        "AGENT.cli",
        "AGENT.duration_s",
        "AGENT.returncode",
        "AGENT.time_budget_minutes",
        "agent_branch",
        "commits",
        "commits.human",
        "commits.pre",
        "experiment",
        "experiment.hints_enabled",
        "experiment.preflight_enabled",
        "metrics",
        "metrics.changed_files_count",
        "metrics.commit_count",
        "metrics.patch_size_loc",
        "metrics.time_to_first_edit_s",
        "metrics.violations_count",
        "preflight",
        "preflight.attempted",
        "run_metadata",
        "run_metadata.agent",
        "run_metadata.model",
        "run_metadata.repo",
        "run_metadata.run_path",
        "run_metadata.run_timestamp",
        "status",
        "task_id",
        "timestamps",
        "timestamps.written",
    ]);
    assert_eq!(keys(&journal, "script"), wanted);
    assert_eq!(keys(&json_of(&folder.join("prediction.jsonl")), "-"), set(&["instance_id", "model_name_or_path", "model_patch"]));
    assert_eq!(keys(&json_of(&folder.join("diff_targets.json")), "-"), set(&["allowed", "changed", "disallowed", "ok"]));
    let prompt = keys(&json_of(&folder.join("prompt.json")), "-");
    assert!(
        prompt.is_superset(&set(&[
            "task",
            "description",
            "constraints",
            "target_files",
            "success.primary_metric",
            "success.rules",
            "commits.pre",
            "commits.human"
        ])),
        "{prompt:?}"
    );
}

/// Folders of real items that hold a file.
fn real(shared: &Path, name: &str) -> Vec<PathBuf> {
    let mut open = vec![shared.join("corpus/state/runs")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        if folder.join(name).is_file() {
            found.push(folder.join(name));
        }
        open.extend(fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    assert!(!found.is_empty(), "the corpus has no {name}");
    found
}

#[test]
fn real_files_of_the_harness_have_keys_that_ours_have_too() {
    let Some(shared) = shared() else { return };
    let campaign = Campaign::good(1);
    assert_eq!(campaign.headless(), Some(0));
    let folder = campaign.item_dir(1);
    for name in ["journal.json", "run_summary.json", "diff_targets.json", "prompt.json"] {
        let ours = keys(&json_of(&folder.join(name)), "script");
        let mut met = false;
        for path in real(&shared, name) {
            let Ok(theirs) = serde_json::from_slice::<Value>(&fs::read(&path).unwrap()) else { continue };
            // an item that failed early has another shape; what is compared is one that went through
            let went_through = theirs.pointer("/status").is_none_or(|status| status == "success");
            if !went_through || theirs.get("error").is_some() {
                continue;
            }
            let agents = ["trae", "codex", "codex_cli", "claude_code", "openhands"];
            let agent = agents.into_iter().find(|agent| theirs.get(agent).is_some_and(Value::is_object)).unwrap_or("-");
            // the evaluation is a later tool's; what its preflight counted is there where it ran
            let theirs: BTreeSet<String> = keys(&theirs, agent)
                .into_iter()
                .filter(|key| !(key.starts_with("evaluation") || key.starts_with("preflight.") && key != "preflight.attempted"))
                .collect();
            let missing: Vec<_> = theirs.difference(&ours).collect();
            assert!(missing.is_empty(), "{} has {missing:?} and ours has not", path.display());
            met = true;
        }
        assert!(met, "no real {name} could be compared");
    }
}

/// Every file and folder below, links not followed.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            found.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        at += 1;
    }
    found
}

#[test]
fn folders_of_ours_are_for_us_alone_and_so_are_files() {
    let campaign = Campaign::good(1);
    campaign.detached();
    campaign.wait_end();
    assert_eq!(campaign.run(&["ctl", "retry", "c-0001"]).status.code(), Some(0));
    campaign.wait_end();
    assert_eq!(campaign.resume(), Some(0));
    let folder = campaign.folder();
    for part in [folder.path().to_owned(), campaign.item_dir(1)] {
        for path in all_below(&part) {
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
            // what git wrote lies in folders of ours
            let of_git = path.components().any(|part| part.as_os_str() == "objects") || path.ends_with("index");
            if path.is_dir() && !of_git {
                assert_eq!(mode, 0o700, "{}", path.display());
            } else if !of_git {
                assert_eq!(mode, 0o600, "{}", path.display());
            }
        }
    }
    for path in [campaign.root.join(".work"), campaign.root.join("state/runs"), campaign.root.join("state/tui")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
    }
}

#[test]
fn a_secret_that_an_agent_prints_is_masked_by_every_reader_and_raw_in_its_file() {
    let mut campaign =
        Campaign::new(1, "echo \"using $FOO_TOKEN and $INNER\"; echo \"bad token $FOO_TOKEN at $INNER\" >&2; exit 5", GOOD_ARM);
    let (token, inner) = ("tok-1234567890abcdef", "https://inner.example/path");
    campaign.env = vec![("FOO_TOKEN".to_owned(), token.to_owned()), ("INNER".to_owned(), inner.to_owned())];
    fs::write(campaign.root.join(".env"), format!("# comment\nexport INNER=\"{inner}\"\n")).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(1));
    let folder = campaign.folder();
    let status = campaign.status().to_string();
    assert!(status.contains("bad token •••"), "{status}");
    let texts = [
        said(&output),
        status,
        said(&campaign.run(&["status"])),
        fs::read_to_string(folder.events()).unwrap(),
        fs::read_to_string(folder.manifest()).unwrap(),
        fs::read_to_string(folder.log()).unwrap(),
        fs::read_to_string(campaign.item_dir(1).join("journal.json")).unwrap(),
        fs::read_to_string(campaign.stage_dir(1, 1, "agent").join("spec.json")).unwrap(),
    ];
    for text in texts {
        assert!(!text.contains(token) && !text.contains(inner), "{text}");
    }
    let raw = fs::read_to_string(campaign.stage_dir(1, 1, "agent").join("out")).unwrap();
    assert_eq!(raw, format!("using {token} and {inner}\n"));
}

#[test]
fn a_secret_in_quotes_with_a_comment_behind_it_is_masked_in_every_form() {
    let script = "bare=${OPENAI_API_KEY#?}; echo \"leaked: $OPENAI_API_KEY and ${bare%%\\\"*} and ${OPENAI_API_KEY%% *}\" >&2; exit 5";
    let campaign = Campaign::new(1, script, GOOD_ARM);
    let bare = "sk-proj-abcdefghijklmnop1234";
    fs::write(campaign.root.join(".env"), format!("export OPENAI_API_KEY=\"{bare}\"  # mine\n")).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(1));
    let why = campaign.item(1)["why"].as_str().unwrap().to_owned();
    assert!(why.contains("leaked: ••• and ••• and •••"), "{why}");
    for text in [said(&output), why, fs::read_to_string(campaign.folder().events()).unwrap()] {
        assert!(!text.contains("mnop1234") && !text.contains("sk-proj") && !text.contains("mine"), "{text}");
    }
    let raw = fs::read_to_string(campaign.stage_dir(1, 1, "agent").join("err")).unwrap();
    assert_eq!(raw, format!("leaked: \"{bare}\"  # mine and {bare} and \"{bare}\"\n"), "the child gets it as the harness hands it on");
}

#[test]
fn a_secret_in_the_first_line_of_an_api_error_is_masked_too() {
    let mut campaign = Campaign::new(1, "echo \"Error code: 401 - invalid api key $FOO_KEY\" >&2; exit 1", GOOD_ARM);
    campaign.env = vec![("FOO_KEY".to_owned(), "sk-verysecretvalue".to_owned())];
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!(
        (item["class"].as_str(), item["why"].as_str().unwrap().contains("invalid api key •••")),
        (Some("api_auth"), true),
        "{item:#}"
    );
    assert!(!fs::read_to_string(campaign.folder().events()).unwrap().contains("verysecret"));
}

#[test]
fn every_attempt_keeps_its_files() {
    let campaign = Campaign::new(1, "echo Error code: 503 >&2; exit 1", GOOD_ARM);
    campaign.config("", "", "[retry]\nbackoff_s = 0.05");
    assert_eq!(campaign.headless(), Some(1));
    let attempts = campaign.folder().path().join("attempts");
    for n in 1..=2 {
        assert!(attempts.join(format!("c-0001.{n}/item/journal.json")).is_file(), "attempt {n}");
        assert!(attempts.join(format!("c-0001.{n}/agent/exit.json")).is_file(), "attempt {n}");
    }
    assert!(!attempts.join("c-0001.3/item").exists(), "the newest is where the harness looks for it");
    assert_eq!(json_of(&campaign.item_dir(1).join("journal.json"))["isobench_tui"]["attempt"], 3);
    assert_eq!(json_of(&attempts.join("c-0001.1/item/journal.json"))["isobench_tui"]["attempt"], 1);
}

#[test]
fn status_has_the_fields_that_are_promised() {
    let campaign = Campaign::good(2);
    assert_eq!(campaign.headless(), Some(0));
    let status = campaign.status();
    assert_eq!(status["run"], campaign.folder().run_id().0);
    assert_eq!(status["state"], "finished");
    for item in status["items"].as_array().unwrap() {
        for key in ["item_id", "human", "stage", "status", "rung", "attempts", "steps", "tokens", "duration_s"] {
            assert!(item.get(key).is_some(), "{key} in {item:#}");
        }
        assert!(item["tokens"].get("input").is_some() && item["tokens"].get("output").is_some());
        assert_eq!(
            (item["status"].as_str(), item["stage"].as_str(), item["rung"].as_str()),
            (Some("done"), Some("clean"), Some("beyond_noise"))
        );
    }
    let table = said(&campaign.run(&["status"]));
    for (nth, sha) in campaign.commits.iter().enumerate().skip(1) {
        assert!(table.lines().any(|line| line.contains(&campaign.id(nth)) && line.contains(&sha[..8])), "{table}");
    }
}
