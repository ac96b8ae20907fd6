//! A file of lines that each begin with their time, entered in the middle. A torn line has no time, and is passed over.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use crate::host::files::{self, Links};
use crate::host::gzip;
use crate::host::paged::{Edge, Paged};

/// How far the clock may have been set back for a search to find everything nonetheless, in ms.
pub(super) const SET_BACK_MS: i64 = 300_000;

/// How every line begins.
const TIME: &[u8] = b"{\"t\":";

/// What follows the time of a header.
const HEADER: &[u8] = b",\"header\":";

/// As much of a line as has its time, and says whether it is a header, in bytes.
const HEAD: u64 = 48;

/// A packed file that holds more is not read, in bytes: the sampler packs half an hour at a time.
const LARGEST: u64 = 256 << 20;

/// Stands for a line that nobody can read.
const TORN: &str = "?";

/// Such a file as it was when it was opened.
#[derive(Debug)]
pub(super) struct Lines {
    file: File,
    len: u64,
    inode: u64,
}

impl Lines {
    /// Opens one, packed or not. `None`: it is not there.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        match files::open(path, Links::Refused) {
            Ok((file, there)) => {
                let mut head = [0_u8; gzip::MAGIC.len()];
                let inode = there.ino();
                if file.read_at(&mut head, 0)? < head.len() || !gzip::is_packed(&head) {
                    return Ok(Some(Self { file, len: there.len(), inode }));
                }
                let bytes = gzip::unpack(file, LARGEST)?;
                Ok(Some(Self { file: files::held(&bytes)?, len: bytes.len() as u64, inode }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sees what was appended since.
    pub(super) fn grow(&mut self, len: u64) {
        self.len = len;
    }

    /// Its number in its file system: another one is another file.
    pub(super) const fn inode(&self) -> u64 {
        self.inode
    }

    /// The time of its first line, in ms of Unix time.
    pub(super) fn first(&self) -> io::Result<Option<i64>> {
        let mut paged = Paged::new(&self.file, self.len);
        Ok(timed(&mut paged, 0, self.len)?.map(|(_, t)| t))
    }

    /// The time of its last line.
    pub(super) fn last(&self) -> io::Result<Option<i64>> {
        let mut paged = Paged::new(&self.file, self.len);
        let mut at = self.len;
        while let Some(line) = paged.before(at)? {
            if let Some(t) = time(&head(&mut paged, line)?) {
                return Ok(Some(t));
            }
            at = line;
        }
        Ok(None)
    }

    /// Where the first line begins of this time or later, in bytes. Every line of it lies behind that place, but where the clock
    /// was set back by more than [`SET_BACK_MS`].
    pub(super) fn seek(&self, from: i64) -> io::Result<u64> {
        let from = from.saturating_sub(SET_BACK_MS);
        let mut paged = Paged::new(&self.file, self.len);
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let at = paged.line_at(low + (high - low) / 2)?;
            match timed(&mut paged, at, high)? {
                Some((line, t)) if t < from => low = paged.after(line)?.unwrap_or(self.len),
                _ => high = at,
            }
        }
        Ok(low)
    }

    /// Where the last header begins before a place, or at it; without one the file's beginning.
    pub(super) fn header_before(&self, at: u64) -> io::Result<u64> {
        let mut paged = Paged::new(&self.file, self.len);
        if is_header(&head(&mut paged, at)?) {
            return Ok(at);
        }
        let mut at = at;
        while let Some(line) = paged.before(at)? {
            if is_header(&head(&mut paged, line)?) {
                return Ok(line);
            }
            at = line;
        }
        Ok(0)
    }

    /// Where the newest stretch begins that has a sample; without one the file's beginning.
    pub(super) fn newest(&self) -> io::Result<u64> {
        let mut paged = Paged::new(&self.file, self.len);
        let mut at = self.len;
        while let Some(line) = paged.before(at)? {
            let head = head(&mut paged, line)?;
            if time(&head).is_some() && !is_header(&head) && paged.line(line)?.ends == Edge::Whole {
                return self.header_before(line);
            }
            at = line;
        }
        Ok(0)
    }

    /// Hands every whole line from a place on to `each`, with its time, until it says that this is enough. Returns the place
    /// behind the last one that was handed out. A line without a time is handed out as such.
    pub(super) fn read(&self, from: u64, mut each: impl FnMut(Option<i64>, &str) -> Enough) -> io::Result<u64> {
        let mut paged = Paged::new(&self.file, self.len);
        let mut at = from;
        while at < self.len {
            let raw = paged.line(at)?;
            let next = paged.after(at)?;
            // the last line is whole only with its newline
            if raw.ends == Edge::Open {
                break;
            }
            let whole = raw.begins == Edge::Whole && raw.ends == Edge::Whole;
            let text = std::str::from_utf8(&raw.bytes).ok().filter(|_| whole).unwrap_or(TORN);
            if each(time(text.as_bytes()), text) == Enough::Yes {
                break;
            }
            at = next.unwrap_or(self.len);
        }
        Ok(at)
    }
}

/// Whether a reader has all that it wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enough {
    /// It has; the line is none that it wanted.
    Yes,
    /// It goes on.
    NotYet,
}

/// The first line with a time at or behind a place and before another one.
fn timed(paged: &mut Paged<'_>, from: u64, to: u64) -> io::Result<Option<(u64, i64)>> {
    let mut at = Some(from);
    while let Some(line) = at.filter(|line| *line < to) {
        if let Some(t) = time(&head(paged, line)?) {
            return Ok(Some((line, t)));
        }
        at = paged.after(line)?;
    }
    Ok(None)
}

fn head(paged: &mut Paged<'_>, at: u64) -> io::Result<Vec<u8>> {
    paged.bytes(at..at.saturating_add(HEAD))
}

/// The time of a line by its first bytes, and what follows it.
fn split(head: &[u8]) -> Option<(i64, &[u8])> {
    let rest = head.strip_prefix(TIME)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(digits)?;
    // digits at the end of a torn line may be the first ones of more
    let is_whole = matches!(rest.first(), Some(b',' | b'}'));
    Some((std::str::from_utf8(digits).ok().filter(|_| is_whole)?.parse().ok()?, rest))
}

fn time(head: &[u8]) -> Option<i64> {
    split(head).map(|(t, _)| t)
}

fn is_header(head: &[u8]) -> bool {
    split(head).is_some_and(|(_, rest)| rest.starts_with(HEADER))
}
