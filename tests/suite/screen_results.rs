//! The table of results: keys in, sentences out; frames at three sizes; its counts beside those of the reports.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::collections::BTreeMap;

use isobench_tui::domain::{
    ArmDetail, BenchKind, CheckDetail, FailureClass, Flag, Quadrant, Repair, RunId, ScoreDetail, SecretAt, SoftVerdict, Stage, StageDetail,
    StageEnd, Target,
};
use isobench_tui::import::import;
use isobench_tui::ledger::fact::AttemptEnd;
use isobench_tui::ledger::{Fact, RunFolder};
use isobench_tui::report::{Counted, Study, json, lead};
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::all_results::{By, Class, Column, Group, Row};
use isobench_tui::ui::message::{Looked, Sight};
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::outside::What;
use isobench_tui::ui::since::since;
use isobench_tui::ui::state::Over;
use isobench_tui::ui::{Effect, Key, Mouse, Msg, Screen};
use proptest::prelude::*;

use crate::screen::Bench;
use crate::screen_runs::{self as runs, Story, ann, id};
use crate::support::{folder, shared};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// An arm of a kind of benchmark, as served.
fn arm(kind: BenchKind, factor: f64) -> ArmDetail {
    ArmDetail {
        kind: Some(kind),
        model: Some("meta-llama/Llama-3.1-8B-Instruct".to_owned()),
        model_run: Some("meta-llama/Llama-3.1-8B-Instruct".to_owned()),
        ..runs::arm(factor)
    }
}

/// An item whose arms are as they are told, with its score.
fn measured(story: &mut Story, item: usize, arms: [ArmDetail; 3], score: ScoreDetail) {
    story.work(item, 1);
    for (stage, detail) in [Stage::Human, Stage::Baseline, Stage::Candidate].into_iter().zip(arms) {
        story.stage(item, 1, stage, 90, StageDetail::Arm(detail));
    }
    story.stage(item, 1, Stage::Score, 0, StageDetail::Score(score)).stage(item, 1, Stage::Clean, 1, StageDetail::Nothing);
    story.push(Fact::AttemptFinished { item: id(item), n: 1, end: AttemptEnd::Done });
}

fn judged(against_human: f64, target: Target, quadrant: Quadrant) -> ScoreDetail {
    let soft = SoftVerdict { target, approach: None, says: None, by: "judge".to_owned() };
    ScoreDetail { soft: Some(soft), quadrant: Some(quadrant), ..runs::score(against_human) }
}

/// One item of each class, type, quadrant and mark; one at work, one to come.
fn night() -> Story {
    let mut story = Story::of(12);
    let serving = |factor: f64| arm(BenchKind::Serving, factor);
    measured(&mut story, 1, [serving(1.0), serving(1.25), serving(0.88)], judged(11.4, Target::SameTarget, Quadrant::TrueSuccess));
    let latency = |factor: f64| arm(BenchKind::Latency, factor);
    measured(&mut story, 2, [latency(1.0), latency(1.25), latency(0.97)], judged(3.0, Target::DifferentTarget, Quadrant::LuckyWin));
    let repaired = ArmDetail { repairs: vec![Repair::SonnetToRandom], ..serving(1.1) };
    measured(&mut story, 3, [serving(1.0), serving(1.25), repaired], judged(-9.5, Target::SameTarget, Quadrant::GoodIntent));
    let mut tainted = arm(BenchKind::Throughput, 0.7);
    tainted.flags = vec![Flag::PatchForced, Flag::Tainted];
    tainted.model_run = Some("meta-llama/Meta-Llama-3-8B-Instruct".to_owned());
    measured(&mut story, 4, [arm(BenchKind::Throughput, 1.0), arm(BenchKind::Throughput, 1.25), tainted], runs::score(31.0));
    let mut alone = runs::score(0.0);
    alone.verdicts.iter_mut().for_each(|verdict| (verdict.human, verdict.against_human_pct, verdict.standing) = (None, None, None));
    alone.incomparable = Some("human: server_crashed: exit 1".to_owned());
    measured(&mut story, 5, [arm(BenchKind::PrefixCaching, 1.0), ArmDetail::default(), arm(BenchKind::PrefixCaching, 1.2)], alone);
    story.failed(6, 1, Stage::Candidate, FailureClass::ArmCrashed, "exit 1: torch.OutOfMemoryError: CUDA out of memory");
    story.failed(7, 1, Stage::Agent, FailureClass::EmptyPatch, "the agent changed nothing");
    story.failed(8, 1, Stage::Agent, FailureClass::EmptyPatch, "the agent changed nothing");
    story.push(Fact::ItemSkipped { item: id(9), by: ann() });
    story.attempt(10, 1, Stage::Worktree).stage(10, 1, Stage::Worktree, 2, StageDetail::Nothing).start(10, 1, Stage::Agent).wait(300);
    story
}

