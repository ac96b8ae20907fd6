//! Rows of stacked parts over a common scale: who ended how.

use maud::{Markup, html};

use super::scale::{in_words, percent, share};
use super::{clipped_middle, drawing, nothing};

/// A row: its name above its bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stacked {
    /// Its name.
    pub name: String,
    /// Its parts, from the left.
    pub parts: Vec<Part>,
}

/// A part of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// What it is, in words.
    pub word: &'static str,
    /// How it is drawn: `true`, `marked`, `bad`, `open`.
    pub role: &'static str,
    /// How many.
    pub count: usize,
}

impl Stacked {
    fn whole(&self) -> usize {
        self.parts.iter().map(|part| part.count).sum()
    }
}

/// Pixels of a row.
const ROW: usize = 42;

/// A part narrower than this share of the drawing has no room for its number; the title and the table have it.
const ROOM_FOR_A_NUMBER: f64 = 7.0;

/// Columns of a name above its bar.
const NAME: usize = 44;

/// Stacked rows; as wide as their sums, so that few and many look different.
pub(crate) fn stack(says: &str, rows: &[Stacked]) -> Markup {
    let most = rows.iter().map(Stacked::whole).max().unwrap_or(0);
    if most == 0 {
        return nothing("There is none to show.");
    }
    let inside = html! {
        @for (at, row) in rows.iter().enumerate() {
            @let top = at * ROW;
            g {
                text.above x="0" y=(top + 13) { (clipped_middle(&row.name, NAME)) }
                text.value.end x="100%" y=(top + 13) { (row.whole()) }
                @for (from, part) in placed(&row.parts) {
                    @let (left, wide) = (share(from, most), share(part.count, most));
                    g {
                        title { (row.name) ": " (part.count) " " (part.word) " (" (in_words(part.count, row.whole())) ")" }
                        rect class=(part.role) x=(percent(left)) y=(top + 19) width=(percent(wide)) height="16" {}
                        @if wide >= ROOM_FOR_A_NUMBER {
                            text class={ "on " (part.role) } x=(percent(left + wide / 2.0)) y=(top + 31) { (part.count) }
                        }
                    }
                }
            }
        }
    };
    drawing("whole", rows.len() * ROW + 2, says, &inside)
}

/// The parts that hold any, each with the sum of those before it.
fn placed(parts: &[Part]) -> impl Iterator<Item = (usize, &Part)> {
    let from = parts.iter().scan(0, |sum, part| {
        let from = *sum;
        *sum += part.count;
        Some(from)
    });
    from.zip(parts).filter(|(_, part)| part.count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(counts: [usize; 2]) -> Stacked {
        let part = |word, role, count| Part { word, role, count };
        Stacked { name: "trae".to_owned(), parts: vec![part("true", "true", counts[0]), part("failed", "bad", counts[1])] }
    }

    #[test]
    fn parts_follow_each_other_and_a_small_one_has_its_number_in_its_title() {
        let seen = stack("says", &[row([99, 1]), row([0, 0])]).0;
        assert!(seen.contains(r#"class="true" x="0%" y="19" width="99%""#), "{seen}");
        assert!(seen.contains(r#"class="bad" x="99%" y="19" width="1%""#) && seen.contains("1 failed (1 %)"), "{seen}");
        assert!(!seen.contains(r#"class="on bad""#), "{seen}");
    }

    #[test]
    fn nothing_is_a_sentence() {
        assert!(stack("says", &[row([0, 0])]).0.contains("none to show"));
    }
}
