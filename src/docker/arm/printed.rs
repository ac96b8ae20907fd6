//! The files that the container writes, read as they grow.
//!
//! They are made by us before it starts, and stay open: whatever code of an agent does to their names (a link to a file of
//! ours, a pipe that never ends), we go on with the files that we made.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{ERR, MARKS, OUT, SERVER};

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// Pieces that a look takes at most: whoever looks has other things to do as well.
const PIECES: usize = 16;

/// Whoever is further behind goes on near the end: nobody prints so much, and somebody may have made a file of terabytes of
/// nothing.
const BEHIND: u64 = 64 << 20;

/// Where it goes on then, before the end.
const AGAIN_AT: u64 = 1 << 20;

/// A file that grows.
#[derive(Debug)]
pub(super) struct Growing {
    file: File,
    offset: u64,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) out: Growing,
    pub(super) err: Growing,
    pub(super) server: Growing,
    pub(super) marks: Growing,
    buffer: Vec<u8>,
}

impl Printed {
    /// Makes them anew in the folder that the container sees. The error names the file.
    pub(super) fn make(folder: &Path) -> Result<Self, (PathBuf, io::Error)> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| (folder.to_owned(), error))?;
        let make = |name: &str| {
            let path = folder.join(name);
            Growing::make(&path).map_err(|error| (path, error))
        };
        Ok(Self { out: make(OUT)?, err: make(ERR)?, server: make(SERVER)?, marks: make(MARKS)?, buffer: vec![0; PIECE] })
    }

    /// Takes what is new, a bounded part of it, with its place in the file. Whether there is more.
    pub(super) fn look(&mut self, mut take: impl FnMut(Stream, u64, &[u8])) -> bool {
        let Self { out, err, server, marks, buffer } = self;
        let streams = [(Stream::Marks, marks), (Stream::Out, out), (Stream::Err, err), (Stream::Server, server)];
        streams.into_iter().fold(false, |more, (stream, file)| file.look(buffer, |at, bytes| take(stream, at, bytes)) || more)
    }

    /// Bytes that client and server printed so far.
    pub(super) fn bytes(&self) -> u64 {
        [&self.out, &self.err, &self.server].into_iter().map(Growing::len).fold(0, u64::saturating_add)
    }
}

/// Which of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// [`OUT`]
    Out,
    /// [`ERR`]
    Err,
    /// [`SERVER`]
    Server,
    /// [`MARKS`]
    Marks,
}

impl Growing {
    fn make(path: &Path) -> io::Result<Self> {
        // a link is removed, and not what it leads to
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { file, offset: 0 })
    }

    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |there| there.len())
    }

    /// Takes what is new, a bounded part of it. Whether there is more. What can't be read is not there.
    fn look(&mut self, buffer: &mut [u8], mut take: impl FnMut(u64, &[u8])) -> bool {
        let len = self.len();
        if len < self.offset {
            // it was begun anew
            self.offset = 0;
        }
        if len - self.offset > BEHIND {
            self.offset = len.saturating_sub(AGAIN_AT);
        }
        for _ in 0..PIECES {
            let read = self.file.read_at(buffer, self.offset).unwrap_or_default();
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return false };
            take(self.offset, bytes);
            self.offset = self.offset.saturating_add(bytes.len() as u64);
        }
        self.offset < len
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(printed: &mut Printed) -> (Vec<u8>, usize) {
        let (mut read, mut looks, mut first) = (Vec::new(), 1, None);
        while printed.look(|stream, at, bytes| {
            if stream == Stream::Server {
                assert_eq!(at - *first.get_or_insert(at), read.len() as u64, "a piece without its place");
                read.extend_from_slice(bytes);
            }
        }) {
            looks += 1;
        }
        (read, looks)
    }

    #[test]
    fn what_was_printed_comes_once_and_in_bounded_parts() {
        let folder = tempfile::tempdir().unwrap();
        let mut printed = Printed::make(folder.path()).unwrap();
        let mut server = File::options().append(true).open(folder.path().join(SERVER)).unwrap();
        server.write_all(&vec![b'a'; 3 * PIECE * PIECES + 5]).unwrap();
        let (read, looks) = all(&mut printed);
        assert_eq!((read.len(), looks), (3 * PIECE * PIECES + 5, 4));
        server.write_all(b"b").unwrap();
        assert_eq!(all(&mut printed), (b"b".to_vec(), 1));
        server.set_len(0).unwrap();
        server.write_all(b"anew").unwrap();
        assert_eq!(all(&mut printed), (b"anew".to_vec(), 1));
        assert_eq!(printed.bytes(), 4);
        // a file of a terabyte of nothing
        server.set_len(1 << 40).unwrap();
        assert_eq!(all(&mut printed).0.len() as u64, AGAIN_AT);
    }

    #[test]
    fn what_stands_in_the_place_of_a_file_is_neither_read_nor_written() {
        let folder = tempfile::tempdir().unwrap();
        let io = folder.path().join("io");
        fs::create_dir(&io).unwrap();
        fs::write(folder.path().join("mine"), "mine").unwrap();
        std::os::unix::fs::symlink(folder.path().join("mine"), io.join(SERVER)).unwrap();
        let mut printed = Printed::make(&io).unwrap();
        assert!(fs::symlink_metadata(io.join(SERVER)).unwrap().is_file());
        assert_eq!(fs::read_to_string(folder.path().join("mine")).unwrap(), "mine");
        // the code of an agent changes it later
        fs::remove_file(io.join(SERVER)).unwrap();
        std::os::unix::fs::symlink(folder.path().join("mine"), io.join(SERVER)).unwrap();
        assert_eq!(all(&mut printed).0, b"");
        fs::create_dir(io.join("x")).unwrap();
        fs::remove_file(io.join(OUT)).unwrap();
        fs::rename(io.join("x"), io.join(OUT)).unwrap();
        assert_eq!(Printed::make(&io).unwrap_err().0, io.join(OUT));
    }
}
