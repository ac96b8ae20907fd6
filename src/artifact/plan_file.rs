//! `plan.json`: `{repo, task_id, items:[{item_id, human, pre, pre_parent_index}]}`, as `bench.cli plan` writes it and
//! as people write it by hand: free ids, ids with gaps, 8-character shas, YAML. And the `commits.txt` it is made of.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ArtifactError;
use super::document::{Format, Repeats, Source, Step, read_bytes};
use super::plain::null_is_default;
use super::task_file::TaskFile;
use crate::domain::ItemId;

/// A plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// URL or path of the repository.
    pub repo: String,
    /// The task the items belong to.
    pub task_id: String,
    /// The queue.
    pub items: Vec<PlanItem>,
    /// All that the file holds.
    #[serde(skip)]
    whole: Value,
}

/// One commit of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// Its id, which names folders.
    pub item_id: ItemId,
    /// The human's commit, full or abbreviated.
    pub human: String,
    /// The commit to start from; empty for a parent of `human`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub pre: String,
    /// Which parent, from 1.
    #[serde(default = "first_parent")]
    pub pre_parent_index: Option<u32>,
}

#[expect(clippy::unnecessary_wraps, reason = "serde's default has the type of the field")]
const fn first_parent() -> Option<u32> {
    Some(1)
}

impl PlanFile {
    /// Reads and checks a plan; also hands back its bytes, for the digest. By the harness's rule a `.json` is JSON and
    /// anything else YAML.
    pub fn read(path: &Path) -> Result<(Self, Vec<u8>), ArtifactError> {
        let bytes = bytes_of(path)?;
        Ok((Self::parse(path, &bytes)?, bytes))
    }

