//! The bytes of one file on their way to values, and what to say when they are wrong.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Value;
use serde_path_to_error::{Path as FieldPath, Segment, Track};
use serde_saphyr::options::DuplicateKeyPolicy;

use super::locate::{Locate, Step, dotted};
use super::value::{Repeats, Strict, twice};
use super::words::plain;
use super::yaml::{self, Node, as_usize};
use crate::artifact::ArtifactError;

/// A larger file is none of the harness's, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Reads a file of the harness's. A pipe or a device in its place is an error: reading one may never end.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let read = || {
        // opened without waiting for the other end of a pipe
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = File::options().read(true).custom_flags(nonblock).open(path)?;
        let there = file.metadata()?;
        if there.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if !there.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(there.len().min(LARGEST)).unwrap_or_default());
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other("it is larger than 64 MiB: no file of ISO-Bench's is"));
        }
        Ok(bytes)
    };
    read().map_err(ArtifactError::io("read", path))
}

/// Reads a text file of the harness's.
pub fn read_text(path: &Path) -> Result<String, ArtifactError> {
    String::from_utf8(read_bytes(path)?).map_err(|error| not_utf8(path, error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// The error about bytes that are no text, which start at `at`.
pub(in crate::artifact) fn not_utf8(path: &Path, bytes: &[u8], at: usize) -> ArtifactError {
    let before = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default());
    let (line, column) = end_of(&before);
    ArtifactError::Malformed { path: path.to_owned(), line, column, says: "the file is not UTF-8 here: save it as UTF-8".to_owned() }
}

/// Line and column, from 1, behind a text.
fn end_of(before: &str) -> (usize, usize) {
    (before.matches('\n').count() + 1, before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1)
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::artifact) enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Format {
    /// By the file's name: YAML for `.yaml` and `.yml`, JSON otherwise.
    pub(in crate::artifact) fn of(path: &Path) -> Self {
        let yaml = path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("yaml") || suffix.eq_ignore_ascii_case("yml"));
        if yaml { Self::Yaml } else { Self::Json }
    }
}

/// A file's text.
#[derive(Debug, Clone, Copy)]
pub(in crate::artifact) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    format: Format,
    /// Lines of the file before the text.
    skipped: usize,
}

/// A parser's error: what, where.
struct Wrong {
    says: String,
    place: Option<(usize, usize)>,
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        let says = error.to_string();
        let says = says.rsplit_once(" at line ").map_or(says.as_str(), |(says, _)| says);
        let hint = if error.is_eof() { "; the file ends in the middle: was it cut off while it was written?" } else { "" };
        Self { says: format!("{says}{hint}"), place: (error.line() > 0).then(|| (error.line(), error.column().max(1))) }
    }
}

impl From<serde_saphyr::Error> for Wrong {
    fn from(error: serde_saphyr::Error) -> Self {
        let place = error.location().map(|at| (as_usize(at.line()), as_usize(at.column())));
        if let serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } = error.without_snippet() {
            return Self { says: twice(key), place };
        }
        let says = error.without_snippet().to_string();
        // its own place and excerpt would stand beside ours
        let says = says.lines().next().unwrap_or_default();
        let says = says.split(" at line ").next().unwrap_or(says);
        Self { says: says.trim_start_matches("error: ").to_owned(), place: place.filter(|(line, _)| *line > 0) }
    }
}

impl<'a> Source<'a> {
    /// Checks that a file is text, and which.
    pub(in crate::artifact) fn new(path: &'a Path, bytes: &'a [u8], format: Format) -> Result<Self, ArtifactError> {
        let text = str::from_utf8(bytes).map_err(|error| not_utf8(path, bytes, error.valid_up_to()))?;
        let source = Self { path, text, format, skipped: 0 };
        if text.starts_with('\u{feff}') {
            return Err(
                source.malformed(&[], "the file starts with a byte order mark, which Python's readers refuse: save it as UTF-8 without it")
            );
        }
        if text.trim().is_empty() {
            return Err(source.malformed(&[], "the file is empty: was it cut off while it was written? make it again"));
        }
        Ok(source)
    }

    /// One line of a `.jsonl` file; `line` counts from 0.
    pub(in crate::artifact) const fn line(path: &'a Path, text: &'a str, line: usize) -> Self {
        Self { path, text, format: Format::Json, skipped: line }
    }

