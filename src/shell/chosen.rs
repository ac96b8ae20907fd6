//! The theme that is shown: chosen at the start, by a key, and anew when its file changes.

use tokio::sync::mpsc;

use super::setup::ScreenError;
use super::themes::{self, Choice, Themes, ThemesError};
use crate::host::environment::variable;
use crate::host::watch::Watch;
use crate::theme::{Depth, Glyphs, Ground, Palette, Theme, embedded};

/// The theme that is shown, and the files behind it.
#[derive(Debug)]
pub(super) struct Chosen {
    name: String,
    choice: By,
    palette: Palette,
    terminal: Ground,
    themes: Themes,
    watch: Watch,
    changes: mpsc::Receiver<()>,
    /// What is wrong with its file, in a sentence that was not said yet.
    remark: Option<String>,
}

/// Who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Somebody, now or the last time.
    Name,
    /// We did, for the terminal's background.
    Background,
}

impl Chosen {
    /// The theme asked for by name, else the one chosen last, else one that fits the terminal.
    pub(super) fn begin(asked: Option<&str>) -> Result<Self, ScreenError> {
        let themes = Themes::of(variable);
        // most terminals are dark
        let terminal = themes::ground(variable("COLORFGBG").as_deref()).unwrap_or(Ground::Dark);
        let (name, choice) = match themes.choice(asked.map(str::to_owned))? {
            Choice::Named(name) => (name, By::Name),
            Choice::Fitting => (themes::fitting(terminal).to_owned(), By::Background),
        };
        // a file that is wrong is said on the screen, not instead of it
        let (palette, remark) = match themes.palette(&name) {
            Ok((palette, _)) => (palette, None),
            Err(error) => (plain(&name)?, Some(error.to_string())),
        };
        let (watch, changes) = themes.watch();
        Ok(Self { name, choice, palette, terminal, themes, watch, changes, remark })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its styles on this terminal.
    pub(super) fn theme(&self) -> Theme {
        Theme::on(&self.palette, self.terminal, Depth::of(variable), Glyphs::of(variable))
    }

    /// The terminal said what its background is like.
    pub(super) fn on(&mut self, terminal: Ground) {
        self.terminal = terminal;
        let fitting = themes::fitting(terminal);
        if self.choice == By::Background
            && let Ok((palette, _)) = self.themes.palette(fitting)
        {
            fitting.clone_into(&mut self.name);
            self.palette = palette;
        }
    }

    /// The next theme from now on; it is remembered. Those whose files are wrong are left out, with a remark.
    pub(super) fn next(&mut self) {
        self.themes.look_again(&mut self.watch);
        let names = self.themes.names();
        let at = names.iter().position(|name| *name == self.name).map_or(0, |at| at + 1);
        for name in names.iter().cycle().skip(at).take(names.len()) {
            match self.themes.palette(name) {
                Ok((palette, _)) => {
                    self.palette = palette;
                    self.choice = By::Name;
                    self.name.clone_from(name);
                    // a home that can't be written is no reason to fail
                    self.remark = self.themes.remember(name).err().or_else(|| self.remark.take());
                    return;
                }
                Err(error) => self.remark = Some(error.to_string()),
            }
        }
    }

    /// Waits for a change of the user's files, or for something to say. May be dropped while it waits.
    pub(super) async fn changed(&mut self) {
        if self.remark.is_some() {
            return;
        }
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Reads the file again. While it is wrong the colours stay as they are, and a sentence says so once.
    pub(super) fn read_again(&mut self) -> Option<String> {
        self.themes.look_again(&mut self.watch);
        if let Some(says) = self.remark.take() {
            return Some(says);
        }
        match self.themes.palette(&self.name) {
            Ok((palette, _)) => self.palette = palette,
            // the file of a theme of the user's own was removed
            Err(ThemesError::Unknown(_)) => {}
            Err(error) => return Some(error.to_string()),
        }
        None
    }
}

/// What is shown instead of a file that is wrong.
fn plain(name: &str) -> Result<Palette, ScreenError> {
    Ok(Palette::parse(embedded(name).or_else(|_own| embedded("dark"))?)?)
}
