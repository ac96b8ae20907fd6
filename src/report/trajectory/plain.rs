//! One step as plain text: to be copied, and to be read in a pager.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::body::Body;
use super::{About, Asked, facts, findings, line};
use crate::agent::open::Opened;
use crate::domain::Step;
use crate::report::head;
use crate::report::verdict::watch;
use crate::text::mask::Masker;

/// Columns of the names in the head.
const NAME: usize = 10;

/// The step of a number.
pub fn find(steps: &[Step], index: u32) -> Option<&Step> {
    // positions and numbers agree as a rule
    let at = usize::try_from(index).ok()?.checked_sub(1)?;
    steps.get(at).filter(|step| step.index == index).or_else(|| steps.iter().find(|step| step.index == index))
}

/// Everything that an agent did: what the run was, each step, the end, the patch.
pub fn all(out: &mut impl Write, opened: &Opened, about: &About, zone: &TimeZone, masker: &Masker) -> io::Result<()> {
    let findings = findings(&watch(opened, about.human.clone())?, masker);
    writeln!(out, "{}", line(&about.title, masker))?;
    let rows = about.rows.iter().map(|(name, says)| (*name, line(says, masker)));
    for (name, says) in rows.chain(head::rows(opened, &findings, zone, masker)) {
        writeln!(out, "{name:<NAME$}  {says}")?;
    }
    opened.each(|step| {
        writeln!(out)?;
        plain(out, step, zone, masker)
    })?;
    writeln!(out, "\nend: {}", head::ended(opened, masker))?;
    if let Some(patch) = &about.patch {
        writeln!(out, "\npatch:")?;
        lines(out, &Body::of(patch, masker))?;
    }
    Ok(())
}

/// Thought, arguments and results of a step, whole but for texts of more than a MiB.
pub fn plain(out: &mut impl Write, step: &Step, zone: &TimeZone, masker: &Masker) -> io::Result<()> {
    writeln!(out, "step {}{}", step.index, facts(step, zone))?;
    part(out, &Body::of(&step.thought, masker))?;
    for call in &step.calls {
        writeln!(out, "\n{}:", line(&call.name, masker))?;
        lines(out, &Body::of(&Asked::of(call, masker).text, masker))?;
        match &call.result {
            None => writeln!(out, "\nno answer")?,
            Some(result) => {
                writeln!(out, "\n{}:", if result.ok { "result" } else { "failed" })?;
                lines(out, &Body::of(&result.text, masker))?;
            }
        }
    }
    let said = step.error.iter().map(|says| ("error", says)).chain(step.harness.iter().map(|says| ("the harness said", says)));
    said.into_iter().try_for_each(|(who, says)| writeln!(out, "\n{who}: {}", line(says, masker)))
}

fn part(out: &mut impl Write, body: &Body) -> io::Result<()> {
    if body.lines.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    lines(out, body)
}

fn lines(out: &mut impl Write, body: &Body) -> io::Result<()> {
    body.lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}
