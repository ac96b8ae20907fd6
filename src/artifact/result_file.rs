//! `<sha8>_{human,baseline,agent}_result.json`: what the three-way runner measured of one commit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::ArtifactError;
use super::document::Document;
use super::plain::null_is_default;
use crate::domain::{is_measured, is_same_commit};

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
    /// Name and number; the unit is the end of the name. One that is null, or that nobody can have measured
    /// ([`is_measured`]), is not there.
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
    Ok(metrics
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, number)| Some((name, number?)))
        .filter(|(name, number)| is_measured(name, *number))
        .collect())
}

impl ArmResult {
    /// Reads a result.
    pub fn read(path: &Path) -> Result<Document<Self>, ArtifactError> {
        Document::read(path)
    }

    /// Whether it is of this human's commit, by all that it says of it; a result that says nothing of it is nobody's.
    pub fn is_of(&self, human: &str) -> bool {
        let full = self.human_commit_full.as_deref().unwrap_or_default();
        let said: Vec<&str> = [self.human_commit.as_str(), full].into_iter().filter(|sha| !sha.is_empty()).collect();
        !said.is_empty() && said.iter().all(|sha| is_same_commit(sha, human))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn result(text: &str) -> Document<ArmResult> {
        Document::parse(Path::new("result.json"), text.as_bytes()).unwrap()
    }

    #[test]
    fn what_nobody_can_measure_is_not_there() {
        let result = result(
            r#"{"metrics": {"latency_avg_ms": -5, "throughput_req_s": 0, "p99_ms": -0.0, "tpot_mean_ms": 0.0, "itl_p99_ms": 0, "a_ms": null, "b_ms": 1}}"#,
        );
        assert_eq!(result.metrics.keys().collect::<Vec<_>>(), ["b_ms", "itl_p99_ms", "tpot_mean_ms"]);
    }

    #[test]
    fn a_result_is_of_the_commit_that_it_names() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        assert!(result(r#"{"human_commit": "01234567"}"#).is_of(sha));
        assert!(result(&format!(r#"{{"human_commit": "01234567", "human_commit_full": "{sha}"}}"#)).is_of(sha));
        assert!(result(&format!(r#"{{"human_commit_full": "{sha}"}}"#)).is_of("0123456789"));
        for other in [
            r#"{"human_commit": "ffffffff"}"#,
            r#"{"human_commit": "01234567", "human_commit_full": "0123456700000000000000000000000000000000"}"#,
            r#"{"human_commit": "0"}"#,
            r#"{"human_commit": null}"#,
            "{}",
        ] {
            assert!(!result(other).is_of(sha), "{other}");
        }
    }
}
