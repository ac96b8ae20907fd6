//! What the forms have in common: counts of tokens, and ends.

use serde_json::Value;

use crate::agent::End;
use crate::agent::value::{part, text};
use crate::domain::Usage;

/// Tokens as an object tells them.
pub(super) fn usage(told: &Value) -> Option<Usage> {
    let count = |name: &str| part(told, name).as_u64();
    let (input, output) = (count("input_tokens")?, count("output_tokens")?);
    Some(Usage { input, output, cached: count("cached_input_tokens").unwrap_or_default() })
}

/// What was added to `before`.
pub(super) const fn more(all: Usage, before: Usage) -> Usage {
    Usage {
        input: all.input.saturating_sub(before.input),
        output: all.output.saturating_sub(before.output),
        cached: all.cached.saturating_sub(before.cached),
    }
}

/// The end that `turn_aborted` tells: somebody interrupted it, or replaced it.
pub(super) fn aborted(event: &Value) -> End {
    End::Stopped(format!("the turn was aborted: {}", text(part(event, "reason"))))
}

/// The end that `task_complete` tells: a good one has a last word.
pub(super) fn completed(event: &Value) -> End {
    if part(event, "last_agent_message").is_null() { End::Unexplained } else { End::Accepted }
}
