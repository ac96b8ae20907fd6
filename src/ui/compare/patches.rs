//! Two patches of one parent laid beside each other: file by file, and in a file by the lines of the parent.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::patch::{Change, ChangedFile, Hunk, Mark as Sign, changed_files};
use crate::text::clean;
use crate::text::paint::{self, Tone, diff};

/// A file that one patch changes, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// What the left patch does with it.
    pub left: Option<Changes>,
    /// What the right patch does with it.
    pub right: Option<Changes>,
    /// Changed lines that are the same in both, each counted once.
    pub same: u32,
    /// Whether the two patches show another text for the same line of the parent: then they do not start from the same file.
    pub is_torn: bool,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// What a patch does with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// `modified`, `added`, …
    pub word: &'static str,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Lines of the parent that are not told: the next one, and what stands above it.
    Gap {
        /// The next line of the parent, from 1.
        line: u32,
        /// `class Sampler(nn.Module):`
        section: String,
    },
    /// A line of each side, or of one.
    Lines {
        /// Of the left patch.
        left: Option<Line>,
        /// Of the right patch.
        right: Option<Line>,
        /// How they stand to each other.
        how: How,
    },
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the parent; `None` for one that is added.
    pub number: Option<u32>,
    /// What happens to it.
    pub mark: Mark,
    /// Its sign and its text; where it differs a little from the line beside it, that is marked.
    pub text: paint::Line,
}

/// What happens to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It stays.
    Kept,
    /// It is new.
    Added,
    /// It goes.
    Removed,
}

/// How the two halves of a row of a diff stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Neither changes anything.
    Context,
    /// Both do the same.
    Same,
    /// Both change something here, and not the same.
    Differ,
    /// Only the left patch changes something.
    Left,
    /// Only the right one does.
    Right,
}

/// Lines that two patches add at one place are held against each other up to this product.
const MOST: usize = 4_000_000;

/// Of two stretches of lines without an equal one each line is held against each up to this product.
const MOST_PAIRS: usize = 400;

/// Both lines are new, and what differs in them is marked.
const MARKS: [(&str, Tone, Tone); 2] = [("+", Tone::Added, Tone::AddedWord); 2];

