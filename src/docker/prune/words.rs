//! A prune as lines, one a thing, for a log.

use crate::domain::{Fate, PruneProgress, Thing};
use crate::text::{bytes, clean};

/// What was said already.
#[derive(Debug, Default)]
pub struct Words {
    said: usize,
    waits: Option<String>,
}

impl Words {
    /// The lines that are new: `2/5 image a/b:c gone, 9.8 GB`.
    pub fn take(&mut self, progress: &PruneProgress) -> Vec<String> {
        let mut lines = Vec::new();
        if progress.waits != self.waits {
            self.waits.clone_from(&progress.waits);
            lines.extend(progress.waits.iter().map(|waits| format!("waits for {}", clean::line(waits))));
        }
        let all = progress.plan.going().count();
        for (at, fate) in progress.plan.going().enumerate().take(progress.done).skip(self.said) {
            self.said = at + 1;
            let refused = progress.refused.iter().find(|(name, _)| *name == fate.name);
            let end = refused.map_or_else(
                || fate.bytes.map_or_else(|| "gone".to_owned(), |n| format!("gone, {}", bytes(n))),
                |(_, why)| format!("stays: {}", clean::line(why)),
            );
            lines.push(format!("{}/{all} {} {} {end}", at + 1, kind(fate.thing), short(fate)));
        }
        lines
    }
}

/// What a thing is called.
pub const fn kind(thing: Thing) -> &'static str {
    match thing {
        Thing::Container => "container",
        Thing::Network => "network",
        Thing::Volume => "volume",
        Thing::Image => "image",
        Thing::BuildCache => "cache",
    }
}

/// What nobody named has a name of 64 digits: 12 are enough to know it by.
pub fn short(fate: &Fate) -> String {
    let is_digits = fate.name.len() == 64 && fate.name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digits { fate.name.chars().take(12).collect() } else { clean::line(&fate.name) }
}
