//! Paths in the trees in which agents work, one each: `<anywhere>/worktrees/<run>/<item>.<n>/<path>`, and those of the Python
//! harness, `<anywhere>/.work/worktrees/<repo>/<item>/<path>`.

use std::borrow::Cow;

/// The folder that holds the trees.
const TREES: &str = "/worktrees/";

/// What counts as a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trees {
    /// What has the name of one, the harness's or ours: of what is shown nothing else may be lost.
    Named,
    /// Any folder in a folder of `worktrees`, for what is only compared.
    Any,
}

/// A text with each path in a tree told as its `<path>`: the agent knows no other place, and what comes before fills a row.
pub fn in_trees(text: &str, trees: Trees) -> Cow<'_, str> {
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(TREES) {
        if let Some(path) = behind_tree(after, before.ends_with("/.work"), trees) {
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

/// A path in any tree as its `<path>`, whatever stands in it; `None`: it lies in none.
pub fn inside(path: &str) -> Option<&str> {
    let (_, after) = path.split_once(TREES)?;
    Some(after.splitn(3, '/').nth(2).filter(|path| !path.is_empty()).unwrap_or("."))
}

/// What comes behind `<run>/<item>` and its slash.
fn behind_tree(text: &str, is_harness: bool, trees: Trees) -> Option<&str> {
    let end = text.find(ends_path).unwrap_or(text.len());
    let place = text.get(..end)?;
    let is_ours = |(item, n): (&str, &str)| !item.is_empty() && !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit());
    let is_tree = match (trees, place.split('/').nth(1)) {
        (Trees::Any, _) => true,
        (Trees::Named, Some(item)) if is_harness => !item.is_empty(),
        (Trees::Named, item) => item.and_then(|item| item.rsplit_once('.')).is_some_and(is_ours),
    };
    let tree = place.match_indices('/').nth(1).map_or(end, |(at, _)| at + 1);
    if is_tree { text.get(tree..) } else { None }
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
            assert_eq!(in_trees(&text, Trees::Named), wanted);
        }
    }

    #[test]
    fn any_folder_among_trees_is_one_where_paths_are_only_compared() {
        for (text, wanted) in [
            ("cat /x/worktrees/a/b/c", "cat c"),
            ("ls /x/worktrees/a/b", "ls ."),
            ("ls /x/worktrees/a/b/ [/x/worktrees/a/b/c]", "ls . [c]"),
            ("ls /x/worktrees/a", "ls ."),
        ] {
            assert_eq!(in_trees(text, Trees::Any), wanted);
        }
        assert_eq!(
            ["/x/worktrees/a/b/c d/e", "/x/worktrees/a/b/", "/x/worktrees/a", "/x/a"].map(inside),
            [Some("c d/e"), Some("."), Some("."), None]
        );
    }
}
