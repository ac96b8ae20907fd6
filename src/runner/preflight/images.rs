//! The images that the arms need: whether their registry has them, and whether the next ones fit on the engine's disk.

use std::collections::HashSet;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;

use super::{About, Look, Row, unmeasured};
use crate::docker::forecast::{Driver, There, forecast_all};
use crate::docker::registry::Settings;
use crate::docker::{About as Of, Engine, ImageName, Registry, RegistryError, disk, store};
use crate::domain::QueueRoom;
use crate::ledger::PlannedItem;
use crate::text::{bytes, clean, count};

/// How long registries and engine get, all together: what is not known by then is said to be unknown.
const PATIENCE: Duration = Duration::from_secs(8);

/// Of that, how long registries get to say what is there.
const EXISTENCE: Duration = Duration::from_secs(5);

/// Registries are asked for so many images at a time.
const AT_ONCE: usize = 8;

/// Manifests are fetched for the images of so many items: each may count as a pull.
const ITEMS: usize = 2;

/// Rows about images; none where no arm needs one. Items whose images can't be had are left out.
pub(super) fn images(look: &Look<'_>, items: &mut [PlannedItem]) -> Vec<Row> {
    let arms = look.config.arm_images();
    let runnable = items.iter().filter(|item| item.blocked.is_none());
    let named: Vec<Vec<String>> = runnable.map(|item| arms.of(&item.item, &item.human, &item.parent)).collect();
    if named.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let mut orders = Vec::new();
    for names in &named {
        let parsed: Result<Vec<ImageName>, _> = names.iter().map(|name| ImageName::parse(name)).collect();
        match parsed {
            Ok(order) => orders.push(order),
            Err(error) => {
                let fix = format!("mend {} in the configuration", arms.keys());
                return vec![Row::blocked(About::Images, error.to_string(), fix)];
            }
        }
    }
    let wanted = orders.clone();
    let state = look.checkout.docker();
    let (say, hear) = sync_channel(1);
    let asked = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let found = runtime.map(|runtime| {
            // a time limit is made within a runtime
            let found = runtime.block_on(async { timeout(PATIENCE, Seen::look(&orders, &state)).await });
            // a name that is looked up may take longer than we wait
            runtime.shutdown_background();
            found.ok()
        });
        let _ = say.send(found.ok().flatten());
    };
    let found = thread::Builder::new().name("images".to_owned()).spawn(asked).ok();
    let found = found.and_then(|_| hear.recv_timeout(PATIENCE + Duration::from_secs(1)).ok().flatten());
    match found {
        Some(seen) => {
            if !look.config.arms.unmeasured {
                for (item, order) in items.iter_mut().filter(|item| item.blocked.is_none()).zip(&wanted) {
                    item.blocked = seen.refusal(order).map(|error| unmeasured(error.class(), &error.to_string()));
                }
            }
            seen.rows(arms.keys())
        }
        None => vec![Row::warning(
            About::Images,
            "registry or docker did not say in time which images are there",
            "look again, or pull one by hand",
        )],
    }
}

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    /// Images that are needed, each once.
    all: usize,
    /// Of those: the engine has them.
    here: usize,
    /// The registry has them.
    there: usize,
    /// The registry has them not, or not for us.
    refused: Vec<(ImageName, RegistryError)>,
    /// What kept us from asking; no further image was asked for.
    cut_short: Option<RegistryError>,
    /// The disk, where engine and registry tell enough.
    disk: Option<Disk>,
}

/// What the images will need.
#[derive(Debug)]
struct Disk {
    about: Of,
    free: u64,
    total: u64,
    room: QueueRoom,
}

impl Seen {
    async fn look(orders: &[Vec<ImageName>], state: &std::path::Path) -> Self {
        let engine = Engine::connect().await.ok();
        let about = match &engine {
            Some(engine) => engine.about().await.ok(),
            None => None,
        };
        let has = match &engine {
            Some(engine) => store::images(engine).await.ok(),
            None => None,
        };
        let registry = Registry::new(Settings::of(about.as_ref(), state));
        let mut known = HashSet::new();
        let wanted: Vec<&ImageName> = orders.iter().flatten().filter(|image| known.insert(*image)).collect();
        let is_here = |image: &ImageName| has.iter().flatten().any(|own: &store::Image| image.is_among(&own.names, &own.digests));
        let (here, asked): (Vec<&ImageName>, Vec<&ImageName>) = wanted.iter().copied().partition(|image| is_here(image));
        let mut seen = Self { all: wanted.len(), here: here.len(), ..Self::default() };
        // what takes too long is left
        let _ = timeout(EXISTENCE, seen.ask(&registry, &asked)).await;
        if let (Some(about), Some(has)) = (about, has)
            && seen.cut_short.is_none()
        {
            seen.disk = Disk::look(&registry, about, &There::of(&has), orders).await;
        }
        seen
    }