/// The files of two patches, by path. A side without a patch has none.
pub fn files(left: &str, right: &str) -> Vec<File> {
    let mut all: BTreeMap<String, [Option<ChangedFile<'_>>; 2]> = BTreeMap::new();
    for (side, diff) in [left, right].into_iter().enumerate() {
        for file in changed_files(diff) {
            if let Some(place) = all.entry(file.path.clone()).or_default().get_mut(side) {
                *place = Some(file);
            }
        }
    }
    all.into_iter().map(|(path, [left, right])| file(&path, left.as_ref(), right.as_ref())).collect()
}

fn file(path: &str, left: Option<&ChangedFile<'_>>, right: Option<&ChangedFile<'_>>) -> File {
    let (mut sheets, path) = ([Sheet::of(left), Sheet::of(right)], clean::line(path));
    let is_torn = {
        let [left, right] = &sheets;
        left.lines.iter().any(|(at, (_, text))| right.lines.get(at).is_some_and(|(_, other)| other != text))
    };
    if left.is_some() && right.is_some() && !is_torn {
        let [left, right] = &mut sheets;
        left.fill(right);
        right.fill(left);
    }
    let [left_sheet, right_sheet] = &sheets;
    let rows = rows(left_sheet, right_sheet);
    let same = rows.iter().filter(|row| matches!(row, Row::Lines { how: How::Same, .. })).count();
    let changes = |file: &ChangedFile<'_>| Changes { word: word(file), added: file.added, removed: file.removed };
    File { path, left: left.map(changes), right: right.map(changes), same: u32::try_from(same).unwrap_or(u32::MAX), is_torn, rows }
}

const fn word(file: &ChangedFile<'_>) -> &'static str {
    match file.change {
        _ if file.is_binary => "binary",
        Change::Modified => "modified",
        Change::Added => "added",
        Change::Deleted => "deleted",
        Change::Renamed => "renamed",
        Change::Copied => "copied",
    }
}

/// A patch of one file by the lines of the parent.
#[derive(Default)]
struct Sheet<'a> {
    /// What it says of each of them.
    lines: BTreeMap<u32, (Mark, &'a str)>,
    /// What it adds before each of them.
    added: BTreeMap<u32, Vec<&'a str>>,
    /// What stands above them, where a hunk begins.
    sections: BTreeMap<u32, &'a str>,
}

impl<'a> Sheet<'a> {
    fn of(file: Option<&ChangedFile<'a>>) -> Self {
        let mut sheet = Self::default();
        for hunk in file.iter().flat_map(|file| &file.hunks) {
            sheet.hunk(hunk);
        }
        sheet
    }

    fn hunk(&mut self, hunk: &Hunk<'a>) {
        let removes_nothing = hunk.lines.iter().all(|(sign, _)| *sign == Sign::Added);
        // a hunk without a line of the parent names the line behind which it adds
        let mut at = if removes_nothing { hunk.old_start.saturating_add(1) } else { hunk.old_start.max(1) };
        self.sections.insert(at, hunk.section);
        for (sign, text) in &hunk.lines {
            match sign {
                Sign::Added => self.added.entry(at).or_default().push(text),
                Sign::Both | Sign::Removed => {
                    let mark = if *sign == Sign::Removed { Mark::Removed } else { Mark::Kept };
                    self.lines.insert(at, (mark, text));
                    at = at.saturating_add(1);
                }
            }
        }
    }

    /// Takes over the lines that only the other patch tells: what this one does not name stays as it was.
    fn fill(&mut self, other: &Self) {
        for (at, (_, text)) in &other.lines {
            self.lines.entry(*at).or_insert((Mark::Kept, text));
        }
    }

    /// The line of the parent at this place.
    fn line(&self, at: u32) -> Option<Line> {
        self.lines.get(&at).map(|(mark, text)| Line::of(Some(at), *mark, text))
    }
}

impl Line {
    fn of(number: Option<u32>, mark: Mark, text: &str) -> Self {
        let (sign, tone) = match mark {
            Mark::Kept => (" ", Tone::Muted),
            Mark::Added => ("+", Tone::Added),
            Mark::Removed => ("-", Tone::Removed),
        };
        Self { number, mark, text: paint::Line::of(tone, sign).add(tone, text) }
    }
}

fn rows(left: &Sheet<'_>, right: &Sheet<'_>) -> Vec<Row> {
    let mut places: Vec<u32> = [left, right].into_iter().flat_map(|sheet| sheet.lines.keys().chain(sheet.added.keys())).copied().collect();
    places.sort_unstable();
    places.dedup();
    let (mut rows, mut next) = (Vec::new(), 0);
    for at in places {
        if at > next {
            let section = [left, right].into_iter().filter_map(|sheet| sheet.sections.get(&at)).find(|section| !section.is_empty());
            // the beginning of the file needs no heading
            if at > 1 {
                rows.push(Row::Gap { line: at, section: clean::line(section.copied().unwrap_or_default()) });
            }
        }
        added(&mut rows, left.added.get(&at), right.added.get(&at));
        let (one, other) = (left.line(at), right.line(at));
        let is_line = one.is_some() || other.is_some();
        if is_line {
            let how = how(one.as_ref(), other.as_ref());
            rows.push(Row::Lines { left: one, right: other, how });
        }
        next = if is_line { at.saturating_add(1) } else { at };
    }
    rows
}

/// How two lines of the parent stand to each other.
fn how(left: Option<&Line>, right: Option<&Line>) -> How {
    let changes = |line: Option<&Line>| line.is_some_and(|line| line.mark != Mark::Kept);
    match (changes(left), changes(right)) {
        (false, false) => How::Context,
        (true, false) => How::Left,
        (false, true) => How::Right,
        (true, true) if left.zip(right).is_some_and(|(left, right)| left.text == right.text) => How::Same,
        (true, true) => How::Differ,
    }
}

/// The rows of what both add at one place.
fn added(rows: &mut Vec<Row>, left: Option<&Vec<&str>>, right: Option<&Vec<&str>>) {
    let lines = |texts: Option<&Vec<&str>>| texts.into_iter().flatten().map(|text| clean::line(text)).collect::<Vec<String>>();
    let (left, right) = (lines(left), lines(right));
    let line = |text: &String| Line::of(None, Mark::Added, text);
    let mut push = |left: Option<&String>, right: Option<&String>| {
        let how = match (left, right) {
            (Some(one), Some(other)) if one == other => How::Same,
            (Some(_), Some(_)) => How::Differ,
            (Some(_), None) => How::Left,
            _ => How::Right,
        };
        let (mut one, mut other) = (left.map(line), right.map(line));
        let apart = |(left, right): (&String, &String)| diff::apart(left, right, MARKS);
        if let Some((of_left, of_right)) = left.zip(right).filter(|_| how == How::Differ).and_then(apart) {
            for (line, marked) in [(&mut one, of_left), (&mut other, of_right)] {
                *line = line.take().map(|line| Line { text: marked, ..line });
            }
        }
        rows.push(Row::Lines { left: one, right: other, how });
    };
    let ops = if left.len().saturating_mul(right.len()) > MOST {
        vec![DiffOp::Replace { old_index: 0, old_len: left.len(), new_index: 0, new_len: right.len() }]
    } else {
        capture_diff_slices(Algorithm::Myers, &left, &right)
    };
    for op in ops {
        let (of_left, of_right) = (left.get(op.old_range()).unwrap_or_default(), right.get(op.new_range()).unwrap_or_default());
        let (mut from_left, mut from_right) = (0, 0);
        for (to_left, to_right) in alike(of_left, of_right).into_iter().chain([(of_left.len(), of_right.len())]) {
            for at in 0..(to_left - from_left).max(to_right - from_right) {
                let line = |lines: &'_ [String], from: usize, to: usize| lines.get(from + at).filter(|_| from + at < to).cloned();
                push(line(of_left, from_left, to_left).as_ref(), line(of_right, from_right, to_right).as_ref());
            }
            if let (Some(one), Some(other)) = (of_left.get(to_left), of_right.get(to_right)) {
                push(Some(one), Some(other));
            }
            (from_left, from_right) = (to_left + 1, to_right + 1);
        }
    }
}

/// Lines of two stretches that say nearly the same, in order: they stand on one row, and the others around them.
fn alike(left: &[String], right: &[String]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    if left.len().saturating_mul(right.len()) > MOST_PAIRS {
        return pairs;
    }
    let mut next = 0;
    for (at, line) in left.iter().enumerate() {
        let found = right.iter().enumerate().skip(next).find(|(_, other)| line == *other || diff::apart(line, other, MARKS).is_some());
        if let Some((found, _)) = found {
            pairs.push((at, found));
            next = found + 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n";

    /// `<` the left text, how, the right text.
    fn told(file: &File) -> Vec<String> {
        let half = |line: &Option<Line>| line.as_ref().map_or_else(String::new, |line| line.text.text.clone());
        let row = |row: &Row| match row {
            Row::Gap { line, section } => format!("@{line} {section}"),
            Row::Lines { left, right, how } => {
                let how = ["", "=", "|", "<", ">"][*how as usize];
                format!("{:4}{how:1}{}", half(left), half(right)).trim_end().to_owned()
            }
        };
        file.rows.iter().map(row).collect()
    }

    #[test]
    fn changes_of_the_same_lines_stand_on_the_same_row() {
        let left = format!("{HEAD}@@ -3,4 +3,4 @@ def f():\n c\n-d\n+x\n e\n f\n");
        let right = format!("{HEAD}@@ -4,2 +4,3 @@ def f():\n-d\n+x\n+y\n e\n@@ -9,2 +10,1 @@ def g():\n-i\n j\n");
        let files = files(&left, &right);
        let wanted = ["@3 def f():", " c    c", "-d  =-d", "+x  =+x", "    >+y", " e    e", " f    f", "@9 def g():", " i  >-i", " j    j"];
        assert_eq!(told(&files[0]), wanted);
        assert_eq!((files[0].same, files[0].is_torn), (2, false));
    }

    #[test]
    fn lines_that_differ_a_little_say_where() {
        let patch = |text: &str| format!("{HEAD}@@ -1,1 +1,1 @@\n-a = 1\n+{text}\n");
        let files = files(&patch("a = torch.empty(8)"), &patch("a = torch.zeros(8)"));
        let Row::Lines { left: Some(left), right: Some(right), how: How::Differ } = &files[0].rows[1] else {
            panic!("{:?}", files[0].rows)
        };
        let marked = |line: &Line| {
            let words = line.text.pieces().filter(|(tone, _)| *tone == Tone::AddedWord);
            words.map(|(_, text)| text.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((marked(left), marked(right)), (vec!["empty".to_owned()], vec!["zeros".to_owned()]));
    }

    #[test]
    fn lines_that_are_nearly_the_same_stand_on_one_row() {
        let patch = |lines: &str| format!("{HEAD}@@ -1,1 +1,9 @@\n a\n{lines}");
        let files = files(&patch("+# faster\n+out = torch.ones(n)\n"), &patch("+out = torch.empty(n)\n+return\n"));
        assert_eq!(told(&files[0])[1..], ["+# faster<", "+out = torch.ones(n)|+out = torch.empty(n)", "    >+return"]);
    }

    #[test]
    fn files_of_one_side_only_are_told_with_the_others_in_order() {
        let patch =
            |path: &str| format!("diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,1 @@\n+x\n");
        let files = files(&(patch("b") + &patch("c")), &(patch("a") + &patch("c")));
        let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.left.is_some(), file.right.is_some(), file.same)).collect();
        assert_eq!(seen, [("a", false, true, 0), ("b", true, false, 0), ("c", true, true, 1)]);
        assert_eq!(told(&files[2]), ["+x  =+x"]);
    }

    #[test]
    fn patches_of_another_parent_are_told_so_and_not_filled_up() {
        let patch = |text: &str| format!("{HEAD}@@ -1,2 +1,2 @@\n {text}\n-b\n+c\n");
        let files = files(&patch("a"), &patch("z"));
        assert!(files[0].is_torn);
        assert_eq!(told(&files[0]), [" a    z", "-b  =-b", "+c  =+c"]);
    }

    #[test]
    fn what_is_no_patch_changes_nothing() {
        assert_eq!(files("", "hello\n"), []);
    }

    /// A file and a patch of it: each line is kept, removed, or has something added before it.
    fn patch_of(edits: &[u8]) -> (String, usize, usize) {
        let (mut body, mut added, mut removed) = (String::new(), 0, 0);
        for (at, edit) in edits.iter().enumerate() {
            if edit & 2 != 0 {
                body += &format!("+new {}\n", edit / 4);
                added += 1;
            }
            let sign = if edit & 1 != 0 { '-' } else { ' ' };
            removed += usize::from(edit & 1 != 0);
            body += &format!("{sign}line {at}\n");
        }
        let (old, new) = (edits.len(), edits.len() - removed + added);
        (format!("{HEAD}@@ -1,{old} +1,{new} @@\n{body}"), added, removed)
    }

    proptest! {
        #[test]
        fn each_side_reads_as_its_own_patch(left in proptest::collection::vec(0..16_u8, 1..30), right in proptest::collection::vec(0..16_u8, 1..30)) {
            let texts = [patch_of(&left), patch_of(&right)];
            let files = files(&texts[0].0, &texts[1].0);
            for (side, (text, added, removed)) in texts.iter().enumerate() {
                let lines = files[0].rows.iter().filter_map(|row| match row {
                    Row::Lines { left, right, .. } => [left, right][side].as_ref(),
                    Row::Gap { .. } => None,
                });
                let lines: Vec<&Line> = lines.collect();
                let count = |mark: Mark| lines.iter().filter(|line| line.mark == mark).count();
                prop_assert_eq!((count(Mark::Added), count(Mark::Removed)), (*added, *removed));
                // what is said by the patch itself comes in its order
                let told: Vec<String> = lines.iter().map(|line| line.text.text.clone()).collect();
                let own: Vec<&str> = text.lines().skip(4).collect();
                prop_assert!(told.len() >= own.len());
                prop_assert_eq!(&told[..own.len()], &own[..]);
            }
        }

        #[test]
        fn any_text_is_read_without_harm(left in "\\PC*", right in "(diff --git a/a b/a\n|@@ -[0-9]{1,10} \\+[0-9]{1,10} @@\n|[-+ ]x\n){0,20}") {
            files(&left, &right);
            files(&right, &left);
        }
    }
}
