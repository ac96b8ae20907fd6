//! Environment variables, and the harness's `.env`: its values belong to the agent's processes and to nobody else, and
//! are hidden wherever we show something.

use std::path::{Path, PathBuf};

use super::files::Links;

/// Our own variables; what is no UTF-8 is replaced.
pub fn variables() -> Vec<(String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())).collect()
}

/// One of our own variables; `None` where it is empty or not set.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// What an agent gets: the pairs of the first `.env` that exists in these folders (the repository's root, the harness
/// folder), read by the harness's own rules. The later of two with the same name counts.
pub fn dot_env(folders: &[&Path]) -> Vec<(String, String)> {
    let pairs = |text: &str| text.lines().filter_map(pair).collect();
    files(folders).into_iter().next().map(|text| pairs(&text)).unwrap_or_default()
}

/// The `.env` that agents get, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DotEnv {
    /// The file that is read; `None` where there is none.
    pub read: Option<PathBuf>,
    /// Another one, that is not.
    pub not_read: Option<PathBuf>,
    /// Whether it is text as we read it.
    pub is_utf8: bool,
    /// Variables whose value begins with a quote and does not end with it: the harness passes all of that on.
    pub half_quoted: Vec<String>,
}

impl DotEnv {
    /// Looks at the `.env` files of these folders, in the harness's order.
    pub fn look(folders: &[&Path]) -> Self {
        let mut found = paths(folders).filter_map(|path| Some((super::files::read(&path, LARGEST, Links::Followed).ok()?, path)));
        let Some((bytes, path)) = found.next() else { return Self::default() };
        let is_same = |other: &PathBuf| other.canonicalize().ok() == path.canonicalize().ok();
        let not_read = found.map(|(_, other)| other).find(|other| !is_same(other));
        let text = String::from_utf8_lossy(&bytes);
        let half = |line: &str| {
            let (name, value) = written(line)?;
            let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
            (value.len() == 1 || !value.ends_with(quote)).then(|| name.to_owned())
        };
        let half_quoted = text.lines().filter_map(half).collect();
        let is_utf8 = std::str::from_utf8(&bytes).is_ok();
        Self { read: Some(path), not_read, is_utf8, half_quoted }
    }
}

/// A variable as an agent finds it: what its `.env` says counts before our own.
pub fn of_agent(dot_env: &[(String, String)], name: &str) -> Option<String> {
    let of_file = dot_env.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    of_file.or_else(|| variable(name))
}

/// What must be hidden: Hugging Face's token, and the values of all their `.env` files in every reasonable form, as the harness reads them, as they
/// are written and as a shell would read them: what hands a value on may have read it in any of these ways.
pub fn secrets(folders: &[&Path]) -> Vec<(String, String)> {
    let texts = files(folders);
    let lines = || texts.iter().flat_map(|text| text.lines());
    let as_others = |line| {
        let (name, value) = written(line)?;
        Some(readings(value).into_iter().map(|value| (name.to_owned(), value)))
    };
    let token = hugging_face_token().map(|token| ("HF_TOKEN".to_owned(), token));
    lines().filter_map(pair).chain(lines().filter_map(as_others).flatten()).chain(token).filter(|(_, value)| !value.is_empty()).collect()
}

/// The token that Hugging Face's own login keeps in the home folder.
pub fn hugging_face_token() -> Option<String> {
    let path = super::credentials::hugging_face(&PathBuf::from(variable("HOME")?))?;
    let bytes = super::files::read(&path, LARGEST, Links::Followed).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|token| !token.is_empty())
}

