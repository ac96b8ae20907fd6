//! What the screen tells by itself: who works, what is frozen, what a choice costs, what is over.

use isobench_tui::domain::{Answer, CheckDetail, FailureClass, Rung, RungAnswer, Stage, StageDetail};
use isobench_tui::ledger::Fact;
use isobench_tui::ui::message::Sight;
use isobench_tui::ui::state::Over;
use isobench_tui::ui::{Effect, Key, Msg};

use super::note;
use crate::screen::Bench;
use crate::screen_runs::{self as runs, Story, id};

#[test]
fn without_a_runner_nothing_is_asked_that_nobody_can_do() {
    let mut bench = Bench::with(&runs::interrupted(), Sight::Gone);
    for key in ["P", "x", "s", "H", " ", "J", "K"] {
        bench.state.note = None;
        assert_eq!(bench.type_in(key), [], "{key}");
        assert_eq!((note(&bench).as_str(), &bench.state.over), ("no runner; c continues the run", &Over::Nothing), "{key}");
    }
    let text = bench.text(120, 40);
    let keys = text.lines().last().unwrap_or_default();
    assert!(keys.starts_with(" c continue   Enter open") && keys.ends_with("? help   q quit"), "{text}");
    let narrow = bench.text(40, 12);
    assert!(narrow.contains("c continue") && narrow.ends_with("? help   q quit"), "{narrow}");
}

#[test]
fn what_iso_bench_says_stands_beside_the_stage_that_it_runs() {
    let mut story = runs::agent_running();
    let says = "agent asked; its log: agent started".to_owned();
    story.push(Fact::HarnessSaid { item: id(7), n: 2, stage: Stage::Agent, says });
    let mut bench = Bench::on(&story);
    assert!(bench.text(120, 40).contains("ISO-Bench: agent asked; its log: agent started"), "{}", bench.text(120, 40));
    bench.press(Key::Enter);
    assert!(bench.text(80, 24).contains("ISO-Bench: agent asked"), "{}", bench.text(80, 24));
    story.end(7, 2, Stage::Agent, isobench_tui::domain::StageEnd::Done, StageDetail::Nothing).start(7, 2, Stage::Check);
    story.end(7, 2, Stage::Check, isobench_tui::domain::StageEnd::Done, StageDetail::Nothing);
    assert!(!Bench::on(&story).text(120, 40).contains("ISO-Bench:"), "nothing of it runs");
}

#[test]
fn an_agent_that_outlives_its_runner_is_seen_at_work() {
    let mut story = runs::agent_running();
    story.push(Fact::PauseOrdered { why: "lunch".to_owned(), by: runs::ann() });
    let mut bench = Bench::with(&story, Sight::Gone);
    bench.trail(7, 2, "running.json", 3);
    assert!(bench.text(80, 24).contains("agent was running when the runner went away; c continues"));
    bench.tell(Msg::Keeper(Sight::Alive(9000)));
    bench.now += jiff::SignedDuration::from_secs(60);
    bench.tell(Msg::Tick);
    assert!(bench.state.ticks());
    let text = bench.text(80, 24);
    assert!(text.contains("the agent works on without a runner; c takes it over"), "{text}");
    assert!(text.contains("generating 1:03") && text.contains("6m15s of 1h00m"), "{text}");
    assert!(!text.contains("lunch") && !text.contains("space"), "{text}");
    bench.tell(Msg::Keeper(Sight::Gone));
    assert!(bench.text(80, 24).contains("c continues"));
}

#[test]
fn a_frozen_stage_is_told_whatever_is_selected() {
    let mut story = runs::agent_running();
    story.push(Fact::StageFrozen { item: id(7), n: 2, stage: Stage::Agent, by: runs::ann() }).wait(12);
    let mut bench = Bench::on(&story);
    bench.type_in("G");
    let text = bench.text(80, 24);
    assert!(text.contains("frozen: vllm_core-0007 · agent, by ann@box (pts/3) for 12 s; P thaws"), "{text}");
    bench.type_in("f");
    assert!(bench.text(80, 24).lines().any(|line| line.contains("▸ vllm_core-0007") && line.contains("frozen")));
}

#[test]
fn the_help_scrolls_to_its_end_and_stays_open() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("?");
    let text = bench.text(80, 24);
    assert!(text.contains(" 1-19 of ") && text.contains("PgDn more"), "{text}");
    bench.type_in("G");
    let end = bench.text(80, 24);
    assert!(end.contains("(machine)") && matches!(bench.state.over, Over::Help(_)), "{end}");
    for key in [Key::Down, Key::PageDown, Key::End] {
        bench.press(key);
        assert_eq!(bench.text(80, 24), end);
    }
    bench.press(Key::Up);
    assert_ne!(bench.text(80, 24), end);
    bench.press(Key::Esc);
    assert_eq!(bench.state.over, Over::Nothing);
    bench.type_in("?");
    assert!(!bench.text(120, 80).contains("PgDn more"));
}

