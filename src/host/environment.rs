//! Environment variables and the harness's `.env`, as far as their values must be hidden.

use std::fs;
use std::path::Path;

/// Our own variables; what is no UTF-8 is replaced.
pub fn variables() -> Vec<(String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())).collect()
}

/// The pairs of `.env` in the harness folder or the folder above it: lines `KEY=value`, `export KEY=value`. A missing
/// file has none.
pub fn dot_env(root: &Path) -> Vec<(String, String)> {
    let read = |folder: &Path| fs::read_to_string(folder.join(".env")).unwrap_or_default();
    let texts = [read(root), root.parent().map(read).unwrap_or_default()];
    let pair = |line: &str| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!name.starts_with('#')).then(|| (name.trim().to_owned(), value.to_owned()))
    };
    texts.iter().flat_map(|text| text.lines()).filter_map(pair).collect()
}
