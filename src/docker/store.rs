//! What lies in the engine: images with their layers, containers, networks, volumes. How much disk a container takes is
//! never asked (the engine would walk through all of its files), and neither is the build cache: the one list of it is part
//! of `/system/df`, which takes minutes. What it holds is known when `POST /build/prune` has removed it.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum, ImageInspect, ImageSummary};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::time::timeout;

use super::history::{self, Line};
use super::{DockerError, Engine};
use crate::text::clean;

/// The label of a volume that nobody gave a name.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// An image of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// Its id: the digest of its configuration, `sha256:…`.
    pub id: String,
    /// Its names with tags; empty where it has none (it is *dangling*, or was pulled by digest).
    pub names: Vec<String>,
    /// Digests of the manifests that it was pulled by: `repository@sha256:…`.
    pub digests: Vec<String>,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
    /// When it was built, seconds since 1970.
    pub created: i64,
    /// When somebody last gave it a name with `docker tag`, in the engine's words. A pull is no such moment, and an image that is
    /// removed takes it along (seen with dockerd 20.10; containerd's store sets it at pulls too).
    pub tagged: Option<String>,
}

/// A layer of an image of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Digest of what it holds, uncompressed: `sha256:…`.
    pub diff_id: String,
    /// Bytes of the files in it; `None` where the engine does not say.
    pub bytes: Option<u64>,
}

/// What was seen of images. The layers of an id never change; one that has just come may still get its name.
#[derive(Debug, Clone, Default)]
pub struct Seen(HashMap<String, Inspected>);

#[derive(Debug, Clone)]
struct Inspected {
    layers: Vec<Layer>,
    tagged: Option<String>,
    /// Whether it was seen once only.
    is_new: bool,
}

/// A container, running or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name, without the slash before it.
    pub name: String,
    /// The id of its image.
    pub image: String,
    /// Whether it runs, or may: a paused one does, and so does one whose state nobody tells.
    pub is_running: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// What its maker wrote on it.
    pub labels: HashMap<String, String>,
    /// Names of the volumes that it uses.
    pub volumes: Vec<String>,
}

/// A network that people made and no container uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its maker wrote on it.
    pub labels: HashMap<String, String>,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name, which is its id.
    pub name: String,
    /// Whether nobody gave it that name: it was made for a container and forgotten.
    pub is_anonymous: bool,
    /// Whether it lies in the engine's own folder, and nothing is mounted there from elsewhere. No other is ever pruned.
    pub is_local: bool,
    /// What its maker wrote on it.
    pub labels: HashMap<String, String>,
}

/// The images that the engine has, with names or without, but for the steps of a build that another image stands on: they
/// go with it.
pub async fn images(engine: &Engine) -> Result<Vec<Image>, DockerError> {
    images_again(engine, &mut Seen::default()).await
}

/// The same, where some were seen before: asked again and again this costs one question.
pub async fn images_again(engine: &Engine, seen: &mut Seen) -> Result<Vec<Image>, DockerError> {
    let listed = list(engine, false).await?;
    let ids = listed.iter().map(|image| image.id.clone());
    let new: Vec<String> = ids.filter(|id| seen.0.get(id).is_none_or(|image| image.is_new)).collect();
    let asked = stream::iter(new).map(async |id| inspect(engine, &id).await.map(|image| (id, image)));
    let answers: Vec<_> = asked.buffer_unordered(engine.at_once()).try_collect().await?;
    seen.0.retain(|id, _| listed.iter().any(|image| image.id == *id));
    for (id, image) in answers {
        let is_new = !seen.0.contains_key(&id);
        // what was removed since it was listed is gone, and no image
        match image {
            Some(image) => drop(seen.0.insert(id, Inspected { is_new, ..image })),
            None => drop(seen.0.remove(&id)),
        }
    }
    let image = |summary: ImageSummary| {
        let Inspected { layers, tagged, .. } = seen.0.get(&summary.id)?.clone();
        let named = |names: Vec<String>| names.into_iter().filter(|name| !name.contains("<none>")).map(|name| clean::line(&name)).collect();
        let (names, digests) = (named(summary.repo_tags), named(summary.repo_digests));
        Some(Image { id: summary.id, names, digests, layers, created: summary.created, tagged })
    };
    Ok(listed.into_iter().filter_map(image).collect())
}

/// Every id that the engine lists, the steps of builds too: a question for whether one is still there.
pub async fn every_id(engine: &Engine) -> Result<Vec<String>, DockerError> {
    Ok(list(engine, true).await?.into_iter().map(|image| image.id).collect())
}

/// The containers, running or not.
pub async fn containers(engine: &Engine) -> Result<Vec<Container>, DockerError> {
    let options = ListContainersOptionsBuilder::default().all(true).build();
    let listed = answer(engine, "its containers", engine.quick().list_containers(Some(options))).await?;
    Ok(listed.into_iter().filter_map(container).collect())
}

