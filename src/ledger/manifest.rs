//! `manifest.json`: what was resolved when the run was made. Written once.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

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

    /// Reads it for a reader, who takes what a newer program wrote as far as it goes. Of a campaign that was copied or moved
    /// the root is where it lies now, and so are the paths below it.
    pub fn look(folder: &RunFolder) -> Result<Self, LedgerError> {
        let path = folder.manifest();
        let text = regular::read(&path).map_err(LedgerError::io("read", &path))?;
        let mut manifest: Self = serde_json::from_slice(&text).map_err(|error| LedgerError::Damaged { path, why: error.to_string() })?;
        manifest.follow(folder);
        Ok(manifest)
    }

    /// Takes the root of a run's folder that lies elsewhere than it was made.
    fn follow(&mut self, folder: &RunFolder) {
        let made = RunFolder::of(Path::new(&self.root), &folder.run_id());
        let place = |folder: &RunFolder| fs::metadata(folder.path()).ok().map(|found| (found.dev(), found.ino()));
        // `state` may be a link: the same folder has many paths
        if place(&made) == place(folder) {
            return;
        }
        let Some(root) = folder.root() else { return };
        rebase(&mut self.config, Path::new(&self.root), root);
        self.root = root.display().to_string();
    }

    /// Whether a newer program wrote it, so that we may only read.
    pub const fn is_newer(&self) -> bool {
        self.format > FORMAT
    }
}

/// Paths below the old root are below the new one, but for those that did not come along.
fn rebase(value: &mut Value, old: &Path, new: &Path) {
    match value {
        Value::String(text) => {
            let Ok(below) = Path::new(text.as_str()).strip_prefix(old) else { return };
            let moved = new.join(below);
            if moved.exists() || !Path::new(text.as_str()).exists() {
                *text = moved.display().to_string();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rebase(value, old, new)),
        Value::Object(values) => values.values_mut().for_each(|value| rebase(value, old, new)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