/// The same, over.
fn over() -> Story {
    let mut story = night();
    story.end(10, 1, Stage::Agent, StageEnd::Failed { class: FailureClass::ApiDown, why: "503".to_owned() }, StageDetail::Nothing);
    let end = AttemptEnd::Failed { class: FailureClass::ApiDown, why: "503 from the API".to_owned() };
    story.push(Fact::AttemptFinished { item: id(10), n: 1, end });
    for item in [11, 12] {
        story.push(Fact::ItemSkipped { item: id(item), by: ann() });
    }
    story.push(Fact::RunFinished {}).push(Fact::RunnerStopped { why: "nothing is left to do".to_owned() });
    story
}

/// The table of a run.
fn table(story: &Story) -> Bench {
    let mut bench = Bench::on(story);
    bench.frame(120, 40);
    bench.type_in("5");
    bench
}

/// Clicks where the last frame has this.
fn click(bench: &mut Bench, wanted: &Hit) {
    let spot = bench.state.spots.iter().find(|spot| spot.hit == *wanted).unwrap().clone();
    bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: spot.x, y: spot.y }));
}

fn shown(bench: &Bench) -> Vec<usize> {
    let number = |row: &Row| row.item.0.rsplit('-').next().unwrap().parse().unwrap();
    bench.state.all_results.visible().map(number).collect()
}

fn selected(bench: &Bench) -> usize {
    bench.state.queue.selected.as_ref().unwrap().0.rsplit('-').next().unwrap().parse().unwrap()
}

fn note(bench: &Bench) -> String {
    bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default()
}

fn keep(name: &str, bench: &mut Bench) {
    for (cols, rows) in SIZES {
        insta::assert_snapshot!(format!("{name}_{cols}x{rows}"), bench.text(cols, rows));
    }
}

#[test]
fn frames_of_a_run_half_way() {
    let mut bench = table(&night());
    bench.type_in("g");
    keep("results_live", &mut bench);
    insta::assert_snapshot!("results_live_120x40_roles", bench.roles(120, 40));
    for (cols, rows) in [(40, 12), (62, 16)] {
        insta::assert_snapshot!(format!("results_live_{cols}x{rows}"), bench.text(cols, rows));
    }
    for cols in 0..90 {
        for rows in 0..20 {
            bench.frame(cols, rows);
        }
    }
}

#[test]
fn frames_of_a_finished_run_by_rung_and_by_failure() {
    let mut bench = Bench::with(&over(), Sight::Gone);
    bench.type_in("5goo");
    keep("results_rungs", &mut bench);
    bench.type_in("oj");
    keep("results_failures", &mut bench);
    bench.type_in("o");
    insta::assert_snapshot!("results_quadrants_80x24", bench.text(80, 24));
}

#[test]
fn frames_before_anything_was_measured() {
    keep("results_empty", &mut table(&runs::queued()));
}

#[test]
fn in_ascii_and_without_colours() {
    let mut bench = table(&night());
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    let text = bench.text(120, 40);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("results_live_120x40_ascii", text);
}

