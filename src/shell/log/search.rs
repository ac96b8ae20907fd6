//! A search over a whole file, a slice at a time.

use std::io;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use super::shown::shown;
use crate::host::paged::{BLOCK, Paged};
use crate::text::ansi;
use crate::text::clean::LONGEST;
use crate::text::find::{Meaning, Pattern};
use crate::text::mask::Masker;
use crate::text::stamp;
use crate::ui::log::{Found, Hunt, Moment, Progress, Target, Way};

/// Bytes searched at once: a few milliseconds, then keys are heard.
const SLICE: u64 = 1024 * 1024;

/// After this time a search asks whether to go on.
const BUDGET: Duration = Duration::from_secs(5);

/// Bytes of a line in which its time is looked for.
const HEAD: usize = 512;

/// A search under way.
#[derive(Debug)]
pub(super) struct Search {
    hunt: Hunt,
    progress: Progress,
    begun: Instant,
    /// Bytes searched at once.
    slice: u64,
    /// The last line that says a time before the moment that is searched for.
    before: Option<u64>,
}

impl Search {
    /// Begins one, or goes on with one.
    pub(super) fn new(hunt: Hunt) -> Self {
        let progress = hunt.on.unwrap_or(Progress { at: hunt.from, wrapped: false, searched: 0 });
        Self { hunt, progress, begun: Instant::now(), slice: SLICE, before: None }
    }

