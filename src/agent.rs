//! Adapters: what agents write while they work, read into `domain::Step`.

pub mod prompt;
pub mod trae;
