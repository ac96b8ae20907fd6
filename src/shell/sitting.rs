//! One person at one terminal: the start screen and the screens of runs, one after another, without giving the terminal
//! back between them.

use tokio::runtime::Runtime;

use super::browse::{self, Browser};
use super::compare::{self, CompareSetup};
use super::console::Console;
use super::home::{self, HomeSetup};
use super::screen;
use super::setup::{ScreenError, Setup, io_error};
use crate::ui::browse::Left as BrowseLeft;
use crate::ui::{Left, compare::Left as CompareLeft, home::Left as HomeLeft, state::Pointer};

/// The terminal, taken; given back when dropped.
pub struct Sitting {
    // before the runtime that its input lives in
    console: Console,
    runtime: Runtime,
}

impl Sitting {
    /// Takes the terminal and draws with the theme of this name; `None`: the one chosen last, or one that fits the terminal.
    pub fn take(theme: Option<&str>) -> Result<Self, ScreenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io_error("start the loop"))?;
        let inside = runtime.enter();
        let console = Console::take(theme)?;
        drop(inside);
        Ok(Self { console, runtime })
    }

    /// Shows a run until somebody leaves.
    pub fn run(&mut self, setup: Setup) -> Result<Left, ScreenError> {
        self.console.point(Pointer::Ours);
        self.runtime.block_on(screen::show(&mut self.console, setup))
    }

    /// Shows the start screen until somebody leaves.
    pub fn home(&mut self, setup: HomeSetup) -> Result<HomeLeft, ScreenError> {
        self.console.point(Pointer::Ours);
        self.runtime.block_on(home::show(&mut self.console, setup))
    }

    /// Shows the browser until somebody leaves; it is as it was when they come back.
    pub fn browse(&mut self, browser: &mut Browser) -> Result<BrowseLeft, ScreenError> {
        self.console.point(browser.browse.pointer);
        self.runtime.block_on(browse::show(&mut self.console, browser))
    }

    /// Shows a comparison until somebody leaves.
    pub fn compare(&mut self, setup: CompareSetup) -> Result<CompareLeft, ScreenError> {
        self.console.point(Pointer::Ours);
        self.runtime.block_on(compare::show(&mut self.console, setup))
    }
}

impl std::fmt::Debug for Sitting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sitting")
    }
}
