//! A file of any size, read by lines from any place, without an index of its lines.
//!
//! Where lines begin can be told from the bytes nearby, so that reading forwards, backwards and from the middle finds the
//! same lines: at the file's beginning, behind each newline, and where a whole block without a newline ends. A line of
//! gigabytes is thus read as lines of less than two blocks.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bytes of a block.
pub const BLOCK: u64 = 64 * 1024;

/// Blocks held at once: a line spans at most three.
const HELD: usize = 4;

/// Whether an end of a line is one, or only the place where a long line was divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The line begins or ends here.
    Whole,
    /// More of it stands beyond.
    Divided,
    /// The file ends here, without a newline: the line may go on.
    Open,
}

/// A line as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Where it begins, in bytes.
    pub at: u64,
    /// Its bytes without the newline.
    pub bytes: Vec<u8>,
    /// What its beginning is.
    pub begins: Edge,
    /// What its end is.
    pub ends: Edge,
}

/// A file at one moment, as long as it was then.
#[derive(Debug)]
pub struct Paged<'f> {
    file: &'f File,
    len: u64,
    held: VecDeque<(u64, Vec<u8>)>,
}

impl<'f> Paged<'f> {
    /// The first `len` bytes of a file.
    pub const fn new(file: &'f File, len: u64) -> Self {
        Self { file, len, held: VecDeque::new() }
    }

    /// Its length in bytes.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the line begins in which a byte stands; past the end the last line.
    pub fn line_at(&mut self, byte: u64) -> io::Result<u64> {
        Ok(self.before(byte.min(self.len.saturating_sub(1)).saturating_add(1))?.unwrap_or(0))
    }

    /// Where the last line begins that begins before `at`.
    pub fn before(&mut self, at: u64) -> io::Result<Option<u64>> {
        let mut at = at.min(self.len);
        while at > 0 {
            let block = (at - 1) / BLOCK;
            let begin = block * BLOCK;
            let reach = place(at - 1 - begin);
            if let Some(newline) = self.block(block)?.get(..reach).and_then(|bytes| bytes.iter().rposition(|byte| *byte == b'\n')) {
                return Ok(Some(begin + newline as u64 + 1));
            }
            if self.begins_line(begin)? {
                return Ok(Some(begin));
            }
            at = begin;
        }
        Ok(None)
    }

