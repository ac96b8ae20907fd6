//! Trajectories of which the screen holds a window: keys do what they would do if it held all.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::io::{BufWriter, Write};

use isobench_tui::domain::{AgentTotals, AttemptId};
use isobench_tui::ui::message::{TrailNews, Turn};
use isobench_tui::ui::pages::{At, Extent, Pages, Wish};
use isobench_tui::ui::reading::Stick;
use isobench_tui::ui::step::{How, Shown};
use isobench_tui::ui::{Effect, Key, Msg};
use proptest::prelude::*;

use crate::pty::Pty;
use crate::screen::Bench;
use crate::screen_queue::{news, step};
use crate::screen_runs as runs;
use crate::screen_runs::id;

/// Steps of a window, and those before the one that is wished for.
const MOST: usize = 400;
const BEFORE: usize = 200;

fn shown(at: usize) -> Shown {
    let how = if at % 10 == 9 { How::Badly } else { How::Well };
    step(u32::try_from(at + 1).unwrap(), &format!("thought number {}", at + 1), how)
}

fn attempt() -> AttemptId {
    AttemptId { item: id(7), n: 2 }
}

/// A window as the pager tells it.
fn window(bench: &mut Bench, steps: Vec<Shown>, pages: Pages) -> Vec<Effect> {
    let last_at = Some(bench.now - jiff::SignedDuration::from_secs(7));
    let news = TrailNews {
        attempt: attempt(),
        from: 0,
        steps,
        turn: Turn::Model,
        max_steps: Some(200),
        last_at,
        totals: AgentTotals::default(),
        pages: Some(pages),
    };
    bench.tell(Msg::Trail(news))
}

fn range(bench: &mut Bench, range: std::ops::Range<usize>, all: usize, serial: u64) -> Vec<Effect> {
    let pages = Pages { before: Some(range.start), all: Extent::Steps(all), is_end: range.end == all, serial };
    window(bench, range.map(shown).collect(), pages)
}

fn wishes(effects: &[Effect]) -> Vec<Wish> {
    effects.iter().filter_map(|effect| if let Effect::Page(wish) = effect { Some(wish.clone()) } else { None }).collect()
}

/// Answers wishes as the pager does, until none is left.
fn answer(bench: &mut Bench, mut effects: Vec<Effect>, all: usize) {
    for _ in 0..5 {
        let Some(wish) = wishes(&effects).pop() else { return };
        assert_eq!(wish.attempt, attempt());
        let start = match wish.at {
            At::Begin => 0,
            At::End => all.saturating_sub(MOST),
            At::Around(step) | At::Step(step) => step.min(all - 1).saturating_sub(BEFORE),
        };
        effects = range(bench, start..(start + MOST).min(all), all, wish.serial);
    }
    panic!("wishes without an end: {:?}", wishes(&effects));
}

/// The number of the step under the cursor.
fn here(bench: &Bench) -> u32 {
    bench.state.shown_trail().unwrap().steps[bench.state.reading.cursor].index
}

/// The rows of the steps, as they are seen.
fn list(bench: &mut Bench) -> Vec<String> {
    bench.text(100, 30).lines().filter(|line| line.contains("thought number") || line.contains("make step-")).map(str::to_owned).collect()
}

fn opened(all: usize) -> Bench {
    let mut bench = Bench::on(&runs::agent_running());
    let effects = range(&mut bench, 0..MOST.min(all), all, 0);
    answer(&mut bench, effects, all);
    bench.type_in("2");
    bench.frame(100, 30);
    bench
}

fn whole(all: usize) -> Bench {
    let mut bench = Bench::on(&runs::agent_running());
    news(&mut bench, 7, 2, 0, (0..all).map(shown).collect());
    bench.type_in("2");
    bench.frame(100, 30);
    bench
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn keys_do_what_they_would_do_over_all_steps(
        keys in proptest::collection::vec(prop_oneof![3 => Just('j'), 3 => Just('k'), 4 => Just('>'), 4 => Just('<'), 1 => Just('g'), 1 => Just('G')], 0..60),
        often in 1_usize..70,
    ) {
        let all = 2000;
        let (mut paged, mut held) = (opened(all), whole(all));
        for key in ['g'].into_iter().chain(keys) {
            let (key, times) = match key {
                '>' => (Key::PageDown, 3),
                '<' => (Key::PageUp, 3),
                'j' | 'k' => (Key::Char(key), often),
                other => (Key::Char(other), 1),
            };
            for _ in 0..times {
                let effects = paged.press(key);
                answer(&mut paged, effects, all);
                held.press(key);
                prop_assert_eq!(here(&paged), here(&held), "{:?}", key);
            }
            prop_assert_eq!(list(&mut paged), list(&mut held), "{:?}", key);
        }
    }
}

