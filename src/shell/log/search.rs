//! A search over a whole file, a slice at a time.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::shown::shown;
use crate::host::paged::{BLOCK, Paged};
use crate::text::ansi;
use crate::text::clean::LONGEST;
use crate::text::find::{Meaning, Pattern};
use crate::text::mask::Masker;
use crate::ui::log::{Found, Hunt, Progress, Way};

/// Bytes searched at once: a few milliseconds, then keys are heard.
const SLICE: u64 = 1024 * 1024;

/// After this time a search asks whether to go on.
const BUDGET: Duration = Duration::from_secs(5);

/// A search under way.
#[derive(Debug)]
pub(super) struct Search {
    hunt: Hunt,
    progress: Progress,
    begun: Instant,
}

impl Search {
    /// Begins one, or goes on with one.
    pub(super) fn new(hunt: Hunt) -> Self {
        let progress = hunt.on.unwrap_or(Progress { at: hunt.from, wrapped: false, searched: 0 });
        Self { hunt, progress, begun: Instant::now() }
    }

    /// Searches the next slice.
    pub(super) fn go_on(&mut self, pages: &mut Paged<'_>, masker: &Masker) -> io::Result<Found> {
        let Some(slice) = self.slice(pages)? else { return Ok(Found::Nowhere) };
        let progress = &mut self.progress;
        if let Some(at) = line_in(pages, slice.clone(), &self.hunt, masker)? {
            return Ok(Found::At { at, wrapped: progress.wrapped });
        }
        progress.searched += slice.end - slice.start;
        progress.at = match self.hunt.way {
            Way::Forwards => slice.end,
            Way::Backwards => slice.start,
        };
        Ok(if self.begun.elapsed() > BUDGET { Found::Late(*progress) } else { Found::NotYet(progress.searched) })
    }

    /// The next lines to be searched, from the beginning of one to the end of one; `None` where the whole file was.
    fn slice(&mut self, pages: &mut Paged<'_>) -> io::Result<Option<Range<u64>>> {
        let (from, len) = (self.hunt.from.min(pages.len()), pages.len());
        let progress = &mut self.progress;
        match self.hunt.way {
            Way::Forwards => {
                if !progress.wrapped && progress.at >= len {
                    (progress.wrapped, progress.at) = (true, 0);
                }
                let end = if progress.wrapped { from } else { len };
                let start = progress.at;
                if start >= end {
                    return Ok(None);
                }
                if end - start <= SLICE {
                    return Ok(Some(start..end));
                }
                let near = pages.line_at(start + SLICE)?;
                Ok(Some(start..if near > start { near } else { pages.after(start)?.unwrap_or(end) }))
            }
            Way::Backwards => {
                if !progress.wrapped && progress.at == 0 {
                    (progress.wrapped, progress.at) = (true, len);
                }
                let start = if progress.wrapped { from } else { 0 };
                let end = progress.at.min(len);
                if start >= end {
                    return Ok(None);
                }
                if end - start <= SLICE {
                    return Ok(Some(start..end));
                }
                let near = pages.line_at(end - SLICE)?.max(start);
                Ok(Some(near..end))
            }
        }
    }
}

/// The line of the slice that is found first, going this way.
fn line_in(pages: &mut Paged<'_>, slice: Range<u64>, hunt: &Hunt, masker: &Masker) -> io::Result<Option<u64>> {
    let bytes = pages.bytes(slice.clone())?;
    let quick = is_plain(&bytes) && is_of_one_line(&hunt.pattern);
    if quick && !hunt.pattern.bytes().is_match(&bytes) {
        return Ok(None);
    }
    let mut last = None;
    let mut at = slice.start;
    while at < slice.end {
        let rest = bytes.get(place(at - slice.start)..).unwrap_or_default();
        let newline = rest.iter().position(|byte| *byte == b'\n');
        let next = match newline {
            Some(newline) if (newline as u64) < BLOCK => at + newline as u64 + 1,
            _ => pages.after(at)?.unwrap_or(slice.end),
        };
        let line = rest.get(..place(next - at)).unwrap_or(rest);
        // what is hidden is not found: the line counts as it is shown
        if may_hold(line, &hunt.pattern) && hunt.pattern.is_in(&shown(&pages.line(at)?, masker).text) {
            if hunt.way == Way::Forwards {
                return Ok(Some(at));
            }
            last = Some(at);
        }
        at = next;
    }
    Ok(last)
}

/// Whether a raw line holds the pattern before its secrets are hidden.
fn may_hold(line: &[u8], pattern: &Pattern) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if is_plain(line) && line.len() <= LONGEST {
        return pattern.bytes().is_match(line.trim_ascii_end());
    }
    pattern.is_in(&ansi::line(&String::from_utf8_lossy(line), LONGEST).text)
}

/// Whether a text is drawn as it stands, byte by byte.
fn is_plain(bytes: &[u8]) -> bool {
    // without a way out in the middle, which is quicker
    let plain = |byte: &u8| (b' '..0x7f).contains(byte) || *byte == b'\n';
    bytes.chunks(4096).all(|chunk| chunk.iter().fold(true, |all, byte| all & plain(byte)))
}

/// Whether it is found in many lines at once where it is found in one of them: it says nothing of the line's ends.
fn is_of_one_line(pattern: &Pattern) -> bool {
    let ends = ["^", "$", "\\A", "\\z", "(?"];
    pattern.meaning == Meaning::Text || !ends.iter().any(|end| pattern.text.contains(end))
}

fn place(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
