//! Whose images are whose: `images.jsonl` in `<root>/state/docker`, one line an event, on the disk before the engine is
//! asked for what it tells of. Many processes write it, and read it too.

use std::collections::{HashMap, HashSet};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ImageName;
use super::store::Image;
use crate::host::files::{self, Links};

/// The file, within `<root>/state/docker`.
pub const FILE: &str = "images.jsonl";

/// A longer file is none of ours, in bytes.
const LARGEST: u64 = 256 << 20;

/// What happened to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// The engine is about to be asked for it.
    Pulling {
        /// Its name.
        reference: &'a str,
        /// Whether it was there already.
        present: bool,
    },
    /// It came.
    Pulled {
        /// Its name.
        reference: &'a str,
        /// Its id.
        id: &'a str,
        /// Digest of its manifest.
        digest: Option<&'a str>,
        /// Compressed bytes that came.
        bytes: u64,
        /// Whether an image of this id had been there, or somebody else brought it: then it is not ours.
        present: bool,
        /// When we named it, as the engine says it since ([`Image::tagged`]). An image that somebody removes and pulls again has lost
        /// that. `None` where it can't be told so.
        #[serde(skip_serializing_if = "Option::is_none")]
        tagged: Option<&'a str>,
    },
    /// We removed it.
    Removed {
        /// Its id.
        id: &'a str,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    run: Option<&'a str>,
    item: Option<&'a str>,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

/// Writes one line in one write, and returns once it is on the disk. A line that somebody who was killed left torn is
/// ended first, so that ours can be read.
pub fn record(state: &Path, at: Timestamp, run: Option<&str>, item: Option<&str>, event: &Event<'_>) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(state)?;
    let mut file = files::open_to_add(&state.join(FILE))?;
    let mut line = Vec::new();
    if is_torn(&mut file)? {
        line.push(b'\n');
    }
    serde_json::to_writer(&mut line, &Line { at, run, item, event })?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// What is known of the images that runs of ours asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    /// By id.
    ours: HashMap<String, Ours>,
    /// Ids of images that were there when we asked for them.
    were_here: HashSet<String>,
    /// References whose pull never came to its end.
    cut_off: Vec<ImageName>,
}

/// An image that a run of ours pulled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ours {
    /// The run that asked for it last.
    pub run: Option<String>,
    /// The item that it did so for.
    pub item: Option<String>,
    /// Since when it is there.
    pub since: Option<Timestamp>,
    /// The names that we pulled it by.
    pub references: Vec<String>,
    tagged: Option<String>,
}

