//! What an agent writes, whichever it is: the one reader for counts, budgets, ends, findings and screen, live and afterwards.
//!
//! In an item's folder lie, as links while the agent works and as files afterwards: `claude_code_stream.jsonl`,
//! `codex_rollout.jsonl`, `openhands_events/`, `trajectory.json`. The name tells where to look; the content tells the format.

mod folder;
mod source;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::agent::Live;
use crate::agent::open::Format;
use crate::agent::open::sniff::{Found, Shape, plain_start, sniff};
use crate::agent::openhands::Events;
use crate::agent::reader::{Reader, Told};
use crate::agent::trae::Taken;
use crate::agent::value::object;
use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
use crate::domain::{AgentTotals, Step};
use crate::host::files::LARGEST;
use folder::EventFolder;
pub(super) use folder::numbered;
use source::{Document, Joined, LineFile};
pub(super) use source::{MOST_UNPACKED, head, is_cut_off};

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
    /// What is followed; in an item's folder it is chosen anew until it makes sense.
    path: PathBuf,
    source: Source,
    /// Most bytes of a file that is read whole; 64 MiB where there is none.
    most: Option<u64>,
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
    Document(Reader, Document),
    Lines(Reader, LineFile, Joined),
    /// One run a line, of which the last is told.
    Runs(Reader, LineFile),
    Folder(Box<EventFolder>),
}

impl Source {
    fn of(path: &Path, found: &Found) -> io::Result<Self> {
        Ok(match *found {
            Found::Is(format, Shape::Whole) => Self::Document(Reader::of(format), Document::default()),
            Found::Is(format, Shape::Lines) => Self::Lines(Reader::of(format), LineFile::of(path)?, Joined::default()),
            Found::Is(format, Shape::Runs) => Self::Runs(Reader::of(format), LineFile::of(path)?),
            Found::Nothing | Found::Torn | Found::TraeLog | Found::Other(_) => Self::Unknown,
        })
    }
}

/// Bytes from which TRAE's format is told, where they are enough, and any other.
const FIRST: u64 = 64 << 10;
const HEAD: u64 = 1 << 20;

impl Reading {
    /// Of an agent of which nothing was seen yet, to [`Self::look`] for in its item's folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a file or a folder of events, in any format, to be followed by [`Self::read_on`].
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// The same of a file that was looked at already; one that is read whole may have so many bytes.
    pub(super) fn found(path: &Path, found: &Found, most: u64) -> io::Result<Self> {
        Ok(Self { source: Source::of(path, found)?, most: Some(most), ..Self::of(path) })
    }

    /// Reads what is new in an item's folder: always the same one. `None`: nothing. What is half-written is read again at
    /// the next look. Pipes and devices are not read, nor a trajectory of more than 64 MiB that is written whole.
    pub fn look(&mut self, item_folder: &Path) -> io::Result<Option<News>> {
        if !self.is_sure {
            let name = chosen(item_folder);
            let path = item_folder.join(name);
            if path != self.path {
                (self.path, self.source) = (path, Source::Unknown);
            }
        }
        self.read_on()
    }

    /// Reads what is new. `None`: nothing.
    pub fn read_on(&mut self) -> io::Result<Option<News>> {
        if matches!(self.source, Source::Unknown) {
            self.source = self.choose()?;
        }
        let news = match &mut self.source {
            Source::Unknown => None,
            Source::Document(reader, file) => {
                let Some((bytes, changed)) = file.changed(&self.path, self.most.unwrap_or(LARGEST))? else { return Ok(None) };
                let taken = reader.document(&bytes);
                if taken != Taken::Torn {
                    file.good();
                }
                match taken {
                    Taken::News { from } => Some(News { from, changed }),
                    Taken::Torn | Taken::Same => None,
                }
            }
            Source::Lines(reader, file, joined) => by_line(reader, file, joined, &self.path, &mut self.is_behind)?,
            Source::Runs(reader, file) => {
                let mut last = None;
                let mut changed = None;
                while let Some(lines) = file.look(&self.path)? {
                    changed = Some(lines.changed);
                    for line in lines.whole.split(|byte| *byte == b'\n') {
                        last = Events::of_run(line).or(last);
                    }
                    if !lines.more {
                        break;
                    }
                }
                if let Some(run) = Events::of_run(file.rest()) {
                    file.take_rest();
                    last = Some(run);
                }
                last.zip(changed).map(|((_, events), changed)| {
                    *reader = Reader::Openhands(Format::OpenhandsV0, Box::new(events));
                    News { from: 0, changed }
                })
            }
            Source::Folder(events) => events.look(&self.path)?,
        };
        self.is_sure |= self.totals().steps.is_some();
        Ok(news)
    }

