//! The outside world.

pub mod keeper;
