//! What lies in the engine: images with their layers.

use bollard::query_parameters::ListImagesOptionsBuilder;

use super::{DockerError, Engine};

/// An image of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its id: the digest of its configuration, `sha256:…`.
    pub id: String,
    /// Its names with tags, and with digests where it has no tag.
    pub names: Vec<String>,
    /// Digests of the manifests that it was pulled by: `repository@sha256:…`.
    pub digests: Vec<String>,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
    /// When it was built, seconds since 1970.
    pub created: i64,
}

/// A layer of an image of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Digest of what it holds, uncompressed: `sha256:…`.
    pub diff_id: String,
    /// Bytes of the files in it; `None` where the engine does not say.
    pub bytes: Option<u64>,
}

/// The images that the engine has.
pub async fn images(engine: &Engine) -> Result<Vec<Image>, DockerError> {
    let wrong = |error: bollard::errors::Error| DockerError::of(&error, "its images");
    let listed = engine.quick().list_images(Some(ListImagesOptionsBuilder::default().build())).await.map_err(wrong)?;
    let mut images = Vec::new();
    for summary in listed {
        let inspected = engine.quick().inspect_image(&summary.id).await.map_err(wrong)?;
        let history = engine.quick().image_history(&summary.id).await.map_err(wrong)?;
        let diff_ids = inspected.root_fs.and_then(|root| root.layers).unwrap_or_default();
        // history begins with the newest; what made no layer has no size and is not in the list
        let sizes: Vec<u64> = history.iter().rev().filter_map(|line| u64::try_from(line.size).ok()).filter(|size| *size > 0).collect();
        let are_known = sizes.len() == diff_ids.len();
        let layers = diff_ids
            .into_iter()
            .enumerate()
            .map(|(at, diff_id)| Layer { diff_id, bytes: sizes.get(at).copied().filter(|_| are_known) })
            .collect();
        images.push(Image { id: summary.id, names: summary.repo_tags, digests: summary.repo_digests, layers, created: summary.created });
    }
    Ok(images)
}
