//! A few counts as columns side by side: how many commits were tried once, twice, …

use maud::{Markup, html};

use super::scale::{float, percent};
use super::{drawing, nothing};

/// Pixels of the highest column.
const HIGH: f64 = 120.0;

/// Columns that have room for their numbers on a phone; what is beyond is one last column.
const MOST: usize = 12;

/// Columns from the left: a word below and a count above each. `last` names what is beyond the room.
pub(crate) fn columns(says: &str, counts: &[(String, usize)], last: &str) -> Markup {
    let mut shown: Vec<(String, usize)> = counts.iter().take(MOST).cloned().collect();
    let rest: usize = counts.iter().skip(MOST).map(|(_, count)| count).sum();
    if rest > 0 {
        shown.push((last.to_owned(), rest));
    }
    let most = shown.iter().map(|(_, count)| *count).max().unwrap_or(0);
    if most == 0 {
        return nothing("There is none to show.");
    }
    let each = 100.0 / float(shown.len());
    let inside = html! {
        @for (at, (word, count)) in shown.iter().enumerate() {
            @let high = float(*count) / float(most) * HIGH;
            @let left = float(at) * each;
            @let top = HIGH - high + 20.0;
            g {
                title { (word) ": " (count) }
                rect.known x=(percent(left + each * 0.14)) y=(format!("{top:.1}")) width=(percent(each * 0.72)) height=(format!("{high:.1}")) {}
                text.tick.count x=(percent(left + each / 2.0)) y=(format!("{:.1}", top - 5.0)) { (count) }
                text.tick x=(percent(left + each / 2.0)) y="157" { (word) }
            }
        }
        line.axis x1="0" x2="100%" y1="140" y2="140" {}
    };
    drawing("whole", 164, says, &inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_one_last_column() {
        let counts: Vec<(String, usize)> = (1..=40_usize).map(|n| (n.to_string(), 1)).collect();
        let seen = columns("says", &counts, "more").0;
        assert_eq!(seen.matches("<rect").count(), MOST + 1);
        assert!(seen.contains("more: 28"), "{seen}");
        assert!(columns("says", &[], "more").0.contains("none to show"));
    }
}
