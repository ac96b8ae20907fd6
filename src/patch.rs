//! The patch an agent left, and the rungs of the truth ladder that can be climbed without running it.

mod aside;
pub mod diff;
pub mod grammar;
pub mod ladder;
mod parses;
mod template;

pub use aside::is_source;
pub use diff::{Change, ChangedFile, Hunk, Mark, changed_files};
pub use ladder::{Climbed, Parent, climb, glance};

/// Files that agents and the harness leave in the worktree and that are no work: never part of the patch.
pub const SCRATCH: [&str; 4] = ["model_patch.diff", ".bench_scratch", "trajectory.json", "trae_steps.log"];
