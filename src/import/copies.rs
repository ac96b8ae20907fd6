//! The same attempt found twice: a tree and a copy of it were named, or a copy lies within the tree.

use std::collections::HashMap;

use super::Problem;
use super::harness::Names;
use super::item::Read;
use crate::text::clean;

/// An attempt, by what no two of them share: its run, its item, and the microsecond in which its journal was written.
type Key = (String, String, u64);

/// The attempts that were told so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Where each was found: by which named path, and its folder.
    told: HashMap<Key, (usize, String)>,
    /// The same whatever its run is called: for copies under another name.
    written: HashMap<(String, u64), String>,
}

impl Known {
    /// Keeps of a run's items those that were not told by another named path, and says what was left out. A copy within
    /// one named path is somebody's choice: it is told, and said to be one.
    pub(super) fn keep_new(&mut self, names: &Names, named: usize, items: &mut Vec<Read>, problems: &mut Vec<Problem>) {
        let (mut twice, mut copies) = (0_usize, 0_usize);
        let (mut where_twice, mut where_copied) = (String::new(), String::new());
        items.retain(|item| {
            let Some(written) = item.written.map(f64::to_bits) else { return true };
            let key = (names.run.clone(), item.id.clone(), written);
            let folder = clean::path(&item.folder);
            if let Some((by, first)) = self.told.get(&key).filter(|(by, _)| *by != named) {
                let _ = by;
                twice += 1;
                where_twice.clone_from(first);
                return false;
            }
            if let Some(first) = self.written.get(&(item.id.clone(), written)) {
                copies += 1;
                where_copied.clone_from(first);
            }
            self.written.entry((item.id.clone(), written)).or_insert_with(|| folder.clone());
            self.told.entry(key).or_insert((named, folder));
            true
        });
        let mut say = |says: String| {
            let path = items.first().and_then(|item| item.folder.parent()).map_or_else(Default::default, std::path::Path::to_owned);
            problems.push(Problem { path, says });
        };
        if twice > 0 {
            say(format!("{} of {} told already, from {where_twice}: each counts once", crate::text::count(twice, "attempt"), names.run));
        }
        if copies > 0 {
            let copies = crate::text::count(copies, "attempt");
            say(format!(
                "{copies} of {} written in the same moment as those of another folder ({where_copied}): copies, and each is counted",
                names.run
            ));
        }
    }
}
