//! JSON of any size as far as it matters: scalars and objects are kept, of a list only what can be counted. A result of
//! `--save-detailed` is hundreds of MB of lists, and Python writes `Infinity` and `NaN`, which are no JSON.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::Deserializer;
use serde::de::{Deserialize, MapAccess, SeqAccess, Visitor};

/// More fields than any result has; further ones are passed over.
const MOST_FIELDS: usize = 5000;

/// Numbers of a list that are kept: of a speculative decoder's positions there are a dozen at most.
const MOST_NUMBERS: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sketch {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(List),
    Map(Vec<(String, Sketch)>),
}

/// A list, counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct List {
    pub(super) len: usize,
    /// Texts in it that are not empty, and the first of them.
    pub(super) said: usize,
    pub(super) first_said: String,
    /// Its first numbers.
    pub(super) numbers: Vec<f64>,
    /// The first object in it.
    pub(super) first: Option<Box<Sketch>>,
}

impl Sketch {
    /// A field of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(fields) = self else { return None };
        fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) const fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

#[expect(clippy::cast_precision_loss, reason = "counts of tokens are far below 2^53")]
impl<'de> Visitor<'de> for Reader {
    type Value = Sketch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Sketch, E> {
        Ok(Sketch::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Sketch, E> {
        Ok(Sketch::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Sketch, E> {
        Ok(Sketch::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Sketch, E> {
        Ok(Sketch::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Sketch, E> {
        Ok(Sketch::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Sketch, E> {
        Ok(Sketch::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Sketch, A::Error> {
        let mut list = List::default();
        while let Some(item) = items.next_element::<Sketch>()? {
            list.len += 1;
            match item {
                Sketch::Number(number) if list.numbers.len() < MOST_NUMBERS => list.numbers.push(number),
                Sketch::Text(text) if !text.is_empty() => {
                    list.said += 1;
                    if list.said == 1 {
                        list.first_said = text;
                    }
                }
                map @ Sketch::Map(_) if list.first.is_none() => list.first = Some(Box::new(map)),
                _ => {}
            }
        }
        Ok(Sketch::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sketch, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if fields.len() < MOST_FIELDS {
                fields.push((key, map.next_value()?));
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(Sketch::Map(fields))
    }
}

/// Python's JSON as JSON: `Infinity` becomes `"inf"`, `NaN` becomes `null`.
#[derive(Debug)]
pub(super) struct Lenient<R> {
    inner: R,
    state: State,
    /// What is still to be given out.
    rest: &'static [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    InText,
    /// Behind a `\` in a text.
    Escaped,
    /// In a word that was replaced.
    Replaced,
}

impl<R: BufRead> Lenient<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, state: State::Plain, rest: &[] }
    }

    /// The next byte, if it was there to be taken.
    fn next(&mut self) -> io::Result<Option<u8>> {
        loop {
            if let Some((first, rest)) = self.rest.split_first() {
                self.rest = rest;
                return Ok(Some(*first));
            }
            let Some(byte) = self.inner.fill_buf()?.first().copied() else { return Ok(None) };
            self.inner.consume(1);
            match (self.state, byte) {
                (State::Replaced, b'a'..=b'z' | b'A'..=b'Z') => continue,
                (State::InText, b'"') => self.state = State::Plain,
                (State::InText, b'\\') => self.state = State::Escaped,
                (State::Escaped, _) => self.state = State::InText,
                (State::InText, _) => {}
                (State::Plain | State::Replaced, b'"') => self.state = State::InText,
                (State::Plain, b'I' | b'N') => {
                    self.rest = if byte == b'I' { b"\"inf\"" } else { b"null" };
                    self.state = State::Replaced;
                    continue;
                }
                // `-Infinity` is nothing that anybody means
                (State::Plain | State::Replaced, b'-') if self.inner.fill_buf()?.first() == Some(&b'I') => continue,
                (State::Plain | State::Replaced, _) => self.state = State::Plain,
            }
            return Ok(Some(byte));
        }
    }
}

impl<R: BufRead> Read for Lenient<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        for place in out.iter_mut() {
            let Some(byte) = self.next()? else { break };
            *place = byte;
            written += 1;
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn sketch(text: &str) -> Sketch {
        serde_json::from_reader(Lenient::new(text.as_bytes())).unwrap()
    }

    #[test]
    fn python_s_words_are_read() {
        let seen = sketch(r#"{"a": Infinity, "b": -Infinity, "c": [NaN, 1, 2.5], "d": "In \"NaN\" Infinity \\", "e": -1, "f": null}"#);
        assert_eq!(seen.get("a").unwrap().text(), Some("inf"));
        assert_eq!(seen.get("b").unwrap().text(), Some("inf"));
        assert_eq!(seen.get("c"), Some(&Sketch::List(List { len: 3, numbers: vec![1.0, 2.5], ..List::default() })));
        assert_eq!(seen.get("d").unwrap().text(), Some("In \"NaN\" Infinity \\"));
        assert_eq!((seen.get("e").unwrap().number(), seen.get("f")), (Some(-1.0), Some(&Sketch::Null)));
    }

    #[test]
    fn lists_are_counted_and_not_kept() {
        let seen = sketch(r#"{"errors": ["", "refused", "", "gone"], "itls": [[0.1, 0.2], []], "of": [{"x": 1}, {"x": 2}]}"#);
        let list = |name: &str| if let Some(Sketch::List(list)) = seen.get(name) { list.clone() } else { List::default() };
        assert_eq!((list("errors").len, list("errors").said, list("errors").first_said), (4, 2, "refused".to_owned()));
        assert_eq!(list("itls").len, 2);
        assert_eq!(list("of").first.unwrap().get("x").unwrap().number(), Some(1.0));
    }
}
