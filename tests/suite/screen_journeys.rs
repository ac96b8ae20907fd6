//! Keys in, wishes and sentences out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use isobench_tui::domain::{FailureClass, Stage, StageDetail, StageEnd};
use isobench_tui::ledger::fact::Answer;
use isobench_tui::ledger::{Fact, Request, Verb};
use isobench_tui::ui::message::Sight;
use isobench_tui::ui::mouse::Hit;
use isobench_tui::ui::reading::Fold;
use isobench_tui::ui::state::{Follow, Over};
use isobench_tui::ui::{Effect, Key, Left, Msg, Screen};

use crate::screen::Bench;
use crate::screen_runs::{self as runs, id};

mod found;
mod told;

/// The verb and the item of the one request among the effects.
fn wish(effects: &[Effect]) -> (Verb, Option<usize>) {
    let requests: Vec<&Request> =
        effects.iter().filter_map(|effect| if let Effect::Send(request) = effect { Some(request) } else { None }).collect();
    assert_eq!(requests.len(), 1, "{effects:?}");
    let item = requests[0].ask.item.as_ref().map(|item| item.0.trim_start_matches("vllm_core-").parse().unwrap());
    (requests[0].ask.verb, item)
}

fn left(effects: &[Effect]) -> Option<Left> {
    effects.iter().find_map(|effect| if let Effect::Leave(left) = effect { Some(left.clone()) } else { None })
}

fn note(bench: &Bench) -> String {
    bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default()
}

#[test]
fn space_pauses_and_resumes() {
    assert_eq!(wish(&Bench::on(&runs::agent_running()).type_in(" ")), (Verb::Pause, None));
    assert_eq!(wish(&Bench::on(&runs::paused()).type_in(" ")), (Verb::Resume, None));
    assert_eq!(wish(&Bench::on(&runs::breaker()).type_in(" ")), (Verb::Resume, None));
}

#[test]
fn an_answer_takes_the_place_of_asked() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in(" ");
    assert!(bench.text(80, 24).contains("asked: pause…"));
    let mut story = runs::agent_running();
    let id = bench.state.asked[0].id.clone();
    story.push(Fact::RequestAnswered { id, verb: "pause".to_owned(), answer: Answer::Done { says: "pauses after agent".to_owned() } });
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    assert!(bench.state.asked.is_empty());
    assert!(bench.text(80, 24).contains("pauses after agent"));
}

#[test]
fn a_refusal_says_what_was_refused() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("H");
    let mut story = runs::agent_running();
    let id = bench.state.asked[0].id.clone();
    story.push(Fact::RequestAnswered { id, verb: "hold".to_owned(), answer: Answer::Refused { says: "no".to_owned() } });
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    assert_eq!(note(&bench), "hold refused: no");
}

#[test]
fn what_costs_is_asked_first() {
    let mut bench = Bench::on(&runs::agent_running());
    for (key, verb, item) in [("s", Verb::Skip, Some(7)), ("x", Verb::Stop, Some(7)), ("P", Verb::Freeze, Some(7))] {
        assert_eq!(bench.type_in(key), []);
        assert!(matches!(bench.state.over, Over::Question(_)), "{key}");
        assert_eq!(bench.type_in("n"), []);
        bench.type_in(key);
        assert_eq!(wish(&bench.type_in("y")), (verb, item));
        assert_eq!(bench.state.over, Over::Nothing);
    }
}

#[test]
fn a_freeze_says_what_it_costs() {
    assert!({
        let mut bench = Bench::on(&runs::paused());
        bench.type_in("P");
        bench.text(80, 24).contains("This is a benchmark: a freeze while it")
    });
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("P");
    assert!(bench.text(80, 24).contains("API call"));
}

