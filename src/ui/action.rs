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
    /// Look what of Docker's could be removed, and remove it.
    Prune,
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
    /// Another part of the machine's screen.
    NextHalf,
    /// Other curves of the GPUs.
    NextCurves,
    /// Shorter columns of the curves.
    ZoomIn,
    /// Longer ones.
    ZoomOut,
    /// The whole run in one picture.
    WholeRun,
    /// The cursor to the next border of a stage, error or throttling.
    NextMark,
    /// To the one before.
    PreviousMark,
    /// The chosen finding is right.
    FindingRight,
    /// The chosen finding is wrong.
    FindingWrong,
    /// The bell that rings when an agent is stuck: off, or on again.
    Bell,
    /// Every line of the step under the cursor, or of long bodies their beginnings and ends.
    Whole,
    /// Unfold every step, or fold all of them.
    FoldAll,
    /// Compare what is selected with another attempt of it, or with the human's commit.
    Compare,
    /// To the next row in which the two sides of a comparison differ.
    NextDifference,
    /// To the one before.
    PreviousDifference,
    /// Change the sides of a comparison.
    Swap,
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
    /// What is under the cursor goes to the clipboard.
    Copy,
    /// All of what is shown goes there.
    CopyAll,
    /// What is shown is opened in a pager.
    Page,
    /// What is shown is opened in an editor.
    Edit,
    /// What is shown is saved as Markdown.
    Save,
    /// All runs of this checkout, as a tree.
    Inspect,
    /// Choose which items are shown.
    Filters,
    /// Show all items again.
    ClearFilters,
    /// The next order of the list.
    Sort,
    /// The same order, the other way round.
    Reverse,
    /// The results grouped by something else.
    NextGrouping,
    /// By what they were grouped before it.
    PreviousGrouping,
    /// The results of the next group alone.
    NextGroup,
    /// Of the one before.
    PreviousGroup,
    /// The results of the selected item's group alone, or all of them again.
    OnlyGroup,
    /// The results of earlier runs as well, or of this one alone.
    EveryRun,
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

impl Action {
    /// Whether it leads somewhere or says something of its own: an older remark would stand where its answer belongs.
    pub(super) const fn has_answer(self) -> bool {
        matches!(
            self,
            Self::Open
                | Self::Show(_)
                | Self::NextScreen
                | Self::PreviousScreen
                | Self::NextItem
                | Self::PreviousItem
                | Self::NextSource
                | Self::PreviousSource
                | Self::NextProblem
                | Self::PreviousProblem
                | Self::NextFinding
                | Self::PreviousFinding
                | Self::NextEdit
                | Self::PreviousEdit
                | Self::NextRefusal
                | Self::PreviousRefusal
                | Self::NextCall
                | Self::PreviousCall
                | Self::NextDifference
                | Self::PreviousDifference
                | Self::NextBeside
                | Self::PreviousBeside
                | Self::NextHalf
                | Self::NextCurves
                | Self::NextMark
                | Self::PreviousMark
                | Self::Find
                | Self::FindNext
                | Self::FindPrevious
                | Self::Filters
                | Self::ClearFilters
                | Self::Sort
                | Self::Reverse
                | Self::NextGrouping
                | Self::PreviousGrouping
                | Self::NextGroup
                | Self::PreviousGroup
                | Self::OnlyGroup
                | Self::EveryRun
                | Self::Swap
                | Self::Follow
        )
    }

    /// Where a key that moves leads from a row on, at most to the last one; `None`: it does not move.
    pub fn leads(self, at: usize, page: usize, last: usize) -> Option<usize> {
        let to = match self {
            Self::Down => at.saturating_add(1),
            Self::Up => at.saturating_sub(1),
            Self::PageDown => at.saturating_add(page.max(1)),
            Self::PageUp => at.saturating_sub(page.max(1)),
            Self::First => 0,
            Self::Last => last,
            _ => return None,
        };
        Some(to.min(last))
    }
}
