//! Which harness, which run.

use std::fs;
use std::path::{Path, PathBuf};

use super::{tell, usage};
use crate::artifact::Checkout;
use crate::exit::Exit;
use crate::host::files;
use crate::ledger::{By, RunFolder, RunnerLock, regular};

/// Why there is no harness.
#[derive(Debug)]
pub(super) enum Lost {
    /// There is none here.
    Nothing(String),
    /// It can't be told which one is meant, or it can't be used.
    Unclear(String),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Nothing(says) | Self::Unclear(says)) = self;
        f.write_str(says)
    }
}

/// The harness folder: as named, or found upwards from here.
pub(super) fn checkout(root: Option<&Path>) -> Result<Checkout, Lost> {
    if let Some(root) = root {
        let root = root.canonicalize().map_err(|error| Lost::Unclear(format!("can't use --root {}: {error}", root.display())))?;
        return if root.is_dir() {
            Checkout::named(&root).map_err(|error| Lost::Unclear(error.to_string()))
        } else {
            Err(Lost::Unclear(format!("--root {} is no folder", root.display())))
        };
    }
    let here = std::env::current_dir().map_err(|error| Lost::Unclear(format!("can't tell the current folder: {error}")))?;
    // a link may have led here: `state` of a harness is often one
    let as_gone = logical(&here).and_then(|folder| Checkout::find(&folder).ok().flatten());
    if let Some(root) = as_gone.and_then(|found| found.root.canonicalize().ok()) {
        return Ok(Checkout::at(root));
    }
    if let Some(found) = Checkout::find(&here).map_err(|error| Lost::Unclear(error.to_string()))? {
        return Ok(found);
    }
    Err(Lost::Nothing(format!(
        "no ISO-Bench harness at {} or above it (a folder with {}, or with bench.yaml and state/, or a repository that holds ISO-Bench/ or perf-agents-bench/ with them; state/plan.json and state/runs/ do as well): go there, name it with --root, or try `isobench-tui demo`",
        here.display(),
        crate::config::Config::FILE,
    )))
}

/// The same for commands that look at runs: outside any harness that of the last demo.
pub(super) fn or_demo(root: Option<&Path>) -> Result<Checkout, Lost> {
    match checkout(root) {
        Err(Lost::Nothing(says)) => last_demo().map(Checkout::at).ok_or(Lost::Nothing(says)),
        found => found,
    }
}

/// The same, and says so: whoever is in the wrong folder must not take the demo for his own runs.
pub(super) fn told_or_demo(root: Option<&Path>) -> Result<Checkout, Lost> {
    let found = or_demo(root)?;
    if root.is_none() && checkout(None).is_err() {
        tell(format_args!("isobench-tui: no ISO-Bench checkout here: this is the last demo, in {}", found.root.display()));
    }
    Ok(found)
}

/// The current folder by the way that was gone, as the shell tells it; `None` where that is another folder or the same path.
fn logical(here: &Path) -> Option<PathBuf> {
    let told = std::env::var_os("PWD").map(PathBuf::from).filter(|told| told.is_absolute() && told != here)?;
    (told.canonicalize().ok()? == here.canonicalize().ok()?).then_some(told)
}

/// The person's own folder for state: `$XDG_STATE_HOME`, or `~/.local/state`.
pub(super) fn state_home() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    state.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))
}

/// Where the folder of the last demo is remembered.
fn last_demo_file() -> Option<PathBuf> {
    Some(state_home()?.join("isobench-tui/last-demo"))
}

fn last_demo() -> Option<PathBuf> {
    let text = String::from_utf8(regular::read(&last_demo_file()?).ok()?).ok()?;
    Some(PathBuf::from(text.trim_end())).filter(|root| root.join("state").is_dir())
}

/// Remembers a demo, so that a bare `isobench-tui` finds it again. A home that can't be written is no reason to fail.
pub(super) fn remember_demo(root: &Path) {
    let Some(file) = last_demo_file() else { return };
    if let Err(error) = files::replace(&file, format!("{}\n", root.display()).as_bytes()) {
        tell(format_args!("isobench-tui: a bare `isobench-tui` will not find this demo: {}: {error}", file.display()));
    }
}

/// Why there is no run to go on with.
#[derive(Debug)]
pub(super) enum NoRun {
    /// There is none of this name, or none at all.
    Nothing(String),
    /// It can't be told which one is meant, or what is there can't be used.
    Unclear(String),
}

impl std::fmt::Display for NoRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Nothing(says) | Self::Unclear(says)) = self;
        f.write_str(says)
    }
}

/// The runs of a harness that have a ledger, the oldest first.
pub(super) fn runs(checkout: &Checkout) -> Vec<RunFolder> {
    folders(checkout).into_iter().filter(|folder| folder.events().exists()).collect()
}

