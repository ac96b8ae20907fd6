//! A trajectory opened as a whole, chosen by its content: for `inspect`, `detect` and everything that reads afterwards.

pub(in crate::agent) mod sniff;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::Live;
use super::live::{self, Reading};
use super::openhands::Events;
use super::paged::{Index, LARGE, Paged};
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
use crate::domain::{AgentTotals, Reply, Step};
use crate::text::clean;
use sniff::{Found, Shape};

/// A format of trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// TRAE's `trajectory.json`, forks and old versions included.
    Trae,
    /// Claude Code's `--output-format stream-json`, or `json`: one result, no steps.
    ClaudeStream,
    /// Claude Code's session transcript.
    ClaudeSession,
    /// `codex exec --json`, any of its three generations.
    CodexExec,
    /// Codex's rollout.
    CodexRollout,
    /// OpenHands V0: event files, an array of events, a line of `output.jsonl`.
    OpenhandsV0,
    /// OpenHands V1: event store, events as lines among other text.
    OpenhandsV1,
    /// SWE-agent's `.traj`.
    SweAgent,
    /// mini-swe-agent's `.traj.json`, or its bare list of messages.
    MiniSweAgent,
}

impl Format {
    /// Name of the agent that writes it: `trae`, `claude_code`, `codex_cli`, `openhands`, `swe_agent`, `mini_swe_agent`.
    pub const fn agent(self) -> &'static str {
        match self {
            Self::Trae => "trae",
            Self::ClaudeStream | Self::ClaudeSession => "claude_code",
            Self::CodexExec | Self::CodexRollout => "codex_cli",
            Self::OpenhandsV0 | Self::OpenhandsV1 => "openhands",
            Self::SweAgent => "swe_agent",
            Self::MiniSweAgent => "mini_swe_agent",
        }
    }

    /// Whether a finished step does not change any more, even if it is the last one.
    pub const fn steps_are_final(self) -> bool {
        matches!(self, Self::Trae | Self::SweAgent | Self::MiniSweAgent)
    }
}

/// One run of an agent, as its files tell it.
#[derive(Debug)]
pub struct Opened {
    /// How it was written.
    pub format: Format,
    /// Which of several in one file: its `instance_id`.
    pub instance: Option<String>,
    /// The model, where the file says so.
    pub model: Option<String>,
    /// What the agent was asked, where the file says so.
    pub task: Option<String>,
    /// The agent's own step budget, where the file says so.
    pub max_steps: Option<u32>,
    /// Its steps; none where they are too many to be held.
    pub steps: Vec<Step>,
    /// Where the steps are read, where they are not held.
    pub pages: Option<(Arc<Paged>, Arc<Index>)>,
    /// Who is to move, or how it ended.
    pub state: Live,
    /// Finished steps, calls, tokens.
    pub totals: AgentTotals,
    /// When it began, where the file says so.
    pub started_at: Option<Timestamp>,
    /// The latest time in the file.
    pub last_at: Option<Timestamp>,
}

impl Opened {
    /// What the beginning and the end of a large file say of its run. Its steps are not counted yet.
    pub fn edges(paged: &Paged) -> io::Result<Self> {
        let (begin, end) = (paged.beginning(EDGE)?, paged.end(EDGE)?);
        Ok(Self {
            format: paged.format(),
            instance: None,
            model: begin.model.or(end.model),
            task: begin.task,
            max_steps: None,
            steps: Vec::new(),
            pages: None,
            state: end.state.unwrap_or(Live::WaitingForModel),
            totals: AgentTotals::default(),
            started_at: begin.started_at,
            last_at: end.last_at,
        })
    }

    /// A large file with its steps counted, but none of them held: calls and tokens are those of its steps.
    pub fn paged(paged: Arc<Paged>) -> io::Result<Self> {
        Self::paged_with(paged, |_step| {})
    }

    /// The same; each step is shown to `look` on the way.
    pub fn paged_with(paged: Arc<Paged>, mut look: impl FnMut(&Step)) -> io::Result<Self> {
        let mut opened = Self::edges(&paged)?;
        let index = paged.indexed(|| true)?.unwrap_or_default();
        opened.totals.steps = u32::try_from(index.len()).ok();
        opened.pages = Some((paged, index));
        let mut totals = opened.totals;
        opened.each(|step| {
            look(step);
            totals.calls = totals.calls.saturating_add(u32::try_from(step.calls.len()).unwrap_or(u32::MAX));
            totals.usage += step.usage;
            Ok(())
        })?;
        opened.totals = totals;
        Ok(opened)
    }

    /// The totals with all steps: one whose calls got no answer too, and those beyond the most that are kept.
    pub fn all(&self) -> AgentTotals {
        if self.pages.is_some() {
            return self.totals;
        }
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let finished = self.steps.iter().filter(|step| step.reply == Reply::Complete).count();
        let gone = self.totals.steps.map_or(0, |steps| steps.saturating_sub(small(finished)));
        let all = small(self.steps.len()).saturating_add(gone);
        AgentTotals { steps: Some(all).filter(|all| *all > 0 || self.totals.steps.is_some()), ..self.totals }
    }

