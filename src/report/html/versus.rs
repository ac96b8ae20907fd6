//! Two trees side by side: how their commits and arms stand, and each change as a drawing.

use maud::{Markup, html};

use super::cell;
use super::chart::deltas::delta;
use super::chart::dumbbell::axis_head;
use super::chart::scale::Around;
use super::chart::stack::{Part, Stacked, stack};
use super::figures::{self, Figure};
use super::table::Drawn;
use crate::report::compare::Comparison;
use crate::text::width;

/// Percent on either side within which nothing changed.
const BAND: f64 = 5.0;

/// The charts that have something to show.
pub(super) fn figures(comparison: &Comparison) -> Vec<Figure> {
    let totals = &comparison.totals;
    let row = |name: &str, parts: &[(&'static str, &'static str, usize)]| Stacked {
        name: name.to_owned(),
        parts: parts.iter().map(|(word, role, count)| Part { word, role, count: *count }).collect(),
    };
    let commits =
        row("commits", &[("in both", "true", totals.both), ("only in A", "marked", totals.only_a), ("only in B", "open", totals.only_b)]);
    let success = row(
        "marked success, of those in both",
        &[
            ("in both", "true", totals.success_both),
            ("only in A", "marked", totals.success_only_a),
            ("only in B", "open", totals.success_only_b),
            ("in neither", "bad", totals.success_neither),
        ],
    );
    let arm = |arm: &crate::report::compare::ArmTotal| {
        let parts = [
            ("better in B", "true", arm.better),
            ("similar", "marked", arm.similar),
            ("worse in B", "bad", arm.worse),
            ("incomparable", "open", arm.incomparable),
        ];
        row(&format!("{} against {}", arm.arm.name(), arm.arm.name()), &parts)
    };
    let pairs = Figure {
        title: "Commits in A and in B",
        says: "Which commits each has, and which of them are marked success.".to_owned(),
        table: (totals.both > 0).then_some("both"),
        legend: Some(figures::legend(&[("true", "in both"), ("marked", "only in A"), ("open", "only in B"), ("bad", "in neither")])),
        drawing: stack("Commits and successes: in both, only in A, only in B, in neither", &[commits, success]),
    };
    let arms: Vec<Stacked> = totals.arms.iter().map(arm).collect();
    let changes = Figure {
        title: "The same arm in A and B",
        says: "Arms of the commits in both: B against A.".to_owned(),
        table: Some("deltas"),
        legend: Some(figures::legend(&[("true", "better in B"), ("marked", "similar"), ("bad", "worse in B"), ("open", "incomparable")])),
        drawing: stack("Arms: better in B, similar, worse in B, incomparable", &arms),
    };
    std::iter::once(pairs).chain((!arms.is_empty()).then_some(changes)).collect()
}

/// The signs of the changes.
pub(super) fn legend() -> Markup {
    html! {
        ul.legend {
            li { svg width="18" height="12" aria-hidden="true" { rect.true width="18" height="12" {} } "to the right: better in B" }
            li { svg width="18" height="12" aria-hidden="true" { rect.bad width="18" height="12" {} } "to the left: worse in B" }
            li { svg width="18" height="12" aria-hidden="true" { rect.band width="18" height="12" {} } "within ±5 %: similar" }
        }
    }
}

/// Each change as a bar; where there is none, why.
pub(super) fn column(comparison: &Comparison) -> Drawn {
    let deltas = || comparison.pairs.iter().flat_map(|pair| &pair.deltas);
    let axis = Around::over(deltas().filter_map(|delta| delta.pct));
    let cell = |found: &crate::report::compare::Delta| {
        let Some(pct) = found.pct.filter(|pct| pct.is_finite()) else {
            let why = found.incomparable.as_deref().unwrap_or("a number is missing");
            return html! { span.m { "incomparable: " (width::clip(&cell::safe(why), 90)) } };
        };
        let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), cell::number);
        let what = found.metric.as_deref().unwrap_or("number");
        let unit = found.unit.as_deref().unwrap_or_default();
        let says = format!("{what}: A {} {unit}, B {} {unit}; {pct:+.1} %, + is better", number(found.a), number(found.b));
        delta(&width::clip(&cell::safe(&says), 300), pct, BAND, axis)
    };
    Drawn { head: html! { "worse in B · better in B" (axis_head(axis)) }, cells: deltas().map(cell).collect() }
}
