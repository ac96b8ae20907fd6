//! What is taken out of the terminal, written from its files.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::stream;
use crate::agent::open::{Opened, file_of, open};
use crate::agent::paged::{LARGE, Paged};
use crate::detect::Human;
use crate::domain::{AttemptId, Step};
use crate::host::files::{self, Links};
use crate::host::paged::Paged as Lines;
use crate::report::head::Row;
use crate::report::trajectory::{self, About};
use crate::shell::log;
use crate::shell::places::Places;
use crate::text::bytes;
use crate::text::mask::Masker;
use crate::ui::log::Source;

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
    /// A step of a trajectory, by its index.
    Step(AttemptId, u32),
    /// A trajectory; what its files do not tell.
    Steps(AttemptId, Vec<Row>, Option<Human>),
    /// The line of a file that begins there.
    Line(Source, u64),
    /// A file, and the place that is looked at.
    File(Source, u64),
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
        matches!(self.from, From::Steps(..))
    }

    /// `vllm_core-0003.1.md`: a patch keeps the ending by which programs know it.
    pub(super) fn file_name(&self, shape: Shape) -> String {
        let ending = match (shape, &self.from) {
            (Shape::Markdown, _) | (_, From::Steps(..)) => "md",
            (_, From::File(Source::Patch(_), _)) => "diff",
            (_, From::File(..)) => "log",
            _ => "txt",
        };
        format!("{}.{ending}", self.stem)
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        out: &mut impl Write,
        shape: Shape,
        places: &Places,
        masker: &Masker,
        zone: &TimeZone,
    ) -> io::Result<Written> {
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
            From::Step(attempt, index) => {
                let step = step(places, attempt, *index)?;
                let step = step.ok_or_else(|| io::Error::other(format!("step {index} is not in its file any more")))?;
                trajectory::plain(out, &step, zone, masker)?;
                Ok(Written::default())
            }
            From::Steps(attempt, rows, human) => {
                let opened = opened(places, attempt)?;
                let (patch, cut) = patch(places, attempt);
                let about = About { title: attempt.to_string(), rows: rows.clone(), human: human.clone(), patch };
                trajectory::write(out, &opened, &about, zone, masker)?;
                Ok(Written { cut, line: None })
            }
            From::Line(source, at) => {
                let (file, there) = files::open(&log::path(places, source), Links::Refused)?;
                let raw = Lines::new(&file, there.len()).line(*at)?;
                let mut file = file;
                let end = at.saturating_add(raw.bytes.len() as u64);
                stream::copy(&mut file, *at..end, *at, out, Shape::Plain, masker)?;
                Ok(Written::default())
            }
            From::File(source, at) => self.file(out, shape, &log::path(places, source), *at, masker),
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

/// The file of an attempt, where it is so large that its steps are not held.
fn paged(places: &Places, attempt: &AttemptId) -> io::Result<Option<Paged>> {
    let place = places.item_folder(attempt);
    let file = if place.is_dir() { file_of(&place) } else { Some(place) };
    // what can't be read so is told by who reads it whole
    file.map_or(Ok(None), |file| Paged::open(&file, LARGE).or(Ok(None)))
}

/// One step of it, by its index.
fn step(places: &Places, attempt: &AttemptId, index: u32) -> io::Result<Option<Step>> {
    if let Some(paged) = paged(places, attempt)? {
        let at = usize::try_from(index).unwrap_or_default().saturating_sub(1);
        let counted = paged.indexed(|| true)?.unwrap_or_default();
        return Ok(paged.read(&counted, at..at + 1)?.pop());
    }
    let opened = opened(places, attempt)?;
    Ok(trajectory::find(&opened.steps, index).cloned())
}

/// The trajectory of an attempt, read anew. The steps of a very large one are read as they are written.
fn opened(places: &Places, attempt: &AttemptId) -> io::Result<Opened> {
    if let Some(paged) = paged(places, attempt)? {
        return Opened::paged(Arc::new(paged));
    }
    let runs = open(&places.item_folder(attempt)).map_err(|error| io::Error::other(error.to_string()))?;
    let instance = places.other(&attempt.item).and_then(|place| place.instance);
    let mut runs = runs.into_iter();
    let found = match &instance {
        Some(_) => runs.find(|run| run.instance == instance),
        None => runs.next(),
    };
    found.ok_or_else(|| io::Error::other("its file tells of no run any more"))
}

/// What an agent changed, and what is left out of it.
fn patch(places: &Places, attempt: &AttemptId) -> (Option<String>, Option<String>) {
    match files::read(&places.patch(attempt), MOST_PATCH, Links::Refused) {
        Ok(bytes) => (Some(String::from_utf8_lossy(&bytes).into_owned()), None),
        // beside a lone trajectory there is no folder for one
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => (None, None),
        Err(error) => (None, Some(format!("without its patch: {error}"))),
    }
}
