//! What is taken out of the terminal, written from its files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::stream;
use crate::agent::open::{Opened, file_of, open};
use crate::agent::paged::{LARGE, Paged};
use crate::detect::Human;
use crate::domain::Step;
use crate::host::files::{self, Links};
use crate::host::paged::Paged as Lines;
use crate::report::head::Row;
use crate::report::trajectory::{self, About};
use crate::text::bytes;
use crate::text::mask::Masker;
use crate::ui::browse::Place;

/// Bytes of a file that are taken: those around the line that is looked at.
const MOST: u64 = 256 * 1024 * 1024;

/// The same where all of it becomes one block of Markdown.
const MOST_AS_BLOCK: u64 = 16 * 1024 * 1024;

/// Bytes of a patch that are taken.
const MOST_PATCH: u64 = 8 * 1024 * 1024;

/// Something to be written.
#[derive(Debug, Clone)]
pub(in crate::shell) struct Material {
    /// What it is, for people: `step 14`.
    pub(in crate::shell) name: String,
    /// Beginning of a file's name.
    pub(in crate::shell) stem: String,
    /// Where it comes from.
    pub(in crate::shell) from: From,
}

/// Where something comes from.
#[derive(Debug, Clone)]
pub(in crate::shell) enum From {
    /// It is known already.
    Text(String),
    /// The path of what lies there.
    Path(Whereabouts),
    /// A step of a trajectory, by its index.
    Step(Whereabouts, u32),
    /// A trajectory; what its files do not tell.
    Steps {
        /// What it is called.
        title: String,
        /// Where it lies.
        of: Whereabouts,
        /// More lines for its table.
        rows: Vec<Row>,
        /// The commit that the agent was not to look at.
        human: Option<Human>,
    },
    /// The line of a file that begins there.
    Line(PathBuf, u64),
    /// A file.
    File {
        /// Where it lies.
        path: PathBuf,
        /// The place that is looked at.
        at: u64,
        /// The ending by which programs know what it is.
        ending: &'static str,
    },
}

/// Where an item or a trajectory lies.
#[derive(Debug, Clone)]
pub(in crate::shell) enum Whereabouts {
    /// In an item's folder, or in a file by itself; of a file with several runs, which one.
    At(PathBuf, Option<String>),
    /// Where the browser says; it may read files to know.
    Placed(Place, fn(&Place) -> PathBuf),
}

/// How something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell) enum Shape {
    /// As plain text.
    Plain,
    /// As text, with the colours that the file itself has.
    Coloured,
    /// As Markdown.
    Markdown,
}

/// What is to be known of what was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The line, from 1, that is looked at.
    pub(super) line: Option<u64>,
    /// What was left out, in a few words.
    pub(super) cut: Option<String>,
}

impl Material {
    /// Whether it has no other form.
    pub(super) const fn is_markdown(&self) -> bool {
        matches!(self.from, From::Steps { .. })
    }

    /// `vllm_core-0003.1.md`: a patch keeps the ending by which programs know it.
    pub(super) fn file_name(&self, shape: Shape) -> String {
        let ending = match (shape, &self.from) {
            (Shape::Markdown, _) => "md",
            (_, From::File { ending, .. }) => ending,
            _ => "txt",
        };
        format!("{}.{ending}", self.stem)
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut impl Write, shape: Shape, masker: &Masker, zone: &TimeZone) -> io::Result<Written> {
        match &self.from {
            From::Text(text) => {
                let text = &masker.text(text);
                if shape == Shape::Markdown {
                    self.block(out, "text", text, masker)?;
                } else {
                    out.write_all(text.as_bytes())?;
                }
                Ok(Written::default())
            }
            From::Path(of) => {
                out.write_all(masker.line(&of.place().0.display().to_string()).as_bytes())?;
                Ok(Written::default())
            }
            From::Step(of, index) => {
                let step = step(of, *index)?;
                let step = step.ok_or_else(|| io::Error::other(format!("step {index} is not in its file any more")))?;
                trajectory::plain(out, &step, zone, masker)?;
                Ok(Written::default())
            }
            From::Steps { title, of, rows, human } => {
                let (place, instance) = of.place();
                let opened = opened(&place, instance.as_deref())?;
                let (patch, cut) = patch(&place);
                let about = About { title: title.clone(), rows: rows.clone(), human: human.clone(), patch };
                let write = if shape == Shape::Markdown { trajectory::write } else { trajectory::all };
                write(out, &opened, &about, zone, masker)?;
                Ok(Written { cut, line: None })
            }
            From::Line(path, at) => {
                let (file, there) = files::open(path, Links::Refused)?;
                let raw = Lines::new(&file, there.len()).line(*at)?;
                let mut file = file;
                let end = at.saturating_add(raw.bytes.len() as u64);
                stream::copy(&mut file, *at..end, *at, out, Shape::Plain, masker)?;
                Ok(Written::default())
            }
            From::File { path, at, .. } => self.file(out, shape, path, *at, masker),
        }
    }

