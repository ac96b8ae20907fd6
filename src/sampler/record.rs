//! What is seen, on disk: a line a second, and roll-ups of 10 and 60 s.

use std::io;

use super::SamplerError;
use super::clock::Moment;
use super::keep::Keep;
use super::look::Seen;
use super::write::{Lines, last_moment};
use crate::telemetry::line::Encoder;
use crate::telemetry::rollup::Builder;
use crate::telemetry::{Bucket, Files, Header, read};

/// A stretch is no longer than this, in ms: who begins to read in the middle finds its beginning soon.
const STRETCH_MS: i64 = 600_000;

/// The three files.
#[derive(Debug)]
pub(super) struct Record {
    seconds: Lines,
    keep: Keep,
    encoder: Encoder,
    rolled: [Rolled; 2],
    /// The stretch that is being written; `None` where the next sample begins one.
    stretch: Option<Stretch>,
    /// It was said that nothing can be written.
    told: bool,
}

#[derive(Debug)]
struct Stretch {
    began: i64,
    last: Moment,
    header: Header,
}

/// A file of roll-ups.
#[derive(Debug)]
struct Rolled {
    lines: Lines,
    builder: Builder,
}

impl Record {
    /// Goes on in the files of a folder. Buckets that a killed sampler left half full are made again of the one-second samples
    /// that it wrote.
    pub(super) fn open(files: &Files) -> Result<Self, SamplerError> {
        let open =
            |path: std::path::PathBuf| Lines::open(path.clone()).map_err(|source| SamplerError::File { doing: "open", path, source });
        let rolled = [(files.tens(), 10_000), (files.minutes(), 60_000)];
        let [tens, minutes] = rolled.map(|(path, length_ms)| {
            let from = last_moment(&path).map_or(i64::MIN, |last| last + length_ms);
            let mut rolled = Rolled { lines: open(path)?, builder: Builder::new(length_ms) };
            let read = read::between(files, from, i64::MAX, |t, _, sample, xid| {
                if let Some(bucket) = rolled.builder.add(t, sample, xid) {
                    rolled.write(&bucket);
                }
            });
            // then the bucket's `n` says that something is missing in it
            let _ = read.inspect_err(|error| eprintln!("isobench-tui: can't read what was sampled before: {error}"));
            Ok(rolled)
        });
        let seconds = open(files.seconds())?;
        let keep = Keep::new(files.clone(), Moment::now());
        Ok(Self { seconds, keep, encoder: Encoder::default(), rolled: [tens?, minutes?], stretch: None, told: false })
    }

    /// Puts on record what was seen at a moment. Where there is no room it is dropped, and what comes after it begins a stretch.
    pub(super) fn add(&mut self, now: Moment, seen: &Seen) {
        match self.add_second(now, seen) {
            Ok(()) => self.told = false,
            Err(error) => {
                self.stretch = None;
                if !std::mem::replace(&mut self.told, true) {
                    eprintln!(
                        "isobench-tui: can't append to {}: {error}; what is seen is dropped until it works",
                        self.seconds.path().display()
                    );
                }
            }
        }
        for rolled in &mut self.rolled {
            if let Some(bucket) = rolled.builder.add(now.at, &seen.sample, &seen.xids) {
                rolled.write(&bucket);
            }
        }
        self.keep.look(now, &mut self.seconds);
    }

    fn add_second(&mut self, now: Moment, seen: &Seen) -> io::Result<()> {
        let goes_on = self
            .stretch
            .as_ref()
            .is_some_and(|stretch| now.follows(stretch.last) && now.at - stretch.began < STRETCH_MS && stretch.header == seen.header);
        let mut lines = String::new();
        if !goes_on {
            lines = self.encoder.header(now.at, &seen.header)?;
            lines.push('\n');
            self.stretch = Some(Stretch { began: now.at, last: now, header: seen.header.clone() });
        }
        lines.push_str(&self.encoder.sample(now.at, &seen.sample, &seen.xids)?);
        if let Some(stretch) = &mut self.stretch {
            stretch.last = now;
        }
        self.seconds.append(&lines)
    }

    /// The buckets that are not full yet are written as they are: nobody may come to fill them.
    pub(super) fn close(&mut self) {
        for rolled in &mut self.rolled {
            if let Some(bucket) = rolled.builder.open().cloned() {
                rolled.write(&bucket);
            }
        }
    }
}

impl Rolled {
    fn write(&mut self, bucket: &Bucket) {
        // a full disk was told already, of the seconds
        let _ = serde_json::to_string(bucket).map_err(io::Error::other).and_then(|line| self.lines.append(&line));
    }
}
