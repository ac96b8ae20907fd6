//! Reading a file of lines that another process appends to.
//!
//! A notification is only a hint. `read_on` reads from the offset to the end and hands out whole lines; a file that
//! shrank or was replaced starts over and says so.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::regular::{self, LONGEST, too_long};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A reader that remembers how far it came.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    file: Option<(File, u64)>,
    offset: u64,
    partial: Vec<u8>,
}

/// What a reader hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line without its newline, and the offset of its first byte.
    Text(u64, &'a str),
    /// A whole line that is not UTF-8, with its offset.
    NotText(u64),
    /// The file shrank or was replaced: forget everything, what follows starts at byte 0.
    StartedOver,
}

impl Tail {
    /// A reader at the start of the file, which need not exist yet.
    pub const fn new(path: PathBuf) -> Self {
        Self { path, file: None, offset: 0, partial: Vec::new() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Offset of the first byte that was not yet handed out as a line.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes after the last newline: a line being written, or a torn one.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Hands every new whole line to `each`. A missing file has no lines; an error is what is no regular file, and a line
    /// longer than any of ours.
    pub fn read_on(&mut self, mut each: impl FnMut(Line<'_>)) -> io::Result<()> {
        let there = match std::fs::metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let read_to = self.offset.saturating_add(self.partial.len() as u64);
        let replaced = self.file.as_ref().is_some_and(|(_, inode)| *inode != there.ino());
        if replaced || there.len() < read_to {
            self.file = None;
            self.offset = 0;
            self.partial.clear();
            each(Line::StartedOver);
        } else if self.file.is_some() && there.len() == read_to {
            return Ok(());
        }
        if self.file.is_none() {
            let file = regular::open(File::options().read(true), &self.path)?;
            let inode = file.metadata()?.ino();
            self.file = Some((file, inode));
        }
        let Some((file, _)) = self.file.as_mut() else { return Ok(()) };
        file.seek(SeekFrom::Start(self.offset.saturating_add(self.partial.len() as u64)))?;
        let mut reader = BufReader::with_capacity(CHUNK, file);
        // bounded: a file of holes would fill the memory with one line
        while (&mut reader).take(LONGEST - self.partial.len() as u64).read_until(b'\n', &mut self.partial)? > 0 {
            let Some(line) = self.partial.strip_suffix(b"\n") else { break };
            each(std::str::from_utf8(line).map_or(Line::NotText(self.offset), |text| Line::Text(self.offset, text)));
            self.offset = self.offset.saturating_add(self.partial.len() as u64);
            self.partial.clear();
        }
        if self.partial.len() as u64 >= LONGEST {
            return Err(too_long(&format!("the line at byte {}", self.offset)));
        }
        Ok(())
    }
}
