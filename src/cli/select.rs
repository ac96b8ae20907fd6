//! What of a plan is run: `--only`, and what failed in or is missing from an earlier run, ours or ISO-Bench's own.

use std::path::{Path, PathBuf};

use super::{RunArgs, find, settings, tell, usage};
use crate::artifact::{ArtifactError, Checkout, PlanFile, PlanItem};
use crate::config::Resolution;
use crate::exit::Exit;
use crate::ledger::{RunFolder, RunnerLock};
use crate::model::{Follower, ItemState, Run};
use crate::runner::create::digest;
use crate::text::count;

mod harness;

/// A plan, or what was chosen from it.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The plan's file.
    pub(super) path: PathBuf,
    /// What is left of it.
    pub(super) plan: PlanFile,
    /// SHA-256 of the file and of the choice.
    pub(super) digest: String,
    /// The choice in words; `None` for all of the plan.
    pub(super) selection: Option<String>,
}

/// An earlier run.
#[derive(Debug)]
struct Earlier {
    /// As people call it.
    name: String,
    /// Its own plan, where it remembers one.
    plan: Option<PathBuf>,
    /// What became of its items.
    items: Vec<EarlierItem>,
}

#[derive(Debug)]
struct EarlierItem {
    id: String,
    /// The human's commit, full or abbreviated; empty where unknown.
    human: String,
    /// The parent; empty where unknown.
    parent: String,
    end: End,
}

/// What became of an item in an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It came to a good end, or is under way to one.
    Well,
    /// It failed, was stopped or was interrupted.
    Failed,
    /// It never came to an end.
    Missing,
}

/// A plan as it is.
pub(super) fn whole(resolution: &Resolution, path: PathBuf) -> Result<Chosen, ArtifactError> {
    let (plan, bytes) = settings::read_plan(resolution, &path)?;
    Ok(Chosen { path, plan, digest: digest(&bytes), selection: None })
}

/// The plan and what is chosen from it. `Err` is the exit code of what has been said.
pub(super) fn choose(resolution: &Resolution, args: &RunArgs) -> Result<Chosen, Exit> {
    let checkout = &resolution.checkout;
    let failed = args.failed_of.as_deref().map(|named| earlier(checkout, named)).transpose()?;
    let missing = args.missing_of.as_deref().map(|named| earlier(checkout, named)).transpose()?;
    let runs: Vec<&Earlier> = [&failed, &missing].into_iter().flatten().collect();
    let own = runs.iter().find_map(|run| run.plan.as_ref()).filter(|_| args.plan.is_none());
    // a run remembers its plan as it was named, in a folder that need not be ours
    let own = own.map(|path| if path.exists() { path.clone() } else { checkout.root.join(path) });
    let path = match own {
        Some(own) => own,
        None => settings::plan(resolution, args.plan.as_deref()).map_err(usage)?,
    };
    let (mut plan, bytes) = settings::read_plan(resolution, &path).map_err(usage)?;
    if args.plan.is_none() {
        add_what_people_added(&mut plan, &runs);
    }
    let whole = plan.items.len();
    let mut words = Vec::new();
    if !runs.is_empty() {
        let is_wanted = |item: &PlanItem| {
            failed.as_ref().is_some_and(|run| run.end_of(item) == End::Failed)
                || missing.as_ref().is_some_and(|run| run.end_of(item) == End::Missing)
        };
        plan.items.retain(is_wanted);
        words.extend(failed.as_ref().map(|run| format!("failed in {}", run.name)));
        words.extend(missing.as_ref().map(|run| format!("missing from {}", run.name)));
        words = vec![words.join(" or ")];
        if let Some(run) = &failed {
            say_strangers(run, &path, &plan);
        }
    }
    if !args.only.is_empty() {
        only(&mut plan, &args.only, &path, !runs.is_empty())?;
        words.push(format!("only {}", args.only.join(", ")));
    }
    if plan.items.is_empty() {
        tell(format_args!("isobench-tui: nothing to run: no item of {} is {}", path.display(), words.join(" and ")));
        return Err(Exit::NothingRunnable);
    }
    let chosen: Vec<&str> = plan.items.iter().map(|item| item.item_id.0.as_str()).collect();
    let is_whole = chosen.len() == whole;
    let digest = if is_whole { digest(&bytes) } else { digest(&[&bytes, b"\0".as_slice(), chosen.join("\n").as_bytes()].concat()) };
    let selection = (!words.is_empty()).then(|| words.join(", "));
    if let Some(selection) = &selection {
        tell(format_args!("{} of the {} of {}: {selection}", chosen.len(), count(whole, "item"), path.display()));
    }
    Ok(Chosen { path, plan, digest, selection })
}

/// Leaves what `--only` names. A word that names nothing of the plan is a mistake; one that names nothing of what failed
/// is none.
fn only(plan: &mut PlanFile, words: &[String], path: &Path, was_chosen: bool) -> Result<(), Exit> {
    let wanted = |item: &PlanItem, word: &String| {
        item.item_id.0 == *word || item.human.starts_with(word.as_str()) || (item.human.len() >= 8 && word.starts_with(&item.human))
    };
    if !was_chosen && let Some(word) = words.iter().find(|word| !plan.items.iter().any(|item| wanted(item, word))) {
        return Err(usage(format!("--only {word}: no item of {} has that id or sha", path.display())));
    }
    plan.items.retain(|item| words.iter().any(|word| wanted(item, word)));
    Ok(())
}

