//! A report counts once what an agent did once and what an arm measured once, however often it was tried again, and wherever
//! else it lies; what is not over is named.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::fs;

use isobench_tui::domain::{AgentTotals, ArmDetail, BenchKind, Flag, RunId, Stage, StageDetail, StageEnd};
use isobench_tui::import::import;
use isobench_tui::ledger::fact::AttemptEnd;
use isobench_tui::ledger::{Fact, RunFolder};
use isobench_tui::measured::tried;
use isobench_tui::model::Item;
use isobench_tui::report::{Counted, Study, lead, sections};
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM, said};
use crate::screen_runs::{Story, arm, base, id};
use crate::support::folder;

fn report(campaign: &Campaign, path: &[&str]) -> Value {
    let output = campaign.run(&[&["report", "--format", "json"], path].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The report of the checkout, which says of its attempts what that of the run's own folder says.
fn of_checkout(campaign: &Campaign) -> Value {
    let whole = report(campaign, &[]);
    let run = report(campaign, &[&campaign.folder().path().display().to_string()]);
    let all = |report: &Value| {
        let rows = report["items"].as_array().unwrap().iter();
        rows.map(|row| json!([row["item_id"], row["status"], row["rung"], row["failure"]["class"], row["flags"]])).collect::<Vec<_>>()
    };
    assert_eq!(all(&whole), all(&run));
    whole
}

#[test]
fn an_arm_that_is_tried_again_is_no_attempt_of_the_agent() {
    let arm = r#". ./engine.sh; [ "$cost" = 50 ] && [ ! -e "$CAMPAIGN/again" ] && exit 3; echo "latency: $cost ms""#;
    let campaign = Campaign::new(1, GOOD_AGENT, arm);
    assert_eq!(campaign.headless(), Some(1));
    let failed = of_checkout(&campaign)["items"].clone();
    assert_eq!((failed.as_array().unwrap().len(), &failed[0]["status"]), (1, &"failed".into()), "{failed:#}");
    assert_eq!(failed[0]["failure"]["class"], "arm_crashed", "{failed:#}");

    fs::write(campaign.root.join("again"), "").unwrap();
    campaign.ctl(&["retry-stage", "c-0001", "--stage", "baseline"]);
    campaign.wait_end();
    let done = of_checkout(&campaign)["items"].clone();
    assert_eq!((done.as_array().unwrap().len(), &done[0]["status"], &done[0]["rung"]), (1, &"done".into(), &"beyond_noise".into()));
    // its agent worked in the attempt before
    assert_eq!(done[0]["duration_s"], failed[0]["duration_s"], "{done:#}");
    assert!(done[0]["duration_s"].as_f64() > Some(0.0) && done[0]["folder"].as_str().unwrap().ends_with("c-0001.2"), "{done:#}");

    campaign.ctl(&["retry", "c-0001"]);
    campaign.wait_end();
    assert_eq!(of_checkout(&campaign)["items"].as_array().unwrap().len(), 2, "an agent that works anew is another one");
}

#[test]
fn an_agent_that_failed_is_no_success_for_the_patch_that_it_left() {
    let campaign = Campaign::new(1, &format!("{GOOD_AGENT}; exit 3"), GOOD_ARM);
    campaign.headless();
    assert_eq!(campaign.item(1)["status"], "done", "its patch is measured");
    let items = of_checkout(&campaign)["items"].clone();
    assert_eq!((&items[0]["status"], &items[0]["failure"]["class"]), (&"failed".into(), &"agent_crashed".into()), "{items:#}");
}

/// A result of the three-way runner, with what a run of ours adds.
fn result(commit: &str, ours: &Value) -> String {
    let whole = json!({
        "human_commit": &commit[..8], "human_commit_full": commit, "parent_commit": null, "model": "m", "status": "success",
        "error": null, "duration_s": 1.0, "metrics": {"latency_avg_ms": 50.0}, "raw_output": "", "timestamp": "2026-01-24 09:31:48",
        "isobench_tui": ours,
    });
    whole.to_string()
}

#[test]
fn results_of_a_run_that_is_read_are_told_once() {
    let campaign = Campaign::new(1, GOOD_AGENT, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(0));
    let run = campaign.folder().run_id().0;
    let human = campaign.model().items[0].human.clone();
    let put = |folder: &str, arm: &str, text: &str| {
        let folder = campaign.root.join("results").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{}_{arm}_result.json", &human[..8])), text).unwrap();
    };
    let ours = |run: &str| result(&human, &json!({"run": run, "item": "c-0001", "attempt": 1}));
    put(&run, "agent", &ours(&run));
    put(&run, "human", &ours(&run));
    // ISO-Bench's own script puts its results deeper, and names no run
    put(&format!("{run}/results"), "baseline", &result(&human, &Value::Null));
    // a run that is not here, and one that is nobody's
    put("2020-01-01_00-00-00-0000", "agent", &ours("2020-01-01_00-00-00-0000"));
    put("trae_gpt5", "agent", &result(&human, &Value::Null));

    let whole = report(&campaign, &[]);
    let count = |run: &str| whole["results"].as_array().unwrap().iter().filter(|row| row["file"].as_str().unwrap().contains(run)).count();
    assert_eq!(count(&run), 3, "{:#}", whole["results"]);
    assert_eq!((count("2020-01-01"), count("trae_gpt5"), whole["compared"].as_array().unwrap().len()), (1, 1, 3));
    // every run has its results in two places: that is nothing to look at in the morning
    assert_eq!(whole["problems"], json!([]));
    // alone they count
    let alone = report(&campaign, &[&campaign.root.join("results").join(&run).display().to_string()]);
    assert_eq!((alone["results"].as_array().unwrap().len(), alone["problems"].as_array().unwrap().len()), (3, 0), "{alone:#}");
}

#[test]
fn what_one_run_measured_says_nothing_of_another_one() {
    let mute = r#". ./engine.sh; [ -e "$CAMPAIGN/mute" ] && [ "$cost" = 100 ] && exit 3; echo "latency: $cost ms""#;
    let campaign = Campaign::new(1, GOOD_AGENT, mute);
    assert_eq!(campaign.headless(), Some(0));
    fs::write(campaign.root.join("mute"), "").unwrap();
    campaign.headless();
    // without a baseline nobody knows whether it is better
    let whole = report(&campaign, &[]);
    let rungs: Vec<&Value> = whole["items"].as_array().unwrap().iter().map(|row| &row["rung"]).collect();
    assert_eq!(rungs, [&json!("beyond_noise"), &json!("metrics")]);
}

/// The attempts of the first item by their tries.
fn tries(item: &Item) -> Vec<Vec<u32>> {
    tried::tries(item).map(|attempts| attempts.iter().map(|attempt| attempt.n).collect()).collect()
}

#[test]
fn an_agent_that_was_cut_off_is_taken_up_and_one_that_ended_is_not() {
    let mut story = Story::of(1);
    let cut_off = || AttemptEnd::Interrupted { why: "its runner was gone".to_owned() };
    let agent = || StageDetail::Agent(AgentTotals::default());
    let item = story.run().items[0].id.clone();
    let begin = |story: &mut Story, n: u32, from: Stage| {
        story.push(Fact::AttemptStarted { item: item.clone(), n, from });
    };
    // cut off while it worked, then while its patch was measured
    begin(&mut story, 1, Stage::Worktree);
    story.start(1, 1, Stage::Agent).end(1, 1, Stage::Agent, StageEnd::Interrupted { why: String::new() }, agent());
    story.push(Fact::AttemptFinished { item: item.clone(), n: 1, end: cut_off() });
    begin(&mut story, 2, Stage::Worktree);
    story.start(1, 2, Stage::Agent).end(1, 2, Stage::Agent, StageEnd::Done, agent());
    story.push(Fact::AttemptFinished { item: item.clone(), n: 2, end: cut_off() });
    begin(&mut story, 3, Stage::Candidate);
    story.push(Fact::AttemptFinished { item: item.clone(), n: 3, end: cut_off() });
    assert_eq!(tries(&story.run().items[0]), [vec![1, 2, 3]]);
    // the agent of the third was done: a fourth that begins anew is asked for
    begin(&mut story, 4, Stage::Worktree);
    story.push(Fact::AttemptFinished { item: item.clone(), n: 4, end: AttemptEnd::Done });
    begin(&mut story, 5, Stage::Worktree);
    assert_eq!(tries(&story.run().items[0]), [vec![1, 2, 3], vec![4], vec![5]]);
}

/// One item is done, and tainted; of one the human's arm was cut off and the others failed; of one the second round of an arm runs.
fn under_way() -> Story {
    let mut story = Story::of(4);
    story.work(1, 1);
    let serving = |factor: f64| ArmDetail { kind: Some(BenchKind::Serving), ..arm(factor) };
    let tainted = ArmDetail { flags: vec![Flag::Tainted], ..serving(0.8) };
    for (stage, detail) in [(Stage::Human, serving(1.0)), (Stage::Baseline, serving(1.25)), (Stage::Candidate, tainted)] {
        story.stage(1, 1, stage, 90, StageDetail::Arm(detail));
    }
    story.scored(1, 1, 20.0).work(2, 1).start(2, 1, Stage::Human);
    story.end(2, 1, Stage::Human, StageEnd::Interrupted { why: "its runner was gone".to_owned() }, StageDetail::Nothing);
    story.push(Fact::AttemptFinished { item: id(2), n: 1, end: AttemptEnd::Interrupted { why: "its runner was gone".to_owned() } });
    story.attempt(2, 2, Stage::Human);
    let crashed = || StageEnd::Failed { class: isobench_tui::domain::FailureClass::ArmCrashed, why: "exit 1".to_owned() };
    for stage in [Stage::Human, Stage::Baseline, Stage::Candidate] {
        let detail = ArmDetail { kind: Some(BenchKind::Serving), ..ArmDetail::default() };
        story.start(2, 2, stage).end(2, 2, stage, crashed(), StageDetail::Arm(detail));
    }
    let StageEnd::Failed { class, why } = crashed() else { return story };
    story.push(Fact::AttemptFinished { item: id(2), n: 2, end: AttemptEnd::Failed { class, why } });
    story.work(3, 1);
    for (stage, factor) in [(Stage::Human, 1.0), (Stage::Baseline, 1.25), (Stage::Candidate, 0.5)] {
        story.stage(3, 1, stage, 90, StageDetail::Arm(serving(factor)));
    }
    story.start(3, 1, Stage::Candidate);
    story
}

#[test]
fn every_line_sums_up_and_names_what_is_not_over() {
    let (_gone, root) = folder();
    let run = RunFolder::of(&root, &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
    let story = under_way();
    let _held = story.write(&run, base());
    fs::write(run.manifest(), "{}").unwrap();
    let paths = [run.path().to_owned()];
    let study = Study::of(&paths, &import(&paths, None));
    let counted = Counted::of(&study);
    let says = |about: &str| lead(&study, &counted).lines.into_iter().find(|line| line.about == about).unwrap().says;
    assert_eq!(says("attempts"), "3 attempts at 3 commits by 1 agent; marked success: 1 of 3 (33.3 %); 1 failed, 1 running");
    assert_eq!(says("arms"), "6 of 10 (60.0 %) gave numbers: agent 2 of 3, human 2 of 4, baseline 2 of 3; 3 failed, 1 interrupted");
    assert_eq!(
        says("against human"),
        "of 3 benchmarks of 3 commits: 1 beat the human (1 tainted), 0 similar, 0 worse, 1 without a number of the agent's; 1 running"
    );
    assert_eq!((counted.all.errors.unfinished, counted.by_kind.len()), (1, 1), "the arm that was cut off is of its item's kind");
    // nobody has compared it yet: status says the same
    let running = study.items.iter().find(|row| row.item_id == id(3).0).unwrap();
    assert_eq!((running.rung, running.status.as_str()), (story.run().item(&id(3)).unwrap().rung(), "running"));
    let tables = sections(&study, &counted);
    let first = tables.iter().find(|section| section.id == "compared").unwrap();
    let class = first.table.columns.iter().position(|column| column.head() == "class").unwrap();
    assert_eq!(first.table.rows.iter().map(|row| row[class].says()).collect::<Vec<_>>(), ["beats", "running", "arm_crashed"]);
}

#[test]
fn what_nobody_keeps_is_interrupted_in_a_report_and_in_the_browser() {
    let (_gone, root) = folder();
    let run = RunFolder::of(&root, &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
    drop(under_way().write(&run, base()));
    fs::write(run.manifest(), "{}").unwrap();
    let printed = |what: &str| {
        let printed = std::process::Command::new(crate::support::BINARY).arg(what).arg(run.path()).output().unwrap();
        String::from_utf8(printed.stdout).unwrap()
    };
    let text = printed("report");
    assert!(text.contains("marked success: 1 of 3 (33.3 %); 1 failed, 1 interrupted\n"), "{text}");
    assert!(text.contains("1 without a number of the agent's; 1 interrupted\n") && !text.contains("running"), "{text}");
    let text = printed("inspect");
    assert!(text.contains("interrupted") && !text.contains("running"), "{text}");
}
