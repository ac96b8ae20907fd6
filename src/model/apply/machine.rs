//! What of a stage has to do with the machine: an arm that waits for its GPU, and what was seen in a stage's time.

use jiff::Timestamp;

use crate::domain::AttemptId;
use crate::ledger::Fact;
use crate::model::{Delay, Run, StageState};

impl Run {
    /// Takes what an arm waits for, its beginning, a note of it, or what the machine did in a stage's time.
    pub(super) fn apply_machine(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::ArmDelayed { item, n, stage, why } => {
                let attempt = AttemptId { item: item.clone(), n: *n };
                let since =
                    self.delay.as_ref().filter(|delay| delay.attempt == attempt && delay.stage == *stage).map_or(at, |delay| delay.since);
                self.delay = Some(Delay { attempt, stage: *stage, why: why.clone(), since });
            }
            // what it waited is not the arm's time
            Fact::ArmBegan { item, stage, .. } => {
                self.delay = None;
                self.with_attempt(item, |attempt| {
                    if let Some(record) = attempt.stages.iter_mut().find(|record| record.stage == *stage) {
                        record.began = at;
                        if let StageState::Running { since, .. } = &mut record.state {
                            *since = at;
                        }
                    }
                });
            }
            Fact::ArmNoted { item, stage, says, .. } => self.note(at, format!("{item}: {stage}: {says}")),
            Fact::MachineRecorded { item, stage, machine, .. } => self.with_attempt(item, |attempt| {
                if let Some(record) = attempt.stages.iter_mut().find(|record| record.stage == *stage) {
                    let before = record.machine.take();
                    record.machine = Some(before.map_or_else(|| machine.clone(), |before| before.and(machine)));
                }
            }),
            _ => {}
        }
    }
}
