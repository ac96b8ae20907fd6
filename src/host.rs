//! The outside world.

pub mod clock;
pub mod keeper;
pub mod launch;
pub mod process;
pub mod stage_folder;
pub mod tree;