#[test]
fn a_frozen_stage_is_thawed_without_a_question() {
    let mut story = runs::agent_running();
    story.push(Fact::StageFrozen { item: id(7), n: 2, stage: Stage::Agent, by: runs::ann() }).wait(30);
    let mut bench = Bench::on(&story);
    assert!(bench.text(80, 24).contains("frozen for 30 s by ann@box"));
    assert_eq!(wish(&bench.type_in("P")), (Verb::Thaw, None));
}

#[test]
fn retries_and_moves_are_about_the_selected_item() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("gjj");
    assert_eq!(wish(&bench.type_in("r")), (Verb::RetryStage, Some(3)));
    assert_eq!(wish(&bench.type_in("R")), (Verb::Retry, Some(3)));
    bench.type_in("G");
    assert_eq!(wish(&bench.type_in("K")), (Verb::MoveUp, Some(24)));
    assert_eq!(wish(&bench.type_in("J")), (Verb::MoveDown, Some(24)));
    assert_eq!(bench.type_in("R"), []);
    assert_eq!(note(&bench), "vllm_core-0024 is queued: it will run anyway");
    // nothing of it failed: a stage is asked for, and not an agent
    bench.type_in("g");
    assert_eq!(bench.type_in("r"), []);
    assert_eq!(note(&bench), "vllm_core-0001 is done and no stage of it failed; R runs it again from its first stage");
}

#[test]
fn quitting_asks_what_becomes_of_the_run() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("q");
    assert_eq!(left(&bench.press(Key::Enter)), Some(Left::Detached));
    let mut bench = Bench::on(&runs::agent_running());
    bench.press(Key::Ctrl('c'));
    assert_eq!(wish(&bench.type_in("s")), (Verb::Quit, None));
    assert!(bench.text(120, 40).contains("the run ends with 'agent', then this screen closes"));
    assert_eq!(left(&bench.tell(Msg::Runner(Sight::Gone))), Some(Left::Stopped));
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("q");
    assert_eq!(wish(&bench.type_in("x")), (Verb::QuitNow, None));
}

#[test]
fn a_run_that_is_over_is_just_left() {
    assert_eq!(left(&Bench::with(&runs::finished(), Sight::Gone).type_in("q")), Some(Left::Quit));
    assert_eq!(left(&Bench::on(&runs::finished()).type_in("q")), Some(Left::Quit));
    assert_eq!(left(&Bench::with(&runs::interrupted(), Sight::Gone).type_in("q")), Some(Left::Quit));
    assert_eq!(left(&Bench::on(&runs::agent_running()).type_in("d")), Some(Left::Detached));
}

#[test]
fn without_a_runner_only_what_starts_one_is_sent() {
    let mut bench = Bench::with(&runs::interrupted(), Sight::Gone);
    assert_eq!(bench.type_in("c"), [Effect::StartRunner]);
    bench.type_in("g");
    let effects = bench.type_in("Ry");
    assert_eq!(wish(&effects), (Verb::Retry, Some(1)));
    assert!(effects.contains(&Effect::StartRunner));
}

#[test]
fn the_selection_follows_what_runs_until_it_is_moved() {
    let mut bench = Bench::on(&runs::agent_running());
    assert_eq!(bench.state.queue.selected, Some(id(7)));
    bench.type_in("k");
    assert_eq!((bench.state.queue.selected.clone(), bench.state.queue.follow), (Some(id(6)), Follow::Hand));
    bench.tell(Msg::Facts);
    assert_eq!(bench.state.queue.selected, Some(id(6)));
    bench.type_in("f");
    assert_eq!(bench.state.queue.selected, Some(id(7)));
}

#[test]
fn the_selection_stays_with_its_item_when_the_queue_changes() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("G");
    let mut story = runs::agent_running();
    story.push(Fact::ItemMoved { item: id(24), to: 10, by: runs::ann() });
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    assert_eq!((bench.state.queue.selected.clone(), bench.state.selected_row()), (Some(id(24)), Some(10)));
    story.push(Fact::ItemRemoved { item: id(24), by: runs::ann() });
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    assert_eq!(bench.state.queue.selected, Some(id(7)));
}

