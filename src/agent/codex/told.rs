//! What the forms have in common: counts of tokens, ends, and the frames around what was said.

use serde_json::Value;

use crate::agent::End;
use crate::agent::value::{content, part, text};
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

/// The end that `task_complete` tells: a good one has a last word. Since 0.169 the error of a bad one stands in it.
pub(super) fn completed(event: &Value) -> End {
    let error = part(part(event, "error"), "message");
    match (error.is_null(), part(event, "last_agent_message").is_null()) {
        (false, _) => End::StepError(content(error)),
        (true, true) => End::Unexplained,
        (true, false) => End::Accepted,
    }
}

/// What a tool printed, without the frame that Codex puts around it. `Chunk ID` differs each time and says nothing, so that
/// no two results were the same; of the rest only what is out of the ordinary stays, on lines before the output.
pub(super) fn without_frame(said: &str) -> String {
    const FRAME: [&str; 4] = ["Chunk ID: ", "Wall time: ", "Original token count: ", "Total output lines: "];
    const GOOD: [&str; 2] = ["Process exited with code 0", "Exit code: 0"];
    let Some((head, output)) = said.split_once("\nOutput:\n") else { return said.to_owned() };
    let is_frame = |line: &&str| FRAME.iter().chain(&GOOD).any(|start| line.starts_with(start));
    // an output of its own may have such a line
    if !head.lines().next().is_some_and(|line| is_frame(&line) || line.starts_with("Process ") || line.starts_with("Exit code: ")) {
        return said.to_owned();
    }
    let kept: Vec<&str> = head.lines().filter(|line| !is_frame(line)).chain([output]).collect();
    kept.join("\n")
}

/// What a hook said: Codex puts it into a message of the user, `<hook_prompt hook_run_id="stop:0:…">words</hook_prompt>`.
pub(super) fn of_hook(words: &str) -> Option<String> {
    let (head, said) = words.trim().strip_prefix("<hook_prompt")?.split_once('>')?;
    let said = said.strip_suffix("</hook_prompt>").unwrap_or(said).trim();
    let (_, id) = head.split_once("hook_run_id=\"")?;
    Some(format!("{} hook: {said}", id.split([':', '"']).next().unwrap_or_default()))
}
