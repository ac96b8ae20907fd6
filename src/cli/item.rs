//! Which item of a run is meant.

use crate::config::nearest;
use crate::domain::{ItemId, short_sha};
use crate::model::{Item, Run};

/// Fewer characters of a sha name nothing.
const SHORTEST: usize = 4;

/// Why no item is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoItem {
    /// None is called so.
    Unknown(String),
    /// More than one is.
    Unclear(String),
}

impl std::fmt::Display for NoItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Unknown(says) | Self::Unclear(says)) = self;
        f.write_str(says)
    }
}

/// The item of this id, or whose commit begins so.
pub(super) fn choose(run: &Run, named: &str) -> Result<ItemId, NoItem> {
    if let Some(item) = run.item(&ItemId(named.to_owned())) {
        return Ok(item.id.clone());
    }
    let is_of = |item: &&Item| named.len() >= SHORTEST && item.human.starts_with(named);
    let found: Vec<&Item> = run.items.iter().filter(is_of).collect();
    match found.as_slice() {
        [item] => Ok(item.id.clone()),
        [] => {
            let near = nearest(named, run.items.iter().map(|item| item.id.0.as_str()));
            let hint = near.map_or_else(String::new, |near| format!(": did you mean {near}?"));
            Err(NoItem::Unknown(format!("there is no item {} in this run{hint}", if named.is_empty() { "''" } else { named })))
        }
        several => {
            let told: Vec<String> = several.iter().take(5).map(|item| format!("{} ({})", item.id, short_sha(&item.human))).collect();
            let more = if several.len() > 5 { ", …" } else { "" };
            Err(NoItem::Unclear(format!("{named} is the start of more than one commit: {}{more}: write the item's id", told.join(", "))))
        }
    }
}
