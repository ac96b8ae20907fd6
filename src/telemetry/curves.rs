//! Charts made of files, and kept up to date sample by sample.
//!
//! A column of 10 s or more is made of roll-ups; what has none yet, or lost its own, is made of the finer ones and of the
//! one-second lines. Shorter columns are made of these; where they were dropped, the roll-up of 10 s stands in every column of its time.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::chart::{Chart, Window};
use super::files::Files;
use super::read;
use super::rollup::{Bucket, Builder, GAP_MS};
use super::sample::{Header, Sample, Xid};

/// The time of the shorter roll-ups in ms.
const TEN_MS: i64 = 10_000;

/// That of the longer ones.
const MINUTE_MS: i64 = 60_000;

/// Columns that are kept beyond those of the window.
const KEPT: i64 = 1_000;

/// Makes charts of one or more folders. Where several know a column, the first one has it.
#[derive(Debug)]
pub struct Curves {
    sources: Vec<Source>,
}

/// The columns of a folder.
#[derive(Debug)]
struct Source {
    files: Files,
    /// The time of a column in ms.
    step_ms: i64,
    /// Made of its own lines, by the beginning.
    columns: BTreeMap<i64, Bucket>,
    /// Made of longer roll-ups than a column.
    coarse: BTreeMap<i64, Bucket>,
    /// The samples of the newest column.
    builder: Builder,
    /// The newest sample that was taken in.
    last: Option<i64>,
    /// The time that was read, in ms of Unix time; its end is missing where it is that of the files. `None`: nothing was.
    read: Option<(i64, Option<i64>)>,
    header: Option<(i64, Header)>,
    reaches: Option<(i64, i64)>,
}

impl Curves {
    /// Of these folders.
    pub fn new(folders: impl IntoIterator<Item = Files>) -> Self {
        Self { sources: folders.into_iter().map(Source::new).collect() }
    }

    /// The chart of a window. What was read before is not read again.
    pub fn chart(&mut self, window: Window) -> io::Result<Chart> {
        for source in &mut self.sources {
            source.read(window)?;
        }
        let mut rolled_ms = None;
        let mut xids: Vec<(i64, Xid)> = Vec::new();
        let columns: Vec<Option<Bucket>> = (0..i64::from(window.columns))
            .map(|at| {
                let begin = window.from_ms() + at * window.step_ms;
                let bucket = self.sources.iter().find_map(|source| {
                    let fine = source.column(begin);
                    let coarse = || source.coarse.get(&begin).cloned().inspect(|_| rolled_ms = Some(TEN_MS));
                    fine.or_else(coarse)
                })?;
                xids.extend(&bucket.xid);
                Some(bucket)
            })
            .collect();
        xids.retain(|(at, _)| window.column(*at).is_some());
        xids.sort_by_key(|(at, xid)| (*at, xid.gpu, xid.code));
        xids.dedup();
        let headers = self.sources.iter().filter_map(|source| source.header.as_ref());
        let header = headers.max_by_key(|(at, _)| (*at < window.to_ms, *at)).map(|(_, header)| header.clone());
        let reaches = self.sources.iter().filter_map(|source| source.reaches);
        let reaches = reaches.reduce(|(a, b), (first, last)| (a.min(first), b.max(last)));
        Ok(Chart { window, columns, xids, header, reaches, rolled_ms })
    }

    /// Takes a new sample of a folder, by its place among them. Says whether a column was completed by it.
    pub fn add(&mut self, folder: usize, t: i64, header: &Header, sample: &Sample, xids: &[Xid]) -> bool {
        self.sources.get_mut(folder).is_some_and(|source| source.add(t, header, sample, xids))
    }
}

impl Source {
    const fn new(files: Files) -> Self {
        Self {
            files,
            step_ms: 0,
            columns: BTreeMap::new(),
            coarse: BTreeMap::new(),
            builder: Builder::new(1),
            last: None,
            read: None,
            header: None,
            reaches: None,
        }
    }

    /// The column that begins at a moment, as far as it goes.
    fn column(&self, begin: i64) -> Option<Bucket> {
        let mut column = self.columns.get(&begin).cloned();
        if let Some(open) = self.builder.open().filter(|open| open.t == begin) {
            column.get_or_insert_with(|| Bucket { t: begin, ..Bucket::default() }).merge(open);
        }
        column
    }

