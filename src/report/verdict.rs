//! What the detectors say of a whole trajectory, as one line of JSON.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::steps;
use crate::agent::open::Opened;
use crate::detect::{Context, Human, Watch};
use crate::domain::{Evidence, Finding, Level, Remark};
use crate::text::clean;
use crate::text::mask::Masker;

/// What was found in one run of an agent: bounded, while its steps are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The file or folder, as it was named or found.
    pub path: String,
    /// Which of several runs in it.
    pub instance: Option<String>,
    /// The agent.
    pub agent: &'static str,
    /// Its format.
    pub format: &'static str,
    /// The model.
    pub model: Option<String>,
    /// Steps; `None` where the file tells of none.
    pub steps: Option<u64>,
    /// How the run ended.
    pub end: Ended,
    /// The highest level of all findings.
    pub level: Level,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What will break.
    pub alarms: Vec<Remark>,
    /// What is to be known.
    pub badges: Vec<Remark>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// `running`, `completed`, `max_steps`, `error`, `stopped` or `unknown`.
    pub state: &'static str,
    /// The agent's words.
    pub reason: Option<String>,
}

impl Verdict {
    /// Runs the detectors over a run. `human`: the commit that the agent is not to look at, where it is known. The error is
    /// of a large file that can't be read any more.
    pub fn of(path: &Path, opened: &Opened, human: Option<Human>, masker: &Masker) -> io::Result<Self> {
        let watch = watch(opened, human)?;
        let (state, reason) = steps::end(&opened.state);
        let text = |text: &str| masker.first_line(text);
        Ok(Self {
            path: clean::shown(&masker.mask(&path.display().to_string())).into_owned(),
            instance: opened.instance.as_deref().map(text),
            agent: opened.format.agent(),
            format: steps::format_name(opened.format),
            model: opened.model.as_deref().map(text).filter(|model| !model.is_empty()),
            steps: opened.all().steps.map(u64::from),
            end: Ended { state, reason: reason.map(text) },
            level: watch.level(),
            findings: watch.findings().into_iter().map(|finding| masked_finding(finding, masker)).collect(),
            alarms: watch.alarms().into_iter().map(|remark| masked(remark, masker)).collect(),
            badges: watch.badges().into_iter().map(|remark| masked(remark, masker)).collect(),
        })
    }

    /// Writes it as one line.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        steps::line(out, self)
    }
}

/// The detectors, after all steps of a run. The error is of a large file that can't be read any more.
pub fn watch(opened: &Opened, human: Option<Human>) -> io::Result<Watch> {
    let mut watch = Watch::new(Context { human, max_steps: opened.max_steps, ..Context::default() });
    if opened.pages.is_some() {
        opened.each(|step| {
            watch.pass(step);
            Ok(())
        })?;
        watch.end();
        return Ok(watch);
    }
    // whether or not the agent is at work still: a file that is read afterwards does not change
    watch.take(&opened.steps, 0, true, true);
    Ok(watch)
}

/// A finding without the values of secrets.
pub fn masked_finding(finding: &Finding, masker: &Masker) -> Finding {
    Finding {
        says: masker.quoted(&finding.says),
        hint: masker.quoted(&finding.hint),
        evidence: evidence(&finding.evidence, masker),
        ..finding.clone()
    }
}

/// A remark without the values of secrets.
pub fn masked(remark: &Remark, masker: &Masker) -> Remark {
    Remark {
        says: masker.quoted(&remark.says),
        hint: masker.quoted(&remark.hint),
        evidence: evidence(&remark.evidence, masker),
        ..remark.clone()
    }
}

fn evidence(evidence: &[Evidence], masker: &Masker) -> Vec<Evidence> {
    evidence.iter().map(|shown| Evidence { step: shown.step, text: masker.quoted(&shown.text) }).collect()
}
