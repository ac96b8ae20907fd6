//! Items that ISO-Bench's own `prepare` runs: a stand-in of it with its faults, real git, the real program.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

mod arms;
mod models;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, json_of, said};
use crate::support::{lives, pid_in, wait_until};

/// A campaign in a harness folder with ISO-Bench's package, a task file and a bench file.
pub(crate) fn campaign(items: usize) -> Campaign {
    let mut campaign = Campaign::new(items, "exit 1", GOOD_ARM);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/harness"), &campaign.root);
    fs::create_dir(campaign.root.join("tasks")).unwrap();
    let task = json!({
        "id": "t", "name": "Faster engine", "description": "Make it faster", "repo": {"url": "repo", "human_commit": "HEAD"},
        "optimization_contract": {"target_files": [], "constraints": ["No new dependencies"], "strict_targets": false},
        "metrics": [{"name": "latency", "using": "runtime:latency"}], "scoring": {"primary": "latency"},
    });
    fs::write(campaign.root.join("tasks/engine.yaml"), task.to_string()).unwrap();
    let bench = json!({
        "container": {"gpus": "${BENCH_GPUS:-none}"}, "paths": {"work_root": "./.work", "state_root": "./state"},
        "agents": {
            "default": "trae",
            "trae": {"cli": "${TRAE_PYTHON:-python3}", "time_budget_minutes": 3, "args": {"max_steps": 50}},
            "codex": {"cli": "python3", "time_budget_minutes": 3},
        },
    });
    fs::write(campaign.root.join("bench.yaml"), bench.to_string()).unwrap();
    campaign.env.push(("STAND_IN_AGENT".to_owned(), campaign.root.join("agent.py").display().to_string()));
    configure(&campaign, "", "[budget]\nagent = 3");
    campaign
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Writes the configuration: lines for `[agent]`, and tables.
fn configure(campaign: &Campaign, agent: &str, tables: &str) {
    let arm = json!(["sh", campaign.root.join("arm.sh").display().to_string(), "{item_id}", "{item_dir}"]);
    let arms = if tables.contains("[arms]") { String::new() } else { format!("[arms]\ncommand = {arm}") };
    let kind = if agent.contains("kind") { "" } else { "kind = \"trae\"\nname = \"trae\"" };
    let text = format!("[agent]\n{kind}\nvia = \"harness\"\n{agent}\n{arms}\n[retry]\ntransient = 0\n{tables}\n");
    fs::write(campaign.root.join("isobench-tui.toml"), text).unwrap();
}

/// What the agent of an item does.
fn mode(campaign: &Campaign, nth: usize, mode: &str) {
    fs::write(campaign.root.join(format!("{}.mode", campaign.id(nth))), mode).unwrap();
}

/// The folders of runs below `state/runs/repo/<agent>/default`, the newest last.
fn runs(campaign: &Campaign, agent: &str) -> Vec<PathBuf> {
    let folder = campaign.root.join("state/runs/repo").join(agent).join("default");
    let mut runs: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    runs
}

fn item_dir(campaign: &Campaign, nth: usize) -> PathBuf {
    runs(campaign, "trae").pop().unwrap().join(campaign.id(nth))
}

/// ISO-Bench's own `prepare`, as a person would call it.
fn by_hand(campaign: &Campaign, run_id: &str) -> Output {
    let mut command = Command::new("python3");
    command.args(["-m", "bench.cli", "prepare", "tasks/engine.yaml", "--from-plan", "state/plan.json", "--run-id", run_id]);
    command.current_dir(&campaign.root);
    campaign.dress(&mut command);
    command.output().unwrap()
}

fn worktrees(campaign: &Campaign) -> usize {
    campaign.git(&["worktree", "list"]).lines().count()
}

/// What the lowest rung says: the answer and its evidence.
fn exited(campaign: &Campaign, nth: usize) -> (String, String) {
    let rung = outcome(campaign, nth, "check")["detail"]["rungs"][0].clone();
    assert_eq!(rung["rung"], "exited", "{rung:#}");
    (rung["answer"].as_str().unwrap().to_owned(), rung["evidence"].as_str().unwrap().to_owned())
}

fn outcome(campaign: &Campaign, nth: usize, stage: &str) -> Value {
    let id = campaign.id(nth);
    let mut ends = campaign.facts_of("stage_finished").into_iter().filter(|fact| fact["stage"] == stage && fact["item"] == *id);
    ends.next_back().unwrap()["outcome"].clone()
}

/// Runs one item whose agent does this, and returns the class and the sentence of the agent's stage.
fn agents_end(what: &str, tables: &str) -> (Campaign, Value) {
    let campaign = campaign(1);
    mode(&campaign, 1, what);
    if !tables.is_empty() {
        configure(&campaign, "", tables);
    }
    campaign.headless();
    let end = outcome(&campaign, 1, "agent");
    (campaign, end)
}

#[test]
fn three_items_go_through_and_the_harnesses_own_resume_takes_them_for_its_own() {
    let campaign = campaign(3);
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for nth in 1..=3 {
        let item = campaign.item(nth);
        assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
        assert_eq!(item["steps"], 2, "{item:#}");
        let journal = json_of(&item_dir(&campaign, nth).join("journal.json"));
        let keys: Vec<&String> = journal.as_object().unwrap().keys().collect();
        let theirs =
            ["task_id", "commits", "agent_branch", "status", "run_metadata", "experiment", "preflight", "metrics", "trae", "timestamps"];
        assert_eq!(keys, [&theirs[..], &["isobench_tui"]].concat(), "theirs as they were, ours behind them");
        assert_eq!((journal["status"].as_str(), journal["run_metadata"]["agent"].as_str()), (Some("success"), Some("trae")));
        assert_eq!(journal["isobench_tui"]["patch_digest"], item["patch_digest"]);
    }
    let asked = campaign.facts_of("agent_asked");
    assert!(asked.len() == 3 && asked.iter().all(|fact| fact["source"] == "harness"), "{asked:#?}");
    assert_eq!(asked[0]["digest"], asked[1]["digest"], "two worktrees, and asked the same");
    let said_so: Vec<Value> = campaign.facts_of("harness_said").into_iter().filter(|fact| fact["item"] == campaign.id(1)).collect();
    assert_eq!(said_so.last().unwrap()["says"], "journal written; its log: final status success", "{said_so:#?}");
    campaign.assert_nothing_left();
    assert_eq!(worktrees(&campaign), 1, "the clone has none of them on its list");
    let run = runs(&campaign, "trae").pop().unwrap();
    let run_id = run.strip_prefix(campaign.root.join("state/runs")).unwrap().display().to_string();
    let again = by_hand(&campaign, &run_id);
    let words = said(&again);
    assert_eq!(words.matches("task already completed successfully").count(), 3, "{words}");
    assert_eq!(again.status.code(), Some(0));
}

#[test]
fn a_worktree_that_the_last_run_left_makes_way_and_its_edits_are_kept() {
    let campaign = campaign(1);
    assert_eq!(by_hand(&campaign, "repo/trae/default/2020-01-01_00-00-00").status.code(), Some(0));
    let second = by_hand(&campaign, "repo/trae/default/2020-01-02_00-00-00");
    assert!(said(&second).contains("Prepare error: [Errno 21] Is a directory"), "the fault itself: {}", said(&second));
    assert_eq!(campaign.headless(), Some(0));
    let left = fs::read_to_string(campaign.stage_dir(1, 1, "worktree").join("left_behind.diff")).unwrap();
    assert!(left.contains("+cost=50"), "{left}");
    campaign.assert_nothing_left();
}

#[test]
fn edits_that_an_attempt_of_ours_has_are_not_kept_twice() {
    let campaign = campaign(2);
    fs::write(campaign.root.join("arm.sh"), "exit 1").unwrap();
    mode(&campaign, 1, "gate");
    campaign.detached();
    campaign.at_gate(1, "gate");
    campaign.ctl(&["hold"]);
    campaign.open(1, "gate");
    campaign.wait_state("paused");
    assert_eq!(campaign.statuses(), ["failed", "queued"]);
    assert!(campaign.root.join(".work/worktrees/t/c-0001/engine.sh").exists(), "held");
    campaign.ctl(&["unhold"]);
    campaign.ctl(&["retry", &campaign.id(1)]);
    campaign.ctl(&["resume"]);
    campaign.wait_end();
    assert_eq!(campaign.item(1)["attempts"], 2);
    assert!(campaign.stage_dir(1, 2, "worktree").join("exit.json").exists());
    assert!(!campaign.stage_dir(1, 2, "worktree").join("left_behind.diff").exists());
    campaign.assert_nothing_left();
}

#[test]
fn a_stopped_prepare_leaves_its_patch_and_no_journal() {
    let campaign = campaign(1);
    mode(&campaign, 1, "gate");
    campaign.detached();
    let agent = campaign.at_gate(1, "gate");
    campaign.wait_fact("harness_said", |fact| fact["says"].as_str().is_some_and(|says| says.starts_with("agent asked")));
    assert!(campaign.item(1)["harness_says"].as_str().unwrap().starts_with("agent asked"), "{:#}", campaign.item(1));
    campaign.ctl(&["stop", &campaign.id(1)]);
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!(item["status"], "stopped", "{item:#}");
    assert!(!lives(agent));
    let patch = fs::read_to_string(campaign.stage_dir(1, 1, "check").join("model_patch.diff")).unwrap();
    assert!(patch.contains("+cost=50"), "{patch}");
    assert_eq!(exited(&campaign, 1).0, "no", "stopped, and without a journal");
    assert!(!item_dir(&campaign, 1).join("journal.json").exists());
    campaign.assert_nothing_left();
}

#[test]
fn a_worktree_that_is_gone_and_still_on_gits_list_is_no_obstacle() {
    let campaign = campaign(1);
    by_hand(&campaign, "repo/trae/default/2020-01-01_00-00-00");
    fs::remove_dir_all(campaign.root.join(".work/worktrees/t")).unwrap();
    let second = by_hand(&campaign, "repo/trae/default/2020-01-02_00-00-00");
    assert!(said(&second).contains("Prepare error: Command '['git', 'worktree', 'add'"), "the fault itself: {}", said(&second));
    assert_eq!(campaign.headless(), Some(0));
    assert!(!campaign.stage_dir(1, 1, "worktree").join("left_behind.diff").exists());
    campaign.assert_nothing_left();
}

#[test]
fn a_link_in_the_worktrees_place_goes_and_what_it_leads_to_stays() {
    let campaign = campaign(1);
    let (precious, tree) = (campaign.root.join("precious"), campaign.root.join(".work/worktrees/t"));
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "mine").unwrap();
    fs::create_dir_all(&tree).unwrap();
    std::os::unix::fs::symlink(&precious, tree.join(campaign.id(1))).unwrap();
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(fs::read_to_string(precious.join("file")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&precious).unwrap().count(), 1);
}