#[test]
fn rows_stand_best_first_and_by_any_column_either_way() {
    let mut bench = table(&night());
    assert_eq!(shown(&bench), [4, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12], "vs human, then what has no number, in the queue's order");
    bench.type_in("i");
    assert_eq!(shown(&bench)[..5], [3, 2, 1, 4, 5], "what has no number stays last");
    bench.type_in("sss");
    assert_eq!(bench.state.all_results.sort.column, Column::Rung);
    assert_eq!(shown(&bench)[..2], [1, 2]);
    bench.frame(120, 40);
    click(&mut bench, &Hit::Column(Column::Item));
    assert_eq!(shown(&bench)[0], 1);
    click(&mut bench, &Hit::Column(Column::Item));
    assert_eq!(shown(&bench)[0], 12, "a second click turns it round");
}

#[test]
fn groups_filter_and_esc_takes_the_filters_back_one_by_one() {
    let mut bench = table(&night());
    bench.type_in("]");
    assert_eq!((shown(&bench), bench.state.all_results.chosen()), (vec![4, 1], Some(&Group::Class(Class::Beats))));
    bench.type_in("o");
    assert_eq!(bench.state.all_results.by, By::Kind);
    let groups: Vec<(String, usize)> = bench.state.all_results.groups().iter().map(|(group, n)| (group.name(), *n)).collect();
    assert_eq!(groups, [("serving".to_owned(), 1), ("throughput".to_owned(), 1)], "the other grouping's filter holds");
    bench.type_in("]");
    assert_eq!(shown(&bench), [1]);
    assert!(bench.text(120, 40).contains("only class better, type serving  Esc all"));
    bench.press(Key::Esc);
    assert_eq!(shown(&bench), [4, 1]);
    bench.press(Key::Esc);
    assert_eq!((shown(&bench).len(), bench.state.screen), (12, Screen::Results));
    bench.press(Key::Esc);
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn a_filter_gives_back_the_selection_that_it_hid() {
    let mut bench = table(&night());
    bench.type_in("gjj");
    assert_eq!(selected(&bench), 2);
    bench.type_in("]");
    assert_eq!(selected(&bench), 4, "the first that is shown");
    bench.type_in("[");
    assert_eq!((shown(&bench).len(), selected(&bench)), (12, 2));
    bench.type_in("f");
    assert_eq!(shown(&bench), [2], "only its group");
    bench.type_in("f");
    assert_eq!(selected(&bench), 2);
    bench.type_in("]jf");
    assert_eq!(selected(&bench), 1, "what was chosen meanwhile stays");
    bench.frame(120, 40);
    click(&mut bench, &Hit::Group(Group::Class(Class::NoNumbers)));
    assert_eq!(shown(&bench), [6, 7, 8, 9]);
    bench.type_in("1");
    assert_eq!((bench.state.screen, selected(&bench)), (Screen::Queue, 6), "the queue is where the table was left");
}

#[test]
fn rows_open_and_problems_and_matches_are_gone_to() {
    let mut bench = table(&night());
    bench.type_in("ge");
    assert_eq!(selected(&bench), 6);
    bench.type_in("E");
    assert_eq!((selected(&bench), note(&bench).as_str()), (8, "wrapped: the last item that went wrong"));
    bench.type_in("/prefix");
    bench.press(Key::Enter);
    assert_eq!(selected(&bench), 5, "the type is searched as well");
    bench.press(Key::Enter);
    assert_eq!((bench.state.screen, selected(&bench)), (Screen::Agent, 5));
    bench.type_in("53");
    assert_eq!(bench.state.screen, Screen::Benchmark);
    bench.type_in("5");
    bench.press(Key::Esc);
    bench.type_in("]/empty_patch");
    bench.press(Key::Enter);
    assert_eq!(note(&bench), "'empty_patch' is in no item that is shown");
}

#[test]
fn the_row_and_the_table_are_taken_out_of_the_terminal() {
    let mut bench = table(&night());
    let text = |effects: Vec<Effect>| match effects.into_iter().next() {
        Some(Effect::Outside(errand)) => match errand.what {
            What::Text { name, text } => (name, text),
            other => (other.name(), String::new()),
        },
        other => (format!("{other:?}"), String::new()),
    };
    bench.type_in("g");
    let (name, row) = text(bench.type_in("y"));
    assert_eq!(name, "the row");
    for part in [
        "vs human: +31.0 %",
        "class: better",
        "model: meta-llama/Llama-3.1-8B-Instruct -> meta-llama/Meta-Llama-3-8B-Instruct",
        "tainted: agent",
    ] {
        assert!(row.contains(part), "{part}\n{row}");
    }
    bench.type_in("]");
    let (name, all) = text(bench.type_in("v"));
    assert_eq!(name, "the results");
    assert!(
        all.starts_with("by class: 2 better, 1 similar, 1 worse, 1 incomparable, 4 no numbers, 3 to come\nonly class: better\n"),
        "{all}"
    );
    assert_eq!(all.lines().count(), 6, "{all}");
}

#[test]
fn the_banner_leads_to_the_results_since_the_last_look() {
    let mut story = Story::of(6);
    story.done(1, 3.0).wait(60).done(2, 11.4).done(3, -9.5);
    let mut bench = Bench::on(&story);
    let last = bench.state.run.item(&id(1)).unwrap().last_attempt().unwrap().end.as_ref().unwrap().1;
    bench.tell(Msg::Looked(Looked::Until(last)));
    assert_eq!(bench.state.over, Over::Since);
    let text = bench.text(120, 40);
    assert!(text.contains("results     2 items: 1 beat the human's commit, 1 worse   Enter shows them"), "{text}");
    bench.press(Key::Enter);
    assert_eq!((bench.state.screen, shown(&bench)), (Screen::Results, vec![2, 3]));
    assert!(bench.text(120, 40).contains("only since your last look"));
    bench.press(Key::Esc);
    assert_eq!(shown(&bench).len(), 6);
}

#[test]
fn the_banner_counts_quadrants_taints_and_repairs() {
    let mut bench = Bench::on(&night());
    bench.tell(Msg::Looked(Looked::Until(runs::base())));
    let told = since(&bench.state, bench.now).unwrap();
    let text = told.lines.iter().map(|line| format!("{:12}{}\n", line.label, line.says.text)).collect::<Vec<_>>().concat();
    for part in [
        "results     5 items: 2 beat the human's commit (1 tainted), 1 similar, 1 worse, 1 incomparable · 1 true success (Q1)",
        "numbers     1 item tainted: what was measured proves nothing · 1 with a patch that was forced in · 1 with repairs",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    bench.type_in("5");
    assert_eq!((bench.state.screen, shown(&bench).len()), (Screen::Results, 8));
}

#[test]
fn a_tainted_result_does_not_look_proven() {
    let mut bench = Bench::on(&night());
    let wide = bench.text(200, 60);
    let row = |text: &str| text.lines().find(|line| line.contains(&id(4).0)).unwrap().to_owned();
    assert!(wide.contains("5 done: 2 better (1 tainted) 1 similar 1 worse 1 incomparable"), "{wide}");
    assert!(row(&wide).contains("better   +31.0 %") && row(&wide).contains("tainted: agent"), "{wide}");
    let small = bench.text(80, 24);
    assert!(small.lines().take(2).any(|line| line.contains("2 better (1 tainted)") || line.contains("5 done ")), "{small}");
    assert!(row(&small).contains("tainted  +31.0 %") && !row(&small).contains("better"), "{small}");
}

#[test]
fn what_failed_with_numbers_is_counted_alike_by_header_and_table() {
    let mut story = Story::of(4);
    story.done(1, 20.0).work(2, 1);
    let tainted = ArmDetail { flags: vec![Flag::Tainted], ..arm(BenchKind::Serving, 1.25) };
    story.stage(2, 1, Stage::Human, 90, StageDetail::Arm(arm(BenchKind::Serving, 1.0)));
    let (class, why) = (FailureClass::Tainted, "frozen for 3.7 s".to_owned());
    let end = StageEnd::Failed { class, why: why.clone() };
    story.start(2, 1, Stage::Baseline).end(2, 1, Stage::Baseline, end, StageDetail::Arm(tainted));
    story.stage(2, 1, Stage::Candidate, 90, StageDetail::Arm(arm(BenchKind::Serving, 0.5)));
    story.stage(2, 1, Stage::Score, 0, StageDetail::Score(runs::score(50.0)));
    story.push(Fact::AttemptFinished { item: id(2), n: 1, end: AttemptEnd::Failed { class, why } });
    // an item that is tried again counts once it is over
    story.done(3, 30.0).attempt(3, 2, Stage::Worktree).start(3, 2, Stage::Worktree);
    let mut bench = table(&story);
    let text = bench.text(120, 40);
    assert!(text.contains("  1 better  1 failed (1 better, 1 tainted)  1 running  1 queued  of 4  "), "{text}");
    let classes = counts(&mut bench, By::Class);
    assert_eq!((classes.get("better"), classes.get("to come")), (Some(&2), Some(&2)), "{classes:?}");
    let row = text.lines().find(|line| line.contains(&id(2).0) && line.contains("+50.0 %")).unwrap();
    assert_eq!(row.matches("tainted").count(), 1, "{row}");
}

#[test]
fn why_there_are_no_numbers_is_said_as_it_is() {
    let mut story = Story::of(3);
    let says = |story: &Story| table(story).text(120, 40).lines().nth(3).unwrap().trim().to_owned();
    assert_eq!(says(&story), "no item has numbers yet: the benchmarks come after the agent, 3 to come");
    story.failed(1, 1, Stage::Candidate, FailureClass::ArmCrashed, "exit 1");
    assert_eq!(says(&story), "no item has numbers yet: 1 ended without, 2 to come");
    story.work(2, 1).start(2, 1, Stage::Human);
    assert_eq!(says(&story), format!("no item has numbers yet: 1 ended without, {} is measured now, 1 to come", id(2)));
}

#[test]
fn a_secret_and_a_lost_round_stand_in_the_row_and_the_panel_says_where() {
    let mut story = Story::of(2);
    story.attempt(1, 1, Stage::Worktree).stage(1, 1, Stage::Worktree, 2, StageDetail::Nothing);
    story.stage(1, 1, Stage::Agent, 60, StageDetail::Agent(runs::totals(14)));
    let secret = SecretAt { name: "HF_TOKEN".to_owned(), file: "vllm/x.py".to_owned(), line: 12 };
    story.stage(1, 1, Stage::Check, 1, StageDetail::Check(CheckDetail { secrets: vec![secret], ..runs::check(2) }));
    for (stage, factor) in [(Stage::Human, 1.0), (Stage::Baseline, 1.25), (Stage::Candidate, 0.9)] {
        story.stage(1, 1, stage, 90, StageDetail::Arm(arm(BenchKind::Serving, factor)));
    }
    let failed = StageEnd::Failed { class: FailureClass::ServerCrashed, why: "exit 1".to_owned() };
    story.start(1, 1, Stage::Candidate).end(1, 1, Stage::Candidate, failed, StageDetail::Arm(ArmDetail::default()));
    story.stage(1, 1, Stage::Score, 0, StageDetail::Score(runs::score(11.4))).stage(1, 1, Stage::Clean, 1, StageDetail::Nothing);
    story.push(Fact::AttemptFinished { item: id(1), n: 1, end: AttemptEnd::Done });
    let mut bench = table(&story);
    bench.type_in("g");
    let text = bench.text(200, 60);
    let row = text.lines().find(|line| line.contains(&id(1).0) && line.contains("+11.4 %")).unwrap();
    assert!(row.contains("secret, round lost"), "{text}");
    assert!(text.contains("the patch contains the value of HF_TOKEN, line 12 of vllm/x.py: do not publish it"), "{text}");
    assert!(!text.contains("the value of a secret"), "{text}");
}

/// What the table counts by a grouping.
fn counts(bench: &mut Bench, by: By) -> BTreeMap<String, usize> {
    bench.state.all_results.by = by;
    bench.state.all_results.groups().into_iter().filter(|(_, n)| *n > 0).map(|(group, n)| (group.name(), n)).collect()
}

/// Beside `report --format json` of the same run, whose every item has one attempt at most.
fn agrees(bench: &mut Bench, study: &Study) {
    let counted = Counted::of(study);
    let report = json::json(study, &counted, &lead(study, &counted));
    let sum = |key: &str| -> usize {
        report["by_type"].as_array().unwrap().iter().map(|row| usize::try_from(row[key].as_u64().unwrap()).unwrap()).sum()
    };
    let classes = counts(bench, By::Class);
    let class = |name: &str| classes.get(name).copied().unwrap_or_default();
    assert_eq!((class("better"), class("similar"), class("worse")), (sum("beats"), sum("similar"), sum("worse")));
    let without = |row: &&Row| !matches!(row.class, Class::Beats | Class::Similar | Class::Worse);
    let arms =
        bench.state.all_results.rows.iter().filter(without).filter(|row| study.compared.iter().any(|of| of.commit == row.human)).count();
    assert_eq!(arms, sum("incomparable"), "what was measured and has no class");
    for row in &bench.state.all_results.rows {
        let Some(told) = study.compared.iter().find(|of| of.commit == row.human) else { continue };
        let primary = told.verdicts.first();
        let figure = row.figure.as_ref();
        assert_eq!(
            figure.map(|found| (&found.name, found.value)),
            primary.map(|of| (&of.metric, of.agent)).or_else(|| told.key.as_ref().map(|key| (&key.name, key.value)))
        );
        assert_eq!(figure.and_then(|found| found.human_pct), primary.and_then(|of| of.against_human_pct), "{}", row.item);
        assert_eq!(figure.and_then(|found| found.baseline_pct), primary.and_then(|of| of.against_baseline_pct), "{}", row.item);
        // the report counts what nobody judged as not passed, as the harness does; the screen says that nobody did
        let judged = told.soft.as_ref().and(told.quadrant);
        assert_eq!((row.kind, row.quadrant), (told.kind, judged), "{}", row.item);
    }
    for told in &study.items {
        let row = bench.state.all_results.rows.iter().find(|row| row.item.0 == told.item_id).unwrap();
        assert_eq!((row.rung, row.failure), (told.rung, told.failure.as_ref().map(|cause| cause.class)), "{}", row.item);
    }
    let quadrants = counts(bench, By::Quadrant);
    for quadrant in Quadrant::ALL {
        let told = study.compared.iter().filter(|row| row.soft.is_some() && row.quadrant == Some(quadrant)).count();
        let found = quadrants.iter().find(|(name, _)| name.starts_with(quadrant.short()));
        assert_eq!(found.map_or(0, |(_, n)| *n), told, "{quadrant:?}");
    }
}

#[test]
fn its_counts_are_those_of_the_report() {
    let (_gone, root) = folder();
    let run = RunFolder::of(&root, &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
    let story = over();
    drop(story.write(&run, runs::base()));
    std::fs::write(run.manifest(), "{}").unwrap();
    let paths = [run.path().to_owned()];
    let mut bench = Bench::with(&story, Sight::Gone);
    bench.type_in("5");
    agrees(&mut bench, &Study::of(&paths, &import(&paths, None)));
}

#[test]
fn its_counts_of_real_results_are_those_of_the_report() {
    let Some(shared) = shared() else { return };
    for name in ["codex_cli", "trae_gpt5_0123", "trae_sonnet45_0123"] {
        let paths = [shared.join("corpus/results").join(name)];
        let found = import(&paths, None);
        let mut bench = Bench::with(&Story::of(1), Sight::Gone);
        bench.state.run = found.runs[0].run.clone();
        bench.tell(Msg::Facts);
        bench.type_in("5");
        assert!(!bench.state.all_results.rows.is_empty());
        agrees(&mut bench, &Study::of(&paths, &found));
    }
}

#[test]
fn earlier_runs_are_switched_in_and_told_apart_by_agent() {
    let mut bench = table(&night());
    bench.type_in("a");
    assert_eq!(note(&bench), "there is no earlier run of this checkout that was read");
    let mut story = Story::of(3);
    story.done(1, 20.0).done(2, -30.0);
    let mut run = story.run();
    run.agent = "codex".to_owned();
    bench.tell(Msg::EarlierResults(Row::of_earlier(&RunId("earlier".to_owned()), &run).collect()));
    bench.type_in("aO");
    assert_eq!(bench.state.all_results.by, By::Agent);
    let groups: Vec<(String, usize)> = bench.state.all_results.groups().iter().map(|(group, n)| (group.name(), *n)).collect();
    assert_eq!(groups, [("codex claude-sonnet-4-5".to_owned(), 2), ("trae claude-sonnet-4-5".to_owned(), 12)]);
    insta::assert_snapshot!("results_every_run_120x40", bench.text(120, 40));
    bench.type_in("gj");
    assert_eq!(bench.state.all_results.row(&bench.state).unwrap().run.as_deref(), Some("earlier"));
    bench.press(Key::Enter);
    assert_eq!(note(&bench), "vllm_core-0001 is of another run: `isobench-tui attach earlier` opens it");
    bench.type_in("aj");
    assert_eq!(shown(&bench).len(), 12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_filter_loses_the_selection(keys in proptest::collection::vec(prop::sample::select(vec!['o', 'O', ']', '[', 'f', 's', 'i', 'a']), 1..40), at in 0_usize..12) {
        let mut bench = table(&night());
        bench.type_in("g");
        bench.type_in(&"j".repeat(at));
        let before = selected(&bench);
        for key in keys {
            bench.press(Key::Char(key));
            let all = shown(&bench);
            prop_assert!(all.is_empty() || all.contains(&selected(&bench)), "{} is not in {all:?}", selected(&bench));
        }
        while bench.state.all_results.is_filtered() {
            bench.press(Key::Esc);
        }
        prop_assert_eq!((shown(&bench).len(), selected(&bench)), (12, before));
    }
}

#[test]
fn a_thousand_items_are_grouped_sorted_and_filtered() {
    let mut story = Story::of(1000);
    for item in 1..=1000 {
        story.done(item, f64::from(u32::try_from(item % 41).unwrap()) - 20.0);
    }
    let mut bench = Bench::on(&story);
    let begun = std::time::Instant::now();
    bench.type_in("5");
    let opened = begun.elapsed();
    let begun = std::time::Instant::now();
    bench.tell(Msg::Facts);
    let told = begun.elapsed();
    let begun = std::time::Instant::now();
    let text = bench.text(120, 40);
    // three frames
    eprintln!("1000 items: opened in {opened:?}, a fact {told:?}, a frame {:?}", begun.elapsed() / 3);
    assert!(text.contains("1000 of 1000 items have numbers"), "{text}");
    bench.type_in("]");
    let beats = shown(&bench);
    assert!(beats.len() > 300 && beats.iter().all(|item| item % 41 > 25), "{beats:?}");
    bench.type_in("G");
    assert_eq!(Some(&selected(&bench)), beats.last());
    assert!(bench.text(80, 24).contains(&id(*beats.last().unwrap()).0), "the selected row is seen");
}
