//! A line of output as its benchmark printed it: without colours, and without what others put in front.

use std::borrow::Cow;

use crate::text::ansi;

/// Of a longer line only its beginning counts, in bytes. The longest that we know is the list of arguments, 3,000 bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// The line without escape sequences and control characters, without docker's time, without the process that printed it
/// (`(EngineCore pid=7)`, `[rank0]:`) and without a progress bar that was not ended by a newline.
pub(super) fn shown(raw: &str) -> Cow<'_, str> {
    let raw = raw.get(..raw.floor_char_boundary(LONGEST)).unwrap_or(raw);
    if raw.bytes().any(|byte| byte < b' ' && byte != b'\t') {
        return Cow::Owned(bare(&ansi::line(raw, LONGEST).text).to_owned());
    }
    Cow::Borrowed(bare(raw))
}

fn bare(line: &str) -> &str {
    let mut line = line;
    if line.starts_with("20") {
        line = without_time(line).unwrap_or(line);
    }
    if line.starts_with('(') {
        line = without_process(line).unwrap_or(line);
    }
    if line.starts_with("[rank") {
        line = line.split_once("]: ").map_or(line, |(_, rest)| rest);
    }
    // `100%|####| 3/3 [00:05<00:00,  1.69s/it]Avg latency: …`
    for end in ["it/s]", "s/it]"] {
        if let Some((_, rest)) = line.rsplit_once(end).filter(|(_, rest)| !rest.is_empty()) {
            line = rest;
        }
    }
    line
}

/// `2026-07-08T22:40:03.166684016Z ` of `docker logs --timestamps`.
fn without_time(line: &str) -> Option<&str> {
    let (time, rest) = line.split_once(' ')?;
    let is_time = time.len() >= 20 && time.ends_with('Z') && time.get(10..11) == Some("T") && time.get(4..5) == Some("-");
    is_time.then_some(rest)
}

/// `(EngineCore_0 pid=120) `, `(VllmWorker rank=0 pid=7) `.
fn without_process(line: &str) -> Option<&str> {
    let (process, rest) = line.strip_prefix('(')?.split_once(')')?;
    let is_process = process.len() <= 60 && process.contains("pid=");
    is_process.then(|| rest.strip_prefix(' ').unwrap_or(rest))
}

/// The lines of a text, split where a terminal would go to the start of a line: at a newline, and at a carriage return,
/// so that each state of a progress bar is a line. With each whether something ended it: the last one may be cut.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split_inclusive(['\n', '\r']).map(|line| match line.strip_suffix(['\n', '\r']) {
        Some(whole) => (whole, true),
        None => (line, false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_put_in_front_is_gone() {
        for (raw, seen) in [
            ("\u{1b}[0;36m(EngineCore_0 pid=7)\u{1b}[0;0m Avg latency: 1 seconds", "Avg latency: 1 seconds"),
            ("2026-07-08T22:40:03.166684016Z (Worker_TP0 pid=5) INFO x", "INFO x"),
            ("[rank0]: ValueError: no", "ValueError: no"),
            ("100%|###| 3/3 [00:05<00:00,  1.69s/it]Avg latency: 1 seconds", "Avg latency: 1 seconds"),
            ("100%|###| 3/3 [00:05<00:00,  1.69it/s]", "100%|###| 3/3 [00:05<00:00,  1.69it/s]"),
            ("(no process) here", "(no process) here"),
            ("20 requests", "20 requests"),
        ] {
            assert_eq!(shown(raw), seen);
        }
    }

    #[test]
    fn a_last_line_without_an_end_is_told() {
        assert_eq!(lines("a\r\nb\rc").collect::<Vec<_>>(), [("a", true), ("", true), ("b", true), ("c", false)]);
        assert_eq!(lines("a\n").collect::<Vec<_>>(), [("a", true)]);
    }
}
