//! What arms in containers write of themselves: how far they are, and what their servers say.

use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::progress::read;
use crate::docker::arm::{FIGURES, PROGRESS};
use crate::domain::ServerFigures;
use crate::host::files::{self, Links};
use crate::ui::bench::{Curves, Live, Past, Which};
use crate::ui::machine::News;

/// Bytes of figures that are read at once.
const PIECE: u64 = 1 << 20;

/// So often at one look: more than a day of figures.
const PIECES: usize = 32;

/// A line that is longer is none of ours, in bytes.
const LONGEST: usize = 4096;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Arms {
    live: Option<Live>,
    figures: Option<(PathBuf, Figures)>,
    past: Vec<Past>,
}

/// `figures.jsonl`, as far as it was read.
#[derive(Debug, Default)]
struct Figures {
    identity: (u64, u64),
    offset: u64,
    /// A line that is still being written.
    rest: Vec<u8>,
    curves: Curves,
}

impl Arms {
    /// Looks, with the arm that runs and those that are over and looked at, and says what is new.
    pub(super) fn look(&mut self, live: Option<(Which, PathBuf)>, past: Vec<(Which, PathBuf)>) -> Vec<News> {
        let live = live.and_then(|(of, folder)| self.live(of, &folder));
        if live.is_none() {
            self.figures = None;
        }
        let mut news = Vec::new();
        if live != self.live {
            self.live.clone_from(&live);
            news.push(News::Arm(live.map(Box::new)));
        }
        if !past.iter().map(|(of, _)| of).eq(self.past.iter().map(|past| &past.of)) {
            self.past = past.into_iter().map(|(of, folder)| Past { of, curves: figures(&folder) }).collect();
            news.push(News::Arms(self.past.clone()));
        }
        news
    }

    pub(super) const fn is_live(&self) -> bool {
        self.live.is_some()
    }

    fn live(&mut self, of: Which, folder: &Path) -> Option<Live> {
        // a moment in which it can't be read is none in which it says nothing
        let before = || self.live.as_ref().filter(|live| live.of == of).map(|live| live.progress.clone());
        let progress = read(&folder.join(PROGRESS)).or_else(before)?;
        let path = folder.join(FIGURES);
        if self.figures.as_ref().is_none_or(|(known, _)| *known != path) {
            self.figures = Some((path, Figures::default()));
        }
        let curves = self.figures.as_mut().map(|(path, figures)| figures.read_on(path).clone()).unwrap_or_default();
        Some(Live { of, progress, curves })
    }
}

/// The figures of an arm that is over, by its folder.
pub fn figures(folder: &Path) -> Curves {
    let mut figures = Figures::default();
    figures.read_on(&folder.join(FIGURES)).clone()
}

impl Figures {
    /// Reads what was added; a file that is another one by now is read from its beginning.
    fn read_on(&mut self, path: &Path) -> &Curves {
        let Ok((mut file, there)) = files::open(path, Links::Refused) else { return &self.curves };
        let identity = |there: &Metadata| (there.dev(), there.ino());
        if identity(&there) != self.identity || there.len() < self.offset {
            *self = Self { identity: identity(&there), ..Self::default() };
        }
        if file.seek(SeekFrom::Start(self.offset)).is_err() {
            return &self.curves;
        }
        for _ in 0..PIECES {
            let mut bytes = Vec::new();
            if file.by_ref().take(PIECE).read_to_end(&mut bytes).is_err() || bytes.is_empty() {
                break;
            }
            self.offset = self.offset.saturating_add(bytes.len() as u64);
            self.take(&bytes);
        }
        &self.curves
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            // the end of a line that is too long is no line either
            let room = (LONGEST + 1).saturating_sub(self.rest.len());
            self.rest.extend(line.iter().take(room));
            if lines.peek().is_some() {
                let whole = std::mem::take(&mut self.rest);
                let figures = serde_json::from_slice::<ServerFigures>(&whole).ok().filter(|_| whole.len() <= LONGEST);
                if let Some(figures) = figures {
                    self.curves.take(figures);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, File};
    use std::io::Write;

    use super::*;
    use crate::ui::bench::Figure;

    fn line(second: u32, running: u32) -> String {
        format!("{{\"at\":\"2026-11-22T03:00:{second:02}Z\",\"from\":\"metrics\",\"running\":{running}}}\n")
    }

    #[test]
    fn figures_are_read_as_they_come_however_they_are_cut_and_nonsense_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FIGURES);
        let mut figures = Figures::default();
        assert!(figures.read_on(&path).is_empty());
        let text = [line(0, 2), "{\"at\":3}\n".to_owned(), "x".repeat(3 * LONGEST) + "\n", line(1, 4)].concat();
        let mut file = File::create(&path).unwrap();
        for piece in text.as_bytes().chunks(977) {
            file.write_all(piece).unwrap();
            figures.read_on(&path);
        }
        assert_eq!(figures.curves.mean(Figure::Running), Some(3.0));
        assert!(figures.rest.is_empty());
        fs::remove_file(&path).unwrap();
        fs::write(&path, line(5, 7)).unwrap();
        assert_eq!(figures.read_on(&path).mean(Figure::Running), Some(7.0));
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/proc/self/environ", &path).unwrap();
        assert_eq!(figures.read_on(&path).mean(Figure::Running), Some(7.0));
    }
}
