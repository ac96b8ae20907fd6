//! Manifests and configurations, as far as we read them: Docker's (schema 2) and OCI's, an image's and an index.

use serde::Deserialize;

use super::{LayerFacts, Platform};
use crate::text::clean;

/// What we take, the index first where there is one: the digest of a name is that of its index.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                                 application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// What a name or a digest stands for.
#[derive(Debug)]
pub(super) enum Document {
    Image(Manifest),
    Index(Vec<Entry>),
}

#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Descriptor {
    #[serde(default, rename = "mediaType")]
    media: String,
    pub(super) digest: String,
    #[serde(default)]
    size: u64,
}

/// One platform of an index.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    digest: String,
    #[serde(default)]
    platform: Option<EntryPlatform>,
}

#[derive(Debug, Deserialize)]
struct EntryPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

/// The configuration of an image.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    rootfs: RootFs,
}

#[derive(Debug, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

impl Document {
    /// Reads one. The error is what is wrong with it.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| format!("its manifest is no JSON: {error}"))?;
        let wrong = |error: serde_json::Error| clean::line(&format!("its manifest: {error}"));
        if let Some(entries) = value.get("manifests") {
            return Ok(Self::Index(Vec::deserialize(entries).map_err(wrong)?));
        }
        if value.get("schemaVersion").and_then(serde_json::Value::as_u64) == Some(1) {
            return Err("its manifest is of a format that was given up long ago (schema 1): push it again".to_owned());
        }
        Ok(Self::Image(Manifest::deserialize(&value).map_err(wrong)?))
    }

    /// The digest of what an index has for a platform.
    pub(super) fn of(&self, platform: &Platform) -> Option<&str> {
        let Self::Index(entries) = self else { return None };
        let is_it = |own: &EntryPlatform| own.os == platform.os && own.architecture == platform.arch;
        let own = entries.iter().find(|entry| entry.platform.as_ref().is_some_and(is_it))?;
        Some(own.digest.as_str()).filter(|digest| is_digest(digest))
    }
}

impl Manifest {
    /// Its layers with the digests of what they become; `None` where the two don't fit.
    pub(super) fn layers(self, config: Config) -> Option<Vec<LayerFacts>> {
        if config.rootfs.diff_ids.len() != self.layers.len() {
            return None;
        }
        let are_digests = |layer: &Descriptor, diff_id: &String| is_digest(&layer.digest) && is_digest(diff_id);
        let pairs = self.layers.into_iter().zip(config.rootfs.diff_ids);
        pairs
            .map(|(layer, diff_id)| {
                let is_whole = are_digests(&layer, &diff_id);
                let Descriptor { media, digest, size } = layer;
                is_whole.then_some(LayerFacts { digest, compressed: size, diff_id, media, extracted: None })
            })
            .collect()
    }
}

/// `sha256:` and 64 digits, or the same of another algorithm. Such a text is safe in a path and in an address.
pub(super) fn is_digest(text: &str) -> bool {
    let is_hex = |digits: &str| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    text.split_once(':').is_some_and(|(algorithm, digits)| match algorithm {
        "sha256" => digits.len() == 64 && is_hex(digits),
        "sha512" => digits.len() == 128 && is_hex(digits),
        _ => false,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn layers_and_what_they_become_belong_together() {
        let body = format!(
            r#"{{"schemaVersion":2,"config":{{"digest":"{}","size":7}},"layers":[{{"mediaType":"a.tar.gzip","size":5,"digest":"{}"}}]}}"#,
            digest('c'),
            digest('1')
        );
        let read = || match Document::read(body.as_bytes()).unwrap() {
            Document::Image(manifest) => Some(manifest),
            Document::Index(_) => None,
        };
        let config = |ids: &[String]| Config { rootfs: RootFs { diff_ids: ids.to_vec() } };
        let layers = read().unwrap().layers(config(&[digest('d')])).unwrap();
        let only = layers.first().unwrap();
        assert_eq!((only.compressed, only.short(), only.diff_id.as_str()), (5, "111111111111", digest('d').as_str()));
        assert_eq!(read().unwrap().layers(config(&[])), None);
        assert_eq!(read().unwrap().layers(config(&["../../etc".to_owned()])), None);
    }

    #[test]
    fn an_index_has_one_of_each_platform() {
        let entry = |digest: &str, arch: &str| format!(r#"{{"digest":"{digest}","platform":{{"os":"linux","architecture":"{arch}"}}}}"#);
        let (amd, arm) = (digest('a'), digest('b'));
        let body = format!(r#"{{"manifests":[{},{},{{"digest":"x"}}]}}"#, entry(&arm, "arm64"), entry(&amd, "amd64"));
        let index = Document::read(body.as_bytes()).unwrap();
        let of = |arch: &str| index.of(&Platform { os: "linux".to_owned(), arch: arch.to_owned() });
        assert_eq!((of("amd64"), of("arm64"), of("s390x")), (Some(amd.as_str()), Some(arm.as_str()), None));
    }

    #[test]
    fn what_is_no_manifest_says_so() {
        let says = |body: &str| Document::read(body.as_bytes()).unwrap_err();
        assert!(says("<html>").starts_with("its manifest is no JSON"));
        assert!(says("{}").starts_with("its manifest: missing field"));
        assert!(says(r#"{"schemaVersion":1}"#).contains("schema 1"));
    }

    #[test]
    fn a_digest_is_no_path() {
        assert!(is_digest(&digest('0')) && !is_digest("sha256:../a") && !is_digest(&digest('A')) && !is_digest("md5:00"));
    }
}
