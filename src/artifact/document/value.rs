//! A value as it was written, or an error: Python's readers silently keep the last of two equal keys and take NaN.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What a key that stands twice in one mapping is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::artifact) enum Repeats {
    /// An error.
    Refused,
    /// The last one counts, as for Python: a real task file of the corpus is pasted together of two.
    LastCounts,
}

/// Builds a [`Value`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Strict<'a> {
    pub(super) repeats: Repeats,
    /// The keys that stood twice.
    pub(super) repeated: &'a RefCell<Vec<String>>,
}

/// What is said of a number that would be changed.
pub(super) const TOO_LARGE: &str =
    "the number is too large to be kept as it is: where a text is meant put it in quotes, else write a smaller one";

/// What is said of a number that is none.
pub(super) const NOT_FINITE: &str = "NaN and infinity are no numbers here: write a number, or put a text in quotes";

/// Whether a number is kept: beyond 2^63 the parsers hand over whole numbers as floats, which changes them.
pub(super) fn keeps(value: f64) -> bool {
    value.is_nan() || value.abs() < 9.2e18
}

/// What is said of such a key.
pub(super) fn twice(key: &str) -> String {
    format!("the key '{key}' stands here twice: remove one")
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if !keeps(value) {
            return Err(E::custom(TOO_LARGE));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom(NOT_FINITE))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) {
                if self.repeats == Repeats::Refused {
                    return Err(A::Error::custom(twice(&key)));
                }
                self.repeated.borrow_mut().push(key.clone());
            }
            let value = map.next_value_seed(self)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
