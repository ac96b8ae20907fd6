//! The sides of a comparison, read.

use std::path::{Path, PathBuf};

use super::{Asked, facts, human};
use crate::agent::open::Opened;
use crate::artifact::item::ItemFolder;
use crate::artifact::{Journal, Prompt};
use crate::cli::trajectory::{self, Refused};
use crate::detect::aim::Aim;
use crate::detect::kind::Kinds;
use crate::host::files::{self, Links};
use crate::report::verdict;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::compare::{Pair, Side, Who};
use crate::ui::step::Shown;

/// The largest patch that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// What is known of where a side comes from.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// Agent, model, timestamp, item and attempt, as far as they are known.
    pub(super) names: [String; 5],
    /// The item's folder, where there is one.
    pub(super) folder: Option<PathBuf>,
    /// The commit to start from, and the human's.
    pub(super) commits: Option<(String, String)>,
    /// The task.
    pub(super) task: String,
}

pub(super) fn pair(asked: &Asked, masker: &Masker) -> Result<Pair, String> {
    let one = |who: &Who| match who {
        Who::Path(path) => side(path, asked.instance.as_deref(), masker).map(Some),
        Who::Human => Ok(None),
    };
    let (left, right) = (one(&asked.wanted.left)?, one(&asked.wanted.right)?);
    let ((mut left, of_left), (mut right, of_right)) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        (Some(left), None) => {
            let human = human::side(&left.1, asked, masker)?;
            (left, (human, Origin::default()))
        }
        (None, Some(right)) => {
            let human = human::side(&right.1, asked, masker)?;
            ((human, Origin::default()), right)
        }
        (None, None) => return Err("the human's commit is compared with an attempt of it: name an item's folder".to_owned()),
    };
    if left.name.is_empty() || right.name.is_empty() {
        (left.name, right.name) = names((&left, &of_left), (&right, &of_right));
    }
    if let (Some((before, one)), Some((_, other))) = (&of_left.commits, &of_right.commits)
        && !is_same(one, other)
        && !before.is_empty()
    {
        let says = format!("it is an attempt of another commit, {}", crate::domain::ids::short_sha(other));
        right.problems.push(says);
    }
    Ok(Pair::of(left, right))
}

