//! Exact periods at the end of a stream of units: one counter a period, `m[p]` = how many units in a row equal the one `p`
//! before them. Short periods are all counted; long ones only where a few units in a row were seen before, at their distance.

use std::collections::VecDeque;

/// One unit: a line, a word, a character.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// What it is, hashed.
    pub(super) hash: u64,
    /// The character at which it begins.
    pub(super) from: u64,
    /// Its size: characters of a line, 1 for a word.
    pub(super) size: u64,
    /// Whether a letter is in it.
    pub(super) has_letters: bool,
}

/// What is enough to be a loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// Repeats, the first one included.
    pub(super) repeats: u64,
    /// Sizes of all that repeats.
    pub(super) size: u64,
}

/// A loop at the end of the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loop {
    /// Its period, in units.
    pub(super) period: usize,
    /// How often, the first one included.
    pub(super) repeats: u64,
    /// The character at which it begins.
    pub(super) from: u64,
    /// Sizes of all that repeats.
    pub(super) size: u64,
}

/// Longest period of the second kind, in units.
const LONG: usize = 512;
/// Long periods that are followed at a time.
const FOLLOWED: usize = 8;
/// Places in the table of where a few units in a row were seen last.
const PLACES: usize = 2048;
/// Units in a row that make a place.
const ROW: usize = 3;

/// The periods of a stream.
#[derive(Debug)]
pub(super) struct Periods {
    /// The last units, the newest first, with the size of all before each.
    recent: VecDeque<(Unit, u64)>,
    kept: usize,
    short: Vec<Run>,
    long: Vec<(usize, Run)>,
    /// By hash: that hash and the number of the unit that ended it. Empty where long periods are not looked for.
    places: Vec<(u64, u64)>,
    looks_far: bool,
    /// Units so far.
    count: u64,
    /// Their sizes.
    size: u64,
}

/// Units in a row that equal the one a period before.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    equal: u64,
    from: u64,
    before: u64,
    has_letters: bool,
}

impl Periods {
    /// Of periods up to `longest`.
    pub(super) fn short(longest: usize) -> Self {
        Self {
            recent: VecDeque::new(),
            kept: longest,
            short: vec![Run::default(); longest],
            long: Vec::new(),
            places: Vec::new(),
            looks_far: false,
            count: 0,
            size: 0,
        }
    }

    /// Of every period up to `longest`, and of long ones up to 512 units.
    pub(super) fn long(longest: usize) -> Self {
        Self { kept: LONG, looks_far: true, ..Self::short(longest) }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        let fresh = if self.looks_far { Self::long(self.short.len()) } else { Self::short(self.short.len()) };
        *self = fresh;
    }

    /// The next unit. Returns the loop with the shortest period that is long enough now; `need` says what is enough for a
    /// text with letters and for one without.
    pub(super) fn push(&mut self, unit: Unit, need: impl Fn(bool) -> Need) -> Option<Loop> {
        let total = self.size + unit.size;
        let mut found = None;
        for ((run, (before, size_before)), period) in self.short.iter_mut().zip(&self.recent).zip(1..) {
            if before.hash != unit.hash {
                if run.equal > 0 {
                    *run = Run::default();
                }
                continue;
            }
            run.grow(before, *size_before, unit);
            found = found.or_else(|| run.as_loop(period, total, &need));
        }
        if self.looks_far {
            let far = self.push_long(unit, total, &need);
            found = found.or(far);
        }
        self.recent.push_front((unit, self.size));
        self.recent.truncate(self.kept);
        self.count += 1;
        self.size = total;
        found
    }

    fn push_long(&mut self, unit: Unit, total: u64, need: impl Fn(bool) -> Need) -> Option<Loop> {
        let mut found = None;
        let recent = &self.recent;
        self.long.retain_mut(|(period, run)| {
            let Some((before, size_before)) = recent.get(*period - 1).filter(|(before, _)| before.hash == unit.hash) else {
                return false;
            };
            run.grow(before, *size_before, unit);
            found = found.or_else(|| run.as_loop(*period, total, &need));
            true
        });
        let row = recent.iter().take(ROW - 1).fold(unit.hash, |all, (before, _)| all.rotate_left(21).wrapping_mul(MIX) ^ before.hash);
        let place = usize::try_from(row.wrapping_mul(MIX) >> 53).unwrap_or_default() % PLACES;
        // most texts are short: the table is made for those that are not
        if self.places.is_empty() && self.recent.len() > self.short.len() {
            self.places = vec![(0, 0); PLACES];
        }
        if let Some(entry) = self.places.get_mut(place) {
            let (known, at) = std::mem::replace(entry, (row, self.count));
            let distance = usize::try_from(self.count.saturating_sub(at)).unwrap_or(usize::MAX);
            let is_new = known == row && distance > self.short.len() && self.long.iter().all(|(period, _)| *period != distance);
            if is_new && let Some((before, size_before)) = self.recent.get(distance.saturating_sub(1)) {
                let mut run = Run::default();
                run.grow(before, *size_before, unit);
                if self.long.len() >= FOLLOWED {
                    // those that go on for longest are the likeliest
                    let least = self.long.iter().enumerate().min_by_key(|(_, (_, run))| run.equal).map(|(at, _)| at);
                    least.map(|at| self.long.swap_remove(at));
                }
                self.long.push((distance, run));
            }
        }
        found
    }
}

/// An odd number with bits everywhere.
pub(super) const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Run {
    fn grow(&mut self, before: &Unit, size_before: u64, unit: Unit) {
        if self.equal == 0 {
            *self = Self { equal: 0, from: before.from, before: size_before, has_letters: before.has_letters };
        }
        self.equal += 1;
        self.has_letters |= unit.has_letters;
    }

    fn as_loop(self, period: usize, total: u64, need: impl Fn(bool) -> Need) -> Option<Loop> {
        let repeats = self.equal / u64::try_from(period).unwrap_or(u64::MAX) + 1;
        let size = total - self.before;
        let need = need(self.has_letters);
        (repeats >= need.repeats && size >= need.size).then_some(Loop { period, repeats, from: self.from, size })
    }
}
