//! A line of the ledger: `{"seq":41,"at":"…Z","up_ms":73211,"kind":"attempt_finished","data":{…}}`.
//!
//! The kind stands before its data, so a line is decoded in one pass: half the time of an envelope first and a body
//! after it, which is kept for the lines that a newer program wrote.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, VariantAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::Fact;

/// A line of the ledger, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Position, from 1, without gaps.
    pub seq: u64,
    /// Wall clock of the writer.
    pub at: Timestamp,
    /// Milliseconds since the machine booted, so that durations survive a clock that jumps.
    pub up_ms: u64,
    /// The fact, or what could be made of it.
    pub body: Body,
}

/// The body of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A fact that we know.
    Known(Box<Fact>),
    /// A kind that a newer program writes.
    Unknown {
        /// Its name.
        kind: String,
    },
    /// A kind that we know with a body that we can't read.
    Bad {
        /// Its name.
        kind: String,
        /// What is wrong.
        why: String,
    },
}

impl Entry {
    /// One line of `events.jsonl`, without its newline.
    pub fn decode(line: &str) -> Result<Self, serde_json::Error> {
        match serde_json::from_str(line) {
            Ok(Whole(entry)) => Ok(entry),
            Err(error) => {
                let envelope: Envelope<'_> = serde_json::from_str(line)?;
                let kind = envelope.kind.into_owned();
                // an unknown word deeper in a known kind is a bad body: the list of what was expected tells them apart
                let why = error.to_string();
                let is_unknown = why.starts_with(&format!("unknown variant `{kind}`, expected one of `run_created`"))
                    || OF_DETECTORS.contains(&kind.as_str()) && why.starts_with("unknown variant `");
                let body = if is_unknown { Body::Unknown { kind } } else { Body::Bad { kind, why: without_list(&why) } };
                Ok(Self { seq: envelope.seq, at: envelope.at, up_ms: envelope.up_ms, body })
            }
        }
    }

    /// One line of `events.jsonl`, with its newline.
    pub fn encode(seq: u64, at: Timestamp, up_ms: u64, fact: &Fact) -> Result<Vec<u8>, serde_json::Error> {
        // {"kind":{data}}: the same two, under names of their own
        let fact = serde_json::to_string(fact)?;
        let (kind, data) = fact
            .strip_prefix('{')
            .and_then(|fact| fact.strip_suffix('}')?.split_once(':'))
            .ok_or_else(|| Error::custom("a fact without fields"))?;
        Ok(format!("{{\"seq\":{seq},\"at\":\"{at}\",\"up_ms\":{up_ms},\"kind\":{kind},\"data\":{data}}}\n").into_bytes())
    }
}

/// Facts that name a detector and a level: a newer program may know more of both.
const OF_DETECTORS: [&str; 3] = ["finding_made", "alarm_raised", "badge_given"];

/// What is wrong, without the list of all that would have been right.
fn without_list(why: &str) -> String {
    let place = why.rfind(" at line ").and_then(|at| why.get(at..)).unwrap_or_default();
    match why.split_once(", expected one of ") {
        Some((says, _)) => format!("{says}{place}"),
        None => why.to_owned(),
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    seq: u64,
    at: Timestamp,
    up_ms: u64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// A line with a body that we know.
struct Whole(Entry);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WholeVisitor)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of the ledger")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Whole, A::Error> {
        let (mut seq, mut at, mut up_ms, mut kind, mut fact) = (None, None, None, None, None);
        while let Some(key) = map.next_key::<Name<'de>>()? {
            match key.0.as_ref() {
                "seq" => seq = Some(map.next_value()?),
                "at" => at = Some(map.next_value()?),
                "up_ms" => up_ms = Some(map.next_value()?),
                "kind" => kind = Some(map.next_value::<Name<'de>>()?.0),
                "data" => fact = Some(map.next_value_seed(Data(kind.take().ok_or_else(|| Error::custom("`data` before `kind`"))?))?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let missing = A::Error::missing_field;
        Ok(Whole(Entry {
            seq: seq.ok_or_else(|| missing("seq"))?,
            at: at.ok_or_else(|| missing("at"))?,
            up_ms: up_ms.ok_or_else(|| missing("up_ms"))?,
            body: Body::Known(Box::new(fact.ok_or_else(|| missing("data"))?)),
        }))
    }
}

/// A string that is borrowed where it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of the fact of this kind.
struct Data<'a>(Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = Fact;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<Fact, D::Error> {
        Fact::deserialize(Variant { kind: self.0, data })
    }
}

/// Shows serde a kind and its data as the variant of an enum and its fields.
struct Variant<'a, D> {
    kind: Cow<'a, str>,
    data: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Variant<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for Variant<'_, D> {
    type Error = D::Error;
    type Variant = Fields<D>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Fields<D>), D::Error> {
        let kind: CowStrDeserializer<'_, D::Error> = serde::de::IntoDeserializer::into_deserializer(self.kind);
        Ok((seed.deserialize(kind)?, Fields(self.data)))
    }
}

struct Fields<D>(D);

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for Fields<D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        IgnoredAny::deserialize(self.0).map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, D::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct("", fields, visitor)
    }
}