    /// Where the line behind the one at `at` begins; `None` where the file ends with it.
    pub fn after(&mut self, at: u64) -> io::Result<Option<u64>> {
        let mut at = at;
        while at < self.len {
            let block = at / BLOCK;
            let begin = block * BLOCK;
            let bytes = self.block(block)?;
            if let Some(newline) = bytes.get(place(at - begin)..).and_then(|bytes| bytes.iter().position(|byte| *byte == b'\n')) {
                return Ok(Some(at + newline as u64 + 1).filter(|next| *next < self.len));
            }
            at = begin + BLOCK;
            if at < self.len && self.begins_line(at)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// The line that begins at `at`.
    pub fn line(&mut self, at: u64) -> io::Result<Raw> {
        let end = self.after(at)?.unwrap_or(self.len);
        let mut bytes = self.bytes(at..end)?;
        let ends = if bytes.last() == Some(&b'\n') {
            bytes.pop();
            Edge::Whole
        } else if end == self.len {
            Edge::Open
        } else {
            Edge::Divided
        };
        let begins = if at == 0 || self.bytes(at - 1..at)? == [b'\n'] { Edge::Whole } else { Edge::Divided };
        Ok(Raw { at, bytes, begins, ends })
    }

    /// Bytes of a range, as far as there are any.
    pub fn bytes(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let Range { mut start, end } = range;
        let end = end.min(self.len);
        let mut out = Vec::with_capacity(place(end.saturating_sub(start)));
        while start < end {
            let begin = start / BLOCK * BLOCK;
            let bytes = self.block(start / BLOCK)?;
            let found = bytes.get(place(start - begin)..bytes.len().min(place(end - begin))).unwrap_or_default();
            if found.is_empty() {
                // the file shrank under us
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            out.extend_from_slice(found);
            start += found.len() as u64;
        }
        Ok(out)
    }

    /// Whether a line begins where a block does.
    fn begins_line(&mut self, begin: u64) -> io::Result<bool> {
        let Some(before) = (begin / BLOCK).checked_sub(1) else { return Ok(true) };
        let bytes = self.block(before)?;
        Ok(bytes.last() == Some(&b'\n') || !bytes.contains(&b'\n'))
    }

    fn block(&mut self, number: u64) -> io::Result<&[u8]> {
        if let Some(at) = self.held.iter().position(|(of, _)| *of == number) {
            self.held.swap(0, at);
        } else {
            self.held.truncate(HELD - 1);
            let begin = number * BLOCK;
            let mut bytes = vec![0; place(BLOCK.min(self.len.saturating_sub(begin)))];
            self.file.read_exact_at(&mut bytes, begin)?;
            self.held.push_front((number, bytes));
        }
        Ok(self.held.front().map_or(&[], |(_, bytes)| bytes.as_slice()))
    }
}

/// A place within blocks, which are small.
fn place(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn forwards(file: &File, len: u64) -> Vec<Raw> {
        let mut paged = Paged::new(file, len);
        let mut at = (len > 0).then_some(0);
        let mut lines = Vec::new();
        while let Some(found) = at {
            lines.push(paged.line(found).unwrap());
            at = paged.after(found).unwrap();
        }
        lines
    }

    #[test]
    fn lines_are_found_from_both_ends() {
        let file = file(b"one\n\ntwo");
        let lines = forwards(&file, 8);
        assert_eq!(
            lines.iter().map(|raw| (raw.at, raw.bytes.as_slice(), raw.ends)).collect::<Vec<_>>(),
            [(0, &b"one"[..], Edge::Whole), (4, b"", Edge::Whole), (5, b"two", Edge::Open)]
        );
        let mut paged = Paged::new(&file, 8);
        assert_eq!([8, 5, 4, 0].map(|at| paged.before(at).unwrap()), [Some(5), Some(4), Some(0), None]);
        assert_eq!([0, 3, 4, 7, 99].map(|at| paged.line_at(at).unwrap()), [0, 0, 4, 5, 5]);
        assert_eq!(Paged::new(&file, 0).line_at(0).unwrap(), 0);
    }

    #[test]
    fn a_line_without_end_is_divided_where_blocks_end() {
        let block = place(BLOCK);
        let mut bytes = b"short\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', block * 5));
        bytes.extend(b"\nlast\n");
        let lines = forwards(&file(&bytes), bytes.len() as u64);
        let seen: Vec<_> = lines.iter().map(|raw| (raw.at, raw.begins, raw.ends)).collect();
        let (whole, divided) = (Edge::Whole, Edge::Divided);
        let mut wanted = vec![(0, whole, whole), (6, whole, divided)];
        wanted.extend((2..5).map(|n| (n * BLOCK, divided, divided)));
        wanted.extend([(5 * BLOCK, divided, whole), (5 * BLOCK + 7, whole, whole)]);
        assert_eq!(seen, wanted);
        let whole: Vec<u8> =
            lines.into_iter().flat_map(|raw| raw.bytes.into_iter().chain((raw.ends == Edge::Whole).then_some(b'\n'))).collect();
        assert_eq!(whole, bytes);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn both_directions_and_any_place_give_the_same_lines(
            lengths in proptest::collection::vec(prop_oneof![0_usize..200, 0_usize..70_000, Just(65_535), Just(65_536), 60_000_usize..300_000], 0..8),
            ended: bool, place in 0.0_f64..1.0, cut in 0_u64..400,
        ) {
            let mut bytes = Vec::new();
            for length in lengths {
                bytes.extend(std::iter::repeat_n(b'a', length));
                bytes.push(b'\n');
            }
            if !ended {
                bytes.pop();
            }
            let file = file(&bytes);
            let len = bytes.len() as u64;
            let starts: Vec<u64> = forwards(&file, len).iter().map(|raw| raw.at).collect();
            let mut paged = Paged::new(&file, len);
            let mut back = Vec::new();
            let mut at = len;
            while let Some(found) = paged.before(at).unwrap() {
                back.push(found);
                at = found;
            }
            back.reverse();
            prop_assert_eq!(&starts, &back);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
            let byte = (len as f64 * place) as u64;
            let wanted = starts.iter().rev().find(|start| **start <= byte).copied().unwrap_or(0);
            prop_assert_eq!(paged.line_at(byte).unwrap(), wanted);
            // a file that was shorter had the same lines but for its last one
            let shorter: Vec<u64> = forwards(&file, len.saturating_sub(cut)).iter().map(|raw| raw.at).collect();
            prop_assert!(starts.starts_with(&shorter));
        }
    }
}
