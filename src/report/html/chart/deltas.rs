//! Two runs side by side: for each commit the change from A to B, + is better, as a bar from the middle.

use maud::{Markup, html};

use super::dumbbell::field;
use super::in_cell;
use super::scale::{Around, percent};

/// A cell's drawing: the bar of a change in percent, + is better.
pub(crate) fn delta(says: &str, change: f64, band: f64, axis: Around) -> Markup {
    let (place, beyond) = axis.place(change);
    let role = if change > band {
        "true"
    } else if change < -band {
        "bad"
    } else {
        "known"
    };
    let (left, wide) = if place < 50.0 { (place, 50.0 - place) } else { (50.0, place - 50.0) };
    let inside = html! {
        (field(axis, band))
        rect class=(role) x=(percent(left)) y="6" width=(percent(wide)) height="10" {}
        @if beyond {
            svg.mark x=(percent(place)) y="11" {
                path class={ "agent " (role) } d=(if change > 0.0 { "M7 0L-3-8V8Z" } else { "M-7 0L3-8V8Z" }) {}
            }
        }
    };
    in_cell(says, &inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_bar_from_the_middle() {
        let axis = Around::over([-20.0, 10.0].into_iter());
        assert!(delta("says", -20.0, 5.0, axis).0.contains(r#"class="bad" x="0%" y="6" width="50%""#));
        assert!(delta("says", 10.0, 5.0, axis).0.contains(r#"class="true" x="50%" y="6" width="25%""#));
        assert!(delta("says", 0.0, 5.0, axis).0.contains(r#"class="known" x="50%" y="6" width="0%""#));
        let far = delta("says", 1e9, 5.0, axis).0;
        assert!(far.contains("M7 0") && far.contains(r#"width="50%""#), "{far}");
    }
}
