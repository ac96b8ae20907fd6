//! The log of `prepare`: `date - logger - level - message` on its standard error. It holds every value of `.env` and
//! every word of the agent, so nothing of it is passed on but what is known here, in words of ours.

/// Messages that say how far it is, by their beginning, and the words for them; `{}` is what follows, where that is a
/// number or a word of the harness's own.
const MARKERS: [(&str, &str); 14] = [
    ("Starting task processing: ", "item taken up"),
    ("Skipping ", "skipped: it had already completed successfully"),
    ("Resolving pre-commit", "looks for the parent commit"),
    ("Resolved pre commit: ", "parent commit found"),
    ("Detached worktree ", "worktree made"),
    ("Executing ", "agent started"),
    ("Process return code: ", "agent's return code {}"),
    ("Task status determined as: ", "status so far {}"),
    ("Analyzing file changes", "looks at the changes"),
    ("No file changes detected.", "no file changes"),
    ("Target enforcement status: ", "target files {}"),
    ("Writing journal with final status: ", "final status {}"),
    ("Exception during ", "an exception ended it"),
    ("Task failed with exception", "failed with an exception"),
];

/// What a line of the log says, in a few words; `None` for one that says nothing about how far it is.
pub fn marker(line: &str) -> Option<String> {
    let message = message(line)?;
    let (says, words) = MARKERS.iter().find(|(says, _)| message.starts_with(says)).copied().or_else(|| {
        let (agent, rest) = message.split_once(" agent ")?;
        (agent.len() <= 12 && agent.chars().all(|c| c.is_ascii_uppercase() || c == '_')).then_some(if rest.starts_with("timeout after ") {
            ("", "agent out of its time")
        } else if rest.starts_with("execution completed") {
            ("", "agent ended")
        } else {
            return None;
        })
    })?;
    let rest = message.get(says.len()..).unwrap_or_default().trim();
    let is_word = !rest.is_empty() && rest.len() <= 20 && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    Some(words.replace("{}", if is_word { rest } else { "?" }))
}

/// The message of a line of `bench`'s own loggers.
fn message(line: &str) -> Option<&str> {
    let mut parts = line.splitn(4, " - ");
    let (_, logger, _, message) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    logger.starts_with("bench").then(|| message.trim_end())
}

/// The line with which `prepare` ends where an exception left an item: `Prepare error: …`, without those words.
pub fn prepare_error(text: &str) -> Option<&str> {
    text.lines().rev().find_map(|line| line.trim().strip_prefix("Prepare error: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> Option<String> {
        marker(&format!("2026-01-23 21:19:19 - bench.prepare - INFO - {message}"))
    }

    #[test]
    fn markers_become_a_few_words_without_the_lines_own() {
        let seen: Vec<_> = [
            "Starting task processing: vllm_core-0001",
            "Executing TRAE subprocess with timeout: 7200s",
            "CLAUDE_CODE agent timeout after 7200s, terminating process",
            "TRAE agent execution completed in 1045.8 seconds",
            "Process return code: -15",
            "Writing journal with final status: success",
        ]
        .map(|message| said(message).unwrap_or_default())
        .into();
        assert_eq!(
            seen,
            ["item taken up", "agent started", "agent out of its time", "agent ended", "agent's return code -15", "final status success"]
        );
    }

    #[test]
    fn what_the_agent_says_and_what_is_in_the_environment_is_no_marker() {
        assert_eq!(said("TRAE STDOUT: Writing journal with final status: success"), None);
        assert_eq!(said("Setting environment variable OPENAI_API_KEY: sk-123"), None);
        assert_eq!(said("my secret agent timeout after all"), None);
        assert_eq!(marker("Starting task processing: without a logger"), None);
        assert_eq!(said("Process return code: sk-secret-0123456789-0123456789").as_deref(), Some("agent's return code ?"));
    }

    #[test]
    fn the_last_prepare_error_counts() {
        assert_eq!(
            prepare_error("Run path: x\nPrepare error: [Errno 21] Is a directory: 'a/.git'\n"),
            Some("[Errno 21] Is a directory: 'a/.git'")
        );
        assert_eq!(prepare_error("all well"), None);
    }
}
