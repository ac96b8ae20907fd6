//! Which results of other runs an arm takes in place of measuring.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// `arms.reuse`: one of three words, or `true` for `all` and `false` for `none`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// Each run measures everything itself.
    None,
    /// Results of our own runs, where commit, workload, image and machine agree.
    #[default]
    Ours,
    /// These, and what ISO-Bench's own scripts left: nobody knows on which machine that was measured.
    All,
}

impl<'de> Deserialize<'de> for Reuse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl Visitor<'_> for Either {
    type Value = Reuse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"none\", \"ours\" or \"all\"")
    }

    fn visit_bool<E: Error>(self, all: bool) -> Result<Reuse, E> {
        Ok(if all { Reuse::All } else { Reuse::None })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Reuse, E> {
        match word {
            "none" => Ok(Reuse::None),
            "ours" => Ok(Reuse::Ours),
            "all" => Ok(Reuse::All),
            _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_or_yes_or_no() {
        for (written, expected) in
            [("\"none\"", Reuse::None), ("\"ours\"", Reuse::Ours), ("\"all\"", Reuse::All), ("true", Reuse::All), ("false", Reuse::None)]
        {
            assert_eq!(serde_json::from_str::<Reuse>(written).ok(), Some(expected), "{written}");
        }
        let error = serde_json::from_str::<Reuse>("\"mine\"").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("\"mine\", expected \"none\", \"ours\" or \"all\""), "{error}");
    }
}
