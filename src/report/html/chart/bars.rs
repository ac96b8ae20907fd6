//! Counts as bars, one a row, each with its name and its number.

use maud::{Markup, html};

use super::scale::{in_words, percent, share};
use super::{clipped, drawing, nothing};

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Its name.
    pub name: String,
    /// How many.
    pub count: usize,
    /// What it means, for its title.
    pub says: String,
    /// How it is drawn: `bad`, `known`.
    pub role: &'static str,
}

/// Pixels of a row.
const ROW: usize = 24;

/// Columns of a name beside its bar.
const NAME: usize = 22;

/// Bars over a common scale; each number also as a share of `whole`.
pub(crate) fn bars(says: &str, bars: &[Bar], whole: usize) -> Markup {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    if most == 0 {
        return nothing("There is none to show.");
    }
    let inside = html! {
        @for (at, bar) in bars.iter().enumerate() {
            @let top = at * ROW;
            g {
                title { (bar.name) ": " (bar.count) " (" (in_words(bar.count, whole)) "). " (bar.says) }
                text.name x="-10" y=(top + 16) { (clipped(&bar.name, NAME)) }
                rect.track x="0" y=(top + 5) width="100%" height="14" {}
                rect class=(bar.role) x="0" y=(top + 5) width=(percent(share(bar.count, most))) height="14" {}
                text.value x="100%" dx="10" y=(top + 16) { (bar.count) tspan.soft dx="6" { (in_words(bar.count, whole)) } }
            }
        }
    };
    drawing("named", bars.len() * ROW + 4, says, &inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, count: usize) -> Bar {
        Bar { name: name.to_owned(), count, says: String::new(), role: "bad" }
    }

    #[test]
    fn no_bar_and_only_empty_bars_are_a_sentence() {
        for seen in [bars("x", &[], 0), bars("x", &[bar("a", 0)], 0)] {
            assert!(!seen.0.contains("<svg") && seen.0.contains("none to show"), "{}", seen.0);
        }
    }

    #[test]
    fn a_long_name_is_cut_and_stands_whole_in_its_title() {
        let name = "x".repeat(90);
        let seen = bars("says", &[bar(&name, 3), bar("b", 1)], 4).0;
        assert!(seen.contains(&format!("{}…<title>{name}</title>", "x".repeat(NAME - 1))), "{seen}");
        assert!(seen.contains(r#"width="33.33%""#) && seen.contains(">75 %<"), "{seen}");
    }
}