    /// Searches the next slice.
    pub(super) fn go_on(&mut self, pages: &mut Paged<'_>, masker: &Masker) -> io::Result<Found> {
        let Some(slice) = self.slice(pages)? else {
            return Ok(self.before.map_or(Found::Nowhere, |at| Found::At { at, wrapped: true }));
        };
        let found = match &self.hunt.target {
            Target::Pattern(pattern) => line_in(pages, slice.clone(), pattern, self.hunt.way, masker)?,
            Target::Moment(moment) => line_at(pages, slice.clone(), moment, &mut self.before)?,
        };
        let progress = &mut self.progress;
        if let Some(at) = found {
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
        let (from, len, most) = (self.hunt.from.min(pages.len()), pages.len(), self.slice);
        let progress = &mut self.progress;
        match self.hunt.way {
            Way::Forwards => {
                if !progress.wrapped && progress.at >= len {
                    (progress.wrapped, progress.at) = (true, 0);
                }
                let end = if progress.wrapped { from } else { len };
                forwards(pages, progress.at, end, most)
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
                if end - start <= most {
                    return Ok(Some(start..end));
                }
                let near = pages.line_at(end - most)?.max(start);
                Ok(Some(near..end))
            }
        }
    }
}

/// The next lines from here on, from the beginning of one to the end of one, about so many bytes; `None` at the end.
pub(super) fn slice_from(pages: &mut Paged<'_>, start: u64) -> io::Result<Option<Range<u64>>> {
    forwards(pages, start, pages.len(), SLICE)
}

fn forwards(pages: &mut Paged<'_>, start: u64, end: u64, most: u64) -> io::Result<Option<Range<u64>>> {
    if start >= end {
        return Ok(None);
    }
    if end - start <= most {
        return Ok(Some(start..end));
    }
    let near = pages.line_at(start + most)?;
    Ok(Some(start..if near > start { near } else { pages.after(start)?.unwrap_or(end) }))
}

/// The line of the slice that is found first, going this way.
fn line_in(pages: &mut Paged<'_>, slice: Range<u64>, pattern: &Pattern, way: Way, masker: &Masker) -> io::Result<Option<u64>> {
    let mut found = None;
    lines_in(pages, slice, pattern, masker, |at| {
        found = Some(at);
        // the last one counts going backwards
        if way == Way::Forwards { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// The first line of the slice that says the moment or a later one; `before`: the last one that says an earlier one.
fn line_at(pages: &mut Paged<'_>, slice: Range<u64>, moment: &Moment, before: &mut Option<u64>) -> io::Result<Option<u64>> {
    let bytes = pages.bytes(slice.clone())?;
    let mut at = slice.start;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        // a time is looked for at the beginning alone, and of a second its beginning counts
        let head = String::from_utf8_lossy(line.get(..HEAD).unwrap_or(line));
        match stamp::of(&head, &moment.frame) {
            Some(said) if said.as_second() >= moment.at.as_second() => return Ok(Some(at)),
            Some(_) => *before = Some(at),
            None => {}
        }
        at += line.len() as u64;
    }
    Ok(None)
}

/// Tells where each line of the slice begins that holds the pattern.
pub(super) fn lines_in(
    pages: &mut Paged<'_>,
    slice: Range<u64>,
    pattern: &Pattern,
    masker: &Masker,
    mut tell: impl FnMut(u64) -> ControlFlow<()>,
) -> io::Result<()> {
    let bytes = pages.bytes(slice.clone())?;
    let quick = is_plain(&bytes) && is_of_one_line(pattern);
    if quick && !pattern.bytes().is_match(&bytes) {
        return Ok(());
    }
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
        if may_hold(line, pattern) && pattern.is_in(&shown(&pages.line(at)?, masker).text) && tell(at).is_break() {
            return Ok(());
        }
        at = next;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]

    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// Where it is found, and whether by going round.
    fn found(bytes: &[u8], hunt: &Hunt, slice: u64) -> Option<(u64, bool)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut pages = Paged::new(&file, bytes.len() as u64);
        let mut search = Search { slice, ..Search::new(hunt.clone()) };
        for _ in 0..10_000 {
            match search.go_on(&mut pages, &Masker::new([("A_KEY", "secret")], [])).unwrap() {
                Found::NotYet(_) => {}
                Found::At { at, wrapped } => return Some((at, wrapped)),
                other => {
                    assert_eq!(other, Found::Nowhere);
                    return None;
                }
            }
        }
        unreachable!("the search does not end")
    }

    fn hunt(pattern: &str, meaning: Meaning, way: Way, from: u64) -> Hunt {
        Hunt { number: 1, target: Target::Pattern(Pattern::new(pattern, meaning).unwrap()), way, from, on: None }
    }

    #[test]
    fn a_line_counts_as_it_is_shown() {
        let text = b"needle\r\x1b[Kgone\nnee\x1b[1mdle\nsecret needles\n  ends  \n";
        let forwards = |pattern, meaning| found(text, &hunt(pattern, meaning, Way::Forwards, 0), SLICE);
        assert_eq!(forwards("needle", Meaning::Text), Some((15, false)));
        assert_eq!(forwards("secret", Meaning::Text), None);
        assert_eq!(forwards("ends$", Meaning::Regex), Some((41, false)));
        assert_eq!(forwards("^gone", Meaning::Regex), Some((0, false)));
        assert_eq!(found(text, &hunt("needle", Meaning::Text, Way::Backwards, 15), SLICE), Some((26, true)));
    }

    proptest! {
        #[test]
        fn it_finds_what_reading_every_line_finds(
            lines in proptest::collection::vec("[ab\t ]{0,6}(\u{1b}\\[1m)?[ab]{0,3}", 1..30),
            from in 0_usize..30, backwards: bool, slice in 1_u64..60,
            pattern in prop_oneof![Just("ab"), Just("aab"), Just("bbbb")], meaning in prop_oneof![Just(Meaning::Text), Just(Meaning::Regex)],
        ) {
            let text = lines.join("\n");
            let starts: Vec<u64> = lines.iter().scan(0, |at, line| Some(std::mem::replace(at, *at + line.len() as u64 + 1))).collect();
            let clean: Vec<String> = lines.iter().map(|line| ansi::line(line, LONGEST).text).collect();
            let holds = |at: &usize| clean.get(*at).is_some_and(|line| line.contains(pattern));
            let from = from % lines.len();
            let count = lines.len();
            let way = if backwards { Way::Backwards } else { Way::Forwards };
            let wanted = if backwards {
                (0..from).rev().find(holds).map(|at| (at, false)).or_else(|| (from..count).rev().find(holds).map(|at| (at, true)))
            } else {
                (from..count).find(holds).map(|at| (at, false)).or_else(|| (0..from).find(holds).map(|at| (at, true)))
            };
            // an empty last line is no line
            let from = starts.get(from).copied().unwrap_or_default().min(text.len() as u64);
            let seen = found(text.as_bytes(), &hunt(pattern, meaning, way, from), slice);
            let seen = seen.map(|(at, wrapped)| (starts.iter().position(|start| *start == at).unwrap_or(at as usize), wrapped));
            prop_assert_eq!(seen, wanted);
        }
    }
}