#[test]
fn a_window_says_where_it_lies() {
    let all = 100_000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    let page = bench.text(100, 30);
    assert!(page.contains("1 of 100000"), "{page}");
    let effects = bench.type_in("G");
    assert_eq!(wishes(&effects).iter().map(|wish| wish.at).collect::<Vec<_>>(), [At::End]);
    answer(&mut bench, effects, all);
    let page = bench.text(100, 30);
    assert!(page.contains("100000 of 100000") && page.contains("thought number 100000"), "{page}");
    assert!(bench.state.shown_trail().unwrap().steps.len() <= MOST, "only a window is held");
}

#[test]
fn steps_near_the_end_have_no_numbers_until_they_are_counted() {
    let mut bench = Bench::on(&runs::agent_running());
    let counting = Pages { before: Some(0), all: Extent::Counting(0), is_end: false, serial: 0 };
    let effects = window(&mut bench, (0..50).map(shown).collect(), counting);
    // the screen sticks to the newest step
    let wish = wishes(&effects).pop().unwrap();
    assert_eq!(wish.at, At::End);
    let last = (950..1000).map(|at| Shown { index: 0, ..shown(at) });
    let effects = window(&mut bench, last.collect(), Pages { before: None, all: Extent::Counting(3), is_end: true, serial: wish.serial });
    assert_eq!(wishes(&effects), []);
    bench.type_in("2");
    bench.tell(Msg::Counted(attempt(), 37));
    bench.frame(100, 30);
    bench.type_in("kkkk");
    let before = list(&mut bench);
    let page = bench.text(100, 30);
    assert!(page.contains("near the end · 37 % counted") && page.contains("thought number 996"), "{page}");
    // once they are, the reader is where he was
    range(&mut bench, 600..1000, 1000, wish.serial);
    assert_eq!(here(&bench), 996);
    let unnumbered = |line: &String| line.chars().skip(8).collect::<String>();
    let now: Vec<String> = list(&mut bench).iter().map(unnumbered).collect();
    // the strip needs more rows for more steps
    let before: Vec<String> = before.iter().map(unnumbered).collect();
    assert!(now.len() > 8 && before.starts_with(&now), "{now:?}");
}

#[test]
fn the_end_of_a_window_is_not_the_end() {
    let all = 1000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    // the pager is slow: keys come to the end of the window first
    let mut asked = Vec::new();
    for _ in 0..2 * MOST {
        asked.extend(wishes(&bench.press(Key::Down)));
    }
    assert_eq!((here(&bench), bench.state.reading.stick), (400, Stick::Hand));
    assert_eq!(asked.len(), 1, "one wish is under way");
    let serial = asked[0].serial;
    let effects = range(&mut bench, 140..540, all, serial);
    assert_eq!(here(&bench), 400, "the same step is looked at");
    answer(&mut bench, effects, all);
    bench.press(Key::Down);
    assert_eq!(here(&bench), 401);
}

#[test]
fn who_changes_his_mind_gets_what_he_wanted_last() {
    let all = 1000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    let end = wishes(&bench.type_in("G")).pop().unwrap();
    let begin = wishes(&bench.type_in("g")).pop().unwrap();
    assert!(begin.serial > end.serial && begin.at == At::Begin);
    range(&mut bench, 600..1000, all, end.serial);
    range(&mut bench, 0..400, all, begin.serial);
    assert_eq!((here(&bench), bench.state.reading.stick), (1, Stick::Hand));
}

#[test]
fn a_large_file_is_read_by_pages_on_a_real_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jsonl");
    let steps = 1700;
    let mut file = BufWriter::new(fs::File::create(&path).unwrap());
    writeln!(file, r#"{{"type":"system","subtype":"init","session_id":"s","model":"m"}}"#).unwrap();
    let answer = "x".repeat(20_000);
    for n in 1..=steps {
        writeln!(file, r#"{{"type":"assistant","message":{{"id":"m{n}","model":"m","content":[{{"type":"text","text":"thought {n}."}},{{"type":"tool_use","id":"t{n}","name":"Bash","input":{{"command":"echo {n}"}}}}]}},"session_id":"s"}}"#).unwrap();
        writeln!(file, r#"{{"type":"user","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{n}","content":"answer {n} {answer}"}}]}},"session_id":"s"}}"#).unwrap();
    }
    file.flush().unwrap();
    assert!(fs::metadata(&path).unwrap().len() > isobench_tui::agent::paged::LARGE);
    let mut pty = Pty::isobench(&["inspect", path.to_str().unwrap()], 100, 30);
    pty.wait_for("thought ");
    pty.press("g");
    pty.wait_for("1 of 1700");
    pty.wait_for("thought 1.");
    pty.press("G");
    pty.wait_for("1700 of 1700");
    pty.wait_for("thought 1700.");
    pty.press("<PgUp><PgUp>");
    pty.wait_gone("thought 1700.");
    pty.press("g");
    pty.wait_for("thought 1.");
    pty.press("q");
}

#[test]
fn steps_that_nobody_searches_are_not_said_to_hold_nothing() {
    let mut bench = opened(2000);
    bench.type_in("/thought");
    bench.press(Key::Enter);
    let page = bench.text(100, 30);
    assert!(page.contains("the steps of so large a transcript are not searched") && !page.contains("nowhere"), "{page}");
}
