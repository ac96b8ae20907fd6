//! `run` and `demo`: from a plan to a run, and to its runner.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

use super::select::{Chosen, choose, whole};
use super::start::{Mode, go, on_terminal, resume};
use super::{DemoArgs, RunArgs, find, print, settings, table, tell, usage};
use crate::artifact::{Checkout, PlanFile};
use crate::config::{Asked, Config, Resolution, resolve};
use crate::domain::OnStuck;
use crate::exit::Exit;
use crate::host::{clock, detach};
use crate::ledger::{RunFolder, RunnerLock};
use crate::model::{Follower, Run};
use crate::runner::{Job, Look, Preflight, RunnerError, Surroundings, Wanted, create, preflight};

pub(super) fn run(root: Option<&Path>, args: &RunArgs) -> anyhow::Result<Exit> {
    if args.own_session {
        detach::own_session();
    }
    let mode = Mode::of(args.headless, args.detach, args.format);
    match &args.resume {
        Some(named) => match find::run(root, Some(named.as_str()).filter(|named| !named.is_empty())) {
            Ok(folder) => resume(folder, &mode, args.keep_pause),
            Err(exit) => Ok(exit),
        },
        None => fresh(root, args, &mode),
    }
}

pub(super) fn demo(args: &DemoArgs) -> anyhow::Result<Exit> {
    if !args.speed.is_finite() || !(0.01..=1000.0).contains(&args.speed) {
        return Ok(usage(format!("--speed {} is out of range: write a number from 0.01 to 1000", args.speed)));
    }
    let binary = find::binary()?;
    let root = match &args.dir {
        Some(dir) if dir.read_dir().is_ok_and(|mut inside| inside.next().is_some()) => {
            return Ok(usage(format!("--dir {} is not empty: name a new folder", dir.display())));
        }
        Some(dir) => dir.clone(),
        None => demo_folder(),
    };
    let (resolution, chosen) = make_demo(&root, &binary, args.speed, args.on_stuck)?;
    let mode = Mode::of(args.headless, args.detach, args.format);
    tell(format_args!("demo campaign in {} (kept; look at it again with `isobench-tui --root {0}`)", resolution.checkout.root.display()));
    begin(resolution, chosen, &mode, None, Asks::Nothing)
}

/// A new folder for a demo.
pub(super) fn demo_folder() -> PathBuf {
    std::env::temp_dir().join(format!("isobench-demo-{}-{}", clock::now().strftime("%Y%m%d-%H%M%S"), std::process::id()))
}

/// Makes the demo's campaign, and remembers where.
pub(super) fn make_demo(root: &Path, binary: &Path, speed: f64, on_stuck: Option<OnStuck>) -> anyhow::Result<(Resolution, Chosen)> {
    crate::demo::repo::prepare(root, binary, speed)?;
    let root = root.canonicalize()?;
    find::remember_demo(&root);
    let resolution = resolve(&Checkout::at(root), &Asked { on_stuck, ..Asked::default() }, &|_| None)?;
    let chosen = whole(&resolution, resolution.checkout.default_plan())?;
    Ok((resolution, chosen))
}

fn fresh(root: Option<&Path>, args: &RunArgs, mode: &Mode) -> anyhow::Result<Exit> {
    let checkout = match (find::checkout(root), &args.plan) {
        (Ok(checkout), _) => checkout,
        (Err(find::Lost::Nothing(_)), Some(plan)) if root.is_none() => root_of_plan(plan)?,
        (Err(says), _) => return Ok(usage(says)),
    };
    let resolution = match settings::resolved(&checkout, &args.settings) {
        Ok(resolution) => resolution,
        Err(error) => return Ok(usage(error)),
    };
    for note in &resolution.notes {
        tell(format_args!("warning: {note}"));
    }
    let chosen = match choose(&resolution, args) {
        Ok(chosen) => chosen,
        Err(exit) => return Ok(exit),
    };
    let mut alone = start_lock(&checkout.root);
    if let Some(exit) = unfinished(&resolution, &chosen, args, mode, &mut alone)? {
        return Ok(exit);
    }
    if args.clone
        && let Some(exit) = clone(&resolution, &chosen.plan)?
    {
        return Ok(exit);
    }
    begin(resolution, chosen, mode, alone, Asks::WhereSomethingIsWrong)
}

