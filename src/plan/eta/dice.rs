//! Throws that are always the same: what is estimated changes with what is known, and with nothing else.

use crate::domain::Stage;

/// The dice of one item in one of the draws.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice {
    /// Which draw.
    pub(super) draw: usize,
    /// The item's place in the queue.
    pub(super) place: usize,
}

impl Dice {
    /// One of so many of the past, by its index; that past is itself drawn anew in each draw, the same one for all items.
    #[expect(clippy::cast_possible_truncation, reason = "below a number that is one of usize")]
    pub(super) const fn pick(&self, of: usize, stage: Stage) -> usize {
        if of == 0 {
            return 0;
        }
        let nth = mix(self.place as u64, self.draw as u64, stage as u64) % of as u64;
        (mix(nth, self.draw as u64, 1 << 32 | stage as u64) % of as u64) as usize
    }

    /// A part of an amount.
    pub(super) const fn part_of(&self, amount: u64, stage: Stage) -> u64 {
        mix(self.place as u64, self.draw as u64, 2 << 32 | stage as u64) % amount.saturating_add(1)
    }
}

/// Three numbers as one that looks like chance (the finaliser of splitmix64).
const fn mix(a: u64, b: u64, c: u64) -> u64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ c.wrapping_mul(0x94d0_49bb_1331_11eb);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
