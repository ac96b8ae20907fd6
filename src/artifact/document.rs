//! Reading the harness's files: JSON and YAML into typed fields beside the whole file as it was found, so that what
//! we don't know survives. Stricter than Python where Python would silently take something else than was written.

mod locate;
mod python;
mod source;
mod value;
mod words;
mod yaml;

pub use locate::Step;
pub use python::{Indent, python_json};
pub(in crate::artifact) use source::{Format, Source, not_utf8};
pub use source::{read_bytes, read_text};
pub(in crate::artifact) use value::Repeats;

use std::ops::Deref;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ArtifactError;

/// A file's fields that we know, and all that it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<T> {
    typed: T,
    whole: Value,
}

impl<T: DeserializeOwned> Document<T> {
    /// Reads a file: YAML where its name ends in `.yaml` or `.yml`, JSON otherwise.
    pub fn read(path: &Path) -> Result<Self, ArtifactError> {
        Self::parse(path, &read_bytes(path)?)
    }

    /// Reads a file's bytes; `path` is for errors and tells YAML from JSON.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ArtifactError> {
        let source = Source::new(path, bytes, Format::of(path))?;
        Self::of(&source)
    }

    pub(in crate::artifact) fn of(source: &Source<'_>) -> Result<Self, ArtifactError> {
        let (whole, _) = source.value(Repeats::Refused)?;
        Ok(Self { typed: source.typed(&whole)?, whole })
    }
}

impl<T> Document<T> {
    /// All that the file holds, fields that we don't know included, in the file's order.
    pub const fn whole(&self) -> &Value {
        &self.whole
    }

    /// The fields that we know.
    pub const fn typed(&self) -> &T {
        &self.typed
    }
}

impl<T> Deref for Document<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.typed
    }
}
