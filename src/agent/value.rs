//! What the formats have in common: JSON that need not be as it should, and times.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::value::RawValue;

/// One object, a level deep: big fields that we do not need stay undecoded.
#[derive(Default)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(super) fn of(raw: &'a str) -> Self {
        Self(serde_json::from_str(raw).unwrap_or_default())
    }

    /// Whether there is such a field, null or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A field; null where it is missing.
    pub(super) fn get(&self, name: &str) -> Value {
        self.0.get(name).map_or(Value::Null, |raw| value(raw.get()))
    }
}

/// The text of a line or file that is one JSON object, repaired where Python wrote what JSON does not know; `None` for
/// anything else, one that ends too early included.
pub(super) fn object(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.trim_ascii();
    if !bytes.starts_with(b"{") || !bytes.ends_with(b"}") {
        return None;
    }
    let is_object = |text: &str| serde_json::from_str::<BTreeMap<String, &RawValue>>(text).is_ok();
    if let Ok(text) = std::str::from_utf8(bytes)
        && is_object(text)
    {
        return Some(Cow::Borrowed(text));
    }
    let text = String::from_utf8(repaired(bytes)).ok()?;
    is_object(&text).then_some(Cow::Owned(text))
}

/// A longer field is nothing that anybody reads, in bytes; decoded, a list of nothing takes thirty times its text.
const LONGEST_FIELD: usize = 16 * 1024 * 1024;

/// A value; half surrogates in its strings become U+FFFD. Of one that is far too long: null.
pub(super) fn value(raw: &str) -> Value {
    if raw.len() > LONGEST_FIELD {
        return Value::Null;
    }
    serde_json::from_str(raw).or_else(|_| serde_json::from_slice(&repaired(raw.as_bytes()))).unwrap_or_default()
}

/// The agents' times: UTC with a `Z`, or local without an offset, with microseconds left out when they are 0; forks
/// write an offset or epoch seconds.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| (1e8..1e11).contains(seconds)) {
        return Timestamp::try_from(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)).ok();
    }
    let local = |at: DateTime| at.to_zoned(TimeZone::system()).ok().map(|at| at.timestamp());
    text.parse().ok().or_else(|| local(text.parse().ok()?))
}

/// A field of an object; null for anything else.
pub(super) fn part<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The elements of a list; none for anything else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Text as it is, or the texts of a list of blocks, joined.
pub(super) fn content(value: &Value) -> String {
    match value {
        Value::Array(blocks) => {
            let texts: Vec<String> =
                blocks.iter().map(|block| content(if block.is_object() { part(block, "text") } else { block })).collect();
            texts.join("\n")
        }
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn some(value: &Value) -> Option<String> {
    Some(text(value)).filter(|text| !text.is_empty())
}

/// The same text with everything that Python writes and JSON does not know replaced: bytes that are no UTF-8 and halves
/// of surrogate pairs become U+FFFD, `NaN` and `Infinity` become `null`, raw control characters in strings a blank.
pub(super) fn repaired(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut in_string = false;
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            b'"' => {
                in_string = !in_string;
                out.push(byte);
                rest = tail;
            }
            b'\\' if in_string => {
                let (kept, replaced) = escape(rest);
                out.extend_from_slice(if replaced { b"\\ufffd" } else { rest.get(..kept).unwrap_or(rest) });
                rest = rest.get(kept..).unwrap_or_default();
            }
            0..0x20 if in_string => {
                out.push(b' ');
                rest = tail;
            }
            b'N' | b'I' | b'-' if !in_string => {
                let word = [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|word| rest.starts_with(word));
                out.extend_from_slice(if word.is_some() { b"null" } else { rest.get(..1).unwrap_or_default() });
                rest = rest.get(word.map_or(1, <[u8]>::len)..).unwrap_or_default();
            }
            _ => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

/// How many bytes the escape at the start of `text` takes, and whether it is half a surrogate pair.
fn escape(text: &[u8]) -> (usize, bool) {
    let unit = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0_u16, |unit, &digit| {
            let value = char::from(digit).to_digit(16)?;
            Some((unit << 4) | u16::try_from(value).ok()?)
        })
    };
    match (unit(0), unit(6)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, false),
        (Some(0xD800..=0xDFFF), _) => (6, true),
        (Some(_), _) => (6, false),
        (None, _) => (2, false),
    }
}
