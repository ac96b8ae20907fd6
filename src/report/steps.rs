//! A trajectory as one line of JSON: the steps of any agent in one form, its end, its totals.
//!
//! It is written as it is walked: a trajectory of megabytes is not built a second time as a tree of values.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{Error, SerializeSeq, Serializer};
use serde_json::ser::Formatter;
use serde_json::value::{RawValue, Value};

use super::item::seconds;
use crate::agent::open::{Format, Opened};
use crate::agent::{End, Live};
use crate::domain::{Step, ToolCall, Usage};
use crate::text::clean;
use crate::text::mask::Masker;

/// Arguments nested deeper than this are told as text: readers of JSON give up at some depth.
const DEEPEST: u32 = 64;

/// Digits of a number that every reader holds.
const LONGEST_NUMBER: usize = 300;

/// Writes a run of an agent as one line.
pub fn write(out: &mut impl Write, opened: &Opened, masker: &Masker) -> io::Result<()> {
    line(out, &Run { opened, masker })
}

/// Writes a value as one line of JSON in which every control character, and every mark that reorders text, is escaped: such
/// a line is the same JSON, and no terminal obeys it.
pub fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")
}

/// The name of a format.
pub const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Trae => "trae",
        Format::ClaudeStream => "claude_stream",
        Format::ClaudeSession => "claude_session",
        Format::CodexExec => "codex_exec",
        Format::CodexRollout => "codex_rollout",
        Format::OpenhandsV0 => "openhands_v0",
        Format::OpenhandsV1 => "openhands_v1",
        Format::SweAgent => "swe_agent",
        Format::MiniSweAgent => "mini_swe_agent",
    }
}

/// How a run ended, in a word of ours and the agent's own.
pub fn end(state: &Live) -> (&'static str, Option<&str>) {
    match state {
        Live::WaitingForModel | Live::ToolsRunning => ("running", None),
        Live::Ended(End::Accepted) => ("completed", None),
        Live::Ended(End::MaxSteps) => ("max_steps", None),
        Live::Ended(End::OwnBudget(says) | End::Stopped(says)) => ("stopped", said(says)),
        Live::Ended(End::StepError(says) | End::Failed(says)) => ("error", said(says)),
        Live::Ended(End::Unexplained) => ("unknown", None),
    }
}

/// A text, where there is one.
fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What is counted over a whole run. What nobody wrote down is `None`, and not zero.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// Steps, one that runs included; `None` where the file tells of none, as a single result does.
    pub steps: Option<u64>,
    /// Tool calls.
    pub calls: u64,
    /// The same by tool.
    pub calls_by_tool: BTreeMap<String, u64>,
    /// Results that failed, and steps with an error of their own.
    pub errors: u64,
    /// Tokens read, as the provider counts them.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// Tokens read from the provider's cache.
    pub cached_tokens: Option<u64>,
    /// From the first to the last time in the file, in seconds.
    pub duration_s: Option<f64>,
}

impl Totals {
    /// Counts.
    pub fn of(opened: &Opened) -> Self {
        let (mut calls_by_tool, mut errors) = (BTreeMap::<String, u64>::new(), 0);
        // what can't be read any more is not counted; whoever reads the steps themselves says so
        let _ = opened.each(|step| {
            errors += u64::from(step.error.is_some());
            for call in &step.calls {
                errors += u64::from(call.result.as_ref().is_some_and(|result| !result.ok));
                match calls_by_tool.get_mut(&call.name) {
                    Some(count) => *count += 1,
                    None => drop(calls_by_tool.insert(call.name.clone(), 1)),
                }
            }
            Ok(())
        });
        let usage = Some(opened.totals.usage).filter(|usage| *usage != Usage::default());
        Self {
            steps: opened.all().steps.map(u64::from),
            calls: opened.totals.calls.into(),
            calls_by_tool,
            errors,
            input_tokens: usage.map(|usage| usage.input),
            output_tokens: usage.map(|usage| usage.output),
            cached_tokens: usage.map(|usage| usage.cached),
            duration_s: duration_ms(opened).map(seconds),
        }
    }
}

/// From the first to the last time that the file tells; `None` where it does not tell two.
pub fn duration_ms(opened: &Opened) -> Option<u64> {
    let times = || opened.steps.iter().filter_map(|step| step.at);
    let from = opened.started_at.or_else(|| times().min())?;
    let to = opened.last_at.into_iter().chain(times()).max()?;
    let is_told = opened.started_at.is_some() || from != to || opened.len() > 1;
    u64::try_from(to.duration_since(from).as_millis()).ok().filter(|_| is_told)
}

struct Run<'a> {
    opened: &'a Opened,
    masker: &'a Masker,
}

