//! What a key means.

/// One thing that a person can do at the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Pause after the live stage; resume when paused.
    Pause,
    /// Freeze the live stage now; thaw it when frozen.
    Freeze,
    /// Skip the selected item.
    Skip,
    /// End the live stage.
    Stop,
    /// Run the failed stage of the selected item again.
    RetryStage,
    /// Run the selected item again.
    Retry,
    /// Move the selected item down the queue.
    MoveDown,
    /// Move the selected item up the queue.
    MoveUp,
    /// Whether a failure pauses the queue and keeps the worktree.
    Hold,
    /// Start a runner for a run that has none.
    Continue,
    /// Open the selected item; in it, unfold the step.
    Open,
    /// Close what is open.
    Back,
    /// One line down.
    Down,
    /// One line up.
    Up,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the beginning.
    First,
    /// To the end.
    Last,
    /// The next pane of the item.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// The output of the stage before.
    PreviousStage,
    /// The output of the next stage.
    NextStage,
    /// Follow what runs.
    Follow,
    /// Leave the screen; the run goes on.
    Detach,
    /// Leave, and decide what becomes of the run.
    Quit,
    /// Back to the shell that started us, until `fg`.
    Suspend,
    /// What the keys do.
    Help,
}
