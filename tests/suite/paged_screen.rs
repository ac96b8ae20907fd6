//! Trajectories of which the screen holds a window: keys do what they would do if it held all.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::io::{BufWriter, Write};

use isobench_tui::domain::{AgentTotals, AttemptId};
use isobench_tui::ui::marks::Mark;
use isobench_tui::ui::message::{MarkNews, Part, SoughtNews, TrailNews, Turn};
use isobench_tui::ui::pages::{At, Extent, Pages, Wish};
use isobench_tui::ui::reading::Stick;
use isobench_tui::ui::step::{How, Kind, Shown};
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
    #![proptest_config(ProptestConfig::with_cases(12))]
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

/// Answers the last of these wishes, and those that come of it.
fn answer_last(bench: &mut Bench, effects: &[Effect], all: usize) {
    let last = wishes(effects).pop().into_iter().map(Effect::Page).collect();
    answer(bench, last, all);
}

#[test]
fn keys_right_after_the_way_to_an_end_go_on_from_there() {
    let all = 2000;
    for (keys, wanted) in [
        ("Gkkk", 1997),
        ("Gkkjk", 1998),
        ("Ggj", 2),
        ("Ggjj", 3),
        ("GkGk", 1999),
        ("GE", 1990),
        ("Ge", 10),
        ("GEEk", 1979),
        ("Gkkgj", 2),
        ("Gee", 20),
        ("G/thought<Enter>", 2000),
    ] {
        let mut bench = opened(all);
        let effects = bench.type_in("g");
        answer(&mut bench, effects, all);
        // what every step is, is known
        let mark = |at: usize| Mark { kind: Kind::Run, has_calls: true, went_wrong: at % 10 == 9 };
        bench.tell(Msg::Marked(MarkNews { attempt: attempt(), from: 0, marks: (0..all).map(mark).collect() }));
        let (typed, is_search) = keys.strip_suffix("<Enter>").map_or((keys, false), |typed| (typed, true));
        let mut effects = bench.type_in(typed);
        if is_search {
            effects.extend(bench.press(Key::Enter));
        }
        answer_last(&mut bench, &effects, all);
        assert_eq!(here(&bench), wanted, "{keys}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn keys_faster_than_the_windows_do_what_they_would_do_over_all_steps(
        bursts in proptest::collection::vec("[gG][jk<>]{0,6}[gG]?[jk<>]{0,6}", 1..8),
    ) {
        let all = 2000;
        let (mut paged, mut held) = (opened(all), whole(all));
        let effects = paged.type_in("g");
        answer(&mut paged, effects, all);
        held.type_in("g");
        for burst in bursts {
            let mut effects = Vec::new();
            for key in burst.chars() {
                let key = match key {
                    '>' => Key::PageDown,
                    '<' => Key::PageUp,
                    other => Key::Char(other),
                };
                effects.extend(paged.press(key));
                held.press(key);
            }
            answer_last(&mut paged, &effects, all);
            prop_assert_eq!(here(&paged), here(&held), "{}", burst);
        }
    }
}

#[test]
fn keys_that_wait_for_a_window_do_not_wait_where_nothing_can_be_read() {
    let all = 2000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    bench.type_in("Gk");
    let before = here(&bench);
    bench.tell(Msg::Trouble(Part::Pages, Some("can't read it".to_owned())));
    assert_eq!(here(&bench), before, "what was kept is forgotten");
    bench.type_in("k");
    assert_eq!(here(&bench), before - 1);
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

/// What was found so far: steps by their position, each in one line.
fn found(bench: &mut Bench, (from, upto): (usize, usize), steps: &[usize], all: usize) -> Vec<Effect> {
    let pattern = bench.state.find.clone().unwrap();
    let found = steps.iter().map(|step| (*step, 1)).collect();
    bench.tell(Msg::Sought(SoughtNews { attempt: attempt(), pattern, from, found, upto, is_all: upto == all }))
}

#[test]
fn a_search_leads_to_matches_in_other_windows() {
    let all = 2000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    bench.type_in("/number 1999");
    let effects = bench.press(Key::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Look(look) if look.find.is_some())), "{effects:?}");
    let page = bench.text(100, 30);
    assert!(page.contains("searching the steps…, 0 % searched") && !page.contains("nowhere"), "{page}");
    // nothing in the window, nothing so far: the reader stays
    assert_eq!(wishes(&found(&mut bench, (0, 1000), &[], all)), []);
    assert!(bench.text(100, 30).contains("50 % searched"));
    let effects = found(&mut bench, (1000, all), &[1998], all);
    assert_eq!(wishes(&effects).iter().map(|wish| wish.at).collect::<Vec<_>>(), [At::Step(1998)]);
    answer(&mut bench, effects, all);
    assert_eq!(here(&bench), 1999);
    let page = bench.text(100, 30);
    assert!(page.contains("match 1 of 1 in 1 step"), "{page}");
    assert!(bench.state.reading.matched.is_some());
}

