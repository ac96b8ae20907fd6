//! Reading telemetry: all samples of a stretch of time, and the newest one as it comes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::chart::Latest;
use super::files::Files;
use super::line::{Decoder, Said};
use super::lines::{Enough, Lines, SET_BACK_MS};
use super::rollup::Bucket;
use super::sample::{Header, Sample, Xid};

/// Hands every one-second sample between two moments (in ms of Unix time, both inclusive) to `each`. Files that are not there
/// have no samples; lines that make no sense are passed over. It begins in the middle of a large file: at the header before.
pub fn between(files: &Files, from: i64, to: i64, mut each: impl FnMut(i64, &Header, &Sample, &[Xid])) -> io::Result<()> {
    // opened before it is looked what was packed: so nothing that is packed meanwhile is missed
    let seconds = Lines::open(&files.seconds())?;
    let mut from = from;
    for (_, last, path) in files.all_packed().into_iter().filter(move |(first, last, _)| *first <= to && *last >= from) {
        if let Some(lines) = Lines::open(&path)? {
            between_in(&lines, from, to, &mut each)?;
            // a sampler that died before it cut what it had packed left it twice
            from = from.max(last.saturating_add(1));
        }
    }
    seconds.map_or(Ok(()), |lines| between_in(&lines, from, to, &mut each))
}

fn between_in(lines: &Lines, from: i64, to: i64, each: &mut impl FnMut(i64, &Header, &Sample, &[Xid])) -> io::Result<()> {
    let start = lines.header_before(lines.seek(from)?)?;
    let mut decoder = Decoder::default();
    lines.read(start, |t, line| {
        if is_past(t, to) {
            return Enough::Yes;
        }
        let Some(t) = sampled(&mut decoder, line).filter(|t| (from..=to).contains(t)) else { return Enough::NotYet };
        if let (Some(header), Some(sample)) = (decoder.header(), decoder.sample()) {
            each(t, header, &sample, decoder.xids());
        }
        Enough::NotYet
    })?;
    Ok(())
}

/// Hands the roll-ups of a file that begin between two moments to `each`; `from` is inclusive, `to` is not.
pub(super) fn buckets(path: &Path, from: i64, to: i64, mut each: impl FnMut(Bucket)) -> io::Result<()> {
    let Some(lines) = Lines::open(path)? else { return Ok(()) };
    lines.read(lines.seek(from)?, |t, line| {
        if is_past(t, to) {
            return Enough::Yes;
        }
        if t.is_some_and(|t| (from..to).contains(&t))
            && let Ok(bucket) = serde_json::from_str(line)
        {
            each(bucket);
        }
        Enough::NotYet
    })?;
    Ok(())
}

/// The moments of the first and the last line of telemetry, roll-ups included, in ms of Unix time.
pub(super) fn reaches(files: &Files) -> io::Result<Option<(i64, i64)>> {
    let mut all: Option<(i64, i64)> = None;
    for path in [files.minutes(), files.tens(), files.seconds()] {
        let Some(lines) = Lines::open(&path)? else { continue };
        let (Some(first), Some(last)) = (lines.first()?, lines.last()?) else { continue };
        all = Some(all.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    }
    Ok(all)
}

/// The newest header at a moment, with its own; where that one is not kept any more, the first one after.
pub(super) fn header_at(files: &Files, at: i64) -> io::Result<Option<(i64, Header)>> {
    let Some(lines) = Lines::open(&files.seconds())? else { return Ok(None) };
    let mut decoder = Decoder::default();
    let mut found: Option<(i64, Header)> = None;
    lines.read(lines.header_before(lines.seek(at)?)?, |t, line| {
        if found.is_some() && t.is_some_and(|t| t > at) {
            return Enough::Yes;
        }
        if line.contains("\"header\"")
            && let Some(Said::Header(t, header)) = decoder.take(line)
        {
            found = Some((t, header.clone()));
        }
        Enough::NotYet
    })?;
    Ok(found)
}

/// The newest sample of files that nobody may write any more.
pub fn latest(files: &Files) -> io::Result<Option<Latest>> {
    let mut follow = Follow::new(files);
    follow.read_on(|_, _| {})?;
    Ok(follow.latest())
}

/// Whether a line is so late that none of what is wanted comes behind it.
fn is_past(t: Option<i64>, to: i64) -> bool {
    t.is_some_and(|t| t > to.saturating_add(SET_BACK_MS))
}

/// Takes a line; its moment, where it is a sample.
fn sampled(decoder: &mut Decoder, line: &str) -> Option<i64> {
    match decoder.take(line)? {
        Said::Sample(t, _) => Some(t),
        Said::Header(..) => None,
    }
}

/// Reads on in a file of seconds as it grows, from its last header on; also where it was rewritten meanwhile.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    lines: Option<Lines>,
    at: u64,
    decoder: Decoder,
    /// The moment of the newest sample.
    last: Option<i64>,
}

impl Follow {
    /// A reader of the newest samples of these files, which need not be there yet.
    pub fn new(files: &Files) -> Self {
        Self { path: files.seconds(), lines: None, at: 0, decoder: Decoder::default(), last: None }
    }

    /// Hands every new sample's moment to `each`, with what can be asked for the sample.
    pub fn read_on(&mut self, mut each: impl FnMut(i64, &Decoder)) -> io::Result<()> {
        let there = match fs::symlink_metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let is_same = self.lines.as_ref().is_some_and(|lines| lines.inode() == there.ino()) && there.len() >= self.at;
        if !is_same {
            self.lines = Lines::open(&self.path)?;
            self.decoder = Decoder::default();
            self.at = self.lines.as_ref().map_or(Ok(0), Lines::newest)?;
        }
        // of a file that was rewritten nothing is told twice
        let known = self.last.filter(|_| !is_same);
        let (Some(lines), decoder, last) = (&mut self.lines, &mut self.decoder, &mut self.last) else { return Ok(()) };
        lines.grow(there.len());
        self.at = lines.read(self.at, |_, line| {
            if let Some(t) = sampled(decoder, line).filter(|t| known.is_none_or(|known| *t > known)) {
                *last = Some(t);
                each(t, decoder);
            }
            Enough::NotYet
        })?;
        Ok(())
    }

    /// The newest sample.
    pub fn latest(&self) -> Option<Latest> {
        let at = Timestamp::from_millisecond(self.last?).ok()?;
        Some(Latest { at, sample: self.decoder.sample()?, header: self.decoder.header()?.clone() })
    }

    /// The moment of the newest sample, in ms of Unix time.
    pub const fn last(&self) -> Option<i64> {
        self.last
    }
}
