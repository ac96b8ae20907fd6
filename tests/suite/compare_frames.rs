//! The comparison without a terminal: frames at three sizes, and what keys do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use isobench_tui::detect::aim::Aim;
use isobench_tui::detect::kind::Kinds;
use isobench_tui::domain::{Level, Reply, Step, ToolCall, ToolResult, Usage};
use isobench_tui::text::mask::Masker;
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::compare::{Compare, Effect, Left, Msg, News, Pair, Sheet, Side, Told, update};
use isobench_tui::ui::detected::Span;
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::step::Shown;
use isobench_tui::ui::{Key, Mouse};
use isobench_tui::view;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// A comparison without a terminal.
struct Desk {
    screen: Compare,
    now: Timestamp,
}

fn step(index: u32, name: &str, args: &str, answer: &str) -> Step {
    let result = Some(ToolResult { ok: !answer.contains("rror"), text: answer.to_owned() });
    Step {
        index,
        at: None,
        thought: format!("Thought {index} of what is to be done next."),
        calls: vec![ToolCall { id: index.to_string(), name: name.to_owned(), args: args.to_owned(), result }],
        usage: Usage { input: 1000, output: 20, cached: 0 },
        error: None,
        finish: None,
        harness: Vec::new(),
        reply: Reply::Complete,
        within: None,
    }
}

fn side(name: &str, steps: &[Step], patch: &str) -> Side {
    let (mut kinds, masker) = (Kinds::default(), Masker::default());
    let mut side = Side {
        name: name.to_owned(),
        from: format!("/work/state/runs/vllm/trae/{name}/2026-01-01_10-00-00/core-0003"),
        item: "core-0003".to_owned(),
        steps: Some(steps.iter().map(|step| Shown::of(step, &mut kinds, &masker)).collect()),
        aims: steps.iter().map(Aim::of).collect(),
        spans: vec![Span { first: 3, last: 5, level: Level::Warn }],
        patch: Some(patch.to_owned()),
        ..Side::default()
    };
    side.facts = vec![
        ("steps".to_owned(), Told::Count(steps.len() as u64)),
        ("end".to_owned(), Told::Word("completed".to_owned())),
        ("patch".to_owned(), Told::Bytes(patch.len() as u64)),
    ];
    side.facts.extend(side.of_steps());
    side.facts.push(("tokens in".to_owned(), Told::Tokens(1_200_000)));
    side.facts.push(("duration".to_owned(), Told::Unknown));
    side
}

const HEAD: &str =
    "diff --git a/vllm/core/scheduler.py b/vllm/core/scheduler.py\n--- a/vllm/core/scheduler.py\n+++ b/vllm/core/scheduler.py\n";

