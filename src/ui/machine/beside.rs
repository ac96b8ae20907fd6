//! What the machine does now, in the lines beside the item that runs.

use jiff::Timestamp;

use super::Machine;
use crate::telemetry::brief;
use crate::text::duration;
use crate::text::width::width;
use crate::ui::{Mood, Said};

/// The lines of GPUs, processors and memory, in rows of so many columns; a line takes two at most. An old sample is told with its age.
pub fn lines(machine: &Machine, now: Timestamp, cols: usize) -> Vec<Said> {
    let Some(latest) = &machine.gpus.latest else { return Vec::new() };
    let old = latest.is_old(now).then(|| format!("{} ago", duration::age(latest.age_ms(now))));
    let rows = |line: brief::Line| {
        let mood = if line.is_bad && old.is_none() { Mood::Warn } else { Mood::Quiet };
        let says = line.says.into_iter().chain(old.clone());
        flow(format!("{} ", line.of), says, cols).into_iter().take(2).map(move |row| Said::new(mood, row))
    };
    brief::lines(latest).into_iter().flat_map(rows).collect()
}

/// Pieces in rows; those behind the first one are indented.
fn flow(of: String, says: impl Iterator<Item = String>, cols: usize) -> Vec<String> {
    let indent = " ".repeat(width(&of) + 1);
    let (mut rows, mut row, mut is_first) = (Vec::new(), of, true);
    for piece in says {
        if !is_first && width(&row) + 3 + width(&piece) > cols {
            rows.push(std::mem::replace(&mut row, indent.clone()));
            is_first = true;
        }
        row.push_str(if is_first && rows.is_empty() {
            " "
        } else if is_first {
            ""
        } else {
            " · "
        });
        row.push_str(&piece);
        is_first = false;
    }
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_flow_into_rows_of_which_the_first_one_says_of_what() {
        let says = || ["97 % of 8", "612 of 640 GB", "5.1 kW"].map(str::to_owned).into_iter();
        assert_eq!(flow("GPU ".to_owned(), says(), 80), ["GPU  97 % of 8 · 612 of 640 GB · 5.1 kW"]);
        assert_eq!(flow("GPU ".to_owned(), says(), 32), ["GPU  97 % of 8 · 612 of 640 GB", "     5.1 kW"]);
    }
}
