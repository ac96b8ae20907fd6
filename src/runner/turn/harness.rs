//! What ISO-Bench's own `prepare` says while it runs, as facts.

use super::Turn;
use crate::domain::{AttemptId, PromptSource, Stage};
use crate::ledger::Fact;
use crate::runner::RunnerError;
use crate::runner::harness::{HarnessWatch, is_used};

impl Turn<'_> {
    /// Follows the stage's `prepare`, where it is one.
    pub(super) fn watch_harness(&mut self, attempt: &AttemptId, stage: Stage) {
        let is_wanted = stage == Stage::Agent && is_used(&self.job.config);
        let item = self.run.item(&attempt.item).filter(|_| is_wanted);
        self.harness = item.and_then(|item| HarnessWatch::new(&self.job, &self.run, item));
    }

    /// Looks how far it is.
    pub(super) async fn look_at_harness(&mut self, is_over: bool) -> Result<(), RunnerError> {
        let Some(watch) = &mut self.harness else { return Ok(()) };
        let news = watch.look(is_over, &self.masker);
        let AttemptId { item, n } = watch.attempt().clone();
        if let Some(digest) = news.asked {
            self.record(Fact::AgentAsked { item: item.clone(), n, source: PromptSource::Harness, from: None, digest }).await?;
        }
        if let Some(says) = news.says {
            self.record(Fact::HarnessSaid { item, n, stage: Stage::Agent, says }).await?;
        }
        Ok(())
    }
}
