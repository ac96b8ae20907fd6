//! `<sha8>_{human,baseline,agent}_result.json`: what the three-way runner measured of one commit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::ArtifactError;
use super::document::{Document, Indent, python_json};
use super::plain::null_is_default;
use crate::domain::{
    ArmDetail, BenchKind, FailureClass, Flag, LostRound, Machine, Metric, PhaseSpan, Repair, Reused, Samples, Taint, Workload, is_measured,
    is_same_commit, short_sha,
};
use crate::host::files;

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
    /// What a run of ours knows beside; `None` in a file of ISO-Bench's own scripts, or where it makes no sense.
    #[serde(rename = "isobench_tui", deserialize_with = "sense")]
    pub ours: Option<Findings>,
}

fn sense<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Findings>, D::Error> {
    let found: Option<Value> = Option::deserialize(deserializer)?;
    Ok(found.and_then(|found| serde_json::from_value(found).ok()))
}

fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, f64>, D::Error> {
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

/// The key under which a result of ours holds more than the three-way runner would have written.
pub const OURS: &str = "isobench_tui";

/// Characters of what was printed that a result keeps: of a success, and of any other.
pub const RAW_TAIL: [usize; 2] = [5_000, 10_000];

/// What we know of an arm beside what the three-way runner would have written: the key [`OURS`] of a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// The run of ours.
    pub run: String,
    /// The item of it.
    pub item: String,
    /// Which try at the item, from 1.
    pub attempt: u32,
    /// Which measurement of this arm in it, from 1.
    pub round: u32,
    /// What was measured.
    pub kind: Option<BenchKind>,
    /// The model that was served.
    pub model_run: Option<String>,
    /// The image of its container; `None` where there was none.
    pub image: Option<ImageOf>,
    /// What it was measured with.
    pub workload: Option<Workload>,
    /// Digest of the command as it was run, overrides and repairs included, SHA-256 in hex.
    pub command: Option<String>,
    /// Repairs that were made before it was measured.
    pub repairs: Vec<Repair>,
    /// What is to be known of how it was measured.
    pub notes: Vec<String>,
    /// What casts doubt on the numbers.
    pub flags: Vec<Flag>,
    /// What on the machine tainted them.
    pub taints: Vec<Taint>,
    /// The phases with their times.
    pub phases: Vec<PhaseSpan>,
    /// Why it is no success; `None` for one.
    pub end: Option<BadEnd>,
    /// On what it was measured.
    pub machine: Option<Machine>,
    /// Where the numbers come from, where they were not measured in this attempt.
    pub reused: Option<Reused>,
    /// The good measurements whose medians the metrics are, where there are several.
    pub samples: Vec<Sample>,
    /// The measurement that failed after those; `None` where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostRound>,
    /// The relative spread of each number over them, in percent.
    pub noise: BTreeMap<String, f64>,
}

/// An image, as far as it decides what was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageOf {
    /// As it was named, with tag or digest.
    pub name: String,
    /// Its id, `sha256:…`: the digest of its configuration.
    pub id: Option<String>,
    /// The digest by which registries know it, `sha256:…`.
    pub digest: Option<String>,
}

/// Why a result is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadEnd {
    /// Its first cause.
    pub class: FailureClass,
    /// In a sentence.
    pub why: String,
}

/// One of several measurements of an arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// Which one, from 1.
    pub round: u32,
    /// Its numbers.
    pub metrics: serde_json::Map<String, Value>,
    /// Whether the machine was not itself meanwhile.
    pub tainted: bool,
}

/// A result that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The human's commit.
    pub human: &'a str,
    /// The parent commit.
    pub parent: &'a str,
    /// The model that was asked for.
    pub model: Option<&'a str>,
    /// `success`, `error` or `timeout`.
    pub status: &'a str,
    /// What went wrong.
    pub error: Option<&'a str>,
    /// Seconds.
    pub duration_s: f64,
    /// Its numbers.
    pub metrics: &'a [Metric],
    /// What the three-way runner's script would have said of it, a line a mark: kept whole.
    pub marks: &'a str,
    /// What was printed, without secrets; the end of it is kept.
    pub printed: &'a str,
    /// Local time, `YYYY-MM-DD HH:MM:SS`.
    pub timestamp: &'a str,
    /// What we know beside.
    pub ours: &'a Findings,
}

impl Findings {
    /// An arm with these numbers, as a result of ours tells it.
    pub fn detail(&self, metrics: Vec<Metric>, model: Option<String>, reused: Option<Reused>) -> ArmDetail {
        let n = u32::try_from(self.samples.len()).unwrap_or(u32::MAX);
        ArmDetail {
            metrics,
            kind: self.kind,
            model,
            model_run: self.model_run.clone(),
            workload: self.workload.clone(),
            flags: self.flags.clone(),
            taints: self.taints.clone(),
            repairs: self.repairs.clone(),
            phases: self.phases.clone(),
            image: self.image.as_ref().and_then(|image| image.digest.clone().or_else(|| image.id.clone())),
            notes: self.notes.clone(),
            samples: (n > 1).then(|| Samples { n, spread_pct: self.noise.clone() }),
            lost: self.lost.clone(),
            machine: self.machine.clone(),
            reused,
            ..ArmDetail::default()
        }
    }
}

impl ImageOf {
    /// Whether both are one image: by their ids, else by their digests. Of one without either nobody knows.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |one: &Option<String>, two: &Option<String>| one.as_ref().zip(two.as_ref()).map(|(one, two)| one == two);
        same(&self.id, &other.id).or_else(|| same(&self.digest, &other.digest)).unwrap_or(false)
    }
}

impl Written<'_> {
    /// The file's content, as Python writes it.
    pub fn text(&self) -> String {
        let most = RAW_TAIL.into_iter().nth(usize::from(self.status != "success")).unwrap_or_default();
        let most = most.saturating_sub(self.marks.chars().count());
        let skip = self.printed.chars().count().saturating_sub(most);
        let raw: String = self.marks.chars().chain(self.printed.chars().skip(skip)).collect();
        let whole = json!({
            "human_commit": short_sha(self.human),
            "human_commit_full": self.human,
            "parent_commit": self.parent,
            "model": self.model,
            "status": self.status,
            "error": self.error,
            "duration_s": self.duration_s,
            "metrics": numbers_of(self.metrics),
            "raw_output": raw,
            "timestamp": self.timestamp,
            OURS: self.ours,
        });
        python_json(&whole, Indent::Two)
    }
}

/// Changes what a result says under [`OURS`]; all else stays as it is.
pub fn change(path: &Path, change: impl FnOnce(&mut Findings)) -> Result<(), ArtifactError> {
    let read = ArmResult::read(path)?;
    let mut ours = read.ours.clone().unwrap_or_default();
    change(&mut ours);
    let mut whole = read.whole().as_object().cloned().unwrap_or_default();
    whole.insert(OURS.to_owned(), json!(ours));
    files::replace(path, python_json(&Value::Object(whole), Indent::Two).as_bytes()).map_err(ArtifactError::io("write", path))
}

/// Numbers by their names, in their order; of two of one name the first.
pub fn numbers_of(metrics: &[Metric]) -> serde_json::Map<String, Value> {
    let mut numbers = serde_json::Map::new();
    for metric in metrics {
        numbers.entry(&metric.name).or_insert_with(|| json!(metric.value));
    }
    numbers
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