#[test]
fn a_search_that_can_not_go_on_says_why() {
    let all = 2000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    bench.type_in("/number 19");
    bench.press(Key::Enter);
    let pattern = bench.state.find.clone().unwrap();
    let ends = |bench: &mut Bench| bench.tell(Msg::Unsearched(attempt(), pattern.clone(), "it was cut short".to_owned()));
    ends(&mut bench);
    let page = bench.text(120, 30);
    assert!(page.contains("the search ended at 0 %: it was cut short") && !page.contains("searching"), "{page}");
    // another file is there, and is searched from its beginning
    found(&mut bench, (0, 1000), &[18, 189], all);
    let page = bench.text(120, 30);
    assert!(page.contains("match 1 of 2… in 2 steps, 50 % searched"), "{page}");
    ends(&mut bench);
    assert!(
        bench.text(120, 30).contains("match 1 of 2… in 2 steps, the search ended at 50 %: it was cut short"),
        "{}",
        bench.text(120, 30)
    );
    bench.tell(Msg::Unsearched(attempt(), pattern, "it was cut short".to_owned()));
    found(&mut bench, (0, all), &[18], all);
    assert!(bench.text(120, 30).contains("match 1 of 1 in 1 step"), "{}", bench.text(120, 30));
}

#[test]
fn a_search_of_a_file_that_was_cut_ends_on_a_real_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jsonl");
    write_steps(&path, 1..=1700);
    let mut pty = Pty::isobench(&["inspect", path.to_str().unwrap()], 120, 40);
    pty.wait_for("of 1700");
    fs::File::options().write(true).open(&path).unwrap().set_len(100_000).unwrap();
    pty.press("/needle<Enter>");
    pty.wait_for("the search ended at 0 %: it was cut short while it was shown: open it again");
    fs::remove_file(&path).unwrap();
    // a window that was not read so far
    pty.press("<Esc>g");
    pty.press("G");
    pty.wait_for("it was cut short while it was shown");
    assert!(!pty.text().contains("whole buffer"), "{}", pty.text());
    pty.press("q");
}

#[test]
fn a_window_that_is_late_takes_nobody_from_a_match() {
    let all = 2000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    let end = wishes(&bench.type_in("G")).pop().unwrap();
    let begin = wishes(&bench.type_in("g")).pop().unwrap();
    bench.type_in("/number 30$");
    bench.press(Key::Tab);
    let around = wishes(&bench.press(Key::Enter));
    assert_eq!((here(&bench), around[0].at), (30, At::Around(29)));
    range(&mut bench, 1600..2000, all, end.serial);
    range(&mut bench, 0..400, all, begin.serial);
    range(&mut bench, 0..400, all, around[0].serial);
    assert_eq!(here(&bench), 30);
}

#[test]
fn the_next_and_the_last_match_are_found_over_all_steps() {
    let all = 2000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    // in the window at once, though nobody searched it
    bench.type_in("/number (30|701|1201)$");
    bench.press(Key::Tab);
    bench.press(Key::Enter);
    assert_eq!(here(&bench), 30);
    // the way back leads round, which takes all steps
    let effects = bench.type_in("N");
    assert_eq!(wishes(&effects), []);
    assert!(bench.text(100, 30).contains("searching the steps…, 0 % searched"));
    let mut effects = found(&mut bench, (0, 900), &[29, 700], all);
    effects.extend(found(&mut bench, (900, 1500), &[1200], all));
    assert_eq!(wishes(&effects), [], "the last one may come yet");
    let effects = found(&mut bench, (1500, all), &[], all);
    answer(&mut bench, effects, all);
    assert_eq!(here(&bench), 1201);
    assert!(bench.text(100, 30).contains("match 3 of 3 in 3 steps, round to the last"), "{}", bench.text(100, 30));
    for (key, wanted) in [("n", 30), ("n", 701), ("n", 1201), ("N", 701), ("N", 30)] {
        let effects = bench.type_in(key);
        answer(&mut bench, effects, all);
        assert_eq!(here(&bench), wanted, "{key}");
    }
    // a key in between is what the reader wants now
    let effects = bench.type_in("N");
    bench.type_in("j");
    answer(&mut bench, effects, all);
    // news that leave a gap are of a search that is over
    found(&mut bench, (0, 10), &[], all);
    found(&mut bench, (500, all), &[600], all);
    assert_eq!(bench.state.sought.as_ref().map(|sought| (sought.upto, sought.steps.len())), Some((10, 0)));
    bench.press(Key::Esc);
    assert!(bench.state.sought.is_none());
}