impl<'a> Serialize for Run<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            agent: &'a str,
            format: &'a str,
            instance: Option<Text<'a>>,
            model: Option<Text<'a>>,
            task: Option<Text<'a>>,
            steps: Steps<'a>,
            end: Ended<'a>,
            totals: Totals,
        }
        let Self { opened, masker } = *self;
        let text = |text: &'a Option<String>| text.as_deref().and_then(said).map(|text| Text(text, masker));
        let (state, reason) = end(&opened.state);
        let mut totals = Totals::of(opened);
        totals.calls_by_tool = totals.calls_by_tool.into_iter().map(|(name, count)| (masker.mask(&name).into_owned(), count)).collect();
        Told {
            agent: opened.format.agent(),
            format: format_name(opened.format),
            instance: text(&opened.instance),
            model: text(&opened.model),
            task: text(&opened.task),
            steps: Steps(opened, masker),
            end: Ended { state, reason: reason.map(|reason| Text(reason, masker)) },
            totals,
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct Ended<'a> {
    state: &'a str,
    reason: Option<Text<'a>>,
}

/// A text without the values of secrets.
struct Text<'a>(&'a str, &'a Masker);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.1.text(self.0))
    }
}

/// Arguments: as JSON where they are, else as text.
struct Args<'a>(&'a str, &'a Masker);

impl Serialize for Args<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.1.mask(self.0);
        if is_plain(&text)
            && let Ok(raw) = serde_json::from_str::<&RawValue>(&text)
        {
            return raw.serialize(serializer);
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(value) if depth(&text) <= DEEPEST => value.serialize(serializer),
            _ => serializer.serialize_str(&text),
        }
    }
}

/// Whether JSON may be handed on as it is written: in one line, not deep, and without what some readers refuse, as numbers
/// that none can hold and halves of characters.
fn is_plain(json: &str) -> bool {
    let is_long = |digits: &[u8]| digits.len() > LONGEST_NUMBER;
    !json.contains(['\n', '\r', '\t'])
        && !json.contains("\\ud")
        && !json.contains("\\uD")
        && depth(json) <= DEEPEST
        && !json.as_bytes().windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b'e' | b'E']))
        && !json.as_bytes().split(|byte| !byte.is_ascii_digit()).any(is_long)
}

/// How deep lists and objects lie in each other.
fn depth(json: &str) -> u32 {
    let (mut depth, mut deepest, mut is_text, mut is_escaped) = (0_u32, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => (),
        }
    }
    deepest
}

struct Steps<'a>(&'a Opened, &'a Masker);

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(opened, masker) = *self;
        let mut list = serializer.serialize_seq(Some(opened.len()))?;
        let mut failed = None;
        let read = opened.each(|step| {
            list.serialize_element(&One(step, masker)).map_err(|error| {
                let says = error.to_string();
                failed = Some(error);
                io::Error::other(says)
            })
        });
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(S::Error::custom(error)),
            (None, Ok(())) => list.end(),
        }
    }
}

struct One<'a>(&'a Step, &'a Masker);

impl<'a> Serialize for One<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            index: u32,
            at: Option<Timestamp>,
            thought: Text<'a>,
            calls: Calls<'a>,
            usage: Option<Usage>,
            finish: Option<Text<'a>>,
            error: Option<Text<'a>>,
            harness: Vec<Text<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            within: Option<Text<'a>>,
        }
        let Self(step, masker) = *self;
        let text = |text: &'a Option<String>| text.as_deref().map(|text| Text(text, masker));
        Told {
            index: step.index,
            at: step.at,
            thought: Text(&step.thought, masker),
            calls: Calls(&step.calls, masker),
            usage: Some(step.usage).filter(|usage| *usage != Usage::default()),
            finish: text(&step.finish),
            error: text(&step.error),
            harness: step.harness.iter().map(|said| Text(said, masker)).collect(),
            within: text(&step.within),
        }
        .serialize(serializer)
    }
}

struct Calls<'a>(&'a [ToolCall], &'a Masker);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            id: Text<'a>,
            name: Text<'a>,
            args: Args<'a>,
            result: Option<Answer<'a>>,
        }
        #[derive(Serialize)]
        struct Answer<'a> {
            ok: bool,
            text: Text<'a>,
        }
        let masker = self.1;
        serializer.collect_seq(self.0.iter().map(|call| Told {
            id: Text(&call.id, masker),
            name: Text(&call.name, masker),
            args: Args(&call.args, masker),
            result: call.result.as_ref().map(|result| Answer { ok: result.ok, text: Text(&result.text, masker) }),
        }))
    }
}

/// JSON without a character that a terminal obeys: serde_json escapes those below a blank, and no others.
struct Harmless;

impl Harmless {
    fn write<W: Write + ?Sized>(writer: &mut W, text: &str) -> io::Result<()> {
        if clean::is_clean(text) {
            return writer.write_all(text.as_bytes());
        }
        let mut from = 0;
        for (at, char) in text.char_indices().filter(|(_, char)| !clean::is_clean(char.encode_utf8(&mut [0; 4]))) {
            writer.write_all(text.get(from..at).unwrap_or_default().as_bytes())?;
            for unit in char.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            from = at + char.len_utf8();
        }
        writer.write_all(text.get(from..).unwrap_or_default().as_bytes())
    }
}

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Self::write(writer, fragment)
    }

    // arguments, in one line: what is no plain character there stands in a string
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        Self::write(writer, fragment)
    }
}
