//! What the detectors say of agents that somebody else ran, told as the runner would have told it.

use super::facts::Teller;
use crate::detect::Watch;
use crate::domain::{Finding, ItemId, Remark};
use crate::ledger::Fact;
use crate::model::Run;

/// A run that knows what was found of the agent of an item's newest attempt. `finding` and `remark` hide the values of secrets.
pub fn tell(run: Run, item: &ItemId, watch: &Watch, finding: impl Fn(&Finding) -> Finding, remark: impl Fn(&Remark) -> Remark) -> Run {
    let Some(last) = run.item(item).and_then(|item| item.last_attempt()) else { return run };
    let (n, known) = (last.n, last.badges.clone());
    let mut teller = Teller::of(run);
    for (id, found) in (0..).zip(watch.findings()) {
        teller.tell(None, Fact::FindingMade { item: item.clone(), n, id, finding: finding(found) });
    }
    for alarm in watch.alarms() {
        teller.tell(None, Fact::AlarmRaised { item: item.clone(), n, alarm: remark(alarm) });
    }
    // the importer gives some badges by itself
    for badge in watch.badges().into_iter().filter(|badge| !known.iter().any(|known| known.detector == badge.detector)) {
        teller.tell(None, Fact::BadgeGiven { item: item.clone(), n, badge: remark(badge) });
    }
    teller.done()
}