    /// Every step in its order, wherever it is held.
    pub fn each(&self, mut take: impl FnMut(&Step) -> io::Result<()>) -> io::Result<()> {
        match &self.pages {
            Some((paged, index)) => paged.each(index, |step| take(&step)),
            None => self.steps.iter().try_for_each(take),
        }
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.pages.as_ref().map_or(self.steps.len(), |(_, index)| index.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Bytes of the beginning and of the end of a large file that tell what it is.
const EDGE: u64 = 512 << 10;

/// Why a file can't be opened as a trajectory.
#[derive(Debug)]
pub enum OpenError {
    /// It can't be read.
    Io(PathBuf, io::Error),
    /// It is larger than a trajectory may be, in bytes unpacked.
    TooLarge(PathBuf, u64),
    /// There is nothing in it (yet).
    Empty(PathBuf),
    /// It ends too early: its agent is writing it now, or was killed while it did.
    HalfWritten(PathBuf),
    /// It is packed, ends too early, and what is left holds no whole document.
    CutOff(PathBuf),
    /// It is what TRAE printed.
    TraeLog(PathBuf),
    /// A folder without a trajectory.
    NoTrajectory(PathBuf),
    /// It is none of the formats; what it looks like.
    Unknown(PathBuf, &'static str),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", clean::path(path)),
            Self::TooLarge(path, most) => write!(f, "{}: larger than {} MiB, the most that is read", clean::path(path), most >> 20),
            Self::Empty(path) => write!(f, "{}: there is nothing in it yet", clean::path(path)),
            Self::HalfWritten(path) => write!(
                f,
                "{}: it ends in the middle of its JSON: the agent is writing it now (look again), or was killed while it wrote",
                clean::path(path)
            ),
            Self::CutOff(path) => write!(
                f,
                "{}: the packed file ends too early or is damaged, and what is left of it is no whole trajectory: copy or pack it again",
                clean::path(path)
            ),
            Self::TraeLog(path) => write!(
                f,
                "{}: this is what TRAE printed, and no trajectory: open the trajectory.json that its line \"Trajectory File\" names",
                clean::path(path)
            ),
            Self::NoTrajectory(path) => write!(f, "{}: no trajectory of any agent in this folder", clean::path(path)),
            Self::Unknown(path, what) => write!(f, "{}: not a trajectory of any agent that we know, but {what}", clean::path(path)),
        }
    }
}

impl std::error::Error for OpenError {}

/// Whether a file is packed and can't be unpacked to its end: what could be read of it is all that was shown.
pub fn is_cut_off(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file()) && live::is_cut_off(path)
}

/// The largest file that is read whole (TRAE, SWE-agent, mini-swe-agent, an array), in bytes unpacked: 256 MiB. Files of
/// lines are read in pieces, packed ones up to 1 GiB.
const LARGEST: u64 = 256 << 20;

/// Opens a file, a folder of events or an item's folder of ISO-Bench, packed by gzip or not. Most hold one run; OpenHands'
/// `output.jsonl` many.
pub fn open(path: &Path) -> Result<Vec<Opened>, OpenError> {
    let there = fs::metadata(path).map_err(|error| OpenError::Io(path.to_owned(), error))?;
    if there.is_dir() { open_folder(path) } else { open_file(path) }
}

fn of_io(path: &Path, error: io::Error) -> OpenError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        // files of lines meet their end only where they are packed
        let is_packed_lines = matches!(live::look_at(path, LARGEST), Ok(Found::Is(_, Shape::Lines | Shape::Runs)));
        OpenError::TooLarge(path.to_owned(), if is_packed_lines { live::MOST_UNPACKED } else { LARGEST })
    } else {
        OpenError::Io(path.to_owned(), error)
    }
}

fn open_file(path: &Path) -> Result<Vec<Opened>, OpenError> {
    let at = || path.to_owned();
    // a pipe or a device is refused here
    let found = live::look_at(path, LARGEST).map_err(|error| of_io(path, error))?;
    match found {
        Found::Is(_, Shape::Runs) => return runs(path),
        Found::Is(..) => {}
        Found::Nothing => return Err(OpenError::Empty(at())),
        Found::Torn => return Err(half(path)),
        Found::TraeLog => return Err(OpenError::TraeLog(at())),
        Found::Other(what) => return Err(OpenError::Unknown(at(), what)),
    }
    let is_whole = matches!(found, Found::Is(_, Shape::Whole));
    let there = fs::metadata(path).map_err(|error| of_io(path, error))?;
    if is_whole && there.len() > LARGEST {
        return Err(OpenError::TooLarge(at(), LARGEST));
    }
    let mut reading = Reading::found(path, &found, LARGEST).map_err(|error| of_io(path, error))?;
    read_all(&mut reading).map_err(|error| of_io(path, error))?;
    // a line that makes sense was there; a document that begins well need not end
    if reading.totals().steps.is_none() && is_whole {
        return Err(half(path));
    }
    opened(reading).map(|run| vec![run]).ok_or_else(|| OpenError::Empty(at()))
}

