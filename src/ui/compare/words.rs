//! Where two lines that are much alike differ.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Bytes of a line that is looked at.
const LONGEST: usize = 2_000;

/// Lines with fewer equal parts than this, in percent of their text, are other lines: marks would only confuse.
const ALIKE: usize = 40;

/// Where each of two lines differs from the other, as bytes. Nothing where they differ as a whole.
pub(super) fn differ(left: &str, right: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if left.len() > LONGEST || right.len() > LONGEST {
        return (Vec::new(), Vec::new());
    }
    let (one, other) = (parts(left), parts(right));
    let texts = |parts: &[Range<usize>], line: &str| {
        parts.iter().map(|part| line.get(part.clone()).unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let (one_texts, other_texts) = (texts(&one, left), texts(&other, right));
    let (mut of_left, mut of_right, mut same) = (Vec::new(), Vec::new(), 0);
    for op in capture_diff_slices(Algorithm::Myers, &one_texts, &other_texts) {
        if let DiffOp::Equal { .. } = op {
            same += one_texts.get(op.old_range()).unwrap_or_default().iter().map(|text| text.trim().len()).sum::<usize>();
            continue;
        }
        of_left.extend(span(&one, op.old_range()));
        of_right.extend(span(&other, op.new_range()));
    }
    let longer = left.split_whitespace().map(str::len).sum::<usize>().max(right.split_whitespace().map(str::len).sum());
    if same * 100 < longer * ALIKE { (Vec::new(), Vec::new()) } else { (of_left, of_right) }
}

/// All bytes of some parts; nothing where there are none.
fn span(parts: &[Range<usize>], at: Range<usize>) -> Option<Range<usize>> {
    let parts = parts.get(at)?;
    Some(parts.first()?.start..parts.last()?.end)
}

/// The words of a line, its blanks, and each of its other characters.
fn parts(line: &str) -> Vec<Range<usize>> {
    let sort = |char: char| {
        if char.is_alphanumeric() || char == '_' {
            0
        } else if char.is_whitespace() {
            1
        } else {
            2
        }
    };
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut last = None;
    for (at, char) in line.char_indices() {
        let end = at + char.len_utf8();
        match parts.last_mut().filter(|_| last == Some(sort(char)) && sort(char) < 2) {
            Some(part) => part.end = end,
            None => parts.push(at..end),
        }
        last = Some(sort(char));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let marked = |left: &str, right: &str| {
            let (one, other) = differ(left, right);
            let texts =
                |line: &str, at: Vec<Range<usize>>| at.into_iter().filter_map(|at| line.get(at).map(str::to_owned)).collect::<Vec<_>>();
            (texts(left, one), texts(right, other))
        };
        assert_eq!(marked("x = f(a, b)", "x = f(a, c)"), (vec!["b".to_owned()], vec!["c".to_owned()]));
        assert_eq!(marked("größe = 1", "größe = 1, 2"), (vec![], vec![", 2".to_owned()]));
        assert_eq!(marked("return x", "import os.path as y"), (vec![], vec![]), "other lines");
        assert_eq!(marked("", "a"), (vec![], vec![]));
    }
}