#[test]
fn a_failed_item_shows_the_first_failed_stage_that_wrote_something() {
    let mut bench = Bench::with(&runs::finished(), Sight::Gone);
    bench.press(Key::End);
    let focus = bench.state.focus.clone().unwrap();
    let stage = |bench: &Bench| bench.state.focus.clone().unwrap().output.unwrap().1;
    let of = |stage| focus.stages.iter().find(|(_, of)| *of == stage).cloned().unwrap();
    assert_eq!(stage(&bench), Stage::Candidate);
    bench.tell(Msg::Wrote(vec![of(Stage::Worktree), of(Stage::Agent)]));
    assert_eq!(stage(&bench), Stage::Agent);
    bench.tell(Msg::Wrote(vec![of(Stage::Agent), of(Stage::Candidate)]));
    assert_eq!(stage(&bench), Stage::Candidate);
}

#[test]
fn a_remark_is_gone_after_a_while_and_old_notes_are_not_told() {
    let mut bench = Bench::on(&runs::agent_running());
    assert!(!bench.text(80, 24).contains("queued again from worktree"));
    bench.type_in("G");
    bench.type_in("R");
    assert!(bench.text(80, 24).contains("it will run anyway"));
    bench.now += jiff::SignedDuration::from_secs(7);
    assert!(!bench.text(80, 24).contains("it will run anyway"));
    bench.tell(Msg::Tick);
    assert_eq!(note(&bench), "");
    let mut story = runs::agent_running();
    story.wait(7).push(Fact::HoldSet { on: true, by: runs::ann() }).push(Fact::ItemSkipped { item: id(9), by: runs::ann() });
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    assert!(bench.text(80, 24).contains("vllm_core-0009 skipped by ann@box"));
}

#[test]
fn the_smaller_step_limit_counts() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "running.json", 3);
    for (ours, shown) in [(20, "2/20"), (200, "2/50")] {
        bench.state.limits.steps = Some(ours);
        assert!(bench.text(80, 24).contains(shown), "{shown}");
    }
}

#[test]
fn quitting_says_what_it_costs() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("q");
    let text = bench.text(100, 30);
    assert!(text.contains("waits for 'agent' to end") && text.contains("agent, 14 steps, 5m15s in: begins again"), "{text}");
    let mut bench = Bench::on(&runs::paused());
    bench.type_in("q");
    assert!(bench.text(80, 24).contains("baseline, 41 s in: the benchmark is run again"));
}

#[test]
fn an_unfolded_step_shows_its_whole_thought() {
    let thought = "The scheduler walks the whole queue for every request, so its time grows with the square of the requests: END";
    for cols in [44, 80, 120] {
        let mut bench = Bench::on(&runs::agent_running());
        bench.trail(7, 2, "running.json", 3);
        bench.state.trails.first_mut().unwrap().steps[1].thought = vec![String::new(), thought.to_owned(), "second".to_owned()];
        bench.press(Key::Enter);
        bench.frame(cols, 40);
        bench.press(Key::Enter);
        let text = bench.text(cols, 40);
        let words: Vec<&str> = text.split_whitespace().collect();
        let wanted: Vec<&str> = thought.split(' ').chain(["second"]).collect();
        assert!(words.windows(wanted.len()).any(|window| window == wanted), "{cols}\n{text}");
    }
}

#[test]
fn steps_that_say_the_same_are_told_once() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "running.json", 3);
    let trail = bench.state.trails.first_mut().unwrap();
    let mut silent = trail.steps[1].clone();
    silent.calls.clear();
    trail.steps.extend((3..=75).map(|index| isobench_tui::ui::step::Shown { index, ..silent.clone() }));
    let text = bench.text(120, 40);
    assert!(text.contains("same as step 3, until step 75"), "{text}");
    bench.press(Key::Enter);
    assert!(!bench.text(120, 40).contains("same as"));
}

#[test]
fn a_failed_probe_is_told() {
    let mut story = runs::breaker();
    story.failed(5, 1, Stage::Agent, FailureClass::ApiAuth, "401 from the API");
    let probe_at = runs::moment(runs::base(), story.now() + 900);
    assert!(Bench::on(&story).text(200, 60).contains("tried vllm_core-0005, failed again; next at"));
    story.push(Fact::BreakerRearmed { probe_at });
    assert!(Bench::on(&story).text(200, 60).contains("tried vllm_core-0005, failed again; next at"));
}

