//! Texts in Markdown: as code blocks that nothing in them ends, and as prose in which nothing is a mark.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

use crate::report::markdown::escaped;
use crate::text::mask::Masker;
use crate::text::{ansi, bytes, count};

/// Bytes of one text that are kept: code hosts do not draw more.
const MOST: usize = 1024 * 1024;

/// Characters of one line that are kept.
const LONGEST: usize = 64 * 1024;

/// Spaces at the beginning of a line that are kept in prose.
const INDENT: usize = 16;

/// A text, clean and masked, in lines.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// The lines; none is empty at either end.
    pub(super) lines: Vec<String>,
    /// Bytes that it had.
    bytes: usize,
}

impl Body {
    /// From a very long text its beginning and its end.
    pub(super) fn of(text: &str, masker: &Masker) -> Self {
        let masked = masker.mask(text);
        let masked = masked.trim_matches(['\n', '\r']);
        let safe = |line: &str| masker.again(ansi::line(line, LONGEST).text);
        let mut lines: Vec<String> = if masked.len() <= MOST {
            masked.lines().map(safe).collect()
        } else {
            let (head, tail) = (masked.floor_char_boundary(MOST * 2 / 3), masked.ceil_char_boundary(masked.len() - MOST / 3));
            let part = |range: std::ops::Range<usize>| masked.get(range).unwrap_or_default().lines().map(safe);
            let left_out = format!("… {} left out …", bytes((tail - head) as u64));
            part(0..head).chain([left_out]).chain(part(tail..masked.len())).collect()
        };
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let blank = lines.iter().take_while(|line| line.is_empty()).count();
        lines.drain(..blank);
        Self { lines, bytes: masked.len() }
    }

    /// `143 lines, 5.2 kB`.
    pub(super) fn size(&self) -> String {
        format!("{}, {}", count(self.lines.len(), "line"), bytes(self.bytes as u64))
    }
}

/// Any text as a code block, with a blank line before and behind it.
pub fn block(out: &mut impl Write, language: &str, text: &str, masker: &Masker) -> io::Result<()> {
    writeln!(out)?;
    fenced(out, language, &Body::of(text, masker))
}

/// A code block whose fence is longer than any run of backticks in it.
pub(super) fn fenced(out: &mut impl Write, language: &str, body: &Body) -> io::Result<()> {
    let longest = body.lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.saturating_add(1).max(3));
    writeln!(out, "{fence}{language}")?;
    for line in &body.lines {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{fence}")
}

fn longest_run(line: &str) -> usize {
    line.split(|char| char != '`').map(str::len).max().unwrap_or_default()
}

/// Lines as paragraphs that keep their breaks and their indents, with a blank line behind them.
pub(super) fn prose(out: &mut impl Write, lines: &[String]) -> io::Result<()> {
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        let goes_on = !line.is_empty() && lines.peek().is_some_and(|next| !next.is_empty());
        writeln!(out, "{}{}", prose_line(line), if goes_on { "\\" } else { "" })?;
        if lines.peek().is_none() {
            writeln!(out)?;
        }
    }
    Ok(())
}

/// A line in which nothing is a mark, not at its beginning either.
fn prose_line(line: &str) -> String {
    let text = line.trim_start_matches(' ');
    let indent = "&nbsp;".repeat((line.len() - text.len()).min(INDENT));
    let safe = escaped(text);
    let digits = safe.bytes().take_while(u8::is_ascii_digit).count();
    match safe.split_at_checked(digits) {
        // a list
        Some((number, rest)) if digits > 0 && rest.starts_with(['.', ')']) => format!("{indent}{number}\\{rest}"),
        // a list, a rule, a heading's line, a table's
        _ if safe.starts_with(['-', '+', '=', ':']) => format!("{indent}\\{safe}"),
        _ => format!("{indent}{safe}"),
    }
}

/// Lines, each behind a mark.
pub(super) fn behind<'a>(mark: &str, lines: impl IntoIterator<Item = &'a str>) -> String {
    lines.into_iter().flat_map(|line| [mark, line, "\n"]).collect()
}

