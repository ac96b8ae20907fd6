//! What somebody searches for: a text or a regular expression.

use std::ops::Range;

use regex::RegexBuilder;

/// The largest compiled expression in bytes; a larger one is refused, so that no pattern eats the memory.
const LARGEST: usize = 1 << 20;

/// A shorter word is in too many lines to tell them apart.
const SHORTEST: usize = 3;

/// How the letters of a search are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Meaning {
    /// As they stand.
    #[default]
    Text,
    /// As a regular expression.
    Regex,
}

/// A search. Without a capital letter in it, case does not count.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What was typed.
    pub text: String,
    /// How it is meant.
    pub meaning: Meaning,
    regex: regex::Regex,
    bytes: regex::bytes::Regex,
}

impl Pattern {
    /// A search for this; the error is one line for people.
    pub fn new(text: &str, meaning: Meaning) -> Result<Self, String> {
        let source = match meaning {
            Meaning::Text => regex::escape(text),
            Meaning::Regex => text.to_owned(),
        };
        let any_case = !text.chars().any(char::is_uppercase);
        let regex = RegexBuilder::new(&source).case_insensitive(any_case).size_limit(LARGEST).build().map_err(|error| says(&error))?;
        let mut bytes = regex::bytes::RegexBuilder::new(&source);
        let bytes =
            bytes.case_insensitive(any_case).multi_line(true).crlf(true).size_limit(LARGEST).build().map_err(|error| says(&error))?;
        Ok(Self { text: text.to_owned(), meaning, regex, bytes })
    }

    /// Whether it is in a line.
    pub fn is_in(&self, line: &str) -> bool {
        self.regex.is_match(line)
    }

    /// Where it is in a line, as bytes; matches of nothing are left out.
    pub fn ranges<'a>(&'a self, line: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex.find_iter(line).map(|found| found.range()).filter(|range| !range.is_empty())
    }

    /// What is in every line of JSON of whose texts one holds it, however they were escaped: the longest word of it, or a
    /// character that may stand within one and is not shown. Marks that only choose how the character before them looks (U+FE00
    /// to U+FE0F) are too common to be told so. `None`: nothing is sure to be there.
    pub fn in_json(&self) -> Option<(&str, regex::bytes::Regex)> {
        const UNSHOWN: &str = r"\\u|\\b|[\x7f-\u{9f}\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e0fff}]";
        if self.meaning != Meaning::Text {
            return None;
        }
        let words = self.text.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.')));
        let word = words.max_by_key(|word| word.len()).filter(|word| word.len() >= SHORTEST)?;
        let any_case = if self.any_case() { "(?i)" } else { "" };
        Some((word, regex::bytes::Regex::new(&format!("{UNSHOWN}|{any_case}{}", regex::escape(word))).ok()?))
    }

    fn any_case(&self) -> bool {
        !self.text.chars().any(char::is_uppercase)
    }

    /// The same over bytes of several lines, where `^` and `$` are the ends of lines.
    pub const fn bytes(&self) -> &regex::bytes::Regex {
        &self.bytes
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.meaning == other.meaning
    }
}

impl Eq for Pattern {}

/// The last line of an error says what is wrong; those before it draw where.
fn says(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the expression is too large".to_owned(),
        _ => error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_text_is_no_expression_and_small_letters_mean_both() {
        let find = Pattern::new("a.b", Meaning::Text).unwrap();
        assert_eq!((find.is_in("xA.Bx"), find.is_in("axb")), (true, false));
        assert_eq!(find.ranges("a.b A.B").collect::<Vec<_>>(), [0..3, 4..7]);
        assert!(!Pattern::new("A", Meaning::Text).unwrap().is_in("a"));
    }

    #[test]
    fn a_text_is_looked_for_in_json_by_its_longest_word() {
        let find = Pattern::new("\"cmd\": make é2 Fo", Meaning::Text).unwrap();
        let (word, holds) = find.in_json().unwrap();
        assert_eq!(word, "make");
        assert_eq!([r#"{"a":"x make\n"}"#, "{\"a\":\"x Make\"}", "{}"].map(|line| holds.is_match(line.as_bytes())), [true, false, false]);
        // what is not shown may stand within a word
        assert!(holds.is_match(br#"{"a":"ma\u001b[0mke"}"#) && holds.is_match("ma\u{200b}ke".as_bytes()));
        assert!(!holds.is_match("an ordinary — word… ⚠\u{fe0f} é".as_bytes()));
        assert!(Pattern::new("a, é.", Meaning::Text).unwrap().in_json().is_none());
        assert!(Pattern::new("make", Meaning::Regex).unwrap().in_json().is_none());
        assert!(Pattern::new("make", Meaning::Text).unwrap().in_json().unwrap().1.is_match(b"MAKE"));
    }

    #[test]
    fn a_wrong_expression_says_what_is_wrong() {
        assert_eq!(Pattern::new("a(", Meaning::Regex).unwrap_err(), "unclosed group");
        assert_eq!(Pattern::new("(a{999}){999}", Meaning::Regex).unwrap_err(), "the expression is too large");
        assert_eq!(Pattern::new("x*", Meaning::Regex).unwrap().ranges("yy").count(), 0);
    }
}
