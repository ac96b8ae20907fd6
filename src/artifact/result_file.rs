//! `<sha8>_{human,baseline,agent}_result.json`: what the three-way runner measured of one commit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::ArtifactError;
use super::document::Document;
use super::plain::null_is_default;

/// One arm's result.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ArmResult {
    /// The human's commit, eight characters.
    #[serde(deserialize_with = "null_is_default")]
    pub human_commit: String,
    /// The whole sha.
    pub human_commit_full: Option<String>,
    /// The parent commit.
    pub parent_commit: Option<String>,
    /// The model that was served.
    pub model: Option<String>,
    /// `success`, `error` or `timeout`.
    #[serde(deserialize_with = "null_is_default")]
    pub status: String,
    /// What went wrong; often not the root cause, which stands in `raw_output`.
    pub error: Option<String>,
    /// Seconds.
    pub duration_s: Option<f64>,
    /// Name and number; the unit is the end of the name. One that is null is not there.
    #[serde(deserialize_with = "numbers")]
    pub metrics: BTreeMap<String, f64>,
    /// The end of what was printed.
    #[serde(deserialize_with = "null_is_default")]
    pub raw_output: String,
    /// Local time, `YYYY-MM-DD HH:MM:SS`.
    pub timestamp: Option<String>,
}

fn numbers<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let metrics: Option<BTreeMap<String, Option<f64>>> = Option::deserialize(deserializer)?;
    Ok(metrics.unwrap_or_default().into_iter().filter_map(|(name, number)| Some((name, number?))).collect())
}

impl ArmResult {
    /// Reads a result.
    pub fn read(path: &Path) -> Result<Document<Self>, ArtifactError> {
        Document::read(path)
    }
}
