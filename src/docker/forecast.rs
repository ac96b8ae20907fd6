//! What images will need on the disk of the engine, before they are pulled. Pure: what a registry said, what the engine has,
//! and how it keeps layers.
//!
//! On VFS a layer is a whole copy of all that lies below it, so an image needs the sum over its layers of all bytes up to
//! each; elsewhere it needs the sum of its layers. A file that an upper layer deletes still counts, for the registry does not
//! say so: what is told is what is needed at the most.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::registry::Extracted;
use super::store::Image;
use super::{About, ImageFacts, LayerFacts};
use crate::domain::Need;

/// How an engine keeps layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Each as a whole copy of all that lies below it.
    Vfs,
    /// Each as what it adds: `overlay2`, `fuse-overlayfs`, `btrfs`, `zfs` and others.
    Shared,
    /// The same, and what was downloaded is kept as well: the containerd image store.
    Containerd,
}

/// The layers that an engine has. A layer is there only where all below it are the same, too.
#[derive(Debug, Clone, Default)]
pub struct There {
    chains: HashSet<Chain>,
    /// Bytes of a layer, by what it holds.
    sizes: HashMap<String, u64>,
}

/// Stands for a layer and all below it.
type Chain = [u8; 32];

/// What one image will need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// All of it.
    pub need: Need,
    /// How many of its layers are there, from the lowest on.
    pub present: usize,
    /// Its layers, the lowest first.
    pub layers: Vec<LayerNeed>,
}

/// What one layer will need, and how it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerNeed {
    /// Bytes that are downloaded; 0 where it is there.
    pub compressed: u64,
    /// Bytes that it becomes, without what lies below it.
    pub extracted: Extracted,
    /// On VFS: bytes that are copied before it is extracted, and about which the engine says nothing while it does; 0
    /// elsewhere, and where it is there.
    pub parent_copy: u64,
}

impl Driver {
    /// By what the engine says of itself.
    pub fn of(about: &About) -> Self {
        match about.driver.as_str() {
            _ if about.is_containerd => Self::Containerd,
            "vfs" => Self::Vfs,
            _ => Self::Shared,
        }
    }
}

impl There {
    /// By the images that the engine has.
    pub fn of(images: &[Image]) -> Self {
        let mut there = Self::default();
        for image in images {
            let mut chain = None;
            for layer in &image.layers {
                chain = Some(above(chain, &layer.diff_id));
                there.chains.extend(chain);
                if let Some(bytes) = layer.bytes {
                    there.sizes.insert(layer.diff_id.clone(), bytes);
                }
            }
        }
        there
    }

    /// Adds an image as if it had been pulled: what is pulled after it shares its layers.
    pub fn add(&mut self, facts: &ImageFacts) {
        let mut chain = None;
        for layer in &facts.layers {
            chain = Some(above(chain, &layer.diff_id));
            self.chains.extend(chain);
            if let Some(size) = layer.extracted.filter(|size| !size.is_estimate) {
                self.sizes.entry(layer.diff_id.clone()).or_insert(size.bytes);
            }
        }
    }

    /// How many of an image's layers are there, from the lowest on.
    pub fn present(&self, facts: &ImageFacts) -> usize {
        let mut chain = None;
        let is_there = |layer: &&LayerFacts| {
            let own = above(chain, &layer.diff_id);
            chain = Some(own);
            self.chains.contains(&own)
        };
        facts.layers.iter().take_while(is_there).count()
    }

    /// How large a layer is, by the engine or by the registry.
    fn size(&self, layer: &LayerFacts) -> Extracted {
        let known = self.sizes.get(&layer.diff_id).map(|bytes| Extracted { bytes: *bytes, is_estimate: false });
        layer.extracted.or(known).unwrap_or_else(|| Extracted::guessed(layer.compressed))
    }
}

