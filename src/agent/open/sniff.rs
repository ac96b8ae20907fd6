//! Which format, by content. The rules are those at the end of the format reference: first what kind of JSON, then its names.

use std::borrow::Cow;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Format;
use crate::agent::value::{Fields, repaired};

/// How a trajectory lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Shape {
    /// One JSON document, rewritten whole.
    Whole,
    /// One event a line, or an indented event between lines of text.
    Lines,
    /// One run a line.
    Runs,
}

/// What a file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) enum Found {
    /// A trajectory, or the beginning of one.
    Is(Format, Shape),
    /// Nothing but blanks.
    Nothing,
    /// JSON that ends too early to tell what it would be.
    Torn,
    /// What TRAE printed.
    TraeLog,
    /// None of ours, and what it is.
    Other(&'static str),
}

/// Values of several lines that may begin in the middle of a line and not end.
const MOST_BEGINNINGS: u32 = 4;

/// The same of those that begin with a line of one bracket.
const MOST_DOCUMENTS: u32 = 64;

/// Looks at the beginning of a file; `is_all`: it is the whole file.
pub(in crate::agent) fn sniff(bytes: &[u8], is_all: bool) -> Found {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if bytes.is_empty() {
        return Found::Nothing;
    }
    let (mut rest, mut is_torn, mut is_json) = (bytes, false, false);
    // how often what began at a line, or at a line of one bracket, came to nothing: each may read to the end of the file
    let (mut missed, mut missed_documents) = (0, 0);
    while !rest.is_empty() {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
        let here = plain_start(rest);
        let mut taken = line.len() + 1;
        if here.starts_with(b"{") || here.starts_with(b"[") {
            let is_first = rest.len() == bytes.len();
            let is_document = line.trim_ascii().len() == 1;
            let may_go_on = if is_document { missed_documents < MOST_DOCUMENTS } else { missed < MOST_BEGINNINGS };
            let here = if may_go_on { here } else { plain_start(line) };
            let value = match probe(here) {
                // what Python writes and JSON does not know; a log with many such lines is not repaired from each to its end
                Probe::Unfit => probe(&repaired(if is_first { here } else { plain_start(line) })),
                other => other,
            };
            match value {
                Probe::Is(format, shape) => return Found::Is(format, shape),
                Probe::Json(length) => {
                    is_json = true;
                    taken = taken.max(length);
                }
                // its inner lines would be taken for events
                Probe::Torn if is_document => {
                    is_torn = true;
                    break;
                }
                Probe::Torn => (is_torn, missed) = (true, missed + 1),
                Probe::Unfit if is_document => missed_documents += 1,
                Probe::Unfit => missed += 1,
            }
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    let has = |word: &[u8]| bytes.windows(word.len()).take(1 << 20).any(|window| window == word);
    // among bytes of any kind there are brackets that look like JSON which ends too early
    let is_text = !bytes.iter().take(1 << 16).any(|byte| *byte == 0);
    if is_text && (is_torn || (is_json && !is_all)) {
        Found::Torn
    } else if is_text && is_json {
        Found::Other("JSON of another kind")
    } else if has(b"Task Details") && has(b"Trajectory File") {
        Found::TraeLog
    } else if is_text {
        Found::Other("text without JSON")
    } else {
        Found::Other("no text")
    }
}

/// A line without the blanks and the colours before its first word.
pub(in crate::agent) fn plain_start(line: &[u8]) -> &[u8] {
    let mut rest = line.trim_ascii_start();
    while let Some(code) = rest.strip_prefix(b"\x1b[") {
        let Some(end) = code.iter().take(16).position(u8::is_ascii_alphabetic) else { break };
        rest = code.get(end + 1..).unwrap_or_default().trim_ascii_start();
    }
    rest
}

/// What begins at a place.
enum Probe {
    Is(Format, Shape),
    /// A value of no known kind, so many bytes long.
    Json(usize),
    Torn,
    Unfit,
}

fn probe(bytes: &[u8]) -> Probe {
    if bytes.starts_with(b"[") {
        let mut elements = serde_json::Deserializer::from_slice(bytes.get(1..).unwrap_or_default()).into_iter::<&RawValue>();
        return match elements.next() {
            Some(Ok(first)) => of_first(first.get()).map_or(Probe::Json(1), |format| Probe::Is(format, Shape::Whole)),
            Some(Err(error)) if error.is_eof() => Probe::Torn,
            None => Probe::Torn,
            Some(Err(_)) => Probe::Unfit,
        };
    }
    let mut early = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    match json.deserialize_map(Outer(&mut early)) {
        Ok(found) => {
            let mut after = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
            let _ = after.next();
            found.map_or(Probe::Json(after.byte_offset()), |(format, shape)| Probe::Is(format, shape))
        }
        Err(_) if early.is_some() => Probe::Is(Format::Trae, Shape::Whole),
        Err(error) if error.is_eof() => Probe::Torn,
        Err(_) => Probe::Unfit,
    }
}

/// An object: its names tell. TRAE's tell before the end, because a trajectory is long and often half-written.
struct Outer<'a>(&'a mut Option<()>);

impl<'de> Visitor<'de> for Outer<'_> {
    type Value = Option<(Format, Shape)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if matches!(&*key, "llm_interactions" | "agent_steps" | "llm_interaction") {
                *self.0 = Some(());
                return Err(A::Error::custom("seen enough"));
            }
            fields.push(key, map.next_value::<&RawValue>()?.get());
        }
        Ok(of_object(&fields))
    }
}

