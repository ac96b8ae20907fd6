//! Frames as text: three sizes, every state of a run; roles where colour tells something.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::message::Sight;
use isobench_tui::ui::{Key, Screen};

use crate::log_desk::{Desk, numbered};
use crate::screen::Bench;
use crate::screen_runs as runs;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn agent() -> Bench {
    let mut bench = Bench::on(&runs::agent_running());
    bench.trail(7, 2, "running.json", 41);
    bench.output(&[
        "INFO llm_engine.py:161] Initializing an LLM engine (v0.6.3)",
        "Profiling iterations:  40%|####      | 12/30 [00:50<01:14]",
    ]);
    bench
}

fn keep(name: &str, bench: &mut Bench) {
    for (cols, rows) in SIZES {
        insta::assert_snapshot!(format!("{name}_{cols}x{rows}"), bench.text(cols, rows));
    }
}

#[test]
fn an_agent_at_work() {
    keep("agent", &mut agent());
    insta::assert_snapshot!("agent_80x24_roles", agent().roles(80, 24));
}

#[test]
fn a_queue_that_has_not_begun() {
    keep("queued", &mut Bench::on(&runs::queued()));
}

#[test]
fn a_run_that_pauses_after_a_benchmark() {
    keep("pausing", &mut Bench::on(&runs::paused()));
}

#[test]
fn a_finished_run() {
    keep("finished", &mut Bench::with(&runs::finished(), Sight::Gone));
    let mut bench = Bench::with(&runs::finished(), Sight::Gone);
    bench.press(Key::End);
    insta::assert_snapshot!("finished_failed_item_80x24", bench.text(80, 24));
}

#[test]
fn a_run_without_its_runner() {
    keep("interrupted", &mut Bench::with(&runs::interrupted(), Sight::Gone));
}

#[test]
fn a_queue_that_waits_for_the_breaker() {
    keep("breaker", &mut Bench::on(&runs::breaker()));
}

#[test]
fn an_opened_item_with_an_unfolded_step() {
    let mut bench = agent();
    bench.frame(120, 40);
    bench.press(Key::Enter);
    keep("item", &mut bench);
    bench.press(Key::Enter);
    insta::assert_snapshot!("item_unfolded_120x40", bench.text(120, 40));
}

#[test]
fn the_result_of_an_item() {
    let mut bench = Bench::with(&runs::finished(), Sight::Gone);
    bench.press(Key::Enter);
    bench.type_in("3");
    insta::assert_snapshot!("item_result_80x24", bench.text(80, 24));
}

/// The log of an agent, with all that a log may hold.
fn log() -> Desk {
    let mut desk = Desk::on(&runs::agent_running());
    let mut text = numbered(300);
    text.push_str("\u{1b}[32mINFO\u{1b}[0m llm_engine.py:161] Initializing an LLM engine (v0.6.3)\n");
    text.push_str("\u{1b}[1;31mERROR\u{1b}[0m worker.py:22] CUDA out of memory\n");
    text.push_str("Profiling:  40%|####      | 12/30 [00:50<01:14]\rProfiling:  43%|####      | 13/30 [00:53<01:10]\n");
    text.push_str(&"a line that is longer than the screen is wide, ".repeat(6));
    std::fs::write(desk.agent(), text).unwrap();
    std::fs::write(desk.agent().with_file_name("err"), "warning: slow\n").unwrap();
    std::fs::write(desk.run_log(), "the runner began\n").unwrap();
    desk.type_in("6");
    if desk.text().contains("warning: slow") {
        desk.type_in("[");
    }
    desk
}

#[test]
fn a_log_at_its_end_and_in_its_middle() {
    let mut desk = log();
    for (cols, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        desk.size = (cols, rows);
        insta::assert_snapshot!(format!("log_{cols}x{rows}"), desk.text());
    }
    desk.size = (80, 24);
    desk.type_in("/memory");
    desk.press(Key::Enter);
    desk.wait_search();
    desk.bench.state.note = None;
    insta::assert_snapshot!("log_found_80x24_roles", desk.bench.roles(80, 24));
    desk.press(Key::Home);
    insta::assert_snapshot!("log_begin_80x24", desk.text());
}

#[test]
fn questions_and_help() {
    let mut bench = agent();
    bench.press(Key::Char('q'));
    insta::assert_snapshot!("quit_80x24", bench.text(80, 24));
    bench.press(Key::Esc);
    bench.press(Key::Char('P'));
    insta::assert_snapshot!("freeze_80x24", bench.text(80, 24));
    bench.press(Key::Esc);
    bench.press(Key::Char('?'));
    insta::assert_snapshot!("help_120x40", bench.text(120, 40));
    for screen in Screen::ALL {
        bench.press(Key::Esc);
        bench.press(Key::Char(screen.digit()));
        bench.press(Key::Char('?'));
        insta::assert_snapshot!(format!("help_{}_80x24", screen.name()), bench.text(80, 24));
    }
}

#[test]
fn a_terminal_without_unicode_gets_none() {
    let mut bench = agent();
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    let text = bench.text(80, 24);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("agent_80x24_ascii", text);
}

#[test]
fn secrets_and_escapes_of_facts_do_not_reach_the_screen() {
    let mut story = runs::queued();
    let why = "the key sk-very-secret \u{1b}[31mfailed\u{1b}]0;title\u{7}".to_owned();
    story.push(isobench_tui::ledger::Fact::PauseOrdered { why, by: runs::ann() });
    let text = Bench::on(&story).text(120, 40);
    assert!(text.contains("the key ••• failed"), "{text}");
    assert!(!text.contains("secret") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn every_size_can_be_drawn() {
    let mut screens = vec![agent(), Bench::on(&runs::paused()), Bench::with(&runs::finished(), Sight::Gone), Bench::on(&runs::breaker())];
    let keys = [None, Some(Key::Enter), Some(Key::Tab), Some(Key::Tab), Some(Key::Char('q')), Some(Key::Esc), Some(Key::Char('?'))];
    for bench in &mut screens {
        for key in keys {
            if let Some(key) = key {
                bench.press(key);
            }
            for cols in 0..=40 {
                for rows in 0..=12 {
                    bench.frame(cols, rows);
                }
            }
            for (cols, rows) in [(41, 11), (60, 16), (79, 23), (99, 20), (100, 10), (101, 13), (300, 100), (65535 / 300, 300)] {
                bench.frame(cols, rows);
            }
        }
    }
}

#[test]
fn two_thousand_items_cost_as_much_as_twenty() {
    let mut bench = Bench::on(&runs::many(2000));
    bench.frame(200, 60);
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        bench.press(Key::PageDown);
        bench.frame(200, 60);
    }
    // 60 frames of an unoptimised build beside other tests
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