/// Arguments by name, but for some; texts of several lines as such.
pub(super) fn arguments(args: &Value, without: &[&str]) -> String {
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(fields) = args.as_object() else { return if args.is_null() { String::new() } else { words(args) } };
    let mut told = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| !without.contains(&name.as_str())) {
        let value = words(value);
        let value = value.trim_end();
        let _ =
            if value.contains('\n') { write!(told, "{name}:\n{}", behind("  ", value.lines())) } else { writeln!(told, "{name}: {value}") };
    }
    told
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        assert!(write(&mut out).is_ok());
        String::from_utf8_lossy(&out).into_owned()
    }

    /// As GitHub and GitLab read it.
    fn events(text: &str) -> Vec<Event<'_>> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM
            | Options::ENABLE_MATH
            | Options::ENABLE_HEADING_ATTRIBUTES;
        Parser::new_ext(text, options).collect()
    }

    /// Marks, tags and ends of blocks, among letters.
    fn hostile() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[ a-z]{0,6}",
            proptest::sample::select(vec![
                "\n",
                "\n\n",
                "`",
                "```",
                "````",
                "~~~",
                "</details>",
                "<script>",
                "<!--",
                "-->",
                "# ",
                "> ",
                "- ",
                "1. ",
                "1) ",
                "---",
                "===",
                "| a | b |",
                ":--",
                "|--|",
                "[a](b)",
                "![a](b)",
                "[a]: /b",
                "*",
                "**",
                "_",
                "\\",
                "&lt;",
                "http://e.x",
                "@all",
                "    ",
                "\t",
                "\u{1b}[31m",
                "\r",
                "\u{a0}",
                "$x$",
                "[^1]",
                "[^1]: x",
                "+ ",
                "* ",
                "{#id}",
                "~~",
                ": ",
                "^a^",
                "- [ ] ",
                "[[a]]",
                "%%",
                "+++",
                "~a~",
                "||",
                "> [!NOTE]",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
    }

    #[test]
    fn a_fence_is_longer_than_any_in_it() {
        let text = written(|out| fenced(out, "text", &Body::of("a\n````\n<b>", &Masker::default())));
        assert_eq!(text, "`````text\na\n````\n<b>\n`````\n");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let body = Body::of(&"é line\n".repeat(MOST / 4), &Masker::default());
        assert!(body.lines.iter().map(|line| line.len() + 1).sum::<usize>() <= MOST + 64);
        assert!(body.lines.iter().any(|line| line.starts_with("… ") && line.ends_with(" left out …")));
    }

    #[test]
    fn arguments_are_told_by_name() {
        let args = serde_json::json!({"path": "a.py", "text": "x\n  y", "n": 3});
        assert_eq!(arguments(&args, &["n"]), "path: a.py\ntext:\n  x\n    y\n");
        assert_eq!(arguments(&Value::Null, &[]), "");
    }

    proptest! {
        #[test]
        fn any_text_stays_inside_its_fence(text in hostile(), language in proptest::sample::select(vec!["sh", "diff", "text"])) {
            let body = Body::of(&text, &Masker::default());
            let markdown = written(|out| {
                writeln!(out, "before\n")?;
                fenced(out, language, &body)?;
                writeln!(out, "\nbehind")
            });
            let mut inside = String::new();
            let (mut blocks, mut is_code, mut outside) = (0, false, Vec::new());
            for event in events(&markdown) {
                match event {
                    Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(of))) => {
                        prop_assert_eq!(&*of, language);
                        (blocks, is_code) = (blocks + 1, true);
                    }
                    Event::End(TagEnd::CodeBlock) => is_code = false,
                    Event::Text(text) if is_code => inside.push_str(&text),
                    Event::Text(text) => outside.push(text.to_string()),
                    Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                    other => prop_assert!(false, "{:?} in {}", other, markdown),
                }
            }
            let wanted = behind("", body.lines.iter().map(String::as_str));
            prop_assert_eq!((blocks, inside, outside), (1, wanted, vec!["before".to_owned(), "behind".to_owned()]));
        }

        #[test]
        fn nothing_in_prose_is_a_mark(text in hostile()) {
            let lines = Body::of(&text, &Masker::default()).lines;
            let markdown = written(|out| prose(out, &lines));
            let mut told = String::new();
            for event in events(&markdown) {
                match event {
                    Event::Text(text) => told.push_str(&text),
                    Event::HardBreak => told.push('\n'),
                    Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                    other => prop_assert!(false, "{:?} in {}", other, markdown),
                }
            }
            let bare = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&told), bare(&lines.concat()), "{}", markdown);
        }
    }
}