    /// Reads any form of a plan: a list of commits where the file's name ends in `.txt`, which needs its task.
    pub fn read_any(path: &Path, task: impl FnOnce() -> Result<TaskFile, ArtifactError>) -> Result<(Self, Vec<u8>), ArtifactError> {
        if !path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("txt")) {
            return Self::read(path);
        }
        let bytes = bytes_of(path)?;
        Ok((Self::of_commits_text(path, &bytes, &task()?)?, bytes))
    }

    /// The plan that `bench.cli plan` makes of a list of commits.
    pub fn of_commits(path: &Path, task: &TaskFile) -> Result<Self, ArtifactError> {
        Self::of_commits_text(path, &bytes_of(path)?, task)
    }

    /// Reads a plan's bytes; the path is for errors and tells JSON from YAML.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ArtifactError> {
        let is_json = path.extension().is_some_and(|suffix| suffix == "json");
        let source = Source::new(path, bytes, if is_json { Format::Json } else { Format::Yaml })?;
        let (whole, _) = source.value(Repeats::Refused)?;
        let mut plan: Self = source.typed(&whole)?;
        plan.whole = whole;
        plan.check(&source)?;
        Ok(plan)
    }

    /// Items that come from no file.
    pub fn of_items(items: Vec<PlanItem>) -> Self {
        Self { items, ..Self::default() }
    }

    /// All that the file holds.
    pub const fn whole(&self) -> &Value {
        &self.whole
    }

    /// A plan of one item, all else as it is in this one, fields that we don't know included.
    pub fn only(&self, item: &ItemId) -> Value {
        let mut plan = self.whole.clone();
        if let Some(items) = plan.get_mut("items").and_then(Value::as_array_mut) {
            items.retain(|entry| entry.get("item_id").and_then(Value::as_str) == Some(item.0.as_str()));
        }
        plan
    }

    /// `<human> [<pre>|parent=N]` or `<human> | date | subject` a line; an item's number is that of its line, blank
    /// lines and comments counted, but for those above the first line that is not blank.
    fn of_commits_text(path: &Path, bytes: &[u8], task: &TaskFile) -> Result<Self, ArtifactError> {
        let text = str::from_utf8(bytes).map_err(|error| super::document::not_utf8(path, bytes, error.valid_up_to()))?;
        let skipped = text.lines().take_while(|line| line.trim().is_empty()).count();
        let mut items = Vec::new();
        for (number, line) in text.lines().skip(skipped).enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let item_id = ItemId(format!("{}-{number:04}", task.id));
            let says = |says| ArtifactError::Malformed { path: path.to_owned(), line: skipped + number + 1, column: 1, says };
            items.push(commit(line, item_id).map_err(says)?);
        }
        if items.is_empty() {
            let says = "the file names no commit: write one sha a line".to_owned();
            return Err(ArtifactError::Malformed { path: path.to_owned(), line: 1, column: 1, says });
        }
        if let Some(why) = ItemId(task.id.clone()).unfit() {
            let says = format!("id: '{}' can't be used: {why}", task.id);
            return Err(ArtifactError::Malformed { path: task.path.clone(), line: 1, column: 1, says });
        }
        let whole = json!({"repo": task.repo.url, "task_id": task.id, "items": items});
        Ok(Self { repo: task.repo.url.clone(), task_id: task.id.clone(), items, whole })
    }

    fn check(&self, source: &Source<'_>) -> Result<(), ArtifactError> {
        let wrong = |field: &[Step], says: &str| Err(source.malformed(field, says));
        if self.items.is_empty() {
            return wrong(&["items".into()], "the plan has no items");
        }
        if let Some(why) = ItemId(self.task_id.clone()).unfit() {
            return wrong(&["task_id".into()], &format!("'{}' can't be used: {why}", self.task_id.escape_debug()));
        }
        if let Some(why) = unfit_for_git(&self.repo) {
            return wrong(&["repo".into()], &format!("'{}' can't be used: {why}", self.repo.escape_debug()));
        }
        let mut seen = HashMap::new();
        for (at, item) in self.items.iter().enumerate() {
            let field = |name: &str| ["items".into(), at.into(), name.into()];
            if let Some(why) = item.item_id.unfit() {
                let says = format!("'{}': item {} of the plan has an id that can't be used: {why}", item.item_id.0.escape_debug(), at + 1);
                return wrong(&field("item_id"), &says);
            }
            for (name, sha) in [("human", &item.human), ("pre", &item.pre)] {
                if let Some(why) = unfit_for_git(sha) {
                    return wrong(&field(name), &format!("'{}' can't be used: {why}", sha.escape_debug()));
                }
            }
            if let Some(first) = seen.insert(&item.item_id, at) {
                let first = source.line_of(&["items".into(), first.into(), "item_id".into()]);
                let says = format!("item_id '{}' is used twice (first on line {first}): give each item its own", item.item_id);
                return wrong(&field("item_id"), &says);
            }
        }
        Ok(())
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    read_bytes(path).map_err(|error| match error {
        ArtifactError::Io { source, .. } if source.kind() == ErrorKind::NotFound => ArtifactError::NoPlan { path: path.to_owned() },
        ArtifactError::Io { path, source, .. } => ArtifactError::Io { doing: "read the plan", path, source },
        error => error,
    })
}

/// Why git must not be handed this word.
fn unfit_for_git(word: &str) -> Option<&'static str> {
    if word.starts_with('-') {
        Some("it starts with '-', and git would take it for an option")
    } else if word.chars().any(char::is_control) {
        Some("it holds a control character")
    } else {
        None
    }
}

/// One line of a list of commits.
fn commit(line: &str, item_id: ItemId) -> Result<PlanItem, String> {
    let mut item = PlanItem { item_id, human: String::new(), pre: String::new(), pre_parent_index: Some(1) };
    if let Some((sha, _)) = line.split_once(" | ") {
        sha.trim().clone_into(&mut item.human);
    } else {
        let mut words = line.split_whitespace();
        words.next().unwrap_or_default().clone_into(&mut item.human);
        match words.next().map(|word| (word, word.strip_prefix("parent="))) {
            Some((_, Some(parent))) => {
                let index =
                    parent.parse::<u32>().map_err(|_no_number| format!("parent: '{parent}' is no number of a parent: write parent=1"))?;
                // the harness takes 0 for its default
                item.pre_parent_index = Some(index.max(1));
            }
            Some((pre, None)) => pre.clone_into(&mut item.pre),
            None => {}
        }
    }
    for sha in [&item.human, &item.pre] {
        if let Some(why) = unfit_for_git(sha) {
            return Err(format!("commit: '{}' can't be used: {why}", sha.escape_debug()));
        }
    }
    Ok(item)
}
