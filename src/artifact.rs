//! ISO-Bench's own files, read and written: its scripts go on working with what we leave.

pub mod checkout;
pub mod item;
pub mod plan_file;

pub use checkout::{Checkout, CheckoutError, harness_model, repo_name};
pub use item::{Finished, ItemFolder};
pub use plan_file::{PlanFile, PlanItem};

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
    /// The plan is no plan.
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
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
