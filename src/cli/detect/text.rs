//! A verdict for people.

use std::io::{self, Write};

use crate::cli::page;
use crate::domain::{Evidence, Remark};
use crate::report::episodes::{self, Episodes};
use crate::report::verdict::Verdict;
use crate::text::count;
use crate::text::width::clip;

/// Columns before what is said of a run, and of what was found in it.
const MARGIN: usize = 7;
const FOUND: usize = 9;

/// Columns of the words with which an agent ended.
const REASON: usize = 60;

/// Writes verdicts.
pub(super) struct Page<'a, W> {
    out: &'a mut W,
    columns: usize,
}

impl<'a, W: Write> Page<'a, W> {
    pub(super) fn new(out: &'a mut W) -> Self {
        Self { out, columns: page::columns() }
    }

    /// A line or two on the run, then an entry for each thing that was found. All texts of a verdict are clean.
    pub(super) fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let steps = verdict.steps.map_or_else(|| "steps not told".to_owned(), |steps| count(number(steps), "step"));
        let instance = verdict.instance.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let model = verdict.model.as_deref().unwrap_or("model not told");
        let reason = verdict.end.reason.as_deref().map(|reason| format!(": {}", clip(reason, REASON))).unwrap_or_default();
        let what = episodes::worst(&verdict.findings).unwrap_or_else(|| "nothing found".to_owned());
        let parts = [
            format!("{:<5}  {what}", verdict.level.name()),
            format!("{}{instance}", verdict.path),
            format!("{}, {model}, {steps}, {}{reason}", verdict.agent, verdict.end.state),
        ];
        for line in page::pack(&parts, MARGIN, self.columns) {
            writeln!(self.out, "{line}")?;
        }
        episodes::of(&verdict.findings).iter().try_for_each(|episodes| self.episodes(episodes))?;
        episodes::remarks(&verdict.alarms).iter().try_for_each(|alarms| self.remarks("alarm", alarms, alarms.first()))?;
        // of a budget the last word holds
        episodes::remarks(&verdict.badges).iter().try_for_each(|badges| self.remarks("badge", badges, badges.last()))?;
        let is_long = !(verdict.findings.is_empty() && verdict.alarms.is_empty() && verdict.badges.is_empty());
        if is_long { writeln!(self.out) } else { Ok(()) }
    }

    fn episodes(&mut self, episodes: &Episodes<'_>) -> io::Result<()> {
        let finding = episodes.worst;
        let (id, title) = (finding.detector.id(), finding.detector.title());
        self.line(&format!("  {:<5}  ", finding.level.name()), &format!("{id} {title}  {}", episodes.spans()))?;
        self.said(&finding.says, &finding.hint)?;
        self.evidence(&finding.evidence)
    }

    fn remarks(&mut self, word: &str, all: &[&Remark], told: Option<&&Remark>) -> io::Result<()> {
        let Some(told) = told else { return Ok(()) };
        self.line(&format!("  {word:<5}  "), &episodes::about(all))?;
        self.said(&told.says, &told.hint)?;
        self.evidence(all.iter().flat_map(|remark| &remark.evidence))
    }

    fn said(&mut self, says: &str, hint: &str) -> io::Result<()> {
        let head = " ".repeat(FOUND);
        [says, hint].into_iter().filter(|text| !text.is_empty()).try_for_each(|text| self.line(&head, text))
    }

    fn evidence<'e>(&mut self, evidence: impl IntoIterator<Item = &'e Evidence>) -> io::Result<()> {
        for shown in episodes::evidence(evidence) {
            let line = format!("{:FOUND$}{:>5}  {}", "", shown.step, shown.text.trim());
            writeln!(self.out, "{}", clip(&line, self.columns))?;
        }
        Ok(())
    }

    fn line(&mut self, head: &str, text: &str) -> io::Result<()> {
        page::hang(head, text, self.columns).iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }
}
