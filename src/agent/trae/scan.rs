//! The file's outer shape: the head's fields, and the two lists as undecoded elements.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::agent::steps::MOST_STEPS;

/// Why a file could not be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early, or is something else.
    Torn,
    /// It holds something that JSON does not know.
    Unfit,
}

/// What the file says about the run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) task: String,
    pub(super) start_time: String,
    pub(super) end_time: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) max_steps: Option<u32>,
    pub(super) success: bool,
    pub(super) final_result: Option<String>,
    /// Steps beyond those that are kept.
    pub(super) more_steps: u32,
}

/// A scanned file.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) head: Head,
    pub(super) llm_interactions: Vec<&'a RawValue>,
    pub(super) agent_steps: Vec<&'a RawValue>,
    /// Whether the Rust port wrote it.
    pub(super) of_port: bool,
    /// Whether the file has one of the two lists, so that `{}` is not taken for a run.
    named: bool,
}

impl Head {
    /// Whether the run says that it ended, at whatever time.
    pub(super) fn end_time_is_set(&self) -> bool {
        !self.end_time.is_empty()
    }
}

/// Scans a file once from end to end; no element of the lists is decoded.
pub(super) fn scan(bytes: &[u8]) -> Result<Found<'_>, Fault> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // the last byte first: it spares the scan of most half-written files
    if !matches!(bytes.trim_ascii_end().last(), Some(b'}')) {
        return Err(Fault::Torn);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let found = json
        .deserialize_map(Outer)
        .and_then(|found| json.end().map(|()| found))
        .map_err(|error| if error.is_eof() { Fault::Torn } else { Fault::Unfit })?;
    if found.named { Ok(found) } else { Err(Fault::Torn) }
}

struct Outer;

impl<'de> Visitor<'de> for Outer {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trajectory")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "llm_interactions" => {
                    found.llm_interactions = map.next_value_seed(Elements)?.0;
                    found.named = true;
                }
                // the Rust port: each step lies in its interaction
                "llm_interaction" => {
                    (found.agent_steps, found.head.more_steps) = map.next_value_seed(Elements)?;
                    found.of_port = true;
                    found.named = true;
                }
                "agent_steps" => {
                    (found.agent_steps, found.head.more_steps) = map.next_value_seed(Elements)?;
                    found.named = true;
                }
                "task" => found.head.task = words(map.next_value()?),
                "start_time" => found.head.start_time = words(map.next_value()?),
                "end_time" => found.head.end_time = words(map.next_value()?),
                "provider" => found.head.provider = words(map.next_value()?),
                "model" => found.head.model = words(map.next_value()?),
                "max_steps" | "max_step" => {
                    found.head.max_steps = map.next_value::<Value>()?.as_u64().and_then(|n| u32::try_from(n).ok());
                }
                "success" => found.head.success = map.next_value::<Value>()? == Value::Bool(true),
                "final_result" => found.head.final_result = Some(words(map.next_value()?)).filter(|text| !text.is_empty()),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// A string as it is, a number as text, anything else as nothing.
fn words(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A list, element by element, undecoded, and the number of those beyond the most that are kept: an agent may write
/// millions of nothing. What is not a list counts as an empty one.
struct Elements;

impl<'de> DeserializeSeed<'de> for Elements {
    type Value = (Vec<&'de RawValue>, u32);

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements {
    type Value = (Vec<&'de RawValue>, u32);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < MOST_STEPS {
            let Some(raw) = list.next_element()? else { return Ok((elements, 0)) };
            elements.push(raw);
        }
        let mut more: u32 = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = more.saturating_add(1);
        }
        Ok((elements, more))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok((Vec::new(), 0))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok((Vec::new(), 0))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok((Vec::new(), 0))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok((Vec::new(), 0))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok((Vec::new(), 0))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok((Vec::new(), 0))
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok((Vec::new(), 0))
    }
}
