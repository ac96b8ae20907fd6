//! What pulling images tells of itself, while it goes on and once it is over. All sizes are in bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FailureClass, Need};

/// `progress.json` of a pull: replaced as a whole, at most four times a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullProgress {
    /// When it began.
    pub started: Timestamp,
    /// When this was written.
    pub at: Timestamp,
    /// Time left before it is ended, in ms; `None` where it may take as long as it takes.
    #[serde(default)]
    pub left_ms: Option<u64>,
    /// Free on the disk of the engine; `None` where that can't be seen.
    #[serde(default)]
    pub free: Option<u64>,
    /// The images, in the order in which they are pulled, one at a time.
    pub images: Vec<ImagePull>,
}

/// One image of a pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagePull {
    /// Its name with tag or digest, as it was asked for.
    pub reference: String,
    /// Digest of its manifest, once the registry named it.
    #[serde(default)]
    pub digest: Option<String>,
    /// How far it is.
    pub phase: PullPhase,
    /// Its layers, the lowest first; empty before the manifest is known.
    #[serde(default)]
    pub layers: Vec<LayerPull>,
    /// The work of it: download and extraction together. `total` is fixed before the first byte comes, and `done` never
    /// goes back, through retries too. `None` before the manifest is known.
    #[serde(default)]
    pub bar: Option<Bar>,
    /// Compressed bytes that came, and that have to come.
    #[serde(default)]
    pub download: Option<Bar>,
    /// What it needs on the disk; `None` where nobody could tell.
    #[serde(default)]
    pub need: Option<Need>,
    /// Why its size is not known beforehand, in a sentence: the engine may reach a registry that we don't. `None` where it
    /// is known, or was not asked for yet.
    #[serde(default)]
    pub unforecast: Option<String>,
    /// Compressed bytes a second of the last seconds; `None` while nothing is downloaded.
    #[serde(default)]
    pub rate: Option<u64>,
    /// How long it will still take, in ms; `None` where that can't be told yet.
    #[serde(default)]
    pub eta_ms: Option<u64>,
    /// For how long neither its stream nor the free space moved, in ms.
    #[serde(default)]
    pub quiet_ms: u64,
    /// Whether that is longer than a pull may be silent, or was when the last try was given up.
    #[serde(default)]
    pub stalled: bool,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How many there are at most.
    pub attempts: u32,
}

/// So much of so much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// What is done.
    pub done: u64,
    /// All of it.
    pub total: u64,
}

/// How far an image is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum PullPhase {
    /// It waits for the images before it.
    Waiting,
    /// The registry is asked whether it is there, and how large.
    Asking,
    /// The engine has it already.
    Present,
    /// Nobody needs it: what would be measured in it was measured before.
    Spared,
    /// It comes.
    Pulling,
    /// It is tried again at a moment.
    Retrying {
        /// That moment.
        at: Timestamp,
        /// What went wrong.
        why: String,
    },
    /// It is there.
    Done,
    /// It will not come.
    Failed {
        /// The cause.
        class: FailureClass,
        /// In a sentence.
        why: String,
    },
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerPull {
    /// The first 12 digits of its digest, as the engine names it.
    pub id: String,
    /// Its compressed size.
    #[serde(default)]
    pub compressed: Option<u64>,
    /// Its size once extracted.
    #[serde(default)]
    pub extracted: Option<u64>,
    /// How far it is.
    pub state: LayerState,
}

/// How far a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LayerState {
    /// The engine has it already.
    Present,
    /// It waits for a free download.
    Waiting,
    /// It comes.
    Downloading {
        /// Compressed bytes that came.
        current: u64,
    },
    /// It came, and waits for the layers below it.
    Downloaded,
    /// On VFS: the layers below are copied first, and the engine says nothing while it does.
    CopyingParent {
        /// What was copied, by the free space.
        copied: u64,
        /// What there is to copy; `None` where that is not known.
        total: Option<u64>,
    },
    /// It is extracted.
    Extracting {
        /// Compressed bytes that were read; `None` where the engine counts seconds alone.
        current: Option<u64>,
    },
    /// It is there.
    Done,
}

/// What a pull left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullDetail {
    /// The images.
    pub images: Vec<PulledImage>,
    /// When it is worth trying again, where the registry said so: a rate limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An image that a pull made sure of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledImage {
    /// Its name, as it was asked for.
    pub reference: String,
    /// Its id: the digest of its configuration.
    pub id: String,
    /// Digest of its manifest; `None` where nobody named it.
    #[serde(default)]
    pub digest: Option<String>,
    /// Whether the engine had it before.
    pub was_present: bool,
    /// Whether it was not pulled, because what would be measured in it was measured before.
    #[serde(default)]
    pub was_spared: bool,
    /// Compressed bytes that came.
    #[serde(default)]
    pub downloaded: u64,
    /// What it was said to need.
    #[serde(default)]
    pub need: Option<Need>,
    /// What the free space then lost; `None` where the disk can't be seen.
    #[serde(default)]
    pub used: Option<u64>,
    /// How long it took, in ms.
    #[serde(default)]
    pub duration_ms: u64,
}

impl PullProgress {
    /// The image that is worked on.
    pub fn live(&self) -> Option<&ImagePull> {
        self.images.iter().find(|image| !image.phase.is_over() && image.phase != PullPhase::Waiting)
    }
}

impl PullPhase {
    /// Whether nothing more will happen.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Present | Self::Spared | Self::Done | Self::Failed { .. })
    }
}
