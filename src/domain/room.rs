//! Room on the disk of a Docker engine: what images need, and whether it is there. All sizes are in bytes.

use serde::{Deserialize, Serialize};

/// What something needs on the engine's disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What it takes once it is there.
    pub stays: u64,
    /// What it takes at the worst moment on the way: the compressed layers lie beside what is extracted from them.
    pub peak: u64,
    /// What one container of it takes: on VFS two more copies of its files, and those twice while it is made.
    pub container: u64,
    /// Whether a size in it was estimated, because the registry does not say what a layer becomes.
    #[serde(default)]
    pub is_estimate: bool,
}

/// Why a pull may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// What is needed at the worst moment.
    pub needs: u64,
    /// What is free.
    pub free: u64,
    /// What removing images of ours that nobody waits for would free; `None` where it was not looked at.
    #[serde(default)]
    pub prune_would_free: Option<u64>,
}

/// What the images of the items that still wait will need, if they come one item after another and nothing is pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRoom {
    /// Items that wait for images.
    pub items: usize,
    /// Of how many of them, from the next one on, the images are known: of the others the need is that of the last of these,
    /// and an estimate.
    pub known: usize,
    /// What the next item's images need; `None` where they are not known.
    #[serde(default)]
    pub next: Option<Need>,
    /// What all of them need together; `None` where those of none are known.
    #[serde(default)]
    pub all: Option<Need>,
    /// How many items, from the next one on, fit; `None` where nobody knows what is free or needed.
    #[serde(default)]
    pub fits: Option<usize>,
}

impl Need {
    /// This, and then another one beside what this one left: images that come one after another.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            stays: self.stays.saturating_add(next.stays),
            peak: self.peak.max(self.stays.saturating_add(next.peak)),
            container: self.container.max(next.container),
            is_estimate: self.is_estimate || next.is_estimate,
        }
    }

    /// Most that is taken at a time, with one container at work.
    pub fn most(self) -> u64 {
        self.peak.max(self.stays.saturating_add(self.container))
    }
}

impl QueueRoom {
    /// By what the images of the next items need, each beside those before it, as far as they are known.
    pub fn of(items: usize, known: &[Need], free: Option<u64>) -> Self {
        let known = known.get(..items).unwrap_or(known);
        let guessed = known.last().map(|last| Need { is_estimate: true, ..*last });
        let guessed = guessed.into_iter().flat_map(|need| std::iter::repeat_n(need, items.saturating_sub(known.len())));
        let (mut all, mut fits) = (Need::default(), 0);
        let mut still_fits = true;
        for need in known.iter().copied().chain(guessed) {
            let most = all.stays.saturating_add(need.most());
            still_fits = still_fits && free.is_some_and(|free| most <= free);
            fits += usize::from(still_fits);
            all = all.then(need);
        }
        let is_known = !known.is_empty();
        Self {
            items,
            known: known.len(),
            next: known.first().copied(),
            all: is_known.then_some(all),
            fits: free.filter(|_| is_known).map(|_| fits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn need(stays: u64, peak: u64, container: u64) -> Need {
        Need { stays, peak, container, is_estimate: false }
    }

    #[test]
    fn images_that_come_one_after_another_peak_beside_what_lies_there() {
        assert_eq!(need(10, 15, 4).then(need(5, 9, 6)), need(15, 19, 6));
        assert_eq!(need(10, 30, 0).then(need(1, 2, 0)), need(11, 30, 0));
        assert_eq!((need(10, 11, 4).most(), need(10, 20, 4).most()), (14, 20));
    }

    #[test]
    fn a_queue_fits_as_far_as_each_item_fits_beside_those_before_it() {
        let known = [need(10, 12, 4), need(5, 6, 4)];
        let of = |free| QueueRoom::of(5, &known, Some(free));
        assert_eq!((of(13).fits, of(14).fits, of(18).fits, of(19).fits, of(24).fits), (Some(0), Some(1), Some(1), Some(2), Some(3)));
        assert_eq!(of(1000).fits, Some(5));
        let room = of(0);
        assert_eq!((room.known, room.next), (2, Some(known[0])));
        assert_eq!(room.all, Some(Need { is_estimate: true, ..need(30, 31, 4) }), "the other three are taken for the last one known");
        assert_eq!(
            QueueRoom::of(2, &known, None),
            QueueRoom { items: 2, known: 2, next: Some(known[0]), all: Some(need(15, 16, 4)), fits: None }
        );
        assert_eq!(QueueRoom::of(3, &[], Some(9)), QueueRoom { items: 3, ..QueueRoom::default() });
        assert_eq!(QueueRoom::of(1, &known, Some(14)).all, Some(known[0]), "more may be known than wait");
    }
}
