//! Whether the texts that the agent is asked can be had.

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::{Config, Via};
use crate::domain::FailureClass;
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::runner::prompt::Prompts;

/// The row about the prompt. An item without one is blocked.
pub(super) fn prompt(look: &Look<'_>, plan: Option<&PlanFile>, items: &mut [PlannedItem]) -> Row {
    if look.config.agent.via == Via::Harness {
        return Row::ok(About::Prompt, "ISO-Bench's own, written by it for each item");
    }
    let blocked = |why: String| Blocked { class: FailureClass::NoPrompt, why };
    let (repo, task_id) = plan.map_or(("", ""), |plan| (&plan.repo, &plan.task_id));
    let prompts = match Prompts::read(look.checkout, look.config, repo, task_id) {
        Ok(prompts) => prompts,
        Err(error) => {
            for item in items {
                item.blocked.get_or_insert_with(|| blocked(error.to_string()));
            }
            return Row::blocked(About::Prompt, error.to_string(), format!("check [prompt] in {}", Config::FILE));
        }
    };
    let mut without = 0;
    for item in items.iter_mut().filter(|item| item.blocked.is_none()) {
        item.blocked = prompts.check(&item.human).err().map(|error| blocked(error.to_string()));
        without += usize::from(item.blocked.is_some());
    }
    if let Some(first) = prompts.broken().first().filter(|_| without == 0) {
        let says = format!("{}: whose prompt lies beside it can't be told: {first}", prompts.words());
        return Row::warning(About::Prompt, says, "mend that file, or move its folder away");
    }
    let shown = prompts.gives_away();
    match without {
        0 if shown.is_empty() => Row::ok(About::Prompt, prompts.words()),
        0 => Row::warning(
            About::Prompt,
            format!("{}: it shows the agent the human's solution ({})", prompts.words(), shown.join(", ")),
            "leave these words out of the template, or compare these results with nobody's",
        ),
        _ => Row::warning(
            About::Prompt,
            format!("{}: {without} of {} items have none", prompts.words(), items.len()),
            "see these items below",
        ),
    }
}
