//! An agent that says the same again and again: its steps stand in one row, and can be read one by one.

use isobench_tui::detect::kind::Kind;
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::reading::Stick;
use isobench_tui::ui::step::{How, Shown};
use isobench_tui::ui::{Key, Mouse, Msg, Screen};

use crate::screen::Bench;
use crate::screen_queue::{news, step};
use crate::screen_runs as runs;

/// A step without a call.
fn silent(index: u32, says: &str) -> Shown {
    Shown { kind: Kind::Text, calls: Vec::new(), tokens: 1000, ..step(index, says, How::Well) }
}

/// Two steps that do something, so many that say the same, one more.
fn circling(steps: u32, cols: u16, rows: u16) -> Bench {
    let mut bench = Bench::on(&runs::agent_running());
    let mut all = vec![step(1, "first", How::Well), step(2, "second", How::Badly)];
    all.extend((3..steps + 3).map(|index| silent(index, "I need to use the tools.")));
    all.push(step(steps + 3, "at last", How::Well));
    news(&mut bench, 7, 2, 0, all);
    bench.type_in("2");
    bench.frame(cols, rows);
    bench
}

#[test]
fn steps_that_say_the_same_stand_in_one_row_and_open() {
    let mut bench = circling(75, 80, 24);
    let text = bench.text(80, 24);
    assert!(
        text.contains("   3 t  I need to use the tools.   × 75 (3-77)\n") && text.contains("first") && text.contains("at last"),
        "{text}"
    );
    assert_eq!(text.matches("I need to use the tools.").count(), 1, "{text}");
    // one row for the cursor, from both sides
    bench.press(Key::Up);
    assert_eq!(bench.state.reading.cursor, 2);
    bench.press(Key::Up);
    assert_eq!(bench.state.reading.cursor, 1);
    bench.type_in("jj");
    assert_eq!((bench.state.reading.cursor, bench.state.reading.stick), (77, Stick::Newest));
    // opened, they are steps like all others
    bench.press(Key::Up);
    bench.press(Key::Enter);
    let text = bench.text(80, 24);
    assert!(text.matches("I need to use the tools.").count() > 5 && !text.contains("× 75"), "{text}");
    bench.type_in("jjj");
    assert_eq!(bench.state.reading.cursor, 5);
    // closed again from any of them, and only then left
    bench.type_in("h");
    assert_eq!((bench.state.reading.cursor, bench.state.screen), (2, Screen::Agent));
    assert!(bench.text(80, 24).contains("× 75 (3-77)"));
    bench.type_in("h");
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn a_search_and_a_problem_lead_into_them() {
    let mut bench = circling(75, 80, 24);
    bench.type_in("g/tools");
    bench.press(Key::Enter);
    assert_eq!(bench.state.reading.cursor, 2);
    assert!(bench.text(80, 24).contains("× 75 (3-77)"));
    bench.type_in("n");
    assert_eq!(bench.state.reading.cursor, 3);
    assert!(!bench.text(80, 24).contains("× 75"));
    bench.type_in("NN");
    assert_eq!(bench.state.reading.cursor, 76, "round the beginning");
    bench.type_in("e");
    assert_eq!(bench.state.reading.cursor, 1);
    // all unfolded, none is hidden
    let mut bench = circling(75, 80, 24);
    bench.type_in("Z");
    assert!(!bench.text(80, 24).contains("× 75"));
    bench.type_in("Z");
    assert!(bench.text(80, 24).contains("× 75"));
}

#[test]
fn the_row_grows_while_it_is_followed_and_a_click_opens_it() {
    let mut bench = circling(4, 120, 40);
    let tail = |from: u32, to: u32| (from..=to).map(|index| silent(index, "again")).collect::<Vec<_>>();
    news(&mut bench, 7, 2, 7, tail(8, 9));
    assert!(bench.text(120, 40).contains("   8 t  again   × 2 (8-9) "), "{}", bench.text(120, 40));
    // the last one comes anew with more, as a file that is written does
    news(&mut bench, 7, 2, 8, tail(9, 12));
    let text = bench.text(120, 40);
    assert!(text.contains("   8 t  again   × 5 (8-12) ") && text.contains("12 of 12 · follows   tokens"), "{text}");
    assert_eq!(bench.state.reading.cursor, 11);
    bench.frame(120, 40);
    let spot = bench.state.spots.iter().find(|spot| spot.hit == Hit::Step(7)).map(|spot| (spot.x + 9, spot.y));
    for _ in 0..2 {
        let (x, y) = spot.unwrap_or_default();
        bench.tell(Msg::Mouse(Mouse { did: Did::Click, x, y }));
    }
    assert!(!bench.text(120, 40).contains("× 5 (8-12)"));
    bench.type_in("f");
    assert_eq!((bench.state.reading.cursor, bench.state.reading.stick), (11, Stick::Newest));
}

#[test]
fn twenty_thousand_of_them_are_no_more_work_than_two() {
    let mut bench = circling(20_000, 120, 40);
    for key in [Key::Up, Key::Up, Key::PageUp, Key::PageDown, Key::Down, Key::Home, Key::Enter, Key::End, Key::Up, Key::Left].repeat(20) {
        bench.press(key);
        bench.frame(120, 40);
        bench.type_in("2");
    }
    bench.type_in("G");
    assert!(bench.text(120, 40).contains("at last"));
}
