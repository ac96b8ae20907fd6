//! Searching, commands by name, and the mouse.
#![expect(clippy::panic, reason = "a test may fail loudly")]

use isobench_tui::ledger::Verb;
use isobench_tui::ui::mouse::{Did, Hit, Mouse};
use isobench_tui::ui::state::{Over, Pointer};
use isobench_tui::ui::{Action, Effect, Key, Msg, Screen};

use super::{note, wish};
use crate::screen::Bench;
use crate::screen_runs::{self as runs, id};

/// Clicks where the last frame has something of a meaning.
fn click(bench: &mut Bench, wanted: &Hit) -> Vec<Effect> {
    let spot = bench.state.spots.iter().rfind(|spot| spot.hit == *wanted).cloned();
    let spot = spot.unwrap_or_else(|| panic!("nothing on the screen means {wanted:?}: {:?}", bench.state.spots));
    bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: spot.x, y: spot.y }))
}

#[test]
fn a_command_is_found_by_its_name_and_done() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in(":pause");
    let text = bench.text(80, 24);
    assert!(text.contains(": pause") && text.contains("pause after the live stage") && !text.contains("skip the item"), "{text}");
    assert_eq!(wish(&bench.press(Key::Enter)), (Verb::Pause, None));
    assert_eq!(bench.state.over, Over::Nothing);
}

#[test]
fn a_command_that_costs_still_asks() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in(":skip");
    assert_eq!(bench.press(Key::Enter), []);
    assert!(bench.text(80, 24).contains("Skip vllm_core-0007?"));
}

#[test]
fn the_palette_offers_only_what_would_do_something() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in(":start a runner");
    assert!(bench.text(80, 24).contains("nothing here is called that"));
    bench.press(Key::Enter);
    assert_eq!(bench.state.over, Over::Nothing);
}

#[test]
fn the_help_is_searched_in_the_palette() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("?/mouse");
    assert!(bench.text(80, 24).contains("leave the mouse to the terminal"));
}

#[test]
fn a_wrong_expression_stays_to_be_mended() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("/");
    assert!(bench.text(80, 24).contains("find: "));
    bench.press(Key::Tab);
    bench.type_in("core-00(");
    bench.press(Key::Enter);
    assert_eq!(note(&bench), "unclosed group");
    assert!(bench.text(80, 24).contains("find regular expression: core-00("));
    bench.press(Key::Esc);
    assert_eq!((&bench.state.over, &bench.state.find), (&Over::Nothing, &None));
}

#[test]
fn without_a_search_there_is_no_next_match() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("n");
    assert_eq!(note(&bench), "nothing is searched for: / searches");
}

#[test]
fn pasted_text_is_typed_and_never_obeyed() {
    let mut bench = Bench::on(&runs::agent_running());
    assert_eq!(bench.tell(Msg::Paste("x\ny".to_owned())), []);
    assert_eq!(bench.state.over, Over::Nothing);
    bench.type_in("/");
    bench.tell(Msg::Paste("two\u{1b}[31m\nlines".to_owned()));
    assert!(bench.text(80, 24).contains("find: two[31mlines"));
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.frame(120, 40);
    click(&mut bench, &Hit::Item(id(3)));
    assert_eq!(bench.state.queue.selected, Some(id(3)));
    bench.frame(120, 40);
    click(&mut bench, &Hit::Item(id(3)));
    assert_eq!(bench.state.screen, Screen::Agent);
    bench.frame(120, 40);
    click(&mut bench, &Hit::Screen(Screen::Log));
    assert_eq!(bench.state.screen, Screen::Log);
}

#[test]
fn the_wheel_moves_and_a_key_of_the_footer_can_be_clicked() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("g");
    bench.tell(Msg::Mouse(Mouse { did: Did::WheelDown, x: 5, y: 8 }));
    assert_eq!(bench.state.queue.selected, Some(id(4)));
    bench.frame(120, 40);
    assert_eq!(wish(&click(&mut bench, &Hit::Act(Action::Pause))), (Verb::Pause, None));
}

#[test]
fn a_question_takes_the_click_and_hides_what_lies_below() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("x");
    bench.frame(80, 24);
    assert_eq!(bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: 3, y: 4 })), []);
    assert!(matches!(bench.state.over, Over::Question(_)));
    assert_eq!(wish(&click(&mut bench, &Hit::Choice(0))), (Verb::Stop, Some(7)));
}

#[test]
fn m_leaves_the_mouse_to_the_terminal_and_takes_it_again() {
    let mut bench = Bench::on(&runs::agent_running());
    assert_eq!(bench.type_in("m"), [Effect::Pointer(Pointer::Terminal)]);
    assert!(note(&bench).contains("text can be selected"));
    assert_eq!(bench.type_in("m"), [Effect::Pointer(Pointer::Ours)]);
}

#[test]
fn what_is_done_is_run_again_only_after_a_question() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("gR");
    assert!(bench.text(80, 24).contains("Run vllm_core-0001 again?"));
    assert_eq!(wish(&bench.type_in("y")), (Verb::Retry, Some(1)));
}

#[test]
fn digits_and_tab_lead_to_every_screen() {
    let mut bench = Bench::on(&runs::agent_running());
    for screen in [Screen::Log, Screen::Results, Screen::Machine, Screen::Benchmark, Screen::Agent, Screen::Queue] {
        bench.press(Key::Char(screen.digit()));
        assert_eq!(bench.state.screen, screen);
    }
    let seen: Vec<Screen> = (0..6)
        .map(|_| {
            bench.press(Key::Tab);
            bench.state.screen
        })
        .collect();
    assert_eq!(seen, [Screen::Agent, Screen::Benchmark, Screen::Machine, Screen::Results, Screen::Log, Screen::Queue]);
    bench.press(Key::BackTab);
    assert_eq!(bench.state.screen, Screen::Log);
}

#[test]
fn a_double_click_in_the_palette_answers_no_question() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in(":skip");
    bench.frame(80, 24);
    let row = bench.state.spots.iter().rfind(|spot| spot.hit == Hit::Choice(0)).cloned();
    let Some(row) = row else { panic!("the palette has no row") };
    let click = Mouse { did: Did::Click, x: row.x, y: row.y };
    assert_eq!(bench.tell(Msg::Mouse(click)), []);
    assert_eq!(bench.tell(Msg::Mouse(click)), []);
    assert!(matches!(bench.state.over, Over::Question(_)));
}

#[test]
fn a_run_of_a_newer_program_offers_nothing_that_changes_it() {
    let mut bench = Bench::with(&runs::finished(), isobench_tui::ui::message::Sight::Gone);
    bench.state.access = isobench_tui::ui::state::Access::ReadOnly(99);
    bench.press(Key::End);
    let text = bench.text(120, 40);
    assert!(text.lines().last().is_some_and(|keys| !keys.contains("retry")), "{text}");
}

#[test]
fn a_click_on_a_letter_of_the_strip_goes_to_its_step() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "accepted.json", 3);
    bench.type_in("2");
    bench.frame(120, 40);
    let spot = bench.state.spots.iter().find(|spot| spot.hit == Hit::Strip(0)).cloned();
    let Some(spot) = spot else { panic!("the strip means nothing: {:?}", bench.state.spots) };
    for at in [2, 0, 4] {
        bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: spot.x + at, y: spot.y }));
        assert_eq!(bench.state.reading.cursor, usize::from(at));
    }
}
