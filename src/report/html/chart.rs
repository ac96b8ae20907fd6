//! Charts as inline SVG, drawn by pure functions from numbers to markup.
//!
//! Places along the page are percentages of the drawing's width and places down it are pixels: so a chart fits a phone and
//! a wide screen, and its letters keep their size on both. What may not lie over something else has a line or a margin of
//! its own. Each colour has a word or a pattern beside it.

pub(super) mod bars;
pub(super) mod columns;
pub(super) mod deltas;
pub(super) mod dumbbell;
pub(super) mod funnel;
pub(super) mod histogram;
pub(super) mod quadrants;
pub(super) mod scale;
pub(super) mod stack;

use maud::{Markup, html};

use super::cell::middle;
use crate::text::width;

/// A drawing `height` pixels high with what it is, in words, for those who don't see it. `class` is its margins.
pub(super) fn drawing(class: &str, height: usize, says: &str, inside: &Markup) -> Markup {
    html! {
        svg class={ "chart " (class) } width="100%" height=(height) role="img" {
            title { (says) }
            (inside)
        }
    }
}

/// A text that fits: what is cut off stands in its title.
pub(super) fn clipped(text: &str, columns: usize) -> Markup {
    with_title(&width::clip(text, columns), text)
}

/// The same without the middle: what tells names apart is often their end.
pub(super) fn clipped_middle(text: &str, columns: usize) -> Markup {
    with_title(&middle(text, columns), text)
}

fn with_title(shown: &str, text: &str) -> Markup {
    html! {
        (shown)
        @if shown != text { title { (width::clip(text, LONGEST_TITLE)) } }
    }
}

/// Columns of a title: a text of a file may be as long as the file.
const LONGEST_TITLE: usize = 600;

/// A drawing for a cell of a table; its size is in the style, since there may be hundreds.
pub(super) fn in_cell(says: &str, inside: &Markup) -> Markup {
    html! { svg.chart.cell role="img" { title { (says) } (inside) } }
}

/// Where nothing can be drawn, a sentence.
pub(super) fn nothing(says: &str) -> Markup {
    html! { p.none { (says) } }
}
