//! Text for people, as wide as their terminal.

use super::read;
pub(super) use crate::text::hang::{hang, room};
use crate::text::width::width;

/// Columns where nobody says how many there are: a pipe, a file.
const COLUMNS: usize = 100;

/// Fewer of them can't be read anyhow.
const FEWEST: usize = 40;

/// Columns of the terminal; for a pipe those that `COLUMNS` says, or a width that fits most.
pub(super) fn columns() -> usize {
    let said = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    read::terminal_width().or_else(said).map_or(COLUMNS, |columns| columns.max(FEWEST))
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
    fn a_path_is_never_broken() {
        let parts = ["stuck".to_owned(), "/a/long/path/of/a/run".to_owned(), "trae".to_owned()];
        assert_eq!(pack(&parts, 7, 40), ["stuck  /a/long/path/of/a/run  trae"]);
        assert_eq!(pack(&parts, 2, 22), ["stuck", "  /a/long/path/of/a/run", "  trae"]);
    }
}
