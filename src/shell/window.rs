//! The last lines of a stage's output files, however large they are.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::SystemTime;

use super::log::shown::shown;
use crate::host::files::{self, Links};
use crate::host::paged::{Edge, Raw};
use crate::text::mask::Masker;
use crate::ui::message::{OutputLine, Stream};

/// Bytes read of a file at once: what lies further back is not shown.
const BYTES: u64 = 64 * 1024;

/// Lines kept.
const LINES: usize = 500;

/// A bounded look at several files.
#[derive(Debug)]
pub struct Window {
    lines: VecDeque<OutputLine>,
    files: Vec<Followed>,
    before: u64,
    /// Whether something was read since somebody asked.
    is_new: bool,
}

/// One of them.
#[derive(Debug)]
struct Followed {
    path: PathBuf,
    stream: Stream,
    offset: u64,
    /// What was read since the last newline.
    partial: Vec<u8>,
    /// How much of that line it is.
    known: Known,
}

/// How much of the line that is being read is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// All that was written of it.
    All,
    /// Its beginning: it is too long.
    Beginning,
    /// Nothing: its beginning was not read, and half a secret is not masked.
    Nothing,
}

impl Window {
    /// Of what a stage writes, of which nothing need exist yet.
    pub fn new(streams: Vec<(Stream, PathBuf)>) -> Self {
        let followed = |(stream, path)| Followed { path, stream, offset: 0, partial: Vec::new(), known: Known::All };
        let mut files: Vec<Followed> = streams.into_iter().map(followed).collect();
        // what was written last is shown last
        files.sort_by_key(|file| changed(&file.path));
        Self { lines: VecDeque::new(), files, before: 0, is_new: false }
    }

