//! What goes, what stays, and why: told from what the engine holds, before anything is removed. Nothing is asked here.

use std::collections::{BTreeMap, HashSet};

use super::Keep;
use super::ours::{Ours, Whose};
use crate::docker::ImageName;
use crate::docker::size::{Keeping, Shelf};
use crate::docker::store::{Container, Image, Network, Volume};
use crate::domain::{Fate, PrunePlan, PruneScope, Thing};
use crate::text::clean;

/// A container that we made carries this label; its value is the id of its run.
pub(super) const LABEL: &str = "isobench-tui.run";

/// The one thing of a kind that has no list: what builds keep.
pub(super) const BUILD_CACHE: &str = "build cache";

/// What an engine holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How it keeps layers: the name of its storage driver.
    pub(super) driver: String,
    /// Its images, those apart that are nothing but a step of another.
    pub(super) images: Vec<Image>,
    /// All of its containers.
    pub(super) containers: Vec<Container>,
    /// Those of its networks that nobody uses and people made.
    pub(super) networks: Vec<Network>,
    /// Its volumes.
    pub(super) volumes: Vec<Volume>,
    /// Whether its own prune spares volumes that somebody gave a name: it does from API 1.42 on.
    pub(super) spares_named: bool,
}

/// What is asked of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What may go.
    pub(super) scope: PruneScope,
    /// Whether volumes may.
    pub(super) volumes: bool,
    /// Images that somebody waits for.
    pub(super) keep: &'a [Keep],
    /// Which images are ours.
    pub(super) ours: &'a Ours,
}

/// The plan: what goes in the order of `docker system prune`, then what stays.
pub(super) fn plan(seen: &Seen, wanted: &Wanted<'_>) -> PrunePlan {
    let mut fates = Vec::new();
    let containers: Vec<Fate> = seen.containers.iter().filter_map(|holder| container(seen, wanted.scope, holder)).collect();
    let gone: HashSet<&str> = containers.iter().filter(|fate| fate.goes).map(|fate| fate.id.as_str()).collect();
    let staying: Vec<&Container> = seen.containers.iter().filter(|holder| !gone.contains(holder.id.as_str())).collect();
    let images = images(seen, wanted, &staying);
    if wanted.scope == PruneScope::All {
        fates.extend(seen.networks.iter().map(network));
        if wanted.volumes {
            fates.extend(seen.volumes.iter().map(|volume| self::volume(seen, &staying, volume)));
        }
    }
    let mut fates: Vec<Fate> = containers.iter().cloned().chain(fates).chain(images).collect();
    if wanted.scope == PruneScope::All {
        fates.push(Fate {
            thing: Thing::BuildCache,
            id: BUILD_CACHE.to_owned(),
            name: BUILD_CACHE.to_owned(),
            bytes: None,
            goes: true,
            why: "what is built next takes longer".to_owned(),
        });
    }
    // stable: each kind stays in its order
    fates.sort_by_key(|fate| !fate.goes);
    PrunePlan { scope: wanted.scope, volumes: wanted.volumes && wanted.scope == PruneScope::All, fates }
}

/// A container of somebody else is nobody's business in scope `run`: it is not even listed.
fn container(seen: &Seen, scope: PruneScope, holder: &Container) -> Option<Fate> {
    let is_ours = holder.labels.contains_key(LABEL);
    if scope == PruneScope::Run && !is_ours {
        return None;
    }
    let shelf = Shelf::new(Keeping::of(&seen.driver), &[]);
    let image = seen.images.iter().find(|image| image.id == holder.image);
    // where files are not copied nobody knows what it wrote without a walk over all of it
    let bytes = image.and_then(|image| shelf.container(image)).filter(|bytes| *bytes > 0);
    let why = match (holder.is_running, is_ours) {
        (true, _) => "it runs",
        (false, true) => "ours, and stopped",
        (false, false) => "stopped",
    };
    Some(Fate {
        thing: Thing::Container,
        id: holder.id.clone(),
        name: holder.name.clone(),
        bytes,
        goes: !holder.is_running,
        why: why.to_owned(),
    })
}

fn network(network: &Network) -> Fate {
    let why = "no container is in it".to_owned();
    Fate { thing: Thing::Network, id: network.id.clone(), name: network.name.clone(), bytes: None, goes: true, why }
}