/// All folders of runs of a harness, also those in which nothing began, the oldest first: their ids begin with their time.
pub(super) fn folders(checkout: &Checkout) -> Vec<RunFolder> {
    let entries = fs::read_dir(RunFolder::all(&checkout.root)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(RunFolder::at).collect()
}

/// The run that is named by its id, the start of it or its folder; the live one, else the last, when none is named.
/// `Err` is the exit code of what has been said: there is no harness, or no such run.
pub(super) fn run(root: Option<&Path>, named: Option<&str>) -> Result<RunFolder, Exit> {
    if named == Some("") {
        return Err(usage(
            "'' names no run: leave it out for the live or the last run, or write the start of an id (`isobench-tui ls` lists them)",
        ));
    }
    if let Some(folder) = named.and_then(by_path) {
        return Ok(folder);
    }
    let checkout = told_or_demo(root).map_err(usage)?;
    look_for(&checkout, named).map_err(|says| {
        tell(format_args!("isobench-tui: {says}"));
        match says {
            NoRun::Nothing(_) => Exit::NoSuchRun,
            NoRun::Unclear(_) => Exit::Usage,
        }
    })
}

/// The run whose folder this is.
pub(super) fn by_path(named: &str) -> Option<RunFolder> {
    let path = Path::new(named);
    path.join("events.jsonl").is_file().then(|| path.canonicalize().ok().map(RunFolder::at))?
}

/// The same as `run` without saying anything: `Err` holds the sentence.
pub(super) fn look_for(checkout: &Checkout, named: Option<&str>) -> Result<RunFolder, NoRun> {
    let runs = runs(checkout);
    let place = RunFolder::all(&checkout.root);
    let none = || {
        let place = place.display();
        NoRun::Nothing(format!("no run in {place} yet: `isobench-tui run` starts one, `isobench-tui demo` shows one"))
    };
    let Some(named) = named else {
        let live = runs.iter().rev().find(|run| RunnerLock::holder(run).is_some());
        return live.or_else(|| runs.last()).cloned().ok_or_else(none);
    };
    if named == "last" {
        return runs.last().cloned().ok_or_else(none);
    }
    let (mut starting, rest): (Vec<&RunFolder>, Vec<&RunFolder>) = runs.iter().partition(|run| run.run_id().0.starts_with(named));
    if let Some(exact) = starting.iter().find(|run| run.run_id().0 == named) {
        return Ok((*exact).clone());
    }
    if starting.is_empty() {
        // the four hex digits at the end are what tells runs of one day apart
        starting = rest.into_iter().filter(|run| run.run_id().0.ends_with(named)).collect();
    }
    match starting.as_slice() {
        [run] => Ok((*run).clone()),
        [] => Err(missing(checkout, named, &runs)),
        several => Err(NoRun::Unclear(format!(
            "'{named}' may be any of {} runs: {}: write more of the id",
            several.len(),
            ids(several.iter().copied())
        ))),
    }
}

/// No run with a ledger is called so: what there is in its place.
fn missing(checkout: &Checkout, named: &str, runs: &[RunFolder]) -> NoRun {
    let place = RunFolder::all(&checkout.root);
    let empty = folders(checkout).into_iter().find(|folder| !runs.contains(folder) && folder.run_id().0.starts_with(named));
    if let Some(folder) = empty {
        return NoRun::Unclear(never_began(&folder));
    }
    if named.contains('/') && Path::new(named).is_dir() {
        return NoRun::Nothing(format!("{named} is no run's folder: there is no events.jsonl in it (`isobench-tui ls` lists the runs)"));
    }
    let there = if runs.is_empty() {
        "there is none at all, `isobench-tui run` starts one".to_owned()
    } else {
        format!("there {} {}", if runs.len() == 1 { "is" } else { "are" }, ids(runs.iter()))
    };
    NoRun::Nothing(format!("there is no run {named} in {}: {there}", place.display()))
}

/// What is wrong with a run's folder without a ledger, and what to do.
pub(super) fn never_began(folder: &RunFolder) -> String {
    format!("run {} never began: there is no events.jsonl in {}; remove that folder", folder.run_id(), folder.path().display())
}

/// The newest runs by id, as many as a sentence holds.
fn ids<'a>(runs: impl DoubleEndedIterator<Item = &'a RunFolder> + ExactSizeIterator) -> String {
    const TOLD: usize = 5;
    let more = runs.len().saturating_sub(TOLD);
    let told: Vec<String> = runs.rev().take(TOLD).map(|run| run.run_id().0).collect();
    let rest = if more > 0 { format!(" and {more} older (`isobench-tui ls`)") } else { String::new() };
    format!("{}{rest}", told.join(", "))
}

/// This program's own path, for keepers and runners in the background.
pub(super) fn binary() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?)
}

/// Who we are, for the ledger.
pub(super) fn me() -> By {
    let uid = rustix::process::getuid().as_raw();
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok().or_else(|| crate::host::user::login_name(uid));
    let user = user.unwrap_or_else(|| format!("uid {uid}"));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new())
        .ok()
        .map(|name| name.to_string_lossy().trim_start_matches("/dev/").to_owned());
    By::Person { user, host, tty }
}
