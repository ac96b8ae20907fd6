//! The agent at work: its counts, its budgets, what the detectors say of it, and what follows from that.

use super::{AGENT_FACT_MS, Turn};
use crate::detect::systemic::EndOfRun;
use crate::domain::{AttemptId, ItemId, Stage, StageDetail, StageOutcome};
use crate::host::clock;
use crate::ledger::{By, Fact};
use crate::model::StageState;
use crate::plan::next::{agent_over_budget, agent_stuck};
use crate::runner::agent_watch::AgentWatch;
use crate::runner::detection::{self, code_of, end_of, is_watched, told_of, with_patch};
use crate::runner::{RunnerError, harness};
use crate::watch::{Beat, Seen};

impl Turn<'_> {
    /// Follows the agent of a stage, where it is the agent's.
    pub(super) fn watch_agent(&mut self, item: &ItemId, stage: Stage) {
        let item = self.run.item(item).filter(|_| is_watched(stage));
        self.agent = item.map(|item| AgentWatch::of(&self.job, &self.run, item));
        self.detection = item.and_then(|item| detection::of(&self.job, item));
        self.watch.instead(&self.agent.as_ref().map(AgentWatch::folders).unwrap_or_default());
    }

    /// Reads the agent's counts, listens to the detectors, and stops the agent where a budget ran out or a policy says so.
    pub(super) async fn look_at_agent(&mut self) -> Result<(), RunnerError> {
        let Some((attempt, record)) = self.run.live_stage() else { return Ok(()) };
        let (is_stopping, is_frozen) = match &record.state {
            StageState::Running { stopping, frozen, .. } => (stopping.is_some(), frozen.is_some()),
            StageState::Ended(_) => (false, false),
        };
        let Some(agent) = &mut self.agent else { return Ok(()) };
        let news = match agent.look() {
            Ok(news) => news,
            Err(says) => return self.adapter_panicked(attempt, says).await,
        };
        self.watch.instead(&agent.folders());
        let reading = agent.reading();
        let over = agent_over_budget(&self.job.config, reading.totals(), reading.steps().len()).filter(|_| !is_stopping);
        let now = clock::up_ms();
        let is_time = over.is_some() || now.saturating_sub(self.agent_fact_at) >= AGENT_FACT_MS;
        if let Some(totals) = is_time.then(|| agent.news()).flatten() {
            self.agent_fact_at = now;
            self.record(Fact::AgentProgressed { item: attempt.item.clone(), n: attempt.n, totals }).await?;
        }
        if let Some((class, why)) = over {
            let by = By::rule("budget");
            let item = attempt.item.clone();
            self.record(Fact::StageStopping { item, n: attempt.n, stage: Stage::Agent, class: Some(class), why, by }).await?;
        }
        self.detect(&attempt, news.map(|news| news.from), false).await?;
        self.listen(now, is_frozen, news.is_some()).await?;
        for fact in agent_stuck(&self.run, &self.job.config) {
            self.record(fact).await?;
        }
        Ok(())
    }

    /// Reads what the agent wrote last: the detectors take it before its end is judged. Nothing follows from it any more.
    pub(super) async fn look_at_agents_end(&mut self, attempt: &AttemptId) -> Result<(), RunnerError> {
        let Some(agent) = &mut self.agent else { return Ok(()) };
        match agent.look_to_the_end() {
            Ok(from) => self.detect(attempt, from, true).await,
            Err(says) => self.adapter_panicked(attempt.clone(), says).await,
        }
    }

    /// Says what is odd about how the agent ended.
    pub(super) async fn tell_end(&mut self, attempt: &AttemptId, stage: Stage, outcome: &StageOutcome) -> Result<(), RunnerError> {
        if let (StageDetail::Check(check), Some((_, agent))) = (&outcome.detail, self.idle.take_if(|(idle, _)| idle == attempt)) {
            let end = end_of(&attempt.item, &agent, None, None);
            let end = end.map(|end| if check.files > 0 { with_patch(end) } else { end });
            return self.tell_odd(attempt, end).await;
        }
        if !is_watched(stage) {
            return Ok(());
        }
        let live = self.agent.as_ref().map(|agent| agent.reading().state());
        // what ended is ISO-Bench's own script otherwise
        let child = outcome.child.as_ref().filter(|_| !harness::is_used(&self.job.config));
        let code = child.and_then(|child| code_of(&child.cause));
        let end = end_of(&attempt.item, outcome, live.as_ref(), code);
        if end.is_some_and(|end| end.did_nothing()) {
            self.idle = Some((attempt.clone(), outcome.clone()));
            return Ok(());
        }
        self.tell_odd(attempt, end).await
    }

    async fn tell_odd(&mut self, attempt: &AttemptId, end: Option<EndOfRun<'_>>) -> Result<(), RunnerError> {
        let Some(end) = end else { return Ok(()) };
        for alarm in told_of(&mut self.ends, &end, &self.masker) {
            self.record(Fact::AlarmRaised { item: attempt.item.clone(), n: attempt.n, alarm }).await?;
        }
        Ok(())
    }

    /// Without the adapter the agent goes on; its output is still shown.
    async fn adapter_panicked(&mut self, attempt: AttemptId, says: String) -> Result<(), RunnerError> {
        self.agent = None;
        self.detection = None;
        self.record(Fact::AdapterPanicked { item: attempt.item, n: attempt.n, says }).await
    }

    /// Hands the detectors what is new.
    async fn detect(&mut self, attempt: &AttemptId, from: Option<usize>, is_over: bool) -> Result<(), RunnerError> {
        let (Some(agent), Some(detection)) = (&self.agent, &mut self.detection) else { return Ok(()) };
        let seen = Seen { reading: agent.reading(), from, is_over };
        match detection.take(&seen, &self.masker) {
            Ok(facts) => {
                for fact in facts {
                    self.record(fact).await?;
                }
                Ok(())
            }
            Err(says) => {
                self.detection = None;
                let says = self.masker.line(&says);
                self.record(Fact::DetectionPanicked { item: attempt.item.clone(), n: attempt.n, says }).await
            }
        }
    }

    /// Listens whether it is silent.
    async fn listen(&mut self, up_ms: u64, is_frozen: bool, is_heard: bool) -> Result<(), RunnerError> {
        let (Some(agent), Some(detection)) = (&self.agent, &mut self.detection) else { return Ok(()) };
        let step = agent.reading().steps().last().map_or(0, |step| step.index);
        let beat = Beat { up_ms, is_frozen, is_heard, step };
        match detection.listen(&beat, &mut self.usual) {
            Some(fact) => self.record(fact).await,
            None => Ok(()),
        }
    }
}
