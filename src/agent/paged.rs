//! A transcript that is too large to be kept: where its steps begin is found by a light look at each line, and the steps
//! themselves are read where somebody looks, by the format's own reader.
//!
//! What is a step is what the whole reader says, with three differences that only show in files of this size:
//! - A file may hold several transcripts, one behind the other: where its first line comes again, byte for byte, another
//!   one begins, which is read for itself. (The whole reader takes all of it for one transcript, in which ids that come
//!   again are the same message, line or call: of a transcript that was repeated it shows the steps once, and counts the
//!   rest as nothing.)
//! - Of a window of steps the answers are looked for in the window, and for [`BEHIND`] behind it: what comes later is not
//!   shown. A subagent whose call is known only further on is called by its own name.
//! - A line that begins and ends like an object is taken for one: what is not can be a step without anything in it.
//!
//! Files packed by gzip can't be read from the middle, and are not read so.

mod fold;
mod grow;
mod hunt;
mod index;
mod scan;
mod skim;
mod tree;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use memchr::memchr;

use super::Live;
use super::live::look_at;
use super::open::Format;
use super::open::sniff::{Found, Shape, plain_start};
use super::reader::Reader;
use crate::domain::Step;
use crate::host::files::{Links, open};
use crate::host::gzip;
pub use grow::Grown;
pub use index::Index;
use index::{Part, Reached};
use scan::Lines;

/// A file of lines that is larger than this is read by pages, in bytes: 32 MiB. A smaller one is read whole at once.
pub const LARGE: u64 = 32 << 20;

/// Bytes from which the format is told.
const HEAD: u64 = 1 << 20;

/// The longest first line that is known again, in bytes.
const LONGEST_FIRST: u64 = 64 << 10;

/// Steps before those that are wanted, which are read for what belongs to them.
const LEAD: usize = 32;

/// Steps that are read together where all are, and their bytes.
const SOME: usize = 1024;
const SOME_BYTES: u64 = 8 << 20;

/// Bytes behind the steps that are wanted in which answers are looked for.
const BEHIND: u64 = 512 << 10;

/// A large file of lines, as long as it was when it was opened.
#[derive(Debug)]
pub struct Paged {
    file: File,
    len: u64,
    changed: SystemTime,
    format: Format,
    /// The first line; empty where it is too long to be known again.
    first: Vec<u8>,
    /// Where the steps begin, once somebody looked.
    known: Mutex<Option<Arc<Index>>>,
    /// Bytes that were looked at for that.
    looked: AtomicU64,
    /// How far that look got, for a file that grows.
    reached: Mutex<Option<Reached>>,
    /// The file itself, whatever it is called.
    id: (u64, u64),
}

/// The beginning or the end of a file, which can be shown at once.
#[derive(Debug, Default)]
pub struct Edge {
    /// Its steps. Of those at the end the numbers mean nothing.
    pub steps: Vec<Step>,
    /// The model, and what the agent was asked, where it is told here.
    pub model: Option<String>,
    /// See `model`.
    pub task: Option<String>,
    /// The first time that is told here.
    pub started_at: Option<Timestamp>,
    /// The last one.
    pub last_at: Option<Timestamp>,
    /// Who is to move after it.
    pub state: Option<Live>,
}