    /// Sees to it that everything of a window is there.
    fn read(&mut self, window: Window) -> io::Result<()> {
        let (from, to) = (window.from_ms(), window.to_ms);
        let is_there = self.read.is_some_and(|(begin, end)| from >= begin && end.is_none_or(|end| to <= end));
        if is_there && self.step_ms == window.step_ms {
            self.forget(from - KEPT * window.step_ms);
            return Ok(());
        }
        self.step_ms = window.step_ms.max(1);
        self.columns.clear();
        self.coarse.clear();
        self.builder = Builder::new(self.step_ms);
        self.read = None;
        self.last = None;
        self.reaches = read::reaches(&self.files)?;
        self.header = read::header_at(&self.files, to)?;
        let is_open = self.reaches.is_none_or(|(_, last)| last < to);
        let end = if is_open { i64::MAX } else { to };
        let rolled = [(self.files.minutes(), MINUTE_MS), (self.files.tens(), TEN_MS)];
        let rolled: Vec<_> = rolled.into_iter().filter(|(_, length)| *length <= self.step_ms).collect();
        self.gather(&rolled, from, end)?;
        if rolled.is_empty() {
            self.fill(from, to)?;
        }
        if !is_open && let Some(bucket) = self.builder.end() {
            self.put(&bucket);
        }
        self.read = Some((from, Some(to).filter(|_| !is_open)));
        Ok(())
    }

    /// Reads a stretch of time: roll-ups, and where there are none the next finer ones.
    fn gather(&mut self, rolled: &[(PathBuf, i64)], from: i64, to: i64) -> io::Result<()> {
        let Some(((path, length), finer)) = rolled.split_first() else { return self.gather_seconds(from, to) };
        let mut found = Vec::new();
        read::buckets(path, from, to, |bucket| found.push(bucket))?;
        found.sort_by_key(|bucket| bucket.t);
        let mut at = from;
        for bucket in found {
            if at < bucket.t {
                self.gather(finer, at, bucket.t)?;
            }
            at = at.max(bucket.t.saturating_add(*length));
            self.put(&bucket);
        }
        if at < to { self.gather(finer, at, to) } else { Ok(()) }
    }

    fn gather_seconds(&mut self, from: i64, to: i64) -> io::Result<()> {
        if let Some(bucket) = self.builder.end() {
            self.put(&bucket);
        }
        let files = self.files.clone();
        read::between(&files, from.saturating_sub(GAP_MS), to.saturating_sub(1), |t, _, sample, xids| {
            if t < from {
                return self.builder.pass(t, sample);
            }
            if let Some(bucket) = self.builder.add(t, sample, xids) {
                self.put(&bucket);
            }
            self.last = Some(t);
        })
    }

    /// Where one-second lines were dropped, the roll-ups of 10 s stand for them.
    fn fill(&mut self, from: i64, to: i64) -> io::Result<()> {
        let (columns, coarse, open, step) = (&self.columns, &mut self.coarse, self.builder.open().map(|open| open.t), self.step_ms);
        read::buckets(&self.files.tens(), from.saturating_sub(TEN_MS - 1), to, |bucket| {
            let end = bucket.t.saturating_add(TEN_MS);
            let first = bucket.t.div_euclid(step) * step;
            if columns.range(first..end).next().is_some() || open.is_some_and(|open| (first..end).contains(&open)) {
                return;
            }
            let mut at = first;
            while at < end {
                coarse.entry(at).or_insert_with(|| bucket.clone());
                at += step;
            }
        })
    }

    fn put(&mut self, bucket: &Bucket) {
        let begin = bucket.t.div_euclid(self.step_ms) * self.step_ms;
        self.columns.entry(begin).or_insert_with(|| Bucket { t: begin, ..Bucket::default() }).merge(bucket);
    }

    fn add(&mut self, t: i64, header: &Header, sample: &Sample, xids: &[Xid]) -> bool {
        self.reaches = Some(self.reaches.map_or((t, t), |(first, last)| (first.min(t), last.max(t))));
        let Some((_, None)) = self.read else { return false };
        if self.header.as_ref().is_none_or(|(_, known)| known != header) {
            self.header = Some((t, header.clone()));
        }
        match self.last {
            // it was read from the file
            Some(last) if t == last => return false,
            // the clock was set back, or the reader lags behind: the files say it in order
            Some(last) if t < last => {
                self.read = None;
                return false;
            }
            _ => {}
        }
        self.last = Some(t);
        let completed = self.builder.add(t, sample, xids);
        if let Some(bucket) = &completed {
            self.put(bucket);
        }
        completed.is_some()
    }

    /// Drops columns that left the window long ago.
    fn forget(&mut self, before: i64) {
        if let Some((begin, None)) = &mut self.read
            && *begin < before
        {
            *begin = before;
            self.columns = self.columns.split_off(&before);
            self.coarse = self.coarse.split_off(&before);
        }
    }
}