#[test]
fn nothing_is_removed_or_made_behind_a_link_above_the_worktree() {
    for link in ["worktrees", "worktrees/t"] {
        let campaign = campaign(1);
        let link = campaign.root.join(".work").join(link);
        let victim = campaign.root.join("victim");
        for folder in ["t/c-0001", "c-0001"] {
            fs::create_dir_all(victim.join(folder)).unwrap();
            fs::write(victim.join(folder).join("precious"), "mine").unwrap();
        }
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        assert_eq!(campaign.headless(), Some(1));
        let item = campaign.item(1);
        let why = item["why"].as_str().unwrap();
        assert!(item["status"] == "failed" && why.contains(&format!("{} is a link to ", link.display())), "{item:#}");
        for folder in ["t/c-0001", "c-0001"] {
            assert_eq!(fs::read_dir(victim.join(folder)).unwrap().count(), 1);
            assert_eq!(fs::read_to_string(victim.join(folder).join("precious")).unwrap(), "mine");
        }
    }
}

#[test]
fn an_agent_that_puts_a_link_above_its_worktree_gets_nothing_removed_there() {
    let campaign = campaign(1);
    let agent = campaign.root.join("agent.py");
    let text = fs::read_to_string(&agent).unwrap();
    let link = "import os, pathlib\nroot = pathlib.Path(os.environ['CAMPAIGN'])\nos.rename(root / '.work/worktrees/t', root / 'moved')\n\
                (root / '.work/worktrees/t').symlink_to(root / 'moved')\n";
    fs::write(&agent, format!("{text}\n{link}")).unwrap();
    assert_eq!(campaign.headless(), Some(1), "{:#}", campaign.item(1));
    let why = outcome(&campaign, 1, "check")["why"].as_str().unwrap().to_owned();
    assert!(why.contains(".work/worktrees/t is a link to "), "{why}");
    assert!(campaign.root.join("moved/c-0001/engine.sh").exists());
}

