//! A verdict for people.

use std::io::{self, Write};

use crate::domain::{Evidence, Finding, Remark};
use crate::report::verdict::Verdict;
use crate::text::count;

/// Steps that show a finding, told with it.
const EVIDENCE: usize = 3;

/// Writes a line, and one for each thing that was found. All texts of a verdict are clean.
pub(super) fn verdict(out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let steps = verdict.steps.map_or_else(|| "steps not told".to_owned(), |steps| count(number(steps), "step"));
    let instance = verdict.instance.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
    let model = verdict.model.as_deref().unwrap_or("model not told");
    writeln!(out, "{:<5}  {}{instance}: {}, {model}, {steps}, {}", verdict.level.name(), verdict.path, verdict.agent, verdict.end.state)?;
    verdict.findings.iter().try_for_each(|found| finding(out, found))?;
    verdict.alarms.iter().try_for_each(|alarm| remark(out, "alarm", alarm))?;
    verdict.badges.iter().try_for_each(|badge| remark(out, "badge", badge))
}

fn finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let (id, title, level) = (finding.detector.id(), finding.detector.title(), finding.level.name());
    let steps = if finding.first_step == finding.last_step {
        format!("step {}", finding.last_step)
    } else {
        format!("steps {}-{}", finding.first_step, finding.last_step)
    };
    writeln!(out, "       {level:<5} {id} {title}, {steps}: {}{}", finding.says, then(&finding.hint))?;
    evidence(out, &finding.evidence)
}

fn remark(out: &mut impl Write, word: &str, remark: &Remark) -> io::Result<()> {
    let step = remark.step.map(|step| format!(", step {step}")).unwrap_or_default();
    writeln!(out, "       {word} {} {}{step}: {}{}", remark.detector.id(), remark.detector.title(), remark.says, then(&remark.hint))?;
    evidence(out, &remark.evidence)
}

fn evidence(out: &mut impl Write, evidence: &[Evidence]) -> io::Result<()> {
    evidence.iter().take(EVIDENCE).try_for_each(|shown| writeln!(out, "             {:>5}  {}", shown.step, shown.text))
}

fn then(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!(" — {hint}") }
}
