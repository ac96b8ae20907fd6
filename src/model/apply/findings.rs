//! What the detectors say.

use jiff::Timestamp;

use crate::domain::ItemId;
use crate::ledger::Fact;
use crate::model::Run;
use crate::model::act::Deed;

impl Run {
    /// Takes a finding, its end, an alarm or a badge.
    pub(super) fn apply_finding(&mut self, fact: &Fact) {
        match fact {
            Fact::FindingMade { item, id, finding, .. } => self.with_attempt(item, |attempt| {
                attempt.findings.insert(*id, finding.clone());
            }),
            Fact::FindingCleared { item, id, step, .. } => self.with_attempt(item, |attempt| {
                if let Some(finding) = attempt.findings.get_mut(id) {
                    finding.cleared = Some(step.unwrap_or(finding.last_step));
                }
            }),
            Fact::AlarmRaised { item, alarm, .. } => self.with_attempt(item, |attempt| attempt.alarms.push(alarm.clone())),
            Fact::BadgeGiven { item, badge, .. } => self.with_attempt(item, |attempt| attempt.badges.push(badge.clone())),
            _ => {}
        }
    }

    /// A policy ended a stuck agent. Whether the item goes on was said before.
    pub(super) fn stuck_stopped(&mut self, item: &ItemId, why: &str, at: Timestamp) {
        let skips = self.item(item).is_some_and(crate::model::Item::is_skipped_as_stuck);
        let (item, why) = (item.clone(), why.to_owned());
        self.act(at, if skips { Deed::StuckSkipped { item, why } } else { Deed::StuckStopped { item, why } });
    }
}
