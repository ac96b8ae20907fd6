//! What a registry says of an image before it is pulled: whether it is there, its layers, and how large they become.
//!
//! The requests are our own and not `oci-client`'s: that one drops the headers which say when a rate limit ends, asks by GET
//! (a pull, where pulls are counted) after a HEAD that failed, takes an identity token for an access token, and goes to
//! loopback through a proxy.

mod cache;
mod error;
mod manifest;
mod reset;
mod size;
mod way;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Method, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::{About, ImageName, auth, digest};
pub use error::{RegistryError, Reset};
use manifest::{Config, Document};
pub use size::Extracted;
use way::{Ask, Ways};

/// A larger manifest or configuration is none, in bytes.
const LARGEST: usize = 8 << 20;

/// Sizes that are asked for at a time.
const AT_ONCE: usize = 4;

/// How long all sizes together may take: what is not known by then is estimated.
const SIZES_WITHIN: Duration = Duration::from_secs(30);

/// What registries are asked for.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Registries that the engine calls insecure (`/info`): hosts with their ports, and networks (`10.0.0.0/8`). Loopback
    /// always is one.
    pub insecure: Vec<String>,
    /// Which one of an image's platforms is meant.
    pub platform: Platform,
    /// Where manifests are kept, by digest: `<root>/state/docker/manifests`.
    pub cache: PathBuf,
    /// The folder of the docker config; `None` is nobody's.
    pub config: Option<PathBuf>,
}

/// What an image was built for, in the words of images: `linux`, `amd64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`
    pub os: String,
    /// `amd64`, `arm64`
    pub arch: String,
}

/// An image as its registry describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// The digest that its name stands for: of an index, or of the manifest itself.
    pub digest: String,
    /// Digest of the manifest for the platform.
    pub manifest: String,
    /// Digest of the configuration: the id that the engine will give the image. The containerd image store gives it
    /// `digest` instead.
    pub id: String,
    /// Its layers, the lowest first.
    pub layers: Vec<LayerFacts>,
}

/// A layer as the registry describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Digest of what is downloaded: the engine names it by the first 12 digits.
    pub digest: String,
    /// Bytes that are downloaded.
    pub compressed: u64,
    /// Digest of what it becomes.
    pub diff_id: String,
    /// How it is packed.
    pub media: String,
    /// Bytes that it becomes, as a tar archive; `None` as long as nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracted: Option<Extracted>,
}

/// Registries, asked on behalf of this user.
#[derive(Debug)]
pub struct Registry {
    settings: Settings,
    ways: Ways,
}

impl Default for Platform {
    fn default() -> Self {
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { os: "linux".to_owned(), arch: arch.to_owned() }
    }
}

impl Platform {
    /// What an engine runs.
    pub fn of(about: &About) -> Self {
        let own = Self::default();
        let named = |said: &str, own: String| if said.is_empty() { own } else { said.to_owned() };
        Self { os: named(&about.os, own.os), arch: named(&about.arch, own.arch) }
    }
}

impl Settings {
    /// On behalf of this user and of an engine, which need not answer. `state` is `<root>/state/docker`.
    pub fn of(about: Option<&About>, state: &Path) -> Self {
        Self {
            insecure: about.map(|about| about.insecure.clone()).unwrap_or_default(),
            platform: about.map(Platform::of).unwrap_or_default(),
            cache: state.join("manifests"),
            config: auth::folder(),
        }
    }
}

impl LayerFacts {
    /// The name that the engine gives it in what it tells of a pull.
    pub fn short(&self) -> &str {
        let digits = self.digest.split_once(':').map_or(self.digest.as_str(), |(_, digits)| digits);
        digits.get(..12).unwrap_or(digits)
    }
}

impl ImageFacts {
    /// Bytes that are downloaded where so many of its lowest layers are there.
    pub fn compressed_from(&self, present: usize) -> u64 {
        self.layers.iter().skip(present).fold(0, |sum, layer| sum.saturating_add(layer.compressed))
    }
}