/// The networks that nobody uses, but for those that the engine made for itself.
pub async fn networks(engine: &Engine) -> Result<Vec<Network>, DockerError> {
    let filters = HashMap::from([("dangling", vec!["true"]), ("type", vec!["custom"])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let listed = answer(engine, "its networks", engine.quick().list_networks(Some(options))).await?;
    let network = |network: bollard::models::Network| {
        let name = clean::line(&network.name.unwrap_or_default());
        let is_own = network.ingress == Some(true) || ["bridge", "host", "none"].contains(&name.as_str());
        Some(Network { id: network.id?, name, labels: network.labels.unwrap_or_default() }).filter(|_| !is_own)
    };
    Ok(listed.into_iter().filter_map(network).collect())
}

/// The volumes that no container uses.
pub async fn volumes(engine: &Engine) -> Result<Vec<Volume>, DockerError> {
    list_volumes(engine, &HashMap::from([("dangling", vec!["true"])])).await
}

/// All volumes, those of stopped containers too: they are free once the container is gone.
pub async fn every_volume(engine: &Engine) -> Result<Vec<Volume>, DockerError> {
    list_volumes(engine, &HashMap::new()).await
}

async fn list_volumes(engine: &Engine, filters: &HashMap<&str, Vec<&str>>) -> Result<Vec<Volume>, DockerError> {
    let options = ListVolumesOptionsBuilder::default().filters(filters).build();
    let listed = answer(engine, "its volumes", engine.quick().list_volumes(Some(options))).await?;
    let volume = |volume: bollard::models::Volume| {
        // engines before 23.0 write no label on them: the name is 32 bytes of chance
        let is_chance = volume.name.len() == 64 && volume.name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_local = volume.driver == "local" && volume.options.is_empty();
        Volume { is_anonymous: is_chance || volume.labels.contains_key(ANONYMOUS), is_local, name: volume.name, labels: volume.labels }
    };
    Ok(listed.volumes.unwrap_or_default().into_iter().map(volume).collect())
}

/// An answer of the engine within its patience, to the last byte.
async fn answer<T>(engine: &Engine, asked: &str, question: impl Future<Output = Result<T, Error>>) -> Result<T, DockerError> {
    match timeout(engine.quick().timeout(), question).await {
        Ok(answer) => answer.map_err(|error| DockerError::of(&error, asked)),
        Err(_late) => Err(DockerError::Silent(asked.to_owned())),
    }
}

async fn list(engine: &Engine, all: bool) -> Result<Vec<ImageSummary>, DockerError> {
    let options = ListImagesOptionsBuilder::default().all(all).build();
    answer(engine, "its images", engine.quick().list_images(Some(options))).await
}

/// [`Image::tagged`] of an inspected image. The engine tells the year 1 for never.
pub fn tagged(image: &ImageInspect) -> Option<String> {
    image.metadata.as_ref()?.last_tag_time.as_deref().filter(|at| !at.starts_with("0001-")).map(clean::line)
}

/// What an image is; `None` where it is gone.
async fn inspect(engine: &Engine, id: &str) -> Result<Option<Inspected>, DockerError> {
    let both = async { tokio::try_join!(engine.quick().inspect_image(id), engine.quick().image_history(id)) };
    let (inspected, history) = match answer(engine, "an image", both).await {
        Ok(both) => both,
        Err(error) if error.is_no_such() => return Ok(None),
        Err(error) => return Err(error),
    };
    let tagged = tagged(&inspected);
    let diff_ids = inspected.root_fs.and_then(|root| root.layers).unwrap_or_default();
    // the newest comes first
    let lines = history.into_iter().rev().map(|line| Line { bytes: u64::try_from(line.size).unwrap_or_default(), by: line.created_by });
    let sizes = history::sizes(&lines.collect::<Vec<_>>(), &diff_ids);
    let layers = diff_ids.into_iter().zip(sizes).map(|(diff_id, bytes)| Layer { diff_id, bytes }).collect();
    Ok(Some(Inspected { layers, tagged, is_new: true }))
}

fn container(container: ContainerSummary) -> Option<Container> {
    use ContainerSummaryStateEnum as State;
    let name = container.names.unwrap_or_default().into_iter().next().unwrap_or_default();
    Some(Container {
        id: container.id?,
        name: clean::line(name.trim_start_matches('/')),
        image: container.image_id.unwrap_or_default(),
        is_running: !matches!(container.state, Some(State::CREATED | State::EXITED | State::DEAD)),
        created: container.created.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        labels: container.labels.unwrap_or_default(),
        volumes: container.mounts.unwrap_or_default().into_iter().filter_map(|mount| mount.name).collect(),
    })
}
