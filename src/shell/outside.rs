//! Taking something out of the terminal: to its clipboard, into a pager or an editor, into a file. A thread reads and writes;
//! the loop only hands the terminal over and sends what is copied.
//!
//! Everything is masked: what a pager or an editor opens is a copy in a private folder, which goes when it ends.

mod commands;
mod copied;
mod made;
mod material;
mod stream;

use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use self::commands::Command;
use self::copied::Copied;
pub(super) use self::made::material;
use self::material::Shape;
pub(super) use self::material::{From, Material, Whereabouts};
use super::away::Program;
use super::clipboard::{self, LIMIT};
use super::console::Console;
use crate::host::environment::variable;
use crate::host::private::Private;
use crate::text::mask::Masker;
use crate::text::{bytes, clean};
use crate::ui::outside::Way;
pub(super) use crate::ui::outside::stem;

/// What a thread has made ready.
#[derive(Debug)]
pub(super) enum Ready {
    /// These bytes are for the terminal, and this sentence is for whoever sits there.
    Send(Vec<u8>, String),
    /// This program is to have the terminal.
    Open(Program, Option<String>),
    /// It is done.
    Done(String),
    /// It could not be done.
    Failed(String),
}

/// What it all needs to know.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    masker: Masker,
    zone: TimeZone,
    /// The person's own folder for state; `None`: there is none.
    state_home: Option<PathBuf>,
    ready: mpsc::Sender<Ready>,
    /// What a thread is at work on.
    at_work: Option<String>,
}

impl Outside {
    /// What is made ready is told to `ready`.
    pub(super) const fn new(masker: Masker, zone: TimeZone, state_home: Option<PathBuf>, ready: mpsc::Sender<Ready>) -> Self {
        Self { masker, zone, state_home, ready, at_work: None }
    }

    /// Starts a thread for it. The error says why not.
    pub(super) fn begin(&mut self, way: Way, material: Material) -> Result<(), String> {
        if let Some(other) = &self.at_work {
            return Err(format!("{other} is being read: wait a moment"));
        }
        let (work, name) = (self.clone(), material.name.clone());
        let run = move || {
            let ready = work.make(way, &material).unwrap_or_else(|error| Ready::Failed(error.to_string()));
            let _ = work.ready.blocking_send(ready);
        };
        thread::Builder::new().name("outside".to_owned()).spawn(run).map_err(|error| format!("can't start a thread: {error}"))?;
        self.at_work = Some(name);
        Ok(())
    }

    /// What a thread is at work on.
    pub(super) fn at_work(&self) -> Option<&str> {
        self.at_work.as_deref()
    }

    /// Takes out of the terminal what the thread has made ready, and says what came of it; `None`: that is seen.
    pub(super) async fn hand_out(&mut self, ready: Ready, console: &mut Console) -> Option<Result<String, String>> {
        self.at_work = None;
        Some(match ready {
            Ready::Send(bytes, says) => {
                console.send(&bytes);
                Ok(says)
            }
            Ready::Open(program, says) => match console.hand_over(program).await {
                Ok(()) => Ok(says?),
                Err(says) => Err(says),
            },
            Ready::Done(says) => Ok(says),
            Ready::Failed(says) => Err(says),
        })
    }

    fn make(&self, way: Way, material: &Material) -> io::Result<Ready> {
        match way {
            Way::Copy => self.copy(material),
            Way::Pager => self.open(&Command::pager(variable).map_err(io::Error::other)?, material),
            Way::Editor => self.open(&Command::editor(variable).map_err(io::Error::other)?, material),
            Way::Save => {
                let here = std::env::current_dir().map_err(|error| of("the folder we are in", &error))?;
                self.save(&here, material)
            }
        }
    }

    fn write(&self, out: &mut impl Write, material: &Material, shape: Shape) -> io::Result<material::Written> {
        let mut out = BufWriter::new(out);
        let written = material.write(&mut out, shape, &self.masker, &self.zone)?;
        out.flush()?;
        Ok(written)
    }

    fn copy(&self, material: &Material) -> io::Result<Ready> {
        let shape = if material.is_markdown() { Shape::Markdown } else { Shape::Plain };
        let room = self.state_home.as_ref().map(|state| (state.join("isobench-tui/copied"), material.file_name(shape)));
        // what is too long for a clipboard need not be held in memory
        let mut text = Copied::new(LIMIT, room);
        let cut = self.write(&mut text, material, shape)?.cut;
        let name = format!("{} ({}{})", material.name, bytes(text.size()), cut.map_or_else(String::new, |cut| format!(", {cut}")));
        let way = clipboard::Way::of(variable);
        if let Some((way, held)) = way.zip(text.held()) {
            let whole = String::from_utf8_lossy(held);
            if let Some(bytes) = way.sequence(whole.trim_end_matches('\n')) {
                return Ok(Ready::Send(bytes, format!("sent to the terminal's clipboard{}: {name}", way.says())));
            }
        }
        let why = match way {
            Some(_) => "too large for the terminal's clipboard".to_owned(),
            None => format!("this terminal has no clipboard (TERM={})", variable("TERM").unwrap_or_default()),
        };
        Ok(match text.keep()? {
            Some(kept) => Ready::Done(format!("{why}: {name} was written to {}", short(&kept))),
            None => Ready::Failed(format!("{why}, and neither XDG_STATE_HOME nor HOME says where to put a file")),
        })
    }

    fn open(&self, command: &Command, material: &Material) -> io::Result<Ready> {
        let folder = Private::new().map_err(|error| {
            let says = format!("the folder for temporary files: {error}; let TMPDIR name a folder that can be written");
            io::Error::new(error.kind(), says)
        })?;
        let shape = if command.takes_colours { Shape::Coloured } else { Shape::Plain };
        let file = folder.path().join(material.file_name(shape));
        let written = self.write(&mut copied::create(&file)?, material, shape).map_err(|error| {
            // what fails there is not what was to be read
            let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            let above = folder.path().parent().map(clean::path).filter(|_| is_full);
            of(&above.map_or_else(|| material.name.clone(), |above| format!("no room in {above} for a copy of {}", material.name)), &error)
        })?;
        let mut words = command.words.clone();
        words.extend(written.line.filter(|line| *line > 1 && command.takes_lines).map(|line| format!("+{line}")));
        let says = written.cut.map(|cut| format!("{}: {cut}", material.name));
        Ok(Ready::Open(Program { words, variables: command.variables.clone(), file, folder }, says))
    }

    fn save(&self, here: &Path, material: &Material) -> io::Result<Ready> {
        let name = material.file_name(Shape::Markdown);
        let (mut file, path) = copied::create_anew(here, &name).map_err(|error| of(&clean::path(&here.join(&name)), &error))?;
        let written = self.write(&mut file, material, Shape::Markdown);
        let size = file.stream_position().unwrap_or_default();
        match written {
            Ok(_) => Ok(Ready::Done(format!("saved {} ({}) as {}", material.name, bytes(size), short(&path)))),
            Err(error) => {
                // half of it would look like all of it
                let _ = std::fs::remove_file(&path);
                Err(of(&clean::path(&path), &error))
            }
        }
    }
}

/// A path in a sentence: in the person's own folder it begins there.
fn short(path: &Path) -> String {
    let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute() && home.parent().is_some());
    let below = home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
    below.map_or_else(|| clean::path(path), |below| format!("~/{}", clean::path(&below)))
}

/// What went wrong, and with what.
fn of(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
