//! The clone, and each item's commit and parent in it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{About, Look, Row};
use crate::artifact::{PlanFile, PlanItem};
use crate::config::Config;
use crate::domain::{FailureClass, short_sha};
use crate::host::git::{self, Looked};
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::text::count as counted;

/// The clone's git folder, and the row that says so.
pub(super) fn find_clone(plan: &PlanFile, look: &Look<'_>) -> (Option<PathBuf>, Row) {
    let clone = match look.checkout.clone_of(look.config.repo.as_deref(), &plan.repo, &plan.task_id) {
        Ok(clone) => clone,
        Err(looked) => {
            let says = format!("no clone of {} at {}", plan.repo, looked.display());
            let fix = format!("clone it there, name another with `repo` in {}, or run with --clone", Config::FILE);
            return (None, Row::blocked(About::Clone, says, fix));
        }
    };
    match git::git_dir(&clone) {
        Ok(git_dir) => {
            let row = Row::ok(About::Clone, git_dir.display());
            (Some(git_dir), row)
        }
        Err(error) => {
            let fix = format!("look at it with `git -C {} status`, or clone it anew", clone.display());
            (None, Row::blocked(About::Clone, error.to_string(), fix))
        }
    }
}

/// How many items can run.
pub(super) fn count(items: &[PlannedItem]) -> Row {
    let runnable = items.iter().filter(|item| item.blocked.is_none()).count();
    let says = format!("{runnable} of {} can run", counted(items.len(), "item"));
    match runnable {
        0 => Row::blocked(About::Plan, says, "`isobench-tui doctor` says what blocks each of them"),
        some if some < items.len() => {
            Row::warning(About::Plan, says, "the others are left out: `isobench-tui doctor` says what blocks them")
        }
        _ => Row::ok(About::Plan, says),
    }
}

/// Whether the clone knows the commits.
pub(super) fn known(items: &[PlannedItem], git_dir: &Path) -> Row {
    let of = |class| items.iter().filter(|item| item.blocked.as_ref().is_some_and(|blocked| blocked.class == class)).count();
    let missing = |n: usize, noun: &str| (n > 0).then(|| counted(n, noun));
    let (commits, parents) = (of(FailureClass::BadSha), of(FailureClass::MissingParent));
    let parts: Vec<String> = [missing(commits, "commit"), missing(parents, "parent")].into_iter().flatten().collect();
    if parts.is_empty() {
        let whose = if items.len() == 1 { "its parent is" } else { "their parents are" };
        return Row::ok(About::Commits, format!("{} with {whose} in the clone", counted(items.len(), "commit")));
    }
    let verb = if commits + parents == 1 { "is" } else { "are" };
    let fix = if commits > 1 {
        format!("`git -C {} fetch --all`, or check the shas", working(git_dir).display())
    } else {
        "see the items below".to_owned()
    };
    Row::warning(About::Commits, format!("{} {verb} not in the clone", parts.join(" and ")), fix)
}

/// The clone as people name it.
fn working(git_dir: &Path) -> &Path {
    if git_dir.ends_with(".git") { git_dir.parent().unwrap_or(git_dir) } else { git_dir }
}

/// Commits that stand in the plan more than once.
pub(super) fn doubles(items: &[PlannedItem]) -> Option<Row> {
    let mut of: HashMap<&str, Vec<&str>> = HashMap::new();
    for item in items.iter().filter(|item| !item.human.is_empty()) {
        of.entry(&item.human).or_default().push(&item.item.0);
    }
    let mut twice: Vec<(&str, Vec<&str>)> = of.into_iter().filter(|(_, items)| items.len() > 1).collect();
    twice.sort_by(|a, b| a.1.cmp(&b.1));
    let (commit, items) = twice.first()?;
    let others = if twice.len() > 1 { format!(", and {} more", counted(twice.len() - 1, "such commit")) } else { String::new() };
    let says = format!("commit {} stands in the plan more than once ({}){others}", short_sha(commit), items.join(", "));
    Some(Row::warning(About::Plan, says, "each is run on its own; take out those that are not wanted"))
}

