//! What is asked before anything is pulled: the registry, for all images at once, and the engine for what it has.

use std::time::Duration;

use bollard::auth::DockerCredentials;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::progress::Planned;
use crate::docker::auth::{self, Login, LoginError};
use crate::docker::forecast::{Driver, Forecast, There, forecast};
use crate::docker::{About, DockerError, Engine, ImageFacts, ImageName, Registry, RegistryError, registry, store};

/// How long a registry may take to describe an image: then it is pulled without a forecast.
const WITHIN: Duration = Duration::from_secs(30);

/// Images that are asked for at a time.
const AT_ONCE: usize = 8;

/// Why nothing is known of an image.
#[derive(Debug, Clone)]
pub(super) enum Unknown {
    /// The registry says that it will not come.
    Final(RegistryError),
    /// We can't ask, or are not answered; the engine may be.
    Unasked(String),
}

/// What is known of an image before it is pulled.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) facts: Result<ImageFacts, Unknown>,
    /// `None` for nobody.
    pub(super) credentials: Option<DockerCredentials>,
    /// Why it is not known who we are.
    pub(super) login_error: Option<LoginError>,
}

/// Asks for all of them at once. The engine's images come with it.
pub(super) async fn all(
    engine: &Engine,
    about: &About,
    registry: &Registry,
    names: &[ImageName],
) -> (Result<There, DockerError>, Vec<Known>) {
    let images = async { store::images(engine).await.map(|images| There::of(&images)) };
    let ask = |name: ImageName| async move { one(registry, about, &name).await };
    let known = futures_util::stream::iter(names.to_vec()).map(ask).buffered(AT_ONCE).collect::<Vec<_>>();
    let (there, mut known) = tokio::join!(images, known);
    if let Ok(there) = &there {
        let mut there = there.clone();
        let sizes = names.iter().zip(&mut known).map(|(name, known)| {
            let first = known.facts.as_ref().map(|facts| there.present(facts)).unwrap_or_default();
            if let Ok(facts) = &known.facts {
                there.add(facts);
            }
            async move {
                if let Ok(facts) = &mut known.facts {
                    // on VFS what is there is copied, and the engine knows how large it is
                    registry.sizes(name, facts, first).await;
                }
            }
        });
        let sizes: Vec<_> = sizes.collect();
        futures_util::future::join_all(sizes).await;
    }
    (there, known)
}

async fn one(registry: &Registry, about: &About, name: &ImageName) -> Known {
    let (facts, login) = tokio::join!(timeout(WITHIN, registry.facts(name)), login(name));
    let facts = match facts {
        Ok(Ok(facts)) => Ok(facts),
        Ok(Err(error)) if error.is_about_the_image() && !has_mirror(about, name) => Err(Unknown::Final(error)),
        Ok(Err(error)) => Err(Unknown::Unasked(error.to_string())),
        Err(_late) => Err(Unknown::Unasked(format!("{} did not describe {name} within {} s", name.registry(), WITHIN.as_secs()))),
    };
    match login {
        Ok(credentials) => Known { facts, credentials, login_error: None },
        Err(error) => Known { facts, credentials: None, login_error: Some(error) },
    }
}

/// Whether the engine asks somebody else first.
fn has_mirror(about: &About, name: &ImageName) -> bool {
    name.is_default_registry() && !about.mirrors.is_empty()
}

async fn login(name: &ImageName) -> Result<Option<DockerCredentials>, LoginError> {
    let name = name.clone();
    // a helper is waited for
    let found = tokio::task::spawn_blocking(move || Login::find(auth::folder().as_deref(), &name)?.for_engine(&name)).await;
    found.unwrap_or(Ok(None))
}

/// What an image will need now, and its layers for the fold.
pub(super) fn plan(driver: Driver, facts: &ImageFacts, there: &There) -> (Forecast, Vec<Planned>) {
    let forecast = forecast(driver, facts, there);
    let layer = |(at, (layer, need)): (usize, (&registry::LayerFacts, &crate::docker::forecast::LayerNeed))| Planned {
        digest: layer.digest.clone(),
        compressed: Some(layer.compressed),
        extracted: Some(need.extracted.bytes),
        is_present: at < forecast.present,
    };
    let layers = facts.layers.iter().zip(&forecast.layers).enumerate().map(layer).collect();
    (forecast, layers)
}
