//! `report PATH…`: how it went, from any tree.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{find, read, tell, trajectory, usage};
use crate::artifact::Checkout;
use crate::exit::Exit;
use crate::host::clock;
use crate::import::{Import, Origin, import};
use crate::ledger::RunFolder;
use crate::report::compare::Comparison;
use crate::report::plain::{Ink, Page, plain};
use crate::report::{Counted, Document, Study, Tone, html, json, lead, markdown, sections, sheet};
use crate::shell::leftover::as_it_stands;
use crate::text::mask::Masker;
use crate::text::{bytes, clean};
use crate::theme::{Depth, Glyphs};

/// Says how runs went: the harness's trees, result folders and runs of ours.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Trees, run folders, result folders [default: this checkout]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print [default: by the end of --output's name, else table]
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// Only this table: by_agent, ladder, failures, by_kind, compared, quadrants, tries, errors, coverage, flags, used,
    /// items, results, problems (table, md and csv only) [default: all; csv: items and results as one]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Lays two runs or trees side by side, commit by commit
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "paths")]
    compare: Vec<PathBuf>,
    /// Writes to a file instead of the terminal: whole or not at all, over what is there
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a terminal
    Table,
    /// Markdown
    Md,
    /// Rows for a spreadsheet
    Csv,
    /// Everything, for scripts
    Json,
    /// One self-contained page
    Html,
}

impl ReportFormat {
    /// By the end of a file's name.
    fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Md),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }
}

pub(super) fn report(root: Option<&Path>, args: &ReportArgs) -> anyhow::Result<Exit> {
    let format = args.format.or_else(|| ReportFormat::of_name(args.output.as_deref()?)).unwrap_or(ReportFormat::Table);
    let paths = match paths(root, args) {
        Ok(paths) => paths,
        Err(says) => return Ok(usage(says)),
    };
    let masker = trajectory::masker(root, paths.iter().map(PathBuf::as_path));
    let text = match paths.as_slice() {
        [a, b] if !args.compare.is_empty() => {
            let (first, second) = (study(std::slice::from_ref(a), &masker), study(std::slice::from_ref(b), &masker));
            two(&Comparison::of((a, &first), (b, &second)), args, format)
        }
        _ => one(&study(&paths, &masker), args, format),
    };
    match text {
        Ok(text) => put(&text?, args.output.as_deref()),
        Err(says) => Ok(usage(says)),
    }
}

/// What to look at: as named, else this checkout. The error is a sentence.
fn paths(root: Option<&Path>, args: &ReportArgs) -> Result<Vec<PathBuf>, String> {
    let named = if args.compare.is_empty() { &args.paths } else { &args.compare };
    if named.is_empty() {
        let checkout = find::checkout(root).map_err(|says| format!("{says}; or name what to report on: `isobench-tui report PATH…`"))?;
        return Ok(vec![checkout.root]);
    }
    for path in named {
        if let Err(error) = std::fs::metadata(path) {
            return Err(format!("can't report on {}: {error}", clean::path(path)));
        }
    }
    // `.` names nothing in a title
    let is_bare = |path: &Path| path.components().all(|part| !matches!(part, std::path::Component::Normal(_)));
    Ok(named.iter().map(|path| if is_bare(path) { path.canonicalize().unwrap_or_else(|_| path.clone()) } else { path.clone() }).collect())
}

fn study(paths: &[PathBuf], masker: &Masker) -> Study {
    Study::of(paths, &as_they_stand(import(paths, clone(paths).as_deref()))).safe(masker)
}

/// Our own runs as they stand: of one that was killed no fact says that nothing of it runs any more.
pub(super) fn as_they_stand(mut found: Import) -> Import {
    for imported in found.runs.iter_mut().filter(|imported| imported.origin == Origin::Ours) {
        imported.run = as_it_stands(&RunFolder::at(imported.path.clone()), &imported.run).into_owned();
    }
    found
}

/// The clone of the checkout that a path lies in: it knows whether a patch applies.
pub(super) fn clone(paths: &[PathBuf]) -> Option<PathBuf> {
    let checkout = paths.iter().find_map(|path| Checkout::find(&path.canonicalize().ok()?).ok().flatten())?;
    let (plan, _) = crate::artifact::PlanFile::read(&checkout.default_plan()).ok()?;
    checkout.clone_of(None, &plan.repo, &plan.task_id).ok()
}

/// What is printed, or what is wrong with the arguments.
type Printed = Result<anyhow::Result<Vec<u8>>, String>;

