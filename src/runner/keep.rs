//! The images that somebody waits for: no prune of ours takes them, be it a stage's, a command's or a dialog's.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Job;
use super::job::Resolved;
use crate::config::Config;
use crate::docker::endpoint::{Around, Endpoint};
use crate::docker::prune::Keep;
use crate::domain::{FailureClass, RunId, Stage, StageEnd, Temper};
use crate::host::process;
use crate::ledger::{Manifest, RunFolder, RunnerLock};
use crate::model::{Follower, Item, ItemState, Run};
use crate::text::clean;

/// What the clean stage of an item keeps: the images of pending items of this run, all that other live ones still need, and its own where
/// it will be run again by itself.
pub(super) fn keep(job: &Job, run: &Run, item: &Item) -> Vec<Keep> {
    let is_short = last_pull(item).is_some_and(|end| matches!(end, StageEnd::Deferred(_)));
    of_clean(job, run, item, is_short, comes_again(item, &job.config))
}

/// The same for an item whose pull has not begun, in case that its images don't fit.
pub(super) fn if_short(job: &Job, run: &Run, item: &Item) -> Vec<Keep> {
    of_clean(job, run, item, true, true)
}

fn of_clean(job: &Job, run: &Run, item: &Item, is_short: bool, comes_again: bool) -> Vec<Keep> {
    let comes_again = item.skipping.is_none() && comes_again;
    let own = comes_again.then(|| of_item(&job.config, item, "", "this item will try again")).into_iter().flatten();
    // of those that wait for room one is to get it: none keeps what the other needs
    let stays = |other: &&Item| !(is_short && matches!(other.state, ItemState::ForRoom { .. }));
    let pending = run.items.iter().filter(|other| other.is_pending()).filter(stays);
    let pending = pending.flat_map(|other| of_item(&job.config, other, "", "needs it"));
    once(own.chain(pending).chain(others(Some(&job.checkout.root), Some(&job.folder))))
}

/// Whether an attempt under way ends in a way after which its item is run again without anybody asking.
fn comes_again(item: &Item, config: &Config) -> bool {
    match last_pull(item) {
        Some(StageEnd::Deferred(_)) => true,
        Some(StageEnd::Failed { class, .. }) => is_retried(*class, item, config),
        // an arm that is measured again begins with itself: nothing is pulled before
        _ => failed_arm(item).is_some_and(|class| is_retried(class, item, config)),
    }
}

/// Of what the first arm failed that did.
fn failed_arm(item: &Item) -> Option<FailureClass> {
    let last = item.last_attempt()?;
    [Stage::Human, Stage::Baseline, Stage::Candidate].into_iter().find_map(|arm| match &last.outcome(arm)?.end {
        StageEnd::Failed { class, .. } => Some(*class),
        _ => None,
    })
}

fn last_pull(item: &Item) -> Option<&StageEnd> {
    item.last_attempt()?.outcome(Stage::Pull).map(|pull| &pull.end)
}

fn is_retried(class: FailureClass, item: &Item, config: &Config) -> bool {
    class.temper() == Temper::Transient && item.automatic_retries < config.retry.transient
}

/// What the live runs of this machine wait for; of a checkout also those that another user's runner holds.
pub fn live(root: Option<&Path>) -> Vec<Keep> {
    once(others(root, None).into_iter())
}

/// Of every run that a runner holds, but one. A ledger that can't be read is passed over: its images stay as long as anybody else needs
/// them.
fn others(root: Option<&Path>, but: Option<&RunFolder>) -> Vec<Keep> {
    let own = but.and_then(|but| but.path().canonicalize().ok());
    let folders = folders(root).into_iter().filter(|folder| Some(folder) != own.as_ref()).map(RunFolder::at);
    let images = folders.filter(|folder| RunnerLock::holder(folder).is_some_and(shares_engine)).filter_map(|folder| {
        let config = Resolved::of(&Manifest::read(&folder).ok()?).ok()?.config;
        if config.arm_images().is_empty() {
            return None;
        }
        Some(of_run(&config, &Follower::load(&folder).ok()?, &folder, root))
    });
    images.flatten().collect()
}

/// Whether the runner with this pid may have its images where we have ours. What nobody knows is as good as a yes.
fn shares_engine(runner: u32) -> bool {
    let Some(variables) = i32::try_from(runner).ok().and_then(process::variables) else { return true };
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
    let (Ok(ours), Ok(theirs)) = (Endpoint::of_environment(), Endpoint::find(Around { variable: &variable })) else { return true };
    ours.iter().any(|our| theirs.iter().any(|their| our.may_be(their)))
}

/// The folders of the checkout's runs, and of those whose lock a process here has open: on one machine many checkouts share an engine. Each
/// once, however it was named.
fn folders(root: Option<&Path>) -> BTreeSet<PathBuf> {
    let ours = root.map(RunFolder::all).and_then(|all| fs::read_dir(all).ok()).into_iter().flatten().flatten().map(|entry| entry.path());
    let locks = process::open_files(RunFolder::LOCK).into_iter().filter_map(|lock| lock.parent().map(Path::to_owned));
    ours.chain(locks).filter_map(|folder| folder.canonicalize().ok()).collect()
}

/// Of its pending items, and of the one under way: between two arms no container uses what the next one needs.
fn of_run(config: &Config, run: &Run, folder: &RunFolder, root: Option<&Path>) -> Vec<Keep> {
    let needs = |item: &&Item| item.is_pending() || matches!(item.state, ItemState::Running);
    let RunId(id) = folder.run_id();
    let ours = root.and_then(|root| RunFolder::all(root).canonicalize().ok());
    // a run of another checkout is told by its place
    let place = folder.root().filter(|_| folder.path().parent() != ours.as_deref());
    let place = place.map_or_else(String::new, |root| format!(" in {}", clean::path(root)));
    let whose = format!(" of run {}{place}", id.rsplit('-').next().unwrap_or(&id));
    run.items.iter().filter(needs).flat_map(|item| of_item(config, item, &whose, "needs it")).collect()
}

fn of_item(config: &Config, item: &Item, whose: &str, does: &str) -> Vec<Keep> {
    let why = format!("{}{whose} {does}", item.id);
    let images = config.arm_images().of(&item.id, &item.human, &item.parent);
    images.into_iter().map(|reference| Keep { reference, why: why.clone() }).collect()
}

/// Each image once, with the first reason.
fn once(all: impl Iterator<Item = Keep>) -> Vec<Keep> {
    let mut known = BTreeSet::new();
    all.filter(|keep| known.insert(keep.reference.clone())).collect()
}
