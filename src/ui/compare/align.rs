//! Two lists laid beside each other: what is the same, or like it, stands on one row.

use std::collections::HashMap;

use crate::detect::aim::Aim;

/// A row: a step of the left list, one of the right, or both, by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Of the left list.
    pub left: Option<usize>,
    /// Of the right list.
    pub right: Option<usize>,
    /// How they stand to each other.
    pub how: How,
}

/// How the two halves of a row stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// They do the same, in the same words.
    Same,
    /// They do the same, in the same words, and it worked for one of them only.
    Parted,
    /// They do the same to the same file, or run the same program, in other words.
    Like,
    /// There is one only.
    Alone,
}

/// Cells of the table that are filled at most: four thousand steps against four thousand. Of longer lists only what lies
/// about equally far from their beginnings is held against each other.
const MOST: usize = 16_000_000;

/// What a step is, as two numbers: all of it, and what it is like (0: like nothing).
type Sign = (u32, u32);

/// Lays two lists of steps beside each other. Each step stands on one row, and the order of each list stays.
pub fn align(left: &[Aim], right: &[Aim]) -> Vec<Row> {
    // of two ways that are as good the same one is found from either side
    let is_turned = (right.len(), right) < (left.len(), left);
    let (short, long) = if is_turned { (right, left) } else { (left, right) };
    let mut known = Known::default();
    let (short_signs, long_signs) = (known.signs(short), known.signs(long));
    let pairs = pairs(&short_signs, &long_signs, MOST);
    let turn = |(short, long, how): (usize, usize, How)| if is_turned { (long, short, how) } else { (short, long, how) };
    rows(pairs.into_iter().map(turn), left.len(), right.len())
}

/// The rows of pairs, in order: before each pair what only the left list has, then what only the right one has.
fn rows(pairs: impl Iterator<Item = (usize, usize, How)>, left: usize, right: usize) -> Vec<Row> {
    let mut rows = Vec::with_capacity(left.max(right));
    let (mut from_left, mut from_right) = (0, 0);
    let mut alone = |rows: &mut Vec<Row>, to_left: usize, to_right: usize| {
        rows.extend((from_left..to_left).map(|at| Row { left: Some(at), right: None, how: How::Alone }));
        rows.extend((from_right..to_right).map(|at| Row { left: None, right: Some(at), how: How::Alone }));
        (from_left, from_right) = (to_left + 1, to_right + 1);
    };
    for (at_left, at_right, how) in pairs {
        alone(&mut rows, at_left, at_right);
        rows.push(Row { left: Some(at_left), right: Some(at_right), how });
    }
    alone(&mut rows, left, right);
    rows
}

/// Numbers for what was met.
#[derive(Default)]
struct Known<'a> {
    whole: HashMap<&'a Aim, u32>,
    /// One of each that are like each other.
    like: HashMap<(crate::detect::aim::Act, &'a str), u32>,
}

impl<'a> Known<'a> {
    fn signs(&mut self, aims: &'a [Aim]) -> Vec<Sign> {
        aims.iter().map(|aim| self.sign(aim)).collect()
    }

    fn sign(&mut self, aim: &'a Aim) -> Sign {
        let next = |known: usize| u32::try_from(known).unwrap_or(u32::MAX).saturating_add(1);
        let (whole, like) = (next(self.whole.len()), next(self.like.len()));
        let like = if aim.is_like(aim) { *self.like.entry((aim.act, &aim.target)).or_insert(like) } else { 0 };
        (*self.whole.entry(aim).or_insert(whole), like)
    }
}

/// What a pair is worth.
const fn worth(short: Sign, long: Sign) -> (u32, How) {
    if short.0 == long.0 {
        (3, How::Same)
    } else if short.1 != 0 && short.1 == long.1 {
        (2, How::Like)
    } else {
        (0, How::Alone)
    }
}

/// The way to a cell of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// Both steps are a pair.
    Pair,
    /// The step of the short list stands alone.
    Short,
    /// That of the long one does.
    Long,
}

/// Columns of the table that are filled in each row.
fn band(rows: usize, columns: usize, most: usize) -> usize {
    // a row has to reach into the next one
    (most / rows).max(columns / rows + 2).min(columns)
}

