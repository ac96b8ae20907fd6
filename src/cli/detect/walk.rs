//! Which trajectories are meant by a path.

use std::fs;
use std::path::{Path, PathBuf};

use crate::import::folder::{Folder, may_be_trajectory};
use crate::text::clean;

/// Folders in each other that are walked.
const DEEPEST: usize = 32;

/// A file or folder to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Which of the named paths led to it.
    pub(super) named: usize,
    /// Whether it was found in a folder, and not named itself.
    pub(super) is_walked: bool,
    /// The folder of the items of the same run.
    pub(super) batch: Option<PathBuf>,
}

/// What paths lead to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In order.
    pub(super) sources: Vec<Source>,
    /// Which named path can't be read, and why.
    pub(super) refused: Vec<(usize, String)>,
}

/// Everything that the named paths lead to, in their order, folders in the order of names.
pub(super) fn sources(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for (named, path) in paths.iter().enumerate() {
        match fs::metadata(path) {
            Err(error) => found.refused.push((named, format!("can't read {}: {error}", clean::path(path)))),
            Ok(there) if there.is_dir() => found.folder(named, path, 0),
            Ok(_) => {
                let batch = crate::cli::trajectory::item_folder(path).and_then(Path::parent).map(Path::to_owned);
                found.sources.push(Source { path: path.clone(), named, is_walked: false, batch });
            }
        }
    }
    found
}

impl Found {
    fn folder(&mut self, named: usize, path: &Path, depth: usize) {
        let is_walked = depth > 0;
        match Folder::of(path) {
            Folder::Item(Some(trajectory)) => {
                let batch = path.parent().map(Path::to_owned);
                self.sources.push(Source { path: trajectory, named, is_walked, batch });
            }
            Folder::Item(None) | Folder::Events => self.sources.push(Source { path: path.to_owned(), named, is_walked, batch: None }),
            Folder::Other => self.walk(named, path, depth),
        }
    }

    fn walk(&mut self, named: usize, path: &Path, depth: usize) {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.refused.push((named, format!("can't read {}: {error}", clean::path(path)))),
        };
        let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            // `.git` and its like; a link to a folder may lead in a circle
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < DEEPEST {
                    self.folder(named, &path, depth + 1);
                }
            } else if may_be_trajectory(&path) && is_file(&path) {
                self.sources.push(Source { path, named, is_walked: true, batch: None });
            }
        }
    }
}

/// A pipe would keep us waiting.
fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file())
}
