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
mod hunt;
mod scan;
mod skim;
mod tree;

use std::fs::File;
use std::io;
use std::ops::Range;
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
use fold::Flat;
pub use hunt::{Hunt, Hunted};
use scan::{Lines, scan};
use skim::What;
use tree::Tree;

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
}

/// Where the steps of a file begin: 8 bytes a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    steps: Vec<u64>,
    /// The transcripts in it.
    parts: Vec<Part>,
}

/// One transcript of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Part {
    /// Where it begins, in bytes, and its first step.
    at: u64,
    step: usize,
    /// Lines that do not count: of branches that were given up, and those that come twice.
    dead: Vec<u64>,
    /// Not all of its lines are of subagents.
    has_own: bool,
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

impl Index {
    /// How many steps there are.
    pub const fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step to which this byte belongs, by its position.
    pub fn step_at(&self, byte: u64) -> usize {
        self.steps.partition_point(|at| *at <= byte).saturating_sub(1)
    }

    /// The steps around one, of so many bytes and so many steps at most; the one itself is always there. They are those
    /// from `before` steps before it on, where all fit.
    pub fn around(&self, step: usize, before: usize, most: usize, bytes: u64) -> Range<usize> {
        let step = step.min(self.len().saturating_sub(1));
        let at = |step: usize| self.steps.get(step).copied();
        let here = at(step).unwrap_or_default();
        let mut start = step;
        // the half of the bytes may lie before it
        while start > 0 && step - start < before && at(start - 1).is_some_and(|from| here - from <= bytes / 2) {
            start -= 1;
        }
        let from = at(start).unwrap_or_default();
        let mut end = (step + 1).min(self.len());
        while end < self.len() && end - start < most && at(end + 1).is_none_or(|to| to - from <= bytes) {
            end += 1;
        }
        start..end
    }

    fn end_of_part(&self, part: usize, len: u64) -> (usize, u64) {
        self.parts.get(part + 1).map_or((self.len(), len), |next| (next.step, next.at))
    }
}

/// What is known while the lines are looked at.
struct Indexer {
    index: Index,
    flat: Flat,
    tree: Tree,
    is_tree: bool,
}

impl Indexer {
    fn new(format: Format) -> Self {
        let index = Index { steps: Vec::new(), parts: vec![Part::default()] };
        Self { index, flat: Flat::default(), tree: Tree::default(), is_tree: format == Format::ClaudeSession }
    }

    fn take(&mut self, at: u64, what: What) {
        match what {
            // the file's first line itself
            What::Again if at == 0 || self.index.parts.last().is_some_and(|part| part.at == at) => {}
            What::Again => {
                self.close();
                self.index.parts.push(Part { at, step: self.index.steps.len(), ..Part::default() });
            }
            What::Session(line) => self.tree.take(at, &line),
            what => {
                if self.flat.take(what) {
                    self.index.steps.push(at);
                }
            }
        }
    }

    /// The transcript is over.
    fn close(&mut self) {
        self.flat = Flat::default();
        if self.is_tree {
            let way = std::mem::take(&mut self.tree).way();
            self.index.steps.extend(way.steps);
            if let Some(part) = self.index.parts.last_mut() {
                (part.dead, part.has_own) = (way.dead, way.has_own);
            }
        }
    }
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
        bytes.truncate(memchr(b'\n', &bytes).unwrap_or_default());
        Ok(Some(Self {
            file,
            len: there.len(),
            changed: there.modified()?,
            format,
            first: bytes,
            known: Mutex::default(),
            looked: AtomicU64::new(0),
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
            *known = self
                .index(|looked| {
                    self.looked.store(looked, Ordering::Relaxed);
                    goes_on()
                })?
                .map(Arc::new);
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
    pub fn index(&self, mut progress: impl FnMut(u64) -> bool) -> io::Result<Option<Index>> {
        let mut indexer = Indexer::new(self.format);
        let mut goes_on = true;
        let look = |line: &[u8]| {
            if !self.first.is_empty() && line == self.first {
                // what it says itself comes with it
                return Some((true, skim::skim(self.format, plain_start(line))));
            }
            skim::skim(self.format, plain_start(line)).map(|what| (false, Some(what)))
        };
        scan(&self.file, 0, self.len, look, |seen, upto| {
            for (at, (is_first, what)) in seen {
                if is_first {
                    indexer.take(at, What::Again);
                }
                if let Some(what) = what {
                    indexer.take(at, what);
                }
            }
            goes_on = progress(upto);
            goes_on
        })?;
        indexer.close();
        Ok(goes_on.then_some(indexer.index))
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
        let mut at = 0;
        while at < index.len() {
            let range = index.around(at, 0, SOME, SOME_BYTES);
            at = range.end;
            self.read(index, range)?.into_iter().try_for_each(&mut take)?;
        }
        Ok(())
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
