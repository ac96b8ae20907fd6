//! What the screen needs to know at its start, and why there may be none.

use std::io;
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::Places;
use super::machine::MachineSetup;
use super::themes::ThemesError;
use crate::domain::{ItemId, RunId};
use crate::ledger::{By, RunFolder};
use crate::model::Run;
use crate::text::mask::Masker;
use crate::theme::ThemeError;
use crate::ui::Said;
use crate::ui::Screen;
use crate::ui::message::Sight;
use crate::ui::state::{Access, Base, Limits};

/// What the screen needs to know at its start.
#[derive(Debug)]
pub struct Setup {
    /// How the run is called.
    pub run_id: RunId,
    /// Where the files lie that were opened; `None`: they belong to a run.
    pub path: Option<PathBuf>,
    /// Who tells what happens in it.
    pub facts: Facts,
    /// Where its files lie.
    pub places: Places,
    /// The harness root, where verdicts on findings are kept; `None`: somebody else's files, far from any harness.
    pub root: Option<PathBuf>,
    /// Where the run lies, for a person who sits elsewhere and should be told.
    pub elsewhere: Option<PathBuf>,
    /// What is shown first.
    pub begin: Begin,
    /// Where the machine is looked at; `None`: of files that were opened it says nothing.
    pub machine: Option<MachineSetup>,
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

/// Who tells what happens in a run.
#[derive(Debug)]
pub enum Facts {
    /// The ledger of a run of ours.
    Ledger(RunFolder),
    /// Somebody who reads the files of somebody else's run, and folds them anew whenever they change.
    Folded(mpsc::Receiver<Folded>),
}

/// Somebody else's run, as it is now.
#[derive(Debug)]
pub struct Folded {
    /// The fold.
    pub run: Run,
    /// Whether its own runner is at work.
    pub runner: Sight,
    /// What of it can't be read, in a sentence.
    pub trouble: Option<String>,
    /// How the run is called, where that is another one than before.
    pub run_id: Option<RunId>,
    /// The agent's step budget, where one is known.
    pub max_steps: Option<u32>,
    /// What is to be known of it and stands in no fact, in sentences.
    pub says: Vec<Said>,
    /// How many items are still to come that nothing names.
    pub unnamed: usize,
    /// Whether what is new in it happened long ago: nothing to ring for.
    pub is_old: bool,
    /// Whether its files are still being read, and nothing that they say is in it yet.
    pub is_unread: bool,
}

impl Folded {
    /// Files that nobody works at any more.
    pub const fn files(run: Run, trouble: Option<String>) -> Self {
        Self {
            run,
            runner: Sight::Gone,
            trouble,
            run_id: None,
            max_steps: None,
            says: Vec::new(),
            unnamed: 0,
            is_old: true,
            is_unread: false,
        }
    }
}

/// What is shown first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Begin {
    /// The screen.
    pub screen: Screen,
    /// The item; `None`: the one that runs, else the first.
    pub item: Option<ItemId>,
    /// Where it leads back to.
    pub base: Base,
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
