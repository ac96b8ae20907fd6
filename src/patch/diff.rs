//! Reading a git diff: which files, how many lines.

/// A file that the patch changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path after the change, or before it where the change deletes it.
    pub path: String,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
}

/// The files of a diff as `git diff` prints it. Text that is no diff has none.
pub fn changed_files(diff: &str) -> Vec<ChangedFile> {
    let mut files: Vec<ChangedFile> = Vec::new();
    let mut left = (0_u32, 0_u32);
    for line in diff.lines() {
        if left != (0, 0) {
            // inside a hunk, where "--- a" may be a removed line "-- a"
            let Some(file) = files.last_mut() else { continue };
            match line.as_bytes().first() {
                Some(b'+') => (file.added, left.1) = (file.added + 1, left.1.saturating_sub(1)),
                Some(b'-') => (file.removed, left.0) = (file.removed + 1, left.0.saturating_sub(1)),
                Some(b'\\') => {}
                _ => left = (left.0.saturating_sub(1), left.1.saturating_sub(1)),
            }
        } else if let Some(header) = line.strip_prefix("diff --git ") {
            files.push(ChangedFile { path: path_of(header), ..ChangedFile::default() });
        } else if let Some(hunk) = line.strip_prefix("@@ -") {
            left = hunk_lengths(hunk).unwrap_or_default();
        }
    }
    files
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

/// `12,3 +12,4 @@ …` → (3, 4); a length left out is 1.
fn hunk_lengths(hunk: &str) -> Option<(u32, u32)> {
    let (old, rest) = hunk.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let length = |range: &str| range.split_once(',').map_or(Some(1), |(_, length)| length.parse().ok());
    Some((length(old)?, length(new)?))
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
}
