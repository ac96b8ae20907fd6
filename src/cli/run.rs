//! `run` and `demo`: from a plan to a run, and to its runner.

use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::{DemoArgs, Format, RunArgs, find, print_line, read, tell, usage};
use crate::artifact::{Checkout, PlanFile};
use crate::config::Config;
use crate::domain::short_sha;
use crate::exit::Exit;
use crate::host::{clock, detach, environment};
use crate::ledger::{By, Entry, Fact, Manifest, RunFolder, RunnerLock};
use crate::model::{Follower, Run};
use crate::runner::create::digest;
use crate::runner::job::Resolved;
use crate::runner::{Job, Preflight, RunnerError, Wanted, create, drive, preflight};
use crate::shell::{self, Left, ScreenError, Setup};
use crate::text::mask::Masker;
use crate::ui::state::{Access, Limits};

/// Where a run is shown.
enum Mode {
    Headless(Format),
    Detached,
    Screen,
}

pub(super) fn run(root: Option<&Path>, args: &RunArgs) -> anyhow::Result<Exit> {
    if args.own_session {
        detach::own_session();
    }
    let here = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let mode = match (args.headless || !here, args.detach) {
        (_, true) => Mode::Detached,
        (true, false) => Mode::Headless(args.format),
        (false, false) => Mode::Screen,
    };
    match &args.resume {
        Some(named) => match find::run(root, Some(named)) {
            Ok(folder) => resume(folder, &mode, args.keep_pause),
            Err(says) => Ok(read::no_such_run(&says)),
        },
        None => fresh(root, args, &mode, here),
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
        None => std::env::temp_dir().join(format!("isobench-demo-{}-{}", clock::now().strftime("%Y%m%d-%H%M%S"), std::process::id())),
    };
    crate::demo::repo::prepare(&root, &binary, args.speed)?;
    let root = root.canonicalize()?;
    find::remember_demo(&root);
    let here = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let mode = match (args.headless || !here, args.detach) {
        (_, true) => Mode::Detached,
        (true, false) => Mode::Headless(args.format),
        (false, false) => Mode::Screen,
    };
    tell(format_args!("demo campaign in {} (kept; look at it again with `isobench-tui --root {0}`)", root.display()));
    let checkout = Checkout { root };
    let config = Config::load(&checkout.root.join(Config::FILE), true)?;
    let plan_path = checkout.default_plan();
    begin(checkout, config, plan_path, &[], &mode)
}

fn fresh(root: Option<&Path>, args: &RunArgs, mode: &Mode, here: bool) -> anyhow::Result<Exit> {
    let checkout = match (find::checkout(root), &args.plan) {
        (Ok(checkout), _) => checkout,
        (Err(_), Some(plan)) if root.is_none() => root_of_plan(plan)?,
        (Err(says), _) => return Ok(usage(says)),
    };
    let config_path = args.config.clone().unwrap_or_else(|| checkout.root.join(Config::FILE));
    let mut config = match Config::load(&config_path, args.config.is_some()) {
        Ok(config) => config,
        Err(error) => return Ok(usage(error)),
    };
    if let Some(agent) = &args.agent {
        config.agent.name.clone_from(agent);
    }
    if let Some(model) = &args.model {
        config.agent.model.clone_from(model);
    }
    let plan_path = args.plan.clone().unwrap_or_else(|| checkout.default_plan());
    if let Some(exit) = unfinished(&checkout, &config, &plan_path, args, mode, here)? {
        return Ok(exit);
    }
    if args.clone
        && let Some(exit) = clone(&checkout, &config, &plan_path)?
    {
        return Ok(exit);
    }
    begin(checkout, config, plan_path, &args.only, mode)
}

/// A plan named outside any harness: `…/state/plan.json` names its harness, any other makes the current folder one.
fn root_of_plan(plan: &Path) -> anyhow::Result<Checkout> {
    let plan = std::path::absolute(plan)?;
    let state = plan.parent().filter(|folder| folder.ends_with("state")).and_then(Path::parent);
    Ok(Checkout { root: state.map_or_else(std::env::current_dir, |root| Ok(root.to_owned()))? })
}

