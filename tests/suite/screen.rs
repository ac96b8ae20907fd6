//! What the tests of the screen share: a state without a terminal, and frames as text.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_wrap, reason = "a test may fail loudly")]

use isobench_tui::domain::{AttemptId, RunId};
use isobench_tui::shell::trail::TrailFile;
use isobench_tui::text::mask::Masker;
use isobench_tui::theme::{Depth, Glyphs, Role, Theme};
use isobench_tui::ui::message::{OutputLine, OutputNews, Sight, Stream};
use isobench_tui::ui::state::{Access, Limits, Start};
use isobench_tui::ui::{Effect, Key, Msg, State, update};
use isobench_tui::view;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::screen_runs::{Story, ann, base, id, moment};

/// A screen without a terminal.
pub(crate) struct Bench {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) theme: Theme,
}

impl Bench {
    /// A screen on a run with a runner.
    pub(crate) fn on(story: &Story) -> Self {
        Self::with(story, Sight::Alive(4711))
    }

    pub(crate) fn with(story: &Story, runner: Sight) -> Self {
        let now = moment(base(), story.now());
        let masker = Masker::new([("API_KEY", "sk-very-secret")], []);
        let run_id = RunId("2026-11-21_09-30-12-3fa9".to_owned());
        let start = Start {
            run_id,
            by: ann(),
            word: "w".to_owned(),
            zone: TimeZone::UTC,
            masker,
            limits: Limits::default(),
            access: Access::Full,
            now,
        };
        let theme = Theme::embedded("dark", Depth::True, Glyphs::UNICODE).unwrap();
        let mut bench = Self { state: State::new(start), now, theme };
        bench.state.run = story.run();
        bench.tell(Msg::Runner(runner));
        bench.tell(Msg::Facts);
        bench
    }

    pub(crate) fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        update(&mut self.state, self.now, msg)
    }

    pub(crate) fn press(&mut self, key: Key) -> Vec<Effect> {
        self.tell(Msg::Key(key))
    }

    pub(crate) fn type_in(&mut self, keys: &str) -> Vec<Effect> {
        keys.chars().flat_map(|char| self.press(Key::Char(char))).collect()
    }

    /// The trajectory of a fixture, as that of an attempt, last written `idle` seconds ago.
    pub(crate) fn trail(&mut self, item: usize, n: u32, fixture: &str, idle: u64) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trae").join(fixture);
        let (_gone, folder) = crate::support::folder();
        std::fs::copy(path, folder.join("trajectory.json")).unwrap();
        let mut file = TrailFile::new(AttemptId { item: id(item), n });
        let mut news = file.read_on(&folder, &self.state.masker.clone()).unwrap().unwrap();
        news.last_at = Some(self.now - jiff::SignedDuration::from_secs(idle as i64));
        self.tell(Msg::Trail(news));
    }

    /// The output of what is looked at.
    pub(crate) fn output(&mut self, lines: &[&str]) {
        let (attempt, stage) = self.state.focus.clone().unwrap().output.unwrap();
        let lines = lines.iter().map(|text| OutputLine { from: Stream::Out, text: (*text).to_owned() }).collect();
        self.tell(Msg::Output(OutputNews { attempt, stage, lines, before: 0 }));
    }

    /// A frame, drawn twice: the second time with the room known.
    pub(crate) fn frame(&mut self, cols: u16, rows: u16) -> Buffer {
        let area = Rect::new(0, 0, cols, rows);
        for _ in 0..2 {
            let (layout, spots) = view::draw(&mut Buffer::empty(area), &self.state, &self.theme, self.now);
            self.tell(Msg::Laid(layout, spots));
        }
        let mut buffer = Buffer::empty(area);
        view::draw(&mut buffer, &self.state, &self.theme, self.now);
        buffer
    }

    pub(crate) fn text(&mut self, cols: u16, rows: u16) -> String {
        text(&self.frame(cols, rows))
    }

    /// A frame as the first letters of its cells' roles.
    pub(crate) fn roles(&mut self, cols: u16, rows: u16) -> String {
        let theme = std::mem::replace(&mut self.theme, theme_of_roles());
        let buffer = self.frame(cols, rows);
        self.theme = theme;
        roles(&buffer)
    }
}

/// A theme in which each role has a colour of its own.
pub(crate) fn theme_of_roles() -> Theme {
    Theme::from_fn(Glyphs::UNICODE, |role| match role {
        Role::Selected => Style::new().bg(Color::Indexed(1)),
        role => Style::new().fg(Color::Indexed(role as u8)),
    })
}

/// A frame drawn with it, as the first letters of its cells' roles.
pub(crate) fn roles(buffer: &Buffer) -> String {
    let letter = |cell: &ratatui::buffer::Cell| match cell.fg {
        _ if cell.symbol() == " " => ' ',
        Color::Indexed(n) => Role::ALL[usize::from(n)].name().chars().next().unwrap(),
        _ => '?',
    };
    lines(buffer, |cell| letter(cell).to_string())
}

/// A frame as text.
pub(crate) fn text(buffer: &Buffer) -> String {
    lines(buffer, |cell| cell.symbol().to_owned())
}

fn lines(buffer: &Buffer, of: impl Fn(&ratatui::buffer::Cell) -> String) -> String {
    let area = buffer.area;
    let row = |y: u16| -> String { (0..area.width).map(|x| of(&buffer[(x, y)])).collect::<String>().trim_end().to_owned() };
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}