    fn file(&self, out: &mut impl Write, shape: Shape, path: &Path, at: u64, masker: &Masker) -> io::Result<Written> {
        let (mut file, there) = files::open(path, Links::Refused)?;
        let most = if shape == Shape::Markdown { MOST_AS_BLOCK } else { MOST };
        let len = there.len();
        let mut begin = at.saturating_sub(most / 2).min(len.saturating_sub(most));
        if begin > 0 {
            // no half of a line, nor of a secret in it
            let mut paged = Lines::new(&file, len);
            let line = paged.line_at(begin)?;
            begin = paged.after(line)?.unwrap_or(line);
        }
        let end = begin.saturating_add(most).min(len);
        let cut = (end - begin < len).then(|| format!("{} of {}, around the line that was seen", bytes(end - begin), bytes(len)));
        let line = if shape == Shape::Markdown {
            let mut text = Vec::new();
            let line = stream::copy(&mut file, begin..end, at, &mut text, Shape::Plain, masker)?;
            let language = if path.extension().is_some_and(|ending| ending == "diff") { "diff" } else { "text" };
            self.block(out, language, &String::from_utf8_lossy(&text), masker)?;
            line
        } else {
            stream::copy(&mut file, begin..end, at, out, shape, masker)?
        };
        Ok(Written { line: Some(line), cut })
    }

    fn block(&self, out: &mut impl Write, language: &str, text: &str, masker: &Masker) -> io::Result<()> {
        writeln!(out, "# {}", crate::report::markdown::escaped(&self.name))?;
        trajectory::block(out, language, text, masker)
    }
}

impl Whereabouts {
    fn place(&self) -> (PathBuf, Option<String>) {
        match self {
            Self::At(path, instance) => (path.clone(), instance.clone()),
            Self::Placed(place, path_of) => {
                let instance = if let Place::Loose { instance, .. } = place { instance.clone() } else { None };
                (path_of(place), instance)
            }
        }
    }
}

/// A trajectory that is so large that its steps are not held.
fn paged(place: &Path) -> io::Result<Option<Paged>> {
    let file = if place.is_dir() { file_of(place) } else { Some(place.to_owned()) };
    // what can't be read so is told by who reads it whole
    file.map_or(Ok(None), |file| Paged::open(&file, LARGE).or(Ok(None)))
}

/// One step of it, by its index.
fn step(of: &Whereabouts, index: u32) -> io::Result<Option<Step>> {
    let (place, instance) = of.place();
    if let Some(paged) = paged(&place)? {
        let at = usize::try_from(index).unwrap_or_default().saturating_sub(1);
        let counted = paged.indexed(|| true)?.unwrap_or_default();
        return Ok(paged.read(&counted, at..at + 1)?.pop());
    }
    let opened = opened(&place, instance.as_deref())?;
    Ok(trajectory::find(&opened.steps, index).cloned())
}

/// A trajectory, read anew. The steps of a very large one are read as they are written.
fn opened(place: &Path, instance: Option<&str>) -> io::Result<Opened> {
    if let Some(paged) = paged(place)? {
        return Opened::paged(Arc::new(paged));
    }
    let mut runs = open(place).map_err(|error| io::Error::other(error.to_string()))?.into_iter();
    let found = match instance {
        Some(_) => runs.find(|run| run.instance.as_deref() == instance),
        None => runs.next(),
    };
    found.ok_or_else(|| io::Error::other("its file tells of no run any more"))
}

/// What an agent changed, and what is left out of it.
fn patch(place: &Path) -> (Option<String>, Option<String>) {
    match files::read(&place.join("model_patch.diff"), MOST_PATCH, Links::Refused) {
        Ok(bytes) => (Some(String::from_utf8_lossy(&bytes).into_owned()), None),
        // beside a lone trajectory there is no folder for one
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => (None, None),
        Err(error) => (None, Some(format!("without its patch: {error}"))),
    }
}
