//! D18: runs that end alike, one after the other: what is broken is not the agent (an expired token, a quota, a harness).
//!
//! Not a rule over steps but over the ends of the runs of one batch, in the order in which they ended. In the corpus 334 of
//! 880 runs were started after the same terminal error had ended three runs in a row.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::{Detector, Evidence, Level, Remark};
use crate::text::clean;

/// Ends in a row: note, warn, and stuck, where the queue is to pause.
const IN_A_ROW: [u32; 3] = [1, 2, 3];
/// A shorter run did nothing.
const QUICK_MS: u64 = 5_000;
/// Steps at most of a run that did nothing.
const NO_STEPS: u32 = 1;
/// Bytes of an error that count.
const LONGEST: usize = 4096;
/// Characters of an error that are shown.
const SHOWN: usize = 200;
/// Runs that a remark names.
const NAMED: usize = 5;

/// How a run ended. Runs that a person stopped or skipped are not to be told.
#[derive(Debug, Clone, Copy)]
pub struct EndOfRun<'a> {
    /// What people call the run: its item, or its path.
    pub label: &'a str,
    /// Steps of its agent.
    pub steps: u32,
    /// How long it took; `None` where that is not known.
    pub duration_ms: Option<u64>,
    /// The error with which its agent ended.
    pub error: Option<&'a str>,
    /// Whether the harness calls it a success.
    pub success: bool,
    /// The exit code of its agent; `None` where that is not known.
    pub rc: Option<i32>,
}

/// Runs of one agent and model, as they end.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    now: Option<Row>,
}

/// Runs in a row that ended alike.
#[derive(Debug, Clone)]
struct Row {
    cause: Cause,
    count: u32,
    /// The last error, as it is shown.
    error: String,
    /// The last few of them.
    labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The agent ended with this error, masked.
    Error(u64),
    /// The agent failed with this exit code, and said nothing.
    Code(i32),
    /// It did nothing: no steps, or it was over at once.
    Nothing,
}

impl EndOfRun<'_> {
    /// Whether nothing but its time and its steps speaks against it.
    pub fn did_nothing(&self) -> bool {
        Cause::of(self) == Some(Cause::Nothing)
    }
}

impl Batch {
    /// Takes the end of the next run, and says what is wrong with it and with those before it.
    pub fn take(&mut self, run: &EndOfRun<'_>) -> Vec<Remark> {
        let mut remarks = Vec::new();
        remarks.extend(false_success(run));
        let Some(cause) = Cause::of(run) else {
            self.now = None;
            return remarks;
        };
        let row = match self.now.take() {
            Some(row) if row.cause == cause => row,
            _ => Row { cause, count: 0, error: String::new(), labels: Vec::new() },
        };
        let row = row.and(run);
        if row.count > 1 || cause == Cause::Nothing {
            remarks.push(row.remark(run));
        }
        self.now = Some(row);
        remarks
    }

    /// Runs in a row that ended alike, up to the last one; 0 after a good end.
    pub fn in_a_row(&self) -> u32 {
        self.now.as_ref().map_or(0, |row| row.count)
    }

    /// How bad that is: the queue is to pause at [`Level::Stuck`].
    pub fn level(&self) -> Level {
        let [note, warn, stuck] = IN_A_ROW;
        match self.in_a_row() {
            count if count >= stuck => Level::Stuck,
            count if count >= warn => Level::Warn,
            count if count >= note => Level::Note,
            _ => Level::None,
        }
    }

    /// Why, in a sentence; empty after a good end.
    pub fn says(&self) -> String {
        self.now.as_ref().map(Row::says).unwrap_or_default()
    }

    /// The runs meant, the last few.
    pub fn labels(&self) -> &[String] {
        self.now.as_ref().map_or(&[], |row| &row.labels)
    }

    /// A person looked into it: the row begins anew.
    pub fn forget(&mut self) {
        self.now = None;
    }
}

impl Cause {
    fn of(run: &EndOfRun<'_>) -> Option<Self> {
        match (run.error.filter(|error| !error.trim().is_empty()), run.rc) {
            (Some(error), _) => Some(Self::Error(fingerprint(error))),
            (None, Some(code)) if code != 0 => Some(Self::Code(code)),
            _ if run.steps <= NO_STEPS || run.duration_ms.is_some_and(|ms| ms < QUICK_MS) => Some(Self::Nothing),
            _ => None,
        }
    }
}

impl Row {
    fn and(mut self, run: &EndOfRun<'_>) -> Self {
        self.count = self.count.saturating_add(1);
        self.error = run.error.map(shown).unwrap_or_default();
        if self.labels.len() == NAMED {
            self.labels.remove(0);
        }
        self.labels.push(shown(run.label));
        self
    }

