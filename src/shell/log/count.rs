//! Counting the lines of files that hold something, a slice at a time. What a file grows by is counted as it comes.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::indent::laid_out;
use super::search::{lines_in, slice_from};
use crate::host::files::{self, Links};
use crate::host::paged::Paged;
use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::ui::log::{Count, Source};

/// How often files that were counted are looked at again.
const AGAIN: Duration = Duration::from_secs(1);

/// How often counts are told while they grow.
const TELL: Duration = Duration::from_millis(150);

/// Files, and how far each is counted.
#[derive(Debug)]
pub(super) struct Counting {
    pattern: Pattern,
    files: Vec<Counted>,
    looked: Option<Instant>,
    told: Option<Instant>,
    said: Vec<(Source, Count)>,
}

/// How far a file is counted.
#[derive(Debug)]
struct Counted {
    source: Source,
    at: u64,
    lines: u64,
    seen: Option<(u64, Option<SystemTime>)>,
    count: Count,
}

impl Counting {
    pub(super) fn new(pattern: Pattern, sources: &[Source]) -> Self {
        let file = |source: &Source| Counted { source: source.clone(), at: 0, lines: 0, seen: None, count: Count::Counting(0) };
        Self { pattern, files: sources.iter().map(file).collect(), looked: None, told: None, said: Vec::new() }
    }

    /// Whether this is what is counted.
    pub(super) fn is_of(&self, pattern: &Pattern, sources: &[Source]) -> bool {
        self.pattern == *pattern && self.files.iter().map(|file| &file.source).eq(sources)
    }

    /// Whether all files are counted to their ends.
    pub(super) fn is_done(&self) -> bool {
        self.files.iter().all(|file| !matches!(file.count, Count::Counting(_)))
    }

    /// Counts a slice of the first file that is not done; the counts, where they changed and are due.
    pub(super) fn go_on(&mut self, path: impl Fn(&Source) -> PathBuf, masker: &Masker) -> Option<Vec<(Source, Count)>> {
        let is_due = self.looked.is_none_or(|at| at.elapsed() >= AGAIN);
        match self.files.iter_mut().find(|file| matches!(file.count, Count::Counting(_))) {
            Some(file) => file.go_on(&path(&file.source), &self.pattern, masker),
            None if is_due => {
                self.looked = Some(Instant::now());
                self.files.iter_mut().for_each(|file| file.look(&path(&file.source)));
            }
            None => {}
        }
        let counts: Vec<(Source, Count)> = self.files.iter().map(|file| (file.source.clone(), file.count)).collect();
        let is_quiet = !self.is_done() && self.told.is_some_and(|at| at.elapsed() < TELL);
        if is_quiet || counts == self.said {
            return None;
        }
        self.told = Some(Instant::now());
        self.said.clone_from(&counts);
        Some(counts)
    }
}

impl Counted {
    /// Whether the file changed since it was counted, in which case there is more to count.
    fn look(&mut self, path: &Path) {
        let there = path.symlink_metadata().ok().map(|there| (there.len(), there.modified().ok()));
        if there == self.seen {
            return;
        }
        let grew = there.zip(self.seen).is_some_and(|((now, _), (before, _))| now >= before) && !self.source.begins_at_top();
        if !grew {
            (self.at, self.lines) = (0, 0);
        }
        self.count = Count::Counting(self.lines);
    }

    fn go_on(&mut self, path: &Path, pattern: &Pattern, masker: &Masker) {
        self.count = match self.slice(path, pattern, masker) {
            Ok(true) => Count::All(self.lines),
            Ok(false) => Count::Counting(self.lines),
            Err(_) => Count::NoFile,
        };
    }

    /// The next slice; whether it was the last one.
    fn slice(&mut self, path: &Path, pattern: &Pattern, masker: &Masker) -> io::Result<bool> {
        self.seen = path.symlink_metadata().ok().map(|there| (there.len(), there.modified().ok()));
        let (file, there) = files::open(path, Links::Refused)?;
        let (file, len) = laid_out(file, there.len(), &self.source, None, masker)?;
        let mut pages = Paged::new(&file, len);
        let Some(slice) = slice_from(&mut pages, self.at)? else { return Ok(true) };
        let end = slice.end;
        let lines = &mut self.lines;
        lines_in(&mut pages, slice, pattern, masker, |_| {
            *lines += 1;
            ControlFlow::Continue(())
        })?;
        self.at = end;
        Ok(end >= len)
    }
}
