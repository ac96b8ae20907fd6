//! A text as it reads once the escape sequences of JSON in it are undone (RFC 8259, section 7), and where all of it was
//! written: a secret may be spelt in as many ways as it has letters.

use std::ops::Range;

use crate::text::clean;

/// How often sequences are undone: a file holds a call, the call holds arguments as JSON, and these hold a file.
const TIMES: u32 = 3;

/// The longest spelling of one byte after so many times: a backslash becomes two each time, and `uXXXX` stays.
pub(super) const LONGEST: usize = (1 << (TIMES - 1)) + 5;

/// A text that was read once more than the one before it.
#[derive(Debug)]
pub(super) struct Undone {
    /// As it reads.
    pub(super) text: String,
    sequences: Vec<Sequence>,
}

/// A sequence: where it reads, which is nowhere where it draws nothing, and where it was written.
#[derive(Debug)]
struct Sequence {
    read: Range<usize>,
    written: Range<usize>,
}

/// The text as it reads, read once, and again where that has sequences too. Nothing where it has none.
pub(super) fn each(text: &str) -> Vec<Undone> {
    let mut each: Vec<Undone> = Vec::new();
    for _ in 0..TIMES {
        let Some(undone) = Undone::of(each.last().map_or(text, |undone| &undone.text)) else { break };
        each.push(undone);
    }
    each
}

/// Where a span of the last of these was written in the text that the first was made of.
pub(super) fn written(each: &[Undone], span: Range<usize>) -> Range<usize> {
    each.iter().rev().fold(span, |span, undone| undone.written(span))
}

impl Undone {
    /// `None`: no sequence is in it.
    fn of(written: &str) -> Option<Self> {
        let mut undone = Self { text: String::new(), sequences: Vec::new() };
        let (mut done, mut at) = (0, 0);
        while let Some(found) = written.get(at..).and_then(|rest| memchr::memchr(b'\\', rest.as_bytes())) {
            let begin = at + found;
            let Some((len, char)) = sequence(written.get(begin..).unwrap_or_default()) else {
                at = begin + 1;
                continue;
            };
            undone.text.push_str(written.get(done..begin).unwrap_or_default());
            let read = undone.text.len();
            undone.text.extend(char.filter(|char| matches!(char, '\n' | '\t') || !clean::is_invisible(*char)));
            undone.sequences.push(Sequence { read: read..undone.text.len(), written: begin..begin + len });
            (done, at) = (begin + len, begin + len);
        }
        undone.text.push_str(written.get(done..).unwrap_or_default());
        Some(undone).filter(|undone| !undone.sequences.is_empty())
    }

    fn written(&self, span: Range<usize>) -> Range<usize> {
        let before = |n: usize| n.checked_sub(1).and_then(|n| self.sequences.get(n));
        let start = match before(self.sequences.partition_point(|known| known.read.start <= span.start)) {
            Some(own) if span.start < own.read.end => own.written.start,
            Some(last) => last.written.end + (span.start - last.read.end),
            None => span.start,
        };
        let end = match before(self.sequences.partition_point(|known| known.read.start < span.end)) {
            Some(last) => last.written.end + span.end.saturating_sub(last.read.end),
            None => span.end,
        };
        start..end
    }

    /// A span of what was written, with the whole of the sequences in which it begins or ends: half of one is no JSON.
    pub(super) fn whole(&self, span: Range<usize>) -> Range<usize> {
        let around = |place: usize| {
            let n = self.sequences.partition_point(|known| known.written.start < place);
            n.checked_sub(1).and_then(|n| self.sequences.get(n)).filter(|known| place < known.written.end)
        };
        let start = around(span.start).map_or(span.start, |known| known.written.start);
        start..around(span.end).map_or(span.end, |known| known.written.end)
    }
}

/// The sequence with which a text begins: its length, and what it stands for. One that draws nothing, and one whose rest is
/// not there yet, stands for nothing.
fn sequence(text: &str) -> Option<(usize, Option<char>)> {
    let mut chars = text.chars().skip(1);
    let char = match chars.next() {
        None => return Some((text.len(), None)),
        Some('u') => return unicode(text),
        Some(char @ ('"' | '\\' | '/')) => char,
        Some('n') => '\n',
        Some('t') => '\t',
        Some('b' | 'f' | 'r') => return Some((2, None)),
        Some(_) => return None,
    };
    Some((2, Some(char)))
}

/// `\uXXXX`, and two of them where they are the halves of one character.
fn unicode(text: &str) -> Option<(usize, Option<char>)> {
    let digits = text.get(2..)?;
    if digits.len() < 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some((text.len(), None));
    }
    let unit = unit(text)?;
    let behind = text.get(6..).unwrap_or_default();
    if (0xd800..0xdc00).contains(&unit) {
        let is_open = behind.len() < 6 && "\\u".starts_with(behind.get(..2).unwrap_or(behind));
        let low = behind.starts_with("\\u").then(|| self::unit(behind)).flatten();
        return match low.and_then(|low| char::decode_utf16([unit, low]).next()?.ok()) {
            Some(char) => Some((12, Some(char))),
            None if is_open => Some((text.len(), None)),
            None => Some((6, Some(char::REPLACEMENT_CHARACTER))),
        };
    }
    let char = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
    // a colour, as a program wrote it
    let colour = if char == '\u{1b}' { colour(behind) } else { 0 };
    Some((6 + colour, Some(char)))
}

fn unit(text: &str) -> Option<u16> {
    let digits = text.get(2..6)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// Bytes of a control sequence behind its ESC (ECMA-48, 5.4); 0 where it is none.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('[') else { return 0 };
    let last = rest.trim_start_matches(|char| matches!(char, ' '..='?'));
    last.strip_prefix(|char| matches!(char, '@'..='~')).map_or(0, |behind| text.len() - behind.len())
}
