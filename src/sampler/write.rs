//! The files that the sampler adds to. A line is one `write`; what a killed predecessor or a full disk left unfinished is closed
//! by a newline first. A line that finds no room is dropped: the next one tries again.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::host::files;
use crate::ledger::regular;

/// No line of ours is longer, in bytes.
const LONGEST: u64 = 256 << 10;

/// One file of lines.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    /// `None` where it could not be opened: the next line tries again.
    file: Option<File>,
    /// It ends in the middle of a line, as far as anybody knows.
    torn: bool,
    /// Its length in bytes when it was written last.
    end: u64,
}

impl Lines {
    /// At the end of a file, which is made where it is missing.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let mut lines = Self { path, file: None, torn: false, end: 0 };
        lines.reopen()?;
        Ok(lines)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Goes on in the file that has the name now.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        let file = regular::open(File::options().read(true).append(true).create(true).mode(0o600), &self.path)?;
        self.torn = !ends_whole(&file)?;
        self.end = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    /// Whether it holds what it held when it was written last: nobody removed it or cut it.
    pub(super) fn is_as_left(&self) -> bool {
        let there = self.file.as_ref().and_then(|file| file.metadata().ok());
        there.is_some_and(|there| there.nlink() > 0 && there.len() >= self.end)
    }

    /// Appends whole lines without their last newline, in one piece. After an error they are lost, wholly or in part.
    pub(super) fn append(&mut self, lines: &str) -> io::Result<()> {
        // somebody removed it: what is written into it is seen by nobody
        if self.file.as_ref().is_some_and(|file| file.metadata().is_ok_and(|there| there.nlink() == 0)) {
            self.file = None;
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        let bytes = format!("{}{lines}\n", if self.torn { "\n" } else { "" });
        let written = file.write(bytes.as_bytes());
        self.end = file.metadata().map_or(0, |there| there.len());
        self.torn = match &written {
            Ok(count) => *count < bytes.len() && (*count > 0 || self.torn),
            Err(_) => self.torn,
        };
        match written {
            // that is how a disk says that it is full now
            Ok(count) if count < bytes.len() => Err(Errno::NOSPC.into()),
            other => other.map(drop),
        }
    }
}

/// The moment of a line, and whether it is a header: `{"t":1763769600000,"header":…`. `None` for one that is none of ours.
pub(super) fn moment(line: &[u8]) -> Option<(i64, bool)> {
    let rest = line.strip_prefix(b"{\"t\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let t = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    let rest = rest.get(digits..)?;
    // of a torn line the last digits may be missing
    matches!(rest.first(), Some(b',' | b'}')).then(|| (t, rest.starts_with(b",\"header\":")))
}

/// The moment of a file's last whole line.
pub(super) fn last_moment(path: &Path) -> Option<i64> {
    let text = files::tail(path, LONGEST).ok()?;
    let (whole, _) = text.rsplit_once('\n')?;
    whole.lines().rev().find_map(|line| moment(line.as_bytes())).map(|(t, _)| t)
}

/// Whether a file is empty or ends with a whole line.
fn ends_whole(file: &File) -> io::Result<bool> {
    let end = file.metadata()?.len();
    let mut last = [0_u8];
    Ok(end == 0 || file.read_at(&mut last, end - 1)? == 0 || last == *b"\n")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    #[test]
    fn a_torn_line_is_closed_and_a_file_that_was_removed_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "{\"t\":1}\n{\"t\"").unwrap();
        let mut lines = Lines::open(path.clone()).unwrap();
        lines.append("{\"t\":2}").unwrap();
        lines.append("{\"t\":3}\n{\"t\":4}").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"t\":1}\n{\"t\"\n{\"t\":2}\n{\"t\":3}\n{\"t\":4}\n");
        fs::remove_file(&path).unwrap();
        lines.append("{\"t\":5}").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"t\":5}\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(lines.append("{\"t\":6}").is_err());
    }
}
