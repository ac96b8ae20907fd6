//! What the servers say: a row a figure with its curve, on one scale for all arms.

use jiff::Timestamp;

use crate::domain::FiguresFrom;
use crate::text::{duration, width};
use crate::theme::{Glyphs, Role};
use crate::ui::bench::{Arm, Arms, Curves, Figure};
use crate::ui::words::between;
use crate::view::canvas::Words;

/// Columns of a figure's name, and of its value.
const NAME: usize = 10;
/// See [`NAME`].
const VALUE: usize = 11;

/// Columns of a curve in a row that two figures share.
const SHORT: usize = 14;

/// The figures that any of the arms has.
pub(super) fn wanted(arms: &Arms<'_>) -> Vec<Figure> {
    let is_there = |figure: &Figure| arms.arms.iter().filter_map(|arm| arm.curves).any(|curves| curves.has(*figure));
    Figure::ALL.into_iter().filter(is_there).collect()
}

/// A row a figure, below who says so.
pub(super) fn rows(glyphs: &Glyphs, arm: &Arm<'_>, of: (&Arms<'_>, &[Figure]), cols: usize, now: Timestamp) -> Vec<Words> {
    let Some(curves) = arm.curves else { return Vec::new() };
    let (arms, wanted) = of;
    let room = cols.saturating_sub(NAME + VALUE + 1);
    let row = |figure: &Figure| named(arm, curves, *figure, now).add(Role::Text, " ").join(curve(glyphs, (arms, curves), *figure, room));
    std::iter::once(source(arm, curves, now)).chain(wanted.iter().map(row)).collect()
}

/// The same where there are few rows: two figures a row.
pub(super) fn short(glyphs: &Glyphs, arm: &Arm<'_>, of: (&Arms<'_>, &[Figure]), cols: usize, now: Timestamp) -> Vec<Words> {
    let Some(curves) = arm.curves else { return Vec::new() };
    let (arms, wanted) = of;
    let each = NAME + VALUE + 1 + SHORT;
    let curve = |figure: Figure| curve(glyphs, (arms, curves), figure, SHORT);
    let one = |figure: &Figure| {
        let words = named(arm, curves, *figure, now).add(Role::Text, " ").join(curve(*figure));
        let pad = " ".repeat((each + 3).saturating_sub(words.width()));
        words.add(Role::Text, pad)
    };
    let beside = if each * 2 + 3 <= cols { 2 } else { 1 };
    let rows = wanted.chunks(beside).map(|pair| pair.iter().map(one).fold(Words::new(), Words::join));
    rows.chain([source(arm, curves, now)]).collect()
}

/// `running           12`; of one that is over the mean.
fn named(arm: &Arm<'_>, curves: &Curves, figure: Figure, now: Timestamp) -> Words {
    let value = if arm.is_live { curves.last().and_then(|last| figure.of(last)) } else { curves.mean(figure) };
    let says = value.map_or_else(|| "-".to_owned(), |value| figure.says(value));
    let strength = if !arm.is_live {
        Role::Text
    } else if is_old(curves, now) {
        Role::Muted
    } else {
        Role::Strong
    };
    Words::of(Role::Muted, format!("{:<NAME$}", figure.name())).add(strength, format!("{:>VALUE$}", width::clip(&says, VALUE)))
}

/// Who says it, and how long ago where that is too long.
fn source(arm: &Arm<'_>, curves: &Curves, now: Timestamp) -> Words {
    let Some(last) = curves.last() else { return Words::new() };
    let from = match last.from {
        FiguresFrom::Metrics => "from /metrics",
        FiguresFrom::Log => "from the engine's log",
    };
    if !arm.is_live {
        return Words::of(Role::Muted, format!("means, {from}"));
    }
    if is_old(curves, now) {
        return Words::of(Role::Warn, format!("{from}, {} ago", duration::age(between(last.at, now))));
    }
    Words::of(Role::Muted, from)
}

/// Figures that did not come three times are old.
fn is_old(curves: &Curves, now: Timestamp) -> bool {
    curves.last().is_some_and(|last| between(last.at, now) > curves.every_ms().saturating_mul(3))
}

/// The curve in so many columns: full height is the largest value of all arms, 100 % where it is a share.
fn curve(glyphs: &Glyphs, (arms, curves): (&Arms<'_>, &Curves), figure: Figure, cols: usize) -> Words {
    let most = match figure {
        Figure::Kv => 100.0,
        _ => arms.arms.iter().filter_map(|arm| arm.curves).map(|curves| curves.most(figure)).fold(0.0, f64::max),
    };
    curves.columns(figure, cols).into_iter().take(cols).fold(Words::new(), |line, value| match value {
        None => line.cell(Role::Text, " "),
        // what is 0 was read: it has a foot
        Some(value) if value <= 0.0 || most <= 0.0 => line.cell(Role::Faint, glyphs.heights.first().unwrap_or(&"_")),
        Some(value) => line.cell(Role::Accent, glyphs.heights.get(level(value / most)).unwrap_or(&"#")),
    })
}

/// Which of the heights: the highest is not used, so that a curve does not touch the one above it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to seven heights")]
fn level(share: f64) -> usize {
    (share.clamp(0.0, 1.0) * 7.0).ceil().max(1.0) as usize - 1
}
