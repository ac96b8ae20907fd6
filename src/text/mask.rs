//! Secrets: their values never reach a screen, a report or a log.

mod undone;

use std::borrow::Cow;
use std::ops::Range;

use super::{ansi, clean};

/// What stands for a secret.
pub const MASK: &str = "•••";

/// Shorter values are not masked: they would black out half the screen and protect nothing.
const SHORTEST: usize = 6;

/// Fewer bytes of a secret tell nothing, and look like any other letters.
const HALF: usize = 4;

/// The harness prints of a longer `…API_KEY…` its beginning of [`SHOWN`] characters, `...` and its last four.
const SHOWN_OF: usize = 24;

/// How many characters of the beginning that is.
const SHOWN: usize = 20;

/// Marks with which a quotation ends.
const ENDS_QUOTE: [char; 8] = ['…', '"', '\'', '`', '«', '»', '“', '”'];

/// What may follow a text that was cut without a mark.
const ENDS_WORD: [char; 8] = [' ', ',', ';', ':', ')', ']', '}', '\n'];

/// In the middle of a sentence fewer bytes of a secret are words like others.
const LONG_HALF: usize = 8;

/// Parts of names whose values are secrets.
const SECRET_NAMES: [&str; 4] = ["KEY", "TOKEN", "SECRET", "PASSWORD"];

/// Replaces the values of secrets in text.
#[derive(Clone, Default)]
pub struct Masker {
    /// Longest first.
    values: Vec<String>,
    /// The variables that are named like secrets, each with forms of its value.
    named: Vec<(String, String)>,
}

impl Masker {
    /// From environment variables, of which those named like secrets count, and from the pairs of a `.env` file, which
    /// all count.
    pub fn new<N, V>(environment: impl IntoIterator<Item = (N, V)>, dot_env: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let (mut values, mut named) = (Vec::new(), Vec::new());
        let mut take = |name: &str, value: &str| {
            let known = values.len();
            forms(name, value, &mut values);
            if is_secret(name) {
                named.extend(values.iter().skip(known).map(|value: &String| (name.to_owned(), value.clone())));
            }
        };
        for (name, value) in environment.into_iter().filter(|(name, _)| is_secret(name.as_ref())) {
            take(name.as_ref(), value.as_ref());
        }
        for (name, value) in dot_env {
            take(name.as_ref(), value.as_ref());
        }
        values.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        named.sort_unstable();
        named.dedup();
        Self { values, named }
    }

    /// The variables named like secrets whose values stand in a text, in order, each once. Other variables of `.env` are hidden too,
    /// and nobody is warned of them: a model's name is no secret.
    pub fn named_in(&self, text: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.named.iter().filter(|(_, value)| text.contains(value.as_str())).map(|(name, _)| name.as_str()).collect();
        names.dedup();
        names
    }

