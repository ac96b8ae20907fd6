//! A file as it is read: JSON indented, everything else as it is.

use std::fs::File;
use std::io::{self, Read};

use crate::host::files;

/// Bytes of JSON that are indented at most.
const MOST: u64 = 8 * 1024 * 1024;

/// Columns of a level.
const STEP: usize = 2;

/// The file with its JSON indented, and its length; `None` where it is too large for that.
pub(super) fn indented(file: &File, len: u64) -> io::Result<Option<(File, u64)>> {
    if len > MOST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    let text = text(&bytes);
    Ok(Some((files::held(&text)?, text.len() as u64)))
}

/// Each field and each element in a line of its own, and a text of several lines over as many. What is no JSON keeps its bytes, so
/// that half a file can be read as well.
fn text(bytes: &[u8]) -> Vec<u8> {
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
                match inside.split_first() {
                    Some((closer @ (b'}' | b']'), after)) => {
                        out.push(*closer);
                        rest = after;
                    }
                    _ => {
                        depth += 1;
                        begin_line(depth, &mut out);
                    }
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
        let seen = text(br#"{"a":[1,{"b":"x, {y}: \"z\""},[]],"said":"one\ntwo\n","c":{}}"#);
        let wanted = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, {y}: \\\"z\\\"\"\n    },\n    []\n  ],\n  \"said\": \"one\\n\n    two\\n\",\n  \"c\": {}\n}\n";
        assert_eq!(String::from_utf8_lossy(&seen), wanted);
    }

    #[test]
    fn what_is_no_json_or_half_of_it_stays_readable() {
        assert_eq!(text(b"}}]no: json"), b"\n}\n}\n]no: json\n");
        assert_eq!(text(br#"{"a": "half"#), b"{\n  \"a\": \"half\n");
        assert_eq!((text(b""), text(b"{}\n{}\n")), (Vec::new(), b"{}\n{}\n".to_vec()));
    }

    #[test]
    fn indenting_twice_is_indenting_once() {
        let once = text(br#"{"a":[1,2,{"b":null}],"c":"d"}"#);
        assert_eq!(text(&once), once);
    }
}
