//! A run of ISO-Bench's own, as far as its journals tell.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Earlier, EarlierItem, End};

/// Reads a run's folder; `None` where a folder holds no items.
pub(super) fn read(folder: &Path) -> Option<Earlier> {
    let mut items = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !path.is_dir() {
            continue;
        }
        let id = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(path.join("journal.json"));
        let journal: Option<Value> = text.as_ref().ok().and_then(|text| serde_json::from_str(text).ok());
        let of = |name: &str| journal.as_ref().and_then(|journal| journal.pointer(name)?.as_str()).unwrap_or_default().to_owned();
        let end = match (&text, of("/status").as_str()) {
            (Err(_), _) => End::Missing,
            (_, "success") => End::Well,
            _ => End::Failed,
        };
        items.push(EarlierItem { id, human: of("/commits/human"), parent: of("/commits/pre"), end });
    }
    items.sort_by(|a, b| a.id.cmp(&b.id));
    let name = folder.display().to_string();
    (!items.is_empty()).then_some(Earlier { name, plan: None, items })
}
