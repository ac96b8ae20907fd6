//! What the screen needs to know at its start, and why there may be none.

use std::io;
use std::path::PathBuf;

use super::themes::ThemesError;
use crate::ledger::{By, RunFolder};
use crate::text::mask::Masker;
use crate::theme::ThemeError;
use crate::ui::state::{Access, Limits};

/// What the screen needs to know at its start.
#[derive(Debug)]
pub struct Setup {
    /// The run.
    pub folder: RunFolder,
    /// The harness root, where the start screen looks.
    pub root: PathBuf,
    /// Whether the person sits elsewhere, and should be told where it lies.
    pub is_elsewhere: bool,
    /// The folder of the run's items in ISO-Bench's layout: `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    pub items: PathBuf,
    /// Who sits at the screen.
    pub by: By,
    /// The person's own folder for state, where a look is remembered; `None`: there is none.
    pub state_home: Option<PathBuf>,
    /// Hides secrets.
    pub masker: Masker,
    /// Limits that no fact carries.
    pub limits: Limits,
    /// What may be done with the run.
    pub access: Access,
}

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The terminal refused.
    #[error("can't {doing}: {source}")]
    Io {
        /// The verb with its object: "take the terminal".
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A thread of the screen panicked; the run goes on.
    #[error("{0}; the run goes on, and this is a fault of isobench-tui that its authors want to hear of")]
    Broken(&'static str),
    /// An embedded theme is wrong.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// There is no theme of the name asked for.
    #[error(transparent)]
    Themes(#[from] ThemesError),
}

/// An error of the terminal or the system.
pub(super) fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> ScreenError {
    move |source| ScreenError::Io { doing, source }
}