#[test]
fn the_selected_row_is_always_seen() {
    let mut bench = Bench::on(&runs::many(300));
    bench.frame(120, 40);
    for key in [Key::End, Key::PageUp, Key::Up, Key::Home, Key::PageDown, Key::Down, Key::End] {
        bench.press(key);
        let selected = bench.state.queue.selected.clone().unwrap();
        let text = bench.text(120, 40);
        assert!(text.lines().skip(4).any(|line| line.contains(&format!(" {selected} "))), "{key:?}\n{text}");
    }
}

#[test]
fn an_item_opens_unfolds_and_closes() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "running.json", 3);
    bench.press(Key::Enter);
    bench.frame(120, 40);
    bench.press(Key::Enter);
    let reading = &bench.state.reading;
    assert_eq!((bench.state.screen, reading.fold(reading.cursor)), (Screen::Agent, Fold::Unfolded));
    bench.press(Key::Tab);
    assert_eq!(bench.state.screen, Screen::Benchmark);
    bench.press(Key::Esc);
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn a_call_without_an_answer_runs_no_more_once_its_agent_was_stopped() {
    let mut story = runs::agent_running();
    let mut bench = Bench::on(&story);
    bench.trail(7, 2, "tool_running.json", 3);
    bench.press(Key::Char('2'));
    assert!(bench.text(120, 40).contains("◐"), "{}", bench.text(120, 40));
    let end = StageEnd::Failed { class: FailureClass::AgentStuck, why: "stuck".to_owned() };
    story.end(7, 2, Stage::Agent, end, StageDetail::Nothing);
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    assert!(!bench.text(120, 40).contains("◐"), "{}", bench.text(120, 40));
    // nor where its steps are read only then
    bench.state.trails.clear();
    bench.trail(7, 2, "tool_running.json", 3);
    let text = bench.text(120, 40);
    assert!(text.contains("steps") && !text.contains("◐"), "{text}");
}

#[test]
fn a_new_attempt_is_looked_at_by_itself() {
    let mut bench = Bench::on(&runs::queued());
    let mut story = runs::queued();
    story.attempt(1, 1, Stage::Worktree).start(1, 1, Stage::Worktree);
    bench.state.run = story.run();
    let effects = bench.tell(Msg::Facts);
    let look = effects.iter().find_map(|effect| if let Effect::Look(look) = effect { Some(look) } else { None });
    let look = look.unwrap_or_else(|| panic!("{effects:?}"));
    assert_eq!(
        look.focus.as_ref().unwrap().output.as_ref().map(|(attempt, stage)| (attempt.to_string(), *stage)),
        Some(("vllm_core-0001.1".to_owned(), Stage::Worktree))
    );
}

#[test]
fn steps_scroll_and_stay_in_sight() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "accepted.json", 3);
    bench.frame(80, 18);
    bench.press(Key::Enter);
    bench.frame(80, 18);
    for key in [
        Key::Home,
        Key::Enter,
        Key::Down,
        Key::Down,
        Key::Down,
        Key::Up,
        Key::PageDown,
        Key::PageUp,
        Key::End,
        Key::Enter,
        Key::Up,
        Key::Down,
    ] {
        bench.press(key);
        let text = bench.text(80, 18);
        let cursor = Hit::Step(bench.state.reading.cursor);
        assert!(bench.state.spots.iter().any(|spot| spot.hit == cursor && spot.height > 0), "{key:?}\n{text}");
    }
}

#[test]
fn a_screen_that_nothing_moves_on_does_not_tick() {
    assert!(Bench::on(&runs::agent_running()).state.ticks());
    assert!(!Bench::with(&runs::finished(), Sight::Gone).state.ticks());
    assert!(!Bench::with(&runs::interrupted(), Sight::Gone).state.ticks());
}
