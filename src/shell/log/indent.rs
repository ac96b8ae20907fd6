//! A file as it is read: JSON indented, long lines of what the harness keeps wrapped; everything else as it is.

use std::fs::File;
use std::io::{self, Read};

use crate::host::files;
use crate::text::mask::Masker;
use crate::text::{clean, width};
use crate::ui::log::Source;

/// Bytes that are laid out at most.
const MOST: u64 = 8 * 1024 * 1024;

/// Columns of a level.
const STEP: usize = 2;

/// The fewest columns that a line is wrapped to.
const NARROWEST: usize = 20;

/// The file laid out for reading, with its length: JSON indented, and wrapped to so many columns. As it is where it is no file that
/// the harness keeps, or is too large.
pub(super) fn laid_out(file: File, len: u64, source: &Source, cols: Option<usize>, masker: &Masker) -> io::Result<(File, u64)> {
    if !source.is_laid_out() || len > MOST {
        return Ok((file, len));
    }
    let mut bytes = Vec::new();
    (&file).take(MOST).read_to_end(&mut bytes)?;
    // first of all: a secret that goes over two lines would be none any more
    let mut masked = masker.mask(&String::from_utf8_lossy(&bytes)).into_owned();
    // and one that is being written would end in a line that looks whole
    masked.truncate(masked.len() - masker.half_at_end(&masked));
    let text = if source.is_json() { indented(masked.as_bytes()) } else { masked.into_bytes() };
    let text = match cols {
        Some(cols) => wrapped(&String::from_utf8_lossy(&text), cols.max(NARROWEST)).into_bytes(),
        None => text,
    };
    Ok((files::held(&text)?, text.len() as u64))
}

/// Its lines, none wider than so many columns; what is wrapped stays behind its margin.
fn wrapped(text: &str, cols: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in clean::lines(text) {
        let margin = line.len() - line.trim_start().len();
        match line.split_at_checked(margin.min(cols / 2)) {
            Some((margin, rest)) if width::width(&line) > cols => {
                for part in width::wrap(rest, cols - width::width(margin), usize::MAX) {
                    out.push_str(margin);
                    out.push_str(&part);
                    out.push('\n');
                }
            }
            _ => {
                out.push_str(&line);
                out.push('\n');
            }
        }
    }
    out
}

/// Each field and each element in a line of its own, and a text of several lines over as many. What is no JSON keeps its bytes, so
/// that half a file can be read as well.
fn indented(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    let mut depth: usize = 0;
    let mut rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = string(after, depth, &mut out),
            b'{' | b'[' => {
                out.push(*byte);
                let inside = after.trim_ascii_start();
                if let Some((closer @ (b'}' | b']'), after)) = inside.split_first() {
                    out.push(*closer);
                    rest = after;
                } else {
                    depth += 1;
                    begin_line(depth, &mut out);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                begin_line(depth, &mut out);
                out.push(*byte);
            }
            b',' => {
                out.push(b',');
                begin_line(depth, &mut out);
            }
            b':' => out.extend(b": "),
            // of a file with a document a line each begins one
            b'\n' if depth == 0 && !out.ends_with(b"\n") => out.push(b'\n'),
            byte if byte.is_ascii_whitespace() => {}
            byte => out.push(*byte),
        }
    }
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    out
}

fn begin_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + depth * STEP, b' ');
}

/// A text from behind its first quote; what comes behind its last one.
fn string<'b>(bytes: &'b [u8], depth: usize, out: &mut Vec<u8>) -> &'b [u8] {
    out.push(b'"');
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        out.push(*byte);
        match (byte, after.split_first()) {
            (b'"', _) => return after,
            (b'\\', Some((escaped, beyond))) => {
                out.push(*escaped);
                rest = beyond;
                if *escaped == b'n' && !beyond.starts_with(b"\"") {
                    begin_line(depth + 1, out);
                }
            }
            _ => {}
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_becomes_many() {
        let seen = indented(br#"{"a":[1,{"b":"x, {y}: \"z\""},[]],"said":"one\ntwo\n","c":{}}"#);
        let wanted = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, {y}: \\\"z\\\"\"\n    },\n    []\n  ],\n  \"said\": \"one\\n\n    two\\n\",\n  \"c\": {}\n}\n";
        assert_eq!(String::from_utf8_lossy(&seen), wanted);
    }

    #[test]
    fn what_is_no_json_or_half_of_it_stays_readable() {
        assert_eq!(indented(b"}}]no: json"), b"\n}\n}\n]no: json\n");
        assert_eq!(indented(br#"{"a": "half"#), b"{\n  \"a\": \"half\n");
        assert_eq!((indented(b""), indented(b"{}\n{}\n")), (Vec::new(), b"{}\n{}\n".to_vec()));
    }

    #[test]
    fn long_lines_stay_behind_their_margin() {
        assert_eq!(wrapped("    one two three four five six\nshort\n", 20), "    one two three\n    four five six\nshort\n");
        assert_eq!(wrapped("", 20), "");
    }

    #[test]
    fn indenting_twice_is_indenting_once() {
        let once = indented(br#"{"a":[1,2,{"b":null}],"c":"d"}"#);
        assert_eq!(indented(&once), once);
    }
}