fn volume(seen: &Seen, staying: &[&Container], volume: &Volume) -> Fate {
    let user = staying.iter().find(|holder| holder.volumes.contains(&volume.name));
    let (goes, why) = match user {
        Some(holder) => (false, used_by(holder)),
        None if !volume.is_local => (false, "it lies elsewhere".to_owned()),
        None if seen.spares_named && !volume.is_anonymous => (false, "somebody named it".to_owned()),
        None => (true, "no container uses it".to_owned()),
    };
    Fate { thing: Thing::Volume, id: volume.name.clone(), name: volume.name.clone(), bytes: None, goes, why }
}

/// The images: what stands on others goes first, and what a removal frees is told with all before it gone.
fn images(seen: &Seen, wanted: &Wanted<'_>, staying: &[&Container]) -> Vec<Fate> {
    let users: BTreeMap<&str, &Container> = staying.iter().map(|holder| (holder.image.as_str(), *holder)).collect();
    let mut order: Vec<&Image> = seen.images.iter().collect();
    order.sort_by(|a, b| b.layers.len().cmp(&a.layers.len()).then_with(|| called(a).cmp(&called(b))).then_with(|| a.id.cmp(&b.id)));
    let mut shelf = Shelf::new(Keeping::of(&seen.driver), &seen.images);
    let fate = |image: &Image, bytes, goes, why| Fate { thing: Thing::Image, id: image.id.clone(), name: called(image), bytes, goes, why };
    let (mut going, mut staying) = (Vec::new(), Vec::new());
    for image in order {
        match stays(image, wanted, users.get(image.id.as_str()).copied()) {
            Ok(why) => going.push(fate(image, shelf.remove(image).exact(), true, why)),
            Err(why) => staying.push((image, why)),
        }
    }
    // what stays: what it takes, whoever shares it
    going.into_iter().chain(staying.into_iter().map(|(image, why)| fate(image, shelf.image(image).exact(), false, why))).collect()
}

/// Why an image goes; `Err` is why it stays.
fn stays(image: &Image, wanted: &Wanted<'_>, user: Option<&Container>) -> Result<String, String> {
    if let Some(holder) = user {
        return Err(used_by(holder));
    }
    if let Some(keep) = wanted.keep.iter().find(|keep| is_meant(image, &keep.reference)) {
        return Err(keep.why.clone());
    }
    if wanted.scope == PruneScope::All {
        return Ok(if image.names.is_empty() { "no name, no container" } else { "no container uses it" }.to_owned());
    }
    match wanted.ours.whose(&image.id, &image.names) {
        Whose::Ours { run, references } => match image.names.iter().find(|name| !is_known(name, &references)) {
            Some(other) => Err(format!("also named {}, not by us", clean::line(other))),
            None => Ok(match run {
                Some(run) => format!("run {} pulled it, no item waits", short(&run)),
                None => "we pulled it, no item waits".to_owned(),
            }),
        },
        Whose::WasHere => Err("was here before us".to_owned()),
        Whose::CutOff => Err("its pull was cut off: not known to be ours".to_owned()),
        Whose::NotOurs => Err("pulled by somebody else".to_owned()),
    }
}

/// Whether a name that we pulled by is this one.
fn is_known(name: &str, references: &[String]) -> bool {
    let names = [name.to_owned()];
    references.iter().any(|reference| ImageName::parse(reference).map_or(reference == name, |known| known.is_among(&names, &[])))
}

/// Whether an image is the one that a reference names. What is no name may be an id.
fn is_meant(image: &Image, reference: &str) -> bool {
    match ImageName::parse(reference) {
        Ok(name) => name.is_among(&image.names, &image.digests) || image.id == reference,
        Err(_) => image.id == reference || image.names.iter().any(|name| name == reference),
    }
}

fn used_by(holder: &Container) -> String {
    format!("used by container {}{}", holder.name, if holder.is_running { "" } else { " (stopped)" })
}

/// What people call an image: its names, or the first digits of its id.
pub(super) fn called(image: &Image) -> String {
    if !image.names.is_empty() {
        return image.names.join(", ");
    }
    match image.digests.first().and_then(|name| name.split('@').next()) {
        Some(repository) => format!("{repository}@{}", digits(&image.id)),
        None => digits(&image.id),
    }
}

/// The first digits of an id, as the engine shows them.
fn digits(id: &str) -> String {
    id.trim_start_matches("sha256:").chars().take(12).collect()
}

/// A run by the four digits that tell it from others.
fn short(run: &str) -> &str {
    run.rsplit('-').next().filter(|last| last.len() == 4).unwrap_or(run)
}
