//! A second agent on what the first failed, and only what is missing: of runs of ours and of ISO-Bench's own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, said};
use crate::support::{BINARY, folder, shared};

/// Fails the second item, changes nothing in the third, does well in all others.
const MIXED: &str = "case $item in c-0002) exit 3;; c-0003) ;; *) echo cost=50 >engine.sh;; esac";

/// Runs what is chosen, which must end with this code; returns what was said.
fn chosen(campaign: &Campaign, code: i32, arguments: &[&str]) -> String {
    let output = campaign.run(&[&["run", "--headless"], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    said(&output)
}

/// The ids of the newest run.
fn ids(campaign: &Campaign) -> Vec<String> {
    campaign.model().items.into_iter().map(|item| item.id.0).collect()
}

/// A campaign over five items, the last of which no clone knows, with its first run: `done failed failed done blocked`.
fn first_run() -> (Campaign, String) {
    let campaign = Campaign::new(4, MIXED, GOOD_ARM);
    let mut items: Vec<(String, String)> = (1..=4).map(|nth| (campaign.id(nth), campaign.commits[nth].clone())).collect();
    items.push((campaign.id(5), "f".repeat(40)));
    campaign.plan(&items);
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.statuses(), ["done", "failed", "failed", "done", "blocked"]);
    let id = campaign.folder().run_id().0;
    (campaign, id)
}

#[test]
fn a_second_agent_is_run_on_what_the_first_failed() {
    let (campaign, first) = first_run();
    campaign.agent("echo cost=40 >engine.sh");
    let text = chosen(&campaign, 0, &["--agent", "second", "--failed-of", &first]);
    assert!(text.contains("2 of the 5 items of") && text.contains(&format!("failed in {first}")), "{text}");
    assert_eq!((ids(&campaign), campaign.statuses()), (vec!["c-0002".to_owned(), "c-0003".to_owned()], vec!["done".to_owned(); 2]));
    let made = campaign.facts_of("run_created").remove(0);
    assert_eq!((&made["agent"], &made["selection"]), (&json!("second"), &json!(format!("failed in {first}"))));
    let whole = &isobench_tui::model::Follower::load(&campaign.folders()[0]).unwrap();
    assert_ne!(json!(whole.digest), made["digest"], "a selection is a plan of its own");
    assert_eq!((&whole.selection, &whole.plan), (&None, &made["plan"].as_str().unwrap().to_owned()));
    // nothing failed in that one
    let second = campaign.folder().run_id().0;
    let text = chosen(&campaign, 3, &["--failed-of", &second]);
    assert!(text.contains("nothing to run") && text.contains(&second), "{text}");
    assert_eq!(campaign.folders().len(), 2);
}

#[test]
fn what_is_missing_failed_or_both_is_chosen_and_only_narrows_it() {
    let (campaign, first) = first_run();
    // the only one that is missing is the one that can't be run
    let text = chosen(&campaign, 3, &["--missing-of", &first]);
    assert!(text.contains("1 of the 5 items of") && text.contains("blocked  c-0005"), "{text}");
    let run = campaign.folder().path().display().to_string();
    chosen(&campaign, 1, &["--new", "--failed-of", &run, "--missing-of", &first]);
    assert_eq!(ids(&campaign), ["c-0002", "c-0003", "c-0005"]);
    chosen(&campaign, 1, &["--failed-of", &first, "--only", "c-0003", "c-0001"]);
    assert_eq!(ids(&campaign), ["c-0003"]);
    let text = chosen(&campaign, 3, &["--failed-of", &first, "--only", "c-0001"]);
    assert!(text.contains("nothing to run"), "{text}");
    let text = chosen(&campaign, 8, &["--failed-of", "1999"]);
    assert!(text.contains("there is no run 1999"), "{text}");
    let both = campaign.run(&["run", "--headless", "--resume", &first, "--failed-of", &first]);
    assert_eq!(both.status.code(), Some(2), "{}", said(&both));
}

#[test]
fn an_unfinished_run_of_the_same_selection_is_asked_about_and_one_of_another_is_not() {
    let (mut campaign, first) = first_run();
    // the runner dies before anything is run
    campaign.env.push(("ISOBENCH_DIE_AFTER".to_owned(), "2".to_owned()));
    let died = campaign.run(&["run", "--headless", "--failed-of", &first]);
    assert_ne!(died.status.code(), Some(0));
    campaign.env.clear();
    let text = chosen(&campaign, 2, &["--failed-of", &first]);
    assert!(text.contains("is unfinished") && text.contains("--resume") && text.contains("--new"), "{text}");
    chosen(&campaign, 1, &["--failed-of", &first, "--only", "c-0002"]);
    assert_eq!(ids(&campaign), ["c-0002"]);
}

#[test]
fn a_live_run_may_be_named_and_is_said_to_be_live() {
    let campaign = Campaign::new(3, "case $item in c-0001) exit 3;; esac; gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(2, "agent");
    let first = campaign.folder().run_id().0;
    let text = chosen(&campaign, 3, &["--failed-of", &first, "--only", "c-0003"]);
    assert!(text.contains(&format!("run {first} is live: 2 items of it have not ended yet")), "{text}");
    campaign.open(3, "agent");
    campaign.agent("echo cost=50 >engine.sh");
    chosen(&campaign, 0, &["--missing-of", &first]);
    assert_eq!(ids(&campaign), ["c-0003"], "neither what failed nor what runs");
    campaign.open(2, "agent");
    crate::support::wait_until("the first runner to leave", || isobench_tui::ledger::RunnerLock::holder(&campaign.folders()[0]).is_none());
}

#[test]
fn an_item_that_somebody_added_is_chosen_though_no_plan_names_it() {
    let mut campaign = Campaign::new(2, "case $item in *0002) gate agent;; esac; exit 3", GOOD_ARM);
    let later = campaign.commit("later");
    let plan = fs::read_to_string(campaign.root.join("state/plan.json")).unwrap();
    campaign.detached();
    campaign.at_gate(2, "agent");
    campaign.ctl(&["add", &later[..12]]);
    campaign.open(2, "agent");
    campaign.wait_end();
    let all = ids(&campaign);
    assert_eq!(all.len(), 3);
    let first = campaign.folder().run_id().0;
    let status = campaign.statuses();
    let text = chosen(&campaign, 1, &["--failed-of", &first, "--missing-of", &first]);
    assert_eq!(ids(&campaign), all, "{status:?} {text}");
    assert_eq!(fs::read_to_string(campaign.root.join("state/plan.json")).unwrap(), plan);
}

fn journal(run: &Path, id: &str, text: &str) {
    fs::create_dir_all(run.join(id)).unwrap();
    fs::write(run.join(id).join("prompt.json"), "{}").unwrap();
    if !text.is_empty() {
        fs::write(run.join(id).join("journal.json"), text).unwrap();
    }
}

fn ended(status: &str, human: &str) -> String {
    json!({"task_id": "t", "commits": {"pre": "", "human": human}, "status": status}).to_string()
}

#[test]
fn a_run_of_the_harness_is_read_by_its_journals() {
    let campaign = Campaign::good(7);
    let run = campaign.root.join("state/runs/repo/trae/gpt-5/2026-01-23_21-19-19");
    let sha = |nth: usize| campaign.commits[nth].as_str();
    journal(&run, "c-0001", &ended("success", sha(1)));
    journal(&run, "c-0002", &ended("error", &sha(2)[..8]));
    journal(&run, "c-0003", &ended("max_steps_exceeded", sha(3)));
    journal(&run, "c-0004", "{\"status\": \"success\", ");
    journal(&run, "c-0005", "");
    // another plan numbered another commit so
    journal(&run, "c-0006", &ended("error", sha(7)));
    let place = "repo/trae/gpt-5/2026-01-23_21-19-19";
    let text = chosen(&campaign, 0, &["--failed-of", place]);
    assert_eq!(ids(&campaign), ["c-0002", "c-0003", "c-0007"]);
    // what the harness's report skips is missing, and which file that is is said once
    let said_of = text.lines().filter(|line| line.starts_with("warning: ") && line.contains("c-0004/journal.json")).count();
    assert_eq!(said_of, 1, "{text}");
    chosen(&campaign, 0, &["--missing-of", &run.display().to_string()]);
    assert_eq!(ids(&campaign), ["c-0004", "c-0005", "c-0006"]);
    let text = chosen(&campaign, 8, &["--missing-of", "repo/trae"]);
    assert!(text.contains("there is no run repo/trae"), "{text}");
    // the plan may be named, and what of the run it lacks is said
    let plan = json!({"repo": "repo", "task_id": "t", "items": [{"item_id": "mine", "human": &sha(3)[..10]}]});
    fs::write(campaign.root.join("mine.json"), plan.to_string()).unwrap();
    let text = chosen(&campaign, 0, &["--plan", "mine.json", "--failed-of", place]);
    assert!(text.contains("2 items that failed in") && text.contains("are not in mine.json: c-0002, c-0006"), "{text}");
    assert_eq!(ids(&campaign), ["mine"]);
}

/// What `harness_rules.py` chooses.
fn by_the_rules(campaign: &Campaign, run: &Path, which: &str) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness_rules.py");
    let mut command = Command::new("python3");
    let output = command.arg(script).arg("filtered").arg(campaign.root.join("state/plan.json")).arg(run).arg(which).output().unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    plan["items"].as_array().unwrap().iter().map(|item| item["item_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_of_the_harness_is_chosen_from_as_its_own_rules_do() {
    let campaign = Campaign::good(6);
    let run = campaign.root.join("state/runs/repo/trae/gpt-5/2026-01-23_21-19-19");
    let sha = |nth: usize| campaign.commits[nth].as_str();
    journal(&run, "c-0001", &ended("success", sha(1)));
    journal(&run, "c-0002", &ended("error", sha(2)));
    journal(&run, "c-0003", "[1, 2]");
    journal(&run, "c-0004", "");
    journal(&run, "c-0005", &json!({"task_id": "t", "commits": {"human": sha(5)}, "status": null}).to_string());
    journal(&run, "c-0006", &ended("max_steps_exceeded", sha(6)));
    for which in ["failed", "missing"] {
        chosen(&campaign, 0, &[&format!("--{which}-of"), run.to_str().unwrap()]);
        assert_eq!(ids(&campaign), by_the_rules(&campaign, &run, which), "{which}");
    }
    // our own word on the agent counts where the exit code says nothing
    let mut ours: Value = serde_json::from_str(&ended("success", sha(1))).unwrap();
    ours["isobench_tui"] = json!({"agent_end": {"end": "failed", "class": "api_auth", "why": "401"}});
    journal(&run, "c-0001", &ours.to_string());
    chosen(&campaign, 0, &["--failed-of", run.to_str().unwrap()]);
    assert_eq!(ids(&campaign), ["c-0001", "c-0002", "c-0006"]);
}

#[test]
fn by_its_id_and_by_its_folder_a_run_of_ours_failed_alike() {
    // well, failed with an edit, without one, in an arm, before the agent, and not at all
    let agent = "case $item in c-0002) echo cost=50 >engine.sh; exit 3;; c-0003) ;; *) echo cost=50 >engine.sh;; esac";
    let campaign = Campaign::new(5, agent, "case $item in c-0004) exit 1;; esac; . ./engine.sh; echo \"latency: $cost ms\"");
    let mut items: Vec<(String, String)> = (1..=5).map(|nth| (campaign.id(nth), campaign.commits[nth].clone())).collect();
    items.push((campaign.id(6), "f".repeat(40)));
    campaign.plan(&items);
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.statuses(), ["done", "done", "failed", "failed", "done", "blocked"]);
    let (id, folder) = (campaign.folder().run_id().0, campaign.item_dir(1).parent().unwrap().display().to_string());
    campaign.agent("echo cost=40 >engine.sh");
    for named in [id.as_str(), folder.as_str()] {
        chosen(&campaign, 1, &["--new", "--failed-of", named]);
        assert_eq!(ids(&campaign), ["c-0002", "c-0003", "c-0004"], "{named}");
        chosen(&campaign, 3, &["--new", "--missing-of", named]);
    }
    // without the ledger the journals tell of the agents, and of no arm
    fs::remove_dir_all(campaign.root.join(".work")).unwrap();
    fs::remove_dir_all(isobench_tui::ledger::RunFolder::of(&campaign.root, &isobench_tui::domain::RunId(id)).path()).unwrap();
    chosen(&campaign, 0, &["--new", "--failed-of", &folder]);
    assert_eq!(ids(&campaign), ["c-0002", "c-0003"]);
}

/// What the real runs say, counted in another way: which commits of the plan have a journal that is no success, and
/// which have none.
fn own_count(plan: &Value, run: &Path) -> (usize, usize) {
    let (mut good, mut bad) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(run).unwrap() {
        let path: PathBuf = entry.unwrap().path().join("journal.json");
        let Ok(text) = fs::read_to_string(path) else { continue };
        let journal: Value = serde_json::from_str(&text).unwrap();
        let human = journal["commits"]["human"].as_str().unwrap()[..8].to_owned();
        if journal["status"] == "success" {
            good.insert(human)
        } else {
            bad.insert(human)
        };
    }
    let items = plan["items"].as_array().unwrap();
    let short = |item: &Value| item["human"].as_str().unwrap()[..8].to_owned();
    let failed = items.iter().filter(|item| bad.contains(&short(item)) && !good.contains(&short(item))).count();
    let missing = items.iter().filter(|item| !bad.contains(&short(item)) && !good.contains(&short(item))).count();
    (failed, missing)
}

#[test]
fn every_real_run_gives_what_its_journals_give() {
    let Some(shared) = shared() else { return };
    let corpus = shared.join("corpus");
    let (_keep, root) = folder();
    fs::create_dir(root.join("state")).unwrap();
    fs::copy(corpus.join("state/plan.json"), root.join("state/plan.json")).unwrap();
    let plan: Value = serde_json::from_slice(&fs::read(root.join("state/plan.json")).unwrap()).unwrap();
    let runs = isobench_tui::artifact::runs::below(&corpus.join("state/runs"));
    assert!(runs.len() >= 19, "{runs:?}");
    let said_of = |flag: &str, run: &Path| {
        let mut command = Command::new(BINARY);
        command.args(["run", "--headless", flag]).arg(run).arg("--root").arg(&root).env("HOME", &root);
        let output: Output = command.output().unwrap();
        // without a clone nothing is run, whatever is chosen
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        said(&output)
    };
    let mut both = [0, 0];
    for run in &runs {
        let (failed, missing) = own_count(&plan, run);
        for (flag, count) in [("--failed-of", failed), ("--missing-of", missing)] {
            let text = said_of(flag, run);
            let wanted = if count == 0 { "nothing to run".to_owned() } else { format!("{count} of the 96 items of") };
            assert!(text.contains(&wanted), "{flag} {}: {wanted}: {text}", run.display());
        }
        both = [both[0] + failed, both[1] + missing];
    }
    assert!(both[0] > 0 && both[1] > both[0], "{both:?}");
}
