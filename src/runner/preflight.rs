//! A look at the whole queue before anything starts: one table, each row ok, a warning or blocked, with the fix.
//! Nothing in it takes longer than a few seconds, whatever hangs.

mod agent;
mod arms;
mod commits;
mod docker;
mod gpu;
mod harness;
mod images;
mod judge;
mod keys;
mod length;
mod prompt;
mod room;
mod surroundings;

use std::path::{Path, PathBuf};

use crate::artifact::{Checkout, PlanFile};
use crate::config::{Config, Via};
pub use crate::domain::{About, Check, Row};
use crate::domain::{FailureClass, ItemId};
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::model::{Item, ItemState, Run};

pub use agent::find_program;
pub use commits::resolve_added;
pub use docker::beside as docker_beside;
pub use gpu::Gpus;
pub use length::{Length, spoken};
pub use surroundings::Surroundings;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The harness.
    pub checkout: &'a Checkout,
    /// The configuration, as resolved.
    pub config: &'a Config,
    /// Variables, home and time.
    pub around: &'a Surroundings,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// The table.
    pub rows: Vec<Row>,
    /// The items, resolved or blocked.
    pub items: Vec<PlannedItem>,
    /// The clone's git folder.
    pub git_dir: Option<PathBuf>,
    /// How long it will take.
    pub length: Length,
}

impl Preflight {
    /// Whether anything can be run at all.
    pub fn is_runnable(&self) -> bool {
        self.items.iter().any(|item| item.blocked.is_none()) && !self.rows.iter().any(|row| row.check == Check::Blocked)
    }

    /// Whether there is nothing to warn of.
    pub fn is_all_well(&self) -> bool {
        self.items.iter().all(|item| item.blocked.is_none()) && self.rows.iter().all(|row| row.check == Check::Ok)
    }

    /// Whether a folder can't be written: a mistake in the surroundings, and none of the queue.
    pub fn is_unwritable(&self) -> bool {
        self.rows.iter().any(|row| row.check == Check::Blocked && row.about == About::Folders)
    }
}

/// A row as the reason why an item can't run.
fn blocks(row: &Row, class: FailureClass) -> Blocked {
    Blocked { class, why: row.sentence() }
}

/// An item whose arms are known to be impossible is left out before its agent works: `why` is a sentence about its commit. Who wants
/// the patch alone says so.
fn unmeasured(class: FailureClass, why: &str) -> Blocked {
    Blocked { class, why: format!("{why}; --unmeasured (arms.unmeasured) takes its patch all the same") }
}

/// Looks at the queue and at what it needs.
pub fn preflight(plan: &PlanFile, look: &Look<'_>) -> Preflight {
    let (clone, clone_row) = commits::find_clone(plan, look);
    let agent = agent_rows(look);
    let mut items = match &clone {
        Some(git_dir) => commits::resolve(plan, git_dir),
        None => commits::blocked_all(plan, &blocks(&clone_row, FailureClass::MissingRepo)),
    };
    let (asked, images) = leave_out(look, plan, &agent, &mut items);
    let runnable = items.iter().filter(|item| item.blocked.is_none()).count();
    // where nothing can run yet, all of them are to
    let length =
        length::expected(look, &plan.repo, &items.iter().filter(|item| runnable == 0 || item.blocked.is_none()).collect::<Vec<_>>());
    let mut rows = vec![commits::count(&items)];
    rows.extend(commits::doubles(&items));
    rows.push(length.row());
    rows.push(clone_row);
    rows.extend(clone.as_deref().map(|git_dir| commits::known(&items, git_dir)));
    rows.extend(agent);
    rows.extend(needs(look, &length, Some(plan), asked));
    let first = items.iter().find(|item| item.blocked.is_none());
    rows.extend(room::disk(look, clone.as_deref().zip(first)));
    rows.extend(images);
    Preflight { rows, items, git_dir: clone, length }
}

/// Leaves out the items that can't be run or measured, whatever their commits are; the rows about the prompt and about the images.
fn leave_out(look: &Look<'_>, plan: &PlanFile, agent: &[Row], items: &mut [PlannedItem]) -> (Vec<Row>, Vec<Row>) {
    // an item's own reason says more than the one that all of them have
    if let Some(no_agent) = agent.iter().find(|row| row.check == Check::Blocked) {
        for item in items.iter_mut() {
            item.blocked.get_or_insert_with(|| blocks(no_agent, FailureClass::AgentNotFound));
        }
    }
    let asked = prompt::prompt(look, Some(plan), items);
    arms::block(look, items);
    (asked, images::images(look, items))
}

/// What to do about a file that is named by this key of the configuration.
fn mend(look: &Look<'_>, path: &Path, key: &str) -> String {
    let path = path.strip_prefix(&look.checkout.root).unwrap_or(path);
    format!("mend {}, or name another with {key} in {}", path.display(), Config::FILE)
}

/// Of the items that were blocked when the run was made those that nothing blocks any more. A commit that was not known then stays
/// blocked: its parent is not on record.
pub fn freed(look: &Look<'_>, run: &Run) -> Vec<ItemId> {
    use FailureClass::{BadSha, GitError, MissingParent, MissingRepo};
    let may_be = |item: &&Item| match &item.state {
        ItemState::Blocked { class, .. } => !matches!(class, BadSha | GitError | MissingParent | MissingRepo),
        _ => false,
    };
    let planned =
        |item: &Item| PlannedItem { item: item.id.clone(), human: item.human.clone(), parent: item.parent.clone(), blocked: None };
    let mut items: Vec<PlannedItem> = run.items.iter().filter(may_be).map(planned).collect();
    if items.is_empty() {
        return Vec::new();
    }
    let mut plan = PlanFile::of_items(Vec::new());
    (plan.repo, plan.task_id) = (run.repo.clone(), run.task_id.clone());
    leave_out(look, &plan, &agent_rows(look), &mut items);
    items.into_iter().filter(|item| item.blocked.is_none()).map(|item| item.item).collect()
}

/// The same without a plan: what can be said of the checkout and the machine alone.
pub fn without_plan(look: &Look<'_>) -> Vec<Row> {
    let mut rows = agent_rows(look);
    rows.extend(needs(look, &Length::Unknown, None, prompt::prompt(look, None, &mut [])));
    rows.extend(room::disk(look, None));
    rows
}

/// What ISO-Bench itself starts it may find where we don't.
fn agent_rows(look: &Look<'_>) -> Vec<Row> {
    let mut rows = agent::agent(look);
    if look.config.agent.via == Via::Harness {
        for row in rows.iter_mut().filter(|row| row.check == Check::Blocked) {
            row.check = Check::Warning;
        }
    }
    rows
}

fn needs(look: &Look<'_>, length: &Length, plan: Option<&PlanFile>, asked: Vec<Row>) -> Vec<Row> {
    let mut rows = keys::keys(look, length);
    rows.extend(keys::dot_env(look));
    rows.extend(asked);
    if look.config.agent.via == Via::Harness {
        rows.extend(harness::harness(look, plan));
    }
    rows.extend(arms::arms(look, plan));
    rows.extend(docker::docker(look));
    rows.extend(judge::judge(look));
    rows.extend(room::folders(look, plan));
    rows
}
