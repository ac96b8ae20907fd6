//! `run-arm FOLDER`: runs the container that `order.json` there describes, and says how that goes.

use std::io;
use std::path::PathBuf;

/// `run-arm`: what an arm's stage runs.
#[derive(Debug, clap::Args)]
pub struct RunArm {
    /// The stage's folder, with `order.json`
    folder: PathBuf,
}

impl RunArm {
    /// Runs it. An error is one of ours: how the arm went stands in `outcome.json`.
    pub fn run(self) -> io::Result<()> {
        Err(io::Error::other(format!("{}: not built yet", self.folder.display())))
    }
}