#[test]
fn a_work_folder_on_another_disk_is_used_through_its_link() {
    let campaign = campaign(1);
    fs::create_dir(campaign.root.join("big")).unwrap();
    std::os::unix::fs::symlink(campaign.root.join("big"), campaign.root.join(".work")).unwrap();
    assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
    assert!(!campaign.root.join("big/worktrees/t").exists());
}

#[test]
fn the_journal_and_what_lies_behind_it_say_why() {
    for (what, class, words) in
        [("no_change", "empty_patch", "no file changes"), ("error", "api_auth", "401"), ("crash", "agent_crashed", "return code 3")]
    {
        let (campaign, end) = agents_end(what, "");
        assert_eq!(end["class"], class, "{what}: {end:#}");
        assert!(end["why"].as_str().unwrap().contains(words), "{what}: {end:#}");
        let item = campaign.item(1);
        assert_eq!((item["status"].as_str(), item["class"].as_str()), (Some("failed"), Some(class)), "{item:#}");
        // `prepare` itself ended with 0 each time
        assert_eq!(end["child"]["code"], 0, "{end:#}");
        let (answer, code) = match what {
            "no_change" => ("yes", 0),
            "error" => ("no", 1),
            _ => ("no", 3),
        };
        assert_eq!(exited(&campaign, 1), (answer.to_owned(), format!("return code {code} (ISO-Bench's journal)")));
        assert_eq!(json_of(&item_dir(&campaign, 1).join("journal.json"))["status"], "error");
        campaign.assert_nothing_left();
    }
}

