//! What a key means.

use super::Screen;

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
    /// Look at the selected plan anew.
    LookAgain,
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
    /// To this screen.
    Show(Screen),
    /// To the next screen.
    NextScreen,
    /// To the screen before.
    PreviousScreen,
    /// The next item, on the same screen.
    NextItem,
    /// The item before.
    PreviousItem,
    /// The next log.
    NextSource,
    /// The log before.
    PreviousSource,
    /// To the left: what lies further left of a long line; back from an item.
    Left,
    /// To the right: what lies further right of a long line; into an item.
    Right,
    /// To the next item, step or line that went wrong.
    NextProblem,
    /// To the one before.
    PreviousProblem,
    /// To the next thing that was found of the agent.
    NextFinding,
    /// To the one before.
    PreviousFinding,
    /// To the next step that edits a file.
    NextEdit,
    /// To the one before.
    PreviousEdit,
    /// To the next finish that the harness refused.
    NextRefusal,
    /// To the one before.
    PreviousRefusal,
    /// To the next step that calls a tool.
    NextCall,
    /// To the one before.
    PreviousCall,
    /// Something else beside the steps.
    NextBeside,
    /// What stood there before it.
    PreviousBeside,
    /// The chosen finding is right.
    FindingRight,
    /// The chosen finding is wrong.
    FindingWrong,
    /// The bell that rings when an agent is stuck: off, or on again.
    Bell,
    /// Unfold every step, or fold all of them.
    FoldAll,
    /// Type what to search for.
    Find,
    /// To the next match.
    FindNext,
    /// To the match before.
    FindPrevious,
    /// Type a command.
    Command,
    /// What happened since the last look.
    Since,
    /// To the start screen.
    Home,
    /// Leave the mouse to the terminal, or take it again.
    Mouse,
    /// The next theme.
    NextTheme,
    /// Follow what runs.
    Follow,
    /// Leave the screen; the run goes on.
    Detach,
    /// Leave, and decide what becomes of the run.
    Quit,
    /// Draw the whole screen anew.
    Redraw,
    /// Back to the shell that started us, until `fg`.
    Suspend,
    /// What the keys do.
    Help,
}
