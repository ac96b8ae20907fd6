//! JSON that was read as a whole before, looked through once more: only where its parts end is asked, and nothing is checked
//! again. Of what is no JSON comes anything, but not more than there is.

use memchr::memchr;

/// The parts of an object (its names and values in turn) or of a list, as they were written.
#[derive(Debug)]
pub(super) struct Skim<'a> {
    rest: &'a str,
}

impl<'a> Skim<'a> {
    /// Of a value that begins with this bracket; `None` of any other.
    pub(super) fn into(raw: &'a str, bracket: u8) -> Option<Self> {
        let raw = raw.trim_ascii_start();
        (raw.as_bytes().first() == Some(&bracket)).then(|| Self { rest: raw.get(1..).unwrap_or_default() })
    }
}

impl<'a> Iterator for Skim<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t', ',', ':']);
        let (part, rest) = rest.split_at_checked(value(rest))?;
        self.rest = rest;
        Some(part).filter(|part| !part.is_empty())
    }
}

/// Bytes of the value at the beginning of a text; 0 where none begins.
fn value(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => string(text),
        Some(b'{' | b'[') => group(text),
        _ => text.bytes().take_while(|byte| !matches!(byte, b',' | b':' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')).count(),
    }
}

/// Bytes of the string at the beginning of a text.
pub(super) fn string(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 1;
    while let Some(at) = bytes.get(end..).and_then(|rest| memchr(b'"', rest)) {
        let before = bytes.get(1..end + at).unwrap_or_default();
        end += at + 1;
        // a mark behind an odd number of backslashes is one of the text
        if before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0 {
            return end;
        }
    }
    text.len()
}

/// Bytes of the object or list at the beginning of a text.
fn group(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        // most of a value is in its strings: from one to the next
        let rest = bytes.get(at..).unwrap_or_default();
        let between = memchr(b'"', rest).unwrap_or(rest.len());
        for (past, byte) in rest.iter().take(between).enumerate() {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                return at + past + 1;
            }
        }
        at += between;
        if at >= bytes.len() {
            return text.len();
        }
        at += text.get(at..).map_or(1, string);
    }
}

/// A walk through JSON that is looked at once: what is entered is walked, and each other value is passed over as it was
/// written. `None` of a method: the text is not as it should be, or ends too early.
#[derive(Debug)]
pub(in crate::agent) struct Cursor<'a> {
    rest: &'a str,
}

/// What comes next in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Key<'a> {
    /// This name.
    Is(&'a str),
    /// Nothing: its end.
    End,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a text.
    pub(in crate::agent) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn skip(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.bytes().next()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.skip()? == byte).then(|| self.rest = self.rest.get(1..).unwrap_or_default())
    }

    /// Goes into the object or list that begins here.
    pub(in crate::agent) fn enter(&mut self, bracket: u8) -> Option<()> {
        self.eat(bracket)
    }

    /// The next name of an object; its value comes next. A name with escapes is none that we know.
    pub(in crate::agent) fn key(&mut self) -> Option<Key<'a>> {
        match self.skip()? {
            b'}' => {
                self.eat(b'}')?;
                return Some(Key::End);
            }
            b',' => self.eat(b',')?,
            _ => {}
        }
        let key = self.value()?.strip_prefix('"')?.strip_suffix('"')?;
        self.eat(b':')?;
        Some(Key::Is(key))
    }

    /// Whether a list has one more element, which comes next.
    pub(in crate::agent) fn element(&mut self) -> Option<bool> {
        match self.skip()? {
            b']' => self.eat(b']').map(|()| false),
            b',' => self.eat(b',').map(|()| true),
            _ => Some(true),
        }
    }

    /// The value that begins here, as it was written.
    pub(in crate::agent) fn value(&mut self) -> Option<&'a str> {
        self.skip()?;
        let (part, rest) = self.rest.split_at_checked(value(self.rest))?;
        self.rest = rest;
        // one that takes all that is left has no end
        (!part.is_empty() && !rest.is_empty()).then_some(part)
    }

    /// All that is left.
    pub(in crate::agent) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Whether nothing but blanks is left.
    pub(in crate::agent) fn is_at_end(&self) -> bool {
        self.rest.trim_ascii().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn parts_are_as_they_were_written() {
        let parts = |raw, bracket| Skim::into(raw, bracket).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(parts(" [1, \"a,]\" , {\"b\": [2]} ,null]", b'['), ["1", "\"a,]\"", "{\"b\": [2]}", "null"]);
        assert_eq!(parts(r#"{"a\\":"\"}", "b" : -1.5e3}"#, b'{'), [r#""a\\""#, r#""\"}""#, "\"b\"", "-1.5e3"]);
        assert!(parts("[]", b'[').is_empty() && parts("{}", b'[').is_empty() && parts("", b'{').is_empty());
    }

    proptest! {
        #[test]
        fn it_sees_what_a_reader_sees(texts in proptest::collection::vec(r#"[a\\"\[\]{},: \n\u{e9}]{0,12}"#, 0..6), number: f64, is_deep: bool) {
            let mut list: Vec<Value> = texts.into_iter().map(Value::from).collect();
            list.push(number.into());
            if is_deep {
                list = vec![serde_json::json!({"\"x": list, "y": [null, true]})];
            }
            for raw in [serde_json::to_string(&list).unwrap_or_default(), serde_json::to_string_pretty(&list).unwrap_or_default()] {
                let read: Vec<&RawValue> = serde_json::from_str(&raw).unwrap_or_default();
                let read: Vec<&str> = read.into_iter().map(RawValue::get).collect();
                prop_assert_eq!(Skim::into(&raw, b'[').into_iter().flatten().collect::<Vec<_>>(), read);
            }
        }

        #[test]
        fn anything_ends(text in r#"[a\\"\[\]{},: \n\u{e9}]{0,40}"#) {
            for bracket in [b'[', b'{'] {
                let parts = Skim::into(&text, bracket).into_iter().flatten();
                prop_assert!(parts.map(str::len).sum::<usize>() <= text.len());
            }
        }
    }
}
