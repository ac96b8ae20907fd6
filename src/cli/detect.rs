//! `detect PATH…`: the detectors over trajectories, one line each.

mod batch;
mod text;
mod walk;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use clap::Args;

use self::batch::Judged;
use self::walk::{Found, Source};
use super::trajectory::{self, Refused};
use super::{Format, read, tell, usage};
use crate::exit::Exit;
use crate::report::verdict::Verdict;
use crate::text::mask::Masker;
use crate::text::{clean, count};

/// `detect`
#[derive(Debug, Args)]
pub(super) struct DetectArgs {
    /// Trajectories of any agent, packed by gzip or not; folders of events, items' folders; any other folder is walked
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// json: one line a run; text: for people
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

/// Threads at most: more of them wait for the disk.
const MOST_THREADS: usize = 8;

/// Bytes that are written at once.
const BLOCK: usize = 64 * 1024;

/// What became of a source.
type Looked = Result<Vec<Judged>, Refused>;

pub(super) fn detect(root: Option<&Path>, args: &DetectArgs) -> anyhow::Result<Exit> {
    let Found { sources, mut refused } = walk::sources(&args.paths);
    let masker = trajectory::masker(root, args.paths.iter().map(PathBuf::as_path));
    let mut out = BufWriter::with_capacity(BLOCK, io::stdout().lock());
    let mut told = Told { format: args.format, masker: &masker, skipped: 0, refused: Vec::new(), with_runs: vec![false; args.paths.len()] };
    let next = AtomicUsize::new(0);
    let written = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST_THREADS);
        let (sender, receiver) = sync_channel(threads);
        for _ in 0..threads {
            let sender = sender.clone();
            let (sources, masker, next) = (&sources, &masker, &next);
            scope.spawn(move || work(sources, masker, next, &sender));
        }
        drop(sender);
        told.all(&mut out, &sources, receiver)
    });
    read::written(written.and_then(|()| out.flush()))?;
    refused.extend(told.refused);
    let skipped = told.skipped;
    if skipped > 0 {
        tell(format_args!("isobench-tui: {} skipped: no trajectories", count(skipped, "file")));
    }
    let is_empty = |(nth, path): (usize, &PathBuf)| {
        let tells_nothing = told.with_runs.get(nth) == Some(&false) && path.is_dir() && !refused.iter().any(|(at, _)| *at == nth);
        tells_nothing.then(|| (nth, format!("{}: no trajectory in this folder", clean::path(path))))
    };
    let empty: Vec<(usize, String)> = args.paths.iter().enumerate().filter_map(is_empty).collect();
    refused.extend(empty);
    refused.sort_by_key(|(at, _)| *at);
    // a last line says it again in the exit code
    Ok(refused.iter().fold(Exit::Well, |_, (_, says)| usage(masker.mask(says))))
}

/// Takes sources as long as there are any, and as long as somebody listens.
fn work(sources: &[Source], masker: &Masker, next: &AtomicUsize, sender: &SyncSender<(usize, Looked)>) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(source) = sources.get(at) else { break };
        let looked = look(source, masker);
        if sender.send((at, looked)).is_err() {
            break;
        }
    }
}

/// What the detectors say of a source. Its steps are gone afterwards.
fn look(source: &Source, masker: &Masker) -> Looked {
    let path = &source.path;
    let runs = trajectory::read(path, masker)?;
    let journal = trajectory::journal(path);
    let human = trajectory::human(journal.as_ref());
    let judged = |run| Ok(Judged::of(Verdict::of(path, run, human.clone(), masker)?, run, journal.as_ref(), masker));
    let judge = || runs.iter().map(judged).collect::<io::Result<_>>();
    match catch_unwind(AssertUnwindSafe(judge)) {
        Ok(Ok(judged)) => Ok(judged),
        Ok(Err(error)) => Err(Refused::Unreadable(format!("{}: {error}", clean::path(path)))),
        Err(_) => Err(Refused::Unreadable(format!("{}: isobench-tui itself failed at judging it", clean::path(path)))),
    }
}

/// What was told so far.
struct Told<'a> {
    format: Format,
    /// Hides secrets, in the names of files too.
    masker: &'a Masker,
    /// Files in walked folders that are no trajectories.
    skipped: usize,
    /// Which named path can't be judged, and why.
    refused: Vec<(usize, String)>,
    /// Which named paths told of a run.
    with_runs: Vec<bool>,
}

impl Told<'_> {
    /// Writes what comes, in the order of the sources; the runs of a batch together.
    fn all(&mut self, out: &mut impl Write, sources: &[Source], receiver: Receiver<(usize, Looked)>) -> io::Result<()> {
        let mut early = BTreeMap::new();
        let mut batch: Vec<Judged> = Vec::new();
        let mut next = 0;
        for (at, looked) in receiver {
            early.insert(at, looked);
            while let Some(looked) = early.remove(&next) {
                let Some(source) = sources.get(next) else { break };
                match looked {
                    Ok(judged) => {
                        if let Some(told) = self.with_runs.get_mut(source.named) {
                            *told = true;
                        }
                        batch.extend(judged);
                    }
                    Err(Refused::NoTrajectory(_)) if source.is_walked && source.batch.is_none() => self.skipped += 1,
                    // an agent at work may write it just now; of an item a trajectory was expected
                    Err(Refused::NoTrajectory(says) | Refused::HalfWritten(says)) if source.is_walked => {
                        tell(format_args!("isobench-tui: {}", self.masker.mask(&says)));
                    }
                    Err(refused) => self.refused.push((source.named, refused.to_string())),
                }
                next += 1;
                let goes_on = source.batch.is_some() && sources.get(next).is_some_and(|next| next.batch == source.batch);
                if !goes_on {
                    self.batch(out, std::mem::take(&mut batch), source.batch.is_some())?;
                }
            }
        }
        Ok(())
    }

    fn batch(&self, out: &mut impl Write, mut judged: Vec<Judged>, is_batch: bool) -> io::Result<()> {
        if is_batch || judged.len() > 1 {
            batch::systemic(&mut judged, self.masker);
        }
        for judged in &judged {
            match self.format {
                Format::Json => judged.verdict.write(out)?,
                Format::Text => text::Page::new(out).verdict(&judged.verdict)?,
            }
        }
        out.flush()
    }
}