impl Paged {
    /// Opens a file of lines of more than `least` bytes. `None`: it is smaller, packed, or of a format whose files are
    /// read whole.
    pub fn open(path: &Path, least: u64) -> io::Result<Option<Self>> {
        let (file, there) = open(path, Links::Followed)?;
        if there.len() <= least {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        scan::read(&file, &mut bytes, 0, there.len().min(LONGEST_FIRST))?;
        if gzip::is_packed(&bytes) {
            return Ok(None);
        }
        let Found::Is(format, Shape::Lines) = look_at(path, HEAD)? else { return Ok(None) };
        if !skim::can(format) {
            return Ok(None);
        }
        // events of OpenHands may be written over several lines, among other text
        let is_joined = |line: &[u8]| matches!(line, b"{" | b"{\r");
        if format == Format::OpenhandsV1 && bytes.split(|byte| *byte == b'\n').any(is_joined) {
            return Ok(None);
        }
        bytes.truncate(memchr(b'\n', &bytes).unwrap_or_default());
        if format == Format::OpenhandsV1 && !plain_start(&bytes).starts_with(b"{") {
            // a line of other text may come again in one transcript
            bytes.clear();
        }
        Ok(Some(Self {
            file,
            len: there.len(),
            changed: there.modified()?,
            format,
            first: bytes,
            known: Mutex::default(),
            looked: AtomicU64::new(0),
            reached: Mutex::default(),
            id: (there.dev(), there.ino()),
        }))
    }

    /// Bytes of the file.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When it was last written.
    pub const fn changed(&self) -> SystemTime {
        self.changed
    }

    /// How it is written.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Where the steps begin: they are looked for once, whoever asks; others wait. `None`: it was not wanted any more.
    pub fn indexed(&self, goes_on: impl Fn() -> bool) -> io::Result<Option<Arc<Index>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            let begun = reached.take().unwrap_or_else(|| Reached::new(self.format));
            *reached = self.reach(begun, |looked| {
                self.looked.store(looked, Ordering::Relaxed);
                goes_on()
            })?;
            *known = reached.as_ref().map(|reached| Arc::new(reached.told()));
        }
        Ok(known.clone())
    }

    /// How much of the file was looked at for [`indexed`](Self::indexed), in percent.
    pub fn looked(&self) -> u8 {
        let looked = self.looked.load(Ordering::Relaxed);
        u8::try_from(looked.saturating_mul(100) / self.len.max(1)).unwrap_or(100)
    }

    /// Finds where the steps begin. `progress` hears how many bytes were looked at, and says whether to go on; where it
    /// does not, there is none.
    pub fn index(&self, progress: impl FnMut(u64) -> bool) -> io::Result<Option<Index>> {
        Ok(self.reach(Reached::new(self.format), progress)?.map(|reached| reached.told()))
    }

    /// Reads these steps. One of which nothing can be read is empty.
    pub fn read(&self, index: &Index, wanted: Range<usize>) -> io::Result<Vec<Step>> {
        let wanted = wanted.start.min(index.len())..wanted.end.min(index.len());
        let mut steps = Vec::with_capacity(wanted.len());
        let first = index.parts.partition_point(|part| part.step <= wanted.start).saturating_sub(1);
        for (nth, part) in index.parts.iter().enumerate().skip(first) {
            let (end, end_byte) = index.end_of_part(nth, self.len);
            let here = wanted.start.max(part.step)..wanted.end.min(end);
            if here.start < here.end {
                self.read_part(index, part, here, end_byte, &mut steps)?;
            }
            if end >= wanted.end {
                break;
            }
        }
        Ok(steps)
    }

    /// Reads every step, in its order, some at a time.
    pub fn each(&self, index: &Index, mut take: impl FnMut(Step) -> io::Result<()>) -> io::Result<()> {
        let take = |some: Vec<Step>, _| some.into_iter().try_for_each(&mut take).map(|()| true);
        self.some_by_some(index, 0..index.len(), take).map(drop)
    }

    /// Reads these steps, some at a time. `take` gets them with the position behind the last of them, and says whether to go on;
    /// so does the answer.
    fn some_by_some(
        &self,
        index: &Index,
        steps: Range<usize>,
        mut take: impl FnMut(Vec<Step>, usize) -> io::Result<bool>,
    ) -> io::Result<bool> {
        let mut at = steps.start;
        while at < steps.end {
            let some = at..index.around(at, 0, SOME, SOME_BYTES).end.min(steps.end);
            at = some.end;
            if !take(self.read(index, some)?, at)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_part(&self, index: &Index, part: &Part, wanted: Range<usize>, end: u64, out: &mut Vec<Step>) -> io::Result<()> {
        let lead = wanted.start.saturating_sub(LEAD).max(part.step);
        let is_midway = lead > part.step;
        let from = if is_midway { index.steps.get(lead).copied().unwrap_or_default() } else { part.at };
        let stop = index.steps.get(wanted.end).copied().unwrap_or(end).min(end);
        let mut reader = Reader::part(self.format, is_midway, part.has_own);
        let mut begun = Vec::new();
        let mut lines = Lines::new(&self.file, from, end);
        while let Some((at, line)) = lines.next()? {
            if at >= stop {
                // what comes behind is read for the answers that are open
                let is_open = |step: &&Step| step.calls.iter().any(|call| call.result.is_none());
                let wanted = reader.told().steps().iter().zip(&begun).rev().skip_while(|(_, at)| **at >= stop);
                if at >= stop + BEHIND || !wanted.take(LEAD).any(|(step, _)| is_open(&step)) {
                    break;
                }
            }
            if part.dead.binary_search(&at).is_ok() {
                continue;
            }
            reader.line(plain_start(line));
            begun.resize(reader.told().steps().len(), at);
        }
        let is_end = stop == end;
        let mut found: Vec<Option<Step>> = reader.into_steps().into_iter().map(Some).collect();
        for position in wanted {
            let at = index.steps.get(position).and_then(|at| begun.binary_search(at).ok());
            let step = at.and_then(|at| found.get_mut(at)?.take());
            let index = u32::try_from(position + 1).unwrap_or(u32::MAX);
            let mut step = step.unwrap_or_else(|| Step::empty(index));
            step.index = index;
            if !is_end {
                step.reply = crate::domain::Reply::Complete;
            }
            out.push(step);
        }
        Ok(())
    }

    /// What stands in the first `bytes` of the file. The last step may go on, and is left out.
    pub fn beginning(&self, bytes: u64) -> io::Result<Edge> {
        self.edge(Reader::of(self.format), 0, bytes.min(self.len), 0)
    }

    /// What stands in the last `bytes` of the file. The first step may have begun before, and is left out.
    pub fn end(&self, bytes: u64) -> io::Result<Edge> {
        let from = self.len.saturating_sub(bytes);
        if from == 0 {
            return self.edge(Reader::of(self.format), 0, self.len, 0);
        }
        let mut lines = Lines::new(&self.file, from, self.len);
        lines.next()?;
        let from = lines.at();
        self.edge(Reader::part(self.format, true, true), from, self.len, 1)
    }

    fn edge(&self, mut reader: Reader, from: u64, to: u64, skipped: usize) -> io::Result<Edge> {
        let mut lines = Lines::new(&self.file, from, self.len);
        let mut last_at = None;
        while let Some((at, line)) = lines.next()? {
            if at >= to {
                break;
            }
            reader.line(plain_start(line));
            last_at = reader.told().last_at().or(last_at);
        }
        let told = reader.told();
        let state = (to == self.len).then(|| told.state());
        let (model, task) = (told.model().map(str::to_owned), told.task().map(str::to_owned));
        let started_at = told.started_at();
        let mut steps = reader.into_steps();
        if to < self.len {
            steps.pop();
        }
        steps.drain(..skipped.min(steps.len()));
        Ok(Edge { steps, model, task, started_at, last_at, state })
    }
}