    /// `text` with `•••` for each secret in it, also for one that is spelt with escape sequences of JSON.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.spans(text);
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(replaced(text, &spans))
    }

    /// The line as [`clean::line`] makes it, without secrets: neither as they were written, nor as they read once the escape
    /// sequences and marks within them are gone.
    pub fn line(&self, text: &str) -> String {
        self.again(clean::line(&self.mask(text)))
    }

    /// The lines of a text, each made so. A last newline opens no further line.
    pub fn lines(&self, text: &str) -> Vec<String> {
        clean::lines(&self.mask(text)).map(|line| self.again(line)).collect()
    }

    /// The first line of a text that holds anything, made so; empty when none does.
    pub fn first_line(&self, text: &str) -> String {
        self.again(clean::first_line(&self.mask(text)))
    }

    /// A text as it was written, without secrets; a line that reads as one only once it is clean is clean.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let masked = self.mask(text);
        // most texts hide nothing
        if self.values.is_empty() || masked.chars().all(|char| char == '\n' || !clean::is_invisible(char)) {
            return masked;
        }
        let line = |line: &str| match self.mask(&ansi::line(line, usize::MAX).text) {
            Cow::Owned(clean) => clean,
            Cow::Borrowed(_) => line.to_owned(),
        };
        Cow::Owned(masked.split('\n').map(line).collect::<Vec<_>>().join("\n"))
    }

    /// What became clean may only now read as a secret.
    pub fn again(&self, clean: String) -> String {
        match self.mask(&clean) {
            Cow::Owned(masked) => masked,
            Cow::Borrowed(_) => clean,
        }
    }

    /// Length in bytes of the longest secret: how much of a stream to hold back so that none is cut in two.
    pub fn longest(&self) -> usize {
        self.values.first().map_or(0, String::len)
    }

    /// The same as it may be spelt in JSON.
    pub fn longest_written(&self) -> usize {
        self.longest().saturating_mul(undone::LONGEST)
    }

    /// Bytes at the end of a text that may be the beginning of a secret whose rest is not there yet.
    pub fn half_at_end(&self, text: &str) -> usize {
        let text = tail(text, self.longest_written());
        let half = |text: &str| {
            let half = |value: &String| (HALF..value.len()).rev().find(|n| value.get(..*n).is_some_and(|half| text.ends_with(half)));
            self.values.iter().filter_map(half).max()
        };
        let each = undone::each(text);
        let spelt = each.iter().enumerate().filter_map(|(n, undone)| {
            let begin = undone.text.len() - half(&undone.text)?;
            let written = undone::written(each.get(..=n)?, begin..undone.text.len());
            Some(text.len() - written.start)
        });
        spelt.chain(half(text)).max().unwrap_or_default()
    }

    /// Bytes at the beginning of a text in which the rest of a secret may stand that began before it.
    pub fn rest_at_start(&self, text: &str) -> usize {
        let longest = self.longest();
        // as many letters of what it reads like
        let end = |text: &str| text.char_indices().nth(longest).map_or(text.len(), |(at, _)| at);
        // the rest of a sequence reads like as many letters
        let digits = text.trim_start_matches('\\').strip_prefix('u').filter(|_| longest > 0);
        let digits = digits.and_then(|text| text.get(..4)).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let before = digits.map_or(0, |_| text.len() - text.trim_start_matches('\\').len() + "uXXXX".len());
        let text = text.get(before..).unwrap_or_default();
        let each = undone::each(head(text, self.longest_written()));
        let spelt = each.iter().enumerate().map(|(n, undone)| {
            let end = end(&undone.text);
            undone::written(each.get(..=n).unwrap_or_default(), end..end).end
        });
        before + spelt.chain([end(text)]).max().unwrap_or_default()
    }

    /// Bytes at the end of a text in which a secret may begin that goes on behind it.
    pub fn begin_at_end(&self, text: &str) -> usize {
        let longest = self.longest();
        let begin = |text: &str| longest.checked_sub(1).map_or(text.len(), |n| text.char_indices().rev().nth(n).map_or(0, |(at, _)| at));
        let tail = tail(text, self.longest_written());
        let each = undone::each(tail);
        let spelt = each.iter().enumerate().map(|(n, undone)| {
            let begin = begin(&undone.text);
            tail.len() - undone::written(each.get(..=n).unwrap_or_default(), begin..undone.text.len()).start
        });
        spelt.chain([text.len() - begin(text)]).max().unwrap_or_default()
    }

    /// The last place up to `at` where a text may be divided: within no letter and no secret.
    pub fn place(&self, text: &str, at: usize) -> usize {
        let at = text.floor_char_boundary(at);
        self.spans(text).into_iter().find(|span| span.start < at && at < span.end).map_or(at, |span| span.start)
    }

    /// A text that quotes others, made safe as one line. Who quotes the beginning of a text may cut a secret in two: a half
    /// at the end, or before a mark that ends a quotation, is none of anybody's business either.
    pub fn quoted(&self, text: &str) -> String {
        let masked = self.mask(text);
        let ends = masked.char_indices().filter(|(_, char)| ENDS_QUOTE.contains(char) || ENDS_WORD.contains(char));
        let half = |(at, char): (usize, char)| {
            let half = self.half_at_end(masked.get(..at)?);
            let least = if ENDS_QUOTE.contains(&char) { HALF } else { LONG_HALF };
            (half >= least).then(|| at - half..at)
        };
        let halves = ends.chain([(masked.len(), '…')]).filter_map(half).collect();
        self.again(clean::line(&replaced(&masked, &merged(halves))))
    }

    /// Where secrets stand, in order, those that touch taken as one: the end of one may be the beginning of another.
    fn spans(&self, text: &str) -> Vec<Range<usize>> {
        if self.values.is_empty() {
            return Vec::new();
        }
        let mut found = self.found(text);
        let each = undone::each(text);
        if let Some(undone) = each.first() {
            found = found.into_iter().map(|span| undone.whole(span)).collect();
        }
        for (n, undone) in each.iter().enumerate() {
            let way = each.get(..=n).unwrap_or_default();
            found.extend(self.found(&undone.text).into_iter().map(|span| undone::written(way, span)));
        }
        merged(found)
    }

    /// Where secrets stand as they are.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for value in &self.values {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.find(value.as_str())) {
                let start = from + at;
                found.push(start..start + value.len());
                from = start + value.chars().next().map_or(1, char::len_utf8);
            }
        }
        found
    }
}

/// About so many bytes of a text's beginning, in which no escape sequence is divided.
fn head(text: &str, most: usize) -> &str {
    let mut end = text.floor_char_boundary(most);
    while text.as_bytes().get(end).is_some_and(u8::is_ascii_graphic) && end < most + undone::LONGEST {
        end += 1;
    }
    text.get(..end).unwrap_or(text)
}