/// A value as it is written, without quotes at its ends, without a comment, what is inside its first pair of quotes,
/// and as a shell reads it: the parts in quotes and those outside put together, up to a blank.
fn readings(value: &str) -> Vec<String> {
    const QUOTES: [char; 2] = ['"', '\''];
    let before_comment = value.split(" #").next().unwrap_or_default().split("\t#").next().unwrap_or_default().trim();
    let inside = value.chars().next().filter(|quote| QUOTES.contains(quote)).and_then(|quote| value.split(quote).nth(1));
    let mut readings: Vec<String> = [value, before_comment, inside.unwrap_or_default()]
        .iter()
        .flat_map(|text| [*text, text.trim_matches(QUOTES)])
        .map(str::to_owned)
        .collect();
    readings.push(shell_word(value));
    readings.sort();
    readings.dedup();
    readings
}

/// The first word of a text by a shell's rules for quotes and backslashes.
fn shell_word(text: &str) -> String {
    let mut word = String::new();
    let mut open = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (Some(quote), c) if c == quote => open = None,
            (None, '"' | '\'') => open = Some(c),
            (None | Some('"'), '\\') => word.extend(chars.next()),
            (None, c) if c.is_whitespace() => break,
            (_, c) => word.push(c),
        }
    }
    word
}

fn paths(folders: &[&Path]) -> impl Iterator<Item = PathBuf> {
    // a pipe under that name would never end
    folders.iter().map(|folder| folder.join(".env")).filter(|path| path.is_file())
}

/// A larger `.env` is none, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The texts of the `.env` files that exist.
fn files(folders: &[&Path]) -> Vec<String> {
    let read = |path: PathBuf| {
        let bytes = super::files::read(&path, LARGEST, Links::Followed);
        bytes.inspect_err(|error| tracing::warn!("can't read {}: {error}", path.display())).ok()
    };
    paths(folders).filter_map(read).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Name and value of a line, the value as it stands there. Nothing can be set that has no name or holds a NUL.
fn written(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").map_or(line, str::trim);
    let (name, value) = line.split_once('=').map(|(name, value)| (name.trim(), value.trim()))?;
    (!line.starts_with('#') && !name.is_empty() && !line.contains('\0')).then_some((name, value))
}

/// A line as the harness reads it: an unquoted value ends at a `#`, a pair of quotes around a value goes.
fn pair(line: &str) -> Option<(String, String)> {
    let (name, mut value) = written(line)?;
    if !value.starts_with(['"', '\'']) {
        value = value.split('#').next().unwrap_or_default().trim();
    }
    let inside = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let value = inside('"').or_else(|| inside('\'')).unwrap_or(value);
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_hidden_in_every_form_in_which_it_may_be_read() {
        let all = |value: &str| readings(value);
        let has = |value: &str, forms: &[&str]| {
            for form in forms {
                assert!(all(value).iter().any(|reading| reading == form), "{form} is none of {:?}", all(value));
            }
        };
        has("\"sk-1 2\"  # mine", &["\"sk-1 2\"  # mine", "\"sk-1 2\"", "sk-1 2"]);
        has("'sk-1'\t# \"it's\"", &["'sk-1'\t# \"it's\"", "'sk-1'", "sk-1"]);
        has("sk-1 # mine", &["sk-1 # mine", "sk-1"]);
        has("sk-#1", &["sk-#1"]);
        has("\"a # b\" # c", &["a # b"]);
        has("sk-'1'\"2\"\\3 rest", &["sk-123"]);
        has("\"open", &["\"open", "open"]);
    }

    #[test]
    fn lines_are_read_as_the_harness_reads_them() {
        let of = |line: &str| pair(line);
        let is = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(of("  export A = b c  "), is("A", "b c"));
        assert_eq!(of("A=b#c"), is("A", "b"));
        assert_eq!(of("A=#c"), is("A", ""));
        assert_eq!(of("A='b # c'"), is("A", "b # c"));
        assert_eq!(of("A=\"b\" # c"), is("A", "\"b\" # c"), "quotes that are not at both ends stay");
        assert_eq!(of("A=\""), is("A", "\""), "one quote is no pair");
        assert_eq!(of("A=x=y"), is("A", "x=y"));
        for nothing in ["", "# A=b", "export # A=b", "A", "=b", "A=b\0c"] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}