fn half(path: &Path) -> OpenError {
    if is_cut_off(path) { OpenError::CutOff(path.to_owned()) } else { OpenError::HalfWritten(path.to_owned()) }
}

fn read_all(reading: &mut Reading) -> io::Result<()> {
    loop {
        reading.read_on()?;
        if !reading.is_behind() {
            return Ok(());
        }
    }
}

fn opened(reading: Reading) -> Option<Opened> {
    Some(Opened {
        format: reading.format()?,
        instance: None,
        model: reading.model().map(str::to_owned),
        task: reading.task().map(str::to_owned),
        max_steps: reading.max_steps(),
        state: reading.state(),
        totals: reading.totals(),
        started_at: reading.started_at(),
        last_at: reading.last_at(),
        steps: reading.into_steps(),
        pages: None,
    })
}

/// OpenHands' `output.jsonl`: each line is a run.
fn runs(path: &Path) -> Result<Vec<Opened>, OpenError> {
    let mut all = Vec::new();
    let mut take = |line: &[u8]| {
        let Some((instance, events)) = Events::of_run(line) else { return false };
        all.push(Opened {
            format: Format::OpenhandsV0,
            instance,
            model: events.model().map(str::to_owned),
            task: events.task().map(str::to_owned),
            max_steps: events.max_steps(),
            state: events.state(),
            totals: events.totals(),
            started_at: events.started_at(),
            last_at: events.last_at(),
            steps: events.steps().to_vec(),
            pages: None,
        });
        true
    };
    live::every_line(path, &mut take).map_err(|error| of_io(path, error))?;
    if all.is_empty() { Err(half(path)) } else { Ok(all) }
}

/// A folder: the events of OpenHands, its conversation, or an item's folder of ISO-Bench.
fn open_folder(path: &Path) -> Result<Vec<Opened>, OpenError> {
    for events in event_folders(path) {
        let mut reading = Reading::of(&events);
        read_all(&mut reading).map_err(|error| of_io(path, error))?;
        if let Some(run) = opened(reading).filter(|run| run.totals.steps.is_some()) {
            return Ok(vec![run]);
        }
    }
    let mut told = None;
    for file in files(path).map_err(|error| of_io(path, error))? {
        match open_file(&file) {
            Ok(runs) => return Ok(runs),
            // text that an agent printed is no trajectory, and no fault either
            Err(OpenError::Unknown(..) | OpenError::TraeLog(_)) => {}
            Err(error) => told = told.or(Some(error)),
        }
    }
    Err(told.unwrap_or_else(|| OpenError::NoTrajectory(path.to_owned())))
}

/// Where a folder has events of OpenHands: itself, or within.
fn event_folders(path: &Path) -> impl Iterator<Item = PathBuf> {
    let has_events = |folder: &PathBuf| live::numbered(folder).is_ok_and(|files| !files.is_empty());
    [path.to_owned(), path.join("events"), path.join(OPENHANDS_EVENTS)].into_iter().filter(has_events)
}

/// The file of an item's folder that tells of its agent, by name and content: for items whose agent is over. Of OpenHands'
/// conversations the folder of events.
pub fn file_of(item_folder: &Path) -> Option<PathBuf> {
    let tells = |file: &PathBuf| matches!(live::look_at(file, LARGEST), Ok(Found::Is(..)));
    event_folders(item_folder).next().or_else(|| files(item_folder).ok()?.into_iter().find(tells))
}

/// A trajectory that is so large that it is read by pages: a file, or the one that tells of the agent in an item's folder. What
/// can't be read is told by who reads all of it.
pub fn large(path: &Path) -> Option<Paged> {
    let is_large = |file: &PathBuf| fs::metadata(file).is_ok_and(|there| there.is_file() && there.len() > LARGE);
    if path.is_dir() {
        // most folders hold nothing large, and need no closer look
        files(path).ok()?.iter().find(|file| is_large(file))?;
        return Paged::open(&file_of(path)?, LARGE).ok()?;
    }
    Paged::open(path, LARGE).ok()?
}

/// The files of an item's folder that may tell of its agent, those that tell most first.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path)?;
    let mut printed: Vec<PathBuf> = entries.take(MOST_FILES).flatten().map(|entry| entry.path()).collect();
    printed.retain(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.trim_end_matches(".gz").ends_with("_stdout.txt"))
    });
    printed.sort();
    let named = [CLAUDE_CODE_STREAM, CODEX_ROLLOUT, TRAJECTORY].into_iter();
    let named = named.flat_map(|name| [path.join(name), path.join(format!("{name}.gz"))]).filter(|path| path.is_file());
    Ok(named.chain(printed).collect())
}

/// Files of a folder that are looked at.
const MOST_FILES: usize = 10_000;
