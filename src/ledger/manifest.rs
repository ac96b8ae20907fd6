//! `manifest.json`: what was resolved when the run was made. Written once.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LedgerError, RunFolder, regular};

/// Major version of the format of a run's folder. A reader refuses to write to a newer one.
pub const FORMAT: u32 = 1;

/// What a run was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Major version of the format.
    pub format: u32,
    /// Version of the program that made the run.
    #[serde(default)]
    pub version: String,
    /// When.
    #[serde(default)]
    pub created: Timestamp,
    /// Host name of the machine.
    #[serde(default)]
    pub host: String,
    /// The harness root.
    #[serde(default)]
    pub root: String,
    /// Timestamp folder of `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    #[serde(default)]
    pub harness_timestamp: String,
    /// The configuration as resolved, so that a resumed run goes on as it began.
    #[serde(default)]
    pub config: Value,
}

impl Manifest {
    /// Writes it, whole or not at all.
    pub fn write(&self, folder: &RunFolder) -> Result<(), LedgerError> {
        let path = folder.manifest();
        let text = serde_json::to_vec_pretty(self).map_err(|error| LedgerError::Damaged { path: path.clone(), why: error.to_string() })?;
        let side = path.with_extension("json.new");
        let mut file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&side)
            .map_err(LedgerError::io("create", &side))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(LedgerError::io("write", &side))?;
        fs::rename(&side, &path).map_err(LedgerError::io("rename to", &path))
    }

    /// Reads it for a writer; a newer format is an error of its own.
    pub fn read(folder: &RunFolder) -> Result<Self, LedgerError> {
        let manifest = Self::look(folder)?;
        if manifest.is_newer() {
            return Err(LedgerError::Newer { path: folder.manifest(), format: manifest.format, known: FORMAT });
        }
        Ok(manifest)
    }

    /// Reads it for a reader, who takes what a newer program wrote as far as it goes.
    pub fn look(folder: &RunFolder) -> Result<Self, LedgerError> {
        let path = folder.manifest();
        let text = regular::read(&path).map_err(LedgerError::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|error| LedgerError::Damaged { path, why: error.to_string() })
    }

    /// Whether a newer program wrote it, so that we may only read.
    pub const fn is_newer(&self) -> bool {
        self.format > FORMAT
    }
}
