//! Whether the texts that the agent is asked can be had.

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::{Config, Via};
use crate::domain::FailureClass;
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::runner::prompt::Prompts;

/// The row about the prompt. An item that would be asked nothing is blocked.
pub(super) fn asked(look: &Look<'_>, plan: &PlanFile, items: &mut [PlannedItem]) -> Row {
    if look.config.agent.via == Via::Harness {
        return Row::ok(About::Prompt, "ISO-Bench's own, written by it for each item");
    }
    let prompts = match Prompts::read(look.checkout, look.config, &plan.repo, &plan.task_id) {
        Ok(prompts) => prompts,
        Err(error) => {
            for item in items.iter_mut() {
                item.blocked.get_or_insert_with(|| Blocked { class: FailureClass::NoPrompt, why: error.to_string() });
            }
            return Row::blocked(About::Prompt, error.to_string(), format!("check [prompt] in {}", Config::FILE));
        }
    };
    let mut without = 0;
    for item in items.iter_mut().filter(|item| item.blocked.is_none()) {
        let found = prompts.check(&item.human);
        without += usize::from(found.is_err());
        item.blocked = found.err().map(|error| Blocked { class: FailureClass::NoPrompt, why: error.to_string() });
    }
    let shown = prompts.gives_away();
    if without > 0 {
        let says = format!("{}; {without} of {} items have none", prompts.words(), items.len());
        return Row::warning(About::Prompt, says, "name another run with prompt.from, or use a template");
    }
    if !shown.is_empty() {
        let says = format!("{}: it shows the agent the human's solution ({})", prompts.words(), shown.join(", "));
        return Row::warning(About::Prompt, says, "take these words out of the template where that is not meant");
    }
    Row::ok(About::Prompt, prompts.words())
}
