//! How far the pull, the arm or the prune of the stage under way is: what its worker said last.

use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::docker::arm;
use crate::docker::prune::PruneFolder;
use crate::docker::pull::PROGRESS;
use crate::domain::{ArmProgress, PruneProgress, PullProgress, Stage};
use crate::host::files::{self, Links};
use crate::ledger::RunFolder;
use crate::model::Run;
use crate::text::{self, room};

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// What a worker says of itself while it works.
pub(super) enum Live {
    Pull(PullProgress),
    Prune(PruneProgress),
    Arm(Stage, Box<ArmProgress>),
}

impl Live {
    /// Of the stage under way; `None` where that is another, or its worker said nothing yet that could be read.
    pub(super) fn of(folder: &RunFolder, run: &Run) -> Option<Self> {
        let (attempt, record) = run.live_stage()?;
        let stage = folder.stage(&attempt, record.stage);
        match record.stage {
            Stage::Pull => read(&stage.join(PROGRESS)).map(Self::Pull),
            Stage::Clean => read(&PruneFolder(stage).progress()).map(Self::Prune),
            other => other.arm().and_then(|_| Some(Self::Arm(other, read(&stage.join(arm::PROGRESS))?))),
        }
    }

    /// `pull: 1 of 2, a/b:c: 48.5 of 71.1 MB, 4.9 MB/s, 12 s left`
    pub(super) fn line(&self, now: Timestamp) -> Option<String> {
        match self {
            Self::Pull(pull) => room::pulling(pull).map(|says| format!("pull: {says}")),
            Self::Prune(prune) => Some(format!("clean: {}", room::pruning(prune, ", "))),
            Self::Arm(stage, progress) => Some(format!("{stage}: {}", text::arm::line(progress, now))),
        }
    }

    /// Under which name it stands beside the stage.
    pub(super) const fn key(&self) -> &'static str {
        match self {
            Self::Pull(_) | Self::Prune(_) => "progress",
            Self::Arm(..) => "arm",
        }
    }

    /// The whole of it.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Pull(pull) => json!(pull),
            Self::Prune(prune) => json!(prune),
            Self::Arm(_, progress) => json!(progress),
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&files::read(path, LARGEST, Links::Refused).ok()?).ok()
}
