//! What images take on the engine's disk, and what a removal gives back. An engine keeps a layer by its *chain*: itself and
//! all layers below it. The same layer upon others is kept once more. The engine's own numbers (`docker images`,
//! `docker system df`) say far too little where layers are copied.

use std::collections::{HashMap, HashSet};

use super::digest::sha256;
use super::store::{Image, Layer};

/// How a storage driver keeps a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// With a copy of all files of the layers below it: `vfs`, and `native` of containerd.
    Copies,
    /// Its own files alone: `overlay2` and all others.
    Differences,
}

/// What is known of a sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Bytes of all that is known.
    pub bytes: u64,
    /// How many layers are not in it, because nobody told their size.
    pub unknown: usize,
}

/// The layers of a store, each by its chain: what it takes, and how many images stand on it.
#[derive(Debug, Clone)]
pub struct Shelf {
    keeping: Keeping,
    chains: HashMap<String, Chain>,
}

#[derive(Debug, Clone, Copy)]
struct Chain {
    bytes: Option<u64>,
    images: usize,
}

impl Keeping {
    /// That of a driver, by the name that the engine gives it.
    pub fn of(driver: &str) -> Self {
        if matches!(driver, "vfs" | "native") { Self::Copies } else { Self::Differences }
    }

    /// What one layer takes. `below` is what the layers below it hold.
    fn takes(self, own: Option<u64>, below: Option<u64>) -> Option<u64> {
        match self {
            Self::Copies => Some(own?.saturating_add(below?)),
            Self::Differences => own,
        }
    }
}

impl Sum {
    /// The sum, where all of it is known.
    pub fn exact(self) -> Option<u64> {
        (self.unknown == 0).then_some(self.bytes)
    }

    fn add(&mut self, bytes: Option<u64>) {
        match bytes {
            Some(bytes) => self.bytes = self.bytes.saturating_add(bytes),
            None => self.unknown += 1,
        }
    }
}

impl Shelf {
    /// The layers of these images.
    pub fn new(keeping: Keeping, images: &[Image]) -> Self {
        let mut shelf = Self { keeping, chains: HashMap::new() };
        for image in images {
            for (chain, bytes) in shelf.chains_of(&image.layers) {
                let known = shelf.chains.entry(chain).or_insert(Chain { bytes, images: 0 });
                known.bytes = known.bytes.or(bytes);
                known.images += 1;
            }
        }
        shelf
    }

    /// What all of it takes.
    pub fn whole(&self) -> Sum {
        let mut sum = Sum::default();
        self.chains.values().for_each(|chain| sum.add(chain.bytes));
        sum
    }

    /// What an image takes, whoever shares its layers.
    pub fn image(&self, image: &Image) -> Sum {
        let mut sum = Sum::default();
        self.chains_of(&image.layers).into_iter().for_each(|(chain, bytes)| sum.add(self.known(&chain, bytes)));
        sum
    }

    /// What the removal of an image gives back, if all others stay.
    pub fn frees(&self, image: &Image) -> Sum {
        let mut sum = Sum::default();
        for (chain, bytes) in self.chains_of(&image.layers) {
            if self.chains.get(&chain).is_some_and(|chain| chain.images <= 1) {
                sum.add(self.known(&chain, bytes));
            }
        }
        sum
    }

    /// The same, and the image is gone: what the next one frees counts without it.
    pub fn remove(&mut self, image: &Image) -> Sum {
        let freed = self.frees(image);
        for (chain, _) in self.chains_of(&image.layers) {
            if let Some(known) = self.chains.get_mut(&chain) {
                known.images = known.images.saturating_sub(1);
                if known.images == 0 {
                    self.chains.remove(&chain);
                }
            }
        }
        freed
    }

    /// What a container of an image takes at least: where files are copied, two more copies of all of them.
    pub fn container(&self, image: &Image) -> Option<u64> {
        match self.keeping {
            Keeping::Copies => image.layers.iter().try_fold(0_u64, |sum, layer| Some(sum.saturating_add(layer.bytes?)))?.checked_mul(2),
            Keeping::Differences => Some(0),
        }
    }

    /// The chains of an image that the store has already, of these layers.
    pub fn has(&self, layers: &[Layer]) -> Vec<bool> {
        self.chains_of(layers).iter().map(|(chain, _)| self.chains.contains_key(chain)).collect()
    }

    fn known(&self, chain: &str, bytes: Option<u64>) -> Option<u64> {
        self.chains.get(chain).and_then(|chain| chain.bytes).or(bytes)
    }

    /// Each chain of an image, and what its upmost layer takes.
    fn chains_of(&self, layers: &[Layer]) -> Vec<(String, Option<u64>)> {
        let mut below = Some(0);
        let ids = chains(layers.iter().map(|layer| layer.diff_id.as_str()));
        let one = |(chain, layer): (String, &Layer)| {
            let takes = self.keeping.takes(layer.bytes, below);
            below = layer.bytes.and_then(|own| Some(below?.saturating_add(own)));
            (chain, takes)
        };
        let all: Vec<_> = ids.into_iter().zip(layers).map(one).collect();
        // the steps of one image are different by construction; a broken answer must not count one twice
        let mut met = HashSet::new();
        all.into_iter().filter(|(chain, _)| met.insert(chain.clone())).collect()
    }
}

