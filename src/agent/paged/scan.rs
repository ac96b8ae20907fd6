//! Looks at every line of a file, on several threads, in pieces; what was seen comes in the order of the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use memchr::{memchr, memchr_iter, memrchr};

use crate::host::files::LONGEST_LINE;

/// Bytes of a piece: it stays in a processor's cache.
const PIECE: u64 = 1 << 20;

/// Bytes that are read at once where the end of a line is looked for.
const BLOCK: u64 = 64 << 10;

/// Threads at most: more of them wait for each other.
const MOST_THREADS: usize = 4;

/// What was seen in one piece: each thing with the byte of its line.
type Seen<T> = io::Result<Vec<(u64, T)>>;

/// Calls `look` with each line that begins in `from..to` and ends before `to`, or with it, and gives what it saw to `take`,
/// piece by piece, with the byte up to which all was seen. `take` says whether to go on.
pub(super) fn scan<T: Send>(
    file: &File,
    from: u64,
    to: u64,
    look: impl Fn(&[u8]) -> Option<T> + Sync,
    mut take: impl FnMut(Vec<(u64, T)>, u64) -> bool,
) -> io::Result<()> {
    let pieces = to.saturating_sub(from).div_ceil(PIECE);
    let (next, stopped) = (AtomicU64::new(0), AtomicBool::new(false));
    let threads = thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST_THREADS);
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(2 * threads);
        for _ in 0..threads {
            let sender: SyncSender<(u64, Seen<T>)> = sender.clone();
            let (look, next, stopped) = (&look, &next, &stopped);
            scope.spawn(move || {
                let mut bytes = Vec::new();
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= pieces || stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    let begin = from + piece * PIECE;
                    let seen = one(file, &mut bytes, (from, begin, (begin + PIECE).min(to), to), look);
                    if sender.send((piece, seen)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let (mut early, mut wanted) = (BTreeMap::new(), 0);
        for (piece, seen) in receiver {
            early.insert(piece, seen);
            while let Some(seen) = early.remove(&wanted) {
                wanted += 1;
                let goes_on = seen.map(|seen| take(seen, (from + wanted * PIECE).min(to)));
                if !matches!(goes_on, Ok(true)) {
                    stopped.store(true, Ordering::Relaxed);
                    return goes_on.map(drop);
                }
            }
        }
        Ok(())
    })
}

/// The lines that begin in a piece; `from` is the beginning of a line, and `to` the end of all.
fn one<T>(file: &File, bytes: &mut Vec<u8>, (from, begin, end, to): (u64, u64, u64, u64), look: &impl Fn(&[u8]) -> Option<T>) -> Seen<T> {
    // the byte before tells whether a line begins with the piece
    let first = if begin == from { begin } else { begin - 1 };
    read(file, bytes, first, end)?;
    let mut seen = Vec::new();
    let mut at = if begin == from {
        0
    } else {
        let Some(newline) = memchr(b'\n', bytes) else { return Ok(seen) };
        newline + 1
    };
    for newline in memchr_iter(b'\n', bytes) {
        if newline < at {
            continue;
        }
        let line = bytes.get(at..newline).unwrap_or_default();
        seen.extend(look(line).map(|what| (first + at as u64, what)));
        at = newline + 1;
    }
    // the last line ends in a later piece
    if first + (at as u64) < end
        && let Some(line) = rest(file, bytes, at, end, to)?
    {
        seen.extend(look(&line).map(|what| (first + at as u64, what)));
    }
    Ok(seen)
}

/// All of the line that begins at `at` of these bytes, which end at `end` of the file; `None` of one that is too long.
fn rest(file: &File, bytes: &[u8], at: usize, end: u64, to: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = bytes.get(at..).unwrap_or_default().to_vec();
    let (mut next, mut more) = (end, 64 << 10);
    let mut part = Vec::new();
    while next < to {
        read(file, &mut part, next, (next + more).min(to))?;
        let newline = memchr(b'\n', &part);
        line.extend_from_slice(part.get(..newline.unwrap_or(part.len())).unwrap_or_default());
        if line.len() > LONGEST_LINE {
            return Ok(None);
        }
        if newline.is_some() {
            break;
        }
        next += part.len() as u64;
        more = PIECE;
    }
    Ok(Some(line))
}

/// Where the last line begins of those from `from` on, which is the beginning of one: behind the last newline before `to`.
pub(super) fn last_line(file: &File, from: u64, to: u64) -> io::Result<u64> {
    let mut bytes = Vec::new();
    let mut end = to;
    while end > from {
        let begin = end.saturating_sub(BLOCK).max(from);
        read(file, &mut bytes, begin, end)?;
        if let Some(newline) = memrchr(b'\n', &bytes) {
            return Ok(begin + newline as u64 + 1);
        }
        end = begin;
    }
    Ok(from)
}

/// Reads these bytes of a file; fewer where it shrank is an error.
pub(super) fn read(file: &File, bytes: &mut Vec<u8>, from: u64, to: u64) -> io::Result<()> {
    bytes.resize(usize::try_from(to.saturating_sub(from)).unwrap_or_default(), 0);
    file.read_exact_at(bytes, from)
}

/// The lines of a file from this byte on, one after the other.
#[derive(Debug)]
pub(super) struct Lines<'f> {
    file: &'f File,
    /// Where the next line begins.
    at: u64,
    to: u64,
    bytes: Vec<u8>,
    /// Where the bytes begin in the file, and how many of them were given.
    begin: u64,
    given: usize,
}

impl<'f> Lines<'f> {
    pub(super) const fn new(file: &'f File, from: u64, to: u64) -> Self {
        Self { file, at: from, to, bytes: Vec::new(), begin: from, given: 0 }
    }

    /// Where the next line begins.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// The next line, and where it begins; one that is too long is empty.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        const MORE: usize = 256 << 10;
        let mut looked = self.given;
        let newline = loop {
            match self.bytes.get(looked..).and_then(|rest| memchr(b'\n', rest)) {
                Some(newline) => break Some(looked + newline),
                None if self.begin + self.bytes.len() as u64 >= self.to => break None,
                None => {}
            }
            self.bytes.drain(..self.given);
            self.begin += self.given as u64;
            self.given = 0;
            let mut kept = self.bytes.len();
            if kept > LONGEST_LINE {
                // what follows of it is passed over
                (self.begin, kept) = (self.begin + kept as u64, 0);
            }
            let room = (self.to - self.begin - kept as u64).min(MORE as u64);
            self.bytes.resize(kept + usize::try_from(room).unwrap_or_default(), 0);
            self.file.read_exact_at(self.bytes.get_mut(kept..).unwrap_or_default(), self.begin + kept as u64)?;
            looked = kept;
        };
        let end = newline.unwrap_or(self.bytes.len());
        let is_whole = self.begin + self.given as u64 == self.at;
        let line = self.given..end;
        let at = self.at;
        self.given = (end + 1).min(self.bytes.len());
        self.at = self.begin + self.given as u64;
        if at >= self.to {
            return Ok(None);
        }
        Ok(Some((at, if is_whole { self.bytes.get(line).unwrap_or_default() } else { &[] })))
    }
}
