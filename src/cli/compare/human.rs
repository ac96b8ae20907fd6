//! The human's commit as one side: what it changed, out of a clone.

use std::path::{Path, PathBuf};

use super::load::Origin;
use super::{Asked, facts};
use crate::artifact::{Checkout, PlanFile};
use crate::cli::{find, settings};
use crate::domain::ids::short_sha;
use crate::host::git::{self, GitError, Looked};
use crate::import;
use crate::text::clean;
use crate::text::mask::Masker;
use crate::ui::compare::Side;

/// The side of the human's commit of an item.
pub(super) fn side(item: &Origin, asked: &Asked, masker: &Masker) -> Result<Side, String> {
    let Some((parent, human)) = &item.commits else {
        return Err(
            "which commit is the human's is not on record: it stands in the journal.json or prompt.json of an item's folder. Name the folder, or compare with a patch file".to_owned(),
        );
    };
    let short = short_sha(human).to_owned();
    let clone = clone_of(item, asked).map_err(|looked| {
        let looked = if looked.is_empty() { String::new() } else { format!(" (looked at {})", looked.join(", ")) };
        format!(
            "there is no clone here that knows the human's commit {short}{looked}: name one with --clone FOLDER, or make it by `git clone URL .work/repos/{}` in the harness folder",
            if item.task.is_empty() { "TASK" } else { item.task.as_str() }
        )
    })?;
    let shown = clean::path(&clone);
    let refused = |error: GitError| clean::shown(&error.to_string()).into_owned();
    let git_dir = git::git_dir(&clone).map_err(refused)?;
    let before = if parent.is_empty() { format!("{human}^") } else { parent.clone() };
    let names = [human.clone(), before.clone()];
    let found = git::look_up(&git_dir, &names).map_err(refused)?;
    let mut commits = Vec::new();
    for (name, looked) in names.iter().zip(found) {
        match looked {
            Looked::Found(sha) => commits.push(sha),
            Looked::Missing => {
                return Err(format!(
                    "{shown}: this clone does not know the commit {}: fetch it there (git -C {shown} fetch --all)",
                    short_sha(name)
                ));
            }
            Looked::Ambiguous => return Err(format!("{shown}: more than one commit of this clone begins with {}", short_sha(name))),
        }
    }
    let [human, before] = commits.as_slice() else { return Err(format!("{shown}: git did not answer")) };
    let patch =
        git::answer(&git_dir, &["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--full-index", before, human]).map_err(refused)?;
    let patch = masker.mask(&patch).into_owned();
    let mut side = Side { name: "human".to_owned(), from: format!("commit {short} of {shown}"), patch: Some(patch), ..Side::default() };
    side.facts = facts::of_patch(&side);
    Ok(side)
}

/// The clone: the named one, the harness's own beside the item, or that of a plan. The error names where it was looked for.
fn clone_of(item: &Origin, asked: &Asked) -> Result<PathBuf, Vec<String>> {
    if let Some(clone) = &asked.clone {
        return Ok(clone.clone());
    }
    let mut looked = Vec::new();
    if let Some(clone) = item.folder.as_deref().and_then(|folder| import::clone_of(folder, &item.task)) {
        return Ok(clone);
    }
    let of_item = item.folder.as_deref().and_then(|folder| Checkout::find(&folder.canonicalize().ok()?).ok().flatten());
    let checkouts = [asked.root.as_deref().and_then(|root| find::checkout(Some(root)).ok()), of_item, find::checkout(None).ok()];
    for checkout in checkouts.into_iter().flatten() {
        match of_plan(&checkout, &item.task) {
            Ok(clone) => return Ok(clone),
            Err(place) => {
                let place = clean::path(&place);
                if !looked.contains(&place) {
                    looked.push(place);
                }
            }
        }
    }
    Err(looked)
}

/// The clone of the plan of this task, as the runner looks for it.
fn of_plan(checkout: &Checkout, task: &str) -> Result<PathBuf, PathBuf> {
    let config = settings::resolved(checkout, &settings::SettingsArgs::default()).ok();
    let checkout = config.as_ref().map_or(checkout, |config| &config.checkout);
    let plans = checkout.plans().into_iter().filter_map(|path| PlanFile::read(&path).ok()).map(|(plan, _)| plan);
    let repo = plans.into_iter().find(|plan| plan.task_id == task || task.is_empty()).map(|plan| plan.repo).unwrap_or_default();
    let configured = config.as_ref().and_then(|config| config.config.repo.as_deref());
    checkout.clone_of(configured.map(Path::new), &repo, task)
}