    /// All that the file holds, and the keys that stood in it twice.
    pub(in crate::artifact) fn value(&self, repeats: Repeats) -> Result<(Value, Vec<String>), ArtifactError> {
        if self.format == Format::Yaml
            && let Ok(node) = serde_saphyr::from_str_with_options::<Node>(self.text, yaml_options(repeats))
        {
            let mut repeated = Vec::new();
            let value = yaml::value(self.text, node, &mut Vec::new(), &mut repeated);
            let value = value.map_err(|(path, says, place)| self.wrong(&path, Wrong { says: says.to_owned(), place: Some(place) }));
            return value.map(|value| (value, repeated));
        }
        // once more where YAML is wrong: this one knows in which field
        let repeated = RefCell::new(Vec::new());
        match self.run(Strict { repeats, repeated: &repeated }) {
            Ok(value) => Ok((value, repeated.into_inner())),
            Err((path, wrong)) => Err(self.wrong(&path, wrong)),
        }
    }

    /// The fields that we know.
    pub(in crate::artifact) fn typed<T: DeserializeOwned>(&self, whole: &Value) -> Result<T, ArtifactError> {
        self.typed_below(whole, &[])
    }

    /// The fields that we know of a part of the file; `below` is the way to it.
    pub(in crate::artifact) fn typed_below<T: DeserializeOwned>(&self, part: &Value, below: &[Step]) -> Result<T, ArtifactError> {
        // the way to a wrong field is looked for only where there is one
        T::deserialize(part).map_err(|first| {
            let (inner, says) = match serde_path_to_error::deserialize::<_, T>(part) {
                Err(error) => (steps(error.path()), error.inner().to_string()),
                Ok(_) => (Vec::new(), first.to_string()),
            };
            let path = [below, inner.as_slice()].concat();
            self.malformed(&path, &plain(&says, part, &inner, self.format))
        })
    }

    /// An error about one field of the file.
    pub(in crate::artifact) fn malformed(&self, field: &[Step], says: &str) -> ArtifactError {
        let place = self.place_of(field);
        self.wrong(field, Wrong { says: says.to_owned(), place })
    }

    /// The line, from 1, of a field.
    pub(in crate::artifact) fn line_of(&self, field: &[Step]) -> usize {
        self.place_of(field).map_or(1, |(line, _)| line) + self.skipped
    }

    fn wrong(&self, field: &[Step], wrong: Wrong) -> ArtifactError {
        let (line, column) = wrong.place.unwrap_or((1, 1));
        let field = dotted(field);
        let says = if field.is_empty() { wrong.says } else { format!("{field}: {}", wrong.says) };
        ArtifactError::Malformed { path: self.path.to_owned(), line: line + self.skipped, column, says }
    }

    /// Where a field stands; where it is not there, what holds it.
    fn place_of(&self, field: &[Step]) -> Option<(usize, usize)> {
        if field.is_empty() {
            return None;
        }
        let locate = Locate { steps: field };
        match self.format {
            Format::Json => {
                locate.deserialize(&mut serde_json::Deserializer::from_str(self.text)).err().and_then(|error| Wrong::from(error).place)
            }
            Format::Yaml => {
                let found = serde_saphyr::with_deserializer_from_str_with_options(self.text, yaml_options(Repeats::LastCounts), |yaml| {
                    locate.deserialize(yaml)
                });
                found.err().and_then(|error| Wrong::from(error).place)
            }
        }
    }

    /// Reads the text; an error comes with the path of the field in which it happened.
    fn run(&self, seed: Strict<'_>) -> Result<Value, (Vec<Step>, Wrong)> {
        match self.format {
            Format::Json => {
                let once = || {
                    let mut json = serde_json::Deserializer::from_str(self.text);
                    let value = seed.deserialize(&mut json)?;
                    json.end()?;
                    Ok(value)
                };
                once().map_err(|error: serde_json::Error| {
                    let mut track = Track::new();
                    let mut json = serde_json::Deserializer::from_str(self.text);
                    let again = seed.deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
                    let path = if again.is_err() { steps(&track.path()) } else { Vec::new() };
                    (path, error.into())
                })
            }
            Format::Yaml => {
                let mut track = Track::new();
                let read = serde_saphyr::with_deserializer_from_str_with_options(self.text, yaml_options(seed.repeats), |yaml| {
                    seed.deserialize(serde_path_to_error::Deserializer::new(yaml, &mut track))
                });
                read.map_err(|error| (steps(&track.path()), error.into()))
            }
        }
    }
}

fn yaml_options(repeats: Repeats) -> serde_saphyr::Options {
    serde_saphyr::options! {
        // it knows the place of the second; those that may be there are handed on, and noted
        duplicate_keys: if repeats == Repeats::Refused { DuplicateKeyPolicy::Error } else { DuplicateKeyPolicy::LastWins },
        // `on` stays the word that a person wrote
        strict_booleans: true,
        // what stands there is looked at
        reject_non_finite_typeless_float: false,
        with_snippet: false,
    }
}

/// The path in our own steps, as far as it is known.
fn steps(path: &FieldPath) -> Vec<Step> {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(Step::At(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    };
    path.iter().map_while(step).collect()
}
