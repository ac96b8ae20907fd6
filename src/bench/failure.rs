//! From what was printed to the class of a failure: one table, and the first cause wins, not the last message. Everybody
//! who names a failure asks here: the runner, the importer, preflight, reports, `parse`.

mod agent;
mod line;
mod result;
mod table;

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::domain::{Cause, FailureClass};
use crate::text::clean;
use line::{Line, lines};
use table::{Of, Rank, Row, is_hunk, is_of_patch};

pub use agent::{AgentEnd, Printed, of_agent};
pub use result::{of_result, timeout_of};

/// Bytes of a line that are quoted: longer ones are quoted around what they say.
const QUOTED: usize = 400;

/// Bytes that are quoted before it.
const BEFORE: usize = 120;

/// All rows, and one automaton that finds what they say: an output is read once, however long the table grows.
static TABLE: LazyLock<(Vec<Row>, Option<AhoCorasick>)> = LazyLock::new(|| {
    let rows: Vec<_> = table::rows().collect();
    let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(rows.iter().map(|row| row.says)).ok();
    (rows, automaton)
});

/// The cause of an agent's or a stage's failure that a text names, with the line (or the part of it) that says so.
pub fn classify(text: &str) -> Option<(FailureClass, &str)> {
    Search::of(text, Of::Agent).found.filter(|found| found.row.is_some()).map(|found| (found.class, found.line))
}

/// The cause that the captured output of a failed benchmark names; the output is known to be none of a success.
pub fn first_cause(text: &str) -> Option<Cause> {
    Search::of(text, Of::Bench).found.map(|found| found.cause())
}

/// The same of a single line, while it is printed: what is quoted of it. Most lines are known at once to name nothing.
pub(super) fn named_in(line: &[u8]) -> Option<String> {
    let has = |word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
    let may = TABLE.1.as_ref().is_some_and(|automaton| automaton.is_match(line)) || has("Error") || has("Exception");
    Some(first_cause(&String::from_utf8_lossy(may.then_some(line)?))?.evidence)
}

/// What a person can do about a failure: what the table says to its evidence, else what it says to its class.
pub fn hint(class: FailureClass, evidence: &str) -> &'static str {
    // a sentence of ours may stand before the line: nothing of it is left out here
    let said = evidence.lines().map(|line| Line { whole: line, says: Cow::Borrowed(line), file: None });
    let of_row = said.flat_map(|line| [Of::Bench, Of::Agent].into_iter().flat_map(move |of| rows_of(&line, of).collect::<Vec<_>>()));
    let of_row = of_row.filter(|(row, _)| fits_class(row, class)).find_map(|(row, _)| row.hint);
    of_row.unwrap_or(class.hint())
}

/// Whether a row's hint is one for this class: a row of `patch` stands for both of its classes.
fn fits_class(row: &Row, class: FailureClass) -> bool {
    row.class == class || (is_of_patch(row) && class == FailureClass::PatchHalfApplied)
}

/// The rows that fit a line, in no order, and where in the whole line they do.
fn rows_of<'t>(line: &Line<'t>, of: Of) -> impl Iterator<Item = (&'static Row, usize)> + use<'t> {
    let (rows, automaton) = &*TABLE;
    let mut low = None;
    let mut fitting = Vec::new();
    for hit in automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(line.says.as_ref())) {
        let Some(row) = rows.get(hit.pattern().as_usize()).filter(|row| row.of == Of::Any || row.of == of) else { continue };
        let low = low.get_or_insert_with(|| line.says.to_ascii_lowercase());
        if row.fits(line, low) {
            let head = line.whole.len().saturating_sub(line.says.len());
            fitting.push((row, hit.pattern(), head.saturating_add(hit.start())));
        }
    }
    // of equals the first of the table
    fitting.sort_by_key(|(_, at, _)| *at);
    fitting.into_iter().map(|(row, _, start)| (row, start))
}

/// What a line said.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    class: FailureClass,
    rank: Rank,
    /// `None` for an exception that the table does not know.
    row: Option<&'static Row>,
    /// The line, or the part of it around what it says.
    line: &'a str,
}

impl Found<'_> {
    fn cause(&self) -> Cause {
        Cause { class: self.class, evidence: clean::line(self.line) }
    }
}

