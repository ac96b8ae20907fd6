//! Adapters: what agents write while they work, read into `domain::Step`; and how each agent is launched.

pub mod launch;
pub mod trae;