/// Held from the look for an unfinished run until the new one has its runner. The folder itself is locked, so that
/// nothing is made where nothing is started; where it can't be, whatever is wrong shows soon enough.
pub(super) fn start_lock(root: &Path) -> Option<File> {
    let folder = File::open(root).ok()?;
    flock(&folder, FlockOperation::LockExclusive).ok()?;
    Some(folder)
}

/// A plan named outside any harness: `…/state/plan.json` names its harness, any other makes the current folder one.
pub(super) fn root_of_plan(plan: &Path) -> anyhow::Result<Checkout> {
    let plan = std::path::absolute(plan)?;
    let state = plan.parent().filter(|folder| folder.ends_with("state")).and_then(Path::parent);
    Ok(Checkout::at(state.map_or_else(std::env::current_dir, |root| Ok(root.to_owned()))?))
}

/// An unfinished run of the same plan and agent: nobody starts a second one by accident.
/// Nobody else looks between our look and our start, but while a person thinks.
fn unfinished(
    resolution: &Resolution,
    chosen: &Chosen,
    args: &RunArgs,
    mode: &Mode,
    alone: &mut Option<File>,
) -> anyhow::Result<Option<Exit>> {
    if args.new {
        return Ok(None);
    }
    let Some((folder, run)) = same_unfinished(resolution, chosen) else { return Ok(None) };
    let id = folder.run_id();
    let says = unfinished_says(&folder, &run);
    if RunnerLock::holder(&folder).is_some() {
        tell(format_args!("isobench-tui: {says}: `isobench-tui attach {id}` shows it, --new starts another"));
        return Ok(Some(Exit::Held));
    }
    if !on_terminal() || matches!(mode, Mode::Headless(_) | Mode::Detached) {
        return Ok(Some(usage(format!(
            "{says}: continue it with `isobench-tui run --resume {id}`, or start another with `isobench-tui run --new`"
        ))));
    }
    *alone = None;
    print!("{says}.\nContinue it (c), start another (n), or leave (q)? ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    match line.trim() {
        "c" | "C" | "" => Ok(Some(resume(folder, mode, false)?)),
        "n" | "N" => Ok(None),
        _ => Ok(Some(Exit::Well)),
    }
}

/// The newest unfinished run of the same plan and agent.
pub(super) fn same_unfinished(resolution: &Resolution, chosen: &Chosen) -> Option<(RunFolder, Run)> {
    let agent = &resolution.config.agent;
    find::runs(&resolution.checkout).into_iter().rev().find_map(|folder| {
        let run = Follower::load(&folder).ok()?;
        let is_same = run.digest == chosen.digest && run.agent == agent.name && run.model == agent.model_name && run.finished.is_none();
        is_same.then_some((folder, run))
    })
}

/// How such a run stands.
pub(super) fn unfinished_says(folder: &RunFolder, run: &Run) -> String {
    let id = folder.run_id();
    if let Some(pid) = RunnerLock::holder(folder) {
        return format!("run {id} of this plan and agent is held by the runner with pid {pid}");
    }
    let over = run.items.iter().filter(|item| item.is_over()).count();
    format!("run {id} of this plan and agent is unfinished ({over} of {} items are over)", run.items.len())
}

fn clone(resolution: &Resolution, plan: &PlanFile) -> anyhow::Result<Option<Exit>> {
    let Err(place) = resolution.checkout.clone_of(resolution.config.repo.as_deref(), &plan.repo, &plan.task_id) else { return Ok(None) };
    tell(format_args!("cloning {} to {}", plan.repo, place.display()));
    let status = Command::new("git").args(["clone", "--progress", "--", &plan.repo]).arg(&place).status()?;
    Ok((!status.success()).then(|| usage(format!("git could not clone {}: see above", plan.repo))))
}

/// Why nothing can be started, and the exit code for that; `None` where something can be.
pub(super) fn refusal(found: &Preflight) -> Option<(Exit, String)> {
    if found.is_unwritable() {
        return Some((Exit::Usage, "a folder is not fit to be written".to_owned()));
    }
    if found.is_runnable() {
        return None;
    }
    let blocked = found.items.iter().filter(|item| item.blocked.is_some()).count();
    let why = match (found.items.len(), blocked) {
        (1, 1) => "the only item is blocked".to_owned(),
        (all, blocked) if all == blocked => format!("all {blocked} items are blocked"),
        _ => "something is blocked".to_owned(),
    };
    Some((Exit::NothingRunnable, why))
}

