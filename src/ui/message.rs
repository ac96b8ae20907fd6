//! What reaches the state, and what it wants done.

use std::path::PathBuf;

use jiff::Timestamp;

use super::all_results::Row;
use super::compare::{Against, Parted};
use super::labels::{Label, Meant};
use super::marks::Mark;
use super::mouse::Spot;
use super::outside::Errand;
use super::pages::{self, Pages};
use super::state::Pointer;
use super::step::Shown;
use super::{Focus, Key, Mouse, Said, Screen, log, machine};
use crate::detect::labels::Verdict;
use crate::domain::{AgentTotals, AttemptId, ItemId, Stage};
use crate::ledger::Request;
use crate::model::Past;
use crate::text::find::Pattern;

/// Something that happened. The ledger's lines go straight into `State::run`; [`Msg::Facts`] says that some came.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key.
    Key(Key),
    /// The mouse.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// New facts were folded.
    Facts,
    /// What items of earlier runs took.
    Earlier(Vec<Past>),
    /// What came of them.
    EarlierResults(Vec<Row>),
    /// This is looked at first: a screen, and an item of the run.
    Begin(Screen, Option<ItemId>),
    /// Whether the run has a runner.
    Runner(Sight),
    /// What is to be known of somebody else's run and stands in no fact, in sentences.
    Told(Vec<Said>),
    /// Whether the live stage has its keeper, told while the run has no runner.
    Keeper(Sight),
    /// Which of the stages in focus wrote something.
    Wrote(Vec<(AttemptId, Stage)>),
    /// An agent's trajectory went on.
    Trail(TrailNews),
    /// So much of a trajectory was looked at to count its steps, in percent.
    Counted(AttemptId, u8),
    /// What is searched for stands in these steps.
    Sought(SoughtNews),
    /// A search ended before all steps were searched: of whose steps, for what, and why.
    Unsearched(AttemptId, Pattern, String),
    /// What the steps are of a trajectory that is too large to be kept.
    Marked(MarkNews),
    /// A stage wrote something.
    Output(OutputNews),
    /// A log was read.
    Log(log::News),
    /// An effect failed, in a sentence.
    Failed(String),
    /// The run lies in this harness folder, and the person sits elsewhere.
    Elsewhere(PathBuf),
    /// No runner could be started, and why not.
    Unstarted(String),
    /// An effect succeeded in a way worth a sentence.
    Succeeded(String),
    /// A second went by.
    Tick,
    /// A frame was drawn with this much room, and a click means this in it.
    Laid(Layout, Vec<Spot>),
    /// Free bytes on the disk of the run.
    Space(u64),
    /// Some part of the screen works no more, in a sentence; or it works again.
    Trouble(Part, Option<String>),
    /// When this person looked at the run before.
    Looked(Looked),
    /// What was said of findings so far, the last word last.
    Labels(Vec<(Meant, Verdict)>),
    /// Something was seen of the machine.
    Machine(machine::News),
    /// A verdict was kept.
    Labelled(Box<Label>),
}

/// A part of the screen that may work no more, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The facts.
    Ledger,
    /// What agents do.
    Steps,
    /// What agents do whose trajectories are too large to be kept.
    Pages,
    /// A trajectory whose file is another one now than when it was opened.
    Replaced,
    /// What a stage wrote.
    Output,
    /// What people say of findings.
    Labels,
    /// A container of the run that nobody looks after.
    Container,
}

/// Whether a process that a run needs is there: its runner, or a stage's keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is, with this pid.
    Alive(u32),
    /// It is not.
    Gone,
    /// It can't be seen whether it is: somebody else's may work where we don't see it.
    Unseen,
}

/// Who is to move in a trajectory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// The model is asked.
    Model,
    /// Its tools run.
    Tools,
    /// Nobody: it is over, for this reason where one is known.
    Over(Option<String>),
}

/// The new part of a trajectory.
#[derive(Debug, Clone)]
pub struct TrailNews {
    /// Whose.
    pub attempt: AttemptId,
    /// Position of the first step that is new or differs.
    pub from: usize,
    /// The steps from there on.
    pub steps: Vec<Shown>,
    /// Who is to move.
    pub turn: Turn,
    /// The agent's own step budget.
    pub max_steps: Option<u32>,
    /// When it last wrote something.
    pub last_at: Option<Timestamp>,
    /// Its counts.
    pub totals: AgentTotals,
    /// Where the steps lie among all, where they are only a window of them; `from` is 0 then.
    pub pages: Option<Pages>,
}

