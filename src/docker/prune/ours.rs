//! Which images are ours: `images.jsonl` of `<root>/state/docker`, one line an event, written as it happens.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::docker::ImageName;
use crate::host::files::{self, Links};

/// A longer file is none of ours, in bytes.
const LARGEST: u64 = 256 << 20;

/// What is known of the images that runs of ours pulled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ours {
    /// By id.
    images: HashMap<String, Pulled>,
    /// Ids of images that were there when we asked for them.
    were_here: Vec<String>,
    /// References whose pull never came to its end.
    cut_off: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pulled {
    run: Option<String>,
    references: Vec<String>,
}

/// Whose an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// A run of ours pulled it.
    Ours {
        /// The last that did.
        run: Option<String>,
        /// The names that we pulled it by.
        references: Vec<String>,
    },
    /// It was there when a run of ours asked for it.
    WasHere,
    /// A run of ours asked for its name, and was killed before it could say what came.
    CutOff,
    /// No run of ours ever asked for it.
    NotOurs,
}

#[derive(Debug, Default, Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    run: Option<String>,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    present: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Removed<'a> {
    at: Timestamp,
    run: Option<&'a str>,
    item: Option<&'a str>,
    event: &'static str,
    id: &'a str,
}

/// Where it is written.
pub(super) fn file(state: &Path) -> PathBuf {
    state.join("images.jsonl")
}

impl Ours {
    /// Reads what was written; no file is no image of ours.
    pub(super) fn read(state: &Path) -> io::Result<Self> {
        match files::read(&file(state), LARGEST, Links::Refused) {
            Ok(bytes) => Ok(Self::of(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// The same from the text. A line that can't be read makes nothing ours.
    pub(super) fn of(text: &str) -> Self {
        let mut ours = Self::default();
        // by reference: whether it had been there
        let mut asked: HashMap<String, bool> = HashMap::new();
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            match (line.event.as_str(), line.reference, line.id) {
                ("pulling", Some(reference), _) => {
                    asked.insert(reference, line.present.unwrap_or(true));
                }
                ("pulled", Some(reference), Some(id)) => {
                    let was_here = line.present.or(asked.remove(&reference)).unwrap_or(true);
                    asked.remove(&reference);
                    if let Some(known) = ours.images.get_mut(&id) {
                        known.run = line.run.or(known.run.take());
                        known.references.push(reference);
                    } else if was_here {
                        ours.were_here.push(id);
                    } else if !ours.were_here.contains(&id) {
                        ours.images.insert(id, Pulled { run: line.run, references: vec![reference] });
                    }
                }
                ("removed", _, Some(id)) => {
                    ours.images.remove(&id);
                    ours.were_here.retain(|known| *known != id);
                }
                _ => {}
            }
        }
        ours.cut_off = asked.into_iter().filter(|(_, was_here)| !was_here).map(|(reference, _)| reference).collect();
        ours
    }

    /// Whose an image is, by its id and its names.
    pub(super) fn whose(&self, id: &str, names: &[String]) -> Whose {
        if let Some(known) = self.images.get(id) {
            return Whose::Ours { run: known.run.clone(), references: known.references.clone() };
        }
        if self.were_here.iter().any(|known| known == id) {
            return Whose::WasHere;
        }
        let is_named = |reference: &String| ImageName::parse(reference).is_ok_and(|name| name.is_among(names, &[]));
        if self.cut_off.iter().any(is_named) { Whose::CutOff } else { Whose::NotOurs }
    }
}

/// Writes that an image of ours is gone: one line in one write, on the disk before this returns.
pub(super) fn removed(state: &Path, run: Option<&str>, item: Option<&str>, id: &str, at: Timestamp) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Removed { at, run, item, event: "removed", id })?;
    line.push(b'\n');
    let mut file = File::options().append(true).create(true).mode(0o600).open(file(state))?;
    file.write_all(&line)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Ours {
        Ours::of(&lines.join("\n"))
    }

    const ASKED: &str = r#"{"at":"2026-11-21T12:00:00Z","run":"r1","item":"i","event":"pulling","reference":"a/b:c","present":false}"#;
    const CAME: &str =
        r#"{"at":"2026-11-21T12:01:00Z","run":"r1","item":"i","event":"pulled","reference":"a/b:c","id":"sha256:1","bytes":7}"#;
    const THERE: &str = r#"{"at":"2026-11-21T12:00:00Z","run":"r1","item":"i","event":"pulling","reference":"a/b:c","present":true}"#;
    const GONE: &str = r#"{"at":"2026-11-21T12:02:00Z","event":"removed","id":"sha256:1"}"#;

    #[test]
    fn ours_is_what_we_pulled_and_had_not_been_there() {
        let whose = |lines: &[&str]| of(lines).whose("sha256:1", &["a/b:c".to_owned()]);
        let ours = Whose::Ours { run: Some("r1".to_owned()), references: vec!["a/b:c".to_owned()] };
        assert_eq!(whose(&[]), Whose::NotOurs);
        assert_eq!(whose(&[ASKED]), Whose::CutOff);
        assert_eq!(whose(&[ASKED, CAME]), ours);
        assert_eq!(whose(&[ASKED, "half a li", CAME]), ours);
        assert_eq!(whose(&[ASKED, CAME, GONE]), Whose::NotOurs);
        assert_eq!(whose(&[THERE, CAME]), Whose::WasHere);
        assert_eq!(whose(&[CAME]), Whose::WasHere, "who did not say that it was missing does not own it");
        assert_eq!(whose(&[THERE, CAME, ASKED, CAME]), Whose::WasHere, "it was never removed by us");
        assert!(matches!(whose(&[ASKED, CAME, THERE, CAME]), Whose::Ours { .. }), "ours stays ours when it is asked for again");
    }
}
