//! The same counts as [`super::Trajectory`] gives, of a finished file, in one pass and without building a step: a report
//! reads hundreds of megabytes of them. Nothing is checked that is not counted; whatever does not look as expected is left
//! to the reader that checks everything.

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::memmem::Finder;

use super::decode;
use crate::agent::steps::{MOST_CALLS, MOST_STEPS};
use crate::agent::value::{Cursor, Fields, Next, plain, time};
use crate::agent::{End, Live};
use crate::domain::{AgentTotals, Reply, Step};

/// What a report wants of a trajectory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Finished steps, calls, tokens.
    pub totals: AgentTotals,
    /// Steps that the model answered and that never finished: [`crate::agent::open::Opened::all`] counts them too.
    pub unfinished: u32,
    /// Who is to move, or how it ended.
    pub state: Live,
    /// The model's name; empty when the file does not say.
    pub model: String,
    /// When the run started.
    pub started_at: Option<Timestamp>,
    /// The latest time in the file.
    pub last_at: Option<Timestamp>,
    /// The steps whose calls hold the beginning of a commit's id beside the word `git`.
    pub asking: Vec<Step>,
}

/// The shortest beginning of a commit's id that is looked for.
const SHORTEST: usize = 7;

/// The file's parts that count.
#[derive(Default)]
struct Parts<'a> {
    head: super::scan::Head,
    interactions: Vec<Fields<'a>>,
    steps: Vec<Fields<'a>>,
    named: bool,
}

/// Counts a file of TRAE's; `None` for whatever is none, ends too early or is unusual. `commit`: whose id in a call makes a
/// step one of [`Tally::asking`].
pub fn tally(bytes: &[u8], commit: &str) -> Option<Tally> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).ok()?;
    let parts = parts(text)?;
    if !parts.named || parts.steps.len() > MOST_STEPS || parts.interactions.len() > MOST_STEPS {
        return None;
    }
    let mut totals = AgentTotals { steps: Some(u32::try_from(parts.steps.len()).ok()?), ..AgentTotals::default() };
    for interaction in &parts.interactions {
        totals.usage += decode::response_usage(&interaction.part("response"));
    }
    let asked = Asked::new(commit);
    let mut asking = Vec::new();
    let mut calls = 0_usize;
    for (at, step) in parts.steps.iter().enumerate() {
        if step.has("steps") {
            return None;
        }
        let response = step.part("llm_response");
        calls += decode::count_calls(step, &response);
        if asked.is_in(step, &response) {
            asking.push(decode::step_of(u32::try_from(at + 1).ok()?, step, step, None));
        }
    }
    let running = parts.interactions.get(parts.steps.len()..).unwrap_or_default();
    for interaction in running {
        calls += decode::count_answer(&interaction.part("response"));
    }
    if calls > MOST_CALLS {
        return None;
    }
    totals.calls = u32::try_from(calls).ok()?;
    let all = parts.steps.iter().chain(running);
    let last = all.rev().take(2).filter_map(|fields| time(&fields.text("timestamp"))).max();
    let error = match running {
        [] => parts.steps.last().and_then(decode::error),
        _ => None,
    };
    let reply = if running.is_empty() { parts.steps.last().map(|_| Reply::Complete) } else { Some(Reply::ToolsRunning) };
    let (started_at, ended_at) = (time(&parts.head.start_time), parts.head.ended_at());
    Some(Tally {
        totals,
        unfinished: u32::try_from(running.len()).ok()?,
        state: parts.head.state(error, reply),
        started_at,
        last_at: [ended_at, last, started_at].into_iter().flatten().max(),
        model: parts.head.model,
        asking,
    })
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let mut parts = Parts::default();
    let mut cursor = Cursor::new(text);
    cursor.enter(b'{')?;
    while let Next::Is(key) = cursor.key()? {
        match key {
            "llm_interactions" => {
                parts.interactions = objects(&mut cursor)?;
                parts.named = true;
            }
            "agent_steps" => {
                parts.steps = objects(&mut cursor)?;
                parts.named = true;
            }
            // of the Rust port
            "llm_interaction" => return None,
            _ => {
                let raw = cursor.value()?;
                parts.head.take(key, raw);
            }
        }
    }
    cursor.is_at_end().then_some(parts)
}

