//! The embedded campaign: a repository, a plan, a scripted agent and a real measurement.

pub mod agent;
pub mod bench;
