//! A file of any size, copied line by line: clean, masked, with its colours where they are wanted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use super::material::Shape;
use crate::text::ansi::{self, Colour, Ink, Look};
use crate::text::mask::Masker;

/// Bytes that are read at once.
const BLOCK: usize = 256 * 1024;

/// A longer line is copied in pieces, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Copies the bytes of a range. Returns the number of the line, from 1, in which the byte at `at` stands.
pub(super) fn copy(file: &mut File, range: Range<u64>, at: u64, out: &mut impl Write, shape: Shape, masker: &Masker) -> io::Result<u64> {
    file.seek(SeekFrom::Start(range.start))?;
    let mut rest = file.take(range.end.saturating_sub(range.start));
    let (mut held, mut begin, mut line) = (Vec::new(), range.start, 1_u64);
    loop {
        let read = rest.by_ref().take(BLOCK as u64).read_to_end(&mut held)?;
        let is_end = read == 0;
        let cut = match held.iter().rposition(|byte| *byte == b'\n') {
            _ if is_end => held.len(),
            Some(newline) => newline + 1,
            None if held.len() < LONGEST => continue,
            None => whole_secrets(&held, masker),
        };
        let behind = held.split_off(cut);
        let before = usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX).min(held.len());
        line += memchr::memchr_iter(b'\n', held.get(..before).unwrap_or_default()).count() as u64;
        write(&held, out, shape, masker)?;
        begin += held.len() as u64;
        held = behind;
        if is_end {
            return Ok(line);
        }
    }
}

/// Where such a long line may be divided: within no letter and no secret, and at a space where there is one, as colours may
/// stand within a secret.
fn whole_secrets(bytes: &[u8], masker: &Masker) -> usize {
    let mut at = bytes.len().saturating_sub(masker.longest_written().max(4));
    let near = at.saturating_sub(BLOCK / 4);
    if let Some(space) = bytes.get(near..at).and_then(|near| near.iter().rposition(|byte| *byte == b' ')) {
        at = near + space + 1;
    }
    while bytes.get(at).is_some_and(|byte| matches!(byte, 0x80..0xc0)) && at > near {
        at -= 1;
    }
    let (head, tail) = bytes.split_at_checked(at).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let text = format!("{head}{}", String::from_utf8_lossy(tail));
    // what lies between is the beginning of a secret, byte by byte
    at.saturating_sub(head.len() - masker.place(&text, head.len()))
}

fn write(bytes: &[u8], out: &mut impl Write, shape: Shape, masker: &Masker) -> io::Result<()> {
    let text = String::from_utf8_lossy(bytes);
    // first as it was written: a secret may have several lines
    let masked = masker.mask(&text);
    for line in masked.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let mut shown = ansi::line(line, usize::MAX);
        // and without the colours that may have stood in it
        if let std::borrow::Cow::Owned(text) = masker.mask(&shown.text) {
            shown = ansi::Line { text, runs: Vec::new() };
        }
        match shape {
            Shape::Coloured => coloured(out, &shown)?,
            Shape::Plain | Shape::Markdown => out.write_all(shown.text.as_bytes())?,
        }
        out.write_all(end.as_bytes())?;
    }
    Ok(())
}

fn coloured(out: &mut impl Write, line: &ansi::Line) -> io::Result<()> {
    let mut from = 0;
    let part = |range: Range<usize>| line.text.get(range).unwrap_or_default().as_bytes();
    for run in &line.runs {
        out.write_all(part(from..run.at.start))?;
        write!(out, "\x1b[{}m", sgr(run.ink))?;
        out.write_all(part(run.at.clone()))?;
        out.write_all(b"\x1b[0m")?;
        from = run.at.end;
    }
    out.write_all(part(from..line.text.len()))
}

/// The parameters of the sequence that draws so.
fn sgr(ink: Ink) -> String {
    let looks = [(Look::Bold, "1"), (Look::Dim, "2"), (Look::Italic, "3"), (Look::Underline, "4"), (Look::Reverse, "7")];
    let looks = looks.into_iter().filter(|(look, _)| ink.has(*look)).map(|(_, code)| code.to_owned());
    let colour = |base: u8, colour: Colour| match colour {
        Colour::Named(n @ 0..8) => (base + n).to_string(),
        Colour::Named(n) => (base + 52 + n).to_string(),
        Colour::Indexed(n) => format!("{};5;{n}", base + 8),
        Colour::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    };
    let colours = ink.fg.map(|fg| colour(30, fg)).into_iter().chain(ink.bg.map(|bg| colour(40, bg)));
    looks.chain(colours).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn copied(bytes: &[u8], at: u64, shape: Shape) -> (String, u64) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut out = Vec::new();
        let masker = Masker::new([("A_TOKEN", "hunter22")], []);
        let line = copy(&mut file, 0..bytes.len() as u64, at, &mut out, shape, &masker).unwrap();
        (String::from_utf8(out).unwrap(), line)
    }

    #[test]
    fn colours_stay_where_they_are_wanted_and_nothing_else_does() {
        let raw = b"one\n\x1b[1;31mred\x1b[0m \x1b[38;5;200mx\x1b[94my\x1b]0;title\x07\n 10%\r100%\nhunt\x1b[1mer22 hunter22";
        let (plain, line) = copied(raw, 4, Shape::Plain);
        assert_eq!((plain.as_str(), line), ("one\nred xy\n100%\n••• •••", 2));
        let (coloured, _) = copied(raw, 0, Shape::Coloured);
        assert_eq!(coloured, "one\n\x1b[1;31mred\x1b[0m \x1b[38;5;200mx\x1b[0m\x1b[94my\x1b[0m\n100%\n••• •••");
    }

    #[test]
    fn a_line_without_an_end_hides_its_secrets_wherever_it_is_divided() {
        for shift in 0..12 {
            let mut raw = vec![b'.'; LONGEST - BLOCK.min(4) - shift];
            for _ in 0..40 {
                raw.extend(b"hunter22");
            }
            raw.extend("é".repeat(LONGEST).bytes());
            let (plain, _) = copied(&raw, 0, Shape::Plain);
            assert!(!plain.contains("hunt") && !plain.contains("er22") && plain.ends_with("éé"), "{shift}");
        }
    }

    #[test]
    fn a_secret_that_json_spells_otherwise_is_copied_nowhere() {
        let raw = b"{\"k\":\"hunt\\u0065r22\\n\"}\n\"hunt\\u001b[1mer22\"\n";
        assert_eq!(copied(raw, 0, Shape::Plain).0, "{\"k\":\"\u{2022}\u{2022}\u{2022}\\n\"}\n\"\u{2022}\u{2022}\u{2022}\"\n");
    }

    #[test]
    fn a_part_of_a_file_is_copied() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\ntwo\nthree\n").unwrap();
        let mut out = Vec::new();
        let line = copy(&mut file, 4..8, 4, &mut out, Shape::Plain, &Masker::default()).unwrap();
        assert_eq!((out.as_slice(), line), (&b"two\n"[..], 1));
    }
}
