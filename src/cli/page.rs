//! Text for people, as wide as their terminal.

use super::read;
use crate::text::width::{width, wrap};

/// Columns where nobody says how many there are: a pipe, a file.
const COLUMNS: usize = 100;

/// Fewer of them can't be read anyhow.
const FEWEST: usize = 40;

/// Columns for the text of a line at least, however much stands before it.
const ROOM: usize = 20;

/// Columns of the terminal; for a pipe those that `COLUMNS` says, or a width that fits most.
pub(super) fn columns() -> usize {
    let said = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    read::terminal_width().or_else(said).map_or(COLUMNS, |columns| columns.max(FEWEST))
}

/// Columns that are left behind a margin.
pub(super) fn room(columns: usize, margin: usize) -> usize {
    columns.saturating_sub(margin).max(ROOM)
}

/// A text behind a head, wrapped; further lines begin below the text. Spaces in front of the text are kept.
pub(super) fn hang(head: &str, text: &str, columns: usize) -> Vec<String> {
    let margin = width(head);
    let lead = (text.len() - text.trim_start_matches(' ').len()).min(ROOM);
    let indent = " ".repeat(margin + lead);
    let lines = wrap(text, room(columns, margin + lead), usize::MAX);
    let first = " ".repeat(lead);
    let line = |(nth, line): (usize, String)| if nth == 0 { format!("{head}{first}{line}") } else { format!("{indent}{line}") };
    lines.into_iter().enumerate().map(line).collect()
}

/// Parts side by side as long as they fit; a part itself is never broken, so that a path can be copied.
pub(super) fn pack(parts: &[String], margin: usize, columns: usize) -> Vec<String> {
    const GAP: &str = "  ";
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + GAP.len() + width(part) <= columns => {
                line.push_str(GAP);
                line.push_str(part);
            }
            Some(_) => lines.push(format!("{}{part}", " ".repeat(margin))),
            None => lines.push(part.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_lines_begin_below_the_text() {
        assert_eq!(hang("12 V  ", "one two three four five six", 26), ["12 V  one two three four", "      five six"]);
        assert_eq!(hang("> ", "  indented by two here, yes", 24), [">   indented by two", "    here, yes"].map(str::to_owned));
        assert!(hang("x", "", 40).is_empty());
    }

    #[test]
    fn a_path_is_never_broken() {
        let parts = ["stuck".to_owned(), "/a/long/path/of/a/run".to_owned(), "trae".to_owned()];
        assert_eq!(pack(&parts, 7, 40), ["stuck  /a/long/path/of/a/run  trae"]);
        assert_eq!(pack(&parts, 2, 22), ["stuck", "  /a/long/path/of/a/run", "  trae"]);
    }
}
