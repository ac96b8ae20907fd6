//! What the pulls of a queue will need: of those images that are not here the registry is asked. That is done once for what
//! items wait for, and again when that changes; a digest that was asked for once is kept on the disk.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::docker::forecast::{Driver, There, forecast};
use crate::docker::registry::Settings;
use crate::docker::store::Image;
use crate::docker::{About, ImageName, Registry};
use crate::domain::{ItemId, Need};
use crate::ui::machine::{Forecast, LaterPulls, NextPull};

/// A registry may take so long for all that is asked about one image.
const PATIENCE: Duration = Duration::from_secs(20);

/// What could not be told is asked for again after this.
const AGAIN: Duration = Duration::from_mins(10);

/// Of so many images a registry is asked at most: those of a long queue change until their turn comes.
const MOST: usize = 12;

/// What lies in the engine.
#[derive(Debug, Clone)]
pub(super) struct Lies {
    /// What it says of itself.
    pub(super) about: About,
    /// Its images.
    pub(super) images: Vec<Image>,
}

/// What was asked for last.
#[derive(Debug, Default)]
pub(super) struct Forecasts {
    of: Option<(Vec<(ItemId, ImageName)>, Instant)>,
}

impl Forecasts {
    /// The forecast, where another one is due than was told last. `docker` is `<root>/state/docker`.
    pub(super) async fn look(&mut self, lies: &Lies, needed: &[(ItemId, Vec<String>)], docker: &Path) -> Option<Forecast> {
        let is_here = |name: &ImageName| lies.images.iter().any(|image| name.is_among(&image.names, &image.digests));
        let mut missing: Vec<(ItemId, ImageName)> = Vec::new();
        for (item, name) in needed.iter().flat_map(|(item, names)| names.iter().map(move |name| (item, name))) {
            let Ok(name) = ImageName::parse(name) else { continue };
            if !is_here(&name) && !missing.iter().any(|(_, known)| *known == name) {
                missing.push((item.clone(), name));
            }
        }
        if self.of.as_ref().is_some_and(|(known, at)| *known == missing && at.elapsed() < AGAIN) {
            return None;
        }
        self.of = Some((missing.clone(), Instant::now()));
        Some(of(lies, &missing, docker).await)
    }
}

/// What these images need, one after another.
async fn of(lies: &Lies, missing: &[(ItemId, ImageName)], docker: &Path) -> Forecast {
    let Some((first, _)) = missing.first() else { return Forecast::default() };
    let registry = Registry::new(Settings::of(Some(&lies.about), docker));
    let (driver, mut there) = (Driver::of(&lies.about), There::of(&lies.images));
    let mut next = NextPull { item: first.clone(), missing: 0, need: Some(Need::default()) };
    let mut later = LaterPulls::default();
    for (at, (item, name)) in missing.iter().enumerate() {
        let need = if at < MOST { timeout(PATIENCE, need(&registry, name, driver, &mut there)).await.ok().flatten() } else { None };
        if item == first {
            next.missing += 1;
            next.need = next.need.zip(need).map(|(before, need)| add(before, need));
        } else {
            later.images += 1;
            match need {
                Some(need) => {
                    later.stays = later.stays.saturating_add(need.stays);
                    later.is_estimate |= need.is_estimate;
                }
                None => later.unknown += 1,
            }
        }
    }
    Forecast { next: Some(next), later: (later.images > 0).then_some(later) }
}

/// What one image needs where so much is there; it is there for those after it.
async fn need(registry: &Registry, name: &ImageName, driver: Driver, there: &mut There) -> Option<Need> {
    let mut facts = registry.facts(name).await.ok()?;
    let present = there.present(&facts);
    registry.sizes(name, &mut facts, present).await;
    let need = forecast(driver, &facts, there).need;
    there.add(&facts);
    Some(need)
}

/// One after another: at the worst moment of the second all of the first lies there.
fn add(before: Need, next: Need) -> Need {
    Need {
        stays: before.stays.saturating_add(next.stays),
        peak: before.peak.max(before.stays.saturating_add(next.peak)),
        container: before.container.max(next.container),
        is_estimate: before.is_estimate || next.is_estimate,
    }
}