    fn says(&self) -> String {
        let runs = if self.count == 1 { "the last run".to_owned() } else { format!("{} runs in a row", self.count) };
        match self.cause {
            Cause::Error(_) => format!("{runs} ended with the same error: {}", self.error),
            Cause::Code(code) => format!("{runs} ended with exit code {code} and no other word"),
            Cause::Nothing => format!("{runs} did nothing: no more than one step, or over within 5 s"),
        }
    }

    fn remark(&self, run: &EndOfRun<'_>) -> Remark {
        let text = format!("ended alike: {}", self.labels.join(", "));
        Remark {
            detector: Detector::Systemic,
            step: None,
            says: self.says(),
            hint: match self.cause {
                Cause::Error(_) => hint(&self.error).to_owned(),
                Cause::Code(_) | Cause::Nothing => "Look at the agent's log of the last run: it may not have started at all".to_owned(),
            },
            evidence: vec![Evidence { step: run.steps, text }],
        }
    }
}

/// A success that cannot be one.
fn false_success(run: &EndOfRun<'_>) -> Option<Remark> {
    let why = match (run.success, run.error, run.rc) {
        (false, ..) => return None,
        (true, Some(error), _) if !error.trim().is_empty() => format!("its agent died: {}", shown(error)),
        (true, _, Some(code)) if code != 0 => format!("its agent's exit code is {code}"),
        _ => return None,
    };
    Some(Remark {
        detector: Detector::Systemic,
        step: None,
        says: format!("called a success, but {why}"),
        hint: "Do not count this run before somebody has read its patch".to_owned(),
        evidence: Vec::new(),
    })
}

/// What usually helps, by the words of an error.
fn hint(error: &str) -> &'static str {
    let error = error.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if has(&["token", "expired", "unauthorized", "401", "403", "api key", "api_key", "credential", "permission", "login"]) {
        "Check the credentials: the token may be expired; log in again, then let the queue go on"
    } else if has(&["quota", "429", "rate limit", "billing", "credit", "insufficient", "throttl"]) {
        "The provider's quota or rate limit is used up: wait, or change the account, then let the queue go on"
    } else if has(&["connection", "timed out", "timeout", "resolve", "unreachable", "overloaded", "503", "502"]) {
        "Check the network and whether the model's server is up, then let the queue go on"
    } else if has(&["no space", "disk"]) {
        "Free some disk, then let the queue go on"
    } else {
        "Find out what is broken before more runs are spent on it"
    }
}

fn shown(text: &str) -> String {
    clean::first_line(text).chars().take(SHOWN).collect()
}

/// An error without what differs from run to run: numbers, ids of requests and calls, addresses, paths, times. Two errors
/// that are the same to a person have the same fingerprint. Of a long one the first 4 KiB count.
pub fn fingerprint(error: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut was_masked = false;
    let longest: String = error.chars().take(LONGEST).collect();
    for word in longest.split(|char: char| char.is_whitespace() || is_mark(char)).filter(|word| !word.is_empty()) {
        let is_masked = is_own(word);
        match (is_masked, was_masked) {
            // several in a row (a list of ids, a date) are one
            (true, true) => {}
            (true, false) => '#'.hash(&mut hasher),
            (false, _) => word.to_lowercase().hash(&mut hasher),
        }
        was_masked = is_masked;
    }
    hasher.finish()
}

/// What stands around words.
const fn is_mark(char: char) -> bool {
    matches!(char, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '=' | '!' | '?')
}