#[test]
fn an_edit_that_iso_bench_overlooks_is_still_measured() {
    let (campaign, end) = agents_end("no_patch", "");
    assert_eq!(end["class"], "empty_patch", "{end:#}");
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["verdict"]["standing"].as_str()), (Some("done"), Some("beats")), "{item:#}");
    let folder = item_dir(&campaign, 1);
    assert_eq!(fs::read(folder.join("model_patch.diff")).unwrap(), b"", "the harness's files stay as they are");
    assert!(json_of(&folder.join("journal.json"))["isobench_tui"]["patch_digest"].is_string());
}

#[test]
fn an_agent_out_of_steps_or_time_is_a_budget_and_its_patch_is_measured() {
    let (campaign, end) = agents_end("max_steps", "");
    assert_eq!(end["class"], "agent_budget", "{end:#}");
    assert_eq!(campaign.item(1)["status"], "done");
    assert_eq!(exited(&campaign, 1), ("no".to_owned(), "its own step limit ran out (ISO-Bench's journal)".to_owned()));
    let (campaign, end) = agents_end("slow", "[budget]\nagent = 0.02");
    assert_eq!(end["class"], "agent_budget", "{end:#}");
    assert!(end["why"].as_str().unwrap().contains("0.02 min"), "{end:#}");
    assert_eq!(exited(&campaign, 1), ("no".to_owned(), "timed out (ISO-Bench's journal)".to_owned()));
    assert_eq!(campaign.item(1)["status"], "done", "{:#}", campaign.item(1));
    campaign.assert_nothing_left();
}

