//! The end of a stage: what came of it, and what the machine did in its time.

use super::Turn;
use crate::domain::{AttemptId, ChildEnd, FailureClass, MachineUse, Stage, StageDetail, StageOutcome};
use crate::ledger::Fact;
use crate::runner::RunnerError;
use crate::runner::conclude::{Case, conclude, failed};
use crate::runner::containers;
use crate::runner::live::{Live, Work, WorkEnd};
use crate::runner::machine::Look;

/// The end of a stage whose processes came after work of our own: what went wrong first counts.
pub(super) fn joined(before: Option<Box<StageOutcome>>, outcome: StageOutcome) -> StageOutcome {
    let Some(before) = before else { return outcome };
    let duration_ms = before.duration_ms.saturating_add(outcome.duration_ms);
    let end = if before.is_done() { outcome.end } else { before.end };
    StageOutcome { end, duration_ms, ..outcome }
}

impl Turn<'_> {
    /// Takes the end of the live stage's work: its processes', or our own.
    pub(super) async fn work_ended(&mut self, end: WorkEnd) -> Result<(), RunnerError> {
        let Some(live) = self.live.take() else { return Ok(()) };
        if let WorkEnd::Over(machine, outcome) = end {
            return self.over(live.attempt, live.stage, machine, *outcome).await;
        }
        // what it wrote since the last look is still said
        self.look_at_harness(true).await?;
        self.look_at_agents_end(&live.attempt).await?;
        let outcome = match end {
            WorkEnd::Own(outcome) => match live.work {
                Work::Task(_, Some(then)) => {
                    let (spec, environment) = *then;
                    return self.launch(live.attempt, live.stage, spec, environment, Some(outcome)).await;
                }
                _ => *outcome,
            },
            WorkEnd::Child(Ok(child)) => {
                self.sweep_behind(&live.attempt, live.stage).await;
                self.judge(&live.attempt, live.stage, child)
            }
            WorkEnd::Child(Err(error)) => {
                failed(FailureClass::Unknown, format!("its end can't be read: {error}"), None, StageDetail::Nothing)
            }
            WorkEnd::Over(_, outcome) => *outcome,
            WorkEnd::Panicked(says) => {
                failed(FailureClass::Unknown, format!("a defect of isobench-tui: {says}"), None, StageDetail::Nothing)
            }
        };
        self.tell_end(&live.attempt, live.stage, &outcome).await?;
        self.finish(live.attempt, live.stage, joined(live.before, outcome)).await
    }

    /// A worker that was killed leaves its container behind.
    pub(super) async fn sweep_behind(&self, attempt: &AttemptId, stage: Stage) {
        let is_arm = containers::is_arm(&self.job.config, stage);
        if is_arm && containers::outcome(&self.job.folder.stage(attempt, stage)).is_none() {
            containers::sweep(&self.job).await;
        }
    }

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
        self.outside = None;
        if let Some(machine) = machine {
            self.taint(&attempt, stage, &mut outcome, &machine.taints);
            self.record(Fact::MachineRecorded { item: attempt.item.clone(), n: attempt.n, stage, machine }).await?;
        }
        self.record(Fact::StageFinished { item: attempt.item, n: attempt.n, stage, outcome }).await
    }
}
