//! What a tool answered, line by line: diffs as such, numbers of lines and places muted, errors loud.

use serde_json::Value;

use super::told::is_preface;
use crate::detect::kind::is_error;
use crate::text::clean;
use crate::text::paint::{Line, Tone, diff};
use crate::text::tree::{Trees, in_trees};

/// A longer text is not looked at for JSON.
const MOST_JSON: usize = 256 * 1024;

/// The lines of an answer. A line that is longer than is ever shown in one is told in several.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let text = text.trim_matches(['\n', '\r']);
    let pretty = pretty(text);
    let text = pretty.as_deref().unwrap_or(text);
    // of views alone: elsewhere `12:` may be anything
    let has_colons = text.starts_with("[File: ");
    if diff::is_in(text) {
        return diff::mixed(text, |row| line(row, has_colons));
    }
    text.lines().flat_map(pieces).map(|row| line(row, has_colons)).collect()
}

/// A line in pieces that can be shown whole.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.char_indices().map(|(at, _)| at).nth(clean::LONGEST);
        let (piece, more) = end.and_then(|end| text.split_at_checked(end)).map_or((text, None), |(piece, more)| (piece, Some(more)));
        rest = more;
        Some(piece)
    })
}

/// A table in one line, over several.
fn pretty(text: &str) -> Option<String> {
    if !text.starts_with(['{', '[']) || !text.ends_with(['}', ']']) || text.contains('\n') || text.len() > MOST_JSON {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    Some(format!("{value:#}"))
}

fn line(raw: &str, has_colons: bool) -> Line {
    if let Some((number, rest)) = numbered(raw, has_colons) {
        let text = clean::line(rest);
        return Line::of(Tone::Muted, &format!("{number:>5}  ")).add(Tone::Plain, &text).hung(7);
    }
    if is_preface(raw) {
        // the tool's own words, which say again where the file is
        return Line::of(Tone::Muted, &in_trees(&clean::line(raw), Trees::Named));
    }
    let text = clean::line(raw);
    let indent = text.len() - text.trim_start_matches(' ').len();
    if is_error(&text) {
        return Line::of(Tone::Bad, &text).hung(indent);
    }
    match place(&text).and_then(|end| text.split_at_checked(end)) {
        Some((place, rest)) => Line::of(Tone::Muted, place).add(Tone::Plain, rest).hung(2),
        None => Line::of(Tone::Plain, &text).hung(indent),
    }
}

/// Whether a line of a file with its number begins here: `     1→` of Claude Code, and `     1\t` of `cat -n`.
pub(super) fn is_numbered(raw: &str) -> bool {
    let behind = raw.trim_start_matches(' ').trim_start_matches(|char: char| char.is_ascii_digit());
    numbered(raw, false).is_some() && (behind.starts_with('→') || (raw.starts_with(' ') && behind.starts_with('\t')))
}

/// The number of a line and the line: `    12\tdef f():` of `cat -n`, `12→` of Claude Code, `12|` of OpenHands, and where
/// it is known to be a view, `12:` of SWE-agent.
fn numbered(raw: &str, has_colons: bool) -> Option<(&str, &str)> {
    let line = raw.trim_start_matches(' ');
    let end = line.find(|char: char| !char.is_ascii_digit()).filter(|end| (1..=7).contains(end))?;
    let (number, rest) = line.split_at_checked(end)?;
    let mark = rest.chars().next()?;
    let is_mark = matches!(mark, '\t' | '→' | '|') || (mark == ':' && has_colons);
    is_mark.then(|| (number, rest.get(mark.len_utf8()..).unwrap_or_default()))
}

/// Where a place ends with which a line begins: `src/a.py:12:`, and `12:` of one file.
fn place(line: &str) -> Option<usize> {
    let (path, rest) = line.split_once(':')?;
    let is_number = (1..=7).contains(&path.len()) && path.bytes().all(|byte| byte.is_ascii_digit());
    // not a time
    if is_number && !rest.starts_with(|char: char| char.is_ascii_digit()) {
        return Some(path.len() + 1);
    }
    let is_path = path.len() < 200 && path.contains(['/', '.']) && !path.contains([' ', '(', '"', '\'', '=', ',']);
    if !is_path {
        return None;
    }
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let is_behind = digits > 0 && matches!(rest.as_bytes().get(digits), Some(b':' | b'-'));
    is_behind.then_some(path.len() + digits + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn muted(text: &str) -> Vec<(Option<String>, String)> {
        let told = |line: &Line| {
            let muted: String = line.pieces().filter(|(tone, _)| *tone == Tone::Muted).map(|(_, text)| text).collect();
            (Some(muted).filter(|muted| !muted.is_empty()), line.text.clone())
        };
        lines(text).iter().map(told).collect()
    }

    #[test]
    fn numbers_and_places_are_muted() {
        let told = muted("    12\tdef f():\n     3→x\n7|y\nsrc/a.py:12:    return\nsrc/a.py:12 is no hit\n10:30: x\n12:    y\n");
        let muted: Vec<_> = told.iter().map(|(muted, _)| muted.as_deref()).collect();
        assert_eq!(muted, [Some("   12  "), Some("    3  "), Some("    7  "), Some("src/a.py:12:"), None, None, Some("12:")]);
        assert_eq!(told.first().map(|(_, text)| text.as_str()), Some("   12  def f():"));
    }

    #[test]
    fn errors_are_loud_and_a_table_in_one_line_is_told_over_several() {
        let bad = |text: &str| lines(text).first().and_then(|line| line.pieces().next().map(|(tone, _)| tone)) == Some(Tone::Bad);
        assert!(bad("Traceback (most recent call last):") && bad("ValueError: no") && bad("error: pathspec 'x'") && bad("bash: x: no"));
        assert!(!bad("no error here") && !bad("0 errors") && !bad("bash run.sh"));
        assert_eq!(lines("{\"a\":[1,2]}").len(), 6);
        assert_eq!(lines("[1] 2").len(), 1);
    }

    #[test]
    fn every_piece_of_a_long_line_is_shown() {
        let long = "x".repeat(clean::LONGEST * 2 + 1);
        assert_eq!(lines(&long).iter().map(|line| line.text.len()).sum::<usize>(), long.len());
    }

    proptest! {
        #[test]
        fn any_text_can_be_told(text in "(\\PC|[\t\n:|0-9/.\\-+@]){0,200}") {
            for line in lines(&text) {
                prop_assert!(clean::is_clean(&line.text));
            }
        }
    }
}
