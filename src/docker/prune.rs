//! Removing what nobody needs from an engine: first it is said what goes, then it goes one by one. It happens in a process of
//! its own (`prune-images FOLDER`) that is handed an order in a file and leaves files, so that whoever asked may come and go.

mod alone;
mod lock;
mod meter;
mod plan;
mod remove;
mod work;

pub use alone::{PruneImages, Told};
pub use lock::was_cut_off;
pub use work::{Stop, look, prune};

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DockerError;
use crate::domain::{PruneDetail, PruneEnd, PruneScope};

/// Why a prune could not go on.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The engine can't be asked.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// It can't be told which images are ours.
    #[error("can't read which images are ours ({}): {source}", path.display())]
    Owners {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It can't be told whether somebody else prunes.
    #[error("can't lock {}: {source}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// `order.json`: what a prune is to do. Written before its process starts, into the folder that it is handed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneOrder {
    /// What may be removed.
    pub scope: PruneScope,
    /// Whether volumes may be: those that nobody named, as `docker system prune --volumes` removes them. With scope `run`
    /// no volume goes.
    #[serde(default)]
    pub volumes: bool,
    /// Images that stay whatever the scope.
    #[serde(default)]
    pub keep: Vec<Keep>,
    /// `<root>/state/docker`, where it is written which images are ours and where the lock lies. `None` outside a checkout:
    /// then nothing is ours.
    #[serde(default)]
    pub state: Option<PathBuf>,
    /// The run whose order this is; `None` for a person's.
    #[serde(default)]
    pub run: Option<String>,
    /// The item whose `clean` stage this is.
    #[serde(default)]
    pub item: Option<String>,
    /// Whether it is only said what would go.
    #[serde(default)]
    pub dry_run: bool,
}

/// An image that somebody waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Its name, as it will be asked for.
    pub reference: String,
    /// Who waits, in a few words: "item 3 needs it next".
    pub why: String,
}

/// `outcome.json`: written once, when a prune is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneOutcome {
    /// When it ended.
    pub at: Timestamp,
    /// What it left.
    pub detail: PruneDetail,
    /// How it ended.
    pub end: PruneEnd,
    /// What was to go and is still there, by its name.
    #[serde(default)]
    pub left: Vec<String>,
}

/// The files of a prune in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneFolder(pub PathBuf);

impl PruneFolder {
    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The [`PruneOrder`].
    pub fn order(&self) -> PathBuf {
        self.0.join("order.json")
    }

    /// The [`PruneProgress`](crate::domain::PruneProgress), replaced as a whole.
    pub fn progress(&self) -> PathBuf {
        self.0.join("progress.json")
    }

    /// The [`PruneOutcome`].
    pub fn outcome(&self) -> PathBuf {
        self.0.join("outcome.json")
    }

    /// The folders of the prunes of a command or a dialog below `<root>/state/docker`, each named by its time.
    pub fn all(state: &Path) -> PathBuf {
        state.join("prunes")
    }

    /// Held by flock while a prune of this checkout works; holds a line about who it is.
    pub fn lock(state: &Path) -> PathBuf {
        state.join("prune.lock")
    }
}
