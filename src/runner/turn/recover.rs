//! What the last runner left.

use super::Turn;
use crate::domain::{EndCause, StageDetail, StageEnd, StageOutcome};
use crate::host::launch::{self, Found, LaunchError};
use crate::ledger::Fact;
use crate::plan::{Recovery, Seen, recover};
use crate::runner::RunnerError;
use crate::runner::conclude::was_begun;
use crate::runner::live::{Live, Work};

impl Turn<'_> {
    /// Takes up what the last runner left.
    pub(super) async fn recover(&mut self) -> Result<(), RunnerError> {
        let Some((attempt, record)) = self.run.live_stage() else { return Ok(()) };
        let folder = self.job.folder.stage(&attempt, record.stage);
        let mut kept = None;
        let seen = if was_begun(&folder) {
            match launch::find(&folder) {
                // a file that makes no sense (0 bytes after a power cut) is no end: the stage is run again
                Err(error @ LaunchError::Folder(_)) => {
                    tracing::warn!("{error}");
                    Seen::Gone
                }
                Err(error) => return Err(error.into()),
                Ok(found) => match found {
                    Found::Ended(end) => Seen::Ended(end),
                    Found::Alive(found) => {
                        let pid = u32::try_from(found.pid()).unwrap_or_default();
                        kept = Some(found);
                        Seen::Alive { pid }
                    }
                    Found::Lost(_) => Seen::Gone,
                },
            }
        } else {
            Seen::Gone
        };
        if !matches!(seen, Seen::Alive { .. }) {
            self.sweep_behind(&attempt, record.stage).await;
        }
        match (recover(&self.run, seen), kept) {
            (Recovery::Take(attempt, stage, child), _) => {
                self.watch_harness(&attempt, stage);
                self.look_at_harness(true).await?;
                self.watch_agent(&attempt.item, stage);
                self.look_at_agents_end(&attempt).await?;
                // an end that a dead keeper's finder wrote is an interruption, whoever found it
                let outcome =
                    if child.cause == EndCause::Lost { interrupted("its keeper was gone") } else { self.judge(&attempt, stage, child) };
                self.tell_end(&attempt, stage, &outcome).await?;
                self.finish(attempt, stage, outcome).await
            }
            (Recovery::Adopt(attempt, stage, pid), Some(kept)) => {
                let frozen = kept.frozen_state().ok().flatten().is_some_and(|state| state.frozen);
                self.watch_agent(&attempt.item, stage);
                self.watch_harness(&attempt, stage);
                self.claims = stage.arm().is_some();
                self.live = Some(Live { attempt: attempt.clone(), stage, work: Work::Kept { kept, stopped: false, frozen }, before: None });
                self.record(Fact::StageAdopted { item: attempt.item, n: attempt.n, stage, pid }).await
            }
            (Recovery::Interrupted(attempt, stage, why), _) => self.finish(attempt, stage, interrupted(&why)).await,
            (Recovery::Nothing | Recovery::Adopt(..), _) => Ok(()),
        }
    }
}

fn interrupted(why: &str) -> StageOutcome {
    StageOutcome { end: StageEnd::Interrupted { why: why.to_owned() }, child: None, duration_ms: 0, detail: StageDetail::Nothing }
}