/// All items, each blocked by the same.
pub(super) fn blocked_all(plan: &PlanFile, blocked: &Blocked) -> Vec<PlannedItem> {
    let item = |item: &PlanItem| PlannedItem {
        item: item.item_id.clone(),
        human: item.human.clone(),
        parent: item.pre.clone(),
        blocked: Some(blocked.clone()),
    };
    plan.items.iter().map(item).collect()
}

/// Looks up every commit and its parent in one git process each.
pub(super) fn resolve(plan: &PlanFile, git_dir: &Path) -> Vec<PlannedItem> {
    let humans: Vec<String> = plan.items.iter().map(|item| item.human.trim().to_owned()).collect();
    let parents: Vec<String> = plan
        .items
        .iter()
        .map(|item| match item.pre.trim() {
            "" => format!("{}^{}", item.human.trim(), item.pre_parent_index.unwrap_or(1)),
            pre => pre.to_owned(),
        })
        .collect();
    let looked = git::look_up(git_dir, &humans).and_then(|humans| Ok((humans, git::look_up(git_dir, &parents)?)));
    let (human_answers, parent_answers) = match looked {
        Ok(answers) => answers,
        Err(error) => return blocked_all(plan, &Blocked { class: FailureClass::GitError, why: error.to_string() }),
    };
    let rows = plan.items.iter().zip(human_answers).zip(parent_answers);
    rows.map(|((item, human), parent)| resolve_one(item, human, parent, git_dir)).collect()
}

/// One commit for `add`, looked up as the plan's items are.
pub fn resolve_added(git_dir: &Path, item: &PlanItem) -> PlannedItem {
    let plan = PlanFile::of_items(vec![item.clone()]);
    let unknown = PlannedItem { item: item.item_id.clone(), human: item.human.clone(), parent: String::new(), blocked: None };
    resolve(&plan, git_dir).into_iter().next().unwrap_or(unknown)
}

fn resolve_one(item: &PlanItem, human: Looked, parent: Looked, git_dir: &Path) -> PlannedItem {
    // the zeroth parent of a commit is itself
    let parent = if item.pre.is_empty() && item.pre_parent_index == Some(0) { Looked::Missing } else { parent };
    let clone = git_dir.display();
    let written = &item.human;
    let blocked = |class, why| Some(Blocked { class, why });
    let (human, mut why) = match human {
        Looked::Found(sha) => (sha, None),
        Looked::Missing if written.trim().is_empty() => {
            (String::new(), blocked(FailureClass::BadSha, "the plan names no human commit: fill in `human`".to_owned()))
        }
        Looked::Missing => (
            written.clone(),
            blocked(
                FailureClass::BadSha,
                format!("commit {written} is not in {clone}: check the sha, or fetch it (git fetch origin {written})"),
            ),
        ),
        Looked::Ambiguous => (
            written.clone(),
            blocked(FailureClass::BadSha, format!("more than one commit of {clone} begins with {written}: write more of the sha")),
        ),
    };
    let parent = match parent {
        Looked::Found(sha) => sha,
        Looked::Missing | Looked::Ambiguous => {
            let index = item.pre_parent_index.unwrap_or(1);
            let says = if !item.pre.is_empty() {
                format!("commit {} (`pre` of the plan) is not in {clone}: check the sha, or fetch it", item.pre)
            } else if git::is_shallow_at(git_dir, &human) {
                format!("{clone} is a shallow clone that was cut off at {written}: git fetch --unshallow")
            } else {
                format!("{written} has no parent {index}: it is the first commit, or `pre_parent_index` is wrong")
            };
            why = why.or_else(|| blocked(FailureClass::MissingParent, says));
            String::new()
        }
    };
    PlannedItem { item: item.item_id.clone(), human, parent, blocked: why }
}
