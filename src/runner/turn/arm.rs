//! An arm begins once its GPUs are its own.

use std::ffi::OsString;

use jiff::{SignedDuration, Timestamp};

use super::Turn;
use crate::config::{ArmGpus, Engine};
use crate::domain::{AttemptId, Stage, StageDetail, StageOutcome, Taint};
use crate::host::clock;
use crate::host::gpu_lock::Gpu;
use crate::host::launch::Environment;
use crate::host::stage_folder::Spec;
use crate::ledger::Fact;
use crate::runner::RunnerError;
use crate::runner::gate::Look;
use crate::runner::live::Work;
use crate::runner::stages::is_reused;
use crate::runner::{containers, results, three_way};
use crate::text;

impl Turn<'_> {
    /// The GPUs that a stage has for itself, or when to ask again: then it is on record why not, and nothing is blocked.
    pub(super) async fn may_begin(&mut self, attempt: &AttemptId, stage: Stage) -> Result<Result<Vec<Gpu>, Timestamp>, RunnerError> {
        let is_measured = stage.arm().is_some() && !self.run.item(&attempt.item).is_some_and(|item| is_reused(&self.job, item, stage));
        if !is_measured {
            self.gate.rest();
            return Ok(Ok(Vec::new()));
        }
        let (item, n) = (attempt.item.clone(), attempt.n);
        match self.gate.look(&self.job, attempt, stage) {
            Look::Open(gpus, notes) => {
                for says in notes {
                    self.record(Fact::ArmNoted { item: item.clone(), n, stage, says }).await?;
                }
                Ok(Ok(gpus))
            }
            Look::Closed(again, why) => {
                if let Some(why) = why {
                    self.record(Fact::ArmDelayed { item, n, stage, why }).await?;
                }
                let again = SignedDuration::try_from(again).unwrap_or(SignedDuration::from_secs(1));
                Ok(Err(clock::now().saturating_add(again).unwrap_or(Timestamp::MAX)))
            }
        }
    }

    /// Gives a stage's keeper its GPUs, and its commands nothing but them where a person chose them.
    pub(super) fn with_gpus(&self, mut spec: Spec, mut environment: Environment, gpus: Vec<Gpu>) -> (Spec, Environment) {
        let arms = &self.job.config.arms;
        if let (ArmGpus::Numbers(numbers), Engine::Process, Environment::Ours(added)) = (&arms.gpus, arms.engine, &mut environment)
            && !gpus.is_empty()
        {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            // CUDA counts by speed else, and the driver by place; not every engine takes UUIDs
            added.push((OsString::from("CUDA_DEVICE_ORDER"), OsString::from("PCI_BUS_ID")));
            added.push((OsString::from("CUDA_VISIBLE_DEVICES"), OsString::from(numbers.join(","))));
        }
        spec.gpus = gpus;
        (spec, environment)
    }

    /// Puts what the machine did to an arm's numbers beside them.
    pub(super) fn taint(&self, attempt: &AttemptId, stage: Stage, outcome: &mut StageOutcome, taints: &[Taint]) {
        let (StageDetail::Arm(arm), false) = (&mut outcome.detail, taints.is_empty()) else { return };
        arm.taint(taints);
        let Some(item) = self.run.item(&attempt.item) else { return };
        let marked = match self.job.config.arms.engine {
            Engine::Process => Ok(()),
            Engine::ThreeWay => three_way::mark(&self.job, item, attempt, stage, taints),
            Engine::Docker => results::mark(&self.job, item, attempt, stage, taints),
        };
        if let Err(error) = marked {
            tracing::warn!("{attempt}/{stage}: what tainted it can't be put into its result: {error}");
        }
    }

    /// Somebody else may pause the arm's container: that is on record for whoever has no screen.
    pub(super) async fn look_at_arm(&mut self) -> Result<(), RunnerError> {
        let Some(live) = self.live.as_ref().filter(|live| containers::is_arm(&self.job.config, live.stage)) else { return Ok(()) };
        let Some(progress) = containers::progress(&self.job.folder.stage(&live.attempt, live.stage)) else { return Ok(()) };
        if progress.outside == self.outside {
            return Ok(());
        }
        self.outside = progress.outside;
        let (item, n, stage) = (live.attempt.item.clone(), live.attempt.n, live.stage);
        match text::arm::outside(&progress) {
            Some(says) => self.record(Fact::ArmNoted { item, n, stage, says }).await,
            None => Ok(()),
        }
    }

    /// Somebody was faster, and the arm waits in its keeper: that is said, and that it is over.
    pub(super) async fn look_at_claim(&mut self) -> Result<(), RunnerError> {
        let Some(live) = self.live.as_ref().filter(|_| self.claims) else { return Ok(()) };
        let Work::Kept { kept, .. } = &live.work else { return Ok(()) };
        let Ok(Some(state)) = kept.frozen_state() else { return Ok(()) };
        let (item, n, stage) = (live.attempt.item.clone(), live.attempt.n, live.stage);
        let told = self.run.delay.as_ref().map(|delay| delay.why.clone());
        self.claims = state.waits.is_some();
        match state.waits {
            Some(why) if told.as_ref() != Some(&why) => self.record(Fact::ArmDelayed { item, n, stage, why }).await,
            None if told.is_some() => self.record(Fact::ArmBegan { item, n, stage }).await,
            _ => Ok(()),
        }
    }
}
