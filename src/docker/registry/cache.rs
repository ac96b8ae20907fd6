//! What registries said of images, kept by digest: a digest always stands for the same. A file that is torn, of another
//! image or of another platform is nobody's, and is replaced.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ImageFacts, Platform, manifest};
use crate::host::files::{self, Links};

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 4 << 20;

/// `<digest>.json`
#[derive(Serialize, Deserialize)]
struct Kept {
    /// 1
    version: u32,
    platform: String,
    image: ImageFacts,
}

fn path(folder: &Path, digest: &str) -> PathBuf {
    folder.join(format!("{digest}.json"))
}

fn named(platform: &Platform) -> String {
    format!("{}/{}", platform.os, platform.arch)
}

/// What is kept of a digest.
pub(super) fn read(folder: &Path, digest: &str, platform: &Platform) -> Option<ImageFacts> {
    let bytes = files::read(&path(folder, digest), LARGEST, Links::Refused).ok()?;
    let kept: Kept = serde_json::from_slice(&bytes).ok()?;
    let are_digests = |image: &ImageFacts| image.layers.iter().all(|layer| manifest::is_digest(&layer.digest));
    let is_it = kept.version == 1 && kept.platform == named(platform) && kept.image.digest == digest && are_digests(&kept.image);
    is_it.then_some(kept.image)
}

/// Keeps it. Where that fails it is asked for again.
pub(super) fn write(folder: &Path, platform: &Platform, image: &ImageFacts) {
    let kept = Kept { version: 1, platform: named(platform), image: image.clone() };
    let written = serde_json::to_vec(&kept).map_err(std::io::Error::other);
    let written = written.and_then(|bytes| files::replace(&path(folder, &image.digest), &bytes));
    if let Err(error) = written {
        tracing::warn!("can't keep a manifest in {}: {error}", folder.display());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_is_not_whole_or_not_ours_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().join("manifests");
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = ImageFacts { digest: digest.clone(), manifest: digest.clone(), id: "c".to_owned(), layers: Vec::new() };
        let platform = Platform::default();
        assert_eq!(read(&here, &digest, &platform), None);
        write(&here, &platform, &image);
        assert_eq!(read(&here, &digest, &platform).as_ref(), Some(&image));
        assert_eq!(fs::metadata(path(&here, &digest)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&here, &digest, &Platform { arch: "s390x".to_owned(), ..platform.clone() }), None);
        let whole = fs::read_to_string(path(&here, &digest)).unwrap();
        let other = whole.replace(&"a".repeat(64), &"b".repeat(64));
        for bad in [whole.split_at(whole.len() / 2).0, "", "\u{0}", "null", &other, &whole.replace("\"version\":1", "\"version\":2")] {
            fs::write(path(&here, &digest), bad).unwrap();
            assert_eq!(read(&here, &digest, &platform), None, "{bad}");
            write(&here, &platform, &image);
            assert_eq!(read(&here, &digest, &platform).as_ref(), Some(&image));
        }
    }
}
