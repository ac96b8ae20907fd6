//! What an agent writes, whichever it is: the one reader for counts, budgets, ends and screen.
//!
//! In an item's folder lie, as links while the agent works and as files afterwards: `claude_code_stream.jsonl`,
//! `codex_rollout.jsonl`, `openhands_events/`, `trajectory.json`.

mod folder;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::agent::Live;
use crate::agent::claude::Stream;
use crate::agent::codex::Rollout;
use crate::agent::trae::{Taken, Trajectory};
use crate::agent::value::object;
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
use crate::domain::{AgentTotals, Step};
use crate::host::files::{Appended, Rewritten};
use folder::EventFolder;

/// What a look brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// Position in [`Reading::steps`] of the first step that is new or differs; their number when only the rest did. After a
    /// restart it is 0, and there may be fewer steps than before.
    pub from: usize,
    /// When it was written.
    pub changed: SystemTime,
}

/// An agent's steps as far as they were read.
#[derive(Debug, Default)]
pub struct Reading {
    source: Source,
    /// Something that makes sense was read from the source. Until then another one may still prove to be it; afterwards
    /// a file that the agent puts beside its own changes nothing.
    is_sure: bool,
    /// There was more to read than one look takes.
    is_behind: bool,
}

#[derive(Debug, Default)]
enum Source {
    #[default]
    Unknown,
    Trae(Box<Trajectory>, Rewritten),
    Claude(Box<Stream>, Appended),
    Codex(Box<Rollout>, Appended),
    Openhands(Box<EventFolder>),
}

/// A reader of lines.
trait ByLine: Default {
    fn line(&mut self, line: &[u8]) -> Option<usize>;
}

impl ByLine for Stream {
    fn line(&mut self, line: &[u8]) -> Option<usize> {
        self.take(line)
    }
}

impl ByLine for Rollout {
    fn line(&mut self, line: &[u8]) -> Option<usize> {
        self.take(line)
    }
}

impl Reading {
    /// Of an agent of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what is new in an item's folder: always the same one. `None`: nothing. What is half-written is read again at
    /// the next look. Pipes and devices are not read, nor a trajectory of more than 64 MiB.
    pub fn look(&mut self, item_folder: &Path) -> io::Result<Option<News>> {
        if !self.is_sure {
            self.choose(item_folder);
        }
        let news = match &mut self.source {
            Source::Unknown => None,
            Source::Trae(trajectory, file) => {
                let Some((bytes, changed)) = file.changed(&item_folder.join(TRAJECTORY))? else { return Ok(None) };
                let taken = trajectory.take(&bytes);
                if taken != Taken::Torn {
                    file.good();
                }
                match taken {
                    Taken::News { from } => Some(News { from, changed }),
                    Taken::Torn | Taken::Same => None,
                }
            }
            Source::Claude(stream, file) => by_line(stream.as_mut(), file, &item_folder.join(CLAUDE_CODE_STREAM), &mut self.is_behind)?,
            Source::Codex(rollout, file) => by_line(rollout.as_mut(), file, &item_folder.join(CODEX_ROLLOUT), &mut self.is_behind)?,
            Source::Openhands(events) => events.look(&item_folder.join(OPENHANDS_EVENTS))?,
        };
        self.is_sure |= self.totals().steps.is_some();
        Ok(news)
    }

    /// Whether the last look left something for the next one: it takes 64 MiB of lines at most.
    pub const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Takes the first source that lies there. A link whose file does not exist yet is none.
    fn choose(&mut self, item_folder: &Path) {
        let is_file = |name: &str| fs::metadata(item_folder.join(name)).is_ok_and(|there| there.is_file() && there.len() > 0);
        if is_file(CLAUDE_CODE_STREAM) {
            if !matches!(self.source, Source::Claude(..)) {
                self.source = Source::Claude(Box::default(), Appended::default());
            }
        } else if is_file(CODEX_ROLLOUT) {
            if !matches!(self.source, Source::Codex(..)) {
                self.source = Source::Codex(Box::default(), Appended::default());
            }
        } else if fs::metadata(item_folder.join(OPENHANDS_EVENTS)).is_ok_and(|there| there.is_dir()) {
            if !matches!(self.source, Source::Openhands(..)) {
                self.source = Source::Openhands(Box::default());
            }
        } else if !matches!(self.source, Source::Trae(..)) {
            self.source = Source::Trae(Box::default(), Rewritten::default());
        }
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        match &self.source {
            Source::Unknown => &[],
            Source::Trae(trajectory, _) => trajectory.steps(),
            Source::Claude(stream, _) => stream.steps(),
            Source::Codex(rollout, _) => rollout.steps(),
            Source::Openhands(events) => events.events().steps(),
        }
    }

