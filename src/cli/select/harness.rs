//! A run folder of ISO-Bench's own, as far as its journals tell.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{Earlier, EarlierItem, End};
use crate::artifact::ArtifactError;
use crate::artifact::document::Document;
use crate::artifact::journal::Journal;
use crate::artifact::runs::{HarnessItem, HarnessRun};
use crate::domain::RunId;

/// A run folder that was read.
pub(super) struct Found {
    /// The run.
    pub(super) run: Earlier,
    /// The runs of ours that its journals name.
    pub(super) ours: Vec<RunId>,
    /// What is wrong with journals that can't be read, each with its file.
    pub(super) unreadable: Vec<String>,
}

/// Reads a run's folder; `None` where a folder holds no items.
pub(super) fn read(folder: &Path) -> Result<Option<Found>, ArtifactError> {
    let run = HarnessRun::read(folder)?;
    let items: Vec<EarlierItem> = run.items.iter().map(item).collect();
    // a folder further up holds folders as well, and none of them has a journal or a prompt
    let is_run = run.items.iter().any(|item| item.journal.is_some() || item.folder.join("prompt.json").exists());
    let journals = || run.items.iter().filter_map(|item| item.journal.as_ref());
    let named = |journal: &Document<Journal>| Some(RunId(of_ours(journal)?.get("run")?.as_str()?.to_owned()));
    let ours: BTreeSet<RunId> = journals().filter_map(|journal| named(journal.as_ref().ok()?)).filter(|id| is_name(&id.0)).collect();
    Ok(is_run.then(|| Found {
        run: Earlier { name: folder.display().to_string(), plan: None, items },
        ours: ours.into_iter().collect(),
        unreadable: journals().filter_map(|journal| journal.as_ref().err()).map(ToString::to_string).collect(),
    }))
}

/// By the harness's own word, and ours on the agent. A journal that can't be read, or that does not say how the item
/// ended, is none: the harness's report does not count it.
fn item(item: &HarnessItem) -> EarlierItem {
    let commits = item.readable().map(|journal| journal.commits.clone()).unwrap_or_default();
    let end = match &item.journal {
        None | Some(Err(_)) => End::Missing,
        Some(Ok(journal)) if journal.typed().status.is_empty() => End::Missing,
        Some(Ok(journal)) if journal.typed().is_success() && !has_failed_agent(journal) => End::Well,
        Some(Ok(_)) => End::Failed,
    };
    EarlierItem { id: item.id.0.clone(), human: commits.human, parent: commits.pre, end }
}

/// Our own block of a journal.
fn of_ours(journal: &Document<Journal>) -> Option<&Value> {
    journal.whole().get("isobench_tui")
}

/// Whether we wrote that the agent came to a bad end, though its exit code was none.
fn has_failed_agent(journal: &Document<Journal>) -> bool {
    let end = of_ours(journal).and_then(|ours| ours.get("agent_end")?.get("end")?.as_str());
    matches!(end, Some("failed" | "stopped"))
}

/// Whether it can name a run's folder and nothing else.
fn is_name(id: &str) -> bool {
    !id.is_empty() && !id.starts_with('.') && !id.contains('/')
}
