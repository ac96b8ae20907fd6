//! A file that is shown: the windows that are wished for, and what becomes of it meanwhile.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::indent::laid_out;
use super::shown::shown;
use crate::host::files::{self, Links};
use crate::host::paged::Paged;
use crate::text::mask::Masker;
use crate::ui::log::{Fate, Line, News, Place, Source, Turn, Window, Wish};

/// Lines above a place that are read, and lines below the end of one that is followed.
const ABOVE: usize = 400;

/// Lines below a place that are read.
const BELOW: usize = 800;

/// How much of the beginning tells a file that was written anew, in bytes.
const HEAD: usize = 1024;

/// How often the newest lines are told at most.
const NEWEST: Duration = Duration::from_millis(80);

/// How often where nobody can read along: each time most of the screen is new, and the line to it may be slow.
const FLOOD: Duration = Duration::from_millis(300);

/// More bytes than this between two looks are more than a screen.
const MANY: u64 = 32 * 1024;

/// How often somebody who reads further up hears that the file grew.
const GROWN: Duration = Duration::from_millis(500);

/// A file by its name.
#[derive(Debug)]
pub(super) struct Followed {
    source: Source,
    path: PathBuf,
    open: Option<Open>,
    /// Why the name can't be opened any more.
    lost: Option<Turn>,
    /// What could be said last: the wish's number and the file's length.
    said: Option<(u64, Fate, u64)>,
    said_at: Instant,
    /// How much came between the last two times.
    came: u64,
}

/// The file that had the name when it was looked at last.
#[derive(Debug)]
struct Open {
    /// What is read of it: some files are laid out first.
    file: File,
    identity: (u64, u64),
    /// Bytes of what is read.
    len: u64,
    head: Vec<u8>,
    /// Of a file that was laid out.
    laid: Option<Laid>,
}

/// What a file was when it was laid out, and for how many columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Laid {
    len: u64,
    changed: Option<SystemTime>,
    cols: usize,
}

