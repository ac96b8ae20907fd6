//! The arms of a commit side by side, as drawings in a table.

use maud::{Markup, html};

use super::cell;
use super::chart::dumbbell::{Against, axis_head, dumbbell};
use super::chart::scale::Around;
use super::table::Drawn;
use crate::domain::{Direction, Verdict};
use crate::report::study::Study;
use crate::text::width;

/// The signs of the arms.
pub(super) fn legend() -> Markup {
    html! {
        ul.legend {
            li { svg.mark width="12" height="12" aria-hidden="true" { rect.baseline x="2" y="2" width="8" height="8" {} } "baseline" }
            li { svg.mark width="12" height="12" aria-hidden="true" { path.human d="M6 0L11 6 6 12 1 6Z" {} } "human: the middle" }
            li { svg.mark width="12" height="12" aria-hidden="true" { circle.agent.true cx="6" cy="6" r="5.5" {} } "agent; right is better, an arrow is beyond the axis" }
            li { svg width="18" height="12" aria-hidden="true" { rect.band width="18" height="12" {} } "within ±5 %: similar" }
        }
    }
}

/// Percent on either side within which nobody is better.
const BAND: f64 = 5.0;

/// The comparisons as drawings over one axis.
pub(super) struct Arms<'a> {
    study: &'a Study,
    /// The axis of all of them, in percent of the human's number.
    pub axis: Around,
}

impl<'a> Arms<'a> {
    /// Over the primary metrics of a study.
    pub(super) fn of(study: &'a Study) -> Self {
        let primary = study.compared.iter().filter_map(|row| row.verdicts.first());
        let numbers = primary.flat_map(|verdict| [verdict.against_human_pct, baseline_pct(verdict)]).flatten();
        Self { study, axis: Around::over(numbers) }
    }

    /// The column of a table with a row a comparison: behind commit and agent, where it is seen first.
    pub(super) fn column(&self) -> Drawn {
        let head = html! { "worse than the human · better" (axis_head(self.axis)) };
        Drawn { head, cells: (0..self.study.compared.len()).map(|at| self.draw(at)).collect() }
    }

    /// The comparison of a row, or why there is none.
    fn draw(&self, at: usize) -> Markup {
        let Some(row) = self.study.compared.get(at) else { return html! {} };
        match row.verdicts.first() {
            Some(verdict) if verdict.against_human_pct.is_some() => self.draw_verdict(verdict),
            _ => {
                if let Some(open) = &row.open {
                    return html! { span.m { (cell::safe(open)) } };
                }
                let failed = row.failure.as_ref().map(|cause| cause.class.name());
                let why =
                    failed.or(row.incomparable.as_deref()).or(row.why_not.first().map(String::as_str)).unwrap_or("a number is missing");
                let more = (row.why_not.len() > 1).then(|| width::clip(&cell::safe(&row.why_not.join("; ")), 800).into_owned());
                html! { span.m title=[more] { "incomparable: " (width::clip(&cell::safe(why), 90)) } }
            }
        }
    }

    /// One metric.
    pub(super) fn draw_verdict(&self, verdict: &Verdict) -> Markup {
        let Some(agent) = verdict.against_human_pct.filter(|pct| pct.is_finite()) else { return html! { span.m { "–" } } };
        let baseline = baseline_pct(verdict);
        let unit = &verdict.unit;
        let of_baseline = verdict.baseline.map(|value| format!(", baseline {} {unit}", cell::number(value))).unwrap_or_default();
        let of_human = verdict.human.map(|value| format!(", human {} {unit}", cell::number(value))).unwrap_or_default();
        let says =
            format!("{}: agent {} {unit}{of_human}{of_baseline}; {agent:+.1} % to the human", verdict.metric, cell::number(verdict.agent));
        dumbbell(&width::clip(&cell::safe(&says), 300), Against { baseline, agent, band: BAND }, self.axis)
    }
}

/// The baseline against the human in percent, + is better.
fn baseline_pct(verdict: &Verdict) -> Option<f64> {
    let (baseline, human) = (verdict.baseline?, verdict.human.filter(|human| *human != 0.0)?);
    let change = (baseline - human) / human * 100.0;
    let pct = match verdict.direction {
        Direction::HigherIsBetter => change,
        Direction::LowerIsBetter => -change,
    };
    pct.is_finite().then_some(pct)
}
