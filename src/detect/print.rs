//! Fingerprints of what was asked and what came back, without what differs each time: colours, ids, numbers, times, blanks.

use serde_json::Value;

/// Bytes of a text that count, from each of its ends: 4 KiB.
const END: usize = 4096;

/// Letters of an id in hex at least: a short commit has seven.
const ID: usize = 7;

/// FNV-1a, 64 bits: one multiplication a byte, nothing to allocate, the same in every run of the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Print(u64);

impl Print {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    /// A text and its end, so that `ab`, `c` differs from `a`, `bc`.
    pub(super) fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.byte(0xff);
    }

    /// A text with its blanks folded.
    pub(super) fn folded(&mut self, text: &str) {
        for word in text.split_ascii_whitespace() {
            word.bytes().for_each(|byte| self.byte(byte));
            self.byte(b' ');
        }
        self.byte(0xff);
    }

    pub(super) fn number(&mut self, number: u64) {
        number.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    /// An argument: the order of fields, blanks, and fields that say nothing do not count.
    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.byte(b'0'),
            Value::Bool(is) => self.byte(if *is { b't' } else { b'f' }),
            Value::Number(number) => self.text(&number.to_string()),
            Value::String(text) => self.folded(text),
            Value::Array(list) => {
                self.byte(b'[');
                list.iter().for_each(|value| self.value(value));
                self.byte(b']');
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().filter(|(_, value)| says_something(value)).collect();
                fields.sort_by_key(|(name, _)| name.as_str());
                self.byte(b'{');
                for (name, value) in fields {
                    self.text(name);
                    self.value(value);
                }
                self.byte(b'}');
            }
        }
    }

    pub(super) const fn done(self) -> u64 {
        self.0
    }
}

/// Whether a field of arguments says anything: OpenAI's strict mode sends every field there is, most of them empty.
pub(super) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// What came back, its first and last 4 KiB.
pub(super) fn of_result(text: &str) -> u64 {
    let bytes = text.as_bytes().trim_ascii();
    let mut print = Print::new();
    if bytes.len() <= 2 * END {
        mask(bytes, |byte| print.byte(byte));
    } else {
        mask(bytes.get(..END).unwrap_or_default(), |byte| print.byte(byte));
        mask(bytes.get(bytes.len() - END..).unwrap_or_default(), |byte| print.byte(byte));
    }
    print.done()
}

/// The beginning of what a harness said: it may quote what it answers to later on.
pub(super) fn of_words(text: &str) -> u64 {
    let mut print = Print::new();
    mask(text.as_bytes().get(..160).unwrap_or(text.as_bytes()), |byte| print.byte(byte));
    print.done()
}

/// The class of an error: its line without what it quotes.
pub(super) fn of_error(line: &str) -> u64 {
    let mut plain = Vec::with_capacity(line.len().min(END));
    let mut quote = None;
    let mut before = b' ';
    for &byte in line.as_bytes().iter().take(END) {
        match quote {
            Some(end) if byte == end => quote = None,
            Some(_) => {}
            // the mark in "doesn't" quotes nothing
            None if matches!(byte, b'`' | b'"') || (byte == b'\'' && !before.is_ascii_alphanumeric()) => {
                quote = Some(byte);
                plain.push(b'"');
            }
            None => plain.push(byte),
        }
        before = byte;
    }
    let mut print = Print::new();
    mask(&plain, |byte| print.byte(byte));
    print.done()
}

/// Gives on what stays the same.
fn mask(bytes: &[u8], mut out: impl FnMut(u8)) {
    let mut last = b' ';
    let mut give = |byte: u8| {
        // blanks fold, and so do the parts of one number
        if byte != last || !matches!(byte, b' ' | b'#') {
            out(byte);
        }
        last = byte;
    };
    let mut rest = bytes;
    let mut was_number = false;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == 0x1b {
            rest = after_escape(tail);
        } else if byte.is_ascii_alphanumeric() {
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let (word, tail) = rest.split_at(length);
            was_number = of_word(word, &mut give);
            rest = tail;
        } else if matches!(byte, b'.' | b',') && was_number && tail.first().is_some_and(u8::is_ascii_digit) {
            rest = tail;
        } else {
            was_number = false;
            give(if byte <= b' ' { b' ' } else { byte });
            rest = tail;
        }
    }
}

/// Gives on a word; says whether it ended in a number.
fn of_word(word: &[u8], give: &mut impl FnMut(u8)) -> bool {
    if !word.iter().any(u8::is_ascii_digit) {
        word.iter().for_each(|byte| give(*byte));
        return false;
    }
    if (word.len() >= ID && word.iter().all(u8::is_ascii_hexdigit)) || word.starts_with(b"0x") {
        give(b'#');
        return true;
    }
    word.iter().for_each(|byte| give(if byte.is_ascii_digit() { b'#' } else { *byte }));
    word.last().is_some_and(u8::is_ascii_digit)
}

/// What follows an escape sequence, of which the escape itself is gone.
fn after_escape(bytes: &[u8]) -> &[u8] {
    let end = match bytes.first() {
        Some(b'[') => bytes.iter().skip(1).position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 2),
        Some(b']') => bytes.iter().position(|byte| matches!(byte, 0x07 | 0x1b)).map(|at| at + 1),
        _ => Some(1),
    };
    end.and_then(|end| bytes.get(end..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(value: &Value) -> u64 {
        let mut print = Print::new();
        print.value(value);
        print.done()
    }

    #[test]
    fn what_differs_each_time_does_not_count() {
        let first = "\u{1b}[32m3 passed\u{1b}[0m in 0.12s at 2025-11-06T15:04:14.136  (commit 343007f, 0x7ffd12)\n";
        let second = "3 passed in 12s at 2026-01-16T05:14:04.1\n(commit 58eee5f2ab, 0x1)";
        assert_eq!(of_result(first), of_result(second));
        assert_ne!(of_result(first), of_result("2 failed in 0.12s"));
    }

    #[test]
    fn of_a_long_result_both_ends_count_and_its_middle_does_not() {
        let long = |middle: &str, end: &str| format!("{}{middle}{}{end}", "a ".repeat(3000), "b ".repeat(3000));
        assert_eq!(of_result(&long("x", "end")), of_result(&long("y", "end")));
        assert_ne!(of_result(&long("x", "end")), of_result(&long("x", "END")));
    }

    #[test]
    fn arguments_are_the_same_in_any_order_with_empty_fields() {
        let short = json!({"command": "view", "path": "/a.py"});
        let strict = json!({"path": "/a.py", "view_range": [], "old_str": "", "new_str": null, "command": " view\n"});
        assert_eq!(asked(&short), asked(&strict));
        assert_ne!(asked(&short), asked(&json!({"command": "view", "path": "/b.py"})));
        assert_ne!(asked(&json!({"range": [1, 200]})), asked(&json!({"range": [200, 400]})), "numbers of arguments count");
    }

    #[test]
    fn errors_of_a_class_quote_different_things() {
        let a = "No replacement was performed, old_str `x = 1` did not appear verbatim in /a.py.";
        let b = "No replacement was performed, old_str `y = 'it'` did not appear verbatim in /a.py.";
        assert_eq!(of_error(a), of_error(b));
        assert_ne!(of_error("it doesn't apply"), of_error("it doesn't exist"));
    }

    #[test]
    fn an_escape_without_an_end_is_no_trouble() {
        for text in ["\u{1b}", "\u{1b}[", "\u{1b}[1;2", "\u{1b}]0;title", "\u{1b}]0;t\u{7}x"] {
            of_result(text);
        }
    }
}