/// The elements of a list, each a level deep; `None` where it is none, or one of them is no object.
fn objects<'a>(cursor: &mut Cursor<'a>) -> Option<Vec<Fields<'a>>> {
    let mut all = Vec::new();
    cursor.enter(b'[')?;
    while cursor.element()? {
        let mut fields = Fields::default();
        cursor.enter(b'{')?;
        while let Next::Is(key) = cursor.key()? {
            fields.push(Cow::Borrowed(key), cursor.value()?);
        }
        all.push(fields);
    }
    Some(all)
}

/// A commit's id, looked for in calls.
struct Asked {
    id: Option<[Finder<'static>; 2]>,
    git: Finder<'static>,
}

impl Asked {
    fn new(commit: &str) -> Self {
        let begin = commit.trim().get(..SHORTEST).filter(|begin| begin.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let id = begin
            .map(|begin| [begin.to_ascii_lowercase(), begin.to_ascii_uppercase()].map(|begin| Finder::new(begin.as_bytes()).into_owned()));
        Self { id, git: Finder::new("git").into_owned() }
    }

    fn is_in(&self, step: &Fields<'_>, response: &Fields<'_>) -> bool {
        let Some(ids) = &self.id else { return false };
        let calls = [step.raw("tool_calls"), response.raw("tool_calls")].into_iter().flatten();
        calls.map(str::as_bytes).any(|calls| ids.iter().any(|id| id.find(calls).is_some()) && self.git.find(calls).is_some())
    }
}

impl super::scan::Head {
    /// Takes one field of the file.
    fn take(&mut self, key: &str, raw: &str) {
        let number = || raw.parse::<u64>().ok().and_then(|n| u32::try_from(n).ok());
        match key {
            "start_time" => self.start_time = plain(raw),
            "end_time" => self.end_time = plain(raw),
            "model" => self.model = plain(raw),
            "max_steps" | "max_step" => self.max_steps = number(),
            "success" => self.success = raw == "true",
            "final_result" => self.final_result = Some(plain(raw)).filter(|text| !text.is_empty()),
            // the task is long, and a report does not show it
            _ => {}
        }
    }

    /// When the run ended; `None` while it runs, and for a run that was killed.
    pub(super) fn ended_at(&self) -> Option<Timestamp> {
        let end = time(&self.end_time)?;
        // a restart in the same file keeps the end of the task before
        (time(&self.start_time).is_none_or(|start| end >= start)).then_some(end)
    }

    /// Who is to move, by the last step's error and reply.
    pub(super) fn state(&self, failure: Option<String>, last: Option<Reply>) -> Live {
        let ended = self.end_time_is_set() && (time(&self.end_time).is_none() || self.ended_at().is_some());
        if ended {
            return Live::Ended(self.end(failure));
        }
        match (failure, last) {
            // a failed step is the last one, and TRAE ends without asking again
            (Some(error), _) => Live::Ended(End::StepError(error)),
            (None, Some(Reply::ToolsRunning)) => Live::ToolsRunning,
            (None, _) => Live::WaitingForModel,
        }
    }

    fn end(&self, failure: Option<String>) -> End {
        let text = self.final_result.as_deref().unwrap_or_default();
        if self.success {
            End::Accepted
        } else if text.contains("exceeded maximum steps") {
            End::MaxSteps
        } else if let Some(error) = failure {
            End::StepError(error)
        } else if text.is_empty() {
            End::Unexplained
        } else {
            End::Failed(text.to_owned())
        }
    }
}
