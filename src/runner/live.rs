//! The stage that runs now, and what its processes were told.

use tokio::task::JoinHandle;

use crate::domain::{AttemptId, ChildEnd, MachineUse, Stage, StageOutcome};
use crate::host::launch::{Environment, Kept, LaunchError};
use crate::host::stage_folder::Spec;

/// A stage under way.
#[derive(Debug)]
pub struct Live {
    /// The attempt.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// What does the work.
    pub work: Work,
    /// How our own work ended that its processes came after.
    pub before: Option<Box<StageOutcome>>,
}

/// What does a stage's work.
#[derive(Debug)]
pub enum Work {
    /// Processes under a keeper.
    Kept {
        /// The keeper.
        kept: Kept,
        /// Whether it was told to stop.
        stopped: bool,
        /// Whether it was told to freeze.
        frozen: bool,
    },
    /// Our own work on a thread, and what a keeper runs once it is over.
    Task(JoinHandle<StageOutcome>, Option<Box<(Spec, Environment)>>),
    /// It is done: its end, while a thread reads what the machine did.
    Over(JoinHandle<Option<MachineUse>>, Box<StageOutcome>),
}

/// How a stage's work came to its end.
#[derive(Debug)]
pub enum WorkEnd {
    /// Processes ended.
    Child(Result<ChildEnd, LaunchError>),
    /// Our own work ended.
    Own(Box<StageOutcome>),
    /// Our own work panicked.
    Panicked(String),
    /// It had ended so, and this is what the machine did meanwhile, where anybody knows.
    Over(Option<MachineUse>, Box<StageOutcome>),
}

impl Live {
    /// Waits for the end. May be dropped and called again.
    pub async fn ended(&mut self) -> WorkEnd {
        match &mut self.work {
            Work::Kept { kept, .. } => WorkEnd::Child(kept.ended().await),
            Work::Task(task, _) => match task.await {
                Ok(outcome) => WorkEnd::Own(Box::new(outcome)),
                Err(error) => WorkEnd::Panicked(error.to_string()),
            },
            Work::Over(look, outcome) => {
                let machine = look.await.unwrap_or_else(|error| {
                    tracing::error!("looking at the machine: {error}");
                    None
                });
                WorkEnd::Over(machine, outcome.clone())
            }
        }
    }

    /// Makes the processes follow the model: stopped, frozen, or going on.
    pub async fn obey(&mut self, stop: bool, freeze: bool) -> Result<(), LaunchError> {
        let Work::Kept { kept, stopped, frozen } = &mut self.work else { return Ok(()) };
        if stop && !*stopped {
            kept.stop().await?;
            *stopped = true;
        } else if freeze != *frozen && !*stopped {
            if freeze {
                kept.freeze().await?;
            } else {
                kept.thaw().await?;
            }
            *frozen = freeze;
        }
        Ok(())
    }
}
