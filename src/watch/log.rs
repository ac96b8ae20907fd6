//! The log of `prepare`: `date - logger - level - message` on its standard error. It holds every value of `.env` and
//! every word of the agent, so nothing of it is passed on but what is known here, in words of ours.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::text::mask::is_secret;

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

/// What a line of the log says of how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When, where the line says so: local time.
    pub at: Option<Timestamp>,
    /// In a few words, none of them the line's own.
    pub words: String,
    /// What it is about.
    pub about: About,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The item of this id begins here.
    Begins(String),
    /// The item of this id, and it ends here.
    Ends(String),
    /// The item whose worktree is named; the path holds its id.
    Worktree(String),
    /// Whichever item was taken up last: the line does not say.
    Unsaid,
}

/// Makes of an id what a line is about.
type Of = fn(String) -> About;

/// Messages that end with the id of an item, or with `<status>:` before it.
const NAMED: [(&str, Of); 4] = [
    ("Starting task processing: ", About::Begins),
    ("Task completed successfully: ", About::Ends),
    ("Task failed with exception: ", About::Ends),
    ("Generated run_summary.json for ", About::Ends),
];

/// What a line of the log says of how far it is, and of which item; `None` for a line that says nothing of that.
pub fn said(line: &str) -> Option<Said> {
    let message = message(line)?;
    let named = NAMED.iter().find_map(|(begin, about)| {
        let rest = message.strip_prefix(begin)?.split(' ').next().unwrap_or_default();
        Some(about(rest.rsplit(':').next().unwrap_or(rest).to_owned()))
    });
    let worktree = || message.split_once("worktrees/").map(|(_, path)| About::Worktree(path.to_owned()));
    let about = named.or_else(worktree);
    let words = match (marker(line), &about) {
        (Some(words), _) => words,
        (None, Some(About::Ends(_))) => "item ended".to_owned(),
        (None, Some(About::Worktree(_))) => "its worktree is there".to_owned(),
        (None, _) => return None,
    };
    Some(Said { at: time(line), words, about: about.unwrap_or(About::Unsaid) })
}

/// Whether this is a line of `bench`'s own loggers: a file that holds one is a log of the harness.
pub fn is_line(line: &str) -> bool {
    message(line).is_some() && time(line).is_some()
}

/// The moment at which a line begins, as Python writes it: local time.
fn time(line: &str) -> Option<Timestamp> {
    let (text, _) = line.split_once(" - ")?;
    let text = text.split(',').next().unwrap_or(text);
    let local = DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim()).ok()?;
    Some(local.to_zoned(TimeZone::system()).ok()?.timestamp())
}

/// The run path that `prepare` prints first.
pub fn run_path(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("Run path: ")).map(str::trim)
}

/// A secret that the harness prints of its environment, or the part of it that it prints: `  NAME: value`,
/// `NAME is set in subprocess environment: value`.
pub fn secret(line: &str) -> Option<(String, String)> {
    let (name, value) = message(line)?.trim_start().split_once(": ")?;
    // `NAME is set in …`, `Setting environment variable NAME`
    let is_name =
        |word: &&str| is_secret(word) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let name = name.split(' ').find(is_name)?;
    // of a long key only its ends are printed
    let value = value.split_once("...").map_or(value, |(begin, _)| begin);
    (!value.starts_with("***")).then(|| (name.to_owned(), value.to_owned()))
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
    fn a_line_says_of_which_item_it_is_where_it_does() {
        let about = |message: &str| super::said(&format!("2026-01-23 21:19:19 - bench.prepare - INFO - {message}")).map(|said| said.about);
        assert_eq!(about("Starting task processing: vllm_core-0001"), Some(About::Begins("vllm_core-0001".to_owned())));
        assert_eq!(about("Task completed successfully: success:vllm_core-0001"), Some(About::Ends("vllm_core-0001".to_owned())));
        assert_eq!(about("Generated run_summary.json for vllm_core-0001"), Some(About::Ends("vllm_core-0001".to_owned())));
        let worktree = about("Working directory: /x/.work/worktrees/vllm_core/vllm_core-0001");
        assert_eq!(worktree, Some(About::Worktree("vllm_core/vllm_core-0001".to_owned())));
        assert_eq!(about("Process return code: 0"), Some(About::Unsaid));
        assert_eq!(about("Setting environment variable A: b"), None);
    }

    #[test]
    fn what_is_printed_of_the_environment_is_known_for_a_secret() {
        let told = |message: &str| secret(&format!("2026-01-23 21:19:19 - bench.prepare - INFO - {message}"));
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(told("  OPENAI_API_KEY: sk-proj-0123456789ab...wxyz"), pair("OPENAI_API_KEY", "sk-proj-0123456789ab"));
        assert_eq!(told("  HF_TOKEN: hf_0123456789"), pair("HF_TOKEN", "hf_0123456789"));
        let set = told("OPENAI_API_KEY is set in subprocess environment: sk-proj-0123456789ab...wxyz");
        assert_eq!(set, pair("OPENAI_API_KEY", "sk-proj-0123456789ab"));
        assert_eq!(told("Setting environment variable HF_TOKEN: hf_0123456789"), pair("HF_TOKEN", "hf_0123456789"));
        assert_eq!(told("Working directory: /x"), None);
        assert_eq!(told("  OPENAI_API_KEY: ********************...wxyz"), None);
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
