//! The end of a stage: what came of it, and what the machine did in its time.

use super::Turn;
use crate::domain::{AttemptId, ChildEnd, FailureClass, MachineUse, Stage, StageDetail, StageOutcome};
use crate::ledger::Fact;
use crate::runner::RunnerError;
use crate::runner::conclude::{Case, conclude, failed};
use crate::runner::live::{Live, Work};
use crate::runner::machine::Look;

impl Turn<'_> {
    /// What came of a stage whose processes ended.
    pub(super) fn judge(&self, attempt: &AttemptId, stage: Stage, child: ChildEnd) -> StageOutcome {
        match self.run.item(&attempt.item) {
            Some(item) => conclude(&Case { job: &self.job, run: &self.run, item, attempt, stage, masker: &self.masker }, child),
            None => failed(FailureClass::Unknown, "its item is not in the queue".to_owned(), Some(child), StageDetail::Nothing),
        }
    }

    /// Brings a stage to its end; what the machine did in its time is read first, where anything is.
    pub(super) async fn finish(&mut self, attempt: AttemptId, stage: Stage, outcome: StageOutcome) -> Result<(), RunnerError> {
        self.agent = None;
        self.detection = None;
        self.harness = None;
        self.watch.instead(&[]);
        let record = self.run.live_stage().filter(|(live, record)| *live == attempt && record.stage == stage);
        match record.and_then(|(_, record)| Look::at(&self.job.folder, &attempt, stage, record.began, &outcome)) {
            Some(look) => {
                let work = Work::Over(tokio::task::spawn_blocking(move || look.read()), Box::new(outcome));
                self.live = Some(Live { attempt, stage, work, before: None });
                Ok(())
            }
            None => self.over(attempt, stage, None, outcome).await,
        }
    }

    /// Puts a stage's end on record, after what the machine did in its time.
    pub(super) async fn over(
        &mut self,
        attempt: AttemptId,
        stage: Stage,
        machine: Option<MachineUse>,
        mut outcome: StageOutcome,
    ) -> Result<(), RunnerError> {
        self.claims = false;
        if let Some(machine) = machine {
            self.taint(&attempt, stage, &mut outcome, &machine.taints);
            self.record(Fact::MachineRecorded { item: attempt.item.clone(), n: attempt.n, stage, machine }).await?;
        }
        self.record(Fact::StageFinished { item: attempt.item, n: attempt.n, stage, outcome }).await
    }
}