fn one(study: &Study, args: &ReportArgs, format: ReportFormat) -> Printed {
    let counted = Counted::of(study);
    let lead = lead(study, &counted);
    if format == ReportFormat::Json {
        return Ok(pretty(&json::json(study, &counted, &lead)));
    }
    if format == ReportFormat::Csv && args.table.is_none() {
        return Ok(sheet::rows(study).map_err(anyhow::Error::from));
    }
    if format == ReportFormat::Html {
        return Ok(Ok(html::page(study, &counted, clock::now()).into_bytes()));
    }
    print(Document { lead, sections: sections(study, &counted) }, args, format)
}

fn two(comparison: &Comparison, args: &ReportArgs, format: ReportFormat) -> Printed {
    let document = comparison.document();
    if format == ReportFormat::Json {
        return Ok(pretty(&json::comparison(comparison, &document.lead)));
    }
    if format == ReportFormat::Csv && args.table.is_none() {
        return Ok(sheet::section(&comparison.rows()).map_err(anyhow::Error::from));
    }
    if format == ReportFormat::Html {
        return Ok(Ok(html::comparison(comparison, clock::now()).into_bytes()));
    }
    if format == ReportFormat::Html {
        return Ok(Ok(html::comparison(comparison, clock::now()).into_bytes()));
    }
    print(document, args, format)
}

fn pretty(value: &serde_json::Value) -> anyhow::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

fn print(mut document: Document, args: &ReportArgs, format: ReportFormat) -> Printed {
    if let Some(name) = &args.table {
        let names: Vec<&str> = document.sections.iter().map(|section| section.id).collect();
        if !names.contains(&name.as_str()) {
            return Err(format!("there is no table '{}' here: there {}", clean::shown(name), there_are(&names)));
        }
        document.sections.retain(|section| section.id == name);
    }
    Ok(match format {
        ReportFormat::Csv => document.sections.first().map_or_else(|| Ok(Vec::new()), sheet::section).map_err(anyhow::Error::from),
        ReportFormat::Md => Ok(markdown::markdown(&document).into_bytes()),
        // pages and JSON hold every table
        ReportFormat::Table | ReportFormat::Json | ReportFormat::Html => Ok(on_page(&document, args.output.is_none()).into_bytes()),
    })
}

fn there_are(names: &[&str]) -> String {
    if names.is_empty() { "is none".to_owned() } else { format!("are {}", names.join(", ")) }
}

/// The tables for a terminal, or for a pipe or a file.
fn on_page(document: &Document, to_stdout: bool) -> String {
    let variable = |name: &str| std::env::var(name).ok();
    if !to_stdout || !std::io::stdout().is_terminal() {
        return plain(document, Page { room: None, paint: &|_, text| text.to_owned() });
    }
    let room = Some(read::terminal_width().unwrap_or(80));
    let glyphs = Glyphs::of(variable);
    let text = if Depth::of(variable) == Depth::Mono {
        plain(document, Page { room, paint: &|_, text| text.to_owned() })
    } else {
        plain(document, Page { room, paint: &coloured })
    };
    if glyphs.is_ascii() { glyphs.speak(text.replace('─', "-")) } else { text }
}

/// A piece in the terminal's own colours.
fn coloured(ink: Ink, text: &str) -> String {
    let code = match ink {
        Ink::Title | Ink::Head => "1",
        Ink::Of(Tone::Good) => "32",
        Ink::Of(Tone::Doubtful) => "33",
        Ink::Of(Tone::Bad) => "31",
        Ink::Of(Tone::Muted) => "2",
        Ink::Of(Tone::Plain) => return text.to_owned(),
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Writes it where it is wanted.
fn put(text: &[u8], output: Option<&Path>) -> anyhow::Result<Exit> {
    let Some(path) = output else {
        return read::written(std::io::stdout().lock().write_all(text)).map(|()| Exit::Well);
    };
    if let Err(error) = write(path, text) {
        return Ok(usage(format!("can't write {}: {error}", clean::path(path))));
    }
    tell(format_args!("isobench-tui: wrote {} ({})", clean::path(path), bytes(text.len() as u64)));
    Ok(Exit::Well)
}

/// A file appears whole or not at all; a pipe or a device is written to, and a link leads to its file.
fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let there = std::fs::metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return read_by_others(File::options().write(true).open(path)?.write_all(text));
    }
    let path = if there.is_some() { path.canonicalize()? } else { path.to_owned() };
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.new", std::process::id()));
    let made = File::options().write(true).create_new(true).open(&aside);
    let written = made.and_then(|mut file| file.write_all(text)).and_then(|()| std::fs::rename(&aside, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    written
}

/// Whoever reads our pipe may have read enough.
fn read_by_others(written: std::io::Result<()>) -> std::io::Result<()> {
    written.or_else(|error| if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}