    /// Finished steps, tool calls, tokens. `steps` is `None` where the agent wrote nothing that we read.
    pub fn totals(&self) -> AgentTotals {
        match &self.source {
            Source::Unknown => AgentTotals::default(),
            Source::Trae(trajectory, _) => trajectory.totals(),
            Source::Claude(stream, _) => stream.totals(),
            Source::Codex(rollout, _) => rollout.totals(),
            Source::Openhands(events) => events.events().totals(),
        }
    }

    /// Whether a finished step does not change any more, even if it is the last one.
    pub const fn are_final(&self) -> bool {
        matches!(self.source, Source::Trae(..))
    }

    /// Who is to move.
    pub fn state(&self) -> Live {
        match &self.source {
            Source::Unknown => Live::WaitingForModel,
            Source::Trae(trajectory, _) => trajectory.state(),
            Source::Claude(stream, _) => stream.state(),
            Source::Codex(rollout, _) => rollout.state(),
            Source::Openhands(events) => events.events().state(),
        }
    }

    /// The agent's own step budget, where it says so.
    pub fn max_steps(&self) -> Option<u32> {
        match &self.source {
            Source::Trae(trajectory, _) => trajectory.max_steps(),
            _ => None,
        }
    }

    /// The model's name, where the agent says so.
    pub fn model(&self) -> Option<&str> {
        match &self.source {
            Source::Unknown => None,
            Source::Trae(trajectory, _) => Some(trajectory.model()).filter(|name| !name.is_empty()),
            Source::Claude(stream, _) => stream.model(),
            Source::Codex(rollout, _) => rollout.model(),
            Source::Openhands(events) => events.events().model(),
        }
    }

    /// The latest time that the agent wrote down.
    pub fn last_at(&self) -> Option<Timestamp> {
        match &self.source {
            Source::Unknown => None,
            Source::Trae(trajectory, _) => trajectory.last_at(),
            Source::Claude(stream, _) => stream.last_at(),
            Source::Codex(rollout, _) => rollout.last_at(),
            Source::Openhands(events) => events.events().last_at(),
        }
    }
}

/// Pieces of a file that one look takes at most: 64 MiB. The rest comes with the next looks.
const PIECES: u32 = 4;

/// Reads the lines that were added.
fn by_line<T: ByLine>(reader: &mut T, file: &mut Appended, path: &Path, is_behind: &mut bool) -> io::Result<Option<News>> {
    *is_behind = false;
    let (mut from, mut changed) = (None, SystemTime::UNIX_EPOCH);
    for _ in 0..PIECES {
        let Some(lines) = file.look(path)? else { break };
        if lines.restarted {
            *reader = T::default();
            from = Some(0);
        }
        changed = lines.changed;
        for line in lines.whole.split(|byte| *byte == b'\n') {
            from = least(from, reader.line(line));
        }
        *is_behind = lines.more;
        if !lines.more {
            break;
        }
    }
    // the last line of all may have no end; one that is a whole object can't become longer
    if file.rest().ends_with(b"}") && object(file.rest()).is_some() {
        from = least(from, reader.line(&file.take_rest()));
    }
    Ok(from.map(|from| News { from, changed }))
}

fn least(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The folders in which an agent's files change: the item's, and the real ones behind its links.
pub fn folders(item_folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![item_folder.to_owned()];
    for name in [CLAUDE_CODE_STREAM, CODEX_ROLLOUT, TRAJECTORY] {
        // of a file that is not there yet its folder may be
        if let Ok(target) = fs::read_link(item_folder.join(name)) {
            folders.extend(item_folder.join(target).parent().map(Path::to_owned));
        }
    }
    if let Ok(events) = fs::canonicalize(item_folder.join(OPENHANDS_EVENTS)) {
        folders.push(events);
    }
    folders.dedup();
    folders
}
