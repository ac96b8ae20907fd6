//! Changes of a text: each line with its sign, and where a line changed a little, its new and its lost words.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Line, Tone};
use crate::text::clean;

/// More lines than these, old and new together, are not compared: all old ones stand before all new ones.
const MOST_LINES: usize = 4000;

/// Lines of one place, old or new, that are compared word by word, and bytes of such a line.
const MOST_PAIRS: usize = 60;
const MOST_BYTES: usize = 600;

/// What a text became, line by line.
pub fn change(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    if old.len() + new.len() > MOST_LINES {
        block(&mut lines, &old, &new);
        return lines;
    }
    for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
        let (was, is) = (old.get(op.old_range()).unwrap_or_default(), new.get(op.new_range()).unwrap_or_default());
        if matches!(op, DiffOp::Equal { .. }) {
            lines.extend(was.iter().map(|line| same(line)));
        } else {
            block(&mut lines, was, is);
        }
    }
    lines
}

/// A text that is new as a whole.
pub fn added(text: &str) -> Vec<Line> {
    text.lines().map(|line| signed(Tone::Added, line)).collect()
}

/// A text that holds a diff, line for line: what git and `diff -u` print, and the patches that Codex writes. What stands
/// between diffs is told by `other`.
pub fn mixed(text: &str, mut other: impl FnMut(&str) -> Line) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut reading = Reading::default();
    let mut rest = text.lines().peekable();
    while let Some(line) = rest.next() {
        match reading.take(line, rest.peek().copied().unwrap_or_default()) {
            Is::Removed => {
                reading.flush_before_removed(&mut lines);
                reading.removed.push(line.get(1..).unwrap_or_default());
            }
            Is::Added => reading.added.push(line.get(1..).unwrap_or_default()),
            is => {
                reading.flush(&mut lines);
                lines.push(match is {
                    Is::Same => Line::of(Tone::Plain, &clean::line(line)).hung(hang(line.get(1..).unwrap_or_default())),
                    Is::File => Line::of(Tone::Strong, &clean::line(line)),
                    Is::About => Line::of(Tone::Muted, &clean::line(line)),
                    Is::Place => place(&clean::line(line)),
                    _ => other(line),
                });
            }
        }
    }
    reading.flush(&mut lines);
    lines
}

/// What a line of a diff is, by itself. A removed line that looks like the head of a file is told as that: nobody is misled by it.
pub fn tone(line: &str) -> Tone {
    let is_head = ["--- a/", "+++ b/", "--- /dev/null", "+++ /dev/null"].iter().any(|head| line.starts_with(head));
    match line.bytes().next() {
        Some(b'd') if line.starts_with("diff --git ") => Tone::Strong,
        Some(b'@') => Tone::Accent,
        Some(b'+') if !is_head => Tone::Added,
        Some(b'-') if !is_head => Tone::Removed,
        _ if is_about(line) => Tone::Muted,
        _ => Tone::Plain,
    }
}

/// Whether a text holds a diff.
pub fn is_in(text: &str) -> bool {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let is_plain = line.starts_with("--- ") && next.starts_with("+++ ");
        if is_plain || line.starts_with("diff --git ") || line.starts_with("*** Begin Patch") || counts(line).is_some() {
            return true;
        }
    }
    false
}

/// What a line of a diff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    /// It begins a file.
    File,
    /// It says something about a file.
    About,
    /// It says where the lines behind it stand.
    Place,
    Same,
    Added,
    Removed,
    /// It belongs to no diff.
    Other,
}

#[derive(Debug, Default)]
struct Reading<'a> {
    inside: Inside,
    removed: Vec<&'a str>,
    added: Vec<&'a str>,
}

/// Where in a diff we are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// Behind the name of a file.
    Head,
    /// Among lines, so many of which are to come, before and after the change.
    Counted(u32, u32),
    /// Among the lines of Codex' patches, which are not counted.
    Patch,
}