/// The chain of a layer above another.
fn above(below: Option<Chain>, diff_id: &str) -> Chain {
    // a chain of one layer is never that of two: its hash has no 32 bytes before the name
    Sha256::new().chain_update(below.as_ref().map_or(&[][..], <[u8; 32]>::as_slice)).chain_update(diff_id).finalize().into()
}

/// What an image will need where so much is there.
pub fn forecast(driver: Driver, facts: &ImageFacts, there: &There) -> Forecast {
    let present = there.present(facts);
    let mut need = Need::default();
    // bytes of all layers up to here
    let mut cumulative: u64 = 0;
    let mut layers = Vec::with_capacity(facts.layers.len());
    // what was downloaded lies beside what is extracted until its turn is over: all of it at the worst
    let mut waits = facts.compressed_from(present);
    for (at, layer) in facts.layers.iter().enumerate() {
        let extracted = there.size(layer);
        let below = cumulative;
        cumulative = cumulative.saturating_add(extracted.bytes);
        // what is there counts where it is copied
        need.is_estimate |= extracted.is_estimate && (at >= present || driver == Driver::Vfs);
        if at < present {
            layers.push(LayerNeed { compressed: 0, extracted, parent_copy: 0 });
            continue;
        }
        let parent_copy = if driver == Driver::Vfs { below } else { 0 };
        let kept = if driver == Driver::Containerd { layer.compressed } else { 0 };
        let before = need.stays;
        need.stays = before.saturating_add(parent_copy).saturating_add(extracted.bytes);
        need.peak = need.peak.max(need.stays.saturating_add(waits));
        need.stays = need.stays.saturating_add(kept);
        waits = waits.saturating_sub(layer.compressed);
        layers.push(LayerNeed { compressed: layer.compressed, extracted, parent_copy });
    }
    need.peak = need.peak.max(need.stays);
    need.container = if driver == Driver::Vfs { cumulative.saturating_mul(2) } else { 0 };
    Forecast { need, present, layers }
}