#[test]
fn jumps_lead_to_steps_in_other_windows() {
    let all = 2000;
    let mut bench = opened(all);
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    let mark = |at: usize| Mark {
        kind: match at {
            50 | 1400 => Kind::Edit,
            1500 => Kind::RefusedFinish,
            60 => Kind::Seen,
            _ => Kind::Run,
        },
        has_calls: at == 1600,
        went_wrong: at == 1700 || at == 20,
    };
    let marked = |bench: &mut Bench, range: std::ops::Range<usize>| {
        bench.tell(Msg::Marked(MarkNews { attempt: attempt(), from: range.start, marks: range.map(mark).collect() }))
    };
    // what is behind the window is not known yet
    let effects = bench.type_in(">");
    assert_eq!(wishes(&effects), []);
    assert!(bench.text(100, 30).contains("looking for the next refused finish"), "{}", bench.text(100, 30));
    assert_eq!(wishes(&marked(&mut bench, 0..1000)), []);
    assert!(bench.text(100, 30).contains("50 % of the steps were looked at"), "{}", bench.text(100, 30));
    // letters are those among all steps
    assert_eq!(bench.state.shown_trail().unwrap().steps[60].kind, Kind::Seen);
    let effects = marked(&mut bench, 1000..all);
    answer(&mut bench, effects, all);
    assert_eq!(here(&bench), 1501);
    for (key, wanted) in [("(", 1401), ("(", 51), ("(", 1401), (")", 51), (".", 1601), ("e", 1701), ("e", 21), ("E", 1701)] {
        let effects = bench.type_in(key);
        answer(&mut bench, effects, all);
        assert_eq!(here(&bench), wanted, "{key}");
    }
    let effects = bench.type_in("g");
    answer(&mut bench, effects, all);
    // all marks from the beginning again: nothing is refused now
    let none = vec![Mark { kind: Kind::Run, has_calls: false, went_wrong: false }; all];
    bench.tell(Msg::Marked(MarkNews { attempt: attempt(), from: 0, marks: none }));
    bench.type_in("<");
    assert!(bench.text(100, 30).contains("no refused finish in these 2000 steps"), "{}", bench.text(100, 30));
}

#[test]
fn an_edit_that_was_made_before_is_jumped_to() {
    let all = 600;
    let kind = |at: usize| match at {
        10 => Kind::Edit,
        20 | 500 => Kind::EditSeen,
        30 => Kind::Seen,
        _ => Kind::Run,
    };
    let mut held = Bench::on(&runs::agent_running());
    news(&mut held, 7, 2, 0, (0..all).map(|at| Shown { kind: kind(at), ..shown(at) }).collect());
    held.type_in("2g");
    let mut paged = opened(all);
    let effects = paged.type_in("g");
    answer(&mut paged, effects, all);
    let marks = (0..all).map(|at| Mark { kind: kind(at), has_calls: true, went_wrong: false }).collect();
    paged.tell(Msg::Marked(MarkNews { attempt: attempt(), from: 0, marks }));
    for bench in [&mut held, &mut paged] {
        for (key, wanted) in [(")", 11), (")", 21), (")", 501), (")", 11), ("(", 501), ("(", 21)] {
            let effects = bench.type_in(key);
            answer(bench, effects, all);
            assert_eq!(here(bench), wanted, "{key}");
        }
        assert!(bench.text(400, 30).contains("edit (3)"), "{}", bench.text(400, 30));
    }
}

#[test]
fn the_step_under_the_cursor_stays_in_sight_when_there_is_less_room() {
    let mut bench = whole(200);
    bench.type_in("g");
    bench.frame(100, 40);
    bench.type_in("jjjjjjjjjjjj");
    let wanted = format!("thought number {}", here(&bench));
    assert!(bench.text(100, 40).contains(&wanted));
    bench.frame(100, 18);
    assert!(bench.text(100, 18).contains(&wanted), "{wanted}: {}", bench.text(100, 18));
}