    /// Asks a registry what it has, a few at a time, until something is wrong with the registry itself.
    async fn ask(&mut self, registry: &Registry, images: &[&ImageName]) {
        let mut answers =
            futures_util::stream::iter(images).map(|image| async move { (image, registry.exists(image).await) }).buffer_unordered(AT_ONCE);
        while let Some((image, answer)) = answers.next().await {
            match answer {
                Ok(_) => self.there += 1,
                Err(error) if error.is_about_the_image() => self.refused.push((ImageName::clone(image), error)),
                Err(error) => {
                    self.cut_short = Some(error);
                    return;
                }
            }
        }
    }

    /// Why one of these images can't be had; `None` where all can, or nobody knows.
    fn refusal(&self, order: &[ImageName]) -> Option<&RegistryError> {
        self.refused.iter().find(|(image, _)| order.contains(image)).map(|(_, error)| error)
    }

    /// `keys` are the settings that name the images.
    fn rows(&self, keys: &str) -> Vec<Row> {
        let mut rows = vec![self.existence(keys)];
        if let Some(error) = &self.cut_short {
            let says = format!("not all images were asked for: {error}");
            rows.push(Row::warning(About::Images, says, "`isobench-tui doctor` looks again"));
        }
        rows.extend(self.disk.as_ref().map(Disk::row));
        rows
    }

    fn existence(&self, keys: &str) -> Row {
        let wanted = count(self.all, "image");
        let known = self.here + self.there + self.refused.len();
        let mut parts = Vec::new();
        parts.extend((self.there > 0).then(|| format!("{} in the registry", self.there)));
        parts.extend((self.here > 0).then(|| format!("{} here already", self.here)));
        parts.extend((known < self.all).then(|| format!("{} not asked for", self.all - known)));
        if let Some((_, first)) = self.refused.first() {
            let many = self.refused.len();
            let others = if many > 1 { format!(" (and {} more like it)", many - 1) } else { String::new() };
            parts.insert(0, format!("{many} of {wanted} can't be had"));
            let says = clean::line(&format!("{}: {first}{others}", parts.join(", ")));
            let fix = format!("without its images an item is not benchmarked: see {keys} in the configuration");
            return Row::warning(About::Images, says, fix);
        }
        let says = format!("{wanted}: {}", parts.join(", "));
        if known < self.all && self.cut_short.is_none() {
            return Row::warning(
                About::Images,
                format!("{says} in time"),
                "the registry is slow; what is missing is seen when its turn comes",
            );
        }
        Row::ok(About::Images, says)
    }
}

impl Disk {
    /// `None` where the next images are not known, or the disk can't be seen: another row says so.
    async fn look(registry: &Registry, about: Of, there: &There, orders: &[Vec<ImageName>]) -> Option<Self> {
        let room = disk::free(&about).ok()?;
        let driver = Driver::of(&about);
        let mut there = there.clone();
        let mut needs = Vec::new();
        'items: for order in orders.iter().take(ITEMS) {
            let mut described = Vec::new();
            let mut with = there.clone();
            for image in order {
                let Ok(mut facts) = registry.facts(image).await else { break 'items };
                let present = with.present(&facts);
                registry.sizes(image, &mut facts, present).await;
                with.add(&facts);
                described.push(facts);
            }
            needs.push(forecast_all(driver, &described, &mut there));
        }
        let queue = QueueRoom::of(orders.len(), &needs, Some(room.bytes));
        Some(Self { about, free: room.bytes, total: room.total, room: queue }).filter(|disk| disk.room.known > 0)
    }

