//! Exact periods at the end of a stream of units: one counter a period, `m[p]` = how many units in a row equal the one `p`
//! before them. Short periods are all counted; long ones only where a few units in a row were seen before, at their distance.

use std::cmp::Reverse;
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
    /// The hashes of those that short periods reach back to, the newest first, twice in a row: wherever the newest one
    /// stands, they lie side by side.
    hashes: Vec<u64>,
    newest: usize,
    /// Which short periods go on, a bit each from period 1 on, and since when.
    going: u64,
    short: Vec<Run>,
    long: Vec<(usize, Run)>,
    /// By hash: that hash and the number of the unit that ended it. Empty where long periods are not looked for.
    places: Vec<(u64, u64)>,
    looks_far: bool,
    /// Units so far.
    count: u64,
    /// Their sizes.
    size: u64,
    /// The number of the last one with a letter in it.
    last_letter: Option<u64>,
}

/// Units in a row that equal the one a period before: they went on until now.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    /// The number of the first of them.
    start: u64,
    /// The character at which the one a period before it begins, and the size of all before that.
    from: u64,
    before: u64,
    /// Whether that one has letters in it.
    has_letters: bool,
}

impl Periods {
    /// Of periods up to `longest`, 64 at most.
    pub(super) fn short(longest: usize) -> Self {
        Self {
            recent: VecDeque::new(),
            kept: longest,
            hashes: vec![0; 2 * longest],
            newest: 0,
            going: 0,
            short: vec![Run::default(); longest],
            long: Vec::new(),
            places: Vec::new(),
            looks_far: false,
            count: 0,
            size: 0,
            last_letter: None,
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
        let before = self.size;
        self.size += unit.size;
        if unit.has_letters {
            self.last_letter = Some(self.count);
        }
        let mut found = self.push_short(unit, &need);
        if self.looks_far {
            let far = self.push_long(unit, &need);
            found = found.or(far);
        }
        self.recent.push_front((unit, before));
        self.recent.truncate(self.kept);
        self.count += 1;
        found
    }

    fn push_short(&mut self, unit: Unit, need: impl Fn(bool) -> Need) -> Option<Loop> {
        let longest = self.short.len();
        // without a branch: in a text without blanks this is asked for every character
        let reach = self.hashes.get(self.newest..self.newest + longest).unwrap_or_default();
        let equal = reach.iter().zip(0..).fold(0, |equal, (hash, bit)| equal | (u64::from(*hash == unit.hash) << bit));
        let equal = equal & u64::MAX.checked_shr(64 - u32::try_from(self.recent.len().min(longest)).unwrap_or_default()).unwrap_or(0);
        for at in bits(equal & !self.going) {
            if let (Some(run), Some((before, size_before))) = (self.short.get_mut(at), self.recent.get(at)) {
                *run = Run::new(self.count, before, *size_before);
            }
        }
        self.going = equal;
        self.newest = self.newest.checked_sub(1).unwrap_or(longest.saturating_sub(1));
        for at in [self.newest, self.newest + longest] {
            if let Some(hash) = self.hashes.get_mut(at) {
                *hash = unit.hash;
            }
        }
        bits(equal).find_map(|at| self.as_loop(at + 1, self.short.get(at)?, &need))
    }

    fn push_long(&mut self, unit: Unit, need: impl Fn(bool) -> Need) -> Option<Loop> {
        let recent = &self.recent;
        self.long.retain(|(period, _)| recent.get(*period - 1).is_some_and(|(before, _)| before.hash == unit.hash));
        let found = self.long.iter().find_map(|(period, run)| self.as_loop(*period, run, &need));
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
                let run = Run::new(self.count, before, *size_before);
                if self.long.len() >= FOLLOWED {
                    // those that go on for longest are the likeliest
                    let least = self.long.iter().enumerate().min_by_key(|(_, (_, run))| Reverse(run.start)).map(|(at, _)| at);
                    least.map(|at| self.long.swap_remove(at));
                }
                self.long.push((distance, run));
            }
        }
        found
    }

    /// The loop that a run is now.
    fn as_loop(&self, period: usize, run: &Run, need: impl Fn(bool) -> Need) -> Option<Loop> {
        let need = need(run.has_letters || self.last_letter.is_some_and(|at| at >= run.start));
        if self.size - run.before < need.size {
            return None;
        }
        let repeats = (self.count - run.start + 1) / u64::try_from(period).unwrap_or(u64::MAX) + 1;
        (repeats >= need.repeats).then_some(Loop { period, repeats, from: run.from })
    }
}

/// The places of the bits that are set, the lowest first.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = usize::try_from(set.trailing_zeros()).ok().filter(|at| *at < 64)?;
        set &= set - 1;
        Some(lowest)
    })
}

/// An odd number with bits everywhere.
pub(super) const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Run {
    /// Of the unit with this number, which equals one before.
    const fn new(start: u64, before: &Unit, size_before: u64) -> Self {
        Self { start, from: before.from, before: size_before, has_letters: before.has_letters }
    }
}
