//! What a program of `[judge] command` prints: one JSON object.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::soft::REASONS;
use crate::artifact::ArtifactError;
use crate::artifact::document::{Format, Repeats, Source, Step};
use crate::domain::{SoftVerdict, Target};

/// What a judge prints, as JSON Schema: `isobench-tui print judge-schema` shows it.
pub const SCHEMA: &str = include_str!("judge.schema.json");

/// How what it printed is called in sentences.
const OUTPUT: &str = "its output";

/// Our own form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    target: Word,
    #[serde(default)]
    approach: Option<String>,
    #[serde(default)]
    says: Option<String>,
    /// Anything: kept in `judge.json`, and not looked at.
    #[serde(default)]
    #[expect(dead_code, reason = "it is allowed to be there, that is all")]
    extra: Value,
}

/// The form of ISO-Bench's soft metrics; what else stands there is left alone.
#[derive(Debug, Deserialize)]
struct Quality {
    bottleneck_target: Part<Word>,
    #[serde(default)]
    approach_comparison: Option<Part<String>>,
}

#[derive(Debug, Deserialize)]
struct Part<T> {
    category: T,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

impl<T> Part<T> {
    fn reasons(&self) -> Option<String> {
        let said = REASONS.iter().find_map(|name| self.rest.get(*name)?.as_str());
        said.filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }
}

/// A target's word.
#[derive(Debug, Clone, Copy)]
struct Word(Target);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let words = Target::ALL.map(Target::name).join(", ");
        let unknown = || serde::de::Error::custom(format_args!("'{}' is no target: it may be {words}", word.escape_debug()));
        Target::from_name(&word).map(Self).ok_or_else(unknown)
    }
}

/// The verdict that a judge printed, by `by`, and all that it printed. Anything else than one verdict is an error, in a
/// sentence with its place.
pub fn judged(printed: &[u8], by: &str) -> Result<(SoftVerdict, Value), String> {
    if printed.iter().all(u8::is_ascii_whitespace) {
        return Err("it printed nothing: it must print one JSON object (`isobench-tui print judge-schema` shows its shape)".to_owned());
    }
    let says = |error: ArtifactError| error.to_string();
    let source = Source::new(Path::new(OUTPUT), printed, Format::Json).map_err(says)?;
    let (whole, _) = source.value(Repeats::Refused).map_err(says)?;
    let verdict = read(&source, &whole).map_err(says)?;
    Ok((SoftVerdict { by: by.to_owned(), ..verdict }, whole))
}

fn read(source: &Source<'_>, whole: &Value) -> Result<SoftVerdict, ArtifactError> {
    let by = String::new();
    let (below, part): (&[Step], _) = match whole.get("patch_quality") {
        Some(quality) => (&[Step::Key("patch_quality".to_owned())], quality),
        None => (&[], whole),
    };
    if !below.is_empty() || whole.get("bottleneck_target").is_some() {
        let quality: Quality = source.typed_below(part, below)?;
        let approach = quality.approach_comparison.as_ref();
        let says = quality.bottleneck_target.reasons().or_else(|| approach?.reasons());
        let approach = approach.map(|approach| approach.category.clone());
        return Ok(SoftVerdict { target: quality.bottleneck_target.category.0, approach, says, by });
    }
    let plain: Plain = source.typed(whole)?;
    Ok(SoftVerdict { target: plain.target.0, approach: plain.approach, says: plain.says, by })
}