/// The same for an item's images, one after another. What they bring is there afterwards.
pub fn forecast_all(driver: Driver, images: &[ImageFacts], there: &mut There) -> Need {
    let mut all = Need::default();
    for facts in images {
        all = all.then(forecast(driver, facts, there).need);
        there.add(facts);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::store::Layer;

    const MB: u64 = 1_000_000;

    /// An image of layers by name, each with its packed and its real size in MB.
    fn image(layers: &[(&str, u64, u64)]) -> ImageFacts {
        let layer = |(name, compressed, bytes): &(&str, u64, u64)| LayerFacts {
            digest: format!("sha256:{name}"),
            compressed: compressed * MB,
            diff_id: format!("diff:{name}"),
            media: String::new(),
            extracted: Some(Extracted { bytes: bytes * MB, is_estimate: false }),
        };
        ImageFacts { digest: String::new(), manifest: String::new(), id: String::new(), layers: layers.iter().map(layer).collect() }
    }

    fn engine_has(layers: &[(&str, Option<u64>)]) -> There {
        let layer = |(name, mb): &(&str, Option<u64>)| Layer { diff_id: format!("diff:{name}"), bytes: mb.map(|mb| mb * MB) };
        let layers = layers.iter().map(layer).collect();
        There::of(&[Image { layers, ..Image::default() }])
    }

    fn in_mb(need: Need) -> (u64, u64, u64) {
        (need.stays / MB, need.peak / MB, need.container / MB)
    }

    #[test]
    fn on_vfs_each_layer_copies_all_below_it() {
        let facts = image(&[("a", 10, 30), ("b", 5, 10), ("c", 1, 2)]);
        let of = |driver| in_mb(forecast(driver, &facts, &There::default()).need);
        assert_eq!(of(Driver::Vfs), (30 + 40 + 42, 30 + 40 + 42 + 1, 84));
        assert_eq!(of(Driver::Shared), (42, 30 + 16, 0));
        assert_eq!(of(Driver::Containerd), (42 + 16, 42 + 16, 0));
        let copies: Vec<u64> = forecast(Driver::Vfs, &facts, &There::default()).layers.iter().map(|layer| layer.parent_copy / MB).collect();
        assert_eq!(copies, [0, 30, 40]);
    }

    #[test]
    fn the_worst_moment_is_where_most_is_downloaded_and_most_is_extracted() {
        let facts = image(&[("a", 10, 10), ("b", 100, 10), ("c", 1, 1)]);
        assert_eq!(forecast(Driver::Shared, &facts, &There::default()).need.peak / MB, 10 + 10 + 101);
    }

    #[test]
    fn what_is_there_is_not_needed_again_but_is_copied() {
        let facts = image(&[("a", 10, 30), ("b", 5, 10)]);
        let there = engine_has(&[("a", Some(30)), ("x", Some(1))]);
        let seen = forecast(Driver::Vfs, &facts, &there);
        assert_eq!((in_mb(seen.need), seen.present), ((40, 45, 80), 1));
        assert_eq!(in_mb(forecast(Driver::Shared, &facts, &there).need), (10, 15, 0));
        let all = engine_has(&[("a", Some(30)), ("b", Some(10)), ("c", Some(1))]);
        assert_eq!(in_mb(forecast(Driver::Vfs, &facts, &all).need), (0, 0, 80), "a part of another image");
        let above_another = engine_has(&[("x", Some(1)), ("a", Some(30)), ("b", Some(10))]);
        assert_eq!(forecast(Driver::Vfs, &facts, &above_another).present, 0, "the same layer above another one is another one");
    }

    #[test]
    fn the_second_image_shares_what_the_first_one_brings() {
        let (first, second) = (image(&[("a", 10, 30), ("b", 5, 10)]), image(&[("a", 10, 30), ("c", 2, 4)]));
        let mut there = There::default();
        there.add(&first);
        assert_eq!(in_mb(forecast(Driver::Vfs, &second, &there).need), (34, 36, 68));
    }

    #[test]
    fn the_images_of_an_item_come_one_after_another() {
        let images = [image(&[("a", 10, 30), ("b", 5, 10)]), image(&[("a", 10, 30), ("c", 2, 4)])];
        let all = forecast_all(Driver::Vfs, &images, &mut There::default());
        assert_eq!(in_mb(all), (70 + 34, 70 + 36, 80));
    }

    #[test]
    fn a_size_that_nobody_told_marks_all_that_counts_it() {
        let mut facts = image(&[("a", 10, 30), ("b", 5, 10)]);
        if let Some(layer) = facts.layers.first_mut() {
            layer.extracted = None;
        }
        let is_estimate = |driver, there: &There| forecast(driver, &facts, there).need.is_estimate;
        assert!(is_estimate(Driver::Shared, &There::default()));
        assert!(!is_estimate(Driver::Vfs, &engine_has(&[("a", Some(30))])), "the engine knows it");
        assert!(is_estimate(Driver::Vfs, &engine_has(&[("a", None)])), "it is copied");
        assert!(!is_estimate(Driver::Shared, &engine_has(&[("a", None)])), "nobody counts it");
        assert_eq!(in_mb(forecast(Driver::Shared, &facts, &There::default()).need).0, 25 + 10);
    }

    #[test]
    fn no_number_breaks_it() {
        let huge = ImageFacts { layers: image(&[("a", 1, 1), ("b", 1, 1)]).layers, ..image(&[]) };
        let mut facts = huge;
        for layer in &mut facts.layers {
            layer.extracted = Some(Extracted { bytes: u64::MAX, is_estimate: false });
        }
        assert_eq!(forecast(Driver::Vfs, &facts, &There::default()).need.stays, u64::MAX);
        assert_eq!(forecast(Driver::Vfs, &image(&[]), &There::default()).need, Need::default());
    }
}
