//! Room on the disk of a Docker engine: what images need, and whether it is there. All sizes are in bytes.

use serde::{Deserialize, Serialize};

/// What something needs on the engine's disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What it takes once it is there.
    pub stays: u64,
    /// What it takes at the worst moment on the way: the compressed layers lie beside what is extracted from them.
    pub peak: u64,
    /// What one container of it takes: on VFS two more copies of its files, and those twice while it is made.
    pub container: u64,
    /// Whether a size in it was estimated, because the registry does not say what a layer becomes.
    #[serde(default)]
    pub is_estimate: bool,
}

/// Why a pull may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// What is needed at the worst moment.
    pub needs: u64,
    /// What is free.
    pub free: u64,
    /// What removing images of ours that nobody waits for would free; `None` where it was not looked at.
    #[serde(default)]
    pub prune_would_free: Option<u64>,
}