    /// Tells the format. A file that is not there, is empty or does not tell yet is none.
    fn choose(&self) -> io::Result<Source> {
        let there = match fs::metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Source::Unknown),
            Err(error) => return Err(error),
        };
        if there.is_dir() {
            return Ok(Source::Folder(Box::default()));
        }
        if !there.is_file() {
            return Ok(Source::Unknown);
        }
        Source::of(&self.path, &look_at(&self.path, self.most.unwrap_or(LARGEST))?)
    }

    /// Whether the last look left something for the next one: it takes 64 MiB of lines at most.
    pub const fn is_behind(&self) -> bool {
        self.is_behind
    }

    fn told(&self) -> Option<&dyn Told> {
        match &self.source {
            Source::Unknown => None,
            Source::Document(reader, _) | Source::Lines(reader, ..) | Source::Runs(reader, _) => Some(reader.told()),
            Source::Folder(events) => Some(events.events()),
        }
    }

    /// The format, once it is known.
    pub fn format(&self) -> Option<Format> {
        match &self.source {
            Source::Unknown => None,
            Source::Document(reader, _) | Source::Lines(reader, ..) | Source::Runs(reader, _) => Some(reader.format()),
            Source::Folder(events) => events.events().format(),
        }
    }

    /// Whether a finished step does not change any more, even if it is the last one: of formats in which a step is
    /// written when it is over. In others another event may still belong to it.
    pub fn are_final(&self) -> bool {
        self.format().is_some_and(Format::steps_are_final)
    }

    /// The steps, a running one included.
    pub fn steps(&self) -> &[Step] {
        self.told().map_or(&[], Told::steps)
    }

    /// The steps, where nothing else is asked any more.
    pub(super) fn into_steps(self) -> Vec<Step> {
        match self.source {
            Source::Document(reader, _) => reader.into_steps(),
            _ => self.steps().to_vec(),
        }
    }

    /// Finished steps, tool calls, tokens. `steps` is `None` where the agent wrote nothing that we read.
    pub fn totals(&self) -> AgentTotals {
        self.told().map(Told::totals).unwrap_or_default()
    }

    /// Who is to move.
    pub fn state(&self) -> Live {
        self.told().map_or(Live::WaitingForModel, Told::state)
    }

    /// The agent's own step budget, where it says so.
    pub fn max_steps(&self) -> Option<u32> {
        self.told()?.max_steps()
    }

    /// The model's name, where the agent says so.
    pub fn model(&self) -> Option<&str> {
        self.told()?.model()
    }

    /// What the agent was asked, where it says so.
    pub fn task(&self) -> Option<&str> {
        self.told()?.task()
    }

    /// When it began, where it says so.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.told()?.started_at()
    }

    /// The latest time that the agent wrote down.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.told()?.last_at()
    }
}

/// What a file looks like: its beginning tells, or else all of it.
pub(super) fn look_at(path: &Path, most: u64) -> io::Result<Found> {
    // TRAE's files are many and large, and say so where they begin
    let (bytes, is_all) = head(path, FIRST)?;
    let found = sniff(&bytes, is_all);
    if is_all || matches!(found, Found::Is(Format::Trae, _)) {
        return Ok(found);
    }
    let (bytes, is_all) = head(path, HEAD)?;
    let found = sniff(&bytes, is_all);
    if is_all || !matches!(found, Found::Torn) {
        return Ok(found);
    }
    let (bytes, is_all) = head(path, most)?;
    Ok(sniff(&bytes, is_all))
}

/// Gives every line of a file, packed or not, its last one without an end only where it makes sense to `take`.
pub(super) fn every_line(path: &Path, take: &mut impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut file = LineFile::of(path)?;
    while let Some(lines) = file.look(path)? {
        for line in lines.whole.split(|byte| *byte == b'\n') {
            take(line);
        }
        if !lines.more {
            break;
        }
    }
    take(file.rest());
    Ok(())
}

/// The first source that lies in an item's folder. A link whose file does not exist yet is none.
fn chosen(item_folder: &Path) -> &'static str {
    let is_file = |name: &str| fs::metadata(item_folder.join(name)).is_ok_and(|there| there.is_file() && there.len() > 0);
    if let Some(name) = [CLAUDE_CODE_STREAM, CODEX_ROLLOUT].into_iter().find(|name| is_file(name)) {
        return name;
    }
    let is_folder = fs::metadata(item_folder.join(OPENHANDS_EVENTS)).is_ok_and(|there| there.is_dir());
    if is_folder { OPENHANDS_EVENTS } else { TRAJECTORY }
}

/// Pieces of a file that one look takes at most: 64 MiB. The rest comes with the next looks.
const PIECES: u32 = 4;

/// Reads the lines that were added.
fn by_line(reader: &mut Reader, file: &mut LineFile, joined: &mut Joined, path: &Path, is_behind: &mut bool) -> io::Result<Option<News>> {
    *is_behind = false;
    let (mut from, mut changed) = (None, SystemTime::UNIX_EPOCH);
    for _ in 0..PIECES {
        let Some(lines) = file.look(path)? else { break };
        if lines.restarted {
            *reader = Reader::of(reader.format());
            *joined = Joined::default();
            from = Some(0);
        }
        changed = lines.changed;
        for line in lines.whole.split(|byte| *byte == b'\n') {
            joined.take(line, |event| from = least(from, reader.line(plain_start(event))));
        }
        *is_behind = lines.more;
        if !lines.more {
            break;
        }
    }
    // the last line of all may have no end; one that is a whole object can't become longer
    let rest = file.rest();
    let is_last = if joined.is_open() { rest == b"}" } else { rest.ends_with(b"}") && object(plain_start(rest)).is_some() };
    if is_last {
        let rest = file.take_rest();
        joined.take(&rest, |event| from = least(from, reader.line(plain_start(event))));
    }
    Ok(from.map(|from| News { from, changed }))
}

fn least(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Whether a folder is an item's, in which an agent's files have names that say what they are.
pub fn is_item(folder: &Path) -> bool {
    let is_there = |name: &str| folder.join(name).symlink_metadata().is_ok();
    folder.is_dir() && [CLAUDE_CODE_STREAM, CODEX_ROLLOUT, TRAJECTORY, OPENHANDS_EVENTS].into_iter().any(is_there)
}

/// The file or folder of an item's folder that tells of its agent, whether or not it is there yet.
pub fn file_in(item_folder: &Path) -> PathBuf {
    item_folder.join(chosen(item_folder))
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
