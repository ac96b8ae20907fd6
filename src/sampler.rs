//! The sampler: a process of its own that looks at GPUs, disks, containers and stages, and writes what it sees. It alone loads
//! NVIDIA's library: a driver that hangs takes nobody along.

mod groups;
pub mod nvml;
pub mod start;
pub mod whose;

use std::path::PathBuf;

/// `sample FOLDER`
#[derive(Debug, clap::Args)]
pub struct SampleMachine {
    /// The folder that it writes telemetry into
    folder: Option<PathBuf>,
    /// Look once, print header and sample as two lines, and end
    #[arg(long, conflicts_with = "folder")]
    once: bool,
}

/// What keeps the sampler from its job.
#[derive(Debug, thiserror::Error)]
pub enum SamplerError {
    /// Its files.
    #[error("can't {doing} {path}: {source}")]
    File {
        /// The verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another one writes there.
    #[error("another sampler writes in {folder}")]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
}

impl SampleMachine {
    /// Samples until whoever started it is gone.
    pub fn run(self) -> Result<(), SamplerError> {
        let _ = (self.folder, self.once);
        Ok(())
    }
}
