//! Requests: read, answered with facts.

use jiff::Timestamp;

use super::Turn;
use crate::artifact::PlanItem;
use crate::domain::{ItemId, Stage, short_sha};
use crate::ledger::fact::Answer;
use crate::ledger::{By, Fact, Line, PlannedItem, Request, Verb};
use crate::model::ItemState;
use crate::plan::answer::named;
use crate::plan::{LookedUp, answer};
use crate::runner::preflight::{Look, Surroundings, freed, resolve_added};
use crate::runner::signals::Leaving;
use crate::runner::{RunnerError, containers};

impl Turn<'_> {
    /// Reads new requests and answers them with facts. What a runner finds at its start and was asked `before` it took
    /// the run is expired, but for work that is still wanted.
    pub(super) async fn read_inbox(&mut self, before: Option<Timestamp>) -> Result<(), RunnerError> {
        let mut lines = Vec::new();
        let read = self.inbox.read_on(|line| {
            if let Line::Text(offset, text) = line
                && !text.trim().is_empty()
            {
                lines.push((offset, text.to_owned()));
            }
        });
        if let Err(error) = read {
            tracing::warn!("the inbox can't be read: {error}");
        }
        for (offset, line) in lines {
            match serde_json::from_str::<Request>(&line) {
                Ok(request) if self.run.answers.contains_key(&request.id) => {}
                Ok(request) if before.is_some_and(|start| request.at < start) && !request.ask.verb.outlives_runner() => {
                    let verb = request.ask.verb.name().to_owned();
                    self.record(Fact::RequestAnswered { id: request.id, verb, answer: Answer::Expired {} }).await?;
                }
                Ok(request) => self.answer(&request).await?,
                Err(error) => {
                    let id = format!("byte {offset}");
                    if !self.run.answers.contains_key(&id) {
                        let answer = Answer::Refused { says: format!("not a request: {error}") };
                        self.record(Fact::RequestAnswered { id, verb: "?".to_owned(), answer }).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn answer(&mut self, request: &Request) -> Result<(), RunnerError> {
        let added = (request.ask.verb == Verb::Add).then(|| self.look_up(request.ask.commit.as_deref().unwrap_or_default()));
        let is_retry = matches!(request.ask.verb, Verb::Retry | Verb::RetryStage);
        let is_blocked = named(&self.run, request).is_ok_and(|item| matches!(item.state, ItemState::Blocked { .. }));
        let freed = if is_retry && is_blocked { self.freed() } else { Vec::new() };
        for fact in answer(&self.run, request, LookedUp { added, freed }) {
            self.record(fact).await?;
        }
        match request.ask.verb {
            Verb::Quit => self.leaving = self.leaving.max(Leaving::AfterStage),
            Verb::QuitNow => {
                self.leaving = Leaving::Now;
                self.told_now = tokio::time::Instant::now();
            }
            _ => {}
        }
        Ok(())
    }

    /// Queues the items that nothing blocks any more.
    pub(super) async fn free(&mut self) -> Result<(), RunnerError> {
        for item in self.freed() {
            let (why, by) = ("what blocked it is gone".to_owned(), By::rule("preflight"));
            let fact = Fact::ItemRequeued { item, from: Stage::Worktree, not_before: None, automatic: false, why, by };
            self.record(fact).await?;
        }
        Ok(())
    }

    fn freed(&self) -> Vec<ItemId> {
        let (checkout, config) = (&self.job.checkout, &self.job.config);
        freed(&Look { checkout, config, around: &Surroundings::read(&checkout.env_folders()) }, &self.run)
    }

    fn look_up(&self, commit: &str) -> Result<PlannedItem, String> {
        if commit.is_empty() {
            return Err("name the commit to add".to_owned());
        }
        let git_dir = self.job.git_dir.as_ref().ok_or("this run has no clone")?;
        let unnamed = ItemId("added".to_owned());
        let item = PlanItem { item_id: unnamed, human: commit.to_owned(), pre: String::new(), pre_parent_index: Some(1) };
        let found = resolve_added(git_dir, &item);
        if let Some(blocked) = found.blocked {
            return Err(blocked.why);
        }
        let (checkout, config) = (&self.job.checkout, &self.job.config);
        if containers::is_used(config) && !config.arms.unmeasured {
            containers::planned(&containers::mapping(checkout, config)?, &found.human, config)?;
        }
        let item = ItemId(format!("added-{}", short_sha(&found.human)));
        if self.run.item(&item).is_some() {
            return Err(format!("{item} is in the queue already; R runs it again"));
        }
        Ok(PlannedItem { item, ..found })
    }
}
