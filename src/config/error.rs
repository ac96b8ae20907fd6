//! What can be wrong with a configuration.

use std::path::PathBuf;

use crate::artifact::ArtifactError;

/// What is wrong with the configuration. Usage errors all: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("can't read the configuration {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML, or holds a key or a value that we don't know or that makes no sense.
    #[error("{}:{line}:{column}: {says}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The key with its table where there is one, what is wrong with it, and what would be right.
        says: String,
    },
    /// The bench file can't be read, is none, or holds a value that makes no sense.
    #[error(transparent)]
    Bench(#[from] ArtifactError),
    /// More than one bench file could be meant.
    #[error(
        "there are {} bench files and none is called bench.yaml ({}): name one with --bench-cfg, or with `harness.bench` in isobench-tui.toml",
        files.len(), files.join(", ")
    )]
    Benches {
        /// Their names.
        files: Vec<String>,
    },
    /// The layers do not fit together: a fault of ours.
    #[error("the configuration can't be put together: {says}")]
    Layers {
        /// What does not fit.
        says: String,
    },
    /// A flag of the command line, or what it stands beside, makes no sense.
    #[error("{flag} {value}: {says}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What was written behind it.
        value: String,
        /// What is wrong, and what would be right.
        says: String,
    },
}
