//! Which plan and which bench file a run uses: the process that makes it names them; else they are told by its items.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::sight::option;
use crate::artifact::{BenchFile, Checkout, PlanFile};
use crate::host::program::Program;

/// A plan, and where it lies.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) path: PathBuf,
    pub(super) plan: PlanFile,
}

/// An item that has begun.
#[derive(Debug)]
pub(super) struct Begun<'a> {
    pub(super) id: &'a str,
    /// The human's commit; empty until its files tell.
    pub(super) human: String,
}

/// The plan of a run: the one that was named, the one that its process names, else that of those in the checkout whose
/// items the run's are. Of several that are, the one of which it has the first items, then the shortest, then the newest.
pub(super) fn plan(checkout: Option<&Checkout>, named: Option<&Path>, process: Option<&Program>, items: &[Begun<'_>]) -> Option<Chosen> {
    let read = |path: PathBuf| PlanFile::read(&path).ok().map(|(plan, _)| Chosen { path, plan });
    if let Some(named) = named {
        return read(named.to_owned());
    }
    if let Some(process) = process
        && let Some(folder) = &process.folder
    {
        let path = option(&process.arguments, &["--from-plan", "-p"]).unwrap_or_else(|| "state/plan.json".to_owned());
        if let Some(chosen) = read(folder.join(path)).filter(|chosen| holds(&chosen.plan, items)) {
            return Some(chosen);
        }
    }
    if items.is_empty() {
        return None;
    }
    let fits = checkout?.plans().into_iter().filter_map(read).filter(|chosen| holds(&chosen.plan, items));
    let age = |path: &Path| path.metadata().and_then(|there| there.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    fits.min_by_key(|chosen| (!begins_with(&chosen.plan, items), chosen.plan.items.len(), std::cmp::Reverse(age(&chosen.path))))
}

/// Whether all these items are the plan's: the same numbers count other commits in another plan.
pub(super) fn holds(plan: &PlanFile, items: &[Begun<'_>]) -> bool {
    let agrees = |planned: &str, known: &str| planned.starts_with(known) || known.starts_with(planned);
    items.iter().all(|item| plan.items.iter().any(|planned| planned.item_id.0 == item.id && agrees(&planned.human, &item.human)))
}

/// Whether they are its first ones.
fn begins_with(plan: &PlanFile, items: &[Begun<'_>]) -> bool {
    plan.items.iter().take(items.len()).all(|planned| items.iter().any(|item| item.id == planned.item_id.0))
}

/// Budgets of an agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) ms: Option<u64>,
    pub(super) steps: Option<u32>,
}

/// The budgets of a run's agent: those of the bench file that its process names; else of the files whose default agent it
/// is, where they agree.
pub(super) fn budget(checkout: Option<&Checkout>, process: Option<&Program>, agent: &str) -> Budget {
    let variables = |name: &str| std::env::var(name).ok();
    let read = |path: &Path| BenchFile::read(path, &variables).ok();
    let named = process.and_then(|process| {
        let path = option(&process.arguments, &["--bench-cfg"]).unwrap_or_else(|| "bench.yaml".to_owned());
        read(&process.folder.as_ref()?.join(path))
    });
    let files: Vec<BenchFile> = match named {
        Some(named) => vec![named],
        None => checkout.map(Checkout::bench_files).unwrap_or_default().iter().filter_map(|path| read(path)).collect(),
    };
    let mut budgets = files.iter().filter(|file| file.default_agent.as_deref() == Some(agent)).map(|file| of(file, agent));
    let first = budgets.next().unwrap_or_default();
    if budgets.all(|other| other == first) { first } else { Budget::default() }
}

fn of(file: &BenchFile, agent: &str) -> Budget {
    let Some(section) = file.agent(agent) else { return Budget::default() };
    // the harness tells its step budget to these two alone
    let steps = section.args.max_steps.filter(|_| matches!(agent, "trae" | "codex"));
    Budget { ms: section.time_budget_minutes.and_then(|minutes| crate::import::facts::millis(minutes * 60.0)), steps }
}
