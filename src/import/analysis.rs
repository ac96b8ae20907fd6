//! `hard_metrics.json` and the files of soft metrics, as rows.

use std::path::Path;

use super::{Import, Problem};
use crate::artifact::ArtifactError;
use crate::artifact::analysis::{Rows, hard_metrics, soft_metrics};

/// Reads one such file; a row that makes no sense is a problem, and the rest is read.
pub(super) fn read(path: &Path, import: &mut Import) {
    if path.file_name().is_some_and(|name| name == "hard_metrics.json") {
        take(path, hard_metrics(path), &mut import.hard, &mut import.problems);
    } else {
        take(path, soft_metrics(path), &mut import.soft, &mut import.problems);
    }
}

fn take<T>(path: &Path, read: Result<Rows<T>, ArtifactError>, into: &mut Vec<T>, problems: &mut Vec<Problem>) {
    let mut problem = |says: String| problems.push(Problem { path: path.to_owned(), says });
    match read {
        Ok(Rows { rows, without }) => {
            into.extend(rows);
            without.into_iter().for_each(&mut problem);
        }
        Err(error) => problem(error.to_string()),
    }
}
