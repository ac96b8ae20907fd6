//! YAML as Python reads it. Our parser speaks YAML 1.2 and PyYAML speaks 1.1: it writes `1234e567` and `08123456` without
//! quotes, since to it they are text. Where the two differ about a number, the characters that stand there count.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::locate::Step;
use super::value::{NOT_FINITE, TOO_LARGE, keeps};

/// A value and where it stands.
pub(super) type Node = Spanned<Kind>;

/// What the parser takes a value for.
#[derive(Debug)]
pub(super) enum Kind {
    Scalar(Value),
    /// A number that is not kept digit for digit.
    Large,
    List(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

/// What is wrong with a value: the way to it, a sentence, line and column.
pub(super) type Unfit = (Vec<Step>, &'static str, (usize, usize));

/// The value of a node of a text, and into `repeated` the keys that stand twice.
pub(super) fn value(text: &str, node: Node, path: &mut Vec<Step>, repeated: &mut Vec<String>) -> Result<Value, Unfit> {
    let span = node.defined.span();
    let characters = span.byte_offset().zip(span.byte_len()).and_then(|(from, length)| {
        let from = usize::try_from(from).ok()?;
        text.get(from..from.checked_add(usize::try_from(length).ok()?)?)
    });
    let place = || (as_usize(node.defined.line()), as_usize(node.defined.column()));
    let unfit = |path: &[Step], says| Err((path.to_vec(), says, place()));
    match node.value {
        Kind::Scalar(Value::Number(number)) => Ok(match characters {
            Some(characters) if !is_number(characters) => characters.into(),
            _ => number.into(),
        }),
        Kind::Large => match characters {
            Some(characters) if !is_number(characters) => Ok(characters.into()),
            _ => unfit(path, TOO_LARGE),
        },
        // what the parser makes of every number that is none
        Kind::Scalar(Value::String(word)) if [".nan", ".inf", "-.inf"].contains(&word.as_str()) => match characters {
            Some(characters) if is_number(characters) => unfit(path, NOT_FINITE),
            Some(characters) if !characters.starts_with(['\'', '"', '|', '>']) => Ok(characters.into()),
            _ => Ok(word.into()),
        },
        Kind::Scalar(value) => Ok(value),
        Kind::List(nodes) => {
            let mut list = Vec::new();
            for (at, node) in nodes.into_iter().enumerate() {
                path.push(at.into());
                list.push(value(text, node, path, repeated)?);
                path.pop();
            }
            Ok(list.into())
        }
        Kind::Mapping(entries) => {
            let mut object = Map::new();
            for (key, node) in entries {
                path.push(Step::Key(key.clone()));
                let value = value(text, node, path, repeated)?;
                path.pop();
                if object.insert(key.clone(), value).is_some() {
                    repeated.push(key);
                }
            }
            Ok(object.into())
        }
    }
}

pub(super) fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Whether PyYAML takes these characters for a number, by the expressions of its resolver.
fn is_number(characters: &str) -> bool {
    let unsigned = characters.strip_prefix(['-', '+']).unwrap_or(characters);
    let all = |text: &str, fits: fn(char) -> bool| !text.is_empty() && text.chars().all(|c| c == '_' || fits(c));
    let digits = |text: &str| all(text, |c| c.is_ascii_digit());
    let radix = |mark: &str, fits: fn(char) -> bool| unsigned.strip_prefix(mark).is_some_and(|rest| all(rest, fits));
    let starts_with_digit = unsigned.starts_with(|c: char| c.is_ascii_digit());
    let is_whole = if unsigned.len() > 1 && unsigned.starts_with('0') {
        radix("0b", |c| matches!(c, '0' | '1')) || radix("0x", |c| c.is_ascii_hexdigit()) || radix("0", |c| matches!(c, '0'..='7'))
    } else {
        starts_with_digit && digits(unsigned)
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(mantissa, rest)| (mantissa, Some(rest)));
    let is_exponent = |text: &str| text.strip_prefix(['-', '+']).is_some_and(|rest| !rest.contains('_') && digits(rest));
    let is_decimal = mantissa.split_once('.').is_some_and(|(whole, fraction)| {
        let fits = if whole.is_empty() {
            fraction.starts_with(|c: char| c.is_ascii_digit()) && digits(fraction)
        } else {
            starts_with_digit && digits(whole) && (fraction.is_empty() || digits(fraction))
        };
        fits && exponent.is_none_or(is_exponent)
    });
    let is_none = [".inf", ".Inf", ".INF"].contains(&unsigned) || [".nan", ".NaN", ".NAN"].contains(&characters);
    is_whole || is_decimal || is_none
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind)
    }
}

struct AnyKind;

impl<'de> Visitor<'de> for AnyKind {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Kind, E> {
        let kept = Some(value).filter(|value| keeps(*value)).and_then(Number::from_f64);
        Ok(kept.map_or(Kind::Large, |number| Kind::Scalar(number.into())))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element()? {
            list.push(node);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Kind::Mapping(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::is_number;

    #[test]
    fn a_number_is_what_pyyaml_takes_for_one() {
        for number in ["0", "12", "-12", "+1_000", "0123", "0x1F", "0b10", "1.5", "1.", "-1.5e+3", "1.5E-10", ".5", ".inf", "-.INF", ".nan"]
        {
            assert!(is_number(number), "{number}");
        }
        for text in
            ["", "08", "08123456", "1234e567", "1e10", "1.5e3", "0o17", "0X1F", "12a", "-", "+", ".", "..", "1e+3", "-.nan", "e+5", "'1'"]
        {
            assert!(!is_number(text), "{text}");
        }
    }
}
