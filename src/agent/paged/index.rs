//! Where the steps of a file begin, and what is known while its lines are looked at.

use std::hash::Hasher;
use std::io;
use std::ops::Range;

use rustc_hash::FxHasher;

use super::Paged;
use super::fold::Flat;
use super::scan::{last_line, read, scan};
use super::skim::{self, What};
use super::tree::Tree;
use crate::agent::open::Format;
use crate::agent::open::sniff::plain_start;
use crate::agent::value::object;

/// Where the steps of a file begin: 8 bytes a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    pub(super) steps: Vec<u64>,
    /// The transcripts in it.
    pub(super) parts: Vec<Part>,
}

/// One transcript of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it begins, in bytes, and its first step.
    pub(super) at: u64,
    pub(super) step: usize,
    /// Lines that do not count: of branches that were given up, and those that come twice.
    pub(super) dead: Vec<u64>,
    /// Not all of its lines are of subagents.
    pub(super) has_own: bool,
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

    /// How many steps begin where they do in another index of the same file, from the first one on.
    pub fn shared(&self, other: &Self) -> usize {
        self.steps.iter().zip(&other.steps).take_while(|(one, other)| one == other).count()
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

    /// Takes the way through the tree of the last transcript.
    fn walk(&mut self, tree: &Tree) {
        let way = tree.way();
        self.steps.extend(way.steps);
        if let Some(part) = self.parts.last_mut() {
            (part.dead, part.has_own) = (way.dead, way.has_own);
        }
    }

    pub(super) fn end_of_part(&self, part: usize, len: u64) -> (usize, u64) {
        self.parts.get(part + 1).map_or((self.len(), len), |next| (next.step, next.at))
    }
}

/// What is known while the lines are looked at.
#[derive(Debug)]
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
                if self.is_tree {
                    self.index.walk(&std::mem::take(&mut self.tree));
                }
                self.flat = Flat::default();
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

    /// What it knows so far. Of a tree the way may still become another one.
    fn told(&self) -> Index {
        let mut index = self.index.clone();
        if self.is_tree {
            index.walk(&self.tree);
        }
        index
    }
}

/// The end of what was looked at that is known again, in bytes.
const KNOWN_AGAIN: u64 = 4 << 10;

/// How far a file was looked at: where it only grew, the next look goes on from here.
#[derive(Debug)]
pub(super) struct Reached {
    indexer: Indexer,
    /// The lines before this byte were taken; it is the beginning of one, or the end of the last one.
    upto: u64,
    /// Stands for the bytes before it.
    print: u64,
}

impl Reached {
    pub(super) fn new(format: Format) -> Self {
        Self { indexer: Indexer::new(format), upto: 0, print: 0 }
    }

    pub(super) fn told(&self) -> Index {
        self.indexer.told()
    }
}

impl Paged {
    /// Looks on to the file's end. `None`: it was not wanted any more.
    pub(super) fn reach(&self, mut reached: Reached, mut progress: impl FnMut(u64) -> bool) -> io::Result<Option<Reached>> {
        let Reached { indexer, upto, print } = &mut reached;
        let look = |line: &[u8]| {
            if !self.first.is_empty() && line == self.first {
                // what it says itself comes with it
                return Some((true, skim::skim(self.format, plain_start(line))));
            }
            skim::skim(self.format, plain_start(line)).map(|what| (false, Some(what)))
        };
        let mut take = |at, (is_first, what): (bool, Option<What>)| {
            if is_first {
                indexer.take(at, What::Again);
            }
            if let Some(what) = what {
                indexer.take(at, what);
            }
        };
        let whole = last_line(&self.file, *upto, self.len)?;
        let mut goes_on = true;
        scan(&self.file, *upto, whole, look, |seen, looked| {
            for (at, what) in seen {
                take(at, what);
            }
            goes_on = progress(looked);
            goes_on
        })?;
        if !goes_on {
            return Ok(None);
        }
        *upto = whole;
        let mut rest = Vec::new();
        read(&self.file, &mut rest, whole, self.len)?;
        // the last line may have no end; one that is a whole object can't become longer
        if object(plain_start(&rest)).is_some() {
            if let Some(what) = look(&rest) {
                take(whole, what);
            }
            *upto = self.len;
        }
        goes_on = progress(self.len);
        *print = self.print(*upto)?;
        Ok(goes_on.then_some(reached))
    }

    /// Whether the file still begins as it did when so much of it was looked at.
    pub(super) fn begins_like(&self, reached: &Reached) -> io::Result<bool> {
        Ok(reached.upto <= self.len && self.print(reached.upto)? == reached.print)
    }

    /// Stands for the bytes before this one, and for the first ones.
    fn print(&self, upto: u64) -> io::Result<u64> {
        let mut hasher = FxHasher::default();
        let mut bytes = Vec::new();
        for (from, to) in [(0, KNOWN_AGAIN.min(upto)), (upto.saturating_sub(KNOWN_AGAIN), upto)] {
            read(&self.file, &mut bytes, from, to)?;
            hasher.write(&bytes);
        }
        Ok(hasher.finish())
    }
}
