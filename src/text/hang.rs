//! A text behind a head, over as many lines as it needs.

use super::width::{width, wrap};

/// Columns for the text of a line at least, however much stands before it.
const ROOM: usize = 20;

/// Columns that are left behind a margin.
pub fn room(columns: usize, margin: usize) -> usize {
    columns.saturating_sub(margin).max(ROOM)
}

/// A text behind a head, wrapped; further lines begin below the text. Spaces in front of the text are kept.
pub fn hang(head: &str, text: &str, columns: usize) -> Vec<String> {
    let margin = width(head);
    let lead = (text.len() - text.trim_start_matches(' ').len()).min(ROOM);
    let indent = " ".repeat(margin + lead);
    let lines = wrap(text, room(columns, margin + lead), usize::MAX);
    let first = " ".repeat(lead);
    let line = |(nth, line): (usize, String)| if nth == 0 { format!("{head}{first}{line}") } else { format!("{indent}{line}") };
    lines.into_iter().enumerate().map(line).collect()
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
}
