//! Reading a git diff: which files, how, and every line of them.

/// A file that the patch changes. Its lines are borrowed from the diff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedFile<'a> {
    /// Its path after the change, or before it where the change deletes it.
    pub path: String,
    /// Its path before the change, where it is another one.
    pub old_path: Option<String>,
    /// What happens to it.
    pub change: Change,
    /// Its mode after the change, where the diff says it.
    pub mode: Option<&'a str>,
    /// Its content is no text; there are no hunks.
    pub is_binary: bool,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// What changes in it.
    pub hunks: Vec<Hunk<'a>>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Change {
    /// It is there before and after.
    #[default]
    Modified,
    /// The patch makes it.
    Added,
    /// The patch removes it.
    Deleted,
    /// It gets another path.
    Renamed,
    /// The patch makes it from another file.
    Copied,
}

/// A stretch of lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// Its first line before the change, from 1; where the file was empty 0.
    pub old_start: u32,
    /// Its first line after the change, from 1.
    pub new_start: u32,
    /// What git found to stand above it: `class Sampler(nn.Module):`.
    pub section: &'a str,
    /// Its lines, in order.
    pub lines: Vec<(Mark, &'a str)>,
}

/// Where a line of a hunk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Before and after.
    Both,
    /// Only after.
    Added,
    /// Only before.
    Removed,
}

/// A regular file's modes; links and submodules have others.
const REGULAR: [&str; 2] = ["100644", "100755"];

impl ChangedFile<'_> {
    /// Its whole text after the change, where the patch alone tells: a text file that it adds.
    pub fn whole(&self) -> Option<String> {
        if self.change != Change::Added || !self.has_text() {
            return None;
        }
        let added = self.hunks.iter().flat_map(|hunk| &hunk.lines).filter(|(mark, _)| *mark == Mark::Added);
        Some(added.fold(String::new(), |text, (_, line)| text + line + "\n"))
    }

    /// Whether there is text in it after the change: no binary, no link, no submodule, and not removed.
    pub fn has_text(&self) -> bool {
        !self.is_binary && self.change != Change::Deleted && self.mode.is_none_or(|mode| REGULAR.contains(&mode))
    }

    /// Lines after the change, each with its number from 1.
    pub fn after(&self) -> impl Iterator<Item = (u32, Mark, &str)> {
        self.hunks.iter().flat_map(|hunk| {
            let kept = hunk.lines.iter().filter(|(mark, _)| *mark != Mark::Removed);
            (hunk.new_start..).zip(kept).map(|(at, (mark, line))| (at, *mark, *line))
        })
    }
}

/// The files of a diff as `git diff` prints it, or `diff -u` without git's own lines. Text that is no diff has none. Hunks
/// whose counts are off are read for what they hold.
pub fn changed_files(diff: &str) -> Vec<ChangedFile<'_>> {
    let mut reading = Reading::default();
    // not `lines`: a file may have carriage returns
    let mut lines = diff.split('\n').peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied();
        if next.is_none() && line.is_empty() {
            break;
        }
        reading.line(line, next.unwrap_or_default());
    }
    reading.files
}

#[derive(Default)]
struct Reading<'a> {
    files: Vec<ChangedFile<'a>>,
    /// Lines that the hunk still has by its own count, before and after the change; `None` outside of hunks.
    left: Option<(u32, u32)>,
}

impl<'a> Reading<'a> {
    fn line(&mut self, line: &'a str, next: &str) {
        if self.left.is_some() && self.in_hunk(line, next) {
            return;
        }
        self.left = None;
        if let Some(header) = line.strip_prefix("diff --git ") {
            self.files.push(ChangedFile { path: path_of(header), ..ChangedFile::default() });
            return;
        }
        if let Some(old) = line.strip_prefix("--- ").filter(|_| next.starts_with("+++ ")) {
            self.plain(old, next);
            return;
        }
        let Some(file) = self.files.last_mut() else { return };
        if let Some(hunk) = line.strip_prefix("@@ -") {
            if let Some(read) = hunk_of(hunk) {
                self.left = Some((read.before.1, read.after.1));
                file.hunks.push(Hunk { old_start: read.before.0, new_start: read.after.0, section: read.section, lines: Vec::new() });
            }
        } else if file.hunks.is_empty() {
            header(file, line);
        }
    }