#[test]
fn an_agent_that_iso_bench_leaves_running_is_gone_with_its_stage() {
    let (campaign, end) = agents_end("hang", "[budget]\nagent = 0.02");
    let journal = json_of(&item_dir(&campaign, 1).join("journal.json"));
    assert_eq!(journal["error_type"], "TimeoutExpired", "{journal:#}");
    assert_eq!(exited(&campaign, 1), ("no".to_owned(), "timed out (ISO-Bench's journal)".to_owned()));
    assert_eq!(end["class"], "timeout_agent", "{end:#}");
    assert!(end["child"]["swept"].as_u64().unwrap() >= 1, "{end:#}");
    assert!(!lives(pid_in(&campaign.root.join(format!("{}.hangs", campaign.id(1))))));
    assert_eq!(campaign.item(1)["status"], "done", "{:#}", campaign.item(1));
    campaign.assert_nothing_left();
}

#[test]
fn what_an_agent_leaves_behind_is_gone_too_and_a_failure_cancels_nobody() {
    let campaign = campaign(2);
    mode(&campaign, 1, "crash");
    mode(&campaign, 2, "leaves");
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.statuses(), ["failed", "done"]);
    assert!(!lives(pid_in(&campaign.root.join(format!("{}.left", campaign.id(2))))));
    campaign.assert_nothing_left();
}

#[test]
fn an_end_without_a_journal_is_a_failure_whatever_the_exit_code() {
    for (script, class, words) in [
        ("", "unknown", "exit 0 and without a journal"),
        ("print(\"Prepare error: [Errno 21] Is a directory: '/x/.git'\"); raise SystemExit(1)", "git_error", "a worktree of an older run"),
        ("print('Prepare error: [Errno 28] No space left on device'); raise SystemExit(1)", "no_space", "Errno 28"),
        ("import typer_that_nobody_has", "agent_not_found", "lacks ISO-Bench's packages"),
    ] {
        let campaign = campaign(1);
        fs::write(campaign.root.join("bench/cli.py"), format!("{script}\n")).unwrap();
        assert_eq!(campaign.headless(), Some(1));
        let end = outcome(&campaign, 1, "agent");
        assert_eq!(end["class"], class, "{end:#}");
        assert!(end["why"].as_str().unwrap().contains(words), "{end:#}");
    }
}

/// A `prepare` that makes the worktree, edits and writes the journal, with these lines behind it.
fn prepare(lines: &str) -> Campaign {
    let campaign = campaign(1);
    let script = r#"
import json, os, pathlib, subprocess, sys, time
said = lambda name: sys.argv[sys.argv.index(name) + 1]
item = json.load(open(said("--from-plan")))["items"][0]
folder = pathlib.Path("state/runs") / said("--run-id") / item["item_id"]
folder.mkdir(parents=True, exist_ok=True)
tree = pathlib.Path(".work/worktrees/t").resolve() / item["item_id"]
tree.parent.mkdir(parents=True, exist_ok=True)
subprocess.run(["git", "worktree", "add", str(tree), item["pre"]], cwd="repo", check=True)
(tree / "engine.sh").write_text("cost=50\n")
path = folder / "journal.json"
def journal(task_id="t", status="success", error=None, **commits):
    commits = {key: sha for key, sha in ({"pre": item["pre"], "human": item["human"]} | commits).items() if sha is not None}
    path.write_text(json.dumps({"task_id": task_id, "commits": commits, "status": status, "error": error}))
"#;
    fs::write(campaign.root.join("bench/cli.py"), format!("{script}{lines}\n")).unwrap();
    campaign
}

