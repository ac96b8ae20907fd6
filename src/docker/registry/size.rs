//! How large a layer becomes. A registry says only how large it is packed; but a gzip file ends with the size of what was
//! packed, modulo 2^32 (RFC 1952, ISIZE).

use serde::{Deserialize, Serialize};

/// A gzip file has a head of 10 bytes and a tail of 8.
pub(super) const LEAST: u64 = 18;

/// What ISIZE counts up to.
const WRAP: u64 = 1 << 32;

/// Layers of images like ours (Python, CUDA, compiled code) become so many tenths of their packed size.
const USUAL: u64 = 25;

/// Files this much larger than their packed form are rare: a size is not taken for one that has gone once around.
const RARE: u64 = 10;

/// What deflate makes of a byte at the most.
const UTMOST: u64 = 1032;

/// The size of what a layer becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// Bytes of the tar archive.
    pub bytes: u64,
    /// Whether that is a guess.
    pub is_estimate: bool,
}

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    /// zstd, or something that is foreign to us.
    Other,
}

impl Packing {
    /// By media type: Docker's (`….tar.gzip`) and OCI's (`….tar+gzip`).
    pub(super) fn of(media: &str) -> Self {
        if media.ends_with("tar.gzip") || media.ends_with("tar+gzip") {
            Self::Gzip
        } else if media.rsplit_once('.').is_some_and(|(_, last)| last == "tar") {
            Self::None
        } else {
            Self::Other
        }
    }
}

impl Extracted {
    /// Where nothing is known but the packed size.
    pub const fn guessed(compressed: u64) -> Self {
        Self { bytes: compressed.saturating_mul(USUAL) / 10, is_estimate: true }
    }

    /// By what stands at the end of a gzip file.
    pub(super) fn of_gzip(compressed: u64, last: u32) -> Self {
        let last = u64::from(last);
        // what can't be packed becomes larger: by head and tail at least, and by a ninth at the most, where a fast packer writes
        // bytes in 9 bits each
        let least = (compressed - compressed / 9).saturating_sub(LEAST);
        let most = compressed.saturating_mul(UTMOST);
        let around = |times: u64| last.saturating_add(times.saturating_mul(WRAP));
        let guessed = Self::guessed(compressed);
        let times = (guessed.bytes.saturating_sub(last) / WRAP).saturating_sub(1);
        let possible = (0..=1).chain(times..=times + 2).map(around).filter(|bytes| (least..=most).contains(bytes));
        // without any: the file is several that follow each other, and the last one of them says nothing of the others
        let Some(nearest) = possible.min_by_key(|bytes| bytes.abs_diff(guessed.bytes)) else { return guessed };
        if last < least {
            // once around, or several files: a small one is never the former
            let is_likely = nearest <= compressed.saturating_mul(RARE);
            return if is_likely { Self { bytes: nearest, is_estimate: true } } else { guessed };
        }
        let is_once_around_unlikely = around(1) > compressed.saturating_mul(RARE);
        if is_once_around_unlikely { Self { bytes: last, is_estimate: false } } else { Self { bytes: nearest, is_estimate: true } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    #[expect(clippy::cast_possible_truncation, reason = "that is how ISIZE counts")]
    fn of(compressed: u64, real: u64) -> Extracted {
        Extracted::of_gzip(compressed, real as u32)
    }

    #[test]
    fn the_end_of_a_gzip_file_tells_what_was_packed() {
        let exact = |bytes| Extracted { bytes, is_estimate: false };
        assert_eq!(of(81_633, 83_887_616), exact(83_887_616), "zeros");
        assert_eq!(of(62_933_942, 62_916_608), exact(62_916_608), "what can't be packed");
        assert_eq!(of(21_093_147, 20_002_816), exact(20_002_816), "the same, packed in haste");
        assert_eq!(of(137, 2560), exact(2560));
        assert_eq!(of(300_000_000, 800_000_000), exact(800_000_000));
        assert_eq!(of(32, 1024), exact(1024), "an empty layer");
    }

    #[test]
    fn a_large_layer_is_taken_by_what_is_usual_and_marked() {
        let guess = |bytes| Extracted { bytes, is_estimate: true };
        assert_eq!(of(2 * GB, 5 * GB), guess(5 * GB));
        assert_eq!(of(3 * GB, 7 * GB), guess(7 * GB));
        assert_eq!(of(7 * GB, 16 * GB), guess(16 * GB));
        assert_eq!(of(GB, 3 * GB), guess(3 * GB), "it may have gone around");
        assert_eq!(of(3 * GB, 20 * GB), guess(20 * GB - 3 * WRAP), "and one that is not usual is guessed wrong");
    }

    #[test]
    fn several_files_in_one_are_estimated() {
        assert_eq!(of(50_000_000, 0), Extracted { bytes: 125_000_000, is_estimate: true });
        assert_eq!(of(50_000_000, 20_000_000), Extracted { bytes: 125_000_000, is_estimate: true });
        assert!(of(2 * GB, 0).is_estimate);
    }

    #[test]
    fn packing_is_told_by_the_media_type() {
        let of = Packing::of;
        assert_eq!(of("application/vnd.docker.image.rootfs.diff.tar.gzip"), Packing::Gzip);
        assert_eq!(of("application/vnd.oci.image.layer.v1.tar+gzip"), Packing::Gzip);
        assert_eq!(of("application/vnd.oci.image.layer.v1.tar"), Packing::None);
        assert_eq!(of("application/vnd.oci.image.layer.v1.tar+zstd"), Packing::Other);
        assert_eq!(of(""), Packing::Other);
    }

    #[test]
    fn no_number_breaks_it() {
        for compressed in [0, 1, 17, 18, WRAP, u64::MAX] {
            for last in [0, 1, u32::MAX] {
                let _ = Extracted::of_gzip(compressed, last);
            }
        }
    }
}
