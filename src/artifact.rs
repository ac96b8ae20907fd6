//! ISO-Bench's own files, read and written: its scripts go on working with what we leave.

pub mod analysis;
pub mod bench_file;
pub mod checkout;
pub mod document;
pub mod expand;
pub mod item;
pub mod journal;
pub mod mapping;
mod plain;
pub mod plan_file;
mod printed;
pub mod records;
pub mod result_file;
pub mod runs;
pub mod task_file;

pub use bench_file::{BenchAgent, BenchFile};
pub use checkout::{Checkout, CheckoutError, harness_model, repo_name};
pub use document::Document;
pub use item::{Finished, ItemFolder};
pub use journal::Journal;
pub use mapping::{Mapping, MappingEntry};
pub use plan_file::{PlanFile, PlanItem};
pub use printed::printed;
pub use records::{DiffTargets, Prediction, Prompt, RunSummary};
pub use result_file::ArmResult;
pub use runs::{HarnessItem, HarnessRun, shown_repo};
pub use task_file::TaskFile;

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with the harness's files.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// A file operation failed.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The plan is not there.
    #[error("there is no plan at {}: make one with `python -m bench.cli plan`, or name another with --plan", path.display())]
    NoPlan {
        /// Where we looked.
        path: PathBuf,
    },
    /// The file is not what it should be.
    #[error("{}:{line}:{column}: {says}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong, and what to do.
        says: String,
    },
}

impl ArtifactError {
    /// The file that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. } | Self::NoPlan { path } | Self::Malformed { path, .. } => path,
        }
    }

    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
