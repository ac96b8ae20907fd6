//! The bytes of a trajectory, packed by gzip or not, in bounded pieces.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;

use crate::host::files::{Appended, LONGEST_LINE, Lines, Links, Rest, Rewritten, open, open_regular, too_large};
use crate::host::gzip;

/// Most bytes that a packed file of lines may hold: 1 GiB. It is read in pieces, but somebody waits for it.
pub(in crate::agent) const MOST_UNPACKED: u64 = 1 << 30;

/// Bytes that one look takes.
const PIECE: usize = 16 * 1024 * 1024;

/// The beginning of a file, unpacked, and whether that is all of it. What a packed file that ends too early still held is
/// all that there is.
pub(in crate::agent) fn head(path: &Path, most: u64) -> io::Result<(Vec<u8>, bool)> {
    let (mut file, there) = open(path, Links::Followed)?;
    // room for all of it at once
    let mut bytes = Vec::with_capacity(usize::try_from(there.len().min(most)).unwrap_or_default().saturating_add(2));
    file.by_ref().take(most + 1).read_to_end(&mut bytes)?;
    if gzip::is_packed(&bytes) {
        let (file, _) = open(path, Links::Followed)?;
        bytes = gzip::head(file, most)?;
    }
    let is_all = bytes.len() as u64 <= most;
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok((bytes, is_all))
}

/// Whether a file is packed and can't be unpacked to its end, within what is read of it.
pub(in crate::agent) fn is_cut_off(path: &Path) -> bool {
    let Ok((mut file, _)) = open(path, Links::Followed) else { return false };
    let mut magic = Vec::new();
    if file.by_ref().take(2).read_to_end(&mut magic).is_err() || magic != gzip::MAGIC {
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
        if !gzip::is_packed(&bytes) {
            return Ok(Some((bytes, at)));
        }
        let unpacked = gzip::head(bytes.as_slice(), most)?;
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
        Ok(if magic == gzip::MAGIC { Self::Packed(Box::default()) } else { Self::Plain(Appended::default()) })
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
            Self::Packed(file) => &file.rest.bytes,
        }
    }

    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        match self {
            Self::Plain(file) => file.take_rest(),
            Self::Packed(file) => std::mem::take(&mut file.rest.bytes),
        }
    }
}

/// A packed file of lines: it can't grow piece by piece, so one that changed is read from its beginning.
#[derive(Debug, Default)]
pub(super) struct Packed {
    stamp: Option<(u64, SystemTime)>,
    reader: Option<MultiGzDecoder<File>>,
    rest: Rest,
    unpacked: u64,
}

impl Packed {
    fn look(&mut self, path: &Path) -> io::Result<Option<Lines>> {
        let Some((file, there)) = open_regular(path)? else { return Ok(None) };
        let stamp = Some((there.len(), there.modified()?));
        let restarted = stamp != self.stamp && self.stamp.is_some();
        if stamp != self.stamp {
            *self = Self { stamp, reader: Some(MultiGzDecoder::new(file)), rest: self.rest.of_another(), unpacked: 0 };
        }
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let mut bytes = std::mem::take(&mut self.rest.bytes);
        let before = bytes.len();
        gzip::read_on(&mut reader.by_ref().take(PIECE as u64), &mut bytes)?;
        let read = bytes.len() - before;
        self.unpacked += read as u64;
        if self.unpacked > MOST_UNPACKED {
            return Err(too_large(MOST_UNPACKED));
        }
        let more = read == PIECE;
        if !more {
            self.reader = None;
        }
        Ok(Some(Lines { restarted, whole: self.rest.cut(bytes, path), more, changed: there.modified()? }))
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