/// Whether two names are of one commit: either may be cut off.
fn is_same(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// One side by its path.
fn side(path: &Path, instance: Option<&str>, masker: &Masker) -> Result<(Side, Origin), String> {
    let from = clean::shown(&masker.mask(&path.display().to_string())).into_owned();
    let is_patch = path.extension().is_some_and(|end| end == "diff" || end == "patch");
    if is_patch && !path.is_dir() {
        let patch = patch(path, masker).map_err(|error| format!("{}: {error}", clean::path(path)))?;
        if crate::patch::changed_files(&patch).is_empty() && !patch.trim().is_empty() {
            return Err(format!("{}: this is no patch: there is no changed file in it", clean::path(path)));
        }
        let mut side = Side { from, patch: Some(patch), ..Side::default() };
        side.facts = facts::of_patch(&side);
        let folder = path.parent().filter(|folder| trajectory::Folder::of(folder) != trajectory::Folder::Other);
        let origin = folder.map_or_else(Origin::default, |folder| origin(folder, masker));
        return Ok((side, Origin { names: Default::default(), ..origin }));
    }
    let folder = trajectory::item_folder(path).map(Path::to_owned);
    let origin = folder.as_deref().map_or_else(Origin::default, |folder| origin(folder, masker));
    let [.., item, _] = &origin.names;
    let mut side = Side { from, item: item.clone(), ..Side::default() };
    let opened = match trajectory::read(path, masker) {
        Ok(runs) => Some(one_of(path, runs, instance)?),
        Err(Refused::NoTrajectory(_)) if folder.is_some() => None,
        Err(refused) if folder.is_some() => {
            side.problems.push(refused.to_string());
            None
        }
        Err(refused) => return Err(refused.to_string()),
    };
    if let Some(folder) = &folder {
        let there = ItemFolder { path: folder.clone() }.patch();
        match patch(&there, masker) {
            Ok(patch) => side.patch = Some(patch),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => side.problems.push(format!("its patch can't be read: {error}")),
        }
    }
    let opened = opened.filter(|opened| !opened.steps.is_empty() || opened.totals.steps.is_some());
    let is_read = opened.as_ref().is_none_or(|opened| !opened.steps.is_empty() || opened.is_empty());
    if !is_read {
        side.problems.push("its transcript is too large to be compared step by step: `inspect` shows it".to_owned());
    }
    let watch = opened.as_ref().and_then(|opened| {
        let human = trajectory::human(trajectory::journal(path).as_ref());
        verdict::watch(opened, human).ok()
    });
    // steps that are not held are not none: what they would tell is unknown
    if let Some(opened) = opened.as_ref().filter(|_| is_read) {
        let mut kinds = Kinds::default();
        side.steps = Some(opened.steps.iter().map(|step| Shown::of(step, &mut kinds, masker)).collect());
        side.aims = opened.steps.iter().map(Aim::of).collect();
    }
    let findings = watch.as_ref().map(|watch| watch.findings().into_iter().cloned().collect::<Vec<_>>());
    side.spans = Side::spans_of(findings.iter().flatten());
    side.facts = facts::of_attempt(&side, opened.as_ref(), findings.as_deref(), &origin, masker);
    Ok((side, origin))
}

/// The run of this instance, or the first one.
fn one_of(path: &Path, runs: Vec<Opened>, instance: Option<&str>) -> Result<Opened, String> {
    let known: Vec<String> = runs.iter().filter_map(|run| run.instance.clone()).collect();
    let mut runs = runs.into_iter();
    let found = match instance {
        // a file of one run has no names
        Some(wanted) if !known.is_empty() => runs.find(|run| run.instance.as_deref() == Some(wanted)),
        _ => runs.next(),
    };
    found.ok_or_else(|| crate::cli::inspect::no_instance(path, instance.unwrap_or_default(), &known))
}

/// A patch, as text without secrets.
fn patch(path: &Path, masker: &Masker) -> std::io::Result<String> {
    let bytes = files::read(path, LARGEST, Links::Followed)?;
    Ok(masker.mask(&String::from_utf8_lossy(&bytes)).into_owned())
}

/// What an item's folder says of where it comes from.
fn origin(folder: &Path, masker: &Masker) -> Origin {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let journal = Journal::read(&folder.join(Journal::FILE)).ok();
    let prompt = Prompt::read(&folder.join(Prompt::FILE)).ok();
    let journal = journal.as_deref();
    let mut commits = journal.map(|journal| journal.commits.clone()).unwrap_or_default();
    if let Some(prompt) = &prompt {
        for (known, told) in [(&mut commits.human, &prompt.commits.human), (&mut commits.pre, &prompt.commits.pre)] {
            if known.is_empty() {
                known.clone_from(told);
            }
        }
    }
    let text = |text: &str| masker.first_line(text);
    let [mut agent, mut model, mut time, mut item] = below_runs(&real).map(|name| text(&name));
    if let Some(run) = journal.and_then(|journal| journal.run_metadata.as_ref()) {
        for (known, told) in [(&mut agent, &run.agent), (&mut model, &run.model), (&mut time, &run.run_timestamp)] {
            if known.is_empty() {
                *known = text(told);
            }
        }
    }
    // an attempt that was moved aside lies in `attempts/<item>.<n>/item`
    let moved = real.ends_with("item").then(|| real.parent()?.file_name().map(|name| text(&name.to_string_lossy()))).flatten();
    let attempt = moved.as_ref().and_then(|moved| moved.rsplit_once('.')).map_or_else(String::new, |(_, n)| format!("attempt {n}"));
    if item.is_empty() {
        let own = real.file_name().map(|name| text(&name.to_string_lossy())).unwrap_or_default();
        item = moved.as_deref().and_then(|moved| moved.rsplit_once('.')).map_or(own, |(item, _)| item.to_owned());
    }
    Origin {
        names: [agent, model, time, item, attempt],
        folder: Some(folder.to_owned()),
        commits: (!commits.human.is_empty()).then_some((commits.pre, commits.human)),
        task: journal.map(|journal| journal.task_id.clone()).unwrap_or_default(),
    }
}

/// Agent, model, timestamp and item of `…/runs/<repo>/<agent>/<model>/<timestamp>/<item>`; empty elsewhere.
fn below_runs(folder: &Path) -> [String; 4] {
    let parts: Vec<String> = folder.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match parts.as_slice() {
        [.., runs, _, agent, model, time, item] if runs == "runs" => [agent, model, time, item].map(String::clone),
        _ => Default::default(),
    }
}

/// The name of a file without what every trajectory's name ends in.
fn stem(name: &str) -> &str {
    const ENDS: [&str; 6] = [".gz", ".json", ".jsonl", ".traj", ".trajectory", ".stream"];
    let cut = ENDS.iter().fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
    if cut.is_empty() { name } else { cut }
}

/// A name for each side: the first thing in which they differ.
fn names((left, of_left): (&Side, &Origin), (right, of_right): (&Side, &Origin)) -> (String, String) {
    let file = |side: &Side| side.from.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&side.from).to_owned();
    // the human's commit has its name, and beside it any is good
    if !left.name.is_empty() || !right.name.is_empty() {
        let own = |side: &Side, origin: &Origin| {
            let agent = origin.names.first().filter(|agent| !agent.is_empty()).cloned();
            if side.name.is_empty() { agent.unwrap_or_else(|| file(side)) } else { side.name.clone() }
        };
        return (own(left, of_left), own(right, of_right));
    }
    for (one, other) in of_left.names.iter().zip(&of_right.names) {
        if one != other && !one.is_empty() && !other.is_empty() {
            return (one.clone(), other.clone());
        }
    }
    let [.., of_this] = &of_left.names;
    let [.., of_that] = &of_right.names;
    if of_this != of_that {
        // the newest attempt lies where the harness looks for it
        let name = |name: &String| if name.is_empty() { "newest attempt".to_owned() } else { name.clone() };
        return (name(of_this), name(of_that));
    }
    match (file(left), file(right)) {
        (one, other) if stem(&one) != stem(&other) => (stem(&one).to_owned(), stem(&other).to_owned()),
        (one, other) if one != other => (one, other),
        _ => ("left".to_owned(), "right".to_owned()),
    }
}
