//! The bytes of a trajectory, packed by gzip or not, in bounded pieces.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;

use crate::host::files::{Appended, Lines, Links, Rewritten, open, open_regular};

/// Most bytes that a packed file of lines may hold: 1 GiB. It is read in pieces, but somebody waits for it.
pub(in crate::agent) const MOST_UNPACKED: u64 = 1 << 30;

/// Bytes that one look takes.
const PIECE: usize = 16 * 1024 * 1024;

/// A longer line is passed over, in bytes.
const LONGEST_LINE: usize = 32 * 1024 * 1024;

/// What a file packed by gzip begins with, whatever its name.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20))
}

/// The beginning of a file, unpacked, and whether that is all of it. What a packed file that ends too early still held is
/// all that there is.
pub(in crate::agent) fn head(path: &Path, most: u64) -> io::Result<(Vec<u8>, bool)> {
    let (mut file, there) = open(path, Links::Followed)?;
    // room for all of it at once
    let mut bytes = Vec::with_capacity(usize::try_from(there.len().min(most)).unwrap_or_default().saturating_add(2));
    file.by_ref().take(most + 1).read_to_end(&mut bytes)?;
    if bytes.starts_with(&MAGIC) {
        let (file, _) = open(path, Links::Followed)?;
        bytes = Vec::new();
        read_on(&mut MultiGzDecoder::new(file).take(most + 1), &mut bytes)?;
    }
    let is_all = bytes.len() as u64 <= most;
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok((bytes, is_all))
}

/// Reads to the end, which for a packed file may come too early.
fn read_on(from: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    match from.read_to_end(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        other => other.map(drop),
    }
}

/// Whether a file is packed and can't be unpacked to its end, within what is read of it.
pub(in crate::agent) fn is_cut_off(path: &Path) -> bool {
    let Ok((mut file, _)) = open(path, Links::Followed) else { return false };
    let mut magic = Vec::new();
    if file.by_ref().take(2).read_to_end(&mut magic).is_err() || magic != MAGIC {
        return false;
    }
    let rest = magic.as_slice().chain(file);
    io::copy(&mut MultiGzDecoder::new(rest).take(MOST_UNPACKED), &mut io::sink()).is_err()
}

/// A file that holds one document, read whole where it changed.
#[derive(Debug, Default)]
pub(super) struct Document(Rewritten);

impl Document {
    /// See [`Rewritten::changed_within`]; a packed file comes unpacked.
    pub(super) fn changed(&mut self, path: &Path, most: u64) -> io::Result<Option<(Vec<u8>, SystemTime)>> {
        let Some((bytes, at)) = self.0.changed_within(path, most)? else { return Ok(None) };
        if !bytes.starts_with(&MAGIC) {
            return Ok(Some((bytes, at)));
        }
        let mut unpacked = Vec::new();
        read_on(&mut MultiGzDecoder::new(bytes.as_slice()).take(most + 1), &mut unpacked)?;
        if unpacked.len() as u64 > most { Err(too_large(most)) } else { Ok(Some((unpacked, at))) }
    }

    /// What was read last was whole.
    pub(super) const fn good(&mut self) {
        self.0.good();
    }
}

/// A file of lines.
#[derive(Debug)]
pub(super) enum LineFile {
    Plain(Appended),
    Packed(Box<Packed>),
}

impl LineFile {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut magic = Vec::new();
        open(path, Links::Followed)?.0.take(2).read_to_end(&mut magic)?;
        Ok(if magic == MAGIC { Self::Packed(Box::default()) } else { Self::Plain(Appended::default()) })
    }

    pub(super) fn look(&mut self, path: &Path) -> io::Result<Option<Lines>> {
        match self {
            Self::Plain(file) => file.look(path),
            Self::Packed(file) => file.look(path),
        }
    }

    pub(super) fn rest(&self) -> &[u8] {
        match self {
            Self::Plain(file) => file.rest(),
            Self::Packed(file) => &file.rest,
        }
    }

    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        match self {
            Self::Plain(file) => file.take_rest(),
            Self::Packed(file) => std::mem::take(&mut file.rest),
        }
    }
}

/// A packed file of lines: it can't grow piece by piece, so one that changed is read from its beginning.
#[derive(Debug, Default)]
pub(super) struct Packed {
    stamp: Option<(u64, SystemTime)>,
    reader: Option<MultiGzDecoder<File>>,
    rest: Vec<u8>,
    skipping: bool,
    unpacked: u64,
}

impl Packed {
    fn look(&mut self, path: &Path) -> io::Result<Option<Lines>> {
        let Some((file, there)) = open_regular(path)? else { return Ok(None) };
        let stamp = Some((there.len(), there.modified()?));
        let restarted = stamp != self.stamp && self.stamp.is_some();
        if stamp != self.stamp {
            *self = Self { stamp, reader: Some(MultiGzDecoder::new(file)), ..Self::default() };
        }
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        read_on(&mut reader.by_ref().take(PIECE as u64), &mut bytes)?;
        let read = bytes.len() - before;
        self.unpacked += read as u64;
        if self.unpacked > MOST_UNPACKED {
            return Err(too_large(MOST_UNPACKED));
        }
        let more = read == PIECE;
        if !more {
            self.reader = None;
        }
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.rest = bytes.split_off(end);
        if self.skipping
            && let Some(at) = bytes.iter().position(|byte| *byte == b'\n')
        {
            bytes.drain(..=at);
            self.skipping = false;
        }
        if self.skipping || self.rest.len() > LONGEST_LINE {
            self.skipping = true;
            self.rest = Vec::new();
        }
        Ok(Some(Lines { restarted, whole: bytes, more, changed: there.modified()? }))
    }
}

/// Puts events together that are written over several lines: between a line that is nothing but `{` and one that is
/// nothing but `}`, without a blank before it.
#[derive(Debug, Default)]
pub(super) struct Joined {
    open: Vec<u8>,
}

impl Joined {
    /// Takes a line without its end, and gives the event that it is or ends.
    pub(super) fn take<'a>(&'a mut self, line: &'a [u8], mut event: impl FnMut(&[u8])) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.open.is_empty() {
            if line == b"{" {
                self.open.extend_from_slice(b"{\n");
            } else {
                event(line);
            }
            return;
        }
        // an event that never ended
        if line == b"{" || line.starts_with(b"{\"") || self.open.len() > LONGEST_LINE {
            self.open.clear();
            return self.take(line, event);
        }
        self.open.extend_from_slice(line);
        self.open.push(b'\n');
        if line == b"}" {
            event(&self.open);
            self.open.clear();
        }
    }

    /// The last line of all was met.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }
}
