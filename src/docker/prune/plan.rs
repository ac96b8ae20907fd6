//! What goes, what stays, and why: told from what the engine holds, before anything is removed. Nothing is asked here.

use std::collections::{BTreeMap, HashSet};

use super::Keep;
use crate::docker::ImageName;
use crate::docker::owners::{Owners, Whose};
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
    pub(super) owners: &'a Owners,
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
            let mut volumes: Vec<&Volume> = seen.volumes.iter().collect();
            volumes.sort_by(|a, b| a.name.cmp(&b.name));
            fates.extend(volumes.into_iter().map(|volume| self::volume(seen, &staying, volume)));
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
    match wanted.owners.whose(image) {
        Whose::Ours(ours) => match image.names.iter().find(|name| !is_known(name, &ours.references)) {
            Some(other) => Err(format!("also named {}, not by us", clean::line(other))),
            None => Ok(match &ours.run {
                Some(run) => format!("run {} pulled it, no item waits", short(run)),
                None => "we pulled it, no item waits".to_owned(),
            }),
        },
        Whose::Taken(_) => Err("named or pulled again by somebody else".to_owned()),
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::docker::store::Layer;

    fn image(id: &str, name: &str, layers: &str) -> Image {
        let layer =
            |letter: char| Layer { diff_id: format!("sha256:{letter}"), bytes: Some(10_u64.pow(u32::from(letter) - u32::from('a'))) };
        let names = if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
        Image { id: id.to_owned(), names, layers: layers.chars().map(layer).collect(), ..Image::default() }
    }

    fn container(name: &str, image: &str, is_running: bool) -> Container {
        let labels = if name.starts_with("ours") { [(LABEL.to_owned(), "r".to_owned())].into() } else { [].into() };
        let volumes = vec![format!("of-{name}")];
        Container { id: name.to_owned(), name: name.to_owned(), image: image.to_owned(), is_running, created: None, labels, volumes }
    }

    fn pulled(images: &[&str]) -> Owners {
        let line = |id: &&str| {
            format!(
                "{{\"event\":\"pulled\",\"reference\":\"a/{id}:1\",\"id\":\"{id}\",\"run\":\"2026-11-21_09-30-12-1f2e\",\"present\":false}}\n"
            )
        };
        Owners::of(images.iter().map(line).collect::<String>().as_bytes())
    }

    fn wanted<'a>(scope: PruneScope, keep: &'a [Keep], owners: &'a Owners) -> Wanted<'a> {
        Wanted { scope, volumes: true, keep, owners }
    }

    fn fates(plan: &PrunePlan) -> Vec<(&str, bool, &str, Option<u64>)> {
        plan.fates.iter().map(|fate| (fate.id.as_str(), fate.goes, fate.why.as_str(), fate.bytes)).collect()
    }

    #[test]
    fn scope_run_takes_what_is_ours_and_says_why_all_else_stays() {
        let images = vec![
            image("m", "a/m:1", "ab"),
            image("k", "a/k:1", "ac"),
            image("u", "a/u:1", "a"),
            image("x", "b/x:1", "d"),
            image("n", "mine:1", "e"),
        ];
        let containers = vec![container("c", "u", false), container("ours-1", "x", false), container("ours-2", "x", true)];
        let seen = Seen { driver: "vfs".to_owned(), images, containers, ..Seen::default() };
        let keep = [Keep { reference: "a/k:1".to_owned(), why: "item 3 needs it next".to_owned() }];
        let plan = plan(&seen, &wanted(PruneScope::Run, &keep, &pulled(&["m", "k", "u", "n"])));
        assert_eq!(
            fates(&plan),
            [
                ("ours-1", true, "ours, and stopped", Some(2000)),
                ("m", true, "run 1f2e pulled it, no item waits", Some(11)),
                ("ours-2", false, "it runs", Some(2000)),
                ("k", false, "item 3 needs it next", Some(102)),
                ("u", false, "used by container c (stopped)", Some(1)),
                ("x", false, "used by container ours-2", Some(1000)),
                ("n", false, "also named mine:1, not by us", Some(10_000)),
            ]
        );
        assert!(!plan.volumes);
    }

    #[test]
    fn scope_all_goes_in_dockers_order_and_spares_what_is_alive() {
        let volume = |name: &str, is_anonymous, is_local| Volume { name: name.to_owned(), is_anonymous, is_local, labels: [].into() };
        let mut seen = Seen {
            driver: "overlay2".to_owned(),
            images: vec![image("i", "a/i:1", "ab"), image("j", "", "abc"), image("l", "a/l:1", "a")],
            containers: vec![container("dead", "i", false), container("live", "l", true)],
            networks: vec![Network { id: "net".to_owned(), name: "net".to_owned(), labels: [].into() }],
            volumes: vec![
                volume("of-dead", true, true),
                volume("of-live", true, true),
                volume("named", false, true),
                volume("nfs", true, false),
            ],
            spares_named: true,
        };
        let nothing = Owners::default();
        let told = |seen: &Seen| {
            let plan = plan(seen, &wanted(PruneScope::All, &[], &nothing));
            let ids = |goes: bool| plan.fates.iter().filter(|fate| fate.goes == goes).map(|fate| fate.id.clone()).collect::<Vec<_>>();
            (ids(true).join(" "), ids(false).join(" "), plan.promised())
        };
        assert_eq!(told(&seen), ("dead net of-dead j i build cache".to_owned(), "live named nfs of-live l".to_owned(), 110));
        seen.spares_named = false;
        assert!(told(&seen).0.contains("named of-dead j"), "{:?}", told(&seen));
    }

    fn any_seen() -> impl Strategy<Value = (Seen, Vec<bool>, Vec<bool>)> {
        let images = prop::collection::vec("[a-d]{1,4}", 1..8);
        let containers = prop::collection::vec((0_usize..8, any::<bool>()), 0..4);
        let flags = || prop::collection::vec(any::<bool>(), 8);
        (images, containers, any::<bool>(), flags(), flags()).prop_map(|(images, containers, is_vfs, ours, kept)| {
            let many = images.len();
            let image = |(n, layers): (usize, &String)| image(&format!("i{n}"), &format!("a/i{n}:1"), layers);
            let images = images.iter().enumerate().map(image).collect();
            let of = |(n, (image, runs)): (usize, (usize, bool))| container(&format!("c{n}"), &format!("i{}", image % many), runs);
            let containers = containers.into_iter().enumerate().map(of).collect();
            let driver = if is_vfs { "vfs" } else { "overlay2" }.to_owned();
            (Seen { driver, images, containers, ..Seen::default() }, ours, kept)
        })
    }

    proptest! {
        #[test]
        fn nothing_goes_that_is_used_kept_or_in_scope_run_not_ours((seen, ours, kept) in any_seen(), all in any::<bool>()) {
            let chosen = |flags: &[bool]| -> Vec<String> {
                seen.images.iter().zip(flags).filter(|(_, flag)| **flag).map(|(image, _)| image.id.clone()).collect()
            };
            let (ours, kept) = (chosen(&ours), chosen(&kept));
            let keep: Vec<Keep> = kept.iter().map(|id| Keep { reference: format!("a/{id}:1"), why: "item".to_owned() }).collect();
            let owned = pulled(&ours.iter().map(String::as_str).collect::<Vec<_>>());
            let scope = if all { PruneScope::All } else { PruneScope::Run };
            let plan = plan(&seen, &wanted(scope, &keep, &owned));
            let gone: Vec<&str> = plan.going().map(|fate| fate.id.as_str()).collect();
            for image in &seen.images {
                let used = seen.containers.iter().any(|holder| holder.image == image.id && !gone.contains(&holder.id.as_str()));
                let may = !used && !kept.contains(&image.id) && (all || ours.contains(&image.id));
                prop_assert_eq!(gone.contains(&image.id.as_str()), may, "{}", image.id);
            }
            for holder in &seen.containers {
                prop_assert_eq!(gone.contains(&holder.id.as_str()), all && !holder.is_running);
            }
            let first_stays = plan.fates.iter().position(|fate| !fate.goes).unwrap_or(plan.fates.len());
            prop_assert!(plan.fates.get(first_stays..).unwrap().iter().all(|fate| !fate.goes));
        }
    }
}