/// Items that people added to a run of ours stand in its ledger alone.
fn add_what_people_added(plan: &mut PlanFile, runs: &[&Earlier]) {
    for run in runs.iter().filter(|run| run.plan.is_some()) {
        let strangers = run.items.iter().filter(|item| item.end != End::Well).filter(|item| !plan.items.iter().any(|known| item.is(known)));
        let added: Vec<PlanItem> = strangers.filter_map(EarlierItem::planned).collect();
        for item in added {
            if !plan.items.iter().any(|known| known.item_id == item.item_id) {
                plan.items.push(item);
            }
        }
    }
}

/// Says which failed items the plan does not have.
fn say_strangers(run: &Earlier, path: &Path, chosen: &PlanFile) {
    let failed = run.items.iter().filter(|item| item.end == End::Failed);
    let strangers: Vec<&str> =
        failed.filter(|item| !chosen.items.iter().any(|known| item.is(known))).map(|item| item.id.as_str()).collect();
    if !strangers.is_empty() {
        let names: Vec<&str> = strangers.iter().take(5).copied().collect();
        let more = if strangers.len() > 5 { ", …" } else { "" };
        let many = count(strangers.len(), "item");
        tell(format_args!("warning: {many} that failed in {} are not in {}: {}{more}", run.name, path.display(), names.join(", ")));
    }
}

/// The earlier run of that name: ours by its id or folder, or ISO-Bench's own by its folder.
fn earlier(checkout: &Checkout, named: &str) -> Result<Earlier, Exit> {
    let path = Path::new(named);
    if path.join("events.jsonl").is_file() {
        return ours(&RunFolder::at(path.canonicalize().unwrap_or_else(|_| path.to_owned())));
    }
    let says = match find::look_for(checkout, Some(named)) {
        Ok(folder) => return ours(&folder),
        Err(says) => says,
    };
    let runs = checkout.state.join("runs");
    let places = [path.to_owned(), runs.join(path), checkout.root.join(path)];
    if let Some(folder) = places.iter().find(|place| place.is_dir())
        && let Some(found) = harness::read(folder).map_err(usage)?
    {
        // a run of ours is known by its ledger, which knows more than the journals: what failed before or after the agent
        let ledger = found.ours.iter().map(|id| RunFolder::of(&checkout.root, id)).find(|ledger| ledger.events().is_file());
        if let (Some(ledger), [_]) = (ledger, found.ours.as_slice()) {
            return ours(&ledger);
        }
        for says in &found.unreadable {
            tell(format_args!("warning: {says}; its item counts as missing"));
        }
        return Ok(found.run);
    }
    tell(format_args!("isobench-tui: {says}; nor is it a folder with items of ISO-Bench's own, there or below {}", runs.display()));
    Err(Exit::NoSuchRun)
}

fn ours(folder: &RunFolder) -> Result<Earlier, Exit> {
    let run: Run = Follower::load(folder).map_err(|error| usage(format!("can't read {}: {error}", folder.events().display())))?;
    let id = folder.run_id().0;
    if RunnerLock::holder(folder).is_some() {
        let open = run.items.iter().filter(|item| !item.is_over()).count();
        if open > 0 {
            tell(format_args!("warning: run {id} is live: {} of it have not ended yet", count(open, "item")));
        }
    }
    let items = run.items.iter().map(|item| EarlierItem {
        id: item.id.0.clone(),
        human: item.human.clone(),
        parent: item.parent.clone(),
        end: match item.state {
            _ if item.has_failed() => End::Failed,
            ItemState::Done | ItemState::Running => End::Well,
            _ => End::Missing,
        },
    });
    Ok(Earlier { name: id, plan: Some(PathBuf::from(&run.plan)), items: items.collect() })
}

impl Earlier {
    /// What became of a plan's item: by its id, else by its commit. One that ended well once ended well.
    fn end_of(&self, item: &PlanItem) -> End {
        let by_id = self.items.iter().filter(|known| known.id == item.item_id.0 && known.may_be(&item.human));
        let ends: Vec<End> = by_id.map(|known| known.end).collect();
        let ends =
            if ends.is_empty() { self.items.iter().filter(|known| known.has(&item.human)).map(|known| known.end).collect() } else { ends };
        [End::Well, End::Failed].into_iter().find(|end| ends.contains(end)).unwrap_or(End::Missing)
    }
}

impl EarlierItem {
    /// Whether a plan's item is this one.
    fn is(&self, item: &PlanItem) -> bool {
        (self.id == item.item_id.0 && self.may_be(&item.human)) || self.has(&item.human)
    }

    /// Whether it is of this commit. Shas are written in full or cut off; fewer than 7 characters name nothing.
    fn has(&self, human: &str) -> bool {
        let (ours, theirs) = (self.human.trim().to_ascii_lowercase(), human.trim().to_ascii_lowercase());
        ours.len().min(theirs.len()) >= 7 && (ours.starts_with(&theirs) || theirs.starts_with(&ours))
    }

    /// Whether nothing speaks against it: people number every plan from 0001, so that an id alone says little.
    fn may_be(&self, human: &str) -> bool {
        self.human.trim().is_empty() || human.trim().is_empty() || self.has(human) || self.human == human
    }

    /// As an item of a plan.
    fn planned(&self) -> Option<PlanItem> {
        let id = crate::domain::ItemId(self.id.clone());
        (id.unfit().is_none() && !self.human.is_empty()).then(|| PlanItem {
            item_id: id,
            human: self.human.clone(),
            pre: self.parent.clone(),
            pre_parent_index: Some(1),
        })
    }
}