/// A stream of so many steps behind those that are there, of 20 kB each.
pub(crate) fn write_steps(path: &std::path::Path, steps: std::ops::RangeInclusive<usize>) {
    let is_new = !path.exists();
    let mut file = BufWriter::new(fs::File::options().create(true).append(true).open(path).unwrap());
    if is_new {
        writeln!(file, r#"{{"type":"system","subtype":"init","session_id":"s","model":"m"}}"#).unwrap();
    }
    let answer = "x".repeat(20_000);
    for n in steps {
        let (name, input) = match n {
            1200 => ("Edit", r#"{"file_path":"/w/a.py","old_string":"a","new_string":"b"}"#.to_owned()),
            // the same as a step of another window
            1300 => ("Bash", r#"{"command":"echo 7"}"#.to_owned()),
            _ => ("Bash", format!(r#"{{"command":"echo {n}"}}"#)),
        };
        let said = if n == 3 || n == 900 || n == 1650 { r#"a \"needle\" here"# } else { "nothing" };
        let told = if n == 1300 { 7 } else { n };
        writeln!(file, r#"{{"type":"assistant","message":{{"id":"m{n}","model":"m","content":[{{"type":"text","text":"thought {n}. {said}"}},{{"type":"tool_use","id":"t{n}","name":"{name}","input":{input}}}]}},"session_id":"s"}}"#).unwrap();
        writeln!(file, r#"{{"type":"user","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{n}","content":"answer {told} {answer}","is_error":{}}}]}},"session_id":"s"}}"#, n == 1500).unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn a_large_file_is_read_by_pages_on_a_real_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jsonl");
    write_steps(&path, 1..=1700);
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
fn a_large_file_is_searched_and_jumped_through_on_a_real_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jsonl");
    write_steps(&path, 1..=1700);
    let mut pty = Pty::isobench(&["inspect", path.to_str().unwrap()], 120, 40);
    pty.wait_for("of 1700");
    pty.press("g");
    pty.wait_for("1 of 1700");
    // what JSON escapes is found as it is read
    pty.press("/\"needle\"<Enter>");
    pty.wait_for("match 1 of 3 in 3 steps");
    pty.wait_for("3 of 1700");
    pty.press("n");
    pty.wait_for("match 2 of 3 in 3 steps");
    pty.wait_for("900 of 1700");
    pty.press("n");
    pty.wait_for("1650 of 1700");
    pty.press("n");
    pty.wait_for("match 1 of 3 in 3 steps, round to the first");
    pty.press("N");
    pty.wait_for("match 3 of 3 in 3 steps, round to the last");
    pty.wait_for("1650 of 1700");
    pty.press("<Esc>");
    pty.wait_gone("match 3 of 3");
    // an expression, which no line of JSON tells beforehand
    pty.press("/^thought 1[67]00\\.<Tab><Enter>");
    pty.wait_for("1700 of 1700");
    pty.wait_for("of 2 in 2 steps");
    pty.press("<Esc>");
    pty.wait_gone("of 2 in 2 steps");
    for (key, there) in [
        ("E", "1500 of 1700"),
        ("(", "1200 of 1700"),
        ("g", "1 of 1700"),
        (")", "1200 of 1700"),
        ("e", "1201 of 1700"),
        ("e", "1500 of 1700"),
    ] {
        pty.press(key);
        pty.wait_for(there);
    }
    pty.press("/nowhere at all<Enter>");
    pty.wait_for("'nowhere at all' is nowhere: searched 1700 steps");
    // it is written on: what is searched for comes to it
    pty.press("<Esc>");
    pty.wait_gone("is nowhere");
    pty.press("/\"needle\"<Enter>");
    pty.wait_for("of 3 in 3 steps");
    write_steps(&path, 1701..=1710);
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    writeln!(file, r#"{{"type":"assistant","message":{{"id":"m","model":"m","content":[{{"type":"text","text":"the last needle"}}]}},"session_id":"s"}}"#).unwrap();
    drop(file);
    pty.wait_for("of 1711");
    pty.press("G");
    pty.wait_for("1711 of 1711");
    pty.press("<Esc>");
    pty.wait_gone("in 3 steps");
    pty.press("/needle<Enter>");
    pty.wait_for("match 4 of 4 in 4 steps");
    // a call of another window is known again
    pty.press("<Esc>");
    pty.wait_gone("match 4 of 4");
    pty.press("/thought 1300\\.<Tab><Enter>");
    pty.wait_for("1300 of 1711");
    pty.wait_until("the letter of a call that was seen before", |screen| {
        screen.lines().any(|line| line.trim_start().starts_with("1300 ="))
    });
    // and another file takes its place
    let other = folder.path().join("other.jsonl");
    write_steps(&other, 1..=1690);
    fs::rename(&other, &path).unwrap();
    pty.wait_for("of 1690");
    // what else is told is of the old one
    pty.wait_for("is another file now than the one that was opened");
    pty.wait_for("open it again");
    pty.press("q");
}

#[test]
fn an_item_with_a_large_trajectory_is_read_by_pages_on_a_real_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let item = folder.path().join("vllm_core-0003");
    fs::create_dir(&item).unwrap();
    write_steps(&item.join("claude_code_stream.jsonl"), 1..=1700);
    fs::write(
        item.join("journal.json"),
        r#"{"task_id":"vllm_core","status":"error","commits":{"human":"0123456789abcdef","pre":"fedcba"}}"#,
    )
    .unwrap();
    let mut pty = Pty::isobench(&["inspect", item.to_str().unwrap()], 120, 40);
    pty.wait_for("of 1700");
    pty.press("G");
    pty.wait_for("1700 of 1700");
    // what the harness says of it comes when all of it was read
    pty.wait_for("0123456");
    pty.press("E");
    pty.wait_for("1500 of 1700");
    pty.press("q");
}
