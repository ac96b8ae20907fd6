//! `inspect PATH`: what an agent did, step by step, whatever wrote it down.

mod head;
mod text;

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::others::Opening;
use super::screen::{self, At};
use super::start::on_terminal;
use super::{Format, read, trajectory, usage};
use crate::agent::open::Opened;
use crate::exit::Exit;
use crate::report::steps;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::theme::Depth;

/// `inspect`
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A trajectory of any agent, packed by gzip or not; a folder of events; an item's folder
    path: PathBuf,
    /// Of a file with several runs only the one of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Print instead of opening the screen. text: reads like a log; json: one line a run [default: the screen on a terminal, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// Bytes that are written at once.
const BLOCK: usize = 256 * 1024;

pub(super) fn inspect(root: Option<&Path>, args: &InspectArgs) -> anyhow::Result<Exit> {
    if args.format.is_none() && on_terminal() {
        return screen::stay(At::Others(Opening { path: args.path.clone(), instance: args.instance.clone() }));
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
    let mut out = BufWriter::with_capacity(BLOCK, std::io::stdout().lock());
    read::written(tell(&mut out, &runs, args, &masker).and_then(|()| out.flush()))?;
    Ok(Exit::Well)
}

fn tell(out: &mut impl Write, runs: &[Opened], args: &InspectArgs, masker: &Masker) -> std::io::Result<()> {
    match args.format.unwrap_or(Format::Text) {
        Format::Json => runs.iter().try_for_each(|run| steps::write(out, run, masker)),
        Format::Text => {
            let colour = std::io::stdout().is_terminal() && Depth::of(|name| std::env::var(name).ok()) != Depth::Mono;
            let human = trajectory::human(trajectory::journal(&args.path).as_ref());
            let mut log = text::Log::new(out, masker, colour);
            runs.iter().try_for_each(|run| log.run(&args.path, run, human.clone()))
        }
    }
}

/// There is no run of this instance, and which ones there are.
fn no_instance(path: &Path, wanted: &str, known: &[String]) -> String {
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
