//! The patch an agent left, and the rungs of the truth ladder that can be climbed without running it.

pub mod diff;
pub mod ladder;

pub use diff::{ChangedFile, changed_files};
pub use ladder::{Climbed, Parent, climb};

/// Files that agents and the harness leave in the worktree and that are no work: never part of the patch.
pub const SCRATCH: [&str; 4] = ["model_patch.diff", ".bench_scratch", "trajectory.json", "trae_steps.log"];
