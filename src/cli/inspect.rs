//! `inspect PATH`: what an agent did, step by step, whatever wrote it down.

mod text;

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::others::{Extent, Opening};
use super::screen::{self, At};
use super::start::on_terminal;
use super::{browse, compare, read, trajectory, usage};
use crate::agent::open::Opened;
use crate::exit::Exit;
use crate::host::files::{self, Links};
use crate::report::trajectory::About;
use crate::report::{self, steps};
use crate::text::clean;
use crate::text::mask::Masker;
use crate::theme::Depth;
use crate::ui::compare::Wanted;

/// `inspect`
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A trajectory of any agent, packed by gzip or not; a folder of events; an item's folder; any other folder is browsed:
    /// every run and trajectory below it, as a tree
    path: PathBuf,
    /// Of a file with several runs only the one of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Compare with this: another attempt, a patch (`.diff`, `.patch`), or `human`, the human's commit of the item
    #[arg(long, value_name = "PATH|human")]
    with: Option<PathBuf>,
    /// With `--with human`: a clone that knows the commit [default: the harness's own]
    #[arg(long, value_name = "FOLDER", requires = "with")]
    clone: Option<PathBuf>,
    /// Print instead of opening the screen. text: reads like a log; json: one line a run; md: as a code host draws it [default: the
    /// screen on a terminal, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it to this file instead of printing it
    #[arg(short, long, value_name = "FILE", requires = "format", conflicts_with = "with")]
    output: Option<PathBuf>,
}

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
    /// Markdown, for people elsewhere.
    Md,
}

impl Format {
    /// The same where there is no Markdown; the error is a sentence.
    const fn plain(self) -> Result<super::Format, &'static str> {
        match self {
            Self::Text => Ok(super::Format::Text),
            Self::Json => Ok(super::Format::Json),
            Self::Md => Err("--format md is of one trajectory: comparisons and lists are printed as text or json"),
        }
    }
}

/// Bytes of a patch that are told.
const MOST_PATCH: u64 = 8 << 20;

/// Bytes that are written at once.
const BLOCK: usize = 256 * 1024;

pub(super) fn inspect(root: Option<&Path>, args: &InspectArgs) -> anyhow::Result<Exit> {
    if let Some(with) = &args.with {
        let wanted = Wanted { left: compare::who(&args.path), right: compare::who(with) };
        let (instance, clone, root) = (args.instance.clone(), args.clone.clone(), root.map(Path::to_owned));
        return match args.format.map(Format::plain).transpose() {
            Ok(format) => compare::compare(&compare::Asked { wanted, instance, clone, root }, format),
            Err(says) => Ok(usage(says)),
        };
    }
    let is_many = args.instance.is_none() && browse::is_many(&args.path);
    if args.format.is_none() && on_terminal() {
        if is_many {
            return screen::stay(At::Browse(args.path.clone()));
        }
        return screen::stay(At::Others(Opening { path: args.path.clone(), instance: args.instance.clone(), extent: Extent::One }));
    }
    if is_many {
        return match args.format.map(Format::plain).transpose() {
            Ok(format) => browse::print(root, &args.path, format),
            Err(says) => Ok(usage(says)),
        };
    }
    let masker = trajectory::masker(root, [args.path.as_path()]);
    let refused = |says: String| Ok(usage(masker.mask(&says)));
    let mut runs = match trajectory::read(&args.path, &masker) {
        Ok(runs) => runs,
        Err(says) => return refused(says.to_string()),
    };
    if let Some(wanted) = &args.instance {
        let known: Vec<String> = runs.iter().filter_map(|run| run.instance.clone()).collect();
        runs.retain(|run| run.instance.as_ref() == Some(wanted));
        if runs.is_empty() {
            return refused(no_instance(&args.path, wanted, &known));
        }
    }
    if let Some(output) = &args.output {
        let file = File::create(output).map(|file| BufWriter::with_capacity(BLOCK, file));
        let written = file.and_then(|mut file| tell(&mut file, &runs, args, &masker).and_then(|()| file.flush()));
        return match written {
            Ok(()) => Ok(Exit::Well),
            Err(error) => refused(format!("can't write {}: {error}", clean::path(output))),
        };
    }
    let mut out = BufWriter::with_capacity(BLOCK, std::io::stdout().lock());
    read::written(tell(&mut out, &runs, args, &masker).and_then(|()| out.flush()))?;
    Ok(Exit::Well)
}

fn tell(out: &mut impl Write, runs: &[Opened], args: &InspectArgs, masker: &Masker) -> std::io::Result<()> {
    match args.format.unwrap_or(Format::Text) {
        Format::Json => runs.iter().try_for_each(|run| steps::write(out, run, masker)),
        Format::Md => {
            let zone = TimeZone::system();
            runs.iter().try_for_each(|run| report::trajectory::write(out, run, &about(&args.path, run), &zone, masker))
        }
        Format::Text => {
            let colour =
                args.output.is_none() && std::io::stdout().is_terminal() && Depth::of(|name| std::env::var(name).ok()) != Depth::Mono;
            let human = trajectory::human(trajectory::journal(&args.path).as_ref());
            let mut log = text::Log::new(out, masker, colour);
            runs.iter().try_for_each(|run| log.run(&args.path, run, human.clone()))
        }
    }
}

/// What the harness's files tell of a run beside its trajectory.
fn about(path: &Path, run: &Opened) -> About {
    let folder = trajectory::item_folder(path);
    let journal = trajectory::journal(path);
    let name = folder.unwrap_or(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let human = trajectory::human(journal.as_ref());
    let commit = human.iter().map(|human| ("commit", human.sha.clone())).collect();
    let patch = folder.and_then(|folder| files::read(&folder.join("model_patch.diff"), MOST_PATCH, Links::Followed).ok());
    About {
        title: run.instance.clone().or(name).unwrap_or_default(),
        rows: commit,
        human,
        patch: patch.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// There is no run of this instance, and which ones there are.
pub(super) fn no_instance(path: &Path, wanted: &str, known: &[String]) -> String {
    let near = crate::config::nearest(wanted, known.iter().map(String::as_str));
    let hint = match (near, known) {
        (Some(near), _) => format!(": did you mean {near}?"),
        (None, []) => ": it tells of one run, which has no name".to_owned(),
        (None, known) => {
            let told: Vec<&str> = known.iter().take(5).map(String::as_str).collect();
            format!(": there are {}{}", told.join(", "), if known.len() > 5 { ", …" } else { "" })
        }
    };
    clean::shown(&format!("{}: no run of instance {wanted}{hint}", path.display())).into_owned()
}