/// Asks before the screen hides the table; `Some` where the run is left. While a person thinks others may begin a run:
/// one that did is looked at first.
fn left(checkout: &Checkout, alone: &mut Option<File>) -> anyhow::Result<Option<Exit>> {
    let newest = || find::runs(checkout).pop().map(|folder| folder.run_id());
    let before = newest();
    *alone = None;
    print!("Enter starts the run, q leaves it: ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    let is_end = std::io::stdin().read_line(&mut line)? == 0;
    if is_end || !line.trim().is_empty() {
        return Ok(Some(Exit::Well));
    }
    *alone = start_lock(&checkout.root);
    let now = newest().filter(|now| Some(now) != before.as_ref());
    Ok(now.map(|id| {
        tell(format_args!(
            "isobench-tui: run {id} was begun here meanwhile: `isobench-tui attach {id}` shows it, `isobench-tui run` looks again"
        ));
        Exit::Held
    }))
}

/// Whether a person is asked before the screen hides what was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    WhereSomethingIsWrong,
}

/// A plan with its configuration, looked at: everything but the run itself.
pub(super) struct Looked {
    /// The harness.
    pub(super) checkout: Checkout,
    /// The configuration.
    pub(super) config: Config,
    /// Where its values come from.
    origins: BTreeMap<String, String>,
    /// What a person should know of it.
    pub(super) notes: Vec<String>,
    /// The plan.
    pub(super) chosen: Chosen,
    /// What preflight found, without any secret in it.
    pub(super) found: Preflight,
}

/// Looks at a plan and what it needs.
pub(super) fn look(resolution: Resolution, chosen: Chosen) -> Looked {
    let origins = resolution.told();
    let masker = print::masker(&resolution);
    let Resolution { checkout, config, notes, .. } = resolution;
    let around = Surroundings::read(&checkout.env_folders());
    let found = preflight(&chosen.plan, &Look { checkout: &checkout, config: &config, around: &around });
    let found = table::masked(found, &masker);
    Looked { checkout, config, origins, notes, chosen, found }
}

/// Makes the run of what was looked at; a folder that refuses is a sentence.
pub(super) fn make(looked: Looked) -> anyhow::Result<Result<Job, String>> {
    let Looked { checkout, config, origins, chosen, found, .. } = looked;
    let binary = find::binary()?;
    let wanted = Wanted {
        checkout,
        plan_path: chosen.path,
        plan: &chosen.plan,
        digest: chosen.digest,
        selection: chosen.selection,
        config,
        origins,
        preflight: &found,
        binary: &binary,
    };
    match create(wanted) {
        Ok(job) => Ok(Ok(job)),
        Err(RunnerError::Ledger(error)) => Ok(Err(if error.is_no_space() {
            format!("{error}: free space there")
        } else {
            format!("{error}: make the folder writable, or name another harness folder with --root")
        })),
        Err(error) => Err(error.into()),
    }
}

/// Looks, makes the run, and starts its runner.
fn begin(resolution: Resolution, chosen: Chosen, mode: &Mode, mut alone: Option<File>, asks: Asks) -> anyhow::Result<Exit> {
    let looked = look(resolution, chosen);
    table::tell_preflight(&looked.found);
    if let Some((exit, why)) = refusal(&looked.found) {
        tell(format_args!("isobench-tui: nothing can be run: {why}, see above"));
        return Ok(exit);
    }
    let mut is_wrong = !looked.notes.is_empty() || !looked.found.is_all_well();
    if let Mode::Detached | Mode::Screen = mode
        && let detach::Logout::Kills(says) = detach::logout()
    {
        tell(format_args!("warning: {says}"));
        is_wrong = true;
    }
    if is_wrong
        && asks == Asks::WhereSomethingIsWrong
        && matches!(mode, Mode::Screen)
        && let Some(exit) = left(&looked.checkout, &mut alone)?
    {
        return Ok(exit);
    }
    match make(looked)? {
        Ok(job) => go(job, mode, false, alone),
        Err(says) => Ok(usage(says)),
    }
}