#[test]
fn a_journal_of_another_item_is_not_taken_for_this_ones_end() {
    for (lines, field) in [
        ("journal(task_id='other')", "task_id is 'other' there"),
        ("journal(human='1' * 40)", "commits.human is '1111"),
        ("journal(human=None)", "commits.human is missing there"),
        ("journal(human=item['human'][:3])", "commits.human is"),
        ("journal(pre='0' * 40)", "commits.pre is '0000"),
    ] {
        let campaign = prepare(lines);
        campaign.headless();
        let end = outcome(&campaign, 1, "agent");
        assert!(end["class"] == "agent_crashed" && end["why"].as_str().unwrap().contains(field), "{lines}: {end:#}");
        assert!(json_of(&item_dir(&campaign, 1).join("journal.json")).get("isobench_tui").is_none(), "{lines}");
        campaign.assert_nothing_left();
    }
    for lines in ["journal(human=item['human'][:8])", "journal(pre=None)"] {
        let campaign = prepare(lines);
        assert_eq!(campaign.headless(), Some(0), "{lines}: {:#}", campaign.item(1));
        assert!(json_of(&item_dir(&campaign, 1).join("journal.json")).get("isobench_tui").is_some(), "{lines}");
    }
}

#[test]
fn a_clock_that_is_wrong_makes_no_journal_an_older_one() {
    for skew in ["-3600", "9e8"] {
        let campaign = prepare(&format!("journal()\nos.utime(path, (time.time() + {skew},) * 2)"));
        assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
        assert_eq!(outcome(&campaign, 1, "agent")["end"], "done");
        assert!(json_of(&item_dir(&campaign, 1).join("journal.json"))["isobench_tui"]["patch_digest"].is_string());
    }
}

#[test]
fn a_journal_of_an_earlier_attempt_is_not_the_next_ones() {
    let first = "journal(status='error', error='Error code: 429 - Rate limit reached')";
    let undo = "subprocess.run(['git', 'checkout', '.'], cwd=tree, check=True)";
    let lines = format!("again = pathlib.Path('again')\n{undo}\nif not again.exists():\n    again.touch()\n    {first}");
    let campaign = prepare(&lines);
    let file = campaign.root.join("isobench-tui.toml");
    let text = fs::read_to_string(&file).unwrap().replace("transient = 0", "transient = 1\nbackoff_s = 0.1");
    fs::write(file, text).unwrap();
    campaign.headless();
    assert_eq!(campaign.item(1)["attempts"], 2, "{:#}", campaign.item(1));
    let end = outcome(&campaign, 1, "agent");
    assert!(end["why"].as_str().unwrap().contains("without a journal"), "{end:#}");
}

#[test]
fn secrets_stay_in_the_raw_log() {
    let campaign = campaign(1);
    let (start, token) = ("sk-live-0123456789ab", "hf_verysecrettoken42");
    let key = format!("{start}cdefghij-tail");
    fs::write(campaign.root.join(".env"), format!("OPENAI_API_KEY={key}\nexport HF_TOKEN='{token}'\n")).unwrap();
    mode(&campaign, 1, "crash");
    let output = campaign.run(&["run", "--headless"]);
    let raw = campaign.stage_dir(1, 1, "agent").join("err");
    let log = fs::read_to_string(&raw).unwrap();
    assert!(log.contains(token) && log.contains(start), "the log is as ISO-Bench writes it: {log}");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&raw.metadata().unwrap().permissions()) & 0o777, 0o600);
    let end = outcome(&campaign, 1, "agent");
    assert!(end["why"].as_str().unwrap().contains("•••"), "{end:#}");
    let ledger = fs::read_to_string(campaign.folder().events()).unwrap();
    for shown in [said(&output), ledger, campaign.status().to_string()] {
        assert!(!shown.contains(token) && !shown.contains(start), "{shown}");
    }
}

