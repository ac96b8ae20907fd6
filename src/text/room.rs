//! Pulls, prunes and room on a disk, in sentences.

use super::{bytes, count, duration};
use crate::domain::{Bar, PruneDetail, PruneProgress, PullDetail, PullPhase, PullProgress, Shortage};

/// A pull in which nothing moved for so many ms is said to stand, with no rate.
const QUIET_MS: u64 = 10_000;

/// `needs 16.7 GB, 12.1 GB free, prune would free 9.8 GB`
pub fn shortage(shortage: &Shortage) -> String {
    let prune = match shortage.prune_would_free {
        Some(0) => ", and there is nothing to prune".to_owned(),
        Some(freed) => format!(", prune would free {}", bytes(freed)),
        None => String::new(),
    };
    format!("needs {}, {} free{prune}", bytes(shortage.needs), bytes(shortage.free))
}

/// `2 images, 12.3 GB in 14:02, 16.7 GB on disk`; what was there already is said apart.
pub fn pulled(pull: &PullDetail, ms: u64) -> String {
    let spared = pull.images.iter().filter(|image| image.was_spared).count();
    let present = pull.images.iter().filter(|image| image.was_present).count();
    let came: Vec<_> = pull.images.iter().filter(|image| !image.was_present && !image.was_spared).collect();
    let spared = if spared == 0 { String::new() } else { format!(", {spared} not needed: measured before") };
    if came.is_empty() {
        let all = present == pull.images.len();
        return match present {
            0 => format!("no image came in {}{spared}", duration::clock(ms)),
            1 => format!("the image was there{spared}"),
            n => format!("{}{n} images were there{spared}", if all { "all " } else { "" }),
        };
    }
    let downloaded = came.iter().map(|image| image.downloaded).sum::<u64>();
    // of one that nobody could measure nothing is said of all
    let used: Option<u64> = came.iter().map(|image| image.used).sum();
    let used = used.map_or_else(String::new, |used| format!(", {} on disk", bytes(used)));
    let present = if present == 0 { String::new() } else { format!(", {present} more there before") };
    format!("{}, {} in {}{used}{present}{spared}", count(came.len(), "image"), bytes(downloaded), duration::clock(ms))
}

/// `2 of 3, a/b:c: 1.2 of 12.3 GB, 4.9 MB/s, 14m left`: the image that is worked on. `None` where there is none.
pub fn pulling(pull: &PullProgress) -> Option<String> {
    let image = pull.live()?;
    let at = pull.images.iter().position(|other| other.reference == image.reference).unwrap_or_default();
    let which = if pull.images.len() > 1 { format!("{} of {}, ", at + 1, pull.images.len()) } else { String::new() };
    let mut parts = Vec::new();
    match &image.phase {
        PullPhase::Asking => parts.push("the registry is asked".to_owned()),
        PullPhase::Retrying { why, .. } => parts.push(format!("tries again: {why}")),
        _ => {
            parts.push(match image.download {
                Some(Bar { done, total }) if done < total => format!("{} of {} came", bytes(done), bytes(total)),
                Some(Bar { total, .. }) => format!("all {} came, docker unpacks", bytes(total)),
                None => "docker pulls, its size is not known".to_owned(),
            });
            if image.quiet_ms >= QUIET_MS {
                parts.push(format!("nothing moved for {}", duration::rough(image.quiet_ms)));
            } else {
                parts.extend(image.rate.map(|rate| format!("{}/s", bytes(rate))));
                parts.extend(image.eta_ms.map(|ms| format!("{} left", duration::rough(ms))));
            }
        }
    }
    Some(format!("{which}{}: {}", image.reference, parts.join(", ")))
}

/// `1/3  2.1 GB of 9.8 GB freed  80 MB/s  1m left  a/b:c`, with this between its parts.
pub fn pruning(prune: &PruneProgress, between: &str) -> String {
    let all = prune.plan.going().count();
    let mut parts = Vec::new();
    match &prune.waits {
        Some(waits) => parts.push(format!("waits for {waits}")),
        None => parts.push(format!("{}/{all}", prune.done)),
    }
    // what is of unknown size makes the sum of no use
    let of = if prune.plan.is_sized() { format!(" of {}", bytes(prune.plan.promised())) } else { String::new() };
    parts.push(match prune.freed {
        Some(freed) => format!("{}{of} freed", bytes(freed)),
        None => format!("{}{of} removed", bytes(prune.promised)),
    });
    if prune.done < all {
        parts.extend(prune.rate.map(|rate| format!("{}/s", bytes(rate))));
        parts.extend(prune.eta_ms.map(|ms| format!("{} left", duration::rough(ms))));
    }
    parts.extend(prune.now.clone());
    parts.join(between)
}

