//! Result files: of the three-way runner, of the Modal runner, of old baseline runs. Each becomes one record an arm.

mod forms;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Problem;
use super::bytes::{LARGEST, Scratch};
use super::walk::Shape;
use crate::artifact::result_file::Findings;
use crate::domain::Arm;
use crate::host::gzip;
use crate::text::clean;

/// What a file says of one arm.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) file: PathBuf,
    pub(super) arm: Arm,
    /// Whether the three-way runner wrote it, whose ways are known.
    pub(super) is_three_way: bool,
    /// The human's commit as written, short and whole.
    pub(super) commit: String,
    pub(super) full: String,
    pub(super) parent: String,
    pub(super) model: Option<String>,
    /// `success`, `error`, `timeout`.
    pub(super) status: String,
    pub(super) error: Option<String>,
    pub(super) duration_s: Option<f64>,
    /// Name and number as they stand in the file.
    pub(super) metrics: Vec<(String, f64)>,
    pub(super) raw: String,
    /// Local time, `YYYY-MM-DD HH:MM:SS`, or seconds since the epoch.
    pub(super) timestamp: Option<String>,
    /// The command, where the file holds it.
    pub(super) command: Option<String>,
    /// The repository, where the file holds it.
    pub(super) repo: Option<String>,
    /// What the run of ours that wrote it knows beside.
    pub(super) ours: Option<Findings>,
}

/// Reads one file.
pub(super) fn read((path, shape): &(PathBuf, Shape), scratch: &mut Scratch) -> Result<Vec<Record>, Problem> {
    let problem = |says: String| Problem { path: path.clone(), says };
    let (bytes, _) = scratch.read(path).map_err(|error| problem(format!("can't be read: {error}")))?;
    let unpacked = if gzip::is_packed(bytes) {
        Some(gzip::unpack(bytes, LARGEST).map_err(|error| problem(format!("can't be unpacked: {error}")))?)
    } else {
        None
    };
    let whole = parse(unpacked.as_deref().unwrap_or(bytes)).map_err(|error| problem(format!("is no JSON: {error}")))?;
    let records = forms::records(path, *shape, &whole);
    if records.is_empty() { Err(problem("holds no result of a benchmark that we know".to_owned())) } else { Ok(records) }
}

/// JSON as Python writes it: with a mark at its beginning, `NaN`, `Infinity`.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    serde_json::from_slice(bytes).or_else(|error| serde_json::from_slice(&crate::agent::repaired(bytes)).map_err(|_second| error))
}

/// A field that is text.
fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned).filter(|text| !text.trim().is_empty())
}

/// The same for a place within a line.
fn line(value: &Value, name: &str) -> Option<String> {
    text(value, name).map(|text| clean::line(&text)).filter(|text| !text.is_empty())
}

/// A commit by a file's name: `<sha8>_agent_result.json`.
fn named(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let sha: String = name.chars().take_while(char::is_ascii_hexdigit).collect();
    (sha.len() >= 7).then_some(sha)
}