/// The format of an object: of a whole file, of a line.
fn of_object(fields: &Fields<'_>) -> Option<(Format, Shape)> {
    if fields.has("llm_interactions") || fields.has("agent_steps") || fields.has("llm_interaction") {
        return Some((Format::Trae, Shape::Whole));
    }
    if fields.has("trajectory_format") || fields.list_begins("messages", |first| first.has("role") && !first.has("type")) {
        return Some((Format::MiniSweAgent, Shape::Whole));
    }
    let is_message = |first: &Fields<'_>| first.has("role");
    let is_step = |first: &Fields<'_>| first.has("action") && first.has("observation");
    if fields.list_begins("trajectory", is_step)
        || fields.list_begins("history", is_message)
        || fields.has("trajectory") && fields.has("info")
    {
        return Some((Format::SweAgent, Shape::Whole));
    }
    if fields.has("history") && ["instance_id", "instruction", "git_patch", "test_result", "metrics"].iter().any(|name| fields.has(name)) {
        return Some((Format::OpenhandsV0, Shape::Runs));
    }
    of_event(fields).map(|format| (format, Shape::Lines))
}

/// The format of one event.
fn of_event(fields: &Fields<'_>) -> Option<Format> {
    let kind = fields.text("type");
    let is_of_openhands = fields.has("source") || fields.has("timestamp") || fields.has("id");
    if !fields.text("kind").is_empty() && is_of_openhands {
        return Some(Format::OpenhandsV1);
    }
    let is_v0 = !fields.text("action").is_empty() || !fields.text("observation").is_empty();
    if is_v0 && ["source", "args", "content", "extras", "cause"].iter().any(|name| fields.has(name)) {
        return Some(Format::OpenhandsV0);
    }
    if fields.part("msg").has("type") || (fields.has("workdir") && fields.has("provider")) {
        return Some(Format::CodexExec);
    }
    if fields.has("payload") && fields.has("timestamp") || fields.has("record_type") {
        return Some(Format::CodexRollout);
    }
    let of_codex = ["thread.", "turn.", "item.", "session.created"];
    if of_codex.iter().any(|begin| kind.starts_with(begin)) || (kind == "error" && !fields.has("sessionId") && !fields.has("session_id")) {
        return Some(Format::CodexExec);
    }
    if ["sessionId", "parentUuid", "isSidechain", "leafUuid"].iter().any(|name| fields.has(name)) {
        return Some(Format::ClaudeSession);
    }
    match kind.as_str() {
        "file-history-snapshot" | "queue-operation" | "last-prompt" => Some(Format::ClaudeSession),
        "system" | "assistant" | "user" | "result" if fields.has("message") || fields.has("subtype") => Some(Format::ClaudeStream),
        "stream_event" | "tool_progress" | "rate_limit_event" if fields.has("session_id") => Some(Format::ClaudeStream),
        "message" | "reasoning" | "function_call" | "function_call_output" | "custom_tool_call" | "local_shell_call"
            if !fields.has("session_id") =>
        {
            Some(Format::CodexRollout)
        }
        _ => None,
    }
}

/// The format of an array, by its first element.
fn of_first(first: &str) -> Option<Format> {
    if first.starts_with('[') {
        // old OpenHands: pairs of an action and its observation
        return Fields::first_of(first).and_then(|action| action.has("action").then_some(Format::OpenhandsV0));
    }
    let fields = Fields::read(first)?;
    let is_message = fields.has("role") && !fields.has("type");
    if is_message { Some(Format::MiniSweAgent) } else { of_event(&fields) }
}
