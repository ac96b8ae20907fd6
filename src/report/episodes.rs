//! What was found, one entry a detector, the worst first.

use crate::domain::{Detector, Evidence, Finding, Level, Remark};
use crate::text::count;

/// Steps that show a finding, told with it.
const EVIDENCE: usize = 3;

/// The episodes of one detector.
#[derive(Debug)]
pub struct Episodes<'a> {
    /// The worst of them; of several that are as bad, the longest.
    pub worst: &'a Finding,
    /// All, in the order of their steps.
    all: Vec<&'a Finding>,
}

/// Those of each detector: stuck, warn, note; of one level in the order of their steps.
pub fn of(findings: &[Finding]) -> Vec<Episodes<'_>> {
    let mut all: Vec<Episodes<'_>> = Vec::new();
    for finding in findings {
        match all.iter_mut().find(|known| known.worst.detector == finding.detector) {
            Some(known) => {
                known.all.push(finding);
                if (finding.level, steps(finding)) > (known.worst.level, steps(known.worst)) {
                    known.worst = finding;
                }
            }
            None => all.push(Episodes { worst: finding, all: vec![finding] }),
        }
    }
    let began = |episodes: &Episodes<'_>| episodes.all.first().map(|finding| finding.first_step);
    all.sort_by_key(|episodes| (std::cmp::Reverse(episodes.worst.level), began(episodes), episodes.worst.detector));
    all
}

impl Episodes<'_> {
    /// When, in a few words: `since step 38`, `in steps 3-9`, `19 times, the worst in steps 262-341`.
    pub fn when(&self) -> String {
        match self.all.len() {
            1 if self.worst.is_open() => format!("since step {}", self.worst.first_step),
            1 => format!("in {}", named(self.worst)),
            times if self.worst.is_open() => format!("{times} times, now since step {}", self.worst.first_step),
            times => format!("{times} times, the {} in {}", self.superlative(), named(self.worst)),
        }
    }

    /// When, with the numbers of steps: `since step 38 (38 steps)`, `19 times, first 60-61, longest 262-341 (80 steps)`.
    pub fn spans(&self) -> String {
        let worst = count(steps(self.worst) as usize, "step");
        match (self.all.as_slice(), self.all.first()) {
            ([_], _) | (_, None) if self.worst.is_open() => format!("since step {} ({worst})", self.worst.first_step),
            ([_], _) | (_, None) if steps(self.worst) == 1 => named(self.worst),
            ([_], _) | (_, None) => format!("{} ({worst})", named(self.worst)),
            (all, Some(first)) if std::ptr::eq(*first, self.worst) => {
                format!("{} times, the first and {} {} ({worst})", all.len(), self.superlative(), span(first))
            }
            (all, Some(first)) => {
                format!("{} times, first {}, {} {} ({worst})", all.len(), span(first), self.superlative(), span(self.worst))
            }
        }
    }

    /// What sets the worst apart from the others.
    fn superlative(&self) -> &'static str {
        if self.all.iter().all(|finding| finding.level == self.worst.level) { "longest" } else { "worst" }
    }
}

/// Remarks of one detector together, in the order of their first ones.
pub fn remarks(remarks: &[Remark]) -> Vec<Vec<&Remark>> {
    let mut all: Vec<Vec<&Remark>> = Vec::new();
    for remark in remarks {
        match all.iter_mut().find(|known| known.iter().any(|known| known.detector == remark.detector)) {
            Some(known) => known.push(remark),
            None => all.push(vec![remark]),
        }
    }
    all
}

/// Number and name of what remarks of one kind are about, and when: `D2 8 unanswered calls, the first in step 87`.
pub fn about(remarks: &[&Remark]) -> String {
    let Some(first) = remarks.first() else { return String::new() };
    let (id, title) = (first.detector.id(), first.detector.title());
    let step = first.step.map(|step| format!("step {step}"));
    match (remarks.len(), step) {
        (1, None) => format!("{id} {title}"),
        (1, Some(step)) => format!("{id} {title}, {step}"),
        (times, step) => {
            let what = if first.detector == Detector::OpenCall { count(times, title) } else { format!("{title}, {times} times") };
            step.map_or_else(|| format!("{id} {what}"), |step| format!("{id} {what}, the first in {step}"))
        }
    }
}

/// The lines that show it, those that say something.
pub fn evidence<'a>(all: impl IntoIterator<Item = &'a Evidence>) -> impl Iterator<Item = &'a Evidence> {
    all.into_iter().filter(|shown| !shown.text.trim().is_empty()).take(EVIDENCE)
}

/// The worst thing that was found, in a few words.
pub fn worst(findings: &[Finding]) -> Option<String> {
    let worst = of(findings).into_iter().next().filter(|episodes| episodes.worst.level > Level::None)?;
    Some(format!("{} {}", worst.worst.detector.title(), worst.when()))
}

/// Steps of an episode.
const fn steps(finding: &Finding) -> u32 {
    finding.last_step.saturating_sub(finding.first_step).saturating_add(1)
}

/// `38-75`
fn span(finding: &Finding) -> String {
    if finding.first_step >= finding.last_step {
        finding.last_step.to_string()
    } else {
        format!("{}-{}", finding.first_step, finding.last_step)
    }
}

/// `step 38`, `steps 38-75`
fn named(finding: &Finding) -> String {
    format!("{} {}", if finding.first_step >= finding.last_step { "step" } else { "steps" }, span(finding))
}