/// About so many bytes of a text's end, before which no backslash stands: it would be half of a sequence.
fn tail(text: &str, most: usize) -> &str {
    let begin = text.floor_char_boundary(text.len().saturating_sub(most));
    let before = text.get(..begin).unwrap_or_default();
    text.get(before.trim_end_matches('\\').len()..).unwrap_or(text)
}

/// Spans in order, those that touch taken as one.
fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in found {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// `text` with [`MASK`] in the place of these spans, which are in order.
fn replaced(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out.push_str(text.get(from..span.start).unwrap_or_default());
        out.push_str(MASK);
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masker({} secrets)", self.values.len())
    }
}

/// Whether a variable of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// A value as it is, as JSON writes it, line by line (a screen shows no more than a line at once), and as the harness's
/// log abbreviates it.
fn forms(name: &str, value: &str, into: &mut Vec<String>) {
    let mut keep = |form: &str| {
        if form.chars().count() >= SHORTEST {
            into.push(form.to_owned());
        }
    };
    let value = value.trim();
    keep(value);
    let json = serde_json::to_string(value).unwrap_or_default();
    keep(json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default());
    if value.contains('\n') {
        value.lines().map(str::trim).for_each(&mut keep);
    }
    let length = value.chars().count();
    if name.contains("API_KEY") && length > SHOWN_OF {
        let first: String = value.chars().take(SHOWN).collect();
        let last: String = value.chars().skip(length - 4).collect();
        keep(&format!("{first}...{last}"));
        keep(&first);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_json(text: &str) -> String {
        let json = serde_json::to_string(text).unwrap_or_default();
        json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned()
    }

    fn masker() -> Masker {
        Masker::new(
            [("OPENAI_API_KEY", "sk-abcdef"), ("HOME", "/home/ann"), ("short_key", "abc"), ("HF_TOKEN", "defghij")],
            [("BASE_URL", "https://inner.example")],
        )
    }

    #[test]
    fn values_of_secret_names_and_of_the_env_file_are_masked() {
        let seen = masker().mask("key sk-abcdef at https://inner.example in /home/ann abc").into_owned();
        assert_eq!(seen, "key ••• at ••• in /home/ann abc");
    }

    #[test]
    fn a_secret_that_reads_as_one_only_once_it_is_clean_is_masked() {
        for within in ["\u{1b}[1m", "\u{200b}", "\0", "\u{ad}", "x\u{8}", "\u{1b}]0;t\u{7}"] {
            let text = format!("\nis sk-ab{within}cdef");
            let masker = masker();
            let seen = [masker.first_line(&text), masker.line(text.trim()), masker.lines(&text).concat(), masker.quoted(text.trim())];
            assert_eq!(seen, ["is •••"; 4], "{within:?}");
            assert_eq!(masker.text(&format!("\u{1b}[1ma\n{}\n", text.trim())), "\u{1b}[1ma\nis •••\n", "{within:?}");
        }
    }

    #[test]
    fn overlapping_secrets_leave_nothing() {
        assert_eq!(masker().mask("sk-abcdefghij!"), "•••!");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_in_each_and_as_json() {
        let masker = Masker::new([("PEM_KEY", "first line\nsecond line")], []);
        assert_eq!(masker.mask("a first line b"), "a ••• b");
        assert_eq!(masker.mask(r#"{"k":"first line\nsecond line"}"#), r#"{"k":"•••"}"#);
    }

    #[test]
    fn a_key_is_masked_as_the_harness_abbreviates_it_too() {
        let masker =
            Masker::new([], [("OPENAI_API_KEY", "sk-proj-0123456789abcdefghijklmnop"), ("CONFIG", "/home/ann/projects/iso-bench/x.yaml")]);
        assert_eq!(masker.mask("  OPENAI_API_KEY: sk-proj-0123456789ab...mnop"), "  OPENAI_API_KEY: •••");
        assert_eq!(masker.mask("sk-proj-0123456789ab..."), "•••...");
        assert_eq!(masker.mask("in /home/ann/projects/i"), "in /home/ann/projects/i", "only keys are abbreviated");
    }

    #[test]
    fn a_half_of_a_secret_is_known() {
        let masker = Masker::new([("A_KEY", "sk-very-secret"), ("B_KEY", "secret-thing")], []);
        assert_eq!(["is sk-very", "is sk-very-secret", "is sk-", "secr"].map(|text| masker.half_at_end(text)), [7, 6, 0, 4]);
    }

    #[test]
    fn a_half_in_a_quotation_is_masked() {
        let masker = Masker::new([("A_KEY", "sk-very-secret")], []);
        let seen = [
            "export A=sk-very-sec",
            "said \"sk-very-se…\" and sk-very-secret x",
            "`sk-very`: \u{1b}[31mred",
            "sk-very is",
            "sk-very-s failed",
        ];
        let safe = ["export A=•••", "said \"•••…\" and ••• x", "`•••`: red", "sk-very is", "••• failed"];
        assert_eq!(seen.map(|text| masker.quoted(text)), safe);
    }

    #[test]
    fn a_secret_that_json_spells_otherwise_is_masked() {
        let masker = Masker::new([("A_KEY", "sk-ab/c\"d€é"), ("B_KEY", "nvapi-0123"), ("PEM_KEY", "first line\nsecond line")], []);
        let seen = [
            r#"{"k":"sk-ab\/c\"d€é"}"#,
            r#"{"k":"sk-\u0061b/c\u0022d\u20ac\u00E9"}"#,
            r#"{"k":"\u0073\u006b\u002d\u0061\u0062\u002f\u0063\u0022\u0064\u20ac\u00e9"}"#,
            r#"{"args":"{\"k\":\"sk-\\u0061b\\/c\\\"d€é\"}"}"#,
            r#"{"k":"sk-\u001b[01;31mab\u001b[m\u001b[K/c\"\u200bd€é"}"#,
            r#"{"k":"first\u0020line\nsecond line"}"#,
        ];
        let safe = [r#"{"k":"•••"}"#; 3].into_iter().chain([r#"{"args":"{\"k\":\"•••\"}"}"#, r#"{"k":"•••"}"#, r#"{"k":"•••"}"#]);
        assert_eq!(seen.map(|text| masker.mask(text)).to_vec(), safe.collect::<Vec<_>>());
        let edges = [r#"{"k":"a\nnvapi-0123\nb"}"#, r#"{"k":"a\nvapi-0123"}"#, r#"{"k":"\ud83d\ude00nvapi-0123\u20ac"}"#];
        let safe = [r#"{"k":"a\n•••\nb"}"#, r#"{"k":"a•••"}"#, r#"{"k":"\ud83d\ude00•••\u20ac"}"#];
        assert_eq!(edges.map(|text| masker.mask(text)), safe);
        let others = [r"C:\users\nv \u12 \x \", r#"{"k":"a\u0062\n\\"}"#];
        assert_eq!(others.map(|text| masker.mask(text)), others);
    }

    #[test]
    fn half_of_a_secret_that_json_spells_otherwise_is_known() {
        let masker = Masker::new([("A_KEY", "sk-very-secret")], []);
        let ends = [r"is sk-\u0076e", r"is sk-\u0076e\u00", r"is sk-\\u0076e\\u0", r"is sk-v\", r"is \u0073k"];
        assert_eq!(ends.map(|text| text.len() - masker.half_at_end(text)), [3, 3, 3, 3, ends[4].len()]);
        assert_eq!(masker.quoted(r#"said "sk-\u0076ery…" \u"#), r#"said "•••…" \u"#);
    }

    #[test]
    fn it_does_not_tell_in_debug() {
        assert_eq!(format!("{:?}", masker()), "Masker(3 secrets)");
    }

    proptest! {
        #[test]
        fn no_secret_survives(before in "\\PC{0,20}", secret in "[a-z0-9é]{6,12}", after in "\\PC{0,20}") {
            let masker = Masker::new([("X_KEY", secret.as_str())], []);
            let text = format!("{before}{secret}{after}{secret}");
            let masked = masker.mask(&text).into_owned();
            prop_assert!(!masked.contains(&secret));
        }

        #[test]
        fn no_secret_survives_in_json(
            before in "\\PC{0,20}", secret in "[a-z0-9é€😀/\"\\\\]{6,12}", after in "\\PC{0,20}", which in any::<u16>(), times in 1_usize..4,
        ) {
            let masker = Masker::new([("X_KEY", secret.as_str())], []);
            let spelt = |char: char, n: usize| {
                let is_spelt = which >> (n % 16) & 1 == 1;
                if is_spelt { char.encode_utf16(&mut [0; 2]).iter().fold(String::new(), |text, unit| text + &format!("\\u{unit:04X}")) } else { as_json(&char.to_string()) }
            };
            let spelt: String = secret.chars().enumerate().map(|(n, char)| spelt(char, n)).collect();
            let mut text = format!("{{\"k\":\"{}{spelt}{}\"}}", as_json(&before), as_json(&after));
            for _ in 1..times {
                text = format!("{{\"k\":\"{}\"}}", as_json(&text));
            }
            let masked = masker.mask(&text).into_owned();
            prop_assert!(masked.contains(MASK) && !masked.contains(&spelt), "{text}");
            let mut read = masked;
            for _ in 0..times {
                let value: serde_json::Value = serde_json::from_str(&read).map_err(|error| TestCaseError::fail(format!("{error}: {read}")))?;
                read = value.get("k").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            }
            prop_assert!(!read.contains(&secret), "{read}");
        }
    }
}
