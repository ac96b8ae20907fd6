//! Whose images are whose: `images.jsonl` in `<root>/state/docker`, one line an event, on the disk before the engine is
//! asked for what it tells of. Many processes write it. `prune` reads it.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

/// The file, within `<root>/state/docker`.
pub const FILE: &str = "images.jsonl";

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
    let mut file = File::options().read(true).append(true).create(true).mode(0o600).open(state.join(FILE))?;
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
        let pulled = Event::Pulled { reference: "a/b:c", id: "sha256:1", digest: None, bytes: 7, present: false };
        record(&state, at, Some("r"), Some("i"), &pulled).unwrap();
        record(&state, at, None, None, &Event::Removed { id: "sha256:1" }).unwrap();
        let text = fs::read_to_string(state.join(FILE)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let expected = [
            r#"{"at":"1970-01-01T00:00:00Z","run":"r","item":"i","event":"pulling","reference":"a/b:c","present":false}"#,
            r#"{"at":"1970"#,
            r#"{"at":"1970-01-01T00:00:00Z","run":"r","item":"i","event":"pulled","reference":"a/b:c","id":"sha256:1","digest":null,"bytes":7,"present":false}"#,
            r#"{"at":"1970-01-01T00:00:00Z","run":null,"item":null,"event":"removed","id":"sha256:1"}"#,
        ];
        assert_eq!(lines, expected);
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
}
