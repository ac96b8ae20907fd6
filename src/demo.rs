//! The embedded campaign: a repository, a plan, a scripted agent and a real measurement.

pub mod agent;
pub mod bench;

/// (stub)
pub fn prepare(_root: &std::path::Path, _binary: &std::path::Path, _speed: f64) -> std::io::Result<()> {
    Err(std::io::Error::other("to be written"))
}