/// A text, searched.
#[derive(Debug, Default)]
struct Search<'a> {
    /// The first line of the highest rank.
    found: Option<Found<'a>>,
    /// The last line of the highest rank: of an agent's words, which tell of errors that it overcame, the end counts.
    last: Option<Found<'a>>,
}

/// What the whole of a text says about its lines.
#[derive(Debug, Clone, Copy)]
struct Around {
    /// A server was started.
    server: bool,
    /// It answered.
    ready: bool,
    /// How the agent's patch went in.
    patch: Patched,
}

/// What the marker of ISO-Bench's containers says of the agent's patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patched {
    /// Nothing.
    Unsaid,
    /// It went in whole.
    Applied,
    /// `git apply` did not take it, and `patch --force` did, perhaps by half.
    Forced,
}

impl Patched {
    /// How a patch is said to have gone in that went in whole.
    pub const APPLIED: &str = "AGENT_PATCH_APPLIED";

    /// The same of one that was forced in; it begins like the other.
    pub const FORCED: &str = "AGENT_PATCH_APPLIED_FALLBACK";

    /// What an output says.
    pub fn by(output: &str) -> Self {
        let has = |word: &str| memchr::memmem::find(output.as_bytes(), word.as_bytes()).is_some();
        match () {
            () if has(Self::FORCED) => Self::Forced,
            () if has(Self::APPLIED) => Self::Applied,
            () => Self::Unsaid,
        }
    }
}

impl Around {
    fn of(text: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some());
        Self {
            server: has(&[
                "SERVER_CRASHED",
                "SERVER_START_FAILED",
                "vLLM API server version",
                "api_server.py",
                "EngineCore",
                "APIServer pid=",
            ]),
            ready: has(&["SERVER_READY_AFTER", "Server is ready after", "Application startup complete"]),
            patch: Patched::by(text),
        }
    }
}

impl<'a> Search<'a> {
    fn of(text: &'a str, of: Of) -> Self {
        let mut around = None;
        let mut search = Self::default();
        for line in lines(text) {
            let mut around = || *around.get_or_insert_with(|| Around::of(text));
            let found = rows_of(&line, of)
                .filter_map(|(row, start)| Some((row, start, class_of(row, &mut around)?)))
                // the first of the highest rank
                .reduce(|best, next| if next.0.rank > best.0.rank { next } else { best })
                .map(|(row, start, class)| Found { class, rank: row.rank, row: Some(row), line: quote(line.whole, start) })
                .or_else(|| (of == Of::Bench && line.is_exception()).then(|| crash(&line, around())));
            let Some(found) = found else { continue };
            if search.found.is_none_or(|best| found.rank > best.rank) {
                search.found = Some(found);
            }
            if search.last.is_none_or(|best| found.rank >= best.rank) {
                search.last = Some(found);
            }
        }
        search
    }
}

/// The class of a row in its surroundings; `None` where it means nothing there.
fn class_of(row: &Row, around: &mut impl FnMut() -> Around) -> Option<FailureClass> {
    match row.class {
        _ if is_of_patch(row) => match around().patch {
            // a dry run failed, another way of applying it did not
            Patched::Applied => None,
            Patched::Forced if is_hunk(row) => Some(FailureClass::PatchHalfApplied),
            _ => Some(row.class),
        },
        // nobody answers any more
        FailureClass::ServerNeverReady if row.rank == Rank::Effect && around().ready => Some(FailureClass::ServerCrashed),
        class => Some(class),
    }
}

/// An exception that the table does not know.
fn crash<'a>(line: &Line<'a>, around: Around) -> Found<'a> {
    let class = if around.server { FailureClass::ServerCrashed } else { FailureClass::ArmCrashed };
    Found { class, rank: Rank::Crash, row: None, line: quote(line.whole, 0) }
}

/// A line, or what stands around a place in a long one.
fn quote(line: &str, start: usize) -> &str {
    if line.len() <= QUOTED {
        return line;
    }
    let from = line.floor_char_boundary(start.saturating_sub(BEFORE).min(line.len()));
    let to = line.floor_char_boundary(from.saturating_add(QUOTED).min(line.len()));
    line.get(from..to).unwrap_or(line).trim()
}