#[test]
fn the_bench_file_is_used_as_it_is_or_copied_with_what_was_asked_for() {
    let campaign = campaign(1);
    assert_eq!(campaign.headless(), Some(0));
    let attempt = campaign.stage_dir(1, 1, "agent").parent().unwrap().to_owned();
    assert!(!attempt.join("bench.yaml").exists());
    let plan = json_of(&attempt.join("plan.json"));
    assert_eq!((plan["task_id"].as_str(), plan["items"].as_array().unwrap().len()), (Some("t"), 1), "{plan:#}");
    configure(&campaign, "kind = \"codex\"\nname = \"codex\"\nmax_steps = 7", "[budget]\nagent = 2");
    assert_eq!(campaign.run(&["run", "--headless", "--new"]).status.code(), Some(0));
    let attempt = campaign.stage_dir(1, 1, "agent").parent().unwrap().to_owned();
    let mut expected = json_of(&campaign.root.join("bench.yaml"));
    expected["agents"]["default"] = json!("codex");
    expected["agents"]["codex"]["time_budget_minutes"] = json!(2);
    expected["agents"]["codex"]["args"] = json!({"max_steps": 7});
    assert_eq!(json_of(&attempt.join("bench.yaml")), expected, "unexpanded, and nothing else changed");
    let arguments = fs::read_to_string(campaign.root.join("c-0001.arguments")).unwrap();
    assert!(arguments.contains("\"--max-steps\", \"7\""), "{arguments}");
    assert!(runs(&campaign, "codex").pop().unwrap().join("c-0001/journal.json").exists());
}

#[test]
fn a_killed_runner_is_followed_by_one_that_goes_on_with_prepare() {
    let campaign = campaign(2);
    mode(&campaign, 1, "gate");
    campaign.detached();
    let agent = campaign.at_gate(1, "gate");
    campaign.wait_fact("agent_asked", |_| true);
    campaign.kill(campaign.runner().unwrap());
    assert!(lives(agent));
    let resumed = campaign.spawn(&["run", "--resume", "--headless"]);
    campaign.wait_fact("stage_adopted", |fact| fact["stage"] == "agent");
    campaign.open(1, "gate");
    let output = resumed.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(campaign.statuses(), ["done", "done"]);
    assert_eq!(campaign.facts_of("agent_asked").len(), 2, "asked once each");
    assert_eq!(campaign.item(1)["attempts"], 1);
    campaign.assert_nothing_left();
}

#[test]
fn a_killed_keeper_is_an_interruption_and_the_next_attempt_begins_anew() {
    let campaign = campaign(1);
    mode(&campaign, 1, "gate");
    campaign.detached();
    let agent = campaign.at_gate(1, "gate");
    let (runner, keeper) = (campaign.runner().unwrap(), campaign.keeper());
    campaign.kill(runner);
    campaign.kill(keeper);
    campaign.open(1, "gate");
    mode(&campaign, 1, "ok");
    assert_eq!(campaign.resume(), Some(0));
    wait_until("the first agent to be gone", || !lives(agent));
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["attempts"].as_i64()), (Some("done"), Some(2)), "{item:#}");
    let left = fs::read_to_string(campaign.stage_dir(1, 2, "worktree").join("left_behind.diff")).unwrap();
    assert!(left.contains("+cost=50"), "{left}");
    campaign.assert_nothing_left();
}

#[test]
fn what_is_missing_is_said_before_anything_starts() {
    for (missing, words) in
        [("bench/cli.py", "no bench/cli.py in"), ("bench.yaml", "no bench file at"), ("tasks/engine.yaml", "has the id 't' of the plan")]
    {
        let campaign = campaign(1);
        fs::remove_file(campaign.root.join(missing)).unwrap();
        let output = campaign.run(&["run", "--headless"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(words), "{missing}: {}", said(&output));
    }
}