/// `3 things removed, 9.8 GB freed`; the bytes are what the disk got back where that could be seen.
pub fn pruned(prune: &PruneDetail) -> String {
    let refused = if prune.refused == 0 { String::new() } else { format!(", {} refused", prune.refused) };
    if prune.removed == 0 {
        return format!("nothing removed{refused}");
    }
    let freed = match prune.freed {
        Some(freed) => format!("{} freed", bytes(freed)),
        None => format!("{} promised", bytes(prune.promised)),
    };
    format!("{} removed, {freed}{refused}", count(prune.removed, "thing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Fate, PrunePlan, PulledImage, Thing};

    #[test]
    fn a_shortage_says_its_numbers() {
        let of = |prune_would_free| Shortage { needs: 16_700_000_000, free: 12_100_000_000, prune_would_free };
        assert_eq!(shortage(&of(Some(9_800_000_000))), "needs 16.7 GB, 12.1 GB free, prune would free 9.8 GB");
        assert_eq!(shortage(&of(Some(0))), "needs 16.7 GB, 12.1 GB free, and there is nothing to prune");
        assert_eq!(shortage(&of(None)), "needs 16.7 GB, 12.1 GB free");
    }

    #[test]
    fn what_came_and_what_was_there_are_two_things() {
        let image = |was_present, downloaded, used| PulledImage { was_present, downloaded, used, ..PulledImage::default() };
        let of = |images: &[PulledImage]| pulled(&PullDetail { images: images.to_vec(), ..PullDetail::default() }, 842_000);
        let (came, there) = (image(false, 12_300_000_000, Some(16_700_000_000)), image(true, 0, None));
        assert_eq!(of(&[came.clone(), there.clone()]), "1 image, 12.3 GB in 14:02, 16.7 GB on disk, 1 more there before");
        assert_eq!(of(&[came, image(false, 1, None)]), "2 images, 12.3 GB in 14:02");
        assert_eq!(of(&[there.clone(), there]), "all 2 images were there");
        assert_eq!(of(&[]), "no image came in 14:02");
    }

    #[test]
    fn a_prune_of_what_has_no_known_size_does_not_say_of_how_much() {
        let fate = |bytes| Fate { thing: Thing::Image, id: "i".to_owned(), name: "a:1".to_owned(), bytes, goes: true, why: String::new() };
        let of = |fates: Vec<Fate>| {
            let plan = PrunePlan { fates, ..PrunePlan::default() };
            let prune = PruneProgress {
                started: jiff::Timestamp::UNIX_EPOCH,
                at: jiff::Timestamp::UNIX_EPOCH,
                plan,
                done: 1,
                now: Some("a:2".to_owned()),
                promised: 1000,
                freed: Some(2000),
                rate: None,
                eta_ms: None,
                waits: None,
                refused: Vec::new(),
                cut_off: None,
                end: None,
            };
            pruning(&prune, ", ")
        };
        assert_eq!(of(vec![fate(Some(1000)), fate(Some(4000))]), "1/2, 2.0 kB of 5.0 kB freed, a:2");
        assert_eq!(of(vec![fate(Some(1000)), fate(None)]), "1/2, 2.0 kB freed, a:2");
    }

    #[test]
    fn what_a_prune_freed_is_what_the_disk_got_back() {
        let prune = PruneDetail { removed: 3, promised: 10, freed: Some(9_800_000_000), refused: 1 };
        assert_eq!(pruned(&prune), "3 things removed, 9.8 GB freed, 1 refused");
        assert_eq!(pruned(&PruneDetail { freed: None, refused: 0, ..prune }), "3 things removed, 10 B promised");
        assert_eq!(pruned(&PruneDetail::default()), "nothing removed");
    }
}