    fn row(&self) -> Row {
        let Some((next, all)) = self.room.next.zip(self.room.all) else {
            return Row::ok(About::Disk, "docker: nothing is known of the next images");
        };
        let place = format!("docker ({}, {})", clean::path(&self.about.root), clean::line(&self.about.driver));
        let about = |is_estimate: bool| if is_estimate { "about " } else { "" };
        let needs = format!("{}{} with a container", about(next.is_estimate), bytes(next.most()));
        let free = format!("{place}: {} free; the next item's images need {needs}", bytes(self.free));
        let (items, fits) = (self.room.items, self.room.fits.unwrap_or_default());
        if next.most() > self.total {
            let says = format!("{free}, and the whole disk is {}", bytes(self.total));
            return Row::blocked(About::Disk, says, "give docker a larger disk (data-root), or another storage driver than vfs");
        }
        if fits == 0 {
            return Row::warning(About::Disk, free, "free space there, e.g. with `isobench-tui prune`: until then it is not benchmarked");
        }
        let all = format!("{}{}", about(all.is_estimate), bytes(all.most()));
        if fits < items {
            let says = format!("{free}; {fits} of {} fit without a prune, all need {all}", count(items, "item"));
            return Row::ok(About::Disk, says);
        }
        // of one item nothing is left to say
        Row::ok(About::Disk, if items == 1 { free } else { format!("{free}; all {} need {all}", count(items, "item")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Check, Need};

    fn name(text: &str) -> ImageName {
        ImageName::parse(text).unwrap_or_else(|error| unreachable!("{error}"))
    }

    fn missing(n: usize) -> Vec<(ImageName, RegistryError)> {
        let image = |n| format!("box:5000/a:{n}");
        let one = |n| (name(&image(n)), RegistryError::Missing { image: image(n), registry: "box:5000".to_owned() });
        (0..n).map(one).collect()
    }

    fn said(seen: &Seen) -> Vec<(Check, String)> {
        seen.rows("arms.images").into_iter().map(|row| (row.check, row.says)).collect()
    }

    #[test]
    fn what_is_there_is_counted_and_what_is_not_is_named() {
        let seen = Seen { all: 192, here: 4, there: 188, ..Seen::default() };
        assert_eq!(said(&seen), [(Check::Ok, "192 images: 188 in the registry, 4 here already".to_owned())]);
        let some = Seen { all: 192, there: 190, refused: missing(2), ..Seen::default() };
        let says = "2 of 192 images can't be had, 190 in the registry: box:5000 has no box:5000/a:0: build and push it, or check the name \
                    (and 1 more like it)";
        assert_eq!(said(&some), [(Check::Warning, says.to_owned())]);
        assert!(some.refusal(&[name("box:5000/b:1"), name("box:5000/a:1")]).is_some() && some.refusal(&[name("box:5000/b:1")]).is_none());
        let slow = Seen { all: 3, there: 2, ..Seen::default() };
        assert_eq!(said(&slow), [(Check::Warning, "3 images: 2 in the registry, 1 not asked for in time".to_owned())]);
    }

    #[test]
    fn a_limit_ends_the_questions_and_says_until_when() {
        let at = "2026-11-21T21:00:00Z".parse().ok().map_or(crate::docker::registry::Reset::Unknown, crate::docker::registry::Reset::At);
        let limit = RegistryError::TooMany { registry: "box:5000".to_owned(), reset: at };
        let seen = said(&Seen { all: 9, there: 4, cut_short: Some(limit), ..Seen::default() });
        assert_eq!(seen.first().map(|row| row.1.as_str()), Some("9 images: 4 in the registry, 5 not asked for"));
        let limit = seen.get(1).map(|row| row.1.clone()).unwrap_or_default();
        assert!(limit.starts_with("not all images were asked for: box:5000 wants no more requests before "), "{limit}");
    }

    #[test]
    fn the_disk_is_held_against_the_next_item_and_against_all() {
        const GB: u64 = 1_000_000_000;
        let of_items = |items: usize, free: u64| {
            let about = Of { driver: "vfs".to_owned(), root: "/d".into(), ..Of::default() };
            let one = Need { stays: 60 * GB, peak: 62 * GB, container: 10 * GB, is_estimate: false };
            let room = QueueRoom::of(items, &[one, Need { stays: 20 * GB, peak: 21 * GB, ..one }], Some(free * GB));
            let row = Disk { about, free: free * GB, total: 500 * GB, room }.row();
            (row.check, row.says)
        };
        let of = |free: u64| of_items(3, free);
        let begin = |free: &str| format!("docker (/d, vfs): {free} GB free; the next item's images need 70.0 GB with a container");
        assert_eq!(of(400), (Check::Ok, format!("{}; all 3 items need about 110 GB", begin("400"))));
        assert_eq!(of(95), (Check::Ok, format!("{}; 2 of 3 items fit without a prune, all need about 110 GB", begin("95.0"))));
        assert_eq!(of(69), (Check::Warning, begin("69.0")));
        assert_eq!(of_items(1, 400), (Check::Ok, begin("400")), "of one item all is said");
    }
}