    /// A line of a hunk, where "--- a" may be a removed line "-- a". `false` where the hunk is over.
    fn in_hunk(&mut self, line: &'a str, next: &str) -> bool {
        let (Some((old, new)), Some(file)) = (self.left, self.files.last_mut()) else { return false };
        let is_full = (old, new) == (0, 0);
        if is_full && line.starts_with("--- ") && next.starts_with("+++ ") {
            return false;
        }
        let Some(hunk) = file.hunks.last_mut() else { return false };
        let (mark, text) = match line.as_bytes().first() {
            Some(b'+') => (Mark::Added, line.get(1..)),
            Some(b'-') => (Mark::Removed, line.get(1..)),
            Some(b' ') => (Mark::Both, line.get(1..)),
            Some(b'\\') => return true,
            // a blank line whose space an editor took
            None | Some(b'\r') if !is_full => (Mark::Both, Some(line)),
            _ => return false,
        };
        match mark {
            Mark::Added => file.added += 1,
            Mark::Removed => file.removed += 1,
            Mark::Both => {}
        }
        let fewer = |left: u32, is_it: bool| left.saturating_sub(u32::from(is_it));
        self.left = Some((fewer(old, mark != Mark::Added), fewer(new, mark != Mark::Removed)));
        hunk.lines.push((mark, text.unwrap_or_default()));
        true
    }

    /// `--- a/x` before `+++ b/x`: in a diff without git's own lines they begin a file.
    fn plain(&mut self, old: &str, next: &str) {
        let name = |text: &str, prefix: &str| {
            let text = text.split('\t').next().unwrap_or_default();
            let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map_or_else(|| text.to_owned(), unquote);
            text.strip_prefix(prefix).unwrap_or(&text).to_owned()
        };
        let (old, new) = (name(old, "a/"), name(next.get(4..).unwrap_or_default(), "b/"));
        let is_gits = self.files.last().is_some_and(|file| file.hunks.is_empty() && (file.path == new || file.path == old));
        if !is_gits {
            self.files.push(ChangedFile::default());
        }
        let Some(file) = self.files.last_mut() else { return };
        match (old.as_str(), new.as_str()) {
            ("/dev/null", _) => file.change = Change::Added,
            (_, "/dev/null") => file.change = Change::Deleted,
            _ => {}
        }
        if !is_gits {
            file.path = if new == "/dev/null" { old } else { new };
        }
    }
}

/// A line between `diff --git` and the first hunk.
fn header<'a>(file: &mut ChangedFile<'a>, line: &'a str) {
    let quoted = |path: &str| path.strip_prefix('"').and_then(|path| path.strip_suffix('"')).map_or_else(|| path.to_owned(), unquote);
    if let Some(mode) = line.strip_prefix("new file mode ") {
        (file.change, file.mode) = (Change::Added, Some(mode.trim_end()));
    } else if line.starts_with("deleted file mode ") {
        file.change = Change::Deleted;
    } else if let Some(mode) = line.strip_prefix("new mode ") {
        file.mode = Some(mode.trim_end());
    } else if let Some(index) = line.strip_prefix("index ") {
        file.mode = index.split_once(' ').map(|(_, mode)| mode.trim_end()).or(file.mode);
    } else if let Some(path) = line.strip_prefix("rename from ") {
        (file.change, file.old_path) = (Change::Renamed, Some(quoted(path)));
    } else if let Some(path) = line.strip_prefix("copy from ") {
        (file.change, file.old_path) = (Change::Copied, Some(quoted(path)));
    } else if let Some(path) = line.strip_prefix("rename to ").or_else(|| line.strip_prefix("copy to ")) {
        file.path = quoted(path);
    } else if line.starts_with("Binary files ") || line == "GIT binary patch" {
        file.is_binary = true;
    }
}

/// The path in `a/x b/x`; both halves are the same unless the file was renamed, and then the second counts.
fn path_of(header: &str) -> String {
    let half = header.split_at_checked(header.len().saturating_sub(1) / 2);
    if let Some((old, new)) = half
        && let (Some(old), Some(new)) = (old.strip_prefix("a/"), new.strip_prefix(" b/"))
        && old == new
    {
        return old.to_owned();
    }
    // names with odd bytes stand in quotes, each half for itself
    if let Some((_, quoted)) = header.strip_suffix('"').and_then(|header| header.rsplit_once(" \"b/")) {
        return unquote(quoted);
    }
    header.rsplit_once(" b/").map_or(header, |(_, new)| new).to_owned()
}

/// A name as git quotes it for C: `gr\303\274n.py`, `new\nline.py`.
fn unquote(quoted: &str) -> String {
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'v') => 11,
            Some(b'f') => 12,
            Some(digit @ b'0'..=b'3') => {
                let octal = |digit: u8| digit.wrapping_sub(b'0') & 7;
                let (second, third) = (rest.next().map_or(0, octal), rest.next().map_or(0, octal));
                (octal(digit) << 6) | (second << 3) | third
            }
            Some(other) => other,
            None => b'\\',
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The head of a hunk: its first line and its length before and after, and what stands above it.
struct Head<'a> {
    before: (u32, u32),
    after: (u32, u32),
    section: &'a str,
}