impl Reading<'_> {
    fn take(&mut self, line: &str, next: &str) -> Is {
        if let Inside::Counted(old, new) = self.inside
            && let Some(is) = self.counted(line, old, new)
        {
            return is;
        }
        if line.starts_with("diff --git ") {
            self.inside = Inside::Head;
            return Is::File;
        }
        if line.starts_with("--- ") && next.starts_with("+++ ") && self.inside != Inside::Patch {
            self.inside = Inside::Head;
            return Is::About;
        }
        if let Some((old, new)) = counts(line) {
            self.inside = Inside::Counted(old, new);
            return Is::Place;
        }
        if let Some(rest) = line.strip_prefix("*** ") {
            match rest.split(' ').next() {
                Some("Begin") => {
                    self.inside = Inside::Patch;
                    return Is::About;
                }
                Some("End") if self.inside == Inside::Patch => {
                    self.inside = Inside::Nothing;
                    return Is::About;
                }
                Some("Update" | "Add" | "Delete" | "Move") if self.inside == Inside::Patch => return Is::File,
                _ => {}
            }
        }
        match self.inside {
            Inside::Patch => match line.bytes().next() {
                Some(b'+') => Is::Added,
                Some(b'-') => Is::Removed,
                Some(b'@') => Is::Place,
                Some(b'*') => Is::About,
                _ => Is::Same,
            },
            Inside::Head if is_about(line) => Is::About,
            Inside::Counted(..) if line.starts_with("\\ No newline") => Is::About,
            _ => {
                self.inside = Inside::Nothing;
                Is::Other
            }
        }
    }

    /// A line while its place has more of them to come by its own count.
    fn counted(&mut self, line: &str, old: u32, new: u32) -> Option<Is> {
        let (is, old, new) = match line.bytes().next() {
            Some(b'-') if old > 0 => (Is::Removed, old - 1, new),
            Some(b'+') if new > 0 => (Is::Added, old, new - 1),
            Some(b' ') | None if old > 0 && new > 0 => (Is::Same, old - 1, new - 1),
            _ => return None,
        };
        self.inside = Inside::Counted(old, new);
        Some(is)
    }

    /// A removed line behind added ones belongs to another change.
    fn flush_before_removed(&mut self, lines: &mut Vec<Line>) {
        if !self.added.is_empty() {
            self.flush(lines);
        }
    }

    fn flush(&mut self, lines: &mut Vec<Line>) {
        block(lines, &self.removed, &self.added);
        self.removed.clear();
        self.added.clear();
    }
}

fn is_about(line: &str) -> bool {
    const ABOUT: [&str; 14] = [
        "index ",
        "--- ",
        "+++ ",
        "new file",
        "deleted file",
        "old mode",
        "new mode",
        "similarity",
        "dissimilarity",
        "rename ",
        "copy ",
        "Binary files",
        "GIT binary",
        "\\ No newline",
    ];
    ABOUT.iter().any(|word| line.starts_with(word))
}

/// `@@ -12,3 +12,4 @@`: so many lines before and after.
fn counts(line: &str) -> Option<(u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(old)?, count(new)?))
}

/// `@@ -12,3 +12,4 @@ class Sampler:`, what stands above it less loud.
fn place(line: &str) -> Line {
    let end = line.get(2..).and_then(|rest| rest.find("@@")).map_or(line.len(), |at| at + 4);
    let (place, above) = line.split_at_checked(end).unwrap_or((line, ""));
    Line::of(Tone::Accent, place).add(Tone::Muted, above)
}

fn same(line: &str) -> Line {
    let line = clean::line(line);
    Line::of(Tone::Plain, " ").add(Tone::Plain, &line).hung(hang(&line))
}

fn signed(tone: Tone, line: &str) -> Line {
    let sign = if tone == Tone::Removed { "-" } else { "+" };
    let line = clean::line(line);
    Line::of(tone, sign).add(tone, &line).hung(hang(&line))
}

/// Further rows of a line begin below its first word.
fn hang(line: &str) -> usize {
    1 + line.len() - line.trim_start_matches(' ').len()
}

/// Lines that became others: all old ones, then all new ones. Those that stand at the same place of either are compared.
fn block(lines: &mut Vec<Line>, removed: &[&str], added: &[&str]) {
    let mut news = Vec::new();
    for (at, old) in removed.iter().enumerate() {
        match added.get(at).filter(|_| at < MOST_PAIRS).and_then(|new| words(old, new)) {
            Some((old, new)) => {
                lines.push(old);
                news.push((at, new));
            }
            None => lines.push(signed(Tone::Removed, old)),
        }
    }
    let mut news = news.into_iter().peekable();
    for (at, new) in added.iter().enumerate() {
        let found = news.next_if(|(found, _)| *found == at).map(|(_, line)| line);
        lines.push(found.unwrap_or_else(|| signed(Tone::Added, new)));
    }
}

/// Two lines with what differs marked; `None` where little is the same.
fn words(old: &str, new: &str) -> Option<(Line, Line)> {
    apart(old, new, [("-", Tone::Removed, Tone::RemovedWord), ("+", Tone::Added, Tone::AddedWord)])
}

