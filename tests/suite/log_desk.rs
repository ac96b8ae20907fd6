//! The log screen with its real engine over real files, without a thread: what the state wishes is read at once.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use isobench_tui::domain::{AttemptId, RunId, Stage};
use isobench_tui::ledger::RunFolder;
use isobench_tui::shell::Places;
use isobench_tui::shell::log::Engine;
use isobench_tui::ui::{Effect, Key, Msg};

use crate::pty::patience;
use crate::screen::Bench;
use crate::screen_runs::{Story, id};

/// A bench whose log screen reads.
pub(crate) struct Desk {
    pub(crate) bench: Bench,
    root: tempfile::TempDir,
    folder: RunFolder,
    engine: Engine,
    wish: Option<isobench_tui::ui::log::Wish>,
    pub(crate) size: (u16, u16),
}

impl Desk {
    pub(crate) fn on(story: &Story) -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = RunFolder::of(root.path(), &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
        std::fs::create_dir_all(folder.path()).unwrap();
        let bench = Bench::on(story);
        let places = Places::ours(folder.clone(), root.path().join("items"));
        let engine = Engine::new(places, bench.state.masker.clone());
        Self { bench, root, folder, engine, wish: None, size: (80, 24) }
    }

    /// The file `out` or `err` of a stage.
    pub(crate) fn path(&self, item: usize, n: u32, stage: Stage, name: &str) -> PathBuf {
        let folder = self.folder.stage(&AttemptId { item: id(item), n }, stage);
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    /// What the agent of [`crate::screen_runs::agent_running`] writes.
    pub(crate) fn agent(&self) -> PathBuf {
        self.path(7, 2, Stage::Agent, "out")
    }

    /// What the newest agent of an item changed.
    pub(crate) fn patch(&self, item: usize) -> PathBuf {
        let folder = self.root.path().join("items").join(id(item).0);
        std::fs::create_dir_all(&folder).unwrap();
        folder.join("model_patch.diff")
    }

    pub(crate) fn run_log(&self) -> PathBuf {
        self.folder.log()
    }

    /// Presses a key, reads what is wished for, draws.
    pub(crate) fn press(&mut self, key: Key) -> String {
        let effects = self.bench.press(key);
        self.heed(effects);
        self.text()
    }

    pub(crate) fn type_in(&mut self, keys: &str) -> String {
        keys.chars().map(|char| self.press(Key::Char(char))).last().unwrap_or_default()
    }

    pub(crate) fn tell(&mut self, msg: Msg) -> String {
        let effects = self.bench.tell(msg);
        self.heed(effects);
        self.text()
    }

    /// Notes the newest wish.
    pub(crate) fn heed(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Log(wish) = effect {
                self.wish = wish;
            }
        }
    }

    /// One look of the engine, and all that follows from it without another change of the files.
    pub(crate) fn look(&mut self) {
        for _ in 0..20 {
            let news = self.engine.look(self.wish.clone().as_ref());
            if news.is_empty() {
                return;
            }
            for news in news {
                let effects = self.bench.tell(Msg::Log(news));
                self.heed(effects);
            }
        }
    }

    /// The frame, after everything that is wished for now was read.
    pub(crate) fn text(&mut self) -> String {
        let (cols, rows) = self.size;
        for _ in 0..3 {
            self.look();
            let area = ratatui::layout::Rect::new(0, 0, cols, rows);
            let (layout, spots) =
                isobench_tui::view::draw(&mut ratatui::buffer::Buffer::empty(area), &self.bench.state, &self.bench.theme, self.bench.now);
            let effects = self.bench.tell(Msg::Laid(layout, spots));
            self.heed(effects);
        }
        self.bench.text(cols, rows)
    }

    /// Looks until the frame holds a text.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, wanted: &str) -> String {
        let end = Instant::now() + patience();
        loop {
            let text = self.text();
            if text.contains(wanted) {
                return text;
            }
            assert!(Instant::now() < end, "waited for '{wanted}':\n{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether no search is under way.
    #[track_caller]
    pub(crate) fn wait_search(&mut self) -> String {
        let end = Instant::now() + patience();
        while self.bench.state.log.hunting.is_some() {
            self.look();
            assert!(Instant::now() < end, "the search does not end");
        }
        self.text()
    }
}

/// `line 1` to `line <n>`.
pub(crate) fn numbered(n: usize) -> String {
    (1..=n).fold(String::new(), |text, n| text + &format!("line {n}\n"))
}

pub(crate) fn append(path: &std::path::Path, text: &str) {
    File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}
