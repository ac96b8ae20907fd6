//! One comparison as a small drawing in a table's cell: the human's number is the middle, right of it is better.

use maud::{Markup, html};

use super::in_cell;
use super::scale::{Around, percent};

/// Where the arms stand, in percent of the human's number, + is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Against {
    /// The parent commit, where it was measured.
    pub baseline: Option<f64>,
    /// The agent's patch.
    pub agent: f64,
    /// Half the width of the band within which nobody is better.
    pub band: f64,
}

/// The cell's drawing.
pub(crate) fn dumbbell(says: &str, found: Against, axis: Around) -> Markup {
    let place = |n: f64| percent(axis.place(n).0);
    let agent = place(found.agent);
    let baseline = found.baseline.filter(|n| n.is_finite());
    let role = if found.agent > found.band {
        "true"
    } else if found.agent < -found.band {
        "bad"
    } else {
        "known"
    };
    let inside = html! {
        (field(axis, found.band))
        @if let Some(baseline) = baseline {
            line.between x1=(place(baseline)) x2=(agent) y1="11" y2="11" {}
            svg.mark x=(place(baseline)) y="11" { rect.baseline x="-4" y="-4" width="8" height="8" {} }
        }
        svg.mark x="50%" y="11" { path.human d="M0-6L5 0 0 6-5 0Z" {} }
        svg.mark x=(agent) y="11" { (agent_mark(found.agent, axis, role)) }
    };
    in_cell(says, &inside)
}

/// The agent's dot; beyond the axis an arrow that points there.
fn agent_mark(n: f64, axis: Around, role: &str) -> Markup {
    html! {
        @match axis.place(n) {
            (_, false) => { circle class={ "agent " (role) } r="5.5" {} }
            (_, true) if n > 0.0 => { path class={ "agent " (role) } d="M5 0L-5-6V6Z" {} }
            _ => { path class={ "agent " (role) } d="M-5 0L5-6V6Z" {} }
        }
    }
}

/// The band and the middle line behind the marks.
pub(super) fn field(axis: Around, band: f64) -> Markup {
    let (from, to) = (axis.place(-band).0, axis.place(band).0);
    html! {
        rect.band x=(percent(from)) y="0" width=(percent(to - from)) height="22" {}
        line.middle x1="50%" x2="50%" y1="0" y2="22" {}
    }
}

/// The axis, for the table's head.
pub(crate) fn axis_head(axis: Around) -> Markup {
    html! {
        svg.chart.axis-head width="100%" height="16" aria-hidden="true" {
            @for (at, tick) in axis.ticks().into_iter().enumerate().filter(|(at, _)| at % 2 == 0) {
                text class={ "tick" @if at == 0 { " first" } @if at == 4 { " end" } } x=(percent(axis.place(tick).0)) y="12" {
                    @if tick > 0.0 { "+" } (tick) @if at != 2 { " %" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_out_is_an_arrow_and_never_off_the_page() {
        let axis = Around::over([-900.0].into_iter());
        let seen = dumbbell("says", Against { baseline: Some(f64::NAN), agent: -900.0, band: 5.0 }, axis).0;
        assert!(seen.contains(r#"class="agent bad" d="M-5 0"#) && !seen.contains("NaN") && !seen.contains("baseline"), "{seen}");
        let seen = dumbbell("says", Against { baseline: None, agent: 900.0, band: 5.0 }, axis).0;
        assert!(seen.contains(r#"class="agent true" d="M5 0"#), "{seen}");
    }

    #[test]
    fn within_the_band_nobody_is_better() {
        let axis = Around::over([4.0].into_iter());
        let seen = dumbbell("says", Against { baseline: Some(-20.0), agent: 4.0, band: 5.0 }, axis).0;
        assert!(seen.contains("agent known") && seen.contains(r#"<svg class="mark" x="70%""#), "{seen}");
    }
}
