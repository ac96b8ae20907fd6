//! `manifest.json`: what was resolved when the run was made. Written once.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LedgerError, RunFolder};

/// Major version of the format of a run's folder. A reader refuses to write to a newer one.
pub const FORMAT: u32 = 1;

/// What a run was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Major version of the format.
    pub format: u32,
    /// Version of the program that made the run.
    pub version: String,
    /// When.
    pub created: Timestamp,
    /// Host name of the machine.
    pub host: String,
    /// The harness root.
    pub root: String,
    /// Timestamp folder of `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    pub harness_timestamp: String,
    /// The configuration as resolved, so that a resumed run goes on as it began.
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

    /// Reads it; a newer format is an error of its own.
    pub fn read(folder: &RunFolder) -> Result<Self, LedgerError> {
        let path = folder.manifest();
        let text = fs::read(&path).map_err(LedgerError::io("read", &path))?;
        let damaged = |error: serde_json::Error| LedgerError::Damaged { path: path.clone(), why: error.to_string() };
        let value: Value = serde_json::from_slice(&text).map_err(damaged)?;
        let format = value.get("format").and_then(Value::as_u64).unwrap_or_default();
        if format > u64::from(FORMAT) {
            return Err(LedgerError::Newer { path, format: u32::try_from(format).unwrap_or(u32::MAX), known: FORMAT });
        }
        serde_json::from_value(value).map_err(damaged)
    }
}
