//! `plan.json`: `{repo, task_id, items:[{item_id, human, pre, pre_parent_index}]}`, as `bench.cli plan` writes it and
//! as people write it by hand: free ids, ids with gaps, 8-character shas.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ArtifactError;
use crate::domain::ItemId;

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// URL or path of the repository.
    pub repo: String,
    /// The task the items belong to.
    pub task_id: String,
    /// The queue.
    pub items: Vec<PlanItem>,
}

/// One commit of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// Its id, which names folders.
    pub item_id: ItemId,
    /// The human's commit, full or abbreviated.
    pub human: String,
    /// The commit to start from; empty for a parent of `human`.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub pre: String,
    /// Which parent, from 1.
    #[serde(default = "first_parent")]
    pub pre_parent_index: Option<u32>,
}

#[expect(clippy::unnecessary_wraps, reason = "serde's default has the type of the field")]
const fn first_parent() -> Option<u32> {
    Some(1)
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl PlanFile {
    /// Reads and checks a plan; also hands back its bytes, for the digest.
    pub fn read(path: &Path) -> Result<(Self, Vec<u8>), ArtifactError> {
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => ArtifactError::NoPlan { path: path.to_owned() },
            _ => ArtifactError::Io { doing: "read the plan", path: path.to_owned(), source },
        })?;
        let malformed = |line, column, says| ArtifactError::Malformed { path: path.to_owned(), line, column, says };
        if bytes.trim_ascii().is_empty() {
            return Err(malformed(
                1,
                1,
                "the plan is empty (0 bytes of JSON): was it cut off while it was written? make it again".to_owned(),
            ));
        }
        let plan: Self = serde_json::from_slice(&bytes).map_err(|error| {
            let hint = if error.is_eof() { "; the file ends in the middle: was it cut off while it was written?" } else { "" };
            let says = error.to_string();
            let says = says.rsplit_once(" at line").map_or(says.as_str(), |(says, _)| says);
            malformed(error.line().max(1), error.column().max(1), format!("{says}{hint}"))
        })?;
        plan.check(&String::from_utf8_lossy(&bytes)).map_err(|(line, says)| malformed(line, 1, says))?;
        Ok((plan, bytes))
    }

    fn check(&self, text: &str) -> Result<(), (usize, String)> {
        if self.items.is_empty() {
            return Err((1, "the plan has no items".to_owned()));
        }
        let mut seen = HashMap::new();
        for (at, item) in self.items.iter().enumerate() {
            if let Some(why) = item.item_id.unfit() {
                return Err((
                    line_of(text, &item.item_id.0, 0),
                    format!("item {} of the plan has an id that can't be used: {why}", at + 1),
                ));
            }
            if seen.insert(&item.item_id, at).is_some() {
                let (first, again) = (line_of(text, &item.item_id.0, 0), line_of(text, &item.item_id.0, 1));
                return Err((again, format!("item_id '{}' is used twice (first on line {first}): give each item its own", item.item_id)));
            }
        }
        Ok(())
    }
}

/// The line, from 1, of the `nth` mention of an id in the file's text.
fn line_of(text: &str, id: &str, nth: usize) -> usize {
    let quoted = serde_json::to_string(id).unwrap_or_default();
    let at = text.match_indices(&quoted).nth(nth).map_or(0, |(at, _)| at);
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}
