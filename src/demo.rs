//! The embedded campaign: a repository, a plan, a scripted agent and a real measurement.
//!
//! Only the model is missing: the repository is a real one, the agent's commands and edits are run for real, and the
//! benchmark measures what the engine takes.

pub mod agent;
pub mod bench;
mod console;
mod pace;
mod record;
pub mod repo;
mod script;
mod tools;

use std::io;
use std::path::{Path, PathBuf};

/// Why the demo could not do its own job.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file or folder of the demo can't be read or written.
    #[error("can't {op} {path}: {source}")]
    File {
        /// What was tried: `write`, `read`, `create`.
        op: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program that the demo needs can't be started.
    #[error("can't start {program}: {source}")]
    Start {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A git command failed.
    #[error("git {command} failed: {said}")]
    Git {
        /// Its arguments.
        command: String,
        /// Its standard error.
        said: String,
    },
    /// A commit of the demo's history does not fit the files before it.
    #[error("the demo's own history does not fit at {0}")]
    History(&'static str),
}

impl DemoError {
    /// For `map_err`: names the file and what was tried.
    fn file(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { op, path, source }
    }
}
