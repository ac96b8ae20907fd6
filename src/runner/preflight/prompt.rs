//! Whether the texts that the agent is asked can be had.

use std::path::Path;

use super::{About, Look, Row, blocks, mend};
use crate::artifact::PlanFile;
use crate::config::{Config, Engine, Via};
use crate::domain::{FailureClass, PromptSource};
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::runner::prompt::{PromptError, Prompts, task_of};
use crate::text::count;

/// The rows about the prompt. An item without one is blocked.
pub(super) fn prompt(look: &Look<'_>, plan: Option<&PlanFile>, items: &mut [PlannedItem]) -> Vec<Row> {
    let asked = asked(look, plan, items);
    [asked, plan.and_then(|plan| task(look, plan))].into_iter().flatten().collect()
}

/// What is wrong with the plan's task file; that it can't be read is the prompt's row, or the harness's.
fn task(look: &Look<'_>, plan: &PlanFile) -> Option<Row> {
    let is_ours = look.config.agent.via == Via::Direct;
    // a text that was asked before has all that it needs
    if is_ours && look.config.prompt.source != PromptSource::Template {
        return None;
    }
    match task_of(look.checkout, look.config, &plan.task_id).ok()? {
        Some(task) => (!task.repeated.is_empty()).then(|| {
            let says =
                format!("{}: the last one counts of what stands there more than once ({})", task.path.display(), task.repeated.join(", "));
            Row::warning(About::Prompt, says, "take out the others")
        }),
        None => is_ours.then(|| {
            let (id, folder) = (&plan.task_id, look.checkout.root.join("tasks"));
            let says = format!(
                "no task file in {} has the id '{id}' of the plan: the prompt is without the task's name and constraints",
                folder.display()
            );
            Row::warning(About::Prompt, says, "write one, or name it with harness.task")
        }),
    }
}

/// Which file is to be mended, or which key names another.
fn fix(look: &Look<'_>, error: &PromptError) -> String {
    let mend = |path: &Path, key: &str| mend(look, path, key);
    match error {
        PromptError::Artifact(error) => mend(error.path(), "harness.task"),
        PromptError::Mapping(error) => mend(error.path(), "arms.mapping"),
        PromptError::Template { path, .. } | PromptError::Unreadable { what: "prompt template", path, .. } => mend(path, "prompt.template"),
        PromptError::Unreadable { path, .. } => mend(path, "prompt.from"),
        _ => format!("check [prompt] in {}", Config::FILE),
    }
}

/// The row about the texts themselves; `None` where a row about the arms says it.
fn asked(look: &Look<'_>, plan: Option<&PlanFile>, items: &mut [PlannedItem]) -> Option<Row> {
    if look.config.agent.via == Via::Harness {
        return Some(Row::ok(About::Prompt, "ISO-Bench's own, written by it for each item"));
    }
    let (repo, task_id) = plan.map_or(("", ""), |plan| (&plan.repo, &plan.task_id));
    let prompts = match Prompts::read(look.checkout, look.config, repo, task_id) {
        Ok(prompts) => prompts,
        Err(error) => {
            let is_of_arms = error.class() == FailureClass::NoCommand;
            let row = Row::blocked(if is_of_arms { About::Arms } else { About::Prompt }, error.to_string(), fix(look, &error));
            for item in items {
                item.blocked.get_or_insert_with(|| blocks(&row, error.class()));
            }
            // with containers another row says it
            return Some(row).filter(|_| !is_of_arms || look.config.arms.engine != Engine::Docker);
        }
    };
    let mut without = 0;
    for item in items.iter_mut().filter(|item| item.blocked.is_none()) {
        item.blocked = prompts.check(&item.human).err().map(|error| Blocked { class: error.class(), why: error.to_string() });
        without += usize::from(item.blocked.is_some());
    }
    if let Some(first) = prompts.broken().first().filter(|_| without == 0) {
        let says = format!("{}: whose prompt lies beside it can't be told: {first}", prompts.words());
        return Some(Row::warning(About::Prompt, says, "mend that file, or move its folder away"));
    }
    let shown = prompts.gives_away();
    Some(match without {
        0 if shown.is_empty() => Row::ok(About::Prompt, prompts.words()),
        0 => Row::warning(
            About::Prompt,
            format!("{}: it shows the agent the human's solution ({})", prompts.words(), shown.join(", ")),
            "leave these words out of the template, or compare these results with nobody's",
        ),
        _ => Row::warning(
            About::Prompt,
            format!("{}: {without} of {} {} none", prompts.words(), count(items.len(), "item"), if without == 1 { "has" } else { "have" }),
            "see these items below",
        ),
    })
}
