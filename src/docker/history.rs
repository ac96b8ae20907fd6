//! Which line of an image's history made which layer. The engine tells sizes by line of the history and layers by digest,
//! and not which belongs to which: most lines make no layer, and a layer may be of size 0.

/// The digest of an archive without files: what a step makes that changes none.
const EMPTY: &str = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/// Instructions of a Dockerfile that change files. All others write into the configuration alone.
const WRITES: [&str; 4] = ["ADD", "COPY", "RUN", "WORKDIR"];

/// A line of the history.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Bytes that it added.
    pub(super) bytes: u64,
    /// The instruction, as the builder wrote it down.
    pub(super) by: String,
}

/// The size of each layer, by a history whose oldest line comes first. Where lines and layers can't be matched, none is known.
pub(super) fn sizes(history: &[Line], diff_ids: &[String]) -> Vec<Option<u64>> {
    let all = || history.iter().map(|line| line.bytes);
    let large: Vec<u64> = all().filter(|bytes| *bytes > 0).collect();
    let filled = diff_ids.iter().filter(|diff_id| *diff_id != EMPTY).count();
    if large.len() == filled {
        // the others are empty
        let mut large = large.into_iter();
        return diff_ids.iter().map(|diff_id| if diff_id == EMPTY { Some(0) } else { large.next() }).collect();
    }
    let writing: Vec<u64> = history.iter().filter(|line| line.bytes > 0 || writes(&line.by)).map(|line| line.bytes).collect();
    if writing.len() == diff_ids.len() {
        return writing.into_iter().map(Some).collect();
    }
    if history.len() == diff_ids.len() {
        return all().map(Some).collect();
    }
    vec![None; diff_ids.len()]
}

/// Whether an instruction makes a layer: `/bin/sh -c #(nop) COPY file:…` and `/bin/sh -c make` of the old builder,
/// `COPY a b # buildkit` of the new one.
fn writes(by: &str) -> bool {
    let by = by.trim_start();
    let words = match by.split_once("#(nop)") {
        Some((_, instruction)) => instruction,
        None if by.starts_with('/') || by.starts_with('|') => return true,
        None => by,
    };
    words.split_whitespace().next().is_some_and(|word| WRITES.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(history: &[(u64, &str)], diff_ids: &[&str]) -> Vec<Option<u64>> {
        let lines: Vec<Line> = history.iter().map(|(bytes, by)| Line { bytes: *bytes, by: (*by).to_owned() }).collect();
        sizes(&lines, &diff_ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn lines_without_files_make_no_layer() {
        let old = [(5, "/bin/sh -c #(nop) ADD file:1 in /"), (0, "/bin/sh -c #(nop)  CMD [\"sh\"]"), (7, "/bin/sh -c make")];
        assert_eq!(of(&old, &["a", "b"]), [Some(5), Some(7)]);
        assert_eq!(of(&[(9, "")], &["a"]), [Some(9)], "an imported one");
        assert_eq!(of(&[], &[]), []);
    }

    #[test]
    fn a_layer_of_size_0_is_known_by_its_digest_or_by_its_instruction() {
        let old = [(5, "ADD x /"), (0, "RUN true # buildkit"), (0, "ENV A=b"), (7, "COPY y / # buildkit")];
        assert_eq!(of(&old, &["a", EMPTY, "b"]), [Some(5), Some(0), Some(7)]);
        assert_eq!(of(&old, &["a", "d", "b"]), [Some(5), Some(0), Some(7)], "folders alone are a layer of size 0, and no empty one");
        let nop = [(5, "/bin/sh -c #(nop) ADD file:1 in /"), (0, "/bin/sh -c #(nop) WORKDIR /x"), (0, "/bin/sh -c #(nop) ENV A=b")];
        assert_eq!(of(&nop, &["a", "d"]), [Some(5), Some(0)]);
        assert_eq!(of(&[(5, "bazel"), (0, "bazel")], &["a", "d"]), [Some(5), Some(0)], "line by line");
    }

    #[test]
    fn what_can_not_be_matched_is_not_known() {
        assert_eq!(of(&[], &["a", "b"]), [None, None], "a builder that wrote no history");
        assert_eq!(of(&[(5, "x"), (0, "x"), (0, "x")], &["a", "b"]), [None, None]);
        assert_eq!(of(&[(5, "ADD a /"), (6, "ADD b /")], &["a"]), [None]);
    }
}
