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

/// A variable as an agent finds it: what its `.env` says counts before our own.
pub fn of_agent(dot_env: &[(String, String)], name: &str) -> Option<String> {
    let of_file = dot_env.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    of_file.or_else(|| variable(name))
}

/// What must be hidden: the values of all their `.env` files, as the harness reads them and as a shell would, which keeps
/// what stands behind a `#`.
pub fn secrets(folders: &[&Path]) -> Vec<(String, String)> {
    let texts = files(folders);
    let lines = || texts.iter().flat_map(|text| text.lines());
    let as_written = |line: &str| {
        let (name, value) = written(line)?;
        Some((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
    };
    lines().filter_map(pair).chain(lines().filter_map(as_written)).collect()
}

/// A larger `.env` is none, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The texts of the `.env` files that exist.
fn files(folders: &[&Path]) -> Vec<String> {
    // a pipe under that name would never end
    let paths = folders.iter().map(|folder| folder.join(".env")).filter(|path| path.is_file());
    let read = |path: PathBuf| {
        let bytes = super::files::read(&path, LARGEST, Links::Followed);
        bytes.inspect_err(|error| tracing::warn!("can't read {}: {error}", path.display())).ok()
    };
    paths.filter_map(read).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
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
