//! Which harness, which run.

use std::fs;
use std::path::{Path, PathBuf};

use super::{tell, usage};
use crate::artifact::Checkout;
use crate::domain::RunId;
use crate::exit::Exit;
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

/// The harness folder: as named, found upwards from here, or that of the last demo.
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
    last_demo().map(Checkout::at).ok_or_else(|| {
        Lost::Nothing(format!(
            "no ISO-Bench harness at {} or above it (a folder with {}, or with bench.yaml and state/, or a repository that holds ISO-Bench/ or perf-agents-bench/ with them; state/plan.json and state/runs/ do as well): go there, name it with --root, or try `isobench-tui demo`",
            here.display(),
            crate::config::Config::FILE,
        ))
    })
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
    if let Some(file) = last_demo_file() {
        let _ = file.parent().map(fs::create_dir_all);
        let _ = fs::write(file, format!("{}\n", root.display()));
    }
}

/// The runs of a harness, the oldest first: their ids begin with their time.
pub(super) fn runs(checkout: &Checkout) -> Vec<RunFolder> {
    let mut folders: Vec<PathBuf> = fs::read_dir(RunFolder::all(&checkout.root))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("events.jsonl").exists())
        .collect();
    folders.sort();
    folders.into_iter().map(RunFolder::at).collect()
}

/// The run that is named by its id, the start of it or its folder; the live one, else the last, when none is named.
/// `Err` is the exit code of what has been said: there is no harness, or no such run.
pub(super) fn run(root: Option<&Path>, named: Option<&str>) -> Result<RunFolder, Exit> {
    let named = named.filter(|named| !named.is_empty());
    let by_path = named.map(Path::new).filter(|path| path.join("events.jsonl").is_file()).and_then(|path| path.canonicalize().ok());
    if let Some(path) = by_path {
        return Ok(RunFolder::at(path));
    }
    let checkout = checkout(root).map_err(usage)?;
    look_for(&checkout, named).map_err(|says| {
        tell(format_args!("isobench-tui: {says}"));
        Exit::NoSuchRun
    })
}

/// The same, without saying anything: `Err` is the sentence.
pub(super) fn look_for(checkout: &Checkout, named: Option<&str>) -> Result<RunFolder, String> {
    let runs = runs(checkout);
    let Some(named) = named else {
        let live = runs.iter().rev().find(|run| RunnerLock::holder(run).is_some());
        return live.or_else(|| runs.last()).cloned().ok_or_else(|| {
            format!(
                "no run in {} yet: `isobench-tui run` starts one, `isobench-tui demo` shows one",
                RunFolder::all(&checkout.root).display()
            )
        });
    };
    let exact = RunFolder::of(&checkout.root, &RunId(named.to_owned()));
    if runs.contains(&exact) {
        return Ok(exact);
    }
    let mut matching = runs.iter().filter(|run| run.run_id().0.starts_with(named) || run.run_id().0.ends_with(named));
    match (matching.next(), matching.next()) {
        (Some(run), None) => Ok(run.clone()),
        (Some(_), Some(_)) => Err(format!("more than one run is called {named}…: write more of the id (`isobench-tui ls`)")),
        (None, _) => Err(format!("there is no run {named} in {}: `isobench-tui ls` lists them", RunFolder::all(&checkout.root).display())),
    }
}

/// This program's own path, for keepers and runners in the background.
pub(super) fn binary() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?)
}

/// Who we are, for the ledger.
pub(super) fn me() -> By {
    let uid = rustix::process::getuid().as_raw();
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok().or_else(|| login_name(uid));
    let user = user.unwrap_or_else(|| format!("uid {uid}"));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new())
        .ok()
        .map(|name| name.to_string_lossy().trim_start_matches("/dev/").to_owned());
    By::Person { user, host, tty }
}

/// The login name of a user by `/etc/passwd`.
fn login_name(uid: u32) -> Option<String> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    })
}
