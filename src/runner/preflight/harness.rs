//! What is needed to run items through ISO-Bench's own Python.

use std::fs;

use super::agent::find_program;
use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::Config;
use crate::text::count;

/// Rows about the harness.
pub(super) fn harness(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let mut rows = Vec::new();
    let root = &look.checkout.root;
    let python = &look.config.harness.python;
    let program = if python.contains('/') { root.join(python).display().to_string() } else { python.clone() };
    match find_program(&program) {
        Some(path) => rows.push(Row::ok(About::Harness, format!("Python: {}", path.display()))),
        None => rows.push(Row::blocked(
            About::Harness,
            format!("the Python '{python}' is not there or not executable"),
            format!("name the one that has ISO-Bench's packages with harness.python in {}", Config::FILE),
        )),
    }
    if !root.join("bench").is_dir() {
        let says = format!("no {}: ISO-Bench itself is not here", root.join("bench").display());
        rows.push(Row::blocked(About::Harness, says, "use a whole checkout, or set agent.via = \"direct\""));
    }
    rows.extend(stale_worktrees(look, plan));
    rows
}

/// Worktrees of earlier runs: the harness would go on in them, with the last agent's edits.
fn stale_worktrees(look: &Look<'_>, plan: Option<&PlanFile>) -> Option<Row> {
    let task = look.checkout.work.join("worktrees").join(&plan?.task_id);
    let stale = plan?.items.iter().filter(|item| fs::symlink_metadata(task.join(&item.item_id.0)).is_ok()).count();
    (stale > 0).then(|| {
        Row::warning(
            About::Harness,
            format!("{} of earlier runs in {}, which the harness would reuse, edits and all", count(stale, "worktree"), task.display()),
            "remove them and `git worktree prune`, unless another run is using them",
        )
    })
}