/// Whether a word is this run's own.
fn is_own(word: &str) -> bool {
    let word = word.trim_matches(|char: char| matches!(char, '.' | ':' | '*'));
    let upper = word.chars().filter(char::is_ascii_uppercase).count();
    let is_id = word.len() >= 16 && upper > 0 && upper * 3 > word.len() && word.chars().any(|char| char.is_ascii_lowercase());
    word.contains(|char: char| char.is_ascii_digit()) || word.contains('/') || is_id
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run<'a>(label: &'a str, error: Option<&'a str>) -> EndOfRun<'a> {
        EndOfRun { label, steps: 20, duration_ms: Some(60_000), error, success: false, rc: Some(i32::from(error.is_some())) }
    }

    const EXPIRED: [&str; 3] = [
        "Error: The SSO session has expired (request id: 4f1c-99aa) at 2025-12-24T07:41:47Z",
        "Error: The SSO session has expired (request id: 77ab-0001) at 2025-12-24T07:50:32Z",
        "Error: The SSO session has expired (request id: cc10-5e2f) at 2025-12-24T08:01:10Z",
    ];

    #[test]
    fn the_same_error_three_times_pauses_the_queue() {
        let mut batch = Batch::default();
        let [first, second, third] = EXPIRED;
        assert_eq!((batch.take(&run("vllm-1", Some(first))), batch.level()), (vec![], Level::Note));
        let remarks = batch.take(&run("vllm-2", Some(second)));
        assert_eq!((remarks.len(), batch.level()), (1, Level::Warn));
        let remarks = batch.take(&run("vllm-3", Some(third)));
        assert_eq!((batch.level(), batch.in_a_row()), (Level::Stuck, 3));
        let says: Vec<&str> = remarks.iter().map(|remark| remark.says.as_str()).collect();
        assert_eq!(says, [format!("3 runs in a row ended with the same error: {third}")]);
        assert!(remarks.iter().all(|remark| remark.hint.starts_with("Check the credentials")));
        assert_eq!(batch.labels(), ["vllm-1", "vllm-2", "vllm-3"]);
    }

    #[test]
    fn another_error_or_a_good_run_between_them_begins_anew() {
        let mut batch = Batch::default();
        let [first, second, _] = EXPIRED;
        batch.take(&run("1", Some(first)));
        batch.take(&run("2", Some(second)));
        batch.take(&run("3", Some("max steps exceeded")));
        assert_eq!((batch.level(), batch.in_a_row()), (Level::Note, 1));
        batch.take(&run("4", None));
        assert_eq!((batch.level(), batch.says()), (Level::None, String::new()));
        batch.take(&run("5", Some(first)));
        assert_eq!(batch.level(), Level::Note, "and is told again");
    }

    #[test]
    fn runs_that_did_nothing_are_told_at_once() {
        let mut batch = Batch::default();
        let empty = EndOfRun { steps: 0, ..run("a", None) };
        let quick = EndOfRun { duration_ms: Some(4_999), ..run("b", None) };
        let says: Vec<String> = [empty, quick].iter().flat_map(|run| batch.take(run)).map(|remark| remark.says).collect();
        assert_eq!(
            says,
            [
                "the last run did nothing: no more than one step, or over within 5 s",
                "2 runs in a row did nothing: no more than one step, or over within 5 s"
            ]
        );
        assert_eq!(batch.take(&EndOfRun { duration_ms: Some(5_000), steps: 2, ..run("c", None) }), []);
    }

    #[test]
    fn a_success_that_is_none_is_told() {
        let mut batch = Batch::default();
        let said = |remarks: Vec<Remark>| remarks.into_iter().map(|remark| remark.says).collect::<Vec<_>>();
        let dead = EndOfRun { success: true, rc: Some(0), ..run("a", Some("401 Unauthorized")) };
        assert_eq!(said(batch.take(&dead)), ["called a success, but its agent died: 401 Unauthorized"]);
        let code = EndOfRun { success: true, rc: Some(137), ..run("b", None) };
        assert_eq!(said(batch.take(&code)), ["called a success, but its agent's exit code is 137"]);
        let good = EndOfRun { success: true, ..run("c", None) };
        assert_eq!((said(batch.take(&good)), batch.level()), (vec![], Level::None));
    }

    #[test]
    fn what_is_a_run_s_own_does_not_count() {
        let same = [
            ["No tool output found for function call call_a1B2c3.", "No tool output found for function call call_ZZ99."],
            ["messages.7: `tool_use` ids were found: toolu_01Ab, toolu_02Cd", "messages.193: `tool_use` ids were found: toolu_77"],
            ["cannot open /root/work/vllm_core-0007/x.py", "cannot open /root/work/vllm_core-0012/y.py"],
            ["request XkQwPzRtYuVbNmLs failed", "request AbCdXYZQwERtYuIo failed"],
        ];
        for [left, right] in same {
            assert_eq!(fingerprint(left), fingerprint(right), "{left}");
        }
        assert_ne!(fingerprint("quota exceeded"), fingerprint("token expired"));
        assert_ne!(fingerprint("Error 401: BadRequestError"), fingerprint("Error 401: RateLimitError"));
    }

    #[test]
    fn a_hostile_error_is_shown_clean() {
        let mut batch = Batch::default();
        let error = format!("\u{1b}]0;x\u{7}\u{1b}[2Jbad {}", "y".repeat(10_000));
        batch.take(&run("\u{1b}[31ma", Some(&error)));
        let said = batch.take(&run("b", Some(&error)));
        assert!(said.iter().all(|remark| clean::is_clean(&remark.says) && remark.says.chars().count() < 300), "{said:?}");
        assert!(said.iter().flat_map(|remark| &remark.evidence).all(|line| clean::is_clean(&line.text)));
    }

    proptest! {
        #[test]
        fn any_error_has_a_fingerprint(error in "\\PC{0,300}") {
            prop_assert_eq!(fingerprint(&error), fingerprint(&error.clone()));
        }
    }
}