/// Two lines behind their signs, each in a tone, what differs in another; `None` where little is the same.
pub fn apart(old: &str, new: &str, told: [(&str, Tone, Tone); 2]) -> Option<(Line, Line)> {
    if old.len() > MOST_BYTES || new.len() > MOST_BYTES {
        return None;
    }
    let (old, new) = (clean::line(old), clean::line(new));
    let (before, after) = (tokens(&old), tokens(&new));
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let text = |tokens: &[&str]| tokens.iter().filter(|token| !token.trim().is_empty()).map(|token| token.len()).sum::<usize>();
    let is_equal = |op: &&DiffOp| matches!(op, DiffOp::Equal { .. });
    let same: usize = ops.iter().filter(is_equal).map(|op| text(before.get(op.old_range()).unwrap_or_default())).sum();
    if same * 4 < text(&before) + text(&after) {
        return None;
    }
    let [(gone_sign, gone, gone_word), (come_sign, come, come_word)] = told;
    let mut lines = (Line::of(gone, gone_sign).hung(hang(&old)), Line::of(come, come_sign).hung(hang(&new)));
    for op in &ops {
        let (gone, come) = if is_equal(&op) { (gone, come) } else { (gone_word, come_word) };
        lines.0.push(gone, &before.get(op.old_range()).unwrap_or_default().concat());
        lines.1.push(come, &after.get(op.new_range()).unwrap_or_default().concat());
    }
    Some(lines)
}

/// Words, spaces, and every other character by itself.
fn tokens(line: &str) -> Vec<&str> {
    let kind = |char: char| match char {
        _ if char.is_alphanumeric() || char == '_' => 0,
        _ if char.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, char) in line.char_indices() {
        let now = kind(char);
        if last.is_some_and(|last| last != now || now == 2) {
            tokens.push(line.get(start..at).unwrap_or_default());
            start = at;
        }
        last = Some(now);
    }
    tokens.extend(line.get(start..).filter(|rest| !rest.is_empty()));
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(lines: &[Line]) -> Vec<String> {
        let mark = |tone| match tone {
            Tone::AddedWord | Tone::RemovedWord => ("[", "]"),
            Tone::Strong => ("#", ""),
            Tone::Muted => ("~", ""),
            _ => ("", ""),
        };
        let line = |line: &Line| line.pieces().map(|(tone, text)| [mark(tone).0, text, mark(tone).1].concat()).collect();
        lines.iter().map(line).collect()
    }

    #[test]
    fn a_change_of_a_word_is_marked_within_its_lines() {
        let lines = change("def f():\n    return a - b\n", "def f():\n    return a + b\n");
        assert_eq!(told(&lines), [" def f():", "-    return a [-] b", "+    return a [+] b"]);
    }

    #[test]
    fn lines_that_share_little_are_told_whole() {
        assert_eq!(told(&change("import os\nx", "class Sampler:\nx")), ["-import os", "+class Sampler:", " x"]);
    }

    #[test]
    fn a_diff_between_other_lines_is_told_line_for_line() {
        let text = "$ git diff\ndiff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@ def f\n a\n--- old\n+++ new\n- not a diff any more";
        let lines = mixed(text, |line| Line::of(Tone::Plain, line));
        assert_eq!(
            told(&lines),
            [
                "$ git diff",
                "#diff --git a/x b/x",
                "~index 1..2 100644",
                "~--- a/x",
                "~+++ b/x",
                "@@ -1,2 +1,2 @@~ def f",
                " a",
                "--- old",
                "+++ new",
                "- not a diff any more"
            ]
        );
        assert_eq!(lines.iter().map(|line| line.pieces().next().map(|(tone, _)| tone)).nth(7), Some(Some(Tone::Removed)));
    }

    #[test]
    fn patches_of_codex_are_diffs() {
        let text = "*** Begin Patch\n*** Update File: a.py\n@@\n-x = 1\n+x = 2\n*** End Patch\nbye";
        assert!(is_in(text));
        let lines = mixed(text, |line| Line::of(Tone::Plain, line));
        assert_eq!(told(&lines), ["~*** Begin Patch", "#*** Update File: a.py", "@@", "-x = [1]", "+x = [2]", "~*** End Patch", "bye"]);
    }

    proptest! {
        #[test]
        fn every_line_of_a_text_stays_one(text in "([-+ @*d\\\\]{0,3}[a-c\\-+ ,0-9]{0,8}\n|@@ -1,3 \\+1,2 @@\n|diff --git a/x b/x\n|\\*\\*\\* Begin Patch\n){0,30}") {
            let lines = mixed(&text, |line| Line::of(Tone::Plain, &clean::line(line)));
            let seen: Vec<&str> = lines.iter().map(|line| line.text.trim_end()).collect();
            prop_assert_eq!(seen, text.lines().map(str::trim_end).collect::<Vec<_>>());
        }

        #[test]
        fn both_texts_can_be_read_from_a_change(old in "([a-d ]{0,6}\n){0,20}", new in "([a-d ]{0,6}\n){0,20}") {
            let lines = change(&old, &new);
            let side = |other: char| {
                let kept = lines.iter().filter(|line| !line.text.starts_with(other));
                kept.map(|line| line.text.get(1..).unwrap_or_default().trim_end().to_owned()).collect::<Vec<_>>()
            };
            prop_assert_eq!(side('+'), old.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>());
            prop_assert_eq!(side('-'), new.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>());
        }
    }
}