/// An unfinished run of the same plan and agent: nobody starts a second one by accident.
fn unfinished(checkout: &Checkout, config: &Config, plan: &Path, args: &RunArgs, mode: &Mode, here: bool) -> anyhow::Result<Option<Exit>> {
    if args.new {
        return Ok(None);
    }
    let Ok((_, bytes)) = PlanFile::read(plan) else { return Ok(None) };
    let digest = digest(&bytes);
    let same = find::runs(checkout).into_iter().rev().find_map(|folder| {
        let run = Follower::load(&folder).ok()?;
        let is_same = run.digest == digest && run.agent == config.agent.name && run.model == config.agent.model && run.finished.is_none();
        is_same.then_some((folder, run))
    });
    let Some((folder, run)) = same else { return Ok(None) };
    let id = folder.run_id();
    if let Some(pid) = RunnerLock::holder(&folder) {
        tell(format_args!(
            "isobench-tui: run {id} of this plan and agent is held by the runner with pid {pid}: `isobench-tui attach {id}` shows it, --new starts another"
        ));
        return Ok(Some(Exit::Held));
    }
    let over = run.items.iter().filter(|item| item.is_over()).count();
    let says = format!("run {id} of this plan and agent is unfinished ({over} of {} items are over)", run.items.len());
    if !here || matches!(mode, Mode::Headless(_) | Mode::Detached) {
        return Ok(Some(usage(format!(
            "{says}: continue it with `isobench-tui run --resume {id}`, or start another with `isobench-tui run --new`"
        ))));
    }
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

fn clone(checkout: &Checkout, config: &Config, plan: &Path) -> anyhow::Result<Option<Exit>> {
    let Ok((plan, _)) = PlanFile::read(plan) else { return Ok(None) };
    let Err(place) = checkout.clone_of(config.repo.as_deref(), &plan.repo, &plan.task_id) else { return Ok(None) };
    tell(format_args!("cloning {} to {}", plan.repo, place.display()));
    let status = Command::new("git").args(["clone", "--progress", "--", &plan.repo]).arg(&place).status()?;
    Ok((!status.success()).then(|| usage(format!("git could not clone {}: see above", plan.repo))))
}

/// Looks, makes the run, and starts its runner.
fn begin(checkout: Checkout, config: Config, plan_path: PathBuf, only: &[String], mode: &Mode) -> anyhow::Result<Exit> {
    let (mut plan, bytes) = match PlanFile::read(&plan_path) {
        Ok(read) => read,
        Err(error) => return Ok(usage(error)),
    };
    if !only.is_empty() {
        let wanted = |item: &crate::artifact::PlanItem, word: &String| {
            item.item_id.0 == *word || item.human.starts_with(word.as_str()) || (item.human.len() >= 8 && word.starts_with(&item.human))
        };
        if let Some(word) = only.iter().find(|word| !plan.items.iter().any(|item| wanted(item, word))) {
            return Ok(usage(format!("--only {word}: no item of {} has that id or sha", plan_path.display())));
        }
        plan.items.retain(|item| only.iter().any(|word| wanted(item, word)));
    }
    let found = preflight(&plan, &checkout, &config);
    show_preflight(&found);
    if !found.is_runnable() {
        tell(format_args!("isobench-tui: nothing can be run: all {} items are blocked, see above", found.items.len()));
        return Ok(Exit::NothingRunnable);
    }
    if let Mode::Detached | Mode::Screen = mode
        && let detach::Logout::Kills(says) = detach::logout()
    {
        tell(format_args!("warning: {says}"));
    }
    let binary = find::binary()?;
    let wanted = Wanted { checkout, plan_path, plan: &plan, plan_bytes: &bytes, config, preflight: &found, binary: &binary };
    match create(wanted) {
        Ok(job) => go(job, mode, false),
        Err(RunnerError::Ledger(error)) => {
            Ok(usage(format!("{error}: make the folder writable, or name another harness folder with --root")))
        }
        Err(error) => Err(error.into()),
    }
}

fn show_preflight(found: &Preflight) {
    for (check, says) in &found.checks {
        tell(format_args!("{:<8} {says}", check.name()));
    }
    // where one thing blocks everything, it is said of each item too: people look for theirs
    for item in &found.items {
        if let Some(blocked) = &item.blocked {
            tell(format_args!("{:<8} {}  {}  {}: {}", "blocked", item.item, short_sha(&item.human), blocked.class, blocked.why));
        }
    }
}

fn resume(folder: RunFolder, mode: &Mode, keep_pause: bool) -> anyhow::Result<Exit> {
    if let Some(pid) = RunnerLock::holder(&folder) {
        tell(format_args!("isobench-tui: {}", RunnerError::Held { run: folder.run_id().0, pid: Some(pid) }));
        return Ok(Exit::Held);
    }
    if Follower::load(&folder)?.created.is_none() {
        return Ok(usage(RunnerError::Empty { run: folder.run_id().0 }));
    }
    match Job::open(folder, &find::binary()?) {
        Ok(job) => go(job, mode, keep_pause),
        Err(RunnerError::Ledger(error)) => Ok(usage(error)),
        Err(error) => Err(error.into()),
    }
}

/// Starts the run's runner, here or in the background.
fn go(job: Job, mode: &Mode, keep_pause: bool) -> anyhow::Result<Exit> {
    match mode {
        Mode::Headless(format) => headless(job, *format, keep_pause),
        Mode::Detached => {
            start_runner(&job.folder, &job.checkout.root, keep_pause)?;
            print_line(format_args!("run {} goes on in the background: `isobench-tui attach {0}` shows it", job.folder.run_id()));
            Ok(Exit::Well)
        }
        Mode::Screen => {
            start_runner(&job.folder, &job.checkout.root, keep_pause)?;
            show(&job.folder)
        }
    }
}

/// Starts a runner in the background and waits until it holds the run.
pub(super) fn start_runner(folder: &RunFolder, root: &Path, keep_pause: bool) -> anyhow::Result<()> {
    let id = folder.run_id().0;
    let mut arguments: Vec<String> = ["run", "--resume", &id, "--headless", "--own-session", "--root"].map(str::to_owned).to_vec();
    arguments.push(root.display().to_string());
    if keep_pause {
        arguments.push("--keep-pause".to_owned());
    }
    let mut child = detach::start(&find::binary()?, &arguments, &folder.log())?;
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience {
        if RunnerLock::holder(folder).is_some() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            // a run with nothing left to do ends as soon as it begins
            anyhow::ensure!(
                status.code().is_some_and(|code| code <= 1),
                "the runner ended at once ({status}): see {}",
                folder.log().display()
            );
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    anyhow::bail!("the runner did not take the run within 20 s: see {}", folder.log().display())
}

/// Shows a run on the screen.
pub(super) fn show(folder: &RunFolder) -> anyhow::Result<Exit> {
    let manifest = match Manifest::look(folder) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(usage(error)),
    };
    let access = if manifest.is_newer() { Access::ReadOnly(manifest.format) } else { Access::Full };
    let config = Resolved::of(&manifest).map(|resolved| resolved.config).unwrap_or_default();
    let checkout = Checkout { root: manifest.root.into() };
    let root = &checkout.root;
    let run = Follower::load(folder)?;
    let setup = Setup {
        folder: folder.clone(),
        root: root.clone(),
        items: checkout.items(&run.repo, &run.agent, &run.model, &manifest.harness_timestamp),
        by: me(),
        masker: Masker::new(environment::variables(), environment::dot_env(root)),
        limits: Limits { steps: config.agent.max_steps, tokens: config.limits.item_tokens },
        access,
        theme: std::env::var("ISOBENCH_TUI_THEME").unwrap_or_else(|_| "dark".to_owned()),
    };
    match shell::run(setup) {
        Ok(Left::Detached) if RunnerLock::holder(folder).is_some() => {
            println!("run {} goes on in the background: `isobench-tui attach {0}` shows it again", folder.run_id());
            Ok(Exit::Well)
        }
        Ok(_) => Ok(Exit::Well),
        Err(ScreenError::Theme(error)) => Ok(usage(format!("ISOBENCH_TUI_THEME: {error}"))),
        Err(error) => Err(error.into()),
    }
}

fn headless(job: Job, format: Format, keep_pause: bool) -> anyhow::Result<Exit> {
    let folder = job.folder.clone();
    let log = std::fs::File::options().append(true).create(true).mode(0o600).open(folder.log())?;
    let _ = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Mutex::new(log)).try_init();
    tell(format_args!("run {} in {}", folder.run_id(), folder.path().display()));
    let by = (!keep_pause).then(me);
    let started = Instant::now();
    let mut report = |entry: &Entry, run: &Run| progress(started, entry, run);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = match runtime.block_on(drive(job, by, &mut report)) {
        Ok(ended) => ended,
        Err(error @ RunnerError::Held { .. }) => {
            tell(format_args!("isobench-tui: {error}"));
            return Ok(Exit::Held);
        }
        Err(RunnerError::Ledger(error)) => return Ok(usage(error)),
        Err(error @ RunnerError::Empty { .. }) => return Ok(usage(error)),
        Err(error) => return Err(error.into()),
    };
    read::say(&folder, &ended.run, format)?;
    if !ended.finished {
        tell(format_args!("run {} is not finished: `isobench-tui run --resume {0}` continues it", folder.run_id()));
    }
    let bad = ["failed", "blocked", "stopped"].iter().any(|status| ended.run.count(status) > 0);
    Ok(if bad { Exit::ItemsFailed } else { Exit::Well })
}

/// Who we are, for the ledger.
pub(super) fn me() -> By {
    let user = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| format!("uid {}", rustix::process::getuid().as_raw()));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new())
        .ok()
        .map(|name| name.to_string_lossy().trim_start_matches("/dev/").to_owned());
    By::Person { user, host, tty }
}

/// One line a fact that people wait for.
fn progress(started: Instant, entry: &Entry, run: &Run) {
    let crate::ledger::Body::Known(fact) = &entry.body else { return };
    let says = match fact.as_ref() {
        Fact::AttemptStarted { item, n, from } if *n > 1 => format!("{item}: attempt {n} from {from}"),
        Fact::StageStarting { item, stage, .. } => format!("{item}: {stage}"),
        Fact::AttemptFinished { item, .. } => match run.item(item) {
            Some(item) => format!("{}: {}  {}", item.id, item.status(), crate::report::table::result(item)),
            None => return,
        },
        _ => match run.notes.last() {
            Some((at, note)) if *at == entry.at => note.clone(),
            _ => return,
        },
    };
    // whoever closed our stderr does not want to read it
    let _ = writeln!(std::io::stderr(), "{:>7.1}s  {says}", started.elapsed().as_secs_f64());
}