fn pair() -> Pair {
    let bash = |index, command: &str, answer: &str| step(index, "bash", &format!(r#"{{"command":"{command}"}}"#), answer);
    let edit = |index, new: &str, answer: &str| {
        let args = format!(r#"{{"command":"str_replace","path":"/r/vllm/core/scheduler.py","old_str":"a","new_str":"{new}"}}"#);
        step(index, "str_replace_based_edit_tool", &args, answer)
    };
    let left = [
        bash(1, "grep -rn schedule vllm", "vllm/core/scheduler.py:12: def schedule"),
        bash(2, "sed -n '1,80p' vllm/core/scheduler.py", "text"),
        edit(3, "b", "Error: no match found"),
        edit(4, "c", "edited"),
        bash(5, "python benchmarks/benchmark_latency.py", "latency: 3.2 ms"),
        step(6, "task_done", "{}", "done"),
    ];
    let right = [
        bash(1, "ls", "vllm"),
        bash(2, "grep -rn schedule vllm", "vllm/core/scheduler.py:12: def schedule"),
        edit(3, "d", "edited"),
        bash(4, "git diff", "diff"),
        step(5, "task_done", "{}", "done"),
    ];
    let one = format!(
        "{HEAD}@@ -12,5 +12,5 @@ class Scheduler:\n     def schedule(self):\n-        queue = sorted(self.waiting)\n+        queue = self.waiting\n         return queue\n \n     def abort(self):\n"
    );
    let other = format!(
        "diff --git a/vllm/config.py b/vllm/config.py\n--- a/vllm/config.py\n+++ b/vllm/config.py\n@@ -1 +1,2 @@\n import enum\n+import heapq\n{HEAD}@@ -12,4 +12,5 @@ class Scheduler:\n     def schedule(self):\n-        queue = sorted(self.waiting)\n+        # a heap is sorted enough\n+        queue = self.heap\n         return queue\n \n"
    );
    Pair::of(side("gpt-4o", &left, &one), side("gpt-5", &right, &other))
}

impl Desk {
    fn new() -> Self {
        let now: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        let mut desk = Self { screen: Compare::new(Masker::default(), now), now };
        desk.tell(News::Read(Box::new(pair())));
        desk.text(120, 40);
        desk
    }

    fn tell(&mut self, msg: impl Into<Msg>) -> Vec<Effect> {
        update(&mut self.screen, self.now, msg.into())
    }

    fn press(&mut self, keys: &[Key]) -> Vec<Effect> {
        keys.iter().flat_map(|key| self.tell(Msg::Key(*key))).collect()
    }

    fn frame(&mut self, cols: u16, rows: u16, theme: &Theme) -> Buffer {
        let area = Rect::new(0, 0, cols, rows);
        for _ in 0..2 {
            let (layout, spots) = view::compare::draw(&mut Buffer::empty(area), &self.screen, theme, self.now);
            self.tell(Msg::Laid(layout, spots));
        }
        let mut buffer = Buffer::empty(area);
        view::compare::draw(&mut buffer, &self.screen, theme, self.now);
        buffer
    }

    fn text(&mut self, cols: u16, rows: u16) -> String {
        let theme = Theme::embedded("dark", Depth::Mono, Glyphs::UNICODE).unwrap();
        crate::screen::text(&self.frame(cols, rows, &theme))
    }

    fn snapshots(&mut self, name: &str) {
        for (cols, rows) in SIZES {
            insta::assert_snapshot!(format!("compare_{name}_{cols}x{rows}"), self.text(cols, rows));
        }
    }
}

#[test]
fn frames_of_steps_patches_and_figures() {
    let mut desk = Desk::new();
    desk.snapshots("steps");
    desk.press(&[Key::Down, Key::Down, Key::Enter]);
    desk.snapshots("detail");
    desk.press(&[Key::Esc, Key::Tab]);
    desk.snapshots("patches");
    desk.press(&[Key::Tab]);
    desk.snapshots("figures");
}

#[test]
fn small_terminals_and_plain_characters_do_not_break_it() {
    let mut desk = Desk::new();
    let ascii = Theme::embedded("light", Depth::Sixteen, Glyphs::ASCII).unwrap();
    for sheet in Sheet::ALL {
        desk.screen.sheet = sheet;
        for (cols, rows) in [(1, 1), (39, 9), (40, 10), (60, 12), (99, 11), (100, 13), (300, 80)] {
            let text = crate::screen::text(&desk.frame(cols, rows, &ascii));
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn while_it_is_read_and_where_it_can_not_be_it_says_so() {
    let now: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
    let mut desk = Desk { screen: Compare::new(Masker::default(), now), now };
    assert!(desk.text(80, 24).contains("reading both sides"));
    assert_eq!(desk.press(&[Key::Char(']'), Key::Enter, Key::Char('s'), Key::Char('G'), Key::Tab]), []);
    desk.tell(News::Refused("there is no clone here".to_owned()));
    assert!(desk.text(80, 24).contains("there is no clone here"));
    assert_eq!(desk.press(&[Key::Esc]), [Effect::Leave(Left::Back)]);
}

#[test]
fn keys_lead_to_differences_to_what_both_did_and_to_matches() {
    let mut desk = Desk::new();
    let rows = |desk: &Desk| desk.screen.pair.as_ref().unwrap().steps.clone();
    let at = |desk: &Desk| rows(desk)[desk.screen.reading().cursor];
    desk.press(&[Key::Char('}')]);
    assert_eq!((at(&desk).left, at(&desk).right), (Some(0), Some(1)), "both searched");
    desk.press(&[Key::Char(']')]);
    assert_eq!((at(&desk).left, at(&desk).right), (Some(1), None), "only the left one read the file");
    desk.press(&[Key::Char('[')]);
    assert_eq!((at(&desk).left, at(&desk).right), (None, Some(0)));
    desk.press(&[Key::Char('/')]);
    desk.tell(Msg::Paste("git diff".to_owned()));
    desk.press(&[Key::Enter]);
    assert_eq!(at(&desk).right, Some(3));
    assert!(desk.text(120, 40).contains("1 of 1 rows with 'git diff'"));
    desk.press(&[Key::Char('/')]);
    desk.tell(Msg::Paste("nowhere".to_owned()));
    desk.press(&[Key::Enter]);
    assert!(desk.text(120, 40).contains("'nowhere' is not in the steps"));
    // the first Esc forgets the search, the second one leaves
    assert_eq!(desk.press(&[Key::Esc]), []);
    assert_eq!(desk.press(&[Key::Esc]), [Effect::Leave(Left::Back)]);
}

#[test]
fn a_search_and_a_jump_end_an_old_remark() {
    let mut desk = Desk::new();
    let none = "nothing is searched for";
    for keys in [&[Key::Char(']')][..], &[Key::Char('/')], &[Key::Tab]] {
        desk.press(&[Key::Char('n')]);
        assert!(desk.text(120, 40).contains(none));
        desk.press(keys);
        let page = desk.text(120, 40);
        assert!(!page.contains(none), "{page}");
        desk.press(&[Key::Esc]);
    }
}

#[test]
fn swapped_twice_it_is_as_before_and_the_cursor_stays_on_its_steps() {
    let mut desk = Desk::new();
    desk.press(&[Key::Char('}')]);
    let before = desk.screen.pair.clone();
    desk.press(&[Key::Char('s')]);
    let pair = desk.screen.pair.clone().unwrap();
    assert_eq!((pair.left.name.as_str(), pair.right.name.as_str()), ("gpt-5", "gpt-4o"));
    let row = pair.steps[desk.screen.reading().cursor];
    assert_eq!((row.left, row.right), (Some(1), Some(0)));
    desk.press(&[Key::Char('s')]);
    assert_eq!(desk.screen.pair, before);
}

#[test]
fn long_lines_of_patches_are_read_along() {
    let mut desk = Desk::new();
    desk.press(&[Key::Tab]);
    assert!(desk.text(120, 40).contains("-        queue = sorted(self.waiting)"));
    desk.press(&[Key::Char('l')]);
    let text = desk.text(120, 40);
    assert!(text.contains("-queue = sorted(self.waiting)"), "{text}");
    desk.press(&[Key::Char('h')]);
    assert!(desk.text(120, 40).contains("-        queue = sorted(self.waiting)"));
}

#[test]
fn the_mouse_chooses_parts_and_rows_and_scrolls() {
    let mut desk = Desk::new();
    desk.text(120, 40);
    let spot = |desk: &Desk, wanted: Hit| desk.screen.spots.iter().find(|spot| spot.hit == wanted).cloned().unwrap();
    let click = |desk: &mut Desk, x, y| desk.tell(Msg::Mouse(Mouse { did: Did::Click, x, y }));
    let row = spot(&desk, Hit::Choice(4));
    click(&mut desk, row.x, row.y);
    assert_eq!((desk.screen.reading().cursor, desk.screen.detail), (4, None));
    click(&mut desk, row.x, row.y);
    assert_eq!(desk.screen.detail, Some(0), "a second click lays it out");
    let tab = spot(&desk, Hit::Source(1));
    click(&mut desk, tab.x, tab.y);
    assert_eq!((desk.screen.sheet, desk.screen.detail), (Sheet::Patches, None));
    desk.text(120, 40);
    let row = spot(&desk, Hit::Choice(1));
    desk.tell(Msg::Mouse(Mouse { did: Did::WheelDown, x: row.x, y: row.y }));
    assert_eq!(desk.screen.reading().cursor, 3);
}

#[test]
fn of_what_is_not_read_nothing_is_taken() {
    let mut desk = Desk::new();
    desk.screen = Compare::new(Masker::default(), desk.now);
    for key in ['y', 'Y', 'v', 'V', 'S'] {
        assert_eq!(desk.press(&[Key::Char(key)]), []);
        assert!(desk.text(120, 40).contains("there is nothing to take: both sides are not read"));
    }
}

#[test]
fn what_is_not_searched_for_is_said_as_everywhere() {
    let mut desk = Desk::new();
    desk.press(&[Key::Char('n')]);
    assert!(desk.text(120, 40).contains("nothing is searched for: / searches"));
}

#[test]
fn line_numbers_of_patches_are_as_bright_as_those_of_steps() {
    let mut desk = Desk::new();
    desk.press(&[Key::Tab]);
    assert_eq!(desk.screen.sheet, Sheet::Patches);
    let frame = desk.frame(120, 40, &crate::screen::theme_of_roles());
    let text = crate::screen::text(&frame);
    let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains("return queue")).unwrap();
    let col = line.chars().position(|char| char.is_ascii_digit()).unwrap();
    let cell = &frame[(u16::try_from(col).unwrap(), u16::try_from(row).unwrap())];
    assert_eq!(cell.fg, ratatui::style::Color::Indexed(isobench_tui::theme::Role::Muted as u8), "{line}");
}