/// In which steps of an agent a pattern is, as far as they were searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtNews {
    /// Whose steps.
    pub attempt: AttemptId,
    /// What was searched for.
    pub pattern: Pattern,
    /// What was told of the steps before this one stands.
    pub from: usize,
    /// Positions of steps, and how many of their lines hold it.
    pub found: Vec<(usize, usize)>,
    /// The steps before this one were searched.
    pub upto: usize,
    /// Whether all steps that there are were searched.
    pub is_all: bool,
}

/// What steps are of which only a window is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkNews {
    /// Whose steps.
    pub attempt: AttemptId,
    /// The position of the first one among all.
    pub from: usize,
    /// What they are.
    pub marks: Vec<Mark>,
}

/// The last lines of a stage's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputNews {
    /// The attempt in which the stage ran.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// Its last lines, clean and masked.
    pub lines: Vec<OutputLine>,
    /// Bytes written before these lines.
    pub before: u64,
}

/// A line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Which of the files.
    pub from: Stream,
    /// The line.
    pub text: String,
}

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// Of an arm in a container: what its server prints, both streams.
    Server,
    /// The same: standard output of the client, or of the offline benchmark.
    Client,
    /// The same: its standard error, with its bars.
    ClientErr,
}

impl Stream {
    /// Those that a stage's process writes.
    pub const PROCESS: [Self; 2] = [Self::Out, Self::Err];

    /// Those that are written in the container of an arm.
    pub const CONTAINER: [Self; 3] = [Self::Server, Self::Client, Self::ClientErr];

    /// In a word or two.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Server => "server",
            Self::Client => "client",
            Self::ClientErr => "client err",
        }
    }

    /// All that a stage may write.
    pub const fn of(stage: Stage) -> &'static [Self] {
        if stage.arm().is_some() { &[Self::Out, Self::Err, Self::Server, Self::Client, Self::ClientErr] } else { &Self::PROCESS }
    }
}

/// How much room the last frame had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Rows of the list of items.
    pub queue_rows: usize,
    /// Rows of the table of results.
    pub results_rows: usize,
    /// Rows of the pane with steps, result or log.
    pub pane_rows: usize,
    /// Its columns.
    pub pane_cols: usize,
    /// All rows of the result, or of the step beside the list of steps.
    pub pane_lines: usize,
    /// Where steps are unfolded.
    pub unfolds: Unfolds,
    /// Rows of the file that is shown: on the log screen, or beside the steps.
    pub log_rows: usize,
    /// Its columns.
    pub log_cols: usize,
    /// Columns of the curves of the machine, while they are shown.
    pub chart_cols: u16,
    /// Rows of the help that are seen.
    pub help_rows: usize,
    /// All its rows, while it is shown.
    pub help_lines: usize,
}

/// The files that are read from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Which; `None`: none.
    pub focus: Option<Focus>,
    /// What is searched for in the steps of the item looked at.
    pub find: Option<Pattern>,
    /// The trajectories that the state holds so far. All others are to be told from their first step: the state
    /// may have forgotten what the reader has told.
    pub held: Vec<AttemptId>,
}

/// When this person looked at the run before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Up to this moment.
    Until(Timestamp),
    /// Never.
    Never,
    /// It can't be remembered, for this reason.
    Unknown(String),
}

/// Where the step under the cursor is unfolded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unfolds {
    /// In the list of steps.
    #[default]
    Inline,
    /// Beside it: there is room.
    Beside,
}

/// Something to be done by the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Append a request to the inbox.
    Send(Request),
    /// Start a runner for this run.
    StartRunner,
    /// Read these files from now on.
    Look(Look),
    /// Read another window of steps.
    Page(pages::Wish),
    /// Read this log from now on; `None`: none.
    Log(Option<log::Wish>),
    /// Keep what somebody says of a finding.
    Label(Box<Label>),
    /// Ring: an agent is stuck.
    Ring,
    /// Take the mouse, or leave it to the terminal.
    Pointer(Pointer),
    /// Draw with the next theme.
    NextTheme,
    /// Draw the whole screen anew: somebody else wrote on it.
    Redraw,
    /// Take something out of the terminal: copy it, open it elsewhere, save it.
    Outside(Box<Errand>),
    /// Go to the background.
    Suspend,
    /// Look at the machine, or prune its Docker engine.
    Machine(Box<machine::Errand>),
    /// Leave the screen for a comparison of an attempt.
    Compare(AttemptId, Against),
    /// Leave the screen.
    Leave(Left),
}

/// Why the screen was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The run is over, or has no runner.
    Quit,
    /// The run goes on without us.
    Detached,
    /// The run was stopped first.
    Stopped,
    /// For the start screen, or the browser.
    Home,
    /// For a comparison.
    Compare(Box<Parted>),
    /// For the next item of the browser, on the same screen.
    Next(Screen),
    /// For the one before.
    Previous(Screen),
}
