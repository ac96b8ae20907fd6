//! What people say of findings: right or wrong.

use std::collections::BTreeMap;

use super::detected::{Entry, Which};
use super::reading::Pane;
use super::state::State;
use super::{Action, Effect, Mood, Said};
pub use crate::detect::labels::Verdict;
use crate::domain::{AttemptId, Detector, Finding};

/// Which finding is meant: an episode has no number that another reading of the same trajectory would give it again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meant {
    /// Whose agent.
    pub attempt: AttemptId,
    /// Who found it.
    pub detector: Detector,
    /// The step with which it began.
    pub first_step: u32,
}

/// A verdict that somebody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Whose agent.
    pub attempt: AttemptId,
    /// The finding as it was.
    pub finding: Finding,
    /// What was said of it.
    pub verdict: Verdict,
}

/// Verdicts on the findings of this run; the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<Meant, Verdict>);

impl Labels {
    /// What was said of a finding.
    pub fn verdict(&self, attempt: &AttemptId, finding: &Finding) -> Option<Verdict> {
        let meant = Meant { attempt: attempt.clone(), detector: finding.detector, first_step: finding.first_step };
        self.0.get(&meant).copied()
    }

    /// Takes verdicts, the last one last.
    pub fn extend(&mut self, given: impl IntoIterator<Item = (Meant, Verdict)>) {
        self.0.extend(given);
    }

    /// Takes one.
    pub fn take(&mut self, label: &Label) {
        let Label { attempt, finding, verdict } = label;
        let meant = Meant { attempt: attempt.clone(), detector: finding.detector, first_step: finding.first_step };
        self.0.insert(meant, *verdict);
    }
}

/// Marks the chosen finding; where there is but one, that one.
pub(super) fn mark(state: &mut State, action: Action) -> Vec<Effect> {
    let verdict = if action == Action::FindingRight { Verdict::Right } else { Verdict::Wrong };
    let entries = state.shown_entries();
    let findings: Vec<(u32, &Finding)> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Finding(id, finding) => Some((*id, *finding)),
            Entry::Alarm(..) | Entry::Badge(..) => None,
        })
        .collect();
    let meant = match (state.reading.found, findings.as_slice()) {
        (Some(Which::Finding(id)), all) => all.iter().find(|(known, _)| *known == id).copied(),
        (Some(_), _) if state.reading.pane == Pane::Found => None,
        (_, [only]) => Some(*only),
        _ => None,
    };
    let attempt = state.focus.as_ref().and_then(|focus| focus.trail.clone());
    if let (Some((id, finding)), Some(attempt)) = (meant, attempt) {
        let finding = finding.clone();
        state.reading.found = Some(Which::Finding(id));
        return vec![Effect::Label(Box::new(Label { attempt, finding, verdict }))];
    }
    let says = match findings.len() {
        0 => "nothing was found of this agent that could be right or wrong",
        1 => "alarms and badges are facts: only a finding is right or wrong",
        _ => "which finding? ] and [ choose one",
    };
    state.remark(Said::new(Mood::Quiet, says));
    Vec::new()
}

/// A verdict is in the file.
pub(super) fn taken(state: &mut State, label: &Label) {
    state.labels.take(label);
    let Label { finding, verdict, .. } = label;
    let (title, step) = (finding.detector.title(), finding.first_step);
    state.remark(Said::new(Mood::Good, format!("'{title}' since step {step} is {}: kept in labels.csv", verdict.name())));
}