/// `12,3 +12,4 @@ def f():`; a length left out is 1.
fn hunk_of(hunk: &str) -> Option<Head<'_>> {
    let (old, rest) = hunk.split_once(" +")?;
    let (new, section) = rest.split_once(" @@")?;
    let range = |range: &str| {
        let (start, length) = range.split_once(',').unwrap_or((range, "1"));
        Some((start.parse::<u32>().ok()?, length.parse::<u32>().ok()?))
    };
    Some(Head { before: range(old)?, after: range(new)?, section: section.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "diff --git a/engine/a b.sh b/engine/a b.sh\nindex 1..2 100644\n--- a/engine/a b.sh\n+++ b/engine/a b.sh\n@@ -1,3 +1,2 @@\n-- a comment\n-x\n+y\n z\ndiff --git a/old.py b/new.py\nsimilarity index 90%\nrename from old.py\nrename to new.py\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\ndiff --git a/bin b/bin\nBinary files a/bin and b/bin differ\n";

    #[test]
    fn files_and_lines_are_counted() {
        let files = changed_files(DIFF);
        let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.added, file.removed)).collect();
        assert_eq!(seen, [("engine/a b.sh", 1, 2), ("new.py", 1, 1), ("bin", 0, 0)]);
        let old: Vec<_> = files.iter().map(|file| (file.change, file.old_path.as_deref(), file.is_binary)).collect();
        assert_eq!(old, [(Change::Modified, None, false), (Change::Renamed, Some("old.py"), false), (Change::Modified, None, true)]);
    }

    #[test]
    fn quoted_names_are_read_as_they_are_on_the_disk() {
        let names = |diff: &str| changed_files(diff).into_iter().map(|file| file.path).collect::<Vec<_>>();
        assert_eq!(names("diff --git \"a/gr\\303\\274n.py\" \"b/gr\\303\\274n.py\"\n"), ["grün.py"]);
        assert_eq!(names("diff --git \"a/new\\nline.py\" \"b/new\\nline.py\"\n"), ["new\nline.py"]);
        assert_eq!(names("diff --git a/plain.py \"b/\\\"quoted\\\".py\"\n"), ["\"quoted\".py"]);
        assert_eq!(names("diff --git \"a/\\\\.py\" b/plain.py\n"), ["plain.py"]);
        assert_eq!(names("diff --git \"a/\\\" \"b/\\\"\n"), ["\\"]);
    }

    #[test]
    fn text_that_is_no_diff_changes_nothing() {
        assert_eq!(changed_files("hello\n+++ b/x\n@@ nonsense\n"), []);
        assert_eq!(changed_files(""), []);
    }

    #[test]
    fn a_file_that_the_patch_adds_is_known_whole() {
        let diff = "diff --git a/n.py b/n.py\nnew file mode 100644\nindex 0000000..1\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1,2 @@\n+a\n+b\n";
        assert_eq!(changed_files(diff).first().and_then(ChangedFile::whole).as_deref(), Some("a\nb\n"));
        let link = diff.replace("100644", "120000");
        assert_eq!(changed_files(&link).first().and_then(ChangedFile::whole), None);
        let empty = "diff --git a/n.py b/n.py\nnew file mode 100644\nindex 0000000..e69de29\n";
        assert_eq!(changed_files(empty).first().and_then(ChangedFile::whole).as_deref(), Some(""));
    }

    #[test]
    fn hunks_whose_counts_are_off_are_read_for_what_they_hold() {
        let diff = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,1 @@ def f():\n a\n+b\n+c\n@@ -9,9 +9,9 @@\n-d\ndiff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+y\n";
        let files = changed_files(diff);
        let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.added, file.removed, file.hunks.len())).collect();
        assert_eq!(seen, [("a.py", 2, 1, 2), ("b.py", 1, 1, 1)]);
        let first: Vec<_> = files.iter().flat_map(ChangedFile::after).collect();
        assert_eq!(first, [(1, Mark::Both, "a"), (2, Mark::Added, "b"), (3, Mark::Added, "c"), (1, Mark::Added, "y")]);
    }

    #[test]
    fn a_diff_without_gits_own_lines_is_one_too() {
        let diff = "--- a/x.py\t2026-01-01\n+++ b/x.py\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+a\n";
        let files = changed_files(diff);
        let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.change, file.added, file.removed)).collect();
        assert_eq!(seen, [("x.py", Change::Modified, 1, 1), ("n.py", Change::Added, 1, 0)]);
    }
}