/// The pairs whose worth together is highest, in order (Needleman and Wunsch), in a band of the table that has `most` cells.
fn pairs(short: &[Sign], long: &[Sign], most: usize) -> Vec<(usize, usize, How)> {
    let (rows, columns) = (short.len() + 1, long.len() + 1);
    let band = band(rows, columns, most);
    // the band runs from corner to corner
    let begin = |row: usize| (row * (columns - 1) / (rows - 1).max(1)).saturating_sub(band / 2).min(columns - band);
    let mut ways: Vec<From> = Vec::with_capacity(rows * band);
    let (mut above, mut here): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::with_capacity(band));
    for row in 0..rows {
        let (first, before) = (begin(row), begin(row.saturating_sub(1)));
        let sign = row.checked_sub(1).and_then(|at| short.get(at));
        here.clear();
        for column in first..first + band {
            let of_above = |column: usize| above.get(column.checked_sub(before)?).copied();
            let pair = || {
                let (sign, at) = (sign?, column.checked_sub(1)?);
                let (worth, how) = worth(*sign, *long.get(at)?);
                of_above(at).filter(|_| how != How::Alone).map(|before| before + worth)
            };
            let ways_here = [(pair(), From::Pair), (of_above(column), From::Short), (here.last().copied(), From::Long)];
            let best = ways_here
                .into_iter()
                .filter_map(|(worth, way)| Some((worth?, way)))
                .reduce(|one, next| if next.0 > one.0 { next } else { one });
            let (worth, way) = best.unwrap_or((0, From::Long));
            here.push(worth);
            ways.push(way);
        }
        std::mem::swap(&mut above, &mut here);
    }
    let mut found = Vec::new();
    let (mut row, mut column) = (rows - 1, columns - 1);
    while row > 0 && column > 0 {
        match ways.get(row * band + column.saturating_sub(begin(row))) {
            Some(From::Pair) => {
                (row, column) = (row - 1, column - 1);
                if let (Some(one), Some(other)) = (short.get(row), long.get(column)) {
                    found.push((row, column, worth(*one, *other).1));
                }
            }
            Some(From::Short) => row -= 1,
            Some(From::Long) | None => column -= 1,
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::detect::aim::Act;

    fn aim(act: Act, target: &str, asked: u64) -> Aim {
        Aim { act, target: target.to_owned(), asked, is_benchmark: false }
    }

    fn told(rows: &[Row]) -> Vec<(Option<usize>, Option<usize>, How)> {
        rows.iter().map(|row| (row.left, row.right, row.how)).collect()
    }

    #[test]
    fn what_does_the_same_stands_on_one_row() {
        let left = [aim(Act::View, "a", 1), aim(Act::Edit, "a", 2), aim(Act::Run, "t", 3)];
        let right = [aim(Act::View, "a", 1), aim(Act::Search, "x", 9), aim(Act::Edit, "a", 5), aim(Act::Run, "u", 6)];
        let wanted = [
            (Some(0), Some(0), How::Same),
            (None, Some(1), How::Alone),
            (Some(1), Some(2), How::Like),
            (Some(2), None, How::Alone),
            (None, Some(3), How::Alone),
        ];
        assert_eq!(told(&align(&left, &right)), wanted);
        assert_eq!(align(&[], &[]), []);
        assert_eq!(told(&align(&left[..1], &[])), [(Some(0), None, How::Alone)]);
    }

    #[test]
    fn steps_about_nothing_are_not_like_each_other() {
        let said = |asked: u64| [aim(Act::Think, "", asked)];
        assert!(align(&said(1), &said(2)).iter().all(|row| row.how == How::Alone));
        assert_eq!(align(&said(1), &said(1)).len(), 1);
    }

    #[test]
    fn a_narrow_band_still_reaches_the_end() {
        let signs = |count: u32| (0..count).map(|at| (at % 7 + 1, 0)).collect::<Vec<Sign>>();
        for (short, long) in [(5, 400), (200, 201), (1, 1), (0, 9), (60, 60)] {
            for most in [1, 50, 1_000, 10_000] {
                let found = pairs(&signs(short), &signs(long), most);
                assert!(found.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1), "{short} {long} {most}");
            }
        }
        let same = pairs(&signs(60), &signs(60), 300);
        assert_eq!(same.len(), 60, "what is equally far from the beginning is found in any band");
    }

    #[test]
    fn five_thousand_steps_fill_no_more_cells_than_are_allowed() {
        // the time is that of the cells, and their number is bounded: 5,000 against 5,000 are 25 million
        let aims: Vec<Aim> = (0..5_000).map(|at| aim(Act::View, &format!("f{}", at % 50), at % 90)).collect();
        let rows = align(&aims, &aims[1_000..]);
        assert_eq!(rows.iter().filter_map(|row| row.left).count(), 5_000);
        assert_eq!(rows.iter().filter_map(|row| row.right).count(), 4_000);
        assert!(4_001 * band(4_001, 5_001, MOST) <= MOST);
    }

    fn aims() -> impl Strategy<Value = Vec<Aim>> {
        let one = (0..4_u8, 0..3_u8, 0..6_u64).prop_map(|(act, target, asked)| {
            let act = [Act::Think, Act::View, Act::Run, Act::Edit][usize::from(act)];
            aim(act, ["", "a.py", "b.py"][usize::from(target)], asked)
        });
        proptest::collection::vec(one, 0..40)
    }

    proptest! {
        #[test]
        fn no_step_is_lost_or_told_twice_and_the_order_stays(left in aims(), right in aims()) {
            let rows = align(&left, &right);
            prop_assert_eq!(rows.iter().filter_map(|row| row.left).collect::<Vec<_>>(), (0..left.len()).collect::<Vec<_>>());
            prop_assert_eq!(rows.iter().filter_map(|row| row.right).collect::<Vec<_>>(), (0..right.len()).collect::<Vec<_>>());
            for row in rows {
                if let (Some(one), Some(other)) = (row.left, row.right) {
                    prop_assert_eq!(row.how == How::Same, left[one] == right[other]);
                    prop_assert!(row.how == How::Same || left[one].is_like(&right[other]));
                } else {
                    prop_assert_eq!(row.how, How::Alone);
                }
            }
        }

        #[test]
        fn from_the_other_side_the_same_steps_are_pairs(left in aims(), right in aims()) {
            let both = |rows: Vec<Row>| rows.into_iter().filter_map(|row| Some((row.left?, row.right?, row.how))).collect::<Vec<_>>();
            let turned: Vec<_> = both(align(&right, &left)).into_iter().map(|(one, other, how)| (other, one, how)).collect();
            prop_assert_eq!(both(align(&left, &right)), turned);
        }

        #[test]
        fn a_list_is_all_the_same_as_itself(list in aims()) {
            prop_assert!(align(&list, &list).iter().all(|row| row.how == How::Same && row.left == row.right));
        }
    }
}
