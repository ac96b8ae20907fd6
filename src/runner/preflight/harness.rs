//! What is needed to run items through ISO-Bench's own Python.

use std::fs;

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::runner::harness;
use crate::text::count;

/// Rows about the harness.
pub(super) fn harness(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let Some(plan) = plan else { return Vec::new() };
    let ready = match harness::ready(look.checkout, look.config, &plan.task_id) {
        Ok(says) => Row::ok(About::Harness, says),
        Err(why) => {
            let (says, fix) = why.split_once(": ").unwrap_or((&why, "use a whole checkout, or set agent.via = \"direct\""));
            Row::blocked(About::Harness, says, fix)
        }
    };
    [Some(ready), older_worktrees(look, plan)].into_iter().flatten().collect()
}

/// Worktrees of earlier runs. The harness would go on in them, with the last agent's edits: we make way for a new one.
fn older_worktrees(look: &Look<'_>, plan: &PlanFile) -> Option<Row> {
    let (_, task) = harness::task_of(look.checkout, look.config, &plan.task_id).ok()?;
    let tree = |item: &crate::artifact::PlanItem| harness::tree(look.checkout, &task, &item.item_id);
    let older = plan.items.iter().filter(|item| fs::symlink_metadata(tree(item)).is_ok()).count();
    let folder = look.checkout.work.join("worktrees").join(&task);
    (older > 0).then(|| {
        Row::warning(
            About::Harness,
            format!("{} of earlier runs in {}", count(older, "worktree"), folder.display()),
            "each is removed before its item is run, its edits kept as a diff: let no other run work in them meanwhile",
        )
    })
}