impl Followed {
    pub(super) fn new(source: Source, path: PathBuf) -> Self {
        Self { source, path, open: None, lost: None, said: None, said_at: Instant::now(), came: 0 }
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    /// Does something with the file as long as it was at the last look; `None` where there is none.
    pub(super) fn read<T>(&self, act: impl FnOnce(&mut Paged<'_>) -> T) -> Option<T> {
        self.open.as_ref().map(|open| act(&mut Paged::new(&open.file, open.len)))
    }

    /// What there is to say after another look at the file.
    pub(super) fn look(&mut self, wish: &Wish, masker: &Masker) -> Vec<News> {
        let (fate, turn) = self.reopen(wish.cols, masker);
        let mut news: Vec<News> = turn.map(|turn| News::Turn(self.source.clone(), turn)).into_iter().collect();
        let len = self.open.as_ref().map_or(0, |open| open.len);
        let anew = turn.is_some_and(Turn::begins_again);
        let (answered, grown) = match &self.said {
            Some((serial, said, known)) => (*serial == wish.serial && *said == fate && !anew, *known != len),
            None => (false, true),
        };
        let pace = match wish.place {
            Place::End if self.came > MANY => FLOOD,
            Place::End => NEWEST,
            Place::Around(_) => GROWN,
        };
        if answered && (!grown || self.said_at.elapsed() < pace) {
            return news;
        }
        let (said, window) = if answered && wish.place != Place::End {
            (fate, News::Length(self.source.clone(), len))
        } else {
            match self.window(wish, fate.clone(), masker) {
                Ok(window) => (fate, News::Window(window)),
                // it shrank just now: the next look sees it
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return news,
                Err(error) => {
                    let fate = Fate::Failed(error.to_string());
                    (fate.clone(), News::Window(self.empty(wish, fate)))
                }
            }
        };
        self.came = self.said.as_ref().map_or(0, |(_, _, known)| len.saturating_sub(*known));
        self.said = Some((wish.serial, said, len));
        self.said_at = Instant::now();
        news.push(window);
        news
    }

    /// Opens the name again: another file may have it by now.
    fn reopen(&mut self, cols: usize, masker: &Masker) -> (Fate, Option<Turn>) {
        match files::open(&self.path, Links::Refused) {
            Ok((file, there)) if self.source.is_laid_out() => self.lay_out(file, &there, cols, masker),
            Ok((file, there)) => {
                let identity = (there.dev(), there.ino());
                let was_lost = self.lost.take().is_some();
                let (turn, head) = match self.open.take() {
                    None => (None, Vec::new()),
                    Some(open) if open.identity != identity => (Some(Turn::Replaced), Vec::new()),
                    Some(open) if there.len() < open.len || !begins_with(&file, &open.head) => (Some(Turn::Shrunk), Vec::new()),
                    Some(open) => (was_lost.then_some(Turn::Back), open.head),
                };
                self.open = Some(Open { head: grow(head, &file, there.len()), file, identity, len: there.len(), laid: None });
                (Fate::Read, turn)
            }
            Err(error) => {
                let (fate, turn) = match error.kind() {
                    io::ErrorKind::NotFound => (Fate::Missing, Turn::Gone),
                    io::ErrorKind::PermissionDenied => (Fate::Forbidden, Turn::Forbidden),
                    io::ErrorKind::Other => (Fate::NoFile, Turn::Displaced),
                    _ => (Fate::Failed(error.to_string()), Turn::Lost),
                };
                if self.open.is_none() {
                    return (fate, None);
                }
                // what was opened can be read as long as it is held
                let is_news = self.lost.replace(turn) != Some(turn);
                (Fate::Read, is_news.then_some(turn))
            }
        }
    }

    /// A file that is laid out: anew whenever it changed, or there are more or fewer columns.
    fn lay_out(&mut self, file: File, there: &Metadata, cols: usize, masker: &Masker) -> (Fate, Option<Turn>) {
        let (identity, laid) = ((there.dev(), there.ino()), Laid { len: there.len(), changed: there.modified().ok(), cols });
        let was_lost = self.lost.take().is_some();
        let before = self.open.as_ref().and_then(|open| open.laid.filter(|_| open.identity == identity));
        if before == Some(laid) {
            return (Fate::Read, was_lost.then_some(Turn::Back));
        }
        match laid_out(file, there.len(), &self.source, Some(cols).filter(|cols| *cols > 0), masker) {
            Ok((file, len)) => {
                // other columns are no other file
                let is_news = before.is_none_or(|before| Laid { cols, ..before } != laid);
                self.said = None;
                let was_open = self.open.replace(Open { file, identity, len, head: Vec::new(), laid: Some(laid) }).is_some();
                (Fate::Read, (was_open && is_news).then_some(Turn::Replaced))
            }
            Err(error) => (Fate::Failed(error.to_string()), None),
        }
    }

    fn empty(&self, wish: &Wish, fate: Fate) -> Window {
        Window { source: self.source.clone(), serial: wish.serial, fate, lines: Vec::new(), end: 0, len: 0 }
    }

    fn window(&self, wish: &Wish, fate: Fate, masker: &Masker) -> io::Result<Window> {
        let Some(open) = self.open.as_ref().filter(|open| open.len > 0) else { return Ok(self.empty(wish, fate)) };
        let mut pages = Paged::new(&open.file, open.len);
        let (middle, below) = match wish.place {
            Place::End => (open.len, 0),
            Place::Around(at) => (pages.line_at(at)?, BELOW),
        };
        let mut lines = Vec::new();
        let mut at = middle;
        while let Some(before) = pages.before(at)?.filter(|_| lines.len() < ABOVE) {
            lines.push(line(&mut pages, before, masker)?);
            at = before;
        }
        lines.reverse();
        let mut end = middle;
        for _ in 0..below {
            if end >= open.len {
                break;
            }
            lines.push(line(&mut pages, end, masker)?);
            end = pages.after(end)?.unwrap_or(open.len);
        }
        Ok(Window { source: self.source.clone(), serial: wish.serial, fate, lines, end, len: open.len })
    }
}

fn line(pages: &mut Paged<'_>, at: u64, masker: &Masker) -> io::Result<Line> {
    Ok(Line { at, shown: shown(&pages.line(at)?, masker) })
}

/// Whether the file still begins so.
fn begins_with(file: &File, head: &[u8]) -> bool {
    let mut now = vec![0; head.len()];
    file.read_exact_at(&mut now, 0).is_ok() && now == head
}

/// What is known of the beginning, and more of it as the file grows.
fn grow(mut head: Vec<u8>, file: &File, len: u64) -> Vec<u8> {
    let wanted = HEAD.min(usize::try_from(len).unwrap_or(HEAD));
    if head.len() < wanted {
        head.resize(wanted, 0);
        if file.read_exact_at(&mut head, 0).is_err() {
            head.clear();
        }
    }
    head
}
