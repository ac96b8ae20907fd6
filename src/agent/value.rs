//! What the formats have in common: JSON that need not be as it should, and times.

mod skim;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use skim::Skim;
pub(super) use skim::{Cursor, Key as Next};

/// One object, a level deep: big fields that we do not need stay undecoded. Objects of these formats have few fields, so
/// that looking through all of them is faster than a map.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Fields<'a> {
    /// The fields of JSON that was read as a whole before: it is not checked again. None of what is no object.
    pub(super) fn of(raw: &'a str) -> Self {
        let mut fields = Self::default();
        let Some(mut skim) = Skim::into(raw, b'{') else { return fields };
        while let Some(key) = skim.next() {
            let Some(raw) = skim.next() else { break };
            let plain = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).filter(|key| !key.contains('\\'));
            if let Some(name) = plain.map(Cow::Borrowed).or_else(|| serde_json::from_str(key).ok().map(Cow::Owned)) {
                fields.push(name, raw);
            }
        }
        fields
    }

    /// The fields of a text that is an object; `None` for anything else.
    pub(super) fn read(raw: &'a str) -> Option<Self> {
        if !raw.trim_ascii_start().starts_with('{') {
            return None;
        }
        serde_json::from_str(raw).ok()
    }

    /// One field more.
    pub(super) fn push(&mut self, name: Cow<'a, str>, raw: &'a str) {
        if self.0.len() < MOST_FIELDS {
            self.0.push((name, raw));
        }
    }

    /// The first element of a list, where it is an object.
    pub(super) fn first_of(list: &'a str) -> Option<Self> {
        let inside = list.trim_ascii_start().strip_prefix('[')?;
        let first = serde_json::Deserializer::from_str(inside).into_iter::<&'a RawValue>().next()?.ok()?;
        Self::read(first.get())
    }

    /// Whether a field is a list whose first element is an object like that.
    pub(super) fn list_begins(&self, name: &str, like: impl Fn(&Fields<'a>) -> bool) -> bool {
        self.raw(name).and_then(Fields::first_of).is_some_and(|first| like(&first))
    }

    /// Whether there is such a field, null or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A field as it was written. Of two with one name the last one counts, as in Python.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }

    /// A field; null where it is missing.
    pub(super) fn get(&self, name: &str) -> Value {
        self.raw(name).map_or(Value::Null, value)
    }

    /// A field that is text; empty where it is something else.
    pub(super) fn text(&self, name: &str) -> String {
        self.raw(name).map(plain).unwrap_or_default()
    }

    /// A field that is an object, a level deep.
    pub(super) fn part(&self, name: &str) -> Fields<'a> {
        self.raw(name).map(Fields::of).unwrap_or_default()
    }

    /// The elements of a field that is a list, undecoded.
    pub(super) fn list(&self, name: &str) -> Vec<&'a str> {
        self.raw(name).map(elements).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Object<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
            type Value = Fields<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
                let mut fields = Fields::default();
                while let Some((Key(key), raw)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    fields.push(key, raw.get());
                }
                Ok(fields)
            }
        }
        json.deserialize_map(Object(PhantomData))
    }
}

/// An object with more is none of an agent's.
const MOST_FIELDS: usize = 1000;

/// A key, borrowed where it holds no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Word<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Word<'a> {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        json.deserialize_str(Word(PhantomData))
    }
}

/// The elements of a list, undecoded, of JSON that was read as a whole before; none of anything else.
pub(super) fn elements(raw: &str) -> Vec<&str> {
    Skim::into(raw, b'[').into_iter().flatten().collect()
}

/// A string or a number as text; empty where it is something else.
pub(super) fn plain(raw: &str) -> String {
    match raw.bytes().next() {
        Some(b'"') => string(raw),
        Some(b'-' | b'0'..=b'9') => raw.to_owned(),
        _ => String::new(),
    }
}

/// Text as it is, or the texts of a list of blocks, joined; see [`content`].
pub(super) fn words(raw: &str) -> String {
    match raw.bytes().next() {
        Some(b'"') => string(raw),
        Some(b'n') | None => String::new(),
        _ => content(&value(raw)),
    }
}

/// A JSON string, decoded.
fn string(raw: &str) -> String {
    if raw.len() > LONGEST_FIELD {
        return String::new();
    }
    serde_json::from_str(raw).unwrap_or_else(|_| text(&value(raw)))
}

/// Arguments as compact JSON; those that are the provider's own JSON text as that text.
pub(super) fn arguments(raw: Option<&str>) -> String {
    let Some(raw) = raw else { return "null".to_owned() };
    match raw.bytes().next() {
        Some(b'"') => string(raw),
        // escapes are decoded, so that two agents' same words look the same
        _ if raw.contains("\\u") || raw.contains("\\/") || raw.len() > LONGEST_FIELD => value(raw).to_string(),
        _ => compact(raw),
    }
}

/// JSON text without the blanks between its words.
fn compact(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('"') {
        let (between, string) = rest.split_at(at);
        out.extend(between.split_ascii_whitespace());
        let (string, tail) = string.split_at(skim::string(string));
        out.push_str(string);
        rest = tail;
    }
    out.extend(rest.split_ascii_whitespace());
    out
}

/// The text of a line or file that is one JSON object, repaired where Python wrote what JSON does not know; `None` for
/// anything else, one that ends too early included.
pub(super) fn object(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.trim_ascii();
    if !bytes.starts_with(b"{") || !bytes.ends_with(b"}") {
        return None;
    }
    let is_object = |text: &str| Fields::read(text).is_some();
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
pub fn repaired(bytes: &[u8]) -> Vec<u8> {
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