/// The id of each chain of layers, the lowest first: `sha256(chain below + " " + layer)`, as the OCI image specification
/// has it.
pub fn chains<'a>(diff_ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut chains: Vec<String> = Vec::new();
    for diff_id in diff_ids {
        chains.push(chains.last().map_or_else(|| diff_id.to_owned(), |below| format!("sha256:{}", sha256(format!("{below} {diff_id}")))));
    }
    chains
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test says what went wrong by failing")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An image of these layers: each a letter and its size.
    fn image(layers: &[(char, u64)]) -> Image {
        let layers = layers.iter().map(|(name, bytes)| Layer { diff_id: format!("sha256:{name}"), bytes: Some(*bytes) });
        Image { id: format!("{layers:?}"), layers: layers.collect(), ..Image::default() }
    }

    fn bytes(sum: Sum) -> u64 {
        assert_eq!(sum.unknown, 0);
        sum.bytes
    }

    #[test]
    fn copies_count_all_that_lies_below() {
        let images = [image(&[('a', 100), ('b', 10), ('c', 1)])];
        assert_eq!(bytes(Shelf::new(Keeping::Copies, &images).whole()), 100 + 110 + 111);
        assert_eq!(bytes(Shelf::new(Keeping::Differences, &images).whole()), 111);
        assert_eq!(Shelf::new(Keeping::Copies, &images).container(&images[0]), Some(222));
    }

    #[test]
    fn a_shared_chain_counts_once_and_the_same_layer_upon_others_again() {
        let images = [image(&[('a', 100), ('b', 10)]), image(&[('a', 100), ('c', 1)]), image(&[('b', 10)])];
        let shelf = Shelf::new(Keeping::Copies, &images);
        assert_eq!(bytes(shelf.whole()), 100 + 110 + 101 + 10);
        assert_eq!(images.iter().map(|image| bytes(shelf.frees(image))).collect::<Vec<_>>(), [110, 101, 10]);
        assert_eq!(bytes(shelf.image(&images[0])), 210);
        let shelf = Shelf::new(Keeping::Differences, &images);
        assert_eq!(bytes(shelf.whole()), 100 + 10 + 1 + 10);
        let twice = [image(&[('a', 100), ('a', 100)])];
        assert_eq!(bytes(Shelf::new(Keeping::Differences, &twice).whole()), 200, "the same layer upon itself is another chain");
    }

    #[test]
    fn what_is_not_known_is_counted_and_one_image_may_know_it_for_another() {
        let mut blind = image(&[('a', 100), ('b', 10)]);
        blind.layers[0].bytes = None;
        let shelf = Shelf::new(Keeping::Copies, std::slice::from_ref(&blind));
        assert_eq!((shelf.whole(), shelf.whole().exact()), (Sum { bytes: 0, unknown: 2 }, None), "the upper one is a copy of the lower");
        assert_eq!(shelf.container(&blind), None);
        let both = [blind.clone(), image(&[('a', 100), ('b', 10)])];
        assert_eq!(bytes(Shelf::new(Keeping::Copies, &both).image(&blind)), 210);
        assert_eq!(Shelf::new(Keeping::Differences, &both[..1]).whole(), Sum { bytes: 10, unknown: 1 });
    }

    #[test]
    fn chains_are_named_as_the_specification_has_it() {
        // the layers of an image of busybox, and the folder that an engine made of the second
        let chains = chains(["sha256:a", "sha256:b"]);
        assert_eq!(chains[0], "sha256:a");
        assert_eq!(chains[1], format!("sha256:{}", sha256("sha256:a sha256:b")));
    }

    #[test]
    fn drivers_are_known_by_name() {
        assert_eq!(
            ["vfs", "native", "overlay2", "overlayfs", "btrfs"].map(|name| Keeping::of(name) == Keeping::Copies),
            [true, true, false, false, false]
        );
    }

    fn any_images() -> impl Strategy<Value = Vec<Image>> {
        // few letters: much is shared; a layer's size follows from its name
        let layers = prop::collection::vec(0_u8..4, 0..6);
        prop::collection::vec(layers, 0..8).prop_map(|images| {
            let layer = |name: u8| (char::from(b'a' + name), 10_u64.pow(u32::from(name)));
            images.into_iter().map(|names| image(&names.into_iter().map(layer).collect::<Vec<_>>())).collect()
        })
    }

    proptest! {
        #[test]
        fn all_removals_in_any_order_free_the_whole(images in any_images().prop_shuffle(), copies in any::<bool>()) {
            let keeping = if copies { Keeping::Copies } else { Keeping::Differences };
            let mut shelf = Shelf::new(keeping, &images);
            let whole = shelf.whole();
            let mut freed = 0;
            for image in &images {
                let promised = shelf.frees(image);
                prop_assert!(promised.bytes <= shelf.image(image).bytes);
                prop_assert_eq!(promised, shelf.remove(image));
                freed += promised.bytes;
            }
            prop_assert_eq!(freed, whole.bytes);
            prop_assert_eq!(shelf.whole(), Sum::default());
        }

        #[test]
        fn copies_never_take_less(images in any_images()) {
            let [copies, differences] = [Keeping::Copies, Keeping::Differences].map(|keeping| Shelf::new(keeping, &images).whole());
            prop_assert!(copies.bytes >= differences.bytes);
        }
    }
}
