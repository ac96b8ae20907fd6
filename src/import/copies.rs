//! The same attempt found twice: a tree and a copy of it were named, or a copy lies within the tree.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Problem;
use super::harness::Names;
use super::item::Read;
use crate::text::{clean, count};

/// An attempt, by what no two of them share: its run, its item, and the microsecond in which its journal was written.
type Key = (String, String, u64);

/// The attempts that were told so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By which named path each was found.
    told: HashMap<Key, usize>,
    /// Folder of the first of those that differ in nothing but their run's name or place.
    written: HashMap<(String, u64), PathBuf>,
    twice: Seen,
    copies: Seen,
}

/// How often, and where: one of them, and the one that was there before it.
#[derive(Debug, Default)]
struct Seen {
    times: usize,
    example: Option<(PathBuf, PathBuf)>,
}

impl Seen {
    fn see(&mut self, folder: &Path, first: &Path) {
        self.times += 1;
        self.example.get_or_insert_with(|| (folder.to_owned(), first.to_owned()));
    }

    fn say(&self, says: &str) -> Option<Problem> {
        let (path, first) = self.example.clone()?;
        let attempts = count(self.times, "attempt");
        Some(Problem { path, says: format!("{attempts} written in the same moment as others ({}, …): {says}", clean::path(&first)) })
    }
}

impl Known {
    /// Keeps of a run's items those that were not told by another named path. A copy within one named path is somebody's
    /// choice: it is told.
    pub(super) fn keep_new(&mut self, names: &Names, named: usize, items: &mut Vec<Read>) {
        items.retain(|item| {
            let Some(written) = item.written.map(f64::to_bits) else { return true };
            let by = *self.told.entry((names.run.clone(), item.id.clone(), written)).or_insert(named);
            let first = self.written.entry((item.id.clone(), written)).or_insert_with(|| item.folder.clone());
            if by != named {
                self.twice.see(&item.folder, first);
            } else if *first != item.folder {
                self.copies.see(&item.folder, first);
            }
            by == named
        });
    }

    /// What a reader of the counts must know.
    pub(super) fn say(&self) -> impl Iterator<Item = Problem> {
        let twice = self.twice.say("the same run by another path, so that each is told once");
        twice.into_iter().chain(self.copies.say("copies under another name or in another folder, and each is counted"))
    }
}