    /// Reads what is new. True when something was.
    pub fn read_on(&mut self, masker: &Masker) -> io::Result<bool> {
        let (mut news, mut wrong) = (false, None);
        for file in &mut self.files {
            match file.read_on(&mut self.lines, &mut self.before, masker) {
                Ok(is_new) => news |= is_new,
                // one that can't be read does not hide the others
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        while self.lines.len() > LINES {
            self.lines.pop_front();
        }
        self.is_new |= news;
        wrong.map_or(Ok(news), Err)
    }

    /// Whether something was read since this was asked last, though another file could not be.
    pub const fn take_news(&mut self) -> bool {
        std::mem::replace(&mut self.is_new, false)
    }

    /// The lines, those being written last.
    pub fn lines(&self, masker: &Masker) -> Vec<OutputLine> {
        let partial = self.files.iter().filter(|file| !file.partial.is_empty()).map(|file| file.line(Edge::Open, masker));
        let mut lines: Vec<OutputLine> = self.lines.iter().cloned().chain(partial).collect();
        while lines.last().is_some_and(|line| line.text.is_empty()) {
            lines.pop();
        }
        lines
    }

    /// Bytes of the files that lie before these lines.
    pub const fn before(&self) -> u64 {
        self.before
    }
}

impl Followed {
    fn read_on(&mut self, lines: &mut VecDeque<OutputLine>, before: &mut u64, masker: &Masker) -> io::Result<bool> {
        let (mut file, there) = match files::open(&self.path, Links::Refused) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let len = there.len();
        if len == self.offset {
            return Ok(false);
        }
        if len < self.offset {
            self.forget(lines);
            self.offset = 0;
        }
        if len - self.offset > BYTES {
            self.forget(lines);
            self.offset = len - BYTES;
            *before = self.offset;
            self.known = Known::Nothing;
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut fresh = Vec::new();
        file.take(BYTES).read_to_end(&mut fresh)?;
        self.offset = self.offset.saturating_add(fresh.len() as u64);
        if self.known == Known::Nothing {
            let end = fresh.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            if end.is_some() {
                self.known = Known::All;
            }
            fresh.drain(..end.map_or(fresh.len(), |at| at + 1));
        }
        self.take(&fresh, lines, masker);
        Ok(true)
    }

    fn take(&mut self, fresh: &[u8], lines: &mut VecDeque<OutputLine>, masker: &Masker) {
        let mut parts = fresh.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.known == Known::All {
                self.partial.extend_from_slice(part);
            }
            if parts.peek().is_some() {
                lines.push_back(self.line(Edge::Whole, masker));
                self.partial.clear();
                self.known = Known::All;
            }
        }
        // a progress bar rewrites its line without end: only its last state counts
        if let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\r')
            && end + 1 < self.partial.len()
        {
            self.partial.drain(..=end);
        }
        let most = usize::try_from(BYTES).unwrap_or(usize::MAX);
        if self.partial.len() > most {
            self.partial.truncate(most);
            self.known = Known::Beginning;
        }
    }

    /// The line that is being read, as far as it is kept.
    fn line(&self, ends: Edge, masker: &Masker) -> OutputLine {
        let ends = if self.known == Known::Beginning { Edge::Divided } else { ends };
        let raw = Raw { at: 0, bytes: self.partial.clone(), begins: Edge::Whole, ends };
        OutputLine { from: self.stream, text: shown(&raw, masker).text }
    }

    fn forget(&mut self, lines: &mut VecDeque<OutputLine>) {
        self.partial.clear();
        self.known = Known::All;
        lines.retain(|line| line.from != self.stream);
    }
}

fn changed(path: &PathBuf) -> Option<SystemTime> {
    std::fs::symlink_metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs::File;
    use std::io::Write;

    use super::*;

    fn of([out, err]: [PathBuf; 2]) -> Window {
        Window::new(vec![(Stream::Out, out), (Stream::Err, err)])
    }

    fn texts(window: &Window, masker: &Masker) -> Vec<String> {
        window.lines(masker).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn it_follows_and_folds_progress_bars() {
        let folder = tempfile::tempdir().unwrap();
        let (out, err) = (folder.path().join("out"), folder.path().join("err"));
        let masker = Masker::new([("A_TOKEN", "hunter22")], []);
        let mut window = of([out.clone(), err]);
        assert!(!window.read_on(&masker).unwrap());
        std::fs::write(&out, "one\n\u{1b}[31mtwo hunt").unwrap();
        assert!(window.read_on(&masker).unwrap());
        let mut file = File::options().append(true).open(&out).unwrap();
        file.write_all(b"er22\n 10%\r 50%\r 90%").unwrap();
        assert!(window.read_on(&masker).unwrap());
        assert_eq!(texts(&window, &masker), ["one", "two •••", " 90%"]);
        assert!(!window.read_on(&masker).unwrap());
    }

    #[test]
    fn no_half_of_a_secret_shows_of_a_line_that_is_read_in_pieces() {
        let half = |bytes: usize| format!("{} hunt", "x".repeat(bytes));
        let zero_width = "\u{1b}[0m".repeat(16_384 - 2);
        let patterns: [&[&str]; 5] = [
            &[&half(100_000), "er22 and more\n"],
            &["short\n", &half(80_000), "er22 and more\n"],
            &[&half(30_000), "er22", &half(40_000), "er22", &half(30_000), "er22\n"],
            // what is cut at the most bytes is shown up to there
            &[&format!("{zero_width}hunt"), "er22 and more", "\n"],
            &[&format!("{zero_width}is hunter2"), &"2 and more".repeat(20), "\nlast"],
        ];
        let masker = Masker::new([("A_TOKEN", "hunter22")], []);
        for pieces in patterns {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("out");
            let mut window = of([out.clone(), folder.path().join("err")]);
            let mut file = File::create(&out).unwrap();
            for piece in pieces {
                file.write_all(piece.as_bytes()).unwrap();
                window.read_on(&masker).unwrap();
                let seen = texts(&window, &masker).concat();
                assert!(!seen.contains("hunt") && !seen.contains("er22"), "{}: {seen}", pieces.len());
            }
            file.write_all(b"\nnext\n").unwrap();
            window.read_on(&masker).unwrap();
            assert_eq!(texts(&window, &masker).last().map(String::as_str), Some("next"));
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        std::os::unix::fs::symlink("/etc/passwd", &out).unwrap();
        let masker = Masker::default();
        let mut window = of([out, folder.path().join("err")]);
        assert!(window.read_on(&masker).unwrap_err().to_string().contains("it is a link"));
        assert!(window.lines(&masker).is_empty());
    }

    #[test]
    fn of_a_huge_file_only_the_end_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        std::fs::write(&out, "0123456789\n".repeat(1_000_000)).unwrap();
        let masker = Masker::default();
        let mut window = of([out, folder.path().join("err")]);
        window.read_on(&masker).unwrap();
        assert_eq!((window.lines(&masker).len(), window.before() > 10_000_000), (LINES, true));
        assert!(texts(&window, &masker).iter().all(|line| line == "0123456789"));
    }

    #[test]
    fn a_file_that_shrank_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let masker = Masker::default();
        let mut window = of([out.clone(), folder.path().join("err")]);
        std::fs::write(&out, "long line\n").unwrap();
        window.read_on(&masker).unwrap();
        std::fs::write(&out, "new\n").unwrap();
        window.read_on(&masker).unwrap();
        assert_eq!(texts(&window, &masker), ["new"]);
    }
}