/// Whose an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose<'a> {
    /// A run of ours pulled it.
    Ours(&'a Ours),
    /// One did, and since then somebody else named it, or removed it and brought it again: it is his.
    Taken(&'a Ours),
    /// It was there when a run of ours asked for it.
    WasHere,
    /// A run of ours asked for its name, and was killed before it could say what came.
    CutOff,
    /// No run of ours ever asked for it.
    NotOurs,
}

/// A line, as any version of us or a torn write left it.
#[derive(Debug, Deserialize)]
struct Told {
    event: String,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    run: Option<String>,
    #[serde(default)]
    item: Option<String>,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    present: Option<bool>,
    #[serde(default)]
    tagged: Option<String>,
}

impl Owners {
    /// Reads what was written; no file is no image of ours.
    pub fn read(state: &Path) -> io::Result<Self> {
        match files::read(&state.join(FILE), LARGEST, Links::Refused) {
            Ok(bytes) => Ok(Self::of(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// The same from the text. A line that can't be read, or tells of what we do not know, makes nothing ours.
    pub fn of(text: &[u8]) -> Self {
        let mut owners = Self::default();
        // by reference: whether it had been there
        let mut asked: HashMap<String, bool> = HashMap::new();
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Told>(line).ok()) {
            match (line.event.as_str(), &line.reference, &line.id) {
                ("pulling", Some(reference), _) => drop(asked.insert(reference.clone(), line.present.unwrap_or(true))),
                ("pulled", Some(reference), Some(_)) => {
                    let asked = asked.remove(reference);
                    let was_here = line.present.or(asked).unwrap_or(true);
                    owners.pulled(line, was_here);
                }
                ("removed", _, Some(id)) => {
                    owners.ours.remove(id);
                    owners.were_here.remove(id);
                }
                _ => {}
            }
        }
        let cut_off = asked.into_iter().filter(|(_, was_here)| !was_here);
        owners.cut_off = cut_off.filter_map(|(reference, _)| ImageName::parse(&reference).ok()).collect();
        owners
    }

    fn pulled(&mut self, line: Told, was_here: bool) {
        let (Some(id), Some(reference)) = (line.id, line.reference) else { return };
        if was_here {
            match self.ours.get_mut(&id) {
                // another name of what is ours
                Some(known) => {
                    (known.run, known.item) = (line.run.or(known.run.take()), line.item.or(known.item.take()));
                    known.references.push(reference);
                }
                None => drop(self.were_here.insert(id)),
            }
        } else if line.tagged.is_some() || !self.were_here.contains(&id) {
            // where it can't be told from what had been there, it is not ours
            self.were_here.remove(&id);
            let mut references = self.ours.remove(&id).map(|known| known.references).unwrap_or_default();
            references.push(reference);
            self.ours.insert(id, Ours { run: line.run, item: line.item, since: line.at, references, tagged: line.tagged });
        }
    }

    /// Whose an image is.
    pub fn whose(&self, image: &Image) -> Whose<'_> {
        if let Some(known) = self.ours.get(&image.id) {
            return if known.is_as_pulled(image.tagged.as_deref()) { Whose::Ours(known) } else { Whose::Taken(known) };
        }
        if self.were_here.contains(&image.id) {
            return Whose::WasHere;
        }
        if self.cut_off.iter().any(|name| name.is_among(&image.names, &[])) { Whose::CutOff } else { Whose::NotOurs }
    }

    /// Whether the image of this id is ours, where the engine says now that it was `tagged` then.
    pub fn is_ours(&self, id: &str, tagged: Option<&str>) -> bool {
        self.ours.get(id).is_some_and(|known| known.is_as_pulled(tagged))
    }
}

impl Ours {
    fn is_as_pulled(&self, tagged: Option<&str>) -> bool {
        self.tagged.is_none() || self.tagged.as_deref() == tagged
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_is_as_others_read_it_and_stands_behind_a_torn_one() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state/docker");
        let at = Timestamp::UNIX_EPOCH;
        record(&state, at, Some("r"), Some("i"), &Event::Pulling { reference: "a/b:c", present: false }).unwrap();
        let mut torn = File::options().append(true).open(state.join(FILE)).unwrap();
        torn.write_all(br#"{"at":"1970"#).unwrap();
        let pulled = Event::Pulled { reference: "a/b:c", id: "sha256:1", digest: None, bytes: 7, present: false, tagged: Some("t") };
        record(&state, at, Some("r"), Some("i"), &pulled).unwrap();
        record(&state, at, None, None, &Event::Removed { id: "sha256:1" }).unwrap();
        let text = fs::read_to_string(state.join(FILE)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let expected = [
            r#"{"at":"1970-01-01T00:00:00Z","run":"r","item":"i","event":"pulling","reference":"a/b:c","present":false}"#,
            r#"{"at":"1970"#,
            r#"{"at":"1970-01-01T00:00:00Z","run":"r","item":"i","event":"pulled","reference":"a/b:c","id":"sha256:1","digest":null,"bytes":7,"present":false,"tagged":"t"}"#,
            r#"{"at":"1970-01-01T00:00:00Z","run":null,"item":null,"event":"removed","id":"sha256:1"}"#,
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_link_in_the_files_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, others) = (folder.path().join(FILE), folder.path().join("others"));
        let event = Event::Removed { id: "sha256:1" };
        for target in ["others", "missing"] {
            fs::write(&others, "theirs").unwrap();
            std::os::unix::fs::symlink(target, &file).unwrap();
            let error = record(folder.path(), Timestamp::UNIX_EPOCH, None, None, &event).unwrap_err();
            assert!(error.to_string().contains("it is a link"), "{error}");
            assert_eq!(fs::read_to_string(&others).unwrap(), "theirs");
            assert!(!folder.path().join("missing").exists());
            fs::remove_file(&file).unwrap();
        }
        record(folder.path(), Timestamp::UNIX_EPOCH, None, None, &event).unwrap();
    }

    #[test]
    fn writers_at_the_same_time_tear_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        let write = |writer: usize| {
            for n in 0..40 {
                let reference = format!("a/{writer}:{n}");
                record(state, Timestamp::UNIX_EPOCH, None, None, &Event::Pulling { reference: &reference, present: false }).unwrap();
            }
        };
        std::thread::scope(|scope| {
            for writer in 0..4 {
                scope.spawn(move || write(writer));
            }
        });
        let text = fs::read_to_string(state.join(FILE)).unwrap();
        let read = text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert_eq!(read.count(), 160);
    }

    const ASKED: &str = r#"{"at":"2026-11-21T12:00:00Z","run":"r1","item":"i","event":"pulling","reference":"a/b:c","present":false}"#;
    const CAME: &str =
        r#"{"at":"2026-11-21T12:01:00Z","run":"r1","item":"i","event":"pulled","reference":"a/b:c","id":"sha256:1","bytes":7}"#;
    const NAMED: &str = r#"{"at":"2026-11-21T12:01:00Z","run":"r1","item":"i","event":"pulled","reference":"a/b:c","id":"sha256:1","bytes":7,"present":false,"tagged":"t1"}"#;
    const THERE: &str = r#"{"at":"2026-11-21T12:00:00Z","run":"r1","item":"i","event":"pulling","reference":"a/b:c","present":true}"#;
    const GONE: &str = r#"{"at":"2026-11-21T12:02:00Z","event":"removed","id":"sha256:1"}"#;

    fn whose(lines: &[&str], tagged: Option<&str>) -> &'static str {
        let image =
            Image { id: "sha256:1".to_owned(), names: vec!["a/b:c".to_owned()], tagged: tagged.map(str::to_owned), ..Image::default() };
        let owners = Owners::of(lines.join("\n").as_bytes());
        match owners.whose(&image) {
            Whose::Ours(ours) => {
                let since = "2026-11-21T12:01:00Z".parse().unwrap();
                assert_eq!((ours.run.as_deref(), ours.item.as_deref(), ours.since), (Some("r1"), Some("i"), Some(since)));
                assert!(ours.references.iter().all(|name| name == "a/b:c"));
                assert!(owners.is_ours(&image.id, tagged));
                "ours"
            }
            Whose::Taken(_) => "taken",
            Whose::WasHere => "was here",
            Whose::CutOff => "cut off",
            Whose::NotOurs => "not ours",
        }
    }

    #[test]
    fn ours_is_what_we_pulled_and_had_not_been_there() {
        let whose = |lines: &[&str]| whose(lines, None);
        assert_eq!(whose(&[]), "not ours");
        assert_eq!(whose(&[ASKED]), "cut off");
        assert_eq!(whose(&[ASKED, CAME]), "ours");
        assert_eq!(whose(&[ASKED, "half a li", CAME]), "ours");
        assert_eq!(whose(&[ASKED, r#"{"event":"moved","id":"sha256:1"}"#, CAME, "{\"event\":\"remo"]), "ours");
        assert_eq!(whose(&[ASKED, CAME, GONE]), "not ours");
        assert_eq!(whose(&[THERE, CAME]), "was here");
        assert_eq!(whose(&[CAME]), "was here", "who did not say that it was missing does not own it");
        assert_eq!(whose(&[THERE, CAME, ASKED, CAME]), "was here", "it was never removed by us");
        assert_eq!(whose(&[ASKED, CAME, THERE, CAME]), "ours", "it stays ours when it is asked for again");
    }

    #[test]
    fn what_somebody_removed_and_pulled_again_is_his() {
        assert_eq!(whose(&[ASKED, NAMED], Some("t1")), "ours");
        assert_eq!(whose(&[ASKED, NAMED], None), "taken", "a pull names nothing");
        assert_eq!(whose(&[ASKED, NAMED], Some("t2")), "taken");
        assert_eq!(whose(&[ASKED, NAMED, THERE, CAME], Some("t1")), "ours");
        assert_eq!(whose(&[ASKED, NAMED, THERE, CAME], None), "taken");
        let again = NAMED.replace("t1", "t2");
        assert_eq!(whose(&[ASKED, NAMED, ASKED, &again], Some("t2")), "ours", "removed by hand, and pulled by us");
        assert_eq!(whose(&[ASKED, NAMED, ASKED, &again], Some("t1")), "taken");
        assert_eq!(whose(&[THERE, CAME, ASKED, NAMED], Some("t1")), "ours");
        assert_eq!(whose(&[THERE, CAME, ASKED, NAMED], None), "taken");
    }
}
