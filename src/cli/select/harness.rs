//! A run of ISO-Bench's own, as far as its journals tell.

use std::path::Path;

use super::{Earlier, EarlierItem, End};
use crate::artifact::ArtifactError;
use crate::artifact::runs::{HarnessItem, HarnessRun};

/// Reads a run's folder; `None` where a folder holds no items.
pub(super) fn read(folder: &Path) -> Result<Option<Earlier>, ArtifactError> {
    let run = HarnessRun::read(folder)?;
    let items: Vec<EarlierItem> = run.items.iter().map(item).collect();
    // a folder further up holds folders as well, and none of them has a journal or a prompt
    let is_run = run.items.iter().any(|item| item.journal.is_some() || item.folder.join("prompt.json").exists());
    Ok(is_run.then(|| Earlier { name: folder.display().to_string(), plan: None, items }))
}

/// By the harness's own word. A journal that can't be read is no success: the harness's resume would run the item again.
fn item(item: &HarnessItem) -> EarlierItem {
    let commits = item.readable().map(|journal| journal.commits.clone()).unwrap_or_default();
    let end = match &item.journal {
        None => End::Missing,
        Some(Ok(journal)) if journal.is_success() => End::Well,
        Some(_) => End::Failed,
    };
    EarlierItem { id: item.id.0.clone(), human: commits.human, parent: commits.pre, end }
}
