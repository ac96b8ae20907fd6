//! Paths in the tree of an attempt.

use std::borrow::Cow;

/// A text with each path in a tree of an attempt, `<anywhere>/worktrees/<run>/<item>.<n>/<path>`, told as its `<path>`:
/// the agent knows no other place, and what comes before fills a row. Those of the Python harness,
/// `<anywhere>/.work/worktrees/<repo>/<item>/<path>`, likewise.
pub(super) fn in_tree(text: &str) -> Cow<'_, str> {
    const TREES: &str = "/worktrees/";
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(TREES) {
        if let Some(path) = behind_tree(after, before.ends_with("/.work")) {
            let begin = before.rfind(ends_path).and_then(|at| Some(at + before.get(at..)?.chars().next()?.len_utf8()));
            told.push_str(before.get(..begin.unwrap_or_default()).unwrap_or_default());
            // the tree itself
            if path.is_empty() || path.starts_with(ends_path) {
                told.push('.');
            }
            rest = path;
        } else {
            told.push_str(before);
            told.push_str(TREES);
            rest = after;
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    told.push_str(rest);
    Cow::Owned(told)
}

/// What comes behind `<run>/<item>.<n>` and its slash.
fn behind_tree(text: &str, is_harness: bool) -> Option<&str> {
    let (run, rest) = text.split_once('/')?;
    let end = rest.find(|char| char == '/' || ends_path(char)).unwrap_or(rest.len());
    let (item, path) = rest.split_at_checked(end)?;
    let is_ours = |(item, n): (&str, &str)| !item.is_empty() && !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit());
    let is_tree = if is_harness { !item.is_empty() } else { item.rsplit_once('.').is_some_and(is_ours) };
    (is_tree && !run.contains(ends_path)).then(|| path.strip_prefix('/').unwrap_or(path))
}

/// Whether a path ends where this stands.
const fn ends_path(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '<' | '>' | '=' | ',' | ':' | ';' | '|' | '&' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_the_tree_of_an_attempt_begin_there() {
        let tree = "/tmp/d/.work/worktrees/2026-11-21_05-12-10-87ad/demo_core-0000.1";
        let said = [
            (format!("The file {tree}/engine/run.sh has been edited"), "The file engine/run.sh has been edited"),
            (format!("ls {tree} && cat '{tree}/a b'"), "ls . && cat 'a b'"),
            (format!("{tree}/"), "."),
            ("cat /h/.work/worktrees/vllm_core/vllm_core-0000/vllm/a.py".to_owned(), "cat vllm/a.py"),
            (format!("x={tree}/a:{tree}/b"), "x=a:b"),
            ("cat /tmp/w/a /x/worktrees/a/b/c /worktrees/".to_owned(), "cat /tmp/w/a /x/worktrees/a/b/c /worktrees/"),
            ("/x/worktrees/r/i.1é/ü /é/worktrees/r/é.2/ü".to_owned(), "/x/worktrees/r/i.1é/ü ü"),
        ];
        for (text, wanted) in said {
            assert_eq!(in_tree(&text), wanted);
        }
    }
}
