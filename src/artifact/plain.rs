//! Fields as people and older harnesses wrote them: null for nothing, a number as text where a variable was expanded.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A field that may be null, and is its default then.
pub(super) fn null_is_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Text; an empty one, as an unset variable leaves it, is none.
pub(super) fn some_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.trim().is_empty()))
}

/// A number, or one written as text, which is what `${MINUTES:-60}` becomes; empty is none.
pub(super) fn number<'de, T: serde::de::DeserializeOwned + std::str::FromStr, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => text
            .trim()
            .parse()
            .map(Some)
            .map_err(|_no_number| serde::de::Error::custom(format_args!("'{text}' is no number that can stand here"))),
        value => T::deserialize(value).map(Some).map_err(serde::de::Error::custom),
    }
}

/// Yes or no, in any of YAML's words for it.
pub(super) fn yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(false),
        Value::Bool(yes) => Ok(yes),
        Value::String(word) if ["true", "yes", "on", "y", "1"].iter().any(|yes| word.eq_ignore_ascii_case(yes)) => Ok(true),
        Value::String(word) if ["false", "no", "off", "n", "0", ""].iter().any(|no| word.eq_ignore_ascii_case(no)) => Ok(false),
        other => Err(serde::de::Error::custom(format_args!("{other} is neither true nor false"))),
    }
}
