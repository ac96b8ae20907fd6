//! Whether the texts that the agent is asked can be had.

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::Via;
use crate::domain::FailureClass;
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::runner::prompt::Prompts;

/// The row about the prompt, where there is something to say; an item that has none is blocked.
pub(super) fn prompt(look: &Look<'_>, plan: Option<&PlanFile>, items: &mut [PlannedItem]) -> Option<Row> {
    if look.config.agent.via == Via::Harness {
        return Some(Row::ok(About::Prompt, "ISO-Bench's own, written by it for each item"));
    }
    let plan = plan?;
    let prompts = match Prompts::read(look.checkout, look.config, &plan.repo, &plan.task_id) {
        Ok(prompts) => prompts,
        Err(error) => {
            return Some(Row::blocked(About::Prompt, error.to_string(), "`isobench-tui print prompt ITEM` shows what an agent is asked"));
        }
    };
    let mut without = 0;
    for item in items.iter_mut().filter(|item| item.blocked.is_none()) {
        let found = prompts.check(&item.human);
        item.blocked = found.err().map(|error| Blocked { class: FailureClass::NoPrompt, why: error.to_string() });
        without += usize::from(item.blocked.is_some());
    }
    let (words, shown) = (prompts.words(), prompts.gives_away());
    Some(if without > 0 {
        let says = format!("{words}; {without} of {} items have none", items.len());
        Row::warning(About::Prompt, says, "see the items below")
    } else if shown.is_empty() {
        Row::ok(About::Prompt, words)
    } else {
        let says = format!("{words} shows the agent the human's solution ({})", shown.join(", "));
        Row::warning(About::Prompt, says, "take these words out, unless that is what is to be measured")
    })
}
