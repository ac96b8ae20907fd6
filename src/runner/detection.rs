//! What the detectors say of the agent of a job's item: which of them are asked, and what is known before it begins.

mod ends;

pub use ends::{code_of, end_of, ends_of, told_of, with_patch};

use super::Job;
use crate::detect::Context;
use crate::domain::Stage;
use crate::model::Item;
use crate::watch::{Detection, context};

/// For the agent of this item. What the ledger holds of the attempt already, from a runner before us, is not told again.
pub fn of(job: &Job, item: &Item) -> Option<Detection> {
    let last = item.last_attempt()?;
    let context = Context {
        max_steps: job.config.agent.max_steps,
        max_tokens: job.config.limits.item_tokens,
        max_ms: job.config.budget_ms(Stage::Agent),
        ..context(job.git_dir.as_deref(), &item.parent, &item.human)
    };
    let mut detection = Detection::new(item.last_attempt_id()?, context, Some(last));
    detection.can_be_heard(job.config.agent.silence_s, job.can_be_read());
    Some(detection)
}

impl Job {
    /// Whether what the agent writes can be read while it works.
    fn can_be_read(&self) -> bool {
        super::harness::is_used(&self.config)
            || self.config.agent.kind != crate::domain::AgentKind::Command
            || self.config.agent.trajectory.is_some()
    }
}

/// Whether a stage is the one that is watched.
pub fn is_watched(stage: Stage) -> bool {
    stage == Stage::Agent
}
