//! What is seen, on disk: a line a second, and roll-ups of 10 and 60 s.

use std::io;

use super::SamplerError;
use super::clock::Moment;
use super::keep::Keep;
use super::look::Seen;
use super::write::{Lines, last_moment};
use crate::telemetry::line::Encoder;
use crate::telemetry::rollup::Builder;
use crate::telemetry::{Bucket, Files, Header, Xid, read};

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
    /// What the driver reported while nothing could be written: it is told with the next sample.
    untold: Vec<Xid>,
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
        Ok(Self { seconds, keep, encoder: Encoder::default(), rolled: [tens?, minutes?], stretch: None, untold: Vec::new(), told: false })
    }

    /// Puts on record what was seen at a moment. Where there is no room it is dropped, and what comes after it begins a stretch.
    pub(super) fn add(&mut self, now: Moment, seen: &Seen) {
        self.untold.extend(&seen.xids);
        match self.add_second(now, seen) {
            Ok(()) => {
                self.told = false;
                self.untold.clear();
            }
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
            .is_some_and(|stretch| now.follows(stretch.last) && now.at - stretch.began < STRETCH_MS && stretch.header == seen.header)
            // whoever reads a file that somebody cut, or made anew, needs a header
            && self.seconds.is_as_left();
        let mut lines = String::new();
        if !goes_on {
            lines = self.encoder.header(now.at, &seen.header)?;
            lines.push('\n');
            self.stretch = Some(Stretch { began: now.at, last: now, header: seen.header.clone() });
        }
        lines.push_str(&self.encoder.sample(now.at, &seen.sample, &self.untold)?);
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;
    use crate::telemetry::line::{Decoder, Said};
    use crate::telemetry::{GpuFacts, GpuKey};

    /// The moments of headers, and of samples with what the driver reported.
    fn told(files: &Files) -> (Vec<i64>, Vec<(i64, Vec<Xid>)>) {
        let (mut decoder, mut headers, mut samples) = (Decoder::default(), Vec::new(), Vec::new());
        for line in fs::read_to_string(files.seconds()).unwrap().lines() {
            match decoder.take(line) {
                Some(Said::Header(t, _)) => headers.push(t),
                Some(Said::Sample(t, xids)) => samples.push((t, xids.to_vec())),
                None => {}
            }
        }
        (headers, samples)
    }

    fn seen() -> Seen {
        Seen { header: Header { v: 1, ..Header::default() }, sample: crate::telemetry::Sample::default(), xids: Vec::new() }
    }

    #[test]
    fn a_stretch_begins_after_a_gap_a_jump_ten_minutes_and_when_a_gpu_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path());
        let mut record = Record::open(&files).unwrap();
        let mut now = Moment { at: 1_795_300_000_000, up: 5_000 };
        let mut begun = vec![now.at];
        let mut add = |wall: i64, boot: i64, seen: &Seen| {
            now = Moment { at: now.at + wall, up: now.up + boot };
            record.add(now, seen);
            now.at
        };
        add(0, 0, &seen());
        add(1_000, 1_000, &seen());
        begun.push(add(90_000, 90_000, &seen()));
        begun.push(add(-3_600_000, 1_000, &seen()));
        let mut other = seen();
        other.header.gpus.insert(GpuKey { gpu: 0, mig: None }, GpuFacts::default());
        begun.push(add(1_000, 1_000, &other));
        (0..599).for_each(|_| _ = add(1_000, 1_000, &other));
        begun.push(add(1_000, 1_000, &other));
        add(1_000, 1_000, &other);
        let (headers, samples) = told(&files);
        assert_eq!((headers, samples.len()), (begun, 606));
    }

    #[test]
    fn what_the_driver_reported_while_nothing_could_be_written_is_told_later() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path());
        let mut record = Record::open(&files).unwrap();
        let xid = Xid { gpu: 3, code: 79 };
        let moment = |second: i64| Moment { at: second * 1_000, up: second * 1_000 };
        record.add(moment(1), &seen());
        // a folder in its place refuses it as a full disk does
        fs::remove_file(files.seconds()).unwrap();
        fs::create_dir(files.seconds()).unwrap();
        record.add(moment(2), &Seen { xids: vec![xid], ..seen() });
        record.add(moment(3), &seen());
        fs::remove_dir(files.seconds()).unwrap();
        record.add(moment(4), &seen());
        record.add(moment(5), &seen());
        assert_eq!(told(&files), (vec![4_000], vec![(4_000, vec![xid]), (5_000, Vec::new())]));
    }
}