#[test]
fn a_patch_beside_the_human_s_files_is_told_at_once() {
    let evidence = "2 source files, 0 of the 1 the human changed".to_owned();
    let rungs = vec![RungAnswer { rung: Rung::Source, answer: Answer::Yes, evidence }];
    let check = StageDetail::Check(CheckDetail { rungs, files: 2, added: 3, ..CheckDetail::default() });
    let mut story = Story::of(2);
    story.attempt(1, 1, Stage::Worktree).stage(1, 1, Stage::Agent, 9, StageDetail::Nothing).stage(1, 1, Stage::Check, 1, check);
    story.start(1, 1, Stage::Human).wait(12);
    let text = Bench::on(&story).text(80, 24);
    assert!(text.contains("source: 2 source files, 0 of the 1 the human changed"), "{text}");
    assert!(text.contains("benchmarking the human's commit · 0:12") && !text.contains("steps"), "{text}");
}

#[test]
fn between_two_stages_a_pause_says_what_comes_next() {
    let mut story = Story::of(2);
    story.attempt(1, 1, Stage::Worktree).stage(1, 1, Stage::Worktree, 2, StageDetail::Nothing);
    story.stage(1, 1, Stage::Agent, 9, StageDetail::Nothing);
    assert!(Bench::on(&story).text(80, 24).contains("between two stages"));
    story.push(Fact::PauseOrdered { why: "lunch".to_owned(), by: runs::ann() });
    assert!(Bench::on(&story).text(80, 24).contains("next: check, when resumed"));
}

#[test]
fn a_limit_that_paused_the_run_is_lifted_by_space() {
    let mut story = runs::queued();
    story.push(Fact::PauseOrdered { why: "limits.run_tokens".to_owned(), by: isobench_tui::ledger::By::rule("limit") });
    assert!(Bench::on(&story).text(120, 40).contains("limits.run_tokens; space goes on without this limit"));
}

#[test]
fn the_footer_names_the_key_that_the_state_calls_for_first() {
    let keys = |bench: &mut Bench, cols| bench.text(cols, 12).lines().last().unwrap_or_default().trim().to_owned();
    let mut paused = Bench::on(&runs::paused());
    assert!(keys(&mut paused, 40).starts_with("space resume "), "{}", keys(&mut paused, 40));
    let mut running = Bench::on(&runs::agent_running());
    assert!(keys(&mut running, 80).starts_with("Enter open   e next error (2)   / find   d detach"), "{}", keys(&mut running, 80));
    assert!(!keys(&mut running, 200).contains("f follow"), "it is followed");
    running.press(Key::Up);
    assert!(keys(&mut running, 80).contains("/ find   f follow"), "{}", keys(&mut running, 80));
    running.type_in("q");
    let text = running.text(80, 24);
    assert!(!text.contains("Esc back") && !text.contains("? help"), "a question names its own keys: {text}");
}

#[test]
fn the_palette_has_the_words_of_the_footer_and_says_where_there_is_more() {
    let mut bench = Bench::on(&runs::paused());
    bench.type_in(":");
    let text = bench.text(80, 24);
    assert!(text.contains("1-14 of "), "{text}");
    bench.type_in("resu");
    let row = bench.text(80, 24).lines().find(|line| line.contains("▸ resume")).unwrap_or_default().to_owned();
    assert!(row.contains("the queue goes on") && row.trim_end_matches([' ', '│']).ends_with("space"), "{row}");
}

#[test]
fn a_runner_that_does_not_come_is_told_with_a_way_on() {
    let mut bench = Bench::with(&runs::finished(), Sight::Gone);
    bench.type_in("e");
    bench.type_in("r");
    bench.now += jiff::SignedDuration::from_secs(6);
    bench.tell(Msg::Tick);
    assert!(bench.text(120, 40).contains("there is no runner: c starts one"), "{}", bench.text(120, 40));
    bench.tell(Msg::Unstarted("isobench-tui: can't write runner.lock: denied".to_owned()));
    let text = bench.text(120, 40);
    assert!(text.contains("no runner could be started: can't write runner.lock: denied; mend that, then c tries again"), "{text}");
    assert_eq!(bench.type_in("c"), [Effect::StartRunner]);
    bench.tell(Msg::Runner(Sight::Alive(7)));
    assert!(!bench.text(120, 40).contains("could be started"));
}

#[test]
fn between_two_stages_there_is_one_way_to_stop_the_run() {
    let mut story = runs::paused();
    story.end(2, 1, Stage::Baseline, isobench_tui::domain::StageEnd::Done, StageDetail::Nothing);
    let mut bench = Bench::on(&story);
    bench.type_in("q");
    let text = bench.text(80, 24);
    assert!(text.contains("stop the run") && !text.contains("after this stage") && !text.contains("now"), "{text}");
}