impl Registry {
    /// Nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        let ways = Ways::new(settings.insecure.clone(), settings.config.clone());
        Self { settings, ways }
    }

    /// Whether an image is there, by HEAD: nobody counts that as a pull. The digest that its name stands for; `None` where
    /// the registry does not tell it.
    pub async fn exists(&self, image: &ImageName) -> Result<Option<String>, RegistryError> {
        let answer = self.ways.send(image, &Ask::new(Method::HEAD, format!("manifests/{}", image.tag()))).await?;
        let digest = answer.headers().get("docker-content-digest").and_then(|digest| digest.to_str().ok());
        Ok(digest.filter(|digest| manifest::is_digest(digest)).map(str::to_owned))
    }

    /// An image's layers. A digest that was asked for once is asked for no more.
    pub async fn facts(&self, image: &ImageName) -> Result<ImageFacts, RegistryError> {
        let digest = self.exists(image).await?;
        if let Some(known) = digest.as_deref().and_then(|digest| cache::read(&self.settings.cache, digest, &self.settings.platform)) {
            return Ok(known);
        }
        let broken = |why: &str| RegistryError::broken(image, why);
        let asked = digest.as_deref().unwrap_or_else(|| image.tag());
        let (digest, document) = self.manifest(image, asked).await?;
        let (manifest, document) = match document {
            Document::Index(_) => {
                let own = document.of(&self.settings.platform).map(str::to_owned);
                let own = own.ok_or_else(|| RegistryError::no_platform(image, &self.settings.platform))?;
                self.manifest(image, &own).await?
            }
            Document::Image(_) => (digest.clone(), document),
        };
        let Document::Image(found) = document else { return Err(broken("its index names another index")) };
        let id = found.config.digest.clone();
        if !manifest::is_digest(&id) {
            return Err(broken("its manifest names no configuration"));
        }
        let body = self.blob(image, &id).await?;
        let config: Config = serde_json::from_slice(&body).map_err(|error| broken(&format!("its configuration: {error}")))?;
        let layers = found.layers(config).ok_or_else(|| broken("its manifest and its configuration tell of different layers"))?;
        let facts = ImageFacts { digest, manifest, id, layers };
        cache::write(&self.settings.cache, &self.settings.platform, &facts);
        Ok(facts)
    }

    /// How large the layers from the `first` on become, by the last bytes of each, a few at a time. Never fails: what can't be
    /// told is estimated, and marked so. The lower ones are those that are there.
    pub async fn sizes(&self, image: &ImageName, facts: &mut ImageFacts, first: usize) {
        let wanted: Vec<(usize, LayerFacts)> =
            facts.layers.iter().cloned().enumerate().skip(first).filter(|(_, layer)| layer.extracted.is_none()).collect();
        if wanted.is_empty() {
            return;
        }
        let ask = |(at, layer): (usize, LayerFacts)| async move { (at, self.size(image, &layer).await) };
        let mut sizes = futures_util::stream::iter(wanted).map(ask).buffer_unordered(AT_ONCE);
        let all = async {
            while let Some((at, size)) = sizes.next().await {
                if let (Some(layer), Some(size)) = (facts.layers.get_mut(at), size) {
                    layer.extracted = Some(size);
                }
            }
        };
        let is_whole = tokio::time::timeout(SIZES_WITHIN, all).await.is_ok();
        drop(sizes);
        if is_whole {
            cache::write(&self.settings.cache, &self.settings.platform, facts);
        }
        for layer in &mut facts.layers.iter_mut().skip(first) {
            layer.extracted.get_or_insert_with(|| Extracted::guessed(layer.compressed));
        }
    }

    /// The size of one layer; `None` where the registry did not answer this time.
    async fn size(&self, image: &ImageName, layer: &LayerFacts) -> Option<Extracted> {
        let guessed = Some(Extracted::guessed(layer.compressed));
        match size::Packing::of(&layer.media) {
            size::Packing::None => return Some(Extracted { bytes: layer.compressed, is_estimate: false }),
            size::Packing::Gzip if layer.compressed >= size::LEAST => {}
            size::Packing::Gzip | size::Packing::Other => return guessed,
        }
        if self.ways.knows_no_ranges(image) {
            return guessed;
        }
        let (from, to) = (layer.compressed - 4, layer.compressed - 1);
        let ask = Ask::new(Method::GET, format!("blobs/{}", layer.digest)).within(from, to);
        let answer = self.ways.send(image, &ask).await.ok()?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            // all of the layer would come: dropping the answer closes the connection
            self.ways.learn_no_ranges(image);
            return guessed;
        }
        let is_it = |range: &header::HeaderValue| range.to_str().is_ok_and(|range| range.starts_with(&format!("bytes {from}-{to}/")));
        if !answer.headers().get(header::CONTENT_RANGE).is_some_and(is_it) {
            return guessed;
        }
        let last: [u8; 4] = body(answer, 4).await?.try_into().ok()?;
        Some(Extracted::of_gzip(layer.compressed, u32::from_le_bytes(last)))
    }

    async fn manifest(&self, image: &ImageName, reference: &str) -> Result<(String, Document), RegistryError> {
        let answer = self.ways.send(image, &Ask::new(Method::GET, format!("manifests/{reference}"))).await?;
        let body = body(answer, LARGEST).await.ok_or_else(|| RegistryError::broken(image, "its manifest did not come whole"))?;
        let digest = digest_of(&body);
        if reference.starts_with("sha256:") && reference != digest {
            return Err(RegistryError::broken(image, "its manifest has another digest than it should"));
        }
        let document = Document::read(&body).map_err(|why| RegistryError::broken(image, &why))?;
        Ok((digest, document))
    }

    async fn blob(&self, image: &ImageName, digest: &str) -> Result<Vec<u8>, RegistryError> {
        let answer = self.ways.send(image, &Ask::new(Method::GET, format!("blobs/{digest}"))).await?;
        let body = body(answer, LARGEST).await.ok_or_else(|| RegistryError::broken(image, "its configuration did not come whole"))?;
        let is_it = !digest.starts_with("sha256:") || digest_of(&body) == digest;
        if is_it { Ok(body) } else { Err(RegistryError::broken(image, "its configuration has another digest than it should")) }
    }
}

/// The body of an answer, of at most so many bytes; `None` where it is larger or does not come whole.
async fn body(mut answer: Response, most: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return None;
        }
    }
    Some(body)
}

/// `sha256:…`
fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", digest::sha256(bytes))
}
